"""Slack's Web API, each call made once, with our errors.

The outbox decides about retries, so the client has none of its own: it would post twice when a line drops. When Slack
asks to wait, nothing more of that kind is sent until then. No error repeats what was sent, and none names a token.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.chats.slack.refusals import SlackClosed as SlackClosed
from bot.chats.slack.refusals import SlackRefused as SlackRefused
from bot.chats.slack.refusals import plain, refusal
from handlers.ports import ChatBusy, ChatDoubtful, ChatError

log = logging.getLogger(__name__)

USUAL_WAIT = 30.0  # seconds, when Slack says "too many" and not for how long
LONGEST_WAIT = 900.0  # seconds
UNREACHED_WAIT = 5.0  # seconds
_POST = "chat.postMessage"  # the only method that Slack counts by channel
_EXPECTED = ("already_reacted", "no_reaction")
_RESPONSE_SERVERS = (("https", "hooks.slack.com", 443), ("https", "hooks.slack-gov.com", 443))
_UPLOAD_DOMAINS = (".slack.com", ".slack-gov.com")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# The client writes whole messages to its debug log; a customer's words must not get there.
_quiet = logging.getLogger("slack_sdk.earshot")
_quiet.setLevel(logging.WARNING)


class Wire:
    """Owns one client. `timeout` is in seconds and for one call in all; `clock` counts seconds."""

    def __init__(
        self,
        token: str,
        api_url: str = "https://slack.com/api/",
        *,
        timeout: float = 8.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = URL(api_url if api_url.endswith("/") else f"{api_url}/")
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=timeout / 2)
        self._clock = clock
        self._rests: dict[tuple[str, str], float] = {}  # method and channel: not called before then
        self.client = AsyncWebClient(
            token=token,
            base_url=str(self._api),
            timeout=math.ceil(timeout),
            retry_handlers=[],
            logger=_quiet,
        )
        if self._api.host in _LOOPBACK:
            self.client.proxy = None
        self.scopes: frozenset[str] = frozenset()  # what the token may do, by Slack's last answer
        self.is_closed = False

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method once. Raises ChatBusy, ChatClosed, ChatMessageGone, ChatDoubtful, or SlackRefused."""
        channel = str(params.get("channel", ""))
        kind = (method, channel if method == _POST else "")
        self._mind_rest(kind)
        self._session()
        try:
            response = await self._send(method, params)
        except SlackApiError as error:
            raise self._refusal(kind, error.response, channel) from None
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError, ValueError, AttributeError) as error:
            raise _lost(method, error) from None
        self._note_scopes(response.headers)
        return dict(response.data)

    async def respond(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Answer through a response_url. Raises as `call` does; the address is a secret and stands in no error."""
        url = self._response_url(response_url)
        session = self._session()
        try:
            async with session.post(url, json=dict(body), allow_redirects=False, proxy=self.client.proxy) as answer:
                status, headers, told = answer.status, answer.headers, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _lost("response_url", error) from None
        if status == 429:
            raise ChatBusy("Slack asks to wait with answers.", _wait_of(headers))
        if status >= 500:
            raise ChatDoubtful("Slack could not say whether it took the answer.")
        if status != 200:
            raise SlackRefused("response_url", _error_in(told) or f"http_{status}")

    async def upload(self, address: str, content: bytes) -> None:
        """Bring a file to where Slack wants it, without our token. Raises as `call` does; the address is a secret and
        stands in no error.
        """
        url = self._upload_url(address)
        session = self._session()
        kind = {"Content-Type": "application/octet-stream"}
        try:
            async with session.post(
                url, data=content, headers=kind, allow_redirects=False, proxy=self.client.proxy
            ) as answer:
                status, headers = answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _lost("the upload", error) from None
        if status == 429:
            raise ChatBusy("Slack asks to wait with files.", _wait_of(headers))
        if status >= 500:
            raise ChatDoubtful("Slack could not say whether it took the file.")
        if status != 200:
            raise SlackRefused("the upload", f"http_{status}")

    async def close(self) -> None:
        """Give back the sockets; calls that come later are told to wait."""
        self.is_closed = True
        if self.client.session is not None:
            await self.client.session.close()

    async def _send(self, method: str, params: Mapping[str, Any]) -> Any:
        """The client knows which methods take JSON and which a query."""
        known = getattr(self.client, method.replace(".", "_"), None)
        return await (known(**params) if known else self.client.api_call(method, json=dict(params)))

    def _session(self) -> aiohttp.ClientSession:
        """One session for all calls: the client's own way is a new connection for each."""
        if self.is_closed:
            raise ChatBusy("Earshot is leaving Slack.", UNREACHED_WAIT, is_everywhere=True)
        if self.client.session is None:
            self.client.session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self.client.session

    def _mind_rest(self, kind: tuple[str, str]) -> None:
        now = self._clock()
        for done in [one for one, until in self._rests.items() if until <= now]:
            del self._rests[done]
        for one in ((kind[0], ""), kind):
            if one in self._rests:
                raise _busy(one, self._rests[one] - now)

    def _rest(self, kind: tuple[str, str], seconds: float) -> None:
        self._rests[kind] = max(self._rests.get(kind, 0.0), self._clock() + seconds)

    def _refusal(self, kind: tuple[str, str], response: Any, channel: str) -> ChatError:
        """`response` is the client's, or aiohttp's own when the body could not be read at all."""
        method = kind[0]
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
        body = getattr(response, "data", None)
        code = plain(body.get("error")) if isinstance(body, dict) else ""
        log.log(logging.DEBUG if code in _EXPECTED else logging.INFO, "%s: %s", method, code or f"http_{status}")
        if status == 429 or code in ("ratelimited", "rate_limited"):
            wait = _wait_of(response.headers)
            self._rest(kind, wait)
            return _busy(kind, wait)
        if status >= 500 or not isinstance(body, dict):
            return ChatDoubtful(f"Slack could not say whether it did {method}.")
        self._note_scopes(response.headers)
        error = refusal(method, body, channel)
        if isinstance(error, ChatBusy):
            self._rest((method, ""), error.retry_after)
        return error

    def _note_scopes(self, headers: Mapping[str, str]) -> None:
        if told := headers.get("x-oauth-scopes", ""):
            self.scopes = frozenset(scope.strip() for scope in told.split(",") if scope.strip())

    def _response_url(self, address: str) -> URL:
        try:
            url = URL(address)
        except (ValueError, TypeError):
            raise SlackRefused("response_url", "bad_address") from None
        if "@" in url.authority or _server(url) not in {_server(self._api), *_RESPONSE_SERVERS}:
            raise SlackRefused("response_url", "foreign_host")
        return url

    def _upload_url(self, address: str) -> URL:
        """Slack's own servers; one that is tried on this machine is its own."""
        try:
            url = URL(address)
        except (ValueError, TypeError):
            raise SlackRefused("the upload", "bad_address") from None
        is_slacks = (url.scheme, url.port) == ("https", 443) and (url.host or "").endswith(_UPLOAD_DOMAINS)
        is_ours = self._api.host in _LOOPBACK and _server(url) == _server(self._api)
        if "@" in url.authority or not (is_slacks or is_ours):
            raise SlackRefused("the upload", "foreign_host")
        return url


def _server(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _busy(kind: tuple[str, str], seconds: float) -> ChatBusy:
    return ChatBusy(f"Slack asks to wait with {kind[0]}.", seconds, is_everywhere=not kind[1])


def _lost(method: str, error: Exception) -> ChatError:
    """No answer came. What never reached Slack was certainly not done."""
    log.info("%s: %s", method, type(error).__name__)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return ChatBusy("Slack cannot be reached.", UNREACHED_WAIT, is_everywhere=True)
    return ChatDoubtful(f"No answer came from Slack to {method}.")


def _error_in(told: str) -> str:
    """The code in the body of a refused answer: a word, or JSON."""
    try:
        body = json.loads(told)
    except ValueError:
        return plain(told)
    return plain(body.get("error")) if isinstance(body, dict) else ""


def _wait_of(headers: Mapping[str, str]) -> float:
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return USUAL_WAIT
    return min(max(seconds, 1.0), LONGEST_WAIT) if math.isfinite(seconds) and seconds >= 0 else USUAL_WAIT
