"""Logistic regression with L2 for sparse examples, in plain Python, so that the same examples give the same weights.

Each step follows AdaGrad: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and
Stochastic Optimization", Journal of Machine Learning Research 12 (2011), 2121-2159.
"""

import math
import random
from collections.abc import Sequence

_RATE = 0.2
_PASSES = 14
_FIRST_STEP = 1.0  # what each feature's sum of squares begins with, so that rare ones do not jump

Example = tuple[Sequence[int], Sequence[float]]  # features and their values


def fit(
    examples: Sequence[Example], truths: Sequence[bool], importance: Sequence[float], size: int, penalty: float
) -> tuple[list[float], float]:
    """The weights of the features 0 to `size` - 1, and the bias, which is not punished.

    What is made small: the sum of importance times log-loss, and `penalty` / 2 times the sum of the squared weights.
    The penalty of a feature is paid in equal parts wherever the feature stands.
    """
    met = [0.0] * size
    for (features, _), _weight in zip(examples, importance, strict=True):
        for feature in features:
            met[feature] += 1
    share = [penalty / times if times else 0.0 for times in met]
    weights, squares = [0.0] * size, [_FIRST_STEP] * size
    bias, bias_squares = 0.0, _FIRST_STEP
    order = list(range(len(examples)))
    chance = random.Random(1)  # noqa: S311 - an order, no secret
    for turn in range(_PASSES):
        chance.shuffle(order)
        rate = _RATE if turn < _PASSES - 4 else _RATE / 4  # the last passes settle
        for at in order:
            features, values = examples[at]
            odds = bias + sum([weights[feature] * value for feature, value in zip(features, values, strict=True)])
            wrong = importance[at] * (_sigmoid(odds) - truths[at])
            for feature, value in zip(features, values, strict=True):
                slope = wrong * value + share[feature] * weights[feature]
                squares[feature] += slope * slope
                weights[feature] -= rate * slope / math.sqrt(squares[feature])
            bias_squares += wrong * wrong
            bias -= rate * wrong / math.sqrt(bias_squares)
    return weights, bias


def _sigmoid(odds: float) -> float:
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    grown = math.exp(odds)
    return grown / (1 + grown)
