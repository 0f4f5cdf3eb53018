"""What a button stands for where a chat lets it carry too little: kept by a key that follows from it."""

from collections.abc import Mapping
from datetime import datetime

from storage.engine import Engine
from storage.types import to_text


class Carried:
    """One row per key, for as long as a message may be clicked that shows it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, told: Mapping[str, str], now: datetime) -> None:
        """Keep these by their keys, in place of what was there; they are as good as new."""
        self._engine.run_many(
            "insert into carried (key, body, at) values (?, ?, ?)"
            " on conflict (key) do update set body = excluded.body, at = excluded.at",
            [(key, body, to_text(now)) for key, body in told.items()],
        )

    def get(self, key: str) -> str:
        """What was kept under a key, "" when there is nothing (any more)."""
        return str(self._engine.value("select body from carried where key = ?", (key,)) or "")

    def forget_before(self, moment: datetime) -> int:
        """Drop what was not shown since; how many."""
        return self._engine.run("delete from carried where at < ?", (to_text(moment),))


SCHEMA = ("create table carried (key text primary key, body text not null, at text not null) strict, without rowid",)
