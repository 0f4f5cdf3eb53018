"""Which stored mentions are to be asked for again, so that what was deleted or edited outside is so here too."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine
from storage.types import from_text, to_text

SCHEMA = (
    "create table verifications (mention_id integer primary key, source_id integer not null, native_id text not null,"
    " has_case integer not null, due_at text not null, rounds integer not null default 0) strict",
    "create index verifications_due on verifications (source_id, due_at)",
)


class Due(NamedTuple):
    """A mention that is to be asked for now. `rounds` is how often it was, `seen_at` when it was stored."""

    mention_id: int
    native_id: str
    brand: str
    rounds: int
    seen_at: datetime


class Verifications:
    """A row for each mention of a source that can be asked; it goes with the mention's words or when it is old."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, source_id: int, items: Iterable[tuple[int, str, bool]], due: datetime) -> None:
        """Ask for these mentions (id, native id, whether it has a case) again at `due`."""
        at = to_text(due)
        self._engine.run_many(
            "insert into verifications (mention_id, source_id, native_id, has_case, due_at) values (?, ?, ?, ?, ?)"
            " on conflict do nothing",
            [(mention_id, source_id, native_id, int(has_case), at) for mention_id, native_id, has_case in items],
        )

    def due(self, source: str, now: datetime, limit: int) -> list[Due]:
        """The most urgent ones of a source, by its name. What stands on a card comes first."""
        rows = self._engine.rows(
            "select v.mention_id, v.native_id, m.brand, v.rounds, m.seen_at from verifications v"
            " join sources s on s.id = v.source_id join mentions m on m.id = v.mention_id"
            " where s.name = ? and v.due_at <= ? order by v.has_case desc, v.due_at limit ?",
            (source, to_text(now), limit),
        )
        return [
            Due(row["mention_id"], row["native_id"], row["brand"], row["rounds"], from_text(row["seen_at"]))
            for row in rows
        ]

    def again(self, mention_id: int, due: datetime) -> None:
        """It was asked for; the next time is at `due`."""
        self._engine.run(
            "update verifications set due_at = ?, rounds = rounds + 1 where mention_id = ?", (to_text(due), mention_id)
        )

    def has_case(self, mention_id: int) -> None:
        """It stands on a card from now on."""
        self._engine.run("update verifications set has_case = 1 where mention_id = ?", (mention_id,))

    def end(self, mention_ids: Sequence[int]) -> None:
        """They are not asked for any more."""
        self._engine.run_many("delete from verifications where mention_id = ?", [(one,) for one in mention_ids])
