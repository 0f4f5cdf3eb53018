"""Outages: a chat outside could not be reached, from when until when, and who was told in another chat."""

from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table outages (id integer primary key, chat text not null, since text not null, words text not null,"
    " back_at text, told_at text, told_to text not null, ended_at text) strict",
    "create unique index outages_open on outages (chat) where ended_at is null",
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A chat has one at a time that is not over. Of those that are over only the ones that were told are kept."""

    id: int
    chat: str
    since: datetime
    words: str  # why, as the chat said last
    back_at: datetime | None  # it can be reached since then, perhaps for good
    told_at: datetime | None
    told_to: tuple[str, ...]  # chat:#channel or chat:@member
    ended_at: datetime | None


class Outages:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_of(self, chat: str) -> Outage | None:
        """The one of this chat that is not over."""
        row = self._engine.one("select * from outages where chat = ? and ended_at is null", (chat,))
        return _outage(row) if row is not None else None

    def all_open(self) -> list[Outage]:
        return [_outage(row) for row in self._engine.rows("select * from outages where ended_at is null order by id")]

    def begin(self, chat: str, words: str, now: datetime) -> None:
        """It cannot be reached; call it where none is open."""
        self._engine.run(
            "insert into outages (chat, since, words, told_to) values (?, ?, ?, '')", (chat, to_text(now), words)
        )

    def lasts(self, outage: Outage, words: str) -> None:
        """It cannot be reached still, or again."""
        self._engine.run("update outages set words = ?, back_at = null where id = ?", (words, outage.id))

    def is_back(self, outage: Outage, now: datetime) -> None:
        """It can be reached; whether for good, time tells."""
        self._engine.run("update outages set back_at = ? where id = ?", (to_text(now), outage.id))

    def told(self, outage: Outage, places: tuple[str, ...], now: datetime) -> None:
        self._engine.run(
            "update outages set told_at = ?, told_to = ? where id = ?", (to_text(now), " ".join(places), outage.id)
        )

    def end(self, outage: Outage, now: datetime) -> None:
        """It is over. What nobody was told of is forgotten."""
        self._engine.run("delete from outages where id = ? and told_at is null", (outage.id,))
        self._engine.run("update outages set ended_at = ? where id = ?", (to_text(now), outage.id))

    def last_told(self, chat: str) -> datetime | None:
        """When somebody was told last that this chat cannot be reached, or is back."""
        at = self._engine.value(
            "select max(coalesce(ended_at, told_at)) from outages where chat = ? and told_at is not null", (chat,)
        )
        return from_text(at) if at else None


def _outage(row: Row) -> Outage:
    return Outage(
        row["id"],
        row["chat"],
        from_text(row["since"]),
        row["words"],
        from_text(row["back_at"]) if row["back_at"] else None,
        from_text(row["told_at"]) if row["told_at"] else None,
        tuple(row["told_to"].split()),
        from_text(row["ended_at"]) if row["ended_at"] else None,
    )
