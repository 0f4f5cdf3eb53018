"""The only HTTP client for addresses outside: what it may reach, how long it waits, how much it takes.

An address is a URL that somebody typed or that a server redirected to, so it may point at the machine itself, at its
network or at a cloud's metadata service. Every hop is checked after its name was resolved, and the connection goes to
exactly the addresses that were checked. Words in errors never hold a user name, a password or a query string.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import AF_UNSPEC, AddressFamily, gaierror

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient

MAX_REDIRECTS = 3
LONGEST_WAIT = timedelta(hours=24)
USUAL_WAIT = timedelta(minutes=15)  # when a server says "too many" and not for how long

_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `url` is where it was said; `moved_to` is that address when every redirect was permanent."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    moved_to: str | None = None


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
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 5_000_000,
        timeout: float = 15.0,  # noqa: ASYNC109  the deadline is the whole call's, redirects and body included
    ) -> Answer:
        """A page: status 200 to 299, or 304. `max_bytes` count after decompression, `timeout` is seconds for all of it.

        `allow_private` is for the host of `url` alone; a redirect to another host must lead to a public address.
        Raises Transient, RateLimited, Gone, SignInFailed or BadSource.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(_parsed(url), dict(headers or {}), allow_private, max_bytes)
        except SourceError:
            raise
        except TimeoutError:
            raise Transient(f"{shown(url)} did not answer completely within {timeout:g} seconds.") from None
        except (aiohttp.ClientError, ValueError, TypeError, OSError) as error:
            # The cause is cut off on purpose: these errors print the whole address.
            raise _in_words(error, url) from None

    async def close(self) -> None:
        """Give back the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _follow(self, start: URL, headers: dict[str, str], allow_private: bool, max_bytes: int) -> Answer:
        target, is_permanent = start, True
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(target, headers, allow_private and target.host == start.host, max_bytes)
            location = answer.headers.get("Location", "")
            if answer.status not in _REDIRECTS or not location:
                _raise_for(answer, self._now())
                moved_to = answer.url if is_permanent and target != start and not target.user else None
                return Answer(answer.status, answer.headers, answer.body, answer.url, moved_to)
            is_permanent = is_permanent and answer.status in _PERMANENT
            onward = _parsed(location, base=target).with_fragment(None)
            if onward.origin() != target.origin():
                headers = {name: value for name, value in headers.items() if name.lower() not in _OWN_SECRETS}
            target = onward
        raise BadSource(f"{shown(str(start))} redirects more than {MAX_REDIRECTS} times.", "Look for its own address.")

    async def _ask(self, target: URL, headers: Mapping[str, str], allow_private: bool, max_bytes: int) -> Answer:
        self._check(target, allow_private)
        session = self._session(allow_private)
        async with session.get(target, headers=headers, allow_redirects=False) as response:
            body = b"" if response.status in _REDIRECTS else await _body(response, max_bytes)
            return Answer(response.status, response.headers, body, str(target))

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

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        if allow_private not in self._sessions:
            resolver = CheckedResolver(self._resolver or aiohttp.ThreadedResolver(), self._is_allowed(allow_private))
            self._sessions[allow_private] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit_per_host=2),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Earshot", "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # `_body` counts what comes out of the decompression
                trust_env=False,
                max_field_size=32_768,
            )
        return self._sessions[allow_private]


@dataclass(frozen=True)
class Tools:
    """What a source is given to touch the world with. `secrets` are the values of `.env` by name."""

    fetch: Fetch
    now: Callable[[], datetime]
    secrets: Mapping[str, str] = field(repr=False)


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


def _raise_for(answer: Answer, now: datetime) -> None:
    status, where = answer.status, shown(answer.url)
    if 200 <= status < 300 or status == 304:
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


def _in_words(error: Exception, url: str) -> SourceError:
    where = shown(url)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError | aiohttp.ClientConnectorCertificateError):
        return BadSource(f"The certificate of {where} is not valid.")
    if isinstance(error, aiohttp.ClientConnectorDNSError | gaierror):
        return Transient(f"The name in {where} cannot be found; check the spelling, it will be tried again.")
    if isinstance(error, ValueError | TypeError):
        return BadSource(f"{where} cannot be read as a web address.", "Correct the source's address.")
    return Transient(f"{where} cannot be reached or broke off; it will be tried again.")
