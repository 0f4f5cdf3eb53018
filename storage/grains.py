"""Stretches of time that roll-ups are kept in: quarters of an hour, hours, days, months and years, all in UTC.

A year is a few rows a cell, and any stretch from quarter to quarter is exact: every zone's days begin at one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import add
from typing import Any

from storage.types import Window, to_text

LENGTHS = (16, 13, 10, 7, 4)  # how much of the time's text names a quarter, hour, day, month, year: grains 0 to 4
_UNITS = (timedelta(minutes=15), timedelta(hours=1), *map(timedelta, (1, 31, 366)))  # the longest of each grain
Counted = tuple[str, Sequence[str], tuple[Any, ...], Sequence[int]]  # at, brands, what the row is told apart by, counts


@dataclass(frozen=True, slots=True)
class Table:
    """One of the roll-ups: what its rows are told apart by, behind grain, brand and start, and what they count."""

    name: str
    keys: tuple[str, ...]
    counts: tuple[str, ...]

    @property
    def upsert(self) -> str:
        """Adds a row's counts to those that stand there."""
        place = ("grain", "brand", "start", *self.keys)
        columns = (*place, *self.counts)
        return (
            f"insert into {self.name} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
            f" on conflict ({', '.join(place)}) do update set "
            + ", ".join(f"{one} = {self.name}.{one} + excluded.{one}" for one in self.counts)
        )


def spread(counted: Iterable[Counted]) -> list[tuple[Any, ...]]:
    """The rows that count this in each grain, for each of its brands once: see `Table.upsert`."""
    sums: dict[tuple[str, str, tuple[Any, ...]], list[int]] = {}
    for at, brands, key, counts in counted:
        start = start_of(at)
        for brand in dict.fromkeys(brands):
            add_to(sums, (brand, start, key), counts)
    rows: list[tuple[Any, ...]] = []
    for grain, length in enumerate(LENGTHS):  # each from the one before it, which has fewer rows than what was counted
        finer, sums = sums, {}
        for (brand, start, key), row in finer.items():
            add_to(sums, (brand, start[:length], key), row)
        rows += [(grain, brand, start, *key, *row) for (brand, start, key), row in sums.items()]
    return rows


def add_to(sums: dict[Any, list[int]], place: Any, counts: Sequence[int]) -> None:
    """Add counts to those of a place."""
    row = sums.get(place)
    sums[place] = list(counts) if row is None else list(map(add, row, counts))


@lru_cache(maxsize=256)
def terms(window: Window) -> tuple[tuple[int, int, str, str], ...]:
    """(sign, grain, first, end) whose sum is a window: as few rows as can be, so some are taken away again.

    A day from 23:00 to 23:00 is the day that most of it lies in, and an hour more, and an hour less. Nine at most.
    """
    found: list[tuple[int, int, str, str]] = []
    start, end = window.start, window.end
    for grain, unit in enumerate(_UNITS[:-1]):
        first, last = _nearest(start, grain + 1), _nearest(end, grain + 1)
        edges = abs(first - start) + abs(last - end)
        if end - start <= edges + (last - first) / (_UNITS[grain + 1] / unit):  # it would read no fewer rows
            break
        found += _term(grain, start, first) + _term(grain, last, end)
        start, end = first, last
    else:
        grain = len(_UNITS) - 1
    return (*found, *_term(grain, start, end))


def _term(grain: int, start: datetime, end: datetime) -> list[tuple[int, int, str, str]]:
    if start == end:
        return []
    length = LENGTHS[grain]
    return [(1 if start < end else -1, grain, to_text(min(start, end))[:length], to_text(max(start, end))[:length])]


def _nearest(moment: datetime, grain: int) -> datetime:
    """The beginning of an hour, day, month or year that is nearest to a moment."""
    before, after = _whole(moment, grain), _whole_from(moment, grain)
    return before if moment - before <= after - moment else after


@lru_cache(maxsize=256)
def pieces(window: Window) -> tuple[tuple[int, str, str], ...]:
    """(grain, first, end) that follow each other in a window: years and months within, quarters at its edges.

    `end` is the first start that does not belong to it any more.
    """
    return tuple(_pieces(window.start, window.end, len(LENGTHS) - 1))


def _pieces(start: datetime, end: datetime, grain: int) -> Iterator[tuple[int, str, str]]:
    if start >= end:
        return
    first, last = (start, end) if grain == 0 else (_whole_from(start, grain), _whole(end, grain))
    if first >= last:
        yield from _pieces(start, end, grain - 1)
        return
    yield from _pieces(start, first, grain - 1)
    yield grain, to_text(first)[: LENGTHS[grain]], to_text(last)[: LENGTHS[grain]]
    yield from _pieces(last, end, grain - 1)


def _whole(moment: datetime, grain: int) -> datetime:
    """The beginning of the hour, day, month or year that a moment lies in."""
    month, day, hour = moment.month if grain < 4 else 1, moment.day if grain < 3 else 1, moment.hour if grain < 2 else 0
    return moment.replace(month=month, day=day, hour=hour, minute=0, second=0, microsecond=0)


def _whole_from(moment: datetime, grain: int) -> datetime:
    """The first beginning of an hour, day, month or year at a moment or after it."""
    whole = _whole(moment, grain)
    if whole == moment:
        return whole
    return _whole(whole + _UNITS[grain], grain)


def start_of(at: str) -> str:
    """The name of the quarter of an hour that a moment (`to_text`) lies in; what it begins with names coarser ones."""
    return f"{at[:14]}{int(at[14:16]) // 15 * 15:02}"
