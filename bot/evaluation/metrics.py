"""What a judgement of texts is worth, in numbers, with the intervals that chance leaves them.

All numbers are shares from 0 to 1. A text may count more than once or not at all: `counts` says how often each does,
which is what a bootstrap needs. B. Efron, "Bootstrap Methods: Another Look at the Jackknife", The Annals of Statistics
7 (1979), 1-26.
"""

import math
import random
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, repeat
from operator import ge, itemgetter, mod, mul, sub, truediv

TOP = 0.10  # the share of texts that a team has the time to look at
SURE = 0.85  # the precision at which recall is told
BINS = 10
DRAWS = 1_000
SEED = 6
_INTERVAL = 0.95

Values = dict[str, float]  # by the name of the metric; nan where it is not defined


class Ranked:
    """Texts from the likeliest complaint down, to be measured as often as one likes.

    `scores` are higher for likelier complaints; `probabilities`, where given, must rise with them.
    """

    def __init__(
        self, truths: Sequence[bool], scores: Sequence[float], probabilities: Sequence[float] = (), seed: int = SEED
    ) -> None:
        chance = random.Random(seed)  # noqa: S311 - breaks ties, no secret
        key = [(-score, chance.random()) for score in scores]
        order = sorted(range(len(key)), key=key.__getitem__)
        ordered = [scores[at] for at in order]
        self._pick = _picker(order)
        self._truths = [int(truths[at]) for at in order]
        self._true_until = list(accumulate(self._truths))  # this place included
        ends = list(_ends(ordered, self._truths))
        self._at_ends, self._true_at_ends = _picker(ends), _picker([self._true_until[at] for at in ends])
        self._odds_on = [probabilities[at] for at in order] if probabilities else []
        self._bins = list(_bins(self._odds_on))

    def measure(self, counts: Sequence[int]) -> Values:
        """PR-AUC, precision and recall at the top 10 %, recall at precision 0.85 and, with probabilities, ECE.

        PR-AUC is average precision: the sum over the distinct scores, from the highest down, of the recall that each
        adds times the precision down to it, as `sklearn.metrics.average_precision_score` has it. At the top stand the
        floor(0.10 n) first texts; among equals chance decides, always in the same way. Recall at precision 0.85 is the
        largest recall of any cut whose precision is no lower.
        """
        weights = self._pick(counts)
        every = list(accumulate(weights))
        hits = list(accumulate(compress(weights, self._truths), initial=0))  # of the first, second … true one
        size, found = every[-1], hits[-1]
        if not found:
            names = ("pr_auc", "top_precision", "top_recall", "recall_when_sure", *(("ece",) if self._odds_on else ()))
            return dict.fromkeys(names, math.nan)
        values = self._at_top(every, hits, max(1, math.floor(TOP * size + 1e-9)))
        if self._odds_on:
            values["ece"] = self._calibration(weights, hits) / size
        cut, true = self._at_ends(every), self._true_at_ends(hits)
        if not cut[0]:
            first = next(at for at, number in enumerate(cut) if number)
            cut, true = cut[first:], true[first:]
        precisions = list(map(truediv, true, cut))
        gains = map(sub, true, chain((0,), true))
        values["pr_auc"] = sum(map(mul, gains, precisions)) / found
        values["recall_when_sure"] = max(compress(true, map(ge, precisions, repeat(SURE))), default=0) / found
        return values

    def _at_top(self, every: Sequence[int], hits: Sequence[int], top: int) -> Values:
        at = bisect_left(every, top)
        above = hits[self._true_until[at]] - (every[at] - top) * self._truths[at]
        return {"top_precision": above / top, "top_recall": above / hits[-1]}

    def _calibration(self, weights: Sequence[int], hits: Sequence[int]) -> float:
        """Expected calibration error in ten bins of equal width, times the number of texts: C. Guo, G. Pleiss, Y. Sun,
        K. Weinberger, "On Calibration of Modern Neural Networks", Proceedings of ICML 2017, 1321-1330. Here it is the
        probability of a complaint that is compared with the share of complaints."""
        off, start, hits_before = 0.0, 0, 0
        for last in self._bins:
            told = sum(map(mul, weights[start : last + 1], self._odds_on[start : last + 1]))
            hits_here = hits[self._true_until[last]]
            off += abs(told - (hits_here - hits_before))
            start, hits_before = last + 1, hits_here
        return off


class Labelling:
    """The true and the given label of each text."""

    def __init__(self, truths: Sequence[str], given: Sequence[str], negative: str = "negative") -> None:
        members: dict[tuple[str, str], list[int]] = {}
        for at, cell in enumerate(zip(truths, given, strict=True)):
            members.setdefault(cell, []).append(at)
        self._cells = {cell: _picker(some) for cell, some in members.items()}
        self._classes = sorted(set(truths))
        self._negative = negative

    def measure(self, counts: Sequence[int]) -> Values:
        """Precision, recall and F1 of the negatives; macro-F1 and macro-recall over the classes that the texts have.

        Macro-recall is the first measure of SemEval: S. Rosenthal, N. Farra, P. Nakov, "SemEval-2017 Task 4: Sentiment
        Analysis in Twitter", Proceedings of SemEval-2017, 502-518. Macro-F1 is the mean of the classes' F1. The F1 of
        a class that nobody finds is 0.
        """
        cells = {cell: sum(pick(counts)) for cell, pick in self._cells.items()}
        each = {name: _of_class(cells, name) for name in self._classes}
        precision, recall, f1 = each[self._negative]
        return {
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "macro_f1": sum(one[2] for one in each.values()) / len(each),
            "macro_recall": sum(one[1] for one in each.values()) / len(each),
        }


def _of_class(cells: Mapping[tuple[str, str], int], name: str) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    right = cells.get((name, name), 0)
    given = sum(number for (_, told), number in cells.items() if told == name)
    there = sum(number for (truth, _), number in cells.items() if truth == name)
    return (
        right / given if given else 0.0,
        right / there if there else 0.0,
        2 * right / (given + there) if given + there else 0.0,
    )


def average_precision(truths: Sequence[bool], scores: Sequence[float]) -> float:
    """PR-AUC of the true ones; nan if there are none. See `Ranked.measure`."""
    return Ranked(truths, scores).measure([1] * len(truths))["pr_auc"] if truths else math.nan


def calibration_error(truths: Sequence[bool], probabilities: Sequence[float]) -> float:
    """ECE of probabilities, in ten bins of equal width; nan if nothing is true. See `Ranked.measure`."""
    return Ranked(truths, probabilities, probabilities).measure([1] * len(truths)).get("ece", math.nan)


def draws(size: int, times: int = DRAWS, seed: int = SEED) -> Iterator[list[int]]:
    """How often each of `size` texts counts, if as many are drawn from them with putting back; `times` times."""
    chance = random.Random(seed)  # noqa: S311 - a draw of texts, no secret
    numbers = struct.Struct(f"<{size}I")
    for _ in range(times):
        counts = [0] * size
        for at in map(mod, numbers.unpack(chance.randbytes(numbers.size)), repeat(size)):  # thrice as fast as choices
            counts[at] += 1
        yield counts


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Between which two values 95 % of the draws lie (the percentile interval); nan where nothing was drawn."""
    known = sorted(value for value in values if not math.isnan(value))
    if not known:
        return math.nan, math.nan
    beyond = (1 - _INTERVAL) / 2
    low, high = math.floor(beyond * (len(known) - 1)), math.ceil((1 - beyond) * (len(known) - 1))
    return known[low], known[high]


def _picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    """`itemgetter` that gives a tuple for one place and for none too."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[at] for at in places)


def _ends(scores: Sequence[float], truths: Sequence[int]) -> Iterator[int]:
    """The last place of each group of equal scores that has a true one: where recall can rise."""
    has_true = False
    for at, truth in enumerate(truths):
        has_true = has_true or truth == 1
        if has_true and (at + 1 == len(scores) or scores[at + 1] != scores[at]):
            yield at
            has_true = False


def _bins(probabilities: Sequence[float]) -> Iterator[int]:
    """The last place of each bin that holds any, of probabilities from the highest down."""
    for at, probability in enumerate(probabilities):
        if at + 1 == len(probabilities) or _bin(probability) != _bin(probabilities[at + 1]):
            yield at


def _bin(probability: float) -> int:
    return min(BINS - 1, int(probability * BINS))
