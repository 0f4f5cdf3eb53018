"""Reading sources: the cursor moves with the page or not at all, and every error leads to what the contract says."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.listen import Listener
from handlers.ports import BadSource, Broken, Gone, Page, RateLimited, SignInFailed, Tombstone, Transient
from storage.errors import StorageError
from storage.store import Store
from storage.types import SourceState
from tests.bot.fakes import ScriptedSource, Station, listener, station, until
from tests.kit import NOW, TROUBLES, raw

MINUTES = timedelta(minutes=15)


def page(*numbers: int, **fields: object) -> Page:
    items = tuple(raw(f"p{number}", TROUBLES[number % len(TROUBLES)]) for number in numbers)
    return Page(items, f"after {numbers[-1]}" if numbers else None, **fields)  # type: ignore[arg-type]


async def state(opened: Station, name: str = "birds") -> SourceState:
    found = await opened.bridge.read(lambda store: store.sources.state(name))
    assert found is not None
    return found


def birds(*script: Page | Exception) -> ScriptedSource:
    return ScriptedSource("birds", list(script))


async def first_poll(opened: Station) -> datetime:
    task = listener(opened, birds())
    return task._first_poll((await task._cursors()).get(""))


async def mentions(opened: Station) -> int:
    return int(await opened.value("select count(*) from mentions"))


def refusing(opened: Station, times: int = 1, error: Exception | None = None) -> None:
    """The store refuses the next writes."""
    real = opened.bridge.write

    async def write(*work: object, **kept: object) -> object:
        nonlocal times
        times -= 1
        if times <= 0:
            opened.bridge.write = real  # type: ignore[method-assign]
        raise error or StorageError("The disk is full.")

    opened.bridge.write = write  # type: ignore[method-assign, assignment]


async def test_a_page_is_stored_with_its_cursor_and_the_next_poll_begins_there(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = birds(page(1, 2), page(3))
        task = listener(opened, source)
        await task.step()
        assert (await state(opened)).cursor == "after 2"
        await task.step()
        assert source.cursors == [None, "after 2"]
        assert ((await state(opened)).cursor, await mentions(opened)) == ("after 3", 3)


async def test_when_a_page_cannot_be_stored_its_cursor_does_not_move_and_it_is_read_again(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = birds(page(1), page(2), page(2))
        task = listener(opened, source)
        await task.step()
        refusing(opened)
        assert await task.step() == MINUTES
        assert ((await state(opened)).cursor, await mentions(opened)) == ("after 1", 1)
        await task.step()
        assert source.cursors == [None, "after 1", "after 1"]
        assert ((await state(opened)).cursor, await mentions(opened)) == ("after 2", 2)


async def test_a_page_that_breaks_half_way_through_storing_leaves_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(page(1, 2)))

        def spoil(store: Store) -> None:
            store.engine.run("create trigger no_cursor before update on sources begin select raise(abort, 'no'); end")

        await opened.bridge.write(spoil)
        await task.step()
        assert await mentions(opened) == 0
        assert await opened.value("select count(*) from deliveries") == 0


async def test_the_same_page_twice_is_stored_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(page(1, 2), page(1, 2)))
        await task.step()
        await task.step()
        assert await mentions(opened) == 2
        assert await opened.value("select count(*) from cases") == 2
        assert (await state(opened)).stored == 2


@pytest.mark.parametrize("error", [SignInFailed("The key is wrong."), Gone("It was deleted.")])
async def test_what_only_a_person_can_mend_ends_the_task_and_is_off(db_path: Path, error: Exception) -> None:
    async with station(db_path) as opened:
        source = birds(error, page(1))
        async with asyncio.timeout(30):
            await listener(opened, source).run()
        assert len(source.cursors) == 1
        found = await state(opened)
        assert (found.status, found.error, found.cursor) == ("off", str(error), None)


@pytest.mark.parametrize("error", [Transient("It is down."), BadSource("That is no feed.")])
async def test_what_may_work_later_is_tried_ever_later_up_to_an_hour(db_path: Path, error: Exception) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(*[error] * 6, page(1), error))
        waits = [await task.step() for _ in range(6)]
        assert waits == [MINUTES, 2 * MINUTES, *[timedelta(hours=1)] * 4]
        found = await state(opened)
        assert (found.status, found.error) == ("failing", str(error))
        await task.step()
        found = await state(opened)
        assert (found.status, found.error, found.last_ok_at) == ("ok", "", NOW)
        assert await task.step() == MINUTES


async def test_a_source_that_asks_for_time_is_left_alone_until_then(db_path: Path) -> None:
    async with station(db_path) as opened:
        until_then = NOW + timedelta(hours=5)
        task = listener(opened, birds(RateLimited("Too many.", until_then), Transient("down")))
        assert await task.step() == timedelta(hours=5)
        found = await state(opened)
        assert (found.status, found.next_poll_at) == ("quota", until_then), "so much is a quota that is used up"
        assert await task.step() == MINUTES, "asking for time does not make the next wait longer"


async def test_a_source_that_is_asked_too_often_has_not_used_up_its_quota(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(RateLimited("Too many.", NOW + timedelta(minutes=40))))
        assert await task.step() == timedelta(minutes=40)
        assert (await state(opened)).status == "failing"


async def test_a_page_that_asks_for_time_gets_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(page(1, not_before=NOW + timedelta(hours=2))))
        assert await task.step() == timedelta(hours=2)
        assert (await state(opened)).next_poll_at == NOW + timedelta(hours=2)


async def test_a_page_that_has_more_is_followed_at_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(page(1, more=True), page(2)))
        assert await task.step() == timedelta()
        wait = await task.step()
        assert wait is not None
        assert MINUTES <= wait <= 1.1 * MINUTES


@pytest.mark.parametrize("error", [KeyError("ts"), ZeroDivisionError(), RecursionError()])
async def test_an_unexpected_failure_is_logged_told_and_tried_again(
    db_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(error, page(1)))
        assert await task.step() == MINUTES
        assert any(record.exc_info for record in caplog.records)
        assert (await state(opened)).status == "failing"
        await task.step()
        assert await mentions(opened) == 1


@pytest.mark.parametrize("step", [page(1), Transient("It is down."), KeyError("ts")])
@pytest.mark.parametrize("trouble", [StorageError("The disk is full."), OSError("disk I/O error")])
async def test_a_store_that_refuses_every_write_ends_no_source(
    db_path: Path, step: Page | Exception, trouble: Exception
) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds(step, page(1)))
        refusing(opened, times=3, error=trouble)
        assert await task.step() == MINUTES
        await opened.restart()
        task = listener(opened, birds(page(1)))
        await task.step()
        assert await mentions(opened) == 1


async def test_a_page_whose_next_poll_cannot_be_noted_is_stored_all_the_same(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = birds(page(1))

        class Refusing(Listener):
            async def take(self, *work: object, **kept: object) -> object:  # type: ignore[override]
                taken = await super().take(*work, **kept)  # type: ignore[arg-type]
                refusing(opened)
                return taken

        task = listener(opened, source)
        task.__class__ = Refusing
        assert await task.step() == MINUTES
        assert await mentions(opened) == 1


async def test_a_failing_source_holds_no_other(db_path: Path) -> None:
    async with station(db_path) as opened:
        stuck = ScriptedSource("reviews", [])

        async def never(cursor: str | None, limit: int) -> Page:
            await asyncio.Event().wait()
            raise AssertionError

        stuck.poll = never  # type: ignore[method-assign]
        failing = ScriptedSource("desk", [KeyError("ts")] * 3)
        tasks = [asyncio.create_task(listener(opened, one).run()) for one in (stuck, failing, birds(page(1)))]
        await until(lambda: mentions(opened))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_run_posts_no_flood(db_path: Path) -> None:
    async with station(db_path) as opened:
        old = tuple(raw(f"o{n}", TROUBLES[n], published_at=NOW - timedelta(days=2)) for n in range(3))
        undated = (raw("u1", TROUBLES[3], published_at=None),)
        await listener(opened, birds(Page((*old, *undated), "c", is_backlog=True))).step()
        assert await mentions(opened) == 4
        assert await opened.value("select count(*) from cases") == 0
        assert await opened.value("select count(*) from deliveries") == 0
        await listener(opened, birds(Page((raw("u2", TROUBLES[4], published_at=None),), "d"))).step()
        assert await opened.value("select count(*) from cases") == 1


async def test_broken_and_withdrawn_items_cost_their_neighbours_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        items = (
            Broken("row 1", "It is no JSON.", "{"),
            raw("a", TROUBLES[0]),
            Broken("row 3", "It is too long.", "x"),
        )
        await listener(opened, birds(Page(items, "c"), Page((Tombstone("a", "deleted"),), "d"))).step()
        found = await state(opened)
        assert (found.stored, found.quarantined) == (1, 2)


async def test_after_a_restart_it_polls_when_it_would_have(db_path: Path) -> None:
    async with station(db_path) as opened:
        await listener(opened, birds(page(1))).step()
        due = (await state(opened)).next_poll_at
        assert due is not None
        assert await first_poll(opened) == due
        opened.clock.pass_by(minutes=10)
        assert await first_poll(opened) == due
        await listener(opened, birds(Transient("down"))).step()
        assert await first_poll(opened) == opened.clock(), "what failed is tried at once"


async def test_one_delivery_is_taken_in_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        task = listener(opened, birds())
        first = await task.take(page(1), inbox_keys=("delivery-1", "signature-1"))
        again = await task.take(page(2), inbox_keys=("delivery-2", "signature-1"))
        assert (first.is_replay, again.is_replay) == (False, True)
        assert await mentions(opened) == 1


async def test_an_edit_that_no_longer_names_us_arrives_all_the_same(db_path: Path) -> None:
    """What is stored concerns its brand; what is not, and names nobody, stays outside as ever."""
    async with station(db_path) as opened:
        now = Page((raw("p1", "I leave this place."), raw("p2", "Nothing for us.")), "after 2")
        task = listener(opened, birds(page(1), now))
        await task.step()
        await task.step()
        assert await opened.value("select text from mentions") == "I leave this place."
        assert await mentions(opened) == 1
        assert (await state(opened)).cursor == "after 2"
