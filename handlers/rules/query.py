"""The query language: `(united OR @united) "lost bag" -from:unitedjobs lang:en min_reach:10k`.

`parse` reads an expression once; `Query.evaluate` asks a Subject, which is a mention made ready for asking. The grammar
stands in query.lark. Case, accents and the shape of quotes never matter; operators are written in capitals.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import accumulate

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from handlers.rules.occurrence import Literal, literal
from handlers.rules.terms import (
    SCHEME,
    Address,
    All,
    Any,
    Author,
    Host,
    Lang,
    Leaf,
    MinReach,
    Node,
    Not,
    Source,
    Subject,
    Words,
    handle_of,
    primary,
    source_name,
)
from handlers.rules.text import host_of, normalise
from storage.errors import InvalidInput

__all__ = ["Query", "QueryError", "Subject", "parse"]

MAX_LENGTH = 4_000  # characters
MAX_NESTING = 50  # brackets
MAX_PHRASE = 20  # words
MAX_FOUND = 5  # phrases named on a card
_WIDTH = 160  # of an excerpt in an error

_QUOTES = '"“”„«»'
_BRACKETS = re.compile(f"[{_QUOTES}][^{_QUOTES}]*(?P<end>[{_QUOTES}])?|[()]")
_PLAIN = re.compile(r'[#@]?\w{2,40}\*?|"\w[\w ]{1,80}"', re.ASCII)
_OPERATORS = ("AND", "OR", "NOT")
_OTHER_SIGNS = {"|": "OR", "||": "OR", "&": "AND", "&&": "AND", "!": "NOT"}
_REACH = re.compile(r"(\d{1,9}(?:\.\d{1,3})?|\d{1,3}(?:,\d{3}){1,3})([km]?)", re.ASCII)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
_LANG = re.compile(r"[a-z]{2,3}")


class QueryError(InvalidInput):
    """The expression cannot be read. The message is a sentence, the expression, and a caret under `column` (from 1)."""

    def __init__(self, sentence: str, expression: str, column: int) -> None:
        start = max(0, column - _WIDTH // 2) if len(expression) > _WIDTH else 0
        excerpt = expression[start : start + _WIDTH]
        line = "".join(character if character.isprintable() else " " for character in excerpt)
        super().__init__(f"{sentence}\n{line}\n{' ' * (column - 1 - start)}^", field="query")
        self.column = column


class _Wrong(Exception):
    """A QueryError that does not know its expression yet. `at` counts from 0."""

    def __init__(self, sentence: str, at: int) -> None:
        super().__init__(sentence)
        self.at = at


@dataclass(frozen=True, slots=True)
class Query:
    """A saved boolean expression that says what concerns a brand. Make one with `parse`."""

    expression: str
    node: Node
    wanted: tuple[Words, ...]  # what may be named as found

    def evaluate(self, subject: Subject) -> tuple[str, ...] | None:
        """None when it does not match; else the words of the query that were found, as typed, at most 5."""
        if not self.node.holds(subject):
            return None
        if len(self.wanted) == 1 and self.node is self.wanted[0]:
            return (self.wanted[0].typed,)
        found: dict[str, None] = {}
        for words in self.wanted:
            if len(found) < MAX_FOUND and words.holds(subject):
                found[words.typed] = None
        return tuple(found)


@lru_cache(maxsize=20_000)
def parse(expression: str) -> Query:
    """Read an expression. Raises QueryError, whose message shows where it goes wrong and what would be right."""
    try:
        node = _node(expression)
        _refuse_loose(node)
    except _Wrong as wrong:
        raise QueryError(str(wrong), expression, wrong.at + 1) from None
    return Query(expression, node, tuple(_wanted(node)))


def _node(expression: str) -> Node:
    if len(expression) > MAX_LENGTH:
        raise _Wrong(f"A query has at most {MAX_LENGTH:,} characters; split this one in two.", MAX_LENGTH)
    return _plain_node(expression) or _grammar_node(expression)


def _plain_node(expression: str) -> Node | None:
    """Plain words and phrases joined by OR, which most queries are: read as the grammar does, but faster."""
    parts = expression.split(" OR ")
    if not all(_PLAIN.fullmatch(part) and part not in _OPERATORS for part in parts):
        return None
    starts = accumulate((len(part) + len(" OR ") for part in parts[:-1]), initial=0)
    leaves = [_phrase(part, at) if part[0] == '"' else _word(part, at) for part, at in zip(parts, starts, strict=True)]
    return Any(tuple(leaves)) if len(leaves) > 1 else leaves[0]


def _grammar_node(expression: str) -> Node:
    _refuse_brackets(expression)
    try:
        node: Node = _grammar().parse(expression)  # type: ignore[assignment]
    except UnexpectedToken as error:
        raise _Wrong(*_misplaced(error.token, expression)) from None
    except UnexpectedCharacters as error:
        sentence = "A minus stands directly before what it excludes, as in -refund."
        raise _Wrong(sentence, error.pos_in_stream or 0) from None
    return node


@cache
def _grammar() -> Lark:
    return Lark.open("query.lark", rel_to=__file__, parser="lalr", lexer="basic", transformer=_ToNodes())


def _refuse_brackets(expression: str) -> None:
    if not expression.strip():
        raise _Wrong('The query is empty. Write a word, a "phrase", a #tag or a @handle.', 0)
    opened: list[int] = []
    for found in _BRACKETS.finditer(expression):
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")" and not opened:
            raise _Wrong("This bracket closes nothing; leave it out, or open it before.", found.start())
        elif found[0] == ")":
            opened.pop()
        elif not found["end"]:
            raise _Wrong('This quote is not closed; write "both marks".', found.start())
        if len(opened) > MAX_NESTING:
            raise _Wrong(f"Brackets go at most {MAX_NESTING} deep.", found.start())
    if opened:
        raise _Wrong("This bracket is not closed; add a ).", opened[-1])


def _misplaced(token: Token, expression: str) -> tuple[str, int]:
    """What is wrong with a token that the grammar does not expect there, and where."""
    if token.type == "$END":
        return "Something must follow here: a word, a phrase or a bracket.", len(expression.rstrip())
    at = token.start_pos or 0
    if token.type == "RPAR":
        return "Something must stand before this bracket: a word or a phrase.", at
    return f'{token} needs something on both sides. Search for the word itself as "{token.lower()}".', at


@v_args(inline=True)
class _ToNodes(Transformer[Token, Node]):
    """Called by the parser for each rule. NOT is pushed down to the single terms on the way."""

    def start(self, node: Node) -> Node:
        return node

    def either(self, *parts: Node) -> Node:
        return Any(parts)

    def both(self, *parts: Node) -> Node:
        return All(parts)

    def negated(self, node: Node) -> Node:
        return _negated(node)

    def word(self, token: Token) -> Node:
        return _word(str(token), token.start_pos or 0)

    def phrase(self, token: Token) -> Node:
        return _phrase(str(token), token.start_pos or 0)

    def field(self, token: Token) -> Node:
        name, _, value = str(token).partition(":")
        return _field(str(token), name.lower(), value.strip(_QUOTES).strip(), token.start_pos or 0)


def _negated(node: Node) -> Node:
    if isinstance(node, All):
        return Any(tuple(map(_negated, node.parts)))
    if isinstance(node, Any):
        return All(tuple(map(_negated, node.parts)))
    return node.leaf if isinstance(node, Not) else Not(node)


def _word(typed: str, at: int) -> Words:
    """Punctuation around a word is how people type, not what they look for."""
    if typed in _OTHER_SIGNS:
        raise _Wrong(f"Write {_OTHER_SIGNS[typed]} in capitals instead of {typed}.", at)
    is_prefix = typed.endswith("*")
    plain = normalise(typed.removesuffix("*")).lstrip("',;:!?").rstrip("',;:!?.")
    if is_prefix and len(plain.lstrip("#@")) < 2:
        raise _Wrong("A * needs at least two characters before it, as in refund*.", at)
    if "*" in plain:
        raise _Wrong('A * stands only at the end of a word; put a real one into "quotes".', at + typed.index("*"))
    return Words(typed, at, _literal(plain, at, is_prefix=is_prefix))


def _phrase(typed: str, at: int) -> Words:
    words = typed[1:-1].strip()
    return Words(words, at, _literal(normalise(words), at))


def _literal(plain: str, at: int, *, is_prefix: bool = False) -> Literal:
    found = literal(plain, is_prefix=is_prefix)
    if not found:
        raise _Wrong("There is nothing here to look for: a word needs a letter, a digit or a symbol.", at)
    if len(found.pieces) > MAX_PHRASE:
        raise _Wrong(f"A phrase has at most {MAX_PHRASE} words; keep the telling ones.", at)
    return found


def _field(typed: str, name: str, value: str, at: int) -> Leaf:
    shown = typed if len(typed) <= 40 else f"{typed[:39]}…"
    if name not in _FIELDS:
        close = get_close_matches(name, _FIELDS, 1)
        meant = f"Did you mean {close[0]}:?" if close else f"There are {', '.join(f'{field}:' for field in _FIELDS)}."
        raise _Wrong(f'"{name[:40]}:" is no field. {meant} To search for the words themselves, write "{shown}".', at)
    if not normalise(value).strip("@ "):
        raise _Wrong(f"{name}: needs a value directly behind it, as in {_FIELDS[name]}.", at)
    if name == "lang":
        return _lang(typed, value, at)
    if name == "url":
        return _url(typed, value, at)
    if name == "min_reach":
        return _min_reach(typed, value, at)
    if name == "from":
        return Author(typed, at, handle_of(value))
    return Source(typed, at, source_name(value))


_FIELDS = {
    "lang": "lang:en",
    "from": "from:nina",
    "url": "url:example.com",
    "source": "source:reviews",
    "min_reach": "min_reach:10k",
}


def _lang(typed: str, value: str, at: int) -> Leaf:
    if not _LANG.fullmatch(primary(value)):
        raise _Wrong("lang: takes a code of two or three letters, as in lang:en.", at)
    return Lang(typed, at, primary(value))


def _url(typed: str, value: str, at: int) -> Leaf:
    part = SCHEME.sub("", value.lower()).removeprefix("www.")
    if len(part) < 3:
        raise _Wrong("url: needs at least three characters of an address, as in url:example.com.", at)
    host = host_of(f"https://{part}") if "." in part and "/" not in part.rstrip("/") else ""
    return Host(typed, at, host) if host else Address(typed, at, part)


def _min_reach(typed: str, value: str, at: int) -> Leaf:
    found = _REACH.fullmatch(normalise(value))
    if not found:
        raise _Wrong("min_reach: takes a number of people, as in min_reach:5000 or min_reach:10k.", at)
    return MinReach(typed, at, round(float(found[1].replace(",", "")) * _TIMES[found[2]]))


def _refuse_loose(node: Node) -> None:
    """A query must say what is there. Raises _Wrong for a term that lets in everything but a little."""
    loose = _loose(node)
    if isinstance(loose, Not):
        sentence = f"This says only what must not be there ({loose.leaf.typed}). Add a word that must be."
        raise _Wrong(sentence, loose.leaf.at)
    if loose:
        raise _Wrong(f"{loose.typed} alone would match far too much. Add a word that must be there.", loose.at)


def _loose(node: Node) -> Not | Lang | MinReach | None:
    """A term by which `node` can match without any word, author, address or source."""
    if isinstance(node, All):
        each = [_loose(part) for part in node.parts]
        return None if None in each else each[0]
    if isinstance(node, Any):
        return next((loose for loose in map(_loose, node.parts) if loose), None)
    return node if isinstance(node, Not | Lang | MinReach) else None


def _wanted(node: Node) -> Iterator[Words]:
    if isinstance(node, All | Any):
        for part in node.parts:
            yield from _wanted(part)
    elif isinstance(node, Words):
        yield node
