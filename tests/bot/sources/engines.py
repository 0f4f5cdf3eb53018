"""A search engine on loopback for tests: what the rigs of Hacker News, GitHub and Stack Overflow share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from aiohttp import web

from bot import registry
from bot.fetch import Fetch, Tools
from bot.sessions import Sessions
from handlers.ports import Page, Source, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.query import parse
from storage.types import Mention, Priority, RawMention
from tests.bot.sources.feedserver import NOW, FeedServer, fetching, serving
from tests.bot.sources.rigs import Fault

FIRST = NOW - timedelta(minutes=5)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def wanting(*expressions: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("Aurelia", f"q{n}", parse(one)) for n, one in enumerate(expressions))


def texts(page: Page) -> list[str]:
    return [item.text for item in page.items if isinstance(item, RawMention)]


def stored(raw: RawMention) -> Mention:
    """A mention as the store would hold it."""
    told = {name: getattr(raw, name) for name in RawMention.__slots__ if name in Mention.__slots__}
    mine = {"id": 1, "source": "one", "kind": "x", "brand": "Aurelia", "query": "q0", "seen_at": NOW, "reach": None}
    scored = {"sentiment": None, "label": "neutral", "priority": Priority.LOW, "reasons": (), "case_id": None}
    return Mention(**{**told, **mine, **scored})


class EngineRig:
    """A source of `kind` that reads an engine on loopback. The engine's own part is in the classes that inherit it."""

    kind = ""
    faults = frozenset({Fault.TOO_MANY, Fault.TROUBLE, Fault.NONSENSE})
    can_edit = can_delete = can_spoil = True
    secrets: Mapping[str, str] = MappingProxyType({})

    def __init__(self, server: FeedServer, fetch: Fetch, **settings: Any) -> None:
        self.server = server
        self.fetch = fetch
        self.fault: Fault | None = None
        self.wanted = wanting("aurelia")
        self.given = 0
        self.now = NOW
        self.source = self.made(**settings)

    def made(self, **settings: Any) -> Source:
        tools = Tools(self.fetch, lambda: self.now, self.secrets, sessions=Sessions.nowhere())
        told = {"allow_private": True, **self.addresses(), **settings}
        return registry.build(SourceEntry("one", self.kind, settings=told), tools)

    def addresses(self) -> dict[str, str]:
        return {"server": self.server.url("")}

    def words_of(self, number: int) -> str:
        return f"The Aurelia lamp number {number} flickers."

    def next_moment(self) -> datetime:
        self.given += 1
        return FIRST + timedelta(seconds=self.given)

    def fail(self, fault: Fault | None) -> None:
        self.fault = fault

    def serve(self, path: str, handler: Handler) -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return self.failed() or await handler(request)

        self.server.do(path, answer)

    def failed(self) -> web.Response | None:
        if self.fault is Fault.TOO_MANY:
            return web.Response(status=429, headers={"Retry-After": "60"})
        if self.fault is Fault.TROUBLE:
            return web.Response(status=500)
        if self.fault is Fault.SIGN_IN:
            return web.json_response({"message": "Bad credentials"}, status=401)
        if self.fault is Fault.NONSENSE:
            return web.Response(text="<html><body>Down for maintenance</body></html>", content_type="text/html")
        return None

    def asked(self, path: str) -> list[web.BaseRequest]:
        return [request for request in self.server.seen if request.path == path]


@asynccontextmanager
async def engine(rig: Callable[..., Any], **settings: Any) -> AsyncIterator[Any]:
    async with serving() as server, fetching() as fetch:
        made = rig(server, fetch, **settings)
        try:
            yield made
        finally:
            await made.source.close()


async def read_all(source: Source, query: str, cursor: str | None = None, limit: int = 100) -> tuple[list[str], str]:
    """The words of everything after a cursor, and the cursor at the end."""
    found: list[str] = []
    for _ in range(200):
        page = await source.poll(cursor, limit, query)
        assert len(page.items) <= limit
        found += texts(page)
        cursor = page.cursor
        if not page.more:
            assert cursor is not None
            return found, cursor
    raise AssertionError("the source never says that it is done")
