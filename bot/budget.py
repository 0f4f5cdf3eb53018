"""What a source may still spend today. A day is one of UTC, as the platforms that bill by the day have it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.bridge import Bridge
from handlers.ports import BudgetSpent
from handlers.rules.money import dollars, micro
from handlers.rules.policy import SourceEntry
from storage.costs import day_of
from storage.store import Store


class Purse:
    """The budget of one source, kept in the store: a reservation is committed before the request that it is for.

    What was reserved and not settled stays spent. A purse takes back only what it reserved itself, on the same day.
    """

    def __init__(self, bridge: Bridge, entry: SourceEntry, now: Callable[[], datetime]) -> None:
        self._bridge = bridge
        self._entry = entry
        self._now = now
        self._open: list[tuple[int, str]] = []  # reservations that wait to be settled, with their days

    async def left(self) -> int | None:
        limit = limit_of(self._entry)
        if limit is None:
            return None
        spent = await self._bridge.write(lambda store: store.costs.spent(self._id(store), self._now()))
        return max(0, limit - spent)

    async def reserve(self, most: int) -> None:
        limit, now = limit_of(self._entry), self._now()

        def reserve(store: Store) -> bool:
            with store.transaction():
                source_id = self._id(store)
                if limit is not None and store.costs.spent(source_id, now) + most > limit:
                    return False
                store.costs.spend(source_id, most, now)
                return True

        if not await self._bridge.write(reserve, is_urgent=False):
            allowed = f"The {dollars(limit or 0)} that {self._entry.name} may cost a day are spent"
            raise BudgetSpent(f"{allowed}; it goes on at midnight UTC.", _tomorrow(now))
        self._open.append((most, day_of(now)))

    async def settle(self, reserved: int, spent: int, requests: int = 1) -> None:
        now = self._now()
        taken_back = self._take_back(reserved, day_of(now))

        def settle(store: Store) -> None:
            with store.transaction():
                store.costs.spend(self._id(store), spent - taken_back, now, requests)

        await self._bridge.write(settle, is_urgent=False)

    def _take_back(self, reserved: int, today: str) -> int:
        """How much of today's sum is a reservation that is over now.

        One of yesterday stays there: nobody can say on which side of midnight the other side wrote its bill.
        """
        fitting = [(most, day) for most, day in self._open if most == reserved]
        own = max(fitting, key=lambda pair: pair[1], default=None)
        if own is None:
            return 0
        self._open.remove(own)
        return reserved if own[1] == today else 0

    def _id(self, store: Store) -> int:
        return store.sources.id_of(self._entry.name, self._entry.kind, self._now())


def limit_of(entry: SourceEntry) -> int | None:
    """The daily budget in micro-dollars; None when there is no limit."""
    return None if entry.daily_budget is None else micro(entry.daily_budget)


def _tomorrow(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
