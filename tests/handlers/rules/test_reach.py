"""Unknown is not zero, and growth is what both counts know."""

import math

import pytest

from handlers.rules.reach import Counts, Usual, estimate, takes_off, velocity
from storage.types import RawMention


@pytest.mark.parametrize(
    ("fields", "weight", "people"),
    [
        ({}, None, None),
        ({}, 500, 500),
        ({"followers": 400}, None, 400),
        ({"followers": 0}, None, 0),
        ({"followers": 0}, 500, 0),
        ({"followers": -1}, None, None),
        ({"followers": 400, "shares": 3}, 9_000, 400),
        ({"followers": 400, "likes": 5_000, "shares": 2_000, "replies": 680}, None, 76_800),
        ({"likes": 12}, None, 120),
        ({"likes": 12}, 5_000, 120),
        ({"likes": 0}, None, None),
        ({"likes": 0, "shares": 0}, 300, 300),
        ({"likes": -5, "shares": 2}, None, 20),
        ({"followers": 10**30}, None, 10_000_000_000),
    ],
)
def test_reach_is_the_larger_sign_or_the_sources_weight(
    fields: dict[str, int], weight: int | None, people: int | None
) -> None:
    assert estimate(RawMention("1", "text", **fields), weight) == people  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "hours", "per_hour"),
    [
        (Counts(1, 1, 1), Counts(11, 21, 31), 2.0, 30.0),
        (Counts(shares=10), Counts(shares=95), 0.25, 340.0),
        (Counts(), Counts(5, 5, 5), 1.0, None),
        (Counts(5, 5, 5), Counts(), 1.0, None),
        (Counts(likes=5), Counts(likes=5, shares=900), 1.0, 0.0),
        (Counts(likes=9), Counts(likes=2), 1.0, 0.0),
        (Counts(likes=9, shares=0), Counts(likes=2, shares=10), 1.0, 3.0),
        (Counts(1), Counts(2), 0.0, None),
        (Counts(1), Counts(2), -1.0, None),
        (Counts(1), Counts(2), math.nan, None),
        (Counts(1), Counts(2), math.inf, None),
    ],
)
def test_velocity_is_growth_per_hour(before: Counts, after: Counts, hours: float, per_hour: float | None) -> None:
    assert velocity(before, after, hours) == per_hour


def test_counts_are_read_from_a_mention() -> None:
    assert Counts.of(RawMention("1", "text", likes=1, shares=2, replies=3)) == Counts(1, 2, 3)
    assert Counts.of(RawMention("1", "text")).acts is None
    assert Counts.of(RawMention("1", "text", likes=1)).acts == 1


def test_a_minute_is_not_taken_for_an_hour() -> None:
    assert velocity(Counts(likes=0), Counts(likes=60), 1 / 60) == pytest.approx(360)


STAR = Usual((2_000, 9_000, 4_000, 3_000, 8_000, 10_000, 2_500, 7_000))
PERSON = Usual((0, 2, 3, 3, 5, 4))


def test_a_star_whose_every_post_gains_thousands_is_no_alarm() -> None:
    assert takes_off(10_000.0, STAR, 30) == ""
    assert takes_off(29_000.0, STAR, 30) == ""
    assert takes_off(30_000.0, STAR, 30) == "gaining 30,000 an hour; this author's posts usually gain 7,000"


def test_a_person_of_whom_little_is_usual_is_one() -> None:
    assert takes_off(120.0, PERSON, 30) == "gaining 120 an hour; this author's posts usually gain 3"
    assert takes_off(30.0, PERSON, 30) == "gaining 30 an hour; this author's posts usually gain 3"
    assert takes_off(29.9, PERSON, 30) == ""


def test_of_an_author_that_nobody_knows_speed_alone_decides() -> None:
    assert takes_off(30.0, Usual(), 30) == "gaining 30 an hour"
    assert takes_off(29.9, Usual(), 30) == ""


def test_one_post_that_took_off_does_not_make_that_usual() -> None:
    assert takes_off(400.0, Usual((3, 2, 4, 1, 5_000, 3, 2, 2, 3, 1)), 30) != ""
    assert takes_off(400.0, Usual((5_000,)), 30) != "", "four more are needed before anything is usual for her"
    assert takes_off(400.0, Usual((5_000,) * 5), 30) == ""


def test_what_is_rare_in_a_slow_source_takes_off_sooner() -> None:
    assert takes_off(8.0, Usual((0.2, 0.5, 0.1), 7.5), 30) == (
        "gaining 8 an hour, as few posts here do; this author's posts usually gain less than 1"
    )
    assert takes_off(8.0, Usual((), 7.5), 30) == "gaining 8 an hour, as few posts here do"
    assert takes_off(8.0, Usual((), 9.0), 30) == "", "many gain as much there"
    assert takes_off(8.0, Usual((0.9, 0.9, 0.9), 7.5), 30) == "", "less than ten times her usual"
    assert takes_off(8.0, Usual(), 30) == "", "too little is known of the source"
    assert takes_off(5.9, Usual((), 1.0), 30) == "", "less than a fifth of what takes off anywhere"


@pytest.mark.parametrize("speed", [None, math.nan, 0.0, -5.0])
def test_what_does_not_grow_does_not_take_off(speed: float | None) -> None:
    assert takes_off(speed, Usual((), 0.0), 30) == ""
