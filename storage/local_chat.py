"""The messages of the local chat: what a chat service would remember for us, in our own file.

A message's ref is its number as text. `seq` rises with every post and update, never falls and never repeats, so "what
changed after 41" is one look at an index. A reply in a thread also touches its parent, since the parent shows how many
there are. `SCHEMA` is run by a migration.
"""

from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.errors import NotFound
from storage.spent import Spent
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    """create table local_messages (
        id integer primary key,
        seq integer not null unique,
        channel text not null,
        key text not null,
        parent integer references local_messages (id),
        body text not null,
        posted_at text not null,
        updated_at text not null,
        unique (channel, key)
    )""",
    "create index local_messages_channel on local_messages (channel, parent, id)",
    "create index local_messages_parent on local_messages (parent, id)",
)


@dataclass(frozen=True, slots=True)
class LocalMessage:
    """One message as stored. `body` is opaque JSON; `parent` is "" outside threads; `replies` counts its thread."""

    ref: str
    seq: int
    channel: str
    parent: str
    body: str
    posted_at: datetime
    updated_at: datetime
    replies: int


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel with messages; `newest` is the ref of its last message outside threads, "0" if there is none."""

    channel: str
    newest: str


_SELECT = "select m.*, (select count(*) from local_messages r where r.parent = m.id) as replies from local_messages m"


class LocalChat:
    """Reads and writes local messages on one engine. Call `post` and `update` inside a transaction.

    `spent` holds what works once on the page.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.spent = Spent(engine)

    def post(self, channel: str, key: str, body_json: str, parent: str, at: datetime) -> str:
        """The ref of the message with this key in this channel, posted now if it was not there yet.

        Raises NotFound if `parent` is no message of that channel.
        """
        if (ref := self.find(channel, key)) is not None:
            return ref
        parent_id = self._parent_id(channel, parent) if parent else None
        moment = to_text(at)
        ref = self._engine.value(
            "insert into local_messages (seq, channel, key, parent, body, posted_at, updated_at)"
            " values (?, ?, ?, ?, ?, ?, ?) returning id",
            (self.last_seq() + 1, channel, key, parent_id, body_json, moment, moment),
        )
        if parent_id is not None:
            self._engine.run("update local_messages set seq = ? where id = ?", (self.last_seq() + 1, parent_id))
        return str(ref)

    def update(self, ref: str, body_json: str, at: datetime) -> None:
        """Replace a message's body; the same body again changes nothing. Raises NotFound for an unknown ref."""
        message = self.message(ref)
        if message.body != body_json:
            self._engine.run(
                "update local_messages set body = ?, updated_at = ?, seq = ? where id = ?",
                (body_json, to_text(at), self.last_seq() + 1, int(ref)),
            )

    def find(self, channel: str, key: str) -> str | None:
        """The ref of the message posted with this key, or None."""
        ref = self._engine.value("select id from local_messages where channel = ? and key = ?", (channel, key))
        return None if ref is None else str(ref)

    def message(self, ref: str) -> LocalMessage:
        """One message. Raises NotFound."""
        row = self._engine.one(f"{_SELECT} where m.id = ?", (_number(ref),))
        if row is None:
            raise NotFound("This message does not exist any more.", "Reload the page.")
        return _message(row)

    def latest(self, channel: str, before: str = "", limit: int = 50) -> list[LocalMessage]:
        """The last messages of a channel outside threads, oldest first; before the ref `before` if given."""
        rows = self._engine.rows(
            f"{_SELECT} where m.channel = ? and m.parent is null and m.id < ? order by m.id desc limit ?",
            (channel, _number(before) if before else _LARGEST, limit),
        )
        return [_message(row) for row in reversed(rows)]

    def thread(self, ref: str) -> list[LocalMessage]:
        """A message and its replies, oldest first. Raises NotFound."""
        rows = self._engine.rows(f"{_SELECT} where m.parent = ? order by m.id", (_number(ref),))
        return [self.message(ref), *(_message(row) for row in rows)]

    def changed_since(self, seq: int, limit: int = 500) -> list[LocalMessage]:
        """Messages posted or updated after `seq`, in the order of their last change."""
        rows = self._engine.rows(f"{_SELECT} where m.seq > ? order by m.seq limit ?", (min(seq, _LARGEST), limit))
        return [_message(row) for row in rows]

    def last_seq(self) -> int:
        """The seq of the last change; 0 when nothing was ever posted."""
        return int(self._engine.value("select coalesce(max(seq), 0) from local_messages"))

    def channels(self) -> list[ChannelState]:
        """Every channel with messages, by name."""
        rows = self._engine.rows(
            "select channel, coalesce(max(case when parent is null then id end), 0) as newest"
            " from local_messages group by channel order by channel"
        )
        return [ChannelState(row["channel"], str(row["newest"])) for row in rows]

    def _parent_id(self, channel: str, parent: str) -> int:
        message = self.message(parent)
        if message.channel != channel:
            raise NotFound("The thread is in another channel.")
        return int(message.parent or message.ref)  # threads are one level deep


_LARGEST = 2**63 - 1


def _number(ref: str) -> int:
    """The row id behind a ref; -1, which no row has, for what cannot be one."""
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else -1


def _message(row: Row) -> LocalMessage:
    return LocalMessage(
        ref=str(row["id"]),
        seq=row["seq"],
        channel=row["channel"],
        parent=str(row["parent"] or ""),
        body=row["body"],
        posted_at=from_text(row["posted_at"]),
        updated_at=from_text(row["updated_at"]),
        replies=row["replies"],
    )
