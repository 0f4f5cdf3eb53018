"""The feeds of a web page: those that it names, else those that stand where feeds usually stand."""

import re
from html import unescape
from urllib.parse import urljoin

from bot.fetch import Answer, Fetch
from bot.sources.markup import begins_feed, decoded
from handlers.ports import BadSource, Gone, SignInFailed
from handlers.rules.text import from_html, safe_url

MOST = 10  # feeds of one page
USUAL = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml")

_LINK = re.compile(r"<(?:link|a)\b[^<>]{1,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![a-z])([a-z]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FEED_TYPE = re.compile(r"application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)
_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_JSON_FEED = re.compile(r'\s*+\{\s*+"version"\s*+:\s*+"https?://jsonfeed\.org/')
_READ = 100_000  # bytes in which a feed begins, whatever stands before its first element


def feeds_named(html: str, url: str) -> list[tuple[str, str]]:
    """Title and address of each feed that a page names in its head; those of comments last."""
    found: dict[str, str] = {}
    for link in _LINK.finditer(html, 0, 200_000):
        told = {name.lower(): unescape(one or two or bare) for name, one, two, bare in _ATTRIBUTE.findall(link[0])}
        if not _FEED_TYPE.match(told.get("type", "").strip()):
            continue
        try:
            address = safe_url(urljoin(url, told.get("href", "").strip())) if told.get("href") else ""
        except ValueError:
            continue
        if address and len(found) < MOST:
            found.setdefault(address, from_html(told.get("title", ""))[:200])
    named = [(title, address) for address, title in found.items()]
    return sorted(named, key=lambda one: bool(_COMMENTS.search(f"{one[0]} {one[1]}")))


async def usual_feeds(fetch: Fetch, url: str, *, allow_private: bool = False) -> list[tuple[str, str]]:
    """The first feed that answers where feeds usually stand on that host; its title is not read.

    Raises Transient or RateLimited when the host cannot be asked now.
    """
    for path in USUAL:
        try:
            answer = await fetch.get(urljoin(url, path), allow_private=allow_private)
        except (BadSource, Gone, SignInFailed):
            continue
        if _is_feed(answer):
            return [("", answer.url)]
    return []


def _is_feed(answer: Answer) -> bool:
    text = decoded(answer.body[:_READ], answer.headers.get("Content-Type", ""))
    try:
        return begins_feed(text) or bool(_JSON_FEED.match(text))
    except BadSource:
        return False
