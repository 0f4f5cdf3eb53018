"""How Slack reaches the app: WebSockets of Socket Mode, or signed HTTP requests; acks, time-outs and redelivery.

- Each payload goes to exactly one of the open sockets, with no set pattern; at most ten may be open; an address is used
  once [doc].
- What is not acked within three seconds: an event comes again (three times, with the same event_id, retry_attempt and
  retry_reason); a command or click does not, and the person sees an error [doc].
"""

import asyncio
import hashlib
import hmac
import json
import random
import time
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.slack.world import new_id

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

MOST_SOCKETS = 10
RETRIES = (0.0, 60.0, 300.0)  # seconds before the second, third and fourth try


class NotAcked(Exception):
    """Nobody took it: "timeout", "http_error", "connection_failed" or "no_socket"."""


@dataclass
class Attempt:
    """One try to hand over a payload."""

    number: int  # 0 for the first
    reason: str  # why it is tried again
    socket: "Socket | None"
    outcome: str = ""  # "ok", or what went wrong


@dataclass(eq=False)
class Delivery:
    """A payload and what became of it."""

    kind: str  # slash_commands, interactive, events_api
    body: dict[str, Any]
    attempts: list[Attempt] = field(default_factory=list)
    ack: dict[str, Any] | None = None
    is_acked: bool = False
    was_tried: asyncio.Event = field(default_factory=asyncio.Event)  # the first try is over
    is_over: asyncio.Event = field(default_factory=asyncio.Event)  # acked, or given up

    @property
    def event(self) -> dict[str, Any]:
        return dict(self.body.get("event", {}))


class Socket:
    """One connection of the app, with what a test can do to it."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.id = new_id("s")
        self.deaf = False  # answers pings, gets its share of the payloads, and nothing of it arrives
        self.is_silent = False
        self.sent: list[dict[str, Any]] = []
        self.pings = 0
        self.pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ws, self._transport = ws, transport

    @property
    def is_open(self) -> bool:
        return not self._ws.closed and self._transport is not None and not self._transport.is_closing()

    def silent(self) -> None:
        """From now on nothing comes from it, not even pongs; the line stays open."""
        self.is_silent = True

    def drop(self) -> None:
        """The line is cut without a word."""
        if self._transport is not None:
            self._transport.abort()
        self.fail_all()

    async def disconnect_frame(self, reason: str = "warning") -> None:
        """Slack says that it will close the connection: warning, refresh_requested, link_disabled,
        too_many_websockets. Whoever listens opens a new one; this one lives until it is closed.
        """
        await self.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})

    async def send(self, frame: dict[str, Any]) -> None:
        if self.is_open and not self.is_silent:
            self.sent.append(frame)
            await self._ws.send_json(frame)

    async def read(self) -> None:
        """Acks and pings, until it is closed."""
        async for frame in self._ws:
            if frame.type is WSMsgType.PING and not self.is_silent:
                self.pings += 1
                await self._ws.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                told = json.loads(frame.data)
                waiting = self.pending.get(told.get("envelope_id", ""))
                if waiting is not None and not waiting.done():
                    waiting.set_result(told.get("payload") or {})

    def fail_all(self) -> None:
        for one in self.pending.values():
            if not one.done():
                one.set_exception(NotAcked("connection_failed"))


class Hub:
    """All sockets, or the HTTP address, and the deliveries."""

    def __init__(self, slack: "FakeSlack", retries: tuple[float, ...]) -> None:
        self.sockets: list[Socket] = []
        self.deliveries: list[Delivery] = []
        self.retries = retries
        self.no_hello = False  # new sockets are open and never greeted
        self.opened = 0  # sockets since the start
        self._slack = slack
        self._chance = random.Random(3)
        self._tickets: set[str] = set()
        self.url, self._secret = "", ""  # url: where HTTP requests go, "" for sockets
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Socket Mode

    def new_ticket(self) -> str:
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return f"{self._slack.base.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id=1"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """The handler of the WebSocket's address."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="This address was used, or never given out.")
        self._tickets.remove(ticket)
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        socket = Socket(ws, request.transport)
        if len(self.sockets) >= MOST_SOCKETS:
            await socket.disconnect_frame("too_many_websockets")
            await ws.close()
            return ws
        self.sockets.append(socket)
        self.opened += 1
        try:
            if not self.no_hello:
                info = {"connection_info": {"app_id": "A0EARSHOT"}, "num_connections": len(self.sockets)}
                await socket.send({"type": "hello", **info, "debug_info": {"approximate_connection_time": 18060}})
            await socket.read()
        except ConnectionError:
            pass
        finally:
            self.sockets.remove(socket)
            socket.fail_all()
        return ws

    # HTTP

    def post_to(self, url: str, secret: str) -> None:
        """From now on payloads are posted to `url`, signed with `secret`."""
        self.url, self._secret = url, secret

    async def verify_url(self) -> str:
        """What Slack asks when the address is put in: it must answer the challenge."""
        challenge = uuid.uuid4().hex
        told = await self._post("events_api", {"type": "url_verification", "challenge": challenge}, 0, "")
        return "ok" if challenge in (told.get("challenge"), told.get("text")) else f"wrong answer: {told}"

    async def _post(self, kind: str, body: Mapping[str, Any], number: int, reason: str) -> dict[str, Any]:
        if kind == "events_api":
            data, content = json.dumps(body), "application/json"
        elif kind == "interactive":
            data, content = urllib.parse.urlencode({"payload": json.dumps(body)}), "application/x-www-form-urlencoded"
        else:
            data, content = urllib.parse.urlencode(dict(body)), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content} | sign(self._secret, data)
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.post(self.url, data=data.encode(), headers=headers) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise NotAcked("http_error")
                is_json = answer.content_type == "application/json" and text
                return json.loads(text) if is_json else {"text": text} if text else {}
        except aiohttp.ClientError as error:
            raise NotAcked("connection_failed") from error

    # Both

    async def ask(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """A command, click or submission: its ack. Raises NotAcked; it is never sent twice."""
        delivery = self._new(kind, body)
        await self._try(delivery, 0, "")
        delivery.is_over.set()
        if delivery.ack is None:
            raise NotAcked(delivery.attempts[-1].outcome)
        return delivery.ack

    def tell(self, body: dict[str, Any]) -> Delivery:
        """An event, delivered in the background and again until it is acked."""
        delivery = self._new("events_api", body)
        task = asyncio.create_task(self._keep_telling(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self.sockets):
            socket.drop()
        if self._session is not None:
            await self._session.close()

    def _new(self, kind: str, body: dict[str, Any]) -> Delivery:
        delivery = Delivery(kind, body)
        self.deliveries.append(delivery)
        return delivery

    async def _keep_telling(self, delivery: Delivery) -> None:
        reason = ""
        for number, pause in enumerate((0.0, *self.retries)):
            await asyncio.sleep(pause)
            reason = await self._try(delivery, number, reason)
            delivery.was_tried.set()
            if delivery.is_acked:
                break
        delivery.is_over.set()

    async def _try(self, delivery: Delivery, number: int, reason: str) -> str:
        """Hand it over once; why not, or ""."""
        attempt = Attempt(number, reason, None)
        delivery.attempts.append(attempt)
        try:
            async with asyncio.timeout(self._slack.ack_within):
                if self.url:
                    delivery.ack = await self._post(delivery.kind, delivery.body, number, reason)
                else:
                    delivery.ack = await self._through_a_socket(delivery, attempt)
        except TimeoutError:
            attempt.outcome = "http_timeout" if self.url else "timeout"
        except NotAcked as error:
            attempt.outcome = str(error)
        else:
            attempt.outcome, delivery.is_acked = "ok", True
            return ""
        return attempt.outcome

    async def _through_a_socket(self, delivery: Delivery, attempt: Attempt) -> dict[str, Any]:
        there = [one for one in self.sockets if one.is_open]
        if not there:
            raise NotAcked("no_socket")
        socket = attempt.socket = self._chance.choice(there)
        envelope = str(uuid.uuid4())
        frame = {"envelope_id": envelope, "type": delivery.kind, "payload": delivery.body}
        frame["accepts_response_payload"] = delivery.kind != "events_api"
        if delivery.kind == "events_api":
            frame |= {"retry_attempt": attempt.number, "retry_reason": attempt.reason}
        waiting = socket.pending[envelope] = asyncio.get_running_loop().create_future()
        try:
            if not socket.deaf:
                await socket.send(frame)
            return await waiting
        except ConnectionError as error:
            raise NotAcked("connection_failed") from error
        finally:
            del socket.pending[envelope]


def sign(secret: str, body: str, at: float | None = None) -> dict[str, str]:
    """Slack's signature of a request, version 0 [doc]. `at` is the time it claims, in seconds."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
