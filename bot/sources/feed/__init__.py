"""Blogs, news sites, search alerts: one or many feeds, as RSS, Atom or JSON Feed.

    [[sources]]
    name = "lamp blogs"
    kind = "feed"
    urls = ["https://blog.example/feed.xml", "https://paper.example"]

`url` is one address, `urls` are several, `opml` is the list that every reader of feeds can save; one source takes some
thousands. A site's own address does as well: the feed that the page names is found and kept. Google Alerts: choose
"Deliver to: RSS feed" there and copy the feed's address; links of alerts lead to the article itself. A changed list is
read by `earshot reload`.

It asks politely: one host once a second, only for what is new (ETag, Last-Modified), not before the feed wants to be
asked again, at its new address after a permanent move, and no more once the feed is gone. A feed that seldom has news
is asked less often than `every`, but at least each `slowest`; searches and alerts always as often as `every`. An entry
that was edited is given again with its new words. Set allow_private = true for feeds on your own network.

What this source can't see: entries that came and went between two polls, what stands behind the feed's own excerpt, how
many people read it, entries after the 500th, and comments below an article unless they have a feed of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from bot.fetch import Answer, Tools, shown
from bot.sources.feed.opml import read_opml
from bot.sources.fieldmap import content_id
from bot.sources.links import is_search
from bot.sources.syndication.discovery import usual_feeds
from bot.sources.syndication.entries import Feed, WebPage, read_feed
from bot.sources.syndication.place import Place, after, chosen, digest, place_at, to_cursor
from bot.sources.syndication.rhythm import not_before
from handlers.ports import FREE, BadSource, Broken, Budget, Gone, Page, RateLimited, Source, SourceError, Wanted
from handlers.rules.text import host_of
from storage.errors import ConfigError
from storage.types import RawMention

KIND = "feed"
ASKED = ("url",)  # when one is added

_AT_ONCE = 20  # feeds that are asked or read
_TRIED = 10  # feeds that a check asks; more would keep a person waiting
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    url: str = ""  # the address of a feed, or of a site that has one
    urls: tuple[str, ...] = ()  # several of them
    opml: str = ""  # a file with a list of feeds, as readers of feeds save it
    slowest: timedelta = timedelta(hours=2)  # a feed that seldom has news is asked at least so often
    allow_private: bool = False  # for feeds on your own network


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


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    feed = read_feed(SAMPLE, "application/rss+xml", "https://blog.example/feed.xml", datetime(2026, 11, 21, tzinfo=UTC))
    return [entry.item for entry in feed.entries]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """The feeds at some addresses. Raises ConfigError when there is none, or the list cannot be read."""
    if not (settings.url or settings.urls or settings.opml):
        raise ConfigError(f"sources.{name}.url: missing.", "Write the address of a feed, or several as urls, or opml.")
    return FeedSource(name, settings, tools)


class FeedSource(Source):
    """Feeds at some addresses; each is a native query of its own, whose cursor is a Place.

    Of one host one feed is asked at a time, so that a host with very many costs the others nothing.
    """

    kind = KIND
    side_by_side = 1_000  # most of them wait for their host

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools
        self._stamp = _stamp(settings.opml)
        self._addresses = _addresses(name, settings)
        self._hosts: dict[str, asyncio.Lock] = {}
        self._resting: dict[str, datetime] = {}  # until when a host wants to be left alone
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._reader = asyncio.Semaphore(1)  # reading takes a core; two threads of it would stall the loop

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        return tuple(self._addresses)

    def is_outdated(self) -> bool:
        return _stamp(self._settings.opml) != self._stamp

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """Ask, read, leave out what is known. While something is left over no mark is kept, so that it comes again."""
        if query not in self._addresses:
            raise BadSource("This feed is not in the settings any more.", "It is not asked again after a restart.")
        place = place_at(cursor, self._addresses[query])
        async with self._turn(place.url):
            place, answer, feed = await self._found(place, scope=place.home)
        if feed is None:
            return Page((), cursor, not_before=self._not_before(answer, place))
        given, has_more = chosen(place, feed, max(1, limit))
        now_at = after(place, answer, feed, given, self._tools.now())
        return Page(
            items=tuple(entry.item for entry in given),
            cursor=to_cursor(now_at),
            more=has_more,
            is_backlog=not place.is_caught_up,
            not_before=None if has_more else self._not_before(answer, now_at),
        )

    async def check(self) -> str:
        if len(self._addresses) == 1:
            return await self._look(*self._addresses)
        some = list(self._addresses)[:_TRIED]
        told = await asyncio.gather(*map(self._look, some), return_exceptions=True)
        failed = [one for one in told if isinstance(one, BaseException)]
        strange = [one for one in failed if not isinstance(one, SourceError)]
        if strange or len(failed) == len(some):
            raise (strange or failed)[0]
        well = f"{len(self._addresses):,} feeds; {len(some) - len(failed)} of {len(some)} that were asked can be read."
        return f"{well} {failed[0]}" if failed else well

    async def close(self) -> None:
        """Nothing is held."""

    async def _look(self, query: str) -> str:
        """One sentence on one feed. Raises what reading it raises."""
        home = self._addresses[query]
        async with self._turn(home):
            place, answer, feed = await self._found(Place(home, home))
        count = f"it has {len(feed.entries) if feed else 0} entries"
        if place.is_page:
            found = shown(place.url)
            return f"{shown(home)} is a web page; its feed {found} can be read, {count}. Put that into the settings."
        return f"The feed {shown(answer.url)} can be read; {count}."

    async def _found(self, place: Place, scope: str = "") -> tuple[Place, Answer, Feed | None]:
        """The answer, and the feed unless it is unchanged; where it was when it was not where it used to be."""
        try:
            return place, *await self._read(place, scope)
        except (BadSource, Gone) as error:
            if place.url == place.home:
                return await self._discovered(place, scope, error)
        place = replace(place, url=place.home, etag="", last_modified="", body="")  # the move was a mistake
        try:
            return place, *await self._read(place, scope)
        except BadSource as error:
            return await self._discovered(place, scope, error)

    async def _discovered(self, place: Place, scope: str, error: SourceError) -> tuple[Place, Answer, Feed | None]:
        """The feed of a page. Of a known feed that has become a page none is looked for: it may be back soon."""
        if not isinstance(error, WebPage) or (place.is_caught_up and not place.is_page):
            raise error
        allow = self._settings.allow_private
        feeds = error.feeds
        if not feeds:
            with self._unless_resting(place.home):
                feeds = await usual_feeds(self._tools.fetch, place.home, allow_private=allow)
        for _, url in feeds[:3]:
            there = replace(place, url=url, is_page=True, etag="", last_modified="", body="")
            try:
                return there, *await self._read(there, scope)
            except (BadSource, Gone):
                continue
        raise error

    async def _read(self, place: Place, scope: str) -> tuple[Answer, Feed | None]:
        """The answer, and the feed unless it is unchanged."""
        headers = {"If-None-Match": place.etag, "If-Modified-Since": place.last_modified, "Accept": _ACCEPT}
        with self._unless_resting(place.url):
            answer = await self._tools.fetch.get(
                place.url,
                headers={name: value for name, value in headers.items() if value},
                allow_private=self._settings.allow_private and host_of(place.url) == host_of(place.home),
            )
        if answer.status == 304 or (place.body and digest(answer) == place.body):
            return answer, None
        kind = answer.headers.get("Content-Type", "")
        async with self._reader:
            return answer, await asyncio.to_thread(read_feed, answer.body, kind, answer.url, self._tools.now(), scope)

    @asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        async with self._hosts.setdefault(_host(url), asyncio.Lock()), self._room:
            yield

    @contextmanager
    def _unless_resting(self, url: str) -> Iterator[None]:
        """A host that wants to be left alone is so by all its feeds. Raises RateLimited without asking until then."""
        host, now = _host(url), self._tools.now()
        self._resting = {name: until for name, until in self._resting.items() if until > now}
        if host in self._resting:
            raise RateLimited(f"{shown(url)} is not asked: its host wants to be left alone.", self._resting[host])
        try:
            yield
        except RateLimited as error:
            self._resting[host] = error.until
            raise

    def _not_before(self, answer: Answer, place: Place) -> datetime | None:
        return not_before(
            answer,
            now=self._tools.now(),
            ttl=place.ttl,
            gap=place.gap,
            last=place.last,
            slowest=self._settings.slowest,
            is_search=is_search(place.home) or is_search(place.url),
        )


def _addresses(name: str, settings: Settings) -> dict[str, str]:
    """Each native query with its address. The single address is the query ""; none tells what stands behind a "?"."""
    several = [*settings.urls, *(address for _, address in _listed(name, settings.opml))]
    single = {"": settings.url.strip()} if settings.url else {}
    found: dict[str, str] = {}
    for address in dict.fromkeys(map(str.strip, several)):
        if address and address not in single.values():
            found[_named(address)] = address
    return {**single, **found}


def _named(address: str) -> str:
    words = shown(address)
    return words if words == address else f"{words} {sha256(address.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _listed(name: str, opml: str) -> list[tuple[str, str]]:
    if not opml:
        return []
    try:
        return read_opml(Path(opml).expanduser().read_bytes())
    except OSError as error:
        raise ConfigError(f"sources.{name}.opml: {opml} cannot be read: {error.strerror}.") from None
    except BadSource as error:
        raise ConfigError(f"sources.{name}.opml: {error}") from None


def _stamp(opml: str) -> tuple[int, int]:
    """What a file was when it was last saved; (0, 0) when there is none."""
    try:
        stat = Path(opml).expanduser().stat() if opml else None
    except OSError:
        stat = None
    return (stat.st_mtime_ns, stat.st_size) if stat else (0, 0)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
