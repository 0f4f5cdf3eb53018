from handlers import cases, drafts, halts, replies
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.draft_cards import link_to, take_back, when_in_doubt
from handlers.drawings import author_of, link_of
from handlers.ports import ByApi, ByLink, NotPossible, ReplyWay
from handlers.requests import Carried, CaseNumber, Reply, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import InvalidInput
from storage.types import Case, Draft, DraftState, Mention

_AGAIN, _ABSENT, _BACK = "again", "absent", "back"


@command(button="Send", example="send 142")
def send(
    ctx: Context, who: Member, case: CaseNumber, hash: Carried | None = None, then: Carried | None = None
) -> Reply:
    """Send the approved reply.

    Where Earshot can post by itself it does, once, and the thread says when the reply stands there. Elsewhere it gives
    the text to copy and the link to open; `sent 142 <link to your reply>` then notes where it stands.
    """
    found = cases.find(ctx, case)
    if then is not None:
        return _decided(ctx, who, found, then, hash or "")
    current = ctx.store.drafts.current(case)
    if current is not None and _waits_for_a_person(current):
        return _ask(ctx, who, found, current)
    ready = drafts.ready(ctx, who, found, hash or "")
    mention = ctx.store.mentions.get(found.mention_id)
    way = ctx.ways(mention) if mention else NotPossible("The mention is gone.")
    if isinstance(way, ByApi):
        replies.send_off(ctx, who, found, ready)
        return Reply(f"The reply to #{case} is on its way as {ready.account}. The thread says when it stands there.")
    halts.refuse(ctx, who)
    cases.act(ctx, who, found, "send", {"draft": str(ready.id), "hash": ready.text_hash[:12]})
    return _by_hand(ctx, found, ready, mention, way)


def _by_hand(ctx: Context, case: Case, draft: Draft, mention: Mention | None, way: ReplyWay) -> Reply:
    why = (way.why if isinstance(way, ByLink) else "").rstrip(".") or "Earshot cannot post there by itself"
    place = way.why if isinstance(way, NotPossible) else "Open the mention, and answer with it there."
    row = Row(
        heading=f"The approved text, from {draft.account} to {author_of(mention) if mention else 'the author'}",
        quote=shown(draft.text, 5_000),
        facts=(f"approved by {ctx.policy.label(draft.approved_by)}",),
        buttons=(Button("Mark as sent", "sent", case.id, (("hash", draft.short_hash),), style="primary"),),
        colour="blue",
        link=link_of(way.url, "Open the mention") if isinstance(way, ByLink) else None,
        is_to_copy=True,
    )
    return Reply(
        screen=Screen(
            f"Send the reply to #{case.id}",
            f"{why}, so you do it by hand, in three steps.",
            (row,),
            f"1. Copy the text.\n2. {place}\n3. Press Mark as sent, so that everybody knows.",
        )
    )


def _waits_for_a_person(draft: Draft) -> bool:
    waits = draft.state is DraftState.SENDING and draft.attempted_at is None and bool(draft.error)
    return waits or draft.state is DraftState.DOUBTFUL


def _ask(ctx: Context, who: Member, case: Case, draft: Draft) -> Reply:
    """What can be done about a reply that waits, or may stand outside: nothing of it happens unasked."""
    drafts.refuse_not_hers(ctx, who, case)
    mention = ctx.store.mentions.get(case.mention_id)
    buttons = when_in_doubt(case, draft) if draft.state is DraftState.DOUBTFUL else (take_back(case, draft),)
    state = "may have been posted" if draft.state is DraftState.DOUBTFUL else "is not posted yet"
    row = Row(
        heading=f"The reply as {draft.account} {state}",
        quote=shown(draft.text, 1_500),
        facts=(draft.error,) if draft.error else (),
        buttons=buttons[:2],
        colour="orange",
        link=link_to(mention, ctx.ways(mention)) if mention else None,
    )
    intro = "Look there first." if draft.state is DraftState.DOUBTFUL else "Earshot goes on trying."
    return Reply(screen=Screen(f"The reply to #{case.id}", intro, (row,), buttons=buttons[2:]))


def _decided(ctx: Context, who: Member, case: Case, then: str, text_hash: str) -> Reply:
    word, _, doubt = then.partition(":")
    if word == _AGAIN:
        draft = replies.send_again(ctx, who, case, text_hash, doubt)
        return Reply(f"The reply to #{case.id} is on its way again as {draft.account}.")
    if word in (_ABSENT, _BACK):
        if word == _ABSENT:
            replies.not_sent(ctx, who, case, text_hash, doubt)
        else:
            replies.take_back(ctx, who, case, text_hash)
        back = f"It is approved as before: `send {case.id}` sends it, `draft {case.id}` changes it."
        return Reply(f"The reply to #{case.id} is not being sent any more. {back}")
    raise InvalidInput("Say what happens to the reply.", f"`send {case.id}` shows what can be done.")
