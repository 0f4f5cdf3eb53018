"""Years of briefings in an instant: two processes on one file, with clocks that are off, and with outages.

What is true is computed here in another way than by the rules: the first quarter of an hour at which the wall clock has
reached the time.
"""

import bisect
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers.context import Brain, Context, think
from handlers.jobs import briefing
from handlers.rules.policy import Brand, Policy
from storage.schedules import Schedule
from storage.store import Store, open_storage

ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Beirut",
    "America/St_Johns", "Pacific/Auckland", "Pacific/Chatham", "America/Havana", "Asia/Gaza", "Antarctica/Troll",
    "Africa/Casablanca", "Europe/London",
)  # fmt: skip
TIMES = (time(0, 0), time(0, 30), time(1, 30), time(2, 0), time(2, 30), time(8, 30))
OTHERS = (
    ("working days", 0), ("weekly", 0), ("weekly", 6), ("monthly", 1), ("monthly", 31), ("quarterly", 1), ("annual", 1),
)  # fmt: skip
QUARTER = timedelta(minutes=15)
EVERY = timedelta(seconds=briefing.EVERY)
DAY = timedelta(days=1)
SKEW = timedelta(seconds=90)
SOON = SKEW + EVERY  # after it whoever is up has seen that a moment has come
LONGEST = 72  # hours

Slot = tuple[int, date]
Stretch = tuple[datetime, datetime]


@dataclass
class Counts:
    """What one scheduler made of the calendar."""

    ticks: int = 0
    lives: int = 0
    posted: int = 0
    merged: int = 0
    missing: int = 0  # of these, while it ran:
    missing_up: int = 0
    doubled: int = 0
    early: int = 0
    shifted: int = 0
    late: list[float] = field(default_factory=list)  # seconds, of those that fell due while one ran and stayed up


# What is true


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first quarter of an hour at which the wall clock of a zone shows a time of a date, or a later one."""
    told = datetime.combine(day, at)
    guess = (told - DAY).replace(tzinfo=UTC).astimezone(zone)
    moment = told.replace(tzinfo=UTC) - (guess.utcoffset() or timedelta()) - timedelta(hours=3)
    while moment.astimezone(zone).replace(tzinfo=None) < told:
        moment += QUARTER
    return moment


def has_slot(schedule: Schedule, day: date) -> bool:
    last = (day + DAY).day == 1
    of_month = last if schedule.day == 31 else day.day == schedule.day
    return {
        "daily": True,
        "working days": day.weekday() < 5,
        "weekly": day.weekday() == schedule.day,
        "monthly": of_month,
        "quarterly": of_month and day.month in (1, 4, 7, 10),
        "annual": of_month and day.month == 1,
    }[schedule.every]


def calendar(schedules: list[Schedule], first: datetime, end: datetime) -> dict[Slot, datetime]:
    """Every slot between two moments, and when it is due."""
    found = {}
    for one in schedules:
        zone, day = ZoneInfo(one.zone), first.date() - DAY
        while day <= end.date() + DAY:
            if has_slot(one, day) and first < (due := moment(day, one.at, zone)) <= end:
                found[one.id, day] = due
            day += DAY
    return found


def outages(count: int, first: datetime, end: datetime, rng: random.Random) -> list[Stretch]:
    """That many, not touching each other, each up to 72 h."""
    room = (end - first) / count
    found = []
    for number in range(count):
        length = min(timedelta(hours=rng.uniform(0.01, LONGEST)), room * 0.9)
        start = first + number * room + rng.random() * (room - length)
        found.append((start, start + length))
    return found


def is_down(stretches: list[Stretch], at: datetime) -> bool:
    place = bisect.bisect_right(stretches, (at, datetime.max.replace(tzinfo=UTC))) - 1
    return place >= 0 and at < stretches[place][1]


# Ours


@dataclass(frozen=True)
class Life:
    """From a start of a process to its end: how far its clock is off, and when within 15 s it ticks."""

    start: datetime
    skew: timedelta
    phase: timedelta

    def tick_at(self, due: datetime) -> datetime:
        """Its first tick, in true time, at which its own clock has reached a moment."""
        since = (due - self.skew) - (self.start + self.phase)
        return self.start + self.phase + max(0, -(-since // EVERY)) * EVERY


class Desk:
    """One process: its own connection, its own clock, its own outages."""

    def __init__(self, path: Path, brain: Brain, down: list[Stretch], first: datetime, rng: random.Random) -> None:
        self.path, self.brain, self.down = path, brain, down
        starts = [first - DAY, *(end for _, end in down)]
        self.lives = [Life(start, rng.uniform(-1, 1) * SKEW, rng.random() * EVERY) for start in starts]
        self._starts = starts
        self._life: Life | None = None
        self._store: Store | None = None

    def life_at(self, at: datetime) -> Life:
        return self.lives[max(0, bisect.bisect_right(self._starts, at) - 1)]

    def looks(self, due: datetime) -> Iterator[datetime]:
        """When, in true time, each of its lives around a moment first sees that it has come.

        One that begins soon after it with a clock that is slow does so later than at its start.
        """
        first = bisect.bisect_right(self._starts, due - SKEW) - 1
        last = bisect.bisect_right(self._starts, due + SOON)
        for life in self.lives[max(0, first) : last]:
            when = life.tick_at(due)
            if self.life_at(when) is life and not is_down(self.down, when):
                yield when

    def tick(self, at: datetime) -> int:
        """What the clock does, at a moment of the true time."""
        life = self.life_at(at)
        if self._store is None or life is not self._life:  # a new process remembers nothing
            self.close()
            self._life, self._store = life, open_storage(self.path)
            self._store.engine.run("pragma synchronous = off")
        with self._store.transaction():
            return briefing.run(Context(self._store, self.brain, at + life.skew))

    def close(self) -> None:
        if self._store is not None:
            self._store.close()


def ticks(due: list[datetime], desks: list[Desk], end: datetime, rng: random.Random) -> Iterator[tuple[datetime, Desk]]:
    """When which process looks and can find something: at the first tick after a moment, and at each start.

    Of two that look for one moment the second finds nothing unless something is wrong; half of them are made.
    """
    found: list[tuple[datetime, int]] = []
    for at in due:
        looks = sorted((when, number) for number, desk in enumerate(desks) for when in desk.looks(at))
        found += looks if rng.random() < 0.5 else looks[:1]
    for number, desk in enumerate(desks):
        found += [(life.start + life.phase, number) for life in desk.lives]
    for at, number in sorted(found):
        if at <= end and not is_down(desks[number].down, at):
            yield at, desks[number]


def ours(
    schedules: list[Schedule], truth: dict[Slot, datetime], down: list[Stretch], seed: int, folder: Path
) -> Counts:
    rng = random.Random(seed)
    path = folder / "clock.db"
    store = open_storage(path)
    store.engine.run("pragma synchronous = off")
    for one in schedules:
        store.schedules.add(one)
    first, end = min(truth.values()), max(truth.values())
    brain = think(Policy(brands=(Brand("Heron Air", {"names": "heron"}),)))
    desks = []
    for number in range(2):
        own = outages(len(down), first, end, random.Random(seed + 10 + number))
        desks.append(Desk(path, brain, _joined([*down, *own]), first, random.Random(seed + 20 + number)))
    counts, seen, posts = Counts(), 0, Counter[Slot]()
    ran = 0
    for at, desk in ticks(sorted(set(truth.values())), desks, end + timedelta(days=4), rng):
        ran += 1
        if desk.tick(at):
            for row in store.engine.rows("select id, subject from deliveries where id > ? order by id", (seen,)):
                seen = row["id"]
                _, number, day = row["subject"].split(":")
                slot = int(number), date.fromisoformat(day)
                posts[slot] += 1
                if slot in truth:
                    _judge(counts, at, truth[slot], [one.down for one in desks])
    rows = {(slot.schedule_id, slot.local_date): slot for one in schedules for slot in store.schedules.slots(one.id)}
    counts.posted = sum(1 for slot in truth if posts[slot])
    counts.merged = sum(1 for slot in truth if slot in rows and rows[slot].status == "merged")
    counts.missing = sum(1 for slot in truth if slot not in rows)
    counts.doubled = sum(1 for slot, count in posts.items() if count > 1)
    counts.shifted = _torn(store, schedules)
    counts.ticks, counts.lives = ran, sum(len(one.lives) for one in desks)
    for desk in desks:
        desk.close()
    store.close()
    return counts


def _judge(counts: Counts, at: datetime, due: datetime, downs: list[list[Stretch]]) -> None:
    if at < due - SKEW:
        counts.early += 1
    if any(not is_down(down, due) and not is_down(down, due + SOON) for down in downs):
        counts.late.append((at - due).total_seconds())


def _torn(store: Store, schedules: list[Schedule]) -> int:
    """Where a posted one does not begin at the end of the one before: a stretch that is told twice, or never."""
    torn = 0
    for one in schedules:
        covers = [slot.covers for slot in store.schedules.slots(one.id) if slot.covers is not None]
        torn += sum(1 for before, after in pairwise(covers) if before.end != after.start)
    return torn


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def all_kinds(first: datetime, step: int = 1) -> list[Schedule]:
    """Each zone at each time of the day, and one of each other kind; or one of `step` of them."""
    kinds = [(zone, at, "daily", 0) for zone in ZONES for at in TIMES]
    kinds += [(zone, time(0, 30), every, day) for zone, (every, day) in zip(ZONES, OTHERS, strict=False)]
    return [
        Schedule(number, every, day, at, zone, "local", "#leadership", "", "", "mia", first)
        for number, (zone, at, every, day) in enumerate(kinds[::step], 1)
    ]
