from handlers import cases
from handlers.context import Context
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member
from handlers.rules.routing import promised


@command(button="Reopen", example="reopen 142")
def reopen(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """Open a resolved case again, for everybody."""
    found = cases.find(ctx, case)
    due_at = ctx.now + promised(ctx.policy, found.priority)
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
