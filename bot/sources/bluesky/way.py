"""The way to an account's server, for a library that finds its own: what it may connect to, and how much it takes.

The server's name is looked up here, and the connection goes to exactly the addresses that were checked; what a server
names in an answer, or redirects to, must be on the public internet.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from bot.fetch import is_harmless, is_public
from handlers.ports import BadSource

MOST_BYTES = 8_000_000  # of an answer, unpacked


def checked_transport(server: str, trusted: ssl.SSLContext, *, allow_private: bool) -> httpx.AsyncHTTPTransport:
    """Connections that are checked. `allow_private` is for the host of `server` alone."""
    made = httpx.AsyncHTTPTransport(verify=trusted, trust_env=False)
    own = _host(server) if allow_private else ""
    made._pool._network_backend = _Checked(own)  # it takes none from its caller
    return made


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def take_no_more(answer: httpx.Response) -> None:
    """Reads an answer as far as it may go. Raises httpx.DecodingError when it is too large, or packed otherwise."""
    packing = answer.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip"):
        raise httpx.DecodingError("it is packed in a way that was not asked for")
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS) if packing == "gzip" else None
    body = bytearray()
    try:
        async for piece in answer.aiter_raw():
            left = MOST_BYTES + 1 - len(body)
            body += unpacking.decompress(piece, left) if unpacking else piece[:left]
            if len(body) > MOST_BYTES:
                raise httpx.DecodingError("it is too large")
    except zlib.error:
        raise httpx.DecodingError("it cannot be unpacked") from None
    answer._content = bytes(body)  # what the library would have read


class _Checked(httpcore.AsyncNetworkBackend):
    def __init__(self, own: str) -> None:
        self._own = own
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        last: Exception = httpcore.ConnectError("it has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("its name cannot be found") from None
        addresses = [str(address[0]) for *_, address in found]
        is_allowed = is_harmless if self._own and host == self._own else is_public
        if not all(map(is_allowed, addresses)):
            hint = (
                f"set this source's server to {host[:200]}" if self._own else "set allow_private = true on this source"
            )
            raise BadSource(
                f"{host[:200]} is not an address of the public internet.", f"If it is a server of your own, {hint}."
            )
        return addresses
