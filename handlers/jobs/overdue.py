"""A case whose promised first response is late says so on its card, once, and its assignee, or whoever is on duty, is
told: in quiet hours when they end, unless it is urgent.
"""

from datetime import timedelta

from handlers import cases
from handlers.context import Context
from handlers.rules.duty import on_duty
from handlers.rules.when import clock
from storage.types import Case, to_text

EVERY = 30
_LOOK_BACK = timedelta(days=7)  # after a long silence older ones are on the queue anyway


def run(ctx: Context) -> int:
    """How many were marked."""
    marked = 0
    for case in ctx.store.cases.newly_overdue(ctx.now - _LOOK_BACK, ctx.now):
        if case.due_at is None or _was_told(ctx, case):
            continue
        late = cases.act_as(ctx, "earshot", case, "overdue", {"due": to_text(case.due_at)})
        words = f"#{case.id} is overdue: an answer was promised by {clock(case.due_at, ctx.now, ctx.zone)}."
        concerned = case.assignee or on_duty(ctx.policy, ctx.now)
        cases.tell(ctx, late, words, ping=concerned, if_still="overdue", waits=True)
        marked += 1
    return marked


def _was_told(ctx: Context, case: Case) -> bool:
    """Once since it was opened; a case that was opened again has a new promise."""
    kinds = [event.kind for event in ctx.store.cases.events(case.id)]
    since = len(kinds) - 1 - kinds[::-1].index("reopened") if "reopened" in kinds else 0
    return "overdue" in kinds[since:]
