"""Replies, through a real file: none twice, none unapproved, none lost, whatever the network and the machine do."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from bot import replying
from bot.app import utc_now
from bot.fetch import Lost
from bot.health import Watch
from bot.replying import Replier, way_of
from handlers import intake
from handlers.ports import (
    BadSource,
    BudgetSpent,
    ByLink,
    Can,
    Gone,
    Page,
    RateLimited,
    ReplyRefused,
    ReplyWay,
    SignInFailed,
    Source,
    Tombstone,
    Transient,
)
from handlers.weighing import weigh
from storage.types import Draft, DraftState, Mention, Status, from_text
from tests.bot.fakes import Died, Station, Tripwire, listener, station
from tests.bot.network import DOWN, Network, Outcome, dies, dies_before, lost, raises, slow, swallowed
from tests.bot.running import Running, add_calls, running
from tests.kit import TROUBLES, raw


class Room:
    """A station with an outside network and what posts there."""

    def __init__(self, opened: Station) -> None:
        self.station = opened
        self.clock = opened.clock
        self.network = Network(opened.clock)
        opened.sources["birds"] = self.network
        self.replier = self.new_replier()

    def new_replier(self, bridge: Any = None) -> Replier:
        station = self.station

        async def take(source: Source, page: Page) -> None:
            await listener(station, source).take(page)

        crossing = bridge or station.bridge
        return Replier(crossing, station.sources, station.context, station.clock, lambda: None, take=take)

    async def restart(self) -> None:
        await self.station.restart()
        self.replier = self.new_replier()

    async def approve(self, text: str = "We are so sorry.", trouble: str = TROUBLES[0]) -> int:
        case = await self.station.open_case(trouble)
        for who, line in (("ana", f"draft {case} {text}"), ("bo", f"approve {case}")):
            reply = await self.station.say(who, line)
            assert not reply.is_error, reply.words
        return case

    async def send(self, text: str = "We are so sorry.", trouble: str = TROUBLES[0]) -> int:
        case = await self.approve(text, trouble)
        assert not (await self.station.say("ana", f"send {case}")).is_error
        return case

    async def draft(self, case: int = 1) -> Draft:
        return await self.station.bridge.read(lambda store: store.drafts.of_case(case)[-1])

    async def state(self, case: int = 1) -> str:
        return str((await self.draft(case)).state)

    async def status(self, case: int = 1) -> Status:
        return Status(await self.station.value("select status from cases where id = ?", case))

    async def go_on(self, replier: Replier | None = None, most: int = 60) -> None:
        """Post, and pass the time to whatever is due next, until nothing waits."""
        for _ in range(most):
            await (replier or self.replier).do_all()
            due = await self.station.value("select min(not_before) from drafts where state = 'sending'")
            if due is None:
                return
            self.clock.moment = max(self.clock() + timedelta(seconds=1), from_text(due))
        raise AssertionError("it never ends")


@asynccontextmanager
async def room(path: Path) -> AsyncIterator[Room]:
    async with station(path) as opened:
        made = Room(opened)
        try:
            yield made
        finally:
            await made.replier.stop()


async def notices(made: Room) -> list[str]:
    rows = await made.station.bridge.read(
        lambda store: store.engine.rows("select body from deliveries where body <> '' order by id")
    )
    return [row["body"] for row in rows]


# The main road


async def test_what_is_sent_off_stands_there_and_the_case_is_answered(db_path: Path) -> None:
    async with room(db_path) as made:
        case = await made.send()
        await made.replier.do_all()
        (reply,) = made.network.stands
        draft = await made.draft()
        assert (reply.under, reply.text) == ("n1", "We are so sorry.")
        assert reply.key == f"reply:{draft.id}:{draft.text_hash[:16]}"
        assert (draft.state, draft.sent_url, draft.sent_id) == ("sent", "https://birds.example/reply/r1", "r1")
        assert await made.status(case) is Status.ANSWERED
        assert made.network.looked == []


async def test_it_runs_beside_everything_else_and_ends_when_it_is_told(db_path: Path) -> None:
    async with room(db_path) as made:
        running = asyncio.create_task(made.replier.run())
        await made.send()
        made.replier.ring()
        await made.network.entered.wait()
        await made.replier.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert await made.state() == "sent"
        await made.send("Another one.", TROUBLES[1])
        await made.replier.do_all()
        assert len(made.network.tried) == 1


async def test_nothing_is_posted_before_it_is_sent_off(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.approve()
        await made.replier.do_all()
        assert made.network.tried == []


async def test_a_double_click_and_two_people_post_once(db_path: Path) -> None:
    async with room(db_path) as made:
        case = await made.approve()
        told = await asyncio.gather(*(made.station.say(who, f"send {case}") for who in ("ana", "ana", "bo", "mia")))
        assert [one.is_error for one in told] == [False, True, True, True]
        await asyncio.gather(*(made.replier.do_all() for _ in range(3)))
        assert len(made.network.tried) == 1


async def test_one_of_a_source_at_a_time_and_the_oldest_first(db_path: Path) -> None:
    async with room(db_path) as made:
        for number, trouble in enumerate(TROUBLES):
            await made.send(f"Sorry {number}.", trouble)
            made.clock.pass_by(seconds=1)
        made.network.hold = asyncio.Event()
        assert await made.replier.start_due()
        await made.network.entered.wait()
        assert not await made.replier.start_due()
        made.network.hold.set()
        await made.replier.do_all()
        assert [one.text for one in made.network.stands] == [f"Sorry {number}." for number in range(5)]
        assert made.network.most_together == 1


async def test_a_source_that_hangs_holds_no_other(db_path: Path) -> None:
    async with room(db_path) as made:
        other = Network(made.clock, "reviews")
        made.station.sources["reviews"] = other
        made.network.hold = asyncio.Event()
        await made.send()
        await made.replier.start_due()
        await made.network.entered.wait()
        case = await _of_reviews(made)
        await made.replier.start_due()
        await other.entered.wait()
        made.network.hold.set()
        await made.replier.do_all()
        assert (await made.state(), await made.state(case)) == ("sent", "sent")


async def _of_reviews(made: Room) -> int:
    await made.station.take(raw("v1", TROUBLES[1], published_at=made.clock()), source="reviews")
    case = int(await made.station.value("select max(id) from cases"))
    for who, line in (("ana", f"draft {case} Sorry."), ("bo", f"approve {case}"), ("ana", f"send {case}")):
        assert not (await made.station.say(who, line)).is_error
    return case


# What is certainly not posted


@pytest.mark.parametrize("error", [ReplyRefused("The author has blocked @heron."), SignInFailed("The token ended.")])
async def test_a_refusal_gives_it_back_to_people(db_path: Path, error: Exception) -> None:
    async with room(db_path) as made:
        case = await made.send()
        made.network.next_replies.append(raises(error))
        await made.go_on()
        assert await made.state() == "approved"
        assert await made.status(case) is Status.CLAIMED
        assert str(error) in (await notices(made))[-1]
        assert len(made.network.tried) == 1
        assert not (await made.station.say("ana", f"send {case}")).is_error
        await made.go_on()
        assert len(made.network.stands) == 1


async def test_what_fails_for_now_is_tried_again_until_it_stands(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.extend([raises(Transient("HTTP 503"))] * 4)
        await made.go_on()
        assert len(made.network.stands) == 1
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(made.network.tried)]
        assert gaps == sorted(gaps)
        assert gaps[-1] > gaps[0]
        assert made.network.looked == []


async def test_too_much_and_no_money_wait_as_long_as_they_ask(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        until = made.clock() + timedelta(minutes=30)
        midnight = made.clock() + timedelta(hours=14)
        made.network.next_replies.extend(
            [raises(RateLimited("Too many.", until)), raises(BudgetSpent("The $5 of today are spent.", midnight))]
        )
        await made.go_on()
        _, second, third = (moment for moment, _ in made.network.tried)
        assert until <= second
        assert midnight <= third
        assert len(made.network.stands) == 1
        assert len(await notices(made)) == 2  # that it waits, told once; that it was posted


async def test_after_a_day_of_failures_a_person_hears_of_it(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.extend([raises(Transient("HTTP 503"))] * 300)
        started = made.clock()
        await made.go_on(most=300)
        assert await made.state() == "approved"
        assert timedelta(hours=23) < made.clock() - started < timedelta(hours=25)
        assert "could not be posted for a day" in (await notices(made))[-1]


# Doubt


@pytest.mark.parametrize(
    "outcome",
    [
        lost,
        swallowed,
        slow,
        raises(Lost("birds.example: HTTP 502; it may have done it.")),
        raises(Lost("birds.example: HTTP 502; it may have done it."), is_posted=True),
        raises(KeyError("uri"), is_posted=True),
        raises(BadSource("It answered with a picture of a cat."), is_posted=True),
        raises(Gone("410"), is_posted=True),
        raises(OSError("broken pipe"), is_posted=True),
    ],
)
async def test_after_a_lost_answer_it_is_looked_for_and_stands_there_once(db_path: Path, outcome: Outcome) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(outcome)
        begun = made.clock()
        await made.replier.do_all()
        made.clock.pass_by(seconds=made.network.settle - 1)
        await made.replier.do_all()
        assert len(made.network.tried) == 1
        assert made.network.looked == []
        await made.go_on()
        assert len(made.network.stands) == 1
        assert await made.state() == "sent"
        looked, since = made.network.looked[0]
        assert looked >= begun + timedelta(seconds=made.network.settle)
        assert since <= begun - timedelta(minutes=1)


async def test_a_call_that_hangs_is_given_up_and_looked_for(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replying, "CALL_TIMEOUT", 0.01)
    async with room(db_path) as made:
        made.network.hold = asyncio.Event()
        await made.send()
        await made.replier.do_all()
        assert (await made.draft()).error == "The network did not answer in time."
        monkeypatch.undo()
        made.network.hold = None
        await made.go_on()
        assert len(made.network.looked) == 1
        assert len(made.network.stands) == 1


async def test_three_lost_answers_and_nothing_there_are_enough(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.extend([swallowed] * 9)
        await made.go_on()
        assert len(made.network.tried) == 3
        assert await made.state() == "approved"
        assert "It was tried 3 times, and is not there." in (await notices(made))[-1]


async def test_what_cannot_be_looked_for_is_never_posted_again_by_itself(db_path: Path) -> None:
    async with room(db_path) as made:
        case = await made.send()
        made.network.next_replies.append(lost)
        made.network.cannot_look = DOWN
        await made.go_on()
        assert await made.state() == "doubtful"
        looks = [moment for moment, _ in made.network.looked]
        assert timedelta(hours=1) <= looks[-1] - looks[0] < timedelta(hours=1.5)
        assert 5 < len(looks) < 25
        made.network.cannot_look = None
        made.clock.pass_by(days=3)
        await made.restart()
        await made.go_on()
        assert len(made.network.tried) == 1
        assert await made.status(case) is Status.CLAIMED
        assert "It will not be posted again unless you say so." in (await notices(made))[-1]


async def test_a_history_that_can_be_read_again_settles_the_doubt(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        made.network.next_finds.extend([DOWN, TimeoutError(), KeyError("posts")])
        await made.go_on()
        assert await made.state() == "sent"
        assert len(made.network.stands) == len(made.network.tried) == 1


async def test_a_source_that_cannot_look_at_all_asks_a_person_at_once(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        made.network.cannot_look = NotImplementedError()
        await made.go_on()
        assert await made.state() == "doubtful"
        assert len(made.network.looked) == 1


async def test_a_mention_deleted_while_in_doubt_is_a_persons_affair(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        await made.replier.do_all()
        await _delete(made)
        await made.go_on()
        assert await made.state() == "doubtful"
        assert len(made.network.tried) == 1


async def _delete(made: Room) -> None:
    entry = made.station.brain.policy.source("birds")
    assert entry is not None
    page = weigh(made.station.brain, entry, Page((Tombstone("n1", "deleted"),), None))
    await made.station.write(lambda ctx: intake.take_in(ctx, page))


# Between yes and the call


async def test_a_deletion_between_send_and_the_call_stops_it(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        await _delete(made)
        await made.go_on()
        assert made.network.tried == []
        assert await made.state() == "approved"
        assert "deleted by its author" in (await notices(made))[-1]


@pytest.mark.parametrize(
    ("now_there", "why"),
    [
        ((Tombstone("n1", "deleted"),), "deleted by its author"),
        ((raw("n1", "Heron has found my suitcase, thank you all so much for the help"),), "were changed after"),
    ],
)
async def test_it_is_looked_at_once_more_before_it_is_answered(db_path: Path, now_there: Any, why: str) -> None:
    async with room(db_path) as made:
        made.network.can |= Can.VERIFY
        await made.send()
        made.network.now_there = now_there
        await made.go_on()
        assert made.network.tried == []
        assert await made.state() == "approved"
        assert why in (await notices(made))[-1]


ANOTHER = raw("another", "Heron has eaten my lunch, what an awful service, I am furious")


@pytest.mark.parametrize("now_there", [Transient("503"), KeyError("data"), (), (ANOTHER,)])
async def test_what_cannot_be_looked_at_is_answered_as_it_is_known(db_path: Path, now_there: Any) -> None:
    async with room(db_path) as made:
        made.network.can |= Can.VERIFY
        await made.send()
        made.network.now_there = now_there
        await made.go_on()
        assert len(made.network.stands) == 1
        assert await made.station.value("select count(*) from mentions") == 1


async def test_a_source_that_is_gone_gives_back_what_was_never_tried(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        del made.station.sources["birds"]
        await made.go_on()
        assert await made.state() == "approved"
        assert "There is no source called birds any more." in (await notices(made))[-1]


async def test_a_source_that_is_gone_leaves_what_was_tried_in_doubt(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(lost)
        await made.replier.do_all()
        del made.station.sources["birds"]
        await made.go_on()
        assert await made.state() == "doubtful"


async def test_a_source_that_cannot_say_how_leaves_it_to_people(db_path: Path) -> None:
    class Confused(Network):
        def can_reply(self, mention: Mention) -> ReplyWay:
            raise KeyError("handle")

    async with room(db_path) as made:
        case = await made.approve()
        mention = await made.station.bridge.read(lambda store: store.mentions.get(1))
        assert mention is not None
        way = way_of({"birds": Confused(made.clock)}, mention)
        assert way == ByLink("https://birds.example/post/n1")
        assert case == 1


async def test_the_program_posts_what_was_sent_off_on_its_page(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        network = Network(utc_now, "calls")
        opened.app._listening.sources["calls"] = network
        await opened.becomes("select count(*) from sources where status = 'ok'")
        add_calls(tmp_path, "a.jsonl", {"id": "1", "text": TROUBLES[0], "author": "zoe"})
        await opened.becomes("select count(*) from cases")
        ana, bo = await opened.person("ana"), await opened.person("bo")
        await ana.say("draft 1 We are so sorry.")
        await bo.say("approve 1")
        assert "on its way as @heron" in str(await ana.say("send 1"))
        await opened.becomes("select count(*) from drafts where state = 'sent'")
        await opened.becomes("select count(*) from deliveries where state = 'pending'", 0)
        assert [one.under for one in network.stands] == ["1"]
        assert "Ana's reply to #1 was posted as @heron" in await ana.messages(thread=await _thread(opened))


async def _thread(opened: Running) -> str:
    return str(await opened.value("select remote_ref from deliveries where subject = 'case:1' and action = 'post'"))


async def test_what_hangs_or_is_in_doubt_is_seen_from_outside(db_path: Path) -> None:
    async with room(db_path) as made:
        watch = Watch(CollectorRegistry(), db_path.parent)

        async def told() -> tuple[bool, str]:
            health = await made.station.bridge.read(
                lambda store: watch.judge(store, made.clock(), made.station.brain.policy)
            )
            (part,) = (one for one in health.parts if one.name == "replies")
            return part.is_ok, part.words

        case = await made.send()
        assert await told() == (True, "none waits")
        made.clock.pass_by(minutes=11)
        assert await told() == (False, "1 not posted for 10 min or longer")
        made.network.next_replies.append(lost)
        made.network.cannot_look = NotImplementedError()
        await made.go_on()
        assert await told() == (False, "1 in doubt: somebody has to look whether it was posted")
        await made.station.say("ana", f"resolve {case} fixed")
        assert (await told())[0]


# The machine


@pytest.mark.parametrize("outcome", [dies, dies_before])
async def test_the_process_dies_in_the_call(db_path: Path, outcome: Outcome) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(outcome)
        await made.replier.start_due()
        with suppress(Died):
            await asyncio.gather(*made.replier._busy.values())
        await made.restart()
        await made.go_on()
        assert len(made.network.stands) == 1
        assert await made.state() == "sent"


COMMITS = [  # what comes of the call, and how many commits there are then
    *((None, at) for at in range(2)),
    *((lost, at) for at in range(1, 3)),
    *((swallowed, at) for at in range(1, 5)),
    (raises(Transient("503")), 1),
    (raises(ReplyRefused("No.")), 1),
]


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize(("outcome", "at"), COMMITS)
async def test_the_process_dies_at_a_commit(db_path: Path, at: int, is_after: bool, outcome: Outcome | None) -> None:
    async with room(db_path) as made:
        await made.send()
        if outcome is not None:
            made.network.next_replies.append(outcome)
        tripwire = Tripwire(made.station.bridge, at, is_after=is_after)
        dying = made.new_replier(tripwire)
        for _ in range(6):
            if tripwire.has_tripped:
                break
            with suppress(Died):
                await dying.start_due()
                await asyncio.gather(*dying._busy.values())
            made.clock.pass_by(seconds=61)
        await made.restart()
        await made.go_on()
        assert len(made.network.stands) == (0 if await made.state() == "approved" else 1)
        assert await made.state() in ("sent", "approved")
        assert (await made.state() == "approved") <= (len(await notices(made)) == 1)


@pytest.mark.parametrize("at", [1, 2])
async def test_a_failure_of_storage_loses_nothing(db_path: Path, at: int) -> None:
    class Failing(Tripwire):
        async def write(self, work: Any, *, is_urgent: bool = True) -> Any:
            self._left -= 1
            if self._left == 0:
                raise OSError("disk full")
            return await self._bridge.write(work, is_urgent=is_urgent)

    async with room(db_path) as made:
        await made.send()
        replier = made.new_replier(Failing(made.station.bridge, at, is_after=False))
        await replier.start_due()
        await asyncio.wait(list(replier._busy.values()))
        assert len(made.network.stands) == at - 1
        assert not await replier.start_due()  # the source rests: nothing goes round in a circle
        await made.go_on(replier)
        assert len(made.network.stands) == 1
        assert await made.state() == "sent"


async def test_many_replies_one_in_ten_lost_and_the_process_killed_now_and_then(db_path: Path) -> None:
    """Nothing twice, nothing unapproved, nothing lost."""
    chance = random.Random(11)

    async def whatever(post: Any) -> Any:
        if chance.random() < 0.1:
            return await chance.choice([lost, swallowed, slow])(post)
        if chance.random() < 0.1:
            return await chance.choice([dies, dies_before])(post)
        return post()

    async with room(db_path) as made:
        texts = {await made.send(f"Sorry, case {number}.", _trouble(number)): number for number in range(25)}
        made.network.next_replies.extend([whatever] * 1_000)
        for _ in range(400):
            await made.replier.start_due()
            done = await asyncio.gather(*made.replier._busy.values(), return_exceptions=True)
            if any(isinstance(one, Died) for one in done):
                await made.restart()
            made.clock.pass_by(seconds=7)
            if not await made.station.value("select count(*) from drafts where state = 'sending'"):
                break
        states = [(await made.draft(case)).state for case in texts]
        assert set(states) <= {DraftState.SENT, DraftState.APPROVED}
        keys = [one.key for one in made.network.stands]
        assert len(keys) == len(set(keys)) == states.count(DraftState.SENT)
        assert {one.text for one in made.network.stands} <= {f"Sorry, case {number}." for number in texts.values()}


def _trouble(number: int) -> str:
    return f"heron {chr(97 + number % 26) * 9} {chr(97 + number // 26) * 7}{number} awful fraud"


async def test_an_edit_of_the_file_between_two_attempts_stops_the_second(db_path: Path) -> None:
    async with room(db_path) as made:
        await made.send()
        made.network.next_replies.append(raises(Transient("HTTP 503")))
        await made.replier.do_all()
        made.network.account = "@heron_help"
        await made.go_on()
        assert made.network.stands == []
        assert await made.state() == "approved"
