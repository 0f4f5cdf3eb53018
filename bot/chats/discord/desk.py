"""What Discord needs from the program behind it, beside what every chat does."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.chats.desk import Desk
from handlers.cards import Drawing
from handlers.completions import Choice
from handlers.requests import Command, Request
from handlers.rules.roster import Person


class DiscordDesk(Desk, Protocol):
    """The program behind Discord. None of these calls the network."""

    def commands(self) -> Sequence[Command]:
        """Every staff verb."""

    async def drawing_of(self, subject: str) -> Drawing | None:
        """What a subject (case:142) shows by now, None where there is nothing."""

    async def complete(self, request: Request, argument: str, typed: str) -> Sequence[Choice]:
        """What fits, the likeliest first, while an argument of the request's verb is typed. Never raises EarshotError:
        then there is nothing to offer.
        """

    async def remember(self, chat: str, people: Sequence[Person]) -> None:
        """Keep what is known of these people over a restart."""

    async def remembered(self, chat: str) -> Sequence[Person]:
        """Whom the chat knew before, by what it said last."""

    async def carry(self, told: Mapping[str, str]) -> None:
        """Keep what does not fit into a button, by the key that the button has in its place."""

    async def carried(self, key: str) -> str:
        """What was kept under a button's key, "" when it is too old."""
