"""A mention made ready for queries (Subject), and the terms of a query, each of which it can be asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from handlers.rules.occurrence import Literal
from handlers.rules.text import host_of, normalise
from storage.types import RawMention

SCHEME = re.compile(r"^[a-z]+://")


class Subject(NamedTuple):  # made for each mention of a stream; a frozen dataclass takes several times as long to make
    """A mention made ready for queries. What few of them ask for is worked out when one does."""

    words: str  # normalised title, text and extra values, one a line
    raw: RawMention
    source: str

    @classmethod
    def of(cls, raw: RawMention, source: str) -> "Subject":
        words = normalise(raw.text)
        if raw.title:
            words = f"{normalise(raw.title)}\n{words}"
        if raw.extra:
            words = "\n".join([words, *_extra_lines(raw)])
        return cls(words, raw, source_name(source))

    @property
    def author(self) -> str:
        return handle_of(self.raw.author)

    @property
    def url(self) -> str:
        """Without its scheme."""
        return SCHEME.sub("", self.raw.url.lower())

    @property
    def host(self) -> str:
        return host_of(f"https://{self.url}")

    @property
    def lang(self) -> str:
        return primary(self.raw.lang)

    @property
    def reach(self) -> int | None:
        """None is unknown."""
        return self.raw.followers


def _extra_lines(raw: RawMention) -> Iterator[str]:
    """The addressee (`to`) reads as @handle, so that a query for the handle finds what was sent to it."""
    for key, value in raw.extra.items():
        line = normalise(value)
        yield f"@{line}" if key == "to" and line and "@" not in line else line


def primary(lang: str) -> str:
    """The language alone: `en` of en-GB."""
    return lang.strip().lower().replace("_", "-").partition("-")[0]


def handle_of(author: str) -> str:
    """A handle as it is compared, without its @."""
    return normalise(author).removeprefix("@")


@lru_cache(maxsize=256)
def source_name(source: str) -> str:
    """The name of a source as it is compared."""
    return normalise(source)


@dataclass(frozen=True, slots=True)
class Words:
    """A word, phrase, #tag, @handle or beginning* that must be in the text."""

    typed: str
    at: int  # column in the expression
    literal: Literal

    def holds(self, subject: Subject) -> bool:
        return self.literal.is_in(subject.words)


@dataclass(frozen=True, slots=True)
class Author:
    typed: str
    at: int
    handle: str

    def holds(self, subject: Subject) -> bool:
        return subject.author == self.handle


@dataclass(frozen=True, slots=True)
class Source:
    typed: str
    at: int
    name: str

    def holds(self, subject: Subject) -> bool:
        return subject.source == self.name


@dataclass(frozen=True, slots=True)
class Host:
    """url: with a host; its subdomains are meant too."""

    typed: str
    at: int
    host: str

    def holds(self, subject: Subject) -> bool:
        return f".{subject.host}".endswith(f".{self.host}")


@dataclass(frozen=True, slots=True)
class Address:
    """url: with a path or a mere word: a part of the address."""

    typed: str
    at: int
    part: str

    def holds(self, subject: Subject) -> bool:
        return self.part in subject.url


@dataclass(frozen=True, slots=True)
class Lang:
    typed: str
    at: int
    code: str

    def holds(self, subject: Subject) -> bool:
        return subject.lang == self.code


@dataclass(frozen=True, slots=True)
class MinReach:
    """Unknown reach is not zero, but not known to be large either."""

    typed: str
    at: int
    people: int

    def holds(self, subject: Subject) -> bool:
        return subject.reach is not None and subject.reach >= self.people


Leaf = Words | Author | Source | Host | Address | Lang | MinReach


@dataclass(frozen=True, slots=True)
class Not:
    leaf: Leaf

    def holds(self, subject: Subject) -> bool:
        return not self.leaf.holds(subject)


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Node", ...]

    def holds(self, subject: Subject) -> bool:
        return all(part.holds(subject) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple["Node", ...]

    def holds(self, subject: Subject) -> bool:
        return any(part.holds(subject) for part in self.parts)


Node = Leaf | Not | All | Any
