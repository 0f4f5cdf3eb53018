"""Whether a team's hours, days off, quiet hours and roster make sense: lines, as in `policy_checks`."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import available_timezones

from bot.spelling import did_you_mean
from handlers.rules.business import DAYS, days_off, known_codes, read_interval
from handlers.rules.policy import BusinessHours, Duty, Policy, Route
from handlers.rules.quiet import OUTSIDE, hours_of, is_outside

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_DAY = timedelta(days=1)
_MINUTES = 1440  # of a day
_ANY_YEAR = 2026  # a country whose holidays are known is known for this year


class _Hours(NamedTuple):
    """Hours on the wall, in minutes from the beginning of the week or the day, and where they are written."""

    start: int
    end: int
    at: str
    text: str


def check_clocks(policy: Policy) -> Iterator[str]:
    """Every mistake in the tables of times."""
    yield from _business_hours(policy.business_hours)
    for number, route in enumerate(policy.routes):
        yield from _quiet(route, f"routes[{number}].quiet")
    yield from _duty(policy.duty)


def check_zone(name: str, at: str) -> Iterator[str]:
    """Whether it is a time zone."""
    known = _zones()
    if name not in known:
        yield f'{at}: "{name}" is no time zone{did_you_mean(name, known, "; write one like Europe/Berlin.")}'


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _business_hours(hours: BusinessHours) -> Iterator[str]:
    at = "business_hours"
    written: list[_Hours] = []
    for name, texts in hours.days.items():
        if name not in DAYS:
            yield f'{at}.days.{name}: "{name}" is no day of the week{did_you_mean(name, DAYS, "; write monday.")}'
            continue
        for place, text in enumerate(texts):
            where = f"{at}.days.{name}[{place}]"
            found = _interval(text)
            if found is None:
                yield _no_hours(text, where)
            else:
                begun = DAYS.index(name) * _MINUTES
                written.append(_Hours(begun + found[0], begun + found[1], where, text))
    yield from _overlaps(written, 7 * _MINUTES)
    if not any(hours.days.values()):
        yield f'{at}.days: there are no hours in it; write monday = ["09:00-17:00"].'
    if hours.timezone:
        yield from check_zone(hours.timezone, f"{at}.timezone")
    for place, code in enumerate(hours.holidays):
        yield from _country(code, f"{at}.holidays[{place}]")
    for place, day in enumerate(hours.closed):
        if not _DATE.fullmatch(day) or _read(day) is None:
            yield f'{at}.closed[{place}]: "{day}" is no date; write it like 2026-12-24.'


def _interval(text: str) -> tuple[int, int] | None:
    try:
        return read_interval(text)
    except ValueError:
        return None


def _no_hours(text: str, at: str) -> str:
    return f'{at}: "{text}" are no hours; write them like "09:00-17:00", over midnight "22:00-02:00".'


def _overlaps(written: Sequence[_Hours], round_: int) -> Iterator[str]:
    """Hours that begin before others have ended; `round_` is after how many minutes they come again."""
    again = [one._replace(start=one.start + round_, end=one.end + round_) for one in written]
    ordered = sorted([*written, *again])
    said = set()
    for one, other in pairwise(ordered):
        if other.start < one.end and other.at not in said:
            said.add(other.at)
            yield f'{other.at}: "{other.text}" begins before "{one.text}" has ended; write each hour once.'


def _country(code: str, at: str) -> Iterator[str]:
    try:
        days_off(code, _ANY_YEAR)
    except ValueError:
        country = code.strip().upper().partition("-")[0]
        parts, like = known_codes(country), "; write a country like DE, or a part of one like DE-BE or US-CA."
        guess = did_you_mean(code, parts or known_codes(), f"; known: {', '.join(parts)}." if parts else like)
        yield f'{at}: "{code}" is no {"part of a " if parts else ""}country whose holidays are known{guess}'


def _quiet(route: Route, at: str) -> Iterator[str]:
    if not route.quiet.strip() or is_outside(route.quiet):
        return
    written = []
    for text in hours_of(route.quiet):
        found = _interval(text)
        if found is None:
            guess = did_you_mean(route.quiet, [OUTSIDE], f'; write "20:00-08:00", or "{OUTSIDE}".')
            yield f'{at}: "{text}" are no hours{guess}'
            return
        written.append(_Hours(*found, at, text))
    mistakes = list(_overlaps(written, _MINUTES))
    yield from mistakes[:1]
    if not mistakes and sum(one.end - one.start for one in written) >= _MINUTES:
        yield f"{at}: it would never end; leave an hour in which cards may come."


def _duty(duty: Duty) -> Iterator[str]:
    if duty.rota and not duty.since:
        yield 'duty.since: missing; write when the first of the rota begins: since = "2026-11-02 09:00".'
    elif duty.since and _moment(duty.since) is None:
        yield _no_moment(duty.since, "duty.since")
    if duty.every < _DAY or duty.every % _DAY:
        yield 'duty.every: should be whole days, such as "1d" or "7d".'
    swapped: list[tuple[datetime, datetime]] = []
    for number, swap in enumerate(duty.swaps):
        at = f"duty.swaps[{number}]"
        since, until = _moment(swap.since), _moment(swap.until)
        if since is None:
            yield _no_moment(swap.since, f"{at}.since")
        if until is None:
            yield _no_moment(swap.until, f"{at}.until")
        if since is None or until is None:
            continue
        if until <= since:
            yield f"{at}.until: should be later than since."
        elif any(since < end and start < until for start, end in swapped):
            yield f"{at}: two swaps at one time; only one person can be on duty."
        swapped.append((since, until))


def _no_moment(text: str, at: str) -> str:
    return f'{at}: "{text}" is no date with a time; write it like 2026-11-02 09:00.'


def _moment(text: str) -> datetime | None:
    return _read(text) if _MOMENT.fullmatch(text) else None


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
