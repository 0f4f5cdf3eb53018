"""What sources have cost: money and requests, a row for each source and day (UTC). Money is in micro-dollars."""

from datetime import UTC, datetime

from storage.engine import Engine

SCHEMA = (
    "create table costs (source_id integer not null, day text not null, requests integer not null default 0,"
    " money integer not null default 0, primary key (source_id, day)) strict, without rowid",
)


class Costs:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def spend(self, source_id: int, money: int, now: datetime, requests: int = 0) -> int:
        """Add to what today has cost, or take back from it (a negative sum); the new sum of today."""
        return int(
            self._engine.value(
                "insert into costs (source_id, day, requests, money) values (?, ?, ?, ?) on conflict (source_id, day)"
                " do update set requests = requests + excluded.requests, money = max(0, money + excluded.money)"
                " returning money",
                (source_id, day_of(now), requests, money),
            )
        )

    def spent(self, source_id: int, now: datetime) -> int:
        """What today has cost so far."""
        found = self._engine.value("select money from costs where source_id = ? and day = ?", (source_id, day_of(now)))
        return int(found or 0)

    def by_source(self, first: datetime, last: datetime) -> dict[str, tuple[int, int]]:
        """Money and requests of the days (UTC) from that of `first` to that of `last`, by the source's name.

        Sources that cost nothing are left out.
        """
        rows = self._engine.rows(
            "select s.name, sum(c.money) as money, sum(c.requests) as requests from costs c"
            " join sources s on s.id = c.source_id where c.day >= ? and c.day <= ? group by s.name"
            " having sum(c.money) > 0 order by s.name",
            (day_of(first), day_of(last)),
        )
        return {row["name"]: (row["money"], row["requests"]) for row in rows}


def day_of(moment: datetime) -> str:
    """The day of a moment in UTC: 2026-11-22."""
    return moment.astimezone(UTC).date().isoformat()
