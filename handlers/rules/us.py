"""Is it us, or another thing of that name? Learned for each brand, from "not us" and from the cases that were worked.

    odds = bias + sum of weight x value over the features

are the log-odds that a mention is about the brand. Each act moves the weights by one step of AdaGrad: J. Duchi,
E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", Journal of Machine
Learning Research 12 (2011), 2121-2159. The same acts in the same order give the same state, bit for bit. Whether a
mention is worth our time is another question (`handlers/rules/learning.py`), and the two share nothing.

What is likely not us ranks low and says so. It is never dropped, never lowered from urgent, and never below high where
it tells of what FLOORS calls high. The bias alone says nothing of a mention: some words must speak against it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handlers.rules.features import IN_WORDS, in_words, read
from handlers.rules.scoring import FLOORS, PER_ODDS, Score, Verdict
from handlers.rules.text import comparable, normalise, shown
from storage.types import Priority, RawMention

RATE = 0.5
CLICKS = 10  # "not us" of a brand from which on its model takes part
LIKELY, POSSIBLE = -1.5, 0.0  # log-odds: at most so much, and it is likely, or possibly, another thing
MOST = 20_000  # features that are remembered for a brand
_NAMED = 3  # in a reason
_WORTH_NAMING = 0.3  # log-odds
_SEEN = 2  # texts of other things that a word must stand in before it speaks against a mention
_TOLD = 3  # the same, before it is suggested
_SUGGESTED = 5

_LINKED = re.compile(r"(?:https?://|www\.)([\w.-]{1,200})")
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|[^\W\d_a-zA-Z]{2,}")
_ENGLISH = """
    a about all also am amp an and any are as at be because been but by can cant could did do does dont for from get
    go going good got great had has have having he her here him his how i if im in into is it its ive just know like
    lol made make me more my new no not now of off on one only or our out over really rt s see she so some t than
    that the their them then there these they thing this those time to today too u up ur us very via want was we
    well were what when where which while who why will with would you your youre yours
"""
_COMMON = frozenset(_ENGLISH.split()) | IN_WORDS.keys()  # they say nothing of what a text is about
_CUE = "= "  # begins what is no word of the text
_THE_NAME = f"{_CUE}the name "
_ANOTHER = "may be another "  # begins its reason


class Doubt(NamedTuple):
    """That a mention may be about another thing of the brand's name."""

    odds: float  # log-odds that it is about the brand
    reason: str  # may be another "Delta": "river" -0.9
    is_likely: bool  # rather than possible


@dataclass(slots=True)
class UsModel:
    """A brand's weights. It changes with `learn`; whoever shares it between threads shares a `copy`."""

    weights: dict[str, float] = field(default_factory=dict)
    squares: dict[str, float] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)  # of each feature: texts about us, about another thing
    bias: float = 0.0
    us: int = 0  # acts that said it is us
    not_us: int = 0

    @property
    def takes_part(self) -> bool:
        return self.not_us >= CLICKS

    def odds(self, features: Mapping[str, float]) -> float:
        """Log-odds that a mention with these features is about the brand; any number of acts."""
        return self.bias + sum(self._shares(features).values())

    def learn(self, features: Mapping[str, float], is_us: bool) -> None:
        """Take one step."""
        odds = max(-30.0, min(30.0, self.odds(features)))
        wrong = 1 / (1 + math.exp(-odds)) - is_us
        for name, value in features.items():
            self.weights[name] = self.weights.get(name, 0.0) - self._step(name, wrong * value)
            self.seen.setdefault(name, [0, 0])[not is_us] += 1
        self.bias -= self._step(_CUE + "bias", wrong)
        self.us, self.not_us = self.us + is_us, self.not_us + (not is_us)
        if len(self.weights) > MOST:
            self._forget()

    def doubt(self, features: Mapping[str, float], brand: str) -> Doubt | None:
        """Why it may not be us; None while too little is known, and where nothing that can be named speaks against it.

        A general "most of what is found is not us" (the bias) can agree with the words, and never speaks alone.
        """
        if not self.takes_part:
            return None
        own = _words_of(brand)
        shares = {
            name: share
            for name, share in self._shares(features).items()
            if name not in own and (share > 0 or self._speaks_against(name))
        }
        words = sum(shares.values())
        told = _distinct(sorted((share, name) for name, share in shares.items() if share <= -_WORTH_NAMING))
        is_more = any(not name.startswith(_THE_NAME) for _, name in told)  # than how the name is written
        if not is_more or max(words, words + self.bias) > POSSIBLE:
            return None
        named = ", ".join(f"{_readable(name)} {PER_ODDS * share:.1f}" for share, name in told)
        odds = max(words, words + self.bias)
        return Doubt(odds, f'{_ANOTHER}"{brand}": {named}', odds <= LIKELY)

    def suggestions(self, brand: str) -> tuple[str, ...]:
        """Words for the brand's `not_with`: in three texts or more about other things, in none about us; at most five,
        the weightiest first. Empty before ten were said to be not us."""
        if not self.takes_part:
            return ()
        own = _words_of(brand)
        found = [
            (self.weights[name], name)
            for name, (us, other) in self.seen.items()
            if other >= _TOLD and not us and " " not in name and name not in own and len(name) > 2
            and not name.isdecimal() and self.weights[name] < 0
        ]  # fmt: skip
        return tuple(name for _, name in sorted(found)[:_SUGGESTED])

    def _shares(self, features: Mapping[str, float]) -> dict[str, float]:
        known = self.weights
        return {name: known[name] * value for name, value in features.items() if name in known}

    def _speaks_against(self, name: str) -> bool:
        """Whether it stood in more than one text about other things, and in fewer about us."""
        us, other = self.seen.get(name, (0, 0))
        return other >= _SEEN and other > us

    def _step(self, name: str, gradient: float) -> float:
        square = self.squares.get(name, 0.0) + gradient * gradient
        self.squares[name] = square
        return RATE * gradient / math.sqrt(square + 1e-6)

    def _forget(self) -> None:
        """The rarest go, a fifth of all."""
        kept = sorted(self.seen, key=lambda name: (-sum(self.seen[name]), name))[: MOST * 4 // 5]
        self.weights = {name: self.weights[name] for name in kept}
        self.squares = {name: self.squares[name] for name in [*kept, _CUE + "bias"]}
        self.seen = {name: self.seen[name] for name in kept}

    def copy(self) -> "UsModel":
        """The same state, apart."""
        return UsModel.from_plain(self.to_plain())

    def to_plain(self) -> dict[str, Any]:
        """All of the state as what JSON can hold, exactly."""
        return {
            "weights": dict(self.weights),
            "squares": dict(self.squares),
            "seen": {name: list(counts) for name, counts in self.seen.items()},
            "bias": self.bias,
            "us": self.us,
            "not_us": self.not_us,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "UsModel":
        """From what `to_plain` gave. Raises ValueError for anything else."""
        try:
            weights, squares = (_numbers(plain[name]) for name in ("weights", "squares"))
            seen = {str(name): [int(us), int(other)] for name, (us, other) in plain["seen"].items()}
            model = cls(weights, squares, seen, float(plain["bias"]), int(plain["us"]), int(plain["not_us"]))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ValueError("this is no model of what is us") from error
        if weights.keys() != seen.keys() or not math.isfinite(model.bias):
            raise ValueError("this is no model of what is us")
        return model


def us_features(raw: RawMention, brand: str) -> dict[str, float]:
    """What can tell a mention of `brand` from one of its namesakes: words and pairs beside common ones, how the name is
    written, whose site is linked, and the words of the author's name. Raises nothing, whatever the text."""
    text = f"{raw.title}\n{raw.text}" if raw.title else raw.text
    text = text[:2_000]
    features = {name: 1.0 for name in read(text).all() if _COMMON.isdisjoint(name.split(" "))}
    names = _words_of(brand)
    features |= dict.fromkeys((f"{_THE_NAME}{form}" for form in _forms(text, names)), 1.0)
    for host in _LINKED.findall(text.lower()):
        features[f"{_CUE}a link to {host.removeprefix('www.')}"] = 1.0
        if any(name in host for name in names):
            features[f"{_THE_NAME}in a link"] = 1.0
    author = f"{raw.author.casefold()} {raw.author_name or raw.author}"  # as it is stored
    features |= dict.fromkeys((f"{_CUE}the author's name: {part.lower()}" for part in _NAME_PARTS.findall(author)), 1.0)
    if any(name in normalise(author) for name in names):
        features[f"{_THE_NAME}in the author's"] = 1.0
    return features


def is_doubted(reasons: Sequence[str]) -> bool:
    """Whether a doubt is among the reasons of a mention or a case."""
    return any(reason.startswith(_ANOTHER) for reason in reasons)


def lowered(verdict: Verdict, score: Score, doubt: Doubt | None) -> Verdict:
    """A verdict with the doubt among its reasons; low where it is likely another thing, but for what is too grave."""
    if doubt is None:
        return verdict
    priority = verdict.priority
    if doubt.is_likely and priority is not Priority.URGENT:
        grave = any(FLOORS.get(part.kind, Priority.LOW) >= Priority.HIGH for part in score.parts)
        priority = priority if grave else Priority.LOW
    how = ", so ranked low" if priority < verdict.priority else ""
    return verdict._replace(priority=priority, reasons=(f"{doubt.reason}{how}", *verdict.reasons))


def _numbers(plain: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in plain.items()}
    if not all(map(math.isfinite, found.values())):
        raise ValueError("not finite")
    return found


def _words_of(brand: str) -> frozenset[str]:
    """The words of a brand's name that are long enough to be told from other words."""
    return frozenset(word for word in comparable(brand).split() if len(word) > 1)


def _forms(text: str, names: frozenset[str]) -> list[str]:
    """How the words of the name are written: @…, #…, Delta, DELTA, delta, or as a part of a longer word."""
    found: dict[str, None] = {}
    for word in re.findall(r"[@#]?\w+", text):
        bare = normalise(word.lstrip("@#"))
        if bare not in names and not any(len(name) > 3 and name in bare for name in names):
            continue
        if word[0] in "@#":
            found[f"after {word[0]}"] = None
        elif bare not in names:
            found["inside a word"] = None
        else:
            case = "in capitals" if word.isupper() else "in small letters" if word.islower() else "with a capital"
            found[case] = None
    return list(found)


def _distinct(against: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The weightiest that say different things: no word and then a pair that holds it."""
    told: list[tuple[float, str]] = []
    said: set[str] = set()
    for share, name in against:
        words = {name} if name.startswith(_CUE) else set(name.split(" "))
        if said.isdisjoint(words) and len(told) < _NAMED:
            told.append((share, name))
            said |= words
    return told


def _readable(name: str) -> str:
    if name.startswith(_CUE):
        return shown(name.removeprefix(_CUE), 60).words
    return f'"{shown(in_words(name), 60).words}"'
