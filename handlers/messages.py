"""What stands in a message now, whatever it is about: from a delivery's subject to its drawing."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from handlers import alarms, briefings, draft_cards, drawings, halts, storms
from handlers.cards import Button, Drawing, Notice
from handlers.context import Context
from storage.types import Case, Status


def draw(ctx: Context, subject: str, body: str) -> Drawing | None:
    """The message for a delivery's subject; None when there is nothing to show (any more)."""
    kind, _, rest = subject.partition(":")
    if kind == "case":
        case = ctx.store.cases.get(int(rest))
        mention = ctx.store.mentions.get(case.mention_id) if case else None
        return drawings.card(ctx, case, mention) if case and mention else None
    if kind == "draft":
        draft = ctx.store.drafts.get(int(rest))
        case = ctx.store.cases.get(draft.case_id) if draft else None
        return draft_cards.draft_card(ctx, case, draft) if draft and case else None
    if kind == "digest":
        return drawings.digest(ctx, int(rest))
    if kind == "storm":
        return storms.draw(ctx, int(rest))
    if kind == "alarm":
        return alarms.draw(ctx, int(rest))
    if kind == "halt":
        return halts.draw(ctx, int(rest))
    if kind == "briefing":
        number, _, day = rest.partition(":")
        return briefings.draw(ctx, int(number), date.fromisoformat(day))
    if kind == "notice" and body:
        return _notice(ctx, json.loads(body))
    return None


def _notice(ctx: Context, told: dict[str, Any]) -> Notice | None:
    """What `handlers/cases.py` wrote down; nothing when it has been overtaken on its way."""
    number, ping = told["case"], told["ping"]
    if "if_still" in told:
        case = ctx.store.cases.get(number)
        if case is None or not _is_still(ctx, case, told["if_still"], ping):
            return None
        ping = case.assignee or ping  # whoever has it now is the one concerned
    buttons = tuple(_button(number, *one) for one in told.get("buttons", ()))
    return Notice(told["words"], ping, number, buttons, told.get("group", ""))


def _button(case: int | None, label: str, verb: str, values: Mapping[str, str] | None = None) -> Button:
    return Button(label, verb, case, tuple((values or {}).items()))


def _is_still(ctx: Context, case: Case, state: str, whose: str) -> bool:
    if case.snoozed_until is not None:
        return False
    if state == "overdue":
        return case.status in (Status.OPEN, Status.CLAIMED) and case.due_at is not None and case.due_at <= ctx.now
    if state == "hers":
        return case.status is Status.CLAIMED and case.assignee == whose
    return case.status is Status.OPEN
