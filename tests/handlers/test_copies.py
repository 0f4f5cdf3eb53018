"""Which mentions tell one story: copies join one case, and what is irrelevant never comes back."""

from dataclasses import replace

import pytest

from storage.types import RawMention, Resolution, Status
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
    quiet = "Heron took the blue bag to another town again"
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
