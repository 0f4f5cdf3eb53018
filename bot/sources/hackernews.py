"""Hacker News: stories and comments, by its public search. No key is needed.

    [[sources]]
    name = "Hacker News"
    kind = "hackernews"
    every = "5m"

Each query is asked in its own words and "phrases"; what it must not have is sorted out here. A comment carries the
title of its story, so a comment below a story about you counts as one about you. Every mention is asked for again: what
was deleted, flagged or killed there goes here too. Replies are written there by a person; the card has the link.

What this source can't see: jobs and polls, what was deleted or killed within minutes, votes on comments, how many read
it, links to you in stories whose words do not name you (url: looks at the address of the mention itself), and, by a
query that is only the beginning of a word (refund*), what the search does not complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from bot.fetch import Answer, Tools
from bot.sources.fieldmap import content_id, read_count, read_date, read_json, read_lang, storable
from bot.sources.searching import Place, answered, author_in, in_words, line, listed, searches, unread
from bot.sources.timeline import Dated, beside, read_timeline
from handlers.ports import FREE, Budget, ByLink, Can, Cost, Item, Page, ReplyWay, Source, Tombstone, Transient, Wanted
from handlers.rules.terms import Leaf
from handlers.rules.text import from_html, safe_url
from storage.types import Mention, RawMention

KIND = "hackernews"
MOST = 500  # hits of one answer

_PLACE = Place("Hacker News", "news.ycombinator.com", "/item?id=")
_ITEM = f"https://{_PLACE.host}{_PLACE.path}"
_NONE_LEFT = {"", "[deleted]", "[flagged]", "[dead]"}
_MAX_BYTES = 20_000_000
_ACCEPT = {"Accept": "application/json"}


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    back: timedelta = timedelta(days=7)  # how far back the first look goes
    account: str = ""  # the team's own user name there; what it writes is left out
    lang: str = "en"  # the language that its words are taken to be in
    server: str = "https://hn.algolia.com/api/v1"  # where it is searched
    item_server: str = "https://hacker-news.firebaseio.com/v0"  # where one item is asked for again
    allow_private: bool = False  # for servers on your own network


SAMPLE = b"""{"hits": [
 {"objectID": "42000002", "author": "mia", "created_at_i": 1795165200, "points": null, "story_id": 42000001,
  "comment_text": "Mine <i>exploded</i>.<p>Don&#x27;t buy the Aurelia.", "story_title": "A lamp that hears",
  "story_url": "https://aurelia.example/lamp", "_tags": ["comment", "author_mia", "story_42000001"]},
 {"objectID": "42000001", "author": "jo", "created_at_i": 1795161600, "points": 120, "num_comments": 14,
  "title": "A lamp that hears", "url": "https://aurelia.example/lamp", "story_text": null, "_tags": ["story"]}
]}
"""
EXPECTED = [
    RawMention(
        native_id="42000001",
        text="A lamp that hears",
        url="https://news.ycombinator.com/item?id=42000001",
        author="jo",
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        lang="en",
        likes=120,
        replies=14,
        extra={"link": "https://aurelia.example/lamp"},
    ),
    RawMention(
        native_id="42000002",
        text="Mine exploded.\nDon't buy the Aurelia.",
        title="A lamp that hears",
        url="https://news.ycombinator.com/item?id=42000002",
        author="mia",
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        lang="en",
    ),
]


def read_sample() -> list[Item]:
    """What SAMPLE gives."""
    return [_dated(hit, "en").item for hit in reversed(read_json(SAMPLE)["hits"])]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """Hacker News as a whole."""
    return HackerNewsSource(name, settings, tools)


class HackerNewsSource(Source):
    """The search of Hacker News. A native query is words; its cursor is a Timeline."""

    kind = KIND
    can = Can.VERIFY

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        return searches(wanted, self.name, _PLACE, _say)

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """The oldest that is not known. An answer has the newest of a stretch of time; a full one is cut shorter."""
        place = read_timeline(cursor, self._tools.now() - self._settings.back)
        start, end, asks = place.start, None, 0
        later: list[int | None] = []  # where the stretches end that were asked for and have too much
        while True:
            found = beside(await self._search(query, start, end), place.since)
            fresh, asks = place.fresh(found), asks + 1
            shorter = max((start + found[0].at) // 2, start + 1) if len(found) >= MOST else None
            if shorter and (end is None or shorter < end):  # of more than that within one second the newest must do
                later.append(end)
                end = shorter
            elif fresh or end is None:
                break
            else:
                start, end = end, later.pop()  # all known until then
        given = fresh[: max(1, limit)]
        is_all = end is None and len(given) == len(fresh)
        after = place.after(given, self._tools.now(), is_all=is_all, newest=found[-1].at if found else 0)
        items = tuple(one.item for one in given if not self._is_own(one.item))
        return Page(items, after.written(), not is_all, not place.is_caught_up, cost=Cost(requests=asks))

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        ids = [one for one in native_ids if one.isascii() and one.isdigit()]
        items = [item for one in ids if (item := await self._now(one)) is not None]
        if items and all(isinstance(item, Tombstone) for item in items):
            await self._must_know(max(map(int, ids)))
        return tuple(items)

    def can_reply(self, mention: Mention) -> ReplyWay:
        return ByLink(f"{_ITEM}{quote(mention.native_id)}", "Hacker News takes no replies from programs.")

    async def check(self) -> str:
        answer = await self._fetched(f"{self._settings.server}/search_by_date", {"tags": "story", "hitsPerPage": "1"})
        listed(answered(answer), "hits")
        return "The search of Hacker News can be read; it needs no key."

    async def close(self) -> None:
        """Nothing is held."""

    async def _search(self, query: str, start: int, end: int | None, author: str = "") -> list[Dated]:
        """The newest of what came after `start` and not after `end`, oldest first."""
        times = f"created_at_i>{start}" + (f",created_at_i<={end}" if end is not None else "")
        parameters = {
            "query": query,
            "tags": "(story,comment)" + (f",author_{author}" if author else ""),
            "numericFilters": times,
            "hitsPerPage": str(MOST),
            "advancedSyntax": "true",
            "typoTolerance": "false",
            "attributesToHighlight": "",
        }
        told = answered(await self._fetched(f"{self._settings.server}/search_by_date", parameters))
        if not isinstance(told.get("hits"), list):
            raise Transient("The search of Hacker News gives no list of hits; it will be asked again.")
        return [_dated(hit, self._settings.lang) for hit in reversed(told["hits"])]

    async def _now(self, native_id: str) -> Item | None:
        """The item as it is; a comment's words stand in the search, where the title of its story is too."""
        answer = await self._fetched(f"{self._settings.item_server}/item/{native_id}.json")
        told = None if answer.body.strip() == b"null" else answered(answer)
        if told is None or told.get("deleted") or told.get("dead"):
            return Tombstone(native_id, "it was deleted, flagged or killed there")
        if not isinstance(told.get("time"), int):
            return None
        if told.get("type") == "story":
            return _dated(_as_hit(told), self._settings.lang).item
        moment = told["time"]
        found = await self._search("", moment - 1, moment, line(told.get("by")))
        return next((one.item for one in found if one.id == native_id), None)

    async def _must_know(self, id_: int) -> None:
        """Nothing is there any more: that is believed of a server that has come as far as this id."""
        answer = await self._fetched(f"{self._settings.item_server}/maxitem.json")
        try:
            newest = read_count(read_json(answer.body))
        except ValueError:
            newest = None
        if newest is None or newest < id_:
            raise Transient("The item server of Hacker News does not know its items; look at `item_server`.")

    async def _fetched(self, url: str, parameters: Mapping[str, str] | None = None) -> Answer:
        address = f"{url}?{urlencode(parameters)}" if parameters else url
        return await self._tools.fetch.get(
            address, allow_private=self._settings.allow_private, max_bytes=_MAX_BYTES, headers=_ACCEPT
        )

    def _is_own(self, item: Item) -> bool:
        account = self._settings.account.strip().removeprefix("@").casefold()
        return bool(account) and isinstance(item, RawMention) and item.author.casefold() == account


def _say(leaves: tuple[Leaf, ...]) -> str:
    """The name of an author is a word like others to the search, which looks for it everywhere."""
    return " ".join(filter(None, (author_in(leaves), in_words(leaves, completes=True))))


def _as_hit(told: Mapping[str, Any]) -> dict[str, Any]:
    """A story of the item server as the search would give it."""
    names = {"author": "by", "created_at_i": "time", "points": "score", "num_comments": "descendants"}
    hit = {name: told.get(theirs) for name, theirs in names.items()}
    return {**hit, "objectID": str(told.get("id")), "story_text": told.get("text"), **_same(told, "title", "url")}


def _same(told: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: told.get(key) for key in keys}


def _dated(hit: object, lang: str) -> Dated:
    if not isinstance(hit, dict):
        return Dated(content_id([repr(hit)[:200]]), 0, "", unread("a hit of the search", "It is no JSON object.", hit))
    id_, moment = line(hit.get("objectID")), read_date(hit.get("created_at_i"))
    at = int(moment.timestamp()) if moment else 0
    if not (id_.isascii() and id_.isdigit()):
        return Dated(content_id([repr(hit)[:2000]]), at, "", unread("a hit of the search", "It has no id.", hit))
    item = _item(hit, id_, moment, lang)
    words = (item.title, item.text) if isinstance(item, RawMention) else (type(item).__name__,)
    return Dated(id_, at, content_id(words)[:8], item)


def _item(hit: Mapping[str, Any], id_: str, moment: datetime | None, lang: str) -> Item:
    """Stories have a title and may have a text; comments have a text, and the title of their story."""
    is_comment = hit.get("comment_text") is not None or hit.get("parent_id") is not None
    title = line(hit.get("story_title" if is_comment else "title"))
    html = hit.get("comment_text" if is_comment else "story_text")
    text = from_html(storable(html)) if isinstance(html, str) else ""
    if is_comment and text in _NONE_LEFT and (html is None or isinstance(html, str)):
        return Tombstone(id_, "its words are gone")
    if not text:
        text, title = title, ""
    if not text:
        return unread(id_, "It has neither a text nor a title.", hit)
    link = safe_url(line(hit.get("url")))
    return RawMention(
        native_id=id_,
        text=text,
        title=title,
        url=f"{_ITEM}{id_}",
        author=line(hit.get("author")),
        published_at=moment,
        lang=read_lang(lang),
        likes=read_count(hit.get("points")),
        replies=read_count(hit.get("num_comments")),
        extra={"link": link} if link and not is_comment else {},
    )
