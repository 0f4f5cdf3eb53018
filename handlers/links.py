"""One person with accounts in two chats: the code that she gets in one and types in the other, and what it joins.

Whoever shows a code to nobody can be nobody else. So that a colleague is not tricked into typing one, the other account
is shown by name and must be confirmed, and both are told. The file always wins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from handlers import cases
from handlers.context import Context
from handlers.rules.policy import CHATS, Member
from handlers.rules.text import shown
from storage.errors import Conflict, NotAllowed, NotFound
from storage.links import Link, Offer
from storage.types import Case, Lane, Status

EFFECT = "links"  # of a reply: who is one person is another matter now
LASTS = timedelta(minutes=10)
MOST_WRONG = 5  # codes in an hour
_HOUR = timedelta(hours=1)
_SOON = timedelta(seconds=2)  # by then everybody knows her by both accounts
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another: no 0 and O, no 1, I and L
_LENGTH = 8
_MOST_CASES = 500
_LONGEST_NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class Side:
    """One of two accounts that may be one person's. `chat` is local for our own page, where she has no id."""

    chat: str
    name: str  # how she is shown there
    member: Member | None  # None: nobody on the team so far
    user_id: str = ""

    @property
    def is_of_file(self) -> bool:
        return self.member is not None and not self.member.joined

    def id_on(self, chat: str) -> str:
        own = self.user_id if chat == self.chat else ""
        return own or (self.member.id_on(chat) if self.member else "")


def place(chat: str) -> str:
    """A chat as people call it."""
    return {"local": "Earshot's page"}.get(chat, chat.capitalize())


def asker(ctx: Context, who: Member | None) -> Side:
    """Who asks, by the account that she asks with. Raises NotAllowed for nobody that we could tell again."""
    chat = ctx.here.partition(":")[0] or "local"
    user_id = ctx.user_id or (who.id_on(chat) if who else "")
    if who is None and not user_id:
        raise NotAllowed("You have no role here.", "An admin can add you as a member in earshot.toml.")
    name = who.label if who else shown(ctx.user_name, _LONGEST_NAME).words or f"account {user_id}"
    return Side(chat, " ".join(name.split()), who, user_id)


def make_code(ctx: Context, who: Member) -> str:
    """A new code for her; the one before it is void."""
    code = "".join(_LETTERS[ctx.chance(len(_LETTERS))] for _ in range(_LENGTH))
    ctx.store.links.offer(
        _hash(code),
        chat=asker(ctx, who).chat,
        member=who.name,
        slack=who.slack,
        discord=who.discord,
        now=ctx.now,
    )
    return f"{code[:4]}-{code[4:]}"


def read_code(typed: str) -> str:
    """What was typed as a code, "" for what cannot be one."""
    bare = "".join(typed.upper().replace("-", " ").split())
    return bare if len(bare) == _LENGTH and set(bare) <= set(_LETTERS) else ""


def take(ctx: Context, me: Side, code: str) -> Offer | None:
    """The offer of a code that was typed; None for a wrong one, which is counted. Raises NotAllowed after too many."""
    key = _key(me)
    if ctx.store.links.wrong_tries(key, ctx.now - _HOUR) >= MOST_WRONG:
        raise NotAllowed(f"{MOST_WRONG} codes in an hour were wrong.", "Try again in an hour, with a new code.")
    offer = ctx.store.links.find(_hash(code), ctx.now - LASTS)
    if offer is not None and offer.chat == me.chat and _is_her_own(offer, me):
        raise Conflict("This code is yours: it belongs into the other chat.", 'Type it there, after "link".')
    if offer is None or not ctx.store.links.take(offer.id, key):
        ctx.store.links.tried_wrongly(key, ctx.now)
        return None
    return offer


def taken(ctx: Context, me: Side, offer_id: str) -> Offer:
    """The offer that she has taken and is asked about. Raises NotFound."""
    number = int(offer_id[:12]) if offer_id.isdecimal() else 0
    offer = ctx.store.links.taken(number, _key(me), ctx.now - LASTS)
    if offer is None:
        raise NotFound("That code has run out, or was used.", '"link" in the other chat makes a new one.')
    return offer


def other_side(ctx: Context, offer: Offer) -> Side:
    """Whoever got the code, as she is now. Raises Conflict when she is no member any more."""
    found = ctx.policy.member_on("slack", offer.slack) or ctx.policy.member_on("discord", offer.discord)
    found = found or ctx.policy.member(offer.member)
    if found is None or found.is_guest or not found.roles:
        raise Conflict("Whoever got this code has no role any more.", "Nothing was linked.")
    user_id = {"slack": offer.slack, "discord": offer.discord}.get(offer.chat, "")
    return Side(offer.chat, found.label, found, user_id)


def refuse_contradiction(ctx: Context, me: Side, other: Side) -> None:
    """Raises Conflict when the two cannot be one person: the file says otherwise, or they are one already."""
    if me.member and other.member and me.member.name == other.member.name:
        raise Conflict("These accounts are one person already.", "`link` shows what is linked.")
    if me.is_of_file and other.is_of_file:
        raise Conflict(
            f"earshot.toml says that {other.name} and {me.name} are two people.",
            "If not, an admin can change it there.",
        )
    for chat in CHATS:
        ours, theirs = me.id_on(chat), other.id_on(chat)
        if ours and theirs and ours != theirs:
            _refuse_two_accounts(ctx, chat, me, other)


def join(ctx: Context, me: Side, other: Side, offer: Offer) -> str:
    """They are one person from now on; what she is called. Her claimed cases come along, and both are told."""
    refuse_contradiction(ctx, me, other)
    ctx.store.links.use_up(offer.id)
    named = next((side.member for side in (other, me) if side.is_of_file), None)
    kept = named or other.member or me.member
    if kept is None:
        raise Conflict("Neither account has a role.", "An admin can add you as a member in earshot.toml.")
    before = [*_links_of(ctx, me), *_links_of(ctx, other)]
    for link in before:
        ctx.store.links.end(link.id, ctx.now)
    members = [member for member in (other.member, me.member) if member is not None]
    names = [name for member in members for name in (member.name, *member.also)]
    also = [name for name in dict.fromkeys([*names, *_names(before)]) if name != kept.name]
    number = ctx.store.links.add(
        member=named.name if named else "",
        slack=other.id_on("slack") or me.id_on("slack"),
        discord=other.id_on("discord") or me.id_on("discord"),
        name=kept.name,
        also=also,
        first=other.chat if other.chat in CHATS else me.chat,
        now=ctx.now,
    )
    for name in also:
        _bring_along(ctx, name, kept.name)
    for side, their in ((other, me), (me, other)):
        _tell(ctx, f"link:{number}", side.chat, kept.name, _joined_words(their))
    return kept.name


def hers(ctx: Context, who: Member) -> list[Link]:
    """What is linked of a member."""
    return ctx.store.links.of(member="" if who.joined else who.name, slack=who.slack, discord=who.discord)


def part(ctx: Context, who: Member, whose: Member) -> None:
    """The accounts of a member are two people again. Raises NotFound when nothing links them."""
    found = hers(ctx, whose)
    if not found:
        raise NotFound(f"Nothing is linked of {whose.label}.", "What earshot.toml says, an admin can change there.")
    for link in found:
        ctx.store.links.end(link.id, ctx.now)
        words = (
            f"{who.label} ended the link between your accounts: what is done with the other one is not yours any more."
        )
        if who.name != whose.name or link.first != ctx.here.partition(":")[0]:
            _tell(ctx, f"unlink:{link.id}", link.first, whose.name, words)


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _key(me: Side) -> str:
    """By what her tries are counted: the account, on our page the name."""
    return f"{me.chat}:{me.user_id or (me.member.name if me.member else '')}"


def _is_her_own(offer: Offer, me: Side) -> bool:
    own = {"slack": offer.slack, "discord": offer.discord}.get(offer.chat, offer.member)
    return own == (me.user_id or (me.member.name if me.member else ""))


def _refuse_two_accounts(ctx: Context, chat: str, me: Side, other: Side) -> None:
    """Which of the two has an account there already, and who says so."""
    whose = other if me.chat == chat or not me.member else me
    known = whose.member
    linked = [link for side in (me, other) for link in _links_of(ctx, side)]
    is_by_link = any({"slack": link.slack, "discord": link.discord}[chat] == whose.id_on(chat) for link in linked)
    if known is not None and not known.joined and not is_by_link:
        raise Conflict(
            f"earshot.toml names another {place(chat)} account for {known.label}.", "An admin can change it there."
        )
    raise Conflict(
        f"{whose.name} has another {place(chat)} account already.",
        "`link remove` ends that first." if is_by_link else "Nobody has two in one chat.",
    )


def _links_of(ctx: Context, side: Side) -> list[Link]:
    member = side.member.name if side.member and side.is_of_file else ""
    return ctx.store.links.of(member=member, slack=side.id_on("slack"), discord=side.id_on("discord"))


def _names(links: list[Link]) -> Iterator[str]:
    for link in links:
        yield from (link.name, *link.also)


def _bring_along(ctx: Context, old: str, name: str) -> None:
    """What she had claimed under another name is hers under this one; the diary says so."""
    for case in ctx.store.cases.claimed_by(old, _MOST_CASES):
        _rename(ctx, case, old, name)


def _rename(ctx: Context, case: Case, old: str, name: str) -> None:
    if case.status is Status.CLAIMED:
        cases.act_as(ctx, name, case, "assign", {"from": old, "to": name, "why": "one person"}, assignee=name)
    else:
        words = f"{old} and {name} are one person now."
        cases.act_as(ctx, name, case, "note", {"text": words}, assignee=name)


def _joined_words(their: Side) -> str:
    return (
        f"Your account here and {their.name} in {place(their.chat)} count as one person from now on: what is done there"
        " counts as done by you. If that account is not yours, `link remove` ends it; tell an admin too."
    )


def _tell(ctx: Context, key: str, chat: str, name: str, words: str) -> None:
    """By direct message, in the chat where the account is."""
    ctx.store.deliveries.post(
        f"{key}:{chat}",
        subject=f"notice:{key}",
        chat=chat,
        channel=f"@{name}",
        lane=Lane.STATE,
        now=ctx.now,
        body=cases.notice_body(words, "", None),
        not_before=ctx.now + _SOON,
    )
