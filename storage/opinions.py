"""What a second opinion said of texts, known by their hashes alone, and how often it was asked on a day (UTC)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from storage.costs import day_of
from storage.engine import Engine
from storage.types import to_text

_AT_ONCE = 100  # keys in one query

SCHEMA = (
    "create table opinions (key text primary key, odds real not null, at text not null) strict, without rowid",
    "create index opinions_at on opinions (at)",
    "create table opinion_requests (day text primary key, requests integer not null) strict, without rowid",
)


class Opinions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, keys: Sequence[str], since: datetime) -> dict[str, float]:
        """Log-odds of a complaint by key, of what was said at or after `since`."""
        found: dict[str, float] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ["?"] * len(some)
            rows = self._engine.rows(
                f"select key, odds from opinions where at >= ? and key in ({', '.join(marks)})",
                (to_text(since), *some),
            )
            found |= {row["key"]: row["odds"] for row in rows}
        return found

    def keep(self, said: Mapping[str, float], now: datetime) -> None:
        """Log-odds by key, in the place of what was said before."""
        self._engine.run_many(
            "insert into opinions (key, odds, at) values (?, ?, ?)"
            " on conflict (key) do update set odds = excluded.odds, at = excluded.at",
            [(key, odds, to_text(now)) for key, odds in said.items()],
        )

    def reserve(self, most: int, now: datetime) -> bool:
        """Count one request of today before it is made; False, and nothing is counted, when `most` were made."""
        if most < 1:
            return False
        return bool(
            self._engine.run(
                "insert into opinion_requests (day, requests) values (?, 1) on conflict (day)"
                " do update set requests = requests + 1 where requests < ?",
                (day_of(now), most),
            )
        )

    def requests(self, now: datetime) -> int:
        """How many were made today."""
        found = self._engine.value("select requests from opinion_requests where day = ?", (day_of(now),))
        return int(found or 0)

    def forget_before(self, moment: datetime) -> int:
        """Drop what was said before, and the counts of days before; how many opinions."""
        self._engine.run("delete from opinion_requests where day < ?", (day_of(moment),))
        return self._engine.run("delete from opinions where at < ?", (to_text(moment),))
