"""Alarms: what is wrong with a source, from when until when; and when each source was heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.engine import Engine, Row
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table alarms (id integer primary key, source text not null, kind text not null, since text not null,"
    " noticed_at text not null, told_at text, ended_at text, ending text not null, words text not null,"
    " usual integer) strict",
    "create unique index alarms_open on alarms (source, kind) where ended_at is null",
    "create index alarms_told on alarms (source, kind, told_at)",
    "create table arrivals (source_id integer not null references sources (id), hour text not null,"
    " quarters integer not null, mentions integer not null, last_at text not null,"
    " primary key (source_id, hour)) strict, without rowid",
    "insert into arrivals select source_id, substr(seen_at, 1, 13),"
    " count(distinct cast(substr(seen_at, 15, 2) as integer) / 15), count(*), max(seen_at) from mentions"
    " where counted_at = seen_at group by 1, 2",
    "create table watching (id integer primary key check (id = 1), since text not null, until text not null) strict",
)
_WRITTEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong with a source. Of one kind a source has one at a time that is not over."""

    id: int
    source: str
    kind: str  # silent, failing, quota, off
    since: datetime
    noticed_at: datetime
    told_at: datetime | None  # a card was asked for; None: it is too early to tell
    ended_at: datetime | None
    ending: str  # back, or switched off
    words: str  # what the source said, "" for a silence
    usual: int | None  # mentions that usually come in the time of a silence


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An hour in which a source brought mentions that nobody had seen before."""

    start: datetime
    quarters: int  # of its four
    mentions: int
    last_at: datetime


class Alarms:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # When a source was heard

    def heard(self, source_id: int, mentions: int, now: datetime) -> None:
        """So many mentions came in now; call it in the transaction that stores them."""
        at = to_text(now)
        quarter = to_text(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0))
        self._engine.run(
            "insert into arrivals (source_id, hour, quarters, mentions, last_at) values (?, ?, 1, ?, ?)"
            " on conflict (source_id, hour) do update set mentions = arrivals.mentions + excluded.mentions,"
            " quarters = arrivals.quarters + (arrivals.last_at < ?), last_at = max(arrivals.last_at, excluded.last_at)",
            (source_id, at[:13], mentions, at, quarter),
        )

    def last_heard(self, source_id: int) -> datetime | None:
        """When something came the last time; None when nothing ever did."""
        at = self._engine.value(
            "select last_at from arrivals where source_id = ? order by hour desc limit 1", (source_id,)
        )
        return from_text(at) if at else None

    def arrivals(self, source_id: int, since: datetime) -> Sequence[Arrivals]:
        """The hours in which something came since, oldest first."""
        rows = self._engine.rows(
            "select * from arrivals where source_id = ? and hour >= ? order by hour", (source_id, to_text(since)[:13])
        )
        return [
            Arrivals(
                from_text(f"{row['hour']}:00:00.000000Z"), row["quarters"], row["mentions"], from_text(row["last_at"])
            )
            for row in rows
        ]

    def watch(self, now: datetime, patience: timedelta) -> datetime:
        """Note that somebody looks; since when it was looked at without a break longer than `patience`."""
        row = self._engine.one("select since, until from watching where id = 1")
        since, until = (from_text(row["since"]), from_text(row["until"])) if row is not None else (now, now)
        if row is not None and timedelta() <= now - until < _WRITTEN_EVERY:
            return since
        if not timedelta() <= now - until <= patience:
            since = now
        self._engine.run(
            "insert into watching (id, since, until) values (1, ?, ?)"
            " on conflict (id) do update set since = excluded.since, until = excluded.until",
            (to_text(since), to_text(now)),
        )
        return since

    # Alarms

    def notice(
        self, source: str, kind: str, since: datetime, words: str, now: datetime, usual: int | None = None
    ) -> Alarm:
        """A new one, not told yet. The source has none of this kind that is not over."""
        row = self._engine.one(
            "insert into alarms (source, kind, since, noticed_at, ending, words, usual)"
            " values (?, ?, ?, ?, '', ?, ?) returning *",
            (source, kind, to_text(since), to_text(now), words, usual),
        )
        return _alarm(row)

    def open_again(self, alarm: Alarm, since: datetime, words: str, usual: int | None, now: datetime) -> None:
        """It was over, and is not."""
        self._engine.run(
            "update alarms set ended_at = null, ending = '', since = ?, noticed_at = ?, words = ?, usual = ?"
            " where id = ?",
            (to_text(since), to_text(now), words, usual, alarm.id),
        )

    def says(self, alarm: Alarm, words: str) -> None:
        """The source says something else now."""
        self._engine.run("update alarms set words = ? where id = ?", (words, alarm.id))

    def told(self, alarm: Alarm, now: datetime) -> None:
        """People are told of it."""
        self._engine.run("update alarms set told_at = ? where id = ?", (to_text(now), alarm.id))

    def end(self, alarm: Alarm, ending: str, now: datetime) -> None:
        """It is over: `ending` is back, or switched off."""
        self._engine.run("update alarms set ended_at = ?, ending = ? where id = ?", (to_text(now), ending, alarm.id))

    def forget(self, alarm: Alarm) -> None:
        """It was over before anybody was told."""
        self._engine.run("delete from alarms where id = ?", (alarm.id,))

    def get(self, alarm_id: int) -> Alarm | None:
        row = self._engine.one("select * from alarms where id = ?", (alarm_id,))
        return _alarm(row) if row is not None else None

    def all_open(self) -> list[Alarm]:
        """Those that are not over, told or not, in the order of the sources' names."""
        rows = self._engine.rows("select * from alarms where ended_at is null order by source, kind")
        return [_alarm(row) for row in rows]

    def last_told(self, source: str, kind: str, since: datetime) -> Alarm | None:
        """The newest that people were told of since."""
        row = self._engine.one(
            "select * from alarms where source = ? and kind = ? and told_at > ? order by told_at desc limit 1",
            (source, kind, to_text(since)),
        )
        return _alarm(row) if row is not None else None


def _alarm(row: Row) -> Alarm:
    return Alarm(
        id=row["id"],
        source=row["source"],
        kind=row["kind"],
        since=from_text(row["since"]),
        noticed_at=from_text(row["noticed_at"]),
        told_at=from_text(row["told_at"]) if row["told_at"] else None,
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
        ending=row["ending"],
        words=row["words"],
        usual=row["usual"],
    )
