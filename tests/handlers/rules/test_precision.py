"""The interval of a share says how little a few judgements tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.precision import wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [
        (30, 35, 0.706, 0.937),
        (1, 60, 0.003, 0.089),
        (0, 10, 0.0, 0.278),
        (10, 10, 0.722, 1.0),
        (81, 263, 0.255, 0.366),  # Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.062, 0.161),
        (0, 20, 0.0, 0.161),
        (1, 29, 0.006, 0.172),
    ],
)
def test_intervals_are_those_that_are_published(successes: int, total: int, low: float, high: float) -> None:
    assert wilson(successes, total) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


def test_nothing_measured_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "total"), [(-1, 5), (6, 5), (0, -1)])
def test_what_cannot_be_counted_is_refused(successes: int, total: int) -> None:
    with pytest.raises(ValueError, match="of"):
        wilson(successes, total)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_it_holds_the_share_and_mirrors_and_narrows(counts: tuple[int, int]) -> None:
    successes, total = counts
    low, high = wilson(successes, total)
    assert 0 <= low <= successes / total <= high <= 1
    assert wilson(total - successes, total) == (pytest.approx(1 - high), pytest.approx(1 - low))
    wide = wilson(successes, total, z=2.58)
    more = wilson(10 * successes, 10 * total)
    assert wide[1] - wide[0] >= high - low >= more[1] - more[0]
