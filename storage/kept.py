"""What somebody typed into a form and has not submitted: hers alone, until she submits the form or it grows old."""

import json
from collections.abc import Mapping
from datetime import datetime

from storage.engine import Engine
from storage.types import to_text


class Kept:
    """One row per member and form; a form is a verb and, mostly, a case (0: none)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, member: str, verb: str, case: int, values: Mapping[str, str], now: datetime) -> None:
        """Put the values in the place of those that were kept before."""
        self._engine.run(
            'insert into kept (member, verb, case_id, "values", at) values (?, ?, ?, ?, ?)'
            ' on conflict (member, verb, case_id) do update set "values" = excluded."values", at = excluded.at',
            (member, verb, case, json.dumps(dict(values)), to_text(now)),
        )

    def get(self, member: str, verb: str, case: int) -> dict[str, str]:
        """The values by field name; empty when nothing is kept."""
        found = self._engine.value(
            'select "values" from kept where member = ? and verb = ? and case_id = ?', (member, verb, case)
        )
        return dict(json.loads(found)) if found else {}

    def forget(self, member: str, verb: str, case: int) -> None:
        self._engine.run("delete from kept where member = ? and verb = ? and case_id = ?", (member, verb, case))

    def forget_before(self, moment: datetime) -> int:
        """Drop what is old; how many."""
        return self._engine.run("delete from kept where at < ?", (to_text(moment),))


SCHEMA = (
    "create table kept (member text not null, verb text not null, case_id integer not null,"
    ' "values" text not null, at text not null, primary key (member, verb, case_id)) strict, without rowid',
)
