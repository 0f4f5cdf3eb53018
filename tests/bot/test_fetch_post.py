"""Sending to an address outside, and answers without an end."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from bot.fetch import LONGEST_LINE, Fetch, Lost
from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient
from tests.bot.sources.feedserver import ANYWHERE, FeedServer, fetching, serving
from tests.bot.test_fetch import Names


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


@asynccontextmanager
async def port_that(answer: bytes) -> AsyncIterator[str]:
    """A server that reads a request, says this, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/post"


async def test_json_and_headers_arrive(server: FeedServer, fetch: Fetch) -> None:
    heard = {}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        heard["told"] = await request.json()
        return web.json_response({"id": "1"})

    server.do("/post", answer)
    said = await fetch.post(
        server.url("/post"), json={"status": "Grüezi"}, headers={"Idempotency-Key": "k"}, allow_private=True
    )
    assert (said.status, json.loads(said.body), heard["told"]) == (200, {"id": "1"}, {"status": "Grüezi"})
    assert server.seen[0].method == "POST"
    assert server.seen[0].headers["Content-Type"] == "application/json"
    assert server.seen[0].headers["Idempotency-Key"] == "k"


async def test_a_body_goes_as_it_is_with_another_verb_if_asked(server: FeedServer, fetch: Fetch) -> None:
    heard = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        heard.append((request.method, await request.read()))
        return web.Response()

    server.do("/post", answer)
    await fetch.post(server.url("/post"), body=b"a=1", allow_private=True)
    await fetch.post(server.url("/post"), allow_private=True, method="DELETE")
    assert heard == [("POST", b"a=1"), ("DELETE", b"")]


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, SignInFailed),
        (404, {}, BadSource),
        (408, {}, Transient),
        (410, {}, Gone),
        (422, {}, BadSource),
        (429, {"Retry-After": "60"}, RateLimited),
        (503, {"Retry-After": "60"}, RateLimited),
        (500, {}, Lost),
        (504, {}, Lost),
    ],
)
async def test_a_refusal_is_a_typed_error(
    server: FeedServer, fetch: Fetch, status: int, headers: dict[str, str], kind: type[SourceError]
) -> None:
    server.say("/post", status=status, headers=headers)
    with pytest.raises(SourceError) as caught:
        await fetch.post(server.url("/post"), json={}, allow_private=True)
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [403, 404, 422, 500])
async def test_a_refusal_that_is_taken_can_be_read(server: FeedServer, fetch: Fetch, status: int) -> None:
    server.say("/post", b'{"error": "too long"}', status=status)
    for said in (
        await fetch.post(server.url("/post"), json={}, allow_private=True, take={status}),
        await fetch.get(server.url("/post"), allow_private=True, take={status}),
    ):
        assert (said.status, said.body) == (status, b'{"error": "too long"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(server: FeedServer, fetch: Fetch, status: int) -> None:
    server.say("/post", status=status, headers={"Location": "/other"})
    server.say("/other", b"done")
    with pytest.raises(BadSource, match="has moved"):
        await fetch.post(server.url("/post"), json={}, allow_private=True)
    assert len(server.seen) == 1


async def test_an_answer_that_is_lost_may_have_been_carried_out(fetch: Fetch) -> None:
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"SSH-2.0\r\n\r\n"):
        async with port_that(answer) as url:
            with pytest.raises(Lost):
                await fetch.post(url, json={}, allow_private=True)


async def test_an_answer_that_cannot_be_read_may_have_been_carried_out(server: FeedServer, fetch: Fetch) -> None:
    server.say("/post", b"x" * 100)
    server.say("/packed", b"no gzip", headers={"Content-Encoding": "gzip"})
    for path in ("/post", "/packed"):
        with pytest.raises(Lost):
            await fetch.post(server.url(path), json={}, allow_private=True, max_bytes=10)


async def test_a_slow_answer_may_have_been_carried_out(server: FeedServer, fetch: Fetch) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(10)
        return web.Response()

    server.do("/post", answer)
    with pytest.raises(Lost, match=r"within 0\.1 seconds"):
        await fetch.post(server.url("/post"), json={}, allow_private=True, timeout=0.1)
    assert len(server.seen) == 1


async def test_what_never_left_is_no_lost_answer(server: FeedServer, fetch: Fetch) -> None:
    with pytest.raises(Transient) as refused:
        await fetch.post("http://127.0.0.1:1/post", json={}, allow_private=True)
    with pytest.raises(SourceError) as unsafe:
        await fetch.post(server.url("/post").replace("http:", "https:"), json={}, allow_private=True)
    for caught in (refused, unsafe):
        assert not isinstance(caught.value, Lost)


@pytest.mark.parametrize("url", ["http://127.0.0.1/post", "http://name.example/post", "http://1.1.1.1:22/", "ftp://x/"])
async def test_a_post_reaches_no_inner_address(url: str) -> None:
    async with fetching(resolver=Names(("10.0.0.1",))) as fetch:
        with pytest.raises(BadSource):
            await fetch.post(url, json={})
        with pytest.raises(BadSource):
            async for _ in fetch.lines(url, quiet_for=1):
                pass


@pytest.mark.parametrize("path", ["/cut", "/big", "/moved", "/busy", "/auth", "/broken"])
async def test_no_error_of_a_post_holds_a_secret(server: FeedServer, fetch: Fetch, path: str) -> None:
    server.say("/cut", b"no gzip", headers={"Content-Encoding": "gzip"})
    server.say("/big", b"x" * 20)
    server.say("/moved", status=302, headers={"Location": "/loop?token=hush"})
    server.say("/busy", status=429)
    server.say("/auth", b"hush", status=401)
    server.say("/broken", b"hush", status=500)
    url = server.url(f"{path}?token=hush#hush").replace("://", "://ana:hush@")
    told = {"X-Key": "hush"}
    with pytest.raises(SourceError) as caught:
        await fetch.post(url, json=told, allow_private=True, max_bytes=10, headers=told)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


async def test_a_token_stays_with_its_host(server: FeedServer) -> None:
    async with serving("127.0.0.1") as other, fetching(guard=ANYWHERE) as fetch:
        server.say("/page", status=302, headers={"Location": other.url("/page", "localhost")})
        other.say("/page", b"words")
        await fetch.get(server.url("/page", "localhost"), headers={"Authorization": "Bearer hush"})
    assert "Authorization" in server.seen[0].headers
    assert "Authorization" not in other.seen[0].headers


def dripping(server: FeedServer, pieces: list[bytes], *, hangs: bool) -> None:
    """An answer that comes in pieces, and then no more."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        await asyncio.sleep(60 if hangs else 0)
        return response

    server.do("/lines", answer)


async def test_lines_come_whole_however_they_were_cut(server: FeedServer, fetch: Fetch) -> None:
    words = "event: update\r\ndata: Grüezi\n\n:thump\n".encode()
    dripping(server, [words[n : n + 1] for n in range(len(words))], hangs=False)
    lines = fetch.lines(server.url("/lines"), allow_private=True, quiet_for=5)
    assert [await anext(lines) for _ in range(4)] == ["event: update", "data: Grüezi", "", ":thump"]
    with pytest.raises(Transient, match="has ended"):
        await anext(lines)


async def test_a_silent_stream_is_given_up(server: FeedServer, fetch: Fetch) -> None:
    dripping(server, [b"one\n"], hangs=True)
    lines = fetch.lines(server.url("/lines"), allow_private=True, quiet_for=0.1)
    assert await anext(lines) == "one"
    with pytest.raises(Transient, match="silent"):
        await anext(lines)


async def test_a_stream_that_never_answers_is_given_up(server: FeedServer, fetch: Fetch) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    server.do("/lines", answer)
    with pytest.raises(Transient, match="silent"):
        await anext(fetch.lines(server.url("/lines"), allow_private=True, quiet_for=0.1))


async def test_a_line_without_an_end_fills_no_memory(server: FeedServer, fetch: Fetch) -> None:
    server.drip("/lines", b"x" * (LONGEST_LINE // 4), lambda: asyncio.sleep(0))
    with pytest.raises(BadSource, match="line without an end"):
        await anext(fetch.lines(server.url("/lines"), allow_private=True, quiet_for=5))


async def test_closing_the_generator_hangs_up(fetch: Fetch) -> None:
    has_hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\none\n")
        await reader.read()
        has_hung_up.set()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener, aclosing(fetch.lines(url, allow_private=True, quiet_for=30)) as lines:
        assert await anext(lines) == "one"
        assert not has_hung_up.is_set()
        await lines.aclose()
        async with asyncio.timeout(5):
            await has_hung_up.wait()


async def test_streams_do_not_take_the_connections_of_the_polls(server: FeedServer, fetch: Fetch) -> None:
    dripping(server, [b"one\n"], hangs=True)
    server.say("/page", b"words")
    streams = [fetch.lines(server.url("/lines"), allow_private=True, quiet_for=30) for _ in range(4)]
    assert [await anext(one) for one in streams] == ["one"] * 4
    assert (await fetch.get(server.url("/page"), allow_private=True, timeout=5)).body == b"words"
    for one in streams:
        await one.aclose()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, SignInFailed), (404, BadSource), (429, RateLimited), (502, Transient), (302, BadSource)]
)
async def test_a_refused_stream_is_a_typed_error(
    server: FeedServer, fetch: Fetch, status: int, kind: type[SourceError]
) -> None:
    server.say("/lines", status=status, headers={"Location": "/other"})
    with pytest.raises(kind):
        await anext(fetch.lines(server.url("/lines"), allow_private=True, quiet_for=5))


async def test_a_packed_stream_is_refused(server: FeedServer, fetch: Fetch) -> None:
    server.say("/lines", b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadSource, match="packing"):
        await anext(fetch.lines(server.url("/lines"), allow_private=True, quiet_for=5))
