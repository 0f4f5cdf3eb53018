"""VADER's compound, exactly as vaderSentiment gives it, several times faster and in linear time.

vaderSentiment stays the reference: its lexicon, emoji table, constants and normalisation are read from it at run time,
and the tests compare every number. What differs is the way there. The package lower-cases the whole post again for
every word that it knows, so that a post of 4,000 emoji takes it seconds; here each distinct word is looked up once, and
only the words that VADER knows are visited.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from string import punctuation
from typing import NamedTuple

from vaderSentiment import vaderSentiment as stock

LONGEST = 2_000  # characters
_MEMORY = 50_000  # distinct words remembered, some 8 MB
_LONGEST_REMEMBERED = 24  # characters; longer ones are mostly links, which do not come back


@dataclass(frozen=True, slots=True)
class _Word:
    """What VADER's rules ask about one word. `lower` is empty for a word that no rule names."""

    lower: str = ""
    is_upper: bool = False
    is_known: bool = False  # in the lexicon
    valence: float | None = None  # None when it never scores by itself
    boost: float = 0.0
    is_negation: bool = False
    is_in_phrase: bool = False  # part of some special idiom or two-word booster


_PLAIN = _Word()
_BEFORE = _Word(is_known=True)  # VADER's rules pass over a known word before a hit, as over the start of the post
_MAY_BE_EMOJI = re.compile(r"[©®\u2000-\U0010ffff]+")
_NAMED = frozenset(
    ["never", "so", "this", "without", "doubt", "least", "at", "very", "no", "or", "nor", "kind", "of", "but"]
)


def scored_part(text: str) -> str:
    """The part of a post that is scored: its first 2,000 characters."""
    return text[:LONGEST]


class Tone(NamedTuple):
    """What VADER makes of a text."""

    compound: float  # -1 to +1, rounded to four places
    good: float = 0.0  # the sum of what its lexicon gives to the friendly words, each by itself
    bad: float = 0.0  # the same of the others, as a positive number


_SILENT = Tone(0.0)


@cache
def turned_words() -> frozenset[str]:
    """Words without which VADER hears a text as worse: friendly ones, and those that turn what follows round."""
    friendly = {word for word, valence in _memory().lexicon.items() if valence > 0}
    return frozenset(word.replace("'", "") for word in friendly.union(stock.NEGATE, ("no", "nor")))


def compound(text: str) -> float:
    """VADER's compound, -1 to +1, rounded to four places. Nothing is cut: see `scored_part`."""
    return tone(text).compound


def tone(text: str) -> Tone:
    """The compound, and what it was made of before any rule. Nothing is cut: see `scored_part`."""
    memory = _memory()
    if not text.isascii():
        text = _MAY_BE_EMOJI.sub(memory.in_words, text)
    tokens = text.split()
    words = list(map(memory.__getitem__, tokens))
    named = [at for at, word in enumerate(words) if word is not _PLAIN]  # a few; all others count for nothing
    hits = [at for at in named if words[at].valence is not None]
    if not hits:
        return _SILENT
    is_mixed = any([words[at].is_upper for at in named]) and not all(map(str.isupper, tokens))  # noqa: C419 (faster)
    padded = [_BEFORE, _BEFORE, _BEFORE, *words, _PLAIN, _PLAIN]
    valences = [_valence(padded, at + 3, is_mixed) for at in hits]
    if any([words[at].lower == "but" for at in named]):  # noqa: C419 (faster)
        valences = _around_but(words, hits, valences)
    # The built-in sum over the same numbers in the same order: from Python 3.12 it rounds otherwise than a loop would.
    alone = [words[at].valence or 0.0 for at in hits]
    good = sum([valence for valence in alone if valence > 0])
    return Tone(_normalised(float(sum(valences)), text), good, good - sum(alone))


def _normalised(total: float, text: str) -> float:
    emphasis = min(text.count("!"), 4) * 0.292
    questions = text.count("?")
    if questions > 1:
        emphasis += questions * 0.18 if questions <= 3 else 0.96
    if total > 0:
        total += emphasis
    elif total < 0:
        total -= emphasis
    return round(float(stock.normalize(total)), 4)


def _valence(words: list[_Word], at: int, is_mixed: bool) -> float:
    """What the known word at `at` counts for among its neighbours. `is_mixed`: some words, not all, are in capitals."""
    word, one, two, three, after = words[at], words[at - 1], words[at - 2], words[at - 3], words[at + 1]
    valence = word.valence or 0.0
    if one is two is three is after is _PLAIN and not (word.is_upper and is_mixed):
        return valence  # no rule has anything to say
    if word.lower == "kind" and after.lower == "of":
        return 0.0
    if word.lower == "no" and after.is_known:
        valence = 0.0
    if one.lower == "no" or two.lower == "no" or (three.lower == "no" and one.lower in ("or", "nor")):
        valence = (word.valence or 0.0) * stock.N_SCALAR
    if word.is_upper and is_mixed:
        valence += stock.C_INCR if valence > 0 else -stock.C_INCR
    if not one.is_known:
        valence = _after_one(valence, one, is_mixed)
    if not two.is_known:
        valence = _after_two(valence, one, two, is_mixed)
    if not three.is_known:
        valence = _after_three(valence, one, two, three, is_mixed)
        if _can_be_phrase(three, two, one, word, after):
            valence = _in_phrase(valence, words, at)
    if one.lower == "least" and two.lower not in ("at", "very"):
        valence *= stock.N_SCALAR
    return valence


def _after_one(valence: float, one: _Word, is_mixed: bool) -> float:
    if one.boost:
        valence += _boost(one, valence, is_mixed)
    return valence * stock.N_SCALAR if one.is_negation else valence


def _after_two(valence: float, one: _Word, two: _Word, is_mixed: bool) -> float:
    if two is _PLAIN:
        return valence
    if two.boost:
        valence += _boost(two, valence, is_mixed) * 0.95
    if two.lower == "never" and one.lower in ("so", "this"):
        return valence * 1.25
    if two.lower == "without" and one.lower == "doubt":
        return valence
    return valence * stock.N_SCALAR if two.is_negation else valence


def _after_three(valence: float, one: _Word, two: _Word, three: _Word, is_mixed: bool) -> float:
    if three.boost:
        valence += _boost(three, valence, is_mixed) * 0.9
    # Not what was meant, but what the package does: "so" or "this" right before counts without any "never".
    if one.lower in ("so", "this") or (three.lower == "never" and two.lower in ("so", "this")):
        return valence * 1.25
    if three.lower == "without" and "doubt" in (two.lower, one.lower):
        return valence
    return valence * stock.N_SCALAR if three.is_negation else valence


def _boost(word: _Word, valence: float, is_mixed: bool) -> float:
    boost = -word.boost if valence < 0 else word.boost
    if word.is_upper and is_mixed:
        boost += stock.C_INCR if valence > 0 else -stock.C_INCR
    return boost


def _can_be_phrase(three: _Word, two: _Word, one: _Word, word: _Word, next_one: _Word) -> bool:
    """Whether two neighbours are both words of phrases: what every phrase needs, and few posts have."""
    if one.is_in_phrase and (two.is_in_phrase or word.is_in_phrase):
        return True
    return (two.is_in_phrase and three.is_in_phrase) or (word.is_in_phrase and next_one.is_in_phrase)


def _in_phrase(valence: float, words: list[_Word], at: int) -> float:
    """Special idioms and two-word boosters around the word at `at`."""
    three, two, one, zero, next_one, after = (word.lower for word in words[at - 3 : at + 3])
    before = (f"{one} {zero}", f"{two} {one} {zero}", f"{two} {one}", f"{three} {two} {one}", f"{three} {two}")
    special = next((phrase for phrase in before if phrase in stock.SPECIAL_CASES), None)
    for phrase in (special, f"{zero} {next_one}", f"{zero} {next_one} {after}"):
        valence = stock.SPECIAL_CASES.get(phrase, valence)
    for phrase in (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}"):
        if phrase in stock.BOOSTER_DICT:
            valence = valence + stock.BOOSTER_DICT[phrase]
    return valence


def _around_but(words: list[_Word], hits: list[int], valences: list[float]) -> list[float]:
    """Halve what stands before the first "but", raise what stands after it.

    The package finds each number again by its value, so that of two equal ones the first may be changed twice. That is
    kept, with a heap of places per value in place of its search through the whole list.
    """
    but = next((at for at, word in enumerate(words) if word.lower == "but"), None)
    if but is None:
        return valences
    changed = list(valences)
    places: defaultdict[float, list[int]] = defaultdict(list)
    for at, value in enumerate(valences):
        if value == 0:
            continue
        heappush(places[value], at)
        first = heappop(places[value])
        changed[first] = value * (0.5 if hits[first] < but else 1.5)
        heappush(places[changed[first]], first)
    return changed


class _Memory(dict[str, _Word]):
    """Words by how they stand in a post, filled as they are met and emptied when full: two threads may share it."""

    def __init__(self) -> None:
        analyzer = stock.SentimentIntensityAnalyzer()
        self.lexicon: dict[str, float] = analyzer.lexicon
        # The package puts no space after an emoji's words, and neither does this; two before them are as good as one.
        self.emoji = {ord(sign): f" {words}" for sign, words in analyzer.emojis.items() if len(sign) == 1}
        phrases = [*stock.SPECIAL_CASES, *stock.BOOSTER_DICT]
        self.in_phrases = {word for phrase in phrases if " " in phrase for word in phrase.split()}
        self.negations = frozenset(stock.NEGATE)
        self.named = _NAMED.union(self.lexicon, stock.BOOSTER_DICT, self.negations, self.in_phrases)

    def in_words(self, run: re.Match[str]) -> str:
        return run[0].translate(self.emoji)

    def __missing__(self, token: str) -> _Word:
        stripped = token.strip(punctuation)
        shown = stripped if len(stripped) > 2 else token  # two characters or fewer: probably an emoticon
        lower = shown.lower()
        word = _PLAIN if lower not in self.named and "n't" not in lower else self._word(shown, lower)
        if len(token) <= _LONGEST_REMEMBERED:
            if len(self) >= _MEMORY:
                self.clear()
            self[token] = word
        return word

    def _word(self, shown: str, lower: str) -> _Word:
        boost: float | None = stock.BOOSTER_DICT.get(lower)
        return _Word(
            lower=lower,
            is_upper=shown.isupper(),
            is_known=lower in self.lexicon,
            valence=self.lexicon.get(lower) if boost is None else None,
            boost=boost or 0.0,
            is_negation=lower in self.negations or "n't" in lower,
            is_in_phrase=lower in self.in_phrases,
        )


@cache
def _memory() -> _Memory:
    return _Memory()
