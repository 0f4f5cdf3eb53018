"""The program is killed with -9 while cards go to Slack and Discord, and people click in both; then what each of them
holds is counted.

Some posts are done while their answer is lost: the line is cut, or a page comes in its place. Some kills come within a
post: after Discord did it and before it answered, or before it did it, and then it does it after the death.
"""

import asyncio
import itertools
import random
import signal
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import utc_now
from bot.chats.discord.render import carries
from storage.store import open_storage
from storage.types import to_text
from tests.bot.running import add_calls
from tests.kit import TROUBLES
from tests.test_kill import Programs, database, programs, quiet, rows_of, story
from tests.two_chats import Team, becomes, outside, sees, slack_key, start, two_chats

KILLS = 16
STORIES = 20
DRAFTS = 0.15  # of what people do
LOST = 4  # one answer in so many, about, is lost
BUTTONS = ("Claim", "Release", "Reopen")
DISCORD_CALLS = ("post", "post", "post", "thread", "edit", "callback")


async def lose_answers(team: Team, chance: random.Random) -> None:
    """Some posts and threads stand, and nobody is told."""
    seen = {"slack": 0, "discord": 0}
    while True:
        await asyncio.sleep(0.005)
        counts = {"slack": len(team.slack.calls_of("chat.postMessage")), "discord": len(team.discord.calls_of("post"))}
        for chat, count in counts.items():
            if count - seen[chat] >= LOST:
                seen[chat] = count
                fake: Any = getattr(team, chat)
                lose = chance.choice([fake.faults.drop_after, fake.faults.garbage, fake.faults.drop_before])
                lose("chat.postMessage" if chat == "slack" else chance.choice(DISCORD_CALLS))


async def click(team: Team, chance: random.Random, is_evening: asyncio.Event) -> None:
    """People claim, release, reopen and now and then draft, in either chat; whoever meets a dead program goes on to the
    next card.
    """
    while not is_evening.is_set():
        name, here = chance.choice(["ana", "bo", "mia"]), chance.choice(["slack", "discord"])
        there: Iterable[Any] = team.slack_cards() if here == "slack" else team.discord.cards("#alerts")
        cards = [one for one in there if set(one.buttons) & set(BUTTONS)]
        if cards:
            card = chance.choice(cards)
            label = next(one for one in BUTTONS if one in card.buttons)
            fake: Any = getattr(team, here)
            with suppress(AssertionError, TimeoutError):
                async with asyncio.timeout(1):
                    if chance.random() < DRAFTS:
                        await team.in_discord(name).slash("#alerts", "earshot draft", **draft(chance))
                    else:
                        await fake.person(name).click(card, label)
        await asyncio.sleep(0.02)


def draft(chance: random.Random) -> dict[str, Any]:
    """Of any case; its message stands in the threads of both cards."""
    return {"case": chance.randint(1, STORIES), "text": f"We are sorry, {chance.getrandbits(32)}."}


class Working:
    """Two people at work, and answers that are lost, until `end`."""

    def __init__(self, team: Team, seed: int) -> None:
        self._is_evening = asyncio.Event()
        people = [click(team, random.Random(seed + 2 + one), self._is_evening) for one in range(2)]
        self._people = [asyncio.create_task(one) for one in people]
        self._losing = asyncio.create_task(lose_answers(team, random.Random(seed + 1)))

    async def end(self) -> None:
        """They finish what they have begun."""
        self._is_evening.set()
        await asyncio.gather(*self._people)

    async def stop(self) -> None:
        self._losing.cancel()
        await asyncio.gather(self._losing, self.end(), return_exceptions=True)


async def kill(team: Team, program: Programs, chance: random.Random) -> str:
    """At a random moment, or within a post to Discord; where it was."""
    where = chance.choice(["anywhere", "anywhere", "before", "after"])
    fault = None
    if where == "before":
        fault = team.discord.faults.hold("post")
    elif where == "after":
        fault = team.discord.faults.slow("post", 30.0)
    if fault is None:
        await asyncio.sleep(chance.uniform(0.1, 0.9))
    else:
        with suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                await fault.entered.wait()
                await asyncio.sleep(0.02)  # what is done at once is done
        where = where if fault.entered.is_set() else "anywhere"
    await program.kill()
    if fault is not None:
        team.discord.faults.clear()
    return where


async def live(team: Team, chance: random.Random, working: Working) -> Counter[str]:
    home, moments = team.home, Counter[str]()
    ours = [rows_of(number, story(chance)) for number in range(STORIES)]
    files = iter(enumerate(ours))
    async with programs(home, *outside(team)) as program:
        for _ in range(KILLS):
            await program.start()
            await program.url()
            for number, rows in itertools.islice(files, 2):
                add_calls(home, f"{number}.jsonl", *rows)
            moments[await kill(team, program, chance)] += 1
        for number, rows in files:
            add_calls(home, f"{number}.jsonl", *rows)
        await start(team, program)
        await sees(lambda: team.value("select count(*) from mentions") == len(ours) * 3)
        await working.end()
        await quiet(home, len(ours) * 3)
        await program.kill(signal.SIGTERM)
    return moments


@pytest.mark.long
async def test_nothing_is_lost_and_nothing_doubled_in_either_chat(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    async with two_chats(tmp_path, ack_within=0.5, retries=(0.2, 0.5, 1.0)) as team:
        team.discord.ack_within = 0.5
        working = Working(team, seed)
        print(f"\nseed {seed}")  # noqa: T201 - a run that fails can be repeated
        try:
            moments = await live(team, random.Random(seed), working)
        finally:
            await working.stop()
        lost = [one for one in team.discord.calls if one.status == 0]
        posts, threads = [one for one in team.discord.posts if one.via == "api"], team.discord.calls_of("thread")
        told = f"{len(posts)} posts and {len(threads)} calls for threads in Discord, {len(lost)} answers cut"
        print(f"kills {dict(moments)}, {told}")  # noqa: T201
        team.check()
        check(team)


def check(team: Team) -> None:
    store = open_storage(database(team.home), read_only=True)
    try:
        engine = store.engine
        assert engine.check() == []
        assert engine.value("select count(*) from mentions") == STORIES * 3
        assert engine.value("select count(*) from cases") == STORIES
        states = {row["state"] for row in engine.rows("select state from deliveries")}
        assert states <= {"sent", "superseded"}
        in_slack = {slack_key(one): one.words for one in team.slack_cards()}
        for row in engine.rows("select id, status from cases"):
            key = f"card:{row['id']}:discord:#alerts"
            cards = [one.words for one in team.discord.cards("#alerts") if carries(one.content, one.footers, key)]
            cards.append(in_slack[f"card:{row['id']}:slack:#alerts"])
            shown = ["claimed by" in words for words in cards]
            assert shown == [row["status"] == "claimed"] * 2, "both cards are the state"
        claims = engine.rows("select case_id, kind from case_events where kind in ('claimed', 'released') order by seq")
        for _, events in itertools.groupby(sorted((row["case_id"], row["kind"]) for row in claims), lambda one: one[0]):
            kinds = Counter(kind for _, kind in events)
            assert kinds["claimed"] - kinds["released"] in (0, 1), "no click has two effects"
    finally:
        store.close()


@pytest.mark.long
async def test_a_form_that_was_open_over_the_kill_still_lands(tmp_path: Path) -> None:
    async with two_chats(tmp_path) as team, programs(tmp_path, *outside(team)) as program:
        await start(team, program)
        in_slack, in_discord = await team.case(1, TROUBLES[0])
        ana = team.in_discord("ana")
        team.discord.ack_within = 0.3
        await (await ana.click(in_discord, "Draft reply")).arrives()
        await program.kill()
        assert (await ana.submit({"Reply": "We are sorry, Jo."})).error == "Something went wrong. Try again."
        assert ana.modal is not None, "Discord keeps it open, with what she wrote"
        team.discord.ack_within = 3.0
        await start(team, program)
        assert not (await ana.submit()).error
        for draft in (await team.slack_reply(in_slack, "sorry"), await team.discord_reply(in_discord, "sorry")):
            assert "proposed by Ana" in draft.words
        await (await ana.click(in_discord, "Resolve")).arrives()
        await program.kill()
        await start(team, program)
        await ana.submit({"Why": "Spam"})
        for card in (in_slack, in_discord):
            await becomes(card, "resolved: spam")
        await team.quiet()
        team.check()


@pytest.mark.long
async def test_what_was_posted_before_a_long_rest_is_found_again_and_not_repeated(tmp_path: Path) -> None:
    async with two_chats(tmp_path) as team, programs(tmp_path, *outside(team)) as program:
        await start(team, program)
        answer = team.discord.faults.slow("post", 30.0)
        team.happens(1, TROUBLES[0])
        await answer.entered.wait()
        card = await team.discord_card(TROUBLES[0])
        await program.kill()
        team.discord.pass_time(20 * 60)  # no nonce is remembered for so long
        store = open_storage(database(tmp_path))
        before = to_text(utc_now() - timedelta(minutes=20))
        store.engine.run(
            "update deliveries set attempted_at = ? where state = 'sending' and chat = 'discord'", (before,)
        )
        store.close()
        await start(team, program)
        await team.quiet()
        assert team.discord.cards("#alerts") == [card]
        team.check()
