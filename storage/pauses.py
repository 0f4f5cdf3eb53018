"""Channels that cannot be posted to until a person does something: archived, left, shared with another company.

What is to be posted there waits in the outbox. After `until` it is tried again.
"""

from datetime import datetime

from storage.engine import Engine, Row
from storage.types import Pause, from_text, to_text


class Pauses:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pause(self, chat: str, channel: str, why: str, until: datetime, now: datetime) -> bool:
        """Note that a channel is closed, or still is; whether that is news (another reason is)."""
        before = self._engine.value("select why from pauses where chat = ? and channel = ?", (chat, channel))
        self._engine.run(
            "insert into pauses (chat, channel, why, since, until) values (?, ?, ?, ?, ?)"
            " on conflict (chat, channel) do update set why = excluded.why, until = excluded.until",
            (chat, channel, why[:300], to_text(now), to_text(until)),
        )
        return bool(before != why[:300])

    def end(self, chat: str, channel: str) -> bool:
        """It can be used again; whether it was paused."""
        return self._engine.run("delete from pauses where chat = ? and channel = ?", (chat, channel)) == 1

    def end_all(self) -> int:
        """Try them all again; how many."""
        return self._engine.run("delete from pauses where 1 = 1")

    def try_all(self, now: datetime) -> None:
        """They stay closed until a post gets through; one is tried now, as whoever started us may have mended it."""
        self._engine.run("update pauses set until = ? where until > ?", (to_text(now), to_text(now)))

    def all(self) -> list[Pause]:
        return [_pause(row) for row in self._engine.rows("select * from pauses order by chat, channel")]


def _pause(row: Row) -> Pause:
    return Pause(row["chat"], row["channel"], row["why"], from_text(row["since"]), from_text(row["until"]))


SCHEMA = (
    "create table pauses (chat text not null, channel text not null, why text not null, since text not null,"
    " until text not null, primary key (chat, channel)) strict, without rowid",
    "create index deliveries_ref on deliveries (chat, remote_ref) where action = 'post' and remote_ref <> ''",
)
