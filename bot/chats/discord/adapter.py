"""Discord as a chat like any other: posts, redraws and finds messages. The outbox says when, and what after failures.

A message's ref is "<channel id>:<message id>"; in a thread it has the thread's id, which is that of the card's message.
The key of its delivery travels as a nonce, by which Discord knows for some minutes what it has posted already, and as a
short reference in the message, by which it is found again in the history, that tells of no nonces.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from discord.http import Route

from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.history import History
from bot.chats.discord.messages import Messages
from bot.chats.discord.refusals import ARCHIVED, THREAD_TROUBLES, UNKNOWN_CHANNEL, DiscordClosed, DiscordRefused
from bot.chats.discord.render import Look
from bot.chats.discord.threads import NoThreads, Threads, thread_name
from bot.chats.discord.turns import Clicks, Interaction, Turns, snowflake_time
from bot.chats.discord.wire import Wire
from handlers.cards import Drawing
from handlers.ports import ChatBusy, ChatDoubtful, ChatError, ChatLater, ChatMessageGone

log = logging.getLogger(__name__)

_JUST_NOW = timedelta(seconds=10)  # a message that is older was not made by the call that has just ended
_KNOWN_FOR = timedelta(minutes=10)  # Discord remembers a nonce for "a few minutes"


class Places(Protocol):
    """Where we are in Discord, and what is called how there."""

    guild_name: str
    bot_name: str
    bot_user_id: int

    async def channel_id(self, name: str) -> int:
        """The id behind "#alerts", or of the direct messages with "@ana". Raises ChatError."""

    def role_id(self, name: str) -> str:
        """A role's id, "" when there is none."""

    def user_id(self, member: str) -> str:
        """A member's id, "" when she is not known there."""

    def permissions_missing(self, channel_id: int) -> list[str]:
        """What we would need in a channel and lack, as Discord's settings call it."""


class DiscordChat:
    """handlers.ports.Chat on Discord. `settle` and `pace` are in seconds; `clock` counts them.

    `settle` is shorter than a chat's without nonces: what was posted already is not posted again by another attempt.
    """

    name = "discord"

    def __init__(
        self,
        wire: Wire,
        directory: Places,
        desk: DiscordDesk,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        settle: float = 20.0,
        pace: float = 1.0,
    ) -> None:
        self.settle = settle
        self.pace = pace
        self._wire = wire
        self._directory = directory
        self._threads = Threads(wire)
        self._turns = Turns(now, clock)
        self._clicks = Clicks(clock)
        self._history = History(wire, directory)
        self._messages = Messages(
            wire, desk, lambda: Look(mention=self._directory.user_id, role=self._directory.role_id)
        )

    def answers(self, ref: str, interaction: Interaction) -> None:
        """Somebody clicked this message just now, and Discord was told that it changes: for some minutes it is redrawn
        through the interaction, which is under other limits and works however old the message is.
        """
        self._clicks.note(ref, interaction)

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        if not parent_ref:
            place = await self._channel_id(channel)
            async with self._named(channel, place):
                return await self._post(place, drawing, key)
        parent, card = read_ref(parent_ref)
        async with self._named(channel, parent):
            return await self._post_under(parent, card, drawing, key)

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        place, message = read_ref(ref)
        async with self._named(channel, place):
            if await self._redraw_by_click(ref, drawing, key):
                return
            if (wait := self._turns.wait(place, message)) > 0:
                raise ChatLater("It was redrawn just now, or is old and waits its turn.", wait)
            try:
                await self._redraw(place, message, drawing, key)
            except ChatLater as later:
                self._turns.hold(place, later.retry_after)
                raise

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        if parent_ref:
            place, card = read_ref(parent_ref)
        else:
            place, card = await self._directory.channel_id(channel), 0
        async with self._named(channel, place):
            return await self._history.find(place, card, key, since)

    async def check(self) -> str:
        told = await self._wire.answer(lambda: self._wire.client.http.request(Route("GET", "/users/@me")))
        if not isinstance(told, dict):
            raise ChatDoubtful("Something answers in Discord's place.")
        return f"Discord works: {told.get('username') or self._directory.bot_name} in {self._directory.guild_name}."

    # Posting

    async def _channel_id(self, channel: str) -> int:
        try:
            return await self._directory.channel_id(channel)
        except ChatDoubtful as error:
            raise ChatBusy(error.message, 5.0) from None  # nothing was said yet

    async def _post_under(self, parent: int, card: int, drawing: Drawing, key: str) -> str:
        """In the thread of a card; one that was deleted is made anew. Where there can be none, or it may not be written
        in, as an answer to the card: one locked thread is no reason to pause the channel.
        """
        for _ in range(2):
            try:
                return await self._post(await self._thread(parent, card, drawing), drawing, key)
            except NoThreads:
                break
            except DiscordClosed as error:
                if error.code not in THREAD_TROUBLES:
                    raise
                log.info("thread %d: error %d", card, error.code)
                self._threads.forget(card)
                if error.code != UNKNOWN_CHANNEL:
                    break
        return await self._post(parent, drawing, key, answers=card)

    async def _thread(self, parent: int, card: int, drawing: Drawing) -> int:
        try:
            return await self._threads.under(parent, card, thread_name(drawing))
        except ChatDoubtful as error:
            raise ChatBusy(error.message, 5.0) from None  # making it again is harmless

    async def _post(self, place: int, drawing: Drawing, key: str, *, answers: int = 0) -> str:
        channel, message = await self._messages.post(place, drawing, key, answers=answers)
        if self._was_there_before(message):
            await self._draw_anew(channel, message, drawing, key)
        return f"{channel}:{message}"

    def _was_there_before(self, message: int) -> bool:
        """Whether Discord knew the nonce, and gave us what an earlier attempt has posted."""
        now = self._wire.discord_now()
        return now is not None and _JUST_NOW < now - snowflake_time(message) < _KNOWN_FOR

    async def _draw_anew(self, place: int, message: int, drawing: Drawing, key: str) -> None:
        """It shows what was true at the earlier attempt."""
        try:
            await self._redraw(place, message, drawing, key)
        except ChatError as error:
            log.warning("a message that was posted before shows an older state: %s", error)

    # Redrawing

    async def _redraw_by_click(self, ref: str, drawing: Drawing, key: str) -> bool:
        """Through the latest click on it; false when there is none any more that Discord would take."""
        if (click := self._clicks.at(ref)) is None:
            return False
        place, message = read_ref(ref)
        try:
            await self._messages.change_through(click, place, message, drawing, key)
        except (DiscordRefused, DiscordClosed, ChatBusy, ChatLater) as error:
            log.info("a message is redrawn without its click: %s", error)
            self._clicks.forget(ref)
            return False
        self._turns.was_drawn(message)
        return True

    async def _redraw(self, place: int, message: int, drawing: Drawing, key: str) -> None:
        try:
            await self._messages.change(place, message, drawing, key)
        except DiscordRefused as refused:
            if refused.code != ARCHIVED:
                raise
            await self._reopen(place)
            await self._messages.change(place, message, drawing, key)

    async def _reopen(self, thread: int) -> None:
        try:
            await self._threads.reopen(thread)
        except DiscordClosed as error:
            if error.code not in THREAD_TROUBLES:
                raise
            raise ChatMessageGone("Somebody closed its thread for good.") from None

    @asynccontextmanager
    async def _named(self, channel: str, place: int) -> AsyncIterator[None]:
        """What is closed is called by its name, with what is missing there. A thread, or a channel of an earlier time,
        that is gone closes nothing.
        """
        try:
            yield
        except DiscordClosed as error:
            if error.code == UNKNOWN_CHANNEL and not await self._is_called(channel, place):
                raise ChatMessageGone("Where it stood is not there any more.") from None
            raise error.at(channel, self._directory.permissions_missing(place)) from None

    async def _is_called(self, channel: str, place: int) -> bool:
        """Whether this is what has that name now; true too when nothing has it."""
        try:
            return await self._directory.channel_id(channel) == place
        except ChatError:
            return True


def read_ref(ref: str) -> tuple[int, int]:
    """A message's channel id and its own. Raises ChatMessageGone for what was never one."""
    channel, _, message = ref.partition(":")
    if not (channel.isdecimal() and message.isdecimal()):
        raise ChatMessageGone("This message is not known in Discord.")
    return int(channel), int(message)
