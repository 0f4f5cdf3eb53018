"""Digests: several low cards in one message. A case waits in the open digest of a channel until that is due.

What came while a channel was quiet waits in a digest of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import Priority, to_text

SCHEMA = (
    "create table digests (id integer primary key, chat text not null, channel text not null, due_at text not null,"
    " posted_at text) strict",
    "create unique index digests_open on digests (chat, channel) where posted_at is null",
    "create table digest_cases (digest_id integer not null references digests (id),"
    " case_id integer not null references cases (id), primary key (case_id, digest_id)) strict, without rowid",
    "create index digest_cases_of on digest_cases (digest_id, case_id)",
)
QUIET_HOURS = (
    "alter table digests add column is_quiet integer not null default 0",
    "drop index digests_open",
    "create unique index digests_open on digests (chat, channel, is_quiet) where posted_at is null",
)


@dataclass(frozen=True, slots=True)
class Digest:
    """A message to come, or one that was posted."""

    id: int
    chat: str
    channel: str
    is_quiet: bool = False  # what came while the channel was quiet
    is_posted: bool = False


class Digests:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hold(self, chat: str, channel: str, due: datetime, cases: Iterable[int], *, is_quiet: bool = False) -> None:
        """Put cases into the channel's open digest, which comes at `due` or sooner if it was due sooner.

        A case that stands in a digest of the channel already is left out; see `take_out` for one with its own card.
        What has become high is told again, unless that digest is still to come.
        """
        found = self._opened(chat, channel, due, is_quiet=is_quiet)
        self._engine.run_many(
            "insert into digest_cases (digest_id, case_id) select ?, ? where not exists (select 1 from digest_cases c"
            " join digests d on d.id = c.digest_id where c.case_id = ? and d.chat = ? and d.channel = ?"
            " and (d.posted_at is null or (select priority from cases where id = c.case_id) < ?))",
            [(found, case_id, case_id, chat, channel, int(Priority.HIGH)) for case_id in cases],
        )

    def _opened(self, chat: str, channel: str, due: datetime, *, is_quiet: bool) -> int:
        self._engine.run(
            "insert into digests (chat, channel, due_at, is_quiet) values (?, ?, ?, ?)"
            " on conflict (chat, channel, is_quiet) where posted_at is null"
            " do update set due_at = min(digests.due_at, excluded.due_at)",
            (chat, channel, to_text(due), int(is_quiet)),
        )
        found = self._engine.value(
            "select id from digests where chat = ? and channel = ? and is_quiet = ? and posted_at is null",
            (chat, channel, int(is_quiet)),
        )
        return int(found)

    def put_off(self, digest: Digest, until: datetime) -> None:
        """The channel is quiet: its cases come with the others when that ends."""
        if digest.is_quiet:
            self._engine.run("update digests set due_at = ? where id = ?", (to_text(until), digest.id))
            return
        found = self._opened(digest.chat, digest.channel, until, is_quiet=True)
        self._engine.run("update digest_cases set digest_id = ? where digest_id = ?", (found, digest.id))
        self._engine.run("delete from digests where id = ?", (digest.id,))

    def take_out(self, case_id: int) -> None:
        """Out of the open digests of channels that it was posted to by itself: nobody is told twice."""
        self._engine.run(
            "delete from digest_cases where case_id = ? and digest_id in (select d.id from digests d"
            " join deliveries p on p.subject = ? and p.action = 'post' and p.chat = d.chat and p.channel = d.channel"
            " where d.posted_at is null)",
            (case_id, f"case:{case_id}"),
        )

    def get(self, digest_id: int) -> Digest | None:
        row = self._engine.one("select * from digests where id = ?", (digest_id,))
        return _digest(row) if row is not None else None

    def due(self, now: datetime) -> list[Digest]:
        """Open digests whose time has come."""
        rows = self._engine.rows(
            "select * from digests where posted_at is null and due_at <= ? order by id", (to_text(now),)
        )
        return [_digest(row) for row in rows]

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
        return [_digest(row) for row in rows]


def _digest(row: Row) -> Digest:
    return Digest(row["id"], row["chat"], row["channel"], bool(row["is_quiet"]), row["posted_at"] is not None)
