"""Which mentions tell the same story: reposts, near-copies, and posts that link to the same article.

A story has keys. Whole keys decide by themselves: the hash of a text without its trimmings, the address of an article.
Part keys only nominate a case, whose words are then compared: a Levenshtein ratio of 88 of 100 on the stripped texts,
chosen high so that two customers with the same trouble stay two cases.
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from rapidfuzz import fuzz

from handlers.rules.text import comparable, copy_key, shingle_keys
from storage.types import RawMention

_ALIKE = 88.0  # of 100
_LINK = re.compile(r"https?://[^\s<>\"')\]]{4,300}")
_COMPARED = 1_000  # characters
_LINKED = "|link|"


class Story(NamedTuple):
    """The keys under which a mention's case can be found; all begin with the brand."""

    whole: tuple[str, ...]  # any of them decides
    parts: tuple[str, ...]  # each only nominates
    own: tuple[str, ...]  # those that a case opened for this mention can be found by
    words: str  # what is compared with a nominated case's words


_NONE = Story((), (), (), "")


def story_of(brand: str, raw: RawMention, *, is_weighty: bool) -> Story:
    """The story that a mention tells.

    What would open no case by itself is looked for only when it says that it is a repost or links somewhere: its exact
    copies weigh as little as it does. A post that links to an article joins the article's case. Two posts that link to
    the same page do not join each other: customers with different troubles link to the same help page.
    """
    texts: list[str] = []
    if (is_weighty or _is_repost(raw)) and (key := copy_key(raw.text)):
        texts.append(f"{brand}|text|{key}")
    address = canonical(raw.url) if raw.title else ""
    article = [f"{brand}{_LINKED}{address}"] if address else []
    found = map(canonical, _LINK.findall(raw.text)[:5]) if "http" in raw.text else ()
    links = [f"{brand}{_LINKED}{link}" for link in found if link]
    parts = [f"{brand}|part|{key}" for key in shingle_keys(raw.text)] if is_weighty else []
    if not (texts or article or links or parts):
        return _NONE
    words = compared(raw.text) if parts else ""
    return Story(tuple(dict.fromkeys(texts + article + links)), tuple(parts), tuple(texts + article + parts), words)


def is_link(key: str) -> bool:
    """Whether a key is an article's address: what shares it is about the same, and need not say the same."""
    return _LINKED in key


def _is_repost(raw: RawMention) -> bool:
    return bool(raw.repost_of) or raw.text[:3].lower() == "rt " or "via @" in raw.text


def canonical(url: str) -> str:
    """An article's address without what differs from share to share.

    Empty for a bare host or a link shortener's stub.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = parts.path.rstrip("/.,;:!?")
    if path.count("/") < 2 and len(path) < 16:
        return ""
    return f"{parts.netloc.lower().removeprefix('www.')}{path}"


def compared(text: str) -> str:
    """The words by which texts are compared: the first 1,000 characters of the bare ones."""
    return comparable(text)[:_COMPARED]


def is_alike(words: str, others: str) -> bool:
    """Whether two texts say the same in nearly the same words; given are the `compared` words of each."""
    return bool(words and others) and fuzz.ratio(words, others, score_cutoff=_ALIKE) > 0
