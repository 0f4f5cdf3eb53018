"""An outside network for the tests of replies: what stands there is counted, whatever became of its answers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.ports import (
    FREE,
    Budget,
    ByApi,
    Can,
    Item,
    Page,
    Posted,
    ReplyDoubtful,
    ReplyWay,
    Source,
    SourceError,
)
from storage.types import Mention
from tests.bot.fakes import Died

Post = Callable[[], Posted]
Outcome = Callable[[Post], Awaitable[Posted]]  # what a call may come to: it does the posting if it is to be done


async def lost(post: Post) -> Posted:
    """It is posted, and its answer is lost."""
    post()
    raise ReplyDoubtful("No answer came.")


async def swallowed(post: Post) -> Posted:
    """Neither posted nor answered."""
    raise ReplyDoubtful("No answer came.")


async def slow(post: Post) -> Posted:
    """It is posted, and the answer takes too long."""
    post()
    raise TimeoutError


async def dies(post: Post) -> Posted:
    """The process dies when it is posted."""
    post()
    raise Died


async def dies_before(post: Post) -> Posted:
    raise Died


def raises(error: Exception, *, is_posted: bool = False) -> Outcome:
    async def outcome(post: Post) -> Posted:
        if is_posted:
            post()
        raise error

    return outcome


@dataclass
class Stands:
    """A reply that stands there."""

    under: str
    text: str
    key: str
    at: datetime
    native_id: str


@dataclass
class Network(Source):
    """Answers by API as `account`. `next_replies` says what comes of the next calls; `finds` what looking comes to."""

    clock: Callable[[], datetime]
    name: str = "birds"
    kind: str = "feed"
    account: str = "@heron"
    settle: float = 60.0
    can: Can = Can.REPLY
    stands: list[Stands] = field(default_factory=list)
    tried: list[tuple[datetime, str]] = field(default_factory=list)
    looked: list[tuple[datetime, datetime]] = field(default_factory=list)  # when, and since when
    next_replies: deque[Outcome] = field(default_factory=deque)
    next_finds: deque[Exception] = field(default_factory=deque)
    cannot_look: Exception | None = None
    hold: asyncio.Event | None = None  # calls wait for it
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    now_there: tuple[Item, ...] | Exception = ()  # what a look at the mention gives
    together: int = 0
    most_together: int = 0

    def can_reply(self, mention: Mention) -> ReplyWay:
        return ByApi(self.account, 300)

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        self.tried.append((self.clock(), key))
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        self.entered.set()
        try:
            if self.hold is not None:
                await self.hold.wait()
            else:
                await asyncio.sleep(0)
        finally:
            self.together -= 1

        def post() -> Posted:
            number = f"r{len(self.stands) + 1}"
            self.stands.append(Stands(mention.native_id, text, key, self.clock(), number))
            return Posted(f"https://birds.example/reply/{number}", number)

        return await self.next_replies.popleft()(post) if self.next_replies else post()

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        self.looked.append((self.clock(), since))
        if self.cannot_look is not None:
            raise self.cannot_look
        if self.next_finds:
            raise self.next_finds.popleft()
        for one in self.stands:
            is_visible = self.clock() - one.at >= timedelta(seconds=self.settle * 0.9)
            if is_visible and one.at >= since and (one.under, one.text) == (mention.native_id, text):
                return Posted(f"https://birds.example/reply/{one.native_id}", one.native_id)
        return None

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        if isinstance(self.now_there, Exception):
            raise self.now_there
        return self.now_there

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        return Page((), cursor)

    async def check(self) -> str:
        return "It can be read."

    async def close(self) -> None:
        """There is nothing to give back."""


DOWN = SourceError("birds.example is down.")
