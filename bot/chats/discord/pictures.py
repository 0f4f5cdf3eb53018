"""The picture of a chart in a message. Its name tells which chart it is, so that a redraw uploads only what changed."""

import asyncio
import io
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

import discord

from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.render import PICTURE
from handlers.cards import Chart
from handlers.ports import ChatError, ChatMessageGone

log = logging.getLogger(__name__)

_PATIENCE = 4.0  # seconds; a message does not wait longer for its picture
_REMEMBERED = 500  # messages
_NAME = re.compile(r"chart-[0-9a-f]{12}\.png")


@dataclass(frozen=True, slots=True)
class Attached:
    """The picture of a message: none, one that is there already (`url`), or one to upload (`content`)."""

    name: str = ""
    alt: str = ""
    content: bytes = b""
    url: str = ""

    def files(self) -> dict[str, list[discord.File]]:
        """What a call says of files: nothing where they stay as they are, else all that there are to be."""
        if self.url:
            return {}
        if not self.content:
            return {"attachments": []}
        return {"attachments": [discord.File(io.BytesIO(self.content), self.name, description=self.alt or None)]}

    def shown_in(self, embeds: Sequence[discord.Embed]) -> list[discord.Embed]:
        """The same embeds, with the picture at its place."""
        return [self._shown_in(embed) for embed in embeds]

    def _shown_in(self, embed: discord.Embed) -> discord.Embed:
        if embed.image.url != f"attachment://{PICTURE}":
            return embed
        return embed.copy().set_image(url=self.url or (f"attachment://{self.name}" if self.name else None))


NOTHING = Attached()
Look = Callable[[int, int], Awaitable[Mapping[str, Any]]]  # by channel and message, what Discord has there


class Pictures:
    """Knows which picture stands in which message, of those that it met since the program began. `look` asks Discord
    for the others.
    """

    def __init__(self, desk: DiscordDesk, look: Look) -> None:
        self._desk = desk
        self._look = look
        self._stands: OrderedDict[int, str] = OrderedDict()  # where a message's picture is

    async def for_message(self, chart: Chart | None, alt: str, place: int = 0, message: int = 0) -> Attached:
        """What to attach to a message, which stands already where `message` is given; NOTHING where there is no picture
        or it could not be drawn. Raises ChatMessageGone.
        """
        if chart is None:
            return NOTHING
        name = picture_name(chart)
        if message:
            url = self._stands.get(message) or await self._found(place, message)
            if _name_in(url) == name:
                return Attached(name, alt, url=url)
        return Attached(name, alt, content) if (content := await self._drawn(chart)) else NOTHING

    def stands(self, message: int, told: Mapping[str, Any]) -> None:
        """Discord has taken a message; `told` is its answer."""
        if url := _picture_in(told):
            self._stands[message] = url
            self._stands.move_to_end(message)
            while len(self._stands) > _REMEMBERED:
                self._stands.popitem(last=False)
        else:
            self._stands.pop(message, None)

    async def _found(self, place: int, message: int) -> str:
        try:
            return _picture_in(await self._look(place, message))
        except ChatMessageGone:
            raise
        except ChatError as error:
            log.info("a picture is brought anew: %s", error)
            return ""

    async def _drawn(self, chart: Chart) -> bytes:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._desk.picture(chart)
        except Exception:
            log.exception("a chart could not be drawn; it is told in words")
            return b""


def picture_name(chart: Chart) -> str:
    """The same for the same chart, and for no other."""
    return f"chart-{blake2b(repr(chart).encode(errors='replace'), digest_size=6).hexdigest()}.png"


def _picture_in(told: Mapping[str, Any]) -> str:
    """The address of our picture in a message. Discord tells it in the embed alone, not among the attachments."""
    urls = (str((embed.get("image") or {}).get("url") or "") for embed in told.get("embeds") or ())
    return next((url for url in urls if _name_in(url)), "")


def _name_in(url: str) -> str:
    """The name of a picture of ours at the end of an address, "" for any other."""
    name = urlsplit(url).path.rpartition("/")[2]
    return name if _NAME.fullmatch(name) else ""
