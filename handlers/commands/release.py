from handlers import cases
from handlers.context import Context
from handlers.requests import Carried, CaseNumber, Reply, command
from handlers.rules.policy import Member
from storage.errors import Conflict


@command(button="Release", example="release 142")
def release(ctx: Context, who: Member, case: CaseNumber, own: Carried | None = None) -> Reply:
    """Give a case back to everybody."""
    found = cases.find(ctx, case)
    if own and found.assignee != who.name:  # a reaction that is taken off undoes nobody else's claim
        raise Conflict(cases.where_it_stands(ctx, found), "Nothing was changed.")
    changed = cases.release(ctx, who, found)
    return Reply(f"#{changed.id} is open again.")
