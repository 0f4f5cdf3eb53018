"""Drafts: proposed replies and the approvals bound to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storage.engine import Engine, Row
from storage.types import Draft, DraftState, from_text, to_text

_SETS = {  # what a change of a reply that is approved sets
    "sent": "state = 'sent', sent_by = ?, sent_at = ?, sent_url = ?, sent_id = ?, error = ''",
    "send": "state = 'sending', sent_by = ?, not_before = ?, attempts = 0, attempted_at = ?, error = ''",
    "attempt": "attempts = attempts + 1, attempted_at = ?, not_before = ?",
    "wait": "attempts = attempts - ?, attempted_at = null, not_before = ?, error = ?",
    "look": "not_before = ?, error = ?",
    "doubt": "state = 'doubtful', not_before = null, error = ?",
    "give back": "state = 'approved', sent_by = null, not_before = null, attempted_at = null, error = ?",
}
_FROM = {  # the states in which it can happen; the others only while the reply is on its way
    "sent": (DraftState.APPROVED, DraftState.SENDING, DraftState.DOUBTFUL),
    "send": (DraftState.APPROVED, DraftState.DOUBTFUL),
    "give back": (DraftState.SENDING, DraftState.DOUBTFUL),
}


class Drafts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        *,
        case_id: int,
        text: str,
        text_hash: str,
        target: str,
        account: str,
        author: str,
        author_accounts: Sequence[str] = (),
        now: datetime,
    ) -> Draft:
        at = to_text(now)
        row = self._engine.one(
            "insert into drafts (case_id, revision, state, text, text_hash, target, account, author,"
            " author_accounts, created_at, updated_at)"
            " values (?, 1, 'proposed', ?, ?, ?, ?, ?, ?, ?, ?) returning *",
            (case_id, text, text_hash, target, account, author, " ".join(author_accounts), at, at),
        )
        return _draft(row)

    def rewrite(
        self,
        draft: Draft,
        *,
        text: str,
        text_hash: str,
        target: str,
        account: str,
        author: str,
        author_accounts: Sequence[str] = (),
        now: datetime,
    ) -> Draft | None:
        """Another text: any approval or rejection is void. None when somebody was faster or it is sent."""
        row = self._engine.one(
            "update drafts set revision = revision + 1,"
            " state = 'proposed', text = ?, text_hash = ?, target = ?, account = ?, author = ?,"
            " author_accounts = ?, updated_at = ?, approved_by = null, approved_at = null, approved_hash = null,"
            " rejected_by = null, rejected_why = '', error = ''"
            " where id = ? and revision = ? and state in ('proposed', 'approved', 'rejected') returning *",
            (
                *(text, text_hash, target, account, author, " ".join(author_accounts)),
                *(to_text(now), draft.id, draft.revision),
            ),
        )
        return _draft(row) if row is not None else None

    def approve(self, draft: Draft, *, by: str, now: datetime) -> Draft | None:
        """A yes to exactly this hash. None when the text is no longer that, or it is not waiting."""
        row = self._engine.one(
            "update drafts set revision = revision + 1,"
            " state = 'approved', approved_by = ?, approved_at = ?, approved_hash = text_hash,"
            " updated_at = ? where id = ? and revision = ? and text_hash = ? and state = 'proposed' returning *",
            (by, to_text(now), to_text(now), draft.id, draft.revision, draft.text_hash),
        )
        return _draft(row) if row is not None else None

    def reject(self, draft: Draft, *, by: str, why: str, now: datetime) -> Draft | None:
        row = self._engine.one(
            "update drafts set revision = revision + 1,"
            " state = 'rejected', rejected_by = ?, rejected_why = ?, approved_by = null,"
            " approved_at = null, approved_hash = null, updated_at = ?"
            " where id = ? and revision = ? and state in ('proposed', 'approved') returning *",
            (by, why, to_text(now), draft.id, draft.revision),
        )
        return _draft(row) if row is not None else None

    def sent(self, draft: Draft, *, by: str, url: str, now: datetime, native_id: str = "") -> Draft | None:
        """It stands outside now. Only a text whose approval covers it, and only in the state that `draft` has."""
        return self._change(
            draft,
            now,
            "sent",
            (by, to_text(now), url, native_id),
        )

    def send(self, draft: Draft, *, by: str, now: datetime) -> Draft | None:
        """On its way, due at once: an approved one, or one that a person had to decide about.

        For days after a restore the former is looked for first: it may have been posted in the time that was lost.
        """
        find = "select max(made_at) from restores where looks_until > ?"
        lost_since = self._engine.value(find, (to_text(now),)) if draft.state is DraftState.APPROVED else None
        return self._change(draft, now, "send", (by, to_text(now), lost_since))

    def doubt_all(self, since: datetime, now: datetime) -> tuple[int, int]:
        """After a restore: what was on its way may stand outside since, and is looked for; how many, and how many
        are approved and wait for a person."""
        looked_for = self._engine.run(
            "update drafts set revision = revision + 1, attempted_at = min(coalesce(attempted_at, ?), ?),"
            " not_before = ? where state = 'sending'",
            (to_text(since), to_text(since), to_text(now)),
        )
        return looked_for, int(self._engine.value("select count(*) from drafts where state = 'approved'"))

    def attempt(self, draft: Draft, *, look_at: datetime, now: datetime) -> Draft | None:
        """It is being posted from now on. If nothing else is ever heard of it, it is looked for at `look_at`."""
        if draft.attempted_at is not None:
            return None
        return self._change(
            draft,
            now,
            "attempt",
            (to_text(now), to_text(look_at)),
        )

    def wait(self, draft: Draft, *, until: datetime, why: str, now: datetime, counts: bool = True) -> Draft | None:
        """It certainly was not posted, and is tried again then. `counts`: this was one of the attempts."""
        return self._change(
            draft,
            now,
            "wait",
            (int(not counts), to_text(until), why),
        )

    def look(self, draft: Draft, *, at: datetime, why: str, now: datetime) -> Draft | None:
        """Nobody knows whether it was posted: it is looked for then, and not tried before."""
        return self._change(draft, now, "look", (to_text(at), why))

    def doubt(self, draft: Draft, *, why: str, now: datetime) -> Draft | None:
        """It could not be found out: a person decides."""
        return self._change(draft, now, "doubt", (why,))

    def give_back(self, draft: Draft, *, why: str, now: datetime) -> Draft | None:
        """Approved and not sent, as before it was sent off; `why` for people."""
        return self._change(
            draft,
            now,
            "give back",
            (why,),
        )

    def due(self, now: datetime, limit: int = 200) -> list[Draft]:
        """Those on their way that are to be tried, or looked for, by now; what has waited longest first."""
        rows = self._engine.rows(
            "select * from drafts where state = 'sending' and not_before <= ? order by not_before, id limit ?",
            (to_text(now), limit),
        )
        return [_draft(row) for row in rows]

    def waiting(self) -> list[Draft]:
        """Those on their way of which nothing was attempted, or certainly nothing came."""
        rows = self._engine.rows("select * from drafts where state = 'sending' and attempted_at is null order by id")
        return [_draft(row) for row in rows]

    def posting(self) -> int:
        """How many are being posted, or may stand outside and are looked for."""
        find = "select count(*) from drafts where state = 'sending' and attempted_at is not null"
        return int(self._engine.value(find))

    def stuck(self, since: datetime) -> tuple[int, int]:
        """How many are on their way since then or longer; about how many, of unresolved cases, a person must decide."""
        row = self._engine.one(
            "select (select count(*) from drafts as d where state = 'sending' and (select max(at) from case_events"
            " where case_id = d.case_id and kind = 'handed over to send') <= ?) as waiting,"
            " (select count(*) from drafts as d join cases as c on c.id = d.case_id"
            " where d.state = 'doubtful' and c.status <> 'resolved') as doubtful",
            (to_text(since),),
        )
        return (row["waiting"], row["doubtful"]) if row is not None else (0, 0)

    def _change(self, draft: Draft, now: datetime, change: str, values: Sequence[Any]) -> Draft | None:
        """Compare-and-set of what is approved; None when somebody was faster or it is in another state."""
        if draft.state not in _FROM.get(change, (DraftState.SENDING,)):
            return None
        row = self._engine.one(
            f"update drafts set revision = revision + 1, {_SETS[change]}, updated_at = ?"
            " where id = ? and revision = ? and state = ? and approved_hash = text_hash returning *",
            (*values, to_text(now), draft.id, draft.revision, draft.state),
        )
        return _draft(row) if row is not None else None

    def get(self, draft_id: int) -> Draft | None:
        row = self._engine.one("select * from drafts where id = ?", (draft_id,)) if abs(draft_id) < 1 << 62 else None
        return _draft(row) if row is not None else None

    def of_case(self, case_id: int) -> list[Draft]:
        """All drafts of a case, oldest first."""
        return [
            _draft(row) for row in self._engine.rows("select * from drafts where case_id = ? order by id", (case_id,))
        ]

    def current(self, case_id: int) -> Draft | None:
        """The draft being worked on: the newest that was not sent."""
        row = self._engine.one(
            "select * from drafts where case_id = ? and state <> 'sent' order by id desc limit 1", (case_id,)
        )
        return _draft(row) if row is not None else None


def _draft(row: Row) -> Draft:
    return Draft(
        id=row["id"],
        case_id=row["case_id"],
        revision=row["revision"],
        state=DraftState(row["state"]),
        text=row["text"],
        text_hash=row["text_hash"],
        target=row["target"],
        account=row["account"],
        author=row["author"],
        created_at=from_text(row["created_at"]),
        updated_at=from_text(row["updated_at"]),
        approved_by=row["approved_by"],
        approved_at=from_text(row["approved_at"]) if row["approved_at"] else None,
        approved_hash=row["approved_hash"],
        rejected_by=row["rejected_by"],
        rejected_why=row["rejected_why"],
        sent_by=row["sent_by"],
        sent_at=from_text(row["sent_at"]) if row["sent_at"] else None,
        sent_url=row["sent_url"],
        sent_id=row["sent_id"],
        attempts=row["attempts"],
        attempted_at=from_text(row["attempted_at"]) if row["attempted_at"] else None,
        not_before=from_text(row["not_before"]) if row["not_before"] else None,
        error=row["error"],
        author_accounts=tuple(row["author_accounts"].split()),
    )


AUTHORS = ("alter table drafts add column author_accounts text not null default ''",)
