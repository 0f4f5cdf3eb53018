"""What the outside must offer: a source to read from, a chat to post to. `bot/` implements these.

Contract of a source. `poll` is a pure step: the same cursor gives the same page or a later state of it; any page may be
delivered twice. Items come oldest first. The cursor returned is valid once the items are stored, and is stored in their
transaction. One broken item never costs its neighbours: it is a `Broken` among them. Errors are the typed ones below.

Contract of a chat. `post` either returns the message's ref, or raises one of the chat errors below; any other outcome
(a lost answer, a time-out) is `ChatDoubtful`. The outbox decides about retries; an adapter never retries a post itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.cards import Drawing
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


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a source. `cursor` is opaque text owned by the source; `more` asks to be polled again at once."""

    items: tuple[RawMention | Tombstone | Broken, ...]
    cursor: str | None
    more: bool = False
    is_backlog: bool = False  # what was there before we began to listen: undated items are not alerted
    not_before: datetime | None = None  # the source asks to be left alone until then (Retry-After, ttl)


class Source(Protocol):
    """A place mentions come from."""

    name: str
    kind: str

    async def poll(self, cursor: str | None, limit: int) -> Page:
        """The next page of at most `limit` items after `cursor` (None: from the start)."""

    async def check(self) -> str:
        """One sentence: what it is and that it can be read. Raises a SourceError that says why not."""

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


class Transient(SourceError):
    """It may work the next time."""


class Gone(SourceError):
    """It is not there any more and will not come back (HTTP 410, a deleted folder)."""


class BadSource(SourceError):
    """What it gives cannot be read at all: wrong address, wrong format, too large."""


@dataclass(frozen=True, slots=True)
class ByLink:
    """A person answers on the outside network: open `url`, paste the approved text."""

    url: str


@dataclass(frozen=True, slots=True)
class NotPossible:
    """No reply can be given there; `why` in words."""

    why: str


ReplyWay = ByLink | NotPossible


def reply_way(mention: Mention) -> ReplyWay:
    """How this mention can be answered by a person. Sources that post by themselves will override this per kind."""
    if url := safe_url(mention.url):
        return ByLink(url)
    if "@" in mention.author:
        return NotPossible(f"Write to {mention.author}, the address that came with it.")
    return NotPossible("This mention has no link. Answer where the customer can be reached, then note it with `sent`.")


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


class ChatDoubtful(ChatError):
    """The answer was lost: it may have been posted. Settle, then look for it."""


class ChatMessageGone(ChatError):
    """The message to update was deleted by a person; it is not posted again."""
