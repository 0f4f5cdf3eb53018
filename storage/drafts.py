"""Drafts: proposed replies and the approvals bound to them."""

from datetime import datetime

from storage.engine import Engine, Row
from storage.types import Draft, DraftState, from_text, to_text


class Drafts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self, *, case_id: int, text: str, text_hash: str, target: str, account: str, author: str, now: datetime
    ) -> Draft:
        at = to_text(now)
        row = self._engine.one(
            "insert into drafts (case_id, revision, state, text, text_hash, target, account, author, created_at,"
            " updated_at)"
            " values (?, 1, 'proposed', ?, ?, ?, ?, ?, ?, ?) returning *",
            (case_id, text, text_hash, target, account, author, at, at),
        )
        return _draft(row)

    def rewrite(
        self, draft: Draft, *, text: str, text_hash: str, target: str, account: str, author: str, now: datetime
    ) -> Draft | None:
        """Another text: any approval or rejection is void. None when somebody was faster or it is sent."""
        row = self._engine.one(
            "update drafts set revision = revision + 1,"
            " state = 'proposed', text = ?, text_hash = ?, target = ?, account = ?, author = ?,"
            " updated_at = ?, approved_by = null, approved_at = null, approved_hash = null,"
            " rejected_by = null, rejected_why = ''"
            " where id = ? and revision = ? and state in ('proposed', 'approved', 'rejected') returning *",
            (text, text_hash, target, account, author, to_text(now), draft.id, draft.revision),
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

    def sent(self, draft: Draft, *, by: str, url: str, now: datetime) -> Draft | None:
        """It stands outside now. Only an approved text whose approval covers it."""
        row = self._engine.one(
            "update drafts set revision = revision + 1,"
            " state = 'sent', sent_by = ?, sent_at = ?, sent_url = ?, updated_at = ?"
            " where id = ? and revision = ? and state = 'approved' and approved_hash = text_hash returning *",
            (by, to_text(now), url, to_text(now), draft.id, draft.revision),
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
    )
