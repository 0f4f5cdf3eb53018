"""Unknown is not zero, and growth is what both counts know."""

import math

import pytest

from handlers.rules.reach import Counts, estimate, velocity
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
