"""More than three alerts a day by one author are folded: the others come together, each still a case. Pure.

An author is a person or account only where a network says so. What is sent to us directly is never folded: forms and
calls often have the same name for everybody. Nor is what a site publishes, as in feeds and news. Files and webhooks
often bring first names, which many share: there only a handle is somebody, or whose own page the address is below.
"""

import re
from datetime import timedelta

from handlers.rules.text import host_of
from storage.types import RawMention

MOST = 3  # alerts by one author with cards of their own
DAY = timedelta(hours=24)
GATHERED = timedelta(hours=1)  # the others come together this often
_SITES = frozenset(["feed", "news"])  # kinds of sources whose author is a site or a newsroom
_NAMES = frozenset(["file", "webhook"])  # kinds whose author may be any name
_NOBODY = frozenset([
    "a google user", "google user", "a user", "user", "amazon customer", "customer", "verified buyer",
    "verified customer", "guest", "guest user", "visitor", "anonymous", "anonymous user", "anonym", "anonyme",
    "unknown", "unknown user", "nobody", "no name", "none", "null", "n/a", "deleted user", "[deleted]", "[removed]",
])  # fmt: skip
_HANDLE = re.compile(r"(?=.*(?:[\d_@]|\w\.\w))[\w.@+-]{3,}")  # one word that is no mere name


def has_person(kind: str, mention: RawMention) -> bool:
    """Whether the author of a mention, from a source of this kind, is somebody in particular."""
    author = mention.author.casefold()
    if mention.private or kind in _SITES or is_nobody(author):
        return False
    if kind in _NAMES and not (_HANDLE.fullmatch(author) or _is_below_her_page(author, mention.url)):
        return False
    return author != host_of(mention.url).removeprefix("www.")


def is_nobody(author: str) -> bool:
    """Whether an author, in lower case, is a name that many share who gave none."""
    return author.strip() in _NOBODY or not any(map(str.isalnum, author))


def _is_below_her_page(author: str, url: str) -> bool:
    return author.removeprefix("@") in [part.removeprefix("@") for part in url.casefold().split("/")[3:]]


def is_folded(earlier: int) -> bool:
    """Whether an alert is folded whose author had so many in the 24 h before."""
    return earlier >= MOST


def in_words(earlier: int) -> str:
    """The 4th in 24 h by this author."""
    number = earlier + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"the {number}{ending} in 24 h by this author"
