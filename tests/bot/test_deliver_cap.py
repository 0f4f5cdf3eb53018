"""At most so many posts to a channel in a minute, and what is urgent is not among those that wait."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.deliver import MOST_POSTS
from handlers.cases import notice_body
from handlers.context import Context
from handlers.rules.policy import Route
from storage.types import Lane
from tests.bot.fakes import FakeChat, Station, busy, card_of, failed, station
from tests.kit import TROUBLES, raw

MINUTE = timedelta(minutes=1)


@asynccontextmanager
async def capped(
    path: Path, routes: tuple[Route, ...] = (Route("far:#alerts"),), **kept: float
) -> AsyncIterator[Station]:
    async with station(path, routes=routes, **kept) as opened:
        opened.most_posts = MOST_POSTS
        opened.deliverer = opened.new_deliverer()
        yield opened


def far(opened: Station) -> FakeChat:
    return opened.chats["far"]


def most_in_a_minute(chat: FakeChat, channel: str = "#alerts") -> int:
    """Over every stretch of a minute."""
    moments = sorted(one.posted_at for one in chat.messages if one.channel == channel)
    return max(sum(1 for other in moments if first <= other < first + MINUTE) for first in moments)


async def test_a_channel_gets_at_most_thirty_posts_in_any_minute_and_all_in_the_end(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(100):
            await opened.ask_for(f"n{number}", lane=Lane.STATE if number % 3 == 0 else Lane.NORMAL)
        await opened.deliver_for(600)
        chat = far(opened)
        assert len(set(chat.keys())) == len(chat.keys()) == 100
        assert most_in_a_minute(chat) <= MOST_POSTS


async def test_the_limit_holds_at_the_pace_of_the_chat_too(db_path: Path) -> None:
    async with capped(db_path, pace=1.0) as opened:
        for number in range(90):
            await opened.ask_for(f"n{number}")
        await opened.deliver_for(400)
        assert len(far(opened).keys()) == 90
        assert most_in_a_minute(far(opened)) <= MOST_POSTS


async def test_what_is_urgent_passes_at_once_however_much_waits(db_path: Path) -> None:
    async with capped(db_path, pace=1.0) as opened:
        for number in range(200):
            await opened.ask_for(f"n{number}", lane=Lane.NORMAL if number % 2 else Lane.DIGEST)
        asked = {}
        for number in range(20):
            await opened.deliver_for(13)
            key = f"urgent {number}"
            asked[key] = opened.clock()
            await opened.ask_for(key, lane=Lane.URGENT)
        await opened.deliver_for(60)
        posted = {one.key: one.posted_at for one in far(opened).messages}
        assert max(posted[key] - moment for key, moment in asked.items()) <= timedelta(seconds=2)
        assert most_in_a_minute(far(opened)) <= MOST_POSTS


async def test_among_what_waits_the_more_urgent_goes_first(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(40):
            await opened.ask_for(f"digest {number}", lane=Lane.DIGEST)
        await opened.deliver()
        waited = len(far(opened).keys())
        assert 0 < waited < MOST_POSTS
        await opened.ask_for("normal", lane=Lane.NORMAL)
        await opened.deliver_for(61)
        assert far(opened).keys()[waited] == "normal"


async def test_digests_get_through_a_stream_of_cards(db_path: Path) -> None:
    async with capped(db_path, pace=1.0) as opened:
        asked = {}
        for minute in range(6):
            for number in range(30):
                await opened.ask_for(f"card {minute} {number}")
            asked[f"digest {minute}"] = opened.clock()
            await opened.ask_for(f"digest {minute}", lane=Lane.DIGEST)
            await opened.deliver_for(60)
        await opened.deliver_for(5)
        posted = {one.key: one.posted_at for one in far(opened).messages}
        assert max(posted[key] - moment for key, moment in asked.items()) <= MINUTE + timedelta(seconds=5)
        assert most_in_a_minute(far(opened)) <= MOST_POSTS


async def test_threads_of_cards_that_wait_hold_nothing_up(db_path: Path) -> None:
    def ask(ctx: Context) -> None:
        for number in range(250):
            card, note = f"notice:card {number}", f"notice:note {number}"
            body = notice_body("x", "", None)
            for subject, parent, lane in ((card, "", Lane.NORMAL), (note, card, Lane.STATE)):
                ctx.store.deliveries.post(
                    subject, subject=subject, parent=parent, chat="far", channel="#alerts", lane=lane, now=ctx.now,
                    body=body,
                )  # fmt: skip

    async with capped(db_path) as opened:
        await opened.write(ask)
        await opened.ask_for("urgent", lane=Lane.URGENT)
        await opened.ask_for("other", "#free")
        await opened.deliver()
        assert far(opened).keys("#free") == ["other"]
        assert far(opened).keys()[0] == "urgent"
        assert await opened.value("select count(*) from deliveries where error <> ''") == 0, "none was tried in vain"


async def test_a_card_that_waits_is_posted_at_once_when_its_case_becomes_urgent(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(30):
            await opened.ask_for(f"n{number}")
        await opened.deliver()
        await opened.open_case(TROUBLES[0])
        await opened.deliver_for(5)
        before = far(opened).keys()
        await opened.take(
            raw("n1", f"{TROUBLES[0]} My lawyer will sue Heron", published_at=opened.clock(), followers=900_000)
        )
        await opened.deliver()
        assert far(opened).keys() == [*before, card_of(1)]


async def test_redraws_are_not_counted(db_path: Path) -> None:
    async with capped(db_path) as opened:
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        for number in range(40):
            await opened.ask_for(f"n{number}", lane=Lane.STATE)
        for verb in ("claim", "release", "claim"):
            await opened.say("ana", f"{verb} 1")
            await opened.deliver()
        assert far(opened).messages[0].words == "#1 claimed by Ana"
        assert far(opened).count("update") == 3
        assert len(far(opened).keys()) == MOST_POSTS


async def test_a_full_channel_holds_no_other(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(300):
            await opened.ask_for(f"n{number}")
        await opened.ask_for("other", "#free", Lane.DIGEST)
        await opened.deliver_for(3)
        assert far(opened).keys("#free") == ["other"]


async def test_posts_that_were_not_taken_count_too_and_are_made_in_the_end(db_path: Path) -> None:
    async with capped(db_path) as opened:
        chat = far(opened)
        chat.next_posts.extend([failed, busy(3)] * 10)
        for number in range(40):
            await opened.ask_for(f"n{number}", lane=Lane.URGENT)
        await opened.deliver_for(400)
        tried = sorted(moment for moment, what, _ in chat.calls if what == "post")
        assert sorted(chat.keys()) == sorted(f"n{number}" for number in range(40))
        assert all(later - first >= MINUTE for first, later in zip(tried, tried[MOST_POSTS:], strict=False))


async def test_a_new_process_knows_what_the_one_before_it_posted(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(80):
            await opened.ask_for(f"n{number}", lane=Lane.URGENT)
        for _ in range(4):
            await opened.deliver_for(5)
            await opened.restart()
        assert len(far(opened).keys()) == MOST_POSTS
        await opened.deliver_for(120)
        assert len(far(opened).keys()) == 80
        gaps = itertools.pairwise(sorted(one.posted_at for one in far(opened).messages))
        assert max(after - before for before, after in gaps) <= MINUTE + timedelta(seconds=1)


async def test_while_there_is_no_room_nothing_is_begun(db_path: Path) -> None:
    async with capped(db_path) as opened:
        for number in range(100):
            await opened.ask_for(f"n{number}")
        await opened.deliver()
        assert not await opened.deliverer.start_due(), "the loop would ask again and again"
