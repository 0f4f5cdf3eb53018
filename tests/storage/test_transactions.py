"""All or nothing, and what the database itself refuses."""

import sqlite3
from pathlib import Path

import pytest

from storage.errors import StorageError
from storage.store import Store, open_storage
from storage.types import Status
from tests.kit import NOW, Desk


def keys(store: Store) -> list[str]:
    return [row["key"] for row in store.engine.rows("select key from inbox order by key")]


def take_two_and_fail(store: Store) -> None:
    with store.transaction():
        store.inbox.take("one", "test", NOW)
        store.mutes.add("author", "x", "", NOW, "ana", NOW)
        raise RuntimeError("in the middle")


def take_within_and_fail_without(store: Store) -> None:
    with store.transaction():
        with store.transaction():
            store.inbox.take("inner", "test", NOW)
        raise RuntimeError("outer")


def test_a_transaction_rolls_back_whole(store: Store) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        take_two_and_fail(store)
    assert keys(store) == []
    assert store.engine.value("select count(*) from mutes") == 0
    with store.transaction():
        store.inbox.take("two", "test", NOW)
    assert keys(store) == ["two"]


def test_a_nested_transaction_joins_the_outer_one(store: Store) -> None:
    with pytest.raises(RuntimeError, match="outer"):
        take_within_and_fail_without(store)
    assert keys(store) == []


def test_two_writers_wait_for_each_other(db_path: Path) -> None:
    first, second = open_storage(db_path), open_storage(db_path)
    second.engine.run("pragma busy_timeout = 1")
    with first.transaction():
        first.inbox.take("one", "test", NOW)
        with pytest.raises(StorageError, match=r"holds a lock.*try again"), second.transaction():
            second.inbox.take("two", "test", NOW)
    with second.transaction():
        second.inbox.take("two", "test", NOW)
    assert keys(first) == ["one", "two"]
    first.close()
    second.close()


def test_a_writer_has_the_file_from_its_first_read_on(db_path: Path) -> None:
    """Else a second could write what the first has read, and the first would be thrown out at its own write."""
    first, second = open_storage(db_path), open_storage(db_path)
    second.engine.run("pragma busy_timeout = 1")
    with first.transaction():
        assert keys(first) == []
        with pytest.raises(StorageError, match=r"holds a lock"), second.transaction():
            pass
    first.close()
    second.close()


EVENT = "insert into case_events (case_id, version, at, actor, kind, detail)"
DELIVERY = (
    "action, subject, parent, chat, channel, lane, state, revision, attempts, not_before, remote_ref, error, body"
)
MENTION = "source_id, native_id, brand, query, author, text, seen_at, label, priority, reasons"
REFUSED = {
    "an event is changed": ("update case_events set actor = 'somebody else'", "never changed"),
    "an event is deleted": ("delete from case_events", "never deleted"),
    "a version has two events": (f"{EVENT} values (1, 1, '', 'x', 'x', '{{}}')", "UNIQUE"),
    "an event without a case": (f"{EVENT} values (999, 1, '', 'x', 'x', '{{}}')", "FOREIGN"),
    "an approval without a hash": ("update drafts set approved_by = 'ana', approved_hash = null", "CHECK"),
    "a message twice": (
        f"insert into deliveries (key, {DELIVERY}, body, created_at)"
        f" select key, {DELIVERY}, body, created_at from deliveries",
        "UNIQUE",
    ),
    "a mention twice": (f"insert into mentions ({MENTION}) select {MENTION} from mentions", "UNIQUE"),
}


@pytest.mark.parametrize(("statement", "refusal"), REFUSED.values(), ids=REFUSED)
def test_the_database_itself_refuses(desk: Desk, statement: str, refusal: str) -> None:
    number = desk.open_case().id
    desk.do("ana", f"draft {number} Sorry.")
    before = desk.everything()
    with pytest.raises(sqlite3.IntegrityError, match=refusal):
        desk.store.engine.run(statement)
    assert desk.everything() == before


def test_compare_and_set_lets_only_the_first_of_two_through(desk: Desk) -> None:
    case = desk.open_case()
    change = desk.store.cases.change
    assert change(case, "claimed", actor="ana", allowed=(Status.OPEN,), now=NOW, status=Status.CLAIMED, assignee="ana")
    assert (
        change(case, "claimed", actor="bo", allowed=tuple(Status), now=NOW, status=Status.CLAIMED, assignee="bo")
        is None
    )
    assert change(desk.case(case.id), "claimed", actor="bo", allowed=(Status.OPEN,), now=NOW, assignee="bo") is None
    assert desk.case(case.id).assignee == "ana"
    assert desk.kinds(case.id) == ["opened", "claimed"]


def test_what_is_no_field_of_a_case_cannot_be_changed(desk: Desk) -> None:
    case = desk.open_case()
    with pytest.raises(ValueError, match="version"):
        desk.store.cases.change(case, "x", actor="ana", allowed=tuple(Status), now=NOW, version=9)
