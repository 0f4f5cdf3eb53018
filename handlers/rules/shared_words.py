"""Which words many mentions share now that they did not share before. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from handlers.rules.text import comparable

_SHORTEST = 4  # letters
_LONGEST = 30
_FEWEST = 3  # mentions that must say it
_SHARE = 0.05  # of the mentions that must say it
_RISE = math.log(1.5)  # of the odds that a mention says it
_ENGLISH = """
    about after again also because been before being cannot come could does done down even every from going have having
    here into just know like made make more most much need never only other over please same should since some still
    such than that their them then there these they thing this those time today very want well were what when where
    which while will with without would your yours really always anyone anything something
"""
_COMMON = frozenset(_ENGLISH.split())  # what says nothing where there is no past to compare with


def shared_words(now: Sequence[str], before: Sequence[str], limit: int, brand: str = "") -> tuple[tuple[str, int], ...]:
    """(word, how many mentions say it), the most telling first: by the log-odds against the past, times the share.

    The name of the brand is no news.
    """
    said, used, name = _said(now), _said(before), set(comparable(brand).split())
    least = max(_FEWEST, math.ceil(_SHARE * len(now)))
    found = []
    for word, count in said.items():
        if count < least or word in name:
            continue
        rise = _odds(count, len(now)) - _odds(used[word], len(before))
        if rise > _RISE:
            found.append((-rise * count, word, count))
    return tuple((word, count) for _, word, count in sorted(found)[:limit])


def _said(texts: Iterable[str]) -> Counter[str]:
    """In how many texts each word stands."""
    found: Counter[str] = Counter()
    for text in texts:
        words = {word for word in comparable(text[:2_000]).split() if word.isalpha()}
        found.update(word for word in words if _SHORTEST <= len(word) <= _LONGEST and word not in _COMMON)
    return found


def _odds(count: int, of: int) -> float:
    """The log-odds that a text says it; half a text is added, so that a word nobody used has some too."""
    return math.log((count + 0.5) / (of - count + 0.5))
