import difflib
from dataclasses import dataclass, replace

from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.drawings import case_row
from handlers.requests import Reply, Words, command
from handlers.rules.policy import Member
from handlers.tracking import STAFF
from storage.cases import COUNTED
from storage.errors import InvalidInput
from storage.types import Case

_PAGE = 8
WHICH = ("open", "mine", "unclaimed", "overdue", "snoozed")
_MOST_PAGES = 100_000
_NONE = {
    "open": "No case is open here.",
    "mine": "You have no case. `queue unclaimed` shows what waits for somebody.",
    "unclaimed": "Nothing is unclaimed.",
    "overdue": "Nothing is overdue.",
    "snoozed": "Nothing is snoozed.",
}


@dataclass(frozen=True, slots=True)
class View:
    """What a person wants to see of the work list. Brand and source are empty for all."""

    which: str = "open"
    brand: str = ""
    source: str = ""
    page: int = 1


@command(is_read=True, example="queue mine", typed="[mine, open, unclaimed, overdue or snoozed] [brand:…] [source:…]")
def queue(ctx: Context, who: Member, which: Words | None = None) -> Reply:
    """The work list, best first: mine, open, unclaimed, overdue, snoozed; brand:… source:… page:2."""
    view = read_view(ctx, which or "")
    cases, total = _cases(ctx, who, view)
    if not cases and total:  # the list has become shorter than that
        view = replace(view, page=-(-total // _PAGE))
        cases, total = _cases(ctx, who, view)
    rows = tuple(case_row(ctx, case, ctx.store.mentions.get(case.mention_id)) for case in cases)
    title = " · ".join((f"Queue: {view.which}", *_filters_in_words(view)))
    pages = max(1, -(-total // _PAGE))
    count = f"more than {total:,}" if total == COUNTED else f"{total:,}"
    intro = f"{count} case{'' if total == 1 else 's'}" + (f", page {view.page} of {pages}" if pages > 1 else "")
    if not total:
        intro = _NONE[view.which]
    return Reply(screen=Screen(title, intro, rows, buttons=_paging(view, pages)), can_share=True)


def _cases(ctx: Context, who: Member, view: View) -> tuple[list[Case], int]:
    """One page, and how many there are in all."""
    return ctx.store.cases.queue(
        view.which,
        member=who.name,
        brand=view.brand,
        source=view.source,
        now=ctx.now,
        limit=_PAGE,
        offset=(view.page - 1) * _PAGE,
    )


def _filters_in_words(view: View) -> list[str]:
    named = (("brand", view.brand), ("source", view.source))
    return [f"{name} {value}" for name, value in named if value]


def read_view(ctx: Context, text: str) -> View:
    """The view and its filters: "mine brand:Acme page:2". Raises InvalidInput with did-you-mean."""
    which, brand, source, page = "open", "", "", 1
    for word in text.split():
        name, _, value = word.partition(":")
        if word.lower() in WHICH:
            which = word.lower()
        elif word.startswith("brand:"):
            brand = known_name(name, value, [one.name for one in ctx.policy.brands])
        elif word.startswith("source:"):
            source = known_name(name, value, [*(entry.name for entry in ctx.policy.sources), STAFF])
        elif word.startswith("page:"):
            page = _page(value)
        else:
            raise _no_part(word)
    return View(which, brand, source, page)


def _no_part(word: str) -> InvalidInput:
    known = [*WHICH, "brand:", "source:", "page:"]
    close = difflib.get_close_matches(word.lower(), known, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return InvalidInput(f'"{word[:40]}" is not a part of the queue.', f"{guess}Known: {', '.join(known)}.")


def _page(value: str) -> int:
    if len(value) > len(str(_MOST_PAGES)) or not value.isdecimal() or not 1 <= int(value) <= _MOST_PAGES:
        raise InvalidInput(f'"{value[:20]}" is not a page.', "Pages are numbers from 1.")
    return int(value)


def known_name(name: str, value: str, known: list[str]) -> str:
    """A name as the policy spells it; in a filter spaces are written as hyphens."""
    for item in known:
        if value.casefold() in (item.casefold(), item.casefold().replace(" ", "-")):
            return item
    folded = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(value.casefold().replace("-", " "), folded, n=1)
    hint = f"Did you mean {folded[close[0]]}?" if close else f"Known: {', '.join(known)}."
    raise InvalidInput(f'There is no {name} "{value[:40]}".', hint)


def _paging(view: View, pages: int) -> tuple[Button, ...]:
    kept = "".join(f" {filtered.replace(' ', ':', 1).replace(' ', '-')}" for filtered in _filters_in_words(view))
    turns = (("‹ Back", view.page - 1), ("More ›", view.page + 1))
    return tuple(
        Button(label, "queue", values=(("which", f"{view.which}{kept} page:{to}"),))
        for label, to in turns
        if 1 <= to <= pages
    )
