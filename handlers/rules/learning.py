"""What a team's own decisions teach: which mentions it takes and which it sets aside, word by word.

On top of what the day-one words say (`prior`, log-odds) stand weights of the team's own:

    odds = prior + bias + (slope - 1) x prior + sum of weight x value over the features

and each decision moves them by one step of AdaGrad: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for
Online Learning and Stochastic Optimization", Journal of Machine Learning Research 12 (2011), 2121-2159. Nothing else is
learned from. The same decisions in the same order give the same state, bit for bit, whether in one go or one by one.
What ranks a mention higher or lower is the `lift`: the same without all that says how much the team takes in general.
What nearly every mention has gives none, each weight counts by how far it is from the usual one, and the slope turns
about the point where the words alone open a case. So the lift neither floods a channel nor dries it up, and there is
none before the team has decided both ways often enough.
`handlers/rules/taste.py` watches whether it serves: the lift is used as far as it is trusted, and after a change of
taste what was learned is believed a little the other way round, so that what had been pushed down is seen again.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handlers.rules.day_one import Evidence
from handlers.rules.features import in_words, read
from handlers.rules.kinds import Kind
from handlers.rules.scoring import Score
from handlers.rules.taste import RATE, SLOPE_RATE, Change, Watch, finite, likelihood
from handlers.rules.us import UsModel
from storage.types import RawMention

MOST = 20_000  # features that are remembered
CUE = "= "  # begins a feature that is no word of the text
PRAISE = f"{CUE}{Kind.PRAISE}"
EACH = 10  # decisions of either kind, before which there is no lift
USUAL = 0.2  # about the value of one word in a text of twenty, and that of a cue
_PAIR = 0.7  # the value of a pair beside that of a word
_TURNED = -0.3  # what is left of each weight after a change of taste
_EVERYWHERE = 0.6  # of the decided mentions: what more of them have tells none from another
_EVEN = 0.6  # log-odds, about those at which the words alone open a case
_ALL, _NONE = 0.4, 0.7  # shares taken: up to the one the slope counts in full, from the other on not at all
_LEVELS = 0.02  # of the moving average of the usual weight
_LONGEST = 40  # letters; longer ones are no words
_KEPT = 0.8  # the share that stays when there are too many
_UNTOLD = frozenset(
    """a about all also am an and any are as at be because been but by can could did do does for from get go got had has
    have he her here him his how i if im in into is it its ive just me my now of on or our out over s she so some t than
    that the their them then there these they this those to too u up ur us very was we were what when where which while
    who will with would you your youre xname xlink xnumber rt via amp""".split()  # noqa: SIM905 - prose, as elsewhere
)  # they tell nobody anything


class Decision(NamedTuple):
    """What a person made of one mention that she was shown, or that she brought."""

    features: Mapping[str, float]
    prior: float | None  # log-odds of a complaint by the day-one words; None where those could not judge
    is_wanted: bool  # taken, rather than set aside
    moves_bias: bool = True  # False for "you missed this": such reports are never of what nobody wants


@dataclass(slots=True)
class Learner:
    """A team's weights. It changes with `learn`; whoever shares it between threads shares a `copy`."""

    weights: dict[str, float] = field(default_factory=dict)
    squares: dict[str, float] = field(default_factory=dict)  # of all slopes that moved a weight
    slope: float = 1.0
    bias: float = 0.0
    slope_square: float = 0.0
    bias_square: float = 0.0
    decisions: int = 0
    relearned: int = 0  # how often it began anew
    taken: int = 0  # decisions of that kind
    praise: int = 0  # of those, how many were of praise
    met: dict[str, float] = field(default_factory=dict)  # decided mentions that have it, since it began anew
    seen: int = 0  # decided mentions since then
    level: float = 0.0  # the usual weight, in a mention like those that were decided
    watch: Watch = field(default_factory=Watch)

    @property
    def trust(self) -> float:
        """The share of the lift that is used, 0 to 1."""
        return self.watch.trust

    def odds(self, features: Mapping[str, float], prior: float | None) -> float:
        """Log-odds that the team takes it."""
        trust = self.trust
        bias = trust * self.bias + (1 - trust) * self.watch.bias
        return (prior or 0.0) + bias + trust * self._learned(features, prior or 0.0)

    def lift(self, features: Mapping[str, float], prior: float | None) -> float:
        """What the team's decisions add to the prior's log-odds, or take from them. It is without the bias and all that
        stands for it: how much a team takes in general says nothing of one mention.

        Praise is not lifted before some of it was taken."""
        if not self.is_ready:
            return 0.0
        lifted = self.trust * (self._turned(prior) + sum(self._shares(features).values()))
        return min(0.0, lifted) if self._holds(features) else lifted

    @property
    def is_ready(self) -> bool:
        """Whether enough was both taken and set aside to tell the one from the other."""
        return min(self.taken, self.aside) >= EACH

    @property
    def aside(self) -> int:
        """Decisions that were none for taking it."""
        return self.decisions - self.taken

    def evidence(self, features: Mapping[str, float], prior: float | None) -> tuple[Evidence, ...]:
        """What the lift is made of, for or against, weightiest first; together it is the lift.

        Two neighbours that say the same are one phrase. What tells a person nothing has an empty `what`.
        """
        if not self.is_ready or (self._holds(features) and not self.lift(features, prior)):
            return ()
        trust = self.trust
        shares = {name: trust * share for name, share in self._shares(features).items()}
        found = [Evidence("", "", trust * self._turned(prior))]
        found += [_told(name, odds) for name, odds in _phrases(shares).items() if odds]
        return tuple(sorted(found, key=_weight))

    def learn(self, decision: Decision) -> bool:
        """Take one step. True where the team's taste has changed, so that it begins anew and people are told.

        Where what was learned has come to nothing it begins anew in silence: it was hardly trusted any more.
        """
        prior, is_wanted = decision.prior or 0.0, decision.is_wanted
        odds = self.slope * prior + self.bias + self._words(decision.features)
        change = self.watch.see(prior, odds, is_wanted) if decision.moves_bias else Change.NOTHING
        self.decisions += 1
        self.taken += is_wanted
        self.praise += is_wanted and PRAISE in decision.features
        self._step(decision, prior, likelihood(odds) - is_wanted)
        self._count(decision.features)
        if len(self.weights) > MOST:
            self._forget()
        if change is not Change.NOTHING:
            self._begin_anew(_TURNED if change is Change.TASTE else 0.0)
        return change is Change.TASTE

    def copy(self) -> "Learner":
        """The same state, apart."""
        return self.from_plain(self.to_plain())

    def to_plain(self) -> dict[str, Any]:
        """All of the state as what JSON can hold, exactly."""
        return {
            **{which: dict(getattr(self, which)) for which in _WORDS},
            **{name: getattr(self, name) for name in (*_NUMBERS, *_COUNTS)},
            "watch": self.watch.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Learner":
        """From what `to_plain` gave. Raises ValueError for anything else."""
        try:
            words = {which: {str(name): finite(value) for name, value in plain[which].items()} for which in _WORDS}
            numbers = {name: finite(plain[name]) for name in _NUMBERS}
            counts = {name: int(plain[name]) for name in _COUNTS}
            return cls(**words, **numbers, **counts, watch=Watch.from_plain(plain["watch"]))  # type: ignore[arg-type]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("this is not what a team has taught") from error

    def _words(self, features: Mapping[str, float]) -> float:
        known = self.weights
        return sum([known[name] * value for name, value in features.items() if name in known])

    def _shares(self, features: Mapping[str, float]) -> dict[str, float]:
        """What each feature gives to the lift: how far its weight is from the usual one."""
        known, met, most, level = self.weights, self.met, _EVERYWHERE * self.seen, self.level
        told = ((name, value) for name, value in features.items() if name in known and met.get(name, 0.0) <= most)
        return {name: (known[name] - level) * value for name, value in told}

    def _turned(self, prior: float | None) -> float:
        """What the slope gives. A team that takes most of what the words raise has no quarrel with their order."""
        share = min(1.0, max(0.0, (_NONE - self.watch.usually_taken) / (_NONE - _ALL)))
        return share * (self.slope - 1) * (prior - _EVEN) if prior is not None else 0.0

    def _holds(self, features: Mapping[str, float]) -> bool:
        return PRAISE in features and not self.praise

    def _count(self, features: Mapping[str, float]) -> None:
        """What the decided mentions have, and what it usually weighs."""
        self.seen += 1
        for name in features:
            self.met[name] = self.met.get(name, 0.0) + 1
        some = [name for name in features if self.met[name] <= _EVERYWHERE * self.seen]
        if length := sum([features[name] for name in some]):
            mean = sum([self.weights[name] * features[name] for name in some]) / length
            self.level += max(_LEVELS, 1 / self.seen) * (mean - self.level)

    def _learned(self, features: Mapping[str, float], prior: float) -> float:
        return (self.slope - 1) * prior + self._words(features)

    def _step(self, decision: Decision, prior: float, wrong: float) -> None:
        weights, squares = self.weights, self.squares
        for name, value in decision.features.items():
            slope = wrong * value
            squares[name] = square = squares.get(name, 0.0) + slope * slope
            weights[name] = weights.get(name, 0.0) - RATE * slope / math.sqrt(square + 1e-8)
        self.slope_square += (wrong * prior) ** 2
        self.slope -= SLOPE_RATE * wrong * prior / math.sqrt(self.slope_square + 1e-8)
        if decision.moves_bias:
            self.bias_square += wrong * wrong
            self.bias -= RATE * wrong / math.sqrt(self.bias_square + 1e-8)

    def _forget(self) -> None:
        """Those that weigh least go, the rarely met first."""
        use = {name: abs(weight) * (1e-3 + self.squares.get(name, 0.0) ** 0.5) for name, weight in self.weights.items()}
        kept = sorted(use, key=lambda name: (-use[name], name))[: int(MOST * _KEPT)]
        self.weights = {name: self.weights[name] for name in kept}
        self.squares, self.met = (
            {name: each[name] for name in kept if name in each} for each in (self.squares, self.met)
        )

    def _begin_anew(self, left: float) -> None:
        """Back to the day-one words as they fit the team, with `left` of each weight."""
        self.weights = {name: left * weight for name, weight in self.weights.items()} if left else {}
        self.squares, self.met, self.seen, self.level = {}, {}, 0, 0.0
        self.slope, self.bias, self.slope_square, self.bias_square = self.watch.slope, self.watch.bias, 0.0, 0.0
        self.watch.begin_anew()
        self.relearned += 1


_WORDS, _NUMBERS = ("weights", "squares", "met"), ("slope", "bias", "slope_square", "bias_square", "level")
_COUNTS = ("decisions", "relearned", "taken", "praise", "seen")


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is in force of what was learned; replaced whole when that changes."""

    team: Learner | None = None
    us: Mapping[str, UsModel] = field(default_factory=dict)  # by brand


def features_of(raw: RawMention, score: Score, source: str) -> dict[str, float]:
    """What a decision on a mention can teach of others: its words and pairs, what was found in it, where it came from,
    how far its author reaches. `source` is the source's name. Raises nothing, whatever the text.

    The words and pairs of one text together have the length 1, so that a long text teaches no more than a short one.
    """
    known = read(f"{raw.title}\n{raw.text}" if raw.title else raw.text)
    words = [word for word in known.words if len(word) <= _LONGEST]
    pairs = [pair for pair in known.pairs if len(pair) <= 2 * _LONGEST]
    length = math.sqrt(len(words) + _PAIR**2 * len(pairs)) or 1.0
    features = dict.fromkeys(words, 1 / length) | dict.fromkeys(pairs, _PAIR / length)
    return features | {f"{CUE}{cue}": USUAL * value for cue, value in _cues(raw, score, source)}


def _cues(raw: RawMention, score: Score, source: str) -> Iterable[tuple[str, float]]:
    """What is no word, each from 0 to 1."""
    yield f"from {source}", 1.0
    kinds = dict.fromkeys(str(part.kind) for part in score.parts)
    for kind in kinds | {score.kind: None} if score.kind == Kind.PRAISE else kinds:
        yield kind, 1.0
    if score.odds is None and score.language:
        yield f"language {score.language}", 1.0
    if raw.stars is not None and 1 <= raw.stars <= 5:
        yield "stars", raw.stars / 5
    if raw.followers:
        yield "followers", min(math.log10(max(raw.followers, 1)), 7.0) / 7
    if raw.private:
        yield "sent to us directly", 1.0


def _phrases(shares: Mapping[str, float]) -> dict[str, float]:
    """The shares of words, with those of neighbours on the same side put together: the weightiest pairs first."""
    alone = dict(shares)
    together: list[tuple[float, str, str, str]] = []
    for pair, share in shares.items():
        one, _, two = pair.partition(" ")
        first, second = shares.get(one, 0.0), shares.get(two, 0.0)
        if (share > 0 < first and second > 0) or (share < 0 > first and second < 0):
            together.append((-abs(share + first + second), pair, one, two))
    for _, pair, one, two in sorted(together):
        if one in alone and two in alone and one != two:
            alone[pair] += alone.pop(one) + alone.pop(two)
    return alone


def _weight(one: Evidence) -> tuple[float, str]:
    """Sorts the weightiest first."""
    return -abs(one.odds), one.words


def _told(name: str, odds: float) -> Evidence:
    if name.startswith(CUE):
        return Evidence(name, name.removeprefix(CUE), odds)
    one, _, two = name.partition(" ")
    return Evidence(name, "" if one in _UNTOLD and (not two or two in _UNTOLD) else in_words(name), odds)
