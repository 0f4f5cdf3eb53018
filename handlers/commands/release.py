from handlers import cases
from handlers.context import Context
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member


@command(button="Release", example="release 142")
def release(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """Give a case back to everybody."""
    changed = cases.release(ctx, who, cases.find(ctx, case))
    return Reply(f"#{changed.id} is open again.")
