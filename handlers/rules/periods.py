"""Stretches of time as people name them, in the local days of a team's zone, and what they are compared with."""

import calendar
import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from handlers.rules.locales import Locale
from handlers.rules.when import clock, duration
from storage.errors import InvalidInput
from storage.types import Window

QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_MOMENT = timedelta(microseconds=1)
_OLDEST = timedelta(days=3_653)
_USUAL = 4  # weeks
_LONGEST = 60  # characters of a period
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_NAMED = {
    "today": "Today", "yesterday": "Yesterday", "week": "This week", "last week": "Last week",
    "month": "This month", "last month": "Last month", "quarter": "This quarter", "last quarter": "Last quarter",
    "year": "This year", "last year": "Last year",
}  # fmt: skip
NAMES = (*_NAMED, "24h", "7d", "30d")  # the periods that are asked for most, as they are typed
_LENGTH = re.compile(r"(?:\d+[smhdw] ?)+")
_UNITS = re.compile(r"(?<=\d) ?(m|h|d|w)(?:in|ins|inute|inutes|our|ours|ay|ays|eek|eeks)?\b")
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?")
_HOW = "Write today, yesterday, 24h, 7d, week, last month, quarter, year, or 2026-11-01..2026-11-15."


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that somebody asked for. `name` is how it is typed: read at the same moment, it is the same."""

    name: str
    window: Window  # one that still runs ends at the next quarter of an hour
    before: Window  # the same stretch before; of one that still runs, up to the same point
    usual: tuple[Window, ...]  # of a day the same weekday of the last four weeks, of a week those weeks; else none
    steps: tuple[Window, ...]  # what a chart shows, oldest first; together they are the window
    zone: ZoneInfo
    grain: str = "day"  # what a step is: 15 minutes, hour, 2 hours, 3 hours, day, week, month, quarter, year
    against: str = ""  # what `before` is, in words: the day before
    usually: str = ""  # what `usual` is, in words: a usual Monday; "" when there is none


def read_period(text: str, now: datetime, zone: ZoneInfo) -> Period:
    """today, yesterday, 24h, 7d, week, last month, 2026-11-01..2026-11-15, 2026-11-01. "" is today.

    Raises InvalidInput, with did-you-mean, for what cannot be read, lies ahead, is reversed or older than ten years.
    """
    typed = _tidy(text)
    today = now.astimezone(zone).date()
    if (days := _named_days(typed or "today", today)) is not None:
        return days_period(*days, zone, now=now, name=typed or "today")
    if (days := _typed_days(typed)) is not None:
        return days_period(*days, zone, now=now, name=typed)
    try:
        return _rolling(typed.removeprefix("last "), now, zone)
    except InvalidInput as error:
        raise error if _LENGTH.fullmatch(typed) else _not_a_period(typed) from None


def days_period(first: date, end: date, zone: ZoneInfo, *, now: datetime, name: str = "") -> Period:
    """The local days from `first` up to and without `end`; they know when they are a week, month, quarter or year.

    Days that are not over at `now` end at its next quarter of an hour. Raises InvalidInput as `read_period`.
    """
    _refuse_days(first, end, now, zone)
    whole = days_window(first, end, zone)
    now_local = _next_quarter(now).astimezone(zone).replace(tzinfo=None)
    is_running = now < whole.end
    window = Window(whole.start, min(whole.end, _next_quarter(now)))
    months, days = _months_of(first, end), (end - first).days
    came_before = _months_back(first, months) if months else first - timedelta(days=days)
    before = days_window(came_before, first, zone)
    if is_running:
        begun = datetime.combine(came_before, time())
        until = begun + (min(now_local, datetime.combine(end, time())) - datetime.combine(first, time()))
        before = Window(before.start, max(before.start, min(before.end, _utc(until, zone))))
    usual: tuple[Window, ...] = ()
    if days == 1 or (days == 7 and not months):
        usual = _weeks_before(window, zone)
    name = name or (str(first) if days == 1 else f"{first}..{end - timedelta(days=1)}")
    steps, grain = _steps(window, zone)
    against, usually = _compared(first, days, months, is_running=is_running)
    return Period(name, window, before, usual, steps, zone, grain, against, usually)


def days_window(first: date, end: date, zone: ZoneInfo) -> Window:
    """From the local midnight that begins `first` to the one that begins `end`. Raises ValueError when reversed."""
    return Window(_midnight(first, zone), _midnight(end, zone))


def titled(period: Period, now: datetime, locale: Locale) -> str:
    """For a heading: Today, Mon 23 Nov; Last 24 hours; This week, 16–22 Nov; 3–9 Feb 2015."""
    zone, window = period.zone, period.window
    if match := _LENGTH.fullmatch(period.name):
        words = _length_in_words(duration(match[0]))
        return f"Last {words}" if now < window.end + _HOUR else f"{words} up to {clock(window.end, now, zone)}"
    told = spanned(window, now, zone, locale)
    days = _named_days(period.name, now.astimezone(zone).date())
    is_still = days is not None and _midnight(days[0], zone) == window.start  # today is no longer today on the morrow
    return f"{_NAMED[period.name]}, {told}" if is_still else told


def spanned(window: Window, now: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """The days that a window touches: Sun 22 Nov, 16–22 Nov; the year is told when it is another."""
    first, last = touched(window, zone)
    has_year = {first.year, last.year} != {now.astimezone(zone).year}
    if first == last:
        return f"{locale.day(first)} {first.year}" if has_year else locale.day(first)
    return locale.span(first, last, with_year=has_year)


def touched(window: Window, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last local day that a window touches."""
    first, last = (moment.astimezone(zone).date() for moment in (window.start, window.end - _MOMENT))
    return first, max(first, last)


# Reading


def _tidy(text: str) -> str:
    """As names are known: "Last  Week" is "last week", "2026-11-01 to 2026-11-15" is "2026-11-01..2026-11-15"."""
    words = _UNITS.sub(r"\1", " ".join(text.lower().split()).removeprefix("this "))
    return re.sub(r"(?<=\d) ?(?:\.{2,3}|…|–| to | - ) ?(?=\d{4}-)", "..", words)[:_LONGEST]


def _named_days(name: str, today: date) -> tuple[date, date] | None:
    """The whole days of a name, the end not included."""
    if name in ("today", "yesterday"):
        first = today - timedelta(days=name == "yesterday")
        return first, first + timedelta(days=1)
    is_last, kind = name.startswith("last "), name.removeprefix("last ")
    if kind == "week":
        first = today - timedelta(days=today.weekday() + 7 * is_last)
        return first, first + timedelta(days=7)
    if kind not in _MONTHS:
        return None
    months = _MONTHS[kind]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    if is_last:
        first = _months_back(first, months)
    return first, _months_back(first, -months)


def _typed_days(typed: str) -> tuple[date, date] | None:
    """A day, or two with dots between, both included; None for what does not look like it."""
    match = _DATES.fullmatch(typed)
    if match is None:
        return None
    try:
        first, last = (date.fromisoformat(one) for one in (match[1], match[2] or match[1]))
    except ValueError:
        raise InvalidInput(f'"{typed}" has a day that does not exist.', _HOW, field="what") from None
    if last.year == date.max.year:  # the day after it may have no date
        raise InvalidInput(f"{last} lies ahead.", _HOW, field="what")
    if last < first:
        raise InvalidInput(f"{first} is after {last}.", f"Write {last}..{first}.", field="what")
    return first, last + timedelta(days=1)


def _rolling(typed: str, now: datetime, zone: ZoneInfo) -> Period:
    """The length of time that ends at the next quarter of an hour."""
    length = duration(typed)
    if length < QUARTER or length % QUARTER:
        raise InvalidInput("A period is made of quarters of an hour.", "Write 15m, 24h, 7d or 2w.", field="what")
    if length > _OLDEST:
        raise _too_old()
    end = _next_quarter(now)
    window = Window(end - length, end)
    usual: tuple[Window, ...] = ()
    if length <= timedelta(days=1) or length == timedelta(days=7):
        usual = _weeks_before(window, zone)
    steps, grain = _steps(window, zone)
    words = _length_in_words(length)
    usually = "" if not usual else f"the usual {'week' if length == timedelta(days=7) else words}"
    before = Window(window.start - length, window.start)
    return Period(typed.replace(" ", ""), window, before, usual, steps, zone, grain, f"the {words} before", usually)


def _refuse_days(first: date, end: date, now: datetime, zone: ZoneInfo) -> None:
    today = now.astimezone(zone).date()
    if first >= end:
        raise InvalidInput(f"{first} is not before {end}.", _HOW, field="what")
    if first > today or (end - timedelta(days=1) > today and not _is_calendar(first, end)):
        raise InvalidInput(f"That lies ahead: today is {today}.", _HOW, field="what")
    if first < (now - _OLDEST).astimezone(zone).date():
        raise _too_old()


def _is_calendar(first: date, end: date) -> bool:
    """Whether it is a week, month, quarter or year, which may still run."""
    return bool(_months_of(first, end)) or ((end - first).days == 7 and first.weekday() == 0)


def _too_old() -> InvalidInput:
    return InvalidInput("A period reaches back ten years at most.", _HOW, field="what")


def _not_a_period(typed: str) -> InvalidInput:
    close = difflib.get_close_matches(typed, NAMES, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return InvalidInput(f'"{typed[:40]}" is not a period.', f"{guess}{_HOW}", field="what")


# Calendar


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins: where the clock skips midnight, the moment at which it does."""
    return _utc(datetime.combine(day, time()), zone)


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _next_quarter(now: datetime) -> datetime:
    whole = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return whole.astimezone(UTC) + QUARTER


def _months_back(first: date, months: int) -> date:
    """The first of a month, so many months before it; after it when `months` is negative."""
    count = first.year * 12 + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _months_of(first: date, end: date) -> int:
    """1, 3 or 12 for a calendar month, quarter or year; 0 for anything else."""
    if first.day != 1 or end.day != 1:
        return 0
    months = (end.year - first.year) * 12 + end.month - first.month
    return months if months in _MONTHS.values() and (first.month - 1) % months == 0 else 0


def _weeks_before(window: Window, zone: ZoneInfo) -> tuple[Window, ...]:
    """The same hours on the clock in the weeks before; without those that the clock skipped."""
    start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (window.start, window.end))
    weeks = [timedelta(weeks=back) for back in range(1, _USUAL + 1)]
    found = [(_utc(start - back, zone), _utc(end - back, zone)) for back in weeks]
    return tuple(Window(first, last) for first, last in found if first < last)


def _compared(first: date, days: int, months: int, *, is_running: bool) -> tuple[str, str]:
    """What a period is compared with: the stretch before, and the usual."""
    by_now = " up to the same time" if is_running else ""
    if months:
        return f"the {next(name for name, count in _MONTHS.items() if count == months)} before{by_now}", ""
    if days == 1:
        return f"the day before{by_now}", f"the usual {calendar.day_name[first.weekday()]}"
    if days == 7:
        return f"the {'week' if first.weekday() == 0 else '7 days'} before{by_now}", "the usual week"
    return f"the {days} days before{by_now}", ""


def _length_in_words(length: timedelta) -> str:
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if length % unit == timedelta() and (length > unit or unit < timedelta(days=1)):
            count = length // unit
            return name if count == 1 else f"{count} {name}s"
    raise ValueError(f"no whole minutes: {length}")


# Steps of charts


def _steps(window: Window, zone: ZoneInfo) -> tuple[tuple[Window, ...], str]:
    """At most some thirty stretches that make up the window, and what each of them is."""
    for longest, length, grain in _SHORT:
        if window.length <= longest:
            starts = [window.start + length * count for count in range(-(-window.length // length))]
            return _between([*starts, window.end]), grain
    days = window.length / timedelta(days=1)
    grain, following = next((name, step) for most, name, step in _LONG if days <= most)
    starts = [window.start]
    while (at := _midnight(following(starts[-1].astimezone(zone).date()), zone)) < window.end:
        starts.append(at)
    return _between([*starts, window.end]), grain


def _between(moments: Sequence[datetime]) -> tuple[Window, ...]:
    return tuple(Window(start, end) for start, end in pairwise(moments))


def _next_day(day: date) -> date:
    return day + timedelta(days=1)


def _next_week(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _next_month(day: date) -> date:
    return _months_back(day.replace(day=1), -1)


def _next_three_months(day: date) -> date:
    return _months_back(day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1), -3)


def _next_year(day: date) -> date:
    return date(day.year + 1, 1, 1)


_SHORT = (
    (3 * _HOUR, QUARTER, "15 minutes"),
    (26 * _HOUR, _HOUR, "hour"),  # a day with a clock change has 25
    (50 * _HOUR, 2 * _HOUR, "2 hours"),
    (74 * _HOUR, 3 * _HOUR, "3 hours"),
)
_LONG: tuple[tuple[float, str, Callable[[date], date]], ...] = (
    (36, "day", _next_day),
    (100, "week", _next_week),
    (950, "month", _next_month),
    (2_850, "quarter", _next_three_months),
    (float("inf"), "year", _next_year),
)
