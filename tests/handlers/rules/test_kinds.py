"""How people tell of grave things, and the innocent talk that sounds like them."""

import pytest

from handlers.rules.scoring import DayOneScorer
from handlers.rules.severity import Kind, find, spelled_out
from storage.types import RawMention

SAYS = {
    Kind.SAFETY: """
        the socket and half the plug melted / there was smoke slowly coming out of the lid
        it sparked when I touched it
        a bare wire hangs out of the back / my daughter swallowed the magnet / the pram collapsed with him in it
        I found a tiny screw in my soup / bit into a piece of metal / the chicken was raw / we were all violently ill
        her lips were swollen within minutes / the brakes suddenly failed / it cut out on the motorway
        the airbag never deployed / your driver was texting while driving / this thing is a death trap
        someone is going to get hurt / I needed stitches / chipped one of my teeth / called 911""",
    Kind.FRAUD: """
        you charged my old card twice / billed me again / took forty pounds from my account
        money gone from my savings
        two mystery charges this week / I don't recognise this charge / I never made this payment
        a transaction I never made / without my authorisation / my card was cloned / somebody used my card
        hackers everywhere / a fake parcel text / is this message really from you / he claimed to be from your office
        they are impersonating you / he asked for my PIN / a pyramid scheme / bunch of crooks
        what you sold me was fake""",
    Kind.LEGAL: """
        I have taken legal advice / a letter before action is in the post / my statutory rights
        consumer law is clear
        a court summons follows / off to the tribunal / plain negligence / you are liable
        I filed a complaint with them
        this is a formal complaint / reported this to the police / ask the regulator / Ofcom will hear of it
        section 75 it is / entitled to that by law / you are breaking the law / this is unlawful / unfair terms
        breach of our contract / be prepared to get sued""",
    Kind.PRIVACY: """
        I got someone else's bank statement / another customer's invoice came / it shows other people's bookings
        everyone's emails were in the open / you put us all in cc / my home address was public
        you published my phone number
        they passed on my number / gave a stranger my address / sells our data / my data was leaked
        breach of confidentiality / spam calls ever since / how did you get my number / I never gave you permission
        used without my consent / delete all my data / they recorded me without asking / a hidden camera in the flat
        logged me in as somebody else""",
    Kind.LEAVING: """
        cancelled our family plan / I want to cancel / thinking of leaving / going with a competitor / time to switch
        looking for another bank / moving all our accounts elsewhere / I am done with you / this was my last order
        the final straw / we won't be renewing / when my contract ends / deleted the app / going back to my old one
        you won't see another penny / never flying with them again / won't be using it / stopped buying from here
        good riddance / warn everyone to avoid it""",
    Kind.BUG: """
        the app just closes / the screen froze / freezes every time / it keeps rebooting / stuck on the loading screen
        an endless spinner / I only get a white page / error 502 / something went wrong / the session expired
        it logs me straight out / the verification code never arrives / the button does nothing / export isn't there
        it won't sync / fails to upload / bricked after the last firmware update / drops bluetooth
        shows the wrong balance
        erased all my photos""",
}

INNOCENT = {
    Kind.SAFETY: """
        no smoke without fire / the smoke of the barbecue / a cut above / my heart melted / cheese melted in my mouth
        bleeding edge stuff / choked up at the end / it fell on deaf ears / spark an idea / not dangerous at all
        isn't dangerous / no sharp edges / dangerously good / a sharp suit / that goal was a shock / burning question
        brake for cake / burned a thousand calories / the plot gave way / a sick beat""",
    Kind.FRAUD: """
        fake nails / a smooth criminal / not fake, I checked / knock it off / charged overnight / paid by card
        took a bus
        take the money and run time / the phone charged in an hour / twice as good / the fake plants look nice
        took my son from school / gift cards make me happy / I signed up for it / a pocket full of sun
        never been cloned
        she claimed the prize / is this blue or green / recognise that tune / money well spent""",
    Kind.LEGAL: """
        so good it should be illegal / sued for joy / the court of the king / a supreme court of taste
        on the own merits
        a case of wine / case for my phone / the letter came / claim your prize / legal drama fan / file your nails
        breaking news / law student here / the rights of spring / the board of cheese / the police song on the radio
        call me / under the bridge / an entitled cat / formal dress""",
    Kind.PRIVACY: """
        someone else's birthday / other people love it / another customer smiled / everyone's talking / my number one
        my name is Ann / shared a pizza / a stranger helped me / camera on my phone / a photo of my cat / read my mind
        delete the old one / tracking my parcel / tracking number please / published a book / recorded a song
        a letter from home / without sugar / the last guest / the best data plan""",
    Kind.LEAVING: """
        stay away from home / goodbye party for her / cancel culture / another bank holiday / another great flight
        want to leave a tip / will never change, I hope / my last bus home / ended well / the end of the season
        switch the light on / find another one for my mum / moving house / never been so happy again and again
        done with homework / contract signed / the plan is set / taking my time / back to school
        look at this view""",
    Kind.BUG: """
        freezing cold / freezing rain today / gate crashed a party / crashed out at nine / trial and error
        human error
        out of sync with fashion / a blank page in my diary / the new update is lovely / button my shirt
        a link to the past / the login was quick / loading the van / a white page of paper / the page turns
        cuts of beef
        no lag at all / the screen is bright / sound of music / map of London""",
}


def each(table: dict[Kind, str]) -> list[tuple[Kind, str]]:
    lines = [(kind, line) for kind, texts in table.items() for line in texts.strip().splitlines()]
    return [(kind, text.strip()) for kind, line in lines for text in line.split(" / ")]


@pytest.mark.parametrize(("kind", "text"), each(SAYS))
def test_what_people_say_is_heard(kind: Kind, text: str) -> None:
    assert kind in {hit.kind for hit in find(text)}


@pytest.mark.parametrize(("kind", "text"), each(INNOCENT))
def test_innocent_talk_is_not(kind: Kind, text: str) -> None:
    assert kind not in {hit.kind for hit in find(text)}


def test_there_are_twenty_of_both_for_each_grave_kind() -> None:
    assert SAYS.keys() == INNOCENT.keys()
    for table in (SAYS, INNOCENT):
        assert {kind: len([1 for one, _ in each(table) if one is kind]) for kind in table} == dict.fromkeys(table, 20)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("£40 vanished from my account", Kind.FRAUD),
        ("£40 has gone from our card", Kind.FRAUD),
        ("half the money is missing from my account", Kind.FRAUD),
        ("I am missing some funds from my account", Kind.FRAUD),
        ("Somebody has removed forty from my account", Kind.FRAUD),
        ("it disappeared from my savings", Kind.FRAUD),
        ("Larch Home closed my account and won't say why", Kind.FAILURE),
        ("I closed my account", Kind.LEAVING),
        ("We've just closed our account", Kind.LEAVING),
        ("I have closed both my accounts", Kind.LEAVING),
        ("you should have a dark mode", Kind.SUGGESTION),
        ("charged me twice as it seems", Kind.FRAUD),
        ("the cot collapsed with her in it", Kind.SAFETY),
        ("the oven door shattered", Kind.SAFETY),
        ("Lead paint on the toys?", Kind.SAFETY),
        ("the heater trips the fuse for the whole house every time", Kind.SAFETY),
        ("the driver touched my leg", Kind.SAFETY),
        ("logs me in as a different customer", Kind.PRIVACY),
        ("I can see her address", Kind.PRIVACY),
        ("told my mum to go back where she came from", Kind.LEGAL),
        ("they told me to go back to where I came from", Kind.LEGAL),
        ("your cashier called me a ***", Kind.LEGAL),
        ("the engineer made a sexist remark", Kind.LEGAL),
        ("racist comments from your staff", Kind.LEGAL),
        ("the guard was openly racist to us", Kind.LEGAL),
        ("a caller of yours keeps harassing my father", Kind.LEGAL),
        ("we are moving all our office orders away", Kind.LEAVING),
        ("moving all our orders to someone else", Kind.LEAVING),
        ("your chatbot only goes round in circles", Kind.FAILURE),
        ("I am stuck in the chatbot", Kind.FAILURE),
        ("my gift card was empty", Kind.FAILURE),
        ("there's a gift card with no money", Kind.FAILURE),
        ("my parcel vanished from the porch", Kind.FAILURE),
        ("my parcel is lost", Kind.FAILURE),
        ("I want to make a complaint", Kind.FAILURE),
        ("you lost my suitcase", Kind.FAILURE),
        ("I lost my phone, please block it", Kind.FAILURE),
        ("the complaint form is broken", Kind.BUG),
        ("this is plain harassment", Kind.LEGAL),
        ("killer deal: 20% off", Kind.PROMOTION),
    ],
)
def test_grave_or_not_has_its_kind(text: str, kind: Kind) -> None:
    assert kind in {hit.kind for hit in find(text)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('my order "vanished" from my account', Kind.FRAUD),
        ("order 1234 vanished from my account", Kind.FRAUD),
        ("my playlist is gone from my account", Kind.FRAUD),
        ("Larch Home closed my account", Kind.LEAVING),
        ("you closed our account without a word", Kind.LEAVING),
        ("you should have told us about the data leak", Kind.SUGGESTION),
        ("the online complaint form was easy", Kind.FAILURE),
        ("they could not have been kinder when I lost my purse", Kind.FAILURE),
        ("Never had a problem with it", Kind.FAILURE),
        ("I haven't had any issues with this kettle", Kind.FAILURE),
        ("the towel used to be twice as thick", Kind.FRAUD),
        ("it took me twice as long", Kind.FRAUD),
        ("dropped it four times, still standing", Kind.FRAUD),
        ("I paid nearly twice the price for the old one", Kind.FRAUD),
        ("they called me a taxi", Kind.LEGAL),
        ("called me a few days later", Kind.LEGAL),
        ("we went back where we came from", Kind.LEGAL),
        ("a striker, not injured, played on", Kind.SAFETY),
        ("struggling with injuries at left-back", Kind.SAFETY),
    ],
)
def test_what_only_sounds_so_is_not_that_kind(text: str, kind: Kind) -> None:
    assert kind not in {hit.kind for hit in find(text)}


def test_a_number_may_begin_a_phrase_and_is_not_told() -> None:
    assert [hit.phrase for hit in find("£40.50 vanished from my account")] == ["vanished from my account"]
    assert Kind.FRAUD not in {hit.kind for hit in find("it vanished from my account")}


def test_up_to_three_words_may_stand_in_a_gap() -> None:
    said = ["charged twice", "charged me twice", "charged my new card twice", "charged my new credit card twice"]
    assert [[hit.kind for hit in find(text)] for text in said] == [[Kind.FRAUD]] * 3 + [[]]
    assert [hit.phrase for hit in find("You CHARGED my new card, twice!")] == ["charged … twice"]
    assert find("recharged it twice") == find("charged it twiceover") == ()


def test_of_two_phrases_as_long_the_one_without_a_gap_is_told() -> None:
    assert [hit.phrase for hit in find("charged twice")] == ["charged twice"]


def test_a_choice_of_words_is_spelled_out() -> None:
    assert list(spelled_out("ice|stone cold, a|b * c|d")) == [
        "ice cold", "stone cold", "a * c", "a * d", "b * c", "b * d"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("check out my page", "promotion"),
        ("no reply about my discount code", "complaint"),
        ("check out my page, it is about fraud", "fraud"),
        ("Which of them has the blue lid?", "question"),
        ("Could you add it? would be nice if you did", "suggestion"),
        ("The horrid kettle broke again. Why?", "complaint"),
    ],
)
def test_what_is_not_grave_gets_the_word_that_a_community_manager_would_use(text: str, kind: str) -> None:
    assert DayOneScorer().score(RawMention("1", text)).kind == kind
