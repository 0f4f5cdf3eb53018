"""Which accounts of different chats are one person, by her own word; and the codes by which she gives it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine, Row
from storage.types import from_text, to_text


class Link(NamedTuple):
    """One person. Two at least of `member`, `slack` and `discord` are not empty."""

    id: int
    member: str  # the name of a member of the file, where an id of hers does not say who she is
    slack: str  # user ids
    discord: str
    name: str  # what she is called unless the file names her
    also: tuple[str, ...]  # what she was called before
    first: str  # the chat in which she began it
    made_at: datetime
    ended_at: datetime | None = None  # since when it joins nothing any more


class Offer(NamedTuple):
    """A code that was given out. `taken_by` is whoever typed it: chat:id, "" for nobody yet."""

    id: int
    chat: str  # where she got it
    member: str  # what she was called then
    slack: str  # user ids, "" for none
    discord: str
    made_at: datetime
    taken_by: str


class Links:
    """One row per person and link, also of those that ended; one per code until it is used or old, one per wrong code
    for an hour.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Link]:
        """Those that ended too: two accounts that were said to be one person may be that still."""
        return [_link(row) for row in self._engine.rows("select * from links order by id")]

    def of(self, *, member: str = "", slack: str = "", discord: str = "") -> list[Link]:
        """Those in force that say something of this member or of one of these accounts."""
        rows = self._engine.rows(
            "select * from links where ended_at is null and ((member <> '' and member = ?)"
            " or (slack <> '' and slack = ?) or (discord <> '' and discord = ?)) order by id",
            (member, slack, discord),
        )
        return [_link(row) for row in rows]

    def add(
        self,
        *,
        member: str,
        slack: str,
        discord: str,
        name: str,
        also: Sequence[str],
        first: str,
        now: datetime,
    ) -> int:
        """Its id. A member or an account is in one link in force at most."""
        return int(
            self._engine.value(
                "insert into links (member, slack, discord, name, also, first, made_at) values (?, ?, ?, ?, ?, ?, ?)"
                " returning id",
                (member, slack, discord, name, json.dumps(list(also)), first, to_text(now)),
            )
        )

    def end(self, link_id: int, now: datetime) -> bool:
        """Whether it was in force."""
        told = (to_text(now), link_id)
        return self._engine.run("update links set ended_at = ? where id = ? and ended_at is null", told) == 1

    # Codes

    def offer(self, code_hash: str, *, chat: str, member: str, slack: str, discord: str, now: datetime) -> None:
        """Keep a new code, by its hash alone; an older one of the same person is void."""
        self._engine.run("delete from link_offers where member = ?", (member,))
        self._engine.run(
            "insert into link_offers (code_hash, chat, member, slack, discord, made_at, taken_by)"
            " values (?, ?, ?, ?, ?, ?, '')",
            (code_hash, chat, member, slack, discord, to_text(now)),
        )

    def find(self, code_hash: str, since: datetime) -> Offer | None:
        """The offer of a code that is no older than that."""
        row = self._engine.one(
            "select * from link_offers where code_hash = ? and made_at >= ?", (code_hash, to_text(since))
        )
        return _offer(row) if row is not None else None

    def take(self, offer_id: int, who: str) -> bool:
        """From now on the code is `who`'s alone; False when another took it."""
        return (
            self._engine.run(
                "update link_offers set taken_by = ? where id = ? and taken_by in ('', ?)", (who, offer_id, who)
            )
            == 1
        )

    def taken(self, offer_id: int, who: str, since: datetime) -> Offer | None:
        """The offer that `who` has taken, if it is no older than that."""
        row = self._engine.one(
            "select * from link_offers where id = ? and made_at >= ? and taken_by = ?",
            (offer_id, to_text(since), who),
        )
        return _offer(row) if row is not None else None

    def use_up(self, offer_id: int) -> bool:
        """Whether it was there; it is gone now."""
        return self._engine.run("delete from link_offers where id = ?", (offer_id,)) == 1

    def tried_wrongly(self, who: str, now: datetime) -> None:
        self._engine.run("insert into link_tries (who, at) values (?, ?)", (who, to_text(now)))

    def wrong_tries(self, who: str, since: datetime) -> int:
        """How many wrong codes somebody has typed since."""
        found = self._engine.value("select count(*) from link_tries where who = ? and at > ?", (who, to_text(since)))
        return int(found)

    def forget_before(self, moment: datetime) -> int:
        """Drop codes and wrong ones that are older; how many."""
        at = to_text(moment)
        dropped = self._engine.run("delete from link_offers where made_at < ?", (at,))
        return dropped + self._engine.run("delete from link_tries where at < ?", (at,))


def _offer(row: Row) -> Offer:
    return Offer(
        id=row["id"],
        chat=row["chat"],
        member=row["member"],
        slack=row["slack"],
        discord=row["discord"],
        made_at=from_text(row["made_at"]),
        taken_by=row["taken_by"],
    )


def _link(row: Row) -> Link:
    return Link(
        id=row["id"],
        member=row["member"],
        slack=row["slack"],
        discord=row["discord"],
        name=row["name"],
        also=tuple(json.loads(row["also"])),
        first=row["first"],
        made_at=from_text(row["made_at"]),
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
    )


SCHEMA = (
    "create table links (id integer primary key, member text not null, slack text not null, discord text not null,"
    " name text not null, also text not null, first text not null, made_at text not null, ended_at text) strict",
    "create unique index links_member on links (member) where member <> '' and ended_at is null",
    "create unique index links_slack on links (slack) where slack <> '' and ended_at is null",
    "create unique index links_discord on links (discord) where discord <> '' and ended_at is null",
    "create table link_offers (id integer primary key, code_hash text not null unique, chat text not null,"
    " member text not null, slack text not null, discord text not null, made_at text not null,"
    " taken_by text not null) strict",
    "create table link_tries (id integer primary key, who text not null, at text not null) strict",
    "create index link_tries_who on link_tries (who, at)",
)
