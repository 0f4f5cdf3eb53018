"""Discord's library as Earshot uses it: what comes in is handed on, and nothing is decided here."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import aiohttp
import discord
from discord import app_commands

from bot.chats.discord.commands import Calls, build
from bot.chats.discord.items import Act
from handlers.requests import Command

log = logging.getLogger(__name__)

_LONGEST_WAIT = 60.0  # seconds; the library raises RateLimited instead of sitting out more
_UNKNOWN = "Earshot does not know this command any more. Reload Discord (Ctrl+R), then type it again."
UNKNOWN_COMMAND = "unknown_command"  # an event of ours: Discord offers a command that we do not have
_FAILED = "This did not work, and nothing was changed. Try again in a moment."


class Ear(Calls, Protocol):
    """Who takes what people do in Discord. It answers each time, and raises nothing."""

    async def acted(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        """A button was pressed or something was chosen."""

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """A form was sent."""


class EarshotClient(discord.Client):
    """One for the life of the process. It asks Discord for no privileged intent and mentions nobody by itself.

    Use it as: `hear(surface, specs)` before it signs in; `watch(callback)` to be told the names of the events that come
    (ready, resumed, guild_channel_update, …). `ready_after` are the seconds without another server after which the
    servers are all there.
    """

    def __init__(self, *, ready_after: float = 2.0) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=ready_after,
            max_messages=None,
            max_ratelimit_timeout=_LONGEST_WAIT,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self.tree = Tree(self)
        self._ear: Ear | None = None
        self._specs: Sequence[Command] = ()
        self._watchers: list[Callable[[str], None]] = []

    @property
    def is_signed_in(self) -> bool:
        """Whether Discord has taken the token, so that calls can be made."""
        return self.user is not None

    def hear(self, ear: Ear, specs: Sequence[Command]) -> None:
        """Hand what people do to `ear` from now on; `specs` become the commands."""
        self._ear, self._specs = ear, specs

    def watch(self, told: Callable[[str], None]) -> None:
        """Call `told` with the name of each event, as it comes. It must not raise, and not wait."""
        self._watchers.append(told)

    def assert_items(self) -> None:
        """Have the buttons of all messages find us; repeating it is harmless.

        A view that mixes an item of ours with another kind would take ours with it when it ends.
        """
        self.add_dynamic_items(Act)

    async def setup_hook(self) -> None:
        """Called by the library after each sign-in, before anything comes in."""
        self.assert_items()
        if self._ear is not None:
            for command in build(self._specs, self._ear):
                self.tree.add_command(command, override=True)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Called by the library for each event."""
        super().dispatch(event, *args, **kwargs)
        for told in self._watchers:
            told(event)

    async def acted(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        """Called by our buttons."""
        if self._ear is not None:
            await self._ear.acted(interaction, custom_id)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Forms come this way, by their custom ids: one that was open while Earshot started again has no other."""
        if interaction.type is discord.InteractionType.modal_submit and self._ear is not None:
            await self._ear.submitted(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the library's
        """Called by the library inside the handling of the error."""
        log.exception("what came in was not handled: %s", event_method)


class Tree(app_commands.CommandTree[EarshotClient]):
    """The commands; whoever types one that fails on its way to us is told."""

    async def on_error(
        self, interaction: discord.Interaction[EarshotClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Called by the library."""
        is_unknown = isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch)
        if is_unknown:
            self.client.dispatch(UNKNOWN_COMMAND)
            log.warning("a command came that Discord knows and we do not; the commands are told to Discord again")
        else:
            log.error("a command failed", exc_info=error)
        if interaction.type is discord.InteractionType.application_command and not interaction.response.is_done():
            try:
                await interaction.response.send_message(_UNKNOWN if is_unknown else _FAILED, ephemeral=True)
            except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as trouble:
                log.warning("nobody could be told: %s", type(trouble).__name__)
