"""A blog, a news site, a search alert: anything that offers RSS, Atom or JSON Feed.

    [[sources]]
    name = "lamp blog"
    kind = "feed"
    url = "https://blog.example/feed.xml"

It asks politely: only for what is new (ETag, Last-Modified), not before the feed wants to be asked again, at its new
address after a permanent move, and no more once the feed is gone. An entry that was edited is given again with its new
words. Set allow_private = true for a feed on your own network.

What this source can't see: entries that came and went between two polls, what stands behind the feed's own excerpt, how
many people read it, entries after the 500th, and comments below an article unless they have a feed of their own.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from bot.fetch import Answer, Tools, retry_after, shown
from bot.sources.entries import Entry, Feed, read_feed
from bot.sources.fieldmap import content_id
from handlers.ports import BadSource, Broken, Gone, Page, Source
from storage.types import RawMention

KIND = "feed"
MAX_KNOWN = 500
LONGEST_TTL = timedelta(hours=4)  # some servers ask for a year; a mention must not wait that long


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    url: str  # the feed's address
    allow_private: bool = False  # for a feed on your own network


SAMPLE = b"""<?xml version="1.0"?>
<rss version="2.0"><channel><title>Lamp talk</title><ttl>30</ttl>
<item><title>New &amp;amp; bright</title><link>https://blog.example/2</link><guid>tag:blog.example,2026:2</guid>
<pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate>
<description>&lt;p&gt;The Aurelia lamp &lt;b&gt;shines&lt;/b&gt;.&lt;/p&gt;
</description></item>
<item><title>First</title><link>https://blog.example/1</link><author>jo@blog.example (Jo)</author>
<pubDate>Thu, 19 Nov 2026 09:00:00 GMT</pubDate><description>My Aurelia flickers.</description></item>
</channel></rss>
"""
EXPECTED = [
    RawMention(
        native_id=content_id(["https://blog.example/1"]),
        text="My Aurelia flickers.",
        title="First",
        url="https://blog.example/1",
        author="Jo",
        published_at=datetime(2026, 11, 19, 9, 0, tzinfo=UTC),
        extra={"feed": "Lamp talk"},
    ),
    RawMention(
        native_id=content_id(["tag:blog.example,2026:2"]),
        text="The Aurelia lamp shines.",
        title="New & bright",
        url="https://blog.example/2",
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        extra={"feed": "Lamp talk"},
    ),
]


@dataclass(frozen=True)
class Place:
    """How far a feed is read. `home` is the address in the settings, `url` where it moved to."""

    home: str
    url: str
    etag: str = ""
    last_modified: str = ""
    ttl: int = 0  # minutes
    is_caught_up: bool = False  # what it held when it was first read has been given
    known: dict[str, str] = field(default_factory=dict)  # entry id to a hash of its words


_PLACE = TypeAdapter(Place)
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    feed = read_feed(SAMPLE, "application/rss+xml", "https://blog.example/feed.xml", datetime(2026, 11, 21, tzinfo=UTC))
    return [entry.item for entry in feed.entries]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """A feed at one address."""
    return FeedSource(name, settings, tools)


class FeedSource:
    """A feed at one address. Its cursor is a Place as JSON."""

    kind = KIND

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools

    async def poll(self, cursor: str | None, limit: int) -> Page:
        """Ask, read, leave out what is known. While something is left over no ETag is kept, so that it comes again."""
        place = _place(cursor, self._settings.url)
        try:
            answer, feed = await self._read(place)
        except (BadSource, Gone):
            if place.url == place.home:
                raise
            place = replace(place, url=place.home, etag="", last_modified="")  # the move was a mistake
            answer, feed = await self._read(place)
        if feed is None:
            return Page((), cursor, not_before=self._not_before(answer, place.ttl))
        fresh = [entry for entry in feed.entries if place.known.get(entry.id) != entry.hash]
        given, is_all = fresh[: max(1, limit)], len(fresh) <= max(1, limit)
        return Page(
            items=tuple(entry.item for entry in given),
            cursor=json.dumps(asdict(_after(place, answer, feed, given, is_all))),
            more=not is_all,
            is_backlog=not place.is_caught_up,
            not_before=self._not_before(answer, feed.ttl) if is_all else None,
        )

    async def check(self) -> str:
        answer, feed = await self._read(_place(None, self._settings.url))
        count = len(feed.entries) if feed else 0
        return f"The feed {shown(answer.url)} can be read; it has {count} entries."

    async def close(self) -> None:
        """Nothing is held."""

    async def _read(self, place: Place) -> tuple[Answer, Feed | None]:
        """The answer, and the feed unless it is unchanged."""
        headers = {"If-None-Match": place.etag, "If-Modified-Since": place.last_modified, "Accept": _ACCEPT}
        answer = await self._tools.fetch.get(
            place.url,
            headers={name: value for name, value in headers.items() if value},
            allow_private=self._settings.allow_private,
        )
        if answer.status == 304:
            return answer, None
        kind = answer.headers.get("Content-Type", "")
        return answer, await asyncio.to_thread(read_feed, answer.body, kind, answer.url, self._tools.now())

    def _not_before(self, answer: Answer, ttl: int) -> datetime | None:
        """When the feed wants to be asked again, if it says so."""
        now = self._tools.now()
        max_age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        wait = max(timedelta(minutes=min(ttl, 10_000)), timedelta(seconds=int(max_age[1]) if max_age else 0))
        asked = retry_after(answer.headers.get("Retry-After", ""), now)
        wanted = max(now + min(wait, LONGEST_TTL), asked or now)
        return wanted if wanted > now else None


def _place(cursor: str | None, home: str) -> Place:
    """The cursor; one that is damaged, or of another address, counts as none, which repeats and loses nothing."""
    fresh = Place(home, home)
    try:
        told = json.loads(cursor) if cursor else None
        place = _PLACE.validate_python(told) if told else fresh
    except (ValueError, RecursionError):
        return fresh
    return place if place.home == home else fresh


def _after(place: Place, answer: Answer, feed: Feed, given: Sequence[Entry], is_all: bool) -> Place:
    """How far the feed is read once `given` are stored."""
    here = {entry.id: entry.hash for entry in feed.entries}
    older = {id_: hash_ for id_, hash_ in place.known.items() if id_ not in here}
    known = {id_: place.known[id_] for id_ in here if id_ in place.known} | {entry.id: entry.hash for entry in given}
    return Place(
        home=place.home,
        url=answer.moved_to or place.url,
        etag=answer.headers.get("ETag", "")[:500] if is_all else "",
        last_modified=answer.headers.get("Last-Modified", "")[:100] if is_all else "",
        ttl=feed.ttl,
        is_caught_up=place.is_caught_up or is_all,
        known=dict([*older.items(), *known.items()][-MAX_KNOWN:]),
    )
