"""A message together with its files, as the arguments of discord.py's calls.

A view is ended before it is sent. discord.py gives a view of a private answer a quarter of an hour and keeps it in
memory; ours needs neither, because every button is found by its custom id.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.render import PICTURE, Message
from handlers.cards import Chart

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as it is sent: its name and its bytes."""

    name: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is to be sent."""

    message: Message
    files: tuple[Attached, ...] = ()

    @property
    def is_layout(self) -> bool:
        """Components V2: it has neither content nor embeds, and can never become a message that has."""
        return isinstance(self.message.view, discord.ui.LayoutView)


async def picture(desk: DiscordDesk, chart: Chart | None) -> bytes:
    """The picture of an answer; empty where it cannot be drawn, for the numbers count."""
    if chart is None:
        return b""
    try:
        return await desk.picture(chart)
    except Exception as error:
        log.error("a chart could not be drawn for Discord", exc_info=error)
        return b""


def with_files(message: Message, png: bytes, *files: Attached) -> Paper:
    """The message with its picture, and with files for the asker. A layout shows only those that stand in it."""
    if isinstance(message.view, discord.ui.LayoutView):
        for file in files:
            message.view.add_item(discord.ui.File(f"attachment://{file.name}"))
    shown = (Attached(PICTURE, png, message.alt),) if png and message.chart is not None else ()
    return Paper(message, (*shown, *files))


def private(paper: Paper) -> dict[str, Any]:
    """For a new message that only she sees: nobody is pinged."""
    told = _told(paper) | {"allowed_mentions": discord.AllowedMentions.none(), "ephemeral": True}
    return told | ({"files": _files(paper.files)} if paper.files else {})


def posting(paper: Paper) -> dict[str, Any]:
    """For a new message in a channel, or in direct messages."""
    told = _told(paper) | {"allowed_mentions": paper.message.allowed}
    return told | ({"files": _files(paper.files)} if paper.files else {})


def editing(paper: Paper) -> dict[str, Any]:
    """For a message that takes the place of another: what that one had is gone."""
    told = {"view": None, **_told(paper), "attachments": _files(paper.files)}
    told.pop("suppress_embeds", None)
    return told | {"allowed_mentions": discord.AllowedMentions.none()}


def _told(paper: Paper) -> dict[str, Any]:
    message = paper.message
    told: dict[str, Any] = {}
    if message.view is not None:
        message.view.stop()
        told["view"] = message.view
    if paper.is_layout:
        return told
    told["content"] = message.content or None
    if message.embeds:
        told["embeds"] = list(message.embeds)
    else:
        told["suppress_embeds"] = True  # a stranger's link shows no preview
    return told


def _files(files: Sequence[Attached]) -> list[discord.File]:
    return [discord.File(io.BytesIO(one.content), one.name, description=one.alt or None) for one in files]
