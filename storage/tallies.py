"""Roll-ups: how many of what in which stretch of time, kept in the transaction that stores what they count.

`tallies` counts mentions and cases by brand and source, `acts` the lines of the diaries, `times` how long things took,
`movers` whose posts were passed on; each in the grains of `storage/grains.py`. The brand "" is all of
ours together: a mention that concerns two counts there once, and one that concerns competitors alone does not.
`topics` counts queries, for whoever looks for spikes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from storage.engine import Engine, Row
from storage.grains import LENGTHS, Counted, Table, add_to, spread, start_of, terms
from storage.types import Window, from_text, to_text

MOVED_FROM = 10  # shares and replies; a mention that moved fewer people moves nobody in the list of movers
_RATIO = 1.04  # between two buckets of a length of time: what is told is within 2 % of what was measured
_COLUMNS = ("mentions", "negative", "neutral", "positive", "unscored", "opened", "alerted")
_LABELS = ("negative", "neutral", "positive")  # any other is unscored
RESPONSE, RESOLUTION = "response", "resolution"
BUSINESS = ", business"  # behind either: on the business clock

SCHEMA = (
    "create table tallies (grain integer not null, brand text not null, start text not null,"
    " source_id integer not null, mentions integer not null, negative integer not null, neutral integer not null,"
    " positive integer not null, unscored integer not null, opened integer not null, alerted integer not null,"
    " primary key (grain, brand, start, source_id)) strict, without rowid",
    "create table acts (grain integer not null, brand text not null, start text not null, kind text not null,"
    " actor text not null, detail text not null, n integer not null,"
    " primary key (grain, brand, start, kind, actor, detail)) strict, without rowid",
    "create table times (grain integer not null, brand text not null, start text not null, what text not null,"
    " bucket integer not null, n integer not null, primary key (grain, brand, what, start, bucket)) strict,"
    " without rowid",  # one kind of length is asked for at a time
    "create table movers (grain integer not null, brand text not null, start text not null, author text not null,"
    " moved integer not null, mentions integer not null, primary key (grain, brand, start, author)) strict,"
    " without rowid",
    "create table topics (brand text not null, query text not null, start text not null, mentions integer not null,"
    " negative integer not null, primary key (brand, query, start)) strict, without rowid",
)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a stretch of time brought: mentions, by label, and cases: opened, and put before people (alerted)."""

    mentions: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unscored: int = 0
    opened: int = 0
    alerted: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in _COLUMNS))


class Cell(NamedTuple):
    """Something to add to the tallies: at which moment (`to_text`), for which brands (never ""), how much."""

    at: str
    brands: tuple[str, ...]
    source_id: int
    label: str = ""  # of a mention; "" when none is counted
    mentions: int = 0  # +1, or -1 to take one back
    opened: int = 0
    alerted: int = 0
    is_ours: bool = True  # false: it concerns competitors alone


class Act(NamedTuple):
    """How often somebody did something: a line of the diary, counted. `detail` is its resolution, priority or cause."""

    kind: str
    actor: str
    detail: str
    n: int


class Mover(NamedTuple):
    """How many shares and replies a person's posts caused, counting posts that moved at least `MOVED_FROM`."""

    author: str
    moved: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long things took, from a histogram: right within 2 %. Both are seconds, None when there was nothing."""

    count: int
    median: float | None
    p90: float | None


class Moved(NamedTuple):
    """A mention of `author` that counts at `at` (`to_text`) has moved `after` people, and had moved `before`."""

    at: str
    brands: tuple[str, ...]
    author: str
    before: int
    after: int
    is_ours: bool = True


TALLIES = Table("tallies", ("source_id",), _COLUMNS)
ACTS = Table("acts", ("kind", "actor", "detail"), ("n",))
TIMES = Table("times", ("what", "bucket"), ("n",))
MOVERS = Table("movers", ("author",), ("moved", "mentions"))
UPSERT_TOPIC = (
    "insert into topics (brand, query, start, mentions, negative) values (?, ?, ?, ?, ?)"
    " on conflict (brand, query, start) do update set mentions = topics.mentions + excluded.mentions,"
    " negative = topics.negative + excluded.negative"
)


class Tallies:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Writing, in the caller's transaction

    def add(self, cells: Iterable[Cell]) -> None:
        """Count each cell for its brands and for all of ours."""
        counted: list[Counted] = [
            (one.at, counted_for(one.brands, one.is_ours), (one.source_id,), _counts_of(one)) for one in cells
        ]
        self._count(TALLIES, counted)

    def add_topics(self, counts: Mapping[tuple[str, str, str], Sequence[int]]) -> None:
        """Count mentions and negative ones by (brand, query, moment)."""
        sums: dict[tuple[str, str, str], list[int]] = {}
        for (brand, query, at), told in counts.items():
            add_to(sums, (brand, query, start_of(at)), told)
        self._engine.run_many(UPSERT_TOPIC, [(*key, *row) for key, row in sums.items()])

    def act(self, at: str, brand: str, kind: str, actor: str, detail: str = "", n: int = 1) -> None:
        """Count a line of a diary at the moment `at` (`to_text`)."""
        self._count(ACTS, [(at, (brand, ""), (kind, actor, detail), (n,))])

    def took(self, at: str, brand: str, what: str, seconds: float) -> None:
        """Count how long something took that ended at the moment `at` (`to_text`)."""
        self._count(TIMES, [(at, (brand, ""), (what, bucket_of(seconds)), (1,))])

    def moved(self, moved: Iterable[Moved]) -> None:
        """Count whom mentions have moved since they were counted last."""
        counted: list[Counted] = []
        for at, brands, author, before, after, is_ours in moved:
            was, now = (count if count >= MOVED_FROM else 0 for count in (before, after))
            if was != now and author:
                counted.append((at, counted_for(brands, is_ours), (author,), (now - was, bool(now) - bool(was))))
        self._count(MOVERS, counted)

    def _count(self, table: Table, counted: list[Counted]) -> None:
        if counted:
            self._engine.run_many(table.upsert, spread(counted))

    # Reading. A window begins and ends at a quarter of an hour; brand "" is all.

    def sums(self, window: Window, brand: str = "") -> Sums:
        """All that a stretch of time brought."""
        rows = self._rows(f"select {_SUMS}", TALLIES, window, brand)
        return _sums(rows[0]) if rows else Sums()

    def by_source(self, window: Window, brand: str = "") -> dict[int, Sums]:
        """The same by the source's number (`Sources.all` knows the names); sources without a count are left out."""
        rows = self._rows(f"select source_id, {_SUMS}", TALLIES, window, brand, "group by source_id")
        return {row["source_id"]: sums for row in rows if (sums := _sums(row)) != Sums()}

    def series(self, windows: Sequence[Window], brand: str = "") -> list[Sums]:
        """One for each window."""
        return [self.sums(window, brand) for window in windows]

    def acts(self, window: Window, brand: str = "") -> list[Act]:
        """What was done how often, by kind, person and detail."""
        rows = self._rows(
            "select kind, actor, detail, sum(sign * n) as n", ACTS, window, brand, "group by kind, actor, detail"
        )
        return [Act(row["kind"], row["actor"], row["detail"], row["n"]) for row in rows if row["n"]]

    def kinds(self, window: Window, brand: str = "") -> dict[str, int]:
        """How often each kind of thing was done, by anybody."""
        rows = self._rows("select kind, sum(sign * n) as n", ACTS, window, brand, "group by kind")
        return {row["kind"]: row["n"] for row in rows}

    def lengths(self, window: Window, brand: str, what: str) -> Lengths:
        """How long `what` took that ended in the window: `RESPONSE` or `RESOLUTION`, also with `BUSINESS` behind."""
        rows = self._rows("select bucket, sum(sign * n) as n", TIMES, window, brand, "group by 1 order by 1", what)
        buckets = [(row["bucket"], row["n"]) for row in rows]
        count = sum(n for _, n in buckets)
        return Lengths(count, _quantile(buckets, count, 0.5), _quantile(buckets, count, 0.9))

    def movers(self, window: Window, brand: str = "", limit: int = 5) -> list[Mover]:
        """Whose posts moved most people, the most first."""
        rows = self._rows(
            "select author, sum(sign * moved) as moved, sum(sign * mentions) as mentions",
            MOVERS,
            window,
            brand,
            f"group by author having sum(sign * moved) > 0 order by 2 desc, author limit {int(limit)}",
        )
        return [Mover(row["author"], row["moved"], row["mentions"]) for row in rows]

    def topics(self, brand: str, query: str, window: Window) -> dict[str, tuple[int, int]]:
        """(mentions, negative ones) of a query by quarter of an hour, whose key is its text (16 characters, UTC)."""
        rows = self._engine.rows(
            "select start, mentions, negative from topics where brand = ? and query = ? and start >= ? and start < ?",
            (brand, query, to_text(window.start)[:16], to_text(window.end)[:16]),
        )
        return {row["start"]: (row["mentions"], row["negative"]) for row in rows}

    def quarters(self, brand: str, window: Window) -> dict[str, tuple[int, int]]:
        """(mentions, negative ones) of a brand by quarter of an hour, as `topics`; quiet quarters are left out."""
        return self._by_start(0, brand, window)

    def hours(self, brand: str, window: Window) -> dict[str, tuple[int, int]]:
        """The same by hour (13 characters, UTC), for a window of whole hours in UTC."""
        return self._by_start(1, brand, window)

    def first_at(self) -> datetime | None:
        """The first hour that anything is counted in; None while nothing is."""
        start = self._engine.value("select min(start) from tallies where grain = 1 and brand = ''")
        return from_text(f"{start}:00:00.000000Z") if start else None

    def _by_start(self, grain: int, brand: str, window: Window) -> dict[str, tuple[int, int]]:
        length = LENGTHS[grain]
        rows = self._engine.rows(
            "select start, sum(mentions) as mentions, sum(negative) as negative from tallies"
            " where grain = ? and brand = ? and start >= ? and start < ? group by start",
            (grain, brand, to_text(window.start)[:length], to_text(window.end)[:length]),
        )
        return {row["start"]: (row["mentions"], row["negative"]) for row in rows}

    def _rows(self, select: str, table: Table, window: Window, brand: str, rest: str = "", what: str = "") -> list[Row]:
        """A query over the fewest rows whose signed sums make up the window; of `times`, those of `what`."""
        of_what, told = (" and what = ?", [what]) if what else ("", [])
        parts, values, columns = [], [], ", ".join((*table.keys, *table.counts))
        for sign, grain, first, end in terms(window):
            parts.append(
                f"select {sign} as sign, {columns} from {table.name}"
                f" where grain = ? and brand = ?{of_what} and start >= ? and start < ?"
            )
            values += [grain, brand, *told, first, end]
        return self._engine.rows(f"{select} from ({' union all '.join(parts)}) {rest}", values) if parts else []


def counted_for(brands: tuple[str, ...], is_ours: bool) -> tuple[str, ...]:
    """The brands that a mention is counted for: "" too unless it concerns competitors alone."""
    return (*brands, "") if is_ours else brands


def column_of(label: str) -> str:
    """The column that counts mentions of a label; "" for all of them."""
    return "mentions" if not label else label if label in _LABELS else "unscored"


def _counts_of(cell: Cell) -> tuple[int, ...]:
    n, column = cell.mentions, column_of(cell.label or "not scored")
    return (n, *(n if column == name else 0 for name in (*_LABELS, "unscored")), cell.opened, cell.alerted)


_SUMS = ", ".join(f"coalesce(sum(sign * {name}), 0) as {name}" for name in _COLUMNS)


def _sums(row: Row) -> Sums:
    return Sums(*(int(row[name]) for name in _COLUMNS))


def bucket_of(seconds: float) -> int:
    """The bucket of a length of time: 0 for up to a second, then each 4 % longer than the one before."""
    return max(0, round(math.log(max(seconds, 1.0), _RATIO)))


def seconds_of(bucket: float) -> float:
    """The middle of a bucket, in seconds."""
    return float(_RATIO**bucket)


def _quantile(buckets: Sequence[tuple[int, int]], count: int, share: float) -> float | None:
    """The smallest length that at least `share` of them do not exceed; with an even count the median lies between."""
    if not count:
        return None
    ranks = [math.ceil(share * count)]
    if share == 0.5 and count % 2 == 0:
        ranks.append(count // 2 + 1)
    found = [_at_rank(buckets, rank) for rank in ranks]
    return sum(found) / len(found)


def _at_rank(buckets: Sequence[tuple[int, int]], rank: int) -> float:
    reached = zip(accumulate(n for _, n in buckets), buckets, strict=True)
    return seconds_of(next(bucket for seen, (bucket, _) in reached if seen >= rank))
