"""The money: our count against X's own bill, through a busy day, faults, kills and midnight."""

import asyncio
import random
from datetime import timedelta

import pytest

from bot.sources.x.client import Refused
from handlers.ports import BudgetSpent, SourceError, Transient
from storage.types import RawMention
from tests.x.kit import Desk, Till, desk, texts

SMALLEST_SEARCH = 10 * (5_000 + 10_000)


async def one_round(at: Desk, cursors: dict[str, str | None], limit: int = 100) -> list[str]:
    """Poll each query until it is done or fails; what was found."""
    found: list[str] = []
    for query in at.source.plan(at.wanted):
        for _ in range(20):
            try:
                page = await at.source.poll(cursors.get(query), limit, query, at.till)
            except SourceError:
                break
            cursors[query] = page.cursor
            found += texts(list(page.items))
            if not page.more:
                break
    return found


async def test_a_post_costs_once_a_day_and_an_author_too() -> None:
    async with desk() as at:
        at.fake.write("heron one", "nina")
        page = await at.source.poll(None, 10, at.search(), at.till)
        assert at.till.today == at.fake.billed_today() == 15_000
        assert (page.cost.money, page.cost.requests) == (15_000, 2)
        await at.source.verify([page.items[0].native_id], at.till)  # type: ignore[union-attr]
        assert at.till.today == at.fake.billed_today() == 15_000
        at.clock.pass_by(days=1)
        await at.source.verify([page.items[0].native_id], at.till)  # type: ignore[union-attr]
        assert at.till.today == at.fake.billed_today() == 5_000


async def test_nothing_found_costs_nothing() -> None:
    async with desk() as at:
        await at.read(at.search())
        assert at.till.today == at.fake.billed_today() == 0


async def test_mentions_of_the_own_account_cost_a_fifth() -> None:
    async with desk("@heronair") as at:
        at.fake.write("@heronair hello", "nina")
        await at.read("mentions")
        assert at.till.today == at.fake.billed_today() == 1_000 + 10_000 + 10_000  # the post, its author, our account


@pytest.mark.parametrize("faults", [("trouble", "too many", "credits", ""), ("lost", "broken", "trouble", "")])
async def test_through_a_busy_day_with_faults_the_sum_is_the_bill(faults: tuple[str, ...]) -> None:
    chance = random.Random(5)
    async with desk("heron", "@heronair", limit=100_000_000) as at:
        cursors: dict[str, str | None] = {}
        written, found, posts = set(), set(), []
        for hour in range(14):
            for number in range(chance.randrange(30)):
                words = f"@heronair heron {hour} {number}" if number % 2 else f"heron {hour} {number}"
                posts.append(at.fake.write(words, f"user{chance.randrange(12)}"))
                written.add(words)
            if hour % 3 == 1:
                at.fake.faults = chance.choices(faults, k=3)
            found |= set(await one_round(at, cursors, limit=chance.choice([3, 100])))
            for post in chance.sample(posts, min(5, len(posts))):
                at.fake.delete(post)
            try:
                await at.source.verify([post.id for post in chance.sample(posts, min(20, len(posts)))], at.till)
            except SourceError:
                assert at.fake.faults is not None
            at.clock.pass_by(minutes=40)
        at.fake.faults = []
        found |= set(await one_round(at, cursors))
        assert at.fake.billed_today() > 500_000
        assert at.till.today - sum(most for most, _ in at.till.open) <= at.fake.billed_today() <= at.till.today
        if "lost" not in faults:
            assert at.till.today == at.fake.billed_today()
        gone = {post.text for post in posts if post.gone}
        assert written - gone <= found


@pytest.mark.parametrize("fault", ["trouble", "too many", "credits", "sign in", "forbidden"])
async def test_what_was_refused_costs_nothing(fault: str) -> None:
    async with desk() as at:
        at.fake.write("heron")
        at.fake.fault = fault
        with pytest.raises(SourceError):
            await at.source.poll(None, 10, at.search(), at.till)
        assert (at.till.today, at.till.open) == (0, [])


@pytest.mark.parametrize("fault", ["lost", "broken"])
async def test_a_lost_answer_stays_reserved_until_the_same_is_answered(fault: str) -> None:
    async with desk() as at:
        at.fake.write("heron")
        at.fake.faults = [fault, fault]
        for _ in range(2):
            with pytest.raises(Transient):
                await at.source.poll(None, 10, at.search(), at.till)
        assert at.fake.billed_today() == 5_000
        assert at.till.today == 500_000, "the worst, once"
        await at.read(at.search())
        assert at.till.today == at.fake.billed_today() == 15_000


async def test_a_lost_answer_of_yesterday_stays_spent_there() -> None:
    async with desk() as at:
        at.fake.write("heron")
        at.fake.faults = ["lost"]
        with pytest.raises(Transient):
            await at.source.poll(None, 10, at.search(), at.till)
        at.clock.pass_by(hours=13)
        await at.read(at.search())
        assert at.till.today == at.fake.billed_today() == 15_000
        assert at.till.spent["2026-11-21"] >= at.fake.bill["2026-11-21"]


@pytest.mark.parametrize("limit", [SMALLEST_SEARCH, 400_000, 1_000_000])
async def test_the_budget_is_never_passed_and_everything_comes_in_time(limit: int) -> None:
    async with desk(limit=limit, mentions=False, look_back="7d") as at:
        told = [f"heron {number}" for number in range(60)]
        for number, words in enumerate(told):
            at.fake.write(words, f"user{number}", when=at.clock() - timedelta(minutes=60 - number))
        cursor, found, pauses = None, [], 0
        for _ in range(200):
            try:
                page = await at.source.poll(cursor, 7, at.search(), at.till)
            except BudgetSpent:
                at.clock.pass_by(days=1)
                pauses += 1
                continue
            cursor, found = page.cursor, found + texts(list(page.items))
            assert at.fake.billed_today() <= at.till.today <= limit
            if not page.more:
                break
        assert sorted(found) == sorted(told)
        assert bool(pauses) == (limit < 900_000)
        assert all(money <= limit for money in at.fake.bill.values())


async def test_what_is_read_can_be_given_with_its_authors() -> None:
    async with desk(limit=1_000_000, mentions=False) as at:
        for number in range(250):
            at.fake.write(f"heron {number}", f"user{number}")
        page = await at.source.poll(None, 500, at.search(), at.till)
        assert len(page.items) > 40
        assert all(isinstance(item, RawMention) and item.author for item in page.items)


async def test_a_lost_page_is_not_forgotten_for_a_part_of_it() -> None:
    async with desk(most_per_poll=100) as at:
        for number in range(150):
            at.fake.write(f"heron {number}", "nina")
        at.fake.faults = ["lost"]
        with pytest.raises(Transient):
            await at.source.poll(None, 100, at.search(), at.till)
        for number in range(60):
            at.fake.write(f"heron later {number}", "nina")
        await at.source.poll(None, 100, at.search(), at.till)
        assert at.till.today >= at.fake.billed_today()


async def test_a_small_rest_asks_for_a_small_page() -> None:
    async with desk(limit=SMALLEST_SEARCH) as at:
        at.fake.write("heron")
        _, cursor = await at.read(at.search())
        sizes = [query["max_results"] for _, path, query in at.fake.seen if path.endswith("recent")]
        assert sizes == ["10"]
        with pytest.raises(BudgetSpent, match="midnight UTC") as raised:
            await at.source.poll(cursor, 10, at.search(), at.till)
        assert raised.value.until == at.clock().replace(hour=0) + timedelta(days=1)
        assert len([path for _, path, _ in at.fake.seen if path.endswith("recent")]) == 1


async def test_looking_again_stops_where_the_money_ends() -> None:
    async with desk() as at:
        ids = [at.fake.write(f"heron {number}").id for number in range(5)]
        at.till.limit = 10_000
        assert await at.source.affordable(5, at.till) == 2
        with pytest.raises(BudgetSpent):
            await at.source.verify(ids, at.till)
        assert at.fake.billed_today() == at.till.today == 0, "all of them or none: what is not asked stays due"
        told = await at.source.verify(ids[:2], at.till)
        assert [item.native_id for item in told if isinstance(item, RawMention)] == ids[:2]
        with pytest.raises(BudgetSpent, match="midnight"):
            await at.source.affordable(3, at.till)
        assert at.fake.billed_today() == at.till.today == 10_000


async def test_after_kills_the_sum_is_never_below_the_bill_nor_above_the_budget() -> None:
    chance = random.Random(3)
    async with desk(limit=3_000_000, mentions=False) as at:
        cursor: str | None = None
        for step in range(40):
            at.fake.write(f"heron {step}", f"user{step}")
            polling = asyncio.ensure_future(at.source.poll(cursor, 100, at.search(), at.till))
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            if polling.done() and not polling.exception():
                cursor = polling.result().cursor
            else:
                polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            if chance.random() < 0.2:  # the program starts anew, and its till knows no open reservations
                at.till.open.clear()
                at.source._meter.__init__(at.clock)  # type: ignore[misc]
                at.source._pages._held.clear()
            assert at.fake.billed_today() <= at.till.today <= 3_000_000


async def test_two_tills_do_not_settle_each_others_reservations() -> None:
    async with desk() as at:
        at.fake.write("heron")
        at.fake.faults = ["lost"]
        with pytest.raises(Transient):
            await at.source.poll(None, 10, at.search(), at.till)
        with pytest.raises(BudgetSpent):
            await at.source.poll(None, 10, at.search(), Till(at.clock, 0))
        other = Till(at.clock)
        await at.source.poll(None, 10, at.search(), other)
        assert other.today == 15_000
        assert at.till.today == 500_000


def test_a_refusal_does_not_repeat_more_than_a_line_of_xs_words() -> None:
    assert len(str(Refused(400, "x" * 5_000))) < 300
