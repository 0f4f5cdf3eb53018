"""What every source promises, held against a server of its kind on loopback, through the real listener and store."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import listen
from bot.listen import Listener
from handlers.ports import (
    BadSource,
    Broken,
    Can,
    RateLimited,
    SignInFailed,
    SourceError,
    Transient,
)
from handlers.rules.policy import Brand, Policy, Route, SourceEntry
from storage.errors import StorageError
from storage.store import Store
from tests.bot.fakes import Station, station, until
from tests.bot.sources.rigs import Fault, Rig, rigs

RIGS = rigs()
EXPECTED: dict[Fault, tuple[type[SourceError], ...]] = {
    Fault.SIGN_IN: (SignInFailed,),
    Fault.TOO_MANY: (RateLimited,),
    Fault.TROUBLE: (Transient,),
    Fault.NONSENSE: (Transient, BadSource),
}
LATER = timedelta(hours=1)
DAMAGED = ("", "null", "[]", "{", "7", '"x"', '{"seen": 1}', "[" * 9_999)

pytestmark = [pytest.mark.long, pytest.mark.parametrize("kind", RIGS)]


class Refusing:
    """A bridge whose writes of some numbers, counted from 0, are refused, as a full disk does."""

    def __init__(self, opened: Station, refused: frozenset[int]) -> None:
        self._bridge = opened.bridge
        self._refused = refused
        self.writes = 0

    async def write(self, work: Callable[[Store], Any], *, is_urgent: bool = True) -> Any:
        self.writes += 1
        if self.writes - 1 in self._refused:
            raise StorageError("The disk is full.")
        return await self._bridge.write(work, is_urgent=is_urgent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bridge, name)


class Bench:
    """A rig, a station and the listener between them."""

    def __init__(self, rig: Rig, opened: Station) -> None:
        self.rig = rig
        self.opened = opened
        self.entry = SourceEntry(rig.source.name, rig.source.kind, daily_budget=100.0)
        self.listener = self.new_listener()

    def new_listener(self, bridge: Any = None) -> Listener:
        opened = self.opened
        chance = random.Random(1)
        crossing = bridge or opened.bridge
        return Listener(self.rig.source, self.entry, crossing, lambda: opened.brain, opened.clock, lambda: None, chance)

    def queries(self) -> tuple[str, ...]:
        return self.rig.source.plan(self.rig.wanted)

    async def poll(self, times: int = 1) -> None:
        """Poll each native query until it has no more; whatever fails is tried again, `times` times in all."""
        for query in self.queries():
            left = times
            for _ in range(200):
                wait = await self.listener.step(query)
                assert wait is not None, "it was given up"
                left -= bool(wait)
                if left <= 0:
                    break
            else:
                raise AssertionError("it never says that it is done")

    async def look_again(self) -> None:
        """What was stored more than an hour ago is asked for again."""
        self.opened.clock.pass_by(hours=1, minutes=1)
        assert await self.listener._sweep.step() is not None

    def watched(self) -> list[Exception]:
        """The errors that the listener is told from now on."""
        troubles, errors = self.listener._troubles, []
        real = troubles.failed

        async def failed(error: Exception, query: str) -> timedelta | None:
            errors.append(error)
            return await real(error, query)

        troubles.failed = failed  # type: ignore[method-assign]
        return errors

    async def notice(self) -> None:
        """Whatever way the source has to tell what was edited or deleted."""
        await self.poll()
        if self.rig.source.can & Can.VERIFY:
            await self.look_again()

    async def texts(self) -> list[str]:
        """The words of all that is stored and was not taken back."""
        rows = await self.opened.bridge.read(
            lambda store: store.engine.rows("select title, text from mentions where gone_at is null order by id")
        )
        return [f"{row['title']} {row['text']}" for row in rows]

    async def count(self, number: int) -> int:
        words = self.rig.words_of(number)
        return sum(words in text for text in await self.texts())

    async def counts(self, numbers: range) -> list[int]:
        return [await self.count(number) for number in numbers]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "PAGE", 2)


@asynccontextmanager
async def bench(kind: str, db_path: Path) -> AsyncIterator[Bench]:
    folder = db_path.parent / "rig"
    folder.mkdir()
    async with RIGS[kind](folder) as rig:
        brands: dict[str, dict[str, str]] = {}
        for one in rig.wanted:
            brands.setdefault(one.brand, {})[one.name] = one.query.expression
        policy = Policy(
            brands=tuple(Brand(name, queries) for name, queries in brands.items()),
            sources=(SourceEntry(rig.source.name, rig.source.kind),),
            routes=(Route("far:#alerts"),),
        )
        async with station(db_path, policy=policy) as opened:
            yield Bench(rig, opened)


@pytest.mark.usefixtures("small_pages")
async def test_every_item_is_stored_once_page_by_page_however_often_it_is_given(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        for number in range(5):
            await at.rig.give(number)
        await at.poll()
        assert await at.counts(range(5)) == [1] * 5
        await at.rig.give(5)
        await at.poll(times=2)
        assert await at.counts(range(6)) == [1] * 6
        assert len(await at.texts()) == 6


@pytest.mark.usefixtures("small_pages")
async def test_a_store_that_refuses_between_pages_costs_nothing(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        for number in range(5):
            await at.rig.give(number)
        at.listener = at.new_listener(Refusing(at.opened, frozenset({1, 2, 5, 8})))
        await at.poll(times=5)
        await at.opened.restart()
        at.listener = at.new_listener()
        await at.poll()
        assert await at.counts(range(5)) == [1] * 5


async def test_a_broken_item_costs_itself_alone(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        if not at.rig.can_spoil:
            pytest.skip("nothing there can be broken by itself")
        await at.rig.give(0)
        await at.rig.spoil()
        await at.rig.give(1)
        await at.poll()
        assert await at.counts(range(2)) == [1, 1]
        told = await at.opened.bridge.read(lambda store: store.sources.quarantined())
        assert len(told) == 1
        assert all(told[0][:3]), "its place and the reason are told"


async def test_what_the_author_changes_is_changed_here(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        if not at.rig.can_edit:
            pytest.skip("nothing can be edited there")
        for number in range(2):
            await at.rig.give(number)
        await at.poll()
        await at.rig.edit(1, f"{at.rig.words_of(1)}, and it smells of Aurelia smoke")
        await at.notice()
        texts = await at.texts()
        assert len(texts) == 2, "an edited item is no other"
        assert sum("smoke" in text for text in texts) == 1


async def test_what_was_deleted_there_is_gone_here(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        if not at.rig.can_delete:
            pytest.skip("nobody can tell what was deleted there")
        for number in range(3):
            await at.rig.give(number)
        await at.poll()
        await at.rig.delete(1)
        await at.notice()
        assert await at.counts(range(3)) == [1, 0, 1]
        assert await at.opened.value("select count(*) from mentions where gone_at is not null and text = ''") == 1


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_has_its_error_and_costs_nothing(kind: str, fault: Fault, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        if fault not in at.rig.faults:
            pytest.skip("that cannot happen there")
        await at.rig.give(0)
        await at.poll()
        await at.rig.give(1)
        at.rig.fail(fault)
        raised = at.watched()
        for query in at.queries():
            assert (await at.listener.step(query) is None) is (fault is Fault.SIGN_IN), "only a person mends a token"
        assert len(raised) == len(at.queries())
        assert all(isinstance(error, EXPECTED[fault]) for error in raised), raised
        assert all(str(error).endswith((".", "!", "?")) for error in raised), "they are sentences"
        found = await at.opened.bridge.read(lambda store: store.sources.state(at.entry.name))
        assert found is not None
        assert found.error
        assert found.status in ("off", "failing", "quota")
        at.rig.fail(None)
        if fault is Fault.TOO_MANY and hasattr(at.rig, "now"):
            at.rig.now += LATER
        at.listener = at.new_listener()
        await at.poll()
        assert await at.counts(range(2)) == [1, 1]
        found = await at.opened.bridge.read(lambda store: store.sources.state(at.entry.name))
        assert found is not None
        assert (found.status, found.error) == ("ok", "")


async def test_a_damaged_cursor_counts_as_none(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        await at.rig.give(0)
        query = at.queries()[0]
        for cursor in DAMAGED:
            page = await at.rig.source.poll(cursor, 10, query, at.listener.budget)
            assert not [item for item in page.items if isinstance(item, Broken)]


async def test_what_happens_while_its_stream_is_open_is_heard_once(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        if not at.rig.source.can & Can.STREAM:
            pytest.skip("it has no stream")
        await at.rig.give(0)
        given = 1
        listening = asyncio.create_task(at.listener.run())
        try:
            await until(lambda: at.count(0))
            for _ in range(3):  # one that comes before the stream is open is found by the poll after it

                async def arrived(number: int = given) -> bool:
                    return await at.count(number) == 1

                await at.rig.give(given)
                await until(arrived)
                given += 1
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await at.poll()
        assert await at.counts(range(given)) == [1] * given


async def test_check_is_one_sentence(kind: str, db_path: Path) -> None:
    async with bench(kind, db_path) as at:
        told = await at.rig.source.check()
        assert told.endswith(".")
        assert "\n" not in told
