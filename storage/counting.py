"""The roll-ups made anew from the rows that they count: for a file from before there were any, and to prove them right.

Times on the business clock are not in any row and so stay as they were measured: only wall-clock times are made anew.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from storage.cases import CAUSED
from storage.grains import Counted, Table, spread
from storage.tallies import (
    ACTS,
    BUSINESS,
    MOVED_FROM,
    MOVERS,
    RESOLUTION,
    RESPONSE,
    TALLIES,
    TIMES,
    UPSERT_TOPIC,
    bucket_of,
    counted_for,
)
from storage.types import Resolution, from_text

WORKED = (Resolution.REPLIED, Resolution.FIXED, Resolution.NO_ACTION)  # closed after work: how long it took counts
ANSWERING = (Resolution.REPLIED, Resolution.FIXED)  # closed with an answer, whether `sent` was typed or not


class Database(Protocol):
    """A connection, in a transaction."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any: ...


_AT_ONCE = 50_000  # rows of a table: what is counted of so many stays in memory
_PART = "id > ? and id <= ?"
_QUARTER = "substr({0}, 1, 14) || substr('00153045', cast(substr({0}, 15, 2) as integer) / 15 * 2 + 1, 2)"
_PEOPLE = "coalesce(shares, 0) + coalesce(replies, 0)"
_MENTIONS = (
    f"select {_QUARTER.format('counted_at')}, brand, also, is_ours, query, source_id, count(*),"
    " sum(label = 'negative'), sum(label = 'neutral'), sum(label = 'positive'),"
    " sum(label not in ('negative', 'neutral', 'positive'))"
    f" from mentions where {_PART} group by 1, 2, 3, 4, 5, 6"
)
_MOVERS = (
    f"select counted_at, brand, also, is_ours, author, {_PEOPLE} from mentions where {_PART} and author <> ''"
    f" and {_PEOPLE} >= {MOVED_FROM}"
)
_CASES = (
    "select c.opened_at, c.alerted_at, c.brand, c.cause, m.source_id from cases c"
    " left join mentions m on m.id = c.mention_id where c.id > ? and c.id <= ?"
)
_EVENTS = (
    "select e.case_id, c.brand, e.at, e.kind, e.actor, e.detail from case_events e join cases c on c.id = e.case_id"
    " where e.case_id > ? and e.case_id <= ? order by e.case_id, e.version"
)
_TOLD = {"opened": "priority", "resolved": "resolution"}  # what of a line's detail is counted apart
_Event = tuple[int, str, str, str, str, str]  # the columns of `_EVENTS`


def count_anew(db: Database) -> None:
    """Fill every roll-up from the mentions, the cases and their diaries."""
    for table in ("tallies", "topics", "movers", "acts"):
        db.execute(f"delete from {table}")
    db.execute(f"delete from times where what not like '%{BUSINESS}'")
    for part in _parts(db, "mentions"):
        _count_mentions(db, part)
        _add(db, MOVERS, _moved(db.execute(_MOVERS, part)))
    for part in _parts(db, "cases"):
        _count_cases(db, part)
        events = db.execute(_EVENTS, part).fetchall()
        _add(db, ACTS, _acts(events))
        _add(db, TIMES, _times(events))


def _parts(db: Database, table: str) -> Iterator[tuple[int, int]]:
    """Ranges of ids, each from without its first up to its last."""
    last = db.execute(f"select coalesce(max(id), 0) from {table}").fetchone()[0]
    for first in range(0, last, _AT_ONCE):
        yield first, first + _AT_ONCE


def _add(db: Database, table: Table, counted: Iterable[Counted]) -> None:
    db.executemany(table.upsert, spread(counted))


def _count_mentions(db: Database, part: tuple[int, int]) -> None:
    counted: list[Counted] = []
    topics: list[tuple[str, str, str, int, int]] = []
    for quarter, brand, also, is_ours, query, source_id, mentions, *labels in db.execute(_MENTIONS, part):
        counted.append((quarter, _brands(brand, also, is_ours), (source_id,), (mentions, *labels, 0, 0)))
        if query:
            topics.append((brand, query, quarter, mentions, labels[0]))
    _add(db, TALLIES, counted)
    db.executemany(UPSERT_TOPIC, topics)


def _moved(rows: Iterable[tuple[str, str, str, int, str, int]]) -> Iterator[Counted]:
    for at, brand, also, is_ours, author, people in rows:
        yield at, _brands(brand, also, is_ours), (author,), (people, 1)


def _brands(brand: str, also: str | None, is_ours: int) -> tuple[str, ...]:
    return counted_for((brand, *json.loads(also)) if also else (brand,), bool(is_ours))


def _count_cases(db: Database, part: tuple[int, int]) -> None:
    cells: list[Counted] = []
    causes: list[Counted] = []
    for opened_at, alerted_at, brand, cause, source_id in db.execute(_CASES, part):
        cells.append((opened_at, (brand, ""), (source_id or 0,), (0, 0, 0, 0, 0, 1, 0)))
        if alerted_at:
            cells.append((alerted_at, (brand, ""), (source_id or 0,), (0, 0, 0, 0, 0, 0, 1)))
        if cause:
            causes.append((opened_at, (brand, ""), (CAUSED, "earshot", cause), (1,)))
    _add(db, TALLIES, cells)
    _add(db, ACTS, causes)


def _acts(events: Iterable[_Event]) -> Iterator[Counted]:
    for _, brand, at, kind, actor, detail in events:
        told = str(json.loads(detail).get(_TOLD[kind], "")) if kind in _TOLD else ""
        yield at, (brand, ""), (kind, actor, told), (1,)


def _times(events: Iterable[_Event]) -> Iterator[Counted]:
    """Each first response and each resolution, since the case was opened or opened again."""
    begun: dict[int, str] = {}
    answered: set[int] = set()
    for case_id, brand, at, kind, _, detail in events:
        if kind in ("opened", "reopened"):
            begun[case_id] = at
        if kind not in ("answered", "resolved"):
            continue
        bucket = bucket_of((from_text(at) - from_text(begun.get(case_id, at))).total_seconds())
        resolution = json.loads(detail).get("resolution", "") if kind == "resolved" else ""
        if case_id not in answered and (kind == "answered" or resolution in ANSWERING):
            answered.add(case_id)
            yield at, (brand, ""), (RESPONSE, bucket), (1,)
        if resolution in WORKED:
            yield at, (brand, ""), (RESOLUTION, bucket), (1,)
