"""X on loopback: our account's mentions, a search and a stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.sources import x
from handlers.ports import Source, Wanted
from handlers.rules.query import Subject, parse
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW, fetching, tools
from tests.bot.sources.rigs import Fault
from tests.x.server import BEARER, FakePost, FakeX, serving

QUERY = parse("heron -egret")
FAULTS = {
    Fault.SIGN_IN: "sign in",
    Fault.TOO_MANY: "too many",
    Fault.TROUBLE: "trouble",
    Fault.NONSENSE: "nonsense",
}


def concerns(raw: RawMention) -> bool:
    return QUERY.evaluate(Subject.of(raw, "x")) is not None


class XRig:
    wanted = (Wanted("Heron Air", "names", QUERY),)
    faults = frozenset(Fault)
    can_edit = can_delete = can_spoil = True

    def __init__(self, fake: FakeX, source: Source) -> None:
        self.source = source
        self._fake = fake
        self._posts: dict[int, FakePost] = {}

    def words_of(self, number: int) -> str:
        return f"@heronair my heron number {number} is late"

    async def give(self, number: int) -> None:
        self._posts[number] = self._fake.write(self.words_of(number))
        await self._fake.deliver(self._posts[number])

    async def edit(self, number: int, words: str) -> None:
        self._posts[number] = self._fake.edit(self._posts[number], words)

    async def delete(self, number: int) -> None:
        self._fake.delete(self._posts[number])

    async def spoil(self) -> None:
        self._fake.spoil({"id": ["no", "id"], "text": 7})

    def fail(self, fault: Fault | None) -> None:
        self._fake.fault = FAULTS[fault] if fault else ""


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[XRig]:
    async with serving(lambda: NOW) as fake, fetching() as fetch:
        settings = x.Settings("heronair", search=True, stream=True, server=fake.url)
        given = replace(tools(fetch, {"X_BEARER_TOKEN": BEARER}), concerns=concerns)
        source = x.build("x", settings, given)
        try:
            yield XRig(fake, source)
        finally:
            await source.close()
