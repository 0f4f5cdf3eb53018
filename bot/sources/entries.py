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
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import feedparser

from bot.fetch import shown
from bot.sources.fieldmap import content_id, read_count, read_date, read_json, read_lang, storable
from bot.sources.markup import decoded, is_web_page, refuse_heavy
from handlers.ports import BadSource, Broken
from handlers.rules.text import from_html, safe_url
from storage.types import RawMention

MAX_ENTRIES = 500

_KEYS = (
    *("id", "link", "title_detail", "content", "summary_detail", "published_parsed", "updated_parsed"),
    *("author", "language", "slash_comments"),
)

_LINK = re.compile(r"<link\b[^<>]{1,2000}>", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_FEED_TYPE = re.compile(r"application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)
_MAIL_AND_NAME = re.compile(r"\S+@\S+\s*\((.+)\)|(.+?)\s*[(<]\S+@\S+[)>]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `id` is short, for remembering it; `hash` changes with its words, so that an edit is seen."""

    id: str
    hash: str
    item: RawMention | Broken


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed, its entries oldest first. `ttl` is how many minutes it wants to be left alone, 0: unsaid."""

    entries: tuple[Entry, ...]
    ttl: int = 0


def read_feed(body: bytes, content_type: str, url: str, now: datetime) -> Feed:
    """Read a body that came from `url` (for relative links). Raises BadSource when it is no feed."""
    text = decoded(body, content_type)
    if text.lstrip().startswith("{"):
        return _json_feed(text, url, now)
    if is_web_page(text):
        raise BadSource("This is a web page, not a feed.", _where_the_feed_is(text, url))
    refuse_heavy(text)
    parsed = _parsed(text)
    ttl = read_count(dict.get(parsed.feed, "ttl")) or 0
    name = storable(from_html(str(dict.get(parsed.feed, "title", ""))))[:200]
    lang = str(dict.get(parsed.feed, "language") or "")
    found = (_xml_entry(entry, url, name, lang, now) for entry in parsed.entries[:MAX_ENTRIES])
    return Feed(_oldest_first(found), ttl)


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


def _xml_entry(entry: dict[str, Any], url: str, name: str, lang: str, now: datetime) -> Entry:
    # Not entry.get: the parser's own get answers "updated" for "published" and warns about it.
    told = {key: dict.get(entry, key) for key in _KEYS}
    link, title = _line(told["link"]), _line(_html(told["title_detail"]))
    text = _html((told["content"] or [told["summary_detail"]])[0]).strip()
    date = told["published_parsed"] or told["updated_parsed"]
    return _entry(
        identity=_line(told["id"]) or link or (f"{title}\n{tuple(date or ())}" if title or date else text),
        text=text,
        title=title,
        link=_joined(url, link),
        author=_author(_line(told["author"])),
        published_at=_near(_from_struct(date), now),
        lang=_line(told["language"]) or lang,
        replies=told["slash_comments"],
        feed=name,
    )


def _json_feed(text: str, url: str, now: datetime) -> Feed:
    try:
        feed = read_json(text)
    except ValueError as error:
        raise BadSource(f"The JSON feed cannot be read. {error}") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise BadSource("This JSON is no feed: it has no list of items.", "Correct the source's address.")
    name, lang = _line(feed.get("title"))[:200], _line(feed.get("language"))
    return Feed(_oldest_first(_json_entry(item, url, name, lang, now) for item in items[:MAX_ENTRIES]))


def _json_entry(item: object, url: str, name: str, lang: str, now: datetime) -> Entry:
    if not isinstance(item, dict):
        return _broken(content_id([str(item)[:200]]), "This entry is no JSON object.", str(item))
    html, *plain = (item.get(key) for key in ("content_html", "content_text", "summary"))
    text = from_html(html) if html and isinstance(html, str) else next((one for one in plain if one), "")
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    author = authors[0] if authors and isinstance(authors[0], dict) else {}
    link, title = _line(item.get("url")), _line(item.get("title"))
    date = item.get("date_published") or item.get("date_modified")
    return _entry(
        identity=_line(item.get("id")) or link or (f"{title}\n{date}" if title or date else text),
        text=text.strip() if isinstance(text, str) else "",
        title=title,
        link=_joined(url, link),
        author=_line(author.get("name")),
        published_at=_near(read_date(date), now),
        lang=_line(item.get("language")) or lang,
        replies=None,
        feed=name,
    )


def _entry(
    *,
    identity: str,
    text: str,
    title: str,
    link: str,
    author: str,
    published_at: datetime | None,
    lang: str,
    replies: object,
    feed: str,
) -> Entry:
    native_id = content_id([identity])
    if not text:
        text, title = title, ""
    if not text:
        return _broken(native_id, "This entry has neither a text nor a title.", identity)
    item = RawMention(
        native_id=native_id,
        text=storable(text),
        title=title,
        url=safe_url(_unwrapped(link)),
        author=author.removeprefix("@")[:200],
        published_at=published_at,
        lang=read_lang(lang),
        replies=read_count(replies),
        extra={"feed": feed} if feed else {},
    )
    return Entry(native_id[:16], content_id([item.title, item.text])[:8], item)


def _broken(native_id: str, reason: str, sample: str) -> Entry:
    return Entry(native_id[:16], "broken", Broken(native_id, reason, storable(sample)[:200]))


def _oldest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
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
    found = _MAIL_AND_NAME.fullmatch(told[:300])
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


def _unwrapped(link: str) -> str:
    """Search alerts link to a page of theirs that leads on; the address it leads to, else the link."""
    try:
        parts = urlsplit(link)
        if parts.path != "/url" or not re.fullmatch(r"(?:www\.)?google\.[a-z.]{2,6}", parts.hostname or ""):
            return link
        query = parse_qs(parts.query)
        return (query.get("url") or query.get("q") or [link])[0]
    except ValueError:
        return link


def _where_the_feed_is(html: str, url: str) -> str:
    """What to do when the address is that of a page: many pages name their feed."""
    for link in _LINK.finditer(html, 0, 200_000):
        href = _HREF.search(link[0])
        if href and _FEED_TYPE.search(link[0]):
            found = safe_url(_joined(shown(url), unescape(href[1])))
            if found:
                return f"It names this one: {found[:300]}"
    return "Look on it for a link called RSS, Atom or feed."
