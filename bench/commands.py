"""How quickly commands answer with a million mentions stored, idle and while an import runs.

    python bench/commands.py [--texts FILE ...] [--count 1000000] [--seconds 30] [--rate 3000]

The commands go through the bot's own bridge (one writing thread, two reading ones) as the page sends them, twenty a
second, each measured from the time at which it was due. Idle and importing are measured in one run on the same file;
the import comes in a listener's pages.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from intake import ENTRY, pages, policy

from bot.bridge import Bridge
from bot.importing import IMPORT_PAGE
from bot.listen import PAGE
from handlers import intake
from handlers.context import Brain, Context, think
from handlers.dispatch import dispatch, is_read, load_commands, read_line
from handlers.ports import Page
from handlers.requests import Request
from handlers.rules.policy import Member, Policy
from handlers.weighing import weigh
from storage.store import open_storage
from storage.types import Role
from tests.prove import crowd

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
VERBS = ("queue", "claim", "show", "search", "who")
EVERY = 0.05  # seconds


def build(brain: Brain, path: Path, found: list[tuple[str, str]], count: int) -> int:
    """Store `count` mentions; how many cases they opened."""
    store = open_storage(path)
    started, cases = time.monotonic(), 0
    for number, page in enumerate(pages(crowd.mentions(found, count, "united"))):
        cases += intake.take_in(Context(store, brain, NOW), weigh(brain, ENTRY, page)).cases
        if number % 100 == 99:
            stored = (number + 1) * IMPORT_PAGE
            print(f"  stored {stored:,} at {stored / (time.monotonic() - started):,.0f}/s", flush=True)
    store.close()
    return cases


class Asker:
    """Sends commands at their times and keeps how late each answer came."""

    def __init__(self, bridge: Bridge, brain: Brain, team: Policy, cases: int, found: list[tuple[str, str]]) -> None:
        self.bridge, self.brain, self.team, self.cases = bridge, brain, team, cases
        self.authors = [author for author, _ in found[:2000] if author] or ["user1"]
        self.words = [word for _, text in found[:500] for word in text.split() if len(word) > 4 and word.isalpha()]
        self.chance = random.Random(5)
        self.unclaimed = itertools.count(1)

    def line(self, verb: str) -> str:
        if verb == "claim":
            return f"claim {min(next(self.unclaimed), self.cases)}"
        if verb == "show":
            return f"show {self.chance.randint(1, self.cases)}"
        if verb == "search":
            return f"search {self.chance.choice(self.words)} {self.chance.choice(self.words)}"
        return f"who {self.chance.choice(self.authors)}" if verb == "who" else "queue"

    async def ask(self, verb: str) -> None:
        name, words = read_line(self.line(verb))
        request = Request(self.team.member("ana"), name, words)
        cross = self.bridge.read if is_read(request) else self.bridge.write
        await cross(lambda store: dispatch(Context(store, self.brain, NOW), request))

    async def run(self, seconds: float) -> dict[str, list[float]]:
        late: dict[str, list[float]] = defaultdict(list)
        started, tasks = time.monotonic(), []

        async def one(verb: str, due: float) -> None:
            await self.ask(verb)
            late[verb].append((time.monotonic() - due) * 1000)

        for number in range(int(seconds / EVERY)):
            due = started + number * EVERY
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.create_task(one(VERBS[number % len(VERBS)], due)))
        await asyncio.gather(*tasks)
        return late


async def importing(bridge: Bridge, brain: Brain, items: list[Page], rate: float, done: list[int]) -> None:
    """Take in pages as the bot's listeners do, `rate` mentions a second at most (0: as many as it can)."""
    started = time.monotonic()
    for page in items:
        weighed = await bridge.compute(lambda page=page: weigh(brain, ENTRY, page))
        await bridge.write(
            lambda store, weighed=weighed: intake.take_in(Context(store, brain, NOW), weighed), is_urgent=False
        )
        done.append(len(page.items))
        if rate:
            await asyncio.sleep(max(0.0, sum(done) / rate - (time.monotonic() - started)))


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def table(idle: dict[str, list[float]], busy: dict[str, list[float]]) -> None:
    print(f"  {'':8}{'idle p50':>10}{'p99':>8}{'importing p50':>16}{'p99':>8}{'p99 ratio':>12}  n")
    rows = [(verb, idle[verb], busy[verb]) for verb in VERBS]
    rows.append(("all", list(itertools.chain(*idle.values())), list(itertools.chain(*busy.values()))))
    for verb, quiet, loud in rows:
        idle99, busy99 = quantile(quiet, 0.99), quantile(loud, 0.99)
        print(
            f"  {verb:8}{statistics.median(quiet):>8.1f}ms{idle99:>6.1f}ms"
            f"{statistics.median(loud):>14.1f}ms{busy99:>6.1f}ms{busy99 / idle99:>12.2f}  {len(quiet)}/{len(loud)}"
        )


async def measure(
    path: Path, brain: Brain, team: Policy, cases: int, found: list[tuple[str, str]], told: argparse.Namespace
) -> None:
    sys.setswitchinterval(0.002)
    bridge = Bridge(path)
    await bridge.start()
    asker = Asker(bridge, brain, team, cases, found)
    await asker.run(3)
    idle = await asker.run(told.seconds)
    fresh = crowd.mentions(found, int(told.count + told.seconds * max(told.rate, 6000) * 1.2), "united", seed=9)
    more = list(pages(itertools.islice(fresh, told.count, None), PAGE))
    done: list[int] = []
    task = asyncio.create_task(importing(bridge, brain, more, told.rate, done))
    await asyncio.sleep(1)
    before, started = sum(done), time.monotonic()
    busy = await asker.run(told.seconds)
    rate = (sum(done) - before) / (time.monotonic() - started)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    print(f"\ncommands over {told.count:,} mentions and {cases:,} cases; the import ran at {rate:,.0f} mentions/s")
    table(idle, busy)
    await bridge.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=3_300)
    told = parser.parse_args()
    load_commands()
    found = crowd.read(told.texts)
    team = policy({"names": "united"}, (Member("ana", "Ana", (Role.AGENT,)),))
    brain = think(team)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        cases = build(brain, path, found, told.count)
        asyncio.run(measure(path, brain, team, cases, found, told))


if __name__ == "__main__":
    main()
