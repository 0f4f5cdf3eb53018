"""Files as earlier releases left them: their schema from `golden/`, which nobody changes, and rows in every table."""

import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.types import to_text

GOLDEN = Path(__file__).parent / "golden"
RELEASES = tuple(sorted(one.stem for one in GOLDEN.glob("*.sql")))
_BEGAN = datetime(2026, 5, 4, 9, 20, tzinfo=UTC)
_WORDS = {  # columns that hold one of a few words, or are read as more than text
    "kind": "feed", "label": "negative", "brand": "Heron Air", "also": "", "reasons": "[]", "detail": "{}",
    "query": "names", "extra": "", "state": "sent", "action": "post", "status": "ok", "chat": "local",
    "channel": "#alerts", "what": "author", "language": "en", "zone": "Europe/Berlin", "priority": 1, "revision": 1,
    "version": 1,
}  # fmt: skip


def make_release(path: Path, name: str, rows: int, chance: random.Random, *, has_all: bool = True) -> None:
    """A database of the release whose last step is `name`, with about so many rows in all.

    What is made up for the tables beside mentions and cases (`has_all`) can be kept, and not read by the program.
    """
    with closing(sqlite3.connect(path)) as db:
        db.executescript("pragma journal_mode = wal; begin;" + (GOLDEN / f"{name}.sql").read_text() + "commit;")
        tables = _tables(db)
        _mentions(db, rows * 3 // 5, chance)
        others = [one for one in tables if one not in ("mentions", "cases", "case_events", "sources", "deliveries")]
        for table in others if has_all else ():
            _fill(db, table, max(3, rows // 5 // len(others)), chance)
        db.commit()
    path.chmod(0o600)


def schema(path: Path) -> set[tuple[str, str]]:
    """What tables, indexes and triggers there are, in the words that made them."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return set(
            db.execute(
                "select name, sql from sqlite_master where sql is not null and name not like 'sqlite%'"
            ).fetchall()
        )


def _tables(db: sqlite3.Connection) -> list[str]:
    found = db.execute("select name from sqlite_master where type = 'table' and sql like 'create table%'").fetchall()
    return [name for (name,) in found if not name.startswith(("_sqlite", "sqlite_", "mentions_text"))]


def _mentions(db: sqlite3.Connection, count: int, chance: random.Random) -> None:
    """Mentions of two sources; each tenth has a case with a diary and a card."""
    for number in (1, 2):
        _insert(db, "sources", {"id": number, "name": f"source{number}", "status": "ok", "error": "", "cursor": "7"})
    for number in range(1, count + 1):
        at = _BEGAN + timedelta(minutes=number)
        case = number // 10 if number % 10 == 0 else None
        words = " ".join("".join(chance.choices("abcdefgh", k=6)) for _ in range(8))
        _insert(db, "mentions", {
            "id": number, "source_id": 1 + number % 2, "native_id": f"n{number}", "author": f"jo{number % 50}",
            "text": f"heron {words}", "title": "", "seen_at": to_text(at), "published_at": to_text(at),
            "changed_at": to_text(at), "case_id": case, "gone_at": None, "counted_at": to_text(at),
        })  # fmt: skip
        db.execute("insert into mentions_text (rowid, title, text) values (?, '', ?)", (number, f"heron {words}"))
        if case is not None:
            _case(db, case, number, at)


def _case(db: sqlite3.Connection, case: int, mention: int, at: datetime) -> None:
    done = case % 3 == 0
    _insert(db, "cases", {
        "id": case, "status": "resolved" if done else "open", "mention_id": mention, "opened_at": to_text(at),
        "resolution": "replied" if done else None, "resolved_at": to_text(at) if done else None, "assignee": None,
        "answered_at": None, "claimed_at": None, "snoozed_until": None, "escalated_at": None,
    })  # fmt: skip
    for version, kind in enumerate(("opened", "claimed", "resolved") if done else ("opened",), 1):
        detail = {"resolution": "replied"} if kind == "resolved" else {"priority": "high"} if kind == "opened" else {}
        _insert(db, "case_events", {
            "case_id": case, "version": version, "kind": kind, "actor": "ana", "detail": json.dumps(detail),
            "at": to_text(at + timedelta(minutes=version)), "seq": None,
        })  # fmt: skip
    _insert(db, "deliveries", {
        "id": case, "key": f"card:{case}:local:#alerts", "subject": f"case:{case}", "parent": "", "body": "",
        "remote_ref": str(case), "error": "", "created_at": to_text(at), "not_before": to_text(at),
    })  # fmt: skip


def _fill(db: sqlite3.Connection, table: str, count: int, chance: random.Random) -> None:
    for number in range(1, count + 1):
        _insert(db, table, {}, number, chance)


def _insert(
    db: sqlite3.Connection, table: str, told: dict[str, object], number: int = 1, chance: random.Random | None = None
) -> None:
    """A row; what is not told is made up by the name and type of the column."""
    columns = db.execute(f"pragma table_info({table})").fetchall()
    row = {name: told[name] if name in told else _made_up(name, kind, number) for _, name, kind, *_ in columns}
    if chance is not None and row.get("id") is not None:
        row["id"] = number
    names = ", ".join(f'"{name}"' for name in row)
    db.execute(f"insert or ignore into {table} ({names}) values ({','.join('?' * len(row))})", tuple(row.values()))


def _made_up(name: str, kind: str, number: int) -> object:
    if name in _WORDS:
        return _WORDS[name]
    if kind.upper() in ("INTEGER", "REAL"):
        return number
    if name == "at" or name.endswith(("_at", "until", "_before")) or name in ("since", "hour", "start"):
        return to_text(_BEGAN + timedelta(hours=number))
    return f"{name}{number}"
