"""What the errors of a source lead to: a sentence in its state, a line in the log, and how long to wait."""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.bridge import Bridge
from handlers.ports import BudgetSpent, Gone, RateLimited, SignInFailed, SourceError
from handlers.rules.policy import SourceEntry
from storage.errors import EarshotError
from storage.sources import STREAM
from storage.store import Store

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(hours=1)
_SOON = timedelta(hours=1)  # a source that wants to be left alone for longer has had enough of us: its quota is used up


class Troubles:
    """Those of one source, for each of its native queries."""

    def __init__(self, bridge: Bridge, entry: SourceEntry, now: Callable[[], datetime], chance: random.Random) -> None:
        self.given_up: set[str] = set()  # native queries that wait for a person
        self._bridge = bridge
        self._entry = entry
        self._now = now
        self._chance = chance
        self._failures: dict[str, int] = {}

    def over(self, query: str) -> None:
        """It went well: the next failure is a first one again."""
        self._failures.pop(query, None)

    async def failed(self, error: Exception, query: str) -> timedelta | None:
        """Note it; how long to wait, or None when only a person can help."""
        if isinstance(error, SignInFailed | Gone):
            self.given_up.add(query)
            await self.note(error, "off", query)
            return None
        if isinstance(error, RateLimited):
            wait = error.until - self._now()
            is_long = isinstance(error, BudgetSpent) or wait > _SOON
            await self.note(error, "quota" if is_long else "failing", query, error.until)
            return max(wait, timedelta(seconds=1))
        if isinstance(error, SourceError):
            await self.note(error, "failing", query)
        elif isinstance(error, EarshotError):
            log.warning("source %s waits: %s", self._entry.name, error)
        else:
            log.error("source %s failed", self._entry.name, exc_info=error)
            told = SourceError("It failed in an unexpected way; the log says how.")
            await self.note(told, "failing", query)
        return self._back_off(query)

    async def note(self, error: SourceError, status: str, query: str, until: datetime | None = None) -> None:
        """Write it down. The trouble of the store must not end the source's task."""
        log.warning("source %s is %s: %s", self._entry.name, status, error)

        def note(store: Store) -> None:
            with store.transaction():
                source_id = store.sources.id_of(self._entry.name, self._entry.kind, self._now())
                if until is not None:
                    store.sources.poll_next(source_id, until, query)
                store.sources.failed(source_id, str(error), status, query)

        try:
            await self._bridge.write(note, is_urgent=False)
        except Exception as failure:
            log.warning("the state of source %s could not be noted: %s", self._entry.name, failure)

    def _back_off(self, query: str) -> timedelta:
        """Ever longer. Of streams many may break off at once, when a server starts again: they come back one by one."""
        failures = self._failures[query] = self._failures.get(query, 0) + 1
        shortest = max(self._entry.every, FIRST_RETRY)
        if query == STREAM:
            shortest = FIRST_RETRY * (1 + 0.5 * self._chance.random())
        wait: timedelta = shortest * int(2 ** min(failures - 1, 10))
        return min(_LONGEST_BACKOFF, wait)
