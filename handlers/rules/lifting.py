"""What the team's own decisions make of one mention, as points and in words."""

from collections.abc import Iterable, Sequence

from handlers.rules.day_one import Evidence
from handlers.rules.learning import Learner, features_of
from handlers.rules.scoring import OPINION, PER_ODDS, Lift, Score
from storage.types import RawMention

MOST = 3.0  # points, more or fewer: three decisions on one word must not outweigh all else
_LEAST = 0.1  # points that are worth a word
_NAMED = 3  # words in a reason


def lift_of(learner: Learner, raw: RawMention, score: Score, source: str) -> Lift | None:
    """None where what it has learned changes nothing. `source` is the source's name."""
    score, prior = without_opinion(score), prior_of(score)
    features = features_of(raw, score, source)
    return lift_in_words(learner.lift(features, prior), learner.evidence(features, prior))


def named(learner: Learner, most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that weigh most for and against a mention, each with its points; so many of either."""
    each = [one for name in learner.weights for one in learner.evidence({name: 1.0}, None) if one.what]
    told = sorted(each, key=lambda one: (-abs(one.odds), -len(one.words.split()), one.words))
    takes, leaves = ([one for one in told if one.odds * PER_ODDS * side >= _LEAST] for side in (1, -1))
    return _weightiest(takes, most), _weightiest(leaves, most)


def _weightiest(told: Iterable[Evidence], most: int) -> tuple[str, ...]:
    """The first of these; a word that stands in a phrase among them is not told again."""
    found: list[str] = []
    seen: set[str] = set()
    for one in told:
        if len(found) < most and not seen.issuperset(words := one.what.strip('"').split()):
            seen.update(words)
            found.append(f"{_said(one)} {one.odds * PER_ODDS:+.1f}")
    return tuple(found)


def prior_of(score: Score) -> float | None:
    """The day-one words' log-odds, without a second opinion: that is not there when all is learned again."""
    return None if score.odds is None else score.odds - score.opinion


def without_opinion(score: Score) -> Score:
    """What the small model found by itself."""
    if not score.opinion:
        return score
    return score._replace(parts=tuple(part for part in score.parts if part.kind != OPINION))


def lift_in_words(odds: float, evidence: Sequence[Evidence]) -> Lift | None:
    """A lift in log-odds, and what it is made of, as points with a reason."""
    points = round(max(-MOST, min(MOST, PER_ODDS * odds)), 1)
    if abs(points) < _LEAST:
        return None
    how = "your team takes such" if points > 0 else "your team sets such aside"
    same = [one for one in evidence if one.what and one.odds * points > 0]
    told = sorted(same, key=lambda one: -abs(one.odds))[:_NAMED]
    return Lift(points, how, tuple((_said(one), one.odds * PER_ODDS) for one in told))


def _said(one: Evidence) -> str:
    """Words of a text stand in quotes, what is none of them does not."""
    is_word = not one.words.startswith("= ") and '"' not in one.what
    return f'"{one.what}"' if is_word else one.what
