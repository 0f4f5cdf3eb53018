"""The threads of cards: each is made from its card's message, bears the message's id, and begins when it is needed."""

import asyncio
from collections import OrderedDict
from typing import Literal
from weakref import WeakValueDictionary

from bot.chats.discord.refusals import NO_THREADS_HERE, THREAD_EXISTS, DiscordRefused
from bot.chats.discord.wire import Wire
from handlers.cards import Card, DraftCard, Drawing, Notice

ARCHIVE_AFTER: Literal[1440] = 1440  # minutes without a word; posting reopens it
_REMEMBERED = 2_000  # threads
_SOON = 4.0  # seconds: the message itself is still to be posted, in the same call of the outbox


class NoThreads(Exception):
    """There can be none where the message stands: a direct message, or a thread itself."""


class Threads:
    """Knows which are there, of those that it met since the program began."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: OrderedDict[int, None] = OrderedDict()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # of those that are being made

    async def under(self, channel: int, message: int, name: str) -> int:
        """The id of the thread of a message, which is made if it is not there.

        Raises ChatError; ChatMessageGone when the message was deleted; NoThreads.
        """
        lock = self._locks.setdefault(message, asyncio.Lock())
        async with lock:
            if message not in self._known:
                await self._make(channel, message, name)
            return message

    def forget(self, message: int) -> None:
        """It is not there any more."""
        self._known.pop(message, None)

    async def reopen(self, thread: int) -> None:
        """Discord closes a thread in which nobody wrote for a day; what stands in it cannot be changed then. Raises
        ChatError.
        """
        http = self._wire.client.http
        await self._wire.answer(
            lambda: http.edit_channel(thread, archived=False), what="opening a thread", place=str(thread), within=_SOON
        )

    async def _make(self, channel: int, message: int, name: str) -> None:
        http = self._wire.client.http
        try:
            await self._wire.answer(
                lambda: http.start_thread_with_message(
                    channel, message, name=name, auto_archive_duration=ARCHIVE_AFTER
                ),
                what="a thread",
                place=str(channel),
                within=_SOON,
            )
        except DiscordRefused as refused:
            if refused.code in NO_THREADS_HERE:
                raise NoThreads from None
            if refused.code != THREAD_EXISTS:
                raise
        self._known[message] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def thread_name(drawing: Drawing) -> str:
    """What a thread is called, in our words alone: names of threads stand beside those of channels."""
    case = drawing.case if isinstance(drawing, Card | DraftCard | Notice) else None
    return f"#{case} drafts and news" if case is not None else "Drafts and news"
