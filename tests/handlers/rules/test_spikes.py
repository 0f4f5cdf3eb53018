"""When an hour is a storm: the sums behind it, and what it makes of brands that are quiet, loud, new or growing."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.shared_words import shared_words
from handlers.rules.spikes import FIRST, FLOOR, LOOKS, Usual, alpha_of, busiest, learn, slot_of, tail

MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
ALPHA = alpha_of(4, 2)
DAY = tuple(range(24))


def slots(hours: int) -> tuple[int, ...]:
    return tuple(slot_of(MONDAY + timedelta(hours=hour)) for hour in range(hours))


def drawn(hours: int, mean: float, spread: float = 2.0, seed: int = 1) -> list[int]:
    """Hours of a negative binomial."""
    chance = random.Random(seed)
    counts = []
    for _ in range(hours):
        rate = chance.gammavariate(mean / (spread - 1), spread - 1) if spread > 1 else mean
        number, product, limit = 0, chance.random(), math.exp(-rate)
        while product > limit:
            number, product = number + 1, product * chance.random()
        counts.append(number)
    return counts


def usual_of(counts: list[int]) -> Usual:
    usual = learn(tuple(counts), slots(len(counts)))
    assert usual is not None
    return usual


def least_storm(usual: Usual, slot: int = 12) -> int:
    """The smallest count that is one."""
    return next(count for count in range(10_000) if usual.is_spike(count, [slot], ALPHA))


# The sum


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 80), st.one_of(st.just(1.0), st.floats(1.01, 12)), st.integers(0, 60))
def test_the_tail_is_the_sum_of_all_that_is_as_large(mean: float, spread: float, count: int) -> None:
    variance = mean * spread
    if spread == 1.0:
        terms = [math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count)]
    else:
        size, rate = mean / (spread - 1), (spread - 1) / spread
        terms = [
            math.exp(
                math.lgamma(n + size) - math.lgamma(size) - math.lgamma(n + 1)
                + size * math.log(1 - rate) + n * math.log(rate)
            )
            for n in range(count)
        ]  # fmt: skip
    assert tail(count, mean, variance) == pytest.approx(1 - math.fsum(terms), abs=1e-7)
    assert tail(count + 1, mean, variance) <= tail(count, mean, variance) <= 1


def test_a_tail_that_is_next_to_nothing_is_not_lost_in_rounding() -> None:
    assert 0 < tail(200, 5, 10) < 1e-40


def test_the_stated_rate_is_shared_among_the_looks_and_the_series() -> None:
    assert alpha_of(4, 2) * LOOKS * 2 == pytest.approx(4)
    assert pytest.approx(35_064) == LOOKS


def test_a_series_of_nothing_and_thousands_is_summed_in_no_time() -> None:
    assert tail(10**7, 3_000, 3_000 * 5e5) == pytest.approx(tail(10**5, 30, 30 * 5e3), rel=0.05)
    assert tail(10**9, 1e6, 1e6 * 1e9) < 1


# What is usual


def test_ninety_where_fourteen_are_usual_is_a_storm() -> None:
    usual = usual_of(drawn(24 * 21, 14, spread=5))
    assert usual.is_spike(90, [18], ALPHA)
    assert round(usual.expected([18])) in range(11, 18)
    assert not usual.is_spike(30, [18], ALPHA)


@pytest.mark.parametrize("spread", [3.0, 8.0])
def test_a_brand_that_varies_more_needs_more(spread: float) -> None:
    calm, wild = usual_of(drawn(24 * 28, 20, 1.0)), usual_of(drawn(24 * 28, 20, spread))
    assert least_storm(wild) >= least_storm(calm)
    assert wild.spread == pytest.approx(spread, rel=0.35)


def test_fewer_than_ten_are_never_a_storm_and_ten_can_be() -> None:
    usual = usual_of([0] * 24 * 28)
    assert not usual.is_spike(FLOOR - 1, [12], ALPHA)
    assert usual.is_spike(FLOOR, [12], ALPHA)


def test_a_third_more_is_no_storm_however_certain_it_is() -> None:
    usual = usual_of([10_000 + (-1) ** hour * 50 for hour in range(24 * 28)])
    assert usual.chance(13_500, [12]) < ALPHA
    assert not usual.is_spike(13_500, [12], ALPHA)
    assert usual.is_spike(16_000, [12], ALPHA)


def test_the_hour_of_the_day_counts() -> None:
    counts = [40 if hour % 24 in range(9, 18) else 4 for hour in range(24 * 28)]
    usual = usual_of(counts)
    assert not usual.is_spike(50, [12], ALPHA)
    assert usual.is_spike(50, [3], ALPHA)
    assert usual.expected([12]) == pytest.approx(40, rel=0.1)
    assert usual.expected([3]) == pytest.approx(4, rel=0.25)


def test_weekends_have_hours_of_their_own_after_three_weeks() -> None:
    def at(weeks: int) -> Usual:
        return usual_of([30 if slot < 24 else 5 for slot in slots(24 * 7 * weeks)])

    assert at(8).expected([36]) == pytest.approx(5, rel=0.3)
    assert at(8).expected([12]) == pytest.approx(30, rel=0.15)
    assert at(2).expected([36]) == at(2).expected([12])


def test_few_days_are_drawn_towards_the_level() -> None:
    counts = [40 if hour % 24 == 12 else 10 for hour in range(24 * 56)]
    few, many = usual_of(counts[: 24 * 3]), usual_of(counts)
    assert 11 < few.expected([12]) < many.expected([12]) == pytest.approx(40, rel=0.05)


def test_a_storm_does_not_teach_that_storms_are_usual() -> None:
    calm = drawn(24 * 42, 10, 2)
    stormy = list(calm)
    for begins in (200, 600, 900):
        stormy[begins : begins + 8] = [300] * 8
    assert least_storm(usual_of(stormy)) <= least_storm(usual_of(calm)) * 1.35


def test_a_brand_that_has_grown_is_no_storm_for_ever() -> None:
    grown = drawn(24 * 42, 10, 2) + drawn(24 * 5, 30, 2, seed=2)
    assert usual_of(grown).expected([12]) > 20, "after five days most of it is believed"
    assert not usual_of(grown).is_spike(40, [12], ALPHA)
    assert usual_of(grown[: 24 * 42]).is_spike(40, [12], ALPHA)


def test_a_month_of_hours_like_any_others_has_no_storm() -> None:
    counts = drawn(24 * 84, 12, 4, seed=5)
    usual = usual_of(counts[: 24 * 56])
    assert not any(usual.is_spike(count, [slot], ALPHA) for count, slot in zip(counts, slots(24 * 84), strict=True))


# The start


def test_before_a_day_is_known_nothing_is_usual() -> None:
    assert learn((5,) * (FIRST - 1), slots(FIRST - 1)) is None
    assert learn((5,) * FIRST, slots(FIRST)) is not None


def test_in_the_first_three_days_the_busiest_hour_is_held_to_be_usual() -> None:
    counts = [2] * 47 + [30]
    usual = usual_of(counts)
    assert usual.expected([3]) >= 25
    assert not usual.is_spike(35, [3], ALPHA)
    assert usual_of([2] * 100).is_spike(35, [3], ALPHA)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=FIRST, max_size=200))
def test_no_history_breaks_it(counts: list[int]) -> None:
    usual = usual_of(counts)
    for count in (0, 10, 1_000, 1_000_000):
        assert 0 <= usual.chance(count, [0, 0, 1, 25]) <= 1
    assert usual.is_spike(10_000_000, [5], ALPHA)


# What came late


def test_what_was_written_over_many_hours_is_no_rise_when_it_comes_at_once() -> None:
    spread_out = [MONDAY + timedelta(minutes=5 * number) for number in range(120)]
    assert busiest(spread_out) == 12
    assert busiest([MONDAY + timedelta(seconds=number) for number in range(120)]) == 120
    assert busiest([None] * 7 + spread_out) == 19
    assert busiest([]) == 0


# The words


def test_the_words_that_many_share_now_and_did_not_before() -> None:
    before = [f"heron flight to oslo was late again number{n}" for n in range(40)]
    now = [f"heron flight cancelled, strike at the gate, number{n} https://x.example/strike @heron" for n in range(40)]
    found = dict(shared_words(now, before, 6))
    assert set(found) == {"cancelled", "strike", "gate"}
    assert found["strike"] == 40


def test_without_a_past_common_words_say_nothing() -> None:
    now = ["they would not even answer about the strike please"] * 5
    assert {word for word, _ in shared_words(now, [], 6)} == {"answer", "strike"}


def test_a_word_of_few_is_not_shared() -> None:
    assert shared_words(["strike here", "strike there", *["lovely weather"] * 60], [], 3)[0][0] in ("lovely", "weather")
    assert shared_words([], [], 3) == ()
