"""Showing a private answer to everybody: exactly what was answered, once, by the one who asked for it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.chats.after import patiently
from bot.chats.desk import Desk
from bot.chats.held import NOT_HERS, TOO_OLD, Held, Share
from bot.chats.slack.directory import Directory
from bot.chats.slack.incoming import Incoming
from bot.chats.slack.pictures import FOR_POSTS, Pictures
from bot.chats.slack.render import Look, message, text_only
from bot.chats.slack.wire import SlackClosed, SlackRefused, Wire
from handlers.cards import Screen
from handlers.ports import ChatDoubtful, ChatError
from handlers.requests import Reply
from handlers.rules.roles import may

INVALID = ("invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long")


class Shares:
    """Each answer that is held can be shared once."""

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        directory: Directory,
        pictures: Pictures,
        look: Callable[[], Look],
        now: Callable[[], datetime],
    ) -> None:
        self._desk = desk
        self._wire = wire
        self._directory = directory
        self._pictures = pictures
        self._look = look
        self._held = Held(desk, now)

    def hold(self, user: str, reply: Reply) -> str:
        """The id under which this answer can be shared, "" for one that cannot be."""
        return self._held.hold(user, reply)

    async def share(self, incoming: Incoming, answer_id: str) -> tuple[Reply | None, str]:
        """Show it in the channel; the answer that was shared, and why not where it was not.

        Both are empty when it stands there already. Raises ChatDoubtful when it may stand there.
        """
        held = self._held.of(incoming.user, answer_id)
        if held is None:
            return None, TOO_OLD
        if held.is_shared:
            return None, ""
        if not may(self._desk.policy().member_on("slack", incoming.user), "share"):
            return None, NOT_HERS
        held.is_shared = True
        try:
            # Only where we are ourselves, so that we know who else reads there.
            await self._directory.channel_id(f"#{incoming.channel}")
            await self._post(incoming, held, f"share:{answer_id}")
        except ChatDoubtful:
            raise
        except ChatError as error:
            held.is_shared = False
            why = error.at("this channel", self._directory.bot_handle) if isinstance(error, SlackClosed) else error
            return None, f"This was not shared. {why}"
        return held.reply, ""

    async def _post(self, incoming: Incoming, held: Share, key: str) -> None:
        member = self._desk.policy().member_on("slack", incoming.user)
        sharer = member.label if member else "somebody"
        chart = held.drawing.chart if isinstance(held.drawing, Screen) else None
        if chart is not None:
            await self._pictures.upload(chart, FOR_POSTS)
        for look in self._pictures.looks(self._look(), chart):
            try:
                await self._respond(incoming, message(held.drawing, key, look, sharer))
                return
            except SlackRefused as error:
                if error.code not in INVALID:
                    raise
        await self._respond(incoming, {"text": text_only(held.drawing)})

    async def _respond(self, incoming: Incoming, drawn: dict[str, Any]) -> None:
        thread = {"thread_ts": incoming.thread} if incoming.thread else {}
        quiet = {"unfurl_links": False, "unfurl_media": False}
        told = {"response_type": "in_channel", "replace_original": False, **quiet, **thread, **drawn}
        await patiently(lambda: self._wire.respond(incoming.response_url, told))
