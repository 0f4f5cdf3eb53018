"""When the disk fails nothing acknowledged is lost, and all goes on by itself when it is back.

The writing connection stands behind a shim: of a run in which mentions come in, people act and cards go out, each
write fails in turn, the commit too, as on a full disk, with an I/O error, a lock, or a file that may only be read. A
full disk that is real (SQLite's own limit of pages) and a foreign lock come beside it. Then the chat's record and the
file, read with plain SQL, are held against what was acknowledged. Damaged files are opened as at a start. At last many
programs start on one file at once.
"""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from bot.cli import earshot
from storage.errors import EarshotError, StorageError
from storage.store import open_sound, open_storage
from tests.bot.fakes import Clock, Station
from tests.bot.running import variables, write_config
from tests.kit import Desk, raw
from tests.prove.failing import Failing, damage
from tests.prove.trial import Trial
from tests.prove.worlds import WORLD, Far, Sources, far, quiet, story

GOAL = "G19"
FAULTS = (13, 66, 67, 68)
MINUTES = (3, 8)


async def run(trial: Trial) -> None:
    await _failing_writes(trial)
    await _real_troubles(trial)
    _damaged_files(trial)
    _many_starts(trial)
    trial.not_run("a folder that may only be read", "the run may be root's, whom no permission holds; the shim says so")
    trial.not_run("bytes flipped inside a text", "SQLite has no checksums: nothing can see it but a backup")


class Work:
    """What is done, and what of it was acknowledged."""

    def __init__(self, station: Station, chance: random.Random) -> None:
        self.station = station
        self.chance = chance
        self.sources = Sources(chance)
        self.notes: list[str] = []
        self.refused = 0
        self.wordless = 0
        self.moved_without = 0

    async def step(self) -> None:
        """One page, one note, what is due; whatever fails is only tried again at the next step."""
        self.sources.grow(1, self.station)
        try:
            await self.sources.read(self.station, 3)
        except Exception as error:
            self._note(error)
        await self._look()
        case = await self.station.value("select max(id) from cases")
        if case:
            words = f"note-{len(self.notes)}-{self.refused}"
            reply = await self.station.say("ana", f"note {case} {words}")
            self.refused += reply.is_error
            self.wordless += reply.is_error and not reply.words.endswith(".")
            if not reply.is_error:
                self.notes.append(words)
        try:
            await self.station.deliver()
        except Exception as error:
            self._note(error)
        self.station.clock.pass_by(seconds=7)

    async def catch_up(self) -> None:
        """All is well again, and nobody does anything about it."""
        while await self.station.value("select count(*) from mentions") < sum(map(len, self.sources.items.values())):
            await self.sources.read(self.station, 20)

    def _note(self, error: Exception) -> None:
        """A person must get a sentence."""
        self.refused += 1
        self.wordless += not isinstance(error, StorageError)

    async def _look(self) -> None:
        """The cursor and what was read move together."""
        find = (
            "select count(*) from (select s.id, coalesce(max(c.cursor), '0') as at, (select count(*) from mentions m"
            " where m.source_id = s.id) as stored from sources s left join cursors c on c.source_id = s.id"
            " group by s.id) where cast(at as integer) <> stored"
        )
        self.moved_without += await self.station.value(find)


async def _failing_writes(trial: Trial) -> None:
    wanted, chance = trial.of(120, 1_000), trial.chance
    path = trial.folder / "failing" / "earshot.db"
    async with _station(path) as station:
        work = Work(station, chance)
        shim = await station.bridge.write(lambda store: Failing(store, chance, wanted))
        while shim.left:
            await work.step()
        shim.heal()
        await work.catch_up()
        await quiet(station)
        messages = far(station).messages
    trial.exactly("writes that failed, one after the other", shim.failed, wanted)
    trial.at_least("of them commits", shim.in_commit, wanted // 20)
    trial.tell("acts and pages refused meanwhile", work.refused)
    trial.none("refusals without a sentence", work.wordless)
    trial.none("times that a cursor moved without its mentions", work.moved_without)
    _judge(trial, path, work, [one.key for one in messages])


def _judge(trial: Trial, path: Path, work: Work, posted: list[str]) -> None:
    details = "".join(str(one) for one in _column(path, "select detail from case_events"))
    trial.none("notes acknowledged and lost", sum(one not in details for one in work.notes))
    ids = set(_column(path, "select native_id from mentions"))
    lost = sum(one.native_id not in ids for items in work.sources.items.values() for one in items)
    trial.none("mentions lost", lost)
    wanted = set(_column(path, "select key from deliveries where action = 'post' and key like 'card:%'"))
    trial.none("cards that never went out", len(wanted - set(posted)))
    trial.none("cards doubled", sum(count - 1 for count in Counter(posted).values()))
    trial.none("files unsound", int(_column(path, "pragma integrity_check") != ["ok"]))


async def _real_troubles(trial: Trial) -> None:
    """SQLite's own "full", and a lock that another program holds for longer than anybody waits."""
    path = trial.folder / "real" / "earshot.db"
    async with _station(path) as station:
        work = Work(station, trial.chance)
        await work.step()
        before = await station.value("select count(*) from mentions")
        await station.bridge.write(lambda store: store.engine.run("pragma max_page_count = 1"))  # as few as there are
        while not work.refused:
            work.sources.grow(20, station)
            await work.step()
        full = work.refused
        await station.bridge.write(lambda store: store.engine.run("pragma max_page_count = 1073741823"))
        await station.bridge.write(lambda store: store.engine.run("pragma busy_timeout = 100"))
        other = await asyncio.to_thread(_hold, path)
        for _ in range(trial.of(5, 60)):
            await work.step()
        locked = work.refused - full
        await asyncio.to_thread(other.close)
        await work.catch_up()
        await quiet(station)
        after, posted = await station.value("select count(*) from mentions"), [one.key for one in far(station).messages]
    trial.at_least("refusals on a truly full file", full, 1)
    trial.at_least("refusals while another program held a lock", locked, trial.of(5, 60))
    trial.none("refusals without a sentence", work.wordless)
    trial.at_least("mentions stored after both by themselves", after - before, 1)
    _judge(trial, path, work, posted)


def _hold(path: Path) -> sqlite3.Connection:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    return other


def _damaged_files(trial: Trial) -> None:
    whole = trial.folder / "whole.db"
    store = open_storage(whole)
    Desk(store, WORLD).take(*(raw(str(one), story(trial.chance)) for one in range(200)))
    store.close()
    refused = ran = traces = quiet_losses = unknown = 0
    count = _mentions(whole)
    for number in range(trial.of(20, 100)):
        path = trial.folder / f"damaged{number}" / "earshot.db"
        path.parent.mkdir()
        shutil.copy(whole, path)
        damage(path, trial.chance)
        before = path.read_bytes()
        try:
            store = open_sound(path)
        except EarshotError as error:
            refused += 1
            unknown += "backup" not in str(error) and "opened" not in str(error)
            traces += path.read_bytes() != before  # what is refused is not written
            continue
        except Exception:
            print(traceback.format_exc(), flush=True)
            traces += 1
            continue
        ran += 1
        try:
            quiet_losses += len(store.engine.rows("select id, native_id, source_id from mentions")) != count
        except EarshotError:
            refused += 1
        finally:
            store.close()
        shutil.rmtree(path.parent)
    trial.exactly("damaged files opened", refused + ran, trial.of(20, 100))
    trial.at_least("of them refused in words", refused, trial.of(8, 50))
    trial.none("refused without saying what to do", unknown)
    trial.none("tracebacks, or writes to a file that was refused", traces)
    trial.none("files that run with mentions missing", quiet_losses)


def _mentions(path: Path) -> int:
    return len(_column(path, "select id from mentions"))


def _many_starts(trial: Trial) -> None:
    """All at once: one runs, the others say who."""
    home, count = trial.folder / "home", trial.of(5, 100)
    home.mkdir()
    write_config(home)
    open_storage(Path(variables(home)["EARSHOT_DATA"]) / "earshot.db").close()
    children = {_started(home, number): number for number in range(count)}
    codes: dict[int, int] = {}
    deadline = time.monotonic() + 240
    while len(codes) < count - 1 and time.monotonic() < deadline:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child in children:
            codes[child] = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.02)
    (left, *_) = sorted(children.keys() - codes.keys()) or [0]
    told = [(home / f"{children[child]}.txt").read_text() for child in codes]
    for child in children.keys() - codes.keys():
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    trial.exactly("programs started on one file at once", len(children), count)
    trial.exactly("of them that run", len(children) - len(codes), 1)
    trial.exactly("that end with 75", sum(code == 75 for code in codes.values()), count - 1)
    trial.exactly("that name the one that runs", sum(f"process {left} " in one for one in told), count - 1)


def _started(home: Path, number: int) -> int:
    child = os.fork()
    if child:
        return child
    os.environ.update(variables(home))
    os.chdir(home)
    target = os.open(home / f"{number}.txt", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.events._set_running_loop(None)
    try:
        earshot(["run"])
    except SystemExit as end:
        os._exit(int(end.code or 0))
    except BaseException:
        os._exit(99)
    os._exit(0)


@asynccontextmanager
async def _station(path: Path) -> AsyncIterator[Station]:
    clock = Clock()
    station = Station(path, clock, WORLD, {"far": Far(clock)})
    await station.bridge.start()
    await station.bridge.write(lambda store: store.engine.run("pragma synchronous = off"))  # no power is cut here
    try:
        yield station
    finally:
        await station.deliverer.stop()
        await station.bridge.close()


def _column(path: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute(sql)]
