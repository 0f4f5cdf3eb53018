"""A reply that Earshot posts itself, from the press of Send until it stands outside, is given back, or is in doubt.

    sending, never attempted     is tried when it is due
    sending, attempted_at set    an attempt of which nobody knows the outcome yet: looked for, never simply tried again
    doubtful                     nobody could find out: only a person decides

`bot/replying.py` makes the calls; each step here is one transaction, and nothing is posted outside of two of them. What
is true of the draft then is asked again immediately before each attempt.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import cases, drafts, halts
from handlers.cards import Button
from handlers.context import Context
from handlers.ports import ByApi, Posted
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.roles import may
from handlers.rules.text import safe_url, shown
from handlers.rules.when import clock
from storage.errors import Conflict, EarshotError
from storage.types import Case, Draft, DraftState, Mention, Status

MOST_ATTEMPTS = 3  # of which the outcome was not known at once
LONGEST_WAIT = timedelta(hours=24)  # after which a person hears that it was not posted
LOOK_FOR = timedelta(hours=1)  # before a person is asked
_TOLD_FROM = timedelta(minutes=1)  # of waiting
_EARLIER = timedelta(minutes=1)  # how far the clocks of two computers may differ
_SOONEST, _LATEST = timedelta(seconds=5), timedelta(minutes=10)  # between two tries
_WHY = 500  # characters
# What a source says of its errors, and what is not so of a reply in doubt
_TRIED_AGAIN = re.compile(
    r"[;,.]?\s*(?:and )?it (?:will|can) be (?:tried|asked|looked for) (?:again|after that)\.", re.I
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A reply to be posted or looked for: `since` is when it was posted at the earliest."""

    draft: Draft
    mention: Mention
    since: datetime

    @property
    def key(self) -> str:
        """The same for every attempt at the same reply, and no other's."""
        return f"reply:{self.draft.id}:{self.draft.short_hash}"


# What people do


def send_off(ctx: Context, who: Member, case: Case, draft: Draft) -> Draft:
    """From now on it is on its way; only one press does that, and none while replies are stopped."""
    halts.refuse(ctx, who)
    sending = ctx.store.drafts.send(draft, by=who.name, now=ctx.now) or _lost(case)
    cases.act(ctx, who, case, "send", _detail(draft))
    return sending


def send_again(ctx: Context, who: Member, case: Case, text_hash: str = "", doubt: str = "") -> Draft:
    """She has looked, and it is not there: the one way from doubt to another attempt. `doubt` is which she means."""
    draft = _in_doubt(ctx, who, case, text_hash, doubt)
    drafts.refuse_unapproved(ctx, case, draft)
    return send_off(ctx, who, case, draft)


def not_sent(ctx: Context, who: Member, case: Case, text_hash: str = "", doubt: str = "") -> Draft:
    """She has looked, and it is not there: approved and not sent, as before."""
    return _given_back(ctx, who, case, _in_doubt(ctx, who, case, text_hash, doubt))


def take_back(ctx: Context, who: Member, case: Case, text_hash: str = "") -> Draft:
    """Approved and not sent, as before, while it waits. Of one in doubt this is no word: she has not looked."""
    drafts.refuse_not_hers(ctx, who, case)
    draft = drafts.waiting(ctx, case, text_hash)
    if draft.state is not DraftState.SENDING or draft.attempted_at is not None:
        drafts.refuse_under_way(ctx, case, draft)
        raise Conflict(f"The reply to #{case.id} does not wait any more.", f"`show {case.id}` says where it stands.")
    return _given_back(ctx, who, case, draft)


def _given_back(ctx: Context, who: Member, case: Case, draft: Draft) -> Draft:
    back = ctx.store.drafts.give_back(draft, why="", now=ctx.now) or _lost(case)
    cases.act(ctx, who, case, "take back", _detail(draft))
    return back


def stop_all(ctx: Context, who: Member, why: str) -> tuple[int, int]:
    """Begin a halt. What waits is given back, and whoever sent it off hears why; how many, and how many are being
    posted now. Raises Conflict when one lasts already."""
    halts.begin(ctx, who, why)
    waiting, told = ctx.store.drafts.waiting(), halts.lasting(ctx)
    for draft in waiting:
        refused(ctx, draft, told)
    return len(waiting), ctx.store.drafts.posting()


def _in_doubt(ctx: Context, who: Member, case: Case, text_hash: str, doubt: str) -> Draft:
    drafts.refuse_not_hers(ctx, who, case)
    draft = drafts.waiting(ctx, case, text_hash)
    if draft.state is DraftState.SENDING:
        drafts.refuse_under_way(ctx, case, draft)
    if draft.state is not DraftState.DOUBTFUL:
        raise Conflict(f"The reply to #{case.id} is not in doubt any more.", f"`show {case.id}` says where it stands.")
    if doubt != str(draft.revision):
        raise Conflict(
            f"The reply to #{case.id} was tried again since you saw that.",
            f"Look there once more; `send {case.id}` has what can be done then.",
        )
    return draft


# What the program asks before a call


def source_of(ctx: Context, draft: Draft) -> str:
    """The source that posts it; "" when what it answers is not there any more."""
    mention = _mention(ctx, cases.find(ctx, draft.case_id))
    return mention.source if mention else ""


def attempt(ctx: Context, draft: Draft, settle: timedelta) -> Attempt | None:
    """All is well, and the attempt is written down; None when it was given back, or somebody was faster."""
    if (found := _still(ctx, draft)) is None or found.attempted_at is not None:
        return None
    case = cases.find(ctx, found.case_id)
    mention = _mention(ctx, case)
    try:
        _refuse_now(ctx, case, found, mention)
    except EarshotError as error:
        refused(ctx, found, str(error))
        return None
    attempted = ctx.store.drafts.attempt(found, look_at=ctx.now + settle, now=ctx.now)
    return Attempt(attempted, mention, _since(ctx, attempted)) if attempted and mention else None


def _refuse_now(ctx: Context, case: Case, draft: Draft, mention: Mention | None) -> None:
    halts.refuse(ctx)
    if case.status is Status.RESOLVED:
        raise Conflict(f"#{case.id} was resolved before that.", f"`reopen {case.id}` opens it again.")
    if not may(ctx.policy.member(draft.sent_by or ""), "send"):
        raise Conflict(f"{ctx.policy.label(draft.sent_by)}, who sent it off, may not send any more.")
    way = ctx.ways(mention) if mention else None
    if isinstance(way, ByApi) or not drafts.is_there(mention):
        drafts.refuse_unapproved(ctx, case, draft)
    if not isinstance(way, ByApi):
        why = way.why if way is not None else ""
        raise Conflict("Earshot cannot post there by itself any more.", why or f"`send {case.id}` has what you can do.")


def sought(ctx: Context, draft: Draft) -> Attempt | None:
    """What is to be looked for; None when it no longer can be, because what it answers was deleted meanwhile."""
    mention, now = _mention(ctx, cases.find(ctx, draft.case_id)), ctx.store.drafts.get(draft.id) or draft
    return Attempt(now, mention, _since(ctx, now)) if mention and drafts.is_there(mention) else None


# What comes of it


def posted(ctx: Context, draft: Draft, where: Posted) -> None:
    """It stands there: the case is answered by who sent it off."""
    found = _still(ctx, draft)
    url, by = safe_url(where.url), draft.sent_by or "earshot"
    sent = ctx.store.drafts.sent(found, by=by, url=url, now=ctx.now, native_id=where.native_id) if found else None
    if sent is None:
        return
    case, detail = cases.find(ctx, draft.case_id), {"draft": str(draft.id), "url": url}
    if case.status is Status.RESOLVED:
        changed = cases.act_as(ctx, by, case, "post", detail)
    else:
        changed = cases.act_as(ctx, by, case, "sent", detail, answered_at=ctx.now, snoozed_until=None)
    how = f"was posted as {draft.account}: {url}" if url else f"was sent from {draft.account}."
    cases.tell(ctx, changed, f"{ctx.policy.label(by)}'s reply to #{case.id} {how}")


def refused(ctx: Context, draft: Draft, why: str) -> None:
    """It certainly was not posted: it is approved and not sent, as before, and who sent it off hears why."""
    found = _still(ctx, draft)
    words = _words(why)
    if found is None or ctx.store.drafts.give_back(found, why=words, now=ctx.now) is None:
        return
    _tell(ctx, found, "fail", words, f"The reply to #{draft.case_id} was not posted. {words}")


def postpone(ctx: Context, draft: Draft, why: str, until: datetime | None = None) -> None:
    """It certainly was not posted, and is tried again: at `until`, where the source has said so, or after a while."""
    if (found := _still(ctx, draft)) is None:
        return
    words, moment = _words(why), max(until, ctx.now + _SOONEST) if until else ctx.now + _back_off(found.attempts)
    if moment - _sent_off_at(ctx, found) > LONGEST_WAIT:
        refused(ctx, found, f"It could not be posted for a day. {words}")
        return
    if stopped := halts.lasting(ctx):
        refused(ctx, found, stopped)
        return
    waits = ctx.store.drafts.wait(found, until=moment, why=words, now=ctx.now, counts=until is None)
    if waits is None:
        return
    if moment - ctx.now < _TOLD_FROM or _is_told(ctx, found):
        cases.redraw(ctx, draft.case_id, waits=True)
        return
    when = clock(moment, ctx.now, ctx.zone)
    _tell(ctx, found, "hold", words, f"The reply to #{draft.case_id} is not posted yet; it is tried at {when}. {words}")


def lost(ctx: Context, draft: Draft, why: str, look_at: datetime) -> None:
    """The answer did not come: nobody knows."""
    found = _still(ctx, draft)
    if found and ctx.store.drafts.look(found, at=look_at, why=_words(why), now=ctx.now):
        cases.redraw(ctx, draft.case_id, waits=True)


def not_there(ctx: Context, draft: Draft) -> None:
    """It was looked for, and certainly was not posted: unless it was looked for as another account."""
    if (found := _still(ctx, draft)) is None:
        return
    if why := _looked_elsewhere(ctx, found):
        _doubt(ctx, found, why)
        return
    if found.attempts == 0 and _was_sent_off_before_a_restore(ctx, found):
        again = f"It is not there. `send {found.case_id}` posts it."
        refused(ctx, found, f"Earshot was restored from a backup since it was sent off. {again}")
    elif stopped := halts.lasting(ctx):
        refused(ctx, found, stopped)
    elif found.attempts >= MOST_ATTEMPTS:
        again = f"`send {found.case_id}` tries again."
        refused(ctx, found, f"It was tried {found.attempts} times, and is not there. {again}")
    else:
        ctx.store.drafts.wait(found, until=ctx.now, why=found.error, now=ctx.now)


def unseen(ctx: Context, draft: Draft, why: str, until: datetime | None = None, *, is_final: bool = False) -> None:
    """It could not be looked for. After an hour of that, or at once if it never will, a person is asked."""
    if (found := _still(ctx, draft)) is None:
        return
    passed = ctx.now - (found.attempted_at or ctx.now)
    if is_final or passed > LOOK_FOR:
        _doubt(ctx, found, _words(why))
        return
    moment = max(until or ctx.now, ctx.now + min(_LATEST, max(_SOONEST, passed / 2)))
    ctx.store.drafts.look(found, at=min(moment, ctx.now + LOOK_FOR), why=_words(why), now=ctx.now)


def unreachable(ctx: Context, draft: Draft, why: str) -> None:
    """There is nobody who could post it, or look for it, any more."""
    if draft.attempted_at is None:
        refused(ctx, draft, why)
    else:
        unseen(ctx, draft, why, is_final=True)


def why_no_source(ctx: Context, name: str) -> str:
    """Why a source that is to post something is not there; "" stands for that of a mention that is gone."""
    if not name:
        return "What it answers is not stored any more."
    entry = ctx.policy.source(name)
    if entry is not None and not entry.is_on:
        return f"The source {name} is paused; `earshot source resume {name}` ends that."
    return f"There is no source called {name} any more."


def _looked_elsewhere(ctx: Context, draft: Draft) -> str:
    """Why its not being there says nothing; asked after the look, when a source has signed in."""
    case = cases.find(ctx, draft.case_id)
    mention = _mention(ctx, case)
    if not isinstance(ctx.ways(mention) if mention else None, ByApi):
        return f"It was to be posted as {draft.account}, and Earshot cannot post there any more."
    account = drafts.account_of(ctx, case)
    if account == draft.account:
        return ""
    return f"It was to be posted as {draft.account}; Earshot signs in as {account} now and cannot look there."


def _doubt(ctx: Context, draft: Draft, why: str) -> None:
    why = _TRIED_AGAIN.sub(".", why).strip()
    if ctx.store.drafts.doubt(draft, why=why, now=ctx.now) is None:
        return
    case = cases.find(ctx, draft.case_id)
    changed = cases.act_as(ctx, "earshot", case, "doubt", _detail(draft) | {"why": why})
    cases.tell(
        ctx,
        changed,
        f"Nobody knows whether the reply to #{case.id} was posted: {_cause(ctx, draft)}, and it cannot be looked for."
        f" {why} It will not be posted again unless you say so. Please look there first.",
        ping=case.assignee or draft.sent_by or "",
        buttons=(Button("It is there", "sent", case.id), Button("It is not there…", "send", case.id)),
    )


def _cause(ctx: Context, draft: Draft) -> str:
    is_restored = draft.attempts == 0 and ctx.store.restores.in_force(ctx.now) is not None
    return "Earshot was restored from a backup" if is_restored else "the answer was lost"


def _tell(ctx: Context, draft: Draft, verb: str, why: str, words: str) -> None:
    case = cases.find(ctx, draft.case_id)
    changed = cases.act_as(ctx, "earshot", case, verb, _detail(draft) | {"why": why})
    cases.tell(ctx, changed, words, ping=draft.sent_by or "")


def _still(ctx: Context, draft: Draft) -> Draft | None:
    """The draft as it is now, if it is still on its way."""
    found = ctx.store.drafts.get(draft.id)
    return found if found is not None and found.state is DraftState.SENDING else None


def _mention(ctx: Context, case: Case) -> Mention | None:
    return ctx.store.mentions.get(case.mention_id)


def _since(ctx: Context, draft: Draft) -> datetime:
    return min(_sent_off_at(ctx, draft), draft.attempted_at or ctx.now) - _EARLIER


def _sent_off_at(ctx: Context, draft: Draft) -> datetime:
    event = ctx.store.cases.last_event(draft.case_id, TRANSITIONS["send"].event)
    return event.at if event is not None else draft.updated_at


def _is_told(ctx: Context, draft: Draft) -> bool:
    """Whether people know since it was sent off that it waits."""
    told = ctx.store.cases.last_event(draft.case_id, TRANSITIONS["hold"].event)
    return told is not None and told.at >= _sent_off_at(ctx, draft)


def _back_off(attempts: int) -> timedelta:
    longer: timedelta = _SOONEST * int(2 ** min(max(0, attempts - 1), 8))
    return min(_LATEST, longer)


def _words(why: str) -> str:
    """What a server said is shown to people: on one line, with nothing hidden in it."""
    return " ".join(shown(why, _WHY).words.split())


def _was_sent_off_before_a_restore(ctx: Context, draft: Draft) -> bool:
    """Whoever sent it off may have taken it back in the time that was lost."""
    last = ctx.store.restores.last()
    return last is not None and _sent_off_at(ctx, draft) <= last.restored_at


def _detail(draft: Draft) -> dict[str, str]:
    return {"draft": str(draft.id), "hash": draft.text_hash[:12]}


def _lost(case: Case) -> Draft:
    raise Conflict(f"The draft for #{case.id} was changed by somebody else just now.", "Read it again.")
