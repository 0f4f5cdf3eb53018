"""Discord as the program sees it: built from its keys, started, asked how it is, closed."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.chats.discord.adapter import DiscordChat
from bot.chats.discord.client import UNKNOWN_COMMAND, EarshotClient
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.directory import Directory
from bot.chats.discord.gateway import Bounds, Gateway
from bot.chats.discord.people import People
from bot.chats.discord.surface import Surface
from bot.chats.discord.sync import sync_if_changed
from bot.chats.discord.wire import Wire
from bot.secret import Secret
from bot.tasks import Tasks
from handlers.ports import ChatError

log = logging.getLogger(__name__)

_PATIENCE = 1.5  # seconds that closing one part may take
_ANSWERS = 3.0  # seconds that answers which are under way get at the end, all told
_ASKS = ("ready", "guild_join", "guild_remove", UNKNOWN_COMMAND)  # then Discord may have others than it was told
_ASK_PEOPLE = 120.0  # seconds
_SYNC_AGAIN = (15.0, 900.0)  # seconds: after the first failure, and at most


@dataclass(frozen=True, slots=True)
class Keys:
    """What one machine knows of Discord."""

    token: Secret
    api_url: str


class Discord:
    """Use it as: `start()` from the loop, then `chat` to post; `close()` at the end. `settle` is in seconds."""

    name = "discord"

    def __init__(
        self,
        desk: DiscordDesk,
        keys: Keys,
        now: Callable[[], datetime],
        *,
        settle: float = 20.0,
        bounds: Bounds | None = None,
        ready_after: float = 2.0,
    ) -> None:
        self._desk = desk
        self._client = EarshotClient(ready_after=ready_after)
        self._wire = Wire(self._client)
        self._directory = Directory(self._client, self._wire, desk, self._look_again)
        self._people = People(desk, self._directory.guild, self._wire)
        self.chat = DiscordChat(self._wire, self._directory, desk, now=now, clock=time.monotonic, settle=settle)
        self._surface = Surface(desk, self._directory, self._people, now=now, chat=self.chat)
        self._client.hear(self._surface, desk.commands())
        self._gateway = Gateway(self._client, keys.token, keys.api_url, bounds=bounds)
        self._commands_due, self._people_due = asyncio.Event(), asyncio.Event()
        self._is_to_ask = True  # which commands Discord has
        self._client.watch(self._told)
        self._tasks = Tasks()

    def start(self) -> None:
        """Begin to listen; what cannot be reached yet is tried again for ever."""
        self._tasks.begin("discord gateway", self._gateway.run())
        self._tasks.begin("discord directory", self._directory.run())
        self._tasks.begin("discord commands", self._keep_commands())
        self._tasks.begin("discord people", self._keep_people())

    def policy_changed(self) -> None:
        """The file was read again: another server, other people or roles may concern us."""
        self._directory.hint()
        self._look_again()

    def changed(self) -> None:
        """Something happened; nothing stands in Discord that shows it by itself."""

    def health(self) -> tuple[bool, str]:
        """Whether people can reach us from Discord, in words."""
        if failed := self._tasks.failed():
            return False, f"ended: {', '.join(failed)}; start Earshot again"
        is_connected, words = self._gateway.health()
        return self._directory.health() if is_connected else (False, words)

    async def finish(self) -> None:
        """Stop listening, and let the answers that are under way arrive; posts can still be sent."""
        hearing = self._tasks.end("discord gateway")
        ended = () if hearing is None else (asyncio.wait({hearing}),)
        await asyncio.gather(self._within("the answers", self._surface.close(), _ANSWERS), *ended)

    async def close(self) -> None:
        """Give everything back, within a few seconds; it has finished before."""
        await self._tasks.close()
        await self._within("the calls", self._wire.close(), _PATIENCE)
        await self._gateway.close()

    def _told(self, event: str) -> None:
        self._is_to_ask |= event in _ASKS
        if event in (*_ASKS, "guild_available"):
            self._look_again()

    def _look_again(self) -> None:
        """Another server may be ours, or it has come back."""
        self._commands_due.set()
        self._people_due.set()

    async def _keep_commands(self) -> None:
        """Discord knows our commands as they are, soon after it is there."""
        wait = _SYNC_AGAIN[0]
        while True:
            await self._commands_due.wait()
            self._commands_due.clear()
            if self._directory.guild() is None:
                continue
            asks, self._is_to_ask = self._is_to_ask, False
            try:
                if await sync_if_changed(self._client, self._directory.guild_id, self._desk, is_asked=asks):
                    log.info("Discord was told the commands")
                wait = _SYNC_AGAIN[0]
            except Exception as error:
                self._is_to_ask |= asks
                log.warning(
                    "Discord was not told the commands: %s",
                    error if isinstance(error, ChatError) else type(error).__name__,
                )
                await asyncio.sleep(wait)
                wait = min(wait * 2, _SYNC_AGAIN[1])
                self._commands_due.set()

    async def _keep_people(self) -> None:
        """Whom we knew, then how they are now."""
        trouble = ""
        try:
            await self._people.load()
        except Exception:
            log.exception("whom we knew in Discord was not read")
        while True:
            try:
                await self._people.refresh()
                trouble = ""
            except ChatError as error:
                if str(error) != trouble:
                    log.warning("the people of Discord were not read: %s", error)
                trouble = str(error)
            except Exception:
                log.exception("the people of Discord were not read")
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASK_PEOPLE):
                    await self._people_due.wait()
            self._people_due.clear()

    async def _within(self, what: str, work: Coroutine[Any, Any, None], patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await work
        except Exception as error:
            log.warning("%s of Discord did not close: %s", what, type(error).__name__)
