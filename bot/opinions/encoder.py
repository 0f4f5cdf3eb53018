"""A second opinion from a sentence encoder on this machine: no text leaves it.

What the encoder makes of a text, `SIZE` numbers, goes into one logistic layer, whose weights stand in
`encoder_head.txt` (`earshot model train --encoder`).
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Protocol

from bot.bridge import Bridge
from handlers.rules.vader import scored_part

FILE = "encoder_head.txt"
SIZE = 384


class Embeds(Protocol):
    """Texts as numbers."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """`SIZE` numbers for each text, of length 1."""


class Encoder:
    """The adviser: `encoder` with its head. It works on the computing thread, a batch at a time."""

    most = 20  # texts in one turn of the computing thread, about a fifth of a second
    is_counted = False

    def __init__(self, encoder: Embeds, head: "Head", bridge: Bridge | None) -> None:
        self.name = f"encoder {head.version}"
        self._encoder = encoder
        self._head = head
        self._bridge = bridge

    async def judge(self, texts: Sequence[str], seconds: float) -> list[float]:  # noqa: ARG002 - the asker hangs up
        if self._bridge is None:
            return self.odds(texts)
        return await self._bridge.compute(lambda: self.odds(texts))

    def odds(self, texts: Sequence[str]) -> list[float]:
        """Log-odds of a complaint for each text."""
        return [self._head.odds(numbers) for numbers in self._encoder.embed([scored_part(text) for text in texts])]

    async def check(self) -> str:
        """One sentence, after a sentence of ours went through it."""
        self.odds(["The parcel never came."])
        return "the encoder works on this machine; no words leave it."


class Head:
    """One logistic layer: a bias and a weight for each number."""

    def __init__(self, text: str) -> None:
        self.version = hashlib.sha256(text.encode()).hexdigest()[:12]
        numbers = [float(line) for line in text.splitlines() if line and not line.startswith("#")]
        if len(numbers) != SIZE + 1 or not all(map(math.isfinite, numbers)):
            raise ValueError(f"{FILE} has not {SIZE + 1} numbers")
        self._bias, *self._weights = numbers

    def odds(self, numbers: Sequence[float]) -> float:
        return self._bias + sum([weight * number for weight, number in zip(self._weights, numbers, strict=True)])
