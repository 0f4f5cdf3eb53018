"""Reads every source for ever, one task each: poll, weigh, take in, wait. A source that fails costs no other."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from bot.bridge import Bridge
from handlers import intake
from handlers.context import Brain, Context
from handlers.ports import Gone, Page, RateLimited, SignInFailed, Source, SourceError
from handlers.rules.policy import SourceEntry
from handlers.weighing import weigh
from storage.errors import EarshotError
from storage.store import Store

log = logging.getLogger(__name__)

PAGE = 100  # items; one page is one transaction, and a claim may have to wait for it
_LONGEST_BACKOFF = timedelta(hours=1)
_SOON = timedelta(hours=1)  # a source that wants to be left alone for longer has had enough of us: its quota is used up


class Listener:
    """One source's task. `brain` answers the policy as it is now; `heard` is called when a page was stored."""

    def __init__(
        self,
        source: Source,
        entry: SourceEntry,
        bridge: Bridge,
        brain: Callable[[], Brain],
        now: Callable[[], datetime],
        heard: Callable[[], None],
        chance: random.Random,
    ) -> None:
        self._source = source
        self._entry = entry
        self._bridge = bridge
        self._brain = brain
        self._now = now
        self._heard = heard
        self._chance = chance
        self._failures = 0

    async def run(self) -> None:
        """Until cancelled, or until only a person can help."""
        await self._sleep_until(await self._first_poll())
        while True:
            wait = await self.step()
            if wait is None:
                return
            await asyncio.sleep(wait.total_seconds())

    async def step(self) -> timedelta | None:
        """One page; how long to wait for the next, or None when it is over."""
        try:
            state = await self._bridge.read(lambda store: store.sources.state(self._entry.name))
            page = await self._source.poll(state.cursor if state else None, PAGE)
            await self.take(page)
            self._failures = 0
            return await self._pause(page)
        except (SignInFailed, Gone) as error:
            await self._note(error, "off")
            return None
        except RateLimited as error:
            await self._note(error, "quota" if error.until - self._now() > _SOON else "failing", error.until)
            return max(error.until - self._now(), timedelta(seconds=1))
        except SourceError as error:
            await self._note(error, "failing")
            return self._back_off()
        except EarshotError as error:
            log.warning("source %s waits: %s", self._entry.name, error)
            return self._back_off()
        except Exception:
            log.exception("source %s failed", self._entry.name)
            await self._note(SourceError("It failed in an unexpected way; the log says how."), "failing")
            return self._back_off()

    async def take(self, page: Page, *, inbox_keys: tuple[str, ...] = ()) -> intake.Taken:
        """Weigh a page beside the loop, then store it. `inbox_keys`: a delivery that must not be taken in twice."""
        brain = self._brain()
        weighed = await self._bridge.compute(lambda: weigh(brain, self._entry, page))
        taken = await self._bridge.write(
            lambda store: intake.take_in(Context(store, brain, self._now()), weighed, inbox_keys=inbox_keys),
            is_urgent=False,
        )
        self._heard()
        return taken

    async def _first_poll(self) -> datetime:
        """When it was to be polled next when the program stopped; now if that is unknown."""
        with suppress(EarshotError):
            state = await self._bridge.read(lambda store: store.sources.state(self._entry.name))
            if state is not None and state.next_poll_at is not None and state.status == "ok":
                return min(state.next_poll_at, self._now() + self._entry.every)
        return self._now()

    async def _pause(self, page: Page) -> timedelta:
        if page.more:
            return timedelta()
        jitter = 1 + 0.1 * self._chance.random() if self._entry.every > timedelta(minutes=1) else 1
        moment = self._now() + self._entry.every * jitter
        if page.not_before is not None:
            moment = max(moment, page.not_before)
        await self._bridge.write(lambda store: _poll_next(store, self._entry, moment, self._now()), is_urgent=False)
        return moment - self._now()

    def _back_off(self) -> timedelta:
        self._failures += 1
        wait: timedelta = max(self._entry.every, timedelta(seconds=5)) * int(2 ** min(self._failures - 1, 10))
        return min(_LONGEST_BACKOFF, wait)

    async def _note(self, error: SourceError, status: str, until: datetime | None = None) -> None:
        log.warning("source %s is %s: %s", self._entry.name, status, error)

        def note(store: Store) -> None:
            with store.transaction():
                source_id = store.sources.id_of(self._entry.name, self._entry.kind, self._now())
                store.sources.failed(source_id, str(error), status)
                if until is not None:
                    store.sources.poll_next(source_id, until)

        try:
            await self._bridge.write(note, is_urgent=False)
        except Exception as failure:  # the trouble of the store must not end the source's task
            log.warning("the state of source %s could not be noted: %s", self._entry.name, failure)

    async def _sleep_until(self, moment: datetime) -> None:
        await asyncio.sleep(max(0.0, (moment - self._now()).total_seconds()))


def _poll_next(store: Store, entry: SourceEntry, moment: datetime, now: datetime) -> None:
    with store.transaction():
        store.sources.poll_next(store.sources.id_of(entry.name, entry.kind, now), moment)
