"""From a proposed reply to a sent one. Approval is another person's yes to exactly one text, target and account."""

import hashlib

from handlers import cases
from handlers.context import Context
from handlers.ports import ByApi
from handlers.rules.policy import Member
from handlers.rules.roles import may, who_may
from storage.errors import Conflict, InvalidInput, NotAllowed, NotFound
from storage.types import Case, Draft, DraftState, Mention, Status

LONGEST = 3_000  # characters of a reply; a form of Slack takes no more


def hash_of(text: str, target: str, account: str, answered: str) -> str:
    """What an approval is bound to: SHA-256 over text, target, account and the customer's words that it answers.

    Each stands with its length, so that none can pose as another.
    """
    parts = "".join(f"{len(part)}:{part}" for part in (text, target, account, answered))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def write(ctx: Context, who: Member, case: Case, text: str) -> Draft:
    """Propose a reply, or change the proposed one, which voids its approval. An unclaimed case becomes hers."""
    words = checked(ctx, case, text)
    if case.status is Status.OPEN:
        case = cases.claim(ctx, who, case)
    target, answered = _answered(ctx, case)
    account = account_of(ctx, case)
    current = ctx.store.drafts.current(case.id)
    refuse_under_way(ctx, case, current)
    values = {
        "text": words,
        "text_hash": hash_of(words, target, account, answered),
        "target": target,
        "account": account,
        "author": who.name,
    }
    if current is None:
        draft = ctx.store.drafts.add(case_id=case.id, author_accounts=who.accounts, now=ctx.now, **values)
    else:
        rewritten = ctx.store.drafts.rewrite(current, author_accounts=who.accounts, now=ctx.now, **values)
        draft = rewritten if rewritten is not None else _lost(current)
    cases.act(ctx, who, case, "draft", {"draft": str(draft.id), "hash": draft.text_hash[:12]})
    cases.put_in_threads(ctx, case.id, f"draft:{draft.id}")
    return draft


def longest(ctx: Context, case: Case) -> int:
    """How many characters a reply may have where it will stand."""
    mention = ctx.store.mentions.get(case.mention_id)
    entry = ctx.policy.source(mention.source) if mention else None
    way = ctx.ways(mention) if mention else None
    limits = (entry.reply_limit if entry else LONGEST, way.limit if isinstance(way, ByApi) else LONGEST)
    return min(LONGEST, *limits)


def checked(ctx: Context, case: Case, text: str) -> str:
    """The words of a reply. Raises InvalidInput when there are none, or too many."""
    words, most = text.strip(), longest(ctx, case)
    if not words:
        raise InvalidInput("A draft needs words.", "Type the reply.", field="text")
    if len(words) > most:
        raise InvalidInput(
            f"That is {len(words):,} characters; a reply has at most {most:,} there.", "Shorten it.", field="text"
        )
    return words


def approve(ctx: Context, who: Member, case: Case, text_hash: str = "") -> Draft:
    """Say yes to the draft. `text_hash` is what the button showed; another text meanwhile is refused."""
    draft = waiting(ctx, case, text_hash)
    refuse_under_way(ctx, case, draft)
    if draft.state is DraftState.APPROVED:
        raise Conflict(f"{ctx.policy.label(draft.approved_by)} has already approved it.", f"`send {case.id}` is next.")
    if draft.state is DraftState.REJECTED:
        raise Conflict(
            f"{ctx.policy.label(draft.rejected_by)} asked for a change.", f"`draft {case.id}` changes it first."
        )
    if ctx.policy.four_eyes and _is_by(draft, who):
        raise NotAllowed(
            "You wrote this draft, so somebody else must approve it (four eyes).", f"Ask {_others(ctx, who)}."
        )
    if ctx.policy.four_eyes:
        _refuse_perhaps_her_own(ctx, who, draft)
    _refuse_stale(ctx, case, draft)
    approved = ctx.store.drafts.approve(draft, by=who.name, now=ctx.now) or _lost(draft)
    cases.act(ctx, who, case, "approve", {"draft": str(draft.id), "hash": approved.text_hash[:12]})
    return approved


def _is_by(draft: Draft, who: Member) -> bool:
    """Whether she wrote it: with an account that is hers now, or, where none is known, under a name of hers.

    What a chat calls her is hers only until she changes it there, and another may take it then.
    """
    if not set(draft.author_accounts).isdisjoint(who.accounts):
        return True
    return who.is_called(draft.author) and (not draft.author_accounts or not who.joined)


def _authors(ctx: Context, draft: Draft) -> list[Member]:
    """Whoever wrote it; two, when she ended the link between her accounts since; nobody, when she is not known now."""
    return [member for member in ctx.policy.members if _is_by(draft, member)]


def _refuse_perhaps_her_own(ctx: Context, who: Member, draft: Draft) -> None:
    """She did not write it as far as is known; that they are two people must be certain."""
    authors = _authors(ctx, draft)
    if not authors:
        raise Conflict(
            f"{draft.author}, who wrote this draft, is not known as a member now: it may have been you.",
            f"`draft {draft.case_id}` writes it anew, and another person approves it.",
        )
    for author in authors:
        if author.may_be(who):
            raise _perhaps_one(author, who)


def _perhaps_one(author: Member, who: Member) -> NotAllowed:
    """Two members of whom one is known from a chat alone, and the other not for certain there."""
    if author.was_one_with(who):
        return NotAllowed(
            f"{author.label} and {who.label} were linked as one person before (four eyes).",
            "If they are two, have an admin write both into earshot.toml, or have another person approve it.",
        )
    known, other = (author, who) if who.joined else (who, author)
    there = f" in {known.joined.capitalize()}" if known.joined else ""
    joining = "Type `link` in one chat and its code in the other to join your accounts, have an admin"
    if author.linked or who.linked:  # anybody may have one more account
        joining = "Have an admin"
    return NotAllowed(
        f"Nobody can tell whether {other.label} in {other.joined.capitalize()} is {known.label}{there} (four eyes).",
        f"{joining} write {known.label}'s {other.joined} id into earshot.toml, or have another person approve it.",
    )


def reject(ctx: Context, who: Member, case: Case, why: str) -> Draft:
    """Ask for a change, saying which; the author is told."""
    if not why.strip():
        raise InvalidInput("Say what should change.", field="why")
    draft = waiting(ctx, case)
    refuse_under_way(ctx, case, draft)
    rejected = ctx.store.drafts.reject(draft, by=who.name, why=why.strip()[:500], now=ctx.now) or _lost(draft)
    changed = cases.act(ctx, who, case, "reject", {"draft": str(draft.id), "why": why.strip()[:500]})
    cases.tell(
        ctx,
        changed,
        f"{who.label} asks for a change in the draft for #{case.id}: {why.strip()[:500]}",
        ping=draft.author,
    )
    return rejected


def ready(ctx: Context, who: Member, case: Case, text_hash: str = "") -> Draft:
    """The approved draft that she may send now. Approval, hash, role and account are checked again here."""
    refuse_not_hers(ctx, who, case)
    draft = waiting(ctx, case, text_hash)
    refuse_under_way(ctx, case, draft)
    if draft.state is not DraftState.APPROVED:
        raise _not_approved(case)
    refuse_unapproved(ctx, case, draft)
    return draft


def refuse_not_hers(ctx: Context, who: Member, case: Case) -> None:
    """Whether she may send the reply of this case."""
    if case.assignee != who.name and not may(who, "send for another"):
        raise NotAllowed(
            cases.where_it_stands(ctx, case),
            f"Only its assignee, or {who_may('send for another')}, can send the reply.",
        )


def refuse_unapproved(ctx: Context, case: Case, draft: Draft) -> None:
    """Whether the yes of another person covers what would be sent now: text, target, account, and what it answers."""
    if draft.approved_hash != draft.text_hash:
        raise _not_approved(case)
    _refuse_stale(ctx, case, draft)
    approver = ctx.policy.member(draft.approved_by or "")
    is_one = _is_by(draft, approver) if approver else draft.approved_by == draft.author
    if ctx.policy.four_eyes and is_one:
        raise NotAllowed("This draft was approved by its author.", "Somebody else must approve it (four eyes).")
    if ctx.policy.four_eyes and approver and any(author.may_be(approver) for author in _authors(ctx, draft)):
        raise NotAllowed("This draft was perhaps approved by its author.", "Have it approved anew (four eyes).")
    if not may(approver, "approve"):
        raise NotAllowed(
            f"{ctx.policy.label(draft.approved_by)} may no longer approve.",
            f"`reject {case.id}` it, and have it approved anew.",
        )


def refuse_under_way(ctx: Context, case: Case, draft: Draft | None) -> None:
    """What is being posted, or may have been, stays as it is until that is known."""
    if draft is None:
        return
    if draft.state is DraftState.SENDING:
        raise Conflict(
            f"The reply to #{case.id} is being sent: {ctx.policy.label(draft.sent_by)} sent it off.",
            "The thread says when it stands there.",
        )
    if draft.state is DraftState.DOUBTFUL:
        raise Conflict(
            f"Nobody knows whether the reply to #{case.id} was posted.",
            f"Look there first; `send {case.id}` has what can be done then.",
        )


def _not_approved(case: Case) -> Conflict:
    return Conflict(f"The draft for #{case.id} is not approved.", f"`approve {case.id}` is for {who_may('approve')}.")


def _refuse_stale(ctx: Context, case: Case, draft: Draft) -> None:
    """Since it was written the file may have named another account, or the customer other words: nobody has said yes
    to a reply from that one, or to those.
    """
    target, answered = _answered(ctx, case)
    account = account_of(ctx, case)
    if draft.text_hash == hash_of(draft.text, target, account, answered):
        return
    if not is_there(ctx.store.mentions.get(case.mention_id)):
        why = f"What the draft for #{case.id} answers was deleted by its author."
    elif draft.account != account:
        why = f"The draft for #{case.id} was written to be sent from {draft.account}; the account is {account} now."
    else:
        why = f"The customer's words in #{case.id} were changed after this draft was written."
    raise Conflict(why, f"`draft {case.id}` writes it anew, and it needs another approval.")


def mark_sent(ctx: Context, who: Member, case: Case, url: str, text_hash: str = "") -> Draft:
    """The approved text stands outside now, at `url`: the case is answered.

    Also when nobody knew whether it does: she has looked.
    """
    draft = to_mark(ctx, who, case, text_hash)
    sent = ctx.store.drafts.sent(draft, by=who.name, url=url, now=ctx.now) or _lost(draft)
    cases.act(ctx, who, case, "sent", {"draft": str(draft.id), "url": url}, answered_at=ctx.now, snoozed_until=None)
    return sent


def to_mark(ctx: Context, who: Member, case: Case, text_hash: str = "") -> Draft:
    """The draft that she may say of that it stands outside."""
    draft = ctx.store.drafts.current(case.id)
    if draft is None or draft.state is not DraftState.DOUBTFUL:
        return ready(ctx, who, case, text_hash)
    refuse_not_hers(ctx, who, case)
    return waiting(ctx, case, text_hash)


def waiting(ctx: Context, case: Case, text_hash: str = "") -> Draft:
    """The draft being worked on. Raises NotFound.

    `text_hash` is what the button that was pressed showed; Conflict for another text.
    """
    draft = ctx.store.drafts.current(case.id)
    if draft is None:
        raise NotFound(f"#{case.id} has no draft.", f"`draft {case.id}` writes one.")
    if not draft.text_hash.startswith(text_hash):
        raise Conflict(f"The draft for #{case.id} was changed since you saw it.", "Read it again first.")
    return draft


def _answered(ctx: Context, case: Case) -> tuple[str, str]:
    """Which mention a reply answers, and the words of it."""
    mention = ctx.store.mentions.get(case.mention_id)
    return (f"{mention.source}:{mention.native_id}", f"{mention.title}\n{mention.text}") if mention else ("", "")


def is_there(mention: Mention | None) -> bool:
    """Whether it was not deleted: its words, its link, and what a source needs to find it, go with it."""
    return mention is not None and bool(mention.text or mention.title or mention.url)


def account_of(ctx: Context, case: Case) -> str:
    """The account that a reply is sent from: the one that Earshot signs in with, where it posts by itself."""
    mention = ctx.store.mentions.get(case.mention_id)
    way = ctx.ways(mention) if mention else None
    if isinstance(way, ByApi) and way.account:
        return way.account
    brand = next((brand for brand in ctx.policy.brands if brand.name == case.brand), None)
    return (brand.reply_as or brand.name) if brand else case.brand


def show_in_threads(ctx: Context, case_id: int) -> None:
    """The draft being worked on stands in the thread of every card of the case, also of one that came later."""
    draft = ctx.store.drafts.current(case_id)
    if draft is not None:
        cases.put_in_threads(ctx, case_id, f"draft:{draft.id}")


def _others(ctx: Context, who: Member) -> str:
    names = [member.label for member in ctx.policy.members if member.name != who.name and may(member, "approve")]
    return " or ".join(names) or "an admin to name an approver"


def _lost(draft: Draft) -> Draft:
    raise Conflict(f"The draft for #{draft.case_id} was changed by somebody else just now.", "Read it again.")
