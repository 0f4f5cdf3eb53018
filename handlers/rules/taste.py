"""Whether what was learned from a team still serves it: two guards over the decisions as they come.

Each decision is foreseen twice before it is learned: by the learner, and by the day-one words alone, fitted to the team
with a slope and a bias of their own. What the learner is ahead, in log-loss, over the last hundred decisions says how
far it is trusted. Where the team suddenly sets aside most of what it is shown while the learner falls behind, its
taste has changed; where the learner is far behind for a hundred decisions, it has learned what does not hold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

RATE, SLOPE_RATE = 0.5, 0.2
_LAST = 100  # decisions that are looked back on
_JUDGED = 30  # decisions before the learner is judged at all
_BEHIND = 0.1  # nats a decision behind the day-one words: nothing is left of the trust
_FAR_BEHIND = 0.08  # the same, over the last hundred: what was learned does not hold
_FAST, _SLOW = 0.04, 0.006  # of the moving averages of what is taken
_DROP = 0.55  # of the usual share that is taken
_SETTLED = 50  # decisions before a drop can be told
_RECENT, _SLIPS = 50, 0.02  # decisions, and nats behind, that must agree with a drop


class Change(Enum):
    """What a decision showed."""

    NOTHING = "nothing"
    TASTE = "taste"  # the team wants other things than before
    FAILED = "failed"  # what was learned is worse than nothing


def likelihood(odds: float) -> float:
    """The probability of log-odds, which are kept within what can be told apart."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


@dataclass(slots=True)
class Watch:
    """What the guards remember. All of it is numbers, so that it can be written down exactly."""

    slope: float = 1.0  # of the day-one words alone, fitted to the team
    bias: float = 0.0
    slope_square: float = 0.0
    bias_square: float = 0.0
    ahead: list[float] = field(default_factory=list)  # nats, of the last hundred decisions
    taken: float = 0.5  # share of late
    usually_taken: float = 0.5
    seen: int = 0  # decisions since the last change

    @property
    def trust(self) -> float:
        """The share of what was learned that may be used: all while the learner is ahead, less the farther it is
        behind, nothing at last."""
        if len(self.ahead) < _JUDGED:
            return 1.0
        return min(1.0, max(0.0, 1 + self._mean(_LAST) / _BEHIND))

    def see(self, prior: float, odds: float, is_taken: bool) -> Change:
        """Judge how a decision was foreseen: `prior` by the day-one words, `odds` by the learner, both log-odds."""
        fitted = self.slope * prior + self.bias
        self.ahead = [*self.ahead[1 - _LAST :], _loss(fitted, is_taken) - _loss(odds, is_taken)]
        self._fit(prior, likelihood(fitted) - is_taken)
        self.seen += 1
        self.taken += max(_FAST, 1 / self.seen) * (is_taken - self.taken)
        self.usually_taken += max(_SLOW, 1 / self.seen) * (is_taken - self.usually_taken)
        if self.seen < _SETTLED:
            return Change.NOTHING
        if self.taken < _DROP * self.usually_taken and self._mean(_RECENT) < -_SLIPS:
            return Change.TASTE
        if len(self.ahead) == _LAST and self._mean(_LAST) < -_FAR_BEHIND:
            return Change.FAILED
        return Change.NOTHING

    def begin_anew(self) -> None:
        """After a change: what is known of the day-one words stays, the rest is to be seen again."""
        self.slope_square = self.bias_square = 0.0
        self.ahead, self.taken, self.usually_taken, self.seen = [], 0.5, 0.5, 0

    def _mean(self, last: int) -> float:
        recent = self.ahead[-last:]
        return sum(recent) / len(recent)

    def _fit(self, prior: float, wrong: float) -> None:
        """One step of AdaGrad for the slope and the bias."""
        self.slope_square += (wrong * prior) ** 2
        self.bias_square += wrong**2
        self.slope -= SLOPE_RATE * wrong * prior / math.sqrt(self.slope_square + 1e-8)
        self.bias -= RATE * wrong / math.sqrt(self.bias_square + 1e-8)

    def to_plain(self) -> dict[str, Any]:
        """As what JSON can hold, exactly."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {"ahead": list(self.ahead)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Watch":
        """From what `to_plain` gave. Raises KeyError, TypeError or ValueError for anything else."""
        numbers = {name: finite(plain[name]) for name in _NUMBERS}
        return cls(**numbers, ahead=list(map(finite, plain["ahead"]))[-_LAST:], seen=int(plain["seen"]))


_NUMBERS = [each.name for each in fields(Watch) if each.name not in ("ahead", "seen")]


def finite(value: Any) -> float:
    """A number that can be reckoned with. Raises TypeError or ValueError for what is none."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _loss(odds: float, is_taken: bool) -> float:
    """Log-loss of a prediction, in nats."""
    odds = max(-14.0, min(14.0, odds))
    return math.log1p(math.exp(-odds if is_taken else odds))
