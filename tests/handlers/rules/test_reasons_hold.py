"""What a card says of its score is true: the parts are the sum, and the named words carry what they claim."""

import random
import re

import pytest

from bot.training.sets import sentences
from handlers.rules.features import tokens
from handlers.rules.policy import Thresholds
from handlers.rules.scoring import PER_ODDS, DayOneScorer, prioritise
from storage.types import RawMention

SCORER = DayOneScorer()
TEXTS = [text for _, _, text in sentences()]
_CLAIM = re.compile(r'"([^"]+)" (\d+\.\d)')
_SUM = re.compile(r"score (.+) = (.+)")
_TERMS = re.compile(r"([+-] )?(\d+(?:\.\d+)?)")


def words_points(text: str) -> float:
    """What the words as a whole give, below none too."""
    words = SCORER.score(RawMention("1", text)).words
    return 1 + PER_ODDS * (words if words is not None else 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_are_the_sum(seed: int) -> None:
    for text in random.Random(seed).sample(TEXTS, 150):
        score = SCORER.score(RawMention("1", text, followers=40_000, stars=2.0))
        verdict = prioritise(score, reach=40_000, velocity=None, thresholds=Thresholds())
        told = next((found for reason in verdict.reasons if (found := _SUM.fullmatch(reason))), None)
        assert told is not None, text
        terms = [float(number) * (-1 if sign == "- " else 1) for sign, number in _TERMS.findall(told[1])]
        assert round(sum(terms), 1) == float(told[2]) == verdict.points, text


def test_without_the_named_words_at_least_half_of_what_they_claimed_is_gone() -> None:
    """Over all of the sentences that name a phrase; a few in a hundred lean on words that mean more alone."""
    named = held = 0
    for text in random.Random(1).sample(TEXTS, 2_000):
        score = SCORER.score(RawMention("1", text))
        verdict = prioritise(score, reach=None, velocity=None, thresholds=Thresholds())
        reason = next((reason for reason in verdict.reasons if "a complaint" in reason), "")
        claims = _CLAIM.findall(reason)
        if not claims:
            continue
        said = {one.what.strip('"'): one.words.split() for one in score.evidence if one.words}
        dropped = [word for phrase, _ in claims for word in said[phrase]]
        left = [word for word in tokens(text) if word not in dropped]
        named += 1
        claimed = sum(float(points) for _, points in claims)
        held += words_points(text) - words_points_of(left, text) >= claimed / 2
    assert named > 300
    assert held / named >= 0.95


def words_points_of(left: list[str], text: str) -> float:
    """The points of what is left of a text, in its own letters."""
    wanted = list(left)
    kept = []
    for piece in text.split():
        read = tokens(piece)
        if read and read[0] in wanted:
            wanted.remove(read[0])
            kept.append(piece)
        elif not read:
            kept.append(piece)
    return words_points(" ".join(kept))


def test_every_card_has_a_reason_about_it() -> None:
    for text in random.Random(2).sample(TEXTS, 500):
        verdict = prioritise(SCORER.score(RawMention("1", text)), reach=None, velocity=None, thresholds=Thresholds())
        assert verdict.reasons[0]
        assert not any(term in " ".join(verdict.reasons) for term in ("xname", "xlink", "xnumber", "xbrand"))
