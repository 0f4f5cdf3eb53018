"""What stands behind the numbers of a report: the mentions that were counted, the cases that something happened to.

Every number of the roll-ups and every count of `standing` opens to the rows named here. `now` is a case's state at
this moment; whatever happened in a window is read from the diaries, so that a case reopened since is still found.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.cases import CAUSED, COUNTED, read_case
from storage.engine import Engine
from storage.grains import pieces
from storage.mentions import SELECT, read_mention
from storage.tallies import column_of
from storage.types import Case, Mention, Priority, Resolution, Window, to_text

# What could not be scored is little of what there is, and is found without reading the rest.
SCHEMA = ("create index mentions_unscored on mentions (counted_at, lang, is_ours) where label = 'not scored'",)

# Never told as a case worth a word.
NOT_ITS_WORTH = (Resolution.IRRELEVANT, Resolution.NOT_US, Resolution.SPAM, Resolution.DUPLICATE)

# Said in full wherever they hold, so that the partial indexes are used.
_OPEN = "status <> 'resolved'"
_WAITING = f"{_OPEN} and snoozed_until is null"
_CLAIMED = f"{_WAITING} and status = 'claimed'"
_ASKING = f"{_OPEN} and asks = 1 and status in ('open', 'claimed')"
_SNOOZED = f"{_OPEN} and snoozed_until is not null"
_NOT_FIXED = "is_fixed = 0 and (status = 'answered' or (status = 'resolved' and resolution = 'replied'))"
_MARKS = ", ".join("?" * len(NOT_ITS_WORTH))
_FIRST_MENTION = "(select {} from mentions where mentions.id = cases.mention_id)"
_KINDS = {CAUSED: "opened", "fixed": "resolved"}  # words that are no line of a diary by themselves
_DETAIL = {"opened": "priority", "resolved": "resolution"}  # what `detail` is in a line of this kind
_BEST_FIRST = "priority desc, opened_at, id"
_OF_NOW = {
    "open": (_WAITING, _BEST_FIRST),
    "unclaimed": (f"{_WAITING} and status = 'open'", _BEST_FIRST),
    "overdue": (f"{_WAITING} and status in ('open', 'claimed') and due_at || '' < ?", _BEST_FIRST),
    "claimed": (_CLAIMED, _BEST_FIRST),
    "snoozed": (_SNOOZED, "snoozed_until, id"),
    "asking": (_ASKING, "opened_at, id"),
    "not fixed": (_NOT_FIXED, "coalesce(resolved_at, answered_at) desc, id desc"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cases stand where now. Open are unclaimed, claimed and answered ones; snoozed ones stand aside."""

    open: int
    unclaimed: int
    claimed: int
    overdue: int
    snoozed: int
    not_fixed: int  # answered, or closed as replied, and not put right
    asking: int  # somebody asked and has no answer, snoozed or not


@dataclass(frozen=True, slots=True)
class Load:
    """What a person has claimed now, and how much of it is overdue."""

    person: str
    open: int
    overdue: int


class Behind:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def mentions(
        self, window: Window, *, brand: str = "", source: str = "", label: str = "", limit: int, offset: int = 0
    ) -> list[Mention]:
        """The mentions that the roll-ups count in a window, newest first. Filters are empty for any."""
        source_id = self._engine.value("select id from sources where name = ?", (source,)) if source else 0
        if source_id is None:
            return []
        found: list[Mention] = []
        for quarter, skip in self._quarters(window, brand, source_id, label, offset):
            found += self._mentions_of(quarter, brand, source_id, label, limit - len(found), skip)
            if len(found) >= limit:
                break
        return found

    def cases(
        self, what: str, window: Window | None, *, brand: str = "", source: str = "", label: str = "",
        person: str = "", detail: str = "", now: datetime, limit: int, offset: int = 0,
    ) -> tuple[list[Case], int]:  # fmt: skip
        """One page of the cases behind a number, and how many there are, counted up to `COUNTED`.

        In a window: "opened" (detail: a priority), "caused" (a cause), "alerted", "resolved" (a resolution), "fixed",
        or any other kind of the diary, such as "answered" and "claimed"; the newest first, each case once. Now
        (window None): open, unclaimed, overdue, claimed, snoozed, asking (the longest wait first) and not fixed.
        `person` is who did it, or now who has it; `source` and `label` are those of the case's first mention.
        Raises ValueError for another word.
        """
        query = _of_now(what, person, now) if window is None else _happened(what, window, person, detail)
        if brand:
            query.ask("cases.brand = ?", brand)
        if source:
            query.ask(f"{_FIRST_MENTION.format('source_id')} = (select id from sources where name = ?)", source)
        if label:
            query.ask(f"{_FIRST_MENTION.format('label')} = ?", label)
        total = self._engine.value(*query.count())
        rows = self._engine.rows(*query.page(limit, offset))
        return [read_case(row) for row in rows], int(total)

    def unscored(self, window: Window, brand: str = "") -> dict[str, int]:
        """How many mentions of a window nobody could judge, by language as stored ("" for unknown), the most first."""
        rows = self._engine.rows(
            "select lang, count(*) as n from mentions where label = 'not scored' and counted_at >= ? and counted_at < ?"
            f" and {'(brand = ? or instr(also, ?) > 0)' if brand else 'is_ours = 1'} group by lang"
            " order by n desc, lang",
            (to_text(window.start), to_text(window.end), *([brand, json.dumps(brand)] if brand else [])),
        )
        return {row["lang"]: row["n"] for row in rows}

    def standing(self, now: datetime, brand: str = "") -> Standing:
        """Counts of this moment; quick however many cases are closed."""
        of_brand, params = (" and brand = ?", (brand,)) if brand else ("", ())
        waiting = self._engine.rows(
            "select count(*) as open, coalesce(sum(status = 'open'), 0) as unclaimed,"
            " coalesce(sum(status = 'claimed'), 0) as claimed,"
            " coalesce(sum(status in ('open', 'claimed') and due_at || '' < ?), 0) as overdue"
            f" from cases where {_WAITING}{of_brand}",
            (to_text(now), *params),
        )[0]
        rest = [
            int(self._engine.value(f"select count(*) from cases where {where}{of_brand}", params))
            for where in (_SNOOZED, _NOT_FIXED, _ASKING)
        ]
        return Standing(*(int(waiting[name]) for name in ("open", "unclaimed", "claimed", "overdue")), *rest)

    def load(self, now: datetime, brand: str = "") -> list[Load]:
        """Who has how many cases now, the most first."""
        rows = self._engine.rows(
            "select assignee, count(*) as n, coalesce(sum(due_at || '' < ?), 0) as overdue from cases"
            f" where {_CLAIMED} and assignee > ''{' and brand = ?' if brand else ''}"
            " group by assignee order by n desc, assignee",
            (to_text(now), *([brand] if brand else [])),
        )
        return [Load(row["assignee"], row["n"], row["overdue"]) for row in rows]

    def worth(self, window: Window, brand: str = "", limit: int = 3) -> list[Case]:
        """The cases of a window worth a word: unresolved ones first, then by priority, reach and mentions alike."""
        found = self._worst(_OPEN, (), window, brand, limit)
        for priority in sorted(Priority, reverse=True):  # one by one: the many of little weight are seldom read
            if len(found) < limit:
                closed = f"priority = ? and status = 'resolved' and resolution not in ({_MARKS})"
                found += self._worst(closed, (int(priority), *NOT_ITS_WORTH), window, brand, limit - len(found))
        return found

    def _worst(self, where: str, params: tuple[Any, ...], window: Window, brand: str, limit: int) -> list[Case]:
        rows = self._engine.rows(
            f"select * from cases where {where} and opened_at >= ? and opened_at < ?{' and brand = ?' if brand else ''}"
            " order by priority desc, coalesce(reach, -1) desc, mention_count desc, id limit ?",
            (*params, to_text(window.start), to_text(window.end), *([brand] if brand else []), limit),
        )
        return [read_case(row) for row in rows]

    # A page of mentions: the roll-ups tell in which quarters of an hour to look, however rare what is asked for is.

    def _quarters(
        self, window: Window, brand: str, source_id: int, label: str, offset: int
    ) -> Iterator[tuple[str, int]]:
        """Quarters of an hour that hold such mentions, newest first, and how many of each to leave out."""
        counted = (
            f"select start, sum({column_of(label)}) as n from tallies where grain = ? and brand = ? and start >= ?"
            f" and start < ?{' and source_id = ?' if source_id else ''} group by start order by start desc"
        )
        rest = [source_id] if source_id else []
        waiting = list(pieces(window))  # the last one is the newest
        while waiting:
            grain, first, end = waiting.pop()
            found: list[tuple[int, str, str]] = []
            for row in self._engine.rows(counted, (grain, brand, first, end, *rest)):
                if offset >= row["n"] and not found:
                    offset -= row["n"]
                elif grain == 0:
                    yield row["start"], offset
                    offset = 0
                else:  # what is left of the offset lies in the first of these
                    found.append((grain - 1, row["start"], f"{row['start']}~"))
            waiting += reversed(found)

    def _mentions_of(
        self, quarter: str, brand: str, source_id: int, label: str, limit: int, skip: int
    ) -> list[Mention]:
        where = "m.counted_at >= ? and m.counted_at < ?"
        params: list[Any] = [quarter, f"{quarter[:14]}{int(quarter[14:]) + 14}~"]
        if brand:
            where += " and (m.brand = ? or instr(m.also, ?) > 0)"
            params += [brand, json.dumps(brand)]
        else:
            where += " and m.is_ours = 1"
        for column, told in (("source_id + 0", source_id), ("label", label)):  # not by an index of sources
            if told:
                where += f" and m.{column} = ?"
                params.append(told)
        rows = self._engine.rows(
            f"{SELECT} where {where} order by m.counted_at desc, m.id desc limit ? offset ?",
            (*params, limit, skip),
        )
        return [read_mention(row) for row in rows]


class _Query:
    """Cases with all that is asked of them, to be counted and to be paged."""

    def __init__(self, source: str, order: str) -> None:
        self._source, self._order = source, order
        self._where: list[str] = []
        self._params: list[Any] = []

    def ask(self, condition: str, *params: Any) -> None:
        self._where.append(condition)
        self._params += params

    @property
    def _said(self) -> str:
        return f"from {self._source} where {' and '.join(self._where)}"

    def count(self) -> tuple[str, list[Any]]:
        return f"select count(*) from (select 1 {self._said} limit ?)", [*self._params, COUNTED]

    def page(self, limit: int, offset: int) -> tuple[str, list[Any]]:
        said = f"select cases.* {self._said} order by {self._order} limit ? offset ?"
        return said, [*self._params, limit, offset]


def _of_now(what: str, person: str, now: datetime) -> _Query:
    if what not in _OF_NOW:
        raise ValueError(f"nothing that cases are now: {what}")
    where, order = _OF_NOW[what]
    query = _Query("cases", order)
    query.ask(where, *([to_text(now)] if "?" in where else []))
    if person:
        query.ask("assignee = ?", person)
    return query


def _happened(what: str, window: Window, person: str, detail: str) -> _Query:
    start, end = to_text(window.start), to_text(window.end)
    if what == "alerted":
        query = _Query("cases", "alerted_at desc, id desc")
        query.ask("alerted_at is not null and alerted_at >= ? and alerted_at < ?", start, end)
        return query
    kind = _KINDS.get(what, what)
    query = _Query("case_events e join cases on cases.id = e.case_id", "e.at desc, e.actor desc, e.case_id desc")
    query.ask("e.kind = ? and e.at >= ? and e.at < ?", kind, start, end)
    lines: list[tuple[str, str]] = [("{}.actor = ?", person)] if person else []
    if what == CAUSED:
        query.ask("cases.cause = ?", detail)
    elif detail or what == "fixed":
        told = {_DETAIL.get(kind, kind): detail or Resolution.FIXED.value}
        lines.append(("instr({}.detail, ?) > 0", json.dumps(told)[1:-1]))
    for condition, told_of_it in lines:
        query.ask(condition.format("e"), told_of_it)
    if kind != "opened":  # which happens to a case but once; of others the last time in the window stands for all
        later = " and ".join(["later.at < ?", *(condition.format("later") for condition, _ in lines)])
        query.ask(
            "not exists (select 1 from case_events later where later.case_id = e.case_id and later.version > e.version"
            f" and later.kind = e.kind and {later})",
            end,
            *(told_of_it for _, told_of_it in lines),
        )
    return query
