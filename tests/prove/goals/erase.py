"""A person who is erased is nowhere any more, and neither a re-read nor an older backup brings her back.

The whole program with Slack, Discord and the page. Each person has five words that stand nowhere else, in everything
that can hold them: cards in three chats, drafts, notes on other cases, copies by others, what could not be read, forms
half filled in, mutes, lists. An older backup is made; two admins erase everybody. Then every file, both fakes, the page
and the log are searched for the bytes. The sources are read again, and the program begins from the older backup.
"""

import asyncio
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bot.app import utc_now
from tests.bot.logs import own_log
from tests.bot.running import Person, Running, add_calls, running
from tests.kit import TROUBLES
from tests.prove.canaries import Canary, canaries, files, hits, in_chats, on_page
from tests.prove.trial import Trial
from tests.two_chats import Team, config, keys, sees, two_chats

GOAL = "G21"
FAULTS = (83, 84, 85, 88)
MINUTES = (3, 8)
EVE = '[[members]]\nname = "eve"\ntitle = "Eve"\nroles = ["admin"]\n'
_PATIENCE = 240.0  # seconds
_WORKED_FOR = 15  # people whose cases are claimed, drafted and noted; the others are only heard


async def run(trial: Trial) -> None:
    people = canaries(trial.of(5, 100), trial.chance)
    marks = [mark for one in people for mark in one.marks]
    home = trial.folder
    with own_log("debug") as log:
        async with two_chats(home) as team:
            async with _program(team) as opened:
                mia = await opened.person("mia")
                await _lives(team, opened, people, mia)
                older = await _backup(opened, home / "older.db")
                before = await _everywhere(team, opened)
                for place, told in before.items():
                    trial.at_least(f"words of hers in {place} before", hits(told, marks), len(people))
                trial.at_least("words of hers in the older backup", hits(older.read_bytes(), marks), len(marks))
                erased = await _erase(opened, people, mia)
                trial.exactly("people erased by two admins", erased, len(people))
                await _quiet(team, opened)
                await _read_again(team, opened, people, "again")
                await _judge(trial, team, opened, marks, "after the erasure")
                fresh = await _backup(opened, home / "newer.db")
                trial.none("words of hers in a new backup", hits(fresh.read_bytes(), marks))
            trial.none("words of hers in files after the end", _in_files(home / "data", marks))
            _restore(home, older)
            async with _program(team) as opened:
                await _read_again(team, opened, people, "restored")
                await _quiet(team, opened)
                await _judge(trial, team, opened, marks, "after an older backup was put back")
            trial.none("words of hers in files after the restore", _in_files(home / "data", marks))
    trial.none("words of hers in the log", hits(log.getvalue(), marks))
    trial.tell("lines of log", log.getvalue().count("\n"))


class _program:
    """The program on the home of the team, both chats reached."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Running:
        team = self._team
        text = config(team, more=EVE).replace("[[routes]]", '[[routes]]\nchannel = "local:#all"\n[[routes]]', 1)
        opened = await self._stack.enter_async_context(running(team.home, config=text, more=keys(team)))
        app = opened.app
        for chat in app.chats.values():
            chat.pace = 0.0
        await sees(lambda: app.slack and app.slack.health()[0] and app.discord and app.discord.health()[0], _PATIENCE)
        await opened.becomes("select count(*) from sources where status = 'ok'")
        return opened

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.__aexit__(*error)


async def _lives(team: Team, opened: Running, people: list[Canary], mia: Person) -> None:
    """Everything that may happen to what they say."""
    at = utc_now().isoformat()
    copies = [
        {"id": f"copy-{one.number}", "text": f"RT @{one.handle}: {one.text}", "author": f"fan{one.number}", "date": at}
        for one in people
    ]
    broken = [{"id": f"broken-{one.number}", "text": one.text, "date": f"{one.word} o'clock"} for one in people]
    add_calls(team.home, "first.jsonl", {"id": "b-1", "text": TROUBLES[1], "author": "jo", "date": at})
    await opened.becomes("select count(*) from cases")
    add_calls(team.home, "second.jsonl", *[one.said(at) for one in people], *copies, *broken)
    wanted = len(people) + 1
    await sees(lambda: team.value("select count(*) from mentions") >= wanted, _PATIENCE)
    ana, bo = [await opened.person(name) for name in ("ana", "bo")]
    for one in people:
        number = team.value(f"select case_id from mentions where native_id = '{one.native_id}'")
        if number is None or one.number > _WORKED_FOR:
            continue
        await ana.say(f"claim {number}")
        await ana.say(f"draft {number} Dear {one.name}, we look for your {one.word} suitcase.")
        if one.number % 2:
            await bo.say(f"approve {number}")
        else:
            await bo.say(f"reject {number} {one.name} wants more")
        await ana.say(f"note {number} {one.handle} called, she was angry")
        await ana.say(f"note 1 the same as @{one.handle} said")
        await mia.say(f"mute add author:@{one.handle} 24h")
        await mia.press("mute", words=f"add author:@{one.handle} 24h", sure="yes")
        await ana.say(f"who @{one.handle}")
        await ana.say(f"search {one.word}")
    await _quiet(team, opened)


async def _erase(opened: Running, people: list[Canary], mia: Person) -> int:
    eve = await opened.person("eve")
    for number, one in enumerate(people, start=1):
        await mia.say(f"erase @{one.handle}")
        await mia.say(f"erase confirm {number}")  # not by herself
        assert await opened.value("select done_at from erasures where id = ?", number) is None
        await eve.say(f"erase confirm {number}")
    return int(await opened.value("select count(*) from erasures where done_by = 'eve'"))


async def _read_again(team: Team, opened: Running, people: list[Canary], name: str) -> None:
    """The source gives all of it once more, with something new behind it; and they say something new."""
    at = utc_now().isoformat()
    new = [one.said(at) | {"id": f"{one.native_id}-{name}"} for one in people]
    last = {"id": f"last-{name}", "text": "Heron is fine today", "author": "jo", "date": at}
    add_calls(team.home, f"{name}.jsonl", *[one.said(at) for one in people], *new, last)
    await opened.becomes(f"select count(*) from mentions where native_id = 'last-{name}'")


async def _judge(trial: Trial, team: Team, opened: Running, marks: list[str], when: str) -> None:
    for place, told in (await _everywhere(team, opened)).items():
        trial.none(f"words of hers in {place} {when}", hits(told, marks))
    await _settled(team.home / "data", marks)
    trial.none(f"words of hers in database, log and sessions {when}", _in_files(team.home / "data", marks))


async def _everywhere(team: Team, opened: Running) -> dict[str, str]:
    person = await opened.person("ana")
    refs = [str(ref) for (ref,) in await opened.rows("select id from local_messages where parent is null")]
    return in_chats(team) | {"page": await on_page(person, ("alerts", "urgent", "leads", "all"), refs)}


async def _quiet(team: Team, opened: Running) -> None:
    await sees(
        lambda: team.value("select count(*) from deliveries where state in ('pending', 'sending')") == 0, _PATIENCE
    )


async def _settled(folder: Path, marks: list[str]) -> None:
    """The program has emptied the log beside the database after the last card was drawn."""
    for _ in range(60):
        if _in_files(folder, marks) == 0:
            return
        await asyncio.sleep(1.0)


def _in_files(folder: Path, marks: list[str]) -> int:
    found = {str(path): hits(content, marks) for path, content in files(folder)}
    return sum(found.values())


async def _backup(opened: Running, target: Path) -> Path:
    await opened.app.bridge.read(lambda store: store.engine.backup(target))
    return target


def _restore(home: Path, older: Path) -> None:
    """As a person does it by hand: the file is put in the place of the other."""
    database = home / "data" / "earshot.db"
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    shutil.copy(older, database)
