"""Lists that stand newest first, given oldest first: walked back to what is known, then given page by page.

What is older than the newest given item by more than an hour is taken for known; within that hour each item is
remembered, so that one which the server has heard of late is not missed. A crash repeats a page and skips none.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.sources.fieldmap import content_id, read_date
from storage.types import to_text

BACKLOG = 300  # items that were there before we began to listen
_LATE = timedelta(hours=1)
_MOST_KNOWN = 500
_STEPS = 20  # pages that are asked for at once; a longer walk goes on with the next poll
_LONGEST_WALK = 2_000  # pages

Ask = Callable[[str, int], Awaitable[tuple[list[Any], str]]]  # the server's cursor and a limit; items and the next


@dataclass(frozen=True)
class Place:
    """How far a list is read. `above` are the server's cursors of the pages with something new, newest first."""

    newest: str = ""  # the time of the newest item given
    known: dict[str, str] = field(default_factory=dict)  # those given that are not long older, with their times
    above: list[str] = field(default_factory=list)
    walk: str = ""  # where a walk goes on that has not reached what is known
    walked: int = 0  # pages of that walk
    is_caught_up: bool = False  # what was there when it was first read has been given


@dataclass(frozen=True)
class Step:
    """What a step gives: items, oldest first, and where the list stands then."""

    items: tuple[Any, ...]
    place: Place
    more: bool


@dataclass(frozen=True)
class _Entry:
    key: str
    at: datetime
    item: Any


_PLACE = TypeAdapter(Place)


def read_place(cursor: str | None) -> Place:
    """The cursor; one that is damaged counts as none, which repeats and loses nothing."""
    try:
        told = json.loads(cursor) if cursor else None
        return _PLACE.validate_python(told) if told else Place()
    except (ValueError, RecursionError):
        return Place()


def written(place: Place) -> str:
    return json.dumps(asdict(place))


async def step(place: Place, limit: int, ask: Ask, now: datetime) -> Step:
    """Walk back to what is known, then give the oldest page above it. Raises what `ask` raises."""
    limit = max(1, min(limit, 100))
    found: list[Any] | None = None
    is_whole = False
    if place.walk or not place.above:
        place, found = await _walked(place, limit, ask, now)
        if place.walk:
            return Step((), place, more=True)
        if not place.above:
            return Step((), replace(place, is_caught_up=True), more=False)
        is_whole = len(place.above) == 1
    *above, start = place.above
    if found is None:
        found, _ = await ask(start, limit)
    fresh = [entry for entry in _entries(found, now) if _is_fresh(place, entry)]
    # The first page moves on while others are given, so it is given only by a walk that found no other.
    above = [one for one in above if one]
    after = replace(_after(place, fresh, now), above=above, is_caught_up=place.is_caught_up or is_whole)
    return Step(tuple(entry.item for entry in reversed(fresh)), after, more=not is_whole)


async def _walked(place: Place, limit: int, ask: Ask, now: datetime) -> tuple[Place, list[Any] | None]:
    """The place with all pages above it that hold something new, and the oldest of them.

    One step asks for a few pages only; then the place says where the walk goes on.
    """
    above, start, last = list(place.above), place.walk, None
    for count in range(place.walked + 1, place.walked + _STEPS + 1):
        found, following = await ask(start, limit)
        entries = _entries(found, now)
        if any(_is_fresh(place, entry) for entry in entries):
            above, last = [*above, start], found
        is_over = following in ("", start, *above) or count >= _LONGEST_WALK
        is_enough = not (place.newest or place.is_caught_up) and count * limit >= BACKLOG
        if is_over or is_enough or any(entry.at < _floor(place) for entry in entries):
            return replace(place, above=above, walk="", walked=0), last
        start = following
    return replace(place, above=above, walk=start, walked=place.walked + _STEPS), None


def _entries(found: Sequence[Any], now: datetime) -> list[_Entry]:
    """Each item with its name and time; one without a time has its neighbour's."""
    entries: list[_Entry] = []
    for item in found:
        told = item if isinstance(item, dict) else {}
        at = read_date(told.get("indexedAt")) or (entries[-1].at if entries else now)
        uri = told.get("uri")
        key = uri if isinstance(uri, str) and len(uri) < 400 else content_id([json.dumps(item, default=str)])
        entries.append(_Entry(key, at, item))
    return entries


def _is_fresh(place: Place, entry: _Entry) -> bool:
    return entry.key not in place.known and entry.at >= _floor(place)


def _floor(place: Place) -> datetime:
    """What is older is known, or was there before the first walk began."""
    newest = read_date(place.newest)
    if newest is None:
        return datetime.min.replace(tzinfo=UTC)
    full = min(place.known.values(), default="") if len(place.known) >= _MOST_KNOWN else ""
    return max(newest - _LATE, read_date(full) or newest - _LATE)


def _after(place: Place, given: Sequence[_Entry], now: datetime) -> Place:
    """A time that has not come yet is a mistake of theirs and must not hide what comes before it."""
    known = place.known | {entry.key: to_text(entry.at) for entry in given}
    newest = min(max([place.newest, *known.values()]), max(place.newest, to_text(now)))
    edge = read_date(newest)
    if edge is None:
        return place
    kept = sorted(((at, key) for key, at in known.items() if at >= to_text(edge - _LATE)), reverse=True)
    return replace(place, newest=newest, known={key: at for at, key in kept[:_MOST_KNOWN]})
