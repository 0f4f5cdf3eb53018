"""What opens behind a number: its mentions or its cases, eight to a page.

What a button carries comes back from clients, who may have changed it: every part is read as if a stranger wrote it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import case_row, mention_row
from handlers.reports import QUARTER, open_button
from handlers.rules.locales import ENGLISH
from handlers.rules.periods import spanned
from handlers.rules.text import shown
from storage.cases import CAUSED, COUNTED
from storage.errors import InvalidInput
from storage.tallies import column_of
from storage.types import Window

NOW = {
    "open": "Open now", "unclaimed": "Unclaimed now", "overdue": "Overdue now", "claimed": "Claimed now",
    "snoozed": "Snoozed now", "asking": "Unanswered questions", "not fixed": "Answered, not yet fixed",
}  # fmt: skip
THEN = {
    "mentions": "Mentions", "opened": "Cases opened", CAUSED: "Cases opened", "alerted": "Cases alerted",
    "claimed": "Claimed", "answered": "Answered", "resolved": "Resolved", "fixed": "Fixed",
}  # fmt: skip
ACTS = ("claimed", "answered", "resolved")  # which a person may do to one case several times
_FILTERS = ("source", "label", "person", "detail")
_PAGE = 8
_MOST_PAGES = 100_000
_LONGEST = 200  # characters of a part


@dataclass(frozen=True, slots=True)
class Opening:
    """What is behind a number: `what` of the window, or of now when that is None."""

    what: str
    window: Window | None = None
    brand: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    page: int = 1

    def button(self, label: str, *, page: int = 1, what: str = "") -> Button:
        turned = {"page": str(page)} if page > 1 else {}
        return open_button(label, what or self.what, self.window, self.brand, **self.filters, **turned)


def read_opening(carried: str, now: datetime) -> Opening:
    """What a button of `open_button` carries. Raises InvalidInput for anything else."""
    try:
        told = dict(parse_qsl(carried[:2_000], max_num_fields=10))
        window = _window(told, now) if "from" in told or "to" in told else None
        page = int(told["page"]) if "page" in told else 1
    except ValueError:
        raise _unreadable() from None
    known = {"what", "brand", "from", "to", "page", *_FILTERS}
    what = told.get("what", "")
    if what not in (NOW if window is None else THEN) or not 1 <= page <= _MOST_PAGES or told.keys() - known:
        raise _unreadable()
    if any(len(value) > _LONGEST for value in told.values()):
        raise _unreadable()
    return Opening(what, window, told.get("brand", ""), {name: told[name] for name in _FILTERS if name in told}, page)


def _unreadable() -> InvalidInput:
    return InvalidInput("That button does not say what it opens.", "`summary` shows the numbers anew.")


def _window(told: dict[str, str], now: datetime) -> Window:
    """Raises ValueError for what is no window, or one of another century."""
    start, end = (datetime.fromtimestamp(int(told.get(name, "")[:9]) * QUARTER, UTC) for name in ("from", "to"))
    if abs(now - start) > timedelta(days=366 * 50) or abs(now - end) > timedelta(days=366 * 50):
        raise ValueError(f"too far away: {start} to {end}")
    return Window(start, end)


def opened(ctx: Context, opening: Opening) -> Screen:
    """One page of what is behind a number; the last one when there are no longer so many."""
    rows, total, told = _page(ctx, opening)
    pages = max(1, -(-total // _PAGE))
    if not rows and total and opening.page > 1:
        opening = Opening(opening.what, opening.window, opening.brand, opening.filters, pages)
        rows, total, told = _page(ctx, opening)
    if pages > 1:
        told += f" Page {opening.page} of {pages}."
    turns = (("‹ Back", opening.page - 1), ("More ›", opening.page + 1))
    turning = tuple(opening.button(label, page=to) for label, to in turns if 1 <= to <= pages)
    return Screen(_title(ctx, opening), told, rows, buttons=(*turning, *_others(opening)))


def _page(ctx: Context, opening: Opening) -> tuple[tuple[Row, ...], int, str]:
    """The rows, how many there are in all, and that in words."""
    offset = (opening.page - 1) * _PAGE
    if opening.what == "mentions" and opening.window is not None:
        total = _count_mentions(ctx, opening, opening.window)
        told = {name: opening.filters[name] for name in ("source", "label") if name in opening.filters}
        found = ctx.store.behind.mentions(opening.window, brand=opening.brand, limit=_PAGE, offset=offset, **told)
        return tuple(mention_row(ctx, one) for one in found), total, f"{_many(total, 'mention')}, the newest first."
    cases, total = ctx.store.behind.cases(
        opening.what, opening.window, brand=opening.brand, now=ctx.now, limit=_PAGE, offset=offset, **opening.filters
    )
    rows = tuple(case_row(ctx, case, ctx.store.mentions.get(case.mention_id)) for case in cases)
    return rows, total, _cases_in_words(ctx, opening, total)


def _count_mentions(ctx: Context, opening: Opening, window: Window) -> int:
    """As the roll-ups have it, where the number that was pressed came from."""
    names, source = ctx.store.sources.names(), opening.filters.get("source", "")
    column = column_of(opening.filters.get("label", ""))
    return sum(
        int(getattr(sums, column))
        for number, sums in ctx.store.tallies.by_source(window, opening.brand).items()
        if not source or names.get(number) == source
    )


def _cases_in_words(ctx: Context, opening: Opening, total: int) -> str:
    """How many, and of an act that was done to some of them again, how often it was."""
    count = f"More than {ENGLISH.number(total)} cases" if total == COUNTED else _many(total, "case")
    times = _times(ctx, opening)
    if total < times and total < COUNTED:
        return f"{count}; to some of them it was done again, {ENGLISH.number(times)} times in all."
    return f"{count}."


def _times(ctx: Context, opening: Opening) -> int:
    """How often a person or anybody did it, as the roll-ups have it; 0 where that is not told."""
    if opening.window is None or opening.what not in ACTS or opening.filters.keys() & {"source", "label"}:
        return 0
    person, detail = opening.filters.get("person", ""), opening.filters.get("detail", "")
    return sum(
        act.n
        for act in ctx.store.tallies.acts(opening.window, opening.brand)
        if act.kind == opening.what and person in ("", act.actor) and detail in ("", act.detail)
    )


def _title(ctx: Context, opening: Opening) -> str:
    """Cases opened: urgent · Heron Air · 16–22 Feb."""
    names = NOW if opening.window is None else THEN
    filters = dict(opening.filters)
    if "person" in filters:
        filters["person"] = ctx.policy.label(filters["person"])
    told = ", ".join(shown(value, 60).words for value in filters.values())
    parts = [f"{names[opening.what]}: {told}" if told else names[opening.what]]
    parts += [shown(opening.brand, 60).words] if opening.brand else []
    parts += [spanned(opening.window, ctx.now, ctx.zone, ENGLISH)] if opening.window else []
    return " · ".join(parts)


def _others(opening: Opening) -> tuple[Button, ...]:
    """What else the same person did."""
    if opening.window is None or opening.what not in ACTS or "person" not in opening.filters:
        return ()
    return tuple(opening.button(THEN[what], what=what) for what in ACTS if what != opening.what)


def _many(count: int, one: str) -> str:
    return f"{ENGLISH.number(count)} {one}{'' if count == 1 else 's'}"
