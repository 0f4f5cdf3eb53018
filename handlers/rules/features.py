"""What a word model reads in a text: its words, its pairs of neighbours, and its shape.

@names, links and numbers stand for their class, so that "2 hours" and "7 hours" are one pair. Only the first 2,000
characters count. No function here raises on any text, and all take linear time.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from handlers.rules.text import ascii_words, normalise
from handlers.rules.vader import scored_part

NAME, LINK, NUMBER, BRAND = "xname", "xlink", "xnumber", "xbrand"
IN_WORDS = {NAME: "…", LINK: "a link", NUMBER: "…", BRAND: "…"}

_LINK = re.compile(r"(?:https?://|www\.)\S+")
_NAME = re.compile(r"@(?<!\w@)\w+")
_HANDLE = re.compile(r"@(?<!\w@)\w{2,}")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_BREAKS = re.compile(r"\W+")


class Read(NamedTuple):
    """A text as a model sees it: each word once, in the order of the text, and each pair of neighbours once."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]

    def all(self) -> Iterator[str]:
        yield from self.words
        yield from self.pairs


def tokens(text: str) -> list[str]:
    """The words of a text in their order, with classes for @names, links and numbers; apostrophes go: "dont"."""
    words = normalise(scored_part(text))
    if "://" in words or "www." in words:
        words = _LINK.sub(f" {LINK} ", words)
    if "@" in words:
        words = _NAME.sub(f" {NAME} ", words)
    words = _NUMBER.sub(f" {NUMBER} ", words)
    if not words.isascii():
        return _BREAKS.sub(" ", words.replace("'", "")).split()
    return ascii_words(words, dropped=b"'").split()


def without_names(text: str) -> str:
    """The text as VADER is to hear it: @names are no words."""
    return _HANDLE.sub("@x", text) if "@" in text else text


def read(text: str) -> Read:
    """The words and pairs of a text, each once."""
    words = tokens(text)
    pairs = dict.fromkeys(f"{one} {two}" for one, two in pairwise(words))
    return Read(tuple(dict.fromkeys(words)), tuple(pairs))


def in_words(feature: str) -> str:
    """Words as a person may read them: `on hold`, `over … hours`. What stands for a class is left out at either end;
    "" where there is nothing else."""
    words = feature.split(" ")
    if IN_WORDS.keys().isdisjoint(words):  # as in most
        return feature
    places = [at for at, word in enumerate(words) if word not in IN_WORDS]
    return " ".join([IN_WORDS.get(word, word) for word in words[places[0] : places[-1] + 1]]) if places else ""
