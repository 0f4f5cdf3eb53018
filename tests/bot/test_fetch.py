import asyncio
import gzip
import socket
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.fetch import LONGEST_WAIT, Fetch, Guard, is_public, retry_after, shown
from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient
from tests.bot.sources.feedserver import ANYWHERE, NOW, FeedServer, bomb, fetching, serving

ANY_PORT = frozenset(range(65_536))


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


class Names(AbstractResolver):
    """A name server whose answers come one after the other; the last one stays."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


PRIVATE_V4 = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1"),  # noqa: S104
    *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1"),
    *("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250"),
    *("240.0.0.1", "255.255.255.255"),
)
PRIVATE_V6 = (
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
)


@pytest.mark.parametrize("address", [*PRIVATE_V4, *PRIVATE_V6, "fe80::1%eth0"])
def test_an_address_that_is_not_the_internets_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


FORMS = [
    *(f"http://{address}/" for address in PRIVATE_V4),
    *(f"http://[{address}]/" for address in PRIVATE_V6),
    "http://[fe80::1%25lo]/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://00000127.0.0.1/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0x0/",
    "http://10.1/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://user:word@127.0.0.1/",
    "http://1.1.1.1@127.0.0.1/",
    "https://127.0.0.1/",
    "https://[::1]:443/",
    "http://1.1.1.1:22/",
    "http://1.1.1.1:6379/",
    "file:///etc/passwd",
    "FILE:/etc/passwd",
    "ftp://1.1.1.1/",
    "gopher://1.1.1.1/",
    "data:text/xml,<rss/>",
    "//127.0.0.1/",
    "http:127.0.0.1",
    "http://",
    "http:///feed",
    "http://127.0.0.1\\@1.1.1.1/",
    "http://[::1/",
    "http://1.1.1.1:99999/",
    "http://exa mple.com\r\nHost: x/",
    "",
    "feed.xml",
]


@pytest.mark.parametrize("url", FORMS)
async def test_no_form_of_an_inner_address_is_connected_to(
    url: str, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = []

    async def connect(sock: socket.socket, address: object) -> None:
        connected.append(address)
        raise OSError("no connection leaves a test")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    with pytest.raises(SourceError):
        await fetch.get(url)
    assert connected == []


async def test_the_guard_lets_an_address_of_the_internet_through(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = []

    async def connect(sock: socket.socket, address: object) -> None:
        connected.append(address)
        raise OSError("no connection leaves a test")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    with pytest.raises(Transient):
        await fetch.get("http://93.184.216.34/feed")
    assert connected == [("93.184.216.34", 80)]


async def test_a_name_is_looked_up_once_and_the_host_stays_the_name(server: FeedServer) -> None:
    server.say("/feed", b"words")
    names = Names(("127.0.0.1",))
    async with fetching(resolver=names, guard=Guard(lambda address: address == "127.0.0.1", ANY_PORT, 0.0)) as fetch:
        answer = await fetch.get(server.url("/feed", "feed.example"))
    assert answer.body == b"words"
    assert names.asked == ["feed.example"]
    assert server.seen[0].headers["Host"] == f"feed.example:{server.port}"


@pytest.mark.parametrize("later", [("127.0.0.2",), ("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")])
async def test_a_name_that_comes_to_mean_an_inner_address_is_refused(later: tuple[str, ...]) -> None:
    names = Names(("127.0.0.1",), later)
    guard = Guard(lambda address: address == "127.0.0.1", ANY_PORT, 0.0)
    async with (
        serving() as outer,
        serving("127.0.0.2", outer.port) as inner,
        fetching(resolver=names, guard=guard) as fetch,
    ):
        for one in (outer, inner):
            one.say("/feed", b"words", headers={"Connection": "close"})
        await fetch.get(outer.url("/feed", "feed.example"))
        with pytest.raises(BadSource):
            await fetch.get(outer.url("/feed", "feed.example"))
        assert len(outer.seen) == 1
        assert inner.seen == []


async def test_a_kept_private_connection_is_not_used_for_a_public_address(server: FeedServer) -> None:
    server.say("/feed", b"words")
    async with fetching(resolver=Names(("127.0.0.1",)), guard=Guard(ports=ANY_PORT, pace=0.0)) as fetch:
        await fetch.get(server.url("/feed", "feed.example"), allow_private=True)
        with pytest.raises(BadSource):
            await fetch.get(server.url("/feed", "feed.example"))
    assert len(server.seen) == 1


async def test_tls_is_asked_for_by_the_name() -> None:
    hello = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.extend(await reader.read(4_096))
        writer.close()

    listener = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, fetching(resolver=Names(("127.0.0.1",)), guard=ANYWHERE) as fetch:
        with pytest.raises(SourceError):
            await fetch.get(f"https://feed.example:{port}/")
    assert b"feed.example" in hello


@pytest.mark.parametrize(
    ("steps", "moves"),
    [
        ([301], True),
        ([308], True),
        ([301, 308, 301], True),
        ([302], False),
        ([307], False),
        ([301, 302], False),
        ([302, 301], False),
    ],
)
async def test_a_move_is_remembered_when_every_step_is_permanent(
    server: FeedServer, fetch: Fetch, steps: list[int], moves: bool
) -> None:
    for number, status in enumerate(steps):
        server.say(f"/{number}", status=status, headers={"Location": f"/{number + 1}"})
    server.say(f"/{len(steps)}", b"here")
    answer = await fetch.get(server.url("/0"), allow_private=True)
    assert answer.body == b"here"
    assert answer.url == server.url(f"/{len(steps)}")
    assert answer.moved_to == (answer.url if moves else None)


async def test_redirects_end_after_three(server: FeedServer, fetch: Fetch) -> None:
    server.say("/loop", status=302, headers={"Location": "/loop"})
    with pytest.raises(BadSource, match="redirects more than 3 times"):
        await fetch.get(server.url("/loop"), allow_private=True)
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:22/",
        "file:///etc/passwd",
        "//10.0.0.1/",
        "http://[",
    ],
)
async def test_a_redirect_to_an_inner_address_is_refused_even_from_a_private_server(
    server: FeedServer, fetch: Fetch, location: str
) -> None:
    server.say("/feed", status=302, headers={"Location": location})
    with pytest.raises(BadSource):
        await fetch.get(server.url("/feed"), allow_private=True)


async def test_allow_private_does_not_open_the_metadata_service(fetch: Fetch) -> None:
    with pytest.raises(BadSource, match="not an address of the public internet"):
        await fetch.get("http://169.254.169.254/latest/meta-data/", allow_private=True)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://1.1.1.1/", "feed.xml", ""])
async def test_what_is_no_web_address_is_said_to_be_none(url: str, fetch: Fetch) -> None:
    with pytest.raises(BadSource, match="no web address"):
        await fetch.get(url)


async def test_a_password_does_not_follow_a_redirect_to_another_host(server: FeedServer) -> None:
    server.say("/feed", status=302, headers={"Location": server.url("/there", "localhost")})
    server.say("/there", b"here")
    async with fetching(guard=ANYWHERE) as fetch:
        await fetch.get(server.url("/feed"), headers={"Authorization": "Basic eA==", "Accept": "text/xml"})
    assert "Authorization" in server.seen[0].headers
    assert "Authorization" not in server.seen[1].headers
    assert server.seen[1].headers["Accept"] == "text/xml"


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (410, {}, Gone),
        (401, {}, SignInFailed),
        (404, {}, BadSource),
        (403, {}, BadSource),
        (500, {}, Transient),
        (503, {}, Transient),
        (408, {}, Transient),
        (429, {}, RateLimited),
        (503, {"Retry-After": "60"}, RateLimited),
    ],
)
async def test_a_refusal_is_the_error_that_says_what_to_do(
    server: FeedServer, fetch: Fetch, status: int, headers: dict[str, str], error: type[SourceError]
) -> None:
    server.say("/feed", status=status, headers=headers)
    with pytest.raises(SourceError) as caught:
        await fetch.get(server.url("/feed"), allow_private=True)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("90", timedelta(seconds=90)),
        ("Sat, 21 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("999999999999999999999999", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
    ],
)
def test_retry_after_comes_in_two_forms_and_is_capped(value: str, wait: timedelta) -> None:
    assert retry_after(value, NOW) == NOW + wait


@pytest.mark.parametrize("value", ["", "soon", "-5", "١٢", "Sat, 99 Nov 2026", "1.5"])
def test_an_unreadable_retry_after_is_none(value: str) -> None:
    assert retry_after(value, NOW) is None


async def test_too_many_requests_says_until_when(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", status=429, headers={"Retry-After": "90"})
    with pytest.raises(RateLimited) as caught:
        await fetch.get(server.url("/feed"), allow_private=True)
    assert caught.value.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"words", mtime=0)),
        ("x-gzip", gzip.compress(b"wo", mtime=0) + gzip.compress(b"rds", mtime=0)),
        ("deflate", zlib.compress(b"words")),
        ("deflate", zlib.compress(b"words", wbits=-15)),
        ("identity", b"words"),
    ],
)
async def test_a_packed_body_is_unpacked(server: FeedServer, fetch: Fetch, encoding: str, packed: bytes) -> None:
    server.say("/feed", packed, headers={"Content-Encoding": encoding})
    assert (await fetch.get(server.url("/feed"), allow_private=True)).body == b"words"


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", gzip.compress(b"words" * 99, mtime=0)[:-9], Transient),
        ("gzip", b"no gzip at all", BadSource),
        ("br", b"never asked for", BadSource),
        ("gzip, gzip", gzip.compress(gzip.compress(b"words", mtime=0), mtime=0), BadSource),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_an_error(
    server: FeedServer, fetch: Fetch, encoding: str, body: bytes, error: type[SourceError]
) -> None:
    server.say("/feed", body, headers={"Content-Encoding": encoding})
    with pytest.raises(error):
        await fetch.get(server.url("/feed"), allow_private=True)


async def test_size_counts_after_unpacking(server: FeedServer, fetch: Fetch) -> None:
    server.say("/bomb", bomb(40), headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadSource, match="larger than 5 MB"):
        await fetch.get(server.url("/bomb"), allow_private=True)


async def test_a_bomb_is_never_whole_in_memory(server: FeedServer, fetch: Fetch) -> None:
    server.say("/bomb", bomb(40), headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(BadSource):
            await fetch.get(server.url("/bomb"), allow_private=True, max_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


async def test_a_body_that_is_announced_as_too_large_is_not_waited_for(server: FeedServer, fetch: Fetch) -> None:
    async def announce(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "6000000"})
        await response.prepare(request)
        await asyncio.sleep(60)
        return response

    server.do("/feed", announce)
    with pytest.raises(BadSource, match="larger than 5 MB"):
        await fetch.get(server.url("/feed"), allow_private=True, timeout=1)


async def test_a_body_of_exactly_the_limit_is_taken(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", gzip.compress(b"x" * 1_000, mtime=0), headers={"Content-Encoding": "gzip"})
    server.say("/long", b"x" * 1_001)
    assert len((await fetch.get(server.url("/feed"), allow_private=True, max_bytes=1_000)).body) == 1_000
    with pytest.raises(BadSource):
        await fetch.get(server.url("/long"), allow_private=True, max_bytes=1_000)


async def test_a_body_without_end_is_cut_off(server: FeedServer, fetch: Fetch) -> None:
    server.drip("/feed", b"x" * 65_536, lambda: asyncio.sleep(0))
    with pytest.raises(BadSource, match="larger than"):
        await fetch.get(server.url("/feed"), allow_private=True)


async def test_a_slow_server_meets_the_deadline_of_the_whole_call(server: FeedServer, fetch: Fetch) -> None:
    server.drip("/feed", b"x", lambda: asyncio.sleep(0.01))
    with pytest.raises(Transient, match=r"within 0\.2 seconds"):
        await fetch.get(server.url("/feed"), allow_private=True, timeout=0.2)


async def test_slow_redirects_share_one_deadline(server: FeedServer, fetch: Fetch) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.15)
        return web.Response(status=302, headers={"Location": "/feed"})

    server.do("/feed", answer)
    with pytest.raises(Transient, match=r"within 0\.2 seconds"):
        await fetch.get(server.url("/feed"), allow_private=True, timeout=0.2)


async def test_no_cookie_is_sent_back(server: FeedServer) -> None:
    server.say("/feed", b"words", headers={"Set-Cookie": "who=you"})
    async with fetching(guard=ANYWHERE) as fetch:
        for _ in range(2):
            await fetch.get(server.url("/feed", "localhost"))
    assert "Cookie" not in server.seen[1].headers


async def test_proxies_of_the_environment_are_not_used(
    server: FeedServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.say("/feed", b"words")
    assert (await fetch.get(server.url("/feed"), allow_private=True)).body == b"words"


@pytest.mark.parametrize("path", ["/gone", "/cut", "/big", "/loop", "/busy", "/auth"])
async def test_no_error_holds_a_secret(server: FeedServer, fetch: Fetch, path: str) -> None:
    server.say("/gone", status=410)
    server.say("/cut", b"no gzip", headers={"Content-Encoding": "gzip"})
    server.say("/big", b"x" * 20)
    server.say("/loop", status=302, headers={"Location": "/loop?token=hush"})
    server.say("/busy", status=429)
    server.say("/auth", status=401)
    url = server.url(f"{path}?token=hush#hush").replace("://", "://ana:hush@")
    with pytest.raises(SourceError) as caught:
        await fetch.get(url, allow_private=True, max_bytes=10)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["http://ana:hush@127.0.0.1:1/?t=hush", "http://ana:hush@x.invalid:99999/?hush"])
async def test_an_address_that_cannot_be_reached_is_shown_without_its_secrets(fetch: Fetch, url: str) -> None:
    with pytest.raises(SourceError) as caught:
        await fetch.get(url, allow_private=True)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


async def test_an_answer_that_is_no_http_is_told_without_secrets(fetch: Fetch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/feed?token=hush"
    async with listener:
        with pytest.raises(SourceError) as caught:
            await fetch.get(url, allow_private=True)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_an_address_is_shown_bare() -> None:
    assert shown("https://ana:hush@blog.example/feed?key=hush#hush") == "https://blog.example/feed"
    assert shown("http://[") == "the address"
