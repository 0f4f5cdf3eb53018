"""Channels that cannot be used, and chats that ask to wait: what is paused, who is told, and what goes on."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from handlers import places
from handlers.places import AGAIN
from handlers.ports import ChatBusy, ChatClosed
from handlers.rules.policy import Route
from tests.bot.fakes import FakeChat, Outcome, Post, Station, card_of, lost, station
from tests.kit import POLICY, TROUBLES

CARD = card_of(1, "slack:#alerts")
SLACK = (Route("slack:#alerts"),)
TEAM = replace(
    POLICY, members=tuple(replace(one, slack="U0MIA") if one.name == "mia" else one for one in POLICY.members)
)


async def closed(post: Post) -> str:
    raise ChatClosed("#alerts is archived.", "Unarchive it, or name another channel in earshot.toml.")


def busy_everywhere(seconds: float) -> Outcome:
    async def outcome(post: Post) -> str:
        raise ChatBusy("Too many.", seconds, is_everywhere=True)

    return outcome


def at(opened: Station) -> FakeChat:
    return opened.chats["slack"]


def begun(chat: FakeChat, start: str) -> list[str]:
    return [one.key for one in chat.messages if one.key.startswith(start)]


async def paused(opened: Station) -> list[str]:
    return await opened.bridge.read(lambda store: [f"{one.chat}:{one.channel}" for one in store.pauses.all()])


async def test_a_closed_channel_is_paused_and_an_admin_is_told_once(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        chat.next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.open_case(TROUBLES[1])
        await opened.deliver()
        assert await paused(opened) == ["slack:#alerts"]
        assert [one.channel for one in chat.messages] == ["@mia"]
        assert "cannot post to slack:#alerts. #alerts is archived." in chat.messages[0].words
        assert "Nothing is lost" in chat.messages[0].words
        for _ in range(3):  # still closed, for the same reason
            chat.next_posts.append(closed)
            opened.clock.pass_by(seconds=AGAIN.total_seconds() + 1)
            await opened.deliver()
        assert [one.channel for one in chat.messages] == ["@mia"]
        assert not await opened.dead()


async def test_a_paused_channel_is_left_alone_until_it_is_tried_again_and_loses_nothing(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        chat.next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        await opened.open_case(TROUBLES[1])
        await opened.say("ana", "claim 1")
        await opened.deliver_for(AGAIN.total_seconds() - 5, step=30)
        assert begun(chat, "card") == []
        opened.clock.pass_by(seconds=60)
        await opened.deliver()
        assert sorted(begun(chat, "card")) == sorted([CARD, card_of(2, "slack:#alerts")])
        assert await paused(opened) == []
        assert (await opened.row(CARD))["attempts"] == 1


async def test_a_pause_outlives_a_restart_and_ends_when_somebody_reopens_the_channel(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        chat.next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        await opened.restart()
        await opened.deliver()
        assert begun(chat, "card") == []
        await opened.write(lambda ctx: ctx.store.pauses.end("slack", "#alerts"))
        await opened.deliver()
        assert begun(chat, "card") == [CARD]


async def test_another_reason_is_told_again(db_path: Path) -> None:
    async def left(post: Post) -> str:
        raise ChatClosed("Earshot is not in #alerts.", "Invite it.")

    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        chat.next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_posts.append(left)
        opened.clock.pass_by(seconds=AGAIN.total_seconds() + 1)
        await opened.deliver()
        assert ["archived" in one.words for one in chat.messages] == [True, False]


async def test_a_redraw_that_succeeds_in_a_closed_channel_neither_ends_the_pause_nor_tells_again(db_path: Path) -> None:
    async def restricted(post: Post) -> str:
        raise ChatClosed("The workspace does not let Earshot post in #alerts.", "Let it post there.")

    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_posts.append(restricted)
        await opened.open_case(TROUBLES[1])
        await opened.deliver()
        before = await opened.value("select since from pauses")
        for line in ("claim 1", "release 1", "claim 1"):
            chat.next_posts.append(restricted)
            await opened.say("ana", line)
            opened.clock.pass_by(seconds=AGAIN.total_seconds() + 1)
            await opened.deliver()
            assert await opened.value("select since from pauses") == before
        assert chat.messages[0].words == "#1 claimed by Ana"
        assert [one.channel for one in chat.messages] == ["#alerts", "@mia"]


async def test_a_redraw_ends_a_pause_that_nothing_else_waits_for(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_updates.append(closed)
        await opened.say("ana", "claim 1")
        await opened.deliver()
        assert await paused(opened) == ["slack:#alerts"]
        opened.clock.pass_by(seconds=AGAIN.total_seconds() + 1)
        await opened.deliver()
        assert chat.messages[0].words == "#1 claimed by Ana"
        assert await paused(opened) == []


async def test_a_channel_that_opens_and_closes_tells_an_admin_at_most_once_an_hour(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        await opened.open_case(TROUBLES[0])
        for _ in range(8):  # the chat's list says that it can be used, and the chat refuses each post
            chat.next_posts.append(closed)
            await opened.write(lambda ctx: places.reopen(ctx, "slack", "#alerts"))
            opened.clock.pass_by(seconds=10)
            await opened.deliver()
        assert [one.channel for one in chat.messages] == ["@mia"]
        await opened.write(lambda ctx: places.reopen(ctx, "slack", "#alerts"))
        chat.next_posts.append(closed)
        opened.clock.pass_by(hours=1)
        await opened.deliver()
        assert [one.channel for one in chat.messages] == ["@mia", "@mia"]


async def test_a_closed_direct_message_tells_nobody(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        at(opened).next_posts.extend([closed, closed])
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        assert await paused(opened) == ["slack:#alerts", "slack:@mia"]
        assert at(opened).messages == []


async def test_what_paused_channels_hold_is_no_late_delivery(db_path: Path) -> None:
    async with station(db_path, routes=SLACK, name="slack") as opened:
        at(opened).next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        opened.clock.pass_by(seconds=300)
        now = opened.clock()
        assert await opened.bridge.read(lambda store: store.deliveries.waiting(now)) == (0, None)


# Waiting when asked to


async def test_a_chat_that_asks_everybody_to_wait_gets_no_such_call_from_any_channel(db_path: Path) -> None:
    routes = (Route("slack:#alerts"), Route("slack:#second"))
    async with station(db_path, routes=routes, name="slack") as opened:
        chat = at(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_updates.append(busy_everywhere(30))
        await opened.say("ana", "claim 1")
        await opened.deliver()
        asked = chat.count("update")
        await opened.open_case(TROUBLES[1])
        await opened.deliver_for(25)
        assert chat.count("update") == asked <= 2  # the other channel's may have been on its way
        assert len(begun(chat, card_of(2, "slack:")[:21])) == 2  # posts go on
        await opened.deliver_for(10)
        assert {one.words for one in chat.messages if one.key.startswith(CARD[:21])} == {"#1 claimed by Ana"}


async def test_a_redraw_does_not_wait_for_the_pace_of_posts(db_path: Path) -> None:
    async with station(db_path, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.pace = 1.0
        posting = asyncio.Event()
        opened.deliverer._sleep = _waits_for(posting)
        await opened.open_case(TROUBLES[1])
        await opened.deliverer.start_due()
        await opened.say("ana", "claim 1")
        async with asyncio.timeout(10):
            while chat.count("update") < 1:
                await opened.deliverer.start_due()
                await asyncio.sleep(0.005)
        assert opened.deliverer._busy  # the post's turn is not over
        posting.set()
        await opened.deliver()


def _waits_for(event: asyncio.Event) -> Callable[[float], object]:
    async def sleep(_: float) -> None:
        await event.wait()

    return sleep


# Looking in threads


async def test_a_lost_message_of_a_thread_is_looked_for_in_its_thread(db_path: Path) -> None:
    async with station(db_path, routes=SLACK, name="slack") as opened:
        chat = at(opened)
        looked: list[str] = []
        find = chat.find

        async def noted(channel: str, key: str, since: object, parent_ref: str) -> str | None:
            looked.append(parent_ref)
            return await find(channel, key, since, parent_ref)  # type: ignore[arg-type]

        chat.find = noted  # type: ignore[assignment]
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_posts.append(lost)
        await opened.say("ana", "draft 1 We are sorry.")
        await opened.deliver_for(timedelta(seconds=70).total_seconds())
        assert looked == ["1"]
        assert len(begun(chat, "draft")) == 1


async def test_the_admins_note_is_a_notice_that_can_be_drawn_again(db_path: Path) -> None:
    async with station(db_path, policy=TEAM, routes=SLACK, name="slack") as opened:
        at(opened).next_posts.append(closed)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        bodies = await opened.bridge.read(
            lambda store: [row["body"] for row in store.engine.rows("select body from deliveries where body <> ''")]
        )
        assert [json.loads(body)["ping"] for body in bodies] == [""]
