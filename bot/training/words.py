"""From labelled texts to the file of the day-one words."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.training.regression import Example, fit
from handlers.rules.day_one import FACTS, HEADS, SHAPE, facts_of, heard, shape_of
from handlers.rules.features import Read, read, tokens
from handlers.rules.severity import find
from handlers.rules.vader import scored_part

SIZE = 12_000  # words and pairs that are kept
_SEEN = 3  # times, in different texts, before a word or pair is looked at
_PENALTY = 24.0
_SHAPE_SCALE = 2.0  # the few numbers of the shape are held back less than the many words
_LABELS = ("negative", "positive")  # one for each head


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its label: negative, neutral, positive; and how much it counts."""

    text: str
    label: str
    importance: float = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    """A labelled text as the model reads it."""

    read: Read
    dense: tuple[float, ...]  # shape and facts


def train(labelled: Sequence[Labelled], told: Callable[[str], None] = lambda _: None) -> str:
    """The lines of the file. The same texts in the same order give the same bytes."""
    known = [_known(one.text) for one in labelled]
    met = Counter(feature for one in known for feature in one.read.all())
    candidates = sorted(feature for feature, times in met.items() if times >= _SEEN)
    told(f"{len(labelled):,} texts, {len(candidates):,} words and pairs")
    first = _fit(known, labelled, candidates)
    told("the weightiest are kept, and fitted again")
    strength = {feature: sum(abs(head[feature]) for head in first) * met[feature] ** 0.5 for feature in candidates}
    kept = sorted(sorted(candidates, key=lambda feature: (-strength[feature], feature))[:SIZE])
    return _written(_fit(known, labelled, kept))


def _known(text: str) -> _Known:
    text = scored_part(text)
    facts = facts_of(find(text))
    shape = shape_of(text, tokens(text), heard(text))
    return _Known(read(text), (*shape, *(float(fact in facts) for fact in FACTS)))


def _fit(known: Sequence[_Known], labelled: Sequence[Labelled], features: Sequence[str]) -> list[dict[str, float]]:
    index = {feature: at for at, feature in enumerate(features)}
    dense = [f"= {name}" for name in (*SHAPE, *FACTS)]
    examples = [_example(one, index, len(features)) for one in known]
    importance = [one.importance for one in labelled]
    heads = []
    for label in _LABELS:
        truths = [one.label == label for one in labelled]
        weights, bias = fit(examples, truths, importance, len(features) + len(dense), _PENALTY)
        named = dict(zip(features, weights, strict=False))
        shaped = [weight * _SHAPE_SCALE for weight in weights[len(features) :]]
        heads.append(named | dict(zip(dense, shaped, strict=True)) | {"= bias": bias})
    return heads


def _example(one: _Known, index: dict[str, int], first: int) -> Example:
    features = [at for feature in one.read.all() if (at := index.get(feature)) is not None]
    values = [1.0] * len(features)
    for at, value in enumerate(one.dense):
        if value:
            features.append(first + at)
            values.append(value * _SHAPE_SCALE)
    return features, values


def _written(heads: Sequence[dict[str, float]]) -> str:
    """A line for each feature: its name and, in hundredths, its weight in each head, nothing for none."""
    lines = [
        "# The day-one words: weights in hundredths of log-odds, made by `earshot model train`. Do not edit.",
        f"# name\t{chr(9).join(HEADS)}",
    ]
    for name in sorted(heads[0], key=lambda name: (not name.startswith("= "), name)):
        weights = [round(head[name] * 100) for head in heads]
        if any(weights):
            lines.append("\t".join([name, *(str(weight) if weight else "" for weight in weights)]))
    return "\n".join(lines) + "\n"
