"""Cases and mentions as tables that leave the team's chat: CSV that no spreadsheet takes for formulas, or Markdown."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from handlers.context import Context
from handlers.drawings import author_of
from handlers.rules.text import csv_cell, shown
from storage.types import Case, Mention, to_text

Line = tuple[str, ...]

CASE_COLUMNS: Line = (
    "case", "brand", "status", "priority", "assignee", "opened_at", "due_at", "answered_at", "resolved_at",
    "resolution", "mentions", "reach", "reasons", "source", "author", "text", "url",
)  # fmt: skip
MENTION_COLUMNS: Line = (
    "id", "brand", "source", "native_id", "author", "published_at", "seen_at", "sentiment", "label", "priority",
    "reach", "case", "reasons", "title", "text", "url",
)  # fmt: skip


def cases(ctx: Context, since: datetime) -> Iterator[Line]:
    """Every case opened since, oldest first, under a line of column names. Times are UTC."""
    yield CASE_COLUMNS
    for case in ctx.store.cases.opened_since(since):
        yield _case(ctx, case, ctx.store.mentions.get(case.mention_id))


def mentions(ctx: Context, since: datetime) -> Iterator[Line]:
    """Every mention seen since, newest first, under a line of column names. Times are UTC."""
    yield MENTION_COLUMNS
    for mention in ctx.store.mentions.recent(since):
        yield _mention(mention)


def as_csv(lines: Iterable[Line]) -> Iterator[str]:
    """The table as CSV (RFC 4180), one line at a time."""
    for line in lines:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([csv_cell(cell) for cell in line])
        yield buffer.getvalue()


def as_markdown(lines: Iterable[Line]) -> Iterator[str]:
    """The table as Markdown, one line at a time; foreign text cannot break out of its cell."""
    for number, line in enumerate(lines):
        yield "| " + " | ".join(_plain(cell) for cell in line) + " |\n"
        if number == 0:
            yield "|" + "---|" * len(line) + "\n"


def _plain(cell: str) -> str:
    words = shown(cell, 1_000).words.replace("\n", " ")
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~&@" else char for char in words)


def _case(ctx: Context, case: Case, lead: Mention | None) -> Line:
    return (
        f"#{case.id}",
        case.brand,
        case.status.value,
        case.priority.word,
        ctx.policy.label(case.assignee) if case.assignee else "",
        *(_time(moment) for moment in (case.opened_at, case.due_at, case.answered_at, case.resolved_at)),
        case.resolution or "",
        str(case.mention_count),
        _number(case.reach),
        "; ".join(case.reasons),
        *((lead.source, author_of(lead), lead.text, lead.url) if lead else ("", "", "", "")),
    )


def _mention(mention: Mention) -> Line:
    return (
        str(mention.id),
        mention.brand,
        mention.source,
        mention.native_id,
        author_of(mention),
        _time(mention.published_at),
        _time(mention.seen_at),
        "" if mention.sentiment is None else f"{mention.sentiment:.4f}",
        mention.label,
        mention.priority.word,
        _number(mention.reach),
        f"#{mention.case_id}" if mention.case_id else "",
        "; ".join(mention.reasons),
        mention.title,
        mention.text,
        mention.url,
    )


def _time(moment: datetime | None) -> str:
    return to_text(moment)[:19] + "Z" if moment else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
