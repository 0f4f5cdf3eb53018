"""What stands in the body of a feed (RSS, Atom, JSON Feed): its entries as mentions, oldest first.

The parser gets bytes in memory, never a text that it could take for the name of a file, and only of a body that
`bot/sources/markup.py` has looked through.
"""

import io
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import feedparser

from bot.fetch import shown
from bot.sources.fieldmap import content_id, read_count, read_date, read_lang, storable
from bot.sources.links import address_of, unwrapped
from bot.sources.markup import decoded, is_web_page, refuse_heavy
from bot.sources.partial import read_what_can_be, reason_against
from bot.sources.syndication.discovery import feeds_named
from handlers.ports import BadSource, Broken
from handlers.rules.text import from_html, host_of
from storage.types import RawMention

MAX_ENTRIES = 500
ID_LENGTH, HASH_LENGTH = 12, 6  # hex digits by which an entry and its words are remembered

_KEYS = (
    *("id", "link", "title_detail", "content", "summary_detail", "published_parsed", "updated_parsed"),
    *("author", "language", "slash_comments", "source"),
)

_MAIL_AND_NAME = re.compile(r"\S+@\S+\s*\((.+)\)|(.+?)\s*[(<]\S+@\S+[)>]")
_ALERT = "tag:google.com,2013:googlealerts/"
_WORLDWIDE = re.compile(r"https?://|tag:|urn:", re.IGNORECASE)  # what an id that nobody else uses begins with


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `id` is short, for remembering it; `hash` changes with its words, so that an edit is seen.

    `former` is the id that an earlier version of Earshot knew it by, if that was another.
    """

    id: str
    hash: str
    item: RawMention | Broken
    former: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed, its entries oldest first. `ttl` is how many minutes it wants to be left alone, 0: unsaid."""

    entries: tuple[Entry, ...]
    ttl: int = 0


class WebPage(BadSource):
    """It is a page for people. `feeds` are title and address of those that it names."""

    def __init__(self, feeds: list[tuple[str, str]]) -> None:
        named = (
            f"It names this one: {feeds[0][1][:300]}" if feeds else "Look on it for a link called RSS, Atom or feed."
        )
        super().__init__("This is a web page, not a feed.", named)
        self.feeds = feeds


def read_feed(body: bytes, content_type: str, url: str, now: datetime, scope: str = "") -> Feed:
    """Read a body that came from `url` (for relative links). Raises BadSource when it is no feed, WebPage for a page.

    `scope` parts the ids of one feed from those of another that counts its entries as well.
    """
    text = decoded(body, content_type)
    if text.lstrip().startswith("{"):
        return _json_feed(text, url, now, scope)
    if is_web_page(text):
        raise WebPage(feeds_named(text, shown(url)))
    refuse_heavy(text)
    parsed = _parsed(text)
    ttl = read_count(dict.get(parsed.feed, "ttl")) or 0
    name = storable(from_html(str(dict.get(parsed.feed, "title", ""))))[:200]
    lang = str(dict.get(parsed.feed, "language") or "")
    found = (_xml_entry(entry, url, name, lang, now, scope) for entry in parsed.entries[:MAX_ENTRIES])
    return Feed(oldest_first(found), ttl)


def _parsed(text: str) -> Any:
    try:
        parsed = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,  # `from_html` keeps the words alone
        )
    except Exception as error:
        # The parser's second, forgiving try walks into errors of many kinds; none of them may stop other sources.
        raise BadSource(f"The feed cannot be read ({type(error).__name__}).") from None
    if not dict.get(parsed, "version") and not parsed.entries:
        raise BadSource("This is no feed: neither RSS nor Atom nor JSON Feed.", "Correct the source's address.")
    return parsed


def _xml_entry(entry: dict[str, Any], url: str, name: str, lang: str, now: datetime, scope: str) -> Entry:
    # Not entry.get: the parser's own get answers "updated" for "published" and warns about it.
    told = {key: dict.get(entry, key) for key in _KEYS}
    link, title = _line(told["link"]), _line(_html(told["title_detail"]))
    text = _html((told["content"] or [told["summary_detail"]])[0]).strip()
    date = told["published_parsed"] or told["updated_parsed"]
    paper = told["source"] if isinstance(told["source"], Mapping) else {}
    return _entry(
        identity=_line(told["id"]) or link or (f"{title}\n{tuple(date or ())}" if title or date else text),
        text=text,
        title=title,
        link=_joined(url, link),
        author=_author(_line(told["author"])) or host_of(_line(paper.get("href"))).removeprefix("www."),
        author_name=_line(paper.get("title"))[:200],
        published_at=_near(_from_struct(date), now),
        lang=_line(told["language"]) or lang,
        replies=told["slash_comments"],
        feed=name,
        scope=scope,
    )


def _json_feed(text: str, url: str, now: datetime, scope: str) -> Feed:
    try:
        feed = read_what_can_be(text)
    except ValueError as error:
        raise BadSource(f"The JSON feed cannot be read. {error}") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise BadSource("This JSON is no feed: it has no list of items.", "Correct the source's address.")
    name, lang = _line(feed.get("title"))[:200], _line(feed.get("language"))
    return Feed(oldest_first(_json_entry(item, url, name, lang, now, scope) for item in items[:MAX_ENTRIES]))


def _json_entry(item: object, url: str, name: str, lang: str, now: datetime, scope: str) -> Entry:
    reason = reason_against(item) or ("" if isinstance(item, dict) else "This entry is no JSON object.")
    if reason or not isinstance(item, dict):
        return _broken(content_id([scope, str(item)[:1_000]]), reason, str(item))
    html, *plain = (item.get(key) for key in ("content_html", "content_text", "summary"))
    words = next((one for one in plain if one and isinstance(one, str)), "")
    text = from_html(html) if html and isinstance(html, str) else words
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    author = authors[0] if authors and isinstance(authors[0], dict) else {}
    link, title = _line(item.get("url")), _line(item.get("title"))
    date = item.get("date_published") or item.get("date_modified")
    return _entry(
        identity=_line(item.get("id")) or link or (f"{title}\n{date}" if title or date else text),
        text=text.strip(),
        title=title,
        link=_joined(url, link),
        author=_line(author.get("name")),
        author_name="",
        published_at=_near(read_date(date), now),
        lang=_line(item.get("language")) or lang,
        replies=None,
        feed=name,
        scope=scope,
    )


def _entry(
    *,
    identity: str,
    text: str,
    title: str,
    link: str,
    author: str,
    author_name: str,
    published_at: datetime | None,
    lang: str,
    replies: object,
    feed: str,
    scope: str,
) -> Entry:
    address = address_of(link)
    former = ""
    if identity.startswith(_ALERT) and address and unwrapped(link) != link:
        identity, former = address, content_id([identity])[:ID_LENGTH]  # two alerts may find the same article
    native_id = content_id([identity])
    if scope and not _WORLDWIDE.match(identity):
        native_id, former = content_id([scope, identity]), native_id[:ID_LENGTH]
    if not text:
        text, title = title, ""
    if not text:
        return _broken(native_id, "This entry has neither a text nor a title.", identity, former)
    item = RawMention(
        native_id=native_id,
        text=storable(text),
        title=title,
        url=address,
        author=author.removeprefix("@")[:200],
        author_name=author_name,
        published_at=published_at,
        lang=read_lang(lang),
        replies=read_count(replies),
        extra={"feed": feed} if feed else {},
    )
    return Entry(native_id[:ID_LENGTH], content_id([item.title, item.text])[:HASH_LENGTH], item, former)


def _broken(native_id: str, reason: str, sample: str, former: str = "") -> Entry:
    return Entry(native_id[:ID_LENGTH], "0" * HASH_LENGTH, Broken(native_id, reason, storable(sample)[:200]), former)


def oldest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Feeds give the newest first. What has no date stays beside its neighbour; of two with one id the newer counts."""
    by_id: dict[str, Entry] = {}
    for entry in entries:
        by_id.setdefault(entry.id, entry)
    dated, last = [], datetime.min.replace(tzinfo=UTC)
    for entry in reversed(by_id.values()):
        last = (entry.item.published_at if isinstance(entry.item, RawMention) else None) or last
        dated.append((last, entry))
    return tuple(entry for _, entry in sorted(dated, key=lambda pair: pair[0]))


def _line(value: object) -> str:
    """A value as one line of text; "" for what is none."""
    return " ".join(storable(str(value)).split()) if isinstance(value, str | int) else ""


def _html(detail: object) -> str:
    """The words of a text that says of which type it is."""
    if not isinstance(detail, Mapping):
        return ""
    value = storable(str(detail.get("value") or ""))
    return from_html(value) if "html" in str(detail.get("type")) else value


def _author(told: str) -> str:
    """The name in "jo@blog.example (Jo)" and "Jo <jo@blog.example>"; else as told."""
    found = _MAIL_AND_NAME.fullmatch(told[:120])  # takes time with the cube of the length
    return (found[1] or found[2]).strip() if found else told


def _from_struct(date: Any) -> datetime | None:
    try:
        return read_date(timegm(date)) if date else None
    except (ValueError, TypeError, OverflowError):
        return None


def _near(date: datetime | None, now: datetime) -> datetime | None:
    """A date that is not in the future; a day's grace is for clocks and zones."""
    return date if date and date <= now + timedelta(days=1) else None


def _joined(url: str, link: str) -> str:
    try:
        return urljoin(url, link) if link else ""
    except ValueError:
        return ""
