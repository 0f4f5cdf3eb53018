"""The outbox at work: what leaves, in which order, how often, and what is true after everything that can go wrong."""

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import deliver
from bot.deliver import MOST_ATTEMPTS
from handlers.ports import ChatDoubtful
from handlers.rules.policy import Route
from storage.types import Lane
from tests.bot.fakes import (
    FakeChat,
    Station,
    Tripwire,
    busy,
    card_of,
    failed,
    lost,
    refused,
    station,
    swallowed,
)
from tests.kit import TROUBLES

CARD = card_of(1)


def far(opened: Station) -> FakeChat:
    return opened.chats["far"]


# Order and pace


async def test_state_changes_leave_before_urgent_before_normal_before_digests(db_path: Path) -> None:
    async with station(db_path) as opened:
        for lane in (Lane.DIGEST, Lane.NORMAL, Lane.URGENT, Lane.STATE):
            await opened.ask_for(lane.name, lane=lane)
        await opened.ask_for("NORMAL again")
        await opened.deliver()
        assert far(opened).keys() == ["STATE", "URGENT", "NORMAL", "NORMAL again", "DIGEST"]


@pytest.mark.parametrize("pace", [0.0, 1.0])
async def test_what_is_more_urgent_overtakes_a_storm_that_is_on_its_way(db_path: Path, pace: float) -> None:
    async with station(db_path, pace=pace) as opened:
        chat = far(opened)
        for number in range(60):
            await opened.ask_for(f"digest {number}", lane=Lane.DIGEST)
        chat.hold["#alerts"] = asyncio.Event()
        await opened.deliverer.start_due()
        await chat.entered.wait()
        await opened.ask_for("urgent", lane=Lane.URGENT)
        chat.hold.pop("#alerts").set()
        await opened.deliver()
        assert chat.keys().index("urgent") <= deliver._TURN
        assert len(chat.keys()) == 61


async def test_a_channel_is_posted_to_at_the_chats_pace_and_each_at_its_own(db_path: Path) -> None:
    async with station(db_path, pace=1.0) as opened:
        for number in range(4):
            await opened.ask_for(f"a{number}")
        await opened.deliver()
        moments = [moment for moment, _, _ in far(opened).calls]
        gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(moments)]
        assert gaps == [1.0, 1.0, 1.0]


async def test_a_dead_channel_holds_no_other(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.hold["#stuck"] = asyncio.Event()
        await opened.ask_for("first", "#stuck", Lane.STATE)
        await opened.ask_for("second", "#stuck", Lane.STATE)
        await opened.ask_for("other", "#free", Lane.DIGEST)
        running = asyncio.create_task(opened.deliverer.run())
        async with asyncio.timeout(30):
            while "other" not in chat.keys():  # noqa: SIM118, ASYNC110 - a method of ours
                await asyncio.sleep(0.01)
        assert chat.keys() == ["other"]
        chat.hold.pop("#stuck").set()
        async with asyncio.timeout(30):
            while len(chat.keys()) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        running.cancel()
        assert chat.keys() == ["other", "first", "second"]


async def test_looking_for_a_lost_message_in_one_channel_holds_no_other(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(swallowed)
        await opened.ask_for("lost", "#stuck")
        await opened.deliver()
        opened.clock.pass_by(seconds=chat.settle)
        chat.hold["#stuck"] = asyncio.Event()
        await opened.ask_for("other", "#free")
        async with asyncio.timeout(5):  # less than a call may take
            await opened.deliverer.settle()
            await opened.deliverer.start_due()
            while "other" not in chat.keys():  # noqa: SIM118, ASYNC110
                await asyncio.sleep(0.01)
        assert "lost" not in chat.keys()  # noqa: SIM118
        chat.hold.pop("#stuck").set()
        await opened.deliver()
        assert sorted(chat.keys()) == ["lost", "other"]


# Redraws


async def test_many_state_changes_are_few_updates_and_the_last_state_is_shown(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        for _ in range(10):
            await opened.say("ana", "claim 1")
            await opened.say("ana", "release 1")
        await opened.say("bo", "claim 1")
        await opened.deliver()
        assert chat.count("update") == 1
        assert [one.words for one in chat.messages] == ["#1 claimed by Bo"]


async def test_a_redraw_that_is_asked_for_while_one_is_on_its_way_is_not_lost(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        await opened.say("ana", "claim 1")

        async def meanwhile() -> None:
            chat.before_update = None
            await opened.say("ana", "resolve 1 fixed")

        chat.before_update = meanwhile
        await opened.deliver()
        assert chat.count("update") == 2
        assert chat.messages[0].words.startswith("#1 resolved")


async def test_a_change_while_the_card_is_being_posted_shows_on_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.hold["#alerts"] = asyncio.Event()
        await opened.open_case(TROUBLES[0])
        await opened.deliverer.start_due()
        await chat.entered.wait()
        await opened.say("ana", "claim 1")
        chat.hold.pop("#alerts").set()
        await opened.deliver_for(2)
        assert [one.words for one in chat.messages] == ["#1 claimed by Ana"]


async def test_a_lost_update_is_simply_done_again(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_updates.extend([lost, swallowed])
        await opened.say("ana", "claim 1")
        await opened.deliver_for(10)
        assert chat.messages[0].words == "#1 claimed by Ana"
        assert chat.count("find") == 0


async def test_a_lost_update_that_arrives_after_a_newer_one_does_not_stay(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        on_its_way: list[Callable[[], str]] = []

        async def slow(redraw: Callable[[], str]) -> str:
            on_its_way.append(redraw)
            raise ChatDoubtful("No answer came.")

        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_updates.append(slow)
        await opened.say("ana", "claim 1")
        await opened.deliver()
        await opened.say("ana", "resolve 1 fixed")
        await opened.deliver_for(5)
        assert chat.messages[0].words.startswith("#1 resolved")
        on_its_way.pop()()  # the chat has taken its time
        assert chat.messages[0].words == "#1 claimed by Ana"
        await opened.deliver_for(chat.settle + 5, step=5)
        assert chat.messages[0].words.startswith("#1 resolved")
        drawn = chat.count("update")
        await opened.deliver_for(3 * chat.settle, step=5)
        assert chat.count("update") == drawn == 3


# Waiting and refusal


async def test_asked_to_wait_it_calls_nothing_in_that_channel_until_then_and_counts_no_attempt(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(busy(30))
        for number in range(5):
            await opened.ask_for(f"n{number}")
        began = opened.clock()
        await opened.deliver()  # the first channel gets the answer; the other one asks after it
        await opened.ask_for("other", "#free")
        await opened.deliver_for(29)
        assert [key for _, _, key in chat.calls if key != "other"] == ["n0"]
        assert chat.keys() == ["other"]
        assert (await opened.row("n0"))["attempts"] == 0
        await opened.deliver_for(5)
        assert chat.keys("#alerts") == [f"n{number}" for number in range(5)]
        assert all((moment - began).total_seconds() >= 30 for moment, _, key in chat.calls[2:])


async def test_asked_to_wait_more_often_than_there_are_attempts_it_still_posts(db_path: Path) -> None:
    async with station(db_path) as opened:
        far(opened).next_posts.extend([busy(1)] * (MOST_ATTEMPTS + 3))
        await opened.ask_for("patient")
        await opened.deliver_for(MOST_ATTEMPTS + 10)
        assert far(opened).keys() == ["patient"]


async def test_what_the_chat_refuses_is_dead_shown_by_status_and_revived_by_retry(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(refused)
        await opened.open_case(TROUBLES[0])
        await opened.deliver_for(300)
        assert chat.count("post") == 1
        screen = (await opened.say("mia", "status")).screen
        assert screen is not None
        assert any("not delivered: case:1" in row.heading and "no such channel" in row.facts[0] for row in screen.rows)
        assert (await opened.say("ana", "status retry")).is_error
        assert "1 failed delivery is on the way again" in (await opened.say("mia", "status retry")).words
        await opened.deliver()
        assert chat.keys() == [CARD]
        assert await opened.dead() == []


async def test_a_post_that_clearly_fails_is_tried_again_ever_later_and_given_up(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.extend([failed] * 100)
        await opened.ask_for("hopeless")
        await opened.deliver_for(900)
        assert chat.count("post") == MOST_ATTEMPTS
        gaps = [(after[0] - before[0]).total_seconds() for before, after in itertools.pairwise(chat.calls)]
        assert gaps == sorted(gaps)
        assert [one.key for one in await opened.dead()] == ["hopeless"]


async def test_an_update_that_always_fails_is_given_up_too(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_updates.extend([failed] * 1000)
        await opened.say("ana", "claim 1")
        await opened.deliver_for(900)
        assert chat.count("update") == MOST_ATTEMPTS
        assert len(await opened.dead()) == 1


async def test_a_chat_that_is_not_here_any_more_is_said(db_path: Path) -> None:
    async with station(db_path, routes=(Route("gone:#alerts"), Route("far:#alerts"))) as opened:
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        assert [(one.key, one.error) for one in await opened.dead()] == [
            (card_of(1, "gone:#alerts"), "There is no chat called gone here.")
        ]
        assert far(opened).keys() == [CARD]


async def test_what_was_on_its_way_to_a_chat_that_is_not_here_any_more_is_said(db_path: Path) -> None:
    async with station(db_path) as opened:
        far(opened).next_posts.append(lost)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        opened.deliverer._chats = {}
        await opened.deliver()
        assert [one.key for one in await opened.dead()] == [CARD]


# The task itself


async def test_a_failure_of_the_store_is_waited_out(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        real = opened.bridge.read
        failures = 0

        async def failing(work: object) -> None:
            nonlocal failures
            failures += 1
            opened.bridge.read = real  # type: ignore[method-assign]
            raise OSError("disk I/O error")

        opened.bridge.read = failing  # type: ignore[method-assign, assignment]
        running = asyncio.create_task(opened.deliverer.run())
        async with asyncio.timeout(30):
            while not chat.messages:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        running.cancel()
        assert failures == 1


async def test_a_channel_whose_task_failed_rests_before_it_is_tried_again(db_path: Path) -> None:
    async with station(db_path) as opened:
        wire = Tripwire(opened.bridge, 0, is_after=False)
        opened.deliverer = opened.new_deliverer(wire)
        await opened.ask_for("unlucky")
        await opened.deliverer.start_due()
        await asyncio.wait(list(opened.deliverer._busy.values()))
        opened.deliverer._bridge = opened.bridge
        assert not await opened.deliverer.start_due()
        await opened.deliver_for(10)
        assert far(opened).keys() == ["unlucky"]


@pytest.mark.parametrize("turns", range(4))
async def test_it_can_be_cancelled_in_the_moment_in_which_it_is_rung(db_path: Path, turns: int) -> None:
    async with station(db_path) as opened:
        for _ in range(5):
            running = asyncio.create_task(opened.deliverer.run())
            await opened.ask_for(f"again {opened.deliverer._now()}")
            async with asyncio.timeout(30):
                while not opened.deliverer._bell._waiters:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            opened.deliverer.ring()
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
            done, _ = await asyncio.wait([running], timeout=10)
            assert done == {running}


async def test_stopping_finishes_the_call_on_its_way_and_leaves_the_rest_in_the_outbox(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.hold["#alerts"] = asyncio.Event()
        for number in range(5):
            await opened.ask_for(f"n{number}")
        await opened.deliverer.start_due()
        await chat.entered.wait()
        stopping = asyncio.create_task(opened.deliverer.stop())
        await asyncio.sleep(0)
        chat.hold.pop("#alerts").set()
        await stopping
        assert chat.keys() == ["n0"]
        assert opened.deliverer._busy == {}
        states = await opened.bridge.read(lambda store: store.engine.rows("select state from deliveries order by id"))
        assert [row["state"] for row in states] == ["sent", *["pending"] * 4]


async def test_stopping_cancels_a_call_that_never_ends(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "CALL_TIMEOUT", 0.05)
    async with station(db_path) as opened:
        stuck = asyncio.Event()

        async def never(seconds: float) -> None:
            stuck.set()
            await asyncio.Event().wait()

        far(opened).pace = 1.0
        opened.deliverer._sleep = never
        await opened.ask_for("last")
        await opened.deliverer.start_due()
        await stuck.wait()
        await opened.deliverer.stop()
        assert opened.deliverer._busy == {}


async def test_a_call_that_takes_too_long_is_doubtful(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "CALL_TIMEOUT", 0.05)
    async with station(db_path) as opened:
        chat = far(opened)
        chat.hold["#alerts"] = asyncio.Event()
        await opened.ask_for("slow")
        await opened.deliver()
        assert (await opened.row("slow"))["state"] == "sending"
        chat.hold.pop("#alerts")
        await opened.deliver_for(chat.settle + 5)
        assert chat.keys() == ["slow"]


async def test_a_notice_is_drawn_from_its_own_words(db_path: Path) -> None:
    async with station(db_path) as opened:
        await opened.ask_for("just words")
        await opened.deliver()
        assert far(opened).messages[0].words == json.loads((await opened.row("just words"))["body"])["words"]
