"""Streams: every item is stored with its cursor, what they miss is polled for, and nothing stays open behind them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot import listen
from bot.gathering import pages
from handlers.ports import (
    FREE,
    Budget,
    Can,
    Item,
    Mark,
    Page,
    RateLimited,
    SignInFailed,
    Source,
    Tombstone,
    Transient,
    Wanted,
)
from storage.errors import StorageError
from storage.sources import STREAM
from storage.types import RawMention
from tests.bot.fakes import Station, listener, station, until
from tests.kit import NOW, TROUBLES, raw

Step = Item | Mark | Exception | asyncio.Event


def post(number: int) -> RawMention:
    return raw(f"p{number}", f"{TROUBLES[number % len(TROUBLES)]} ({number})")


@dataclass
class Radio(Source):
    """Each connection is the next list of steps: what it gives, an event that it waits for, an error it breaks off by.

    After the last list it stays open and gives nothing.
    """

    name: str = "birds"
    connections: list[list[Step]] = field(default_factory=list)
    missed: list[Page | Exception] = field(default_factory=list)  # what the polls give, one after the other
    kind: str = "feed"
    can: Can = Can.STREAM
    cursors: list[str | None] = field(default_factory=list)
    polls: int = 0
    open_now: int = 0

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        self.polls += 1
        step = self.missed.pop(0) if self.missed else Page((), "read")
        if isinstance(step, Exception):
            raise step
        return step

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        self.cursors.append(cursor)
        self.open_now += 1
        try:
            for step in self.connections.pop(0) if self.connections else [asyncio.Event()]:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.open_now -= 1

    async def check(self) -> str:
        return "It can be heard."

    async def close(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def on_air(opened: Station, source: Radio) -> AsyncIterator[listen.Listener]:
    made = listener(opened, source)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert source.open_now == 0, "the stream is closed with its task"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams are opened again at once, and polls follow each other at once."""
    monkeypatch.setattr(listen, "FIRST_RETRY", timedelta())
    monkeypatch.setattr("bot.troubles.FIRST_RETRY", timedelta())
    monkeypatch.setattr(listen, "_HEALING", timedelta())


async def stored(opened: Station) -> int:
    return int(await opened.value("select count(*) from mentions where gone_at is null"))


async def mark(opened: Station) -> str | None:
    return await opened.bridge.read(lambda store: store.sources.cursor("birds", STREAM))


def holds(number: int, count: Callable[[], int]) -> Callable[[], object]:
    async def is_so() -> bool:
        return count() >= number

    return is_so


async def gathered(items: list[Step], most: int = 100, patience: float = 60.0) -> list[Page]:
    radio = Radio(connections=[items])
    return [page async for page in pages(radio.stream((), None, FREE), STREAM, most, patience)]


async def test_what_comes_in_a_moment_is_one_page_with_its_last_mark() -> None:
    found = await gathered([post(1), Mark("1"), post(2), Mark("2"), post(3)])
    assert [(len(page.items), page.cursor) for page in found] == [(3, "2")]


async def test_a_page_holds_so_many_and_nothing_is_lost_between_pages() -> None:
    found = await gathered([step for number in range(25) for step in (post(number), Mark(str(number)))], most=10)
    assert all(len(page.items) <= 10 for page in found)
    given = [item.native_id for page in found for item in page.items if isinstance(item, RawMention)]
    assert given == [f"p{number}" for number in range(25)]
    seen = -1
    for page in found:
        seen += len(page.items)
        assert page.cursor is None or int(page.cursor) <= seen, "a cursor never runs ahead of what was given"
    assert found[-1].cursor == "24"


async def test_the_last_items_come_before_the_error_that_ends_it() -> None:
    radio = Radio(connections=[[post(1), Transient("It broke off.")]])
    found = pages(radio.stream((), None, FREE), STREAM, 10)
    assert len((await anext(found)).items) == 1
    with pytest.raises(Transient):
        await anext(found)


async def test_a_stream_that_is_open_and_silent_says_so_once() -> None:
    wait = asyncio.Event()
    radio = Radio(connections=[[wait, post(1)]])
    found = pages(radio.stream((), None, FREE), STREAM, 10, 0.01)
    assert not (await anext(found)).items
    wait.set()
    assert len((await anext(found)).items) == 1
    await found.aclose()


async def test_a_stream_whose_library_cancels_itself_is_broken_off_not_deaf() -> None:
    async def cancelled() -> AsyncIterator[Item | Mark]:
        yield post(1)
        raise asyncio.CancelledError

    found = pages(cancelled(), STREAM, 10)
    await anext(found)
    with pytest.raises(Transient):
        await anext(found)


async def test_a_full_queue_is_closed_as_well() -> None:
    radio = Radio(connections=[[post(number) for number in range(5_000)]])
    found = pages(radio.stream((), None, FREE), STREAM, 10)
    await anext(found)
    await found.aclose()
    assert radio.open_now == 0


async def test_items_are_stored_with_the_mark_and_the_stream_goes_on_there(db_path: Path, quick: None) -> None:
    async with station(db_path) as opened:
        radio = Radio(connections=[[post(1), Mark("one"), post(2), Mark("two"), Transient("It broke off.")]])
        async with on_air(opened, radio):
            await until(holds(2, lambda: len(radio.cursors)))
        assert radio.cursors[:2] == [None, "two"]
        assert await stored(opened) == 2


async def test_a_crash_between_pages_loses_nothing(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "PAGE", 1)
    async with station(db_path) as opened:
        steps: list[Step] = [post(1), Mark("one"), post(2), Mark("two"), post(3)]
        radio = Radio(connections=[list(steps), list(steps[2:])])
        real, refused = opened.bridge.write, []

        async def write(work: object, *, is_urgent: bool = True) -> object:
            if await stored(opened) == 2 and not refused:
                refused.append(work)
                raise StorageError("The disk is full.")
            return await real(work, is_urgent=is_urgent)  # type: ignore[arg-type]

        opened.bridge.write = write  # type: ignore[method-assign, assignment]
        made = listener(opened, radio)
        await made._hear_once()
        assert refused
        assert (await stored(opened), await mark(opened), radio.open_now) == (2, "one", 0)
        await made._hear_once()
        assert radio.cursors == [None, "one"], "it begins again where the last page was stored"
        assert await stored(opened) == 3


async def test_when_it_is_open_again_what_it_missed_is_polled_for(db_path: Path, quick: None) -> None:
    async with station(db_path) as opened:
        again = asyncio.Event()
        radio = Radio(connections=[[Mark("a"), again, Transient("It broke off.")], [Mark("b"), asyncio.Event()]])
        async with on_air(opened, radio):
            await until(holds(2, lambda: radio.polls))  # the first, and one because the stream is open
            assert await stored(opened) == 0
            radio.missed.append(Page((post(1),), "read"))
            again.set()

            async def healed() -> bool:
                return await stored(opened) == 1

            await until(healed)
        assert len(radio.cursors) == 2
        assert radio.polls == 3, "one when it begins, and one each time that the stream is open"


async def test_a_poll_that_is_on_its_way_when_the_stream_comes_back_is_repeated(db_path: Path, quick: None) -> None:
    async with station(db_path) as opened:
        asked, answer, comes = asyncio.Event(), asyncio.Event(), asyncio.Event()

        class Slow(Radio):
            async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
                page = await super().poll(cursor, limit, query, budget)
                if self.polls == 1:
                    asked.set()
                    await answer.wait()
                return page

        radio = Slow(connections=[[comes, Mark("open"), asyncio.Event()]])
        async with on_air(opened, radio):
            await asked.wait()
            comes.set()

            async def is_open() -> bool:
                return await mark(opened) == "open"

            await until(is_open)
            answer.set()
            await until(holds(2, lambda: radio.polls))


async def test_a_source_that_asked_for_time_gets_it_whatever_its_stream_does(db_path: Path, quick: None) -> None:
    async with station(db_path) as opened:
        limited = RateLimited("Too many.", NOW + timedelta(minutes=10))
        radio = Radio(
            connections=[[asyncio.Event()], *[[Mark(str(n)), Transient("It broke off.")] for n in range(5)]],
            missed=[limited],
        )
        gate = asyncio.Event()
        radio.connections[0] = [gate, Mark("x"), Transient("It broke off.")]
        async with on_air(opened, radio):
            await until(holds(1, lambda: radio.polls))

            async def noted() -> bool:
                found = await opened.bridge.read(lambda store: store.sources.state("birds"))
                return found is not None and "Too many" in found.error

            await until(noted)
            gate.set()
            await until(holds(7, lambda: len(radio.cursors)))
        assert radio.polls == 1


async def test_a_stream_that_comes_and_goes_makes_no_storm_of_polls(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "FIRST_RETRY", timedelta())
    monkeypatch.setattr("bot.troubles.FIRST_RETRY", timedelta())
    async with station(db_path) as opened:
        radio = Radio(connections=[[Mark(str(n)), Transient("It broke off.")] for n in range(20)])
        async with on_air(opened, radio):
            await until(holds(21, lambda: len(radio.cursors)))
        assert radio.polls <= 3


async def test_a_stream_is_opened_again_ever_later_until_it_was_well_for_a_while(db_path: Path) -> None:
    async with station(db_path) as opened:
        broken = Transient("It broke off.")
        radio = Radio(connections=[[Mark("a"), broken] for _ in range(4)])
        made = listener(opened, radio)
        waits = [await made._hear_once() for _ in range(4)]
        seconds = [wait.total_seconds() for wait in waits if wait]
        assert len(seconds) == 4
        for attempt, wait in enumerate(seconds):
            assert 5 * 2**attempt <= wait <= 7.5 * 2**attempt
        long = asyncio.Event()
        radio.connections = [[Mark("b"), long, broken]]
        hearing = asyncio.create_task(made._hear_once())

        async def is_open() -> bool:
            return await mark(opened) == "b"

        opened.clock.pass_by(seconds=6)
        await until(lambda: asyncio.sleep(0, radio.open_now))
        opened.clock.pass_by(minutes=2)
        long.set()
        wait = await hearing
        assert wait is not None
        assert wait.total_seconds() <= 7.5


async def test_one_that_ends_without_a_word_is_not_opened_again_and_again_at_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, Radio(connections=[[], [], [], [post(1)]]))
        waits = [await made._hear_once() for _ in range(3)]
        assert waits == sorted(waits)
        assert waits[2] > 3 * waits[0] / 2
        last = await made._hear_once()
        assert last is not None
        assert last <= timedelta(seconds=10), "a server may close what was open for long"


async def test_a_refused_token_ends_the_stream_and_not_the_polls(db_path: Path, quick: None) -> None:
    async with station(db_path) as opened:
        radio = Radio(connections=[[SignInFailed("birds.example takes no streams with this token.")]])
        async with on_air(opened, radio) as made:
            await until(holds(1, lambda: int(made.has_given_up)))
            await until(holds(1, lambda: radio.polls))

            async def told() -> str:
                found = await opened.bridge.read(lambda store: store.sources.state("birds"))
                return found.error if found and found.status == "ok" else ""

            assert "birds.example takes no streams" in await until(told)
        assert len(radio.cursors) == 1


async def test_a_cursor_that_comes_with_nothing_is_stored_now_and_then(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, Radio())
        await made.take(Page((), "1", query=STREAM))
        await made.take(Page((Tombstone("of somebody", "deleted"),), "2", query=STREAM))
        assert await mark(opened) == "1"
        await made.take(Page((post(1),), "3", query=STREAM))
        assert await mark(opened) == "3"
        opened.clock.pass_by(seconds=6)
        await made.take(Page((), "4", query=STREAM))
        assert await mark(opened) == "4"


async def test_what_was_deleted_before_it_came_never_stands_here(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, Radio())
        await made.take(Page((Tombstone("p1", "deleted"),), None, query=STREAM))
        await made.take(Page((post(1), post(2)), "read"))
        assert await stored(opened) == 1
        assert await opened.value("select count(*) from mentions where native_id = 'p1'") == 0
        await made.take(Page((post(3), Tombstone("p3", "deleted")), None, query=STREAM))
        assert await stored(opened) == 1


async def test_a_deletion_is_forgotten_after_an_hour_or_behind_many_others(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, Radio())
        await made.take(Page((Tombstone("p1", "deleted"),), None, query=STREAM))
        opened.clock.pass_by(minutes=61)
        await made.take(Page((post(1),), "read"))
        assert await stored(opened) == 1
        made._graves._most = 10
        stones = tuple(Tombstone(f"p{number}", "deleted") for number in range(100, 120))
        await made.take(Page(stones, None, query=STREAM))
        await made.take(Page((post(100), post(119)), "read"))
        assert await opened.value("select count(*) from mentions where native_id in ('p100', 'p119')") == 1
        assert len(made._graves._buried) <= 10


async def test_what_is_stored_and_deleted_is_gone_though_the_same_page_brings_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, Radio())
        await made.take(Page((post(1),), None, query=STREAM))
        await made.take(Page((Tombstone("p1", "deleted"), post(1)), None, query=STREAM))
        assert await stored(opened) == 0
        await made.take(Page((post(1),), "read"))
        assert await stored(opened) == 0, "a page that was read before does not bring it back"
