"""What X's answers cost: a price for each thing that is returned, the same thing once a day (UTC).

X calls the second half a soft promise, and its own sum may be a little higher after an outage. Ours is never lower than
what its price list says: the worst is reserved before each call, and what was not answered stays reserved.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.sources.x.wire import LostAnswer
from handlers.ports import Budget, BudgetSpent, SourceError

_MOST_REMEMBERED = 200_000  # things billed today; beyond that some may be counted twice
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Prices:
    """In micro-dollars: a post read, one read as our own account's, a user read, a reply, one with an address."""

    post: int
    owned: int
    user: int
    reply: int
    reply_with_url: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer costs. `is_whole`: asking the same again today returns nothing that this has not returned."""

    money: int
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Held:
    """Reserved for a call whose answer was lost: the next one like it takes it over."""

    budget: Budget
    day: date
    money: int


class Meter:
    """Counts as X does. `spent` and `requests` only grow."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._day = now().date()
        self._billed: set[tuple[str, str]] = set()
        self._held: dict[Hashable, _Held] = {}
        self._orphans: list[_Held] = []  # too small for the next call like theirs; they stay spent
        self.spent = 0
        self.requests = 0

    def cost(self, kind: str, price: int, ids: Iterable[str]) -> int:
        """What these cost, and they are billed now: again today they cost nothing."""
        self._turn()
        fresh = {(kind, one) for one in ids} - self._billed
        if len(self._billed) + len(fresh) > _MOST_REMEMBERED:
            self._billed.clear()
        self._billed |= fresh
        return price * len(fresh)

    async def room(self, budget: Budget, question: Hashable) -> int | None:
        """What a call may cost at most; None when there is no limit."""
        await self._turn_reserved()
        left = await budget.left()
        held = self._of(question, budget)
        return left if left is None or held is None else left + held.money

    async def ask(
        self,
        budget: Budget,
        question: Hashable,
        most: int,
        call: Callable[[], Awaitable[dict[str, Any]]],
        bill: Callable[[dict[str, Any]], Bill],
    ) -> dict[str, Any]:
        """Reserve, call, settle. `question` is the same when it would be answered with the same things.

        Raises what `call` raises, and BudgetSpent.
        """
        await self._turn_reserved()
        before = self._of(question, budget)
        held = before
        if held is None or held.money < most:
            await budget.reserve(most)
            held = _Held(budget, self._now().date(), most)
            self._orphans += [before] if before else []
        self._held[question] = held
        self.requests += 1
        try:
            answer = await call()
        except LostAnswer:
            raise
        except SourceError:
            if before is not held:
                self._held.pop(question, None)
                await budget.settle(held.money, 0)
            raise
        found = bill(answer)
        self._held.pop(question, None)
        money = found.money
        if before is held and not found.is_whole:  # the lost answer may have held other things than this one
            left = await budget.left()
            money = held.money + (money if left is None else min(money, left))
        self.spent += found.money
        await budget.settle(held.money, money)
        return answer

    def _of(self, question: Hashable, budget: Budget) -> _Held | None:
        held = self._held.get(question)
        return held if held is not None and held.budget is budget else None

    async def _turn_reserved(self) -> None:
        """What was held yesterday stays spent there, and no call of today is settled with it."""
        today = self._now().date()
        old = [one for one in (*self._held.values(), *self._orphans) if one.day != today]
        self._held = {question: one for question, one in self._held.items() if one.day == today}
        self._orphans = [one for one in self._orphans if one.day == today]
        for one in old:
            await one.budget.settle(one.money, 0, requests=0)

    def _turn(self) -> None:
        """On a new day everything is billed anew."""
        today = self._now().date()
        if today != self._day:
            self._day = today
            self._billed.clear()


def spent_for_today(now: datetime, what: str) -> BudgetSpent:
    """What is left of the day's money does not pay for `what`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return BudgetSpent(f"What is left of today's budget does not pay for {what}; it goes on at midnight UTC.", midnight)


class Tab:
    """A stream's running bill: posts come unasked, so some are always paid ahead."""

    def __init__(self, meter: Meter, budget: Budget, price: int, now: Callable[[], datetime], ahead: int = 20) -> None:
        self._meter = meter
        self._budget = budget
        self._price = price
        self._now = now
        self._slice = price * ahead
        self._open: list[date] = []  # the day on which each slice was reserved
        self._used = 0  # of the slices of `_day`
        self._day = now().date()

    async def open(self) -> None:
        """Raises BudgetSpent."""
        await self._ahead()

    async def post(self, native_id: str) -> None:
        """One was delivered. Raises BudgetSpent when no more may come."""
        if self._now().date() != self._day:
            for _ in self._open:
                await self._budget.settle(self._slice, 0, requests=0)  # yesterday's slices stay spent there
            self._open, self._used, self._day = [], 0, self._now().date()
            await self._ahead()
        money = self._meter.cost("post", self._price, [native_id])
        self._used += money
        self._meter.spent += money
        if self._used + self._slice // 2 > self._slice * len(self._open):
            await self._ahead()

    async def close(self) -> None:
        """Give back what was not used."""
        used = self._used if self._now().date() == self._day else self._slice * len(self._open)
        for number, _ in enumerate(self._open):
            mine = min(self._slice, used) if number < len(self._open) - 1 else used
            used -= mine
            await self._budget.settle(self._slice, mine, requests=0 if number else 1)
        self._open = []

    async def _ahead(self) -> None:
        await self._budget.reserve(self._slice)
        self._open.append(self._day)
