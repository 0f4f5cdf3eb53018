"""What members do to cases.

Each function is one act: the table allows it, the roles allow it, nobody was faster; then one compare-and-set, one
event, and every card of the case is drawn anew.
"""

import json
from collections.abc import Mapping
from typing import Any

from handlers.context import Context
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.roles import may, who_may
from handlers.rules.text import shown
from handlers.rules.when import ago
from storage.errors import Conflict, NotAllowed, NotFound
from storage.types import Case, Lane, Status

_LONGEST_NOTICE = 3_000  # characters


def find(ctx: Context, number: int) -> Case:
    """Raises NotFound."""
    case = ctx.store.cases.get(number)
    if case is None:
        raise NotFound(f"There is no case #{number}.", "`queue` lists what is open; `search` finds the rest.")
    return case


def act(
    ctx: Context, who: Member, case: Case, verb: str, detail: Mapping[str, str] | None = None, **fields: Any
) -> Case:
    """Do a verb of the table to a case. Raises Conflict when it is not possible now, saying what is true."""
    return act_as(ctx, who.name, case, verb, detail, **fields)


def act_as(
    ctx: Context, actor: str, case: Case, verb: str, detail: Mapping[str, str] | None = None, **fields: Any
) -> Case:
    """As `act`, for a name: a member's, or "earshot" for what the clock does."""
    transition = TRANSITIONS[verb]
    if case.status not in transition.allowed:
        raise Conflict(where_it_stands(ctx, case), _way_out(case))
    if transition.to is not None:
        fields["status"] = transition.to
    changed = ctx.store.cases.change(
        case, transition.event, actor=actor, allowed=transition.allowed, now=ctx.now, detail=detail, **fields
    )
    if changed is None:
        raise Conflict(where_it_stands(ctx, find(ctx, case.id)), "Nothing was changed.")
    redraw(ctx, case.id)
    return changed


def redraw(ctx: Context, case_id: int) -> None:
    """Every message of the case, its drafts' too, is drawn anew from what is stored."""
    _out_of_digests(ctx, case_id)
    ctx.store.deliveries.redraw(f"case:{case_id}", ctx.now, ctx.now)
    for draft in ctx.store.drafts.of_case(case_id):
        ctx.store.deliveries.redraw(f"draft:{draft.id}", ctx.now, ctx.now)


def _out_of_digests(ctx: Context, case_id: int) -> None:
    """A case that somebody works on gets a card of its own where it stood in a digest, so that it has a thread."""
    for digest in ctx.store.digests.of_case(case_id):
        ctx.store.deliveries.post(
            f"card:{case_id}:{digest.chat}:{digest.channel}",
            subject=f"case:{case_id}",
            chat=digest.chat,
            channel=digest.channel,
            lane=Lane.STATE,
            now=ctx.now,
        )
        ctx.store.deliveries.redraw(f"digest:{digest.id}", ctx.now, ctx.now)
    ctx.store.digests.take_out(case_id)


def where_it_stands(ctx: Context, case: Case) -> str:
    """What is true of a case now, with who did it and when."""
    label = ctx.policy.label
    if case.status is Status.OPEN:
        return f"#{case.id} is open and nobody's."
    if case.status is Status.CLAIMED:
        return f"{label(case.assignee)} claimed #{case.id} {ago(case.claimed_at or case.updated_at, ctx.now)}."
    last = ctx.store.cases.last_event(case.id, case.status.value)
    who = label(last.actor) if last else "somebody"
    when = ago(last.at if last else case.updated_at, ctx.now)
    if case.status is Status.ANSWERED:
        return f"#{case.id} was answered by {who} {when}."
    reason = f" ({case.resolution})" if case.resolution else ""
    return f"#{case.id} was resolved by {who} {when}{reason}."


def _way_out(case: Case) -> str:
    if case.status is Status.RESOLVED:
        return f"`reopen {case.id}` opens it again."
    if case.status is Status.OPEN:
        return f"`claim {case.id}` takes it."
    return "Nothing was changed."


def claim(ctx: Context, who: Member, case: Case) -> Case:
    """Take it. Exactly one wins; the others are told who and when."""
    if case.status is Status.CLAIMED and case.assignee == who.name:
        raise Conflict(f"#{case.id} is already yours.", f"`release {case.id}` gives it back.")
    if case.status is Status.CLAIMED and may(who, "take over"):
        raise Conflict(where_it_stands(ctx, case), f"`assign {case.id} @{who.name}` takes it over.")
    return act(ctx, who, case, "claim", assignee=who.name, claimed_at=ctx.now, snoozed_until=None)


def release(ctx: Context, who: Member, case: Case) -> Case:
    """Give it back to everybody."""
    if case.status is Status.CLAIMED and case.assignee != who.name and not may(who, "take over"):
        raise NotAllowed(where_it_stands(ctx, case), f"Only she, or {who_may('take over')}, can release it.")
    return act(ctx, who, case, "release", {"from": case.assignee or ""}, assignee=None, claimed_at=None)


def assign(ctx: Context, who: Member, case: Case, to: Member) -> Case:
    """Make a member responsible. Others' cases are taken over only by those who may. The assignee is told once."""
    if case.status is Status.CLAIMED and case.assignee == to.name:
        raise Conflict(
            f"#{case.id} is already {'yours' if to.name == who.name else to.label + chr(39) + 's'}.",
            "Nothing was changed.",
        )
    if case.status is Status.CLAIMED and case.assignee != who.name and not may(who, "take over"):
        raise NotAllowed(where_it_stands(ctx, case), f"Only {who_may('take over')} can give it to somebody else.")
    detail = {"to": to.name, "from": case.assignee or ""}
    changed = act(ctx, who, case, "assign", detail, assignee=to.name, claimed_at=ctx.now, snoozed_until=None)
    if to.name != who.name:
        tell(ctx, changed, f"{who.label} gave #{case.id} to {to.label}.", ping=to.name)
    return changed


def tell(ctx: Context, case: Case, words: str, ping: str = "", known_at: str = "") -> None:
    """A sentence in the thread of every card of the case; at most one member is pinged.

    `known_at` is where the card stands in whose thread people have read it already.
    """
    body = notice_body(words, ping, case.id)
    put_in_threads(ctx, case.id, f"notice:{case.id}:{case.version}", body, known_at)


def put_in_threads(ctx: Context, case_id: int, subject: str, body: str = "", known_at: str = "") -> None:
    """A message in the thread of every card of the case, once in each; not at `known_at`."""
    for card in ctx.store.deliveries.posts(f"case:{case_id}"):
        if known_at and card.remote_ref == known_at:
            continue
        ctx.store.deliveries.post(
            f"{subject}:{card.chat}:{card.channel}",
            subject=subject,
            parent=f"case:{case_id}",
            chat=card.chat,
            channel=card.channel,
            lane=Lane.STATE,
            now=ctx.now,
            body=body,
        )


def notice_body(words: str, ping: str, case_id: int | None) -> str:
    """A notice as the outbox keeps it; `handlers/drawings.py` reads it back. People paste customers' words into it."""
    return json.dumps({"words": shown(words, _LONGEST_NOTICE).words, "ping": ping, "case": case_id})
