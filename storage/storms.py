"""Storms: spikes that were found, with their counters; and what was said in them.

A brand has at most one that is not over. Its lines are the series that rose: all mentions, negative ones, a topic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.engine import Engine, Row
from storage.types import Window, from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table storms (id integer primary key, brand text not null, started_at text not null,"
    " last_at text not null, ended_at text, count integer not null, calmed_by text not null default '',"
    " drawn_at text not null default '') strict",
    "create unique index storms_open on storms (brand) where ended_at is null",
    "create table storm_lines (storm_id integer not null references storms (id), place integer not null,"
    " series text not null, topic text not null, started_at text not null, count integer not null,"
    " expected real not null, peak integer not null, primary key (storm_id, place),"
    " unique (storm_id, series, topic)) strict, without rowid",
    "create table usuals (brand text not null, series text not null, topic text not null, until text not null,"
    " told text not null, primary key (brand, series, topic)) strict, without rowid",
    "create index topics_start on topics (brand, start)",
    "create index deliveries_posted on deliveries (created_at) where action = 'post'",
)

ALL, NEGATIVE = "all", "negative"
_MOST_READ = 20_000  # mentions of one storm that are looked through, the newest
_OF_BRAND = "(m.brand = ? or (m.also <> '' and exists (select 1 from json_each(m.also) other where other.value = ?)))"


@dataclass(frozen=True, slots=True)
class Line:
    """A series that rose. `expected` is how many an hour usually has, `peak` the most that one had."""

    series: str  # all or negative
    topic: str  # the name of a query; "" for the whole brand
    started_at: datetime
    count: int  # since then
    expected: float
    peak: int


@dataclass(frozen=True, slots=True)
class Storm:
    """A spike of a brand, from its beginning on. The first line is the one that it was found by."""

    id: int
    brand: str
    started_at: datetime
    last_at: datetime
    ended_at: datetime | None
    count: int  # mentions of the brand since it began
    calmed_by: str  # the member who wants single cards again; "" while nobody does
    drawn_at: datetime | None  # when its cards were asked for last
    lines: tuple[Line, ...]

    @property
    def window(self) -> Window:
        """The quarters of an hour that it lasted, or has lasted so far."""
        end = self.ended_at or self.last_at
        quarter = end.replace(minute=end.minute // 15 * 15, second=0, microsecond=0)
        return Window(self.started_at, quarter + timedelta(minutes=15))


class Storms:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Writing, in the caller's transaction

    def open(self, brand: str, lines: Sequence[Line], count: int, now: datetime) -> Storm:
        """A storm begins. Its lines are in order: the clearest first."""
        started_at = min(line.started_at for line in lines)
        found = self._engine.value(
            "insert into storms (brand, started_at, last_at, count) values (?, ?, ?, ?) returning id",
            (brand, to_text(started_at), to_text(now), count),
        )
        self.put_lines(found, lines)
        return self._must(found)

    def put_lines(self, storm_id: int, lines: Sequence[Line]) -> None:
        """Its lines are these now, in this order."""
        self._engine.run_many(
            "insert into storm_lines (storm_id, place, series, topic, started_at, count, expected, peak)"
            " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (storm_id, place) do update set count = excluded.count,"
            " expected = excluded.expected, peak = excluded.peak",
            [
                (storm_id, at, one.series, one.topic, to_text(one.started_at), one.count, one.expected, one.peak)
                for at, one in enumerate(lines)
            ],
        )

    def goes_on(self, storm_id: int, count: int, now: datetime) -> None:
        self._engine.run(
            "update storms set count = ?, last_at = ? where id = ? and ended_at is null",
            (count, to_text(now), storm_id),
        )

    def drawn(self, storm_id: int, now: datetime) -> None:
        """Its cards were asked for."""
        self._engine.run("update storms set drawn_at = ? where id = ?", (to_text(now), storm_id))

    def end(self, storm_id: int, now: datetime) -> None:
        self._engine.run("update storms set ended_at = ? where id = ? and ended_at is null", (to_text(now), storm_id))

    def again(self, storm_id: int, now: datetime) -> None:
        """It rises anew, soon after it was over. What was calmed stays so."""
        self._engine.run("update storms set ended_at = null, last_at = ? where id = ?", (to_text(now), storm_id))

    def calm(self, storm_id: int, who: str) -> bool:
        """Single cards again, though it lasts; False when it is over, or was calmed before."""
        return (
            self._engine.run(
                "update storms set calmed_by = ? where id = ? and calmed_by = '' and ended_at is null",
                (who, storm_id),
            )
            == 1
        )

    # Reading

    def get(self, storm_id: int) -> Storm | None:
        row = self._engine.one("select * from storms where id = ?", (storm_id,))
        return self._storm(row) if row is not None else None

    def active(self, brand: str) -> Storm | None:
        """The storm of a brand that is not over."""
        row = self._engine.one("select * from storms where brand = ? and ended_at is null", (brand,))
        return self._storm(row) if row is not None else None

    def all_active(self) -> list[Storm]:
        """Of every brand, the oldest first."""
        return [
            self._storm(row) for row in self._engine.rows("select * from storms where ended_at is null order by id")
        ]

    def grouped(self) -> frozenset[str]:
        """The brands whose single cards are gathered now."""
        rows = self._engine.rows("select brand from storms where ended_at is null and calmed_by = ''")
        return frozenset(row["brand"] for row in rows)

    def last(self, brand: str) -> Storm | None:
        """The newest of a brand, over or not."""
        row = self._engine.one("select * from storms where brand = ? order by id desc limit 1", (brand,))
        return self._storm(row) if row is not None else None

    def between(self, window: Window, brand: str = "") -> list[Storm]:
        """Those that began in a window, the oldest first."""
        rows = self._engine.rows(
            "select * from storms where started_at >= ? and started_at < ? and (? = '' or brand = ?) order by id",
            (to_text(window.start), to_text(window.end), brand, brand),
        )
        return [self._storm(row) for row in rows]

    # What is usual of a series, as it was worked out last

    def usual(self, brand: str, series: str, topic: str) -> tuple[str, str] | None:
        """(from the hours up to when, the usual as text); None when it was never worked out."""
        row = self._engine.one(
            "select until, told from usuals where brand = ? and series = ? and topic = ?", (brand, series, topic)
        )
        return (row["until"], row["told"]) if row is not None else None

    def keep_usual(self, brand: str, series: str, topic: str, until: datetime, told: str) -> None:
        self._engine.run(
            "insert into usuals (brand, series, topic, until, told) values (?, ?, ?, ?, ?)"
            " on conflict (brand, series, topic) do update set until = excluded.until, told = excluded.told",
            (brand, series, topic, to_text(until), told),
        )

    def first_hour(self, brand: str, topic: str = "") -> datetime | None:
        """The beginning of the first hour in which something of a brand, or of one of its topics, is counted."""
        if topic:
            start = self._engine.value("select min(start) from topics where brand = ? and query = ?", (brand, topic))
        else:
            start = self._engine.value("select min(start) from tallies where grain = 1 and brand = ?", (brand,))
        return from_text(f"{start[:13]}:00:00.000000Z") if start else None

    def days(self, window: Window) -> frozenset[str]:
        """The days (10 characters, UTC) on which anything at all was counted, of competitors too."""
        rows = self._engine.rows(
            "select distinct start from tallies where grain = 2 and start >= ? and start <= ?",
            (to_text(window.start)[:10], to_text(window.end)[:10]),
        )
        return frozenset(row["start"] for row in rows)

    def busy_topics(self, brand: str, window: Window, least: int) -> dict[str, int]:
        """The queries of a brand that found at least so many mentions in a window, and how many."""
        rows = self._engine.rows(
            "select query, sum(mentions) as n from topics where brand = ? and start >= ? and start < ?"
            " group by query || '' having sum(mentions) >= ?",  # by the index of starts: few lie in the window
            (brand, to_text(window.start)[:16], to_text(window.end)[:16], least),
        )
        return {row["query"]: row["n"] for row in rows}

    # What was said in one

    def published(self, brand: str, window: Window, series: str, topic: str) -> list[datetime | None]:
        """When the newest mentions of a series that are counted in a window were published; None where nobody tells."""
        rows = self._engine.rows(
            f"select m.published_at from mentions m where m.counted_at >= ? and m.counted_at < ? and {_OF_BRAND}"
            " and (? = 'all' or m.label = ?) and (? = '' or (m.brand = ? and m.query = ?))"
            " order by m.counted_at desc limit ?",
            (to_text(window.start), to_text(window.end), brand, brand, series, series, topic, brand, topic, _MOST_READ),
        )
        return [from_text(row["published_at"]) if row["published_at"] else None for row in rows]

    def top(self, brand: str, window: Window, limit: int) -> list[int]:
        """The ids of the mentions that moved or may reach most people, each story once."""
        rows = self._engine.rows(
            "select max(id) as id, max(moved) as moved, max(reach) as reach from (select m.id,"
            " coalesce(m.case_id, -m.id) as story, 10 * (coalesce(m.shares, 0) + coalesce(m.replies, 0)) as moved,"
            " coalesce(m.reach, 0) as reach, m.priority from mentions m where m.counted_at >= ? and m.counted_at < ?"
            f" and m.gone_at is null and {_OF_BRAND} order by m.counted_at desc limit ?)"
            " group by story order by max(max(moved), max(reach)) desc, max(priority) desc, id limit ?",
            (to_text(window.start), to_text(window.end), brand, brand, _MOST_READ, limit),
        )
        return [row["id"] for row in rows]

    def texts(self, brand: str, start: datetime, end: datetime, limit: int) -> list[str]:
        """What the newest mentions of a stretch of time say."""
        rows = self._engine.rows(
            "select m.title, m.text from mentions m where m.counted_at >= ? and m.counted_at < ?"
            f" and m.gone_at is null and {_OF_BRAND} order by m.counted_at desc limit ?",
            (to_text(start), to_text(end), brand, brand, limit),
        )
        return [f"{row['title']}\n{row['text']}" for row in rows]

    def cases(self, brand: str, window: Window) -> int:
        """How many cases of a brand were opened in a window."""
        return int(
            self._engine.value(
                "select count(*) from cases where opened_at >= ? and opened_at < ? and brand = ?",
                (to_text(window.start), to_text(window.end), brand),
            )
        )

    def cards_since(self, moment: datetime) -> dict[tuple[str, str], int]:
        """How many cards of single cases were asked for since, by chat and channel."""
        rows = self._engine.rows(
            "select chat, channel, count(*) as n from deliveries where action = 'post' and created_at > ?"
            " and substr(key, 1, 5) = 'card:' group by chat, channel",  # not by the index of keys: that has them all
            (to_text(moment),),
        )
        return {(row["chat"], row["channel"]): row["n"] for row in rows}

    def _must(self, storm_id: int) -> Storm:
        found = self.get(storm_id)
        assert found is not None  # noqa: S101 - it was written just now
        return found

    def _storm(self, row: Row) -> Storm:
        lines = self._engine.rows("select * from storm_lines where storm_id = ? order by place", (row["id"],))
        return Storm(
            id=row["id"],
            brand=row["brand"],
            started_at=from_text(row["started_at"]),
            last_at=from_text(row["last_at"]),
            ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
            count=row["count"],
            calmed_by=row["calmed_by"],
            drawn_at=from_text(row["drawn_at"]) if row["drawn_at"] else None,
            lines=tuple(_line(one) for one in lines),
        )


def _line(row: Row) -> Line:
    return Line(row["series"], row["topic"], from_text(row["started_at"]), row["count"], row["expected"], row["peak"])
