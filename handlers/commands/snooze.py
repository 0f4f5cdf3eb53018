from datetime import datetime

from handlers import cases
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules import when
from handlers.rules.policy import Member
from storage.errors import InvalidInput
from storage.types import to_text

PRESETS = (
    ("1h", "1 hour"),
    ("4h", "4 hours"),
    ("tomorrow 9:00", "Tomorrow morning"),
    ("monday 9:00", "Monday morning"),
    ("7d", "A week"),
)  # what `rules/when.py` reads, and how it is offered


@command(button="Snooze…", example="snooze 142 tomorrow 9:00")
def snooze(
    ctx: Context, who: Member, case: CaseNumber, until: Words | None = None, preset: Carried | None = None
) -> Reply:
    """Hide a case until a time; then it comes back as it was.

    Times: 2h, 3d, 17:30, tomorrow, monday 9:00, 2026-11-23 09:00; in the team's time zone.
    """
    found = cases.find(ctx, case)
    if until is None and preset is None:
        return Reply(form=_form(ctx, case))
    moment = _moment(ctx, (until or "").strip(), (preset or "").strip())
    cases.act(ctx, who, found, "snooze", {"until": to_text(moment)}, snoozed_until=moment)
    return Reply(f"#{case} sleeps until {when.clock(moment, ctx.now, ctx.zone)} ({ctx.policy.timezone}).")


def _moment(ctx: Context, typed: str, chosen: str) -> datetime:
    """What was typed wins."""
    if not typed and not chosen:
        raise InvalidInput("Say until when.", "Choose a time, or write one.", field="preset")
    return when.until(typed or chosen, ctx.now, ctx.zone)


def _form(ctx: Context, case: int) -> Form:
    moments = {words: when.until(words, ctx.now, ctx.zone) for words, _ in PRESETS}
    choices = tuple((words, f"{label}: {when.clock(moments[words], ctx.now, ctx.zone)}") for words, label in PRESETS)
    hint = f"Wins over the choice: 2h, 3d, 17:30, monday 9:00, 2026-11-23 09:00 ({ctx.policy.timezone})."
    fields = (
        Field("preset", "Until", "choice", PRESETS[0][0], choices=choices),
        Field("until", "Or until", hint=hint, is_required=False, max_length=40),
    )
    return Form(f"Snooze #{case}", "snooze", case, fields, submit="Snooze")
