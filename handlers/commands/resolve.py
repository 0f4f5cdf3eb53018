import difflib
from dataclasses import replace

from handlers import cases
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import case_row
from handlers.forms import Field, Form
from handlers.requests import CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from storage.errors import InvalidInput
from storage.types import Case, Resolution

CHOICES = {
    Resolution.REPLIED: "Replied: answered, not necessarily put right",
    Resolution.FIXED: "Fixed: put right",
    Resolution.NO_ACTION: "No action needed",
    Resolution.IRRELEVANT: "Irrelevant: not worth our time; copies never come back",
    Resolution.NOT_US: "Not us: another thing of that name; copies never come back",
    Resolution.SPAM: "Spam",
    Resolution.DUPLICATE: "Duplicate of another case",
}

_DONE = "done"
_STAYS_AWAY = (Resolution.IRRELEVANT, Resolution.NOT_US)


@command(button="Resolve", example="resolve 142 fixed refunded by phone")
def resolve(
    ctx: Context, who: Member, case: CaseNumber | None = None, reason: Words | None = None, note: Words | None = None
) -> Reply:
    """Close a case with a reason; without a number it offers yours.

    Reasons: replied, fixed, no action, irrelevant, not us, spam, duplicate. Words after the reason are kept as a note.
    """
    if case is None:
        return Reply(screen=_yours(ctx, who))
    found = cases.find(ctx, case)
    if reason is None:
        return Reply(form=_form(found))
    resolution, rest = read_reason(reason, found)
    close(ctx, who, found, resolution, (note or rest).strip())
    return Reply(
        f"#{case} is resolved: {resolution}."
        + (" Copies of it will not come back." if resolution in _STAYS_AWAY else "")
    )


def close(ctx: Context, who: Member, case: Case, resolution: Resolution, note: str) -> Case:
    """Resolve a case; the note goes into its diary."""
    detail = {"resolution": resolution.value} | ({"note": note[:2000]} if note else {})
    verb = "irrelevant" if resolution is Resolution.IRRELEVANT else "resolve"
    is_fixed = resolution is Resolution.FIXED
    return cases.act(
        ctx, who, case, verb, detail, resolution=resolution, resolved_at=ctx.now, snoozed_until=None, is_fixed=is_fixed
    )


def read_reason(text: str, case: Case) -> tuple[Resolution, str]:
    """The reason and what follows it. Raises InvalidInput with did-you-mean.

    "done" says no more than a check mark does: replied where the case was answered, else no action.
    """
    lowered = text.strip().lower()
    if lowered == _DONE:
        return (Resolution.REPLIED if case.answered_at else Resolution.NO_ACTION), ""
    for resolution in sorted(Resolution, key=len, reverse=True):
        if lowered == resolution.value or lowered.startswith(resolution.value + " "):
            return resolution, text.strip()[len(resolution.value) :]
    close_ones = difflib.get_close_matches(
        lowered.partition(" ")[0], [str(resolution) for resolution in Resolution], n=1
    )
    guess = f'Did you mean "{close_ones[0]}"? ' if close_ones else ""
    raise InvalidInput(f'"{text[:40]}" is not a reason.', f"{guess}Reasons: {', '.join(Resolution)}.", field="reason")


def _form(case: Case) -> Form:
    value = Resolution.REPLIED.value if case.answered_at else ""
    reason = Field(
        "reason",
        "Why",
        "choice",
        value=value,
        choices=tuple((choice.value, label) for choice, label in CHOICES.items()),
    )
    note = Field("note", "Note for the team", "long_text", is_required=False, max_length=2000)
    return Form(f"Resolve #{case.id}", "resolve", case.id, (reason, note), submit="Resolve")


def _yours(ctx: Context, who: Member) -> Screen:
    rows = [_row(ctx, case) for case in ctx.store.cases.claimed_by(who.name)]
    intro = "Which one? `resolve 142 fixed` closes it." if rows else "You have no case. `queue` shows what waits."
    return Screen("Your cases", intro, tuple(rows))


def _row(ctx: Context, case: Case) -> Row:
    """What was asked for stands first."""
    buttons = (Button("Resolve", "resolve", case.id), Button("Show", "show", case.id))
    return replace(case_row(ctx, case, ctx.store.mentions.get(case.mention_id)), buttons=buttons)
