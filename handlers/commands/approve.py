from handlers import cases, drafts
from handlers.context import Context
from handlers.requests import Carried, CaseNumber, Reply, command
from handlers.rules.policy import Member


@command(button="Approve", example="approve 142")
def approve(ctx: Context, who: Member, case: CaseNumber, hash: Carried | None = None) -> Reply:
    """Say yes to exactly this draft, target and account.

    Who wrote a draft cannot approve it, unless `four_eyes` is switched off in earshot.toml.
    """
    drafts.approve(ctx, who, cases.find(ctx, case), hash or "")
    return Reply(f"The draft for #{case} is approved. `send {case}` is next; nothing has been sent yet.")
