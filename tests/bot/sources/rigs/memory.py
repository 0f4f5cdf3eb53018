"""A network that has no wire: what the contract test was written against, and what a source can do at its best."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from handlers.ports import (
    FREE,
    BadSource,
    Broken,
    Budget,
    Can,
    Item,
    Mark,
    Page,
    RateLimited,
    SignInFailed,
    Source,
    SourceError,
    Tombstone,
    Transient,
    Wanted,
)
from handlers.rules.query import parse
from storage.types import RawMention
from tests.bot.sources.rigs import Fault
from tests.kit import NOW

ERRORS: dict[Fault, SourceError] = {
    Fault.SIGN_IN: SignInFailed("memory.example does not take the token."),
    Fault.TOO_MANY: RateLimited("memory.example asks for time.", NOW + timedelta(minutes=5)),
    Fault.TROUBLE: Transient("memory.example has trouble."),
    Fault.NONSENSE: BadSource("memory.example answers nonsense."),
}


@dataclass
class Network:
    """A diary of what was posted, edited and deleted there. `fault` is what every answer is."""

    diary: list[Item] = field(default_factory=list)
    posts: dict[str, RawMention] = field(default_factory=dict)
    fault: SourceError | None = None
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: int = 0  # streams that are open now

    def write(self, item: Item) -> None:
        self.diary.append(item)
        if isinstance(item, RawMention):
            self.posts[item.native_id] = item
        elif isinstance(item, Tombstone):
            self.posts.pop(item.native_id, None)
        self.stir()

    def stir(self) -> None:
        self.happened.set()
        self.happened = asyncio.Event()

    def answer(self) -> None:
        if self.fault is not None:
            raise self.fault


class MemorySource(Source):
    """Its poll tells neither what was edited nor what was deleted; the stream does, and so does asking again."""

    kind = "memory"
    can = Can.STREAM | Can.VERIFY

    def __init__(self, network: Network, name: str = "memory") -> None:
        self.name = name
        self.network = network
        self.polls = 0

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        await asyncio.sleep(0)
        self.polls += 1
        self.network.answer()
        at = _place(cursor)
        given: list[Item] = []
        while at < len(self.network.diary) and len(given) < limit:
            item = self.network.diary[at]
            if isinstance(item, Broken) or (isinstance(item, RawMention) and item in self.network.posts.values()):
                given.append(item)
            at += 1
        return Page(tuple(given), json.dumps(at), more=at < len(self.network.diary))

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        self.network.listeners += 1
        try:
            at = _place(cursor) if cursor else len(self.network.diary)
            yield Mark(json.dumps(at))
            while True:
                happened = self.network.happened
                self.network.answer()
                while at < len(self.network.diary):
                    at += 1
                    yield self.network.diary[at - 1]
                    yield Mark(json.dumps(at))
                await happened.wait()
        finally:
            self.network.listeners -= 1

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        self.network.answer()
        return tuple(self.network.posts.get(one, Tombstone(one, "deleted")) for one in native_ids)

    async def check(self) -> str:
        self.network.answer()
        return "memory.example can be read."

    async def close(self) -> None:
        """Nothing is held."""


class MemoryRig:
    wanted = (Wanted("Aurelia", "lamps", parse("aurelia")),)
    faults = frozenset(ERRORS)
    can_edit = can_delete = can_spoil = True

    def __init__(self) -> None:
        self.network = Network()
        self.source = MemorySource(self.network)

    def words_of(self, number: int) -> str:
        return f"My Aurelia lamp number {number} is broken"

    async def give(self, number: int) -> None:
        self.network.write(RawMention(f"m{number}", self.words_of(number), published_at=NOW))

    async def edit(self, number: int, words: str) -> None:
        self.network.write(RawMention(f"m{number}", words, published_at=NOW))

    async def delete(self, number: int) -> None:
        self.network.write(Tombstone(f"m{number}", "deleted"))

    async def spoil(self) -> None:
        self.network.write(Broken(f"entry {len(self.network.diary)}", "It has no words.", "{}"))

    def fail(self, fault: Fault | None) -> None:
        self.network.fault = ERRORS[fault] if fault else None
        self.network.stir()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[MemoryRig]:
    yield MemoryRig()


def _place(cursor: str | None) -> int:
    try:
        told = json.loads(cursor or "0")
    except (ValueError, RecursionError):
        return 0
    return told if isinstance(told, int) else 0
