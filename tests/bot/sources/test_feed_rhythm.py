from datetime import datetime, timedelta

import pytest

from bot.fetch import Answer
from bot.sources.syndication.rhythm import gap_of, not_before
from tests.bot.sources.feedserver import NOW

SLOWEST = timedelta(hours=2)


def wait(
    gap: timedelta = timedelta(), silence: timedelta = timedelta(), *, is_search: bool = False, ttl: int = 0
) -> timedelta:
    last = int((NOW - silence).timestamp())
    minutes = int(gap.total_seconds() // 60)
    moment = not_before(
        Answer(200, {}, b"", ""), now=NOW, ttl=ttl, gap=minutes, last=last, slowest=SLOWEST, is_search=is_search
    )
    return moment - NOW if moment else timedelta()


@pytest.mark.parametrize(
    ("gap", "silence", "rest"),
    [
        (timedelta(), timedelta(), timedelta()),
        (timedelta(minutes=48), timedelta(), timedelta(minutes=1)),
        (timedelta(days=1), timedelta(hours=3), timedelta(minutes=30)),
        (timedelta(days=1), timedelta(days=2), timedelta(hours=1)),
        (timedelta(days=30), timedelta(), SLOWEST),
        (timedelta(), timedelta(days=900), SLOWEST),
        (timedelta(), timedelta(days=-3), timedelta()),
    ],
)
def test_the_seldomer_it_has_news_the_seldomer_it_is_asked(gap: timedelta, silence: timedelta, rest: timedelta) -> None:
    assert wait(gap, silence) == rest


def test_a_search_is_asked_as_often_as_ever_however_long_it_was_empty() -> None:
    assert wait(timedelta(days=30), timedelta(days=300), is_search=True) == timedelta()


def test_what_the_feed_itself_wants_counts_when_it_is_longer() -> None:
    assert wait(timedelta(days=1), ttl=180) == timedelta(hours=3)


def test_its_rhythm_is_that_of_its_newest_entries() -> None:
    daily = [NOW - timedelta(days=number) for number in range(10)]
    old = [datetime(2001, 1, 1, tzinfo=NOW.tzinfo) + timedelta(minutes=number) for number in range(200)]
    assert gap_of([*old, *daily]) == 24 * 60
    assert gap_of(daily[:2]) == 0
    assert gap_of([]) == 0
