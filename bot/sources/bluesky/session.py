"""One account's session with its server: kept over restarts, refreshed, and begun anew only when nothing else helps.

Signing in is limited to 30 times in five minutes and 300 a day, so a kept session is worth more than its age. Answers
are given as the JSON they are: the library's own types would refuse a whole page for one new kind of picture.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
from atproto_client.exceptions import RequestErrorBase
from atproto_client.models.common import XrpcError
from atproto_client.request import AsyncRequest, Response
from atproto_core.exceptions import AtProtocolError

from bot.fetch import LONGEST_WAIT, USUAL_WAIT, Tools, retry_after, shown
from bot.sources.bluesky.way import checked_transport, take_no_more
from bot.sources.partial import read_what_can_be
from handlers.ports import BadSource, Gone, RateLimited, SignInFailed, SourceError, Transient

log = logging.getLogger(__name__)

_DEADLINE = 30.0  # seconds for one answer, all of it
_REFUSED_FOR = timedelta(minutes=10)  # a refused password is not tried again before
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

Params = Sequence[tuple[str, str]]


class Refused(BadSource):
    """The server understood and will not do it. `name` is the error's name in the protocol."""

    def __init__(self, message: str, hint: str = "", *, name: str = "", status: int = 400) -> None:
        super().__init__(message, hint)
        self.name = name
        self.status = status


class Lost(Transient):
    """A request went out and its answer was lost: it may have been carried out."""


class _Stale(Exception):
    """The token is not accepted any more."""


@dataclass(frozen=True)
class Kept:
    """A session, and whose it is: one of another account or server counts as none."""

    server: str
    identifier: str
    did: str
    handle: str
    endpoint: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class _Plain(AsyncRequest):  # type: ignore[misc]
    """The library's requests: no redirect followed, an answer's bytes as they came, and no more than may be taken."""

    def __init__(self, **told: Any) -> None:
        super().__init__(event_hooks={"response": [take_no_more]}, **told)
        self._client.follow_redirects = False
        self._client.headers["Accept-Encoding"] = "gzip"

    async def get(self, *args: Any, **kwargs: Any) -> Response:
        return _as_is(await self._send_request("GET", *args, **kwargs))

    async def post(self, *args: Any, **kwargs: Any) -> Response:
        return _as_is(await self._send_request("POST", *args, **kwargs))


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that the machine trusts, as for every other address; to read them takes a while."""
    return ssl.create_default_context()


def _as_is(answer: httpx.Response) -> Response:
    return Response(success=True, status_code=answer.status_code, content=answer.content, headers=dict(answer.headers))


class Account:
    """Asks and does as one account. `did` and `handle` are known after the first answer, or `sign_in`."""

    def __init__(
        self, name: str, server: str, identifier: str, password: str, tools: Tools, *, allow_private: bool = False
    ) -> None:
        self.did = ""
        self.handle = identifier
        self._name = name
        self._server = server.rstrip("/").removesuffix("/xrpc")
        self._identifier = identifier
        self._password = password
        self._tools = tools
        way = checked_transport(self._server, _trusted(), allow_private=allow_private)
        self._request = _Plain(timeout=15.0, trust_env=False, transport=way)
        self._kept: Kept | None = None
        self._lock = asyncio.Lock()
        self._refused: tuple[datetime, SignInFailed] | None = None

    async def sign_in(self) -> None:
        """Have a session. Raises SignInFailed, RateLimited, Transient or BadSource."""
        await self._session()

    async def ask(self, method: str, params: Params = (), *, seconds: float = _DEADLINE) -> dict[str, Any]:
        """The answer to a question. Raises a SourceError; Refused for what the server does not take."""
        return await self._with_session(method, seconds, params=list(params))

    async def do(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have something done, once. Raises a SourceError; Refused when it was not done, Lost when nobody knows."""
        return await self._with_session(method, _DEADLINE, body=body)

    async def close(self) -> None:
        await self._request.close()

    async def _with_session(self, method: str, seconds: float, **asked: Any) -> dict[str, Any]:
        session = await self._session()
        try:
            return await self._call(session.endpoint, method, session.access, seconds, **asked)
        except _Stale:
            session = await self._renewed(session)
        try:
            return await self._call(session.endpoint, method, session.access, seconds, **asked)
        except _Stale:
            raise self._refuse(f"{self._host} does not accept the session that it has just given.") from None

    async def _session(self) -> Kept:
        async with self._lock:
            if self._kept is None:
                self._take(_unpacked(self._tools.sessions.get(self._name), self._server, self._identifier))
            if self._kept is None:
                self._keep(await self._begun())
            assert self._kept is not None  # noqa: S101 - it was taken or begun
            return self._kept

    async def _renewed(self, stale: Kept) -> Kept:
        """A session in place of one that is not accepted; who comes second gets what the first one got."""
        async with self._lock:
            if self._kept is not None and self._kept != stale:
                return self._kept
            try:
                told = await self._call(self._server, "com.atproto.server.refreshSession", stale.refresh, body=None)
                fresh = self._read(told)
            except (_Stale, Refused):
                fresh = await self._begun()
            self._keep(fresh)
            return fresh

    async def _begun(self) -> Kept:
        """Sign in with the password. One that was refused is not tried again at once."""
        if self._refused is not None and self._tools.now() < self._refused[0]:
            raise self._refused[1]
        body = {"identifier": self._identifier, "password": self._password}
        try:
            return self._read(await self._call(self._server, "com.atproto.server.createSession", "", body=body))
        except (_Stale, SignInFailed):
            raise self._refuse(f"{self._host} does not accept the app password of @{self._identifier}.") from None
        except Refused as error:
            if error.status != 400:
                raise
            raise self._refuse(f"{self._host} does not know the account @{self._identifier}.") from None

    def _refuse(self, sentence: str) -> SignInFailed:
        error = SignInFailed(sentence, "Make a new app password in the account's settings and put it into .env.")
        self._refused = (self._tools.now() + _REFUSED_FOR, error)
        return error

    def _read(self, told: Mapping[str, Any]) -> Kept:
        """The session in an answer. Raises BadSource, or SignInFailed for an account that cannot be used."""
        did, handle, access, refresh = (told.get(name) for name in ("did", "handle", "accessJwt", "refreshJwt"))
        if not all(isinstance(one, str) and one for one in (did, handle, access, refresh)):
            raise BadSource(f"{self._host} does not answer as a Bluesky server.", "Correct the source's server.")
        if told.get("active") is False:
            raise self._refuse(f"The account @{self._identifier} is not active.")
        endpoint = _endpoint(told.get("didDoc")) or self._server
        return Kept(
            self._server, self._identifier, str(did), str(handle), endpoint, access=str(access), refresh=str(refresh)
        )

    def _take(self, kept: Kept | None) -> None:
        if kept is not None:
            self._kept, self.did, self.handle = kept, kept.did, kept.handle

    def _keep(self, fresh: Kept) -> None:
        self._take(fresh)
        self._refused = None
        try:
            self._tools.sessions.put(self._name, json.dumps(asdict(fresh)))
        except OSError as error:
            log.warning("the session of source %s cannot be kept: %s", self._name, error.strerror)

    async def _call(
        self,
        endpoint: str,
        method: str,
        token: str,
        seconds: float = _DEADLINE,
        *,
        params: list[tuple[str, str]] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{endpoint}/xrpc/{method}"
        is_question = params is not None
        try:
            async with asyncio.timeout(seconds):
                if is_question:
                    answer = await self._request.get(url, params=params, headers=headers)
                else:
                    content = {} if body is None else {"json": dict(body)}
                    answer = await self._request.post(url, headers=headers, **content)
        except RequestErrorBase as error:
            raise self._in_words(error, is_question=is_question) from None
        except TimeoutError:
            slow = f"{self._host} did not answer completely within {seconds:g} seconds."
            raise (Transient(slow) if is_question else Lost(slow)) from None
        except (httpx.HTTPError, httpx.InvalidURL, AtProtocolError, OSError, ValueError, TypeError) as error:
            # The cause is cut off on purpose: it could print the whole address.
            raise self._broken_off(error, is_question=is_question) from None
        return self._object(answer.content)

    def _object(self, body: Any) -> dict[str, Any]:
        try:
            told = read_what_can_be(body)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise BadSource(f"{self._host} does not answer as a Bluesky server.", "Correct the source's server.")
        return told

    def _in_words(self, error: RequestErrorBase, *, is_question: bool) -> Exception:
        answer = error.response
        if answer is None:
            return self._broken_off(error.__cause__ or error, is_question=is_question)
        status, name = answer.status_code, _name(answer.content)
        if status == 401 or name in ("ExpiredToken", "InvalidToken"):
            return _Stale()
        if status == 403:
            words = f"{self._host} does not let @{self._identifier} do this ({name or 403})."
            return SignInFailed(words, "Look at the account's settings in Bluesky.")
        until = _until(answer.headers, self._tools.now())
        if status == 429 or (status == 503 and until and is_question):
            busy = f"{self._host} asks to be left alone for a while (HTTP {status})."
            return RateLimited(busy, until or self._tools.now() + USUAL_WAIT)
        if status == 410:
            return Gone(f"{self._host} is gone for good (HTTP 410).", "Set the account's new server.")
        if status == 408 or (status >= 500 and status != 501):
            trouble = f"{self._host} has trouble of its own (HTTP {status}); it will be tried again."
            return Transient(trouble) if is_question else Lost(trouble)
        words = f"{self._host} refuses the request ({name or f'HTTP {status}'})."
        return Refused(words, "Check the source's server and handle.", name=name, status=status)

    def _broken_off(self, error: BaseException, *, is_question: bool) -> SourceError:
        words = f"{self._host} cannot be reached or broke off; it will be tried again."
        is_out = not (is_question or isinstance(error, _NEVER_SENT))
        return Lost(words) if is_out else Transient(words)

    @property
    def _host(self) -> str:
        return shown(self._server)


def _unpacked(text: str, server: str, identifier: str) -> Kept | None:
    """A kept session, if it is whole and of this account."""
    try:
        told = json.loads(text) if text else None
        kept = Kept(**told) if isinstance(told, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None
    if kept is None or not all(isinstance(one, str) and one for one in asdict(kept).values()):
        return None
    return kept if (kept.server, kept.identifier) == (server, identifier) else None


def _endpoint(document: Any) -> str:
    """The address of the account's own server in its identity document, if it is one that keeps a token secret."""
    services = document.get("service") if isinstance(document, Mapping) else None
    for one in services if isinstance(services, list) else ():
        if isinstance(one, Mapping) and str(one.get("id", "")).endswith("#atproto_pds"):
            url = one.get("serviceEndpoint")
            if isinstance(url, str) and url.startswith("https://") and len(url) < 300:
                return url.rstrip("/")
    return ""


def _name(content: Any) -> str:
    """An error's name in the protocol: a word, nothing else."""
    name = content.error if isinstance(content, XrpcError) else ""
    return name if isinstance(name, str) and name.isascii() and name.isalnum() and len(name) <= 60 else ""


def _until(headers: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the server wants to be asked again, if it says so."""
    if asked := retry_after(str(headers.get("retry-after", "")), now):
        return asked
    reset = str(headers.get("ratelimit-reset", ""))
    if not (reset.isascii() and reset.isdigit() and len(reset) <= 11):
        return None
    return min(max(datetime.fromtimestamp(int(reset), UTC), now), now + LONGEST_WAIT)
