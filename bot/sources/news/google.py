"""Google News as a feed: what it is asked, and its entries as articles of a paper."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlencode

from bot.sources.fieldmap import content_id
from bot.sources.syndication.entries import HASH_LENGTH, ID_LENGTH, Entry
from handlers.rules.terms import Author, Host, Leaf
from handlers.rules.text import host_of
from handlers.rules.widening import phrases
from storage.types import RawMention

_MOST = 10  # alternatives of one request
_LONGEST = 300  # characters of one request
_BARE = re.compile(r"[\w'&.]*\w")
_TERM = re.compile(r'"[^"]*"|[^" ]+')
_OPERATORS = {"OR", "AND", "AROUND", "NOT"}


def say_to_google(leaves: tuple[Leaf, ...]) -> str:
    """An alternative in Google's words, "" where it cannot be asked for it."""
    told = phrases(leaves) or phrases(leaves, with_beginnings=True)[:1]
    words = [one.lstrip("#@") for one in told]
    sites = [leaf.host if isinstance(leaf, Host) else leaf.handle for leaf in leaves if isinstance(leaf, Host | Author)]
    quoted = (one if _BARE.fullmatch(one) and one not in _OPERATORS else f'"{one}"' for one in words if one)
    return " ".join([*quoted, *(f"site:{site}" for site in sites)])


def google_lines(told: Iterable[str]) -> Iterator[str]:
    """Several alternatives make one request, as long as it is not too long."""
    parts: list[str] = []
    for one in told:
        if parts and (len(parts) >= _MOST or len(_either([*parts, one])) > _LONGEST):
            yield _either(parts)
            parts = []
        parts.append(one)
    if parts:
        yield _either(parts)


def google_address(server: str, words: str, lang: str, country: str) -> str:
    """What was new within a week; without that, the most relevant of all times would come."""
    edition = {"hl": f"{lang}-{country}", "gl": country, "ceid": f"{country}:{lang}"}
    return f"{server.rstrip('/')}/rss/search?{urlencode({'q': f'{words} when:7d', **edition})}"


def article(entry: Entry) -> Entry:
    """An entry as an article: headline, paper, and the paper's own address where the link tells it.

    The feed's name is left out: it repeats what was searched for, and would match every time.
    """
    item = entry.item
    if not isinstance(item, RawMention):
        return entry
    told = item.title or item.text
    headline, dash, paper = told.rpartition(" - ")
    is_named = bool(headline and dash and (not item.author_name or paper.strip() == item.author_name))
    is_direct = bool(item.url) and host_of(item.url) != "news.google.com"
    found = replace(
        item,
        native_id=content_id([item.url]) if is_direct else item.native_id,
        text=headline if is_named else told,
        title="",
        author_name=item.author_name or (paper.strip()[:200] if is_named else ""),
        extra={},
    )
    return Entry(found.native_id[:ID_LENGTH], content_id([found.text])[:HASH_LENGTH], found)


def _either(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return " OR ".join(one if _TERM.fullmatch(one) else f"({one})" for one in parts)
