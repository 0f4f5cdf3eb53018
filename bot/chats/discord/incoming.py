"""What Discord tells us, read: who did what, where, and on which message. Pure; a payload is never trusted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import discord

_LINK = re.compile(r"https?://[^\s<>\"|]+")
_TOKEN = re.compile(r"<(@!?|@&|#|a?:|t:|/)([^<>\s]{1,200}(?: [^<>]{1,80})?)>")
_LONGEST = 3_000  # characters of a message that a menu takes over
_AROUND_LINKS = ").,;:!?'*_~|`]"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that one person did in Discord. `on` is what it was done on: command, menu, message, ephemeral, form.

    `message` is the one that was clicked, or that a form was opened from; `is_private`: only she sees that one. Ids are
    Discord's own as text, "" where there is none.
    """

    on: str
    interaction: discord.Interaction[Any]
    user: str
    server: str  # "" in direct messages
    channel: str  # of a thread: the channel that it is in
    thread: str = ""
    message: str = ""
    is_private: bool = False

    @property
    def is_direct(self) -> bool:
        """Done in direct messages with us."""
        return not self.server

    @property
    def place(self) -> str:
        """Where messages of this conversation stand: the thread, else the channel."""
        return self.thread or self.channel

    @property
    def ref(self) -> str:
        """The message that it was done on, as the store knows it; "" for none that others see."""
        return f"{self.place}:{self.message}" if self.message and not self.is_private else ""

    @property
    def key(self) -> str:
        """The same for every repeat of the same thing."""
        return f"discord:{self.interaction.id}"

    @property
    def ids(self) -> dict[str, str]:
        """For the log."""
        return {"discord_user": self.user, "discord_channel": self.place, "on": self.on}


@dataclass(frozen=True, slots=True)
class Posted:
    """The message that a menu was used on. `author` is how its author is shown."""

    ref: str
    channel: str  # of a thread: the channel that it is in
    thread: str
    text: str
    author_id: str
    author: str
    url: str
    link: str = ""  # the first one in its text

    @property
    def card_ref(self) -> str:
        """The card in whose thread it stands: a thread has the id of the message that it hangs on. "" elsewhere."""
        return f"{self.channel}:{self.thread}" if self.thread else ""


def read(interaction: discord.Interaction[Any]) -> Incoming:
    """Whatever it is; never raises."""
    message, (channel, thread) = interaction.message, _place(interaction.channel, interaction.channel_id)
    is_private = message is not None and message.flags.ephemeral
    kinds = {
        discord.InteractionType.component: "ephemeral" if is_private else "message",
        discord.InteractionType.modal_submit: "form",
    }
    user = interaction.user
    return Incoming(
        kinds.get(interaction.type, "menu" if _data(interaction).get("target_id") else "command"),
        interaction,
        str(user.id) if user else "",
        str(interaction.guild_id or ""),
        channel,
        thread,
        str(message.id) if message is not None else "",
        is_private,
    )


def read_posted(message: discord.Message, incoming: Incoming) -> Posted:
    """The message of a menu; it stands where the menu was used."""
    text = message.content or next((one for one in map(_words_of, message.embeds) if one), "")
    return Posted(
        f"{incoming.place}:{message.id}",
        incoming.channel,
        incoming.thread,
        text[: 4 * _LONGEST],
        str(message.author.id),
        str(getattr(message.author, "display_name", "") or ""),
        message.jump_url,
        first_link(text),
    )


def form_key(incoming: Incoming, custom_id: str, values: Mapping[str, str]) -> str:
    """The same words submitted again are a repeat, other words are not: her first try may have been done although
    Discord told her that it failed. Each opening of a form has a custom id of its own.
    """
    told = repr((custom_id, sorted(values.items()))).encode("utf-8", "replace")
    return f"discord:{incoming.user}:{blake2b(told, digest_size=12).hexdigest()}"


def plain(text: str, member: Callable[[str], str], channel: Callable[[str], str], role: Callable[[str], str]) -> str:
    """Discord's text as somebody would type it. The three turn an id into what we call it, "" for what is unknown."""

    def typed(found: re.Match[str]) -> str:
        sign, told = found[1], found[2]
        if sign in ("@", "@!"):
            return f"@{member(told) or told}"
        if sign == "@&":
            return f"@{role(told) or told}"
        if sign == "#":
            return channel(told) or f"#{told}"
        if sign == "/":
            return f"/{told.partition(':')[0]}"
        return f":{told.partition(':')[0]}:" if sign.endswith(":") and sign != "t:" else found[0]

    return _TOKEN.sub(typed, text).strip()[:_LONGEST]


def first_link(text: str) -> str:
    """The first address in a text, without the signs that stand around it; "" for none."""
    found = _LINK.search(text)
    return found[0].rstrip(_AROUND_LINKS) if found else ""


def _place(channel: object, channel_id: int | None) -> tuple[str, str]:
    """The ids of the channel and, where it is one, of the thread."""
    found = str(channel_id or "")
    if isinstance(channel, discord.Thread):
        return str(channel.parent_id), found
    return found, ""


def _words_of(embed: discord.Embed) -> str:
    return "\n".join(part for part in (embed.title, embed.description, embed.url) if part)


def _data(interaction: discord.Interaction[Any]) -> Mapping[str, Any]:
    found = interaction.data
    return dict(found) if found else {}
