"""A Bluesky account that people mention, on a small Bluesky on loopback, with the public stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.sources import bluesky
from handlers.ports import Source, Wanted
from handlers.rules.query import Subject, parse
from storage.types import RawMention
from tests.bluesky import fake
from tests.bot.sources.feedserver import fetching, tools
from tests.bot.sources.rigs import Fault

QUERY = parse("aurelia")


def concerns(raw: RawMention) -> bool:
    return QUERY.evaluate(Subject.of(raw, "bluesky")) is not None


class BlueskyRig:
    wanted = (Wanted("Aurelia", "lamps", QUERY),)
    faults = frozenset(Fault)
    can_edit = False  # a post stays as it is
    can_delete = can_spoil = True

    def __init__(self, server: fake.FakeBluesky, source: Source) -> None:
        self.source = source
        self._server = server
        self._uris: dict[int, str] = {}

    def words_of(self, number: int) -> str:
        return f"@lamps.test my Aurelia lamp number {number} hums"

    async def give(self, number: int) -> None:
        self._uris[number] = self._server.mention("did:plc:ana", self.words_of(number)).uri

    async def edit(self, number: int, words: str) -> None:
        """Nobody can."""

    async def delete(self, number: int) -> None:
        self._server.delete(self._uris[number])

    async def spoil(self) -> None:
        self._server.post("did:plc:ana", ["no", "text"], facets=[]).extra["notify"] = "mention"

    def fail(self, fault: Fault | None) -> None:
        self._server.fault = fault


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[BlueskyRig]:
    async with fake.bluesky() as server, fetching() as fetch:
        server.join("did:plc:ana", "ana.test", name="Ana", followers=120)
        settings = bluesky.Settings(
            fake.OUR_HANDLE, server=server.url, jetstream=(server.jetstream,), allow_private=True
        )
        given = replace(tools(fetch, {"BLUESKY_PASSWORD": fake.PASSWORD}), concerns=concerns)
        source = bluesky.build("bluesky", settings, given)
        try:
            yield BlueskyRig(server, source)
        finally:
            await source.close()
