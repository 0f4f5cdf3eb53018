"""Where we are in Discord: the server, our bot, the channels that we may use, the roles. It asks for no list: the
gateway tells all of it, and every change.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import discord

from bot.chats.discord.client import EarshotClient
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.permissions import LABELS, missing_of
from bot.chats.discord.refusals import lacks
from bot.chats.discord.wire import Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful
from handlers.rules.roster import group_key

log = logging.getLogger(__name__)

SOON = 5.0  # seconds until what is not known yet is asked for again
_AT_START = 1.0
_RENEW = 86_400.0  # seconds; the store forgets what was not renewed for months
_NEEDED = frozenset(LABELS[name] for name in ("view_channel", "send_messages", "embed_links"))  # for any card at all
_CHANGES = frozenset(
    (
        "ready",
        "guild_available",
        "guild_channel_create",
        "guild_channel_delete",
        "guild_channel_update",
        "guild_join",
        "guild_remove",
        "guild_role_create",
        "guild_role_delete",
        "guild_role_update",
        "guild_unavailable",
        "guild_update",
        "member_update",
    )
)
_INVITE = "`earshot discord invite` gives the address that lets it in"
_BACK = ("ready", "guild_available")  # Discord is there again, or the server is
_KINDS: Mapping[discord.ChannelType, str] = {
    discord.ChannelType.voice: "a voice channel",
    discord.ChannelType.stage_voice: "a stage",
    discord.ChannelType.forum: "a forum",
    discord.ChannelType.media: "a media channel",
    discord.ChannelType.category: "a category",
}


class Directory:
    """What the gateway told last. Use it as: `run()` as a task; `found` is called when a server becomes ours. Without a
    server everything is empty, and asking for a channel says to wait.

    The server that was ours once stays ours, also over a restart: Earshot follows nobody into another one.
    """

    def __init__(
        self, client: EarshotClient, wire: Wire, desk: DiscordDesk, found: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._wire = wire
        self._desk = desk
        self._direct: dict[int, int] = {}  # channel ids by user id
        self._found_one = found
        self._chosen: int | None = None  # the server that was ours last, 0 for none; None until the store was asked
        self._renew_at = 0.0  # when the store is to be told of it
        self._asked: set[str] = set()  # #names and @names that somebody wanted to post to
        self._is_back = False  # since direct messages were tried again
        self._silent: set[int] = set()  # roles of which it was said that they cannot be called
        self._changed = asyncio.Event()
        self._is_decided = asyncio.Event()  # which server is ours, or that none is
        self._why_not = ""
        self.guild_id = 0
        self.guild_name = ""
        self.bot_user_id = 0
        self.bot_name = "Earshot"
        self.application_id = 0
        client.watch(self._told)

    def guild(self) -> discord.Guild | None:
        """Our server, None while it is not known or not there."""
        return self._client.get_guild(self.guild_id) if self.guild_id else None

    def health(self) -> tuple[bool, str]:
        """Whether there is a server that we work in, in words: connected to Heron Air, 3 channels."""
        guild = self.guild()
        if guild is None:
            return False, self._why_not or "connected, and waits for the server"
        if guild.unavailable:
            return False, f"connected, but {self.guild_name or 'the server'} is not there: Discord has an outage"
        count = len(self._usable(guild))
        return True, f"connected to {guild.name}, {count} channel{'' if count == 1 else 's'}"

    async def run(self) -> None:
        """After each change: which server is ours, and whether a channel that was paused can be used again. Until
        cancelled.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.choose()
            except Exception:
                log.exception("which server of Discord is ours is not known")
                await asyncio.sleep(SOON)
                self._changed.set()
                continue
            for name in self._usable_again():
                try:
                    await self._desk.reopen("discord", name)
                except Exception:
                    log.exception("a channel of Discord was not opened again")

    async def choose(self) -> None:
        """`look`, and which server was ours before is read from the store, and kept there."""
        if (application := self._client.application_id) is None:
            return
        key = f"server:{application}"
        if self._chosen is None:
            told = await self._desk.carried(key)
            self._chosen = int(told) if told.isdecimal() else 0
        self.look()
        if self._chosen and time.monotonic() >= self._renew_at:
            kept = self._chosen
            await self._desk.carry({key: str(kept)})
            self._renew_at = time.monotonic() + _RENEW if kept == self._chosen else 0.0

    async def decided(self, within: float) -> None:
        """Returns once it is known which server is ours, or that none is; after `within` seconds at the latest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._is_decided.wait()

    def hint(self) -> None:
        """Something changed on our side: another server may be meant."""
        self.look()
        self._changed.set()

    def look(self) -> None:
        """Take what the client knows now."""
        if (user := self._client.user) is not None:
            self.bot_user_id, self.bot_name = user.id, user.name
        self.application_id = self._client.application_id or 0
        self._choose()

    # What the others ask

    async def channel_id(self, name: str) -> int:
        """The id for #alerts, #123456789012345678, or @ana (her direct messages). Raises ChatClosed with what to do,
        or ChatBusy when it cannot be known now.
        """
        self._asked.add(name)
        if name.startswith("@"):
            return await self._direct_to(name.removeprefix("@"))
        channel = self._found(self._ours(), name)
        missing = [label for label in self.permissions_missing(channel.id) if label in _NEEDED]
        if missing:
            raise lacks(name, missing)
        return channel.id

    def channel_name(self, channel_id: int, /) -> str:
        """#alerts, for a thread that of its channel; the id of what is not known by name."""
        guild = self.guild()
        channel = guild.get_channel_or_thread(channel_id) if guild else None
        if isinstance(channel, discord.Thread):
            channel = channel.parent or channel
        return f"#{channel.name}" if channel is not None else str(channel_id)

    def role_id(self, name: str, /) -> str:
        """The id of a role by its name, with or without @; "" when there is none, or more than one. It is asked for to
        call the role: that Discord will notify nobody is said once in the log.
        """
        guild = self.guild()
        key = group_key(name)
        if guild is None or not key:
            return ""
        found = [role for role in guild.roles if not role.is_default() and key in (group_key(role.name), str(role.id))]
        if len(found) != 1:
            return ""
        self._say_if_silent(guild, found[0])
        return str(found[0].id)

    def user_id(self, member: str, /) -> str:
        """The Discord user id of a member, by her name; "" when she has none."""
        found = self._desk.policy().member(member)
        return found.discord if found else ""

    def permissions_missing(self, channel_id: int) -> list[str]:
        """What Earshot needs in a channel and lacks, as Discord's settings call it; nothing where it is not known."""
        guild = self.guild()
        channel = guild.get_channel_or_thread(channel_id) if guild else None
        if guild is None or channel is None or guild.me is None:
            return []
        if isinstance(channel, discord.Thread):
            if channel.parent is None:
                return []
            channel = channel.parent
        return missing_of(channel.permissions_for(guild.me))

    def _say_if_silent(self, guild: discord.Guild, role: discord.Role) -> None:
        """Discord shows the name of such a role, and notifies nobody."""
        may_call_all = guild.me is None or guild.me.guild_permissions.mention_everyone
        if role.mentionable or may_call_all:
            self._silent.discard(role.id)
        elif role.id not in self._silent:
            self._silent.add(role.id)
            log.warning(
                "Discord notifies nobody when Earshot calls the role %d: allow anyone to @mention this role,"
                " under Server Settings, Roles",
                role.id,
            )

    # The server

    def _choose(self) -> None:
        """The one that the file names, else the one that was ours before; the only one there is if none ever was."""
        if self._chosen is None:
            return
        wanted, there = self._desk.policy().discord.server.strip(), list(self._client.guilds)
        ours = wanted or str(self._chosen or "")
        chosen = [guild for guild in there if str(guild.id) == ours] if ours else there
        if len(chosen) == 1:
            self._take(chosen[0])
        elif self._client.is_ready():
            self._why_not = self._why_none(wanted, there)
            self.guild_id = 0
            self._is_decided.set()

    def _take(self, guild: discord.Guild) -> None:
        is_new, self._why_not = guild.id != self.guild_id, ""
        self.guild_id, self.guild_name = guild.id, guild.name or self.guild_name
        if guild.id != self._chosen:
            self._chosen, self._renew_at = guild.id, 0.0
            self._changed.set()  # the store is told soon
        self._is_decided.set()
        if is_new:
            self._found_one()

    def _why_none(self, wanted: str, there: list[discord.Guild]) -> str:
        if wanted:
            return f"connected, but not in the server {wanted} that earshot.toml names; {_INVITE}"
        if not there:
            return f"connected, but in no server; {_INVITE}"
        names = ", ".join(f"{guild.name} {guild.id}" for guild in there[:5])
        write = f'write the id of yours under [discord] in earshot.toml, as server = "…": {names}'
        if self._chosen:
            return f"no longer in its server, {self.guild_name or self._chosen}. {_INVITE} again; or {write}"
        return f"in {len(there)} servers; {write}"

    def _ours(self) -> discord.Guild:
        guild = self.guild()
        if guild is None and self._why_not:
            raise ChatClosed(f"Discord: Earshot is {self._why_not}.")
        if guild is None or guild.unavailable:
            wait = _AT_START if guild is None else SOON  # asking costs nothing, and a start takes less than a second
            raise ChatBusy("Discord's server is not there yet.", wait, is_everywhere=True)
        return guild

    def _told(self, event: str) -> None:
        """Something came from Discord."""
        self._is_back |= event in _BACK
        if event in _CHANGES:
            self.look()
            self._changed.set()

    # Channels

    def _found(self, guild: discord.Guild, name: str) -> discord.TextChannel | discord.Thread:
        bare = name.removeprefix("#").lower()
        if bare.isdecimal() and (one := guild.get_channel_or_thread(int(bare))) is not None:
            if isinstance(one, discord.TextChannel | discord.Thread):
                return one
            raise _no_text_channel(name, one)
        named = [channel for channel in guild.text_channels if channel.name.lower() == bare]
        if len(named) == 1:
            return named[0]
        if named:
            ids = " or ".join(f'"discord:#{channel.id}"' for channel in named)
            raise ChatClosed(f"{guild.name} has {len(named)} channels {name}.", f"Write its id in earshot.toml: {ids}.")
        for other in guild.channels:
            if other.name.lower() == bare:
                raise _no_text_channel(name, other)
        raise ChatClosed(
            f"{guild.name} has no channel {name}, or Earshot cannot see it.",
            "Make it, or let Earshot's role see it (Edit Channel, Permissions); or correct the name in earshot.toml.",
        )

    def _usable(self, guild: discord.Guild) -> list[discord.TextChannel]:
        return [one for one in guild.text_channels if not _NEEDED.intersection(self.permissions_missing(one.id))]

    def _usable_again(self) -> list[str]:
        """The channels that somebody asked for and that nothing speaks against now. Those that were not paused are not
        touched by opening them again. Direct messages are tried when Discord is back.
        """
        guild = self.guild()
        if guild is None or guild.unavailable:
            return []
        back = {name for name in self._asked if name.startswith("@")} if self._is_back else set()
        self._is_back = False
        words = {word for one in self._usable(guild) for word in (f"#{one.name.lower()}", f"#{one.id}")}
        return sorted(back | {name for name in self._asked if name.lower() in words})

    # Direct messages

    async def _direct_to(self, member: str) -> int:
        told = self.user_id(member)
        if not told.isdecimal():
            raise ChatClosed(f"{member} has no Discord id.", "Write discord under her name in earshot.toml.")
        user_id = int(told)
        if user_id not in self._direct:
            try:
                channel = await self._wire.call(
                    lambda: self._client.create_dm(discord.Object(user_id)), what="a direct message to open"
                )
            except ChatDoubtful as error:
                raise ChatBusy(error.message, SOON) from None  # opening twice is harmless, and nothing was posted
            self._direct[user_id] = channel.id
        return self._direct[user_id]


def _no_text_channel(name: str, channel: discord.abc.GuildChannel) -> ChatClosed:
    what = _KINDS.get(channel.type, "another kind of channel")
    return ChatClosed(f"{name} is {what}.", "Name a text channel in earshot.toml.")
