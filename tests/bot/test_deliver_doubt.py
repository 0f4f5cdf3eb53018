"""After a lost answer, a lost card or a dead process: one message, or two of which the second says so."""

import asyncio
from pathlib import Path

import pytest

from tests.bot.fakes import (
    Died,
    FakeChat,
    Outcome,
    Station,
    Tripwire,
    broken,
    busy,
    card_of,
    dies,
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


# Doubt


@pytest.mark.parametrize("outcome", [lost, swallowed, broken])
async def test_a_doubtful_post_is_looked_for_once_it_must_be_visible_and_is_there_once(
    db_path: Path, outcome: Outcome
) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(outcome)
        await opened.open_case(TROUBLES[0])
        await opened.deliver_for(chat.settle - 1)
        assert chat.count("find") == 0
        assert chat.count("post") == 1
        await opened.deliver_for(10)
        assert chat.keys() == [CARD]
        assert chat.count("post") == (1 if outcome is lost else 2)
        assert (await opened.row(CARD))["state"] == "sent"
        assert chat.messages[0].note == ""
        await opened.say("ana", "claim 1")
        await opened.deliver()
        assert chat.messages[0].words == "#1 claimed by Ana"


async def test_while_a_post_is_doubtful_the_others_of_its_channel_go_on(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(lost)
        for key in ("a", "b", "c"):
            await opened.ask_for(key)
        await opened.deliver()
        assert chat.keys() == ["a", "b", "c"]
        assert chat.count("post") == 3


async def test_a_history_unreadable_for_long_leads_to_a_repeat_that_says_so(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(lost)
        chat.can_search = False
        await opened.open_case(TROUBLES[0])
        await opened.deliver_for(300, step=5)
        assert chat.keys() == [CARD]
        chat.next_posts.extend([busy(2), failed])  # what comes between must not make it forget
        await opened.deliver_for(500, step=5)
        assert chat.keys() == [CARD, CARD]
        assert [bool(one.note) for one in chat.messages] == [False, True]
        assert "may be a repeat" in chat.messages[1].note


async def test_a_notice_and_a_draft_say_that_they_may_be_repeats_too(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.next_posts.extend([lost, lost])
        chat.can_search = False
        await opened.say("mia", "assign 1 @ana")
        await opened.say("ana", "draft 1 We are sorry.")
        await opened.deliver_for(700, step=5)
        repeats = [one for one in chat.messages if "may be a repeat" in one.words + one.note]
        assert len(repeats) == 2
        assert len(chat.messages) == 5


async def test_an_unreadable_history_is_not_asked_at_every_turn(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.extend([lost, lost, lost])
        chat.can_search = False
        for key in ("a", "b", "c"):
            await opened.ask_for(key)
        await opened.deliver()
        opened.clock.pass_by(seconds=chat.settle)
        for _ in range(20):
            await opened.deliver()
        assert chat.count("find") == 1


async def test_after_a_long_rest_nothing_is_repeated_because_the_chat_is_not_reached_at_once(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(dies(after_posting=True))
        await opened.open_case(TROUBLES[0])
        await opened.die_delivering()
        opened.clock.pass_by(hours=1)
        chat.can_search = False
        await opened.deliver_for(10, step=5)
        chat.can_search = True
        await opened.deliver_for(10, step=5)
        assert chat.keys() == [CARD]
        assert (await opened.row(CARD))["state"] == "sent"


async def test_an_adapter_that_breaks_whenever_it_looks_leaves_no_row_hanging(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(lost)

        async def find(channel: str, key: str, since: object, parent_ref: str) -> str | None:
            raise KeyError("ts")

        chat.find = find  # type: ignore[method-assign]
        await opened.open_case(TROUBLES[0])
        await opened.deliver_for(300, step=5)
        await opened.ask_for("next")
        await opened.deliver_for(400, step=5)
        assert chat.keys() == [CARD, "next", CARD]
        assert "may be a repeat" in chat.messages[2].note


# Threads


async def test_what_belongs_into_a_thread_waits_for_its_card(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(lost)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        await opened.say("mia", "assign 1 @ana")
        await opened.say("ana", "draft 1 We are sorry.")
        await opened.deliver_for(30)
        assert chat.keys() == [CARD]
        await opened.deliver_for(60)
        kinds = [type(one.shown).__name__ for one in chat.messages]
        assert sorted(kinds) == ["Card", "DraftCard", "Notice"]
        assert [one.parent for one in chat.messages] == ["", "1", "1"]
        assert (await opened.row("draft:1:far:#alerts"))["attempts"] == 1


async def test_what_belongs_to_a_card_that_was_refused_is_dead_and_comes_back_with_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.say("mia", "assign 1 @ana")
        chat.next_posts.append(refused)
        await opened.deliver_for(5)
        assert len(await opened.dead()) == 2
        await opened.say("mia", "status retry")
        await opened.deliver_for(5)
        assert [type(one.shown).__name__ for one in chat.messages] == ["Card", "Notice"]
        assert chat.messages[1].parent == "1"


async def test_what_belongs_to_a_card_that_was_dropped_is_dropped(db_path: Path) -> None:
    async with station(db_path) as opened:
        await opened.open_case(TROUBLES[0])
        await opened.say("mia", "assign 1 @ana")
        await opened.write(lambda ctx: ctx.store.engine.run("update deliveries set state='superseded' where id=1"))
        await opened.deliver_for(5)
        assert far(opened).messages == []
        assert await opened.value("select count(*) from deliveries where state = 'pending'") == 0


async def test_a_message_that_a_person_deleted_is_not_posted_again(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        chat.messages[0].is_deleted = True
        await opened.say("ana", "claim 1")
        await opened.deliver_for(300, step=5)
        assert chat.count("update") == 1
        assert chat.count("post") == 1
        assert await opened.dead() == []


# The end of the process at every point


@pytest.mark.parametrize("after_posting", [False, True])
async def test_a_process_that_dies_in_the_call_leaves_one_message(db_path: Path, after_posting: bool) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        chat.next_posts.append(dies(after_posting=after_posting))
        await opened.open_case(TROUBLES[0])
        await opened.die_delivering()
        assert (await opened.row(CARD))["state"] == "sending"
        await opened.deliver_for(chat.settle + 5)
        assert chat.keys() == [CARD]
        assert (await opened.row(CARD))["state"] == "sent"


@pytest.mark.long
@pytest.mark.parametrize("is_after", [False, True])
async def test_a_process_that_dies_at_any_write_leaves_every_message_once(db_path: Path, is_after: bool) -> None:
    async with station(db_path) as opened:
        chat = far(opened)
        await opened.open_case(TROUBLES[0])
        deaths = 0
        for at in range(40):
            await opened.say("ana", f"{'release' if at % 2 else 'claim'} 1")
            if at == 3:
                await opened.say("ana", "draft 1 We are sorry.")
                await opened.say("mia", "assign 1 @ana")
            wire = Tripwire(opened.bridge, at % 4, is_after=is_after)
            opened.deliverer = opened.new_deliverer(wire)
            try:
                await opened.deliverer.settle()
                await opened.deliverer.start_due()
                await asyncio.gather(*opened.deliverer._busy.values())
            except Died:
                pass
            deaths += wire.has_tripped
            await opened.restart()
            opened.clock.pass_by(seconds=chat.settle)
        await opened.deliver_for(chat.settle + 5)
        await opened.deliver()
        assert deaths >= 10
        assert sorted(chat.keys()) == sorted(set(chat.keys()))
        assert [type(one.shown).__name__ for one in chat.messages].count("Card") == 1
        card = await opened.bridge.read(lambda store: opened._draw(store, "case:1", "", opened.clock()))
        assert chat.messages[0].shown == card
        states = await opened.bridge.read(lambda store: store.engine.rows("select distinct state from deliveries"))
        assert {row["state"] for row in states} <= {"sent", "superseded"}
