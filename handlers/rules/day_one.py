"""The day-one words: how likely a text is a complaint, known before any staff decision, with the words that say so.

A logistic regression over words, pairs of neighbours, VADER's numbers, the shape of the text, and what the severity
table found. Its weights stand in `day_one_words.txt`, made by `earshot model train` from texts with licences that
allow it and from sentences written for Earshot; `earshot model card` tells how good it is and where it is weak.

The odds are log-odds: 0 is even, +1 about 73 %, +2 about 88 %. They are a sum, so every word's share can be told.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice, pairwise, repeat
from operator import mul
from string import ascii_lowercase
from typing import NamedTuple
from zlib import crc32

from handlers.rules.features import LINK, in_words, tokens, without_names
from handlers.rules.severity import Hit, Kind
from handlers.rules.vader import Tone, scored_part, tone, turned_words

FILE = "day_one_words.txt"
HEADS = ("complaint", "praise")
SHAPE = (
    "VADER negative", "VADER positive", "bad words", "good words", "exclamations", "questions", "capitals", "length",
    "link", "repost", "addressed", "hashtags",
)  # fmt: skip
_VADER = SHAPE[:4]
_KINDS: dict[Kind, str] = {
    kind: f"says {kind}" for kind in Kind if kind not in (Kind.INNOCENT,)
}  # what the severity table finds, as a feature
AGAIN = "says service failure twice"
FACTS = (*_KINDS.values(), AGAIN)
_UNSPOKEN = frozenset(ascii_lowercase).union(  # never named alone as a reason
    """about all also am an and any are as at be because been being but by can could did do does doing for from get
    had has have having he her here him his how i if im in into is it its ive just me my of on or our out so some than
    that the their them then there these they this those to too u up ur us was we were what when where which who will
    with would you your youre xname xlink xnumber xbrand rt via amp""".split()  # noqa: SIM905 (a list would fill a page)
)


_WORTH_TELLING = 0.15  # log-odds
_SURE = 0.8  # log-odds from which a phrase is named though VADER would make the text worse without it
_LONG = 148  # words; more say nothing more
_NONE: dict[str, complex] = {}


class Evidence(NamedTuple):
    """What speaks for a complaint, or against it."""

    words: str  # as the text says them, without their marks; "" for what is no phrase
    what: str  # to be shown: "on hold", tone (VADER -0.68); "" for what says nothing to a person
    odds: float


class Opinion(NamedTuple):
    """What the day-one words make of a text."""

    odds: float  # of a complaint, natural log
    praise: float  # odds of praise
    tokens: tuple[str, ...]
    shape: tuple[float, ...]  # one for each of SHAPE
    facts: tuple[str, ...]  # of FACTS
    compound: float
    alone: Sequence[complex] = ()  # the weight of each word where it stands first, none where it stands again
    together: Sequence[complex] = ()  # the same of the pairs of neighbours


@dataclass(frozen=True, slots=True)
class DayOneWords:
    """Read from its file; the same text always has the same odds.

    A weight is a complex number: its real part speaks of a complaint, its imaginary part of praise. So each word is
    looked up once, and one sum answers both questions.
    """

    bias: complex
    shape: tuple[complex, ...]  # one for each of SHAPE
    facts: Mapping[str, complex]
    words: Mapping[str, complex]
    pairs: Mapping[str, dict[str, complex]]  # by first word, then by second: no pair needs to be made to be sought
    version: str = ""  # the checksum of its file

    def judge(self, text: str, hits: tuple[Hit, ...], tone: Tone) -> Opinion:
        """Raises nothing, whatever the text; reads at most 2,000 characters of it."""
        words = tokens(text)
        alone = list(map(self.words.get, words, repeat(0j)))
        following = map(self.pairs.get, words, repeat(_NONE))
        together = list(map(dict.get, following, words[1:], repeat(0j)))
        if len(set(words)) < len(words):
            _leave_first(words, alone, together)
        shape, facts = shape_of(text, words, tone), facts_of(hits)
        total = sum(map(mul, self.shape, shape), self.bias)
        total = sum(filter(None, together), sum(filter(None, alone), total))
        for fact in facts:
            total += self.facts.get(fact, 0j)
        return Opinion(total.real, total.imag, tuple(words), shape, facts, tone.compound, alone, together)

    def of_facts(self, opinion: Opinion) -> float:
        """The share of the odds that comes from what the severity table found."""
        return sum([self.facts.get(fact, 0j).real for fact in opinion.facts])

    def evidence(self, opinion: Opinion) -> tuple[Evidence, ...]:
        """What the odds are made of beside the facts, weightiest first: phrases, VADER, the form of the text.

        A word and the pairs that it is part of are one phrase. Bias, evidence and facts together are the odds.
        """
        found = [_phrase(opinion.tokens[start:end], odds) for start, end, odds in _runs(opinion)]
        shares = list(map(mul, self.shape, opinion.shape))
        found.append(_of_vader(opinion, shares))
        found.append(Evidence("", "", sum(shares[len(_VADER) :]).real))
        return tuple(sorted(found, key=_against))

    def telling(self, opinion: Opinion) -> tuple[Evidence, ...]:
        """That part of the evidence which speaks for a complaint and is worth telling a person, weightiest first."""
        words = opinion.tokens
        found = [
            _phrase(words[start:end], odds)
            for start, end, odds in _runs(opinion)
            if odds >= _WORTH_TELLING
            and not _UNSPOKEN.issuperset(words[start:end])
            and (odds >= _SURE or turned_words().isdisjoint(words[start:end]))
        ]
        of_vader = _of_vader(opinion, map(mul, self.shape, opinion.shape))
        if of_vader.odds >= _WORTH_TELLING:
            found.append(of_vader)
        found.sort(key=_against)
        return tuple(found)


def _runs(opinion: Opinion) -> list[tuple[int, int, float]]:
    """Runs of words that speak for the same side, as (start, end, odds of a complaint). A pair that is broken off goes
    with its second word."""
    alone = [weight.real for weight in opinion.alone]
    runs: list[tuple[int, int, float]] = []
    start, before, odds = 0, 0.0, 0.0
    for at, weight in enumerate(alone):
        pair = opinion.together[at - 1].real if at else 0.0
        if pair and (pair > 0) == (weight + before >= 0):
            odds += pair + weight
            before = weight
            continue
        if odds:
            runs.append((start, at, odds))
        start, before = at, weight + pair
        odds = before
    if odds:
        runs.append((start, len(alone), odds))
    return runs


def _leave_first(words: Sequence[str], alone: list[complex], together: list[complex]) -> None:
    """Leave each word and pair its weight where it stands first, and none where it stands again."""
    again = _again(words)
    for at in again:
        alone[at] = 0j
    if not again.isdisjoint([at + 1 for at in again]):  # only then can a pair stand twice
        for at in _again(list(pairwise(words))):
            together[at] = 0j


def _again(what: Sequence[object]) -> set[int]:
    """The places of what has stood before."""
    places = range(len(what))
    first = dict(zip(reversed(what), reversed(places), strict=True))
    return set(places).difference(first.values())


def _of_vader(opinion: Opinion, shares: Iterable[complex]) -> Evidence:
    return Evidence("", f"tone (VADER {opinion.compound:+.2f})", sum(islice(shares, len(_VADER))).real)


def _against(one: Evidence) -> float:
    """Sorts the weightiest first; of equals, however their sums were rounded, the first in the text."""
    return -round(one.odds, 6)


def shape_of(text: str, words: list[str], tone: Tone) -> tuple[float, ...]:
    """The shape of a text as numbers from 0 to about 1, one for each of SHAPE."""
    compound, good, bad = tone
    capitals = [word for word in filter(str.isupper, text.split()) if len(word) > 2]
    count = len(words)
    return (
        -compound if compound < 0 else 0.0,
        compound if compound > 0 else 0.0,
        bad / 4 if bad < 8 else 2.0,
        good / 4 if good < 8 else 2.0,
        min(text.count("!"), 4) / 4 if "!" in text else 0.0,
        min(text.count("?"), 3) / 3 if "?" in text else 0.0,
        min(len(capitals), 5) / 5 if capitals else 0.0,
        math.log1p(count) / 5 if count < _LONG else 1.0,
        1.0 if LINK in words else 0.0,
        1.0 if text[:3] == "RT " else 0.0,
        1.0 if text[:1] == "@" else 0.0,
        min(text.count("#"), 3) / 3 if "#" in text else 0.0,
    )


def facts_of(hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """What the severity table found, as features."""
    if not hits:
        return ()
    kinds = [hit.kind for hit in hits]
    facts = tuple(dict.fromkeys([_KINDS[kind] for kind in kinds]))
    return (*facts, AGAIN) if kinds.count(Kind.FAILURE) > 1 else facts


def _phrase(words: tuple[str, ...], odds: float) -> Evidence:
    said = " ".join(words)
    return Evidence(said, f'"{in_words(said)}"' if not _UNSPOKEN.issuperset(words) else "", odds)


def parse(text: str) -> DayOneWords:
    """The weights as their file has them. Raises ValueError for a line that is none."""
    weights: dict[str, complex] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        name, *heads = line.split("\t")
        if len(heads) != len(HEADS):
            raise ValueError(f"line {number} of {FILE} is no name with {len(HEADS)} weights")
        complaint, praise = (int(head or 0) / 100 for head in heads)
        weights[name] = complex(complaint, praise)
    named = {name: weights.pop(f"= {name}", 0j) for name in ("bias", *SHAPE, *FACTS)}
    words: dict[str, complex] = {}
    pairs: dict[str, dict[str, complex]] = {}
    for feature, weight in weights.items():
        first, _, second = feature.partition(" ")
        place = pairs.setdefault(first, {}) if second else words
        place[second or first] = weight
    facts = {name: named[name] for name in FACTS}
    version = f"{crc32(text.encode()):08x}"
    return DayOneWords(named["bias"], tuple(named[name] for name in SHAPE), facts, words, pairs, version)


@cache
def day_one_words() -> DayOneWords:
    """The shipped ones."""
    return parse(files("handlers.rules").joinpath(FILE).read_text("utf-8"))


def judge(text: str, hits: tuple[Hit, ...]) -> Opinion:
    """The shipped words' opinion of a text."""
    text = scored_part(text)
    return day_one_words().judge(text, hits, heard(text))


def heard(text: str) -> Tone:
    """What VADER makes of a text, where @names are no words."""
    return tone(without_names(text))
