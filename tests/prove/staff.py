"""People at work in each chat while the program dies and comes back. What they were told is done must stand once."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.bot.running import Person
from tests.prove.ledger import Ledger
from tests.slack.fake import FakeSlack
from tests.two_chats import Team

NAMES = ("ana", "bo", "mia")
LINES = ("claim {}", "release {}", "draft {} We are sorry.", "assign {} @kim", "resolve {} fixed", "reopen {}")
BUTTONS = ("Claim", "Release", "Reopen")
PATIENCE = 1.5  # seconds that somebody waits for an answer before she goes on


@dataclass
class Notes:
    """What people wrote into diaries, and what they were told of it. Each note has words of its own."""

    written: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    clicks: int = 0

    def next(self) -> str:
        self.written.append(f"note-{len(self.written)}")
        return self.written[-1]

    def troubles(self, ledger: Ledger) -> Counter[str]:
        stored = Counter(
            words
            for (words,) in ledger.rows(
                "select value from case_events, json_each(case_events.detail) where kind = 'noted'"
                " and value glob 'note-*'"
            )
        )
        return Counter(
            {
                "acts with two effects": sum(count - 1 for count in stored.values()) + _claimed_twice(ledger),
                "acts answered and lost": len(set(self.answered) - stored.keys()),
            }
        )


def _claimed_twice(ledger: Ledger) -> int:
    """Claims of a case that somebody had, and releases of one that nobody had."""
    wrong, had = 0, dict[int, bool]()
    for case, kind in ledger.rows(
        "select case_id, kind from case_events"
        " where kind in ('claimed', 'released', 'assigned', 'resolved', 'reopened') order by seq"
    ):
        wrong += kind == "claimed" and had.get(case, False)
        wrong += kind == "released" and not had.get(case, False)
        had[case] = kind in ("claimed", "assigned")
    return wrong


async def at_the_page(url: str, notes: Notes, chance: random.Random, cases: Callable[[], int]) -> None:
    """Act until the program dies. `cases` is how many there are about."""
    with suppress(aiohttp.ClientError, OSError, AssertionError):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            person = Person(session, url)
            await person.be(chance.choice(NAMES))
            person.name = f"{person.name}-{chance.getrandbits(40):x}"
            while True:
                number = chance.randint(max(1, cases() - 20), cases() + 1)
                await person.say(chance.choice(LINES).format(number))
                note = notes.next()
                if not (await person.say(f"note {number} {note}"))["is_error"]:
                    notes.answered.append(note)


class Working:
    """People who go on for ever, each a coroutine that does one act; whoever meets a dead program tries again."""

    def __init__(self, people: Iterable[Callable[[], Any]]) -> None:
        self._is_evening = asyncio.Event()
        self._tasks = [asyncio.create_task(self._work(act)) for act in people]

    async def _work(self, act: Callable[[], Any]) -> None:
        while not self._is_evening.is_set():
            with suppress(AssertionError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await act()
            await asyncio.sleep(0.02)

    async def end(self) -> None:
        """They finish what they have begun."""
        self._is_evening.set()
        await asyncio.gather(*self._tasks)


def in_slack(slack: FakeSlack, notes: Notes, chance: random.Random) -> Callable[[], Any]:
    """Somebody who clicks the newer cards, or writes notes."""

    async def act() -> None:
        person = slack.person(chance.choice(NAMES))
        cards = [one for one in slack.cards("#alerts") if not one.thread_ts]
        if not cards:
            return
        if chance.random() < 0.4:
            note = notes.next()
            line = f"/earshot note {_near(len(cards), chance)} {note}"
            answer = await person.command(line, "#alerts")
            if not answer.error and "Noted on" in (await answer.arrives()).words:
                notes.answered.append(note)
            return
        notes.clicks += await _click(person, cards, chance)

    return act


def in_discord(team: Team, notes: Notes, chance: random.Random) -> Callable[[], Any]:
    """Somebody who clicks the newer cards, writes notes or proposes replies."""

    async def act() -> None:
        person, cards = team.in_discord(chance.choice(NAMES)), team.discord.cards("#alerts")
        if not cards:
            return
        what, case = chance.random(), _near(len(cards), chance)
        if what < 0.25:
            note = notes.next()
            answer = await person.slash("#alerts", "earshot note", case=case, text=note)
            if not answer.error and "Noted on" in (await answer.arrives()).words:
                notes.answered.append(note)
        elif what < 0.4:
            words = f"We are sorry, {chance.getrandbits(32)}."
            await person.slash("#alerts", "earshot draft", case=case, text=words)
        else:
            notes.clicks += await _click(person, cards, chance)

    return act


def _near(count: int, chance: random.Random) -> int:
    """One of the newest cases."""
    return chance.randint(max(1, count - 20), count)


async def _click(person: Any, cards: Any, chance: random.Random) -> bool:
    able = [one for one in cards[-20:] if set(one.buttons) & set(BUTTONS)]
    if not able:
        return False
    card = chance.choice(able)
    await person.click(card, next(one for one in BUTTONS if one in card.buttons))
    return True
