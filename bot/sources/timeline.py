"""How far a place is read that can be asked for what came, or changed, since a moment. Shared by the search engines.

They index late and out of order, so each step asks again for a stretch that was read before (`OVERLAP`), and what was
given from it is remembered. The moment comes from their items, never from our clock, which may be wrong.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter

from handlers.ports import Broken, Item

OVERLAP = 600  # seconds
MAX_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class Dated:
    """An item, when it came or changed (seconds since 1970), and a mark that is another after an edit."""

    id: str
    at: int
    mark: str
    item: Item
    is_own: bool = False  # written by the team's own account there


@dataclass(frozen=True)
class Timeline:
    """A cursor. All before `since` is read; `known` is what was given of the overlap: id to time and mark.

    What belongs to an item and comes with it (comments, answers) is read until `looked`: that moves only when nothing
    was left out, because an item that changed yesterday may have comments of last week. `within` is an item that has
    more of them than one step takes, and how many pages of them are given.
    """

    since: int
    is_caught_up: bool = False  # what there was when we began has been given
    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    looked: int | None = None  # None: until `since`
    within: tuple[str, int] | None = None

    @property
    def start(self) -> int:
        """From when on to ask."""
        return self.since - OVERLAP

    @property
    def look_start(self) -> int:
        """From when on to ask for what belongs to an item."""
        return (self.since if self.looked is None else min(self.looked, self.since)) - OVERLAP

    def fresh(self, found: Iterable[Dated]) -> list[Dated]:
        """What was not given yet, or has changed since, oldest first."""
        first = min((at for at, _ in self.known.values()), default=0) if len(self.known) >= MAX_KNOWN else 0
        marks = {id_: mark for id_, (_, mark) in self.known.items()}
        news = {one.id: one for one in found if one.at >= first and marks.get(one.id) != one.mark}
        return sorted(news.values(), key=lambda one: one.at)

    def after(self, given: Sequence[Dated], now: datetime, *, is_all: bool, newest: int = 0) -> "Timeline":
        """Once `given` are stored. `is_all`: nothing was left out up to `newest`.

        A time that has not come yet is a mistake of theirs and must not hide what comes before it.
        """
        since = max(self.since, max((one.at for one in given), default=0), newest if is_all else 0)
        since = min(since, max(self.since, int(now.timestamp())))
        told = self.known | {one.id: (one.at, one.mark) for one in given}
        near = sorted(((id_, told[id_]) for id_ in told if told[id_][0] >= since - OVERLAP), key=lambda pair: pair[1])
        looked = since if is_all else self.look_start + OVERLAP
        return Timeline(since, self.is_caught_up or is_all, dict(near[-MAX_KNOWN:]), looked)

    def written(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


_TIMELINE = TypeAdapter(Timeline)


def read_timeline(cursor: str | None, start: datetime) -> Timeline:
    """The cursor; a damaged one counts as none, which repeats and loses nothing. `start` is where one begins."""
    fresh = Timeline(int(start.timestamp()))
    try:
        told = json.loads(cursor) if cursor else None
        return _TIMELINE.validate_python(told) if told else fresh
    except (ValueError, RecursionError):
        return fresh


def beside(found: Sequence[Dated], since: int) -> list[Dated]:
    """What cannot be read has no time of its own (0): it takes that of its neighbour, so that it stays in order."""
    last, dated = since, []
    for one in found:
        last = one.at or last
        dated.append(one if one.at or not isinstance(one.item, Broken) else replace(one, at=last))
    return dated
