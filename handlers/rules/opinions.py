"""A second opinion on a mention: where it is worth asking for, and what it changes.

It is evidence, not a verdict. The odds of a complaint become the mean of what the day-one words and the second opinion
say, and the card names its share. Whoever gives it is asked only where the words leave it open.
"""

import math
import re

from handlers.rules.scoring import FLOORS, OPINION, Part, Score

MOST = 4.0  # log-odds: nobody is believed to be surer than that, about 98 %
_OPEN = 2.5  # log-odds beyond which the day-one words are sure enough
_TO_MACHINES = re.compile(
    r"\b(?:ignore|disregard|forget|override)(?: (?:all|any|the|your|my|these|those|every|of)){0,3}"
    r" (?:above|previous|prior|earlier|preceding|other|instructions?|rules)\b"
    r"|\b(?:system prompt|json|jailbreak|as an? (?:ai|assistant|language model))\b"
    r"|\byou are (?:now )?an? (?:ai|assistant)\b"
    r"|\b(?:output|return|(?:answer|respond|reply|rate)(?: \w+){0,2} (?:with|as))(?: \w+){0,3}"
    r" (?:zeros?|0|100|arrays?|lists? of|numbers?)\b"
    r"|<\|?/?(?:system|user|assistant|im_start|im_end)|\[/?INST\]",
    re.IGNORECASE,
)


def is_open(score: Score) -> bool:
    """Whether a second opinion could change something: the words are not sure, and no severe sign decides."""
    if score.odds is None or score.words is None or abs(score.odds) > _OPEN:
        return False
    return not any(part.kind in FLOORS for part in score.parts)


def speaks_to_machines(text: str) -> bool:
    """Whether a text may try to talk a model into something. It is not asked about: in one batch with other texts it
    could speak for them as well."""
    return _TO_MACHINES.search(text) is not None


def odds_of(percent: float) -> float:
    """Log-odds of a likelihood from 0 to 100, within `MOST`. Raises ValueError for anything else."""
    if not 0 <= percent <= 100:
        raise ValueError("no likelihood from 0 to 100")
    if percent in (0, 100):
        return MOST if percent else -MOST
    return max(-MOST, min(MOST, math.log(percent / (100 - percent))))


def with_opinion(score: Score, odds: float | None) -> Score:
    """The score with a second opinion, the log-odds of a complaint; as it was without one, or where it is not open."""
    if odds is None or not math.isfinite(odds) or not is_open(score) or score.odds is None or score.words is None:
        return score
    odds = max(-MOST, min(MOST, odds))
    share = (odds - score.odds) / 2
    mixed = score.odds + share
    parts = (*score.parts, Part(0, _said(odds, share), OPINION))
    return score._replace(
        parts=parts, odds=mixed, words=score.words + share, opinion=share, kind=_kind_now(score, mixed)
    )


def _said(odds: float, share: float) -> str:
    """What the second opinion says; of one that hardly moves the odds, that it agrees."""
    if abs(share) < 0.1:
        return "a second opinion agrees"
    if share > 0:
        likely = "a second opinion says likely a complaint"
        return likely if odds > 0 else "a second opinion is less sure that it is none"
    return "a second opinion says likely no complaint" if odds < 0 else "a second opinion is less sure of a complaint"


def _kind_now(score: Score, odds: float) -> str:
    if odds > 0 and score.kind == "other":
        return "complaint"
    return "other" if odds <= 0 and score.kind == "complaint" else score.kind
