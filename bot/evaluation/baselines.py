"""Who is measured: Earshot's own judgement, and the word lists that stand beside it.

Each gives a label, and a number that is higher for likelier complaints. Where a set has no neutral texts, or none that
are positive, the missing class is folded into its neighbour: without neutral ones the sign of the score decides,
without positive ones all that is not negative is neutral. Everybody reads the first 2,000 characters of a text.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from vaderSentiment import vaderSentiment as stock

from bot.evaluation.labelled import NEGATIVE, NEUTRAL, POSITIVE
from handlers.rules.day_one import DayOneWords, day_one_words, heard
from handlers.rules.policy import Thresholds
from handlers.rules.scoring import DayOneScorer, Score, Verdict, prioritise
from handlers.rules.severity import find
from handlers.rules.vader import scored_part
from storage.types import Priority, RawMention

LIKELY_ENOUGH = -0.4  # log-odds
CUT = 0.05  # of VADER and TextBlob: C. Hutto, E. Gilbert, "VADER: A Parsimonious Rule-Based Model", ICWSM 2014
EXTRA = "eval"  # of pyproject.toml


class Guess(NamedTuple):
    """What somebody makes of one text."""

    label: str
    rank: float  # higher for likelier complaints
    probability: float | None = None  # of a complaint


Guesses = list[Guess]
Judge = Callable[[Sequence[str], Collection[str]], Guesses]  # texts, the classes of the set


@dataclass(frozen=True, slots=True)
class System:
    """One who judges texts."""

    name: str
    judge: Judge | None  # None: it is not installed
    has_classes: bool = True  # else it says only whether it is negative


STOCK, SHOWN, TEXTBLOB, AFINN = "VADER (stock)", "VADER (label shown)", "TextBlob", "AFINN"
WORDS, PRIORITY = "day-one words", "priority (the card)"


def systems() -> tuple[System, ...]:
    """All that there are, in the order in which they are told. Loads the packages of the extra `eval`."""
    return (
        System(STOCK, _stock),
        System(SHOWN, _shown),
        System(TEXTBLOB, _textblob()),
        System(AFINN, _afinn()),
        System(WORDS, words_of(day_one_words())),
        System(PRIORITY, _priority, has_classes=False),
    )


def label_of(score: float, classes: Collection[str], cut: float = CUT) -> str:
    """Three classes from one number that rises from bad to good, folded into those that the set has."""
    if NEUTRAL not in classes:
        return NEGATIVE if score < 0 else POSITIVE
    if score <= -cut:
        return NEGATIVE
    return POSITIVE if score >= cut and POSITIVE in classes else NEUTRAL


def label_of_odds(odds: float, praise: float, classes: Collection[str]) -> str:
    """The likeliest of three classes from the log-odds of a complaint and of praise.

    A complaint is called one from a likelihood of 0.4 on: to miss one costs more than to look at one too many.
    """
    if NEUTRAL not in classes:
        return NEGATIVE if odds >= praise else POSITIVE
    if odds > LIKELY_ENOUGH and odds - LIKELY_ENOUGH >= praise:
        return NEGATIVE
    return POSITIVE if praise > 0 and POSITIVE in classes else NEUTRAL


def probability(odds: float) -> float:
    """Of log-odds."""
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))


def words_of(model: DayOneWords) -> Judge:
    """Word weights alone, the shipped ones or others."""

    def guesses(texts: Sequence[str], classes: Collection[str]) -> Guesses:
        parts = map(scored_part, texts)
        opinions = [model.judge(text, find(text), heard(text)) for text in parts]
        return [
            Guess(label_of_odds(one.odds, one.praise, classes), one.odds, probability(one.odds)) for one in opinions
        ]

    return guesses


@lru_cache(maxsize=1)  # of one file
def verdicts(texts: tuple[str, ...]) -> list[tuple[Score, Verdict]]:
    """What a card would say of each, if nobody knew its author or its reach."""
    scorer, thresholds = DayOneScorer(), Thresholds()
    scores = [scorer.score(RawMention("1", text)) for text in texts]
    return [(score, prioritise(score, reach=None, velocity=None, thresholds=thresholds)) for score in scores]


def _stock(texts: Sequence[str], classes: Collection[str]) -> Guesses:
    analyzer = stock.SentimentIntensityAnalyzer()
    return _by_score([analyzer.polarity_scores(scored_part(text))["compound"] for text in texts], classes)


def _shown(texts: Sequence[str], classes: Collection[str]) -> Guesses:
    """What no word list can read is "not scored": neither negative nor positive."""
    return _by_score([score.sentiment or 0.0 for score, _ in verdicts(tuple(texts))], classes)


def _priority(texts: Sequence[str], classes: Collection[str]) -> Guesses:
    """Negative is what gets a card. The order is that of priority, then points, then the odds of the words."""
    found = verdicts(tuple(texts))
    keys = [(verdict.priority, verdict.points, score.odds or 0.0) for score, verdict in found]
    place = {key: at for at, key in enumerate(sorted(set(keys)))}
    other = NEUTRAL if NEUTRAL in classes else POSITIVE
    has_card = [verdict.priority >= Priority.NORMAL for _, verdict in found]
    return [Guess(NEGATIVE if is_told else other, place[key]) for is_told, key in zip(has_card, keys, strict=True)]


def _textblob() -> Judge | None:
    """S. Loria, TextBlob; its polarity is that of the pattern library."""
    package = _package("textblob")
    if package is None:
        return None
    blob = package.TextBlob
    return lambda texts, classes: _by_score([blob(scored_part(text)).sentiment.polarity for text in texts], classes)


def _afinn() -> Judge | None:
    """The sign counts. F. Nielsen, "A new ANEW: Evaluation of a word list for sentiment analysis", ESWC 2011."""
    package = _package("afinn")
    if package is None:
        return None
    score = package.Afinn().score
    return lambda texts, classes: _by_score([score(scored_part(text)) for text in texts], classes, cut=1.0)


def _by_score(scores: Sequence[float], classes: Collection[str], cut: float = CUT) -> Guesses:
    return [Guess(label_of(score, classes, cut), -score) for score in scores]


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None
