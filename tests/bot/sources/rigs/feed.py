"""A blog on loopback: its newest entry first, with an ETag. A feed does not say what was deleted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import escape
from pathlib import Path

from bot import registry
from handlers.ports import Source, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.query import parse
from tests.bot.sources.feedserver import NOW, FeedServer, fetching, serving, tools
from tests.bot.sources.rigs import Fault

FAULTS: dict[Fault, tuple[int, dict[str, str], bytes]] = {
    Fault.SIGN_IN: (401, {}, b""),
    Fault.TOO_MANY: (429, {"Retry-After": "60"}, b""),
    Fault.TROUBLE: (502, {}, b"<h1>Bad gateway</h1>"),
    Fault.NONSENSE: (200, {"Content-Type": "text/html"}, b"<html><body>We are busy.</body></html>"),
}


class FeedRig:
    wanted = (Wanted("Aurelia", "lamps", parse("aurelia")),)
    faults = frozenset(FAULTS)
    can_edit = can_spoil = True
    can_delete = False

    def __init__(self, server: FeedServer, source: Source) -> None:
        self.source = source
        self.now = NOW  # the source lets a host rest that asks for it
        self._server = server
        self._entries: dict[int, str] = {}
        self._spoilt: set[int] = set()
        self._fault: Fault | None = None
        self._version = 0
        self._publish()

    def words_of(self, number: int) -> str:
        return f"My Aurelia lamp number {number} is broken"

    async def give(self, number: int) -> None:
        self._put(number, self.words_of(number))

    async def edit(self, number: int, words: str) -> None:
        self._put(number, words)

    async def delete(self, number: int) -> None:
        """An entry that is no longer in a feed may only be too old for it."""

    async def spoil(self) -> None:
        self._put(1_000 + len(self._spoilt), "")
        self._spoilt.add(1_000 + len(self._spoilt))

    def fail(self, fault: Fault | None) -> None:
        self._fault = fault
        self._publish()

    def _put(self, number: int, words: str) -> None:
        self._entries[number] = words
        self._version += 1
        self._publish()

    def _publish(self) -> None:
        if self._fault is not None:
            status, headers, body = FAULTS[self._fault]
            self._server.say("/feed", body, status, headers)
            return
        items = [
            f"<item><guid>tag:{number}</guid><description>{escape(words)}</description></item>"
            for number, words in reversed(self._entries.items())
        ]
        body = f'<rss version="2.0"><channel><title>Lamps</title>{"".join(items)}</channel></rss>'
        headers = {"ETag": f'"{self._version}"', "Content-Type": "application/rss+xml"}
        self._server.say("/feed", body.encode(), headers=headers)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[FeedRig]:
    async with serving() as server, fetching() as fetch:
        entry = SourceEntry("blog", "feed", settings={"url": server.url("/feed"), "allow_private": True})
        source = registry.build(entry, replace(tools(fetch), now=lambda: rig.now))
        rig = FeedRig(server, source)
        try:
            yield rig
        finally:
            await source.close()
