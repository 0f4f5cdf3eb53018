"""The nearest known word, for everything that a person types by hand."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], otherwise: str = ".") -> str:
    """`; did you mean "…"?` for a likely typing mistake, else `otherwise`."""
    lowered = {one.lower(): one for one in known}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f'; did you mean "{lowered[close[0]]}"?' if close else otherwise
