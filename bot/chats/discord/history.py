"""Looks through what was said for a message of ours whose answer was lost."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import discord

from bot.chats.discord import render
from bot.chats.discord.permissions import LABELS
from bot.chats.discord.refusals import UNKNOWN_CHANNEL, DiscordClosed, lacks
from bot.chats.discord.wire import Wire
from handlers.ports import ChatBusy, ChatDoubtful

CLOCKS_APART = timedelta(seconds=60)  # Discord's and ours
MOST_PAGES = 20
_PAGE = 100  # messages
_NEEDED = LABELS["read_message_history"]


class Rights(Protocol):
    """Who we are in Discord, and what we may do there."""

    bot_user_id: int

    def permissions_missing(self, channel_id: int) -> list[str]:
        """What we would need in a channel and lack, as Discord's settings call it."""


class History:
    def __init__(self, wire: Wire, rights: Rights) -> None:
        self._wire = wire
        self._rights = rights

    async def find(self, channel: int, card: int, key: str, since: datetime) -> str | None:
        """The ref of the message posted with this key at or after `since`: in the thread of `card` unless it is 0.

        Raises ChatError when it cannot be told; ChatClosed without the right to read, for which Discord shows an empty
        history and no error.
        """
        if not self._rights.bot_user_id:
            raise ChatBusy("Earshot is not signed in to Discord.", 5.0)
        if _NEEDED in self._rights.permissions_missing(channel):
            raise lacks("", [_NEEDED])
        after = discord.utils.time_snowflake(since - CLOCKS_APART)
        if card and (found := await self._in_thread(card, key, after)):
            return found
        return await self._in(channel, key, after)  # where there can be no thread, it stands in the channel

    async def _in_thread(self, thread: int, key: str, after: int) -> str | None:
        try:
            return await self._in(thread, key, after)
        except DiscordClosed as error:
            if error.code != UNKNOWN_CHANNEL:
                raise
            return None  # it was never made

    async def _in(self, place: int, key: str, after: int) -> str | None:
        async for message in self._messages(place, after):
            if self._is_ours(message) and _carries(message, key):
                return f"{place}:{message['id']}"
        return None

    async def _messages(self, place: int, after: int) -> AsyncIterator[Mapping[str, Any]]:
        for _ in range(MOST_PAGES):
            page = await self._page(place, after)
            for message in page:
                after = max(after, int(message["id"]))
                yield message
            if len(page) < _PAGE:
                return
        raise ChatDoubtful("There are too many messages since then to look through.")

    async def _page(self, place: int, after: int) -> list[Any]:
        http = self._wire.client.http
        found = await self._wire.answer(
            lambda: http.logs_from(place, _PAGE, after=after), what="the history", place=str(place)
        )
        if not isinstance(found, list):
            raise ChatDoubtful("Discord did not show the history.")
        return found

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """What a person pasted is not ours, whatever it says; nor is what came as an answer to a command."""
        author = message.get("author") or {}
        return str(author.get("id")) == str(self._rights.bot_user_id) and not message.get("webhook_id")


def _carries(message: Mapping[str, Any], key: str) -> bool:
    footers = [str((embed.get("footer") or {}).get("text") or "") for embed in message.get("embeds") or ()]
    return render.carries(str(message.get("content") or ""), footers, key)
