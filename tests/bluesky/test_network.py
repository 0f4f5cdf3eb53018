"""The source against Bluesky's own servers: what a fake of ours may have understood wrongly shows here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.fetch import Tools
from bot.sources import bluesky
from handlers.ports import FREE, ByApi, ByLink, Mark, Source, SourceError, Tombstone, Wanted
from handlers.rules.query import parse
from storage.types import Mention, Priority, RawMention
from tests.bluesky.network import Network, network
from tests.bot.fakes import until
from tests.bot.sources.feedserver import fetching, tools
from tests.bot.sources.rigs.bluesky import concerns

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
WANTED = (Wanted("Aurelia", "lamps", parse("aurelia")),)
SORRY = "Sorry! We send a new one."
PASSWORD = "a-long-password"


@dataclass
class Person:
    """Somebody with an account on the server, who uses it by its plain interface."""

    session: aiohttp.ClientSession
    pds: str
    handle: str
    did: str = ""
    token: str = ""

    async def join(self) -> None:
        told = await self.call(
            "com.atproto.server.createAccount",
            {"handle": self.handle, "email": f"{self.handle}@people.example", "password": PASSWORD},
        )
        self.did, self.token = told["did"], told["accessJwt"]

    async def call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.post(f"{self.pds}/xrpc/{method}", json=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return dict(await answer.json()) if text else {}

    async def post(self, text: str, mentions: "Person | None" = None) -> str:
        """The uri of a new post; who is mentioned stands at its beginning."""
        record: dict[str, Any] = {"$type": "app.bsky.feed.post", "text": text, "createdAt": now_text(), "langs": ["en"]}
        if mentions is not None:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": mentions.did}
            place = {"byteStart": 0, "byteEnd": len(mentions.handle) + 1}
            record["text"] = f"@{mentions.handle} {text}"
            record["facets"] = [{"index": place, "features": [feature]}]
        told = await self.call(
            "com.atproto.repo.createRecord",
            {"repo": self.did, "collection": "app.bsky.feed.post", "record": record},
        )
        return str(told["uri"])

    async def delete(self, uri: str) -> None:
        key = uri.rpartition("/")[2]
        await self.call(
            "com.atproto.repo.deleteRecord", {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": key}
        )


@asynccontextmanager
async def people(servers: Network) -> AsyncIterator[tuple[Person, Person]]:
    """Our own account, and a customer."""
    async with aiohttp.ClientSession() as session:
        both = (Person(session, servers.pds, "lamps.test"), Person(session, servers.pds, "ana.test"))
        for person in both:
            await person.join()
        yield both


@asynccontextmanager
async def source_at(servers: Network, kept: Tools) -> AsyncIterator[Source]:
    settings = bluesky.Settings("lamps.test", server=servers.pds, jetstream=(servers.jetstream,), allow_private=True)
    source = bluesky.build("bluesky", settings, kept)
    try:
        yield source
    finally:
        await source.close()


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def polled(source: Source) -> list[RawMention]:
    """All that the notifications hold."""
    cursor, found = None, []
    while True:
        page = await source.poll(cursor, 50, "notifications", FREE)
        found += [item for item in page.items if isinstance(item, RawMention)]
        if not page.more:
            return found
        cursor = page.cursor


async def becomes(look: Callable[[], Awaitable[Any]], is_right: Callable[[Any], bool]) -> Any:
    """What `look` gives, once it is right: the network takes a moment to show what was written."""
    seen: list[Any] = []

    async def is_there() -> bool:
        try:
            seen.append(await look())
        except SourceError:
            return False
        return is_right(seen[-1])

    await until(is_there, 30)
    return seen[-1]


def stored(raw: RawMention) -> Mention:
    """As it comes back to the source when it is answered."""
    return Mention(
        id=1, source="bluesky", kind="bluesky", native_id=raw.native_id, brand="Aurelia", query="lamps", text=raw.text,
        title="", url=raw.url, author=raw.author, author_name="", followers=None, lang="en",
        published_at=raw.published_at, seen_at=datetime.now(UTC), likes=None, shares=None, replies=None, stars=None,
        private=False, reach=None, sentiment=None, label="negative", priority=Priority.HIGH, reasons=(), case_id=1,
        reply_ref=raw.reply_ref,
    )  # fmt: skip


async def test_a_mention_is_read_answered_once_and_gone_when_it_is_deleted() -> None:
    async with network() as servers, people(servers) as (lamps, ana), fetching() as fetch:
        kept = replace(tools(fetch, {"BLUESKY_PASSWORD": PASSWORD}), now=lambda: datetime.now(UTC), concerns=concerns)
        async with source_at(servers, kept) as source:
            assert "lamps.test" in await source.check()
            uri = await ana.post("my Aurelia lamp hums", mentions=lamps)
            (raw,) = await becomes(lambda: polled(source), lambda found: len(found) == 1)
            assert (raw.native_id, raw.author, raw.text) == (uri, "ana.test", "@lamps.test my Aurelia lamp hums")

            mention = stored(raw)
            assert source.can_reply(mention) == ByApi("@lamps.test", 300)
            first = await source.reply(mention, "Sorry! We send a new one.", "reply:1:abc", FREE)
            again = await source.reply(mention, "Sorry! We send a new one.", "reply:1:abc", FREE)
            assert first == again
            assert (
                await source.find_reply(mention, "Sorry! We send a new one.", "reply:1:abc", raw.published_at) == first
            )
            assert await source.find_reply(mention, "Sorry!", "reply:2:abc", raw.published_at) is None
            (now,) = await becomes(lambda: source.verify([uri], FREE), lambda items: items[0].replies == 1)
            assert now.native_id == uri

            await ana.delete(uri)
            (gone,) = await becomes(lambda: source.verify([uri], FREE), lambda items: isinstance(items[0], Tombstone))
            assert gone.native_id == uri

        async with source_at(servers, kept) as restarted:
            await restarted.check()
            assert len(await polled(restarted)) <= 1, "our own answer is no mention"


async def test_the_stream_brings_keywords_and_deletions_and_goes_on_where_it_was() -> None:
    async with network() as servers, people(servers) as (_, ana), fetching() as fetch:
        kept = replace(tools(fetch, {"BLUESKY_PASSWORD": PASSWORD}), now=lambda: datetime.now(UTC), concerns=concerns)
        async with source_at(servers, kept) as source:
            await source.check()
            async with listening(source, None) as heard:

                async def is_open() -> bool:
                    await ana.post("aurelia: does anybody hear this?")
                    return bool(heard)

                await until(is_open)
                await ana.post("nothing of interest")
                uri = await ana.post("aurelia lamps hum")
                post = (await becomes(lambda: items(heard), lambda found: uri in [one.native_id for one in found]))[-1]
                assert post.author == "ana.test"
                assert isinstance(source.can_reply(stored(post)), ByLink), "nobody spoke to the account"
                await ana.delete(uri)
                await becomes(lambda: items(heard), lambda found: found[-1] == Tombstone(uri, "deleted"))
                await becomes(lambda: items(heard, Mark), lambda found: found and heard[-1] is found[-1])
                assert "nothing" not in str(heard)
                cursor = heard[-1].cursor

            missed = await ana.post("another aurelia lamp hums")
            async with listening(source, cursor) as heard:
                await becomes(lambda: items(heard), lambda found: [one.native_id for one in found] == [missed])


@asynccontextmanager
async def listening(source: Source, cursor: str | None) -> AsyncIterator[list[Any]]:
    """What the stream gives, as it comes."""
    heard: list[Any] = []

    async def listen() -> None:
        async with aclosing(source.stream(WANTED, cursor, FREE)) as stream:
            async for item in stream:
                heard.append(item)

    task = asyncio.create_task(listen())
    yield heard
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def items(heard: list[Any], kind: Any = (RawMention, Tombstone)) -> list[Any]:
    return [one for one in heard if isinstance(one, kind)]
