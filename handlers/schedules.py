"""Schedules of briefings as the rules and as people see them: which dates they have, when, and for whom."""

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handlers.context import Context
from handlers.rules import slots
from handlers.rules.slots import Rhythm
from handlers.rules.wishes import WEEKDAYS
from storage.errors import InvalidInput
from storage.schedules import Schedule
from storage.types import Window

_SPAN = {"daily": "day", "working days": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter"}


def rhythm(ctx: Context, schedule: Schedule) -> Rhythm:
    """Its dates. Working days are those on which the business clock runs; where it never does, Monday to Friday."""
    if schedule.every != "working days" or not any(ctx.policy.business_hours.days.values()):
        return Rhythm(schedule.every, schedule.day)
    return Rhythm(schedule.every, schedule.day, partial(_is_working, ctx))


def zone(schedule: Schedule) -> ZoneInfo:
    """Raises InvalidInput when the zones that are installed here do not have it (any more)."""
    try:
        return ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"The time zone {schedule.zone} is not known here.", "Remove it and add it again.") from None


def next_at(ctx: Context, schedule: Schedule) -> datetime | None:
    """When the next one comes, UTC; None when none does."""
    if why_not(ctx, schedule):
        return None
    day = slots.following(rhythm(ctx, schedule), schedule.at, zone(schedule), ctx.now)
    return slots.moment(day, schedule.at, zone(schedule)) if day else None


def why_not(ctx: Context, schedule: Schedule) -> str:
    """Why none is posted now, in a sentence; "" when nothing is in the way. What falls due meanwhile is made up for."""
    name = schedule.channel.removeprefix("@")
    if name != schedule.channel:
        member = ctx.policy.member(name)
        if member is None:  # whom a chat's groups add is known after a while
            return f"@{name} is not a member."
        if not member.roles:
            return f"{member.label} has no role any more."
    try:
        zone(schedule)
    except InvalidInput as error:
        return error.message
    return ""


def in_words(schedule: Schedule) -> str:
    """daily at 08:30; weekly on Monday at 08:30; monthly on the last day at 08:30."""
    return f"{schedule.every}{_on(schedule)} at {schedule.at:%H:%M}"


def when_in_words(moment: datetime, schedule: Schedule, now: datetime) -> str:
    """Mon 23 Nov 08:30 (Europe/Berlin), with the year when it is another one."""
    local = moment.astimezone(zone(schedule))
    year = f" {local.year}" if local.year != now.astimezone(zone(schedule)).year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M} ({schedule.zone})"


def days_of(covers: Window, where: ZoneInfo) -> tuple[date, date]:
    """The local days of a stretch: the first, and the one after the last."""
    return covers.start.astimezone(where).date(), covers.end.astimezone(where).date()


def periods_in_words(schedule: Schedule, first: date, end: date) -> str:
    """How much that is, in what it comes by: 2 days, 3 weeks, 2 months; "" for one."""
    days, months = (end - first).days, (end.year - first.year) * 12 + end.month - first.month
    count = {"weekly": days / 7, "monthly": months, "quarterly": months / 3, "annual": months / 12}.get(
        schedule.every, days
    )
    if count <= 1:
        return ""
    if count != int(count):
        return f"{days} days"
    return f"{int(count)} {_SPAN.get(schedule.every, 'year')}s"


def _on(schedule: Schedule) -> str:
    if schedule.every == "weekly":
        return f" on {WEEKDAYS[schedule.day]}"
    if schedule.every in ("daily", "working days"):
        return ""
    named = "the last day" if schedule.day == slots.LAST else f"day {schedule.day}"
    whose = {"monthly": "", "quarterly": " of its first month", "annual": " of January"}[schedule.every]
    return f" on {named}{whose}"


def _is_working(ctx: Context, day: date) -> bool:
    zone = ZoneInfo(ctx.policy.business_hours.timezone or ctx.policy.timezone)
    first, last = slots.midnight(day, zone), slots.midnight(day + timedelta(days=1), zone)
    return ctx.business.between(first, last) > timedelta()
