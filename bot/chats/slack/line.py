"""One Socket Mode connection to Slack: opened once, watched, closed for good. `bot/chats/slack/sockets.py` keeps some.

Slack's client comes with its own way of connecting again, and that is not used: it closes the old connection before it
has a new one, tries a link for ever that is good for one time only, and tells nobody why it fails.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

log = logging.getLogger(__name__)

Told = Callable[[Mapping[str, Any]], None]

_WHERE = "at api.slack.com/apps, Basic Information, App-Level Tokens, and put it into EARSHOT_SLACK_APP_TOKEN"
_REFUSED = f"Slack refuses the app-level token; make a new one {_WHERE}"
_REFUSALS = {
    **dict.fromkeys(("invalid_auth", "not_authed", "access_denied", "account_inactive"), _REFUSED),
    **dict.fromkeys(("token_revoked", "token_expired"), _REFUSED),
    "not_allowed_token_type": f"the token is no app-level token; make one that begins with xapp- {_WHERE}",
    "missing_scope": f"the app-level token lacks the scope connections:write; make a new one with it {_WHERE}",
}
_PASSING = frozenset(("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"))
_GOODBYES = {
    "too_many_websockets": "Slack counts too many connections of this app; end other programs that use its tokens",
    "link_disabled": "Socket Mode was switched off; switch it on at api.slack.com/apps, Socket Mode",
}
_URL_TAIL = re.compile(r"(\w+://[^\s?'\"]+)\?[^\s'\"]*")
_TOKEN = re.compile(r"\b(?:xox|xapp|xwfp)[\w.-]+")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_CLEANING = 1.0  # seconds that giving back the network may take when Slack does not answer our goodbye


class NotOpened(Exception):
    """Why there is no connection, in words. `wait` seconds until it is worth trying again, None if soon."""

    def __init__(self, words: str, wait: float | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things may take. All in seconds."""

    opening: float = 10.0  # from asking for a link to an open connection
    hello: float = 15.0  # from there to Slack's hello
    closing: float = 3.0  # answers that are on their way, and the goodbye
    ping: float = 5.0  # between two pings; a connection whose end is gone is noticed after one and a half of them
    slow: float = 60.0  # between two tries of what only a person can put right


class Link:
    """Asks Slack for links, each good for one connection. It holds the app-level token and never prints it."""

    def __init__(self, app_token: str, api_url: str, bounds: Bounds) -> None:
        self.token = app_token
        self._bounds = bounds
        self.client = AsyncWebClient(
            token=app_token,
            base_url=api_url,
            timeout=max(1, round(bounds.opening)),
            retry_handlers=[],
            logger=_sdk_log,
        )
        if URL(api_url).host in _LOOPBACK:
            self.client.proxy = None  # the client takes a proxy from the environment for whatever it calls

    async def ask(self) -> str:
        """A new link. Raises NotOpened."""
        try:
            answer = await self.client.apps_connections_open(app_token=self.token)
            return str(answer["url"])
        except SlackApiError as error:
            raise self._refused(error) from None
        except (ClientError, TimeoutError, OSError) as error:
            raise NotOpened(f"Slack cannot be reached ({type(error).__name__})") from None
        except Exception as error:
            raise NotOpened(f"Slack's answer cannot be read ({type(error).__name__})") from None

    def _refused(self, error: SlackApiError) -> NotOpened:
        code, status = _code_of(error), getattr(error.response, "status_code", 0)
        if code == "ratelimited" or status == 429:
            return NotOpened("Slack asks us to wait before we connect again", _retry_after(error, self._bounds.slow))
        if words := _REFUSALS.get(code):
            return NotOpened(words, self._bounds.slow)
        if code and code not in _PASSING and status < 500:
            return NotOpened(f"Slack refuses to open a socket ({code})", self._bounds.slow)
        return NotOpened(f"Slack is in trouble ({code or f'HTTP {status}'})")


class Line:
    """One connection. `told` hears every message as it comes; `stirred` is set when there is something to see."""

    def __init__(self, app: AsyncApp, link: Link, told: Told, bounds: Bounds) -> None:
        self._link = link
        self._told = told
        self._bounds = bounds
        self._client = _Client(link, bounds.ping, self._one_done)
        self._handler = _Handler(app, self._client)
        self._client.message_listeners.append(self._hear)
        self._client.on_message_listeners.append(self._one_came)
        self._client.on_close_listeners.append(self._stir)
        self._client.on_error_listeners.append(self._stir)
        self._in_hand = 0  # messages that came and are not done yet
        self._has_hello = False
        self._pong_seen: float | None = None
        self._sign_at = 0.0
        self.stirred = asyncio.Event()
        self.goodbye = ""  # Slack's word that it is going to end the connection: warning, refresh_requested …
        self.doubt = ""  # why this connection is not believed, though it looks well
        self.opened_at = 0.0
        self.envelope_at = 0.0  # when Slack gave us something to do the last time; at first when it was opened
        self.others = 0  # connections of our app beside this one, by Slack's count when it was opened

    @property
    def is_open(self) -> bool:
        """Connected, as far as the network knows, and greeted."""
        session = self._client.current_session
        return self._has_hello and not self._client.closed and session is not None and not session.closed

    @property
    def is_unwanted(self) -> bool:
        """Slack said goodbye and does not want another connection in its place now."""
        return self.goodbye in _GOODBYES

    @property
    def goodbye_words(self) -> str:
        return _GOODBYES.get(self.goodbye, f"Slack ends the connection ({self.goodbye})")

    def sign_at(self) -> float:
        """When anything came the last time, a pong at least. Only as exact as it is asked often."""
        if self._client.last_ping_pong_time != self._pong_seen:
            self._pong_seen = self._client.last_ping_pong_time
            self._sign_at = time.monotonic()
        return self._sign_at

    async def open(self) -> None:
        """Connect and wait for Slack's hello. Raises NotOpened; close it then too."""
        try:
            async with asyncio.timeout(self._bounds.opening):
                self._client.wss_uri = await self._link.ask()
                await self._handler.connect_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            raise NotOpened(f"Slack's socket did not open within {self._bounds.opening:g} s") from None
        try:
            async with asyncio.timeout(self._bounds.hello):
                while not (self._has_hello or self.goodbye or self._is_lost()):
                    await self.stirred.wait()
                    self.stirred.clear()
        except TimeoutError:
            raise NotOpened(f"Slack's socket said no hello within {self._bounds.hello:g} s") from None
        if self.goodbye:
            raise NotOpened(self.goodbye_words, self._bounds.slow if self.is_unwanted else None)
        if not self.is_open:
            raise NotOpened("Slack's socket closed before its hello")
        self.opened_at = self.envelope_at = self._sign_at = time.monotonic()

    async def close(self) -> None:
        """Let what is in hand be answered, say goodbye, give everything back: within the bounds, whatever comes."""
        client = self._client
        try:
            async with asyncio.timeout(self._bounds.closing):
                while self._in_hand and not self._is_lost():
                    self.stirred.clear()
                    await self.stirred.wait()
                await self._handler.close_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            log.info("a socket of Slack was dropped, as it did not close in time")
        except Exception as error:
            log.info("a socket of Slack was dropped: %s", type(error).__name__)
        finally:
            client.closed = True
            tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
            for task in (one for one in tasks if one is not None):
                task.cancel()
            await asyncio.wait(
                [asyncio.ensure_future(client.aiohttp_client_session.close()), *(one for one in tasks if one)],
                timeout=_CLEANING,
            )

    def _is_lost(self) -> bool:
        session = self._client.current_session
        return session is None or session.closed

    async def _hear(self, _: Any, message: dict[str, Any], __: str | None = None) -> None:
        self._sign_at = time.monotonic()
        if message.get("type") == "hello":
            self._has_hello = True
            self.others = _number(message.get("num_connections")) - 1
            self.stirred.set()
        if "envelope_id" in message:
            self.envelope_at = self._sign_at
        self._told(message)

    async def _one_came(self, _: Any) -> None:
        self._in_hand += 1

    def _one_done(self, message: Mapping[str, Any]) -> None:
        self._in_hand -= 1
        if message.get("type") == "disconnect":
            self.goodbye = str(message.get("reason") or "warning")
        self.stirred.set()

    async def _stir(self, _: Any) -> None:
        self.stirred.set()


class _Client(SocketModeClient):
    """Slack's client for one connection. `done` is called with each message that was dealt with."""

    def __init__(self, link: Link, ping: float, done: Told) -> None:
        super().__init__(link.token, _sdk_log, link.client, auto_reconnect_enabled=False, ping_interval=ping)
        self.proxy = link.client.proxy
        self._done = done

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        try:
            await super().run_message_listeners(message, raw_message)
        finally:
            self._done(message)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Slack said that it ends the connection. Another takes its place before; this one is never opened again."""


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler around a client of ours."""

    def __init__(self, app: AsyncApp, client: SocketModeClient) -> None:
        self.app = app
        self.app_token = client.app_token
        self.client = client
        client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]


def _code_of(error: SlackApiError) -> str:
    """Slack's error code; "" when the body was no JSON object."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""


def _retry_after(error: SlackApiError, otherwise: float) -> float:
    headers = getattr(error.response, "headers", None) or {}
    try:
        seconds = float(headers.get("Retry-After", otherwise))
    except ValueError:
        return otherwise
    return min(max(seconds, 1.0), 3600.0) if math.isfinite(seconds) else otherwise


def _number(value: object) -> int:
    return value if isinstance(value, int) else 1


def _discreet(record: logging.LogRecord) -> bool:
    """Slack's library puts links and answers into its records: tokens and tickets go, and tracebacks with them."""
    record.msg, record.args = discreet(record.getMessage()), ()
    record.exc_info = record.exc_text = None
    return True


def discreet(text: str) -> str:
    """The text without tokens of Slack and without what stands behind the ? of an address."""
    return _TOKEN.sub("***", _URL_TAIL.sub(r"\1?***", text))


_sdk_log = logging.getLogger(f"{__name__}.sdk")
_sdk_log.setLevel(logging.WARNING)  # below it the library prints whole messages: what customers and staff wrote
_sdk_log.addFilter(_discreet)
