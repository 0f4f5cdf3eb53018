"""When to ask a feed again: not before it wants to be asked, and the seldomer the seldomer it has news."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from bot.fetch import Answer, retry_after

LONGEST_TTL = timedelta(hours=4)  # some servers ask for a year; a mention must not wait that long

_LOOKS = 48  # a feed is asked so often between two entries: one that posts daily each half hour
_NEWEST = 10  # entries by which its rhythm is told
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


def gap_of(dates: Iterable[datetime]) -> int:
    """The usual time between two entries in minutes, 0 when too few have a date."""
    told = sorted(dates)[-_NEWEST:]
    gaps = [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(told)]
    return min(round(median(gaps)), 1_000_000) if len(gaps) >= 2 else 0


def not_before(
    answer: Answer, *, now: datetime, ttl: int, gap: int, last: int, slowest: timedelta, is_search: bool
) -> datetime | None:
    """When to ask again at the earliest; None for whenever the team wants.

    `ttl` and `gap` are minutes, `last` is when it last had news in seconds since 1970, 0 when unknown.
    """
    asked = retry_after(answer.headers.get("Retry-After", ""), now)
    max_age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
    wait = max(timedelta(minutes=min(ttl, 10_000)), timedelta(seconds=int(max_age[1]) if max_age else 0))
    own = timedelta() if is_search else min(_quiet(gap, last, now) / _LOOKS, slowest)
    wanted = max(now + min(wait, LONGEST_TTL), now + own, asked or now)
    return wanted if wanted > now else None


def _quiet(gap: int, last: int, now: datetime) -> timedelta:
    """The time between two entries, or since the last one if that is longer."""
    since = now - datetime.fromtimestamp(last, UTC) if 0 < last <= now.timestamp() else timedelta()
    return max(timedelta(minutes=gap), since, timedelta())
