from handlers import cases
from handlers.context import Context
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member
from storage.errors import NotAllowed
from storage.types import Status


@command(button="Still on it", example="still 142")
def still(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """Say that you are still on your case: you are not reminded again for a while."""
    found = cases.find(ctx, case)
    if found.status is Status.CLAIMED and found.assignee != who.name:
        raise NotAllowed(cases.where_it_stands(ctx, found), "Only she can say that she is still on it.")
    cases.act(ctx, who, found, "still")
    return Reply(f"Good, #{case} stays yours.")
