"""Links as feeds of searches and newsletters give them, and the address that a reader ends at.

Nobody is asked for it: what cannot be seen in the link itself stays as it is.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as BadBase64
from urllib.parse import parse_qs, urlsplit

from handlers.rules.text import safe_url

_GOOGLE = re.compile(r"(?:www\.)?google\.[a-z.]{2,6}")
_NEWS_PATH = re.compile(r"/(?:rss/)?(?:articles|read)/([\w-]{20,2000}=*)")
_NEWS_HEAD = b"\x08\x13\x22"  # two fields of a record, then the length of what may be the address
_CAMPAIGN = re.compile(r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|igshid|mc_[ce]id)(?:=|$)", re.IGNORECASE)
_SEARCHED = re.compile(r"(?:^|&)(?:q|query|search|s|term)=", re.IGNORECASE)


def address_of(link: str) -> str:
    """Where a link leads, without what only counts who sent the reader; "" when nobody should follow it."""
    return safe_url(without_campaign(unwrapped(link)))


def unwrapped(link: str) -> str:
    """Google's alerts link to a page of theirs that leads on, so do its older news feeds; else the link."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
        if host == "news.google.com":
            return _in_news(parts.path) or link
        if parts.path == "/url" and _GOOGLE.fullmatch(host):
            query = parse_qs(parts.query)
            return (query.get("url") or query.get("q") or [link])[0]
    except ValueError:
        pass
    return link


def without_campaign(url: str) -> str:
    """The same address; every other part of it stays as it was written."""
    before, hash_mark, fragment = url.partition("#")
    head, _, query = before.partition("?")
    kept = "&".join(pair for pair in query.split("&") if not _CAMPAIGN.match(pair))
    return f"{head}{'?' if kept else ''}{kept}{hash_mark}{fragment}" if kept != query else url


def is_search(url: str) -> bool:
    """Whether a feed holds what somebody searches for: it may be empty for a year, and then matter at once."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return host == "news.google.com" or bool(_GOOGLE.fullmatch(host) or _SEARCHED.search(parts.query))


def _in_news(path: str) -> str:
    """The address inside the name of an article; newer names hold none that can be read."""
    found = _NEWS_PATH.fullmatch(path)
    if not found:
        return ""
    try:
        record = urlsafe_b64decode(found[1].rstrip("=") + "=" * (-len(found[1].rstrip("=")) % 4))
    except (BadBase64, ValueError):
        return ""
    if not record.startswith(_NEWS_HEAD) or len(record) < 6:
        return ""
    length, start = record[3], 4
    if length & 0x80:
        length, start = (length & 0x7F) | record[4] << 7, 5
    address = record[start : start + length].decode("utf-8", "replace")
    return address if len(address.encode()) == length and address.startswith(("http://", "https://")) else ""
