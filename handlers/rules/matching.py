"""Which of many queries a mention matches, without asking them all.

Of each query a cover is chosen: signs of which any matching mention must show at least one. A sign is a piece of text,
an author, a source or a host. One automaton finds all pieces of text at once, dictionaries find the rest, and the exact
expression runs on the few queries whose signs were seen. A query without a cover is always asked.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

from ahocorasick_rs import AhoCorasick

from handlers.rules.query import Query, parse
from handlers.rules.terms import All, Any, Author, Host, Node, Source, Subject, Words

K = TypeVar("K", bound=Hashable)
Sign = tuple[type, str]  # the kind of term that must hold, and the text, handle, name or host it needs


class Match(NamedTuple, Generic[K]):
    """A query that matched, by its key, and which of its words were found."""

    key: K
    phrases: tuple[str, ...]


class Matcher(Generic[K]):
    """Built once for a set of queries; never changes. Raises QueryError for a query that cannot be read."""

    def __init__(self, queries: Iterable[tuple[K, str]]) -> None:
        self._queries: list[tuple[K, Query]] = [(key, parse(expression)) for key, expression in queries]
        self._always: list[int] = []
        self._by_sign: dict[type, dict[str, list[int]]] = {Words: {}, Author: {}, Source: {}, Host: {}}
        for position, (_, query) in enumerate(self._queries):
            self._file(position, cover(query.node))
        pieces, self._by_author, self._by_source, self._by_host = self._by_sign.values()
        self._by_piece = list(pieces.values())
        self._automaton = AhoCorasick(pieces, store_patterns=False)

    def _file(self, position: int, signs: frozenset[Sign] | None) -> None:
        if signs is None:
            self._always.append(position)
            return
        for kind, value in signs:
            self._by_sign[kind].setdefault(value, []).append(position)

    def match(self, subject: Subject) -> list[Match[K]]:
        """Every query that matches, in the order in which they were given."""
        matches = []
        for position in self._candidates(subject):
            key, query = self._queries[position]
            phrases = query.evaluate(subject)
            if phrases is not None:
                matches.append(Match(key, phrases))
        return matches

    def _candidates(self, subject: Subject) -> list[int]:
        positions = set(self._always)
        for found in self._automaton.find_matches_as_indexes(subject.words, overlapping=True):
            positions.update(self._by_piece[found[0]])
        if self._by_author:
            positions.update(self._by_author.get(subject.author, ()))
        if self._by_source:
            positions.update(self._by_source.get(subject.source, ()))
        host = subject.host if self._by_host else ""
        while host:
            positions.update(self._by_host.get(host, ()))
            host = host.partition(".")[2]
        return sorted(positions)


def cover(node: Node) -> frozenset[Sign] | None:
    """Signs of which a mention must show at least one to match; None if nothing like that can be said."""
    if isinstance(node, Words):
        return frozenset({(Words, node.literal.anchor)})
    if isinstance(node, Author):
        return frozenset({(Author, node.handle)})
    if isinstance(node, Source):
        return frozenset({(Source, node.name)})
    if isinstance(node, Host):
        return frozenset({(Host, node.host)})
    if isinstance(node, All):
        covers = [signs for signs in map(cover, node.parts) if signs is not None]
        return max(covers, key=_worth, default=None)
    if isinstance(node, Any):
        covers = [signs for signs in map(cover, node.parts) if signs is not None]
        return frozenset().union(*covers) if len(covers) == len(node.parts) else None
    return None


def _worth(signs: frozenset[Sign]) -> tuple[int, int]:
    """A cover is as rare as its most frequent sign, and long pieces are rare. One source is many mentions."""
    return min(0 if kind is Source else len(value) for kind, value in signs), -len(signs)
