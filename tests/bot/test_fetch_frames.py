"""Messages of a WebSocket through the one HTTP client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from bot.fetch import Fetch
from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient
from tests.bot.sources.feedserver import NOW, fetching


class Sender:
    """Answers each connection with `status`, or with `messages` and then as `ends` says."""

    def __init__(self) -> None:
        self.status = 101
        self.messages: list[str | bytes] = []
        self.is_silent = False
        self.closed = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.status != 101:
            return web.Response(status=self.status, headers={"Retry-After": "60"} if self.status == 429 else {})
        socket = web.WebSocketResponse(protocols=("one.v1",))
        await socket.prepare(request)
        for message in self.messages:
            await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        if self.is_silent:
            await socket.receive()
            self.closed.set()
        return socket


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with sending() as started:
        yield started


@asynccontextmanager
async def sending() -> AsyncIterator[Sender]:
    started = Sender()
    app = web.Application()
    app.router.add_get("/", started.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    started.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield started
    finally:
        await runner.cleanup()


async def heard(fetch: Fetch, url: str, quiet_for: float = 30.0, **asked: object) -> tuple[list[str], SourceError]:
    """What came, and the error that it ended with."""
    came: list[str] = []
    try:
        async for frame in fetch.frames(url, protocol="one.v1", allow_private=True, quiet_for=quiet_for, **asked):  # type: ignore[arg-type]
            came.append(frame)
    except SourceError as error:
        return came, error
    raise AssertionError("a stream never ends without a word")


async def test_text_messages_come_in_order_and_the_end_is_told(sender: Sender) -> None:
    sender.messages = ["one", b"not text", "two \u00e9"]
    async with fetching() as fetch:
        came, error = await heard(fetch, sender.url)
    assert came == ["one", "two \u00e9"]
    assert isinstance(error, Transient)
    assert "has ended its stream" in str(error)


async def test_a_stream_in_which_nothing_comes_is_hung_up(sender: Sender) -> None:
    sender.messages, sender.is_silent = ["one"], True
    async with fetching() as fetch:
        came, error = await heard(fetch, sender.url, quiet_for=0.03)
    assert came == ["one"]
    assert isinstance(error, Transient)
    assert "was silent" in str(error)


async def test_who_closes_it_hangs_up(sender: Sender) -> None:
    sender.messages, sender.is_silent = ["one"], True
    async with fetching() as fetch:
        frames = fetch.frames(sender.url, protocol="one.v1", allow_private=True, quiet_for=30)
        async with aclosing(frames):
            assert await anext(frames) == "one"
        await asyncio.wait_for(sender.closed.wait(), 30)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, SignInFailed), (404, BadSource), (400, BadSource), (410, Gone), (200, BadSource), (503, Transient)],
)
async def test_a_refusal_has_its_error(sender: Sender, status: int, error: type[SourceError]) -> None:
    sender.status = status
    async with fetching() as fetch:
        _, told = await heard(fetch, f"{sender.url}?secret=1")
    assert type(told) is error
    assert "secret" not in f"{told}{told.__cause__}"


async def test_a_limit_is_told_with_its_end(sender: Sender) -> None:
    sender.status = 429
    async with fetching() as fetch:
        _, told = await heard(fetch, sender.url)
    assert isinstance(told, RateLimited)
    assert told.until > NOW


async def test_a_message_that_is_too_large_ends_it(sender: Sender) -> None:
    sender.messages = ["one", "x" * 2_000]
    async with fetching() as fetch:
        came, error = await heard(fetch, sender.url, max_bytes=1_000)
    assert came == ["one"]
    assert isinstance(error, Transient)


@pytest.mark.parametrize("url", ["ws://127.0.0.1/", "ws://10.0.0.1:80/", "wss://169.254.169.254/", "ftp://x.example/"])
async def test_private_addresses_are_refused(url: str) -> None:
    async with fetching() as fetch:
        frames = fetch.frames(url, protocol="one.v1", quiet_for=30)
        with pytest.raises(BadSource):
            await anext(frames)
