"""1,000 feeds polled by one process on loopback: how long a sweep takes, what it costs, beside feedparser in a loop.

    python bench/feeds.py [--feeds 1000] [--kb 30]

A server in a process of its own gives every feed at a host of its own (a resolver leads all of them to loopback), 20
articles in each, with an ETag. Ours is the program's own way: listener, Fetch, parser, rules, a SQLite file. Four
sweeps: the first reads and stores all, in the second nothing has changed, in the third a tenth has a new article, in
the fourth nothing has changed and the server sends no ETag, as some do. Beside it: `feedparser.parse(address)` for
each, one after the other, which asks and parses everything each time and stores nothing.
Seconds of the clock, seconds of the processor, and how many feeds a second of the processor is enough for.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, AddressFamily

import feedparser
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot import registry
from bot.bridge import Bridge
from bot.fetch import Fetch, Guard, Tools
from bot.listen import Listener
from handlers.context import think
from handlers.rules.policy import Brand, Policy, Route, SourceEntry

ARTICLES = 20
PARAGRAPH = (
    "<p>The lamp on my desk, <b>bought in May</b>, flickers &amp; hums; the shop says that it is the bulb.</p>\n"
)


def article(feed: int, number: int, paragraphs: int) -> str:
    host = f"f{feed}.bench"
    name = "Aurelia " if (feed + number) % 50 == 0 else ""
    return (
        f"<item><title>Article {number} of {feed}</title><link>http://{host}/{number}</link>"
        f"<guid isPermaLink='false'>tag:{host},2026:{number}</guid><dc:creator>Jo {feed}</dc:creator>"
        f"<pubDate>Fri, 20 Nov 2026 09:{number % 60:02d}:00 GMT</pubDate>"
        f"<description><![CDATA[{name}{PARAGRAPH * paragraphs}]]></description></item>"
    )


def feed_of(feed: int, extra: int, kilobytes: int) -> bytes:
    paragraphs = max(1, kilobytes * 1000 // ARTICLES // len(PARAGRAPH))
    items = "".join(article(feed, number, paragraphs) for number in range(ARTICLES + extra, extra, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Feed {feed}</title><link>http://f{feed}.bench/</link>{items}</channel></rss>"
    ).encode()


def serve(kilobytes: int) -> None:
    """Until killed. `POST /state` says how many articles are new in each tenth feed, and whether there are ETags."""
    state = {"extra": 0, "etags": True}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "POST":
            state.update(await request.json())
            return web.Response()
        feed = int(request.path.rpartition("/")[2])
        extra = int(state["extra"]) if feed % 10 == 0 else 0
        headers = {"ETag": f'"{feed}-{extra}"'} if state["etags"] else {}
        if headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=feed_of(feed, extra, kilobytes), content_type="application/rss+xml", headers=headers)

    async def run() -> None:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


class ToLoopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


async def ours(folder: Path, port: int, count: int, say: Callable[..., Awaitable[None]]) -> None:
    urls = tuple(f"http://f{number}.bench:{port}/feed/{number}" for number in range(count))
    entry = SourceEntry("blogs", "feed", settings={"urls": urls})
    policy = Policy((Brand("Aurelia", {"name": "aurelia"}),), (entry,), (Route("local:#alerts"),))
    brain = think(policy)
    anywhere = Guard(is_public=lambda address: True, ports=frozenset(range(65_536)))
    fetch = Fetch(now, resolver=ToLoopback(), guard=anywhere)
    bridge = Bridge(folder / "bench.db")
    await bridge.start()
    try:
        source = registry.build(entry, Tools(fetch, now, {}))
        listener = Listener(source, entry, bridge, lambda: brain, now, lambda: None, random.Random(1))
        at_once = asyncio.Semaphore(source.side_by_side)

        async def one(query: str) -> None:
            async with at_once:
                while (wait := await listener.step(query)) is not None and not wait:
                    pass

        async def sweep() -> None:
            await asyncio.gather(*(one(query) for query in urls))

        base = peak()
        for name, state in (
            ("first sweep, all is new", {}),
            ("nothing has changed (304)", {}),
            ("a tenth has a new article", {"extra": 1}),
            ("nothing has changed, no ETag", {"extra": 1, "etags": False}),
        ):
            await say(state)
            gc.collect()
            started, used = time.monotonic(), time.process_time()
            await sweep()
            told(name, time.monotonic() - started, time.process_time() - used, count)
        size, failing = await bridge.read(
            lambda store: (
                store.engine.value("select count(*) from mentions"),
                store.engine.value("select count(*) from cursors where status <> 'ok'"),
            )
        )
        cursors = await bridge.read(lambda store: store.engine.value("select sum(length(cursor)) from cursors"))
        print(f"   {size} mentions stored, {failing} feeds failed, cursors {cursors / 1e6:.1f} MB")
        print(f"   peak memory {peak():.0f} MB, of which {base:.0f} before the first sweep")
        await source.close()
    finally:
        await fetch.close()
        await bridge.close()


def plainly(port: int, count: int) -> None:
    started, used = time.monotonic(), time.process_time()
    found = sum(len(feedparser.parse(f"http://127.0.0.1:{port}/feed/{number}").entries) for number in range(count))
    told("feedparser in a loop, every sweep", time.monotonic() - started, time.process_time() - used, count)
    print(f"   {found} entries")


def told(name: str, seconds: float, processor: float, count: int) -> None:
    pace = f"{processor / count * 1000:6.2f} ms a feed   {count / processor:7.0f}/s"
    print(f"{name:<36} {seconds:7.2f} s   processor {processor:6.2f} s   {pace}")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def now() -> datetime:
    return datetime.now(UTC)


async def compare(count: int, kilobytes: int) -> None:
    command = [sys.executable, __file__, "--serve", "--kb", str(kilobytes)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)
    assert server.stdout is not None
    port = int(server.stdout.readline())

    async def say(state: dict[str, object]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps(state).encode()
        head = f"POST /state HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await reader.read()
        writer.close()

    try:
        with tempfile.TemporaryDirectory() as folder:
            await ours(Path(folder), port, count, say)
        await say({"extra": 0, "etags": True})
        plainly(port, count)
    finally:
        server.kill()
        server.wait()


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--feeds", type=int, default=1000)
    read.add_argument("--kb", type=int, default=30, help="size of a feed")
    read.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = read.parse_args()
    if wanted.serve:
        serve(wanted.kb)
    else:
        asyncio.run(compare(wanted.feeds, wanted.kb))


if __name__ == "__main__":
    main()
