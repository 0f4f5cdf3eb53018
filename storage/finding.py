"""Cases and people found by a piece of their name, while somebody still types it. Every answer is short and indexed."""

from collections.abc import Sequence

from storage.cases import read_case
from storage.engine import Engine
from storage.types import Case, DraftState

SCHEMA = (  # replies that wait for somebody; those that were sent are the many
    "create index drafts_waiting on drafts (state, case_id) where state <> 'sent'",
)
_NEWEST = 1_000  # cases among which resolved ones are looked for
_RANGES = " or ".join("id between ? and ?" for _ in range(9))  # 14, 140 to 149, 1400 to 1499, …
_MENTIONS = {  # mentions by what somebody types of them
    "words": "select rowid from mentions_text where mentions_text match ? order by rowid desc limit ?",
    "author": "select id from mentions where author >= ? and author < ? and case_id is not null limit ?",
}
_LAST = "\U0010ffff"  # sorts behind every letter
_LONG_ENOUGH = 3  # letters of a half-typed word: what begins with fewer is half of all words


class Finding:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def numbered(self, start: int, limit: int) -> list[Case]:
        """The case of this number, and the newest of those whose numbers begin with it."""
        if start <= 0:
            return []
        bounds = [bound for digits in range(9) for bound in (start * 10**digits, (start + 1) * 10**digits - 1)]
        rows = self._engine.rows(
            f"select * from cases where {_RANGES} order by id = ? desc, id desc limit ?", (*bounds, start, limit)
        )
        return [read_case(row) for row in rows]

    def resolved(self, limit: int) -> list[Case]:
        """Resolved cases among the newest, newest first."""
        rows = self._engine.rows(
            "select * from (select * from cases order by id desc limit ?) where status = 'resolved'"
            " order by id desc limit ?",
            (_NEWEST, limit),
        )
        return [read_case(row) for row in rows]

    def drafted(self, states: Sequence[DraftState], limit: int) -> list[tuple[Case, str]]:
        """Unresolved cases whose reply is in one of these states, newest first; each with who wrote it."""
        rows = self._engine.rows(
            "select c.*, d.author as draft_author from drafts d join cases c on c.id = d.case_id"
            f" where d.state in ({', '.join('?' * len(states))}) and d.state <> 'sent' and c.status <> 'resolved'"
            " order by c.id desc limit ?",
            (*states, limit),
        )
        return [(read_case(row), row["draft_author"]) for row in rows]

    def said(self, words: Sequence[str], limit: int) -> list[Case]:
        """Cases whose mentions hold these words, the newest mentions first; the last word may be half typed."""
        wanted = ['"' + word.replace('"', "") + '"' for word in words if any(char.isalnum() for char in word)]
        if not wanted:
            return []
        is_half = words[-1][-1:].isalnum() and len(words[-1]) >= _LONG_ENOUGH
        return self._of_mentions("words", (" ".join(wanted) + ("*" if is_half else ""),), limit)

    def written_by(self, start: str, limit: int) -> list[Case]:
        """Cases with a mention by an author whose handle begins so (as stored: lower case, without @)."""
        return self._of_mentions("author", (start, start + _LAST), limit)

    def authors(self, start: str, limit: int) -> list[str]:
        """Authors whose handles begin so, by the alphabet; however much each of them wrote."""
        rows = self._engine.rows(
            "with recursive found (author) as (select min(author) from mentions where author >= ? union all"
            " select (select min(author) from mentions where mentions.author > found.author) from found"
            " where found.author is not null)"
            " select author from found where author < ? and author <> '' limit ?",
            (start or "\x01", start + _LAST, limit),
        )
        return [row["author"] for row in rows]

    def _of_mentions(self, how: str, values: Sequence[str], limit: int) -> list[Case]:
        """Several mentions may be of one case, so more of them are read than cases are wanted."""
        rows = self._engine.rows(
            f"select * from cases where id in (select case_id from mentions where id in ({_MENTIONS[how]})"
            " and case_id is not null) order by id desc limit ?",
            (*values, 4 * limit, limit),
        )
        return [read_case(row) for row in rows]
