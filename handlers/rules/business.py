"""The business clock: it runs while the team works, and stands still at night, on days off and over lunch.

Hours are local wall time. On a day when clocks change they are as long as they really are: an hour that is skipped is
not there, an hour that is repeated counts twice.
"""

import importlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from handlers.rules.policy import BusinessHours

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_NONE = timedelta()
_MINUTES = 1440  # of a day on the wall
_FURTHEST = 7_300  # days that are looked at for the next open moment: a clock that never runs ends there
_REMEMBERED = 5_000  # days
_INTERVAL = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")  # people type both

Stretch = tuple[datetime, datetime]  # from, and up to and without; UTC


class BusinessClock:
    """How much of the team's time lies between two moments. All moments are UTC; `zone` is the team's."""

    def __init__(self, hours: BusinessHours, zone: ZoneInfo) -> None:
        """Raises ValueError for hours and dates that cannot be read."""
        self._zone = ZoneInfo(hours.timezone) if hours.timezone else zone
        self._week = tuple(tuple(map(read_interval, hours.days.get(name, ()))) for name in DAYS)
        self._closed = frozenset(map(date.fromisoformat, hours.closed))
        self._codes = hours.holidays
        self._days: dict[date, tuple[Stretch, ...]] = {}

    def is_open(self, moment: datetime) -> bool:
        return any(start <= moment < end for start, end in self._open(self._day(moment)))

    def add(self, since: datetime, length: timedelta) -> datetime:
        """The first moment when so much business time has passed; for a negative length the last one before it.

        A clock that never runs gives a moment twenty years away.
        """
        if length < _NONE:
            return self._back(since, -length)
        for start, end in self._stretches(since) if length else ():
            begun = max(start, since)
            if length <= end - begun:
                return begun + length
            length -= end - begun
        return since + _FURTHEST * _DAY if length else since

    def between(self, first: datetime, last: datetime) -> timedelta:
        """The business time from one moment to another; negative when the other is earlier."""
        if last < first:
            return -self.between(last, first)
        day, until = self._day(first), self._day(last)
        passed = _NONE
        while day <= until:
            for start, end in self._open(day):
                passed += max(min(end, last) - max(start, first), _NONE)
            day += _DAY
        return passed

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself while the team works, else when it begins again."""
        found = next(self._stretches(moment), None)
        return max(found[0], moment) if found else moment + _FURTHEST * _DAY

    def open_until(self, moment: datetime) -> datetime | None:
        """When the team stops working; None when it does not work at that moment."""
        ending = None
        for start, end in islice(self._stretches(moment), _REMEMBERED):
            if start > (ending or moment):
                break
            ending = end
        return ending

    def _back(self, until: datetime, length: timedelta) -> datetime:
        day = self._day(until)
        for _ in range(_FURTHEST):
            for start, end in reversed(self._open(day)):
                ended = min(end, until)
                if start < ended:
                    if length <= ended - start:
                        return ended - length
                    length -= ended - start
            day -= _DAY
        return until - _FURTHEST * _DAY

    def _stretches(self, since: datetime) -> Iterator[Stretch]:
        """Every open stretch that ends after a moment, in order."""
        day = self._day(since)
        for _ in range(_FURTHEST):
            yield from ((start, end) for start, end in self._open(day) if end > since)
            day += _DAY

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _open(self, day: date) -> tuple[Stretch, ...]:
        """When the team works on a local date."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            found = self._days[day] = tuple(_really(day, self._on_the_wall(day), self._zone))
        return found

    def _on_the_wall(self, day: date) -> list[tuple[int, int]]:
        """The day's hours in minutes from midnight, with what is left of the night that began the day before."""
        begun = [(start, min(end, _MINUTES)) for start, end in self._hours(day)]
        left = [(0, end - _MINUTES) for _, end in self._hours(day - _DAY) if end > _MINUTES]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(begun + left):
            if merged and start <= merged[-1][1]:
                start, end = merged[-1][0], max(end, merged.pop()[1])
            merged.append((start, end))
        return merged

    def _hours(self, day: date) -> tuple[tuple[int, int], ...]:
        hours = self._week[day.weekday()]
        if hours and (day in self._closed or any(day in days_off(code, day.year) for code in self._codes)):
            return ()
        return hours


def read_interval(text: str) -> tuple[int, int]:
    """Hours of a day in minutes from midnight: 09:00-17:00 is (540, 1020); 22:00-02:00 ends at 1560, on the next day.

    Raises ValueError for anything else.
    """
    found = _INTERVAL.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"no hours: {text}")
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if start == end or start >= _MINUTES or end > _MINUTES or int(found[2]) > 59 or int(found[4]) > 59:
        raise ValueError(f"no hours: {text}")
    return start, end if end > start else end + _MINUTES


@lru_cache(maxsize=512)
def days_off(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country (DE) or of a part of one (DE-BE) in a year. Raises ValueError for others."""
    country, _, part = code.strip().upper().partition("-")
    try:
        found = _calendars().country_holidays(country, subdiv=part or None, years=year)
    except NotImplementedError:
        raise ValueError(f"no country, or no part of it: {code}") from None
    return frozenset(day for day in found if day.year == year)


def known_codes(country: str = "") -> list[str]:
    """The countries whose holidays are known, or the parts of one of them, as `days_off` takes them."""
    known: dict[str, list[str]] = _calendars().list_supported_countries()
    return [f"{country}-{part}" for part in known.get(country, ())] if country else list(known)


def _calendars() -> Any:
    """Loaded when a team names a country: it would be a large part of every start of the program."""
    return importlib.import_module("holidays")


def _really(day: date, hours: Iterable[tuple[int, int]], zone: ZoneInfo) -> Iterator[Stretch]:
    """Hours on the wall of a local date as moments: those whose local time lies within."""
    midnight = datetime.combine(day, time(), UTC)
    spans = list(_offsets(midnight, zone))
    for first, last, offset in spans:
        for start, end in hours:
            begun = max(midnight + timedelta(minutes=start) - offset, first)
            ended = min(midnight + timedelta(minutes=end) - offset, last)
            if begun < ended:
                yield begun, ended


def _offsets(midnight: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """From when to when the zone is how far from UTC, around a local date. `midnight` is its beginning as if in UTC."""
    first, last = midnight - timedelta(hours=15), midnight + timedelta(hours=39)
    before, after = _offset(first, zone), _offset(last, zone)
    if before == after:
        yield first, last, before
        return
    early, late = first, last
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if _offset(middle, zone) == before:
            early = middle
        else:
            late = middle
    yield first, late, before
    yield late, last, after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _NONE
