"""Whatever backup is restored, nothing up to it is lost and no card is doubled.

A world lives: two sources, a chat that loses one answer in ten, people who act. Backups are made in the middle of
the work. Each is put back at a later time, half of them by the command and half by a mere copy, and the world goes on
with the chat as it stands: sources are read again from the older cursor, in another order and in other pages. Then the
chat's own record says which cards were posted twice, and the file, read with plain SQL, what is missing.
"""

import asyncio
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.restoring import put_back
from handlers.context import think
from handlers.recovery import recover
from storage.backups import write_backup
from storage.sqlite import SqliteEngine
from storage.store import lock, open_storage
from tests.bot.fakes import Clock, Message, Station
from tests.kit import NOW, Desk, raw
from tests.prove.trial import Trial, stopwatch
from tests.prove.worlds import WORLD, Far, Sources, act, far, quiet, spoil, story

GOAL = "G16"
FAULTS = (12, 73)
MINUTES = (3, 12)

_KEPT = {  # what a backup holds is there after its restore, by these columns, which nobody changes
    "mentions": "id, source_id, native_id",
    "cases": "id, mention_id, opened_at",
    "case_events": "seq, case_id, version, at, actor, kind, detail",
    "drafts": "id, case_id, created_at",
    "deliveries": "id, key, subject",
}


@dataclass
class Tally:
    """What was counted over all restores."""

    restored: int = 0
    unsound: int = 0
    missing: int = 0
    doubled: int = 0
    unshown: int = 0
    untrue: int = 0
    lost: int = 0
    taken_over: int = 0
    stood_already: int = 0
    answers_lost: int = 0
    ages: list[float] = field(default_factory=list)


async def run(trial: Trial) -> None:
    tally = Tally()
    for number in range(trial.of(2, 20)):
        await _world(trial.folder / str(number), trial.chance, trial.of(2, 5), tally)
    trial.exactly("backups made under load and restored", tally.restored, trial.of(4, 100))
    trial.tell("minutes of age of the oldest", max(tally.ages))
    trial.none("of them unsound", tally.unsound)
    trial.none("rows up to the backup lost", tally.missing)
    trial.none("mentions lost after it", tally.lost)
    trial.none("cards doubled", tally.doubled)
    trial.none("cases without their card", tally.unshown)
    trial.none("cards that show what is not true", tally.untrue)
    trial.at_least("cards of the lost time taken over", tally.taken_over, trial.of(4, 100))
    trial.at_least("posts open in a backup that stood outside already", tally.stood_already, trial.of(1, 25))
    trial.at_least("answers lost", tally.answers_lost, trial.of(2, 50))
    _time_it(trial)


async def _world(folder: Path, chance: random.Random, count: int, tally: Tally) -> None:
    folder.mkdir()  # noqa: ASYNC240 - nobody else waits
    sources = Sources(chance)
    backups: list[Path] = []
    async with _station(folder / "earshot.db", Clock(), []) as station:
        tally.answers_lost += spoil(far(station), chance, 40)
        for step in range(count):
            for _ in range(chance.randint(1, 4)):
                await _live(station, sources, chance)
            backup = folder / f"backup{step}.db"
            sources.grow(3, station)
            await asyncio.gather(asyncio.to_thread(_copy, station, backup), _live(station, sources, chance))
            backups.append(backup)
        for _ in range(3):
            await _live(station, sources, chance)
        await quiet(station)
        end, messages = station.clock(), far(station).messages
    for backup in backups:
        await _again(folder / f"{backup.stem}-restored", backup, (sources, end, messages), chance, tally)


def _copy(station: Station, target: Path) -> None:
    with closing(SqliteEngine(station.path, is_read_only=True)) as engine:
        write_backup(engine, target, station.clock())


async def _live(station: Station, sources: Sources, chance: random.Random) -> None:
    sources.grow(chance.randint(1, 6), station)
    await sources.read(station, chance.randint(1, 5))
    await act(station, chance, 3)
    if chance.random() < 0.7:
        await station.deliver()
    station.clock.pass_by(minutes=chance.randint(1, 9))


async def _again(
    folder: Path, backup: Path, lost_time: tuple[Sources, datetime, list[Message]], chance: random.Random, tally: Tally
) -> None:
    """The backup is put in place, and the world goes on."""
    sources, end, messages = lost_time
    folder.mkdir()  # noqa: ASYNC240
    path, clock = folder / "earshot.db", Clock(end + timedelta(minutes=chance.randint(1, 90)))
    made_at = _put(backup, path, clock, by_command=chance.random() < 0.5)
    tally.restored += 1
    tally.ages.append((clock() - made_at).total_seconds() / 60)
    open_ones = _column(backup, "select key from deliveries where action = 'post' and state in ('pending', 'sending')")
    standing = {one.key for one in messages}
    tally.stood_already += len(standing.intersection(open_ones))
    in_backup = set(_column(backup, "select key from deliveries where action = 'post'"))
    own = Sources(chance, {name: list(items) for name, items in sources.items.items()})
    async with _station(path, clock, deepcopy(messages)) as station:
        await station.bridge.write(lambda store: recover(store, clock()))
        tally.answers_lost += spoil(far(station), chance, 20)
        while await _stored(station) < sum(map(len, own.items.values())):
            await own.read(station, chance.randint(2, 9))
            await station.deliver()
            clock.pass_by(seconds=30)
        own.grow(4, station)
        await own.read(station, 9)
        await act(station, chance, 3)
        await quiet(station)
        seen = far(station).messages
    asked = _column(path, "select key from deliveries where action = 'post' and state = 'sent'")
    tally.taken_over += len(standing.intersection(asked) - in_backup)
    _judge(path, backup, own, seen, tally)


def _put(backup: Path, path: Path, clock: Clock, *, by_command: bool) -> datetime:
    if not by_command:
        shutil.copy(backup, path)
        with closing(open_storage(backup, read_only=True)) as store:
            made_at = store.restores.copied_at()
        assert made_at is not None
        return made_at
    held = lock(path)
    try:
        return put_back(backup, path, clock()).recovered.made_at
    finally:
        held.release()


def _judge(path: Path, backup: Path, sources: Sources, seen: list[Message], tally: Tally) -> None:
    tally.unsound += _column(path, "pragma integrity_check") != ["ok"] or bool(_rows(path, "pragma foreign_key_check"))
    for table, columns in _KEPT.items():
        find = f"select {columns} from {table}"
        tally.missing += len(set(_rows(backup, find)) - set(_rows(path, find)))
    ids = set(_rows(path, "select s.name, m.native_id from mentions m join sources s on s.id = m.source_id"))
    tally.lost += sum((name, one.native_id) not in ids for name, items in sources.items.items() for one in items)
    cards = [one for one in seen if one.key.startswith("card:")]
    tally.doubled += sum(count - 1 for count in Counter(one.key for one in cards).values())
    shown = {(one.channel, one.key): one for one in cards}
    find = (
        "select c.id, c.status, d.channel, d.key, c.alerted_at from cases c"
        " left join deliveries d on d.subject = 'case:' || c.id and d.action = 'post'"
    )
    for number, status, channel, key, alerted in _rows(path, find):
        card = shown.get((channel, key))
        tally.unshown += card is None and alerted is not None
        tally.untrue += card is not None and not (
            card.words.startswith(f"#{number} ") and (status != "claimed") == ("claimed by" not in card.words)
        )


@asynccontextmanager
async def _station(path: Path, clock: Clock, messages: list[Message]) -> AsyncIterator[Station]:
    chat = Far(clock, messages=messages)
    station = Station(path, clock, WORLD, {chat.name: chat})
    station.brain = think(WORLD)
    await station.bridge.start()
    await station.bridge.write(lambda store: store.engine.run("pragma synchronous = off"))  # no power is cut here
    try:
        yield station
    finally:
        await station.deliverer.stop()
        await station.bridge.close()


async def _stored(station: Station) -> int:
    return int(await station.value("select count(*) from mentions"))


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def _column(path: Path, sql: str) -> list[object]:
    return [row[0] for row in _rows(path, sql)]


def _time_it(trial: Trial) -> None:
    """How long a restore takes with many mentions."""
    most, path = trial.of(2_000, 100_000), trial.folder / "large" / "earshot.db"
    store = open_storage(path)
    store.engine.run("pragma synchronous = off")
    desk = Desk(store, WORLD)
    for start in range(0, most, 1_000):
        desk.take(*(raw(str(one), f"{story(trial.chance)}") for one in range(start, start + 1_000)), with_cases=False)
    elapsed = stopwatch()
    write_backup(store.engine, trial.folder / "large.db", NOW)
    trial.tell(f"seconds for a backup of {most:,} mentions", elapsed())
    store.close()
    elapsed = stopwatch()
    put_back(trial.folder / "large.db", path, NOW + timedelta(hours=1))
    trial.at_most(f"seconds for a restore of {most:,} mentions", elapsed(), 60)
