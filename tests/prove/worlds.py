"""A small world for the proofs of restoring: sources with things to read, a chat with a memory, people who act."""

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handlers.intake import take_in
from handlers.ports import Page
from handlers.rules.policy import Route, Storms
from handlers.weighing import weigh
from storage.errors import EarshotError
from storage.store import Store
from storage.types import Priority, RawMention
from tests.bot.fakes import FakeChat, Outcome, Post, Station, lost
from tests.kit import POLICY, raw

ROUTES = (Route("far:#alerts"), Route("far:#urgent", min_priority=Priority.URGENT))
WORLD = replace(POLICY, routes=ROUTES, escalate_to="far:#leads", storms=Storms(most_cards=100_000))  # a card for each
SOURCES = ("birds", "reviews")
LINES = ("claim {}", "release {}", "draft {} We are sorry.", "assign {} @kim", "resolve {} fixed", "reopen {}")


def story(chance: random.Random) -> str:
    """A complaint that no rule takes for a copy of another."""
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(10))
    return f"Heron is terrible, I am furious: {' '.join(words)}"


@dataclass
class Sources:
    """What there is to read, source by source, in its order; it only grows."""

    chance: random.Random
    items: dict[str, list[RawMention]] = field(default_factory=lambda: {name: [] for name in SOURCES})

    def grow(self, count: int, station: Station) -> None:
        for _ in range(count):
            name = self.chance.choice(SOURCES)
            items = self.items[name]
            is_copy = bool(items) and self.chance.random() < 0.2
            text = f"RT @jo: {self.chance.choice(items).text}" if is_copy else story(self.chance)
            number = f"{name}-{len(items)}"
            items.append(raw(number, text, author=f"jo-{number}", published_at=station.clock()))

    async def read(self, station: Station, most: int) -> None:
        """One page of each source, from where the database says it stands."""
        for name in self.chance.sample(SOURCES, len(SOURCES)):
            await self._read_one(name, station, most)

    async def _read_one(self, name: str, station: Station, most: int) -> None:
        cursor = await station.bridge.read(lambda store: _cursor(store, name))
        page = self.items[name][cursor : cursor + most]
        entry = station.brain.policy.source(name)
        assert entry is not None
        weighed = weigh(station.brain, entry, Page(tuple(page), str(cursor + len(page))))
        await station.write(lambda ctx: take_in(ctx, weighed))


def _cursor(store: Store, name: str) -> int:
    find = "select c.cursor from cursors c join sources s on s.id = c.source_id where s.name = ?"
    return int(store.engine.value(find, (name,)) or 0)


class Far(FakeChat):
    """A chat whose history begins where it is asked to, and ends some seconds ago."""

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        await super().find(channel, key, since, parent_ref)
        shown = (one for one in self.messages if since <= one.posted_at <= self.clock() - timedelta(seconds=30))
        return next((one.ref for one in shown if (one.channel, one.key) == (channel, key)), None)


def far(station: Station) -> FakeChat:
    """The chat outside; what it has is what people see."""
    return station.chats["far"]


async def act(station: Station, chance: random.Random, times: int) -> None:
    """People do what comes into their heads; much of it is refused."""
    for _ in range(times):
        most = int(await station.value("select coalesce(max(id), 0) from cases"))
        line = chance.choice((*LINES, "escalate {}")).format(chance.randint(max(1, most - 10), max(1, most)))
        with suppress(EarshotError):
            await station.say(chance.choice(["ana", "bo", "mia"]), line)


async def quiet(station: Station) -> None:
    """Go on until nothing is on its way."""
    open_ones = "select count(*) from deliveries where state in ('pending', 'sending')"
    for _ in range(600):
        await station.deliver()
        if not await station.value(open_ones):
            return
        station.clock.pass_by(seconds=20)
    raise AssertionError("deliveries never end")


def spoil(chat: FakeChat, chance: random.Random, count: int) -> int:
    """One answer in ten of the next posts is lost; how many."""
    fates: list[Outcome] = [lost if chance.random() < 0.1 else _as_usual for _ in range(count)]
    chat.next_posts.extend(fates)
    return fates.count(lost)


async def _as_usual(post: Post) -> str:
    return post()
