"""Cases and their diary. A state change is one compare-and-set and one event, in the caller's transaction."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from storage.engine import Engine, Row
from storage.tallies import Cell, Tallies
from storage.types import Case, CaseEvent, Priority, Resolution, Status, from_text, to_json, to_text

_CHANGEABLE = frozenset(
    [
        "status",
        "priority",
        "reasons",
        "assignee",
        "claimed_at",
        "answered_at",
        "resolved_at",
        "snoozed_until",
        "escalated_at",
        "resolution",
        "is_fixed",
        "due_at",
    ]
)
CAUSED = "caused"  # in the roll-up of acts: what opened cases were about
COUNTED = 10_000  # a longer work list is "more than that": to count it all would take longer than to show it
_BEST_FIRST = "order by priority desc, opened_at, id"
_OPEN = "status <> 'resolved'"
_WAITING = (
    f"{_OPEN} and snoozed_until is null"  # said in full wherever it holds, so that the index of the queue is used
)
_FILTERS = {
    "open": _WAITING,
    "unclaimed": f"{_WAITING} and status = 'open'",
    "overdue": f"{_WAITING} and status in ('open', 'claimed') and due_at || '' < :now",  # not by an index of due_at
    "snoozed": f"{_OPEN} and snoozed_until is not null",
    "mine": f"{_OPEN} and assignee = :member",
}


class NewCase(NamedTuple):
    """A case to open. `id` was taken from `next_id` in the same transaction."""

    id: int
    brand: str
    priority: Priority
    mention_id: int
    reach: int | None
    reasons: tuple[str, ...]
    due_at: datetime
    source_id: int  # of its mention
    cause: str  # what it is about, in a word
    asks: bool  # for an answer
    is_alert: bool  # a channel is told of it


class Cases:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tallies = Tallies(engine)

    def next_id(self) -> int:
        """The first free case number; good until the transaction ends, as there is one writer.

        Numbers that cards of a time before a restore may show are left out: their buttons must not do another's work.
        """
        return int(
            self._engine.value(
                "select max((select coalesce(max(id), 0) + 1 from cases),"
                " (select coalesce(max(first_case), 0) from restores))"
            )
        )

    def open_many(self, cases: Sequence[NewCase], now: datetime, actor: str = "earshot") -> None:
        """New cases, each with its first event."""
        at = to_text(now)
        due = {moment: to_text(moment) for moment in {case.due_at for case in cases}}
        self._engine.run_many(
            "insert into cases (id, brand, status, priority, version, mention_id, mention_count, reach,"
            " reasons, opened_at, updated_at, due_at, is_fixed, cause, asks, alerted_at)"
            " values (?, ?, 'open', ?, 1, ?, 1, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
            [
                (
                    one.id, one.brand, int(one.priority), one.mention_id, one.reach, to_json(one.reasons), at, at,
                    due[one.due_at], one.cause, int(one.asks), at if one.is_alert else None,
                )
                for one in cases
            ],
        )  # fmt: skip
        self._engine.run_many(
            "insert into case_events (case_id, version, at, actor, kind, detail) values (?, 1, ?, ?, 'opened', ?)",
            [(case.id, at, actor, _priority_told(case.priority)) for case in cases],
        )
        alike = Counter((one.brand, one.source_id, one.is_alert) for one in cases)
        self._tallies.add(
            [Cell(at, (brand,), source, opened=n, alerted=n * told) for (brand, source, told), n in alike.items()]
        )
        for (brand, word), n in Counter((one.brand, one.priority.word) for one in cases).items():
            self._tallies.act(at, brand, "opened", actor, word, n)
        for (brand, cause), n in Counter((one.brand, one.cause) for one in cases if one.cause).items():
            self._tallies.act(at, brand, CAUSED, actor, cause, n)

    def alerted(self, case_id: int, now: datetime) -> None:
        """A channel is told of a case that none was told of before."""
        row = self._engine.one(
            "update cases set alerted_at = ? where id = ? and alerted_at is null returning brand, mention_id",
            (to_text(now), case_id),
        )
        if row is not None:
            source_id = self._engine.value("select source_id from mentions where id = ?", (row["mention_id"],))
            self._tallies.add([Cell(to_text(now), (row["brand"],), source_id or 0, alerted=1)])

    def change(
        self, case: Case, kind: str, *, actor: str, allowed: Sequence[Status], now: datetime,
        detail: Mapping[str, str] | None = None, **fields: Any,
    ) -> Case | None:  # fmt: skip
        """Compare-and-set: only if nobody changed it since `case` was read.

        The case as it is now, or None: nothing happened.
        """
        unknown = set(fields) - _CHANGEABLE
        if unknown:
            raise ValueError(f"not fields of a case: {sorted(unknown)}")
        at = to_text(now)
        sets = "".join(f", {name} = ?" for name in fields)
        changed = self._engine.run(
            f"update cases set version = version + 1, updated_at = ?{sets}"
            f" where id = ? and version = ? and status in ({','.join('?' * len(allowed))})",
            (at, *map(_value, fields.values()), case.id, case.version, *allowed),
        )
        if changed != 1:
            return None
        self._event(case.id, case.version + 1, at, actor, kind, detail or {})
        self._tallies.act(at, case.brand, kind, actor, str(fields.get("resolution") or ""))
        return self.get(case.id)

    def _event(self, case_id: int, version: int, at: str, actor: str, kind: str, detail: Mapping[str, str]) -> None:
        self._engine.run(
            "insert into case_events (case_id, version, at, actor, kind, detail) values (?, ?, ?, ?, ?, ?)",
            (case_id, version, at, actor, kind, json.dumps(dict(detail))),
        )

    def join(self, case_id: int, reach: int | None, now: datetime, count: int = 1) -> None:
        """Mentions alike came in, or (count 0) one grew: counter and summed reach move; that is no state change."""
        self._engine.run(
            "update cases set mention_count = mention_count + ?, updated_at = ?,"
            " reach = case when ? is null then reach else coalesce(reach, 0) + ? end where id = ?",
            (count, to_text(now), reach, reach, case_id),
        )

    def give_reasons(self, case_id: int, reasons: tuple[str, ...]) -> None:
        """Other reasons for the priority that it has; that is no state change."""
        self._engine.run("update cases set reasons = ? where id = ?", (to_json(reasons), case_id))

    def get(self, case_id: int) -> Case | None:
        row = self._engine.one("select * from cases where id = ?", (case_id,)) if abs(case_id) < 1 << 62 else None
        return read_case(row) if row is not None else None

    def events(self, case_id: int) -> list[CaseEvent]:
        """The whole diary, oldest first."""
        return [
            _event(row)
            for row in self._engine.rows("select * from case_events where case_id = ? order by version", (case_id,))
        ]

    def last_event(self, case_id: int, kind: str) -> CaseEvent | None:
        """The newest line of the diary of this kind."""
        row = self._engine.one(
            "select * from case_events where case_id = ? and kind = ? order by version desc limit 1", (case_id, kind)
        )
        return _event(row) if row is not None else None

    def queue(
        self, which: str, *, member: str, brand: str, source: str, now: datetime, limit: int, offset: int
    ) -> tuple[list[Case], int]:
        """One page of the work list, best first, and how many there are in all, counted up to `COUNTED`.

        `which` is a key of the filters.
        """
        values = {"member": member, "now": to_text(now), "brand": brand, "source": source}
        where = _FILTERS[which]
        for name in ("member", "now"):
            where = where.replace(f":{name}", "?")
        params: list[Any] = [values[name] for name in ("now", "member") if f":{name}" in _FILTERS[which]]
        if brand:
            where += " and brand = ?"
            params.append(brand)
        if source:
            where += (
                " and exists (select 1 from mentions m join sources s on s.id = m.source_id"
                " where m.id = cases.mention_id and s.name = ?)"
            )
            params.append(source)
        counted = f"select count(*) from (select id from cases where {where} {_BEST_FIRST} limit ?)"
        total = int(self._engine.value(counted, (*params, COUNTED)))
        rows = self._engine.rows(
            f"select * from cases where {where} {_BEST_FIRST} limit ? offset ?",
            (*params, limit, offset),
        )
        return [read_case(row) for row in rows], total

    def best(self, which: str, *, member: str, now: datetime, limit: int) -> list[Case]:
        """The head of the work list, uncounted."""
        where, params = _FILTERS[which], []
        for name, value in (("member", member), ("now", to_text(now))):
            if f":{name}" in where:
                where = where.replace(f":{name}", "?")
                params.append(value)
        rows = self._engine.rows(f"select * from cases where {where} {_BEST_FIRST} limit ?", (*params, limit))
        return [read_case(row) for row in rows]

    def longest_overdue(self, now: datetime, limit: int) -> list[Case]:
        """The cases whose promise was broken first; quick however many wait."""
        rows = self._engine.rows(
            f"select * from cases where {_WAITING} and status in ('open', 'claimed') and due_at < ?"
            " order by due_at limit ?",
            (to_text(now), limit),
        )
        return [read_case(row) for row in rows]

    def claimed_by(self, member: str, limit: int = 20) -> list[Case]:
        """A member's own unresolved cases, newest first."""
        rows = self._engine.rows(
            f"select * from cases where assignee = ? and {_OPEN} order by id desc limit ?", (member, limit)
        )
        return [read_case(row) for row in rows]

    def opened_since(self, since: datetime) -> Iterator[Case]:
        """Every case opened since, oldest first, one by one."""
        for row in self._engine.each("select * from cases where opened_at >= ? order by id", (to_text(since),)):
            yield read_case(row)

    def open_or_changed_since(self, since: datetime) -> list[int]:
        """The numbers of all cases that are not resolved, or that were changed since."""
        rows = self._engine.rows(f"select id from cases where {_OPEN} or updated_at >= ?", (to_text(since),))
        return [int(row["id"]) for row in rows]

    def to_wake(self, now: datetime) -> list[Case]:
        """Snoozed cases whose time has come."""
        rows = self._engine.rows(
            f"select * from cases where snoozed_until is not null and snoozed_until <= ? and {_OPEN}"
            " order by snoozed_until",
            (to_text(now),),
        )
        return [read_case(row) for row in rows]

    def newly_overdue(self, since: datetime, now: datetime) -> list[Case]:
        """Cases whose promised time passed between the two moments."""
        rows = self._engine.rows(
            f"select * from cases where {_WAITING} and status in ('open', 'claimed') and due_at >= ? and due_at < ?",
            (to_text(since), to_text(now)),
        )
        return [read_case(row) for row in rows]

    def numbers(self, now: datetime) -> dict[str, int]:
        """How many cases stand where: open, unclaimed, overdue, snoozed, claimed, resolved."""
        row = self._engine.one(
            "select count(*) as total,"
            " coalesce(sum(status <> 'resolved'), 0) as open,"
            " coalesce(sum(status = 'open' and snoozed_until is null), 0) as unclaimed,"
            " coalesce(sum(status = 'claimed'), 0) as claimed, coalesce(sum(status = 'answered'), 0) as answered,"
            " coalesce(sum(status <> 'resolved' and snoozed_until is not null), 0) as snoozed,"
            " coalesce(sum(status in ('open', 'claimed') and snoozed_until is null and due_at < ?), 0) as overdue"
            " from cases",
            (to_text(now),),
        )
        return {name: int(row[name]) for name in row.keys()} if row is not None else {}  # noqa: SIM118 (not a dict)


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, bool | Priority):
        return int(value)
    if isinstance(value, tuple):
        return to_json(value)
    return value


@cache
def _priority_told(priority: Priority) -> str:
    return json.dumps({"priority": priority.word})


def _moment(text: str | None) -> datetime | None:
    return from_text(text) if text else None


def read_case(row: Row) -> Case:
    """A row of the table of cases."""
    return Case(
        id=row["id"],
        brand=row["brand"],
        status=Status(row["status"]),
        priority=Priority(row["priority"]),
        version=row["version"],
        mention_id=row["mention_id"],
        mention_count=row["mention_count"],
        reach=row["reach"],
        reasons=tuple(json.loads(row["reasons"])),
        opened_at=from_text(row["opened_at"]),
        updated_at=from_text(row["updated_at"]),
        due_at=_moment(row["due_at"]),
        assignee=row["assignee"],
        claimed_at=_moment(row["claimed_at"]),
        answered_at=_moment(row["answered_at"]),
        resolved_at=_moment(row["resolved_at"]),
        snoozed_until=_moment(row["snoozed_until"]),
        escalated_at=_moment(row["escalated_at"]),
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
        is_fixed=bool(row["is_fixed"]),
        cause=row["cause"],
        asks=bool(row["asks"]),
        alerted_at=_moment(row["alerted_at"]),
    )


def _event(row: Row) -> CaseEvent:
    return CaseEvent(
        case_id=row["case_id"],
        version=row["version"],
        at=from_text(row["at"]),
        actor=row["actor"],
        kind=row["kind"],
        detail=json.loads(row["detail"]),
    )
