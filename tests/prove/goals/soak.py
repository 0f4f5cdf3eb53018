"""Seven days and a million mentions with a restart each day: nothing lost, memory and files flat.

The program in virtual days: a page of mentions each two minutes, the jobs of the clock, the outbox, people who claim
and resolve; each evening it is stopped, and the next day is a process of its own. Memory, open files and threads are
the system's word on that process at the end of its day; what was stored is counted in the database, what was posted by
the chat.
"""

import asyncio
import gc
import os
import random
import statistics
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from handlers.dispatch import dispatch, load_commands
from handlers.requests import Request
from storage import sqlite
from storage.store import Store, open_storage
from storage.types import RawMention
from tests.prove.storming import POLICY, START, Hour, account
from tests.prove.trial import Trial, stopwatch

GOAL = "G17"
FAULTS = (69, 76, 80, 81)
MINUTES = (4, 60)
POOL = 6  # threads that the loop keeps for calls that block, at most: they are made as they are needed
STEP = 120  # seconds of the virtual clock
ROUNDS = 4  # of the outbox in a step
TROUBLE = (
    "was awful, I want my money back", "lost my bag and nobody answers", "is a scam, avoid them",
    "cancelled my flight without a word, furious", "charged me twice and ignores me",
)  # fmt: skip
CALM = ("landed on time", "at gate five", "flies to Oslo now", "has a new lounge", "is boarding", "posted its numbers")


@dataclass(frozen=True)
class End:
    """What a day leaves: the clock, what was posted on it and how many posts before, memory in MB, files, threads and
    tasks, and the largest write-ahead log in bytes.
    """

    moment: datetime = START
    posts: list[tuple[datetime, str, str]] = field(default_factory=list)
    posts_before: int = 0
    memory: float = 0.0
    handles: tuple[int, int, int] = (0, 0, 0)
    wal: int = 0


@dataclass(frozen=True)
class Morning:
    path: Path
    number: int  # of the day, from 0
    count: int  # of mentions in a day
    seed: int
    before: End


class Day(Hour):
    """A life of the program from one morning to the next."""

    def __init__(self, path: Path, before: End, chance: random.Random) -> None:
        super().__init__(path, (), chance)
        self.clock.moment = before.moment
        self.chat.before = before.posts_before + len(before.posts)

    async def live(self, mentions: Iterator[RawMention], count: int) -> None:
        await self.bridge.start()
        steps = 86_400 // STEP
        for step in range(steps):
            page = [next(mentions) for _ in range(count * (step + 1) // steps - count * step // steps)]
            await self._take(page)
            await self._tick()
            await self._work()
            for _ in range(ROUNDS):
                await self._deliver()
                self.clock.go_on(STEP / ROUNDS)

    async def end(self) -> None:
        await self.deliverer.stop()
        await self.bridge.close()

    async def _work(self) -> None:
        """The team takes the newest case and ends the oldest, faster than they come: each day is like the last."""
        newest, oldest = await self.bridge.read(_newest_and_oldest)
        who = POLICY.member("mia")
        for request in (Request(who, "claim", str(newest)), Request(who, "resolve", f"{oldest} no action")):
            if newest:
                await self.bridge.write(lambda store, request=request: dispatch(self.context(store), request))


def _newest_and_oldest(store: Store) -> tuple[int | None, int | None]:
    row = store.engine.one("select max(id), min(id) from cases where status in ('open', 'claimed')")
    return (row[0], row[1]) if row else (None, None)


def told(chance: random.Random) -> Iterator[RawMention]:
    """Without end: one in 250 is a complaint of its own, one in ten a copy of a recent text."""
    recent = ["stormair has news"] * 50
    number = 0
    while True:
        number += 1
        words = "".join(chance.choices("bdfglmnprst", k=8)), "".join(chance.choices("aeioulmn", k=9))
        draw = chance.random()
        if draw < 0.1:
            text = chance.choice(recent)
        else:
            text = f"stormair {chance.choice(TROUBLE if draw > 0.996 else CALM)} {' '.join(words)}"
            recent[number % len(recent)] = text
        yield RawMention(
            f"s{number}", text, author=f"user{chance.randrange(200_000)}", followers=chance.choice((None, 90))
        )


def run(trial: Trial) -> None:
    path, total, seed = trial.folder / "soak.db", trial.of(6_000, 1_000_000), trial.chance.getrandbits(64)
    days, ends = trial.of(3, 7), list[End]()
    elapsed = stopwatch()
    for number in range(days):
        morning = Morning(path, number, total // days, seed, ends[-1] if ends else End())
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            ends.append(process.submit(_day, morning).result())
        end = ends[-1]
        print(f"day {number + 1}: {end.memory:.1f} MB, files, threads, tasks {end.handles}", flush=True)
    trial.tell("virtual days, each with a restart", days)
    _judge(trial, path, [post for end in ends for post in end.posts], total // days * days)
    at = [(number + 1) * (total // days) / 100_000 for number in range(days)]
    slope = statistics.linear_regression(at[1:], [end.memory for end in ends[1:]]).slope
    trial.tell("MB of memory at the end of the last day", ends[-1].memory)
    if trial.is_quick:
        trial.tell("MB of memory more for each 100,000 mentions, too few to judge by", slope)
    else:
        trial.at_most("MB of memory more for each 100,000 mentions", slope, 1)
    for what, before, after in zip(("files", "threads", "tasks"), ends[1].handles, ends[-1].handles, strict=True):
        few = POOL if what == "threads" else 0
        trial.at_most(f"{what} more than on the second day", after - before, few)
    trial.at_most("MB of the write-ahead log at most", max(end.wal for end in ends) / 1e6, 64)
    trial.tell("s of wall clock", elapsed())


def _day(morning: Morning) -> End:
    """A day in a process of its own, as after every restart.

    The pages that SQLite keeps are few, so that they are all there from the first day on: what grows is the program.
    """
    sqlite._PRAGMAS = (*sqlite._PRAGMAS, "pragma cache_size = -4096")
    load_commands()
    return asyncio.run(_lived(morning))


async def _lived(morning: Morning) -> End:
    chance = random.Random(morning.seed + morning.number)
    mentions = told(random.Random(morning.seed))
    for _ in range(morning.number * morning.count):
        next(mentions)
    day = Day(morning.path, morning.before, chance)
    watching = asyncio.create_task(_watch(morning.path.with_name(morning.path.name + "-wal"), sizes := [0]))
    await day.live(mentions, morning.count)
    gc.collect()
    handles = (len(os.listdir("/proc/self/fd")), threading.active_count(), len(asyncio.all_tasks()))
    memory = _memory()
    await day.end()
    watching.cancel()
    return End(day.clock.moment + timedelta(seconds=1), day.chat.posts, day.chat.before, memory, handles, max(sizes))


def _judge(trial: Trial, path: Path, posts: list[tuple[datetime, str, str]], total: int) -> None:
    store = open_storage(path, read_only=True)
    try:
        trial.exactly("mentions stored", store.engine.value("select count(*) from mentions"), total)
        trial.tell("cases", store.engine.value("select count(*) from cases"))
        _accounts(trial, store, total)
        trial.none("faults in the database", len(store.engine.check()))
    finally:
        store.close()
    trial.none("posts doubled", sum(count - 1 for count in Counter(post[1:] for post in posts).values()))


def _accounts(trial: Trial, store: Store, total: int) -> None:
    wrong = account(store, total)
    print("\n".join(wrong))
    trial.none("sums that do not add up", len(wrong))


async def _watch(wal: Path, sizes: list[int]) -> None:
    while True:
        await asyncio.sleep(0.05)
        sizes.append(max(sizes.pop(), _size(wal)))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _memory() -> float:
    """Resident, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
