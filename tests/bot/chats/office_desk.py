"""The program behind a chat, at a station: real storage, and what people do is committed by the real commands."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handlers import completions
from handlers.cards import Chart, Drawing
from handlers.completions import Choice
from handlers.context import Context
from handlers.dispatch import dispatch, is_new, is_read, load_commands
from handlers.messages import draw
from handlers.requests import Command, Reply, Request
from handlers.rules.policy import Policy
from handlers.rules.roster import Person
from storage.types import Role
from tests.bot.chats.slack.quiet import PICTURE
from tests.bot.fakes import Station

TEAM: Mapping[str, tuple[Role, ...]] = {
    "ana": (Role.AGENT,),
    "bo": (Role.AGENT, Role.APPROVER),
    "mia": (Role.MANAGER, Role.ADMIN),
}


@dataclass
class Trouble:
    """What a test does to the program behind a chat."""

    gate: asyncio.Event | None = None  # acts wait for it before they are done
    error: Exception | None = None  # acts fail with it, and nothing is done
    late_error: Exception | None = None  # acts fail with it at their end
    requests: list[Request] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)  # what these verbs answer, whatever is there
    easel: asyncio.Event | None = None  # pictures wait for it before they are drawn


class Desk:
    """bot.chats.desk.Desk at a station, and all that Discord asks beside it."""

    def __init__(self, station: Station, policy: Policy) -> None:
        self._station = station
        self.known = policy
        self.trouble = Trouble()
        self.reopened: list[str] = []

    async def act(self, request: Request) -> Reply:
        self.trouble.requests.append(request)
        if self.trouble.error is not None:
            raise self.trouble.error
        if request.verb in self.trouble.replies:
            return self.trouble.replies[request.verb]
        cross = self._station.bridge.read if is_read(request) else self._station.bridge.write
        if request.can_repeat and is_read(request) and not await self._is_new(request):
            return Reply(is_repeat=True)
        reply = await cross(lambda store: dispatch(Context(store, self._station.brain, self._station.clock()), request))
        if self.trouble.gate is not None:
            await self.trouble.gate.wait()
        if self.trouble.late_error is not None:
            raise self.trouble.late_error
        return reply

    async def _is_new(self, request: Request) -> bool:
        return bool(await self._station.write(lambda ctx: is_new(ctx, request)))

    def policy(self) -> Policy:
        return self.known

    async def subject_at(self, chat: str, ref: str) -> str:
        found = await self._station.bridge.read(lambda store: store.deliveries.subject_at(chat, ref))
        return str(found)

    async def drawing_of(self, subject: str) -> Drawing | None:
        found: Drawing | None = await self._station.bridge.read(
            lambda store: draw(self._station.context(store), subject, "")
        )
        return found

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        """Everybody who is needed stands in the policy."""

    async def picture(self, chart: Chart) -> bytes:
        if self.trouble.easel is not None:
            await self.trouble.easel.wait()
        return PICTURE

    async def reopen(self, chat: str, channel: str) -> None:
        self.reopened.append(channel)

    def commands(self) -> Sequence[Command]:
        return list(load_commands().values())

    async def complete(self, request: Request, argument: str, typed: str) -> Sequence[Choice]:
        if self.trouble.error is not None:
            raise self.trouble.error
        found: Sequence[Choice] = await self._station.bridge.read(
            lambda store: completions.complete(self._station.context(store), request, argument, typed)
        )
        return found

    async def remember(self, chat: str, people: Sequence[Person]) -> None:
        """Nobody is forgotten here."""

    async def remembered(self, chat: str) -> Sequence[Person]:
        return ()

    async def carry(self, told: Mapping[str, str]) -> None:
        await self._station.bridge.write(lambda store: store.carried.keep(told, self._station.clock()))

    async def carried(self, key: str) -> str:
        return str(await self._station.bridge.read(lambda store: store.carried.get(key)))
