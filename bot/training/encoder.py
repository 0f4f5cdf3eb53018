"""From labelled texts to the head of the encoder: one logistic layer over its 384 numbers. It needs the extra."""

from collections.abc import Callable, Sequence

import numpy

from bot.opinion_settings import PACKAGED
from bot.opinions.encoder import SIZE, Embeds
from bot.opinions.minilm import open_model
from bot.training.words import Labelled
from handlers.rules.vader import scored_part

_PENALTY = 3.0
_NEAR = 0.5  # importance from which a text is taken: the sets that are far from what customers write teach it little
_EACH = 2  # every second one of them: its few weights need no more, and the encoder is slow
_STEPS = 25
_CLOSE = 1e-8
_AT_ONCE = 32


def train_head(labelled: Sequence[Labelled], encoder: Embeds, told: Callable[[str], None] = lambda _: None) -> str:
    """The lines of the file: the bias, then the weights. The same texts and machine give the same bytes.

    Logistic regression with L2 by Newton's method, also known as iteratively reweighted least squares (C. Bishop,
    "Pattern Recognition and Machine Learning", 2006, 4.3.3). The bias is not punished.
    """
    labelled = [one for one in labelled if one.importance >= _NEAR][::_EACH]
    numbers = _embedded([scored_part(one.text) for one in labelled], encoder, told)
    truths = numpy.array([one.label == "negative" for one in labelled], dtype=float)
    importance = numpy.array([one.importance for one in labelled])
    wide = numpy.hstack([numpy.ones((len(labelled), 1)), numbers])
    weights, penalty = numpy.zeros(SIZE + 1), numpy.full(SIZE + 1, _PENALTY)
    penalty[0] = 0.0
    for _ in range(_STEPS):
        likely = 1 / (1 + numpy.exp(-(wide @ weights)))
        slope = wide.T @ (importance * (likely - truths)) + penalty * weights
        bend = (wide * (importance * likely * (1 - likely))[:, None]).T @ wide + numpy.diag(penalty + 1e-9)
        step = numpy.linalg.solve(bend, slope)
        weights -= step
        if numpy.abs(step).max() < _CLOSE:
            break
    lines = ["# The head of the encoder: a bias and 384 weights, made by `earshot model train --encoder`. Do not edit."]
    return "\n".join([*lines, *(f"{weight:.4f}" for weight in weights)]) + "\n"


def train_shipped(labelled: Sequence[Labelled], told: Callable[[str], None]) -> str:
    """The same for the packaged encoder. Raises ConfigError when its packages are not installed."""
    return train_head(labelled, open_model(PACKAGED), told)


def _embedded(texts: Sequence[str], encoder: Embeds, told: Callable[[str], None]) -> "numpy.ndarray":
    """In the order of their lengths, as what is together in a batch is padded to the longest."""
    order = sorted(range(len(texts)), key=lambda at: (len(texts[at]), at))
    found = numpy.zeros((len(texts), SIZE))
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        found[some] = encoder.embed([texts[at] for at in some])
        if start % (_AT_ONCE * 100) == 0:
            told(f"{start:,} of {len(texts):,} texts are read")
    return found
