"""A clock, a till, and an X source that reads the stand-in, for the tests of X."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import registry
from bot.sources.x import XSource
from handlers.ports import BudgetSpent, Item, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.query import Subject, parse
from storage.types import RawMention
from tests.bot.sources.feedserver import fetching, tools
from tests.x.server import BEARER, KEYS, FakeX, serving

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRETS = {"X_BEARER_TOKEN": BEARER} | dict(
    zip(("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_KEY", "X_ACCESS_SECRET"), KEYS, strict=True)
)


@dataclass
class Hands:
    """A clock that is moved by hand."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **length: float) -> None:
        self.moment += timedelta(**length)


@dataclass
class Till:
    """A budget in memory, as the program's own: what is never settled stays spent."""

    now: Hands
    limit: int | None = None
    spent: dict[str, int] = field(default_factory=dict)
    open: list[tuple[int, str]] = field(default_factory=list)

    async def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.today)

    async def reserve(self, most: int) -> None:
        if self.limit is not None and self.today + most > self.limit:
            raise BudgetSpent("It is spent.", self.now() + timedelta(hours=12))
        self._add(most)
        self.open.append((most, self._day()))

    async def settle(self, reserved: int, spent: int, requests: int = 1) -> None:
        own = next((one for one in self.open if one[0] == reserved), None)
        if own is not None:
            self.open.remove(own)
        self._add(spent - (reserved if own and own[1] == self._day() else 0))

    @property
    def today(self) -> int:
        return self.spent.get(self._day(), 0)

    def _add(self, money: int) -> None:
        self.spent[self._day()] = self.today + money

    def _day(self) -> str:
        return self.now().date().isoformat()


@dataclass
class Desk:
    """All that a test of X needs."""

    fake: FakeX
    clock: Hands
    till: Till
    source: XSource
    wanted: tuple[Wanted, ...]

    async def read(self, query: str, cursor: str | None = None, limit: int = 100) -> tuple[list[Item], str | None]:
        """Poll until there is no more."""
        items: list[Item] = []
        for _ in range(1_000):
            page = await self.source.poll(cursor, limit, query, self.till)
            assert len(page.items) <= limit
            items += page.items
            cursor = page.cursor
            if not page.more:
                return items, cursor
        raise AssertionError("it never says that it is done")

    def search(self) -> str:
        return next(query for query in self.source.plan(self.wanted) if query.startswith("search"))


def texts(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, RawMention)]


def wanted(*expressions: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("Heron Air", f"q{number}", parse(one)) for number, one in enumerate(expressions))


@asynccontextmanager
async def desk(
    *expressions: str, limit: int | None = None, keys: bool = True, access_key: str = KEYS[2], **settings: Any
) -> AsyncIterator[Desk]:
    """By default a search for `heron`, and no limit to the money."""
    asked, clock = wanted(*(expressions or ("heron",))), Hands()

    def concerns(raw: RawMention) -> bool:
        return any(one.query.evaluate(Subject.of(raw, "x")) is not None for one in asked)

    async with serving(clock) as fake, fetching() as fetch:
        secrets = {**SECRETS, "X_ACCESS_KEY": access_key} if keys else {"X_BEARER_TOKEN": BEARER}
        given = replace(tools(fetch, secrets), concerns=concerns, now=clock)
        told = {"account": "heronair", "search": True, "server": fake.url, **settings}
        source = registry.build(SourceEntry("x", "x", settings=told, daily_budget=1.0), given)
        assert isinstance(source, XSource)
        try:
            yield Desk(fake, clock, Till(clock, limit), source, asked)
        finally:
            await source.close()
