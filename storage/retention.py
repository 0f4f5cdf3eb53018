"""How far the words of old mentions were taken away, source by source, and what was left out on the way."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine
from storage.types import to_text

SCHEMA = (
    # Ids rise with the time of seeing, so that one number says how far it is.
    "create table words_kept (source text primary key, up_to integer not null) strict, without rowid",
    # Those of cases that were open then.
    "create table words_kept_longer (mention_id integer primary key) strict",
)


class Old(NamedTuple):
    """Mentions that are older than their source keeps words."""

    closed: tuple[int, ...]  # without a case, or with one that is resolved
    open: tuple[int, ...]


class Retention:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def old(self, source: str, before: datetime, limit: int) -> Old:
        """The next of a source that were seen before, and those left out earlier whose case is resolved by now. What is
        given is not given again by this."""
        up_to = int(self._engine.value("select up_to from words_kept where source = ?", (source,)) or 0)
        rows = self._engine.rows(
            "select m.id, m.gone_why, c.status from mentions m left join cases c on c.id = m.case_id"
            " where m.id > ? and m.source_id = (select id from sources where name = ?) and m.seen_at < ?"
            " order by m.id limit ?",
            (up_to, source, to_text(before), limit),
        )
        if rows:
            self._engine.run(
                "insert into words_kept (source, up_to) values (?, ?)"
                " on conflict (source) do update set up_to = excluded.up_to",
                (source, rows[-1]["id"]),
            )
        still = {row["id"] for row in rows if row["status"] not in (None, "resolved")}
        self._engine.run_many(
            "insert into words_kept_longer (mention_id) values (?) on conflict do nothing", [(one,) for one in still]
        )
        closed = [row["id"] for row in rows if row["id"] not in still and not row["gone_why"]]
        return Old(tuple(closed), tuple(sorted(still)))

    def resolved(self, sources: Sequence[str], limit: int) -> list[int]:
        """Those that were left out and whose case is resolved now."""
        rows = self._engine.rows(
            "select k.mention_id from words_kept_longer k join mentions m on m.id = k.mention_id"
            " join sources s on s.id = m.source_id left join cases c on c.id = m.case_id"
            f" where coalesce(c.status, 'resolved') = 'resolved' and s.name in ({','.join('?' * len(sources))})"
            " order by k.mention_id limit ?",
            (*sources, limit),
        )
        found = [row["mention_id"] for row in rows]
        self._engine.run_many("delete from words_kept_longer where mention_id = ?", [(one,) for one in found])
        return found

    def forget_before(self, moment: datetime) -> int:
        """Drop what could not be read, and what messages said that are never drawn again; how many."""
        at = to_text(moment)
        dropped = self._engine.run("delete from quarantine where at < ?", (at,))
        dropped += self._engine.run(
            "update deliveries set body = '' where body <> '' and created_at < ? and state in ('sent', 'superseded')",
            (at,),
        )
        return dropped + self._engine.run(
            "delete from deliveries where action = 'update' and created_at < ? and not_before < ?"
            " and state in ('sent', 'superseded')",
            (at, at),
        )

    def forget_notices(self, moment: datetime, limit: int) -> int:
        """Drop notices that were posted before, whose words are gone already; how many.

        Those of a case that is not resolved stay. So does every card, draft, list and briefing: an erasure has to find
        the message that shows a person. No notice is asked for again under its key: that has a number that only rises.
        """
        rows = self._engine.rows(
            "select d.id, d.key, d.chat from deliveries d"
            " where d.subject >= 'notice:' and d.subject < 'notice;' and d.action = 'post' and d.body = ''"
            " and d.state in ('sent', 'superseded') and d.created_at < ? and (d.parent = '' or exists"
            " (select 1 from cases c where d.parent = 'case:' || c.id and c.status = 'resolved'))"
            " order by d.id limit ?",
            (to_text(moment), limit),
        )
        self._engine.run_many("delete from deliveries where id = ?", [(row["id"],) for row in rows])
        self._engine.run_many(
            "delete from local_messages where key = ?"
            " and not exists (select 1 from local_messages reply where reply.parent = local_messages.id)",
            [(row["key"],) for row in rows if row["chat"] == "local"],
        )
        return len(rows)
