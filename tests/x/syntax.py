"""X's search language, read and asked by itself: nothing of ours is used but the folding of letters."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from handlers.rules.occurrence import is_letter, is_spaced
from handlers.rules.text import normalise

LIMIT = 512


class BadSyntax(Exception):
    """X would answer 400."""


@dataclass(frozen=True)
class View:
    """What of a post can be asked for."""

    text: str
    author: str = ""
    lang: str = ""
    is_retweet: bool = False
    tokens: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tokens(self.text))

    def has_phrase(self, phrase: str) -> bool:
        wanted = tokens(phrase)
        ends = len(self.tokens) - len(wanted) + 1
        return bool(wanted) and any(self.tokens[at : at + len(wanted)] == wanted for at in range(ends))

    def has_entity(self, entity: str) -> bool:
        text, wanted = normalise(self.text), normalise(entity)
        at = text.find(wanted)
        while at >= 0:
            after = text[at + len(wanted) : at + len(wanted) + 1]
            if not (at and is_letter(text[at - 1])) and not (after and is_letter(after)):
                return True
            at = text.find(wanted, at + 1)
        return False


Asking = Callable[[View], bool]
_TOKEN = re.compile(r'\s*(-?"[^"]*"|-?[a-z_]+:[^\s()"]+|[()]|-?[^\s()"]+)')
_NEEDS_COMPANY = ("lang:", "is:")


def tokens(text: str) -> list[str]:
    """Words, split at punctuation; each letter of a script without blanks by itself; each emoji by itself."""
    found: list[str] = []
    word = ""
    for character in normalise(text):
        if is_spaced(character):
            word += character
            continue
        if word:
            found.append(word)
            word = ""
        if is_letter(character) or ord(character) > 0x2100:
            found.append(character)
    return [*found, word] if word else found


def compile_query(query: str, limit: int = LIMIT) -> Asking:
    """Raises BadSyntax."""
    if not query.strip() or len(query) > limit:
        raise BadSyntax(f"the query has {len(query)} characters")
    parts = [found[1] for found in _TOKEN.finditer(query)]
    if "".join(parts).replace(" ", "") != re.sub(r"\s", "", query).replace(" ", ""):
        raise BadSyntax("it cannot be split")
    asking, is_standalone, rest = _either(parts)
    if rest:
        raise BadSyntax(f"a loose {rest[0]}")
    if not is_standalone:
        raise BadSyntax("nothing stands alone in it")
    return asking


def _either(parts: list[str]) -> tuple[Asking, bool, list[str]]:
    asking, alone, parts = _both(parts)
    each = [asking]
    while parts and parts[0] == "OR":
        asking, is_alone, parts = _both(parts[1:])
        each.append(asking)
        alone = alone and is_alone
    return (lambda view: any(one(view) for one in each)), alone, parts


def _both(parts: list[str]) -> tuple[Asking, bool, list[str]]:
    each: list[Asking] = []
    alone = False
    while parts and parts[0] not in ("OR", ")"):
        if parts[0] == "(":
            asking, is_alone, parts = _either(parts[1:])
            if not parts:
                raise BadSyntax("a bracket is open")
            parts = parts[1:]
        else:
            asking, is_alone = _operator(parts[0])
            parts = parts[1:]
            if parts and parts[0] == "(" and not is_alone and asking is _never:
                raise BadSyntax("a group is negated")
        each.append(asking)
        alone = alone or is_alone
    if not each:
        raise BadSyntax("nothing stands there")
    return (lambda view: all(one(view) for one in each)), alone, parts


def _never(view: View) -> bool:
    return False


def _operator(word: str) -> tuple[Asking, bool]:
    if word.startswith("-"):
        if len(word) == 1:
            raise BadSyntax("a group is negated")
        asking, _ = _operator(word[1:])
        return (lambda view: not asking(view)), False
    if word.startswith('"'):
        return (lambda view: view.has_phrase(word.strip('"'))), True
    if word.startswith(("#", "@")):
        return (lambda view: view.has_entity(word)), True
    name, colon, value = word.partition(":")
    if colon:
        known: dict[str, Asking] = {
            "from": lambda view: view.author.lower() == value.lower(),
            "lang": lambda view: view.lang == value,
            "is": lambda view: view.is_retweet,
        }
        if name not in known:
            raise BadSyntax(f"there is no operator {name}:")
        return known[name], not word.startswith(_NEEDS_COMPANY)
    if word in ("AND", "NOT") or not all(is_letter(one) for one in word):
        raise BadSyntax(f"{word} must stand in quotes")
    return (lambda view: view.has_phrase(word)), True
