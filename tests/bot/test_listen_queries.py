"""A source with many native queries: each has its own cursor, its own troubles and its own time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from handlers.ports import FREE, BadQuery, BadSource, Budget, Gone, Page, SignInFailed, Source, Wanted
from storage.types import CursorState, SourceState
from tests.bot.fakes import Station, listener, station, until
from tests.kit import NOW, TROUBLES, raw


@dataclass
class Library(Source):
    """Has shelves, each a native query; `troubles` are what some of them come to."""

    shelves: tuple[str, ...] = ()
    name: str = "birds"
    kind: str = "feed"
    side_by_side: int = 1
    troubles: dict[str, Exception] = field(default_factory=dict)
    polled: Counter[str] = field(default_factory=Counter)
    cursors: dict[str, str | None] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0
    refuses: str = ""
    cannot_ask: tuple[str, ...] = ()  # brands
    goes_on: asyncio.Event | None = None  # polls wait for it

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        if self.refuses or any(one.brand in self.cannot_ask for one in wanted):
            raise BadQuery(self.refuses or "It knows no addresses.")
        return self.shelves

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.goes_on.wait() if self.goes_on else await asyncio.sleep(0)
        self.at_once -= 1
        self.polled[query] += 1
        self.cursors[query] = cursor
        if query in self.troubles:
            raise self.troubles[query]
        return Page((raw(f"of {query}", f"{TROUBLES[0]} {query}"),), f"{query} read")

    async def check(self) -> str:
        return "It is open."

    async def close(self) -> None:
        """Nothing is held."""


async def state(opened: Station) -> SourceState:
    found = await opened.bridge.read(lambda store: store.sources.state("birds"))
    assert found is not None
    return found


async def cursors(opened: Station) -> dict[str, CursorState]:
    return await opened.bridge.write(lambda store: store.sources.cursors(store.sources.id_of("birds", "", NOW)))


async def run_until(opened: Station, source: Library, is_so: Callable[[], bool]) -> None:
    """Listen until something is so, and what each query came to is written down."""
    task = asyncio.create_task(listener(opened, source).run())

    async def is_done() -> bool:
        told = (await cursors(opened)).values()
        return task.done() or (is_so() and all(one.error or one.next_poll_at for one in told))

    await until(is_done)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def all_polled(source: Library) -> Callable[[], bool]:
    return lambda: len(source.polled) == len(set(source.shelves))


def shelves(count: int) -> tuple[str, ...]:
    return tuple(f"shelf{number:04}" for number in range(count))


async def test_each_query_has_a_cursor_of_its_own(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("a", "b"))
        made = listener(opened, source)
        for query in ("a", "b", "a"):
            await made.step(query)
        assert source.cursors == {"a": "a read", "b": None}
        assert {query: one.cursor for query, one in (await cursors(opened)).items()} == {"a": "a read", "b": "b read"}


async def test_so_many_are_polled_at_the_same_time_and_no_more(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(shelves(30), side_by_side=4, goes_on=asyncio.Event())
        task = asyncio.create_task(listener(opened, source).run())

        async def is_full() -> bool:
            return source.at_once >= 4

        await until(is_full)
        for _ in range(40):  # others that may begin would read their cursors before this
            await opened.bridge.read(lambda store: None)
        assert source.at_once == 4
        assert source.goes_on is not None
        source.goes_on.set()

        async def is_done() -> bool:
            return len(source.polled) == 30

        await until(is_done)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert source.most_at_once == 4
        assert set(source.polled.values()) == {1}


async def test_one_that_fails_costs_no_other_and_a_few_of_many_are_no_alarm(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(shelves(40), side_by_side=10)
        source.troubles = {
            "shelf0003": BadSource("https://blog.example answers HTTP 500."),
            "shelf0007": KeyError("id"),
            "shelf0009": Gone("https://old.example is gone for good (HTTP 410)."),
        }
        await run_until(opened, source, all_polled(source))
        found = await state(opened)
        assert found.stored == 37
        assert found.status == "ok"
        assert found.error == "37 of 40 read well; https://old.example is gone for good (HTTP 410)."
        assert (await cursors(opened))["shelf0003"].error == "https://blog.example answers HTTP 500."


async def test_when_a_tenth_fails_the_source_does(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(shelves(20), side_by_side=20)
        source.troubles = {one: BadSource(f"https://{one}.example answers HTTP 500.") for one in source.shelves[:2]}
        await run_until(opened, source, all_polled(source))
        found = await state(opened)
        assert (found.status, found.error) == (
            "failing",
            "18 of 20 read well; https://shelf0000.example answers HTTP 500.",
        )
        source.troubles.clear()
        made = listener(opened, source)
        for one in source.shelves[:2]:
            await made.step(one)
        found = await state(opened)
        assert (found.status, found.error) == ("ok", "")


async def test_what_all_have_in_common_is_told_once_in_its_own_words(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(shelves(3))
        source.troubles = dict.fromkeys(source.shelves, SignInFailed("birds.example does not take the token."))
        async with asyncio.timeout(30):
            await listener(opened, source).run()
        found = await state(opened)
        assert (found.status, found.error) == ("off", "birds.example does not take the token.")


async def test_a_query_that_was_given_up_is_tried_again_when_a_person_has_acted(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("a", "b"), troubles={"b": Gone("It was deleted.")})
        made = listener(opened, source)
        assert not made.has_given_up
        await made.step("a")
        await made.step("b")
        assert made.has_given_up


async def test_after_a_restart_each_is_polled_when_it_was_due(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("early", "late"))
        made = listener(opened, source)
        await made._plan()
        await made.step("early")
        opened.clock.pass_by(minutes=10)
        await made.step("late")
        await opened.restart()
        opened.clock.pass_by(minutes=8)
        again = listener(opened, source)
        known = await again._cursors()
        assert again._first_poll(known["early"]) < opened.clock()
        assert again._first_poll(known["late"]) > opened.clock() + timedelta(minutes=6)


async def test_a_query_that_cannot_be_asked_there_costs_the_others_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        name = opened.brain.policy.brands[0].name
        assert len(opened.brain.policy.brands) > 1
        source = Library(("a",), cannot_ask=(name,))
        await run_until(opened, source, lambda: source.polled["a"] > 0)
        found = await state(opened)
        assert found.stored == 1
        assert "It knows no addresses." in found.error
        assert name in found.error


async def test_a_changed_plan_keeps_what_stays_and_forgets_no_cursor(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("a", "b"), troubles={"b": BadSource("b.example answers HTTP 500.")})
        await run_until(opened, source, all_polled(source))
        assert (await state(opened)).status == "failing"
        source.shelves = ("a", "c")
        source.polled.clear()
        await run_until(opened, source, lambda: source.polled["c"] > 0)
        found = await state(opened)
        assert (found.status, found.error) == ("ok", ""), "what is not asked any more troubles nobody"
        assert source.polled == {"c": 1}, "the other is not due yet"
        source.shelves, source.troubles = ("a", "b", "c"), {}
        await run_until(opened, source, lambda: source.polled["b"] > 0)
        assert set(await cursors(opened)) == {"a", "b", "c"}


async def test_the_same_query_twice_is_asked_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("a", "a"))
        await run_until(opened, source, all_polled(source))
        assert source.polled == {"a": 1}


async def test_a_query_that_cannot_be_asked_is_told_and_ends_the_source_until_it_is_mended(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("",))
        await run_until(opened, source, all_polled(source))
        source.refuses = "birds.example takes no stars at the end of a word alone."
        made = listener(opened, source)
        await made.run()
        found = await state(opened)
        assert found.status == "off"
        assert source.refuses in found.error
        assert made.has_given_up
        source.refuses = ""
        opened.clock.pass_by(hours=1)
        await run_until(opened, source, lambda: source.polled[""] > 1)

        async def is_well() -> bool:
            return (await state(opened)).status == "ok"

        await until(is_well)


async def test_a_follower_that_breaks_ends_no_other(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Library(("a", "b"), side_by_side=2)
        made = listener(opened, source)
        real = made.step

        async def step(query: str = "") -> timedelta | None:
            if query == "a":
                raise ZeroDivisionError
            return await real(query)

        made.step = step  # type: ignore[method-assign]
        task = asyncio.create_task(made.run())

        async def told() -> bool:
            found = await opened.bridge.read(lambda store: store.sources.state("birds"))
            return found is not None and found.stored == 1 and "unexpected" in found.error

        await until(told)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
