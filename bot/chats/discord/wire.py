"""Discord's REST interface through discord.py, each call made once and in bounded time, with our errors.

The outbox decides about retries. discord.py by itself would repeat a request up to five times inside one call and
sleep as long as Discord asks, minutes perhaps; a redraw that it repeats may land over a newer one, and a call that is
given up while it sleeps for the global limit leaves a client that waits for ever. So those answers are taken from it
before it can: a trace of its HTTP session sees every answer first. A call made in another way than through here is not
touched; it is only counted.

No error repeats what was sent, and none names a token.
"""

import asyncio
import contextvars
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import discord
from discord.http import json_or_text

from bot.chats.discord.refusals import OLD_EDITS, code_in, refusal
from handlers.ports import ChatBusy, ChatDoubtful, ChatError, ChatLater

log = logging.getLogger(__name__)

Told = TypeVar("Told")

USUAL_WAIT = 30.0  # seconds, when Discord says "too many" and not for how long
LONGEST_WAIT = 900.0  # seconds
UNREACHED_WAIT = 5.0  # seconds
PATIENCE = 2.0  # seconds that a call waits by itself for its turn; what must wait longer is told so
MOST_INVALID = 1_000  # refused calls in ten minutes; at 10,000 Discord shuts out this machine's address
_WINDOW = 600.0  # seconds
_INVALID = (401, 403, 429)
_EVERYWHERE = ("", "")

# They write whole messages, and addresses that hold secrets, to their debug logs.
for _name in ("discord.http", "discord.webhook.async_"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(eq=False, slots=True)
class _Call:
    """One call through here. `answer` is what Discord said yes with."""

    what: str
    place: str
    answer: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    is_sent: bool = False


class _Said(Exception):
    """Discord's answer to a call, taken from discord.py."""

    def __init__(self, status: int, headers: Mapping[str, str], body: object) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.body = body


_now_calling: contextvars.ContextVar[_Call | None] = contextvars.ContextVar("discord_call", default=None)


class Wire:
    """Calls through one client, and hears of all that it calls. To be made before the client logs in; `attach` is for
    the client that follows it. `timeout` is in seconds and for one call in all: the outbox waits ten, and what comes
    before a message may take four. `clock` counts seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        timeout: float = 5.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._rests: dict[tuple[str, str], float] = {}  # what, and where: not called before then
        self._invalid: deque[float] = deque()
        self._told_time: tuple[datetime | None, float] = None, 0.0  # by Discord's clock, and by ours
        self._ending: set[asyncio.Task[Any]] = set()
        self._is_closed = False
        self.client = client
        self.attach(client)

    def attach(self, client: discord.Client) -> None:
        """Call through this client from now on. It has not logged in yet."""
        trace = client.http.http_trace = client.http.http_trace or aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._note_sent)
        trace.on_request_end.append(self._hear)
        self.client = client

    @property
    def invalid(self) -> int:
        """How many calls Discord refused in the last ten minutes for want of rights or for haste."""
        while self._invalid and self._invalid[0] <= self._clock() - _WINDOW:
            self._invalid.popleft()
        return len(self._invalid)

    def discord_now(self) -> datetime | None:
        """The time by Discord's own clock, to a second; None as long as no answer told it."""
        told_at, heard_at = self._told_time
        return told_at and told_at + timedelta(seconds=self._clock() - heard_at)

    async def call(
        self, work: Callable[[], Awaitable[Told]], *, what: str = "a call", place: str = "", within: float | None = None
    ) -> Told:
        """What `work` comes to, with each request in it made once. `what` says in words what is asked for ("a
        message"), `place` is the channel, where Discord counts by channel; both together are one limit.

        Raises ChatBusy, ChatLater, ChatClosed, ChatMessageGone, ChatDoubtful, or DiscordRefused.
        """
        call = _Call(what, place)
        await self._mind_rest(call)
        task = self._begin(call, work)
        done = await self._wait_for(task, {task}, within)
        if not done:
            raise self._late(call)
        return await self._outcome(call, task)

    async def answer(
        self, work: Callable[[], Awaitable[Any]], *, what: str = "a call", place: str = "", within: float | None = None
    ) -> Any:
        """The same for one request: Discord's answer as JSON as soon as it is there. discord.py would first sleep until
        its next call may be made, and what was done would look lost meanwhile.
        """
        call = _Call(what, place)
        await self._mind_rest(call)
        task = self._begin(call, work)
        done = await self._wait_for(task, {task, call.answer}, within)
        if not done:
            raise self._late(call)
        return call.answer.result() if call.answer.done() else await self._outcome(call, task)

    async def close(self) -> None:
        """End what still sleeps; calls that come later are told to wait. The client is closed by whoever owns it."""
        self._is_closed = True
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    # One call

    def _begin(self, call: _Call, work: Callable[[], Awaitable[Told]]) -> asyncio.Task[Told]:
        async def run() -> Told:
            _now_calling.set(call)  # in the context of this task alone
            return await work()

        task = asyncio.create_task(run(), name=f"discord: {call.what}")
        self._ending.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _wait_for(
        self, task: asyncio.Task[Any], ends: "set[asyncio.Future[Any]]", within: float | None
    ) -> "set[asyncio.Future[Any]]":
        """Whichever ended. What takes too long is given up, also by whoever called us."""
        done: set[asyncio.Future[Any]] = set()
        try:
            done, _ = await asyncio.wait(ends, timeout=within or self._timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not done:
                task.cancel()
        return done

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._ending.discard(task)
        if not task.cancelled():
            task.exception()  # it was told to whoever waited

    async def _outcome(self, call: _Call, task: asyncio.Task[Told]) -> Told:
        try:
            return await task
        except _Said as said:
            error = self._refusal(call, said.status, said.headers, said.body)
        except discord.RateLimited as limited:
            error = self._wait(call, limited.retry_after)
        except discord.HTTPException as refused:
            body = {"code": refused.code, "errors": getattr(refused, "_errors", None)}
            error = self._refusal(call, refused.status, getattr(refused.response, "headers", {}), body)
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            error = self._lost(call, lost)
        raise error from None

    def _late(self, call: _Call) -> ChatError:
        log.info("%s: no answer in time, %s", call.what, "sent" if call.is_sent else "not sent")
        if call.is_sent:
            return ChatDoubtful(f"No answer came from Discord to {call.what}.")
        return ChatBusy("Discord is slow to let us in.", UNREACHED_WAIT)

    def _lost(self, call: _Call, error: Exception) -> ChatError:
        """No answer came. What never reached Discord was certainly not done."""
        log.info("%s: %s", call.what, type(error).__name__)
        if call.is_sent:
            return ChatDoubtful(f"No answer came from Discord to {call.what}.")
        return ChatBusy("Discord cannot be reached.", UNREACHED_WAIT, is_everywhere=True)

    # What the trace hears

    async def _note_sent(self, *_: object) -> None:
        if (call := _now_calling.get()) is not None:
            call.is_sent = True

    async def _hear(self, _session: object, _context: object, params: aiohttp.TraceRequestEndParams) -> None:
        """Every answer, before discord.py has it. Raises _Said to keep one from it."""
        response = params.response
        status, headers = response.status, response.headers
        if (told_at := _moment(headers.get("Date", ""))) is not None:
            self._told_time = told_at, self._clock()
        if status in _INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self._invalid.append(self._clock())
        if (call := _now_calling.get()) is None:
            return
        if headers.get("X-RateLimit-Remaining") == "0" and status != 429:
            self._rest((call.what, call.place), _seconds(headers.get("X-RateLimit-Reset-After")) or 0.0)
        if status == 429 or status >= 500:
            raise _Said(status, headers, await _body(response))
        if status < 300 and not call.answer.done():
            call.answer.set_result(await json_or_text(response))

    # What an answer means

    def _refusal(self, call: _Call, status: int, headers: Mapping[str, str], body: object) -> ChatError:
        code = code_in(body)
        log.info("%s: %s", call.what, code or f"http_{status}")
        if status == 429:
            return self._too_many(call, headers, body)
        if status >= 500:
            return ChatDoubtful(f"Discord could not say whether it did {call.what}.")
        if status == 403 and not code:  # not Discord itself: whatever stands before it
            return self._wait(call, USUAL_WAIT, is_everywhere=True)
        return refusal(call.what, status, body)

    def _too_many(self, call: _Call, headers: Mapping[str, str], body: object) -> ChatError:
        told = body if isinstance(body, dict) else {}
        asked = _seconds(told.get("retry_after"))
        asked = _seconds(headers.get("Retry-After")) if asked is None else asked
        wait = USUAL_WAIT if asked is None else min(max(asked, 0.1), LONGEST_WAIT)
        if code_in(body) == OLD_EDITS:
            return ChatLater("Discord asks to wait with changes of older messages.", wait)
        is_global = bool(told.get("global")) or headers.get("X-RateLimit-Global", "").lower() == "true"
        return self._wait(call, wait, is_everywhere=is_global or not isinstance(body, dict))

    def _wait(self, call: _Call, seconds: float, *, is_everywhere: bool = False) -> ChatBusy:
        kind = _EVERYWHERE if is_everywhere else (call.what, call.place)
        self._rest(kind, seconds)
        return _busy(call, seconds, is_everywhere=is_everywhere)

    def _rest(self, kind: tuple[str, str], seconds: float) -> None:
        self._rests[kind] = max(self._rests.get(kind, 0.0), self._clock() + seconds)

    async def _mind_rest(self, call: _Call) -> None:
        now = self._clock()
        for done in [one for one, until in self._rests.items() if until <= now]:
            del self._rests[done]
        if self._is_closed or self.client.is_closed() or self.client.user is None:
            raise ChatBusy("Earshot is not signed in to Discord.", UNREACHED_WAIT, is_everywhere=True)
        if self.invalid >= MOST_INVALID:
            wait = self._invalid[0] + _WINDOW - now
            raise ChatBusy("Discord refused too many calls; Earshot holds still.", wait, is_everywhere=True)
        if _EVERYWHERE in self._rests:
            raise _busy(call, self._rests[_EVERYWHERE] - now, is_everywhere=True)
        wait = self._rests.get((call.what, call.place), now) - now
        if wait > PATIENCE:
            raise _busy(call, wait)
        if wait > 0:
            await self._sleep(wait)


def _busy(call: _Call, seconds: float, *, is_everywhere: bool = False) -> ChatBusy:
    return ChatBusy(f"Discord asks to wait with {call.what}.", seconds, is_everywhere=is_everywhere)


def _seconds(told: object) -> float | None:
    """A length of time as Discord writes it; None for anything else."""
    try:
        seconds = float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _moment(told: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


async def _body(response: aiohttp.ClientResponse) -> object:
    try:
        return await json_or_text(response)
    except (aiohttp.ClientError, OSError, ValueError):
        return ""
