"""Mutes: public, listed, reversible silences with an end date."""

from datetime import datetime

from storage.engine import Engine, Row
from storage.types import Mute, from_text, to_text


class Mutes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, what: str, value: str, brand: str, until: datetime, by: str, now: datetime) -> Mute:
        row = self._engine.one(
            "insert into mutes (what, value, brand, until, created_by, created_at)"
            " values (?, ?, ?, ?, ?, ?) returning *",
            (what, value, brand, to_text(until), by, to_text(now)),
        )
        return _mute(row)

    def remove(self, mute_id: int, now: datetime) -> bool:
        """Whether there was an active one to take away."""
        return (
            self._engine.run(
                "update mutes set removed_at = ? where id = ? and removed_at is null and until > ?",
                (to_text(now), mute_id, to_text(now)),
            )
            == 1
        )

    def active(self, now: datetime) -> list[Mute]:
        rows = self._engine.rows(
            "select * from mutes where removed_at is null and until > ? order by id", (to_text(now),)
        )
        return [_mute(row) for row in rows]

    def hid(self, mute_id: int, count: int) -> None:
        """Count mentions that it kept from becoming cases."""
        self._engine.run("update mutes set hidden = hidden + ? where id = ?", (count, mute_id))


def _mute(row: Row) -> Mute:
    return Mute(
        id=row["id"],
        what=row["what"],
        value=row["value"],
        brand=row["brand"],
        until=from_text(row["until"]),
        created_by=row["created_by"],
        created_at=from_text(row["created_at"]),
        hidden=row["hidden"],
    )
