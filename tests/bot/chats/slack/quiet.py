"""A program behind Slack that only listens, and a clock of seconds that is moved by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handlers.cards import Chart
from handlers.requests import Reply, Request
from handlers.rules.policy import Member, Policy, SlackPolicy
from handlers.rules.roster import Person
from tests.kit import POLICY

# One white dot as PNG: what every chart looks like here.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63f80f00010101001bb6ee560000000049454e44ae426082"
)


@dataclass
class Seconds:
    """Stands still until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class QuietDesk:
    """bot.chats.desk.Desk whose policy is what the test says it is."""

    known: Policy
    met: list[tuple[list[Person], bool]] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    drawn: list[Chart] = field(default_factory=list)

    async def act(self, request: Request) -> Reply:
        raise NotImplementedError

    def policy(self) -> Policy:
        return self.known

    async def subject_at(self, chat: str, ref: str) -> str:
        return ""

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        self.met.append((list(people), groups_are_known))

    async def picture(self, chart: Chart) -> bytes:
        self.drawn.append(chart)
        return PICTURE

    async def reopen(self, chat: str, channel: str) -> None:
        self.reopened.append(channel)

    @property
    def people(self) -> dict[str, Person]:
        """Whom the chat knows now, by id."""
        return {person.id: person for person in self.met[-1][0]}


def desk(*members: Member, **slack: Any) -> QuietDesk:
    """A desk with these members; `slack` are the keys of the table [slack]."""
    return QuietDesk(replace(POLICY, members=members, slack=SlackPolicy(**slack)))
