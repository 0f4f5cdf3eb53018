"""Opening, migrating, locking and copying the file."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from storage import migrations
from storage.errors import AlreadyRunning, DamagedDatabase, NewerDatabase, StorageError
from storage.sqlite import SqliteEngine
from storage.store import Store, holder, lock, open_sound, open_storage, version
from tests.kit import NOW, Desk, pages_of_used, raw
from tests.storage.process import program, wait_for

HOLDS = """
import sys, time
from pathlib import Path
from storage.store import lock
held = lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""
MIGRATES = """
import os, signal, sys
from pathlib import Path
import sqlite3
from storage import migrations
from storage.store import open_storage
import storage.sqlite as sqlite

left = int(sys.argv[2])
connect = sqlite._connect
def counted(path, is_read_only):
    conn = connect(path, is_read_only)
    def step(statement):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    conn.set_trace_callback(step)
    return conn
sqlite._connect = counted
open_storage(Path(sys.argv[1]))
print("whole", flush=True)
"""


def test_a_new_file_gets_the_whole_schema_and_is_not_migrated_twice(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "earshot.db"
    assert version(path) == (0, len(migrations.known_steps()))
    open_storage(path).close()
    assert version(path) == (len(migrations.known_steps()),) * 2
    again = open_storage(path)
    names = {row["name"] for row in again.engine.rows("select name from sqlite_master where type = 'table'")}
    assert {"mentions", "cases", "case_events", "drafts", "deliveries", "inbox", "mutes", "quarantine"} <= names
    assert migrations.apply(again.engine.db) == []  # type: ignore[attr-defined]
    again.close()


def test_the_file_its_copies_and_its_lock_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "earshot.db"
    held, store = lock(path), open_storage(path)
    with store.transaction():
        store.inbox.take("one", "test", NOW)
    store.engine.backup(tmp_path / "copy.db")
    files = [*path.parent.iterdir(), tmp_path / "copy.db"]
    assert {file.name for file in files} >= {"earshot.db", "earshot.db-wal", "earshot.db.lock", "copy.db"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()
    held.release()


class Watched(SqliteEngine):
    """An engine that tells who may read a copy while it is made."""

    mode = 0

    def _copy(self, target: Path) -> None:
        self.mode = stat.S_IMODE(target.stat().st_mode)
        super()._copy(target)


def test_a_backup_is_for_its_owner_alone_from_its_first_byte(db_path: Path, tmp_path: Path) -> None:
    engine = Watched(db_path)
    engine.backup(tmp_path / "copy.db")
    assert engine.mode == 0o600
    engine.close()


def test_a_backup_to_where_nothing_can_be_written_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        store.engine.backup(tmp_path / "file" / "copy.db")


def test_a_file_of_a_newer_earshot_is_refused_and_not_a_byte_of_it_changes(db_path: Path) -> None:
    with sqlite3.connect(db_path) as db:
        db.execute("pragma journal_mode = delete")
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '9999_later', 'x')"
        )
    db.close()
    before = db_path.read_bytes()
    with pytest.raises(NewerDatabase, match=r"9999_later.*Nothing was changed"):
        open_storage(db_path)
    assert db_path.read_bytes() == before
    assert [file.name for file in db_path.parent.iterdir()] == [db_path.name]


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "earshot.db"
    path.write_bytes(b"These are the notes of a colleague, not a database." * 100)
    with pytest.raises(DamagedDatabase, match="newest good backup"):
        open_storage(path)
    assert path.read_bytes().startswith(b"These are the notes")


def test_a_file_whose_schema_is_no_text_is_refused_in_words(db_path: Path) -> None:
    """The database's own message about it holds those bytes."""
    db_path.write_bytes(db_path.read_bytes().replace(b"CREATE TABLE inbox", b"CREATE TABL\xee inbox"))
    for opened in (open_storage, open_sound):
        with pytest.raises(DamagedDatabase, match=r"is no text.*newest good backup"):
            opened(db_path)


def test_damage_inside_the_file_is_found_by_check(db_path: Path) -> None:
    pages_of_the_schema = pages_of_used(db_path)
    store = open_storage(db_path)
    Desk(store).take(*(raw(str(number), f"heron story number {number} " * 30) for number in range(200)))
    assert store.engine.check() == []
    store.close()
    content = bytearray(db_path.read_bytes())
    for page in range(pages_of_the_schema, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    db_path.write_bytes(content)
    hurt = open_storage(db_path, migrate=False)
    assert hurt.engine.check() != []
    with pytest.raises(DamagedDatabase, match="backup"):
        list(hurt.engine.rows("select * from mentions"))
    hurt.close()


def test_reading_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="earshot demo"):
        open_storage(tmp_path / "earshot.db", read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_second_program_is_refused_by_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "earshot.db"
    with program(HOLDS, str(path)) as other:
        wait_for(other, "held")
        assert holder(path).startswith(f"process {other.pid} on ")
        with pytest.raises(AlreadyRunning, match=f"process {other.pid} on .*Stop it first"):
            lock(path)
        other.kill()
        other.wait()
        held = lock(path)
        assert str(os.getpid()) in holder(path)
        held.release()
    assert holder(path) == ""


def test_another_name_of_the_same_file_has_the_same_lock(tmp_path: Path, db_path: Path) -> None:
    other_name = tmp_path / "link.db"
    other_name.symlink_to(db_path)
    held = lock(db_path)
    with pytest.raises(AlreadyRunning):
        lock(other_name)
    held.release()


def test_a_backup_of_a_file_in_use_is_sound_and_holds_whole_transactions(db_path: Path, tmp_path: Path) -> None:
    store, done = open_storage(db_path), threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with store.transaction():
                store.inbox.take(f"left {number}", "test", NOW)
                store.inbox.take(f"right {number}", "test", NOW)

    writing = threading.Thread(target=write, daemon=True)
    writing.start()
    reader = open_storage(db_path, read_only=True)
    copies = [tmp_path / f"copy{number}.db" for number in range(5)]
    try:
        for copy in copies:
            reader.engine.backup(copy)
    finally:
        done.set()
        writing.join()
    for copy in copies:
        copied = open_storage(copy)
        assert copied.engine.check() == []
        left, right = (
            copied.engine.value("select count(*) from inbox where key like ?", (f"{side}%",))
            for side in ("left", "right")
        )
        assert left == right
        copied.close()
    reader.close()
    store.close()


def test_a_backup_never_overwrites(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "precious.db"
    target.write_text("precious")
    with pytest.raises(StorageError, match=r"already there.*another file"):
        store.engine.backup(target)
    assert target.read_text() == "precious"


def test_a_reading_store_cannot_write_whatever_it_is_asked(db_path: Path) -> None:
    reader = open_storage(db_path, read_only=True)
    with pytest.raises(StorageError, match="read-only"):
        reader.inbox.take("one", "test", NOW)
    with pytest.raises(StorageError, match="read-only"):
        reader.mutes.add("author", "x", "", NOW, "ana", NOW)
    reader.engine.run("pragma query_only = off")  # even then: the file itself was opened for reading
    with pytest.raises(StorageError, match="read-only"):
        reader.inbox.take("one", "test", NOW)
    reader.close()


def test_a_reader_sees_what_was_committed_and_nothing_else(db_path: Path) -> None:
    writer, reader = open_storage(db_path), open_storage(db_path, read_only=True)
    with writer.transaction():
        writer.inbox.take("one", "test", NOW)
        assert reader.engine.value("select count(*) from inbox") == 0
    assert reader.engine.value("select count(*) from inbox") == 1
    reader.close()
    writer.close()


@pytest.mark.long
@pytest.mark.parametrize("statements", [3, 12, 45, 75, 90, 110, 140, 160])
def test_a_kill_in_the_middle_of_the_migration_leaves_each_step_whole_or_out(tmp_path: Path, statements: int) -> None:
    path = tmp_path / "earshot.db"
    with program(MIGRATES, str(path), str(statements)) as migrating:
        migrating.wait(60)
        is_whole = migrating.returncode == 0
    if path.stat().st_size:
        done, known = version(path)
        reader = open_storage(path, read_only=True)
        names = {row["name"] for row in reader.engine.rows("select name from sqlite_master where type = 'table'")}
        reader.close()
        last_tables = ("local_messages", "pauses", "topics")  # of each step
        assert [name in names for name in last_tables] == [done > step for step in range(len(last_tables))]
        assert "mentions" in names or not done
        assert not is_whole or done == known
    store = open_storage(path)  # and the next start mends it
    assert store.engine.check() == []
    assert store.engine.value("select count(*) from local_messages") == 0
    whole = open_storage(tmp_path / "whole.db")
    assert _schema(store) == _schema(whole)
    whole.close()
    store.close()


def test_a_list_of_steps_that_was_half_made_is_finished(tmp_path: Path) -> None:
    """The library makes the table and then its index, and was killed between the two."""
    whole = open_storage(tmp_path / "whole.db")
    with sqlite3.connect(tmp_path / "half.db") as conn:
        table = whole.engine.value("select sql from sqlite_master where name = '_sqlite_migrations'")
        conn.execute(table)
    conn.close()
    store = open_storage(tmp_path / "half.db")
    assert _schema(store) == _schema(whole)
    store.close()
    whole.close()


def _schema(store: Store) -> list[tuple[str, ...]]:
    return [tuple(row) for row in store.engine.rows("select type, name, sql from sqlite_master order by type, name")]
