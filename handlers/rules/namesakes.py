"""Which words a brand with an ambiguous name asks for, and which say that another thing of that name is meant.

    context = ["flight", "airline"]    one of these must be in the text too, where a query found no more than a word
    not_with = ["river", "air force"]  a text with one of these is not about us

Both are plain words or phrases, found as a query finds them; beginning* finds what begins so. A phrase or a @handle
that a query found says enough without context. Whoever names one of our accounts or links to one of our sites means us.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from handlers.rules.matching import Match
from handlers.rules.occurrence import Literal, literal
from handlers.rules.policy import Brand
from handlers.rules.query import Query
from handlers.rules.terms import Subject
from handlers.rules.text import host_of, normalise

MOST_WORDS = 20  # in a phrase
_MARKS = "',;:!?"


class Namesakes(NamedTuple):
    """A brand's words, ready to be looked for."""

    wanted: tuple[tuple[str, Literal], ...]  # as they are written in the file
    unwanted: tuple[tuple[str, Literal], ...]
    accounts: tuple[Literal, ...]
    sites: tuple[re.Pattern[str], ...]

    def objection(self, subject: Subject, matches: Sequence[Match[tuple[str, str]]], brand: str) -> str:
        """Why a mention that queries of the brand found is not about it, in words; "" where nothing says so."""
        if self.is_surely_us(subject):
            return ""
        if (found := next((word for word, one in self.unwanted if one.is_in(subject.words)), "")) != "":
            return f'it says "{found}"'
        if not self.wanted or any(_says_enough(match.phrases) for match in matches if match.key[0] == brand):
            return ""
        is_there = any(one.is_in(subject.words) for _, one in self.wanted)
        return "" if is_there else "it says none of the context words"

    def objection_to(self, query: Query, subject: Subject, brand: str) -> str:
        """The same for what an expression finds, were it a query of the brand; "" too where it does not match."""
        phrases = query.evaluate(subject)
        return self.objection(subject, [Match((brand, ""), phrases)], brand) if phrases is not None else ""

    def is_surely_us(self, subject: Subject) -> bool:
        """Whether it names one of our accounts, or links to one of our sites or stands there."""
        if any(one.is_in(subject.words) for one in self.accounts):
            return True
        return any(site.search(subject.words) or site.match(subject.host) for site in self.sites)


def namesakes_of(brand: Brand) -> Namesakes | None:
    """What is to be looked for; None for a brand that asks for nothing."""
    if not brand.context and not brand.not_with:
        return None
    return _namesakes(brand.context, brand.not_with, brand.own_accounts, brand.own_sites)


def is_surely_us(brand: Brand, subject: Subject) -> bool:
    """Whether a mention means the brand whatever else it says: it names its account or its site."""
    return _namesakes(brand.context, brand.not_with, brand.own_accounts, brand.own_sites).is_surely_us(subject)


@lru_cache(maxsize=256)
def _namesakes(
    wanted: tuple[str, ...], unwanted: tuple[str, ...], accounts: tuple[str, ...], sites: tuple[str, ...]
) -> Namesakes:
    handles = [f"@{normalise(account).removeprefix('@')}" for account in accounts]
    ours = [found for word in handles if len(word) > 1 and (found := literal(word))]
    hosts = [_linked(host) for site in sites if (host := site_of(site))]
    return Namesakes(_literals(wanted), _literals(unwanted), tuple(ours), tuple(hosts))


def _literals(words: tuple[str, ...]) -> tuple[tuple[str, Literal], ...]:
    return tuple((word, found) for word in words if (found := literal_of(word)) is not None)


def literal_of(word: str) -> Literal | None:
    """A context word as it is looked for; None where there is nothing in it to look for."""
    is_prefix = word.rstrip().endswith("*")
    plain = normalise(word.rstrip().removesuffix("*")).lstrip(_MARKS).rstrip(f"{_MARKS}.")
    if is_prefix and len(plain.lstrip("#@")) < 2:
        return None
    return literal(plain, is_prefix=is_prefix)


def site_of(site: str) -> str:
    """The host of a site as people write it: heron.example, www.heron.example, https://heron.example/; "" for none."""
    written = site.strip().lower()
    host = host_of(written if "://" in written else f"https://{written}").removeprefix("www.")
    return host if "." in host else ""


def _linked(host: str) -> re.Pattern[str]:
    """A host as a part of a link, or alone; its subdomains are meant too."""
    return re.compile(rf"(?<![\w-])(?:[\w-]{{1,63}}\.){{0,5}}{re.escape(host)}(?![\w-]|\.\w)")


def _says_enough(phrases: Sequence[str]) -> bool:
    return any(phrase.startswith("@") or " " in phrase.strip() for phrase in phrases)
