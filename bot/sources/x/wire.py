"""The connection to X: a time and a size for all of an answer, and no redirects followed.

What changes something is sent once. A read whose connection breaks is asked for once more by aiohttp itself, which
costs nothing: X bills the same thing once a day.

Two ways to fail are kept apart, because X bills what it answers: a call that certainly never arrived (`Transient`), and
one whose answer was lost (`LostAnswer`).
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from bot.sources.partial import without_depths
from handlers.ports import BadSource, Transient

MOST_BYTES = 8_000_000
_LONGEST_LINE = 1_000_000
_LONGEST_NUMBER = 20  # digits; ids are text, and no count of people is longer


class LostAnswer(Transient):
    """It may have arrived, and may have been billed; nobody knows what was answered."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of any status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    async def json(self) -> dict[str, Any]:
        """The object that it is. Raises LostAnswer when it is none."""
        found = read_object(self.body)
        if found is None:
            raise LostAnswer("X answered something that cannot be read; it will be tried again.")
        return found


def read_object(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else.

    What is no number in JSON, or is nested too deep, becomes null: it costs its item alone.
    """
    text = body.decode("utf-8", "replace")
    try:
        found = _loaded(text)
    except RecursionError:
        found = _without_what_is_deep(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _without_what_is_deep(text: str) -> Any:
    try:
        return _loaded(without_depths(text))
    except (ValueError, RecursionError):
        return None


def _loaded(text: str) -> Any:
    return json.loads(text, parse_constant=lambda _: None, parse_int=_number)


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


class Wire:
    """Owns one session, made when it is first used. `timeout` is seconds for one call in all."""

    def __init__(self, server: str, *, timeout: float = 20.0) -> None:
        self._server = URL(server)
        self.host = self._server.host or server
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=timeout / 2)
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    def url(self, route: str) -> str:
        """The whole address of a route: it is what a signature is made over."""
        return str(self._server.joinpath(*route.strip("/").split("/")))

    async def ask(
        self,
        method: str,
        route: str,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Told:
        """One call. Raises Transient when it never arrived, LostAnswer when its answer did not."""
        try:
            async with self._opened().request(
                method,
                self.url(route),
                params=params,
                json=body,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                return Told(response.status, response.headers.copy(), await _limited(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._in_words(error) from None  # these errors print the whole address

    @asynccontextmanager
    async def streaming(
        self, route: str, headers: Mapping[str, str], params: Mapping[str, Any], quiet_for: float
    ) -> AsyncGenerator[tuple[Told | None, AsyncGenerator[bytes, None]], None]:
        """An answer without an end, line by line; instead of it what was told when it is none.

        Raises Transient, in the lines too: when it breaks off, or nothing came for `quiet_for` seconds.
        """
        patience = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout.sock_connect, sock_read=quiet_for)
        try:
            async with self._opened().get(
                self.url(route), params=params, headers=headers, allow_redirects=False, timeout=patience
            ) as response:
                told = None
                if response.status != 200:
                    told = Told(response.status, response.headers.copy(), await _limited(response))
                yield told, _lines(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._in_words(error) from None

    async def close(self) -> None:
        """Give back the sockets; nothing more is asked after that."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise Transient("The connection to X was closed meanwhile; nothing was sent.")
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "Earshot"}, trust_env=False
            )
        return self._session

    def _in_words(self, error: Exception) -> Transient | BadSource:
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return BadSource(f"The certificate of {self.host} is not valid.")
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Transient(f"{self.host} cannot be reached; it will be tried again.")
        if isinstance(error, TimeoutError):
            return LostAnswer(f"{self.host} did not answer in time; it will be tried again.")
        return LostAnswer(f"{self.host} broke off; it will be tried again.")


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("larger than any answer of X")
    return bytes(body)


async def _lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    waiting = b""
    async for piece in response.content.iter_any():
        *whole, waiting = (waiting + piece).split(b"\n")
        for line in whole:
            yield line.strip()
        if len(waiting) > _LONGEST_LINE:
            raise LostAnswer("X's stream sends a line that has no end; it will be tried again.")
