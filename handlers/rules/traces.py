"""What gives a person away in a text of somebody else: her handle, her name, her links, her words. Pure.

A handle that is a common word counts only after an @, and a name only when it has two words: a note about another
Maria stays. Six words of hers one after the other are a quotation.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from handlers.rules.text import normalise

RUN = 6  # words
_WHOLE = 3  # words that a text has at least to be quoted as a whole
_LONG = 6  # characters of an id, so that a number such as 142 is nobody
_TELLING = re.compile(r"(?=.*[\d_.-])[\w.-]{4,}")  # a handle that is no mere word or name
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Traces:
    """Built once for a person and asked of many texts."""

    named: re.Pattern[str] | None
    exact: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]
    wholes: frozenset[str]

    def are_in(self, text: str) -> bool:
        """Whether a text, or the strings of a JSON text, give her away."""
        return any(self._is_in(one) for one in strings_of(text))

    def quoted_in(self, text: str) -> bool:
        """Whether it repeats her words or names her with an @; what only sounds like her name is somebody else."""
        return self._is_in(text)

    def _is_in(self, text: str) -> bool:
        if any(one in text for one in self.exact):
            return True
        plain = normalise(text)
        if self.named is not None and self.named.search(plain):
            return True
        words = _WORD.findall(plain)
        if any(run in self.runs for run in runs_of(words)):
            return True
        return bool(self.wholes) and any(f" {one} " in f" {' '.join(words)} " for one in self.wholes)


def traces_of(
    author: str, names: Iterable[str], texts: Iterable[str], links: Iterable[str], ids: Iterable[str]
) -> Traces:
    """`author` as stored; `names` as shown; `texts` all that she said; `links` and `ids` of what she said."""
    handle = normalise(author.removeprefix("@"))
    named = [rf"@{re.escape(handle)}"] if handle else []
    if _TELLING.fullmatch(handle) or " " in handle or "@" in handle:
        named.append(re.escape(handle))
    named += [re.escape(name) for one in names if " " in (name := normalise(one)) and len(name) > _LONG]
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(named)})(?!\w)") if named else None
    runs: set[tuple[str, ...]] = set()
    wholes: set[str] = set()
    for text in texts:
        words = _WORD.findall(normalise(text))
        runs.update(runs_of(words))
        if _WHOLE <= len(words) < RUN:
            wholes.add(" ".join(words))
    exact = {one for one in (*links, *ids) if len(one) >= _LONG}
    return Traces(pattern, tuple(sorted(exact)), frozenset(runs), frozenset(wholes))


def runs_of(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Six words one after the other, as often as there are."""
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def strings_of(text: str) -> Iterator[str]:
    """The strings of a JSON text, or the text itself."""
    if text[:1] in '{["':
        try:
            yield from _strings(json.loads(text))
        except ValueError:
            yield text
    else:
        yield text


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for key, value in told.items():
            yield key
            yield from _strings(value)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value)
