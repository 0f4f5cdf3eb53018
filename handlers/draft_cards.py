"""A reply in the thread of its case, as it stands now, with what can be done about it."""

from typing import NamedTuple

from handlers.cards import Button, DraftCard, Link
from handlers.context import Context
from handlers.drawings import author_of, link_of
from handlers.ports import ByApi, ByLink, ReplyWay
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.types import Case, Draft, DraftState, Mention, Status

_GONE = "Erased on request."


def draft_card(ctx: Context, case: Case, draft: Draft) -> DraftCard:
    """A draft in the thread of its case."""
    mention = ctx.store.mentions.get(case.mention_id)
    way = ctx.ways(mention) if mention else None
    look = _DRAWN[draft.state](ctx, case, draft, way if isinstance(way, ByApi) else None) if draft.text else _ERASED
    is_sent = draft.state is DraftState.SENT
    link = link_of(draft.sent_url, "See the reply") if is_sent else link_to(mention, way)
    whom = f"{author_of(mention)} on {mention.source}" if mention else "somebody"
    return DraftCard(
        case=case.id,
        draft=draft.id,
        state=look.state,
        colour=look.colour,
        target=f"answers {whom}, from {draft.account}",
        text=shown(draft.text or _GONE, 5_000),
        link=link if draft.text else None,
        note=look.note,
        buttons=() if case.status is Status.RESOLVED else look.acts,
    )


class _Look(NamedTuple):
    """What of a draft's message depends on its state."""

    state: str
    colour: str
    note: str = ""
    acts: tuple[Button, ...] = ()


_ERASED = _Look("erased on request", "grey")


def _proposed(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:  # noqa: ARG001 - one of a table
    return _Look(
        f"proposed by {ctx.policy.label(draft.author)}",
        "yellow",
        "Waits for another person's approval." if ctx.policy.four_eyes else "Waits for approval.",
        (
            Button("Approve", "approve", case.id, _hash_of(draft), style="primary"),
            Button("Request changes", "reject", case.id),
            Button("Edit", "draft", case.id),
        ),
    )


def _approved(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:
    label = ctx.policy.label
    note = "Approved as it stands here; any edit voids the approval."
    return _Look(
        f"proposed by {label(draft.author)}, approved by {label(draft.approved_by)}",
        "orange" if draft.error else "blue",
        f"Not posted: {draft.error} {note}" if draft.error else note,
        (
            Button(_as(draft) if way else "Send", "send", case.id, _hash_of(draft), style="primary"),
            Button("Mark as sent", "sent", case.id, _hash_of(draft)),
            Button("Edit", "draft", case.id),
        ),
    )


def _as(draft: Draft) -> str:
    """What the button says that posts at once: as whom is no small matter."""
    return f"Send as {draft.account if len(draft.account) <= 40 else draft.account[:39] + '…'}"


def _rejected(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:  # noqa: ARG001 - one of a table
    return _Look(
        f"{ctx.policy.label(draft.rejected_by)} asks for a change",
        "orange",
        shown(draft.rejected_why, 500).words,
        (Button("Edit", "draft", case.id, style="primary"),),
    )


def _sending(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:  # noqa: ARG001 - one of a table
    state = f"sent off by {ctx.policy.label(draft.sent_by)}, approved by {ctx.policy.label(draft.approved_by)}"
    if draft.error and draft.attempted_at is not None:
        return _Look(state, "orange", "The answer was lost. It is looked for before anything is posted again.")
    if draft.error and draft.not_before is not None:
        when = clock(draft.not_before, ctx.now, ctx.zone)
        return _Look(state, "orange", f"Not posted yet; tried at {when}. {draft.error}", (take_back(case, draft),))
    return _Look(state, "blue", f"It is being posted as {draft.account}.")


def _doubtful(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:  # noqa: ARG001 - one of a table
    note = f"It was not found out whether it was posted. {draft.error} Look there first.".replace("  ", " ")
    return _Look("in doubt: perhaps it was posted, perhaps not", "red", note, when_in_doubt(case, draft))


def _sent(ctx: Context, case: Case, draft: Draft, way: ByApi | None) -> _Look:  # noqa: ARG001 - one of a table
    by = f" by {ctx.policy.label(draft.sent_by)}" if draft.sent_by else ""
    at = f", {clock(draft.sent_at, ctx.now, ctx.zone)}" if draft.sent_at else ""
    return _Look(f"sent{by}{at}", "green")


_DRAWN = {
    DraftState.PROPOSED: _proposed,
    DraftState.APPROVED: _approved,
    DraftState.REJECTED: _rejected,
    DraftState.SENDING: _sending,
    DraftState.DOUBTFUL: _doubtful,
    DraftState.SENT: _sent,
}


def when_in_doubt(case: Case, draft: Draft) -> tuple[Button, ...]:
    """What a person can say who has looked whether a reply stands there."""
    seen, again = _hash_of(draft), f"Post the reply to #{case.id} again? If it stands there already, it will be twice."
    doubt = draft.revision  # what she saw when she looked says nothing of an attempt that came after
    return (
        Button("It is there", "sent", case.id, seen, style="primary"),
        Button("Send again", "send", case.id, (*seen, ("then", f"again:{doubt}")), style="danger", confirm=again),
        Button("Not there, do not send", "send", case.id, (*seen, ("then", f"absent:{doubt}"))),
    )


def take_back(case: Case, draft: Draft) -> Button:
    """Ends the waiting of a reply that is not posted yet."""
    return Button("Take back", "send", case.id, (*_hash_of(draft), ("then", "back")))


def _hash_of(draft: Draft) -> tuple[tuple[str, str], ...]:
    return (("hash", draft.short_hash),)


def link_to(mention: Mention | None, way: ReplyWay | None) -> Link | None:
    """Where a person answers, or looks."""
    url = way.url if isinstance(way, ByLink) else mention.url if mention and isinstance(way, ByApi) else ""
    return link_of(url, "Open the mention")
