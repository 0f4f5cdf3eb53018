"""How fast mentions usually gain likes, shares and replies: a histogram of each source, a row a month and bucket."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from storage.engine import Engine
from storage.types import from_text, to_text

_RATIO = 1.25  # between two buckets
_MONTHS = 3  # that are looked back on, the running one included
_LONGEST = timedelta(hours=12)  # posts gain most of what they ever will in about this time
_SHORTEST = timedelta(hours=1)

SCHEMA: tuple[str, ...] = (
    "create table speeds (source_id integer not null references sources (id), month text not null,"
    " bucket integer not null, n integer not null, primary key (source_id, month, bucket)) strict, without rowid",
)


class Speeds:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, source_id: int, counts: Mapping[int, int], now: datetime) -> None:
        """Count gains by the bucket of their speed (`bucket_of`)."""
        month = to_text(now)[:7]
        self._engine.run_many(
            "insert into speeds (source_id, month, bucket, n) values (?, ?, ?, ?)"
            " on conflict (source_id, month, bucket) do update set n = speeds.n + excluded.n",
            [(source_id, month, bucket, n) for bucket, n in counts.items()],
        )

    def quantile(self, source_id: int, share: float, least: int, now: datetime) -> float | None:
        """The speed that this share of a source's gains did not exceed; None while fewer than `least` are known."""
        first = to_text(now.replace(day=1) - timedelta(days=27 * (_MONTHS - 1)))[:7]
        rows = self._engine.rows(
            "select bucket, sum(n) as n from speeds where source_id = ? and month >= ? group by bucket order by bucket",
            (source_id, first),
        )
        total, seen = sum(row["n"] for row in rows), 0
        if total < least:
            return None
        for row in rows:
            seen += row["n"]
            if seen >= share * total:
                return float(_RATIO ** (row["bucket"] + 0.5))
        return None

    def of_author(self, author: str, before_id: int, limit: int) -> list[float]:
        """What a person's newest posts before a mention gained in an hour, as told the last time that they were read.

        A post's likes, shares and replies by its age, of which only the first twelve hours count: later a post gains
        little.
        """
        if not author:
            return []
        rows = self._engine.rows(
            "select likes, shares, replies, published_at, seen_at, changed_at from mentions"
            " where author = ? and id < ? order by id desc limit ?",
            (author, before_id, limit),
        )
        found = []
        for row in rows:
            known = [row[name] for name in ("likes", "shares", "replies") if row[name] is not None]
            if known:
                age = from_text(row["changed_at"]) - from_text(row["published_at"] or row["seen_at"])
                found.append(sum(known) / (min(max(age, _SHORTEST), _LONGEST).total_seconds() / 3600))
        return found


def bucket_of(speed: float) -> int:
    """The bucket of a speed in acts an hour: 0 for up to one, then each a quarter faster than the one before."""
    return max(0, round(math.log(max(speed, 1.0), _RATIO)))
