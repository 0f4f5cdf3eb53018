"""The program as something that is started and killed, again and again: what all goals of killing share.

`tests/killable.py` loads everything once and forks a child for each life. A life is told how it is to be lived: where
it kills itself (a crash point), and how far its clock is ahead.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from bot.app import utc_now
from tests.bot.running import add_calls
from tests.prove.ledger import Ledger

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
OPENING = "Open http://"
PATIENCE = 180.0  # seconds; a machine may be slow, and that is no fault of the program
COPIES = 3  # mentions that tell one story


class Died(Exception):
    """The program ended before it was up."""


@dataclass
class Programs:
    """The forking parent and the child that is the program now."""

    parent: asyncio.subprocess.Process
    child: int = 0
    _born: "asyncio.Future[int]" = field(init=False)
    _up: "asyncio.Future[str]" = field(init=False)
    _gone: "asyncio.Future[int]" = field(init=False)

    def __post_init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        loop = asyncio.get_running_loop()
        self._born, self._up, self._gone = loop.create_future(), loop.create_future(), loop.create_future()

    async def start(self, *, crash: str = "", nth: int = 1, hours: int | None = None) -> None:
        """Begin a life. With `crash` it kills itself at the `nth` passing of that point. With `hours` its clock is so
        far ahead, and there is a channel where the hours of now are quiet.
        """
        assert self.parent.stdin is not None
        self._reset()
        self.parent.stdin.write(json.dumps({"crash": crash, "nth": nth, "hours": hours}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            self.child = await asyncio.shield(self._born)

    async def url(self) -> str:
        """Where its page is, once it is up. Raises Died."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait((self._up, self._gone), return_when=asyncio.FIRST_COMPLETED)
        if not self._up.done():
            raise Died
        return self._up.result()

    @property
    def died(self) -> bool:
        """Whether it was SIGKILL that ended it."""
        return self._gone.done() and self._gone.result() == -signal.SIGKILL

    async def kill(self, number: int = signal.SIGKILL) -> None:
        """Do it, unless it is dead already, and see it gone."""
        if not self._gone.done():
            with suppress(ProcessLookupError):
                os.kill(self.child, number)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._gone)
        except TimeoutError:
            raise RuntimeError(f"The child {self.child} is not gone: {_state(self.child)}.") from None

    async def ends(self, seconds: float) -> bool:
        """Whether it is gone by itself within that time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._gone), seconds)
        return self._gone.done()

    async def listen(self) -> None:
        """Hear what parent and child say, until the parent ends."""
        assert self.parent.stdout is not None
        async for line in self.parent.stdout:
            words = line.decode().split()
            if line.startswith(b"child "):
                _tell(self._born, int(words[1]))
            elif line.startswith(OPENING.encode()):
                _tell(self._up, words[1])
            elif line.startswith(b"gone"):
                _tell(self._gone, int(words[1]))
        for future in (self._born, self._up, self._gone):
            if not future.done():
                future.set_exception(RuntimeError("The parent of all lives has ended."))
                future.exception()  # nobody may be waiting for it


def _tell(future: "asyncio.Future[T]", value: T) -> None:
    if not future.done():
        future.set_result(value)


def _state(process: int) -> str:
    """What the system says of a process."""
    try:
        told = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return "there is no such process, and nobody said so"
    return next(line for line in told.splitlines() if line.startswith("State"))


@asynccontextmanager
async def programs(home: Path, *chats: str) -> AsyncIterator[Programs]:
    """Ready to be started. `chats` are what `tests/killable.py` wants to know of the chats outside."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.killable", str(home), *chats),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    opened = Programs(parent)
    hearing = asyncio.create_task(opened.listen())
    try:
        yield opened
    finally:
        if opened.child:
            with suppress(ProcessLookupError):
                os.kill(opened.child, signal.SIGKILL)
        parent.kill()
        await parent.wait()
        await hearing


def story(chance: random.Random) -> str:
    """A complaint that no rule takes for a copy of another."""
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(10))
    return f"Heron is terrible, I am furious: {' '.join(words)}"


def rows_of(number: int, text: str, ahead: timedelta = timedelta()) -> list[dict[str, str]]:
    """A story and two copies of it, one of them a repost."""
    texts, now = (text, f"RT @jo: {text}", f"{text}!!"), (utc_now() + ahead).isoformat()
    return [
        {"id": f"s{number}-{copy}", "text": words, "author": f"jo{number}-{copy}", "date": now}
        for copy, words in enumerate(texts)
    ]


@dataclass
class Stories:
    """What customers say, as files in the watched folder of a home."""

    home: Path
    chance: random.Random
    told: int = 0
    ahead: timedelta = timedelta()  # of the clock of the program, as seen from here

    def tell(self, count: int) -> None:
        """So many stories more; the copies of each in any order."""
        for _ in range(count):
            rows = rows_of(self.told, story(self.chance), self.ahead)
            self.chance.shuffle(rows)
            add_calls(self.home, f"{self.told}.jsonl", *rows)
            self.told += 1

    @property
    def ids(self) -> Sequence[str]:
        return [f"s{number}-{copy}" for number in range(self.told) for copy in range(COPIES)]


async def read_all(home: Path, mentions: int) -> None:
    """Wait until so many are stored."""
    ledger = Ledger(home)
    async with asyncio.timeout(PATIENCE):
        while ledger.count("mentions") < mentions:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)


async def quiet(home: Path, mentions: int) -> None:
    """Wait until everything is read and nothing is on its way."""
    ledger = Ledger(home)
    async with asyncio.timeout(PATIENCE):
        while ledger.count("mentions") < mentions or ledger.on_its_way():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)
