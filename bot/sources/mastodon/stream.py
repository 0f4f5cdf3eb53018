"""Following several streams of a server at once: server-sent events, read line by line."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from urllib.parse import urlsplit, urlunsplit

from bot.fetch import Fetch
from bot.sources.mastodon.server import MastodonServer, Me

OPEN = ("", "", "")  # said once, when every stream has been heard of
QUIET_FOR = 60.0  # seconds; a server says that it is there every 15
_LONGEST_EVENT = 2_000_000  # characters
_AHEAD = 500  # events that may wait; after that the streams do
_SCHEMES = {"wss": "https", "ws": "http", "https": "https", "http": "http"}


async def followed(
    fetch: Fetch, server: MastodonServer, me: Me, paths: Mapping[str, str], quiet_for: float = QUIET_FOR
) -> AsyncGenerator[tuple[str, str, str]]:
    """OPEN, then the name of the stream, the event and its data, of all `paths` (by name), until one breaks off.

    Raises what `Fetch.lines` raises.
    """
    waiting: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue(_AHEAD)
    place = streaming_place(server.url, me.streaming)
    is_same_host = urlsplit(place).hostname == server.host
    silent = set(paths)

    async def follow(name: str, path: str) -> None:
        lines = fetch.lines(
            f"{place}{path}",
            headers=server.stream_headers(),
            allow_private=server.allow_private and is_same_host,
            quiet_for=quiet_for,
        )
        async with aclosing(lines):
            first = await anext(lines)  # a server greets at once
            silent.discard(name)
            if not silent:
                await waiting.put(OPEN)
            async for event, data in events(_led(first, lines)):
                await waiting.put((name, event, data))

    tasks = {asyncio.create_task(follow(name, path)) for name, path in paths.items()}
    turn = asyncio.create_task(waiting.get())
    try:
        while True:
            done, _ = await asyncio.wait({turn, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            if turn in done:  # always, while something is left: it began before the wait
                yield turn.result()
                turn = asyncio.create_task(waiting.get())
            else:
                for task in done:
                    task.result()  # how it broke off
    finally:
        for task in (turn, *tasks):
            task.cancel()
        await asyncio.gather(turn, *tasks, return_exceptions=True)


async def _led(first: str, lines: AsyncIterator[str]) -> AsyncGenerator[str]:
    yield first
    async for line in lines:
        yield line


async def events(lines: AsyncIterator[str]) -> AsyncGenerator[tuple[str, str]]:
    """Lines of server-sent events as pairs of an event and its data. A comment says only that the server is there."""
    event, size = "", 0
    data: list[str] = []
    async for line in lines:
        if not line:
            if event and data and size <= _LONGEST_EVENT:
                yield event, "\n".join(data)
            event, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "data":
            size += len(value)
            if size <= _LONGEST_EVENT:
                data.append(value)


def streaming_place(server: str, told: str) -> str:
    """Where the streams are: where the server says, unless the token would travel there in the open; else itself."""
    try:
        parts = urlsplit(told)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return server
    scheme = _SCHEMES.get(parts.scheme, "")
    is_safe = scheme == "https" or not server.startswith("https:")
    if not scheme or not host or "@" in parts.netloc or not is_safe:
        return server
    return urlunsplit((scheme, parts.netloc, "", "", ""))
