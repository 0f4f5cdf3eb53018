"""The crossing from the loop to the threads: order, errors, and that everything is given back."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bridge import Bridge
from storage.errors import AlreadyRunning, Conflict, DamagedDatabase, StorageError
from storage.store import Store, lock
from tests.kit import NOW


@pytest.fixture
async def bridge(db_path: Path) -> AsyncIterator[Bridge]:
    opened = Bridge(db_path)
    await opened.start()
    yield opened
    await opened.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("earshot")]


def note(store: Store, key: str) -> None:
    with store.transaction():
        store.inbox.take(key, "test", NOW)


def keys(store: Store) -> list[str]:
    return [row["key"] for row in store.engine.rows("select key from inbox order by key")]


async def hold(bridge: Bridge) -> threading.Event:
    """Keep the writing thread busy until the event is set."""
    go, is_held = threading.Event(), threading.Event()

    def work(store: Store) -> None:
        is_held.set()
        go.wait(30)

    bridge.held = asyncio.ensure_future(bridge.write(work))  # type: ignore[attr-defined]
    await asyncio.to_thread(is_held.wait, 30)
    return go


async def test_a_reader_sees_what_was_written_before(bridge: Bridge) -> None:
    await bridge.write(lambda store: note(store, "one"))
    assert await bridge.read(keys) == ["one"]


async def test_what_a_person_waits_for_goes_before_what_a_source_brought(bridge: Bridge) -> None:
    go = await hold(bridge)
    done: list[str] = []
    waiting = [
        asyncio.ensure_future(bridge.write(lambda store: done.append("source 1"), is_urgent=False)),
        asyncio.ensure_future(bridge.write(lambda store: done.append("source 2"), is_urgent=False)),
        asyncio.ensure_future(bridge.write(lambda store: done.append("person 1"))),
        asyncio.ensure_future(bridge.write(lambda store: done.append("person 2"))),
    ]
    await asyncio.sleep(0)
    assert bridge.waiting() == 4
    go.set()
    await asyncio.gather(*waiting)
    assert done == ["person 1", "person 2", "source 1", "source 2"]


async def test_an_error_reaches_the_one_who_asked_and_nobody_else(bridge: Bridge) -> None:
    def refuse(store: Store) -> None:
        note(store, "before")
        raise Conflict("No.")

    with pytest.raises(Conflict):
        await bridge.write(refuse)
    await bridge.write(lambda store: note(store, "next"))
    assert await bridge.read(keys) == ["before", "next"]
    with pytest.raises(ZeroDivisionError):
        await bridge.compute(lambda: 1 // 0)


async def test_a_failed_transaction_leaves_nothing_behind(bridge: Bridge) -> None:
    def half(store: Store) -> None:
        with store.transaction():
            store.inbox.take("half", "test", NOW)
            raise Conflict("No.")

    with pytest.raises(Conflict):
        await bridge.write(half)
    assert await bridge.read(keys) == []


async def test_work_that_nobody_waits_for_any_more_is_not_begun(bridge: Bridge) -> None:
    go = await hold(bridge)
    given_up = asyncio.ensure_future(bridge.write(lambda store: note(store, "given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    go.set()
    await bridge.write(lambda store: note(store, "asked for"))
    assert await bridge.read(keys) == ["asked for"]


async def test_work_that_was_begun_is_finished_when_its_waiter_is_gone(bridge: Bridge) -> None:
    go, is_begun = threading.Event(), threading.Event()

    def work(store: Store) -> None:
        is_begun.set()
        go.wait(30)
        note(store, "begun")

    waiter = asyncio.ensure_future(bridge.write(work))
    await asyncio.to_thread(is_begun.wait, 30)
    waiter.cancel()
    go.set()
    await bridge.write(lambda store: note(store, "after"))
    assert await bridge.read(keys) == ["after", "begun"]


async def test_readers_cannot_write(bridge: Bridge) -> None:
    with pytest.raises(StorageError):
        await bridge.read(lambda store: note(store, "no"))


async def test_closing_finishes_what_was_asked_for_and_gives_everything_back(db_path: Path) -> None:
    bridge = Bridge(db_path)
    await bridge.start()
    await bridge.read(keys)
    await bridge.compute(lambda: 1)
    go = await hold(bridge)
    asked = asyncio.ensure_future(bridge.write(lambda store: note(store, "last"), is_urgent=False))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(bridge.close())
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(asked, closing)
    assert threads() == []
    lock(db_path).release()
    again = Bridge(db_path)
    await again.start()
    assert await again.read(keys) == ["last"]
    await again.close()


async def test_after_closing_work_is_refused_instead_of_waited_for_in_vain(db_path: Path) -> None:
    bridge = Bridge(db_path)
    await bridge.start()
    await bridge.close()
    await bridge.close()
    with pytest.raises(StorageError, match="stopping"):
        async with asyncio.timeout(10):
            await bridge.write(lambda store: note(store, "late"))


async def test_a_second_one_on_the_same_file_is_refused_and_names_the_holder(bridge: Bridge, db_path: Path) -> None:
    with pytest.raises(AlreadyRunning, match=r"in use by process \d+ on "):
        Bridge(db_path)


async def test_a_file_that_cannot_be_opened_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "earshot.db"
    path.write_bytes(b"this is no database, however long it may be " * 40)
    bridge = Bridge(path)
    with pytest.raises(DamagedDatabase):
        await bridge.start()
    lock(path).release()
    assert threads() == []
    await bridge.close()
