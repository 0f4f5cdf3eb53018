"""Times that people type and read. Typed times are in the team's zone; what is returned is UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.errors import InvalidInput

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MORNING = time(9, 0)
_ISO_T = re.compile(r"^(\d{4}-\d{2}-\d{2})t")
_HOW = "Write 2h, 3d, 17:30, tomorrow, monday 9:00, or 2026-11-23 09:00."


def duration(text: str) -> timedelta:
    """30s, 15m, 4h, 7d, 2w, and sums such as 1d12h. Raises InvalidInput."""
    squeezed = text.strip().lower().replace(" ", "")
    parts = re.findall(r"(\d{1,6})([smhdw])", squeezed)
    if not parts or "".join(number + unit for number, unit in parts) != squeezed:
        raise InvalidInput(f'"{text[:40]}" is not a length of time.', "Write 30s, 15m, 4h, 7d or 2w.")
    try:
        return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise InvalidInput(f'"{text[:40]}" is too long.', "Write 7d or 2w.") from None


def until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment after now. Raises InvalidInput for what cannot be read, is past, or is over a year away."""
    moment = _moment(text.strip().lower().removeprefix("until ").strip(), now, zone)
    if moment is None:
        raise InvalidInput(f'"{text[:40]}" is not a time that I can read.', _HOW, field="until")
    if moment <= now:
        raise InvalidInput(f"{clock(moment, now, zone)} is past.", _HOW, field="until")
    if moment - now > timedelta(days=366):
        raise InvalidInput("That is more than a year away.", _HOW, field="until")
    return moment


def _moment(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return now + duration(text)
    except (InvalidInput, OverflowError):
        pass
    try:
        return _at(_ISO_T.sub(r"\1 ", text), now, zone)
    except (ValueError, OverflowError):
        return None


def _at(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Raises ValueError or OverflowError for a date that does not exist."""
    local = now.astimezone(zone)
    day, _, rest = text.partition(" ")
    at = _time(rest) if rest else _MORNING
    if day == "tomorrow" or day in _DAYS:
        ahead = 1 if day == "tomorrow" else (_DAYS.index(day) - local.weekday() - 1) % 7 + 1
        return _local(local + timedelta(days=ahead), at, zone)
    if (only := _time(text)) is not None:
        today = _local(local, only, zone)
        return today if today is not None and today > now else _local(local + timedelta(days=1), only, zone)
    return _local(date.fromisoformat(day), at, zone)


def _time(text: str) -> time | None:
    match = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", text)
    if match is None or (match[2] is None and match[3] is None):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _local(day: date, at: time | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else datetime.combine(day, at, zone).astimezone(UTC)


def length(delta: timedelta) -> str:
    """The two largest units in words for people: 3 s, 4 min, 2 h 10 min, 3 d 4 h."""
    seconds = int(abs(delta).total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return _both(days, "d", hours % 24, "h")
    if hours:
        return _both(hours, "h", minutes % 60, "min")
    return f"{minutes} min" if minutes else f"{seconds} s"


def _both(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large} {unit} {small} {small_unit}" if small else f"{large} {unit}"


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in words."""
    return f"{length(now - moment)} ago" if now - moment >= timedelta(seconds=1) else "just now"


def clock(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment as a colleague would say it: 17:30, Mon 23 Nov 09:00, 23 Nov 2027 09:00; in the team's zone."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if abs((local - today).days) < 300:
        return f"{local:%a} {local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y %H:%M}"
