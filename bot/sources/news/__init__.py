"""News about your brands from all over the world, by two searches that need no key: Google News and GDELT.

    [[sources]]
    name = "news"
    kind = "news"
    lang = "en"
    country = "GB"
    every = "15m"

There is no account to make. Each brand's queries are asked in their own words and "phrases"; what they must not have is
sorted out here. `lang` and `country` choose the edition of Google News; GDELT looks through all languages. Give papers
that matter their own feeds (kind "feed") too: they are faster and surer. Both searches are a courtesy of their makers:
Google's is no official service and may stop any day, and GDELT asks for five seconds between two requests; `engines`
leaves one out. `weight` is the reach that you assume for an article.

What this source can't see: the article itself (GDELT gives its title alone, Google its title and the paper), so a query
matches only what the title says; older news than a week; where a newer link of Google News leads to; what the papers
change or take back later; how many people read it; and of a query that is only the beginning of a word (refund*) what
the searches do not complete.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.fetch import Tools, shown
from bot.pace import Pace
from bot.sources.fieldmap import content_id
from bot.sources.news.gdelt import MOST, PAUSE, gdelt_address, gdelt_lines, read_articles, say_to_gdelt
from bot.sources.news.google import article, google_address, google_lines, say_to_google
from bot.sources.syndication.entries import Feed, oldest_first, read_feed
from bot.sources.syndication.place import after, chosen, digest, place_at, to_cursor
from bot.sources.syndication.rhythm import not_before
from bot.sources.timeline import Dated, read_timeline
from handlers.ports import FREE, BadQuery, BadSource, Budget, Cost, Item, Page, Source, Transient, Wanted
from handlers.rules.terms import Author, Leaf
from handlers.rules.widening import alternatives, can_match_in
from storage.errors import ConfigError
from storage.types import RawMention

KIND = "news"
ASKED = ("lang", "country")  # when one is added

_BACK = timedelta(days=1)  # how far back the first look at GDELT goes
_ASKS = 3  # of one step, when an answer is full of what is known
_TRIED = "news"  # the word that a check searches for

Engine = Literal["google", "gdelt"]


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    engines: tuple[Engine, ...] = ("google", "gdelt")  # which searches are asked
    lang: str = "en"  # the language of Google's edition, two letters
    country: str = "US"  # the country of Google's edition, two letters
    google_server: str = "https://news.google.com"  # where Google News is asked
    gdelt_server: str = "https://api.gdeltproject.org"  # where GDELT is asked
    allow_private: bool = False  # for servers on your own network


SAMPLE = b"""{"articles": [
 {"url": "https://www.paper.example/lamps/recall?utm_source=feed", "title": "Aurelia recalls its lamps",
  "seendate": "20261120T091500Z", "socialimage": "", "domain": "paper.example", "language": "English",
  "sourcecountry": "United Kingdom"},
 {"url": "https://zeitung.example/lampen", "title": "Aurelia ruft Lampen zur\\u00fcck", "seendate": "20261120T090000Z",
  "domain": "zeitung.example", "language": "German", "sourcecountry": "Germany"}
]}
"""
EXPECTED = [
    RawMention(
        native_id=content_id(["https://zeitung.example/lampen"]),
        text="Aurelia ruft Lampen zurück",
        url="https://zeitung.example/lampen",
        author="zeitung.example",
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        lang="de",
    ),
    RawMention(
        native_id=content_id(["https://www.paper.example/lamps/recall"]),
        text="Aurelia recalls its lamps",
        url="https://www.paper.example/lamps/recall",
        author="paper.example",
        published_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
        lang="en",
    ),
]


def read_sample() -> list[Item]:
    """What SAMPLE gives."""
    return [found.item for found in read_articles(SAMPLE, 0, datetime(2026, 11, 21, tzinfo=UTC))]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """The searches that the team wants. Raises ConfigError for an edition that cannot be."""
    if not settings.engines:
        raise ConfigError(f"sources.{name}.engines: empty;", 'write "google", "gdelt" or both.')
    for key, value in (("lang", settings.lang), ("country", settings.country)):
        if not (value.isascii() and value.isalpha() and len(value) == 2):
            raise ConfigError(f'sources.{name}.{key}: "{value}" is no code of two letters;', 'write "en" or "GB".')
    return NewsSource(name, settings, tools)


class NewsSource(Source):
    """A native query is the name of a search and what it is asked. Google's cursor is a Place, GDELT's a Timeline."""

    kind = KIND
    side_by_side = 4

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools
        self._pause = Pace(PAUSE)
        self._reader = asyncio.Semaphore(1)

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for one in wanted:
            if "google" in self._settings.engines:
                told = google_lines(_asked(one, self.name, say_to_google))
                found |= dict.fromkeys(f"google {words}" for words in told)
            if "gdelt" in self._settings.engines:
                told = gdelt_lines(_asked(one, self.name, say_to_gdelt))
                found |= dict.fromkeys(f"gdelt {words}" for words in told)
        return tuple(found)

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        engine, _, words = query.partition(" ")
        if engine == "google":
            return await self._google(cursor, max(1, limit), query, words)
        if engine == "gdelt":
            return await self._gdelt(cursor, max(1, limit), words)
        raise BadQuery("A search for news needs words.", "Give a brand a query.")

    async def check(self) -> str:
        for engine in self._settings.engines:
            await self.poll(None, 1, f"{engine} {_TRIED}")
        names = " and ".join("Google News" if engine == "google" else "GDELT" for engine in self._settings.engines)
        return f"{names} can be read."

    async def close(self) -> None:
        """Nothing is held."""

    async def _google(self, cursor: str | None, limit: int, query: str, words: str) -> Page:
        settings, now = self._settings, self._tools.now()
        place = place_at(cursor, query)
        address = google_address(settings.google_server, words, settings.lang.lower(), settings.country.upper())
        answer = await self._tools.fetch.get(address, allow_private=settings.allow_private)
        rest = not_before(answer, now=now, ttl=0, gap=0, last=0, slowest=timedelta(), is_search=True)
        if place.body and digest(answer) == place.body:
            return Page((), cursor, not_before=rest, cost=Cost(requests=1))
        try:
            async with self._reader:
                kind = answer.headers.get("Content-Type", "")
                told = await asyncio.to_thread(read_feed, answer.body, kind, answer.url, now)
        except BadSource:
            raise Transient(f"{shown(answer.url)} did not answer with news; it will be asked again.") from None
        feed = Feed(oldest_first(map(article, reversed(told.entries))))
        given, has_more = chosen(place, feed, limit)
        now_at = after(replace(place, url=query), answer, feed, given, now)
        return Page(
            items=tuple(entry.item for entry in given),
            cursor=to_cursor(replace(now_at, url=query)),
            more=has_more,
            is_backlog=not place.is_caught_up,
            not_before=None if has_more else rest,
            cost=Cost(requests=1),
        )

    async def _gdelt(self, cursor: str | None, limit: int, words: str) -> Page:
        """The oldest that is not known; an answer that is full of what is known is passed over."""
        place = read_timeline(cursor, self._tools.now() - _BACK)
        start, asks = place.start, 0
        while True:
            found = await self._articles(words, start)
            fresh, asks = place.fresh(found), asks + 1
            is_full = len(found) >= MOST
            if fresh or not is_full or asks >= _ASKS:
                break
            start = max(found[-1].at, start + 1)
        given = fresh[:limit]
        is_all = len(given) == len(fresh)
        now_at = place.after(given, is_all=is_all, newest=found[-1].at if found else 0, now=self._tools.now())
        return Page(
            items=tuple(one.item for one in given),
            cursor=replace(now_at, is_caught_up=place.is_caught_up or (is_all and not is_full)).written(),
            more=not is_all or is_full,
            is_backlog=not place.is_caught_up,
            cost=Cost(requests=asks),
        )

    async def _articles(self, words: str, start: int) -> list[Dated]:
        settings, now = self._settings, self._tools.now()
        async with self._pause.turn("gdelt", is_ours=settings.allow_private):
            address = gdelt_address(settings.gdelt_server, words, start, now)
            answer = await self._tools.fetch.get(address, allow_private=settings.allow_private)
        return read_articles(answer.body, start, now)


def _asked(one: Wanted, source: str, say: Callable[[tuple[Leaf, ...]], str]) -> list[str]:
    """The alternatives of a query in an engine's words. Authors here are papers, so a handle can be nobody's.

    Raises BadQuery when the engine would not find all that the query wants.
    """
    if not can_match_in(one.query, source):
        return []
    told = alternatives(one.query)
    possible = [leaves for leaves in told if not any(isinstance(x, Author) and "." not in x.handle for x in leaves)]
    lines = [say(leaves) for leaves in possible]
    if not told or "" in lines:
        raise BadQuery(
            f'News cannot be searched for the query "{one.name}" of {one.brand}: the searches look for words.',
            f'Let each OR of it have a word or a "phrase", or keep it away from here with -source:"{source}".',
        )
    return lines
