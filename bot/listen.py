"""Reads every source for ever: poll, weigh, take in, wait. A source that fails costs no other, nor one of its native
queries the next. Where there is a stream it is followed too; what it misses, the poll brings. And what is stored is
asked for again, so that what was edited or deleted outside is so here.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.bridge import Bridge
from bot.budget import Purse
from bot.gathering import pages
from bot.graves import Graves
from bot.sweep import Sweep
from bot.troubles import FIRST_RETRY, Troubles
from handlers import intake
from handlers.context import Brain, Context
from handlers.ports import BadQuery, Can, Opinions, Page, RateLimited, Source, Transient, Wanted
from handlers.rules.policy import Policy, SourceEntry
from handlers.rules.query import parse
from handlers.rules.text import clean
from handlers.weighing import WeighedPage, may_be_asked_about, undecided, weigh, words_of
from storage.errors import EarshotError
from storage.sources import STREAM, VERIFY
from storage.store import Store
from storage.types import CursorState, RawMention

log = logging.getLogger(__name__)

PAGE = 100  # items; one page is one transaction, and a claim may have to wait for it
_TRUSTED = timedelta(hours=4)  # what was noted before a restart may come from settings that were changed since
_HEALING = timedelta(seconds=30)  # between two polls because a stream came back: it may come and go
_WELL = timedelta(minutes=1)  # a stream that was open for so long did not fail at once
_BARE_MARKS = timedelta(seconds=5)  # how often a cursor is stored that came with nothing else


def wanted(policy: Policy) -> tuple[Wanted, ...]:
    """The queries of all brands, as a source may translate them."""
    return tuple(
        Wanted(brand.name, name, parse(expression))
        for brand in policy.brands
        for name, expression in brand.queries.items()
    )


def askable(source: Source, asked: Sequence[Wanted]) -> tuple[tuple[Wanted, ...], dict[str, BadQuery]]:
    """The queries that a source takes, and why it does not take each of the others."""
    try:
        source.plan(asked)
    except BadQuery as error:
        if len(asked) < 2:
            return (), {f"query {one.brand} {one.name}": error for one in asked} or {"": error}
        each = [askable(source, (one,)) for one in asked]
        refused = {name: trouble for _, troubles in each for name, trouble in troubles.items()}
        return tuple(one for good, _ in each for one in good), refused
    return tuple(asked), {}


class Listener:
    """One source's tasks. `brain` answers the policy as it is now; `heard` is called when a page was stored."""

    def __init__(
        self,
        source: Source,
        entry: SourceEntry,
        bridge: Bridge,
        brain: Callable[[], Brain],
        now: Callable[[], datetime],
        heard: Callable[[], None],
        chance: random.Random,
        opinions: Opinions | None = None,
    ) -> None:
        self.entry = entry
        self.budget = Purse(bridge, entry, now)
        self._source = source
        self._bridge = bridge
        self._brain = brain
        self._now = now
        self._heard = heard
        self._chance = chance
        self._troubles = Troubles(bridge, entry, now, chance)
        self._heal = asyncio.Event()  # set when the stream has come back, then replaced
        self._rests: dict[str, timedelta] = {}  # so long a native query is left alone, whatever a stream does
        self._graves = Graves()
        self._opinions = opinions
        self._sweep = Sweep(source, entry, bridge, brain, now, heard, self.budget, self._troubles, opinions)
        self._marked_at: datetime | None = None
        self._asked: tuple[Wanted, ...] = ()

    @property
    def has_given_up(self) -> bool:
        """Whether something of this source waits for a person."""
        return bool(self._troubles.given_up)

    async def run(self) -> None:
        """Until cancelled, or until only a person can help."""
        queries = await self._plan()
        known = await self._cursors()
        at_once = asyncio.Semaphore(max(1, self._source.side_by_side))

        def following(query: str) -> Callable[[], Awaitable[None]]:
            return lambda: self._follow(query, known.get(query), at_once)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._steadily(following(query), query)) for query in queries]
            if self._source.can & Can.STREAM and queries:
                tasks.append(group.create_task(self._steadily(self._hear, STREAM)))
            sweep = group.create_task(self._steadily(lambda: self._look_again(at_once), VERIFY))
            if tasks:
                await asyncio.wait(tasks)
            sweep.cancel()

    async def step(self, query: str = "") -> timedelta | None:
        """One page of a native query; how long to wait for the next, or None when it is over."""
        self._rests.pop(query, None)
        try:
            cursor = await self._bridge.read(lambda store: store.sources.cursor(self.entry.name, query))
            page = await self._source.poll(cursor, PAGE, query, self.budget)
            await self.take(replace(page, query=query))
            self._troubles.over(query)
            return await self._pause(page, query)
        except Exception as error:
            if isinstance(error, RateLimited):
                self._rests[query] = error.until - self._now()
            return await self._troubles.failed(error, query)

    async def take(self, page: Page, *, inbox_keys: tuple[str, ...] = ()) -> intake.Taken:
        """Weigh a page beside the loop, then store it. `inbox_keys`: a delivery that must not be taken in twice."""
        brain = self._brain()
        weighed = await self._weighed(brain, page)

        def store_it(store: Store) -> intake.Taken:
            found = self._without_the_dead(store, weighed)
            if self._is_idle(found):
                return intake.Taken(read=found.read, unmatched=found.unmatched)
            context = Context(store, brain, self._now())
            return intake.take_in(context, found, inbox_keys=inbox_keys, can_verify=self._sweep.is_wanted)

        taken = await self._bridge.write(store_it, is_urgent=False)
        self._heard()
        return taken

    async def _weighed(self, brain: Brain, page: Page) -> WeighedPage:
        """What is stored concerns its brand whatever it says now: an edit may have taken our name out of it."""
        weighed = await self._bridge.compute(lambda: weigh(brain, self.entry, page))
        opinions = await self._second_opinions(weighed) if self._opinions is not None else {}
        if opinions:
            weighed = await self._bridge.compute(lambda: weigh(brain, self.entry, page, None, opinions))
        if not weighed.unmatched:
            return weighed
        matched = {item.raw.native_id for item in weighed.items}
        ids = {clean(item.native_id, 300) for item in page.items if isinstance(item, RawMention)} - matched
        stored = await self._bridge.read(lambda store: store.mentions.brands(self.entry.name, list(ids)))
        if not stored:
            return weighed
        return await self._bridge.compute(lambda: weigh(brain, self.entry, page, stored, opinions))

    async def _second_opinions(self, page: WeighedPage) -> Mapping[str, float]:
        """What a second opinion says of those that the words leave open. What is stored is not asked about again."""
        raws = undecided(page)
        if self._opinions is None or not raws:
            return {}
        said = await self._opinions.recall([words_of(raw) for raw in raws])
        fresh = [raw for raw in raws if words_of(raw) not in said and self._may_be_asked_about(page, raw)]
        if not fresh:
            return said
        ids = [raw.native_id for raw in fresh]
        stored = await self._bridge.read(lambda store: store.mentions.brands(self.entry.name, ids))
        asked = await self._opinions.ask([words_of(raw) for raw in fresh if raw.native_id not in stored])
        return {**said, **asked}

    def _may_be_asked_about(self, page: WeighedPage, raw: RawMention) -> bool:
        with_private = self._opinions is not None and self._opinions.may_see_private
        return may_be_asked_about(page, raw, self._now(), with_private=with_private)

    # What is asked, and when

    async def _plan(self) -> tuple[str, ...]:
        """The native queries to ask. A query of a brand that cannot be asked there costs the others nothing."""
        self._asked, refused = askable(self._source, wanted(self._brain().policy))
        queries = tuple(dict.fromkeys(self._source.plan(self._asked))) if self._asked or not refused else ()
        aside = (STREAM,) * bool(self._source.can & Can.STREAM) + (VERIFY,) * self._sweep.is_wanted
        told = (*queries, *aside * bool(queries), *refused)

        def note(store: Store) -> None:
            with store.transaction():
                store.sources.plan(store.sources.id_of(self.entry.name, self.entry.kind, self._now()), told)

        with suppress(EarshotError):
            await self._bridge.write(note, is_urgent=False)
        for name, trouble in refused.items():
            self._troubles.given_up.add(name)
            words = BadQuery(f"The {name} is not asked there. {trouble}") if name else trouble
            await self._troubles.note(words, "off", name)
        return queries

    async def _cursors(self) -> Mapping[str, CursorState]:
        def read(store: Store) -> Mapping[str, CursorState]:
            state = store.sources.state(self.entry.name)
            return store.sources.cursors(store.sources.id_of(state.name, state.kind, self._now())) if state else {}

        try:
            return await self._bridge.read(read)
        except EarshotError:
            return {}

    async def _steadily(self, task: Callable[[], Awaitable[None]], query: str) -> None:
        """Whatever a task comes to, it ends no other, and begins anew."""
        while True:
            try:
                await task()
                return
            except Exception as error:
                wait = await self._troubles.failed(error, query)
            if wait is None:
                return
            await asyncio.sleep(wait.total_seconds())

    async def _follow(self, query: str, known: CursorState | None, at_once: asyncio.Semaphore) -> None:
        """Poll one native query for ever."""
        heal, rest = self._heal, timedelta()
        wait: timedelta | None = self._first_poll(known) - self._now()
        while wait is not None:
            is_healing = await _wait(wait, rest, heal)
            async with at_once:
                heal = self._heal
                wait = await self.step(query)
            rest = max(self._rests.get(query, timedelta()), _HEALING if is_healing else timedelta())

    async def _look_again(self, at_once: asyncio.Semaphore) -> None:
        """Ask again after what is stored, for ever."""
        while self._sweep.is_wanted:
            async with at_once:
                wait = await self._sweep.step()
            if wait is None:
                return
            await asyncio.sleep(wait.total_seconds())

    def _first_poll(self, known: CursorState | None) -> datetime:
        """When it was to be polled next when the program stopped; now if that is unknown."""
        if known is not None and known.next_poll_at is not None and known.status == "ok":
            return min(known.next_poll_at, self._now() + max(self.entry.every, _TRUSTED))
        return self._now()

    async def _pause(self, page: Page, query: str) -> timedelta:
        if page.more:
            return timedelta()
        jitter = 1 + 0.1 * self._chance.random() if self.entry.every > timedelta(minutes=1) else 1
        moment = self._now() + self.entry.every * jitter
        if page.not_before is not None:
            self._rests[query] = page.not_before - self._now()
            moment = max(moment, page.not_before)

        def note(store: Store) -> None:
            with store.transaction():
                source_id = store.sources.id_of(self.entry.name, self.entry.kind, self._now())
                store.sources.poll_next(source_id, moment, query)

        await self._bridge.write(note, is_urgent=False)
        return moment - self._now()

    # The stream

    async def _hear(self) -> None:
        """Follow the stream for ever."""
        wait: timedelta | None = timedelta()
        while wait is not None:
            await asyncio.sleep(wait.total_seconds())
            wait = await self._hear_once()

    async def _hear_once(self) -> timedelta | None:
        """Follow it until it breaks off; how long until it may be opened again, or None when that is over.

        Once it is open everything is polled, for what it missed while it was not.
        """
        began, is_open = self._now(), False
        try:
            cursor = await self._bridge.read(lambda store: store.sources.cursor(self.entry.name, STREAM))
            stream = self._source.stream(self._asked, cursor, self.budget)
            self._marked_at = None
            async with aclosing(pages(stream, STREAM, PAGE)) as heard:
                async for page in heard:
                    await self.take(page)
                    if not is_open:
                        is_open = True
                        self._ring()
            if is_open:
                return FIRST_RETRY * (1 + self._chance.random())
            raise Transient(f"The stream of {self.entry.name} ends as soon as it is open; it will be tried again.")
        except Exception as error:
            if is_open and self._now() - began >= _WELL:
                self._troubles.over(STREAM)
            return await self._troubles.failed(error, STREAM)

    def _ring(self) -> None:
        """Whoever waits for his next poll polls now; whoever is at it, once more."""
        self._heal.set()
        self._heal = asyncio.Event()

    # On the writing thread

    def _without_the_dead(self, store: Store, page: WeighedPage) -> WeighedPage:
        """Where a stream is faster than the poll: without what was called gone before it came, which is remembered."""
        if not self._source.can & Can.STREAM or not (page.items or page.tombstones):
            return page
        now, source_id = self._now(), store.sources.id_of(self.entry.name, self.entry.kind, self._now())
        told = {clean(one.native_id, 300): one for one in page.tombstones}
        known = store.mentions.known(source_id, list(told))
        self._graves.bury([native_id for native_id in told if native_id not in known], now)
        return replace(
            page,
            items=tuple(item for item in page.items if not self._graves.holds(item.raw.native_id)),
            tombstones=tuple(told[native_id] for native_id in known),
        )

    def _is_idle(self, page: WeighedPage) -> bool:
        """Whether a stream has brought nothing but a cursor, again: most of a network's stream is not for us."""
        if page.query != STREAM or page.items or page.tombstones or page.broken:
            return False
        if self._marked_at is not None and self._now() - self._marked_at < _BARE_MARKS:
            return True
        self._marked_at = self._now()
        return False


async def _wait(wait: timedelta, rest: timedelta, heal: asyncio.Event) -> bool:
    """Wait, but after `rest` only until a stream has come back; whether it has."""
    rest = min(rest, wait)
    await asyncio.sleep(max(0.0, rest.total_seconds()))
    try:
        await asyncio.wait_for(heal.wait(), max(0.0, (wait - rest).total_seconds()))
    except TimeoutError:
        return False
    return True
