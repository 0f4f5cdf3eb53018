"""The program is killed with -9 while cards go to Slack and people click there; then Slack's own record is counted.

About one post in four is done by Slack while its answer is lost: an error page, a cut line, or nothing readable.
"""

import asyncio
import itertools
import json
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from storage.store import open_storage
from tests.bot.running import add_calls
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.world import Message
from tests.test_kill import database, programs, quiet, rows_of, story

KILLS = 12
STORIES = 18
LOST = 3  # one answer in so many, about, is lost
BUTTONS = ("Claim", "Release", "Reopen")


async def lose_answers(slack: FakeSlack, chance: random.Random) -> None:
    """Some posts stand in Slack, and nobody is told."""
    seen = 0
    while True:
        await asyncio.sleep(0.005)
        if (posts := len(slack.calls_of("chat.postMessage"))) - seen >= LOST:
            seen = posts
            lose = chance.choice([slack.faults.drop_after, slack.faults.garbage])
            lose("chat.postMessage")


async def click(slack: FakeSlack, chance: random.Random, is_evening: asyncio.Event) -> None:
    """People claim, release and reopen, and see nothing but Slack; whoever meets a dead program tries the next card.

    In the evening they finish what they have begun.
    """
    while not is_evening.is_set():
        person = slack.person(chance.choice(["ana", "bo", "mia"]))
        cards = [one for one in cards_of(slack) if set(one.buttons) & set(BUTTONS)]
        if cards:
            card = chance.choice(cards)
            label = next(one for one in BUTTONS if one in card.buttons)
            with suppress(AssertionError, TimeoutError):
                async with asyncio.timeout(1):
                    await person.click(card, label)
        await asyncio.sleep(0.02)


class Clicking:
    """People at work until `end`."""

    def __init__(self, slack: FakeSlack, chance: random.Random) -> None:
        self._is_evening = asyncio.Event()
        self._task = asyncio.create_task(click(slack, chance, self._is_evening))

    async def end(self) -> None:
        self._is_evening.set()
        await self._task


def cards_of(slack: FakeSlack) -> list[Message]:
    return [one for one in slack.messages("#alerts") if not one.thread_ts]


def key_of(message: Message) -> str:
    told: dict[str, Any] = message.metadata or {}
    return str(told.get("event_payload", {}).get("key", ""))


async def live(home: Path, slack: FakeSlack, ids: dict[str, str], chance: random.Random, clicking: Clicking) -> None:
    ours = [rows_of(number, story(chance)) for number in range(STORIES)]
    files = iter(enumerate(ours))
    async with programs(home, slack.api_url, json.dumps(ids)) as running:
        for _ in range(KILLS):
            await running.start()
            await running.url()
            for number, rows in itertools.islice(files, 2):
                add_calls(home, f"{number}.jsonl", *rows)
            await asyncio.sleep(chance.uniform(0.1, 0.9))
            await running.kill()
        for number, rows in files:
            add_calls(home, f"{number}.jsonl", *rows)
        await running.start()
        await running.url()
        await quiet(home, len(ours) * 3)
        await clicking.end()
        await quiet(home, len(ours) * 3)
        await running.kill(signal.SIGTERM)


@pytest.mark.long
async def test_nothing_is_lost_and_nothing_doubled_in_slack(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    (tmp_path / "calls").mkdir()
    async with fake_slack(ack_within=0.5, retries=(0.2, 0.5, 1.0)) as slack:
        ids = {name: slack.add_user(name).id for name in ("ana", "bo", "mia", "kim")}
        slack.add_channel("alerts", members=list(ids))
        losing = asyncio.create_task(lose_answers(slack, random.Random(seed + 1)))
        clicking = Clicking(slack, random.Random(seed + 2))
        print(f"\nseed {seed}")  # noqa: T201 - a run that fails can be repeated
        try:
            await live(tmp_path, slack, ids, chance, clicking)
        finally:
            losing.cancel()
            await asyncio.gather(losing, clicking.end(), return_exceptions=True)
        lost = [one for one in slack.calls_of("chat.postMessage") if one.error or one.status != 200]
        posted = Counter(key_of(one) for one in slack.messages("#alerts"))
        print(f"{KILLS} kills, {len(posted)} messages, {len(lost)} answers lost")  # noqa: T201
        slack.check()
        check(tmp_path, slack, posted)


def check(home: Path, slack: FakeSlack, posted: Counter[str]) -> None:
    store = open_storage(database(home), read_only=True)
    try:
        engine = store.engine
        assert engine.check() == []
        assert engine.value("select count(*) from mentions") == STORIES * 3
        assert engine.value("select count(*) from cases") == STORIES
        wanted = {
            row["key"] for row in engine.rows("select key from deliveries where action = 'post' and chat = 'slack'")
        }
        assert {key: count for key, count in posted.items() if count > 1} == {}, "each key once"
        assert set(posted) == wanted, "and each is there"
        states = {row["state"] for row in engine.rows("select state from deliveries where chat = 'slack'")}
        assert states <= {"sent", "superseded"}
        shown = {key_of(one): "claimed by" in one.words for one in cards_of(slack)}
        for row in engine.rows("select id, status from cases"):
            assert shown[f"card:{row['id']}:slack:#alerts"] == (row["status"] == "claimed"), "the card is the state"
        claims = engine.rows("select case_id, kind from case_events where kind in ('claimed', 'released') order by seq")
        for _, events in itertools.groupby(sorted((row["case_id"], row["kind"]) for row in claims), lambda one: one[0]):
            kinds = Counter(kind for _, kind in events)
            assert kinds["claimed"] - kinds["released"] in (0, 1), "no click has two effects"
    finally:
        store.close()
