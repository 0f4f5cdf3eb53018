"""Showing a private answer to everybody: exactly what was answered, once, by the one who asked for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

import discord

from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.incoming import Incoming
from bot.chats.discord.papers import Paper, picture, posting, with_files
from bot.chats.discord.render import Look, message, text_only
from bot.chats.discord.trouble import NETWORK, is_unreadable
from bot.chats.held import NOT_HERS, TOO_OLD, Held, Share
from handlers.cards import Screen
from handlers.requests import Reply
from handlers.rules.roles import may

log = logging.getLogger(__name__)

_NOT_LET = (
    "This was not shared: I may not write here. An admin can let Earshot see this channel and send messages in it."
)
_LOST = "Discord's answer was lost: look whether it stands here, and give the command again if it does not."


class Shares:
    """Each answer that is held can be shared once."""

    def __init__(self, desk: DiscordDesk, look: Callable[[], Look], now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._look = look
        self._held = Held(desk, now)

    def hold(self, user: str, reply: Reply) -> str:
        """The id under which this answer can be shared, "" for one that cannot be."""
        return self._held.hold(user, reply)

    async def share(self, incoming: Incoming, answer_id: str) -> tuple[Reply | None, str]:
        """Show it in the channel; the answer that was shared, and why not where it was not.

        Both are empty when it stands there already.
        """
        held = self._held.of(incoming.user, answer_id)
        if held is None:
            return None, TOO_OLD
        if held.is_shared:
            return None, ""
        if not may(self._desk.policy().member_on("discord", incoming.user), "share"):
            return None, NOT_HERS
        held.is_shared = True
        why_not = await self._posted(incoming, held, f"share:{answer_id}")
        held.is_shared = why_not in ("", _LOST)
        return (None, why_not) if why_not else (held.reply, "")

    async def _posted(self, incoming: Incoming, held: Share, key: str) -> str:
        """Why it does not stand there, "" when it does. Its nonce lets Discord take it once however often it comes."""
        try:
            try:
                await self._post(incoming, await self._drawn(incoming, held, key), key)
            except discord.HTTPException as error:
                if not is_unreadable(error):
                    raise
                log.error("Discord could not read what was to be shared", extra=incoming.ids)
                await self._post(incoming, Paper(text_only(held.drawing, key)), key)
        except (discord.Forbidden, discord.NotFound):
            return _NOT_LET
        except NETWORK as error:
            if isinstance(error, discord.HTTPException) and error.status < 500:
                return f"This was not shared: Discord refused it ({error.status}). Try again in a moment."
            return _LOST
        return ""

    async def _drawn(self, incoming: Incoming, held: Share, key: str) -> Paper:
        member = self._desk.policy().member_on("discord", incoming.user)
        chart = held.drawing.chart if isinstance(held.drawing, Screen) else None
        png = await picture(self._desk, chart)
        look = replace(self._look(), has_pictures=bool(png))
        return with_files(message(held.drawing, key, look, member.label if member else "somebody"), png)

    async def _post(self, incoming: Incoming, paper: Paper, key: str) -> None:
        if paper.message.carried:
            await self._desk.carry(paper.message.carried)
        nonce = blake2b(key.encode(), digest_size=12).hexdigest()
        place = incoming.interaction.client.get_partial_messageable(int(incoming.place))
        await place.send(nonce=nonce, **posting(paper))
