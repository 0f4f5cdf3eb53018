"""A small web server on loopback that answers as a test tells it to, and remembers what it was asked."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from bot.fetch import Fetch, Guard, Tools

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANYWHERE = Guard(is_public=lambda address: True, ports=frozenset(range(65_536)), pace=0.0)

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class FeedServer:
    """`say` sets an answer, `do` a whole behaviour; `seen` are the requests."""

    def __init__(self) -> None:
        self.seen: list[web.BaseRequest] = []
        self._answers: dict[str, Answering] = {}
        self.otherwise: Answering | None = None  # for all other paths
        self.host, self.port = "", 0

    def url(self, path: str, host: str = "") -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    def say(self, path: str, body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=status, body=body, headers=headers)

        self.do(path, answer)

    def do(self, path: str, answer: Answering) -> None:
        self._answers[path] = answer

    def drip(self, path: str, piece: bytes, pause: Callable[[], Awaitable[None]]) -> None:
        """An answer without an end: a piece after each pause."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(piece)
                await pause()

        self.do(path, answer)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        answer = self._answers.get(request.path, self.otherwise)
        return await answer(request) if answer else web.Response(status=404)


@asynccontextmanager
async def serving(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[FeedServer]:
    server = FeedServer()
    runner = web.ServerRunner(web.Server(server._answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    server.host, server.port = runner.addresses[0][:2]
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def fetching(**kept: object) -> AsyncIterator[Fetch]:
    fetch = Fetch(lambda: NOW, **kept)  # type: ignore[arg-type]
    try:
        yield fetch
    finally:
        await fetch.close()


def tools(fetch: Fetch, secrets: Mapping[str, str] | None = None, now: datetime = NOW) -> Tools:
    return Tools(fetch, lambda: now, secrets or {})


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * megabytes * 1_000_000)
