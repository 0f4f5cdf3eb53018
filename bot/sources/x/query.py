"""Our queries in X's language: as narrow as is safe, because what X finds is paid for, and never narrower than ours.

    (heron OR "heron air") -refund lang:en   ->   (heron OR "heron air") -refund lang:en -is:retweet -from:heronair

What X cannot say is left out, which finds more: a beginning* has no counterpart, nor has a reach. Of what is excluded
only single words, #tags, @handles, authors and languages are told to X: where a phrase ends it sees otherwise than we.
An excluded word may cost us a post in which it is a part of a_longer_word, and one is found by the words of a link
only if they stand in its text too.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.ports import BadQuery, Wanted
from handlers.rules import terms
from handlers.rules.occurrence import is_telling
from handlers.rules.terms import Address, Author, Host, Lang, MinReach, Node, Words, source_name

SEARCH_LIMIT = 512  # characters of one query, pay-per-use
RULE_LIMIT = 1_024  # of one rule of the stream

_MOST_OF_A_PHRASE = 200  # characters; its first words are enough
_TAG = re.compile(r"#(?=\w*[^\W\d_])\w+")
_HANDLE = re.compile(r"@?[A-Za-z0-9_]{1,15}", re.ASCII)
_OPERATORS = {"or", "and", "not"}
# X's page on operators, August 2026. Hindi and Chinese have two names each, so they are not asked for.
_CODES = (
    "am ar bg bn bo bs ca ckb cs cy da de dv el en es et eu fa fi fr gu hr ht hu hy is it ja ka km kn ko lo lt lv ml mr"
    " my ne nl no or pa pl ps pt ro ru sd si sk sl sr sv ta te th tl tr ug uk ur vi"
)
_LANGS = frozenset(_CODES.split())
_OLD_LANGS = {"he": "iw", "id": "in"}


@dataclass(frozen=True, slots=True)
class _Leaf:
    text: str
    is_positive: bool = True
    is_standalone: bool = True


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple["_Native", ...]


@dataclass(frozen=True, slots=True)
class _Any:
    parts: tuple["_Native", ...]


_Native = _Leaf | _All | _Any | bool  # True: X can say nothing of it; False: no post of X can match


def translate(wanted: Sequence[Wanted], source: str, account: str, limit: int) -> tuple[str, ...]:
    """As few queries as hold them all, none longer than `limit`. `source` is the name of ours.

    Raises BadQuery, with the brand and the part that cannot be asked.
    """
    tail = f" -is:retweet -from:{account}"
    room = limit - len(tail) - len("()")
    pieces: dict[str, bool] = {}
    for one in wanted:
        native = _translated(one.query.node, source_name(source))
        for piece in _alternatives(native, one):
            for fitting in _fitted(piece, room):
                pieces[_shown(fitting)] = isinstance(fitting, _All)
    return tuple(f"{query}{tail}" for query in _packed(pieces, room))


def needs_authors(node: Node) -> bool:
    """Whether a post may match only once its author is known."""
    if isinstance(node, terms.All | terms.Any):
        return any(map(needs_authors, node.parts))
    return isinstance(node, Author | MinReach)


def _translated(node: Node, source: str) -> _Native:
    if isinstance(node, terms.All):
        return _all([_translated(part, source) for part in node.parts])
    if isinstance(node, terms.Any):
        return _any([_translated(part, source) for part in node.parts])
    if isinstance(node, terms.Not):
        return _excluded(node.leaf, source)
    if isinstance(node, Words):
        return _words(node)
    if isinstance(node, Author):
        return _Leaf(f"from:{node.handle}") if _HANDLE.fullmatch(node.handle) else False
    if isinstance(node, terms.Source):
        return node.name == source
    if isinstance(node, Host):
        return "x.com".endswith(node.host) and f".{node.host}" in ".x.com"
    if isinstance(node, Address):
        return _may_be_ours(node.part)
    if isinstance(node, Lang):
        code = _OLD_LANGS.get(node.code, node.code)
        return _Leaf(f"lang:{code}", is_standalone=False) if code in _LANGS or code in _OLD_LANGS.values() else True
    return True


def _excluded(leaf: terms.Leaf, source: str) -> _Native:
    if isinstance(leaf, terms.Source):
        return leaf.name != source
    if isinstance(leaf, Host):
        return not _translated(leaf, source)
    inside = _translated(leaf, source) if isinstance(leaf, Words | Author | Lang) else True
    if isinstance(inside, _Leaf) and not inside.text.startswith('"'):
        return _Leaf(f"-{inside.text}", is_positive=False, is_standalone=False)
    return True


def _words(words: Words) -> _Native:
    """A word as it was typed, accents too: X finds the bare letters by the accented ones, not the other way round."""
    if words.literal.after is None and words.typed.endswith("*"):
        return True
    typed = unicodedata.normalize("NFC", "".join(one for one in words.typed if one.isprintable()))
    typed = " ".join(typed.split())
    if _TAG.fullmatch(typed) or (typed.startswith("@") and _HANDLE.fullmatch(typed)):
        return _Leaf(typed)
    return _all([_phrase(group) for group in _groups(typed, words.literal.gaps)])


def _groups(typed: str, gaps: Sequence[int]) -> Iterator[str]:
    """A phrase, cut where the script puts no blanks: there X may see one word where two were typed, and we see both."""
    pieces = [piece for piece in typed.split() if any(map(is_telling, piece))]
    if len(pieces) != len(gaps) + 1:  # folding has changed the number of words
        yield from pieces
        return
    group = pieces[:1]
    for piece, gap in zip(pieces[1:], gaps, strict=True):
        if gap == 0:
            yield " ".join(group)
            group = []
        group.append(piece)
    yield " ".join(group)


def _phrase(typed: str) -> _Native:
    typed = re.sub(r'["“”„«»＂\\]', " ", typed).strip()
    if not any(one.isalnum() or unicodedata.category(one) == "So" for one in typed):
        return True
    if typed.isalnum() and typed.casefold() not in _OPERATORS and len(typed) <= _MOST_OF_A_PHRASE:
        return _Leaf(typed)
    if len(typed) > _MOST_OF_A_PHRASE:
        typed = typed[:_MOST_OF_A_PHRASE].rpartition(" ")[0]
    return _Leaf(f'"{typed}"') if typed else True


def _may_be_ours(part: str) -> bool:
    """Whether it can stand in the address of a post, x.com/<handle>/status/<id>: url: looks at nothing else."""
    return bool(re.fullmatch(r"[a-z0-9_/.]*", part)) and "." not in part.replace("x.com", "", 1)


def _all(parts: Sequence[_Native]) -> _Native:
    if False in parts:
        return False
    flat: list[_Native] = []
    for part in parts:
        if part is not True:
            flat += part.parts if isinstance(part, _All) else [part]
    return _single(tuple(dict.fromkeys(flat)), _All) if flat else True


def _any(parts: Sequence[_Native]) -> _Native:
    if True in parts or any(isinstance(part, _Leaf) and not part.is_positive for part in parts):
        return True  # X takes no OR with something excluded
    flat: list[_Native] = []
    for part in parts:
        if part is not False:
            flat += part.parts if isinstance(part, _Any) else [part]
    return _single(tuple(dict.fromkeys(flat)), _Any) if flat else False


def _single(parts: tuple[_Native, ...], kind: type[_All] | type[_Any]) -> _Native:
    return parts[0] if len(parts) == 1 else kind(parts)


def _alternatives(native: _Native, wanted: Wanted) -> tuple[_Native, ...]:
    if native is False:
        return ()
    pieces = native.parts if isinstance(native, _Any) else (native,)
    if native is True or not all(map(_is_findable, pieces)):
        raise BadQuery(
            f'X cannot search for the query "{wanted.name}" of {wanted.brand}: it knows no word* and no min_reach:, and'
            " what is excluded, or a language, would find everything when it stands alone.",
            'Name a whole word, "phrase", #tag, @handle or from: in each of its alternatives.',
        )
    return pieces


def _is_findable(native: _Native) -> bool:
    """Whether something stands in it that X can be asked for alone."""
    if isinstance(native, _All):
        return any(map(_is_findable, native.parts))
    if isinstance(native, _Any):
        return all(map(_is_findable, native.parts))
    return isinstance(native, _Leaf) and native.is_standalone


def _shown(native: _Native) -> str:
    if isinstance(native, _All):
        return " ".join(f"({_shown(part)})" if isinstance(part, _Any) else _shown(part) for part in native.parts)
    if isinstance(native, _Any):
        return " OR ".join(f"({_shown(part)})" if isinstance(part, _All) else _shown(part) for part in native.parts)
    return native.text if isinstance(native, _Leaf) else ""


def _fitted(native: _Native, room: int) -> Iterator[_Native]:
    """The same in pieces that are short enough, each of which X can be asked."""
    if len(_shown(native)) + len("()") <= room:
        yield native
    elif isinstance(native, _Any):
        for part in native.parts:
            yield from _fitted(part, room)
    elif isinstance(native, _All):
        for part in _halved(native):
            yield from _fitted(part, room)


def _halved(native: _All) -> Iterator[_Native]:
    """In two at its longest choice; where it has none, without its least telling part, which finds more."""
    choices = [part for part in native.parts if isinstance(part, _Any)]
    if not choices:
        yield _all(_without_one(native.parts))
        return
    longest = max(choices, key=lambda part: len(_shown(part)))
    rest = [part for part in native.parts if part is not longest]
    middle = len(longest.parts) // 2
    for half in (longest.parts[:middle], longest.parts[middle:]):
        yield _all([*rest, _any(half)])


def _without_one(parts: tuple[_Native, ...]) -> list[_Native]:
    least = max(parts, key=lambda part: (not _is_findable(part), len(_shown(part))))
    return [part for part in parts if part is not least]


def _packed(pieces: dict[str, bool], room: int) -> Iterator[str]:
    """Joined by OR, as many as fit into each. The value says whether a piece needs brackets to be joined."""
    group: list[str] = []
    for piece in pieces:
        if group and len(_joined([*group, piece], pieces)) > room + len("()"):
            yield _joined(group, pieces)
            group = []
        group.append(piece)
    if group:
        yield _joined(group, pieces)


def _joined(group: Sequence[str], pieces: dict[str, bool]) -> str:
    if len(group) == 1:
        return group[0]
    return f"({' OR '.join(f'({piece})' if pieces[piece] else piece for piece in group)})"
