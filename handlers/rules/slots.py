"""When a briefing is due and what it covers: rules on local dates. Pure; moments are UTC.

A slot is known by its local date. Its moment is the first instant at which the clocks of its zone have reached its time
of day: in an hour that is skipped the instant after, in one that is repeated the first. It covers the local days from
the slot before it up to its own, so that the slots of a schedule add up to all of the time.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EVERY = ("daily", "working days", "weekly", "monthly", "quarterly", "annual")
MOST = 31  # slots that are looked at, or become one, at a time: a clock that is years ahead must not fill the file
LAST = 31  # as a day of the month: its last one
_MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}
_DAY = timedelta(days=1)
_SEARCHED = 100  # days in a row that may be off before a working day is given up


def is_weekday(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Which local dates have a slot.

    `day` is the weekday of a weekly one (0 is Monday), or the day of the month; a shorter month has it on its last day.
    """

    every: str
    day: int = 0
    is_working: Callable[[date], bool] = is_weekday

    def at_or_before(self, day: date) -> date | None:
        """The last date with a slot up to and with this one; None when working days have not been for long."""
        if self.every in _MONTHS:
            return self._of_months(day)
        if self.every == "weekly":
            return day - (day.weekday() - self.day) % 7 * _DAY
        if self.every == "daily":
            return day
        days = (day - ahead * _DAY for ahead in range(_SEARCHED))
        return next((one for one in days if self.is_working(one)), None)

    def before(self, day: date) -> date | None:
        """The last date with a slot before this one."""
        return self.at_or_before(day - _DAY)

    def after(self, day: date) -> date | None:
        """The next date with a slot after this one."""
        if self.every == "working days":
            days = (day + ahead * _DAY for ahead in range(1, _SEARCHED))
            return next((one for one in days if self.is_working(one)), None)
        longest = {"daily": 1, "weekly": 7, "monthly": 62, "quarterly": 184, "annual": 732}[self.every]
        found = self.at_or_before(day + longest * _DAY)
        while found is not None and (earlier := self.before(found)) is not None and earlier > day:
            found = earlier
        return found

    def _of_months(self, day: date) -> date:
        step = _MONTHS[self.every]
        month = day.year * 12 + (day.month - 1) // step * step
        found = self._in_month(month)
        return found if found <= day else self._in_month(month - step)

    def _in_month(self, month: int) -> date:
        year, index = divmod(month, 12)
        return date(year, index + 1, min(max(self.day, 1), calendar.monthrange(year, index + 1)[1]))


def due(rhythm: Rhythm, at: time, zone: ZoneInfo, now: datetime, since: datetime) -> Iterator[date]:
    """Dates whose moment lies after `since` and not after `now`, the newest first; at most `MOST`."""
    day = rhythm.at_or_before(now.astimezone(zone).date())
    for _ in range(MOST):
        if day is None:
            return
        comes = moment(day, at, zone)
        if comes <= since:
            return
        if comes <= now:
            yield day
        day = rhythm.before(day)


def following(rhythm: Rhythm, at: time, zone: ZoneInfo, now: datetime) -> date | None:
    """The date of the next slot after `now`."""
    day = rhythm.after(now.astimezone(zone).date() - _DAY)
    while day is not None and moment(day, at, zone) <= now:
        day = rhythm.after(day)
    return day


@lru_cache(maxsize=4096)  # a tick asks for the same few
def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone have reached a time of day on a date, UTC."""
    told = datetime.combine(day, at)
    first = told.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == told:
        return first
    return _first_after(first, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, UTC."""
    return moment(day, time(), zone)


def _first_after(late: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped over a time that does not exist. `late` is no earlier than it."""
    offset = late.astimezone(zone).utcoffset()
    early = late - _DAY
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)
