"""Which mentions tell one story: copies join one case, and what is irrelevant never comes back."""

from dataclasses import replace

import pytest

from handlers.rules.stories import begins_alike, compared, is_alike
from storage.types import Priority, RawMention, Resolution, Status
from tests.kit import TROUBLES, Desk, raw

COPIES = {
    "repost": raw("2", f"RT @author1: {TROUBLES[0]}", repost_of="1"),
    "other case and trimmings": raw("2", f"{TROUBLES[0].upper()}!!! https://birds.example/x"),
    "near copy": raw("2", TROUBLES[0].replace("furious", "so furious now")),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_joins_the_case_with_counter_and_summed_reach(desk: Desk, copy: RawMention) -> None:
    desk.take(raw("1", followers=1_000))
    desk.later(hours=3)
    taken = desk.take(replace(copy, followers=500))
    assert (taken.cases, taken.joined) == (0, 1)
    (case,) = desk.cases()
    assert (case.mention_count, case.reach) == (2, 1_500)
    assert "+1 alike" in desk.card(case.id).facts
    assert desk.keys("redraw:") == ["redraw:case:1:local:#alerts"]
    assert {one.case_id for one in desk.mentions()} == {case.id}


def test_unknown_reach_is_not_zero(desk: Desk) -> None:
    case = desk.open_case()
    assert case.reach is None
    desk.take(raw("2"))
    assert desk.case(case.id).reach is None
    desk.take(raw("3", followers=70))
    assert desk.case(case.id).reach == 70


def test_posts_that_link_to_an_article_join_its_case(desk: Desk) -> None:
    address = "https://news.example/2026/11/heron-strands-400-people"
    desk.take(
        raw("a", "Passengers call it a disgrace, awful night.", title="Heron strands 400 people", url=address),
        source="reviews",
    )
    desk.take(
        raw("1", f"Heron again, what a terrible disgrace {address}?utm=1"),
        raw("2", f"I hate flying heron so much now {address.replace('https://', 'https://www.')}"),
    )
    assert [case.mention_count for case in desk.cases()] == [3]


def test_two_customers_who_link_to_the_same_help_page_stay_two_cases(desk: Desk) -> None:
    page = "https://heron.example/help/contact-form-for-baggage"
    desk.take(raw("1", f"{TROUBLES[0]} {page}"), raw("2", f"{TROUBLES[3]} {page}"))
    assert [case.mention_count for case in desk.cases()] == [1, 1]


def test_a_copy_for_another_brand_is_another_case(desk: Desk) -> None:
    words = "plover lost my suitcase and nobody answers the telephone, I am furious, awful"
    desk.take(raw("1", words), source="desk")  # all from there concerns Heron
    desk.take(raw("2", words))
    assert [case.brand for case in desk.cases()] == ["Heron Air", "Plover Inn"]


def test_two_customers_who_begin_alike_and_go_on_otherwise_stay_two_cases(desk: Desk) -> None:
    begin = "Dear Heron, I have been a faithful customer of yours for twenty years and today I am furious because"
    desk.take(
        raw("1", f"{begin} my suitcase is lost in Oslo and nobody answers the telephone at all"),
        raw("2", f"{begin} you charged the same ticket twice and your website keeps crashing"),
    )
    assert [case.mention_count for case in desk.cases()] == [1, 1]


def test_copies_join_only_within_the_time_of_a_story(desk: Desk) -> None:
    desk.open_case()
    desk.later(days=6)
    assert desk.take(raw("2", published_at=desk.now)).joined == 1
    desk.later(days=2)
    assert desk.take(raw("3", published_at=desk.now)).cases == 1


# Irrelevant


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("days", [0, 5, 300])
def test_twins_of_an_irrelevant_case_never_return(desk: Desk, copy: RawMention, days: int) -> None:
    case = desk.open_case()
    desk.do("ana", "irrelevant 1")
    desk.later(days=days)
    posts = desk.keys("card:")
    taken = desk.take(replace(copy, published_at=desk.now))
    assert (taken.stored, taken.cases, taken.joined) == (1, 0, 1)
    assert desk.keys("card:") == posts
    assert desk.case(case.id).status is Status.RESOLVED
    assert desk.case(case.id).mention_count == 2


def test_a_twin_that_grows_does_not_come_back_as_a_case_of_its_own(desk: Desk) -> None:
    quiet = "Heron has new planes with blue wings and three doors"
    desk.take(raw("1", quiet, likes=1))
    desk.take(raw("2", quiet, followers=400_000, stars=1.0))
    assert [case.mention_count for case in desk.cases()] == [1]
    desk.do("ana", "irrelevant 1")
    desk.later(hours=1)
    taken = desk.take(raw("1", quiet, likes=90_000))
    assert (taken.cases, taken.joined) == (0, 1)
    assert desk.case(1).status is Status.RESOLVED


def test_reopening_lets_twins_come_back(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "irrelevant 1")
    desk.later(days=40)
    desk.do("ana", "reopen 1")
    assert desk.case(1).resolution is None
    assert desk.take(raw("2", published_at=desk.now)).cases == 1


def test_a_copy_of_a_case_that_was_put_right_does_not_reopen_it(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "resolve 1 fixed")
    assert desk.take(raw("2", followers=500_000)).joined == 1
    assert desk.case(1).status is Status.RESOLVED
    assert desk.case(1).resolution is Resolution.FIXED
    assert desk.kinds(1) == ["opened", "resolved"]


SEAT = "Heron Air plane to Oslo this morning, what a terrible flight, the seat {} and the crew was rude to us all"
ENDS = "Heron Air plane to Oslo this morning, what a terrible flight: the seat {}"


@pytest.mark.parametrize("words", [SEAT, ENDS], ids=["nearly the same", "the same beginning"])
@pytest.mark.parametrize("closed", ["irrelevant 1", "resolve 1 no action"])
def test_worse_than_a_closed_case_is_a_case_of_its_own_and_has_a_card(desk: Desk, words: str, closed: str) -> None:
    desk.take(raw("1", words.format("was awful")))
    desk.do("ana", closed)
    desk.later(days=3)
    taken = desk.take(raw("2", words.format("exploded"), published_at=desk.now))
    assert (taken.cases, taken.joined) == (1, 0)
    assert desk.case(2).priority is Priority.URGENT
    assert "card:2:local:#alerts" in desk.keys("card:")
    assert desk.take(raw("3", words.format("exploded!"), published_at=desk.now)).joined == 1
    assert [case.mention_count for case in desk.cases()] == [1, 2]


def test_no_worse_than_a_closed_case_joins_it(desk: Desk) -> None:
    desk.take(raw("1", SEAT.format("was awful"), stars=1.0))
    desk.do("ana", "irrelevant 1")
    assert desk.take(raw("2", SEAT.format("was dirty"))).joined == 1


def test_what_a_person_put_lower_takes_its_copies_when_it_is_closed(desk: Desk) -> None:
    desk.take(raw("1", SEAT.format("was awful")))
    desk.do("ana", "priority 1 low")
    desk.do("ana", "irrelevant 1")
    assert desk.take(raw("2", SEAT.format("was dirty"))).joined == 1
    assert desk.take(raw("3", SEAT.format("exploded"))).cases == 1


# Beginnings

BEGIN = "Heron Air strands four hundred passengers in Oslo, a disgrace"


@pytest.mark.parametrize(
    "ending",
    [
        "without a word of apology, and nobody at the counter knew anything about it",
        "#travel #oslo #fail",
    ],
    ids=["the other was cut short", "other tags"],
)
def test_public_texts_that_begin_alike_and_add_little_join(desk: Desk, ending: str) -> None:
    taken = desk.take(raw("1", f"{BEGIN} 😡"), raw("2", f"{BEGIN} {ending}"))
    assert (taken.cases, taken.joined) == (1, 1)


def test_forms_that_begin_alike_never_join_by_that(desk: Desk) -> None:
    begin = "Form: complaint about Heron Air. What was the matter with our service"
    desk.take(raw("1", f"{begin}: awful", private=True), raw("2", f"{begin}: awful, and my suitcase is lost too"))
    desk.take(raw("3", f"{begin}: awful, nobody answers the telephone", private=True))
    assert [case.mention_count for case in desk.cases()] == [1, 1, 1]


@pytest.mark.parametrize("is_private", [False, True])
def test_the_same_words_about_another_order_are_another_customer(desk: Desk, is_private: bool) -> None:
    words = "Heron, my order {} never arrived and nobody answers, this is awful and I am furious"
    desk.take(
        raw("1", words.format("HN482133"), private=is_private), raw("2", words.format("HN771902"), private=is_private)
    )
    assert [case.mention_count for case in desk.cases()] == [1, 1]


@pytest.mark.parametrize(
    ("words", "one", "other"),
    [
        ("Heron my order {} never arrived, nobody answers, awful service", "4821", "7193"),
        ("Heron flight {} cancelled and nobody helps us at the gate, terrible", "HA117", "HA932"),
        ("Heron, how awful that nobody answers us since the cancelled flight {}", "HA117", "HA932"),
    ],
    ids=["order", "flight", "flight at the end"],
)
def test_another_number_is_another_customer(desk: Desk, words: str, one: str, other: str) -> None:
    desk.take(raw("1", words.format(one)), raw("2", words.format(other)), raw("3", words.format(one) + " !!!"))
    assert [case.mention_count for case in desk.cases()] == [2, 1]


@pytest.mark.parametrize(
    ("one", "other"), [("400", "412"), ("12", "14"), ("2025", "2026"), ("1999", "2001"), ("covid19", "covid19_2")]
)
def test_years_and_small_counts_do_not_separate(one: str, other: str) -> None:
    words = "Heron strands {} passengers at the gate in Oslo and nobody there says a word of regret"
    assert is_alike(compared(words.format(one)), compared(words.format(other)))


def test_a_number_that_a_network_cut_in_two_is_no_other_number() -> None:
    whole = compared("Heron, it is a shame and a disgrace that nobody answers me about order 4821937 since Monday")
    assert begins_alike(whole, whole[: whole.index("937")])
    assert not begins_alike(whole.removesuffix(" since monday"), whole[: whole.index("937")])


# Private messages

PARCEL = "My Heron parcel has not arrived, where is it?"


@pytest.mark.parametrize("other", [PARCEL, f"{PARCEL} Please."], ids=["the same words", "nearly"])
def test_two_customers_private_messages_never_become_one_case(desk: Desk, other: str) -> None:
    desk.take(raw("1", PARCEL, author="ana@mail.example", private=True), source="desk")
    desk.take(raw("2", other, author="bea@mail.example", private=True), source="desk")
    desk.take(raw("3", other, author="ana@mail.example", private=True), source="birds")
    desk.take(raw("4", other, author="cleo"))
    assert [case.mention_count for case in desk.cases()] == [1, 1, 1, 1]


def test_who_sends_a_form_twice_has_one_case(desk: Desk) -> None:
    desk.take(raw("1", PARCEL, author="Ana@mail.example", private=True), source="desk")
    desk.take(raw("2", f"{PARCEL} Please.", author="ana@mail.example", private=True), source="desk")
    assert [case.mention_count for case in desk.cases()] == [2]


@pytest.mark.parametrize("author", ["", "Anonymous", "Guest"])
def test_private_messages_of_nobody_in_particular_stay_apart(desk: Desk, author: str) -> None:
    for number in "12":
        desk.take(raw(number, PARCEL, author=author, private=True), source="desk")
    assert [case.mention_count for case in desk.cases()] == [1, 1]


def test_a_private_message_that_links_to_an_article_does_not_join_its_case(desk: Desk) -> None:
    address = "https://news.example/2026/11/heron-strands-400-people"
    desk.take(raw("a", "Passengers call it a disgrace.", title="Heron strands 400 people", url=address, stars=1.0))
    desk.take(raw("1", f"I was there, Heron, what a terrible disgrace {address}", author="ana", private=True))
    assert [case.mention_count for case in desk.cases()] == [1, 1]


# Reach


def test_who_repeats_herself_reaches_nobody_twice(desk: Desk) -> None:
    desk.take(raw("1", author="ana", followers=1_000), raw("2", author="ana", followers=1_000))
    assert (desk.case(1).mention_count, desk.case(1).reach) == (2, 1_000)
    desk.take(raw("3", author="ana", followers=1_200), raw("4", author="bea", followers=50))
    assert (desk.case(1).mention_count, desk.case(1).reach) == (4, 1_250)


def test_the_same_name_elsewhere_is_another_person(desk: Desk) -> None:
    desk.take(raw("1", author="ana", followers=1_000))
    desk.take(raw("2", author="ana", followers=300), source="reviews")
    assert desk.case(1).reach == 1_300
