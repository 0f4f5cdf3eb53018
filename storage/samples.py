"""Samples: mentions that were not alerted, for people to judge; and how many of the cards were right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import Window, from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table sample_weeks (week text primary key, ended_at text not null, quiet integer not null,"
    " drawn_at text not null) strict, without rowid",
    "create table samples (week text not null references sample_weeks (week), place integer not null,"
    " mention_id integer not null references mentions (id), verdict text not null, judged_by text not null,"
    " judged_at text, primary key (week, place), unique (mention_id)) strict, without rowid",
)
MOST = 20_000  # cards of one stretch of time that are looked at, the newest first
_QUIET = (
    "case_id is null and gone_at is null and counted_at = seen_at"  # what came a day late was never to be alerted
    """ and reasons not like '%"muted (%'"""
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One mention of a week's sample. `verdict` is missed, quiet, or "" while nobody has judged it."""

    week: str  # 2026-W47
    place: int
    mention_id: int
    verdict: str
    judged_by: str
    judged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the cards of a stretch of time; `undecided` ones were neither taken nor sent away."""

    cards: int
    taken: int
    irrelevant: int

    @property
    def decided(self) -> int:
        return self.taken + self.irrelevant


class Samples:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Drawing a week's sample

    def is_drawn(self, week: str) -> bool:
        return self._engine.one("select 1 from sample_weeks where week = ?", (week,)) is not None

    def ids(self, start: datetime, end: datetime) -> range:
        """The ids of the mentions that were seen from `start` up to `end`: they rise with the time of seeing."""
        return range(self._first_id(start), self._first_id(end))

    def _first_id(self, moment: datetime) -> int:
        low, high = 1, int(self._engine.value("select coalesce(max(id), 0) + 1 from mentions"))
        at = to_text(moment)
        while low < high:
            middle = (low + high) // 2
            seen_at = self._engine.value("select seen_at from mentions where id >= ? order by id limit 1", (middle,))
            if seen_at is not None and seen_at < at:
                low = middle + 1
            else:
                high = middle
        return low

    def quiet(self, mention_ids: Sequence[int]) -> set[int]:
        """Those that were stored and neither alerted nor muted, that are not old imports and are not deleted."""
        found: set[int] = set()
        for start in range(0, len(mention_ids), 500):
            part = mention_ids[start : start + 500]
            rows = self._engine.rows(
                f"select id from mentions where id in ({','.join('?' * len(part))}) and {_QUIET}", tuple(part)
            )
            found.update(row["id"] for row in rows)
        return found

    def draw(self, week: str, ended_at: datetime, quiet: int, mention_ids: Sequence[int], now: datetime) -> bool:
        """Keep a week's sample out of about `quiet` mentions; False when that week has one already."""
        is_new = self._engine.run(
            "insert into sample_weeks (week, ended_at, quiet, drawn_at) values (?, ?, ?, ?) on conflict do nothing",
            (week, to_text(ended_at), quiet, to_text(now)),
        )
        if is_new:
            self._engine.run_many(
                "insert into samples (week, place, mention_id, verdict, judged_by) values (?, ?, ?, '', '')"
                " on conflict do nothing",
                [(week, place, mention_id) for place, mention_id in enumerate(mention_ids, 1)],
            )
        return is_new == 1

    # Judging

    def newest(self) -> list[Sample]:
        """The newest week's sample, in its order; empty when none was drawn."""
        rows = self._engine.rows("select * from samples where week = (select max(week) from samples) order by place")
        return [_sample(row) for row in rows]

    def of_mention(self, mention_id: int) -> Sample | None:
        row = self._engine.one("select * from samples where mention_id = ?", (mention_id,))
        return _sample(row) if row is not None else None

    def judge(self, mention_id: int, verdict: str, by: str, now: datetime) -> None:
        """The last verdict counts."""
        self._engine.run(
            "update samples set verdict = ?, judged_by = ?, judged_at = ? where mention_id = ?",
            (verdict, by, to_text(now), mention_id),
        )

    # Counting

    def verdicts(self, window: Window) -> dict[str, int]:
        """How many of the samples of weeks that ended in the window were judged how; "" for those that wait.

        What waits and has got a case meanwhile, or is deleted, is left out.
        """
        rows = self._engine.rows(
            "select s.verdict, count(*) as n from samples s join sample_weeks w on w.week = s.week"
            " join mentions m on m.id = s.mention_id where w.ended_at > ? and w.ended_at <= ?"
            " and (s.verdict <> '' or (m.case_id is null and m.gone_at is null)) group by s.verdict",
            (to_text(window.start), to_text(window.end)),
        )
        return {row["verdict"]: row["n"] for row in rows}

    def population(self, window: Window) -> int:
        """About how many quiet mentions the judged samples of those weeks stand for."""
        found = self._engine.value(
            "select sum(quiet) from sample_weeks w where ended_at > ? and ended_at <= ? and exists"
            " (select 1 from samples s where s.week = w.week and s.verdict <> '')",
            (to_text(window.start), to_text(window.end)),
        )
        return int(found or 0)

    def outcome(self, window: Window, brand: str = "") -> Outcome:
        """What became of the cases that were alerted in the window, of the newest `MOST` at most."""
        one, params = (" and brand = ?", (brand,)) if brand else ("", ())
        row = self._engine.one(
            "select count(*) as cards, coalesce(sum(status in ('claimed', 'answered') or (status = 'resolved'"
            " and resolution not in ('irrelevant', 'not us', 'spam'))), 0) as taken,"
            " coalesce(sum(status = 'resolved' and resolution in ('irrelevant', 'not us', 'spam')), 0) as irrelevant"
            " from (select status, resolution from cases where alerted_at is not null and alerted_at >= ?"
            f" and alerted_at < ?{one} order by alerted_at desc, id desc limit {MOST})",
            (to_text(window.start), to_text(window.end), *params),
        )
        return Outcome(row["cards"], row["taken"], row["irrelevant"]) if row is not None else Outcome(0, 0, 0)


def _sample(row: Row) -> Sample:
    return Sample(
        week=row["week"],
        place=row["place"],
        mention_id=row["mention_id"],
        verdict=row["verdict"],
        judged_by=row["judged_by"],
        judged_at=from_text(row["judged_at"]) if row["judged_at"] else None,
    )
