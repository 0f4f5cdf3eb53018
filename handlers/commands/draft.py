from handlers import cases, drafts
from handlers.commands.sent import sent
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member, Template
from handlers.rules.roles import may, names_of
from handlers.rules.text import shown
from storage.errors import Conflict, InvalidInput, NotAllowed
from storage.types import Case, Draft, DraftState

_PROPOSE, _SAVE, _SENT = "propose", "save", "sent"


@command(button="Draft reply", example="draft 142 Sorry to hear that…")
def draft(
    ctx: Context,
    who: Member,
    case: CaseNumber,
    text: Words | None = None,
    template: Carried | None = None,
    then: Carried | None = None,
    seen: Carried | None = None,
) -> Reply:
    """Propose a reply; without text a form opens.

    The draft stands in the case's thread until another person approves it. Changing an approved draft voids the
    approval.
    """
    found = cases.find(ctx, case)
    if found.status not in TRANSITIONS["draft"].allowed:
        raise Conflict(cases.where_it_stands(ctx, found), f"`reopen {case}` opens it again.")
    if then != _SAVE:
        drafts.refuse_under_way(ctx, found, ctx.store.drafts.current(case))
    if text is None or (template and not text.strip()):
        return Reply(form=_form(ctx, who, found, template or ""))
    if then == _SAVE:
        return _save(ctx, who, found, text)
    if seen is not None:
        _refuse_to_replace_unseen(ctx, found, seen)
    if then == _SENT:
        return _sent_already(ctx, who, found, text)
    if then not in (None, "", _PROPOSE):
        raise InvalidInput("Say what happens to the draft.", "Choose one of the ways.", field="then")
    drafts.write(ctx, who, found, text)
    waits = "It waits for another person's approval" if ctx.policy.four_eyes else "It waits for approval"
    return Reply(f"Draft saved for #{case}. {waits} in the thread of the case. Nothing has been sent.")


def _save(ctx: Context, who: Member, case: Case, text: str) -> Reply:
    """Hers alone: it stands in the form when she opens it again."""
    ctx.store.kept.keep(who.name, "draft", case.id, {"text": drafts.checked(ctx, case, text)}, ctx.now)
    words = f"Saved for you alone: `draft {case.id}` opens it again. Nothing is proposed yet."
    return Reply(words, is_hers_alone=True)


def _sent_already(ctx: Context, who: Member, case: Case, text: str) -> Reply:
    """What stands outside already, where one person may answer alone: written, approved, and asked for its link."""
    if ctx.policy.four_eyes:
        raise NotAllowed("A reply needs another person's approval here (four eyes).", "Submit it for approval.")
    if not may(who, "approve"):
        raise NotAllowed(
            "You may not approve a reply.", f"Submit it for approval, or ask {names_of(ctx.policy, 'approve')}."
        )
    drafts.write(ctx, who, case, text)
    approved = drafts.approve(ctx, who, cases.find(ctx, case.id))
    return sent(ctx, who, case.id, hash=approved.short_hash)


def _refuse_to_replace_unseen(ctx: Context, case: Case, seen: str) -> None:
    """`seen` is the draft that the form was opened with. The form comes back with what was typed in it."""
    current = ctx.store.drafts.current(case.id)
    if current is not None and current.short_hash != seen:
        raise InvalidInput(
            f"{ctx.policy.label(current.author)} changed this draft while you wrote. It says now: {current.text[:300]}",
            "Submit again to replace it.",
            field="text",
        )


def _form(ctx: Context, who: Member, case: Case, chosen: str) -> Form:
    current = ctx.store.drafts.current(case.id)
    mention = ctx.store.mentions.get(case.mention_id)
    most, templates = drafts.longest(ctx, case), _templates(ctx, case)
    hint, value = _hint(ctx, case, current), current.text if current else ""
    if len(value) > most:
        hint = f"It was longer than a reply may be there; its end is missing here. {hint}"
    if chosen:
        value = _template(templates, chosen).text.strip()
    fields = [
        Field("text", "Reply", "long_text", value[:most], hint, max_length=most),
        Field("then", "Then", "choice", _PROPOSE, choices=_ways(ctx, who)),
    ]
    if templates:
        offered = (("", "None"), *((one.name, one.name) for one in templates))
        hint = "Its text takes the place of what stands below."
        fields.insert(0, Field("template", "Template", "choice", chosen, hint, is_required=False, choices=offered))
    return Form(
        f"Reply to #{case.id}",
        "draft",
        case.id,
        tuple(fields),
        submit="Submit",
        quote=shown(mention.text, 1200).words if mention else "",
        hidden=(("seen", current.short_hash if current else ""),),
    )


def _hint(ctx: Context, case: Case, current: Draft | None) -> str:
    if current is not None and current.state is DraftState.APPROVED:
        return "This draft is approved. Any change voids the approval."
    if current is not None and current.state is DraftState.REJECTED:
        return f"{ctx.policy.label(current.rejected_by)} asks: {shown(current.rejected_why, 300).words}"
    another = "Another person approves it" if ctx.policy.four_eyes else "It is approved"
    return f"From {drafts.account_of(ctx, case)}. {another} before it can be sent."


def _ways(ctx: Context, who: Member) -> tuple[tuple[str, str], ...]:
    ways = ((_PROPOSE, "Submit for approval"), (_SAVE, "Save for later, for me alone"))
    can_alone = not ctx.policy.four_eyes and may(who, "approve")
    return (*ways, (_SENT, "It is sent already")) if can_alone else ways


def _templates(ctx: Context, case: Case) -> list[Template]:
    """Those for the case's brand that fit where the reply will stand."""
    most = drafts.longest(ctx, case)
    wanted = (one for one in ctx.policy.templates if not one.brands or case.brand in one.brands)
    return [one for one in wanted if len(one.text.strip()) <= most]


def _template(templates: list[Template], name: str) -> Template:
    found = next((one for one in templates if one.name == name), None)
    if found is None:
        raise InvalidInput(f'There is no template "{name[:40]}" for this reply.', "Choose another.", field="template")
    return found
