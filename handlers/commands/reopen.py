from handlers import cases
from handlers.context import Context
from handlers.requests import Carried, CaseNumber, Reply, command
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.routing import due_by
from storage.errors import Conflict
from storage.types import Case


@command(button="Reopen", example="reopen 142")
def reopen(ctx: Context, who: Member, case: CaseNumber, own: Carried | None = None) -> Reply:
    """Open a resolved case again, for everybody."""
    found = cases.find(ctx, case)
    if own and not _is_closed_by(ctx, who, found):  # a reaction that is taken off undoes nobody else's act
        raise Conflict(cases.where_it_stands(ctx, found), "Nothing was changed.")
    due_at = due_by(ctx.brain, found.priority, ctx.now)
    fields = {
        "assignee": None,
        "claimed_at": None,
        "answered_at": None,
        "resolved_at": None,
        "resolution": None,
        "is_fixed": False,
    }
    cases.act(ctx, who, found, "reopen", {"was": found.resolution or ""}, due_at=due_at, **fields)
    return Reply(f"#{case} is open again.")


def _is_closed_by(ctx: Context, who: Member, case: Case) -> bool:
    closed = [event for event in ctx.store.cases.events(case.id) if event.kind == TRANSITIONS["resolve"].event]
    return bool(closed) and closed[-1].actor == who.name
