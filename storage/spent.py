"""What works once on the page and must stay used up after a restart: sign-in links, and sessions that were ended."""

from collections.abc import Mapping
from datetime import datetime

from storage.engine import Engine
from storage.types import from_text, to_text


class Spent:
    """One row per random number (nonce) of a link or session, until that would have expired anyway."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, spent: Mapping[str, datetime], now: datetime) -> None:
        """Note what is used up, each until when it matters, and drop what does not matter any more."""
        self._engine.run("delete from spent where until <= ?", (to_text(now),))
        self._engine.run_many(
            "insert or ignore into spent (nonce, until) values (?, ?)",
            [(nonce, to_text(until)) for nonce, until in spent.items()],
        )

    def all(self, now: datetime) -> dict[str, datetime]:
        """What is used up and still matters, and until when."""
        rows = self._engine.rows("select nonce, until from spent where until > ?", (to_text(now),))
        return {row["nonce"]: from_text(row["until"]) for row in rows}


SCHEMA = ("create table spent (nonce text primary key, until text not null) strict, without rowid",)
