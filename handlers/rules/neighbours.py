"""Which cases tell of the same experience: not copies, but others with much the same trouble. Pure.

Texts are alike when the cosine of their words is at least 0.4 and three words are shared. A word weighs the more the
fewer texts of the same day say it (the root of its inverse document frequency, so that one odd word decides nothing);
while a day has few texts, each word is taken to be in one of fifty. Endings of words do not count. What is no script
with spaces between its words has no neighbours.

Source of the weights: K. Sparck Jones, "A statistical interpretation of term specificity and its application in
retrieval", Journal of Documentation 28 (1972).
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from handlers.rules.text import comparable

ALIKE = 0.4  # cosine
_SHARED = 3  # words at least
_READ = 1_000  # characters
_SHORTEST = 3  # letters
_KNOWN = 50  # texts that are held to have been seen before the first, one of which says any given word
_ENDINGS = ("ing", "ed", "es", "s")
_STEM = 4  # letters that are left of a word at least
_ENGLISH = """
    about after again all also and any are because been before being but can cannot could did didn does doesn don down
    even every for from get going got had has have haven having here her him his how into isn its just know like made
    make more most much need never not now off one only other our out over please same she should since some still such
    than that the their them then there these they thing this those time today too very want was way well were what when
    where which while who why will with won would you your yours really always anyone anything something
"""
_COMMON = frozenset(_ENGLISH.split())


def neighbours(text: str, others: Sequence[tuple[int, str]]) -> list[int]:
    """The numbers of those of `others` (number, text) that tell of the same, in their order."""
    said = words_of(text)
    if len(said) < _SHARED:
        return []
    read = [(number, words_of(other)) for number, other in others]
    near = [(number, words) for number, words in read if len(said & words) >= _SHARED]
    if not near:
        return []
    weights = _Weights([said, *(words for _, words in read)])
    own = weights.sum(said)
    least = ALIKE * math.sqrt(own)
    return [number for number, words in near if weights.sum(said & words) >= least * math.sqrt(weights.sum(words))]


@lru_cache(maxsize=2_048)  # a card is drawn several times, and each time beside the same day
def words_of(text: str) -> frozenset[str]:
    """What a text says: its words without the common ones, each cut to its stem."""
    words = comparable(text[:_READ]).split()
    return frozenset(_stem(word) for word in words if len(word) >= _SHORTEST and word not in _COMMON)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word.removesuffix(ending)
    return word


class _Weights:
    """What each word says, from how many of the texts have it."""

    def __init__(self, texts: Sequence[frozenset[str]]) -> None:
        self._all = math.log(len(texts) + _KNOWN)
        self._said = Counter(chain.from_iterable(texts))

    def sum(self, words: frozenset[str]) -> float:
        return sum([self._all - math.log(self._said[word] + 1) for word in words])
