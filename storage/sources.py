"""What is remembered of each source: its cursor, its health, and what it gave that could not be read."""

from collections.abc import Iterable
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import SourceState, from_text, to_text


class Sources:
    """The cursor moves only in the transaction that stores what was read up to it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def id_of(self, name: str, kind: str, now: datetime) -> int:
        """The number of a source, which is made known if it is not."""
        row = self._engine.one("select id from sources where name = ?", (name,))
        if row is not None:
            return int(row["id"])
        self._engine.run(
            "insert into sources (name, kind, status, error, first_seen_at, stored, quarantined)"
            " values (?, ?, 'new', '', ?, 0, 0)",
            (name, kind, to_text(now)),
        )
        return int(self._engine.value("select id from sources where name = ?", (name,)))

    def state(self, name: str) -> SourceState | None:
        row = self._engine.one("select * from sources where name = ?", (name,))
        return _state(row) if row is not None else None

    def all(self) -> list[SourceState]:
        return [_state(row) for row in self._engine.rows("select * from sources order by name")]

    def names(self) -> dict[int, str]:
        """The name of each source by its number, as the roll-ups know it."""
        return {row["id"]: row["name"] for row in self._engine.rows("select id, name from sources")}

    def read_up_to(self, source_id: int, cursor: str | None, stored: int, quarantined: int, now: datetime) -> None:
        """Note what a page brought; call it in the page's own transaction."""
        self._engine.run(
            "update sources set cursor = coalesce(?, cursor), status = 'ok', error = '', last_ok_at = ?,"
            " stored = stored + ?, quarantined = quarantined + ? where id = ?",
            (cursor, to_text(now), stored, quarantined, source_id),
        )

    def failed(self, source_id: int, error: str, status: str) -> None:
        """Note why it could not be read. `status` is failing, quota when it wants to be left alone for long, or off
        when a person must act."""
        self._engine.run("update sources set status = ?, error = ? where id = ?", (status, error[:500], source_id))

    def poll_next(self, source_id: int, moment: datetime) -> None:
        self._engine.run("update sources set next_poll_at = ? where id = ?", (to_text(moment), source_id))

    def quarantine(self, source_id: int, items: Iterable[tuple[str, str, str]], now: datetime) -> int:
        """Keep items (place, reason, sample) that could not be read; how many were not there already.

        A place alone does not tell two of them apart: each delivery has a first item, a replaced file a first row.
        """
        at = to_text(now)
        return sum(
            self._engine.run(
                "insert into quarantine (source_id, at, place, reason, sample) values (?, ?, ?, ?, ?)"
                " on conflict do nothing",
                (source_id, at, place[:300], reason[:300], sample[:200]),
            )
            for place, reason, sample in items
        )

    def quarantined(self, limit: int = 20) -> list[tuple[str, str, str, str]]:
        """The newest items that could not be read: (source, place, reason, sample)."""
        rows = self._engine.rows(
            "select s.name, q.place, q.reason, q.sample"
            " from quarantine q join sources s on s.id = q.source_id order by q.id desc limit ?",
            (limit,),
        )
        return [(row["name"], row["place"], row["reason"], row["sample"]) for row in rows]


def _state(row: Row) -> SourceState:
    return SourceState(
        name=row["name"],
        kind=row["kind"],
        cursor=row["cursor"],
        status=row["status"],
        error=row["error"],
        last_ok_at=from_text(row["last_ok_at"]) if row["last_ok_at"] else None,
        next_poll_at=from_text(row["next_poll_at"]) if row["next_poll_at"] else None,
        first_seen_at=from_text(row["first_seen_at"]),
        stored=row["stored"],
        quarantined=row["quarantined"],
    )
