"""How the running program is, truly: measured, not assumed. Feeds `/healthz` and `/metrics`."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from handlers.rules.policy import Policy
from handlers.rules.when import ago, length
from storage.store import Store

_LATE = timedelta(minutes=2)  # a due delivery that still waits after this is a fault
_REPLY_LATE = timedelta(minutes=10)
_BEHIND = timedelta(hours=1)
_ROOM = 200_000_000  # bytes that must be free
_LAG = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that can be well or not, in words."""

    name: str
    is_ok: bool
    words: str


@dataclass(frozen=True, slots=True)
class Health:
    parts: tuple[Part, ...]

    @property
    def is_ok(self) -> bool:
        return all(part.is_ok for part in self.parts)


class Watch:
    """Keeps the gauges of one registry."""

    def __init__(self, registry: CollectorRegistry, folder: Path) -> None:
        self._folder = folder
        self._lag = 0.0
        self._acts = Counter("earshot_commands", "Commands, buttons and forms done.", ["verb"], registry=registry)
        self._seconds = Histogram("earshot_command_seconds", "How long they took.", registry=registry)
        self._loop_lag = Gauge("earshot_loop_lag_seconds", "How late the event loop ran last.", registry=registry)
        self._queue = Gauge("earshot_write_queue", "Work that waits for the writing thread.", registry=registry)
        self._cases = Gauge("earshot_cases", "Cases by where they stand.", ["status"], registry=registry)
        self._waiting = Gauge("earshot_deliveries_waiting", "Deliveries that are not sent yet.", registry=registry)
        self._dead = Gauge("earshot_deliveries_dead", "Deliveries that were given up.", registry=registry)
        self._oldest = Gauge(
            "earshot_delivery_oldest_seconds", "How long the oldest due delivery has waited.", registry=registry
        )
        self._paused = Gauge("earshot_channels_paused", "Channels that cannot be used.", registry=registry)
        self._late = Gauge("earshot_replies_late", "Replies that should have been posted by now.", registry=registry)
        self._doubtful = Gauge("earshot_replies_doubtful", "Replies that a person must look for.", registry=registry)
        self._free = Gauge("earshot_disk_free_bytes", "Room on the disk of the database.", registry=registry)
        self._chat_ok = Gauge("earshot_chat_ok", "1 while a chat can be reached.", ["chat"], registry=registry)
        self._stored = Gauge("earshot_mentions_stored", "Mentions stored.", ["source"], registry=registry)
        self._quarantined = Gauge(
            "earshot_items_quarantined", "Items that could not be read.", ["source"], registry=registry
        )
        self._source_ok = Gauge(
            "earshot_source_ok", "1 when the source was read well the last time.", ["source"], registry=registry
        )

    def acted(self, verb: str, seconds: float) -> None:
        self._acts.labels(verb if verb.isalpha() and len(verb) < 20 else "unknown").inc()
        self._seconds.observe(seconds)

    def lagged(self, seconds: float, waiting: int) -> None:
        self._lag = max(0.0, seconds)
        self._loop_lag.set(self._lag)
        self._queue.set(waiting)

    def met(self, chats: Iterable[tuple[str, bool]]) -> None:
        """Whether each chat, by name, can be reached."""
        for chat, is_ok in chats:
            self._chat_ok.labels(chat).set(is_ok)

    def look(self, store: Store, now: datetime) -> None:
        """Bring the gauges up to date."""
        for status, count in store.cases.numbers(now).items():
            self._cases.labels(status).set(count)
        waiting, oldest = store.deliveries.waiting(now)
        self._waiting.set(waiting)
        self._oldest.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        self._paused.set(len(store.pauses.all()))
        late, doubtful = store.drafts.stuck(now - _REPLY_LATE)
        self._late.set(late)
        self._doubtful.set(doubtful)
        self._free.set(shutil.disk_usage(self._folder).free)
        self._dead.set(len(store.deliveries.all_dead(1000)))
        for state in store.sources.all():
            self._stored.labels(state.name).set(state.stored)
            self._quarantined.labels(state.name).set(state.quarantined)
            self._source_ok.labels(state.name).set(state.status == "ok")

    def judge(self, store: Store, now: datetime, policy: Policy) -> Health:
        """Each part's state now."""
        sources, channels = self._sources(store, now, policy), self._channels(store)
        waiting = (self._outbox(store, now), self._replies(store, now))
        return Health((*sources, *channels, *waiting, self._clock(store, now), self._room(), self._loop()))

    def _sources(self, store: Store, now: datetime, policy: Policy) -> list[Part]:
        wanted = {entry.name for entry in policy.sources if entry.is_on}
        parts = []
        for state in store.sources.all():
            if state.name in wanted:
                heard = f"last heard {ago(state.last_ok_at, now)}" if state.last_ok_at else "not heard yet"
                is_ok = state.status in ("ok", "new")
                if is_ok and state.error:  # a few of many, or its stream: told, no fault of the whole
                    heard = f"{heard}; {state.error}"
                parts.append(Part(f"source {state.name}", is_ok, heard if is_ok else f"{state.status}: {state.error}"))
        return parts

    def _channels(self, store: Store) -> list[Part]:
        return [
            Part(f"channel {pause.chat}:{pause.channel}", False, f"paused: {pause.why}") for pause in store.pauses.all()
        ]

    def _outbox(self, store: Store, now: datetime) -> Part:
        waiting, oldest = store.deliveries.waiting(now)
        dead = len(store.deliveries.all_dead(1000))
        late = now - oldest if oldest else timedelta()
        if dead:
            return Part("deliveries", False, f"{dead} could not be delivered; `/earshot status` shows them")
        return Part(
            "deliveries", late < _LATE, f"{waiting} wait, the oldest for {length(late)}" if waiting else "none waits"
        )

    def _replies(self, store: Store, now: datetime) -> Part:
        """Those that Earshot posts by itself."""
        waiting, doubtful = store.drafts.stuck(now - _REPLY_LATE)
        told = [f"{waiting} not posted for {length(_REPLY_LATE)} or longer"] if waiting else []
        if doubtful:
            told.append(f"{doubtful} in doubt: somebody has to look whether it was posted")
        is_ok = not told
        if store.halts.lasting():  # as people want it: told, no fault
            told.append("all are stopped; `/earshot halt` says more")
        return Part("replies", is_ok, "; ".join(told) or "none waits")

    def _clock(self, store: Store, now: datetime) -> Part:
        """A clock that was set back: what was written before waits until it has caught up, and is never overdue."""
        count, newest = store.deliveries.ahead(now + _BEHIND)
        if newest is None:
            return Part("clock", True, "not behind what is stored")
        words = f"{length(newest - now)} behind what is stored; messages that wait for it to catch up: {count}"
        return Part("clock", False, f"{words}. Set the clock of this machine right.")

    def _room(self) -> Part:
        free = shutil.disk_usage(self._folder).free
        return Part("disk", free > _ROOM, f"{free / 1e9:.1f} GB free")

    def _loop(self) -> Part:
        return Part("event loop", self._lag < _LAG, f"{self._lag * 1000:.0f} ms late")
