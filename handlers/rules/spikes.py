"""When an hour has more mentions than chance explains. Pure; counts in, a chance out.

The model. The mentions of an hour are a Poisson count whose mean is itself uncertain (Gamma), so that they follow a
negative binomial. Its mean is the recent level (an average that forgets half in four days) times what is usual of that
hour of the day, drawn towards the level while few days are known; weekends have hours of their own after three weeks.
Its variance comes from the history: proportional to the mean, or to its square, whichever is larger here, and what is
not known of the mean itself is added. An hour that the model itself finds next to impossible counts as the largest that
it finds possible, so that storms do not teach that storms are usual; a brand that has grown is believed within days.

The false alarms. The last four quarters of an hour are looked at, the running one included. Within a quarter their
count only grows, so that looking each minute adds no chance to looking once at its end: 35,064 looks a year and series.
Each look may be wrong with a chance of (false alarms a year) / (looks x series of the brand). The hours overlap, the
series of a brand rise together and a storm silences what follows, so that there are fewer in truth.

The start. Within the first day nothing is a storm. Until there are three days the usual is not taken for less than the
busiest hour so far.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

FLOOR = 10  # mentions; fewer in an hour are never a storm
RISE = 1.5  # times the usual: less is no storm, however certain it is; and a storm is over below it
COOL_DOWN = timedelta(hours=6)  # after its end a new rise is the same storm
GATHERED = timedelta(minutes=10)  # while a storm lasts, what is less than urgent comes together this often
LOOKED_BACK = timedelta(days=56)
LOOKS = 4 * 24 * 365.25  # a year and series
_HOUR = timedelta(hours=1)
FIRST = 24  # hours of history without which nothing is a storm
_SURE = 72  # hours of history before which the busiest hour is held to be usual
_WEEKENDS_FROM = 21 * 24  # hours
_FORGETS = 0.5 ** (1 / 96)  # in an hour: half in four days
_RHYTHM = 0.25  # how much the usual of an hour differs from the level: the variance of their ratio, before any is known
_PRIOR = 24  # hours of variance `_PRIOR_SPREAD` x mean that are held to be known before any is seen
_PRIOR_SPREAD = 3.0
_IMPOSSIBLE = 3.719  # standard deviations: one hour in 10,000
_CARE = 1.25  # times what the counts vary beyond chance: real storms of talk have longer tails than the model
_ROUNDS = 5
_WIDEST = 1_000.0  # variance / mean; the number of terms of a sum is some twenty times that


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of a series."""

    level: float  # mentions an hour, now
    rhythm: tuple[float, ...]  # 48 ratios to the level: the hours of a working day, then those of a weekend's
    doubt: tuple[float, ...]  # 48: the variance of each ratio, relative to its square
    spread: float  # variance / mean, at least 1
    burst: float  # what of the variance grows with the square of the mean
    least: float = 0.0  # mentions an hour, below which the usual is not taken yet

    def expected(self, slots: Sequence[int]) -> float:
        """How many mentions an hour usually has that is made of equal parts of these slots (see `slot_of`)."""
        return max(self.least, self.level * sum(self.rhythm[slot] for slot in slots) / len(slots))

    def chance(self, count: int, slots: Sequence[int]) -> float:
        """How likely so many or more are in such an hour, when nothing has happened."""
        mean = max(self.expected(slots), 1e-6)
        doubt = sum(self.doubt[slot] for slot in slots) / len(slots)
        more = _CARE * (_variance(mean, self.spread, self.burst) - mean)
        return tail(count, mean, mean + more + doubt * mean * mean)

    def is_spike(self, count: int, slots: Sequence[int], alpha: float) -> bool:
        """Whether so many are a storm, when a chance of `alpha` is taken to be wrong."""
        if count < FLOOR or count < RISE * self.expected(slots):
            return False
        return self.chance(count, slots) < alpha


def alpha_of(false_alarms: float, series: int) -> float:
    """The chance of being wrong that one look at one series may take. `false_alarms` are those of a brand in a year."""
    return false_alarms / (LOOKS * max(1, series))


def busiest(moments: Sequence[datetime | None]) -> int:
    """How many of these lie in the busiest hour; those that nobody knows may all lie in it.

    After a silence a source brings what was written in many hours at once: that is no rise.
    """
    known = sorted(moment for moment in moments if moment is not None)
    most = first = 0
    for last, moment in enumerate(known):
        while moment - known[first] >= _HOUR:
            first += 1
        most = max(most, last + 1 - first)
    return most + len(moments) - len(known)


def slot_of(local: datetime) -> int:
    """Which of the 48 usual hours a moment of the team's own time lies in."""
    return local.hour + (24 if local.weekday() >= 5 else 0)


@lru_cache(maxsize=512)
def learn(counts: tuple[int, ...], slots: tuple[int, ...]) -> Usual | None:
    """What is usual, from the mentions of each hour up to now and the slots they lie in; None before there is a day."""
    if len(counts) < FIRST:
        return None
    folded = slots if len(counts) >= _WEEKENDS_FROM else tuple(slot % 24 for slot in slots)
    caps: Sequence[float] = [max(1.0, float(sorted(counts)[-1 - len(counts) // 50]))] * len(counts)
    rhythm, doubt, spread, burst = [1.0] * 48, [0.0] * 48, _PRIOR_SPREAD, 0.0
    level = 0.0
    for turn in range(_ROUNDS):
        seen = [min(count, most) for count, most in zip(counts, caps, strict=True)]
        levels, level = _levels(seen, [rhythm[slot] for slot in folded])
        rhythm, doubt = _rhythm(seen, levels, folded, spread, burst)
        means = [at * rhythm[slot] for at, slot in zip(levels, folded, strict=True)]
        if turn == 0:
            caps = _caps(means, _PRIOR_SPREAD, 0.0)
        spread, burst = _spread(counts, means, caps)
        caps = _caps(means, spread, burst)
    if folded is not slots:
        rhythm, doubt = rhythm[:24] * 2, doubt[:24] * 2
    least = max(seen) if len(counts) < _SURE else 0.0
    known = spread / max(sum(seen), 1.0) * len(counts) / min(len(counts), 1 / (1 - _FORGETS))
    return Usual(level, tuple(rhythm), tuple(one + known for one in doubt), spread, burst, least)


def _levels(seen: Sequence[float], rhythm: Sequence[float]) -> tuple[list[float], float]:
    """The level at each hour, and after the last: an average that forgets, weighted by what each hour tells of it."""
    first = min(len(seen), 168)
    weight = sum(rhythm[:first])
    level = sum(seen[:first]) / weight
    had, of = level * 24, 24.0
    levels = []
    for count, usual in zip(seen, rhythm, strict=True):
        had, of = had * _FORGETS + count, of * _FORGETS + usual
        levels.append(had / of)
    return levels, levels[-1]


def _rhythm(
    seen: Sequence[float], levels: Sequence[float], slots: Sequence[int], spread: float, burst: float
) -> tuple[list[float], list[float]]:
    """The ratio of each slot to the level, drawn towards 1 as far as chance may have made it, and its doubt."""
    counts, means, hours = [0.0] * 48, [0.0] * 48, [0] * 48
    for count, level, slot in zip(seen, levels, slots, strict=True):
        counts[slot] += count
        means[slot] += level
        hours[slot] += 1
    rhythm, doubt = [1.0] * 48, [_RHYTHM] * 48
    for slot, n in enumerate(hours):
        if n == 0 or means[slot] <= 0:
            continue
        mean = means[slot] / n
        noise = max(spread / mean, 1 / mean + burst) / n  # of the ratio, by chance
        weight = _RHYTHM / (_RHYTHM + noise)
        rhythm[slot] = max(1 + weight * (counts[slot] / means[slot] - 1), 0.02)
        doubt[slot] = weight * noise / rhythm[slot] ** 2 if rhythm[slot] < 1 else weight * noise
    return rhythm, doubt


def _spread(counts: Sequence[int], means: Sequence[float], caps: Sequence[float]) -> tuple[float, float]:
    """How much more the counts vary than chance alone: in proportion to the mean, and to its square.

    Hours over the cap are left out. It begins low and rises from round to round, until it explains what it counts.
    """
    told = [(count, mean) for count, mean, most in zip(counts, means, caps, strict=True) if count <= most]
    total, squares = sum(mean for _, mean in told), sum(mean * mean for _, mean in told)
    missed = sum((count - mean) ** 2 for count, mean in told)
    prior = _PRIOR * total / max(len(told), 1)
    spread = (missed + prior * _PRIOR_SPREAD) / (total + prior) if total > 0 else _PRIOR_SPREAD
    return max(1.0, spread), max(0.0, (missed - total) / squares) if squares > 0 else 0.0


def _caps(means: Sequence[float], spread: float, burst: float) -> list[float]:
    """The largest count that is possible in each hour (the cube of a gamma variable is all but normal)."""
    caps = []
    for mean in means:
        shape = max(mean, 1e-6) / max(spread, 1 + burst * mean)
        root = 1 - 1 / (9 * shape) + _IMPOSSIBLE / (3 * math.sqrt(shape))
        caps.append(max(1.0, mean * max(root, 0.0) ** 3))
    return caps


def _variance(mean: float, spread: float, burst: float) -> float:
    return mean * max(spread, 1 + burst * mean)


def tail(count: int, mean: float, variance: float) -> float:
    """P(X >= count) of a negative binomial; of a Poisson where the variance is no larger than the mean."""
    if count <= 0:
        return 1.0
    if variance > _WIDEST * mean:  # so wide that what counts by ones may as well be counted by the dozen
        dozen = variance / mean / _WIDEST
        return tail(int(count / dozen), mean / dozen, variance / dozen**2)
    if count <= mean:
        return 1.0 - math.fsum(_terms(0, mean, variance, until=count))
    return min(1.0, math.fsum(_terms(count, mean, variance)))


def _terms(first: int, mean: float, variance: float, until: int | None = None) -> list[float]:
    """P(X = first), P(X = first + 1) …, up to and without `until`, or until what is left does not matter."""
    if variance <= mean * (1 + 1e-6):
        at = math.exp(first * math.log(mean) - mean - math.lgamma(first + 1))
        size, rate = math.inf, 0.0
    else:
        size, rate = mean * mean / (variance - mean), (variance - mean) / variance
        choose = math.lgamma(first + size) - math.lgamma(size) - math.lgamma(first + 1)
        at = math.exp(choose + size * math.log1p(-rate) + first * math.log(rate))
    terms: list[float] = []
    number = first
    while number < until if until is not None else not terms or at > 1e-9 * terms[0]:
        terms.append(at)
        number += 1
        at *= mean / number if size == math.inf else rate * (number - 1 + size) / number
    return terms
