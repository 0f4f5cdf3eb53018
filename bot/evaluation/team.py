"""A team that takes and sets aside, simulated on labelled mentions: what learning from it is worth.

In time order, fifty mentions at a time, the best tenth are alerted. Only those get a decision, which one time in ten is
wrong, and nothing else is learned from. Before a mention can be learned from, it has been ranked; so every figure is
about mentions that were not known yet.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import NamedTuple, Protocol

from bot.evaluation.events import Happening
from bot.evaluation.metrics import average_precision, calibration_error
from handlers.rules.learning import Decision, Learner, features_of
from handlers.rules.lifting import prior_of
from handlers.rules.scoring import DayOneScorer
from handlers.rules.stories import Story, is_alike, story_of
from handlers.rules.taste import likelihood
from handlers.rules.text import comparable

POLL = 50
SHARE, WRONG, SEEDS = 0.10, 0.10, 5
BETTER = 10  # points of PR-AUC
_AHEAD = 500  # mentions, over which that is measured
_POSITIVE = 0.05  # VADER's compound from which on it would never show a complaint
_COPY = timedelta(days=7)
_START = 50  # normalised characters that make a copy


@dataclass(frozen=True, slots=True)
class Known:
    """A mention, and what is found in it before anything is learned."""

    happening: Happening
    compound: float
    prior: float | None
    features: Mapping[str, float]
    story: Story

    @property
    def start(self) -> str:
        """By which copies are told."""
        return comparable(self.happening.raw.text)[:_START]


class Way(Protocol):
    """A way to rank mentions."""

    def odds(self, known: Known) -> float:
        """Log-odds that the team takes it."""

    def learn(self, known: Known, is_taken: bool) -> None:
        """Take in a decision."""


class Vader:
    """VADER alone; the guide's way to make log-odds of its compound."""

    def odds(self, known: Known) -> float:
        return -2 * known.compound - 1

    def learn(self, known: Known, is_taken: bool) -> None:
        """Nothing."""


class DayOne:
    """The day-one words alone."""

    def odds(self, known: Known) -> float:
        return known.prior or 0.0

    def learn(self, known: Known, is_taken: bool) -> None:
        """Nothing."""


class Taught:
    """What another way says, and a learner on top."""

    def __init__(self, first: Way) -> None:
        self._first = first
        self.learner = Learner()

    def odds(self, known: Known) -> float:
        return self.learner.odds(known.features, self._first.odds(known))

    def learn(self, known: Known, is_taken: bool) -> None:
        self.learner.learn(Decision(known.features, self._first.odds(known), is_taken))


WAYS: dict[str, Callable[[], Way]] = {
    "VADER": Vader,
    "day-one words": DayOne,
    "VADER + learning": lambda: Taught(Vader()),
    "day-one words + learning": lambda: Taught(DayOne()),
}
LEARNING = "day-one words + learning"


class Course(NamedTuple):
    """How a simulation went."""

    odds: tuple[float, ...]  # of each mention, when it came
    alerted: tuple[int, ...]  # their places, in the order of the alerts
    relearned: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it; shares from 0 to 1, nan where not defined."""

    precision: float  # of all alerts
    late: float  # of those in the second half
    recall: float  # in the second half
    pr_auc: float  # of all mentions of the second half
    ece: float
    brier: float
    blind: float  # of what VADER calls positive and the team wants, alerted in the second half
    copies: float  # of the alerts
    last: float  # precision of the alerts among the last thousand mentions
    decisions: float  # until it ranks better than VADER by ten points; inf for never
    relearned: float


def know(happenings: Sequence[Happening]) -> list[Known]:
    """Score each once: that is what takes the time."""
    scorer, found = DayOneScorer(), []
    for happening in happenings:
        raw = happening.raw
        score = scorer.score(raw)
        features, story = features_of(raw, score, "file"), story_of("brand", raw, is_weighty=True)
        found.append(Known(happening, score.sentiment or 0.0, prior_of(score), features, story))
    return found


def simulate(
    known: Sequence[Known], wanted: Sequence[bool], way: Way, seed: int,
    *, share: float = SHARE, wrong: float = WRONG, one_a_story: bool = False,
) -> Course:  # fmt: skip
    """Let a team decide on what it is shown. The same arguments give the same course."""
    chance = random.Random(seed)  # noqa: S311 - chance of a simulation
    told = _Told() if one_a_story else None
    odds: list[float] = []
    alerted: list[int] = []
    for first in range(0, len(known), POLL):
        places = range(first, min(first + POLL, len(known)))
        odds += [way.odds(known[place]) for place in places]
        order = sorted(places, key=lambda place: (-odds[place], chance.random()))
        if told is not None:
            order = [place for place in order if told.is_news(known[place].story)]
        best = order[: max(1, round(share * len(places)))]
        for place in best:
            if told is not None and not told.tell(known[place].story):
                continue
            alerted.append(place)
            way.learn(known[place], wanted[place] != (chance.random() < wrong))
    return Course(tuple(odds), tuple(alerted), way.learner.relearned if isinstance(way, Taught) else 0)


def measure(known: Sequence[Known], wanted: Sequence[bool], course: Course, vader: Course | None = None) -> Figures:
    """The figures of a course; with VADER's own, the decisions until it is better."""
    half = len(known) // 2
    late = [place for place in course.alerted if place >= half]
    told = [likelihood(odds) for odds in course.odds[half:]]
    blind = [place for place in range(half, len(known)) if wanted[place] and known[place].compound >= _POSITIVE]
    return Figures(
        precision=_share(wanted[place] for place in course.alerted),
        late=_share(wanted[place] for place in late),
        recall=sum(wanted[place] for place in late) / (sum(wanted[half:]) or math.nan),
        pr_auc=average_precision(wanted[half:], course.odds[half:]),
        ece=calibration_error(wanted[half:], told),
        brier=_share((odds - truth) ** 2 for odds, truth in zip(told, wanted[half:], strict=True)),
        blind=len(set(blind).intersection(late)) / (len(blind) or math.nan),
        copies=_copies(known, course.alerted),
        last=_share(wanted[place] for place in course.alerted if place >= len(known) - 1_000),
        decisions=_until_better(wanted, course, vader) if vader is not None else math.nan,
        relearned=course.relearned,
    )


def mean(figures: Sequence[Figures]) -> Figures:
    """The mean of each figure over several courses; of the decisions the median, since never is one of the answers."""
    names = Figures.__slots__
    means = {name: fmean(getattr(each, name) for each in figures) for name in names if name != "decisions"}
    return Figures(decisions=sorted(each.decisions for each in figures)[len(figures) // 2], **means)


class _Told:
    """The stories that were alerted, as cases are found for them."""

    def __init__(self) -> None:
        self._words: dict[str, list[str]] = {}

    def is_news(self, story: Story) -> bool:
        if any(key in self._words for key in story.whole):
            return False
        return not any(is_alike(story.words, words) for key in story.parts for words in self._words.get(key, ()))

    def tell(self, story: Story) -> bool:
        """Remember it; whether it was news."""
        is_news = self.is_news(story)
        for key in story.own if is_news else ():
            self._words.setdefault(key, []).append(story.words)
        return is_news


def _share(values: Iterable[float]) -> float:
    some = list(values)
    return sum(some) / len(some) if some else math.nan


def _copies(known: Sequence[Known], alerted: Sequence[int]) -> float:
    """The share of alerts that begin as an earlier one of the last seven days did."""
    last: dict[str, int] = {}
    copies = 0
    for place in alerted:
        start = known[place].start
        before = last.get(start)
        copies += before is not None and _is_recent(known[before].happening, known[place].happening)
        last[start] = place
    return copies / len(alerted) if alerted else math.nan


def _is_recent(before: Happening, now: Happening) -> bool:
    return before.at is None or now.at is None or now.at - before.at <= _COPY


def _until_better(wanted: Sequence[bool], course: Course, vader: Course) -> float:
    """The decisions, in fifties, after which the next 500 mentions rank better than VADER's by ten points of PR-AUC,
    and the mean of all that follow does too."""
    ahead: list[float] = []
    for first in range(0, len(wanted), _AHEAD):
        window = slice(first, first + _AHEAD)
        if any(wanted[window]) and (len(wanted[window]) == _AHEAD or not ahead):
            ranked = (average_precision(wanted[window], one.odds[window]) for one in (course, vader))
            ahead.append(100 * (next(ranked) - next(ranked)))
        else:
            ahead.append(math.nan)
    for at, points in enumerate(ahead):
        rest = [one for one in ahead[at:] if not math.isnan(one)]
        if points >= BETTER and fmean(rest) >= BETTER:
            return bisect_left(sorted(course.alerted), at * _AHEAD)
    return math.inf
