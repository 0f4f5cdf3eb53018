"""Messages that have to wait by themselves: nothing else waits with them, and many changes are few calls."""

from dataclasses import dataclass, field
from pathlib import Path

import discord

from bot.chats.discord.turns import Turns
from bot.deliver import MOST_ATTEMPTS
from handlers.cards import Drawing
from handlers.ports import ChatLater
from tests.bot.fakes import FakeChat, Outcome, Post, Station, station
from tests.kit import TROUBLES


def later(seconds: float) -> Outcome:
    async def outcome(post: Post) -> str:
        raise ChatLater("It is old and waits its turn.", seconds)

    return outcome


@dataclass
class SlowChat(FakeChat):
    """Redraws as Discord lets us."""

    redrawn: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock, lambda: self.clock().timestamp())

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        snowflake = discord.utils.time_snowflake(self.message(ref).posted_at) + int(ref)
        if (wait := self.turns.wait(len(channel), snowflake)) > 0:
            raise ChatLater("It waits its turn.", wait)
        self.redrawn.append(ref)
        await super().update(channel, ref, drawing, key)


def with_slow_chat(opened: Station) -> SlowChat:
    chat = SlowChat(opened.clock)
    opened.chats = {chat.name: chat}
    opened.deliverer = opened.new_deliverer()
    return chat


async def test_a_message_that_has_to_wait_holds_no_other_and_is_not_counted(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = opened.chats["far"]
        for number in range(2):
            await opened.open_case(TROUBLES[number])
        await opened.deliver()
        chat.next_updates.append(later(30))
        await opened.say("ana", "claim 1")
        await opened.say("ana", "claim 2")
        await opened.deliver()
        assert sorted(one.words for one in chat.messages) in (
            ["#1 claimed by Ana", "#2 open"],
            ["#1 open", "#2 claimed by Ana"],
        )
        waiting = next(one for one in chat.messages if one.words.endswith("open"))
        for _ in range(MOST_ATTEMPTS + 1):
            chat.next_updates.append(later(30))
            opened.clock.pass_by(seconds=30)
            await opened.deliver()
        row = await opened.row(f"redraw:case:{waiting.words[1]}:far:#alerts")
        assert (row["state"], row["attempts"]) == ("pending", 0)
        opened.clock.pass_by(seconds=30)
        await opened.deliver()
        assert waiting.words.endswith("claimed by Ana")
        assert not await opened.dead()


async def test_changes_within_a_second_are_one_call_and_the_last_is_shown(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = with_slow_chat(opened)
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        await opened.say("ana", "claim 1")
        await opened.deliver()
        assert chat.messages[0].words == "#1 claimed by Ana"  # the first at once
        for line in ("release 1", "claim 1", "release 1"):
            opened.clock.pass_by(seconds=0.2)
            await opened.say("ana", line)
            await opened.deliver()
        assert len(chat.redrawn) == 1
        opened.clock.pass_by(seconds=0.5)
        await opened.deliver()
        assert (len(chat.redrawn), chat.messages[0].words) == (2, "#1 open")


async def test_a_storm_of_old_messages_cannot_hold_a_fresh_one(db_path: Path) -> None:
    async with station(db_path) as opened:
        chat = with_slow_chat(opened)
        for trouble in TROUBLES[:4]:
            await opened.open_case(trouble)
        await opened.deliver()
        opened.clock.pass_by(hours=2)
        fresh = await opened.open_case(TROUBLES[4])
        await opened.deliver()
        for number in range(1, fresh + 1):  # the fresh one is asked for last
            await opened.say("ana", f"claim {number}")
        await opened.deliver()
        ref = next(one.ref for one in chat.messages if one.words == f"#{fresh} claimed by Ana")
        assert ref in chat.redrawn
        assert len(chat.redrawn) == 3 + 1
        await opened.say("ana", f"release {fresh}")
        opened.clock.pass_by(seconds=1)
        await opened.deliver()
        assert chat.message(ref).words == f"#{fresh} open"
        await opened.deliver_for(17)
        assert len(chat.redrawn) == 3 + 2
        await opened.deliver_for(5)
        assert len(chat.redrawn) == 4 + 2
        assert sum(one.words.endswith("claimed by Ana") for one in chat.messages) == 4
