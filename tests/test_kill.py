"""The program is killed with -9 at random moments while mentions arrive and people work; then everything is counted.

Beside the local chat there is a far one that loses about one answer in ten and shows a message in its history only
after a while. Its record is kept outside the killed program, in a file.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.app import utc_now
from storage.store import open_storage
from tests.bot.running import Person, add_calls, variables

ROOT = Path(__file__).parents[1]
KILLS = 25
STORIES = 40
LOST = 0.1
SHOWN_AFTER = 0.3  # seconds until a message can be found in the far chat's history
OPENING = b"Open http://"
LINES = ("claim {}", "release {}", "draft {} We are sorry.", "assign {} @kim", "resolve {} fixed", "reopen {}")


@dataclass
class FarServer:
    """The far chat. `record` has one line for each message that was ever posted."""

    record: Path
    chance: random.Random
    messages: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    url: str = ""

    async def post(self, request: web.Request) -> web.Response:
        content = await request.json()
        ref = str(len(self.messages) + 1)
        self.messages.append(content | {"ref": ref, "at": asyncio.get_running_loop().time()})
        with self.record.open("a") as record:
            record.write(json.dumps([content["channel"], content["key"], content["parent"]]) + "\n")
        return self._answer(request, ref)

    async def update(self, request: web.Request) -> web.Response:
        content = await request.json()
        self.messages[int(content["ref"]) - 1]["body"] = content["body"]
        return self._answer(request, content["ref"])

    async def find(self, request: web.Request) -> web.Response:
        content = await request.json()
        before = asyncio.get_running_loop().time() - SHOWN_AFTER
        found = (
            one["ref"]
            for one in self.messages
            if (one["channel"], one["key"]) == (content["channel"], content["key"]) and one["at"] <= before
        )
        return web.json_response({"ref": next(found, None)})

    def _answer(self, request: web.Request, ref: str) -> web.Response:
        if self.chance.random() < LOST:
            self.lost += 1
            if request.transport is not None:
                request.transport.abort()
        return web.json_response({"ref": ref})


@asynccontextmanager
async def far_chat(record: Path, chance: random.Random) -> AsyncIterator[FarServer]:
    server = FarServer(record, chance)
    site = web.Application()
    site.add_routes([web.post(f"/{name}", getattr(server, name)) for name in ("post", "update", "find")])
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Programs:
    """The forking parent and the child that is the program now."""

    parent: asyncio.subprocess.Process
    child: int = 0

    async def start(self) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.write(b"\n")
        self.child = int((await self._line(b"child ")).split()[1])

    async def url(self) -> str:
        return (await self._line(OPENING)).split()[1].decode()

    async def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.child, number)
        await self._line(b"gone")

    async def _line(self, start: bytes) -> bytes:
        assert self.parent.stdout is not None
        async with asyncio.timeout(60):
            while not (line := await self.parent.stdout.readline()).startswith(start):
                assert line, "the parent has ended"
        return line


@asynccontextmanager
async def programs(home: Path, *chat: str) -> AsyncIterator[Programs]:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.killable", str(home), *chat),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    opened = Programs(parent)
    try:
        yield opened
    finally:
        with suppress(ProcessLookupError):
            if opened.child:
                os.kill(opened.child, signal.SIGKILL)
        parent.kill()
        await parent.communicate()


def story(chance: random.Random) -> str:
    """A complaint that no rule takes for a copy of another."""
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(10))
    return f"Heron is terrible, I am furious: {' '.join(words)}"


def rows_of(number: int, text: str) -> list[dict[str, str]]:
    """A story and two copies of it, one of them a repost."""
    texts, now = (text, f"RT @jo: {text}", f"{text}!!"), utc_now().isoformat()
    return [
        {"id": f"s{number}-{copy}", "text": words, "author": f"jo{number}-{copy}", "date": now}
        for copy, words in enumerate(texts)
    ]


@dataclass
class Work:
    """What people did: notes by their text, those that were answered."""

    tried: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    async def do(self, url: str, chance: random.Random) -> None:
        """Act until the program dies."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            person = Person(session, url)
            await person.be(chance.choice(["ana", "bo", "mia"]))
            person.name = f"{person.name}-{chance.getrandbits(40):x}"
            while True:
                number = chance.randint(1, STORIES)
                verb = chance.choice(
                    ["claim", "release", "draft {} We are sorry.", "assign {} @kim", "resolve {} fixed", "reopen"]
                )
                await person.say(verb.format(number) if "{" in verb else f"{verb} {number}")
                note = f"note-{len(self.tried)}"
                self.tried.append(note)
                if not (await person.say(f"note {number} {note}"))["is_error"]:
                    self.answered.append(note)


async def live(home: Path, server: FarServer, work: Work, chance: random.Random) -> None:
    """Start, work and kill, again and again, while the stories come in; then let it finish and stop it."""
    ours = [rows_of(number, story(chance)) for number in range(STORIES)]
    files = iter(enumerate(ours))
    async with programs(home, server.url) as running:
        for _ in range(KILLS):
            await running.start()
            if chance.random() < 0.85:  # else it is killed while it starts
                url = await running.url()
                acting = asyncio.create_task(work.do(url, chance))
                for number, rows in itertools.islice(files, 2):
                    chance.shuffle(rows)
                    add_calls(home, f"{number}.jsonl", *rows)
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                await running.kill()
                with suppress(aiohttp.ClientError, OSError, AssertionError):
                    await acting
            else:
                await asyncio.sleep(chance.uniform(0.0, 0.1))
                await running.kill()
        for number, rows in files:
            add_calls(home, f"{number}.jsonl", *rows)
        await running.start()
        await running.url()
        await quiet(home, len(ours) * 3)
        await running.kill(signal.SIGTERM)


async def quiet(home: Path, rows: int) -> None:
    """Wait until everything is read and nothing is on its way."""
    store = open_storage(database(home), read_only=True)
    open_ones = "select count(*) from deliveries where state in ('pending', 'sending')"
    try:
        async with asyncio.timeout(60):
            while store.engine.value("select count(*) from mentions") < rows or store.engine.value(open_ones):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        store.close()


def database(home: Path) -> Path:
    return Path(variables(home)["EARSHOT_DATA"]) / "earshot.db"


@pytest.mark.long
async def test_nothing_is_lost_and_nothing_doubled_by_25_kills(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    (tmp_path / "calls").mkdir()
    work, record = Work(), tmp_path / "record.jsonl"
    async with far_chat(record, random.Random(seed + 1)) as server:
        print(f"\nseed {seed}")  # noqa: T201 - a run that fails can be repeated
        await live(tmp_path, server, work, chance)
    far = [tuple(json.loads(line)) for line in record.read_text().splitlines()]
    print(  # noqa: T201
        f"{KILLS} kills, {STORIES * 3} rows, {len(far)} far posts, {server.lost} answers lost,"
        f" {len(work.answered)} of {len(work.tried)} notes answered"
    )
    store = open_storage(database(tmp_path), read_only=True)
    try:
        engine = store.engine
        assert engine.check() == []
        ids = [row["native_id"] for row in engine.rows("select native_id from mentions")]
        assert sorted(ids) == sorted(f"s{number}-{copy}" for number in range(STORIES) for copy in range(3))
        cases = [row["id"] for row in engine.rows("select id from cases")]
        assert len(cases) == STORIES, "copies of a story are one case"
        assert {row["mention_count"] for row in engine.rows("select mention_count from cases")} == {3}
        check_diary(store, cases, work)
        local = [json.loads(row["body"]) for row in engine.rows("select body from local_messages")]
        shown = Counter(body["drawing"]["case"] for body in local if body["type"] == "card")
        assert shown == Counter(cases), "one card a case in the local chat"
        wanted = {
            row["key"] for row in engine.rows("select key from deliveries where action = 'post' and chat = 'far'")
        }
        doubled = {key: count for key, count in Counter(key for _, key, _ in far).items() if count > 1}
        assert doubled == {}
        assert {key for _, key, _ in far} == wanted
        assert all(key.startswith("card:") or parent for _, key, parent in far), "a thread's message has its card"
    finally:
        store.close()


def check_diary(store: Any, cases: list[int], work: Work) -> None:
    notes: Counter[str] = Counter()
    for number in cases:
        events = store.cases.events(number)
        assert [event.version for event in events] == list(range(1, store.cases.get(number).version + 1))
        notes.update(word for event in events if event.kind == "noted" for word in event.detail.values())
    assert set(notes.values()) <= {1}, "no act has two effects"
    assert set(work.answered) <= set(notes), "what was answered is there"
    assert set(notes) <= set(work.tried)
