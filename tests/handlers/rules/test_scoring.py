"""What must hit and what must not, and how points, floors and reasons come together."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.day_one import Evidence
from handlers.rules.policy import Thresholds
from handlers.rules.scoring import DayOneScorer, Part, Score, Scorer, Verdict, prioritise
from handlers.rules.severity import Kind, find
from storage.types import Priority, RawMention

SCORER: Scorer = DayOneScorer()
EVEN = Thresholds(complaint=0.5)

HITS = {
    Kind.SAFETY: [
        "The kettle exploded on my counter",
        "my charger CAUGHT FIRE last night",
        "It burned my hand through the glove",
        "Two people were injured when the lid came off",
        "We ended up in hospital after dinner",
        "got an electric shock from the plug",
        "There was glass in my yoghurt",
        "my son had an allergic reaction to the cream",
        "smoke coming out of the back",
        "my phone is on fire and nobody answers",
    ],
    Kind.FRAUD: [
        "This is plain fraud.",
        "What a scam",
        "I was charged twice for one ticket",
        "your driver stole my parcel",
        "There is an unauthorised charge on my card",
        "a phishing mail in your name",
        "they overcharged me again",
        "total rip-off",
        "My account was hacked this morning",
        "hidden fees everywhere",
    ],
    Kind.LEGAL: [
        "You will hear from my lawyer",
        "I am going to sue you",
        "See you in court",
        "I have written to the ombudsman",
        "Trading Standards will be told",
        "off to small claims then",
        "my solicitor says otherwise",
        "there is a class action coming",
        "we are taking legal action",
        "I shall report you to the council",
    ],
    Kind.PRIVACY: [
        "is there a data leak at your place",
        "you shared my details with a stranger",
        "I can see someone else's account",
        "logged in and saw other people's data",
        "this breaks GDPR",
        "who has access to my account",
        "you sold my data",
        "a letter with another customer's details in it",
        "another data breach",
        "somebody got into my account",
    ],
    Kind.LEAVING: [
        "Never again",
        "I am cancelling my plan today",
        "switching to the other one tomorrow",
        "that was the last time I order here",
        "you have just lost a customer",
        "I'll take my business to the shop next door",
        "won't be back",
        "avoid at all costs",
        "closing my account now",
        "never buying from you",
    ],
    Kind.FAILURE: [
        "on hold for ages",
        "no reply to three mails",
        "still waiting",
        "My parcel has not arrived",
        "it won’t turn on",
        "the zip stopped working",
        "I want a refund",
        "they cancelled the trip",
        "you lost my suitcase",
        "7 hours and counting... LOL",
    ],
    Kind.BUG: [
        "the app crashes on start",
        "there is a bug in the basket",
        "I get an error message",
        "page won't load",
        "can't log in since Monday",
        "the website is down",
        "another outage",
        "it keeps freezing",
        "glitchy as ever",
        "broken since the update, just a black screen",
    ],
    Kind.ASK: [
        "how do I change the filter",
        "can you help me find the shop",
        "please help",
        "does anyone know the opening hours",
        "where is my order",
        "could you please look at this",
        "is there a way to pause it",
        "when will it be back",
        "I need help with the form",
        "please advise",
    ],
    Kind.SUGGESTION: [
        "would be great if the lid closed itself",
        "please add a dark mode",
        "wish you had a smaller one",
        "you should add a timer",
        "it would be nice if we could pay by card",
        "feature request: a longer cable",
        "please bring back the old cups",
        "wish there was a vegan one",
        "how about adding a map",
        "please consider a shop in Leeds",
    ],
    Kind.PROMOTION: [
        "check out my page",
        "link in bio",
        "use my code KETTLE10",
        "giveaway today",
        "subscribe to my letters",
        "make money online with this",
        "retweet to win a cup",
        "get followers fast",
        "DM for promo",
        "limited time offer",
    ],
}

MISSES = {
    Kind.SAFETY: [
        "that track is fire",
        "the band killed it tonight",
        "sick beat",
        "you are the bomb",
        "the burn-in period of these headphones",
        "this team is on fire",
        "they smoke their own salmon",
        "a shock of red hair",
        "I almost died laughing",
        "to add insult to injury they won",
    ],
    Kind.FRAUD: [
        "she stole the show",
        "this song stole my heart",
        "what a steal",
        "not a scam, it came on Tuesday",
        "a talk about fraud prevention",
        "I was charged for one ticket",
        "charge it overnight",
        "a scampi dinner",
        "playing Grand Theft Auto",
        "no hidden fees, lovely",
    ],
    Kind.LEGAL: [
        "Sue was lovely at the desk",
        "the food court upstairs",
        "best tennis court in town",
        "shoes to pursue a dream in",
        "a court jester",
        "the issue was fixed",
        "regulators of flow",
        "they reported a good year",
        "courtesy of the house",
        "the act is a classic",
    ],
    Kind.PRIVACY: [
        "I sent my details by post",
        "the detail on this cup",
        "someone else's turn",
        "private dining room",
        "a personal touch",
        "the data plan is fine",
        "the roof leak is fixed",
        "account manager of the year",
        "other people's favourite",
        "my address is on the form",
    ],
    Kind.LEAVING: [
        "never better",
        "leaving for work",
        "the last time was as nice",
        "switch it on and go",
        "customers love it",
        "I'll be back",
        "a boy called Cott",
        "avoid the queue, book here",
        "they never disappoint",
        "can't recommend it enough",
    ],
    Kind.FAILURE: [
        "hold my cup",
        "a day in the sun",
        "seven cups and a plate",
        "better late than never",
        "no delays, lovely crew",
        "it works without fail",
        "open 24 hours",
        "3 days of sun",
        "arrived on time",
        "I was not disappointed",
    ],
    Kind.BUG: [
        "Bugs Bunny on a cup",
        "a crash course in tea",
        "I caught the travel bug",
        "there are no bugs in it",
        "it never crashes",
        "a loading bay",
        "trial and error",
        "down the road",
        "blue sky",
        "a debugging book",
    ],
    Kind.ASK: [
        "we know how it is done",
        "they can do it",
        "a helpful crew",
        "this is why we come",
        "where we met",
        "when we were young",
        "somebody told me",
        "that is the way",
        "the helpers were kind",
        "see https://example.com/?page=2",
    ],
    Kind.SUGGESTION: [
        "wish you were here",
        "it would be hard",
        "an added bonus",
        "bring a friend",
        "you should be proud",
        "my best wishes",
        "what a feature",
        "please and thank you",
        "considerate staff",
        "a suggestive name",
    ],
    Kind.PROMOTION: [
        "see https://example.com/complaint",
        "a check-out queue",
        "the link on your page",
        "we follow the path",
        "I paid by code",
        "subscribed since May",
        "my page in the book",
        "won twice",
        "free tea",
        "time is limited",
    ],
}


def score(text: str = "", **fields: object) -> Score:
    return SCORER.score(replace(RawMention("1", text), **fields))  # type: ignore[arg-type]


def verdict(text: str = "", reach: int | None = None, velocity: float | None = None, **fields: object) -> Verdict:
    return prioritise(score(text, **fields), reach=reach, velocity=velocity, thresholds=Thresholds())


def of_parts(
    *parts: Part, words: float | None = None, evidence: tuple[Evidence, ...] = (), **spread: float | None
) -> Verdict:
    made = Score(0.0, "neutral", parts, "other", words, words, evidence)
    given_spread = {"reach": None, "velocity": None} | spread
    return prioritise(made, thresholds=EVEN, **given_spread)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in HITS.items() for text in texts])
def test_what_must_hit(kind: Kind, text: str) -> None:
    assert kind in {hit.kind for hit in find(text)}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in MISSES.items() for text in texts])
def test_what_must_not_hit(kind: Kind, text: str) -> None:
    assert kind not in {hit.kind for hit in find(text)}


def test_each_kind_has_ten_of_both() -> None:
    assert HITS.keys() == MISSES.keys() == set(Kind) - {Kind.PRAISE, Kind.INNOCENT}
    assert {len(texts) for table in (HITS, MISSES) for texts in table.values()} == {10}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Die Maschine ist explodiert", Kind.SAFETY),
        ("L’appareil a pris feu !", Kind.SAFETY),
        ("la cafetera EXPLOTÓ", Kind.SAFETY),
        ("il bollitore è esploso", Kind.SAFETY),
        ("a chaleira pegou fogo", Kind.SAFETY),
        ("de ketel is ontploft", Kind.SAFETY),
        ("zweimal abgebucht, das ist Betrug", Kind.FRAUD),
        ("c'est une arnaque", Kind.FRAUD),
        ("es una estafa", Kind.FRAUD),
        ("è una truffa", Kind.FRAUD),
        ("fui cobrada duas vezes, cobrança indevida", Kind.FRAUD),
        ("pure oplichting", Kind.FRAUD),
        ("mein Anwalt meldet sich", Kind.LEGAL),
        ("je vais porter plainte", Kind.LEGAL),
        ("voy a denunciar", Kind.LEGAL),
        ("per vie legali", Kind.LEGAL),
        ("vou processar", Kind.LEGAL),
        ("naar de rechter", Kind.LEGAL),
        ("Akku defekt", Kind.FAILURE),
        ("je veux un remboursement", Kind.FAILURE),
        ("no funciona", Kind.FAILURE),
        ("voglio un rimborso", Kind.FAILURE),
        ("nao funciona", Kind.FAILURE),
        ("mijn geld terug", Kind.FAILURE),
    ],
)
def test_severe_phrases_in_other_languages(text: str, kind: Kind) -> None:
    assert kind in {hit.kind for hit in find(text)}


def test_phrases_are_whole_words_in_any_dress() -> None:
    said = [
        "DONT WORK",
        "don’t work",
        "don't\nwork",
        "#dont #work",
        "Ｄｏｎ＇ｔ work",
        "do\u200bn't work",
        "don't work 😡",
    ]
    assert [hit.phrase for text in said for hit in find(text)] == ["don't work"] * len(said)
    assert find("scampi and scamper") == find("https://example.com/scam/lawyer") == ()


def test_the_longest_phrase_wins_and_each_is_told_once() -> None:
    assert [hit.phrase for hit in find("charged twice, I say charged twice")] == ["charged twice"]
    assert [hit.phrase for hit in find("no delays")] == []
    assert [hit.phrase for hit in find("sue you in court")] == ["sue you", "in court"]


def test_only_the_scored_part_is_read() -> None:
    assert find("x " * 1_000 + "fraud") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [("3 hrs on hold", "3 hrs"), ("waited 2hrs", "2hrs"), ("half an hour late", "half an hour"), ("3 hrs", "")],
)
def test_a_length_of_time_counts_beside_a_word_of_waiting(text: str, told: str) -> None:
    assert "".join(hit.phrase for hit in find(text) if hit.phrase[0] in "23h") == told


@pytest.mark.parametrize(
    ("points", "priority"),
    [(0, Priority.LOW), (1, Priority.NORMAL), (2, Priority.NORMAL), (3, Priority.HIGH), (4, Priority.HIGH)]
    + [(points, Priority.URGENT) for points in (5, 6, 50)],
)
def test_points_become_priority(points: int, priority: Priority) -> None:
    assert of_parts(Part(points, "because", "anything")).priority is priority


@pytest.mark.parametrize(
    ("text", "stars", "least"),
    [
        ("Great great lovely! It exploded. LOL", None, Priority.HIGH),
        ("Lovely people, love it, best ever. But it is fraud.", None, Priority.HIGH),
        ("Thanks, great, love it. My lawyer will write.", None, Priority.HIGH),
        ("Great site, awesome! I can see someone else's account, thanks", None, Priority.HIGH),
        ("lovely lovely lovely", 1.0, Priority.HIGH),
        ("lovely lovely lovely", 2.0, Priority.NORMAL),
        ("Lovely staff, great food, thank you. Never again.", None, Priority.NORMAL),
        ("7 hours and counting... LOL", None, Priority.NORMAL),
        ("On hold for ages, great music, love it", None, Priority.NORMAL),
    ],
)
def test_severity_never_averages(text: str, stars: float | None, least: Priority) -> None:
    scored = score(text, stars=stars)
    assert scored.label == "positive"
    assert verdict(text, stars=stars).priority >= least
    assert verdict(f"{text} great", stars=stars, reach=5, velocity=0.0).priority >= least


@pytest.mark.parametrize("kind", [Kind.SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY, "one star"])
def test_floors_hold_for_any_scorer(kind: str) -> None:
    assert of_parts(Part(1, "because", kind), words=-6.0).priority is Priority.HIGH


def test_two_stars_are_normal_at_least_and_three_say_nothing() -> None:
    assert verdict("ok", stars=2.0).reasons[0] == "2 stars of 5"
    assert verdict("ok", stars=1.5).reasons[0] == "1.5 stars of 5"
    assert [score("ok", stars=stars).parts for stars in (3.0, 5.0, 0.0, -1.0, 47.0, math.nan, None)] == [()] * 7


def test_safety_alone_is_high_and_with_anything_else_urgent() -> None:
    assert verdict("it exploded").priority is Priority.HIGH
    assert verdict("it exploded. How do I return it?").priority is Priority.URGENT
    assert verdict("it exploded", reach=20_000).priority is Priority.URGENT
    assert of_parts(Part(1, "a", Kind.SAFETY), Part(1, "b", "x")).priority is Priority.URGENT


@pytest.mark.parametrize(
    ("odds", "points", "priority", "reason"),
    [
        (-1.7, 0, Priority.LOW, "nothing to act on: neutral words (VADER +0.00)"),
        (-1.0, 0.4, Priority.LOW, "nothing to act on: neutral words (VADER +0.00)"),
        (0.0, 1, Priority.NORMAL, "may be a complaint, by many small signs"),
        (2.0, 2.2, Priority.NORMAL, "reads like a complaint, by many small signs"),
        (4.0, 3.4, Priority.HIGH, "reads like a complaint, by many small signs"),
        (20.0, 13, Priority.HIGH, "reads like a complaint, by many small signs"),
    ],
)
def test_words_alone_become_points_and_are_high_at_most(
    odds: float, points: float, priority: Priority, reason: str
) -> None:
    told = (reason, f"score {points:g}") if points >= 1 else (reason,)
    assert of_parts(words=odds) == Verdict(priority, told, points)


def test_a_team_may_ask_for_likelier_complaints() -> None:
    made = Score(0.0, "neutral", (), "other", 0.5, 0.5)
    told = [
        prioritise(made, reach=None, velocity=None, thresholds=Thresholds(complaint=share)).priority
        for share in (0.3, 0.5, 0.8)
    ]
    assert told == [Priority.NORMAL, Priority.NORMAL, Priority.LOW]


def test_phrases_claim_no_more_than_the_words_give() -> None:
    evidence = (Evidence("on hold", '"on hold"', 2.0), Evidence("again", '"again"', 1.0), Evidence("", "", 0.9))
    assert of_parts(words=1.0, evidence=evidence).reasons[0] == 'may be a complaint: "on hold" 1.1, "again" 0.5'
    assert of_parts(words=4.0, evidence=evidence).reasons[0] == 'reads like a complaint: "on hold" 1.2, "again" 0.6'


def test_points_are_added_up_in_the_order_of_the_reasons() -> None:
    assert of_parts(Part(1, "asks for an answer", Kind.ASK), words=1.0, reach=20_000).reasons == (
        "may be a complaint, by many small signs",
        "asks for an answer",
        "seen by about 20,000",
        "score 1.6 + 1 + 1 = 3.6",
    )


def test_reach_adds_only_where_there_is_something_to_act_on() -> None:
    complaint = Part(1, "because", "x")
    assert [of_parts(complaint, reach=reach).points for reach in (None, 0, 9_999, 10_000, 100_000)] == [1, 1, 1, 2, 3]
    assert [of_parts(reach=reach).priority for reach in (None, 10_000, 10**9)] == [Priority.LOW] * 3
    assert of_parts(complaint, reach=123_456).reasons[:2] == ("seen by about 120,000", "because")


def test_a_positive_post_with_huge_reach_is_worth_a_thank_you_and_no_alarm() -> None:
    famous = verdict("I love this kettle", reach=2_000_000)
    assert famous == Verdict(Priority.NORMAL, ("worth a thank-you: seen by about 2,000,000", "score 1"), 1)
    assert verdict("I love this kettle", reach=50_000).priority is Priority.LOW
    assert verdict("I love this kettle", reach=2_000_000, velocity=900.0).priority is Priority.NORMAL


def test_what_takes_off_is_told_and_adds_two() -> None:
    complaint = Part(1, "because", "x")
    assert of_parts(complaint, velocity=340.2).reasons[:2] == ("gaining 340 an hour", "because")
    assert [of_parts(complaint, velocity=speed).points for speed in (None, 29.9, 30.0, math.nan)] == [1, 1, 3, 1]
    assert of_parts(velocity=1_500.0).priority is Priority.NORMAL


def test_unknown_reach_and_velocity_change_nothing() -> None:
    for text in ("it exploded", "no reply", "lovely", "the lid"):
        assert verdict(text) == verdict(text, reach=1, velocity=1.0)


def test_reasons_are_phrases_for_people_weightiest_first() -> None:
    told = verdict("I was charged twice! Horrible, awful, bad. Please help.").reasons
    assert {'says "charged twice" (fraud)', "asks for an answer"} < set(told)
    assert any(reason.startswith("reads like a complaint: ") for reason in told)
    points = [float(each) for each in told[-1].removeprefix("score ").partition(" = ")[0].split(" + ")]
    assert points == sorted(points, reverse=True)
    assert len(points) == 3


def test_a_second_service_failure_counts_once_more_and_a_tenth_does_not() -> None:
    one, two = "no reply", "no reply, still waiting"
    many = f"{two}, never arrived, wrong item, stopped working, no update, rude, unhelpful, faulty"
    assert [score(text).parts[0].points for text in (one, two, many)] == [1, 2, 2]


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("Thanks for the quick word on my delayed parcel", Priority.LOW),
        ("Love it, thank you for the compensation", Priority.LOW),
        ("my delayed parcel", Priority.NORMAL),
        ("Thanks, lovely crew, best ever, my delayed parcel got no reply", Priority.NORMAL),
        ("Thanks, lovely crew, best ever, no reply", Priority.NORMAL),
    ],
)
def test_one_weak_sign_among_praise_needs_nobody(text: str, priority: Priority) -> None:
    assert verdict(text).priority is priority


def test_a_weak_sign_that_does_not_count_is_still_told() -> None:
    assert verdict("Love it, thank you for the compensation").reasons[-1] == (
        'says "compensation", among words of praise'
    )


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({"text": "@kettle_co open on Sunday?"}, True),
        ({"text": ".@kettle_co open on Sunday?"}, True),
        ({"text": "Open on Sunday?", "private": True}, True),
        ({"text": "And who was there? Everybody."}, False),
        ({"text": "@kettle_co see https://example.com/?page=2"}, False),
        ({"text": "@kettle_co open on Sunday"}, False),
        ({"text": "Ouvert le dimanche ?", "lang": "fr"}, True),
        ({"text": "هل المتجر مفتوح؟"}, True),
    ],
)
def test_a_question_to_us_asks_for_an_answer(fields: dict[str, str], is_asked: bool) -> None:
    assert ("asks for an answer" in verdict(**fields).reasons) is is_asked  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "lang", "language"),
    [
        ("bonjour terrible", "fr", "French"),
        ("hallo schlecht", "de-AT", "German"),
        ("saluton", "eo", "Esperanto"),
        ("saluton", "xx", "language xx"),
        ("الخدمة سيئة", "", "Arabic script"),
        ("очень плохо", "und", "Cyrillic script"),
        ("とても悪い", "", "Japanese"),
        ("非常糟糕", "", "Chinese or Japanese"),
    ],
)
def test_what_vader_cannot_judge_is_not_scored(text: str, lang: str, language: str) -> None:
    scored = score(text, lang=lang)
    assert (scored.sentiment, scored.label) == (None, "not scored")
    assert f"not scored: {language}" in verdict(text, lang=lang).reasons


@pytest.mark.parametrize("lang", ["", "en", "EN-gb", "en_US", "und", "zxx"])
def test_english_and_unknown_languages_are_scored(lang: str) -> None:
    assert score("a terrible café 😡", lang=lang).label == "negative"
    assert score("a terrible café, سيئة", lang=lang).label == "negative"


def test_not_scored_is_low_unless_it_asks_is_severe_was_sent_to_us_or_is_widely_seen() -> None:
    assert verdict("pas terrible", lang="fr").priority is Priority.LOW
    assert verdict("pas terrible ?", lang="fr").priority is Priority.NORMAL
    assert verdict("a pris feu", lang="fr").priority is Priority.HIGH
    assert verdict("pas terrible", lang="fr", private=True).priority is Priority.NORMAL
    assert verdict("pas terrible", lang="fr", reach=100_000).priority is Priority.NORMAL
    assert verdict("pas terrible", lang="fr", stars=1.0).priority is Priority.HIGH


def test_promotion_ranks_one_lower_and_says_so() -> None:
    ranked = verdict("I hate this kettle, awful! link in bio")
    assert (ranked.priority, ranked.points >= 1) == (Priority.LOW, True)
    assert ranked.reasons[-2] == 'looks like promotion ("link in bio"), so ranked lower'


def test_a_customer_who_tells_us_what_went_wrong_does_not_promote() -> None:
    text = "@larch you need to follow me for DM, my parcel is lost"
    assert score(text).kind == score(text[7:], private=True).kind == "complaint"
    assert verdict(text).priority is Priority.NORMAL
    assert not any("promotion" in reason for reason in verdict(text).reasons)
    assert any("promotion" in reason for reason in verdict(text[7:]).reasons)
    assert score("@larch check out my page").kind == "promotion"


def test_promotion_never_ranks_below_a_floor_and_a_bare_link_is_no_promotion() -> None:
    assert verdict("It exploded! link in bio").priority is Priority.HIGH
    assert verdict("no reply about my discount code").priority is Priority.NORMAL
    assert verdict("no reply about my discount code").reasons[-2] == 'looks like promotion ("discount code")'
    linked = verdict("I hate this awful kettle! https://example.com/x http://example.org")
    assert linked.priority is Priority.NORMAL
    assert not any("promotion" in reason for reason in linked.reasons)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("it exploded, fraud, my lawyer", "safety"),
        ("fraud, my lawyer", "fraud"),
        ("my lawyer, a data leak", "legal"),
        ("a data leak, never again", "privacy"),
        ("never again, the app crashes", "threat to leave"),
        ("the app crashes, no reply", "bug"),
        ("no reply, please help", "complaint"),
        ("horrid kettle", "complaint"),
        ("how do I open it", "question"),
        ("please add a lid", "suggestion"),
        ("lovely kettle", "praise"),
        ("a kettle", "other"),
    ],
)
def test_the_kind_is_the_gravest_thing_found(text: str, kind: str) -> None:
    assert score(text).kind == kind
    assert type(score(text).kind) is str


def test_a_title_is_read_with_the_text() -> None:
    assert verdict("See inside.", title="Kettle exploded").priority is Priority.HIGH


def test_only_two_thousand_characters_are_scored() -> None:
    scored = score("x " * 1_000 + "awful fraud")
    assert (scored.sentiment, scored.parts) == (0.0, ())


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=200),
    st.sampled_from(["", "fr", "\x00", "e" * 50]),
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.integers(0, 10**12)),
    st.one_of(st.none(), st.floats()),
)
def test_every_mention_gets_a_verdict_with_a_reason(
    text: str, lang: str, stars: float | None, reach: int | None, velocity: float | None
) -> None:
    found = verdict(text, reach=reach, velocity=velocity, lang=lang, stars=stars)
    assert found.reasons
    assert all(found.reasons)
    assert found == verdict(text, reach=reach, velocity=velocity, lang=lang, stars=stars)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(HITS)), st.integers(0, 9), st.sampled_from(["Great! ", "LOVE it, best ever. ", "lol "]))
def test_praise_never_hides_a_severe_phrase(kind: Kind, at: int, praise: str) -> None:
    severe = kind in (Kind.SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY)
    if severe:
        assert verdict(praise * 5 + HITS[kind][at]).priority >= Priority.HIGH
