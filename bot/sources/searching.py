"""What the search engines among the sources share: a team's queries in their words, and their answers in JSON."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import digits
from typing import Any

from bot.fetch import Answer, shown
from bot.sources.fieldmap import storable
from bot.sources.partial import read_what_can_be
from handlers.ports import BadQuery, Broken, Transient, Wanted
from handlers.rules.terms import Address, Author, Host, Leaf
from handlers.rules.widening import alternatives, can_match_in, phrases

Say = Callable[[tuple[Leaf, ...]], str]


@dataclass(frozen=True, slots=True)
class Place:
    """What is searched. Mentions from there have addresses on `host`: with a `path`, that and a number."""

    name: str
    host: str
    path: str = ""

    def can_have(self, leaf: Leaf) -> bool:
        """False when no mention from there can be what this term asks for: its address is another."""
        if isinstance(leaf, Host):
            return f".{self.host}".endswith(f".{leaf.host}")
        if isinstance(leaf, Address) and self.path:
            return leaf.part.rstrip(digits) in f"{self.host}{self.path}"
        if isinstance(leaf, Address) and "/" in leaf.part:
            head = leaf.part.partition("/")[0]
            return "." not in head or self.host.endswith(head)
        return True


_BARE = re.compile(r"[#@]?\w+")


def searches(wanted: Sequence[Wanted], source: str, place: Place, say: Say) -> tuple[str, ...]:
    """The native queries, each once. `say` words an alternative, "" when the place cannot be asked for it.

    Raises BadQuery, which names the team's query.
    """
    found: dict[str, None] = {}
    for one in wanted:
        if not can_match_in(one.query, source):
            continue
        told = alternatives(one.query)
        native = [say(leaves) for leaves in told if all(map(place.can_have, leaves))]
        if not told or "" in native:
            raise BadQuery(
                f'{place.name} cannot be asked for the query "{one.name}" of {one.brand}: it searches for words.',
                f'Let each OR of it have a word or a "phrase", or keep it away from here with -source:"{source}".',
            )
        found |= dict.fromkeys(native)
    return tuple(found)


def in_words(leaves: tuple[Leaf, ...], *, completes: bool = False) -> str:
    """An alternative as words and "phrases" that all must be there, "" when it has none.

    `completes`: the place completes a last word, so that refund* can be asked for when there is no whole word.
    """
    told = phrases(leaves) or (phrases(leaves, with_beginnings=True)[:1] if completes else ())
    return " ".join(one if _BARE.fullmatch(one) else f'"{one}"' for one in told)


def author_in(leaves: tuple[Leaf, ...]) -> str:
    """The handle that an alternative asks for, as the team typed it; "" if it asks for none."""
    author = next((leaf for leaf in leaves if isinstance(leaf, Author)), None)
    return author.typed.partition(":")[2].strip('"“”„«»@ ') if author else ""


def answered(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; a value in it that cannot be read costs its own item alone.

    Raises Transient: what is none comes from a proxy, or broke off.
    """
    try:
        told = read_what_can_be(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Transient(f"{shown(answer.url)} gives an answer that is none of its own; it will be asked again.")
    return told


def listed(told: Mapping[str, Any], key: str) -> list[Any]:
    """A list in an answer; a missing one is empty."""
    found = told.get(key)
    return found if isinstance(found, list) else []


def line(value: object) -> str:
    """A text as one line, "" for what is none."""
    return " ".join(storable(value).split()) if isinstance(value, str) else ""


def unread(where: str, reason: str, sample: object) -> Broken:
    """An item that cannot be read, with the first of it."""
    words = sample if isinstance(sample, str) else json.dumps(sample, ensure_ascii=False, default=str)
    return Broken(storable(where)[:200], reason, storable(words)[:200])
