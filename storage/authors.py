"""Authors: how many cases one has brought lately, and whom she has reached already.

`author` is as stored, in lower case, and one of a source: the same name elsewhere may be somebody else. Small talk
that is in no case costs nothing, however tireless its author is.
"""

from collections.abc import Sequence
from datetime import datetime

from storage.engine import Engine
from storage.types import to_text

SCHEMA = (  # by the moment of the last change, which is no earlier than that of the case that it opened
    "create index mentions_in_cases on mentions (author, source_id, changed_at, case_id) where case_id is not null",
)
_NEWEST = 100  # mentions of an author
_AT_ONCE = 500


class Authors:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cases_since(self, source_id: int, authors: Sequence[str], since: datetime) -> dict[str, int]:
        """How many cases were opened since for what each author wrote; who has none is left out."""
        found: dict[str, int] = {}
        for start in range(0, len(authors), _AT_ONCE):
            part = authors[start : start + _AT_ONCE]
            rows = self._engine.rows(
                f"with wanted (author) as (values {', '.join(['(?)'] * len(part))})"
                " select author, (select count(*) from mentions m cross join cases c on c.id = m.case_id"
                " where m.author = wanted.author and m.source_id = ? and m.changed_at > ? and m.case_id is not null"
                " and c.mention_id = m.id and c.opened_at > ?) as n from wanted",
                (*part, source_id, to_text(since), to_text(since)),
            )
            found.update((row["author"], row["n"]) for row in rows if row["n"])
        return found

    def reach_in(self, case_id: int, source_id: int, author: str) -> int | None:
        """The largest reach of an author's mentions in a case; None when there is none, or it is unknown."""
        found = self._engine.value(
            "select max(reach) from (select case_id, reach from mentions where author = ? and source_id = ?"
            " order by id desc limit ?) where case_id = ?",
            (author, source_id, _NEWEST, case_id),
        )
        return None if found is None else int(found)
