"""Names are no opinion: a brand called Delight is not praised, and one called United not united, by being named.

What a name would say to VADER, to the day-one words or to the severity table is left out of the score. @names never
speak; a brand's own name is looked for only where it would say something. A text that has it both as it is written and
in small letters ("My Broken lamp arrived broken") means the word wherever it is not written as the name is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from handlers.rules.day_one import day_one_words
from handlers.rules.features import tokens
from handlers.rules.policy import Brand
from handlers.rules.severity import find
from handlers.rules.vader import tone

_WORDS = re.compile(r"\w+")
_PHRASES = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class OwnNames:
    """Finds the names that would say something."""

    finder: re.Pattern[str]
    written: Mapping[str, frozenset[str]]  # how a name with capitals is written, by the same in small letters

    @property
    def pattern(self) -> str:
        """The same for the same names."""
        return self.finder.pattern

    def sub(self, stand_in: str, text: str) -> str:
        """The text with something else in the place of each name."""
        found = set(self.finder.findall(text))
        if not found:  # as in most
            return text
        words = {one for one in found if self._is_word(one, found)} if len(found) > 1 else set()
        if not words:
            return self.finder.sub(stand_in, text)
        return self.finder.sub(lambda match: match[0] if match[0] in words else stand_in, text)

    def _is_word(self, one: str, found: set[str]) -> bool:
        """Whether it is written in another way than a name that the text has too, beside the word in small letters."""
        names = self.written.get(one.lower(), frozenset())
        return one not in names and one.lower() in found and not names.isdisjoint(found)


def pattern_of(brands: Iterable[Brand]) -> OwnNames | None:
    """What finds the brands' names that would say something; None where none would."""
    some = tuple(brands)
    names = {name for brand in some for name in _names(brand) if _speaks(name)}
    handles = {name for brand in some for name in _handles(brand) if _speaks(name)}
    if not names and not handles:
        return None
    speaking = sorted(names | handles, key=lambda name: (-len(name), name))
    finder = re.compile(rf"(?<![\w@])(?:{'|'.join(map(re.escape, speaking))})(?!\w)", re.IGNORECASE)
    capital = {name.lower() for name in names} - names  # what is a name in small letters too is always one
    return OwnNames(finder, {small: frozenset(name for name in names if name.lower() == small) for small in capital})


def _handles(brand: Brand) -> Iterator[str]:
    """Its accounts: names however they are written, but for what is the brand's name itself."""
    yield from (account.removeprefix("@") for account in brand.own_accounts)


def _names(brand: Brand) -> Iterator[str]:
    """Its whole name, and the words of its name that a query of its own asks for by themselves."""
    yield brand.name
    alone = (_PHRASES.sub(" ", expression.casefold()) for expression in brand.queries.values())
    asked = {word for expression in alone for word in _WORDS.findall(expression)}
    yield from (word for word in _WORDS.findall(brand.name) if word.casefold() in asked)


def _speaks(name: str) -> bool:
    heard, words = tone(name), day_one_words()
    is_known = any(word in words.words for word in tokens(name))
    return bool(name.strip()) and (is_known or bool(heard.good or heard.bad or find(name)))
