"""Keeps connections to Slack that hear: opens them, doubts them, replaces them.

Slack gives each payload to any one of the connections that it believes open, so one that is deaf loses what people do,
and says nothing. A connection is replaced when
    it is lost, or nothing came on it for `patience`, not even a pong;
    Slack says that it is going to end it (the new one is open before the old one is closed);
    a reaction that we put on a message was not told to us within `echo_within`: one is deaf, and all are replaced;
    nobody did anything on it for `renew_after`: nobody could tell a quiet day from a deaf ear.
They are replaced one after another, never all at once.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot.chats.slack.line import Bounds, Line, Link, NotOpened
from handlers.rules.when import length

log = logging.getLogger(__name__)

_MOST_ECHOES = 1_000
_NOT_ALONE = (
    "Slack counts %d connections besides ours: another program has our app's tokens, or our last run ended just now"
)
_UNTOLD = (
    "Slack does not tell us of our own reactions; without the event reaction_added in the app's settings a deaf socket "
    "is noticed late"
)


@dataclass(frozen=True, slots=True)
class _Trouble:
    words: str
    is_deaf: bool = False  # it hears nothing, or may hear nothing: better closed at once
    wait: float = 0.0  # seconds without any connection in its place


@dataclass(slots=True)
class _Slot:
    """A place for one connection."""

    number: int
    line: Line | None = None
    words: str = "not connected yet"  # why there is none
    failures: int = 0  # in a row: not opened, or lost soon after


class Sockets:
    """`count` connections for one AsyncApp. All times are in seconds; `bounds` are those of one connection."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        api_url: str,
        *,
        count: int = 2,
        look_every: float = 5.0,
        patience: float = 30.0,
        echo_within: float = 30.0,
        renew_after: float = 900.0,
        pause: float = 1.0,
        bounds: Bounds | None = None,
    ) -> None:
        self._app = app
        self._look_every = look_every
        self._patience = patience
        self._renew_after = renew_after
        self._pause = pause
        self._bounds = bounds or Bounds()
        self._link = Link(app_token, api_url, self._bounds)
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._turn = asyncio.Lock()
        self._keepers: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._echoes = Echoes(echo_within, renew_after)
        self._can_count = True  # none was closed yet: Slack may count those a while longer

    async def run(self) -> None:
        """Connect and keep connected, until cancelled or closed."""
        self._keepers = [
            asyncio.create_task(self._keep(slot), name=f"slack socket {slot.number}") for slot in self._slots
        ]
        try:
            await asyncio.wait(self._keepers)
        finally:
            await self.close()

    def expect_echo(self, ref: str) -> None:
        """We have put a reaction on the message `ref`: Slack must tell us of it soon, on one of the connections."""
        self._echoes.expect(ref, time.monotonic())

    def health(self) -> tuple[bool, str]:
        """Whether people can reach us, and in words how many connections hear, and why not the others."""
        now = time.monotonic()
        lines = [slot.line for slot in self._slots if slot.line is not None and slot.line.is_open]
        reasons = "; ".join(dict.fromkeys(slot.words for slot in self._slots if slot.words))
        if not lines:
            return False, f"no socket hears Slack: {reasons or 'the connection was lost'}"
        heard = length(timedelta(seconds=now - max(line.sign_at() for line in lines)))
        hear = "hears" if len(lines) == 1 else "hear"
        words = f"{len(lines)} of {len(self._slots)} sockets {hear} Slack, the last word {heard} ago"
        if self._echoes.are_missing:
            return False, f"{words}; {_UNTOLD}"
        return True, f"{words}; {reasons}" if reasons else words

    async def close(self) -> None:
        """End all connections; bounded by `bounds.closing` and a second. What is in hand is answered before."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for slot in self._slots:
            self._let_go(slot)
            slot.words = "closed"
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _keep(self, slot: _Slot) -> None:
        while True:
            try:
                trouble = await self._trouble(slot)
                async with self._turn:
                    pause = await self._replace(slot, trouble)
            except Exception:
                log.exception("socket %d of Slack waits", slot.number)
                pause = self._bounds.slow
            await asyncio.sleep(pause)

    async def _trouble(self, slot: _Slot) -> _Trouble:
        """Wait until the connection needs to be replaced."""
        while slot.line is not None:
            if (trouble := self._judge(slot, slot.line, time.monotonic())) is not None:
                return trouble
            slot.line.stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_every):
                    await slot.line.stirred.wait()
        return _Trouble("not connected")

    def _judge(self, slot: _Slot, line: Line, now: float) -> _Trouble | None:
        if self._echoes.are_late(now):
            self._doubt_all("Slack did not tell us of our own reaction")
        if now - line.opened_at >= self._patience:
            slot.failures = 0
        if line.is_unwanted:
            return _Trouble(line.goodbye_words, is_deaf=True, wait=self._bounds.slow)
        if not line.is_open:
            return _Trouble("the connection was lost", is_deaf=True)
        if line.goodbye:
            return _Trouble(line.goodbye_words)
        if line.doubt:
            return _Trouble(line.doubt, is_deaf=True)
        if now - line.sign_at() > self._patience:
            return _Trouble(f"nothing came for {self._patience:g} s, not even a pong", is_deaf=True)
        if now - line.envelope_at > self._renew_after:
            return _Trouble("nobody did anything for long")
        return None

    async def _replace(self, slot: _Slot, trouble: _Trouble) -> float:
        """Open another connection in the place of this one; how long to leave it alone then."""
        old = slot.line
        if old is not None:
            log.info("socket %d of Slack is replaced: %s", slot.number, trouble.words)
            if time.monotonic() - old.opened_at < self._patience:
                slot.failures += 1
        if trouble.is_deaf and (trouble.wait or self._has_another(slot) or old is None or not old.is_open):
            self._let_go(slot)
            slot.words = trouble.words
        if trouble.wait:
            return trouble.wait
        try:
            line = await self._opened()
        except NotOpened as error:
            log.warning("socket %d of Slack is not open: %s", slot.number, error.words)
            slot.words = error.words
            slot.failures += 1
            return self._back_off(slot) if error.wait is None else error.wait
        old, slot.line, slot.words = slot.line, line, ""
        if old is not None:
            await asyncio.wait([self._end(old)])
        return self._back_off(slot)

    async def _opened(self) -> Line:
        """Another connection. Raises NotOpened."""
        line = Line(self._app, self._link, self._hear, self._bounds)
        try:
            await line.open()
        except BaseException:
            self._end(line)
            raise
        ours = sum(1 for slot in self._slots if slot.line is not None)
        if self._can_count and line.others > ours:
            self._can_count = False
            log.warning(_NOT_ALONE, line.others - ours)
        return line

    def _has_another(self, slot: _Slot) -> bool:
        return any(one.line is not None and one.line.is_open for one in self._slots if one is not slot)

    def _let_go(self, slot: _Slot) -> None:
        if slot.line is not None:
            self._end(slot.line)
            slot.line = None

    def _end(self, line: Line) -> asyncio.Task[None]:
        task = asyncio.create_task(line.close())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        self._can_count = False
        return task

    def _back_off(self, slot: _Slot) -> float:
        longest = self._bounds.slow / 2
        return min(self._pause * 2 ** min(slot.failures - 1, 20), longest) if slot.failures else 0.0

    def _doubt_all(self, why: str) -> None:
        for slot in self._slots:
            if slot.line is not None:
                slot.line.doubt = why
                slot.line.stirred.set()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if ref := _reacted_ref(message):
            self._echoes.heard(ref, time.monotonic())


class Echoes:
    """What Slack must tell us because we did it ourselves. An echo may come before we know that we did it."""

    def __init__(self, patience: float, longest: float) -> None:
        self._patience = patience
        self._longest = longest
        self._expected: OrderedDict[str, float] = OrderedDict()  # ref: since when
        self._heard: OrderedDict[str, float] = OrderedDict()  # ref: when
        self._alarms = 0  # in a row, without any echo between them
        self._quiet_until = 0.0

    @property
    def are_missing(self) -> bool:
        """New connections did not bring them back: rather the app's settings than a deaf connection."""
        return self._alarms > 1

    def expect(self, ref: str, now: float) -> None:
        if now - self._heard.get(ref, -self._patience) < self._patience:
            return
        self._expected.setdefault(ref, now)
        _trim(self._expected)

    def heard(self, ref: str, now: float) -> None:
        self._expected.pop(ref, None)
        self._heard[ref] = now
        self._heard.move_to_end(ref)
        _trim(self._heard)
        self._alarms, self._quiet_until = 0, 0.0

    def are_late(self, now: float) -> bool:
        """Whether to raise an alarm now. Each one without an echo since makes the next one later, and forgets none."""
        if now < self._quiet_until or all(now - since <= self._patience for since in self._expected.values()):
            return False
        self._expected.clear()
        self._alarms += 1
        self._quiet_until = now + min(self._patience * 2 ** min(self._alarms, 20), self._longest)
        return True


def _trim(known: OrderedDict[str, float]) -> None:
    while len(known) > _MOST_ECHOES:
        known.popitem(last=False)


def _reacted_ref(message: Mapping[str, Any]) -> str:
    """The message that a reaction was put on, "" for anything else that Slack may say."""
    try:
        event = message["payload"]["event"]
        item = event["item"]
        return f"{item['channel']}:{item['ts']}" if event["type"] == "reaction_added" else ""
    except (KeyError, TypeError):
        return ""
