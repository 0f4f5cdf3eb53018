import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers import charting, export, summaries
from handlers.cards import Button, Chart, Screen
from handlers.commands.queue import known_name
from handlers.context import Context
from handlers.openings import opened, read_opening
from handlers.reports import QUARTER, Report, quarters, report
from handlers.requests import Carried, Reply, Words, command
from handlers.rules.locales import ENGLISH
from handlers.rules.periods import Period, read_period, titled
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import InvalidInput

_LOCALE = ENGLISH
_EMPTY = {
    "author": "Nobody's mentions were shared or answered often in this time.",
    "person": "Nobody did anything in this time, and nobody has a case.",
}
_OLDEST = timedelta(days=3_653)


@dataclass(frozen=True, slots=True)
class View:
    """What a person wants to see: a period, of one brand or all (""), by something or as an overview ("")."""

    period: Period
    brand: str = ""
    by: str = ""

    def typed(self, by: str) -> str:
        """The line that asks for it by something else."""
        brand = f"brand:{self.brand.replace(' ', '-')}" if self.brand else ""
        return " ".join(filter(None, (self.period.name, brand, f"by:{by}" if by else "")))


@command(
    is_read=True,
    example="summary week by:source",
    typed="[today, 24h, 7d, week, last month, 2026-11-01..2026-11-15, …] [brand:…] [by:source, person, …]",
)
def summary(
    ctx: Context,
    who: Member,
    what: Words | None = None,
    at: Carried | None = None,
    behind: Carried | None = None,
    file: Carried | None = None,
) -> Reply:
    """Numbers of a period against the one before and the usual, with a chart; each opens to what is behind it.

    Periods: today, yesterday, 24h, 7d, 30d or another length, week, month, quarter, year, each with `last` too, a day
    (2026-11-01) or days (2026-11-01..2026-11-15). `by:` is source, sentiment, person, priority, cause, brand or author.
    """
    if behind is not None:
        return Reply(screen=opened(ctx, read_opening(behind, ctx.now)), can_share=True)
    asked_at = _asked_at(at, ctx.now)
    view = read_view(ctx, what or "", asked_at)
    period = view.period
    found = report(ctx, period.window, view.brand, before=period.before, usual=period.usual)
    if file is not None:
        return _file(ctx, view, found, file)
    if found.is_empty and view.by != "person":
        return Reply(screen=_nothing(ctx, view, found), can_share=True)
    return Reply(screen=_screen(ctx, view, found, asked_at), can_share=True)


def read_view(ctx: Context, text: str, at: datetime) -> View:
    """The period and its filters, as asked at a moment: "last week brand:Acme by:source". Raises InvalidInput."""
    brand, by, words = "", "", []
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon:
            words.append(word)
        elif name.lower() == "brand":
            brand = known_name("brand", value, [one.name for one in ctx.policy.brands])
        elif name.lower() == "by":
            by = _by(value)
        else:
            raise _no_part(word)
    return View(read_period(" ".join(words), at, ctx.zone), brand, by)


def _by(value: str) -> str:
    known = list(summaries.TABLES)
    if value.lower() in known:
        return value.lower()
    close = difflib.get_close_matches(value.lower(), known, n=1)
    hint = f"Did you mean by:{close[0]}?" if close else f"Known: {', '.join(known)}."
    raise InvalidInput(f'There is no summary by "{value[:40]}".', hint, field="what")


def _no_part(word: str) -> InvalidInput:
    close = difflib.get_close_matches(word.lower(), ("brand:", "by:"), n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return InvalidInput(f'"{word[:40]}" is not a part of the summary.', f"{guess}Known: a period, brand:, by:.", "what")


def _asked_at(carried: str | None, now: datetime) -> datetime:
    """When the summary was asked for that a button belongs to: what it opens is of the same period.

    A button comes back from a client, so it is read with care; one that says nothing sensible is of now.
    """
    if carried is None or not carried.isdecimal() or len(carried) > 9:
        return now
    asked = int(carried) * QUARTER
    if not (now - _OLDEST).timestamp() < asked <= now.timestamp():  # also what no calendar has
        return now
    return datetime.fromtimestamp(asked, UTC)


def _screen(ctx: Context, view: View, found: Report, asked_at: datetime) -> Screen:
    if view.by:
        every = summaries.table(ctx, found, view.by, _LOCALE)
        rows, outro = every[: summaries.MOST], ""
        if len(every) > len(rows):
            outro = f"And {len(every) - len(rows)} more: the file has them all."
        intro = _compared(view.period, found) if rows else _EMPTY.get(view.by, "There is nothing to show by that.")
    else:
        rows, outro = summaries.overview(ctx, found, _LOCALE), summaries.closing_words(found, _LOCALE)
        intro = _compared(view.period, found)
    chart = _chart(ctx, view, found) if rows else None
    return Screen(_title(ctx, view), intro, rows, outro, _turns(view, asked_at), chart)


def _title(ctx: Context, view: View) -> str:
    parts = ["Summary", titled(view.period, ctx.now, _LOCALE), shown(view.brand, 60).words]
    return " · ".join(filter(None, (*parts, f"by {view.by}" if view.by else "")))


def _compared(period: Period, found: Report) -> str:
    """What the numbers stand against."""
    if not found.has_before:
        return "There are no earlier numbers to compare with yet."
    told = f"Compared with {period.against}"
    if found.usual is None or not period.usually:
        return f"{told}."
    count = found.usual.count
    return f"{told}, and with {period.usually} ({'only one so far' if count == 1 else f'the mean of {count}'})."


def _chart(ctx: Context, view: View, found: Report) -> Chart:
    if view.by == "source":
        return charting.by_source(found, _LOCALE)
    if view.by == "person":
        return charting.response_times(ctx, view.period, view.brand, _LOCALE)
    return charting.over_time(ctx, view.period, view.brand, _LOCALE)


def _turns(view: View, asked_at: datetime) -> tuple[Button, ...]:
    """Other looks at the same period, and its numbers as a file."""
    at = ("at", str(quarters(asked_at)))
    looks = [("Overview", ""), ("By source", "source"), ("By person", "person")]
    turned = [Button(label, "summary", values=(("what", view.typed(by)), at)) for label, by in looks if by != view.by]
    files = [
        Button(label, "summary", values=(("what", view.typed(view.by)), at, ("file", kind)))
        for label, kind in (("CSV", "csv"), ("Markdown", "md"))
    ]
    return (*turned, *files)


def _nothing(ctx: Context, view: View, found: Report) -> Screen:
    """One plain sentence, and where to look instead."""
    told = "Nothing was mentioned and nobody did anything in this time"
    if found.usual is not None and found.usual.mentions:
        told += f"; {view.period.usually} has {_LOCALE.number(found.usual.mentions)} mentions"
    if found.standing.open:
        count = found.standing.open
        told += f". {_LOCALE.number(count)} case{' is' if count == 1 else 's are'} open: `queue`"
    others = (("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d"))
    brand = f" brand:{view.brand.replace(' ', '-')}" if view.brand else ""
    buttons = tuple(
        Button(label, "summary", values=(("what", f"{name}{brand}"),))
        for label, name in others
        if name != view.period.name
    )
    return Screen(_title(ctx, view), f"{told}.", buttons=buttons)


def _file(ctx: Context, view: View, found: Report, kind: str) -> Reply:
    """The numbers as rows: what, now, before, usual, unit."""
    if kind not in export.KINDS:
        raise InvalidInput(f'"{kind[:20]}" is not a kind of file.', "Known: csv, md.")
    made = export.as_file(ctx, "summary", view.period.window, kind, export.numbers(ctx, found))
    return Reply(f"{_title(ctx, View(view.period, view.brand))}: {made.rows} numbers as a file.", file=made.file)
