from handlers import cases, drafts
from handlers.cardkeys import ask_for_card
from handlers.context import Context
from handlers.places import named
from handlers.requests import CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.routing import split
from storage.errors import Conflict
from storage.types import Lane


@command(button="Escalate", example="escalate 142 press is calling")
def escalate(ctx: Context, who: Member, case: CaseNumber, why: Words | None = None) -> Reply:
    """Raise a case to the second channel."""
    found = cases.find(ctx, case)
    if not ctx.policy.escalate_to:
        raise Conflict("No channel is named for escalations.", "An admin can set escalate_to in earshot.toml.")
    chat, channel = split(ctx.policy.escalate_to)
    stands_there = ctx.store.deliveries.post_in(f"case:{case}", chat, channel) is not None
    if found.escalated_at is not None and stands_there:  # the ladder may have shown it elsewhere
        raise Conflict(f"#{case} is already escalated.", f"It stands in {named(ctx, chat, channel)}.")
    changed = cases.act(ctx, who, found, "escalate", {"why": (why or "")[:500]}, escalated_at=ctx.now)
    ask_for_card(ctx, case, chat, channel, Lane.URGENT)
    ctx.store.cases.alerted(case, ctx.now)
    drafts.show_in_threads(ctx, case)
    cases.tell(ctx, changed, f"{who.label} escalated #{case}." + (f" {why[:500]}" if why else ""))
    return Reply(f"#{case} is escalated to {named(ctx, chat, channel)}.")
