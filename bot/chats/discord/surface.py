"""Discord's side of the program: what people do there comes in here, is checked, and handed on.

Each entry returns at once, and what it began goes on beside Discord's own tasks until it is over or the program ends.
None raises: everything that fails comes out in one place, with a reference.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import discord

from bot.chats.after import FollowUps
from bot.chats.discord.acts import Acts, Knobs, Known, Places
from bot.chats.discord.answers import Answers, Redraws
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.incoming import Incoming, read
from bot.chats.discord.offers import Offers
from bot.chats.discord.render import Look
from bot.chats.discord.shares import Shares
from handlers.completions import Choice
from handlers.ports import ChatError

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

_STARTING = (
    "Earshot is only just starting, or it is not in its team's server. Try again in a moment; if it stays so, an admin"
    ' finds out more with `earshot discord doctor`, or writes server = "…" under [discord] in earshot.toml.'
)
_ELSEWHERE = "Earshot answers only in its own team's server, and this is another one."
_STRANGER = "Earshot answers only its own team. Ask an admin to add you as a member."
_REMEMBERED = 2_000  # interactions
_AT_START = 0.8  # seconds that an act may wait until our server is known; Discord waits for three


class Surface:
    """Use it as: the client hands over what people do; `close()` at the end.

    `people` is told of everybody who acts, before her roles are looked up. `chat` redraws the messages that are
    clicked; without one each redraw is a call of its own.
    """

    def __init__(
        self,
        desk: DiscordDesk,
        directory: Places,
        people: Known,
        *,
        now: Callable[[], datetime],
        chat: Redraws | None = None,
        knobs: Knobs | None = None,
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._knobs = knobs or Knobs()
        self._after = FollowUps()
        self._done: OrderedDict[int, None] = OrderedDict()
        offers = Offers()
        self._answers = Answers(desk, Shares(desk, self._look, now), offers, self._look, chat)
        self._acts = Acts(desk, directory, people, self._answers, offers, self._knobs, self._noted)

    async def close(self) -> None:
        """Let the answers that are under way arrive, within a few seconds."""
        await self._after.close(self._knobs.close_within)

    # What people do

    async def command(self, interaction: Interaction, verb: str, values: Mapping[str, str]) -> None:
        """A verb of /earshot, with what was given by the names of its arguments."""
        self._begin(interaction, lambda incoming: self._acts.command(incoming, verb, values))

    async def acted(self, interaction: Interaction, custom_id: str) -> None:
        """A button was pressed."""
        self._begin(interaction, lambda incoming: self._acts.click(incoming, custom_id))

    async def submitted(self, interaction: Interaction) -> None:
        """A form was sent."""
        self._begin(interaction, self._acts.submit)

    async def message_menu(self, interaction: Interaction, verb: str, message: discord.Message) -> None:
        """An entry in a message's menu: track or note."""
        does = {"track": self._acts.track, "note": self._acts.note}[verb]
        self._begin(interaction, lambda incoming: does(incoming, message))

    async def complete(self, interaction: Interaction, verb: str, argument: str, typed: str) -> Sequence[Choice]:
        """What fits while an argument is typed; nothing for whom it does not concern."""
        try:
            incoming = read(interaction)
            return () if self._why_not(incoming) else await self._acts.suggest(incoming, verb, argument, typed)
        except Exception as error:
            log.error("nothing could be suggested in Discord", exc_info=error)
            return ()

    # From an interaction to its answer

    def _begin(self, interaction: Interaction, act: Callable[[Incoming], Awaitable[None]]) -> None:
        incoming = read(interaction)
        if interaction.id in self._done:
            log.info("Discord delivered an interaction again", extra=incoming.ids)
            return
        self._done[interaction.id] = None
        while len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        self._after.start(self._handled(incoming, act), lambda error: self._failed(incoming, error))

    async def _handled(self, incoming: Incoming, act: Callable[[Incoming], Awaitable[None]]) -> None:
        if incoming.interaction.user.bot:
            return
        await self._directory.decided(_AT_START)
        if why := self._why_not(incoming):
            log.warning("an act in Discord was refused", extra={**incoming.ids, "server": incoming.server})
            await self._answers.tell(incoming, why)
            return
        await act(incoming)

    def _why_not(self, incoming: Incoming) -> str:
        """Why nothing of what she does here may have an effect; "" when it may."""
        if not self._directory.guild_id:
            return _STARTING
        if incoming.is_direct:
            return "" if self._desk.policy().member_on("discord", incoming.user) else _STRANGER
        return "" if incoming.server == str(self._directory.guild_id) else _ELSEWHERE

    def _look(self) -> Look:
        return Look(mention=self._directory.user_id, role=self._directory.role_id)

    # What fails

    async def _failed(self, incoming: Incoming, error: Exception) -> None:
        if isinstance(error, ChatError):
            log.warning("an answer was not given in Discord: %s", error, extra=incoming.ids)
            return
        await self._answers.tell(incoming, self._noted(incoming, error))

    def _noted(self, incoming: Incoming, error: Exception) -> str:
        """What the person reads, and what the log keeps: the reference is in both."""
        reference = secrets.token_hex(3)
        log.error("something failed in Discord", exc_info=error, extra={**incoming.ids, "reference": reference})
        return f"Something in Earshot failed. Try again; if it fails again, tell an admin the reference {reference}."
