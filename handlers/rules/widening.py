"""A query as other search engines can take it: an OR of ANDs of what must be there. Wider than it, never narrower.

What must not be there is left to the local matcher, which is the truth. So is every AND that would need too many
searches: a search with fewer conditions finds more.
"""

from collections.abc import Iterator
from itertools import product

from handlers.rules.query import Query
from handlers.rules.terms import Address as AddressPart
from handlers.rules.terms import All, Any, Author, Host, Leaf, Node, Not, Source, Words, source_name

Alternative = tuple[Leaf, ...]

_STRAIGHT = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "´": "'", "“": "", "”": "", "„": "", '"': ""}
)
_AROUND = "',;:!?"  # typed around a word, and no part of what is looked for


def alternatives(query: Query, most: int = 40) -> tuple[Alternative, ...]:
    """Whatever the query accepts holds all leaves of at least one alternative.

    There are at most `most`, or as many as the query itself has words beside each other if those are more. Each has a
    Words, Author, Host or Address leaf; () when that cannot be, as with source:reviews alone.
    """
    if not _is_anchored(query.node):
        return ()
    return _shortest(_expanded(query.node, most))


def phrases(alternative: Alternative, *, with_beginnings: bool = False) -> tuple[str, ...]:
    """The words, phrases (with a blank in them), #tags and @handles of an alternative, for an engine of words.

    An engine of whole words would miss "refunds" if it were asked for refund*, so a beginning is left out; for an
    engine that finds beginnings it is given without its star. () when nothing is left to ask for.
    """
    words = (leaf for leaf in alternative if isinstance(leaf, Words))
    told = (_plain(leaf) for leaf in words if with_beginnings or not is_beginning(leaf))
    return tuple(dict.fromkeys(filter(None, told)))


def is_beginning(words: Words) -> bool:
    """Whether it is meant as the beginning of a word, as refund* is. A phrase never is."""
    return words.typed.endswith("*") and not words.literal.pieces[-1].endswith("*") and len(words.typed.split()) == 1


def can_match_in(query: Query, source: str) -> bool:
    """Whether anything from this source can match, as far as source: terms decide it."""
    return _can_hold(query.node, source_name(source))


def _can_hold(node: Node, source: str) -> bool:
    if isinstance(node, All):
        return all(_can_hold(part, source) for part in node.parts)
    if isinstance(node, Any):
        return any(_can_hold(part, source) for part in node.parts)
    if isinstance(node, Not):
        return not (isinstance(node.leaf, Source) and node.leaf.name == source)
    return not (isinstance(node, Source) and node.name != source)


def _plain(words: Words) -> str:
    typed = words.typed.translate(_STRAIGHT)
    if " " in typed.strip():
        return " ".join(typed.split())
    return (typed.removesuffix("*") if is_beginning(words) else typed).strip().lstrip(_AROUND).rstrip(f"{_AROUND}.")


def _is_anchored(node: Node) -> bool:
    """Whether every alternative has a leaf that can be searched for."""
    if isinstance(node, All):
        return any(map(_is_anchored, node.parts))
    if isinstance(node, Any):
        return all(map(_is_anchored, node.parts))
    return isinstance(node, Words | Author | Host | AddressPart)


def _is_free(node: Node) -> bool:
    """Whether it may hold of what has none of its leaves."""
    if isinstance(node, All):
        return all(map(_is_free, node.parts))
    if isinstance(node, Any):
        return any(map(_is_free, node.parts))
    return isinstance(node, Not)


def _least(node: Node) -> int:
    """With how few alternatives it can be covered; no fewer searches would find all of it."""
    if isinstance(node, All):
        return min(map(_least, _candidates(node)))
    if isinstance(node, Any):
        return sum(map(_least, node.parts))
    return 1


def _candidates(node: All) -> list[Node]:
    """The parts of an AND one of which will do for all of it: those that can be searched for, if there are any."""
    told = [part for part in node.parts if not _is_free(part)]
    return [part for part in told if _is_anchored(part)] or told


def _expanded(node: Node, most: int) -> list[Alternative]:
    """The alternatives of a node that is not free, at most `most` unless its least is more."""
    if isinstance(node, All):
        return _joined(node, most)
    if isinstance(node, Any):
        return list(_side_by_side(node, most))
    return [] if isinstance(node, Not) else [(node,)]


def _side_by_side(node: Any, most: int) -> Iterator[Alternative]:
    spare = most - _least(node)
    for part in node.parts:
        least = _least(part)
        found = _expanded(part, least + max(0, spare))
        spare -= len(found) - least
        yield from found


def _joined(node: All, most: int) -> list[Alternative]:
    """The part that needs the fewest searches, made narrower by the others as long as there are not too many."""
    first = min(_candidates(node), key=_least)
    others = sorted((part for part in node.parts if part is not first and not _is_free(part)), key=_least)
    found = _expanded(first, most)
    for part in others:
        if len(found) * _least(part) <= most:
            found = [(*one, *more) for one, more in product(found, _expanded(part, most // len(found)))]
    return found


def _shortest(found: list[Alternative]) -> tuple[Alternative, ...]:
    """Each leaf once in an alternative, and no alternative that another one covers."""
    by_meaning: dict[frozenset[object], Alternative] = {}
    for leaves in found:
        by_meaning.setdefault(frozenset(map(_meaning, leaves)), _once(leaves))
    return tuple(leaves for meanings, leaves in by_meaning.items() if not any(other < meanings for other in by_meaning))


def _once(leaves: Alternative) -> Alternative:
    by_meaning = {_meaning(leaf): leaf for leaf in reversed(leaves)}
    return tuple(sorted(by_meaning.values(), key=lambda leaf: leaf.at))


def _meaning(leaf: Leaf) -> object:
    """What is the same for two leaves that ask the same at different places."""
    if isinstance(leaf, Words):
        return leaf.literal
    return (type(leaf), *(getattr(leaf, name) for name in leaf.__slots__ if name not in ("typed", "at")))
