"""Cases, mentions and reports as tables that leave the chat: CSV without formulas for spreadsheets, or Markdown."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from handlers.context import Context
from handlers.drawings import author_of
from handlers.reports import PersonLine, Report, Took
from handlers.requests import File
from handlers.rules.periods import touched
from handlers.rules.text import csv_cell, shown
from storage.types import Case, Mention, Window, to_text

Line = tuple[str, ...]

CASE_COLUMNS: Line = (
    "case", "brand", "status", "priority", "assignee", "opened_at", "due_at", "answered_at", "resolved_at",
    "resolution", "mentions", "reach", "reasons", "source", "author", "text", "url",
)  # fmt: skip
MENTION_COLUMNS: Line = (
    "id", "brand", "source", "native_id", "author", "published_at", "seen_at", "sentiment", "label", "priority",
    "reach", "case", "reasons", "title", "text", "url",
)  # fmt: skip
NUMBER_COLUMNS: Line = ("what", "now", "before", "usual", "unit")
_COUNTED = ("mentions", "negative", "neutral", "positive", "unscored", "opened", "alerted")
_NAMES = {"opened": "cases opened", "alerted": "cases alerted", "unscored": "not scored"}
_STANDING = ("open", "unclaimed", "claimed", "overdue", "snoozed", "not_fixed", "asking")
KINDS = {"csv": "text/csv", "md": "text/markdown"}
MOST_ROWS = 20_000  # in a chat's file
LARGEST = 8_000_000  # characters in a chat's file
_AT_ONCE = 1_000  # rows read at a time


class Made(NamedTuple):
    """A file, and how many rows stand in it."""

    file: File
    rows: int


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


def cases_in(ctx: Context, window: Window, brand: str = "") -> Iterator[Line]:
    """Every case opened in a window, newest first, under a line of column names. Times are UTC."""
    yield CASE_COLUMNS
    for offset in itertools.count(0, _AT_ONCE):
        found, _ = ctx.store.behind.cases("opened", window, brand=brand, now=ctx.now, limit=_AT_ONCE, offset=offset)
        for case in found:
            yield _case(ctx, case, ctx.store.mentions.get(case.mention_id))
        if len(found) < _AT_ONCE:
            return


def mentions_in(ctx: Context, window: Window, brand: str = "") -> Iterator[Line]:
    """Every mention that a window counts, newest first, under a line of column names. Times are UTC."""
    yield MENTION_COLUMNS
    for offset in itertools.count(0, _AT_ONCE):
        found = ctx.store.behind.mentions(window, brand=brand, limit=_AT_ONCE, offset=offset)
        yield from map(_mention, found)
        if len(found) < _AT_ONCE:
            return


def numbers(ctx: Context, report: Report) -> Iterator[Line]:
    """Every number of a report under a line of column names; what is not known is empty."""
    has_before, usual = report.has_before, report.usual
    yield NUMBER_COLUMNS
    for name in _COUNTED:
        before = getattr(report.before, name) if has_before else None
        yield _told(_NAMES.get(name, name), getattr(report.sums, name), before, getattr(usual, name, None))
    yield _told("negative share", *_shares(report), unit="%")
    for kind in ("claimed", "answered", "resolved"):
        pair = getattr(report, kind)
        yield _told(kind, pair.now, pair.before if has_before else None, getattr(usual, kind, None))
    yield from _times("first response", report.response, has_before=has_before)
    yield from _times("resolution", report.resolution, has_before=has_before)
    for name in _STANDING:
        yield _told(f"now: {name.replace('_', ' ')}", getattr(report.standing, name))
    yield from _parts(ctx, report)


def as_file(ctx: Context, what: str, window: Window, kind: str, lines: Iterable[Line]) -> Made:
    """A table as a file for a chat, `kind` csv or md; what is more than `MOST_ROWS` rows or `LARGEST` is left out."""
    heads, written, length = {"csv": 1, "md": 2}[kind], [], 0  # Markdown has a line of dashes below the names
    for line in itertools.islice((as_csv if kind == "csv" else as_markdown)(lines), MOST_ROWS + heads):
        length += len(line)
        if length > LARGEST:
            break
        written.append(line)
    first, last = touched(window, ctx.zone)
    name = f"earshot-{what}-{first}" + (f"-to-{last}" if first != last else "") + f".{kind}"
    return Made(File(name, KINDS[kind], "".join(written)), max(len(written) - heads, 0))


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


def _parts(ctx: Context, report: Report) -> Iterator[Line]:
    """The numbers by source, priority, cause, reason, person, brand and author."""
    has_before = report.has_before
    for source in report.sources:
        for name in ("mentions", "negative", "opened"):
            now, before = getattr(source.now, name), getattr(source.before, name)
            yield _told(f"source {source.name}: {_NAMES.get(name, name)}", now, before if has_before else None)
    for kind, pairs in (("priority", report.priorities), ("cause", report.causes), ("resolved", report.resolutions)):
        for detail, pair in pairs.items():
            yield _told(f"{kind} {detail}: cases", pair.now, pair.before if has_before else None)
    for person in report.people:
        yield from _person(ctx, person, has_before=has_before)
    for voice in report.share_of_voice:
        then = voice.share_before if has_before else None
        shares = (100 * voice.share, None if then is None else 100 * then)
        yield _told(f"share of voice {voice.brand}", *shares, unit="%")
    for mover in report.movers:
        yield _told(f"shares and replies caused by @{mover.author}", mover.moved)


def _person(ctx: Context, person: PersonLine, *, has_before: bool) -> Iterator[Line]:
    name = ctx.policy.label(person.name)
    for kind in ("claimed", "answered", "resolved"):
        pair = getattr(person, kind)
        yield _told(f"person {name}: {kind}", pair.now, pair.before if has_before else None)
    yield _told(f"person {name}: has now", person.open)
    yield _told(f"person {name}: overdue now", person.overdue)


def _shares(report: Report) -> list[float | None]:
    """The share of negative mentions in percent: now, before, usually."""
    usual = report.usual
    pairs = (
        (report.sums.negative, report.sums.mentions),
        (report.before.negative, report.before.mentions if report.has_before else 0),
        (usual.negative, usual.mentions) if usual else (0, 0),
    )
    return [100 * part / whole if whole else None for part, whole in pairs]


def _times(what: str, took: Took, *, has_before: bool) -> Iterator[Line]:
    for clock, now, before in (
        ("", took.wall, took.wall_before),
        (" in business hours", took.business, took.business_before),
    ):
        for name, value, then in (("median", now.median, before.median), ("p90", now.p90, before.p90)):
            yield _told(f"{what}{clock}, {name}", _minutes(value), _minutes(then) if has_before else None, unit="min")


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _told(
    what: str, now: float | None, before: float | None = None, usual: float | None = None, *, unit: str = ""
) -> Line:
    told = ("" if value is None else f"{value:.1f}".removesuffix(".0") for value in (now, before, usual))
    return (what, *told, unit)


def _time(moment: datetime | None) -> str:
    return to_text(moment)[:19] + "Z" if moment else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
