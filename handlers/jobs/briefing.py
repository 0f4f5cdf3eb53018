"""Briefings whose time has come are posted, each once: the row of its slot decides.

After a time in which nothing ran the newest is posted and covers the older ones, which become rows `merged`.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, takewhile

from handlers import schedules
from handlers.context import Context
from handlers.rules import slots
from storage.schedules import Schedule
from storage.types import Lane, Window

EVERY = 15
_AHEAD = timedelta(days=3)  # rows for days further ahead were written while the clock was wrong


def run(ctx: Context) -> int:
    """How many were asked for."""
    known = {one.id: one for one in ctx.store.schedules.all() if not schedules.why_not(ctx, one)}
    newest = [(number, day) for number, one in known.items() if (day := next(_due(ctx, one), None))]
    return sum(_post(ctx, known[number], day) for number, day in ctx.store.schedules.without(newest))


def _due(ctx: Context, schedule: Schedule) -> Iterator[date]:
    """Its dates whose time has come, the newest first."""
    rhythm, zone = schedules.rhythm(ctx, schedule), schedules.zone(schedule)
    return slots.due(rhythm, schedule.at, zone, ctx.now, schedule.created_at)


def _post(ctx: Context, schedule: Schedule, newest: date) -> bool:
    last = ctx.store.schedules.last_before(schedule.id, newest)
    older = list(takewhile(lambda day: day > last, islice(_due(ctx, schedule), 1, None)))
    ctx.store.schedules.forget_merged(schedule.id, newest + _AHEAD)
    ctx.store.schedules.merge(schedule.id, older, ctx.now)
    covers = _covers(ctx, schedule, newest, [newest, *older][-1])
    key = f"briefing:{schedule.id}:{newest.isoformat()}"
    return ctx.store.schedules.post(schedule.id, newest, covers, ctx.now) and ctx.store.deliveries.post(
        key, subject=key, chat=schedule.chat, channel=schedule.channel, lane=Lane.STATE, now=ctx.now
    )


def _covers(ctx: Context, schedule: Schedule, newest: date, oldest: date) -> Window:
    """From where the last one ended up to the day of this one; the first of all covers one period."""
    zone = schedules.zone(schedule)
    end = slots.midnight(newest, zone)
    start = ctx.store.schedules.covered_until(schedule.id, newest)
    if start is None:
        before = schedules.rhythm(ctx, schedule).before(oldest) or oldest
        start = slots.midnight(before, zone)
    return Window(min(start, end), end)
