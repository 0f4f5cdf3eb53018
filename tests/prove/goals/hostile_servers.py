"""Forty kinds of hostile servers: given up in time, no memory filled, no other source delayed.

They stand in a process of their own and are feeds of one running program (its own listener, its own file), a dozen at
a time, beside a good feed that is asked again and again; then the sources that have a server each meet the worst of
them. Ends are timed from outside the listener; what was stored is counted in the file.
"""

import asyncio
import random
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, AddressFamily
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from bot import registry
from bot.bridge import Bridge
from bot.fetch import Fetch, Guard, Tools
from bot.listen import Listener
from handlers.context import think
from handlers.ports import Wanted
from handlers.rules.policy import Brand, Policy, Route, SourceEntry
from handlers.rules.query import parse
from storage.errors import EarshotError
from tests.prove.hostile_servers import feed
from tests.prove.trial import Trial, stopwatch

GOAL = "G9"
FAULTS = (42, 46, 47, 48, 49, 50)
MINUTES = (3, 5)

CANARY = "heron-canary-in-a-file"
_DEADLINE = 15.0  # seconds, of every page that is asked for
_SLACK = 15.0  # for a machine that has other work
_AT_ONCE = 12
_WORST = ("silent", "slowbody", "endless", "bomb", "fifty", "header", "redirectloop", "nohttp")
_ALSO = {
    "hackernews": {"allow_private": True},
    "stackoverflow": {"allow_private": True},
    "github": {"allow_private": True},
    "mastodon": {"allow_private": True},
    "news": {"allow_private": True, "engines": ("gdelt",)},
    "bluesky": {"allow_private": True, "handle": "lamps.example"},
    "x": {"account": "heronair"},
}
_SECRETS = {"MASTODON_TOKEN": "t", "BLUESKY_PASSWORD": "p", "X_BEARER_TOKEN": "b"}
_WANTED = (Wanted("Heron", "name", parse("heron")),)
_OWN_DEADLINE = {"x": 20.0, "bluesky": 30.0}


class _Loopback(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


class _Program:
    """The listeners of many sources on one file."""

    def __init__(self, folder: Path, port: int, names: list[str]) -> None:
        self.port = port
        self.names = names
        self.path = folder / "hostile.db"
        self.fetch = Fetch(_now, resolver=_Loopback(), guard=Guard(lambda _: True, frozenset(range(65_536)), 0.0))
        self.bridge = Bridge(self.path)
        self._brain = think(Policy((Brand("Heron", {"name": "heron"}),), (), (Route("local:#alerts"),)))

    def listener(self, name: str, kind: str, **settings: Any) -> tuple[Any, Listener]:
        entry = SourceEntry(name, kind, settings=settings, daily_budget=1_000_000)
        source = registry.build(entry, Tools(self.fetch, _now, _SECRETS))
        return source, Listener(source, entry, self.bridge, lambda: self._brain, _now, _nothing, random.Random(1))

    def feed_at(self, kind: str) -> tuple[Any, Listener]:
        scheme = "https" if kind == "tls" else "http"
        return self.listener(f"feed {kind}", "feed", url=f"{scheme}://{kind}.example:{self.port}/{kind}")

    def value(self, sql: str, *params: str) -> int:
        reader = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return int(reader.execute(sql, params).fetchone()[0])
        finally:
            reader.close()


async def run(trial: Trial) -> None:
    canary = trial.folder / "canary.xml"
    canary.write_bytes(feed(b"canary", CANARY.encode()))
    async with _running(canary, trial.folder) as program:
        names = program.names
        before = _peak()
        lag = await _quiet_lag()
        ends, good, worst_lag, held = await _all_at_once(program, names)
        grown = _peak() - before
        two_pages = {"pagethensilence": 2}
        late = [f"{n} {s:.1f} s" for n, s in ends.items() if s > _DEADLINE * two_pages.get(n, 1) + _SLACK]
        others = await _other_sources(program, trial)
        late_ones = [
            f"{n} {s:.1f} s" for n, s in others.items() if s > _OWN_DEADLINE.get(n.split()[0], _DEADLINE) + _SLACK
        ]
        print(_slowest(ends), late, _slowest(others), late_ones, sep="\n")
        trial.at_least("kinds of hostile servers, a dozen at once", len(names), 20)
        trial.tell("s until the last was given up", max(ends.values()))
        trial.none("that were not given up in 15 s for a page", len(late))
        trial.at_most("MB of memory more at the peak, all together", grown, 100)
        trial.at_least("pages that a good feed gave meanwhile", len(good), 20)
        trial.tell("s for the slowest of those", max(good))
        trial.tell("s of lag of the loop before, by the clock", lag)
        trial.tell("s of lag of the loop meanwhile, by the clock", worst_lag)
        trial.at_most("s of processor for which the loop was held", held, 1)
        trial.none("errors that are no words", _unexpected(program))
        trial.at_least("sources that failed in words", program.value(_FAILED), 20)
        trial.none("words of a local file or of a poisoned connection that were stored", program.value(_STOLEN))
        trial.tell("meetings of other sources with the worst", len(others))
        trial.none("of them not given up in their time", len(late_ones))
        trial.at_most("MB of memory more at the peak, with those", _peak() - before, 150)


_FAILED = "select count(*) from sources where status <> 'ok'"
_STOLEN = f"select count(*) from mentions where text like '%{CANARY}%' or text like '%poison%'"


def _unexpected(program: _Program) -> int:
    """Sources of which the program could only say that they failed in an unexpected way."""
    return program.value("select count(*) from cursors where error like '%unexpected%'")


def _slowest(ends: dict[str, float]) -> dict[str, float]:
    return dict(sorted(ends.items(), key=lambda pair: -pair[1])[:12])


async def _all_at_once(program: _Program, names: list[str]) -> tuple[dict[str, float], list[float], float, float]:
    ends: dict[str, float] = {}
    good: list[float] = []
    is_over, room = asyncio.Event(), asyncio.Semaphore(_AT_ONCE)

    async def meet(name: str) -> None:
        async with room:
            source, listener = program.feed_at(name)
            elapsed = stopwatch()
            for _ in range(2 if name == "poison" else 1):
                await listener.step("")
            ends[name] = elapsed()
            await source.close()

    async def go_on() -> None:
        source, listener = program.feed_at("good")
        while not is_over.is_set():
            elapsed = stopwatch()
            await listener.step("")
            good.append(elapsed())
            await asyncio.sleep(0.05)
        await source.close()

    lags: list[float] = []
    held: list[float] = []
    watching = asyncio.create_task(_watch(lags, held))
    going = asyncio.create_task(go_on())
    await asyncio.gather(*map(meet, names))
    is_over.set()
    await going
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return ends, good, max(lags), max(held)


async def _other_sources(program: _Program, trial: Trial) -> dict[str, float]:
    """Every source that has a server of its own, each with the worst of them; the seconds until it gave up.

    Each meets it under a name of its own: those that ask one host wait for each other.
    """
    found: dict[str, float] = {}
    room = asyncio.Semaphore(_AT_ONCE)

    async def meet(kind: str, worst: str) -> None:
        address = (
            f"http://127.0.0.1:{program.port}/{worst}"
            if kind in ("x", "bluesky")
            else f"http://{worst}.{kind}.example:{program.port}"
        )
        named = {"gdelt_server": address} if kind == "news" else {"server": address}
        async with room:
            source, _ = program.listener(f"{kind} {worst}", kind, **_ALSO[kind], **named)
            elapsed = stopwatch()
            with suppress(EarshotError):
                await source.poll(None, 10, source.plan(_WANTED)[0])
            found[f"{kind} {worst}"] = elapsed()
            await source.close()

    worst = _WORST if not trial.is_quick else ("endless", "bomb", "header", "nohttp")
    await asyncio.gather(*(meet(kind, one) for kind in _ALSO for one in worst))
    return found


@asynccontextmanager
async def _running(canary: Path, folder: Path) -> AsyncIterator[_Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.prove.hostile_servers", str(canary), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port, *names = (await process.stdout.readline()).decode().split()
    program = _Program(folder, int(port), [name for name in names if name != "good"])
    await program.bridge.start()
    try:
        yield program
    finally:
        await program.fetch.close()
        await program.bridge.close()
        process.kill()
        await process.wait()


async def _quiet_lag() -> float:
    lags: list[float] = []
    task = asyncio.create_task(_watch(lags, []))
    await asyncio.sleep(0.5)
    task.cancel()
    return max(lags, default=0.0)


async def _watch(lags: list[float], held: list[float]) -> None:
    """How late the loop comes round by the clock, and what its own thread did meanwhile: no other work counts there."""
    while True:
        started, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(0.02)
        lags.append(time.monotonic() - started - 0.02)
        held.append(time.thread_time() - used)


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing() -> None:
    """Nobody waits for what is heard."""


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
