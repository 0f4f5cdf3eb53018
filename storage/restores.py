"""Backups as files, and what a database remembers of being one.

A copy carries the minute at which it was made in its header (`user_version`, which the database in use keeps at 0).
So a copy knows that it is one however it comes into place, and what was posted after that minute is looked for before
it is posted again. `SCHEMA` is run by a migration.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.engine import Engine
from storage.types import from_text, to_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)

SCHEMA: tuple[str, ...] = (
    "create table restores (id integer primary key, made_at text not null, restored_at text not null,"
    " looks_until text not null, first_case integer not null) strict",
)


@dataclass(frozen=True, slots=True)
class Restore:
    """A backup that was put in place: the present file goes on from `made_at`. Until `looks_until` what may have been
    posted in the time that was lost is looked for before it is posted."""

    made_at: datetime
    restored_at: datetime
    looks_until: datetime
    first_case: int  # numbers below it may stand on cards of the time that was lost


class Restores:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def copied_at(self) -> datetime | None:
        """When this file was copied, if it is a copy that nobody went on with yet; to the minute, never too late."""
        minutes = int(self._engine.value("pragma user_version"))
        return _EPOCH + minutes * _MINUTE if minutes > 0 else None

    def begin(self, restore: Restore) -> None:
        """From here on the copy is the database."""
        with self._engine.transaction():
            self._engine.run(
                "insert into restores (made_at, restored_at, looks_until, first_case) values (?, ?, ?, ?)",
                (*map(to_text, (restore.made_at, restore.restored_at, restore.looks_until)), restore.first_case),
            )
            self._engine.run("pragma user_version = 0")

    def last(self) -> Restore | None:
        row = self._engine.one("select * from restores order by id desc limit 1")
        if row is None:
            return None
        made_at, restored_at, looks_until = (from_text(row[one]) for one in ("made_at", "restored_at", "looks_until"))
        return Restore(made_at, restored_at, looks_until, row["first_case"])

    def in_force(self, now: datetime) -> Restore | None:
        """The last one, while what may stand already is looked for."""
        last = self.last()
        return last if last is not None and now < last.looks_until else None

    def newest_moment(self) -> datetime | None:
        """The last thing that is written in the file: when it was copied at the earliest."""
        found = self._engine.value(_NEWEST)
        return from_text(found) if found else None

    def is_ours(self) -> bool:
        """Whether the file is a database of Earshot at all."""
        return bool(self._engine.value("select count(*) from sqlite_master where name = 'mentions'"))

    def sizes(self) -> tuple[int, int]:
        """How many mentions there are, and the highest number of a case."""
        find = "select (select count(*) from mentions) as mentions, (select coalesce(max(id), 0) from cases) as last"
        row = self._engine.one(find)
        return (row["mentions"], row["last"]) if row is not None else (0, 0)


def stamp_of(made_at: datetime) -> int:
    """What stands in the header of a copy that was made then."""
    return int((made_at - _EPOCH) // _MINUTE)


_NEWEST = (
    "select max(at) from (select max(seen_at) as at from mentions union all select max(at) from case_events"
    " union all select max(created_at) from deliveries union all select max(at) from inbox)"
)
