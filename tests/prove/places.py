"""Lives that end at a crash point: at work, when the clock goes on, and at the very first start."""

import asyncio
import random
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import aiohttp

from tests.bot.running import Person
from tests.prove.crash_points import POINTS, Point
from tests.prove.far_chat import SHOWN_AFTER
from tests.prove.homes import Home, a_home
from tests.prove.killing import Died, Programs, read_all
from tests.prove.trial import Trial

Lives = Callable[[Home, Programs, Point], Awaitable[None]]
TRIES = 4  # lives for each death that is wanted: not every life comes by its place
REACHED = 20.0  # seconds that a life has for coming by
DAY = 24  # hours
A_WHILE = 2 * SHOWN_AFTER  # seconds, before the clock goes half a day on: what was posted before is there to be found


async def at_work(trial: Trial, kind: str, stages: tuple[str, ...], times: int) -> Home:
    """Each point of these stages so many times, in one home."""
    points = [point for point in POINTS if point.stage in stages]
    async with _home(trial, kind) as home, home.running() as program:
        for point in points:
            await _dies_at(home, program, point, times, _works)
    return home


async def at_the_clock(trial: Trial, times: int) -> Home:
    """Each point that the clock comes by, a day for each life: briefings, nights, what becomes overdue."""
    points = [point for point in POINTS if point.stage == "clock"]
    async with _home(trial, "far") as home, home.running() as program:
        await _subscribe(home, program)
        for point in points:
            await _dies_at(home, program, point, times, _sleeps_over)
    home.wrong += home.ledger.clock_troubles()
    return home


async def at_the_first_start(trial: Trial, times: int) -> Home:
    """Each point of an empty file: what was begun there is finished by the next start."""
    points = [point for point in POINTS if point.stage == "first"]
    async with _home(trial, "far") as home, home.running() as program:
        whole = home.ledger.schema()
        for point in points:
            for _ in range(times):
                shutil.rmtree(home.ledger.path.parent)
                nth = home.chance.randint(1, 60) if point.name == "schema-unfinished" else 1
                await program.start(crash=point.name, nth=nth)
                await program.ends(REACHED)
                home.seen[point.name] += program.died
                await program.kill()
                await program.start()
                await program.url()
                home.wrong["files half made"] += home.ledger.schema() != whole
                await program.kill()
                home.seen["kills"] += 1
    return home


async def _dies_at(home: Home, program: Programs, point: Point, times: int, lives: Lives) -> None:
    for _ in range(times * TRIES):
        if home.seen[point.name] >= times:
            return
        await lives(home, program, point)
        await home.rest()
        if program.died:
            home.seen[point.name] += 1
            home.has_died()
        else:
            await program.kill()


async def _works(home: Home, program: Programs, point: Point) -> None:
    await program.start(crash=point.name, nth=1 if point.stage == "end" else home.chance.choice((1, 1, 2, 3)))
    with suppress(Died):
        home.begin(await program.url())
        home.stories.tell(home.chance.choice((1, 2)))
        if point.stage == "end":
            await home.stirs()
            await program.kill(signal.SIGTERM)
    await program.ends(REACHED)


async def _subscribe(home: Home, program: Programs) -> None:
    """Somebody wants a briefing every day."""
    await program.start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        person = Person(session, await program.url())
        await person.be("mia")
        told = await person.say("briefing add daily 12:00 #briefing UTC")
        assert not told["is_error"], told
    await program.kill()


async def _sleeps_over(home: Home, program: Programs, point: Point) -> None:
    """A night in which stories come, and the next day, on which it dies as soon as the clock has its turn."""
    await asyncio.sleep(A_WHILE)
    home.hours = (home.hours or 0) // DAY * DAY + DAY
    home.stories.ahead = timedelta(hours=home.hours)
    await program.start(hours=home.hours)
    await program.url()
    home.stories.tell(1)
    await read_all(home.folder, len(home.stories.ids))
    await program.kill()
    await asyncio.sleep(A_WHILE)
    home.hours += DAY // 2
    await program.start(crash=point.name, hours=home.hours)
    await program.ends(REACHED)


@asynccontextmanager
async def _home(trial: Trial, kind: str) -> AsyncIterator[Home]:
    chance = random.Random(trial.chance.getrandbits(64))
    async with a_home(kind, trial.folder / f"{kind}-{chance.getrandbits(20)}", chance) as home:
        yield home
