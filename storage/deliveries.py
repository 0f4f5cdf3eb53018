"""The outbox. A delivery is written in the transaction of the change that calls for it, and sent afterwards.

Rules. The key is derived, so that a repeat adds nothing. `pending` is due at `not_before`. `sending` is committed
before the call; a row found in it after a crash is ambiguous and must be looked for before it is sent again. A redraw
has one row per message for ever: asking again raises its revision, and an answer to an older revision does not finish
it. For days after a restore a card or a briefing begins as `sending`: it may stand there since the time that was lost.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from storage.engine import Engine, Row
from storage.types import Delivery, DeliveryState, Lane, from_text, to_text

_INSERT = (
    "insert into deliveries (key, action, subject, parent, chat, channel, lane, state, revision, attempts, not_before,"
    " remote_ref, error, body, created_at)"
)
_NEW = (
    "insert into deliveries (key, action, subject, parent, chat, channel, lane, state, revision, attempts, not_before,"
    " attempted_at, remote_ref, error, body, created_at)"
    " select ?, 'post', ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, '', '', ?, ?"
    # A case has one card in a channel, whatever the key was that an earlier one was posted with.
    " where not (substr(?, 1, 5) = 'case:' and exists (select 1 from deliveries stands where stands.subject = ?"
    " and stands.action = 'post' and stands.chat = ? and stands.channel = ?)) on conflict do nothing"
)
_COME_AGAIN = ("case:", "briefing:")  # what the sources and the clock ask for anew after a restore, under the same keys

_NOT_PAUSED = (
    "not exists (select 1 from pauses where pauses.chat = deliveries.chat and pauses.channel = deliveries.channel)"
)

# The first post of the parent's subject in the channel is the card that a thread hangs on.
_PARENT_STANDS = (
    "(parent = '' or coalesce((select card.state from deliveries card where card.subject = deliveries.parent"
    " and card.action = 'post' and card.chat = deliveries.chat and card.channel = deliveries.channel"
    " order by card.id limit 1), '') not in ('pending', 'sending'))"
)


class NewPost(NamedTuple):
    """A message to ask for."""

    key: str
    subject: str
    chat: str
    channel: str
    lane: Lane


class Deliveries:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def post(
        self,
        key: str,
        *,
        subject: str,
        chat: str,
        channel: str,
        lane: Lane,
        now: datetime,
        parent: str = "",
        body: str = "",
        not_before: datetime | None = None,
    ) -> bool:
        """Ask for a new message, not before then; False when this key was asked for before."""
        new = NewPost(key, subject, chat, channel, lane)
        values = _values(new, self._lost_since(now), now, parent=parent, body=body, not_before=not_before)
        return self._engine.run(_NEW, values) == 1

    def post_many(self, posts: Sequence[NewPost], now: datetime) -> None:
        """Ask for new messages in the channels themselves; keys that were asked for before are left alone."""
        if posts:
            since = self._lost_since(now)
            self._engine.run_many(_NEW, [_values(post, since, now) for post in posts])

    def _lost_since(self, now: datetime) -> str | None:
        """From when on something may stand outside that this file knows nothing of."""
        since = self._engine.value("select max(made_at) from restores where looks_until > ?", (to_text(now),))
        return str(since) if since else None

    def hasten(self, subject: str, now: datetime, lane: Lane = Lane.DIGEST) -> None:
        """What was to be posted of a subject at a later time is posted now, and in this lane if it had a later one."""
        at = to_text(now)
        self._engine.run(
            "update deliveries set lane = min(lane, ?),"
            " not_before = case when attempts = 0 then min(not_before, ?) else not_before end"
            " where subject = ? and action = 'post' and state in ('pending', 'sending')"
            " and (lane > ? or (attempts = 0 and not_before > ?))",
            (int(lane), at, subject, int(lane), at),
        )

    def redraw(self, subject: str, now: datetime, not_before: datetime, body: str = "") -> None:
        """Ask for every message of a subject to be drawn anew, at `not_before` or sooner if it was due sooner.

        `body` as of `post`.
        """
        at, due = to_text(now), to_text(not_before)
        for row in self.posts(subject):
            self._engine.run(
                f"{_INSERT} values (?, 'update', ?, '', ?, ?, 0, 'pending', 1, 0, ?, '', '', ?, ?)"
                " on conflict (key) do update set revision = deliveries.revision + 1, attempts = 0,"
                " body = excluded.body,"
                " not_before = case when deliveries.state = 'pending'"
                " then min(deliveries.not_before, excluded.not_before) else excluded.not_before end,"
                " state = case when deliveries.state = 'sending' then 'sending' else 'pending' end",
                (f"redraw:{subject}:{row.chat}:{row.channel}", subject, row.chat, row.channel, due, body, at),
            )

    def posts(self, subject: str) -> list[Delivery]:
        """The messages that stand for a subject, sent, on their way, or dead until somebody tries them again."""
        rows = self._engine.rows(
            "select * from deliveries where subject = ? and action = 'post' order by id", (subject,)
        )
        return [_delivery(row) for row in rows]

    def post_in(self, subject: str, chat: str, channel: str) -> Delivery | None:
        row = self._engine.one(
            "select * from deliveries where subject = ? and action = 'post' and chat = ? and channel = ?"
            " order by id limit 1",
            (subject, chat, channel),
        )
        return _delivery(row) if row is not None else None

    def subject_at(self, chat: str, ref: str) -> str:
        """What a message of a chat stands for (case:142, draft:7, …), "" when it is none of ours."""
        found = self._engine.value(
            "select subject from deliveries where chat = ? and remote_ref = ? and action = 'post' and remote_ref <> ''",
            (chat, ref),
        )
        return str(found or "")

    # The sender's side

    def due(
        self,
        now: datetime,
        limit: int,
        busy: Iterable[tuple[str, str, str]] = (),
        full: Iterable[tuple[str, str, Lane]] = (),
    ) -> list[Delivery]:
        """Due rows in the order in which they leave, for channels that are not paused.

        What belongs to a card that is still to be posted is not due. `busy` are (chat, channel, action) that are left
        out; a channel * stands for all channels of the chat. `full` are (chat, channel, lane) of which posts are left
        out.
        """
        taken = [":".join(track) for track in busy]
        others = (
            f" and chat || ':' || channel || ':' || action not in ({','.join('?' * len(taken))})"
            f" and chat || ':*:' || action not in ({','.join('?' * len(taken))})"
            if taken
            else ""
        )
        crowded = [f"{chat}:{channel}:{int(lane)}" for chat, channel, lane in full]
        if crowded:
            others += (
                " and not (action = 'post'"
                f" and chat || ':' || channel || ':' || lane in ({','.join('?' * len(crowded))}))"
            )
        rows = self._engine.rows(
            f"select * from deliveries where state = 'pending' and not_before <= ?{others} and {_PARENT_STANDS}"
            " and not exists (select 1 from pauses where pauses.chat = deliveries.chat"
            " and pauses.channel = deliveries.channel and pauses.until > ?) order by lane, id limit ?",
            (to_text(now), *taken, *taken, *crowded, to_text(now), limit),
        )
        return [_delivery(row) for row in rows]

    def posted_since(self, moment: datetime) -> list[tuple[str, str, datetime]]:
        """(chat, channel, when) of every post that was tried since, the oldest first. It reads the whole outbox."""
        rows = self._engine.rows(
            "select chat, channel, attempted_at from deliveries where action = 'post' and attempted_at > ?"
            " order by attempted_at",
            (to_text(moment),),
        )
        return [(row["chat"], row["channel"], from_text(row["attempted_at"])) for row in rows]

    def sending(self, delivery: Delivery, now: datetime) -> bool:
        """Commit that it is about to be called for; False when another took it."""
        return (
            self._engine.run(
                "update deliveries set state = 'sending', attempts = attempts + 1, attempted_at = ?"
                " where id = ? and state = 'pending'",
                (to_text(now), delivery.id),
            )
            == 1
        )

    def sent(self, delivery: Delivery, remote_ref: str) -> None:
        """It is there. A redraw that was asked for again meanwhile goes back to pending."""
        self._engine.run(
            "update deliveries set state = case when revision = ? then 'sent' else 'pending' end,"
            " remote_ref = ?, error = '' where id = ?",
            (delivery.revision, remote_ref, delivery.id),
        )

    def later(self, delivery: Delivery, not_before: datetime, error: str, *, counts: bool = True) -> None:
        """It was clearly not done; try again then. `counts` is false when the chat only asked to wait.

        A post was counted when it became `sending`; an update may be repeated, is never `sending`, and is counted here.
        """
        self._engine.run(
            "update deliveries set attempts = attempts + ? - case when state = 'sending' then 1 else 0 end,"
            " state = 'pending', not_before = ?, error = ? where id = ?",
            (int(counts), to_text(not_before), error[:300], delivery.id),
        )

    def lost(self, update: Delivery, not_before: datetime, error: str, now: datetime) -> None:
        """The answer to an update was lost at `now`: it is done again, and until it must have arrived none is final."""
        self.later(update, not_before, error)
        self._engine.run("update deliveries set attempted_at = ? where id = ?", (to_text(now), update.id))

    def once_more(self, update: Delivery, moment: datetime) -> None:
        """It is there, but an older one may be on its way still: it is done once more at `moment`."""
        self._engine.run(
            "update deliveries set state = 'pending', error = '', attempts = 0,"
            " not_before = case when revision = ? then ? else not_before end where id = ?",
            (update.revision, to_text(moment), update.id),
        )

    def has_posts(self, chat: str, channel: str) -> bool:
        """Whether a message waits to be posted there."""
        return bool(
            self._engine.value(
                "select exists (select 1 from deliveries"
                " where state in ('pending', 'sending') and action = 'post' and chat = ? and channel = ?)",
                (chat, channel),
            )
        )

    def dead(self, delivery: Delivery, error: str) -> None:
        """It will never be done as it stands; it is shown in `status` until somebody tries it again."""
        self._give_up(delivery, DeliveryState.DEAD, error)

    def dropped(self, delivery: Delivery, why: str) -> None:
        """There is nothing to do any more."""
        self._give_up(delivery, DeliveryState.SUPERSEDED, why)

    def _give_up(self, delivery: Delivery, state: DeliveryState, why: str) -> None:
        """What was found out about an older revision says nothing of a redraw that was asked for meanwhile."""
        self._engine.run(
            "update deliveries set state = ?, error = ? where id = ? and revision = ?",
            (state, why[:300], delivery.id, delivery.revision),
        )

    def ambiguous(self, before: datetime) -> list[Delivery]:
        """Rows in `sending` that were attempted before: nobody knows whether they are there.

        What belongs to a card is looked for in its thread, so the card comes first.
        """
        rows = self._engine.rows(
            f"select * from deliveries where state = 'sending' and attempted_at <= ? and {_PARENT_STANDS} order by id",
            (to_text(before),),
        )
        return [_delivery(row) for row in rows]

    def doubt_all(self, since: datetime) -> int:
        """After a restore: whatever was still to be posted then may have been posted since; how many."""
        return self._engine.run(
            "update deliveries set state = 'sending', attempted_at = min(coalesce(attempted_at, ?), ?)"
            " where action = 'post' and state in ('pending', 'sending', 'dead')",
            (to_text(since), to_text(since)),
        )

    def revive(self, now: datetime) -> int:
        """Try every dead one again; how many."""
        return self._engine.run(
            "update deliveries set state = 'pending', attempts = 0, not_before = ?, error = '' where state = 'dead'",
            (to_text(now),),
        )

    def all_dead(self, limit: int = 20) -> list[Delivery]:
        return [
            _delivery(row)
            for row in self._engine.rows(
                "select * from deliveries where state = 'dead' order by id desc limit ?", (limit,)
            )
        ]

    def waiting(self, now: datetime) -> tuple[int, datetime | None]:
        """How many are pending, and since when the oldest due one waits. What a paused channel holds is not counted."""
        count = int(self._engine.value(f"select count(*) from deliveries where state = 'pending' and {_NOT_PAUSED}"))
        oldest = self._engine.value(
            f"select min(not_before) from deliveries where state = 'pending' and not_before <= ? and {_NOT_PAUSED}"
            f" and {_PARENT_STANDS}",
            (to_text(now),),
        )
        return count, from_text(oldest) if oldest else None

    def ahead(self, moment: datetime) -> tuple[int, datetime | None]:
        """How many pending ones were written later than a moment, and when the newest of them was."""
        row = self._engine.one(
            "select count(*) as number, max(created_at) as newest from deliveries"
            " where state = 'pending' and created_at > ?",
            (to_text(moment),),
        )
        if row is None or row["newest"] is None:
            return 0, None
        return row["number"], from_text(row["newest"])

    def waiting_for(self, chat: str) -> int:
        """How many messages of a chat are to be posted or redrawn."""
        return int(
            self._engine.value(
                "select count(*) from deliveries where chat = ? and state in ('pending', 'sending')", (chat,)
            )
        )


def _values(
    new: NewPost,
    since: str | None,
    now: datetime,
    *,
    parent: str = "",
    body: str = "",
    not_before: datetime | None = None,
) -> tuple[object, ...]:
    may_stand = since is not None and new.subject.startswith(_COME_AGAIN)
    return (
        new.key, new.subject, parent, new.chat, new.channel, int(new.lane), "sending" if may_stand else "pending",
        to_text(not_before or now), since if may_stand else None, body, to_text(now), new.subject, new.subject,
        new.chat, new.channel,
    )  # fmt: skip


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        key=row["key"],
        action=row["action"],
        subject=row["subject"],
        parent=row["parent"],
        chat=row["chat"],
        channel=row["channel"],
        lane=Lane(row["lane"]),
        state=DeliveryState(row["state"]),
        revision=row["revision"],
        attempts=row["attempts"],
        not_before=from_text(row["not_before"]),
        attempted_at=from_text(row["attempted_at"]) if row["attempted_at"] else None,
        remote_ref=row["remote_ref"],
        error=row["error"],
        body=row["body"],
        created_at=from_text(row["created_at"]),
    )
