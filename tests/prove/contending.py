"""Four processes that claim the same cases on one file at the same time, and the naive way of claiming beside them.

The program never writes with more than one: that the database alone decides is shown where it does not.
"""

import json
import multiprocessing
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handlers.context import Context, think
from handlers.dispatch import dispatch, load_commands
from handlers.requests import Request
from handlers.rules.policy import Member
from storage.store import Store, open_storage
from tests.kit import NOW, POLICY

PEOPLE = tuple(
    Member(name, name.title(), slack=f"U{number}", discord=f"90{number}")
    for number, name in enumerate(("ana", "bo", "cleo", "dan", "eva", "finn", "gus", "hal"))
)
TEAM = replace(POLICY, members=PEOPLE, routes=(), escalate_to="")
_TOGETHER = 4  # cases, which each takes in an order of her own
LETTERS = "bcdfghklmnprstvw"


def troubles(count: int, chance: random.Random) -> list[str]:
    """Complaints of which none is like another."""
    return [f"Heron is awful, horrible: {' '.join(_word(chance) for _ in range(14))}" for _ in range(count)]


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(LETTERS) + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))


def contend(
    path: Path, numbers: Sequence[int], naive: Path, naive_numbers: Sequence[int], folder: Path, seed: int
) -> list[dict[str, str]]:  # fmt: skip
    """For each of four contenders, in processes of their own, what she was told by case.

    On the file `naive` they claim in the naive way then.
    """
    made = multiprocessing.get_context("spawn")
    start = made.Barrier(4)
    targets = [folder / f"told-{number}.json" for number in range(4)]
    works = ((str(path), list(numbers), False), (str(naive), list(naive_numbers), True))
    processes = [
        made.Process(target=_claim_in_both, args=(works, number, seed, str(target), start))
        for number, target in enumerate(targets)
    ]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    return [json.loads(target.read_text()) for target in targets]


def _claim_in_both(
    works: Sequence[tuple[str, list[int], bool]], place: int, seed: int, target: str, start: Any
) -> None:  # fmt: skip
    load_commands()
    told = [_claim_all(path, numbers, place, seed, start, is_naive=is_naive) for path, numbers, is_naive in works]
    Path(target).write_text(json.dumps(told[0]))


def _claim_all(
    path: str, numbers: list[int], place: int, seed: int, start: Any, *, is_naive: bool
) -> dict[str, str]:  # fmt: skip
    store, brain = open_storage(Path(path)), think(TEAM)
    store.engine.run("pragma synchronous = off")
    me, chat = PEOPLE[place], ("slack", "discord")[place % 2]
    chance, told = random.Random(seed + place), dict[str, str]()
    for at in range(0, len(numbers), _TOGETHER):
        some = numbers[at : at + _TOGETHER]
        chance.shuffle(some)
        start.wait()  # nobody runs ahead of the others
        for number in some:
            if is_naive:
                told[str(number)] = claim_naively(store, number, me, NOW)
                continue
            member = TEAM.member_on(chat, me.id_on(chat))
            request = Request(member, "claim", values={"case": str(number)}, chat=chat, key=f"{place}:{number}")
            told[str(number)] = dispatch(Context(store, brain, NOW + timedelta(seconds=1)), request).words
    store.close()
    return told


def claim_naively(store: Store, number: int, who: Member, now: datetime) -> str:
    """Look, then write: what a program does that thinks of one person at a time."""
    case = store.cases.get(number)
    if case is None or case.assignee:
        return f"{case.assignee if case else 'nobody'} claimed #{number}."
    time.sleep(0)
    return write_naively(store, number, who, now)


def write_naively(store: Store, number: int, who: Member, now: datetime) -> str:
    """The second half of it."""
    with suppress(Exception), store.transaction():
        newest = store.engine.value("select max(version) from case_events where case_id = ?", (number,))
        store.engine.run("update cases set assignee = ?, version = ? where id = ?", (who.name, newest + 1, number))
        store.cases._event(number, newest + 1, now.isoformat(), who.name, "claimed", {})
    return f"#{number} is yours."


def claimed_again(store: Store) -> int:
    """How many claims there are in the diary beyond the first of each case."""
    return int(
        store.engine.value(
            "select coalesce(sum(n - 1), 0) from (select count(*) as n from case_events where kind = 'claimed'"
            " group by case_id)"
        )
    )
