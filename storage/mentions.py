"""Mentions: stored once per (source, native id), searchable, counted in the roll-ups of `storage/tallies.py`."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from storage.engine import Engine, Row
from storage.tallies import MOVED_FROM, Cell, Moved, Tallies
from storage.types import Mention, Priority, from_text, to_json, to_text

SELECT = "select m.*, s.name as source, s.kind as kind from mentions m join sources s on s.id = m.source_id"


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a mention that the source gives again."""

    id: int
    text: str
    title: str
    likes: int | None
    shares: int | None
    replies: int | None
    reach: int | None
    changed_at: datetime
    priority: Priority
    case_id: int | None
    is_gone: bool


class NewMention(NamedTuple):
    """A row to store, as the columns of the same names hold it: times by `to_text`, lists of words by `to_json`.

    `id` was taken from `next_id` in the same transaction.
    """

    id: int
    native_id: str
    brand: str
    also: str  # other brands that match; empty when there are none
    query: str
    author: str
    author_name: str
    followers: int | None
    text: str
    title: str
    url: str
    lang: str
    published_at: str | None
    likes: int | None
    shares: int | None
    replies: int | None
    stars: float | None
    private: int
    reach: int | None
    sentiment: float | None
    label: str
    priority: int
    reasons: str
    case_id: int | None
    counted_at: str  # the moment that reports count it at
    is_ours: int  # 0: it concerns competitors alone
    extra: str = ""  # JSON; empty when there is nothing
    reply_ref: str = ""


_INSERT = (
    f"insert into mentions ({', '.join(NewMention._fields)}, source_id, seen_at, changed_at)"
    f" values ({', '.join('?' * len(NewMention._fields))}, ?, ?, ?)"
)


class Mentions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tallies = Tallies(engine)

    # Writing: the hot path, in bulk

    def next_id(self) -> int:
        """The first free id; good until the transaction ends, as there is one writer."""
        return int(self._engine.value("select coalesce(max(id), 0) + 1 from mentions"))

    def known(self, source_id: int, native_ids: Sequence[str]) -> dict[str, Known]:
        """Those of a source's items that are stored already."""
        found: dict[str, Known] = {}
        for start in range(0, len(native_ids), 500):
            part = native_ids[start : start + 500]
            rows = self._engine.rows(
                "select id, native_id, text, title, likes, shares, replies, reach, changed_at, priority,"
                " case_id, gone_at"
                f" from mentions where source_id = ? and native_id in ({','.join('?' * len(part))})",
                (source_id, *part),
            )
            found.update((row["native_id"], _known(row)) for row in rows)
        return found

    def known_as(self, mention_id: int) -> Known | None:
        row = self._engine.one("select * from mentions where id = ?", (mention_id,))
        return _known(row) if row is not None else None

    def brands(self, source: str, native_ids: Sequence[str]) -> dict[str, str]:
        """The brand of each of a source's items that are stored already, by native id."""
        found: dict[str, str] = {}
        for start in range(0, len(native_ids), 500):
            part = native_ids[start : start + 500]
            rows = self._engine.rows(
                "select native_id, brand from mentions where source_id = (select id from sources where name = ?)"
                f" and native_id in ({','.join('?' * len(part))})",
                (source, *part),
            )
            found.update((row["native_id"], row["brand"]) for row in rows)
        return found

    def add(self, source_id: int, rows: Sequence[NewMention], now: datetime) -> None:
        """Store new mentions, make them searchable and count them. All in the caller's transaction."""
        if not rows:
            return
        at = to_text(now)
        rest = (source_id, at, at)
        self._engine.run_many(_INSERT, [row + rest for row in rows])
        self._engine.run(
            "insert into mentions_text (rowid, title, text) select id, title, text from mentions"
            " where id >= ? and id <= ?",
            (rows[0].id, rows[-1].id),
        )
        self._count(source_id, rows)

    def _count(self, source_id: int, rows: Sequence[NewMention]) -> None:
        topics: dict[tuple[str, str, str], list[int]] = {}
        alike: Counter[tuple[str, str, str, str, int]] = Counter()
        moved = []
        for row in rows:
            alike[row.counted_at, row.brand, row.also, row.label, row.is_ours] += 1
            if row.query:
                told = topics.setdefault((row.brand, row.query, row.counted_at), [0, 0])
                told[0] += 1
                told[1] += row.label == "negative"
            if (people := _moved(row.shares, row.replies)) >= MOVED_FROM:
                brands = (row.brand, *_strings(row.also))
                moved.append(Moved(row.counted_at, brands, row.author, 0, people, bool(row.is_ours)))
        self._tallies.add(
            Cell(at, (brand, *_strings(also)), source_id, label, n, is_ours=bool(is_ours))
            for (at, brand, also, label, is_ours), n in alike.items()
        )
        self._tallies.add_topics(topics)
        self._tallies.moved(moved)

    def _count_as(self, row: Row, label: str) -> None:
        """A stored mention has another label now."""
        at, brands, source_id = row["counted_at"], (row["brand"], *_strings(row["also"])), row["source_id"]
        for one, n in ((row["label"], -1), (label, 1)):
            self._tallies.add([Cell(at, brands, source_id, one, n, is_ours=bool(row["is_ours"]))])
        if row["query"]:
            change = (label == "negative") - (row["label"] == "negative")
            self._tallies.add_topics({(row["brand"], row["query"], at): (0, change)})

    def give_again(
        self, mention_id: int, *, likes: int | None, shares: int | None, replies: int | None, reach: int | None,
        priority: Priority, reasons: tuple[str, ...], now: datetime,
    ) -> None:  # fmt: skip
        """The source gave it again with other numbers; those that it does not tell now stay as they were."""
        old = self._engine.one("select * from mentions where id = ?", (mention_id,))
        if old is None:
            return
        before = _moved(old["shares"], old["replies"])
        after = _moved(
            *(new if new is not None else old[name] for name, new in (("shares", shares), ("replies", replies)))
        )
        brands = (old["brand"], *_strings(old["also"]))
        self._tallies.moved([Moved(old["counted_at"], brands, old["author"], before, after, bool(old["is_ours"]))])
        self._engine.run(
            "update mentions set likes = coalesce(?, likes), shares = coalesce(?, shares),"
            " replies = coalesce(?, replies), reach = coalesce(?, reach), priority = ?, reasons = ?,"
            " changed_at = ? where id = ?",
            (
                likes,
                shares,
                replies,
                reach,
                int(priority),
                to_json(reasons),
                to_text(now),
                mention_id,
            ),
        )

    def edit(
        self, mention_id: int, *, title: str, text: str, sentiment: float | None, label: str, priority: Priority,
        reasons: tuple[str, ...], reply_ref: str,
        now: datetime,
    ) -> None:  # fmt: skip
        """The author changed the words: the search index follows in the same transaction."""
        old = self._engine.one("select * from mentions where id = ?", (mention_id,))
        if old is None:
            return
        self._unindex(old)
        if old["label"] != label:
            self._count_as(old, label)
        self._engine.run(
            "update mentions set title = ?, text = ?, sentiment = ?, label = ?, priority = ?, reasons = ?,"
            " reply_ref = ?, changed_at = ?"
            " where id = ?",
            (
                title, text, sentiment, label, int(priority), to_json(reasons), reply_ref, to_text(now),
                mention_id,
            ),
        )  # fmt: skip
        self._engine.run(
            "insert into mentions_text (rowid, title, text) select id, title, text from mentions where id = ?",
            (mention_id,),
        )

    def gone(self, source_id: int, native_id: str, now: datetime) -> Known | None:
        """The source says that it was deleted: its words go, its numbers stay. What it was, or None when unknown."""
        row = self._engine.one(
            "select * from mentions where source_id = ? and native_id = ? and gone_at is null", (source_id, native_id)
        )
        if row is None:
            return None
        self._unindex(row)
        self._engine.run(
            "update mentions set text = '', title = '', url = '', author_name = '', extra = '', reply_ref = '',"
            " gone_at = ?, changed_at = ?"
            " where id = ?",
            (to_text(now), to_text(now), row["id"]),
        )
        self._engine.run(
            "insert into mentions_text (rowid, title, text) select id, title, text from mentions where id = ?",
            (row["id"],),
        )
        return _known(row)

    def _unindex(self, row: Row) -> None:
        self._engine.run(
            "insert into mentions_text (mentions_text, rowid, title, text) values ('delete', ?, ?, ?)",
            (row["id"], row["title"], row["text"]),
        )

    def clean_index(self) -> None:
        """Make the search index anew, so that nothing of words that were taken away is left in its pages.

        SQLite before 3.42 only marks them as gone (https://www.sqlite.org/fts5.html#the_secure_delete_configuration_option).
        A second or two for 100,000 mentions.
        """
        self._engine.run("insert into mentions_text (mentions_text) values ('rebuild')")

    def give_reasons(self, mention_id: int, reasons: tuple[str, ...]) -> None:
        """Other reasons for the priority that it has."""
        self._engine.run("update mentions set reasons = ? where id = ?", (to_json(reasons), mention_id))

    def put_in_case(self, mention_id: int, case_id: int) -> None:
        self._engine.run("update mentions set case_id = ? where id = ? and case_id is null", (case_id, mention_id))

    # Reading

    def get(self, mention_id: int) -> Mention | None:
        row = self._engine.one(f"{SELECT} where m.id = ?", (mention_id,))
        return read_mention(row) if row is not None else None

    def lead_of(self, case_id: int) -> tuple[str, str] | None:
        """The source and native id of the mention that stands for a case."""
        row = self._engine.one(
            "select s.name, m.native_id from cases c join mentions m on m.id = c.mention_id"
            " join sources s on s.id = m.source_id where c.id = ?",
            (case_id,),
        )
        return (row["name"], row["native_id"]) if row is not None else None

    def of_case(self, case_id: int, limit: int = 20) -> list[Mention]:
        return [
            read_mention(row)
            for row in self._engine.rows(f"{SELECT} where m.case_id = ? order by m.id limit ?", (case_id, limit))
        ]

    def by_author(self, author: str, limit: int = 10) -> list[Mention]:
        """A person's newest mentions; `author` as stored (handles are stored without @ and in lower case)."""
        return [
            read_mention(row)
            for row in self._engine.rows(f"{SELECT} where m.author = ? order by m.id desc limit ?", (author, limit))
        ]

    def count_by_author(self, author: str) -> dict[str, int]:
        """How many mentions of a person carry each label."""
        rows = self._engine.rows("select label, count(*) as n from mentions where author = ? group by label", (author,))
        return {row["label"]: row["n"] for row in rows}

    def search(self, words: Sequence[str], limit: int, before: int | None = None) -> list[Mention]:
        """The newest mentions that hold all the words, older than the id `before` if it is given."""
        expression = " ".join('"' + word.replace('"', '""') + '"' for word in words if word.strip())
        if not expression:
            return []
        rows = self._engine.rows(
            f"{SELECT} where m.id in (select rowid from mentions_text where mentions_text match ? and rowid < ?"
            " order by rowid desc limit ?) order by m.id desc",
            (expression, before if before is not None else 1 << 62, limit),
        )
        return [read_mention(row) for row in rows]

    def recent(self, since: datetime) -> Iterator[Mention]:
        """Everything seen since, newest first, one by one. Ids rise with the time of seeing, so no index is needed."""
        first = to_text(since)
        for row in self._engine.each(f"{SELECT} order by m.id desc"):
            if row["seen_at"] < first:
                return
            yield read_mention(row)


def _moved(shares: int | None, replies: int | None) -> int:
    return (shares or 0) + (replies or 0)


def _known(row: Row) -> Known:
    return Known(
        id=row["id"],
        text=row["text"],
        title=row["title"],
        likes=row["likes"],
        shares=row["shares"],
        replies=row["replies"],
        reach=row["reach"],
        changed_at=from_text(row["changed_at"]),
        priority=Priority(row["priority"]),
        case_id=row["case_id"],
        is_gone=row["gone_at"] is not None,
    )


def read_mention(row: Row) -> Mention:
    """A row of `SELECT`."""
    return Mention(
        id=row["id"],
        source=row["source"],
        kind=row["kind"],
        native_id=row["native_id"],
        brand=row["brand"],
        query=row["query"],
        text=row["text"],
        title=row["title"],
        url=row["url"],
        author=row["author"],
        author_name=row["author_name"],
        followers=row["followers"],
        lang=row["lang"],
        published_at=from_text(row["published_at"]) if row["published_at"] else None,
        seen_at=from_text(row["seen_at"]),
        likes=row["likes"],
        shares=row["shares"],
        replies=row["replies"],
        stars=row["stars"],
        private=bool(row["private"]),
        reach=row["reach"],
        sentiment=row["sentiment"],
        label=row["label"],
        priority=Priority(row["priority"]),
        reasons=tuple(_strings(row["reasons"])),
        case_id=row["case_id"],
        extra=json.loads(row["extra"]) if row["extra"] else {},
        reply_ref=row["reply_ref"],
        gone_why=row["gone_why"],
    )


def _strings(text: str) -> Iterable[Any]:
    return json.loads(text) if text else ()
