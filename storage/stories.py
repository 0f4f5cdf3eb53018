"""Stories: which keys of a text or link already have a case, so that copies join it.

A key is made by the handlers (hash of the text without its trimmings, shingles, a link). Keys of a case that was closed
as irrelevant or not us keep working for ever; others for as long as the policy says.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine
from storage.types import to_text


class Lead(NamedTuple):
    """What a case was opened for, as far as others are compared with it."""

    words: str
    source_id: int
    author: str  # in lower case
    is_private: bool


class Stories:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, keys: Sequence[str], since: datetime) -> dict[str, int]:
        """The newest case of each key: opened since, or closed as irrelevant, not us or spam at any time.

        A turn of phrase can stand in thousands of cases, so that only the newest of each key are looked at.
        """
        found: dict[str, int] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            rows = self._engine.rows(
                f"with wanted (key) as (values {', '.join(['(?)'] * len(part))})"
                " select key, (select k.case_id from story_keys k join cases c on c.id = k.case_id"
                " where k.key = wanted.key and (c.opened_at >= ? or c.resolution in ('irrelevant', 'not us', 'spam'))"
                " order by k.case_id desc limit 1) as case_id from wanted",
                (*part, to_text(since)),
            )
            found.update((row["key"], row["case_id"]) for row in rows if row["case_id"] is not None)
        return found

    def add(self, keys: Iterable[tuple[str, int]]) -> None:
        """Make cases known by (key, case number)."""
        in_order = sorted(keys)  # neighbours share a page of the file
        self._engine.run_many("insert into story_keys (key, case_id) values (?, ?) on conflict do nothing", in_order)

    def leads(self, case_ids: Sequence[int]) -> dict[int, Lead]:
        """The mention that each case's card shows."""
        found: dict[int, Lead] = {}
        for start in range(0, len(case_ids), 500):
            part = case_ids[start : start + 500]
            rows = self._engine.rows(
                "select c.id, m.text, m.source_id, m.author, m.private"
                " from cases c join mentions m on m.id = c.mention_id"
                f" where c.id in ({','.join('?' * len(part))})",
                part,
            )
            found.update(
                (row["id"], Lead(row["text"], row["source_id"], row["author"], bool(row["private"]))) for row in rows
            )
        return found
