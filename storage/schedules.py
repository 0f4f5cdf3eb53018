"""Briefings: who gets one when, and which were posted. A slot is a row per (schedule, local date).

The row decides: whoever writes it posts, and nobody can write it twice. What a slot covers begins where the one before
it ended, so that a schedule's slots make up all of the time, whatever happened to the clocks meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from storage.engine import Engine, Row
from storage.types import Window, from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table schedules (id integer primary key, every text not null, day integer not null, at text not null,"
    " zone text not null, chat text not null, channel text not null, brand text not null, language text not null,"
    " created_by text not null, created_at text not null, removed_by text, removed_at text) strict",
    "create table slots (schedule_id integer not null references schedules (id), local_date text not null,"
    " status text not null, covers_from text, covers_to text, at text not null,"
    " primary key (schedule_id, local_date)) strict, without rowid",
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who gets a briefing when. Its dates and its time of day are those of its zone."""

    id: int
    every: str  # daily, working days, weekly, monthly, quarterly, annual
    day: int  # weekly: 0 is Monday; monthly and longer: the day of the month, 31 for its last; else 0
    at: time
    zone: str
    chat: str
    channel: str  # #leadership, or @ana
    brand: str  # "" for all of them
    language: str  # of numbers and dates; "" for English
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A briefing that was posted, or (`merged`) one that came too late and is covered by the next."""

    schedule_id: int
    local_date: date
    status: str  # posted, merged
    covers: Window | None  # None when merged
    at: datetime  # when the row was written


class Schedules:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, schedule: Schedule) -> Schedule:
        """Keep it, under a number of its own (what `id` says is not read)."""
        made = self._engine.value(
            "insert into schedules (every, day, at, zone, chat, channel, brand, language, created_by, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
            (
                schedule.every, schedule.day, f"{schedule.at:%H:%M}", schedule.zone, schedule.chat, schedule.channel,
                schedule.brand, schedule.language, schedule.created_by, to_text(schedule.created_at),
            ),
        )  # fmt: skip
        return replace(schedule, id=int(made))

    def get(self, schedule_id: int) -> Schedule | None:
        """A schedule, also one that was removed: its messages still stand."""
        known = abs(schedule_id) < 1 << 62
        row = self._engine.one(f"{_SELECT} where id = ?", (schedule_id,)) if known else None
        return _schedule(row) if row is not None else None

    def all(self) -> list[Schedule]:
        """Those that were not removed, oldest first."""
        rows = self._engine.rows(f"{_SELECT} where removed_at is null order by id")
        return [_schedule(row) for row in rows]

    def is_removed(self, schedule_id: int) -> bool:
        return bool(
            self._engine.value("select count(*) from schedules where id = ? and removed_at is not null", (schedule_id,))
        )

    def remove(self, schedule_id: int, by: str, now: datetime) -> bool:
        """Whether there was one to take away. Its slots stay."""
        return (
            self._engine.run(
                "update schedules set removed_by = ?, removed_at = ? where id = ? and removed_at is null",
                (by, to_text(now), schedule_id),
            )
            == 1
        )

    # Slots

    def without(self, wanted: Sequence[tuple[int, date]]) -> list[tuple[int, date]]:
        """Those of (schedule, local date) that have no row yet, in no order."""
        missing: list[tuple[int, date]] = []
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            asked = [part for schedule_id, day in some for part in (schedule_id, day.isoformat())]
            rows = self._engine.rows(
                f"with asked (schedule_id, local_date) as (values {','.join(['(?, ?)'] * len(some))})"
                " select * from asked where not exists (select 1 from slots"
                " where slots.schedule_id = asked.schedule_id and slots.local_date = asked.local_date)",
                asked,
            )
            missing += [(row["schedule_id"], date.fromisoformat(row["local_date"])) for row in rows]
        return missing

    def post(self, schedule_id: int, local_date: date, covers: Window, now: datetime) -> bool:
        """Take the slot, to post it; False when somebody had it."""
        return self._take(schedule_id, local_date, "posted", to_text(covers.start), to_text(covers.end), now)

    def merge(self, schedule_id: int, local_dates: Iterable[date], now: datetime) -> int:
        """These came too late and are covered by a later one; how many were nobody's."""
        return sum(self._take(schedule_id, day, "merged", None, None, now) for day in local_dates)

    def slot(self, schedule_id: int, local_date: date) -> Slot | None:
        row = self._engine.one(
            "select * from slots where schedule_id = ? and local_date = ?", (schedule_id, local_date.isoformat())
        )
        return _slot(row) if row is not None else None

    def slots(self, schedule_id: int) -> list[Slot]:
        """All of a schedule's, oldest first."""
        rows = self._engine.rows("select * from slots where schedule_id = ? order by local_date", (schedule_id,))
        return [_slot(row) for row in rows]

    def covering(self, moment: datetime) -> list[tuple[int, date]]:
        """The briefings that were posted and tell of a moment: (schedule, date)."""
        at = to_text(moment)
        rows = self._engine.rows(
            "select schedule_id, local_date from slots where covers_from <= ? and covers_to > ?", (at, at)
        )
        return [(row["schedule_id"], date.fromisoformat(row["local_date"])) for row in rows]

    def last_before(self, schedule_id: int, local_date: date) -> date:
        """The date of the last slot before this one, whatever became of it; `date.min` when there is none."""
        found = self._engine.value(
            "select local_date from slots where schedule_id = ? and local_date < ? order by local_date desc limit 1",
            (schedule_id, local_date.isoformat()),
        )
        return date.fromisoformat(found) if found else date.min

    def covered_until(self, schedule_id: int, before: date) -> datetime | None:
        """Where the last one that was posted for a date before this ended; None when there was none."""
        found = self._engine.value(
            "select covers_to from slots where schedule_id = ? and local_date < ? and status = 'posted'"
            " order by local_date desc limit 1",
            (schedule_id, before.isoformat()),
        )
        return from_text(found) if found else None

    def forget_merged(self, schedule_id: int, after: date) -> int:
        """Rows of days that are far ahead were written by a clock that was wrong; how many there were.

        One that was posted stays: it was posted.
        """
        return self._engine.run(
            "delete from slots where schedule_id = ? and local_date > ? and status = 'merged'",
            (schedule_id, after.isoformat()),
        )

    def _take(self, schedule_id: int, local_date: date, status: str, *rest: Any) -> bool:
        covers_from, covers_to, now = rest
        return (
            self._engine.run(
                "insert into slots (schedule_id, local_date, status, covers_from, covers_to, at)"
                " values (?, ?, ?, ?, ?, ?) on conflict do nothing",
                (schedule_id, local_date.isoformat(), status, covers_from, covers_to, to_text(now)),
            )
            == 1
        )


_AT_ONCE = 200  # slots asked for in one statement
_SELECT = f"select {', '.join(one.name for one in fields(Schedule))} from schedules"


def _schedule(row: Row) -> Schedule:
    return _read(*row)


@lru_cache(maxsize=512)  # the clock asks for all of them every few seconds, and they never change
def _read(number: int, every: str, day: int, at: str, zone: str, *told: str) -> Schedule:
    chat, channel, brand, language, created_by, created_at = told
    when = from_text(created_at)
    return Schedule(number, every, day, time.fromisoformat(at), zone, chat, channel, brand, language, created_by, when)


def _slot(row: Row) -> Slot:
    covers = Window(from_text(row["covers_from"]), from_text(row["covers_to"])) if row["covers_from"] else None
    return Slot(row["schedule_id"], date.fromisoformat(row["local_date"]), row["status"], covers, from_text(row["at"]))
