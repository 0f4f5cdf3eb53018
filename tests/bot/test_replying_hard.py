"""Replies while things change around them: what is posted, what is believed, and what people are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from handlers import cases, replies
from handlers.context import Context
from handlers.ports import Budget, ByApi, ByLink, Can, Item, Posted, ReplyDoubtful, ReplyWay, Tombstone, Transient
from handlers.replies import MOST_ATTEMPTS
from tests.bot.fakes import listener
from tests.bot.network import Network, lost, swallowed
from tests.bot.test_replying import Room, notices, room
from tests.kit import raw


async def last_notice(made: Room) -> str:
    return (await notices(made))[-1]


async def take_back(made: Room, case: int) -> None:
    def back(ctx: Context) -> object:
        ana = ctx.policy.member("ana")
        assert ana is not None
        return replies.take_back(ctx, ana, cases.find(ctx, case))

    await made.station.write(back)


# What is posted is what was approved last


async def test_what_was_rewritten_and_approved_during_the_look_is_what_is_posted(db_path: Path) -> None:
    entered, gate = asyncio.Event(), asyncio.Event()

    class Slow(Network):
        async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
            entered.set()
            await gate.wait()
            return ()

    async with room(db_path) as made:
        network = made.station.sources["birds"] = Slow(made.clock, can=Can.REPLY | Can.VERIFY)
        case = await made.send("The old words.")
        posting = asyncio.create_task(made.replier.do_all())
        await entered.wait()
        await take_back(made, case)
        for who, line in (("ana", f"draft {case} The new words."), ("bo", f"approve {case}"), ("ana", f"send {case}")):
            assert not (await made.station.say(who, line)).is_error
        gate.set()
        await posting
        draft = await made.draft()
        (reply,) = network.stands
        assert (reply.text, reply.key) == ("The new words.", f"reply:{draft.id}:{draft.text_hash[:16]}")
        assert (draft.state, draft.text) == ("sent", "The new words.")


async def test_what_is_looked_for_is_what_was_tried(db_path: Path) -> None:
    """Whatever the draft was when it was found to be due."""
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        await made.replier.do_all()
        made.clock.pass_by(seconds=61)
        due = await made.draft()
        await made.replier._look_for(made.network, replace(due, text="Other words."))
        assert await made.state() == "sent"
        assert len(made.network.stands) == 1


# What it answers was edited or deleted a moment ago


async def test_an_edit_that_no_longer_names_us_still_stops_the_reply(db_path: Path) -> None:
    async with room(db_path) as made:
        case = await made.approve()
        made.network.can = Can.REPLY | Can.VERIFY
        made.network.now_there = (raw("n1", "My mother died today. I leave this place."),)
        await made.station.say("ana", f"send {case}")
        await made.go_on()
        assert made.network.stands == []
        assert await made.state() == "approved"
        assert f"The customer's words in #{case} were changed" in await last_notice(made)
        assert (await made.station.value("select text from mentions")).startswith("My mother died")


async def test_of_a_deleted_mention_it_is_told_that_it_is_deleted_whatever_the_account(db_path: Path) -> None:
    async with room(db_path) as made:
        case = await made.approve()
        made.network.can = Can.REPLY | Can.VERIFY
        made.network.now_there = (Tombstone("n1", "deleted"),)
        await made.station.say("ana", f"send {case}")
        made.network.account = "@heron_help"
        await made.go_on()
        told = await last_notice(made)
        assert "was deleted by its author" in told
        assert "@heron_help" not in told
        assert "deleted by its author" in (await made.station.say("ana", f"send {case}")).words


async def test_a_look_at_what_is_answered_is_no_sign_that_the_source_is_heard(db_path: Path) -> None:
    asked = "select last_ok_at from sources where name = 'birds'"
    async with room(db_path) as made:
        case = await made.approve()
        before = await made.station.value(asked)
        made.clock.pass_by(hours=5)
        made.network.can = Can.REPLY | Can.VERIFY
        made.network.now_there = (raw("n1", likes=3),)
        await made.station.say("ana", f"send {case}")
        await made.go_on()
        assert await made.station.value("select likes from mentions") == 3
        assert await made.station.value(asked) == before
        assert await made.station.value("select count(*) from cursors where query = '~look'") == 0


# What is believed of a look


@pytest.mark.parametrize("way", [ByApi("@heron_help"), ByLink("https://birds.example/post/n1")])
async def test_a_look_as_another_account_proves_nothing(db_path: Path, way: ReplyWay) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        await made.replier.do_all()
        stood = made.network.stands.pop()  # the other account does not see it
        made.network.can_reply = lambda _: way  # type: ignore[method-assign]
        await made.go_on()
        assert await made.state() == "doubtful"
        assert made.network.stands == []
        told = await last_notice(made)
        assert "Nobody knows whether the reply to #1 was posted" in told
        assert "as @heron" in told
        assert stood.text == "We are so sorry."
        assert "was not posted" not in " ".join(await notices(made))


async def test_the_account_that_is_asked_for_is_that_of_the_source_that_posts(db_path: Path) -> None:
    """The file was read again during the look at what is answered: another source stands in its place then."""

    class Replaced(Network):
        async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
            made.station.sources["birds"] = made.network
            return ()

    async with room(db_path) as made:
        await made.send()
        before = Replaced(made.clock, can=Can.REPLY | Can.VERIFY, account="@heron_help")
        made.station.sources["birds"] = before
        await made.replier.do_all()
        assert before.stands == []
        assert await made.state() == "approved"


async def test_a_look_by_a_source_that_was_replaced_proves_nothing(db_path: Path) -> None:
    class Replaced(Network):
        async def find_reply(self, *asked: object) -> Posted | None:
            made.station.sources["birds"] = made.network
            return None

    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        await made.replier.do_all()
        made.station.sources["birds"] = Replaced(made.clock, account="@heron_help")
        await made.go_on()
        assert await made.state() == "doubtful"
        assert len(made.network.stands) == 1


async def test_that_the_account_is_known_only_after_the_look_does_no_harm(db_path: Path) -> None:
    """After a restart a source knows who it is when it has signed in, which the look does."""

    class Forgetful(Network):
        async def find_reply(self, *asked: object) -> Posted | None:
            self.account = "@heron"
            return await super().find_reply(*asked)  # type: ignore[arg-type]

    async with room(db_path) as made:
        made.network = made.station.sources["birds"] = Forgetful(made.clock)
        await made.send()
        made.network.next_replies.append(swallowed)
        await made.replier.do_all()
        made.network.account = "the account on birds.example"
        await made.go_on()
        assert await made.state() == "sent"
        assert len(made.network.stands) == 1


async def test_where_a_look_proves_nothing_a_person_is_asked_at_once(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        made.network.cannot_look = ReplyDoubtful("No copy of it lies there, which proves nothing.", "Look there.")
        await made.replier.do_all()
        made.clock.pass_by(seconds=61)
        await made.replier.do_all()
        assert await made.state() == "doubtful"
        assert len(made.network.looked) == 1
        assert "No copy of it lies there, which proves nothing. Look there." in await last_notice(made)


@pytest.mark.parametrize(
    "said",
    [
        "birds.example broke off; it will be tried again.",
        "birds.example cannot be found; check the spelling, it will be tried again.",
        "birds.example is busy. It will be asked again.",
        "birds.example was not read yet; it will be looked for after that.",
    ],
)
async def test_of_a_reply_in_doubt_nobody_reads_that_it_is_tried_again(db_path: Path, said: str) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        made.network.cannot_look = Transient(said)
        await made.go_on()
        told = await last_notice(made)
        assert await made.state() == "doubtful"
        assert "birds.example" in told
        assert "It will not be posted again unless you say so." in told
        assert not any(words in told for words in ("tried again", "asked again", "after that"))
        assert ".." not in told
        assert "again" not in (await made.draft()).error


# A source that is not there


async def test_of_a_paused_source_it_is_told_that_it_is_paused(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        policy = made.station.brain.policy
        entry = listener(made.station, made.network, is_on=False).entry
        made.station.brain = replace(made.station.brain, policy=replace(policy, sources=(entry,)))
        del made.station.sources["birds"]
        await made.go_on()
        assert await made.state() == "approved"
        told = await last_notice(made)
        assert "The source birds is paused" in told
        assert "no source called" not in told


async def test_three_attempts_that_are_not_there_are_given_back(db_path: Path) -> None:
    """Where the account is the same, a look that finds nothing is believed."""
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.extend([swallowed] * MOST_ATTEMPTS)
        await made.go_on()
        assert await made.state() == "approved"
        assert "was not posted" in await last_notice(made)
