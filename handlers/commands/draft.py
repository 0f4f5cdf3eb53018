from handlers import cases, drafts
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import Conflict, InvalidInput
from storage.types import Case, DraftState


@command(button="Draft reply", example="draft 142 Sorry to hear that…")
def draft(ctx: Context, who: Member, case: CaseNumber, text: Words | None = None, seen: Carried | None = None) -> Reply:
    """Propose a reply; without text a form opens.

    The draft stands in the case's thread until another person approves it. Changing an approved draft voids the
    approval.
    """
    found = cases.find(ctx, case)
    if found.status not in TRANSITIONS["draft"].allowed:
        raise Conflict(cases.where_it_stands(ctx, found), f"`reopen {case}` opens it again.")
    if text is None:
        return Reply(form=_form(ctx, found))
    if seen is not None:
        _refuse_to_replace_unseen(ctx, found, seen)
    drafts.write(ctx, who, found, text)
    waits = "It waits for another person's approval" if ctx.policy.four_eyes else "It waits for approval"
    return Reply(f"Draft saved for #{case}. {waits} in the thread of the case. Nothing has been sent.")


def _refuse_to_replace_unseen(ctx: Context, case: Case, seen: str) -> None:
    """`seen` is the draft that the form was opened with. The form comes back with what was typed in it."""
    current = ctx.store.drafts.current(case.id)
    if current is not None and current.short_hash != seen:
        raise InvalidInput(
            f"{ctx.policy.label(current.author)} changed this draft while you wrote. It says now: {current.text[:300]}",
            "Submit again to replace it.",
            field="text",
        )


def _form(ctx: Context, case: Case) -> Form:
    current = ctx.store.drafts.current(case.id)
    mention = ctx.store.mentions.get(case.mention_id)
    hint = f"From {drafts.account_of(ctx, case)}. Another person approves it before it can be sent."
    if current is not None and current.state is DraftState.APPROVED:
        hint = "This draft is approved. Any change voids the approval."
    elif current is not None and current.state is DraftState.REJECTED:
        hint = f"{ctx.policy.label(current.rejected_by)} asks: {shown(current.rejected_why, 300).words}"
    field = Field(
        "text", "Reply", "long_text", value=current.text if current else "", hint=hint, max_length=drafts.LONGEST
    )
    return Form(
        f"Reply to #{case.id}",
        "draft",
        case.id,
        (field,),
        submit="Submit for approval",
        quote=shown(mention.text, 1200).words if mention else "",
        hidden=(("seen", current.short_hash if current else ""),),
    )
