"""Snoozed cases come back as they were when their time has come."""

from handlers import cases
from handlers.context import Context

EVERY = 15


def run(ctx: Context) -> int:
    """How many woke."""
    sleeping = ctx.store.cases.to_wake(ctx.now)
    for case in sleeping:
        woken = cases.act_as(ctx, "earshot", case, "wake", snoozed_until=None)
        cases.tell(ctx, woken, f"#{case.id} is back: its snooze has ended.", ping=case.assignee or "")
    return len(sleeping)
