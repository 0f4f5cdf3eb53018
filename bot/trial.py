"""A source tried out before it is saved: can it be read, what does it give, and what would a week of it cost?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.listen import askable
from handlers.context import Brain
from handlers.ports import BudgetSpent, Page, Source, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.terms import Subject
from storage.types import RawMention

MOST = 500_000  # micro-dollars that a trial may cost: half a dollar
_QUERIES = 3  # native queries that are asked
_ITEMS = 20  # of each
_WEEK = timedelta(days=7)
_BARELY = timedelta(hours=1)  # what came within less says nothing of a week


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `shown` are the newest items, those that concern a brand first."""

    checked: str
    queries: int
    read: int
    shown: tuple[tuple[RawMention, bool], ...]
    broken: int
    requests: int  # that reading took
    spent: int  # micro-dollars
    a_week: int | None  # items a week; None when nothing can be said
    cost: int  # micro-dollars a week


class TrialBudget:
    """Counts what a trial costs, and ends it."""

    def __init__(self, most: int, now: Callable[[], datetime]) -> None:
        self.spent = 0
        self._most = most
        self._now = now

    async def left(self) -> int | None:
        return self._most - self.spent

    async def reserve(self, most: int) -> None:
        if self.spent + most > self._most:
            raise BudgetSpent("The trial has cost as much as it may.", self._now() + timedelta(days=1))
        self.spent += most

    async def settle(self, reserved: int, spent: int, requests: int = 1) -> None:  # noqa: ARG002
        self.spent += spent - reserved


async def try_out(
    source: Source,
    entry: SourceEntry,
    brain: Brain,
    asked: Sequence[Wanted],
    now: Callable[[], datetime],
    most: int = 5,
) -> Trial:
    """Ask it as the running program would, store nothing. Raises SourceError."""
    checked = await source.check()
    budget = TrialBudget(MOST, now)
    queries = source.plan(askable(source, asked)[0])
    items: list[RawMention] = []
    broken = requests = 0
    for query in queries[:_QUERIES]:
        try:
            page: Page = await source.poll(None, _ITEMS, query, budget)
        except BudgetSpent:
            break
        found = [item for item in page.items if isinstance(item, RawMention)]
        requests += page.cost.requests or 1
        broken += len(page.items) - len(found)
        items += found
    a_week = _a_week(items, now())
    return Trial(
        checked=checked,
        queries=len(queries),
        read=len(items),
        shown=_shown(items, entry, brain, most),
        broken=broken,
        requests=requests,
        spent=budget.spent,
        a_week=a_week,
        cost=source.weekly(a_week or 0).money,
    )


def _shown(items: list[RawMention], entry: SourceEntry, brain: Brain, most: int) -> tuple[tuple[RawMention, bool], ...]:
    told = [
        (item, bool(entry.brand) or bool(brain.matcher.match(Subject.of(item, entry.name)))) for item in reversed(items)
    ]
    return tuple(sorted(told, key=lambda pair: not pair[1])[:most])


def _a_week(items: list[RawMention], now: datetime) -> int | None:
    """How many come in a week, as far as the dates of these tell."""
    dates = sorted(item.published_at for item in items if item.published_at is not None and item.published_at <= now)
    if len(dates) < 2 or now - dates[0] < _BARELY:
        return None
    return round(len(dates) * (_WEEK / (now - dates[0])))
