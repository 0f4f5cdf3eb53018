from handlers import cases, drafts
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import InvalidInput
from storage.types import Draft


@command(button="Request changes", example="reject 142 please offer a refund")
def reject(ctx: Context, who: Member, case: CaseNumber, why: Words | None = None, hash: Carried | None = None) -> Reply:
    """Ask for a change in the draft, saying which."""
    found = cases.find(ctx, case)
    if why is None:
        waiting = drafts.waiting(ctx, found)
        drafts.refuse_under_way(ctx, found, waiting)
        field = Field("why", "What should change", "long_text", max_length=500)
        return Reply(
            form=Form(
                f"Request changes · #{case}",
                "reject",
                case,
                (field,),
                submit="Request",
                quote=shown(waiting.text, 1200).words,
                hidden=(("hash", waiting.short_hash),),
            )
        )
    if hash:
        _refuse_unseen(ctx, drafts.waiting(ctx, found), hash)
    rejected = drafts.reject(ctx, who, found, why)
    return Reply(f"{ctx.policy.label(rejected.author)} is asked to change the draft for #{case}.")


def _refuse_unseen(ctx: Context, waiting: Draft, seen: str) -> None:
    """`seen` is the draft that the form was opened with. The form comes back with what was typed in it."""
    if waiting.short_hash != seen:
        raise InvalidInput(
            f"{ctx.policy.label(waiting.author)} changed this draft while you wrote. It says now: {waiting.text[:300]}",
            "Submit again if it should still change.",
            field="why",
        )
