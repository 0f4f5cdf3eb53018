"""The local chat as a chat like any other: posts and redraws messages in our own file, then wakes the open tabs.

A message's body is JSON: `{"type": "card", "drawing": {…}, "shared_by": ""}`. What a page needs from the program behind
it is `Desk`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter

from handlers.cards import Card, Chart, DraftCard, Drawing, Notice, Screen
from handlers.ports import ChatBusy, ChatMessageGone, ChatRefused
from handlers.requests import Command, Reply, Request
from handlers.rules.policy import Policy
from storage.errors import NotFound, StorageError
from storage.local_chat import LocalChat

T = TypeVar("T")


class Desk(Protocol):
    """The program behind the page."""

    async def act(self, request: Request) -> Reply:
        """Do a command, button or form. Never raises EarshotError: errors come as `Reply.is_error`."""

    def commands(self) -> Sequence[Command]:
        """Every staff verb, for completion and for reading typed lines."""

    def policy(self) -> Policy:
        """Members, team name, brands, routes as they are now; a reload replaces them."""

    async def read(self, work: Callable[[LocalChat], T]) -> T:
        """Run `work` on a reading thread."""

    async def write(self, work: Callable[[LocalChat], T]) -> T:
        """Run `work` on the writing thread, in a transaction."""

    async def picture(self, chart: Chart, dark: bool = False) -> bytes:
        """The PNG of a chart, painted on a thread of its own."""

    async def health(self) -> Mapping[str, Any]:
        """`{"ok": bool, "parts": [{"name", "ok", "words"}, …]}`."""

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Take in a webhook; the HTTP status and a sentence."""

    def forms(self) -> Mapping[str, str]:
        """Webhook sources that serve a feedback form: source name -> the brand it asks about."""

    async def submit_form(self, source: str, fields: Mapping[str, str]) -> tuple[int, str]:
        """Take in a feedback form; the HTTP status and a sentence."""


class Bell:
    """Wakes everybody who waits for news. `closed` says that the server is going away."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.closed = False

    def ring(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def close(self) -> None:
        self.closed = True
        self.ring()

    def listen(self) -> asyncio.Event:
        """Set at the next ring. Listen first, then read: what comes in between is not missed."""
        return self._next


@dataclass(frozen=True, slots=True)
class Stored:
    """What a message body holds. `shared_by` is the label of the member who shared an answer, else ""."""

    drawing: Drawing
    shared_by: str = ""


_TYPES: dict[str, type[Card] | type[DraftCard] | type[Notice] | type[Screen]] = {
    "card": Card,
    "draft": DraftCard,
    "notice": Notice,
    "screen": Screen,
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in _TYPES.items()}
_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def to_body(stored: Stored) -> str:
    """The JSON of a message body. The same drawing always gives the same text."""
    name = next(name for name, kind in _TYPES.items() if isinstance(stored.drawing, kind))
    drawing = _ADAPTERS[name].dump_python(stored.drawing, mode="json")
    return _OBJECT.dump_json({"type": name, "drawing": drawing, "shared_by": stored.shared_by}).decode()


def from_body(body: str) -> Stored:
    """The inverse of `to_body`."""
    content = _OBJECT.validate_json(body)
    return Stored(_ADAPTERS[content["type"]].validate_python(content["drawing"]), content["shared_by"])


class LocalChatAdapter:
    """handlers.ports.Chat on our own file. `bell` rings after every change; `now` is the clock."""

    name = "local"
    pace = 0.0
    settle = 1.0

    def __init__(self, desk: Desk, bell: Bell, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._bell = bell
        self._now = now

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        body, at = to_body(Stored(drawing)), self._now()
        try:
            ref = await self._desk.write(lambda chat: chat.post(channel, key, body, parent_ref, at))
        except NotFound as error:
            raise ChatRefused(error.message, error.hint) from error
        except StorageError as error:
            raise ChatBusy(error.message, retry_after=1.0) from error
        self._bell.ring()
        return ref

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:  # noqa: ARG002 - a ref is unique
        at = self._now()
        try:
            await self._desk.write(lambda chat: chat.update(ref, _redrawn(chat, ref, drawing), at))
        except NotFound as error:
            raise ChatMessageGone(error.message, error.hint) from error
        except StorageError as error:
            raise ChatBusy(error.message, retry_after=1.0) from error
        self._bell.ring()

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:  # noqa: ARG002 - so is a key
        return await self._desk.read(lambda chat: chat.find(channel, key))

    async def check(self) -> str:
        channels = await self._desk.read(lambda chat: chat.channels())
        return f"The local chat works; {len(channels)} of its channels have messages."


def _redrawn(chat: LocalChat, ref: str, drawing: Drawing) -> str:
    """The body with a new drawing; who shared it stays."""
    return to_body(Stored(drawing, from_body(chat.message(ref).body).shared_by))
