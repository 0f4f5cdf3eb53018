"""The stream: our rules there, posts as they come, each paid for, and a silence that is noticed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from handlers.ports import BadQuery, Broken, BudgetSpent, Item, Mark, RateLimited, SignInFailed, Transient
from storage.types import RawMention
from tests.x.kit import Desk, desk, wanted

RULE = "heron -is:retweet -from:heronair"


def opened(at: Desk) -> AsyncIterator[Item | Mark]:
    return at.source.stream(at.wanted, None, at.till)


async def first(stream: Any) -> Item | Mark:
    found: Item | Mark = await asyncio.wait_for(anext(stream), 5)
    return found


async def drained(stream: AsyncIterator[Item | Mark]) -> None:
    async for _ in stream:
        pass


async def test_posts_come_with_their_authors_and_a_mark() -> None:
    async with desk(stream=True) as at, aclosing(opened(at)) as stream:  # type: ignore[type-var]
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        await at.fake.say(b"")
        await at.fake.deliver(at.fake.write("a plover"))
        post = at.fake.write("heron!", "nina")
        await at.fake.deliver(post)
        item = await waiting
        assert isinstance(item, RawMention)
        assert (item.text, item.author, item.followers) == ("heron!", "nina", 400)
        assert await first(stream) == Mark(post.id)


async def test_what_was_streamed_and_then_searched_costs_once() -> None:
    async with desk(stream=True, limit=10_000_000) as at:
        async with aclosing(opened(at)) as stream:  # type: ignore[type-var]
            waiting = asyncio.ensure_future(first(stream))
            await asyncio.wait_for(at.fake.connected.wait(), 5)
            for number in range(45):
                await at.fake.deliver(at.fake.write(f"heron {number}", "nina"))
            await waiting
            for _ in range(2 * 45 - 1):
                await first(stream)
            assert at.till.today >= at.fake.billed_today()
        assert at.till.today == at.fake.billed_today() == 45 * 5_000 + 10_000
        await at.read(at.search())
        assert at.till.today == at.fake.billed_today() == 45 * 5_000 + 10_000


async def test_the_stream_ends_with_the_money() -> None:
    async with desk(stream=True, limit=200_000) as at:
        stream = opened(at)
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        for number in range(30):
            await at.fake.deliver(at.fake.write(f"heron {number}", "nina"))
        await waiting
        with pytest.raises(BudgetSpent):
            await drained(stream)
        assert at.till.today <= 200_000


async def test_over_midnight_both_days_are_paid() -> None:
    async with desk(stream=True) as at:
        async with aclosing(opened(at)) as stream:  # type: ignore[type-var]
            waiting = asyncio.ensure_future(first(stream))
            await asyncio.wait_for(at.fake.connected.wait(), 5)
            await at.fake.deliver(at.fake.write("heron today", "nina"))
            await waiting
            await first(stream)
            at.clock.pass_by(hours=13)
            await at.fake.deliver(at.fake.write("heron tomorrow", "nina"))
            await first(stream)
        for day, billed in at.fake.bill.items():
            assert at.till.spent[day] >= billed
        assert at.till.today == at.fake.billed_today() == 5_000


async def test_only_the_difference_of_the_rules_is_changed() -> None:
    async with desk("heron", stream=True) as at:
        at.fake.rules = {"71": (RULE, "earshot:0"), "72": ("old", "earshot:1"), "73": ("theirs", "another program")}
        async with aclosing(opened(at)) as stream:  # type: ignore[type-var]
            waiting = asyncio.ensure_future(first(stream))
            await asyncio.wait_for(at.fake.connected.wait(), 5)
            assert at.fake.rules == {"71": (RULE, "earshot:0"), "73": ("theirs", "another program")}
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def test_a_rule_is_added_when_the_brands_ask_for_more() -> None:
    async with desk("heron", stream=True) as at:
        stream = at.source.stream(wanted("plover"), None, at.till)
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        assert [value for value, _ in at.fake.rules.values()] == ["plover -is:retweet -from:heronair"]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_rule_that_x_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(stream=True) as at:
        monkeypatch.setattr(at.source, "_translated", lambda wanted, limit: ("-(bad",))
        with pytest.raises(BadQuery, match="rule"):
            await first(opened(at))


async def test_a_connection_that_died_is_ended_once() -> None:
    async with desk(stream=True) as at:
        at.fake.ghosts = 1
        stream = opened(at)
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        assert ("DELETE", "/2/connections/all", {}) in at.fake.seen
        at.fake.streams.append(at.fake.streams[0])
        with pytest.raises(RateLimited, match="another stream"):
            await first(opened(at))
        assert [method for method, _, _ in at.fake.seen].count("DELETE") == 2
        at.fake.streams.pop()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_silence_is_noticed() -> None:
    async with desk(stream=True) as at:
        at.source.quiet_for = 0.05
        with pytest.raises(Transient):
            await first(opened(at))
        assert at.till.today == 0


async def test_the_end_is_told_and_what_was_given_before_it_counts() -> None:
    async with desk(stream=True) as at:
        stream = opened(at)
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        at.fake.end_streams()
        with pytest.raises(Transient, match="opened again"):
            await waiting


@pytest.mark.parametrize("line", [b'{"errors": [{"title": "operational-disconnect"}]}'])
async def test_x_may_end_it_in_words(line: bytes) -> None:
    async with desk(stream=True) as at:
        waiting = asyncio.ensure_future(first(opened(at)))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        await at.fake.say(line)
        with pytest.raises(Transient, match="ends its stream"):
            await waiting


async def test_a_broken_line_costs_itself_alone() -> None:
    async with desk(stream=True) as at, aclosing(opened(at)) as stream:  # type: ignore[type-var]
        waiting = asyncio.ensure_future(first(stream))
        await asyncio.wait_for(at.fake.connected.wait(), 5)
        await at.fake.say(b"<html>")
        assert isinstance(await waiting, Broken)
        await at.fake.say(b'{"data": {"id": "5"}}')
        assert isinstance(await first(stream), Broken)
        await at.fake.deliver(at.fake.write("heron", "nina"))
        assert isinstance(await first(stream), RawMention)


async def test_a_key_that_is_refused_is_told() -> None:
    async with desk(stream=True) as at:
        at.fake.fault = "sign in"
        with pytest.raises(SignInFailed):
            await first(opened(at))
