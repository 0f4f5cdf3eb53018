"""The public posts of the whole network as they are written (Jetstream v2).

A cursor is exact on the server that gave it; on another one, or when it is too old, the time stands in for it, which
repeats a little.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass

import msgspec

from bot.fetch import Fetch, shown
from bot.sources.bluesky.items import POST
from bot.sources.bluesky.posts import Examiner
from bot.sources.fieldmap import read_date
from handlers.ports import BadSource, Item, Mark

QUIET_FOR = 60.0  # seconds; somebody on the network always writes
_METHOD = "network.bsky.jetstream.subscribeEvents"
_OVERLAP = 10_000_000  # microseconds that are read again on another server: each has a clock of its own
_AT_ONCE = 256  # messages, then everybody else in the program has a turn
_MARK_AFTER, _MARK_EVERY = 1.0, 5.0  # seconds: after an item; without one
_MOST_WAITING = 2_000  # items; after that the stream itself waits


@dataclass(frozen=True)
class Position:
    """How far a server's stream was read: exactly there, and by the clock for any other."""

    host: str
    seq: int
    at: int  # microseconds since 1970


class Jetstream:
    """The servers of the stream, one after the other."""

    def __init__(self, fetch: Fetch, servers: Sequence[str], *, allow_private: bool) -> None:
        self._fetch = fetch
        self._servers = [server.rstrip("/").removesuffix("/xrpc") for server in servers]
        self._allow_private = allow_private
        self._turn = 0

    async def follow(
        self, examiner: Examiner, cursor: str | None, complete: Callable[[list[Item]], Awaitable[list[Item]]]
    ) -> AsyncGenerator[Item | Mark]:
        """Items and marks from `cursor` on, until it breaks off with a SourceError; the next call asks the next server.

        `complete` looks up, for several at once, what the stream does not tell. A mark stands behind all it counts.
        """
        server = self._servers[self._turn % len(self._servers)]
        reader = _Reader(examiner, shown(server))
        task = asyncio.create_task(reader.run(self._frames(server, position(cursor), examiner)))
        clock = asyncio.get_running_loop().time
        marked, last, is_new = clock(), None, False
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.arrived.wait(), _MARK_AFTER)
                error = reader.error
                found, place = reader.empty()
                if found:
                    is_new = True
                    for item in await complete(found):
                        yield item
                due = error is not None or clock() - marked >= (_MARK_AFTER if is_new else _MARK_EVERY)
                if due and place is not None and place != last:
                    yield Mark(json.dumps(asdict(place)))
                    marked, last, is_new = clock(), place, False
                if error is not None:
                    self._turn += 1
                    raise error
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _frames(self, server: str, known: Position | None, examiner: Examiner) -> AsyncGenerator[str]:
        """The messages after a position. Where its number is refused, which is for its age, its time is asked for."""
        is_exact = known is not None and known.host == shown(server)
        if known is not None and is_exact:
            examiner.seq = known.seq
            try:
                async with aclosing(self._opened(server, str(known.seq))) as frames:
                    async for frame in frames:
                        is_exact = False
                        yield frame
            except BadSource:
                if not is_exact:
                    raise
        examiner.seq = 0
        async with aclosing(self._opened(server, str(known.at - _OVERLAP) if known and known.at else "")) as frames:
            async for frame in frames:
                yield frame

    def _opened(self, server: str, cursor: str) -> AsyncGenerator[str]:
        asked = f"collections={POST}&kinds=commit&kinds=account"
        url = f"{server}/xrpc/{_METHOD}?{asked}{f'&cursor={cursor}' if cursor else ''}"
        return self._fetch.frames(url, protocol="xrpc.v1.json", allow_private=self._allow_private, quiet_for=QUIET_FOR)


class _Reader:
    """Examines messages as fast as they come. `waiting` is what it found since it was emptied last."""

    def __init__(self, examiner: Examiner, host: str) -> None:
        self.error: Exception | None = None
        self.arrived = asyncio.Event()
        self._examiner = examiner
        self._host = host
        self._waiting: list[Item] = []
        self._room = asyncio.Event()

    async def run(self, frames: AsyncGenerator[str]) -> None:
        try:
            async with aclosing(frames):
                await self._read(frames)
        except Exception as error:
            self.error = error
        self.arrived.set()

    def empty(self) -> tuple[list[Item], Position | None]:
        """What was found, and how far everything is examined that came before it or with it."""
        found, self._waiting = self._waiting, []
        self.arrived.clear()
        self._room.set()
        seq, at = self._examiner.seq, read_date(self._examiner.at)
        return found, Position(self._host, seq, int(at.timestamp() * 1_000_000) if at else 0) if seq else None

    async def _read(self, frames: AsyncGenerator[str]) -> None:
        count = 0
        async for frame in frames:
            if found := self._examiner.examine(frame):
                self._waiting += found
                self.arrived.set()
            count += 1
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
            while len(self._waiting) > _MOST_WAITING:
                self._room.clear()
                await self._room.wait()


def position(cursor: str | None) -> Position | None:
    """The cursor; one that is damaged counts as none, and the stream begins now."""
    try:
        found = msgspec.json.decode(cursor, type=Position) if cursor else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if found and found.seq > 0 and found.at >= 0 else None
