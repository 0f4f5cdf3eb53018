"""How the programs of homes die, and what is told of it in the end."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.prove.homes import Home, a_home
from tests.prove.killing import Died, Programs
from tests.prove.trial import Trial

WRONG = (
    "mentions lost", "mentions doubled", "stories that are not one case", "cases without a card asked for",
    "alerts lost", "messages doubled", "messages that nobody asked for", "messages outside of their card's thread",
    "cards that show an old state", "deliveries not finished", "acts answered and lost", "acts with two effects",
    "holes in a diary", "cursors beyond what is stored", "damages of the file", "files half made",
    "briefings lost", "nights lost", "cases told in two nights", "rules of a chat broken",
)  # fmt: skip
STIRRING = 0.7  # of all kills: the moment is counted from when the program first called a chat, however slow all is
WITHIN = 0.3  # of all kills, where a chat can hold a post
LEAST = 0.05  # of all kills: else the run was blind


async def at_random(home: Home, program: Programs) -> None:
    """One life until a random moment: while it starts, at work, or within a post."""
    chance = home.chance
    await program.start()
    if chance.random() < 0.1:
        await home.dies(program, lambda: asyncio.sleep(chance.uniform(0.0, 0.15)))
        return
    with suppress(Died):
        home.begin(await program.url())
    home.stories.tell(chance.choice((1, 2, 2, 3)))
    fault = home.hold_a_post() if chance.random() < WITHIN else None

    async def moment() -> None:
        if fault is None:
            if chance.random() < STIRRING:
                await home.stirs()
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await fault.entered.wait()
                await asyncio.sleep(0.01)  # what is done at once is done
        home.seen["kills within a post"] += fault.entered.is_set()

    await home.dies(program, moment)
    home.let_go()


def judge(trial: Trial, homes: Sequence[Home]) -> None:
    """Tell what was tried and what came of it."""
    seen, wrong = Counter[str](), Counter[str]()
    for home in homes:
        seen, wrong = seen + home.seen, wrong + home.wrong
    for what in ("answers lost", "kills while a message was on its way"):
        trial.at_least(what, seen.pop(what), LEAST * seen["kills"])
    for what in seen:
        trial.tell(what, seen[what])
    for what in WRONG:
        trial.none(what, wrong[what])
    unknown = wrong.keys() - set(WRONG)
    assert not unknown, unknown


async def kill_at_random(trial: Trial, kind: str, kills: int, homes: int) -> None:
    """So many kills, shared by homes that live side by side."""
    chances = [random.Random(trial.chance.getrandbits(64)) for _ in range(homes)]
    lives = [kills // homes + (number < kills % homes) for number in range(homes)]
    lived = [_dies_often(kind, trial.folder / f"{kind}-{number}", chance, count)
             for number, (chance, count) in enumerate(zip(chances, lives, strict=True))]  # fmt: skip
    judge(trial, await asyncio.gather(*lived))


async def _dies_often(kind: str, folder: Path, chance: random.Random, kills: int) -> Home:
    async with a_home(kind, folder, chance) as home:
        async with home.running() as program:
            for _ in range(kills):
                await at_random(home, program)
        return home
