from handlers import cases
from handlers.commands.resolve import close
from handlers.context import Context
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member
from storage.types import Resolution


@command(button="Irrelevant", example="irrelevant 142")
def irrelevant(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """Not worth our time: close the case; its copies never come back."""
    close(ctx, who, cases.find(ctx, case), Resolution.IRRELEVANT, "")
    return Reply(
        f"#{case} is closed as irrelevant. Copies of it will be counted, and shown to nobody."
        f" `reopen {case}` takes it back."
    )
