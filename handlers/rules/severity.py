"""Phrases that must never be averaged away: what happened, in the customer's words, whatever the tone around them.

`find(text)` reads the first 2,000 characters once. A phrase counts as whole words, in any case, with or without accents
and apostrophes. Where phrases overlap the longest wins, so an idiom that stands there under INNOCENT or PRAISE
("food court", "stole the show") hides the word inside it. Single words stand here only when they say one thing; words
that say two ("fire", "bomb", "leak", "sue") need company. The phrases stand in `languages/`, a file each, by kind.

There "|" stands between words of which any will do ("ice|stone cold"), and " * " for up to three words of any kind
("charged * twice"). "#" at the beginning stands for a number ("# gone from my account").

Harassment and discrimination have no kind of their own: where somebody was touched it is safety, words are legal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from operator import attrgetter, itemgetter
from string import digits

from ahocorasick_rs import AhoCorasick

from handlers.rules.kinds import Kind as Kind
from handlers.rules.languages import languages
from handlers.rules.text import ascii_words, normalise
from handlers.rules.vader import scored_part

_INNOCENT = Kind.INNOCENT  # named once for each match, and an Enum looks each name up anew

POINTS = {
    Kind.SAFETY: 4,
    Kind.FRAUD: 3,
    Kind.LEGAL: 3,
    Kind.PRIVACY: 3,
    Kind.LEAVING: 2,
    Kind.FAILURE: 1,
    Kind.BUG: 1,
    Kind.ASK: 1,
    Kind.SUGGESTION: 1,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the table (ours, so it is safe to show) that the text says, in the order of the text."""

    phrase: str
    kind: Kind
    points: int
    is_weak: bool = False  # standing alone among words of thanks or praise it is no evidence


_LINKS = re.compile(r"(?:://|www\.)\S+")
_BREAKS = re.compile(r"\W+")
_UNITS = ["min", "mins", "minute", "minutes", "hr", "hrs", "hour", "hours"]
_UNITS += ["day", "days", "week", "weeks", "month", "months"]
_LENGTH = re.compile(
    r"(?:\b(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|several|many|couple of) ?"
    r"(?:min|mins|minutes?|hrs?|hours?|days?|weeks?|months?)|half an hour|an hour)\Z"
)
_WAITING = re.compile(
    r"\b(wait|waiting|waited|hold|delay|delayed|delays|late|still|sitting|sat|stuck|stranded|counting|since|behind"
    r"|without|cant|havent|hasnt|didnt|wont|queue|line|tarmac|runway)\b"
)


def find(text: str) -> tuple[Hit, ...]:
    """Every phrase of the table that the text says, each once."""
    text = scored_part(text)
    if "://" in text or "www." in text:
        text = _LINKS.sub(" ", text)
    words = f" {_bare(text)} "
    matches = _whole(words, _table())
    if not matches:
        return ()
    found: dict[str, Hit] = {}
    lengths: set[str] = set()
    end = 0
    for start, less, entry in sorted(matches, key=itemgetter(0, 1)):
        stop = -less
        if start < end:
            continue
        end = stop
        if entry is None:
            entry = _length(words, start, stop)
            lengths.add(entry.phrase if entry else "")
        if entry is not None and entry.kind is not _INNOCENT:
            found.setdefault(entry.phrase, entry)
    if lengths and not _WAITING.search(words):
        return tuple(hit for hit in found.values() if hit.phrase not in lengths)
    return tuple(found.values())


def spelled_out(phrases: str) -> Iterator[str]:
    """Each phrase between commas, once for each choice that "|" leaves."""
    for phrase in phrases.split(","):
        yield from map(" ".join, product(*[word.split("|") for word in phrase.split()]))


@dataclass(frozen=True, slots=True)
class _Table:
    automaton: AhoCorasick
    entries: tuple[Hit | None, ...]  # None: a unit of time, which needs a number and a waiting word
    gaps: tuple["_Gap | None", ...]  # of each entry: what may follow a few words later


@dataclass(slots=True)
class _Gap:
    """The first half of phrases with a gap in them, and what ends each."""

    ends: dict[str, Hit]
    pattern: re.Pattern[str] | None = None

    def match(self, words: str, stop: int) -> tuple[int, Hit] | None:
        """Where the phrase ends that begins before `stop`, and which it is."""
        if self.pattern is None:
            longest_first = "|".join(sorted(self.ends, key=len, reverse=True))
            self.pattern = re.compile(rf"(?: \w+){{0,3}}? ({longest_first})(?= )")
        end = self.pattern.match(words, stop)
        return (end.end(), self.ends[end[1]]) if end else None


def _whole(words: str, table: _Table) -> list[tuple[int, int, Hit | None]]:
    """(start, -end, entry) of what ends where a word ends; that it begins where one begins is part of each pattern."""
    found: list[tuple[int, int, Hit | None]] = []
    gapped: list[tuple[int, int, Hit | None]] = []  # after the others, so that of two as long the plain one is told
    for index, start, stop in table.automaton.find_matches_as_indexes(words, overlapping=True):
        if words[stop] != " ":
            continue
        gap = table.gaps[index]
        if gap is None:
            found.append((start, -stop, table.entries[index]))
        elif whole := gap.match(words, stop):
            gapped.append((start, -whole[0], whole[1]))
    return found + gapped


def _length(words: str, start: int, stop: int) -> Hit | None:
    """A length of time, such as "7 hours"; evidence only where the text also speaks of waiting."""
    length = _LENGTH.search(words, max(0, start - 12), stop)
    return Hit(length[0], Kind.FAILURE, POINTS[Kind.FAILURE]) if length else None


@cache
def _table() -> _Table:
    entries: dict[str, Hit | None] = {f"{before}{unit}": None for before in " 0123456789" for unit in _UNITS}
    gaps: dict[str, _Gap] = {}
    for language in sorted(languages(), key=attrgetter("has_scorer")):  # of two that are written alike English stays
        for lexicon in (language.phrases, language.weak):
            for kind, phrases in lexicon.items():
                for phrase in spelled_out(phrases):
                    said = phrase.removeprefix("# ").replace(" * ", " … ")
                    hit = Hit(said, kind, POINTS.get(kind, 0), lexicon is language.weak)
                    head, gap, end = phrase.partition(" * ")
                    if gap:
                        gaps.setdefault(_pattern(head), _Gap({})).ends[_bare(end)] = hit
                    else:
                        entries.update(dict.fromkeys(_patterns(phrase), hit))
    return _Table(
        AhoCorasick([*entries, *gaps]),
        (*entries.values(), *[None] * len(gaps)),
        (*[None] * len(entries), *gaps.values()),
    )


def _patterns(phrase: str) -> list[str]:
    """More than one where it begins with a number, of which the last digit is enough."""
    if phrase.startswith("# "):
        return [f"{digit} {_bare(phrase)}" for digit in digits]
    return [_pattern(phrase)]


def _pattern(phrase: str) -> str:
    return f" {_bare(phrase)}"


def _bare(text: str) -> str:
    """Words with single spaces between them; apostrophes go without one, so that "dont" is "don't"."""
    words = normalise(text)
    if words.isascii():
        return ascii_words(words, dropped=b"'")
    return " ".join(_BREAKS.sub(" ", words.replace("'", "")).split())
