"""A Bluesky source on the fake, with a clock of its own, as most tests want it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.fetch import Fetch, Tools
from bot.sessions import Sessions
from bot.sources import bluesky
from handlers.ports import Item, Page, Tombstone, Wanted
from handlers.rules.query import Subject, parse
from storage.types import RawMention
from tests.bluesky.fake import OUR_HANDLE, PASSWORD, FakeBluesky
from tests.bluesky.fake import bluesky as fake
from tests.bot import fakes
from tests.bot.sources.feedserver import NOW, fetching


@dataclass
class Bench:
    """`start` is the program's: the same sessions, another source."""

    server: FakeBluesky
    fetch: Fetch
    sessions: Sessions = field(default_factory=Sessions.nowhere)
    now: datetime = NOW
    queries: tuple[str, ...] = ("aurelia",)
    password: str = PASSWORD
    sources: list[bluesky.BlueskySource] = field(default_factory=list)

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        return tuple(Wanted("Aurelia", f"q{number}", parse(query)) for number, query in enumerate(self.queries))

    def concerns(self, raw: RawMention) -> bool:
        subject = Subject.of(raw, "bluesky")
        return any(one.query.evaluate(subject) is not None for one in self.wanted)

    def start(self, **settings: Any) -> bluesky.BlueskySource:
        tools = Tools(self.fetch, lambda: self.now, {"BLUESKY_PASSWORD": self.password}, sessions=self.sessions)
        told = {"server": self.server.url, "jetstream": (self.server.jetstream,), "allow_private": True} | settings
        handle = told.pop("handle", OUR_HANDLE)
        source = bluesky.build("bluesky", bluesky.Settings(handle, **told), replace(tools, concerns=self.concerns))
        assert isinstance(source, bluesky.BlueskySource)
        self.sources.append(source)
        return source


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    async with fake() as server, fetching() as fetch:
        server.join("did:plc:ana", "ana.test", name="Ana", followers=120)
        server.join("did:plc:bo", "bo.test", name="Bo", followers=40_000)
        opened = Bench(server, fetch)
        try:
            yield opened
        finally:
            for source in opened.sources:
                await source.close()


async def read_all(
    source: bluesky.BlueskySource, cursor: str | None = None, limit: int = 100, query: str = "notifications"
) -> tuple[list[Item], str | None]:
    items: list[Item] = []
    for _ in range(400):
        page: Page = await source.poll(cursor, limit, query)
        assert len(page.items) <= limit
        items += page.items
        cursor = page.cursor
        if not page.more:
            return items, cursor
    raise AssertionError("it never says that it is done")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition of this process."""

    async def is_now() -> bool:
        return is_so()

    await fakes.until(is_now)


def words(items: Sequence[Any]) -> list[str]:
    return [item.text for item in items if isinstance(item, RawMention)]


def raws(items: Sequence[Any]) -> list[RawMention]:
    return [item for item in items if isinstance(item, RawMention)]


def gone(items: Sequence[Any]) -> list[str]:
    return [item.native_id for item in items if isinstance(item, Tombstone)]
