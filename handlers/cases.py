"""What members do to cases.

Each function is one act: the table allows it, the roles allow it, nobody was faster; then one compare-and-set, one
event, and every card of the case is drawn anew.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.cardkeys import ask_for_card
from handlers.cards import Button
from handlers.context import Context
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.roles import may, who_may
from handlers.rules.routing import lane, may_tell
from handlers.rules.text import shown
from handlers.rules.when import ago
from storage.counting import ANSWERING, WORKED
from storage.errors import Conflict, NotAllowed, NotFound
from storage.tallies import BUSINESS, RESOLUTION, RESPONSE
from storage.types import Case, DeliveryState, Lane, Priority, Status, to_text

_LONGEST_NOTICE = 3_000  # characters


def find(ctx: Context, number: int) -> Case:
    """Raises NotFound."""
    case = ctx.store.cases.get(number)
    if case is None:
        raise NotFound(f"There is no case #{number}.", "`queue` lists what is open; `search` finds the rest.")
    return case


def author(ctx: Context, number: int) -> str:
    """The handle of whoever wrote what opened a case. Raises NotFound, also where nobody is named."""
    mention = ctx.store.mentions.get(find(ctx, number).mention_id)
    if mention is None or not mention.author:
        raise NotFound(f"Nobody is named as the author of #{number}.", "Name her by her handle, with its @.")
    return mention.author


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
    _measure(ctx, case, transition.event, changed)
    redraw(ctx, case.id, waits=actor == "earshot")
    return changed


def _measure(ctx: Context, before: Case, event: str, case: Case) -> None:
    """Count how long a first response and a resolution took, since the case was opened or opened again."""
    is_closed = event == "resolved"
    is_answer = event == "answered" or (is_closed and case.resolution in ANSWERING)
    is_first = is_answer and before.answered_at is None and not _was_answered(ctx, case)
    if not is_first and not (is_closed and case.resolution in WORKED):
        return
    reopened = ctx.store.cases.last_event(case.id, "reopened")
    begun = reopened.at if reopened else case.opened_at
    for what in ([RESPONSE] if is_first else []) + ([RESOLUTION] if is_closed and case.resolution in WORKED else []):
        ctx.store.tallies.took(to_text(ctx.now), case.brand, what, (ctx.now - begun).total_seconds())
        worked = ctx.business.between(begun, ctx.now)
        ctx.store.tallies.took(to_text(ctx.now), case.brand, what + BUSINESS, worked.total_seconds())


def _was_answered(ctx: Context, case: Case) -> bool:
    """Whether the diary holds an answer from before its last line."""
    return any(
        one.version < case.version and (one.kind == "answered" or one.detail.get("resolution") in ANSWERING)
        for one in ctx.store.cases.events(case.id)
    )


def redraw(ctx: Context, case_id: int, *, waits: bool = False) -> None:
    """Every message of the case, its drafts' too, is drawn anew from what is stored.

    `waits`: it was the clock; a card that comes of it waits for the end of quiet hours, and lets people's acts pass.
    """
    _out_of_digests(ctx, case_id, waits=waits)
    if not waits:
        ctx.store.deliveries.hasten(f"case:{case_id}", ctx.now)
    ctx.store.deliveries.redraw(f"case:{case_id}", ctx.now, ctx.now)
    for draft in ctx.store.drafts.of_case(case_id):
        ctx.store.deliveries.redraw(f"draft:{draft.id}", ctx.now, ctx.now)


def _out_of_digests(ctx: Context, case_id: int, *, waits: bool) -> None:
    """A case that somebody works on gets a card of its own where it stood in a digest, so that it has a thread.

    What only the clock did stands in the message that comes after quiet hours anyway.
    """
    for digest in ctx.store.digests.of_case(case_id):
        if waits and digest.is_quiet and not digest.is_posted:
            continue
        priority = find(ctx, case_id).priority
        ask_for_card(
            ctx,
            case_id,
            digest.chat,
            digest.channel,
            lane(priority) if waits else Lane.STATE,
            not_before=may_tell(ctx, digest.chat, digest.channel, priority, ctx.now) if waits else None,
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


def tell(
    ctx: Context,
    case: Case,
    words: str,
    ping: str = "",
    known_at: str = "",
    *,
    buttons: Sequence[Button] = (),
    if_still: str = "",
    waits: bool = False,
) -> None:
    """A sentence in the thread of every card of the case; at most one member is pinged.

    `known_at` is where the card stands in whose thread people have read it already. `if_still`: see `notice_body`.
    `waits`: in quiet hours it comes when they end.
    """
    body = notice_body(words, ping, case.id, buttons=buttons, if_still=if_still)
    priority = case.priority if waits else None
    put_in_threads(ctx, case.id, f"notice:{case.id}:{case.version}", body, known_at, waits=priority)


def can_be_told(ctx: Context, case: Case) -> bool:
    """Whether it stands in a channel where no quiet hours keep its news back."""
    return any(may_tell(ctx, *one, case.priority, ctx.now) <= ctx.now for one in stands_in(ctx, case))


def stands_in(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """Chat and channel of its cards, and of the digests that it is in."""
    found = [(card.chat, card.channel) for card in ctx.store.deliveries.posts(f"case:{case.id}")]
    return found + [(digest.chat, digest.channel) for digest in ctx.store.digests.of_case(case.id)]


def put_in_threads(
    ctx: Context,
    case_id: int,
    subject: str,
    body: str = "",
    known_at: str = "",
    *,
    waits: Priority | None = None,
    only: str = "",
) -> None:
    """A message in the thread of every card of the case, once in each; not at `known_at`.

    `waits` is the priority of what may not be told in quiet hours, and lets people's acts pass. `only` names a
    channel, as in local:#leads.
    """
    for card in ctx.store.deliveries.posts(f"case:{case_id}"):
        if (known_at and card.remote_ref == known_at) or (only and only != f"{card.chat}:{card.channel}"):
            continue
        moment = ctx.now if waits is None else may_tell(ctx, card.chat, card.channel, waits, ctx.now)
        if card.state is DeliveryState.PENDING:  # nothing leaves before the card that it belongs to
            moment = max(moment, card.not_before)
        ctx.store.deliveries.post(
            f"{subject}:{card.chat}:{card.channel}",
            subject=subject,
            parent=f"case:{case_id}",
            chat=card.chat,
            channel=card.channel,
            lane=Lane.STATE if waits is None else lane(waits),
            now=ctx.now,
            body=body,
            not_before=moment,
        )


def notice_body(
    words: str, ping: str, case_id: int | None, *, group: str = "", buttons: Sequence[Button] = (), if_still: str = ""
) -> str:
    """A notice as the outbox keeps it; `handlers/messages.py` reads it back. People paste customers' words into it.

    `buttons` are verbs of the case; where it is about none, with values of their own. `if_still` is a state of the case
    (overdue, unclaimed, or hers: claimed by whom it pings): when that has ended before it leaves, it is not sent.
    """
    told: dict[str, Any] = {"words": shown(words, _LONGEST_NOTICE).words, "ping": ping, "case": case_id}
    more = {"group": group, "buttons": [_button_body(one) for one in buttons], "if_still": if_still}
    return json.dumps(told | {name: value for name, value in more.items() if value})


def _button_body(button: Button) -> list[Any]:
    return [button.label, button.verb, *([dict(button.values)] if button.values else [])]
