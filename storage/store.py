"""One door to everything that is remembered. The only file that names an engine."""

from contextlib import AbstractContextManager
from pathlib import Path

from storage import migrations
from storage.acquaintances import Acquaintances
from storage.alarms import Alarms
from storage.authors import Authors
from storage.backups import newest, write_before_upgrade
from storage.behind import Behind
from storage.carried import Carried
from storage.cases import Cases
from storage.costs import Costs
from storage.deliveries import Deliveries
from storage.digests import Digests
from storage.drafts import Drafts
from storage.engine import Engine
from storage.erasures import Erasures
from storage.errors import DamagedDatabase, StorageError
from storage.finding import Finding
from storage.halts import Halts
from storage.inbox import Inbox
from storage.kept import Kept
from storage.lessons import Lessons
from storage.links import Links
from storage.local_chat import LocalChat
from storage.mentions import Mentions
from storage.mutes import Mutes
from storage.neglected import Neglected
from storage.neighbours import Neighbours
from storage.opinions import Opinions
from storage.outages import Outages
from storage.pauses import Pauses
from storage.restores import Restores
from storage.retention import Retention
from storage.samples import Samples
from storage.schedules import Schedules
from storage.sources import Sources
from storage.speeds import Speeds
from storage.sqlite import FileLock, SqliteEngine
from storage.sqlite import engine_version as engine_version
from storage.sqlite import has_full_text as has_full_text
from storage.sqlite import holder as holder
from storage.stories import Stories
from storage.storms import Storms
from storage.tallies import Tallies
from storage.tombstones import Tombstones
from storage.us import Us
from storage.verifications import Verifications


class Store:
    """The topics of one connection. Only one thread uses a Store at a time; only one Store of a file may write."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sources = Sources(engine)
        self.mentions = Mentions(engine)
        self.cases = Cases(engine)
        self.neglected = Neglected(engine)
        self.neighbours = Neighbours(engine)
        self.stories = Stories(engine)
        self.authors = Authors(engine)
        self.drafts = Drafts(engine)
        self.finding = Finding(engine)
        self.deliveries = Deliveries(engine)
        self.digests = Digests(engine)
        self.mutes = Mutes(engine)
        self.inbox = Inbox(engine)
        self.local_chat = LocalChat(engine)
        self.kept = Kept(engine)
        self.carried = Carried(engine)
        self.acquaintances = Acquaintances(engine)
        self.links = Links(engine)
        self.lessons = Lessons(engine)
        self.us = Us(engine)
        self.opinions = Opinions(engine)
        self.outages = Outages(engine)
        self.pauses = Pauses(engine)
        self.tallies = Tallies(engine)
        self.behind = Behind(engine)
        self.schedules = Schedules(engine)
        self.storms = Storms(engine)
        self.alarms = Alarms(engine)
        self.samples = Samples(engine)
        self.restores = Restores(engine)
        self.halts = Halts(engine)
        self.speeds = Speeds(engine)
        self.costs = Costs(engine)
        self.verifications = Verifications(engine)
        self.erasures = Erasures(engine)
        self.retention = Retention(engine)
        self.tombstones = Tombstones(engine)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; inside another transaction it joins that one."""
        return self.engine.transaction()

    def close(self) -> None:
        self.engine.close()


def open_storage(path: Path, *, read_only: bool = False, migrate: bool = True) -> Store:
    """Open the file, bring its schema up to date, and answer the store.

    Raises NewerDatabase for a file of a newer Earshot (before anything is written), DamagedDatabase, StorageError.
    """
    if not path.exists():
        if read_only:
            raise StorageError(f"There is no database at {path} yet.", "`earshot run` or `earshot demo` makes it.")
    else:
        _refuse_newer(path)
    engine = SqliteEngine(path, is_read_only=read_only)
    if migrate and not read_only:
        _bring_up_to_date(engine, path)
    return Store(engine)


def _bring_up_to_date(engine: SqliteEngine, path: Path) -> None:
    """Do the missing steps; what is in use is copied before. A crash in between changes nothing: the next start does
    the same again."""
    missing = migrations.missing(engine.db)
    if missing and len(missing) < len(migrations.known_steps()):
        try:
            write_before_upgrade(engine, path, missing[0])
        except BaseException:
            engine.close()
            raise
    if missing:
        migrations.apply(engine.db)


def open_sound(path: Path) -> Store:
    """The same for a program that is to run for long: it writes nothing to a file whose pages are damaged.

    Raises DamagedDatabase, which names the newest backup.
    """
    try:
        if path.exists() and path.stat().st_size:
            _refuse_damaged(path)
        return open_storage(path)
    except DamagedDatabase as error:
        found = newest(path)
        told = f"`earshot db restore {found}` puts the newest backup in its place." if found else error.hint
        raise DamagedDatabase(error.message, told) from error


def _refuse_damaged(path: Path) -> None:
    engine = SqliteEngine(path, is_read_only=True)
    try:
        damage = engine.glance()
    finally:
        engine.close()
    if damage:
        raise DamagedDatabase(f"{path} is damaged ({damage[0]}).", "Put the newest good backup in its place.")


def lock(path: Path) -> FileLock:
    """Hold the file for this program alone. Raises AlreadyRunning, naming the holder."""
    return FileLock(path)


def version(path: Path) -> tuple[int, int]:
    """How many schema steps the file has, and how many this program knows. (0, n) for a file that is not there."""
    known = len(migrations.known_steps())
    if not path.exists():
        return 0, known
    engine = SqliteEngine(path, is_read_only=True)
    try:
        return len(migrations.MIGRATIONS.applied(engine.db)), known
    finally:
        engine.close()


def _refuse_newer(path: Path) -> None:
    if path.stat().st_size == 0:
        return
    engine = SqliteEngine(path, is_read_only=True)
    try:
        migrations.refuse_newer(engine.db)
    finally:
        engine.close()
