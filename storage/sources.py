"""What is remembered of each source: its cursors, its health, and what it gave that could not be read.

A source has a cursor for each native query that it is asked, and one for its stream; one that is read as a whole has
the query "". The source's own status sums theirs up.

A cursor may be as long as a feed; it stands last in its row, so that what is asked of all rows is found before it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import CursorState, SourceState, from_text, to_text

STREAM = "~stream"  # stands for a native query: a stream's cursor is kept under it. No place takes such a query
VERIFY = "~verify"  # the same for asking again after what is stored
LOOK = "~look"  # for a look at one mention; it has no cursor

SCHEMA = (
    "create table cursors (source_id integer not null, query text not null, status text not null default 'new',"
    " error text not null default '', next_poll_at text, is_planned integer not null default 1, cursor text,"
    " primary key (source_id, query)) strict, without rowid",
    "insert into cursors (source_id, query, cursor, status, error, next_poll_at)"
    " select id, '', cursor, status, error, next_poll_at from sources",
    "alter table sources drop column cursor",
)


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
        row = self._engine.one(f"{_SELECT} where s.name = ?", (name,))
        return _state(row) if row is not None else None

    def all(self) -> list[SourceState]:
        return [_state(row) for row in self._engine.rows(f"{_SELECT} order by s.name")]

    def names(self) -> dict[int, str]:
        """The name of each source by its number, as the roll-ups know it."""
        return {row["id"]: row["name"] for row in self._engine.rows("select id, name from sources")}

    def plan(self, source_id: int, queries: Sequence[str]) -> None:
        """From now on these native queries are asked; the cursors of others are kept, and their trouble is over."""
        self._engine.run("update cursors set is_planned = 0 where source_id = ?", (source_id,))
        self._engine.run_many(
            "insert into cursors (source_id, query) values (?, ?) on conflict do update set is_planned = 1",
            [(source_id, query) for query in queries],
        )
        self._sum_up(source_id)

    def cursors(self, source_id: int) -> dict[str, CursorState]:
        """How far each native query that is asked now was read."""
        rows = self._engine.rows("select * from cursors where source_id = ? and is_planned", (source_id,))
        return {row["query"]: _cursor(row) for row in rows}

    def cursor(self, name: str, query: str = "") -> str | None:
        """How far a native query of a source was read; None when it never was."""
        found = self._engine.value(
            "select c.cursor from cursors c join sources s on s.id = c.source_id where s.name = ? and c.query = ?",
            (name, query),
        )
        return str(found) if found is not None else None

    def read_up_to(
        self,
        source_id: int,
        cursor: str | None,
        stored: int,
        quarantined: int,
        now: datetime,
        query: str | None = "",
    ) -> None:
        """Note what a page brought; call it in the page's own transaction. `query` None: no cursor moves.

        Asking again after what is stored (VERIFY, LOOK) is no hearing of what is new.
        """
        self._engine.run(
            "update sources set last_ok_at = coalesce(?, last_ok_at), stored = stored + ?,"
            " quarantined = quarantined + ? where id = ?",
            (to_text(now) if query not in (VERIFY, LOOK) else None, stored, quarantined, source_id),
        )
        if query in (None, LOOK):
            return
        before = self._engine.value("select status from cursors where source_id = ? and query = ?", (source_id, query))
        self._engine.run(
            "insert into cursors (source_id, query, cursor, status) values (?, ?, ?, 'ok') on conflict do update set"
            " cursor = coalesce(excluded.cursor, cursor), status = 'ok', error = ''",
            (source_id, query, cursor),
        )
        if before in (None, "new"):  # the first page of each of a thousand need not count them all
            self._engine.run("update sources set status = 'ok' where id = ? and status = 'new'", (source_id,))
        elif before != "ok":
            self._sum_up(source_id)

    def failed(self, source_id: int, error: str, status: str, query: str = "") -> None:
        """Note why it could not be read. `status` is failing, quota when it wants to be left alone for long, or off
        when a person must act."""
        self._engine.run(
            "insert into cursors (source_id, query, status, error) values (?, ?, ?, ?) on conflict do update set"
            " status = excluded.status, error = excluded.error",
            (source_id, query, status, error[:500]),
        )
        self._sum_up(source_id)

    def poll_next(self, source_id: int, moment: datetime, query: str = "") -> None:
        at = to_text(moment)
        self._engine.run(
            "insert into cursors (source_id, query, next_poll_at) values (?, ?, ?) on conflict do update set"
            " next_poll_at = excluded.next_poll_at",
            (source_id, query, at),
        )
        self._engine.run("update sources set next_poll_at = ? where id = ?", (at, source_id))

    def _sum_up(self, source_id: int) -> None:
        """The source's status from those of its native queries: a few of many in trouble are told, not an alarm."""
        rows = self._engine.rows(
            "select query, status, error from cursors where source_id = ? and is_planned order by query",
            (source_id,),
        )
        status, error = _summed_up([row for row in rows if row["query"] not in _ASIDE])
        if any(row["status"] == "ok" for row in rows) and status == "new":
            status = "ok"
        aside = [f"{_ASIDE[row['query']]}: {row['error']}" for row in rows if row["query"] in _ASIDE and row["error"]]
        told = " ".join(part for part in (error, *aside) if part)
        self._engine.run("update sources set status = ?, error = ? where id = ?", (status, told[:500], source_id))

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


_WORST = ("off", "failing", "quota")
_FEW = 10  # less than a tenth of a source's native queries in trouble is no trouble of the source
_ASIDE = {STREAM: "Its stream cannot be followed", VERIFY: "What was deleted or edited there cannot be seen"}
_SELECT = "select s.*, c.cursor as cursor from sources s left join cursors c on c.source_id = s.id and c.query = ''"


def _summed_up(rows: Sequence[Row]) -> tuple[str, str]:
    """Status and sentence of some native queries; the sentences name their host themselves."""
    bad = [row for row in rows if row["status"] in _WORST]
    if not bad:
        return ("ok" if any(row["status"] == "ok" for row in rows) else "new"), ""
    worst = min(bad, key=lambda row: _WORST.index(row["status"]))
    if len(bad) == len(rows) and len({row["error"] for row in bad}) == 1:
        return worst["status"], worst["error"]
    error = f"{len(rows) - len(bad):,} of {len(rows):,} read well; {worst['error']}"
    if len(bad) == len(rows):
        return worst["status"], error
    if len(bad) * _FEW >= len(rows):
        return ("quota" if worst["status"] == "quota" else "failing"), error
    return "ok", error


def _cursor(row: Row) -> CursorState:
    return CursorState(
        cursor=row["cursor"],
        status=row["status"],
        error=row["error"],
        next_poll_at=from_text(row["next_poll_at"]) if row["next_poll_at"] else None,
    )


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
