"""What the outside must offer: a source to read from, a chat to post to. `bot/` implements these.

Contract of a source. `plan` says which native queries it asks, each with a cursor of its own. `poll` is a pure step:
the same cursor gives the same page or a later state of it; any page may be delivered twice. Items come oldest first.
The cursor returned is valid once the items are stored, and is stored in their transaction. A native query may find more
than the team's queries want, never less. One broken item never costs its neighbours: it is a `Broken` among them. What
costs money is reserved in the budget before it is asked for. Errors are the typed ones below.

A stream is faster than a poll and never trusted alone: what it misses, the poll brings. It gives items, and now and
then a `Mark`, which is a cursor for all that came before it.

A reply is posted at most once: `reply` makes one attempt; when its answer was lost (`ReplyDoubtful`), `find_reply`
looks for it before anybody tries again.

Contract of a chat. `post` either returns the message's ref, or raises one of the chat errors below; any other outcome
(a lost answer, a time-out) is `ChatDoubtful`. The outbox decides about retries; an adapter never retries a post itself.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Flag, auto
from typing import Protocol

from handlers.cards import Drawing
from handlers.rules.query import Query
from handlers.rules.text import safe_url
from storage.errors import EarshotError
from storage.types import Mention, RawMention


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The source says that an item is gone."""

    native_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An item that cannot be read. `where` finds it again (file and row, guid); `sample` is its first characters."""

    where: str
    reason: str
    sample: str


Item = RawMention | Tombstone | Broken


@dataclass(frozen=True, slots=True)
class Mark:
    """All that a stream gave before this may be forgotten by it once it is stored: its cursor.

    None says only that the stream is open, for one that has no cursor: what was missed until now is polled for.
    """

    cursor: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took. Money in micro-dollars (millionths of a US dollar)."""

    requests: int = 0
    money: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a source. `cursor` is opaque text owned by the source; `more` asks to be polled again at once."""

    items: tuple[Item, ...]
    cursor: str | None
    more: bool = False
    is_backlog: bool = False  # what was there before we began to listen: undated items are not alerted
    not_before: datetime | None = None  # the source asks to be left alone until then (Retry-After, ttl)
    cost: Cost = Cost()
    query: str | None = ""  # the native query that was asked, filled in by whoever asks; None: it answers none


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query of a brand, as a source is given it to translate."""

    brand: str
    name: str
    query: Query


class Budget(Protocol):
    """The money that a source may spend on a day (UTC), in micro-dollars. What is reserved counts as spent.

    A reservation that is never settled, because the program died, stays: the sum may be too high, never too low.
    """

    async def left(self) -> int | None:
        """What may still be spent today; None when there is no limit."""

    async def reserve(self, most: int) -> None:
        """Before a request that may cost so much. Raises BudgetSpent when there is not so much left."""

    async def settle(self, reserved: int, spent: int, requests: int = 1) -> None:
        """After its answer: what was reserved for it, and what it has truly cost."""


class NoBudget:
    """For a source that costs nothing."""

    async def left(self) -> int | None:
        return None

    async def reserve(self, most: int) -> None:
        """There is no limit."""

    async def settle(self, reserved: int, spent: int, requests: int = 1) -> None:
        """Nobody counts."""


FREE: Budget = NoBudget()


class Can(Flag):
    """What a source can do beside being polled, as it is set up."""

    NOTHING = 0
    STREAM = auto()
    VERIFY = auto()
    REPLY = auto()


@dataclass(frozen=True, slots=True)
class ByApi:
    """Earshot posts the approved text itself, as `account`; it may have `limit` characters there."""

    account: str
    limit: int = 3_000


@dataclass(frozen=True, slots=True)
class ByLink:
    """A person answers on the outside network: open `url`, paste the approved text. `why` Earshot cannot, if told."""

    url: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class NotPossible:
    """No reply can be given there; `why` in words."""

    why: str


ReplyWay = ByApi | ByLink | NotPossible


def reply_way(mention: Mention) -> ReplyWay:
    """How this mention can be answered by a person, where Earshot cannot."""
    if url := safe_url(mention.url):
        return ByLink(url)
    if "@" in mention.author:
        return NotPossible(f"Write to {mention.author}, the address that came with it.")
    return NotPossible("This mention has no link. Answer where the customer can be reached, then note it with `sent`.")


@dataclass(frozen=True, slots=True)
class Posted:
    """A reply that stands outside. `url` may be empty where there is none (an e-mail)."""

    url: str
    native_id: str


class Source(ABC):
    """A place mentions come from. What a source does not offer it inherits from here."""

    name: str
    kind: str
    can: Can = Can.NOTHING
    side_by_side: int = 1  # native queries that may be polled at the same time
    settle: float = 60.0  # seconds after which a reply whose answer was lost must be visible to `find_reply`

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        """The native queries to poll, in words that stay the same while they mean the same. Pure.

        Raises BadQuery when a wanted query cannot be asked there, not even wider.
        """
        return ("",)

    def is_outdated(self) -> bool:
        """Whether a file that it was built from has changed since: then it is built anew with the settings."""
        return False

    @abstractmethod
    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """The next page of at most `limit` items of a native query after `cursor` (None: from the start)."""

    def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        """Items as they happen, from `cursor` on, until it breaks off (a SourceError) or is closed. Can.STREAM.

        A Mark as soon as it is open tells early what would be known a minute later: that all is well with it.
        """
        raise NotImplementedError

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        """The items as they are now, a Tombstone for each that is gone. What it cannot say of is left out. Can.VERIFY.

        At most 100 at a time. An item goes by the native id that it was asked for; others are not taken.
        """
        raise NotImplementedError

    async def affordable(self, count: int, budget: Budget) -> int:
        """For how many of so many `verify` can be paid now. Raises BudgetSpent when it is none. Can.VERIFY."""
        return count

    def weekly(self, items: int) -> Cost:  # what it takes with the settings as they are
        """What a week costs in which so many items are given. Pure."""
        return Cost()

    def can_reply(self, mention: Mention) -> ReplyWay:
        """How this very mention can be answered. Pure."""
        return reply_way(mention)

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        """Post a reply; one attempt. Can.REPLY. `key` is the same for every attempt at the same reply.

        Raises ReplyRefused, SignInFailed, RateLimited or Transient when it certainly was not posted, ReplyDoubtful when
        nobody knows.
        """
        raise NotImplementedError

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        """The reply that an earlier attempt at or after `since` posted; None when there certainly is none. Can.REPLY.

        Raises SourceError when it cannot be looked for.
        """
        raise NotImplementedError

    @abstractmethod
    async def check(self) -> str:
        """One sentence: what it is and that it can be read. Raises a SourceError that says why not."""

    @abstractmethod
    async def close(self) -> None:
        """Give back files and sockets."""


class SourceError(EarshotError):
    """Reading a source failed; nothing was lost, the cursor did not move."""


class SignInFailed(SourceError):
    """Never retried without a person."""


class RateLimited(SourceError):
    """Leave it alone until `until` (UTC)."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class BudgetSpent(RateLimited):
    """The money for today is spent; `until` is when the next day (UTC) begins."""


class Transient(SourceError):
    """It may work the next time."""


class Gone(SourceError):
    """It is not there any more and will not come back (HTTP 410, a deleted folder)."""


class BadSource(SourceError):
    """What it gives cannot be read at all: wrong address, wrong format, too large."""


class BadQuery(SourceError):
    """The place does not take this query; the words say which part, and what would do."""


class ReplyRefused(SourceError):
    """It was not posted and will not be, as it stands: the author is gone, the text is too long, it is not allowed."""


class ReplyDoubtful(SourceError):
    """The answer was lost: it may have been posted. Look for it before another attempt."""


class Opinions(Protocol):
    """A second opinion on texts: how likely each is a complaint, in log-odds. Off by default.

    It raises nothing and keeps nobody waiting for longer than its time-out. A text is left out of what it answers when
    it says nothing of it, because its word came late, or not at all, or was none, or because the day's budget is spent:
    then the day-one words decide alone. Once it has said something of a text it says the same of it for a month.
    """

    may_see_private: bool  # whether what was sent to us directly may be shown to it as well

    async def ask(self, texts: Sequence[str]) -> Mapping[str, float]:
        """What it says of texts, by text. Only those that concern a brand are for it."""

    async def recall(self, texts: Sequence[str]) -> Mapping[str, float]:
        """What it said of texts before, by text; nobody is asked."""


class Chat(Protocol):
    """A chat platform. Channels are named as in routes, without the chat's prefix: #alerts. `@ana` is a direct message.

    Posts and updates are called for side by side, but of each kind only one per channel at a time.
    """

    name: str
    pace: float  # seconds between two posts to one channel; updates have none
    settle: float  # seconds after which a lost answer's message must be visible to `find`

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        """Post a new message (in the thread of `parent_ref` if given); returns its ref."""

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        """Redraw a message whole; `key` is the one that it was posted with. Repeating it is harmless."""

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        """The ref of the message posted with this key at or after `since` (in the thread of `parent_ref` if given), or
        None if there is none.
        """

    async def check(self) -> str:
        """One sentence on its health. Raises a ChatError that says why not."""


class ChatError(EarshotError):
    """The chat did not take it."""


class ChatRefused(ChatError):
    """It never will, as it stands: wrong channel, wrong payload. The delivery is dead and shown in `status`."""


class ChatClosed(ChatError):
    """This channel cannot be used until a person does something: archived, left, shared outside, token refused.

    Its deliveries wait, an admin is told once, and it is tried again now and then.
    """


class ChatBusy(ChatError):
    """It asks to wait; not counted as an attempt. `is_everywhere`: no channel may be called so until then."""

    def __init__(self, message: str, retry_after: float, *, is_everywhere: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds
        self.is_everywhere = is_everywhere  # the kind of call that was refused (post or update) rests in every channel


class ChatLater(ChatError):
    """This one message has to wait; all others go on, in its channel too. Not counted as an attempt."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class ChatDoubtful(ChatError):
    """The answer was lost: it may have been posted. Settle, then look for it."""


class ChatMessageGone(ChatError):
    """The message to update was deleted by a person; it is not posted again."""
