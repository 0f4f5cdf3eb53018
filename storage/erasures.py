"""Erasing a person: who asked for it and who agreed, what there is of her, and the statements that take it away.

What a request named is forgotten when it is done, taken back or too old; its numbers stay.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine, Row
from storage.types import from_text, to_json, to_text

ERASED, EXPIRED = "erased", "expired"  # why words are gone that the author did not delete

SCHEMA = (
    "create table erasures (id integer primary key, author text not null, sources text not null,"
    " asked_by text not null, asked_accounts text not null, asked_at text not null, done_by text, done_at text,"
    " ended_at text, mentions integer not null default 0, cases integer not null default 0) strict",
    # The lines of the diaries are opened for an erasure alone, and then for their words alone.
    "create table erasing (id integer primary key check (id = 1)) strict",
    "drop trigger case_events_keep",
    "create trigger case_events_keep before update on case_events when not (exists (select 1 from erasing)"
    " and new.seq is old.seq and new.case_id is old.case_id and new.version is old.version and new.at is old.at"
    " and new.actor is old.actor and new.kind is old.kind) begin"
    " select raise(abort, 'case events are never changed'); end",
    "alter table mentions add column gone_why text not null default ''",
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request to erase a person. `author` is "" once it is over."""

    id: int
    author: str
    sources: tuple[str, ...]
    asked_by: str
    asked_accounts: tuple[str, ...]  # of whoever asked, each chat:id
    asked_at: datetime
    done_at: datetime | None
    ended_at: datetime | None


class Words(NamedTuple):
    """What is stored of a mention that can name somebody."""

    id: int
    source: str
    native_id: str
    author: str
    author_name: str
    text: str
    title: str
    url: str
    extra: str
    case_id: int | None
    reasons: tuple[str, ...]
    seen_at: datetime


class Place(NamedTuple):
    """A text beside the mentions that may name her: a row of a table."""

    table: str
    key: int | str
    text: str


_WORDS = (
    "select m.id, s.name as source, m.native_id, m.author, m.author_name, m.text, m.title, m.url, m.extra, m.case_id,"
    " m.reasons, m.seen_at from mentions m join sources s on s.id = m.source_id"
)
# Everything else that holds words, and how a row of it is emptied or dropped.
_PLACES: Mapping[str, tuple[str, str]] = {
    "deliveries": ("select id as place, body as words from deliveries where body <> ''", ""),
    "local_messages": ("select id as place, body as words from local_messages", ""),
    "case_events": ("select seq as place, detail as words from case_events where detail <> '{}'", ""),
    "errors of deliveries": (
        "select id as place, error as words from deliveries where error <> ''",
        "update deliveries set error = '' where id = ?",
    ),
    "quarantine": (
        "select id as place, place || char(10) || reason || char(10) || sample as words from quarantine",
        "delete from quarantine where id = ?",
    ),
    "kept": (
        'select member || char(31) || verb || char(31) || case_id as place, "values" as words from kept',
        "delete from kept where member || char(31) || verb || char(31) || case_id = ?",
    ),
    "carried": ("select key as place, body as words from carried", "delete from carried where key = ?"),
    "inbox": ("select key as place, key as words from inbox", "delete from inbox where key = ?"),
    "mutes": (
        "select id as place, value as words from mutes where value <> ''",
        "update mutes set value = '', removed_at = coalesce(removed_at, until) where id = ?",
    ),
    "alarms": ("select id as place, words from alarms where words <> ''", "update alarms set words = '' where id = ?"),
    "halts": ("select id as place, why as words from halts where why <> ''", "update halts set why = '' where id = ?"),
    "sources": (
        "select id as place, error as words from sources where error <> ''",
        "update sources set error = '' where id = ?",
    ),
    "cursors": (
        "select source_id || char(31) || query as place, error as words from cursors where error <> ''",
        "update cursors set error = '' where source_id || char(31) || query = ?",
    ),
    "drafts": (
        "select id as place, text || char(10) || rejected_why || char(10) || error || char(10) || sent_url as words"
        " from drafts",
        "",
    ),
}


class Erasures:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Who asked for it

    def ask(self, author: str, sources: Sequence[str], by: str, accounts: Sequence[str], now: datetime) -> int:
        """Note a request; its number."""
        return int(
            self._engine.value(
                "insert into erasures (author, sources, asked_by, asked_accounts, asked_at) values (?, ?, ?, ?, ?)"
                " returning id",
                (author, json.dumps(list(sources)), by, " ".join(accounts), to_text(now)),
            )
        )

    def get(self, number: int) -> Erasure | None:
        row = self._engine.one("select * from erasures where id = ?", (number,))
        return _erasure(row) if row is not None else None

    def waiting(self, since: datetime) -> list[Erasure]:
        """Requests that were made since and are not over."""
        rows = self._engine.rows(
            "select * from erasures where ended_at is null and asked_at > ? order by id", (to_text(since),)
        )
        return [_erasure(row) for row in rows]

    def end(self, number: int, now: datetime) -> bool:
        """It is taken back, and whom it named is forgotten; whether it was waiting."""
        return (
            self._engine.run(
                "update erasures set author = '', sources = '[]', ended_at = ? where id = ? and ended_at is null",
                (to_text(now), number),
            )
            == 1
        )

    def done(self, number: int, by: str, mentions: int, cases: int, now: datetime) -> None:
        at = to_text(now)
        self._engine.run(
            "update erasures set author = '', sources = '[]', done_by = ?, done_at = ?, ended_at = ?, mentions = ?,"
            " cases = ? where id = ?",
            (by, at, at, mentions, cases, number),
        )

    def forget_before(self, moment: datetime, now: datetime) -> list[int]:
        """End what nobody agreed to in time; which."""
        rows = self._engine.rows(
            "update erasures set author = '', sources = '[]', ended_at = ? where ended_at is null and asked_at <= ?"
            " returning id",
            (to_text(now), to_text(moment)),
        )
        return [row["id"] for row in rows]

    # What there is of her

    def by(self, author: str, sources: Sequence[str]) -> list[Words]:
        """All that an author, as stored, said in these sources."""
        rows = self._engine.rows(
            f"{_WORDS} where m.author = ? and s.name in ({','.join('?' * len(sources))}) order by m.id",
            (author, *sources),
        )
        return [_words(row) for row in rows]

    def sources_of(self, author: str) -> dict[str, int]:
        """How many mentions of an author each source has, by its name."""
        rows = self._engine.rows(
            "select s.name, count(*) as n from mentions m join sources s on s.id = m.source_id where m.author = ?"
            " group by s.name order by s.name",
            (author,),
        )
        return {row["name"]: row["n"] for row in rows}

    def with_words(self, mention_ids: Sequence[int]) -> list[Words]:
        return [
            _words(row)
            for one in mention_ids
            if (row := self._engine.one(f"{_WORDS} where m.id = ?", (one,))) is not None
        ]

    def has_gone_since(self, moment: datetime) -> bool:
        """Whether any mention lost its words since."""
        return bool(self._engine.value("select exists (select 1 from mentions where gone_at > ?)", (to_text(moment),)))

    def everybody(self) -> Iterator[tuple[int, str, str, str]]:
        """(id, source, author, native id) of every mention that has words left."""
        rows = self._engine.rows(
            "select m.id, s.name, m.author, m.native_id from mentions m join sources s on s.id = m.source_id"
            " where m.gone_why = ''"
        )
        return ((row["id"], row["name"], row["author"], row["native_id"]) for row in rows)

    def in_cases(self, case_ids: Sequence[int]) -> list[int]:
        """The mentions of these cases."""
        return [
            row["id"]
            for case_id in case_ids
            for row in self._engine.rows("select id from mentions where case_id = ? and gone_why = ''", (case_id,))
        ]

    def matching(self, words: Sequence[str], limit: int) -> list[int]:
        """Mentions that hold these words one after the other."""
        expression = '"' + " ".join(words).replace('"', '""') + '"'
        rows = self._engine.rows(
            "select rowid from mentions_text where mentions_text match ? order by rowid desc limit ?",
            (expression, limit),
        )
        return [row["rowid"] for row in rows]

    def led_by(self, mention_ids: Sequence[int]) -> list[int]:
        """The cases whose cards show these mentions."""
        return [
            row["id"]
            for one in mention_ids
            for row in self._engine.rows(
                "select id from cases where mention_id = ? and id = (select case_id from mentions where id = ?)",
                (one, one),
            )
        ]

    def places(self) -> Iterator[Place]:
        """Every text beside the mentions that may name somebody."""
        for table, (select, _) in _PLACES.items():
            for row in self._engine.rows(select):
                yield Place(table, row["place"], row["words"])

    # Taking it away, in the caller's transaction

    def blank(self, mention_ids: Sequence[int], why: str, now: datetime, *, is_hers: bool = False) -> None:
        """Take the words of mentions; their numbers stay. `is_hers`: who wrote them, and what they were called outside,
        go too. The search index is to be made anew afterwards (`Mentions.clean_index`)."""
        at = to_text(now)
        for one in mention_ids:
            self._engine.run(
                "insert into mentions_text (mentions_text, rowid, title, text)"
                " select 'delete', id, title, text from mentions where id = ?",
                (one,),
            )
            self._engine.run(
                "update mentions set text = '', title = '', url = '', extra = '', reply_ref = '', author_name = '',"
                " author = case when ? then '' else author end,"
                " native_id = case when ? then 'erased:' || id else native_id end,"
                " gone_at = coalesce(gone_at, ?), gone_why = ?, changed_at = ? where id = ?",
                (int(is_hers or why == EXPIRED), int(is_hers), at, why, at, one),
            )
            self._engine.run("insert into mentions_text (rowid, title, text) values (?, '', '')", (one,))
            self._engine.run("delete from verifications where mention_id = ?", (one,))

    def give_reasons(self, mention_id: int, reasons: tuple[str, ...]) -> None:
        self._engine.run("update mentions set reasons = ? where id = ?", (to_json(reasons), mention_id))

    def forget_mover(self, author: str) -> None:
        """Nobody is told any more whom an author has moved."""
        self._engine.run("delete from movers where author = ?", (author,))

    def forget_story(self, case_id: int) -> None:
        """Copies of what the case was about open a case of their own from now on."""
        self._engine.run("delete from story_keys where case_id = ?", (case_id,))

    def blank_draft(self, draft_id: int, words: str, now: datetime) -> None:
        """Its text goes. What was not sent cannot be any more."""
        self._engine.run(
            "update drafts set text = '', error = '', sent_url = '', target = '', rejected_why = ?,"
            " state = case when state in ('proposed', 'approved') then 'rejected' else state end,"
            " revision = revision + 1, updated_at = ? where id = ?",
            (words, to_text(now), draft_id),
        )

    def sending(self) -> list[tuple[int, str]]:
        """(case, text) of every reply that is on its way."""
        rows = self._engine.rows("select case_id, text from drafts where state = 'sending' order by id")
        return [(row["case_id"], row["text"]) for row in rows]

    @contextmanager
    def open_diaries(self) -> Iterator[None]:
        """Within it the words of lines may be changed, and nothing else of them. To be used in a transaction."""
        self._engine.run("insert into erasing (id) values (1)")
        yield
        self._engine.run("delete from erasing")

    def reword(self, seq: int | str, detail: Mapping[str, str]) -> None:
        """The words of a line of a diary, within `open_diaries`."""
        self._engine.run("update case_events set detail = ? where seq = ?", (json.dumps(dict(detail)), seq))

    def rewrite(self, place: Place, body: str) -> None:
        """Another body of a message, which stays where it is."""
        if place.table == "local_messages":
            self._engine.run("update local_messages set body = ? where id = ?", (body, place.key))
        else:
            self._engine.run("update deliveries set body = ? where id = ?", (body, place.key))

    def drop(self, place: Place) -> None:
        """Take away a text that need not stay."""
        if statement := _PLACES[place.table][1]:
            self._engine.run(statement, (place.key,))

    def line(self, seq: int | str) -> tuple[int, str, dict[str, str]]:
        """The case, the kind and the details of a line of a diary."""
        row = self._engine.one("select case_id, kind, detail from case_events where seq = ?", (seq,))
        return (row["case_id"], row["kind"], json.loads(row["detail"])) if row is not None else (0, "", {})

    def subject(self, delivery_id: int | str) -> str:
        """What a delivery is of."""
        return str(self._engine.value("select subject from deliveries where id = ?", (delivery_id,)) or "")

    def storms_at(self, moments: Sequence[datetime]) -> list[int]:
        """The storms that lasted at these moments."""
        found = {
            row["id"]
            for moment in moments
            for row in self._engine.rows(
                "select id from storms where started_at <= ? and coalesce(ended_at, '9') >= ?",
                (to_text(moment), to_text(moment)),
            )
        }
        return sorted(found)


def _erasure(row: Row) -> Erasure:
    return Erasure(
        id=row["id"],
        author=row["author"],
        sources=tuple(json.loads(row["sources"])),
        asked_by=row["asked_by"],
        asked_accounts=tuple(row["asked_accounts"].split()),
        asked_at=from_text(row["asked_at"]),
        done_at=from_text(row["done_at"]) if row["done_at"] else None,
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
    )


def _words(row: Row) -> Words:
    return Words(
        id=row["id"],
        source=row["source"],
        native_id=row["native_id"],
        author=row["author"],
        author_name=row["author_name"] or "",
        text=row["text"],
        title=row["title"] or "",
        url=row["url"] or "",
        extra=row["extra"],
        case_id=row["case_id"],
        reasons=tuple(json.loads(row["reasons"])),
        seen_at=from_text(row["seen_at"]),
    )
