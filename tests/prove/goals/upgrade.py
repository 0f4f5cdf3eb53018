"""A file of any release becomes one of today's, whenever the upgrade is killed.

Files of each released schema, made from dumps that nobody changes and filled in every table, are opened by a child that
is killed with -9: at a random statement, or after a random time. After each kill the file must have the schema of one
of the steps to the letter, with every row; then it is opened once more, and is today's with every row. The copy that is
made before an upgrade must be whole too. At the end the program starts on each, reads a mention and shows its card. And
each older program, that is one which knows fewer steps, must refuse each newer file without changing a byte of it.
"""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.app import utc_now
from storage import migrations, sqlite
from storage.backups import folder_of
from storage.errors import NewerDatabase
from storage.store import open_storage
from tests.bot.running import add_calls, running
from tests.prove.trial import Trial, stopwatch
from tests.storage.releases import RELEASES, make_release, schema

GOAL = "G15"
FAULTS = (70, 71, 72)
MINUTES = (3, 30)

_CHANGED = {"sources": {"cursor", "status", "error", "next_poll_at"}}  # moved to another table, or said anew
_BORN_OF_ROWS = {"tallies", "acts", "movers", "times", "counts", "cursors"}  # counted anew from rows that are there


def run(trial: Trial) -> None:
    kills = caught = torn = lost = not_whole = copies = bad_copies = 0
    # A kill loses nothing that the system was given: only a power cut, which nobody makes here, needs to wait for it.
    sqlite._WRITER_PRAGMAS = tuple(one.replace("= full", "= off") for one in sqlite._WRITER_PRAGMAS)
    today = _today(trial.folder)
    size, times = trial.of(300, 10_000), trial.of(4, 100)
    for name in RELEASES:
        golden = trial.folder / f"{name}.db"
        golden.unlink(missing_ok=True)
        make_release(golden, name, size, trial.chance)
        rows, known = _rows(golden), _schemas(golden, name, trial.folder)
        statements, seconds = _measured(golden, trial.folder / "measured")
        for number in range(times):
            path = trial.folder / "killed" / "earshot.db"
            _fresh(golden, path)
            at = _killed(path, trial.chance, statements, seconds, by_time=number % 2 == 1)
            kills += 1
            caught += at
            torn += schema(path) not in known
            lost += _lost(rows, _rows(path))
            for copy in folder_of(path).glob("*.db"):
                copies += 1
                bad_copies += bool(_lost(rows, _rows(copy))) or schema(copy) not in known
            open_storage(path).close()
            not_whole += schema(path) != today or _check(path) != ["ok"]
            lost += _lost(rows, _rows(path))
    trial.exactly("released schemas", len(RELEASES), 7)
    trial.exactly("kills during the upgrade", kills, len(RELEASES) * times)
    trial.tell(f"of them for each release with {size:,} rows", times)
    trial.at_least("of them before it was done", caught, kills // 2)
    trial.none("rows lost", lost)
    trial.none("files half migrated", torn)
    trial.none("files that the next start did not bring to today's schema", not_whole)
    trial.at_least("copies made before an upgrade", copies, kills // 4)
    trial.none("of these copies not whole", bad_copies)
    refused, changed = _downgrades(trial.folder)
    trial.exactly("older programs on newer files refused", refused, len(RELEASES) * (len(RELEASES) + 1) // 2)
    trial.none("bytes changed by them", changed)
    started = sum(asyncio.run(_works(trial, name)) for name in RELEASES)
    trial.exactly("upgraded files on which the program starts and posts a new card", started, len(RELEASES))


def _fresh(golden: Path, path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    shutil.copy(golden, path)


def _today(folder: Path) -> set[tuple[str, str]]:
    path = folder / "today.db"
    open_storage(path).close()
    return schema(path)


def _schemas(golden: Path, name: str, folder: Path) -> list[set[tuple[str, str]]]:
    """That of the release, and of each step from there on."""
    found = [schema(golden)]
    steps = migrations.known_steps()
    for step in [*steps[steps.index(name) + 2 :], None]:
        path = folder / "steps" / "earshot.db"
        _fresh(golden, path)
        with closing(sqlite.SqliteEngine(path)) as engine:
            migrations.MIGRATIONS.apply(engine.db, stop_before=step)
        found.append(schema(path))
    return found


def _child(work: Callable[[], None]) -> int:
    """Its process id. It ends with 0 when the work was done."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def _counted(path: Path, last: int, count: Path | None = None) -> None:
    """Open it, and die at that statement; or tell how many there were."""
    connect, done = sqlite._connect, 0

    def counting(path: Path, is_read_only: bool) -> sqlite3.Connection:
        conn = connect(path, is_read_only)

        def step(_: str) -> None:
            nonlocal done
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)

        conn.set_trace_callback(step)
        return conn

    sqlite._connect = counting
    open_storage(path).close()
    if count is not None:
        count.write_text(str(done))


def _measured(golden: Path, folder: Path) -> tuple[int, float]:
    """How many statements and seconds an upgrade takes."""
    path, told, elapsed = folder / "earshot.db", folder / "count", stopwatch()
    _fresh(golden, path)
    os.waitpid(_child(lambda: _counted(path, -1, told)), 0)
    return int(told.read_text()), elapsed()


def _killed(path: Path, chance: random.Random, statements: int, seconds: float, *, by_time: bool) -> bool:
    """Whether it was killed before it was done."""
    last, wait = chance.randint(1, statements), chance.uniform(0.0, seconds)
    child = _child(lambda: _counted(path, -1 if by_time else last))
    if by_time:
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _rows(path: Path) -> dict[str, tuple[list[str], list[tuple[object, ...]]]]:
    """The columns and rows of each table."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        find = "select name from sqlite_master where type = 'table' and sql like 'create table%'"
        names = [name for (name,) in db.execute(find) if not name.startswith(("sqlite_", "_sqlite"))]
        found = {}
        for name in names:
            read = db.execute(f'select * from "{name}"')
            found[name] = ([one[0] for one in read.description], read.fetchall())
    return found


def _lost(
    before: dict[str, tuple[list[str], list[tuple[object, ...]]]],
    after: dict[str, tuple[list[str], list[tuple[object, ...]]]],
) -> int:
    """Rows of before that are not there any more, by the columns that both have."""
    lost = 0
    for table, (columns, rows) in before.items():
        if table in _BORN_OF_ROWS or table.startswith("mentions_text_"):
            continue
        if table not in after:
            lost += len(rows)
            continue
        shared = [one for one in columns if one in after[table][0] and one not in _CHANGED.get(table, ())]
        lost += len(_only(columns, rows, shared) - _only(*after[table], shared))
    return lost


def _only(columns: list[str], rows: list[tuple[object, ...]], shared: list[str]) -> set[tuple[object, ...]]:
    places = [columns.index(one) for one in shared]
    return {tuple(row[place] for place in places) for row in rows}


def _check(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("pragma integrity_check")]


def _downgrades(folder: Path) -> tuple[int, int]:
    """How many pairs were refused, and how many files changed by a byte."""
    newest = folder / "newest" / "earshot.db"
    _fresh(folder / f"{RELEASES[-1]}.db", newest)
    open_storage(newest).close()
    files = [folder / f"{name}.db" for name in RELEASES[1:]] + [newest]
    refused = changed = 0
    for older in range(len(RELEASES)):
        for file in files[older:]:
            before = file.read_bytes()
            _, status = os.waitpid(_child(lambda file=file, older=older: _older(file, older + 1)), 0)  # type: ignore[misc]
            refused += os.waitstatus_to_exitcode(status) == 0
            changed += file.read_bytes() != before
    return refused, changed


def _older(path: Path, known: int) -> None:
    """What a program that knows so many steps does with the file. Raises AssertionError when it opens it."""
    steps = migrations.known_steps()[known:]
    registry = migrations.MIGRATIONS
    registry._migrations = [one for one in registry._migrations if one.name not in steps]
    try:
        open_storage(path)
    except NewerDatabase:
        return
    raise AssertionError("it was opened")


async def _works(trial: Trial, name: str) -> bool:
    """The program on a file of that release: a mention comes in, and its card stands on the page."""
    home = trial.folder / f"home-{name}"
    (home / "data").mkdir(parents=True)
    make_release(home / "data" / "earshot.db", name, trial.of(300, 10_000), trial.chance, has_all=False)
    async with running(home) as opened:
        row = {"id": "new", "text": "Heron is terrible, I am furious.", "author": "jo", "date": utc_now().isoformat()}
        add_calls(home, "new.jsonl", row)
        find = (
            "select count(*) from local_messages l join deliveries d on d.key = l.key join cases c"
            " on d.subject = 'case:' || c.id join mentions m on m.id = c.mention_id where m.native_id = 'new'"
        )
        await opened.becomes(find)
    return _check(home / "data" / "earshot.db") == ["ok"]
