"""The program that posts replies, as it is started and killed, and a person's connection to it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prove.sites import Words

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Try:
    """Something that somebody did, from when until when; `ok` is None when the program died before it answered."""

    who: str
    verb: str
    case: int
    values: Mapping[str, str]
    begun: float
    ended: float
    ok: bool | None
    said: str = ""


class Child:
    """The forking parent and the program of now."""

    def __init__(self, parent: asyncio.subprocess.Process) -> None:
        self.parent = parent
        self.pid = self.port = 0

    async def start(self) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.write(b"\n")
        self.pid = int(await self._line("child"))
        self.port = int(await self._line("port"))

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        await self._line("gone")
        self.pid = 0

    async def _line(self, word: str) -> str:
        assert self.parent.stdout is not None
        async with asyncio.timeout(120):
            while True:
                line = (await self.parent.stdout.readline()).decode()
                assert line, "the parent has ended"
                if line.split()[0] == word:
                    return line.partition(" ")[2]


@asynccontextmanager
async def programs(home: Path) -> AsyncIterator[Child]:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.prove.replying_child", str(home)),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    child = Child(parent)
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            if child.pid:
                os.kill(child.pid, signal.SIGKILL)
        parent.kill()
        await parent.communicate()


class Line:
    """A person's connection to the program."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        moment: Callable[[], float],
        note: Callable[[Try], None],
        new_key: Callable[[], str],
    ) -> None:
        self.reader, self.writer, self._moment, self._note, self._new_key = reader, writer, moment, note, new_key
        self._turn = asyncio.Lock()

    async def ask(self, told: Mapping[str, Any]) -> dict[str, Any]:
        async with self._turn:
            self.writer.write(json.dumps(told).encode() + b"\n")
            line = await self.reader.readline()
        if not line:
            raise ConnectionResetError
        return dict(json.loads(line))

    async def open(self, post: Words) -> None:
        told = {"source": post.kind, "native_id": post.id, "text": post.text, "author": post.author}
        url = {} if post.kind == "email" else {"url": f"https://example.org/{post.number}"}
        title = {"github": "Help", "email": "Question"}.get(post.kind, "")
        await self.ask({"open": {**told, **url, "title": title, "reply_ref": post.reply_ref}})

    async def do(self, who: str, verb: str, case: int, words: str = "", **values: str) -> None:
        begun, ok, said = self._moment(), None, ""
        if not words:
            values["case"] = str(case)
        told = {"who": who, "verb": verb, "words": words, "values": values, "key": self._new_key()}
        try:
            answer = await self.ask(told)
            ok, said = not answer["is_error"], answer["words"]
        finally:
            self._note(Try(who, verb, case, {**values, "words": words}, begun, self._moment(), ok, said))
