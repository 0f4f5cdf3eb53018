"""Is a source silent where its own history says that it should not be? Pure, and stated in chances.

What is counted are quarters of an hour in which something came, not mentions: a page of fifty or a storm is heard once
a quarter, so neither makes a source look livelier than it is. From its last eight weeks a source has a profile by hour
of the week (each hour leans on its hour of the day and its day of the week, so that two weeks are enough to begin
with). How much it strays from its profile is measured over hours, quarter days and days; the chance of a silence is
that of a Gamma-Poisson count of nothing, with all three within each other. What strays by the hour is measured again
over days, so this errs on the side of patience. A source that has become quieter is judged by its last week.

Every time that it is heard, a new silence begins, so the chance of one silence is multiplied by how often it is heard
in a week: a verdict of 1 % is a false alarm in a hundred weeks of a source, however often it is looked at, as the
verdict is on the whole silence and that only grows. Nights and weekends are in the profile; a holiday is not.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median, median_low
from typing import NamedTuple
from zoneinfo import ZoneInfo

RARE = 0.01  # a silence that chance brings in a smaller share of weeks is an alarm
LOOKED_BACK = timedelta(weeks=8)
_LEAST_TIMES = 30  # quarters in which it was heard
_LEAST_DAYS = 14
_WEEK = 168  # hours
_SCALES = (1, 6, 24)  # hours
_USUAL_STRAY = 0.5  # variance beyond chance, as a share of the mean's square, while little is known
_BELIEF = 5  # blocks of time that say otherwise outweigh it
_FEW = 3.0
_LOUD, _LOUD_FEW = 3, 6  # times a usual day, and quarters more: what a day brings beyond is a storm, and tells nothing


class Heard(NamedTuple):
    """An hour in which a source was heard."""

    hour: int  # since 1970, in UTC
    quarters: float  # of its four in which something came
    mentions: int


def hour_of(moment: datetime) -> int:
    """Whole hours since 1970."""
    return int(moment.timestamp() // 3600)


def chance_of(history: Sequence[Heard], since: datetime, until: datetime, zone: ZoneInfo) -> float | None:
    """The share of weeks (at most 1) in which chance alone makes a source as silent as from `since` to `until`.

    None when it is not known well enough. `history` are the hours in which it was heard up to `since`, in order; `zone`
    is that of the people who write.
    """
    earliest, latest = hour_of(since - LOOKED_BACK), hour_of(since)
    known = [one for one in history if earliest <= one.hour <= latest]
    if until <= since or not known:
        return None
    first, end = known[0].hour, known[-1].hour
    times = sum([one.quarters for one in known])
    if times < _LEAST_TIMES or end - first < _LEAST_DAYS * 24:
        return None
    known = _without_storms(known)
    profile = _Profile(known, first, end, zone)
    weeks = (end - first) / _WEEK
    level = profile.level(known)
    expected = [level * share * profile.at(hour) for hour, share in _hours(since, until)]
    strays = [(scale, profile.stray(known, scale, weeks)) for scale in _SCALES]
    return min(1.0, _nothing(expected, strays) * times / weeks)


def usual(history: Sequence[Heard], since: datetime, until: datetime) -> int | None:
    """How many mentions came in the same stretch of the earlier weeks, by their median; None with fewer than two."""
    if not history:
        return None
    first, end = hour_of(since), hour_of(until)
    end = max(end, first + 1)
    counts = []
    for back in range(_WEEK, 9 * _WEEK, _WEEK):
        if first - back >= history[0].hour and end - back <= history[-1].hour:
            counts.append(sum([one.mentions for one in history if first - back <= one.hour < end - back]))
    return median_low(counts) if len(counts) >= 2 else None


def _without_storms(known: Sequence[Heard]) -> list[Heard]:
    """A day that is far beyond the usual one counts for as much as a loud day, so that it teaches little."""
    first, days = known[0].hour, [0.0] * ((known[-1].hour - known[0].hour) // 24 + 1)
    for one in known:
        days[(one.hour - first) // 24] += one.quarters
    loud = _LOUD * median(days) + _LOUD_FEW
    shares = [min(1.0, loud / day) if day else 1.0 for day in days]
    return [one._replace(quarters=one.quarters * shares[(one.hour - first) // 24]) for one in known]


class _Profile:
    """Quarters of an hour in which a source is heard, as expected for each hour of the week (local, Monday 0:00)."""

    def __init__(self, known: Sequence[Heard], first: int, end: int, zone: ZoneInfo) -> None:
        self._zone = zone
        self._shifts: dict[int, int] = {}
        self._first, self._end = first, end
        counts = [0.0] * _WEEK
        for one in known:
            counts[self._of_week(one.hour)] += one.quarters
        self._expected = _smooth(counts, self._lengths())
        self._over_time = [self.at(hour) for hour in range(first, end)]

    def at(self, hour: int) -> float:
        """Expected in an hour since 1970."""
        return self._expected[self._of_week(hour)]

    def level(self, known: Sequence[Heard]) -> float:
        """How lively the last week was against the profile, at most 1: a source that fades is believed."""
        start = max(self._first, self._end - _WEEK)
        came = sum(one.quarters for one in known if one.hour >= start)
        expected = sum(self._over_time[start - self._first :])
        return min(1.0, (came + _FEW) / (expected + _FEW))

    def stray(self, known: Sequence[Heard], scale: int, weeks: float) -> float:
        """The variance beyond chance of counts over `scale` hours, as a share of the square of their mean."""
        starts = range(0, len(self._over_time) - scale + 1, scale)
        expected = [sum(self._over_time[start : start + scale]) for start in starts]
        came = [0.0] * len(expected)
        for one in known:
            place = (one.hour - self._first) // scale
            if place < len(came):
                came[place] += one.quarters
        fitted = ((weeks + 1) / weeks) ** 2  # the profile was made from the same counts, and so lies too close to them
        beyond = sum((count - mean) ** 2 * fitted - mean for count, mean in zip(came, expected, strict=True))
        squares = sum(mean * mean for mean in expected)
        prior = _BELIEF * (sum(expected) / len(expected)) ** 2
        return max(0.0, (beyond + _USUAL_STRAY * prior) / (squares + prior))

    def _lengths(self) -> list[int]:
        """How many hours of each hour of the week were listened to."""
        whole, rest = divmod(self._end + 1 - self._first, _WEEK)
        lengths = [whole] * _WEEK
        for hour in range(self._end + 1 - rest, self._end + 1):
            lengths[self._of_week(hour)] += 1
        return lengths

    def _of_week(self, hour: int) -> int:
        """The hour of the local week, from Monday 0:00. The clocks are asked once a day."""
        day = hour // 24
        shift = self._shifts.get(day)
        if shift is None:
            noon = datetime.fromtimestamp(day * 86_400 + 43_200, UTC).astimezone(self._zone)
            shift = self._shifts[day] = math.floor((noon.utcoffset() or timedelta()).total_seconds() / 3600)
        return (hour + shift + 72) % _WEEK  # 1970 began on a Thursday


def _smooth(counts: Sequence[float], lengths: Sequence[int]) -> list[float]:
    """What is expected of each hour of the week: its own mean, which leans on its hour of the day and its day."""
    mean = sum(counts) / sum(lengths)
    by_hour = [_leaning(sum(counts[hour::24]), sum(lengths[hour::24]), mean) for hour in range(24)]
    starts = range(0, _WEEK, 24)
    by_day = [_leaning(sum(counts[at : at + 24]), sum(lengths[at : at + 24]), mean) for at in starts]
    both = [by_hour[at % 24] * by_day[at // 24] / mean for at in range(_WEEK)]
    return [_leaning(count, length, lean) for count, length, lean in zip(counts, lengths, both, strict=True)]


def _leaning(count: float, length: int, lean: float) -> float:
    """A mean that begins at `lean` and believes it as much as one count of its own."""
    return (count + 1) / (length + 1 / lean)


def _hours(start: datetime, end: datetime) -> Iterator[tuple[int, float]]:
    """The hours of a stretch of time, each with the share of it that lies inside."""
    since, until = start.timestamp() / 3600, end.timestamp() / 3600
    for hour in range(int(since), math.ceil(until)):
        yield hour, min(until, hour + 1) - max(since, hour)


def _nothing(expected: Sequence[float], strays: Sequence[tuple[int, float]]) -> float:
    """The chance of hearing nothing in hours of which so much is expected.

    Each hour strays from the profile by itself, and so does each quarter day and each day that they are in: what is
    expected counts for less and less.
    """
    counts, before = list(expected), 1
    for scale, stray in strays:
        size, before = scale // before, scale
        sums = [sum(counts[start : start + size]) for start in range(0, len(counts), size)]
        counts = [math.log1p(stray * one) / stray for one in sums] if stray > 1e-9 else sums
    return math.exp(-sum(counts))
