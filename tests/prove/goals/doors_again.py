"""A delivery that comes again has no second effect, and one whose first try was lost is not lost.

Every sender repeats as its maker documents: the same bytes at the same instant, a minute and five minutes later, anew
with a fresh signature, after Earshot was started again; sometimes the first try never arrives, or the line breaks
before its answer. What stands in the database is compared with what was meant.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

import aiohttp

from tests.bot.fakes import Clock
from tests.prove.doors import SOURCES, Door, Sent, delivery, opened
from tests.prove.trial import Trial

GOAL = "G11"
FAULTS = (15, 16)
MINUTES = (4, 20)

_AT_ONCE = 40  # deliveries, each with some repeats
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_WAYS = ("at once", "a minute later", "five minutes later", "signed anew", "after a restart", "first lost", "no answer")
_ROUNDS = 10  # after so many it is started again


@dataclass
class Meant:
    """A delivery, as its sender means it."""

    number: int
    source: str
    way: str
    words: str
    first: Sent
    is_taken: bool = False


async def run(trial: Trial) -> None:
    clock, wanted = Clock(), trial.of(400, 10_000)
    said, meant, repeats, number = Counter[int](), list[Meant](), Counter[str](), 0
    while repeats.total() < wanted:
        left: list[Meant] = []
        for is_new in (True, False):
            async with opened(trial.folder, clock) as door:
                repeats.update([one.way for one in left])
                await _sent_again(door, left, clock, said)
                for _ in range(_ROUNDS if is_new else 0):
                    batch = [_one(trial.chance, number + place, clock) for place in range(_AT_ONCE)]
                    number += _AT_ONCE
                    await _round(door, batch, clock, said, repeats, trial.chance)
                    meant += batch
                    left += [one for one in batch if one.way == "after a restart"]
                    if repeats.total() + len(left) >= wanted:
                        break
                if not is_new and repeats.total() >= wanted:
                    _compare(trial, door, meant)
    trial.tell("deliveries", len(meant))
    trial.tell("repeats", repeats.total())
    for way in _WAYS:
        trial.at_least(way, repeats[way], wanted // 40)
    trial.none("answers 5xx", sum(times for status, times in said.items() if status >= 500))
    trial.none("never taken", sum(not one.is_taken for one in meant))


def _one(chance: Random, number: int, clock: Clock) -> Meant:
    source, way = chance.choice((*SOURCES, "form")), chance.choice(_WAYS)
    tone = "is awful, I am furious" if number % 10 == 0 else "was fine with me"
    words = f"Heron {tone}, number {number:06d} " + " ".join(f"{chance.getrandbits(32):x}" for _ in range(4))
    first = Sent("/feedback/desk", b"", _FORM) if source == "form" else delivery(source, number, words, clock)
    return Meant(number, source, way, words, first)


async def _round(
    door: Door, batch: list[Meant], clock: Clock, said: Counter[int], repeats: Counter[str], chance: Random
) -> None:
    for one in batch:
        if one.source == "form":
            body = urlencode({"token": await _token(door), "text": one.words}).encode()
            one.first = Sent("/feedback/desk", body, _FORM)
    await asyncio.gather(*(_first(door, one, said, chance) for one in batch))
    repeats["at once"] += sum(one.way == "at once" for one in batch)
    clock.pass_by(seconds=60)
    await _sent_again(
        door, [one for one in batch if one.way in ("a minute later", "first lost", "no answer")], clock, said
    )
    clock.pass_by(seconds=239)
    await _sent_again(door, [one for one in batch if one.way == "five minutes later"], clock, said)
    clock.pass_by(seconds=60)
    await _sent_again(door, [one for one in batch if one.way == "signed anew"], clock, said)
    repeats.update(one.way for one in batch if one.way not in ("at once", "after a restart"))


async def _first(door: Door, one: Meant, said: Counter[int], chance: Random) -> None:
    if one.way == "first lost":
        return
    if one.way == "no answer":
        await _hung_up(door, one.first, chance.random() * 0.01)
        return
    times = 2 if one.way == "at once" else 1
    for status, words in await asyncio.gather(*(door.post(one.first) for _ in range(times))):
        _note(one, status, words, said)


async def _hung_up(door: Door, sent: Sent, after: float) -> None:
    """The sender's line breaks before it has its answer."""
    try:
        async with asyncio.timeout(after):
            await door.post(sent)
    except (TimeoutError, aiohttp.ClientError):
        return


async def _sent_again(door: Door, batch: list[Meant], clock: Clock, said: Counter[int]) -> None:
    for one in batch:
        again = one.first
        if one.source != "form" and (one.way in ("signed anew", "after a restart") or not one.is_taken):
            has_id = one.way == "no answer" or one.number % 2 == 0
            again = delivery(one.source, one.number, one.words, clock, with_id=has_id)
        status, words = await door.post(again)
        _note(one, status, words, said)


def _note(one: Meant, status: int, words: str, said: Counter[int]) -> None:
    said[status] += 1
    one.is_taken |= status in (200, 202, 303, 409)
    if status not in (200, 202, 303, 409):
        print(one.way, one.source, status, words[:300], flush=True)


async def _token(door: Door) -> str:
    async with door.client.get(f"{door.url}/feedback/desk") as answer:
        return (await answer.text()).partition('name="token" value="')[2].partition('"')[0]


def _compare(trial: Trial, door: Door, meant: list[Meant]) -> None:
    stored = Counter(words for (words,) in door.rows("select text from mentions"))
    trial.none("lost", sum(stored[one.words] == 0 for one in meant))
    trial.none("stored twice", sum(times > 1 for times in stored.values()))
    trial.none("stored and never meant", sum(words not in {one.words for one in meant} for words in stored))
    twice = "select count(*) from (select mention_id from cases group by mention_id having count(*) > 1)"
    trial.none("second cases of a mention", door.value(twice))
    trial.at_least("cases opened", door.value("select count(*) from cases"), len(meant) // 100)
    trial.none("in quarantine", door.value("select count(*) from quarantine"))
    twice = (
        "select count(*) from (select key from local_messages group by key, channel having key <> '' and count(*) > 1)"
    )
    trial.none("cards posted twice", door.value(twice))
