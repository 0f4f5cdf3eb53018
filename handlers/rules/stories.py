"""Which mentions tell the same story: reposts, near-copies, and posts that link to the same article.

A story has keys. Whole keys decide by themselves: the hash of a text without its trimmings, the address of an article.
Part keys only nominate a case, whose words are then compared: a Levenshtein ratio of 88 of 100 on the stripped texts,
chosen high so that two customers with the same trouble stay two cases. Public texts that begin with the same 50
characters and differ in little after them are one story too: shares that a network cut short, or that carry another
tag at the end. Forms and the notes of calls all begin alike, so that private ones never join by that. Texts that name
different numbers (an order, a booking, a flight) are different customers, however alike they are; years and counts
below 1,000 are no such numbers. What is private joins only what the same author said in the same place.
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit
from zlib import crc32

from rapidfuzz import fuzz
from rapidfuzz.distance import Prefix

from handlers.rules.folding import is_nobody
from handlers.rules.text import comparable, copy_key, shingle_keys
from storage.stories import Lead
from storage.types import RawMention

_ALIKE = 88.0  # of 100
_LINK = re.compile(r"https?://[^\s<>\"')\]]{4,300}")
_COMPARED = 1_000  # characters
_BEGINNING = 50  # characters
_ADDED = 100  # characters that a text may add to another that ends within it
_ENDING = 24  # characters in which texts may differ at their ends: about four words
_NUMBER = re.compile(  # neither a year nor a count, nor a word that ends in one ("covid19")
    r"\b(?!(?:19|20)\d\d\b)(?!\d{3}\b)(?=\w*\d)(?:(?!\w*[^\W\d]{4})\w{3,}|(?=\w{5})\w*\d{4}\w*)\b"
)
_SAME = "|text|"


class Story(NamedTuple):
    """The keys under which a mention's case can be found; all begin with the brand."""

    whole: tuple[str, ...]  # any of them decides
    parts: tuple[str, ...]  # each only nominates
    own: tuple[str, ...]  # those that a case opened for this mention can be found by
    words: str  # what is compared with a nominated case's words
    beginning: str = ""  # nominates a case that begins alike; only a public mention has one


_NONE = Story((), (), (), "")


def story_of(brand: str, raw: RawMention, *, is_weighty: bool) -> Story:
    """The story that a mention tells.

    What would open no case by itself is looked for only when it says that it is a repost or links somewhere: its exact
    copies weigh as little as it does. A post that links to an article joins the article's case. Two posts that link to
    the same page do not join each other: customers with different troubles link to the same help page.
    """
    texts: list[str] = []
    if (is_weighty or _is_repost(raw)) and (key := copy_key(raw.text)):
        texts.append(f"{brand}{_SAME}{key}")
    address = canonical(raw.url) if raw.title else ""
    article = [f"{brand}|link|{address}"] if address else []
    found = map(canonical, _LINK.findall(raw.text)[:5]) if "http" in raw.text else ()
    links = [f"{brand}|link|{link}" for link in found if link]
    parts = [f"{brand}|part|{key}" for key in shingle_keys(raw.text)] if is_weighty else []
    if not (texts or article or links or parts):
        return _NONE
    words = compared(raw.text) if parts else ""
    beginning = "" if raw.private or len(words) < _BEGINNING else f"{brand}|begin|{_checksum(words[:_BEGINNING])}"
    own = [*texts, *article, *parts, beginning] if beginning else texts + article + parts
    return Story(tuple(dict.fromkeys(texts + article + links)), tuple(parts), tuple(own), words, beginning)


def is_copy(key: str) -> bool:
    """Whether what shares a whole key says the very same; what links to the same article need not."""
    return _SAME in key


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
    if not (words and others) or fuzz.ratio(words, others, score_cutoff=_ALIKE) == 0:
        return False
    return not _names_another_number(words, others)


def begins_alike(words: str, others: str) -> bool:
    """Whether two texts have a long beginning in common and no long news after it."""
    shorter, longer = sorted((words, others), key=len)
    if len(shorter) < _BEGINNING or shorter[:_BEGINNING] != longer[:_BEGINNING]:
        return False
    same = Prefix.similarity(shorter, longer)
    rest = _ADDED if same == len(shorter) else _ENDING
    return len(longer) - same <= rest and not _names_another_number(words, others)


def may_join(lead: Lead, source_id: int, author: str, *, is_private: bool) -> bool:
    """Whether a mention of this author, in lower case, may join a case: two customers' private messages never do."""
    if not (is_private or lead.is_private):
        return True
    return (lead.source_id, lead.author) == (source_id, author) and not is_nobody(author)


def _names_another_number(words: str, others: str) -> bool:
    shorter, longer = sorted((words, others), key=len)
    if longer.startswith(shorter) and " " in longer[len(shorter) :]:  # cut short, perhaps in the midst of a number
        return False
    ours, theirs = set(_NUMBER.findall(shorter)), set(_NUMBER.findall(longer))
    return bool(ours - theirs and theirs - ours)


def _checksum(words: str) -> str:
    return f"{crc32(words.encode()):08x}"
