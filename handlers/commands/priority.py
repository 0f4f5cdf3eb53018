import difflib
from datetime import datetime

from handlers import cases, drafts
from handlers.cardkeys import ask_for_card
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.lessons import raw_of
from handlers.requests import CaseNumber, Reply, Word, command
from handlers.rules.policy import Member
from handlers.rules.routing import due_by, lane, places
from handlers.rules.scoring import language_of
from storage.errors import Conflict, InvalidInput
from storage.types import Case, Priority

LEVELS = {priority.word: priority for priority in Priority}
_BY_HAND = " set it to "


@command(button="Priority…", example="priority 142 high", typed="142 [low, normal, high, or urgent]")
def priority(ctx: Context, who: Member, case: CaseNumber, level: Word | None = None) -> Reply:
    """Set a case's priority by hand; without one a form opens.

    The promised time follows. What comes in later may only raise it. I learn from it too: from low up means that such
    is worth a card, down to low that it is not.
    """
    found = cases.find(ctx, case)
    if level is None:
        return Reply(form=_form(found))
    to = _read(level)
    if to is found.priority:
        raise Conflict(f"#{case} is {to.word} already.", "Nothing was changed.")
    changed = _set(ctx, who, found, to)
    due = " A first response is promised sooner now." if _is_sooner(found, changed) else ""
    return Reply(f"#{case} is {to.word} now; it was {found.priority.word}.{due}")


def _set(ctx: Context, who: Member, case: Case, to: Priority) -> Case:
    """One act, one event; what is worse now is shown wherever a route wants such."""
    others = tuple(reason for reason in case.reasons if _BY_HAND not in reason)
    detail = {"from": case.priority.word, "to": to.word}
    fields = {"snoozed_until": None} if to > case.priority else {}
    changed = cases.act(
        ctx, who, case, "correct", detail, priority=to, reasons=(f"{who.label}{_BY_HAND}{to.word}", *others),
        due_at=_due(ctx, case, to), **fields,
    )  # fmt: skip
    if to > case.priority:
        _show(ctx, changed)
    return changed


def _due(ctx: Context, case: Case, to: Priority) -> datetime:
    """The promise of its priority since it was opened; never in the past, and what is worse is not given longer."""
    moment = due_by(ctx.brain, to, case.opened_at)
    if to > case.priority and case.due_at is not None:
        moment = min(moment, case.due_at)
    return max(moment, ctx.now)


def _show(ctx: Context, case: Case) -> None:
    mention = ctx.store.mentions.get(case.mention_id)
    if mention is None:
        return
    source, label = mention.source, mention.label
    language = language_of(ctx.brain.scorer.score(raw_of(mention)))
    wanted = places(
        ctx.brain, brands=(case.brand,), source=source, label=label, priority=case.priority, now=ctx.now,
        language=language,
    )  # fmt: skip
    for place in wanted:
        if ctx.store.deliveries.post_in(f"case:{case.id}", place.chat, place.channel) is None:
            ask_for_card(ctx, case.id, place.chat, place.channel, lane(case.priority), not_before=place.due)
    if wanted:
        ctx.store.cases.alerted(case.id, ctx.now)
        drafts.show_in_threads(ctx, case.id)
    if case.priority is Priority.URGENT:
        ctx.store.deliveries.hasten(f"case:{case.id}", ctx.now, lane(case.priority))


def _is_sooner(before: Case, after: Case) -> bool:
    return before.due_at is not None and after.due_at is not None and after.due_at < before.due_at


def _read(level: str) -> Priority:
    word = level.strip().lower()
    if word in LEVELS:
        return LEVELS[word]
    close = difflib.get_close_matches(word, LEVELS, n=1)
    guess = f"Did you mean {close[0]}?" if close else f"Priorities: {', '.join(LEVELS)}."
    raise InvalidInput(f'"{level[:40]}" is not a priority.', guess, field="level")


def _form(case: Case) -> Form:
    choices = tuple((one.word, one.word) for one in reversed(Priority))
    field = Field("level", "Priority", "choice", case.priority.word, choices=choices)
    return Form(f"Priority of #{case.id}", "priority", case.id, (field,), submit="Set")
