"""SQLite through sqlite-utils: one writing connection, readers beside it, never two programs on one file.

Why so: WAL with synchronous=FULL survives power loss; our own BEGIN IMMEDIATE, because sqlite-utils' plain BEGIN lets
two writers fail each other; readers never checkpoint, because SQLite before 3.51.3 can damage a WAL that two
connections checkpoint at once (https://www.sqlite.org/wal.html#walresetbug); no memory map for the same reason.
"""

import contextlib
import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from storage.engine import Row
from storage.errors import AlreadyRunning, DamagedDatabase, StorageError

T = TypeVar("T")

_PRAGMAS = (
    "pragma busy_timeout = 10000",
    "pragma foreign_keys = on",
    "pragma secure_delete = on",
    "pragma mmap_size = 0",
    "pragma temp_store = memory",
    "pragma cache_size = -65536",
)
_WRITER_PRAGMAS = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma journal_size_limit = 67108864",
    "pragma wal_autocheckpoint = 2000",  # pages: more copies less in all, but whoever commits then waits for all of it
)
_REFUSALS = (
    sqlite3.DatabaseError,
    UnicodeDecodeError,
)  # the message may hold bytes of a damaged file, which are no text
_QUICK, _WHOLE = "select * from pragma_quick_check(?)", "select * from pragma_integrity_check(?)"
_READER_PRAGMAS = ("pragma query_only = on", "pragma wal_autocheckpoint = 0")


class SqliteEngine:
    """One connection to one file. `is_read_only` connections cannot write, whatever they are asked."""

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        self.is_read_only = is_read_only
        self.db = sqlite_utils.Database(_connect(path, is_read_only))
        self._conn = self.db.conn

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        if self._conn.in_transaction:
            yield
            return
        self.run("begin" if self.is_read_only else "begin immediate")
        try:
            yield
        except BaseException:
            self.db.rollback()
            raise
        self._commit()

    def _commit(self) -> None:
        try:
            self._conn.execute("commit")
        except sqlite3.Error as error:
            self.db.rollback()
            raise _in_words(error, self.path) from error

    def _do(self, work: Callable[[], T]) -> T:
        """What a person can act on becomes words; what the schema refuses is a mistake of ours and stays as it is."""
        try:
            return work()
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except _REFUSALS as error:
            raise _in_words(error, self.path) from error

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return self._do(lambda: self._conn.execute(sql, params).fetchall())

    def each(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        return self._do(lambda: iter(self._conn.execute(sql, params)))

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        return self._do(lambda: self._conn.execute(sql, params).fetchone())

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        row = self.one(sql, params)
        return row[0] if row is not None else None

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._do(lambda: self._conn.execute(sql, params)).rowcount

    def run_many(self, sql: str, params: Iterable[Sequence[Any]]) -> None:
        self._do(lambda: self._conn.executemany(sql, params))

    def backup(self, target: Path, stamp: int = 0) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.touch(mode=0o600, exist_ok=False)  # nobody else may read it, not even while it is written
        except OSError as error:
            if target.exists():
                raise StorageError(f"{target} is already there.", "Name another file.") from None
            raise StorageError(f"{target} cannot be written: {error.strerror}.", "Name another file.") from error
        try:
            self._copy(target)
            _stamp(target, stamp)
        except sqlite3.Error as error:
            target.unlink(missing_ok=True)
            raise _in_words(error, self.path) from error

    def _copy(self, target: Path) -> None:
        """`query_only` forbids a copy too, though it writes elsewhere; the file itself stays open for reading alone."""
        if self.is_read_only:
            self._conn.execute("pragma query_only = off")
        try:
            self._conn.execute("vacuum into ?", (str(target),))
        finally:
            if self.is_read_only:
                self._conn.execute("pragma query_only = on")

    def check(self) -> list[str]:
        try:
            problems = [row[0] for row in self._conn.execute("pragma integrity_check(10)") if row[0] != "ok"]
            orphans = self._conn.execute("pragma foreign_key_check")
            problems += [f"{row[0]}: row {row[1]} points to nothing" for row in orphans]
        except _REFUSALS as error:
            return [_reason(error)]
        return problems

    def scrub(self) -> bool:
        # secure_delete overwrites what is freed, but not what a page keeps of rows that were moved on it; and the log
        # holds older pages until it is written over.
        self._do(lambda: self._conn.execute("vacuum"))
        row = self._do(lambda: self._conn.execute("pragma wal_checkpoint(truncate)").fetchone())
        return row is None or row[0] == 0

    def glance(self) -> list[str]:
        try:
            found = self._told(_QUICK, 1)
            # Of a table without row ids, whose key is in another order than its columns, SQLite 3.40 says so wrongly.
            return self._table_by_table() if found and found[0].startswith("NULL value in ") else found
        except _REFUSALS as error:
            return [_reason(error)]

    def _table_by_table(self) -> list[str]:
        tables = (
            "select name, lower(sql) like '%without rowid%' from sqlite_master where type = 'table' and rootpage > 0"
        )
        found = [
            self._told(_WHOLE if is_by_key else _QUICK, name)
            for name, is_by_key in self._conn.execute(tables).fetchall()
        ]
        return [line for lines in found for line in lines]

    def _told(self, look: str, what: int | str) -> list[str]:
        """What is wrong with a table by its name, or the first so many things that are wrong anywhere."""
        return [row[0] for row in self._conn.execute(look, (what,)) if row[0] != "ok"]

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if not self.is_read_only:
                self._conn.execute("pragma optimize")
        self._conn.close()


def _connect(path: Path, is_read_only: bool) -> sqlite3.Connection:
    if not is_read_only:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    # The connection moves between threads but is only ever used by the one that owns it at that time.
    address = f"{path.resolve().as_uri()}?mode={'ro' if is_read_only else 'rwc'}"
    try:
        conn = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512)
    except sqlite3.DatabaseError as error:
        raise _in_words(error, path) from error
    conn.row_factory = sqlite3.Row
    try:
        for pragma in (*_PRAGMAS, *(_READER_PRAGMAS if is_read_only else _WRITER_PRAGMAS)):
            conn.execute(pragma).fetchall()
        conn.execute("select count(*) from sqlite_master").fetchone()
    except _REFUSALS as error:
        conn.close()
        raise _in_words(error, path) from error
    return conn


def _stamp(target: Path, stamp: int) -> None:
    with contextlib.closing(sqlite3.connect(target)) as copy:
        copy.execute(f"pragma user_version = {stamp:d}")


def _reason(error: sqlite3.Error | UnicodeDecodeError) -> str:
    return "malformed: a name in it is no text" if isinstance(error, UnicodeDecodeError) else str(error)


def _in_words(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StorageError:
    text = _reason(error)
    if "full" in text:
        return StorageError(f"The disk that holds {path} is full.", "Make room; nothing that was stored is lost.")
    if "readonly" in text:
        return StorageError(f"{path} is read-only.", "Give the user that runs Earshot the right to write it.")
    if "locked" in text:
        return StorageError(f"Another program holds a lock on {path}.", "Close it and try again.")
    if "malformed" in text or "not a database" in text:
        return DamagedDatabase(f"{path} is damaged ({text}).", "Put the newest good backup in its place.")
    if "unable to open" in text:
        return StorageError(f"{path} cannot be opened.", "Check that it is there and that Earshot may read it.")
    return StorageError(f"{path}: {text}.")


class FileLock:
    """The promise that one program alone uses the file.

    The system takes it back when the holder dies, however it dies.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = _lock_path(path)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            who = holder(path) or "another program"
            hint = "Stop it first, or give this one its own EARSHOT_DATA."
            raise AlreadyRunning(f"{path} is in use by {who}.", hint) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two programs hold two locks of one name."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def _lock_path(path: Path) -> Path:
    """Beside the file itself, so that a link to it is no second door."""
    real = path.resolve()
    return real.with_name(real.name + ".lock")


def holder(path: Path) -> str:
    """Who uses the database now, in words; empty when nobody does."""
    try:
        handle = os.open(_lock_path(path), os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder_in_words(os.read(handle, 500))
    finally:
        os.close(handle)
    return ""


def _holder_in_words(content: bytes) -> str:
    try:
        told = json.loads(content)
        return f"process {told['pid']} on {told['host']}"
    except (ValueError, KeyError, TypeError):
        return "another program"


def engine_version() -> tuple[int, ...]:
    """SQLite's own version."""
    return sqlite3.sqlite_version_info


def has_full_text() -> bool:
    """Whether this SQLite can search texts (FTS5)."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("create virtual table words using fts5(text)")
        except sqlite3.OperationalError:
            return False
    return True
