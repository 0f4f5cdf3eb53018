"""Cases that are left alone: unclaimed ones, and claimed ones that sleep. They are found by index."""

from collections.abc import Sequence
from datetime import datetime

from storage.cases import read_case
from storage.engine import Engine
from storage.types import Case, Priority, from_text, to_text

_WAITING = "c.status = 'open' and c.status <> 'resolved' and c.snoozed_until is null"
_TAKEN = "c.status = 'claimed' and c.status <> 'resolved' and c.snoozed_until is null and c.assignee > ''"
_BEGUN = "e.kind in ('reopened', 'released', 'woke')"  # it waits anew for somebody to take it
_STIRRED = "(e.actor <> 'earshot' or e.kind in ('reminded', 'woke'))"  # somebody did something, or was asked
_TOLD = (
    "exists (select 1 from case_events e where e.case_id = c.id and e.kind = 'escalated'"
    " and json_extract(e.detail, '$.rule') = ? and e.version > coalesce((select max(version) from case_events r"
    " where r.case_id = c.id and r.kind = 'reopened'), 0))"
)


class Neglected:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unclaimed(
        self, priorities: Sequence[Priority], first: datetime, last: datetime, raised: tuple[datetime, datetime],
        rule: str,
    ) -> list[Case]:  # fmt: skip
        """Unclaimed cases that began to wait between two moments, or were raised between two others, oldest first.

        Left out are those whose diary says that the rule was applied to them since they were opened.
        """
        wanted = [int(priority) for priority in priorities]
        begun, grown = (to_text(first), to_text(last)), (to_text(raised[0]), to_text(raised[1]))
        rows = self._engine.rows(
            f"select c.* from (select c.id from cases c where {_WAITING}"
            f" and c.priority in ({','.join('?' * len(wanted))}) and c.opened_at between ? and ?"
            f" union select e.case_id from case_events e where {_BEGUN} and e.at between ? and ?"
            " union select e.case_id from case_events e where e.kind = 'raised' and e.at between ? and ?) found"
            f" cross join cases c on c.id = found.id where {_WAITING}"  # in this order: few are found
            f" and +c.priority in ({','.join('?' * len(wanted))}) and not {_TOLD} order by c.id",
            (*wanted, *begun, *begun, *grown, *wanted, rule),
        )
        return [read_case(row) for row in rows]

    def asleep(self, since: datetime) -> list[tuple[Case, datetime]]:
        """Claimed cases of which nothing was heard since a moment, each with when somebody last did something."""
        rows = self._engine.rows(
            f"select c.*, (select max(e.at) from case_events e where e.case_id = c.id and {_STIRRED}) as stirred_at"
            f" from cases c where {_TAKEN} and c.claimed_at <= ?",
            (to_text(since),),
        )
        found = [(read_case(row), from_text(row["stirred_at"])) for row in rows if row["stirred_at"]]
        return sorted((one for one in found if one[1] <= since), key=lambda one: one[0].id)
