from handlers import cases
from handlers.context import Context
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member


@command(button="Claim", example="claim 142")
def claim(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """Take a case: one person is responsible now."""
    changed = cases.claim(ctx, who, cases.find(ctx, case))
    return Reply(f"#{changed.id} is yours.")
