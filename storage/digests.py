"""Digests: several low cards in one message. A case waits in the open digest of a channel until that is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.engine import Engine
from storage.types import to_text

SCHEMA = (
    "create table digests (id integer primary key, chat text not null, channel text not null, due_at text not null,"
    " posted_at text) strict",
    "create unique index digests_open on digests (chat, channel) where posted_at is null",
    "create table digest_cases (digest_id integer not null references digests (id),"
    " case_id integer not null references cases (id), primary key (case_id, digest_id)) strict, without rowid",
    "create index digest_cases_of on digest_cases (digest_id, case_id)",
)


@dataclass(frozen=True, slots=True)
class Digest:
    """A message to come, or one that was posted."""

    id: int
    chat: str
    channel: str


class Digests:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hold(self, chat: str, channel: str, every: timedelta, cases: Iterable[int], now: datetime) -> None:
        """Put cases into the channel's open digest, which is due `every` after its first case came.

        A case that stands in a digest of the channel already is left out; see `take_out` for one with its own card.
        """
        self._engine.run(
            "insert into digests (chat, channel, due_at) values (?, ?, ?) on conflict do nothing",
            (chat, channel, to_text(now + every)),
        )
        found = self._engine.value(
            "select id from digests where chat = ? and channel = ? and posted_at is null", (chat, channel)
        )
        self._engine.run_many(
            "insert into digest_cases (digest_id, case_id) select ?, ? where not exists (select 1 from digest_cases c"
            " join digests d on d.id = c.digest_id where c.case_id = ? and d.chat = ? and d.channel = ?)",
            [(found, case_id, case_id, chat, channel) for case_id in cases],
        )

    def take_out(self, case_id: int) -> None:
        """Out of the open digests of channels that it was posted to by itself: nobody is told twice."""
        self._engine.run(
            "delete from digest_cases where case_id = ? and digest_id in (select d.id from digests d"
            " join deliveries p on p.subject = ? and p.action = 'post' and p.chat = d.chat and p.channel = d.channel"
            " where d.posted_at is null)",
            (case_id, f"case:{case_id}"),
        )

    def due(self, now: datetime) -> list[Digest]:
        """Open digests whose time has come."""
        rows = self._engine.rows(
            "select * from digests where posted_at is null and due_at <= ? order by id", (to_text(now),)
        )
        return [Digest(row["id"], row["chat"], row["channel"]) for row in rows]

    def posted(self, digest_id: int, now: datetime) -> None:
        """Close it: later cases wait in the next one."""
        self._engine.run("update digests set posted_at = ? where id = ?", (to_text(now), digest_id))

    def cases(self, digest_id: int) -> list[int]:
        """The numbers of the cases in it, oldest first."""
        rows = self._engine.rows("select case_id from digest_cases where digest_id = ? order by case_id", (digest_id,))
        return [row["case_id"] for row in rows]

    def of_case(self, case_id: int) -> list[Digest]:
        """The digests that a case stands in."""
        rows = self._engine.rows(
            "select d.* from digest_cases c join digests d on d.id = c.digest_id where c.case_id = ?", (case_id,)
        )
        return [Digest(row["id"], row["chat"], row["channel"]) for row in rows]
