"""Asks a source again after what is stored, so that what was edited or deleted outside is so here, on every card."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.bridge import Bridge
from bot.troubles import Troubles
from handlers import intake
from handlers.context import Brain, Context
from handlers.ports import Budget, Can, Opinions, Page, Source
from handlers.rules.policy import SourceEntry
from handlers.rules.text import clean
from handlers.rules.verifying import next_look
from handlers.weighing import undecided, weigh, words_of
from storage.sources import VERIFY
from storage.store import Store
from storage.verifications import Due

log = logging.getLogger(__name__)

MOST = 100  # mentions that a source is asked for at a time
_PACE = timedelta(minutes=1)
_FEW = 5  # that may be gone at once without doubt
_LATELY = 12  # answers that count together, where few are asked for at a time
_DOUBT_FOR = timedelta(hours=1)
_FORGET_AFTER = timedelta(days=2)


class Sweep:
    """Of one source; the first look at a mention is after an hour, the last when it is older than `verify_for`."""

    def __init__(
        self,
        source: Source,
        entry: SourceEntry,
        bridge: Bridge,
        brain: Callable[[], Brain],
        now: Callable[[], datetime],
        heard: Callable[[], None],
        budget: Budget,
        troubles: Troubles,
        opinions: Opinions | None = None,
    ) -> None:
        self._source = source
        self._entry = entry
        self._bridge = bridge
        self._brain = brain
        self._now = now
        self._heard = heard
        self._budget = budget
        self._troubles = troubles
        self._opinions = opinions
        self._lately: deque[bool] = deque(maxlen=_LATELY - 1)  # of each that was told of, whether it was gone
        self._doubted: dict[str, datetime] = {}  # native ids and since when; a restart takes an hour longer
        self._doubt = ""

    @property
    def is_wanted(self) -> bool:
        """Whether this source can be asked, and the team wants it."""
        return bool(self._source.can & Can.VERIFY and self._entry.verify_for)

    async def step(self) -> timedelta | None:
        """Ask after what is due; how long until the next time, or None when only a person can help."""
        try:
            now = self._now()
            due = await self._bridge.read(lambda store: store.verifications.due(self._entry.name, now, MOST))
            if due:
                due = due[: await self._source.affordable(len(due), self._budget)]  # the rest stays due
                items = await self._source.verify([one.native_id for one in due], self._budget)
                await self._take_in(due, Page(items, None, query=VERIFY), now)
                self._troubles.over(VERIFY)
            return _PACE
        except Exception as error:
            return await self._troubles.failed(error, VERIFY)

    async def _take_in(self, due: Sequence[Due], page: Page, asked_at: datetime) -> None:
        """Store what the source says of them, and when each is asked for again.

        A mention that changed here after it was asked for waits for the next answer: this one may be older. So do
        many that are gone at once: a wrong address or a server in trouble looks the same, and words do not come back.
        """
        brain, brands = self._brain(), {one.native_id: one.brand for one in due}
        weighed = await self._bridge.compute(lambda: weigh(brain, self._entry, page, brands))
        if self._opinions is not None and (open_ := undecided(weighed)):
            said = await self._opinions.recall([words_of(raw) for raw in open_])
            weighed = await self._bridge.compute(lambda: weigh(brain, self._entry, page, brands, said))
        gone_ids = {one for tombstone in weighed.tombstones if (one := clean(tombstone.native_id, 300)) in brands}
        doubted = self._doubt_of(gone_ids, {item.raw.native_id for item in weighed.items}, asked_at)

        def store_it(store: Store) -> None:
            with store.transaction():
                source_id = store.sources.id_of(self._entry.name, self._entry.kind, self._now())
                known = store.mentions.known(source_id, list(brands))
                fresh = {native_id for native_id, one in known.items() if one.changed_at <= asked_at}
                items = tuple(item for item in weighed.items if item.raw.native_id in fresh)
                gone = tuple(one for one in weighed.tombstones if clean(one.native_id, 300) in gone_ids - doubted)
                intake.take_in(Context(store, brain, self._now()), replace(weighed, items=items, tombstones=gone))
                self._ask_later(store, due, asked_at, doubted)
                if self._doubt:
                    store.sources.failed(source_id, self._doubt, "failing", VERIFY)

        await self._bridge.write(store_it, is_urgent=False)
        self._heard()

    def _doubt_of(self, gone: set[str], there: set[str], asked_at: datetime) -> set[str]:
        """Those of `gone` that are not believed yet: most of what was told of is gone, and was not an hour ago."""
        known = {one: at for one, at in self._doubted.items() if asked_at - at < _FORGET_AFTER and one not in there}
        told = [one in gone for one in sorted(gone | there)]
        lately = [*self._lately, *told][-max(_LATELY, len(told)) :]
        self._lately.extend(told)
        is_odd = sum(lately) > _FEW and sum(lately) * 2 > len(lately)
        doubted = {one for one in gone if is_odd and asked_at - known.get(one, asked_at) < _DOUBT_FOR}
        self._doubted = {one: at for one, at in known.items() if one not in gone}
        self._doubted |= {one: known.get(one, asked_at) for one in doubted}
        if doubted:
            said = f"{sum(lately):,} of {len(lately):,} posts are said to be gone"
            self._doubt = f"{said}; it looks again in an hour before it believes that."
            log.warning("source %s: %s", self._entry.name, self._doubt)
        elif all(asked_at - at > 2 * _DOUBT_FOR for at in self._doubted.values()):
            self._doubt = ""
        return doubted

    def _ask_later(self, store: Store, due: Sequence[Due], asked_at: datetime, doubted: Collection[str]) -> None:
        for one in due:
            moment = next_look(one.rounds + 1, asked_at, one.seen_at, self._entry.verify_for)
            if one.native_id in doubted:
                moment = asked_at + _DOUBT_FOR
            if moment is None:
                store.verifications.end([one.mention_id])
            else:
                store.verifications.again(one.mention_id, moment)
