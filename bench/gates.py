"""A gate before a server on loopback: everything goes through it, until it is shut. What the server holds stays.

Shut it refuses (nobody listens) or hangs (who comes in is never answered). Open it loses the answer to some of what
passes: the server has done what it was asked for, and nobody hears of it.
"""

import asyncio
import random
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

FIRST_PORT, LAST_PORT = 20_000, 29_999  # below those that the system gives to whoever calls out
_taken: set[int] = set()


def free_port(chance: random.Random) -> int:
    """A port that nobody else is given while the gate before it is shut."""
    while True:
        port = chance.randrange(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe, suppress(OSError):
            if port not in _taken:
                probe.bind(("127.0.0.1", port))
                _taken.add(port)
                return port


@dataclass
class Loss:
    """Of what passes and fits `request`, this share has its answer lost."""

    request: re.Pattern[bytes]
    share: float


@dataclass
class Gate:
    """`outages` are the times (of time.time) at which it was shut and opened again."""

    name: str
    target: int  # the port of the server
    port: int
    chance: random.Random
    losses: list[Loss] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    kills: int = 0
    lost: int = 0
    is_up: bool = False
    is_lossy: bool = False
    _shut_at: float = 0.0
    _is_hanging: bool = False
    _listening: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        if self._listening is None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def start(self) -> None:
        await self.open()
        self.is_up = True

    async def kill(self, *, hangs: bool = False) -> None:
        """From now on nothing passes."""
        self.kills += 1
        self.is_up, self._is_hanging, self._shut_at = False, hangs, time.time()
        if not hangs:
            await self._close()

    async def restart(self) -> None:
        """The same port again. Who hung in it is broken off."""
        if self.is_up:
            return
        self._is_hanging = False
        self._abort()
        await self.open()
        self.is_up = True
        self.outages.append((self._shut_at, time.time()))

    async def close(self) -> None:
        self.is_up = False
        await self._close()

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._abort()
        await asyncio.sleep(0)

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        inner: asyncio.StreamWriter | None = None
        try:
            answers, inner = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(inner)
            way = _Way(self, writer, inner)
            tasks = [asyncio.create_task(way.out(reader)), asyncio.create_task(way.back(answers))]
            _, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except (OSError, asyncio.CancelledError):  # cancelled at the very end
            writer.transport.abort()
        finally:
            for one in filter(None, (writer, inner)):
                self._writers.discard(one)
                one.close()


class _Way:
    """One connection through a gate."""

    def __init__(self, gate: Gate, writer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        self.gate, self.writer, self.inner = gate, writer, inner
        self.loses = False

    async def out(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            await self._hang()
            if self.gate.is_lossy and any(
                one.request.search(data) and self.gate.chance.random() < one.share for one in self.gate.losses
            ):
                self.loses = True
            self.inner.write(data)
            await self.inner.drain()

    async def back(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            await self._hang()
            if self.loses:
                self.gate.lost += 1
                self.writer.transport.abort()
                self.inner.transport.abort()
                return
            self.writer.write(data)
            await self.writer.drain()

    async def _hang(self) -> None:
        """Until the connection is broken off."""
        if self.gate._is_hanging:
            await asyncio.Event().wait()
