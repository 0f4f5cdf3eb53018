"""Whom a chat has met, so that a restart knows them: a chat that lists nobody tells of a person only when she acts."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine
from storage.types import to_text


class Acquaintance(NamedTuple):
    """A person as a chat knew her last. `groups` are the names of her groups or roles there."""

    id: str
    handle: str
    name: str
    groups: tuple[str, ...]


class Acquaintances:
    """One row per chat and person."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, chat: str, people: Sequence[Acquaintance], now: datetime) -> None:
        """Put these in the place of what was known of the same people."""
        self._engine.run_many(
            "insert into acquaintances (chat, user_id, handle, name, groups, at) values (?, ?, ?, ?, ?, ?)"
            " on conflict (chat, user_id) do update set handle = excluded.handle, name = excluded.name,"
            " groups = excluded.groups, at = excluded.at",
            [(chat, one.id, one.handle, one.name, json.dumps(one.groups), to_text(now)) for one in people],
        )

    def all_on(self, chat: str) -> list[Acquaintance]:
        rows = self._engine.rows("select * from acquaintances where chat = ? order by at desc, user_id", (chat,))
        return [
            Acquaintance(row["user_id"], row["handle"], row["name"], tuple(json.loads(row["groups"]))) for row in rows
        ]

    def forget_before(self, moment: datetime) -> int:
        """Drop those who were not seen since; how many."""
        return self._engine.run("delete from acquaintances where at < ?", (to_text(moment),))


SCHEMA = (
    "create table acquaintances (chat text not null, user_id text not null, handle text not null, name text not null,"
    " groups text not null, at text not null, primary key (chat, user_id)) strict, without rowid",
)
