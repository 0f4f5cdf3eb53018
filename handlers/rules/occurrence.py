"""Where the words of a query stand in a text. Both are normalised; a line end in a text parts what no phrase may join.

A word must stand alone: `sumi` is not in "flesumisk". Scripts without spaces (Han, Kana, Hangul, Thai ...) have no such
borders, so there a word matches anywhere. A blank in a phrase stands for up to four blanks and punctuation marks.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from handlers.rules.text import UNSPACED

_GAP = 4  # characters between two words of a phrase: " & ", " - ", '", "'
_UNSPACED = re.compile(f"[{UNSPACED}]")


@lru_cache(maxsize=4096)
def is_letter(character: str) -> bool:
    """Whether it is part of a word: a letter, a digit, an underscore, or a mark on one."""
    return character == "_" or character.isalnum() or unicodedata.category(character)[0] == "M"


@lru_cache(maxsize=4096)
def is_spaced(character: str) -> bool:
    """Whether it is part of a word in a script that puts spaces between words."""
    return is_letter(character) and not _UNSPACED.match(character)


@lru_cache(maxsize=4096)
def is_telling(character: str) -> bool:
    """Whether it can be looked for: a letter, or a symbol such as an emoji or a currency; not punctuation."""
    return is_letter(character) or unicodedata.category(character)[0] == "S"


@dataclass(frozen=True, slots=True)
class Literal:
    """Words in their order. `before` and `after` say which characters may not stand directly beside them."""

    pieces: tuple[str, ...]
    before: Callable[[str], bool] | None
    after: Callable[[str], bool] | None
    gaps: tuple[int, ...]  # the least distance from each piece to the next

    @property
    def anchor(self) -> str:
        """The piece that says most; a text without it cannot match."""
        return max(self.pieces, key=len)

    def is_in(self, text: str) -> bool:
        first = self.pieces[0]
        at = text.find(first)
        while at >= 0:
            if not (self.before and at and self.before(text[at - 1])) and self._goes_on(text, at + len(first)):
                return True
            at = text.find(first, at + 1)
        return False

    def _goes_on(self, text: str, at: int) -> bool:
        if self.gaps:
            for piece, least in zip(self.pieces[1:], self.gaps, strict=True):
                at = _after_gap(text, at, piece, least)
                if at < 0:
                    return False
        return not (self.after and at < len(text) and self.after(text[at]))


def literal(normalised: str, *, is_prefix: bool = False) -> Literal | None:
    """One word, #tag or @handle, or several words parted by blanks. None if there is nothing in it to look for."""
    pieces = tuple(piece for piece in normalised.split() if any(map(is_telling, piece)))
    if not pieces:
        return None
    before = _border(pieces[0], pieces[0][0])
    after = None if is_prefix else _border(pieces[-1], pieces[-1][-1])
    gaps = tuple(0 if _touch(one, other) else 1 for one, other in pairwise(pieces))
    return Literal(pieces, before, after, gaps)


def _border(piece: str, edge: str) -> Callable[[str], bool] | None:
    """What may not stand beside that edge of a piece. A tag or handle ends where its letters end, in any script."""
    if piece[0] in "#@":
        return is_letter
    return is_spaced if is_spaced(edge) else None


def _touch(one: str, other: str) -> bool:
    """Whether the blank between them may be missing in a text."""
    return any(is_letter(side) and not is_spaced(side) for side in (one[-1], other[0]))


def _after_gap(text: str, at: int, piece: str, least: int) -> int:
    """Where `piece` ends that follows `at`, or -1. The gap holds nothing telling, so only one place can fit."""
    for gap in range(_GAP + 1):
        if gap >= least and text.startswith(piece, at + gap):
            return at + gap + len(piece)
        if at + gap >= len(text) or text[at + gap] in "\n!?" or is_telling(text[at + gap]):
            return -1
    return -1
