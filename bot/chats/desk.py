"""What a chat outside needs from the program behind it."""

from collections.abc import Sequence
from typing import Protocol

from handlers.cards import Chart
from handlers.requests import Reply, Request
from handlers.rules.policy import Policy
from handlers.rules.roster import Person


class Desk(Protocol):
    """The program behind a chat. None of these calls the network."""

    async def act(self, request: Request) -> Reply:
        """Do a command, button or form; when it returns, its effect is committed. Never raises EarshotError: errors
        come as `Reply.is_error`.
        """

    def policy(self) -> Policy:
        """The team as it is now, with the people that groups and roles of the chats add; a reload replaces it."""

    async def subject_at(self, chat: str, ref: str) -> str:
        """What a message of ours stands for (case:142, draft:7, …), "" for any other message."""

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        """Whom the chat knows, all of them; replaces what it said before. `groups_are_known` is false when the groups
        could not be read for five minutes: what they gave shrinks to an agent's rights.
        """

    async def picture(self, chart: Chart) -> bytes:
        """A chart as PNG."""

    async def reopen(self, chat: str, channel: str) -> None:
        """A channel that was closed can perhaps be used again: its deliveries are tried now."""
