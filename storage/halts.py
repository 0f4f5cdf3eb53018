"""Halts: stretches of time in which no reply is sent. At most one lasts at a time."""

from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table halts (id integer primary key, since text not null, begun_by text not null, why text not null,"
    " ended_at text, ended_by text not null) strict",
    "create unique index halts_lasting on halts (ended_at is null) where ended_at is null",
)


@dataclass(frozen=True, slots=True)
class Halt:
    """Nobody's reply is sent from `since` on, until somebody ends it."""

    id: int
    since: datetime
    begun_by: str
    why: str  # in her words; may be ""
    ended_at: datetime | None
    ended_by: str  # "" while it lasts


class Halts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lasting(self) -> Halt | None:
        row = self._engine.one("select * from halts where ended_at is null")
        return _halt(row) if row is not None else None

    def get(self, halt_id: int) -> Halt | None:
        row = self._engine.one("select * from halts where id = ?", (halt_id,))
        return _halt(row) if row is not None else None

    def begin(self, by: str, why: str, now: datetime) -> Halt | None:
        """None when one lasts already."""
        row = self._engine.one(
            "insert into halts (since, begun_by, why, ended_by) values (?, ?, ?, '')"
            " on conflict do nothing returning *",
            (to_text(now), by, why),
        )
        return _halt(row) if row is not None else None

    def end(self, by: str, now: datetime) -> Halt | None:
        """The one that has lasted until now; None when none did."""
        row = self._engine.one(
            "update halts set ended_at = ?, ended_by = ? where ended_at is null returning *", (to_text(now), by)
        )
        return _halt(row) if row is not None else None


def _halt(row: Row) -> Halt:
    return Halt(
        id=row["id"],
        since=from_text(row["since"]),
        begun_by=row["begun_by"],
        why=row["why"],
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
        ended_by=row["ended_by"],
    )
