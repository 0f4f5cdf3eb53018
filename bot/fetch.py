"""The only HTTP client for addresses outside: what it may reach, how long it waits, how much it takes.

An address is a URL that somebody typed or that a server redirected to, so it may point at the machine itself, at its
network or at a cloud's metadata service. Every hop is checked after its name was resolved, and the connection goes to
exactly the addresses that were checked. Words in errors never hold a user name, a password or a query string.
"""

import asyncio
import codecs
import json as json_text
import re
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import AF_UNSPEC, AddressFamily, gaierror
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.pace import AT_ONCE, Pace
from bot.sessions import Sessions
from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient
from storage.types import RawMention

MAX_REDIRECTS = 3
LONGEST_WAIT = timedelta(hours=24)
USUAL_WAIT = timedelta(minutes=15)  # when a server says "too many" and not for how long

LONGEST_LINE = 1_000_000  # characters

_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
_AS_IT_IS = {"Accept-Encoding": "identity"}
_WEB_SOCKET = re.compile(r"^ws(?=s?:)", re.IGNORECASE)
_OWN_SECRETS = {"authorization", "cookie", "proxy-authorization"}  # of the caller's headers; they stay with their host

_GLOBAL_V6 = ip_network("2000::/3")  # all that was ever given out; a list of what is private would never be complete
# `is_global` alone lets some of these through, depending on the version of Python: carrier NAT, the protocol block, the
# 6to4 relay, multicast; and Teredo and 6to4, which carry another IPv4 address inside.
_DENIED = tuple(
    ip_network(block)
    for block in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/3",
        "2001::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def is_public(address: str) -> bool:
    """Whether an IP address in its usual writing belongs to the internet at large."""
    found = _plain_address(address)
    if isinstance(found, IPv6Address) and found not in _GLOBAL_V6:
        return False
    return found.is_global and not any(found in block for block in _DENIED if block.version == found.version)


def is_harmless(address: str) -> bool:
    """Whether an address may be reached once private ones are allowed: no link-local (metadata), no multicast."""
    found = _plain_address(address)
    return not (found.is_link_local or found.is_multicast or found.is_unspecified)


def _plain_address(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address.partition("%")[0])
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def shown(url: str) -> str:
    """An address for a sentence or a log: no user name, no password, no query, no fragment."""
    try:
        parsed = URL(url)
        bare = parsed.with_user(None).with_query(None).with_fragment(None)
    except (ValueError, TypeError):
        return "the address"
    return str(bare)[:200]


@dataclass(frozen=True, slots=True)
class Guard:
    """What counts as outside. Only tests have a reason to make another."""

    is_public: Callable[[str], bool] = is_public
    ports: frozenset[int] = frozenset({80, 443})
    pace: float = 1.0  # seconds between two pages of one host that is not ours


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `url` is where it was said; `moved_to` is that address when every redirect was permanent."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    moved_to: str | None = None


class Lost(Transient):
    """A request went out and its answer was lost: it may have been carried out. Only `post` raises it."""


class CheckedResolver(AbstractResolver):
    """Looks a name up and refuses it when one of its addresses is not allowed. Nothing is kept between look-ups."""

    def __init__(self, inner: AbstractResolver, is_allowed: Callable[[str], bool]) -> None:
        self._inner = inner
        self._is_allowed = is_allowed

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            if not self._is_allowed(result["host"]):
                raise _not_outside(host)
        return results

    async def close(self) -> None:
        await self._inner.close()


class Fetch:
    """Gets pages from outside. One for the whole program; `close` it at the end.

    Private addresses have their own connections, so that a kept one is never used for an address that must be public.
    """

    def __init__(
        self, now: Callable[[], datetime], *, resolver: AbstractResolver | None = None, guard: Guard | None = None
    ) -> None:
        self._now = now
        self._resolver = resolver
        self._guard = guard or Guard()
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self._pace = Pace(self._guard.pace)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 5_000_000,
        timeout: float = 15.0,  # noqa: ASYNC109  the deadline is the whole call's, redirects and body included
        take: Collection[int] = (),
    ) -> Answer:
        """A page: status 200 to 299, or 304. `max_bytes` count after decompression, `timeout` is seconds for all of it.

        One host is asked once a second at most; the time spent waiting for that does not count.
        `allow_private` is for the host of `url` alone; a redirect to another host must lead to a public address.
        Other statuses in `take` are answers too, for a caller that reads what they say.
        Raises Transient, RateLimited, Gone, SignInFailed or BadSource.
        """
        try:
            return await self._follow(_parsed(url), dict(headers or {}), allow_private, max_bytes, take, timeout)
        except SourceError:
            raise
        except TimeoutError:
            raise Transient(f"{shown(url)} did not answer completely within {timeout:g} seconds.") from None
        except (aiohttp.ClientError, ValueError, TypeError, OSError) as error:
            # The cause is cut off on purpose: these errors print the whole address.
            raise _in_words(error, url) from None

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 5_000_000,
        timeout: float = 15.0,  # noqa: ASYNC109  the deadline is the whole call's
        take: Collection[int] = (),
        method: str = "POST",
    ) -> Answer:
        """Send `json`, or a `body` as it is, once: it is never repeated and no redirect is followed.

        Raises what `get` raises when it certainly was not carried out, and Lost when nobody knows. A server's own
        trouble (5xx) says nothing about what it did before, so that is Lost too.
        """
        told = {"Content-Type": "application/json"} if json is not None else {}
        sent = _Sent(method, body if json is None else json_text.dumps(json).encode())
        try:
            async with asyncio.timeout(timeout):
                answer = await self._ask(_parsed(url), {**told, **(headers or {})}, allow_private, max_bytes, sent)
        except SourceError as error:
            raise (_lost(url) if sent.is_out else error) from None
        except TimeoutError:
            slow = f"{shown(url)} did not answer completely within {timeout:g} seconds"
            raise (Lost(f"{slow}; it may have done it.") if sent.is_out else Transient(f"{slow}.")) from None
        except (aiohttp.ClientError, ValueError, TypeError, OSError) as error:
            raise (_lost(url) if sent.is_out else _in_words(error, url)) from None
        if answer.status in _REDIRECTS and answer.status not in take:
            raise BadSource(f"{shown(url)} has moved (HTTP {answer.status}).", "Set its new address.")
        try:
            _raise_for(answer, self._now(), take)
        except Transient as error:
            raise (Lost(str(error)) if answer.status >= 500 else error) from None
        return answer

    async def lines(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_private: bool = False, quiet_for: float
    ) -> AsyncGenerator[str]:
        """The lines of an answer without an end, as they come; close the generator to hang up. No redirect is followed.

        Raises what `get` raises; Transient also when nothing came for `quiet_for` seconds, and at the end.
        """
        try:
            wanted = {**_AS_IT_IS, **(headers or {})}
            async with aclosing(self._lines(_parsed(url), wanted, allow_private, quiet_for)) as lines:
                async for line in lines:
                    yield line
        except SourceError:
            raise
        except TimeoutError:
            raise Transient(f"{shown(url)} was silent for {quiet_for:g} seconds; it will be opened again.") from None
        except (aiohttp.ClientError, ValueError, TypeError, OSError) as error:
            raise _in_words(error, url) from None
        raise Transient(f"{shown(url)} has ended its answer; it will be opened again.")

    async def frames(
        self, url: str, *, protocol: str, allow_private: bool = False, quiet_for: float, max_bytes: int = 5_000_000
    ) -> AsyncGenerator[str]:
        """The text messages of a WebSocket (`ws:` or `wss:`) as they come; close the generator to hang up.

        Raises what `get` raises; Transient also when nothing came for `quiet_for` seconds, and at the end.
        """
        try:
            target = _parsed(_WEB_SOCKET.sub("http", url.strip()))
            self._check(target, allow_private)
            session = self._session(allow_private, is_endless=True)
            async with asyncio.timeout(quiet_for):
                socket = await session.ws_connect(
                    target,
                    protocols=(protocol,),
                    max_msg_size=max_bytes,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except SourceError:
            raise
        except TimeoutError:
            raise Transient(f"{shown(url)} did not open a stream within {quiet_for:g} seconds.") from None
        except aiohttp.WSServerHandshakeError as error:
            _raise_for(Answer(error.status, error.headers or {}, b"", str(target)), self._now())
            raise BadSource(f"{shown(url)} answers HTTP {error.status}, which is no stream.") from None
        except (aiohttp.ClientError, ValueError, TypeError, OSError) as error:
            raise _in_words(error, url) from None
        heard = Heard()
        watch = asyncio.create_task(heard.hang_up_when_silent(socket, quiet_for))
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.ERROR:
                    break
                heard.count += 1
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield message.data
        finally:
            watch.cancel()
            await socket.close()
        if heard.is_silent:
            raise Transient(f"{shown(url)} was silent for {quiet_for:g} seconds; it will be opened again.")
        raise Transient(f"{shown(url)} has ended its stream; it will be opened again.")

    async def close(self) -> None:
        """Give back the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _follow(
        self,
        start: URL,
        headers: dict[str, str],
        allow_private: bool,
        max_bytes: int,
        take: Collection[int],
        seconds: float,
    ) -> Answer:
        target, is_permanent = start, True
        clock = asyncio.get_running_loop().time
        for _ in range(MAX_REDIRECTS + 1):
            is_ours = allow_private and target.host == start.host
            async with self._pace.turn(
                f"{target.host}:{target.port}" if is_ours else target.host or "", is_ours=is_ours
            ):
                began = clock()
                async with asyncio.timeout(seconds):
                    answer = await self._ask(target, headers, is_ours, max_bytes)
                seconds -= clock() - began
            location = answer.headers.get("Location", "")
            if answer.status not in _REDIRECTS or not location:
                _raise_for(answer, self._now(), take)
                moved_to = answer.url if is_permanent and target != start and not target.user else None
                return Answer(answer.status, answer.headers, answer.body, answer.url, moved_to)
            is_permanent = is_permanent and answer.status in _PERMANENT
            onward = _parsed(location, base=target).with_fragment(None)
            if onward.origin() != target.origin():
                headers = {name: value for name, value in headers.items() if name.lower() not in _OWN_SECRETS}
            target = onward
        raise BadSource(f"{shown(str(start))} redirects more than {MAX_REDIRECTS} times.", "Look for its own address.")

    async def _ask(
        self,
        target: URL,
        headers: Mapping[str, str],
        allow_private: bool,
        max_bytes: int,
        sent: "_Sent | None" = None,
    ) -> Answer:
        self._check(target, allow_private)
        sent = sent or _Sent()
        async with self._session(allow_private).request(
            sent.method, target, data=sent.body, headers=headers, allow_redirects=False, trace_request_ctx=sent
        ) as response:
            body = b"" if response.status in _REDIRECTS else await _body(response, max_bytes)
            return Answer(response.status, response.headers, body, str(target))

    async def _lines(
        self, target: URL, headers: Mapping[str, str], allow_private: bool, quiet_for: float
    ) -> AsyncGenerator[str]:
        self._check(target, allow_private)
        async with asyncio.timeout(quiet_for):
            response = await self._session(allow_private, is_endless=True).get(
                target, headers=headers, allow_redirects=False
            )
        try:
            if response.status != 200:
                _raise_for(Answer(response.status, response.headers, b"", str(target)), self._now())
                raise BadSource(f"{shown(str(target))} answers HTTP {response.status}, which is no stream.")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise BadSource(f"{shown(str(target))} answers in a packing that was not asked for.")
            async for line in _split(response, quiet_for):
                yield line
        finally:
            response.close()

    def _check(self, target: URL, allow_private: bool) -> None:
        host = target.host or ""
        if not allow_private and target.port not in self._guard.ports:
            raise BadSource(
                f"{shown(str(target))} uses port {target.port}; only the usual ports 80 and 443 are asked outside.",
                "If it is a server of your own, set allow_private = true.",
            )
        # Of a name, the resolver checks what it stands for.
        if _is_numeric(host) and not self._is_allowed(allow_private)(host):
            raise _not_outside(host)

    def _is_allowed(self, allow_private: bool) -> Callable[[str], bool]:
        return is_harmless if allow_private else self._guard.is_public

    def _session(self, allow_private: bool, *, is_endless: bool = False) -> aiohttp.ClientSession:
        """Endless answers have connections of their own: they would take those of the polls for ever."""
        which = (allow_private, is_endless)
        if which not in self._sessions:
            resolver = CheckedResolver(self._resolver or aiohttp.ThreadedResolver(), self._is_allowed(allow_private))
            self._sessions[which] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=resolver,
                    use_dns_cache=False,
                    limit=0 if is_endless else 100,
                    limit_per_host=0 if is_endless else 2 * AT_ONCE,  # what is posted need not wait for pages
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Earshot", "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # `_body` counts what comes out of the decompression
                trust_env=False,
                max_field_size=32_768,
                trace_configs=[_watching()],
            )
        return self._sessions[which]


@dataclass
class _Sent:
    """A request; `is_out` from the moment on which the server may have heard of it."""

    method: str = "GET"
    body: bytes | None = field(default=None, repr=False)
    is_out: bool = False


@dataclass
class Heard:
    """How many messages came. Looked at now and then: a deadline for each would cost more than to read it."""

    count: int = 0
    is_silent: bool = False

    async def hang_up_when_silent(self, socket: aiohttp.ClientWebSocketResponse, quiet_for: float) -> None:
        before = -1
        while before != self.count:
            before = self.count
            await asyncio.sleep(quiet_for)
        self.is_silent = True
        await socket.close()


def _watching() -> aiohttp.TraceConfig:
    """What sets `is_out`: a connection that never came about is the only thing that proves that nothing was done.

    And what follows no redirect that the library would follow by itself.
    """

    async def noted(_: aiohttp.ClientSession, context: Any, __: aiohttp.TraceRequestHeadersSentParams) -> None:
        if isinstance(context.trace_request_ctx, _Sent):
            context.trace_request_ctx.is_out = True

    async def refused(_: aiohttp.ClientSession, __: Any, told: aiohttp.TraceRequestRedirectParams) -> None:
        # The opening of a WebSocket is the one request that the library redirects by itself, past every check.
        raise BadSource(f"{shown(str(told.url))} has moved (HTTP {told.response.status}).", "Set its new address.")

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(noted)
    trace.on_request_redirect.append(refused)
    return trace


def everything(raw: RawMention) -> bool:  # noqa: ARG001
    """For a source that nobody has told what is wanted."""
    return True


@dataclass(frozen=True)
class Tools:
    """What a source is given to touch the world with. `secrets` are the values of `.env` by name.

    `concerns` says whether a mention would be kept at all: what costs money, and what a whole network's stream carries,
    is asked first. `sessions` keeps what a source must remember beside its cursor.
    """

    fetch: Fetch
    now: Callable[[], datetime]
    secrets: Mapping[str, str] = field(repr=False)
    concerns: Callable[[RawMention], bool] = everything
    sessions: Sessions = field(default_factory=Sessions.nowhere, repr=False)


def retry_after(value: str, now: datetime) -> datetime | None:
    """The time that a Retry-After header names, in seconds or as a date; None if it names none. At most 24 h away."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return now + min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment, now), now + LONGEST_WAIT).astimezone(UTC)


def _parsed(url: str, base: URL | None = None) -> URL:
    parsed = URL(url.strip())
    parsed = base.join(parsed) if base else parsed
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise BadSource(f"{shown(str(parsed))} is no web address.", "Write it with http:// or https:// and a host.")
    return parsed


def _is_numeric(host: str) -> bool:
    try:
        _plain_address(host)
    except ValueError:
        return False
    return True


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (response.content_length or 0) > max_bytes:
        raise _too_large(response, max_bytes)
    body = bytearray()
    async for piece in _unpacked(response, max_bytes):
        body += piece
        if len(body) > max_bytes:
            raise _too_large(response, max_bytes)
    return bytes(body)


async def _unpacked(response: aiohttp.ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it was before the server packed it, in pieces of at most `max_bytes` + 1."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    chunks = response.content.iter_chunked(65_536)
    if encoding in ("", "identity"):
        async for chunk in chunks:
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadSource(f"{shown(str(response.url))} answers in a packing that was not asked for.")
    packing: zlib._Decompress | None = None
    try:
        async for chunk in chunks:
            while chunk:
                packing = packing or zlib.decompressobj(_window(encoding, chunk))
                yield packing.decompress(chunk, max_bytes + 1)
                chunk = packing.unconsumed_tail or packing.unused_data
                packing = None if packing.eof else packing
    except zlib.error:
        raise BadSource(f"{shown(str(response.url))} answers with a damaged {encoding} body.") from None
    if packing is not None:
        raise Transient(f"{shown(str(response.url))} broke off in the middle of its answer.")


async def _split(response: aiohttp.ClientResponse, quiet_for: float) -> AsyncIterator[str]:
    """Lines without their ends. A line that never ends would fill the memory."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while True:
        async with asyncio.timeout(quiet_for):
            chunk = await response.content.readany()
        if not chunk:
            return
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
        if len(rest) > LONGEST_LINE:
            raise BadSource(f"{shown(str(response.url))} gives a line without an end.")


def _window(encoding: str, start: bytes) -> int:
    """zlib's name for the packing: gzip, or deflate with and without its header, which servers do not agree on."""
    if encoding != "deflate":
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if start[0] & 0x0F == 8 else -zlib.MAX_WBITS


def _too_large(response: aiohttp.ClientResponse, max_bytes: int) -> BadSource:
    return BadSource(f"{shown(str(response.url))} is larger than {max_bytes / 1_000_000:g} MB.")


def _not_outside(host: str) -> BadSource:
    return BadSource(
        f"{host[:200]} is not an address of the public internet.",
        "If it is a server of your own, set allow_private = true on this source.",
    )


def _raise_for(answer: Answer, now: datetime, take: Collection[int] = ()) -> None:
    status, where = answer.status, shown(answer.url)
    if 200 <= status < 300 or status == 304 or status in take:
        return
    until = retry_after(answer.headers.get("Retry-After", ""), now)
    if status == 429 or (status == 503 and until):
        raise RateLimited(f"{where} asks to be left alone for a while (HTTP {status}).", until or now + USUAL_WAIT)
    if status == 410:
        raise Gone(f"{where} is gone for good (HTTP 410).", "Remove the source, or give it its new address.")
    if status in (401, 407):
        raise SignInFailed(f"{where} wants a user name and password (HTTP {status}).", "Correct the source's address.")
    if status >= 500 or status in (408, 425):
        raise Transient(f"{where} has trouble of its own (HTTP {status}); it will be tried again.")
    raise BadSource(f"{where} answers HTTP {status}.", "Open it in a browser and correct the source's address.")


def _lost(url: str) -> Lost:
    return Lost(f"The answer of {shown(url)} was lost; it may have done what it was asked.")


def _in_words(error: Exception, url: str) -> SourceError:
    where = shown(url)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError | aiohttp.ClientConnectorCertificateError):
        return BadSource(f"The certificate of {where} is not valid.")
    if isinstance(error, aiohttp.ClientConnectorDNSError | gaierror):
        return Transient(f"The name in {where} cannot be found; check the spelling, it will be tried again.")
    if isinstance(error, ValueError | TypeError):
        return BadSource(f"{where} cannot be read as a web address.", "Correct the source's address.")
    return Transient(f"{where} cannot be reached or broke off; it will be tried again.")
