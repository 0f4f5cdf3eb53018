"""The money of a source: what the store says was spent is never less than the bill, and never more than the limit."""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bridge import Bridge
from bot.budget import Purse
from handlers.ports import BudgetSpent
from handlers.rules.policy import SourceEntry
from storage.store import Store
from tests.bot.fakes import Clock, station
from tests.kit import NOW

CENT = 10_000  # micro-dollars
ENTRY = SourceEntry("birds", "x", daily_budget=1.0)


async def spent(bridge: Bridge, clock: Clock) -> int:
    def read(store: Store) -> int:
        return store.costs.spent(store.sources.id_of("birds", "x", clock()), clock())

    return await bridge.write(read)


async def test_what_is_reserved_counts_until_it_is_settled(db_path: Path) -> None:
    async with station(db_path) as opened:
        purse = Purse(opened.bridge, ENTRY, opened.clock)
        assert await purse.left() == 100 * CENT
        await purse.reserve(60 * CENT)
        assert await purse.left() == 40 * CENT
        await purse.settle(60 * CENT, 5 * CENT)
        assert await purse.left() == 95 * CENT


async def test_no_request_is_made_for_more_than_is_left_and_tomorrow_there_is_more(db_path: Path) -> None:
    async with station(db_path) as opened:
        purse = Purse(opened.bridge, ENTRY, opened.clock)
        await purse.reserve(100 * CENT)
        with pytest.raises(BudgetSpent, match=r"The \$1 that birds may cost a day are spent") as raised:
            await purse.reserve(1)
        assert raised.value.until == NOW.replace(hour=0) + timedelta(days=1)
        opened.clock.moment = raised.value.until
        await purse.reserve(CENT)
        assert await purse.left() == 99 * CENT


async def test_two_requests_at_once_do_not_both_get_the_last_cents(db_path: Path) -> None:
    async with station(db_path) as opened:
        purses = [Purse(opened.bridge, ENTRY, opened.clock) for _ in range(10)]
        told = await asyncio.gather(*(purse.reserve(30 * CENT) for purse in purses), return_exceptions=True)
        assert sum(one is None for one in told) == 3
        assert await spent(opened.bridge, opened.clock) == 90 * CENT


async def test_a_request_over_midnight_takes_nothing_from_the_new_day(db_path: Path) -> None:
    async with station(db_path) as opened:
        opened.clock.moment = NOW.replace(hour=23, minute=59, second=59)
        purse = Purse(opened.bridge, ENTRY, opened.clock)
        await purse.reserve(50 * CENT)
        opened.clock.pass_by(seconds=2)
        await purse.reserve(10 * CENT)
        await purse.settle(50 * CENT, 20 * CENT)
        assert await spent(opened.bridge, opened.clock) == 30 * CENT
        opened.clock.pass_by(days=-1)
        assert await spent(opened.bridge, opened.clock) == 50 * CENT


async def test_what_nobody_reserved_cannot_be_taken_back(db_path: Path) -> None:
    async with station(db_path) as opened:
        purse = Purse(opened.bridge, ENTRY, opened.clock)
        await purse.reserve(10 * CENT)
        other = Purse(opened.bridge, ENTRY, opened.clock)
        await other.settle(10 * CENT, 2 * CENT)
        assert await spent(opened.bridge, opened.clock) == 12 * CENT


async def test_a_source_without_a_limit_is_counted_all_the_same(db_path: Path) -> None:
    async with station(db_path) as opened:
        purse = Purse(opened.bridge, SourceEntry("birds", "x"), opened.clock)
        assert await purse.left() is None
        await purse.reserve(10**12)
        await purse.settle(10**12, CENT)
        assert await spent(opened.bridge, opened.clock) == CENT


REQUESTS = st.lists(
    st.tuples(
        st.integers(1, 45),  # cents at most
        st.floats(0, 1),  # how much of that it truly costs
        st.sampled_from(("settled", "crash before it", "crash after it", "late")),
        st.integers(0, 5),  # hours until the next
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(REQUESTS)
def test_the_sum_is_never_below_the_bill_and_never_above_the_limit(
    template: Path, requests: list[tuple[int, float, str, int]]
) -> None:
    """Whatever is asked in whatever order, and wherever the program dies."""

    async def live(path: Path) -> None:
        clock = Clock()
        bills: dict[str, int] = {}
        bridge = Bridge(path)
        await bridge.start()
        purse, late = Purse(bridge, ENTRY, clock), []
        for most, part, ending, hours in requests:
            try:
                await purse.reserve(most * CENT)
            except BudgetSpent:
                clock.pass_by(hours=hours)
                continue
            day, cost = clock().date().isoformat(), int(most * CENT * part)
            if ending != "crash before it":
                bills[day] = bills.get(day, 0) + cost
            if ending.startswith("crash"):
                purse = Purse(bridge, ENTRY, clock)
                late.clear()
            elif ending == "late":
                late.append((most * CENT, cost))
            else:
                await purse.settle(most * CENT, cost)
            clock.pass_by(hours=hours)
        for reserved, cost in late:
            await purse.settle(reserved, cost)
        rows = await bridge.read(lambda store: store.engine.rows("select day, money from costs"))
        sums = {row["day"]: row["money"] for row in rows}
        await bridge.close()
        for day, bill in bills.items():
            assert sums[day] >= bill
        for day, sum_ in sums.items():
            assert sum_ <= 100 * CENT + sum(cost for _, cost in late), day

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(shutil.copy(template, Path(folder) / "earshot.db"))))
