"""What is due in the store, done by tasks: one at a time for each key, so that a slow one holds no other.

The store says what is due; a bell says that there may be more. Nothing is remembered here that the store does not know.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Hashable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from storage.errors import EarshotError

log = logging.getLogger(__name__)

REST = timedelta(seconds=5)  # for a key, after a failure of our own

Key = TypeVar("Key", bound=Hashable)


class Errands(ABC, Generic[Key]):
    """Runs until cancelled. `what` is done, in words for the log; it looks every `idle` seconds when nothing rings, and
    gives calls on their way `last_calls` seconds when the program stops."""

    def __init__(self, what: str, now: Callable[[], datetime], *, idle: float, last_calls: float) -> None:
        self._what = what
        self._now = now
        self._idle = idle
        self._last_calls = last_calls
        self._bell = asyncio.Event()
        self._is_stopping = False
        self._busy: dict[Key, asyncio.Task[None]] = {}
        self._resting: dict[Key, datetime] = {}  # not begun before then

    @abstractmethod
    async def start_due(self) -> bool:
        """Begin what is due and has no task; whether there was any."""

    async def settle(self) -> None:
        """What comes before each look at what is due."""

    def ring(self) -> None:
        """There may be something new."""
        self._bell.set()

    async def run(self) -> None:
        """Go on for ever. A failure of storage is logged and tried again; nothing is lost by it."""
        while True:
            started = False
            self._bell.clear()
            try:
                await self.settle()
                started = await self.start_due()
            except EarshotError as error:
                log.warning("%s wait: %s", self._what, error)
            except Exception:
                log.exception("%s wait", self._what)
            if not started:
                # Not wait_for: before Python 3.12 it can swallow a cancellation, and the program would never stop.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._idle):
                        await self._bell.wait()

    async def stop(self) -> None:
        """Let the calls that are on their way finish; what waits behind them stays in the store."""
        self._is_stopping = True
        if not self._busy:
            return
        _, late = await asyncio.wait(self._busy.values(), timeout=self._last_calls)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def do_all(self) -> None:
        """Go on until nothing is due; for tools and tests."""
        was_busy = True
        while await self.start_due() or was_busy:  # what ended while it was looked for may have made more due
            if was_busy := bool(self._busy):
                await asyncio.wait(list(self._busy.values()))

    def _begin(self, key: Key, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._busy[key] = task
        task.add_done_callback(lambda _: self._free(key))

    def _free(self, key: Key) -> None:
        task = self._busy.pop(key)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self._resting[key] = self._now() + REST
        self.ring()
