"""A virtual hour in which far more is said than usual: the program with a clock and a chat of the test's own.

Everything is real but the chat and the clock: mentions are weighed and taken in as pages of a second each, the jobs of
the clock run at their pace, the outbox is delivered to a chat that takes a message a second in each channel and answers
at once. A brand that usually has 200 mentions an hour meets the storm; a quiet brand beside it has 30 in that hour.
Somebody claims a case every 20 seconds. After the hour the clock goes on for a quarter of an hour, until all has left.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.bridge import Bridge
from bot.deliver import Deliverer
from bot.scheduler import find_jobs
from handlers.cards import Drawing
from handlers.context import Context, think
from handlers.dispatch import dispatch
from handlers.intake import Taken, take_in
from handlers.messages import draw
from handlers.places import pause
from handlers.ports import Page
from handlers.requests import Request
from handlers.rules.policy import Brand, Member, Policy, Route, SourceEntry
from handlers.weighing import weigh
from storage.store import Store
from storage.tallies import Cell
from storage.types import Priority, RawMention, Role, to_text
from tests.prove import crowd

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ENTRY = SourceEntry("bench", "webhook")
POLICY = Policy(
    brands=(Brand("Storm", {"names": "stormair"}), Brand("Calm", {"names": "calminn"})),
    sources=(ENTRY,),
    routes=(Route("far:#alerts"), Route("far:#urgent", min_priority=Priority.URGENT)),
    members=(Member("ana", "Ana"), Member("mia", "Mia", (Role.MANAGER,))),
)
MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    """Virtual: those who sleep wake when it has come to their time."""

    moment: datetime = START
    sleeping: dict[asyncio.Task[None], tuple[datetime, asyncio.Event]] = field(default_factory=dict)

    def __call__(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        task, event = asyncio.current_task(), asyncio.Event()
        assert task is not None
        self.sleeping[task] = (self.moment + timedelta(seconds=seconds), event)
        await event.wait()

    def go_on(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for task, (until, event) in list(self.sleeping.items()):
            if until <= self.moment:
                del self.sleeping[task]
                event.set()


@dataclass
class Chat:
    """Takes everything, at once."""

    clock: Clock
    name: str = "far"
    pace: float = 1.0
    settle: float = 60.0
    posts: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, channel, key
    edits: list[datetime] = field(default_factory=list)
    before: int = 0  # posts of an earlier life

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        self.posts.append((self.clock(), channel, key))
        return str(self.before + len(self.posts))

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        self.edits.append(self.clock())

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        return None

    async def check(self) -> str:
        return "It works."


class Hour:
    """The program in its virtual hour."""

    def __init__(self, path: Path, items: Sequence[RawMention], chance: random.Random) -> None:
        self.clock = Clock()
        self.chat = Chat(self.clock)
        self.brain = think(POLICY)
        self.bridge = Bridge(path)
        self.deliverer = Deliverer(
            self.bridge, {"far": self.chat}, self._draw, self._pause, self.clock, self.clock.sleep
        )
        self.items = items
        self.chance = chance
        self.jobs = dict.fromkeys(find_jobs(), START)
        self.sums = Taken()
        self.slowest = 0.0  # seconds that a page held the writing thread

    def context(self, store: Store) -> Context:
        return Context(store, self.brain, self.clock())

    def _draw(self, store: Store, subject: str, body: str, now: datetime) -> Drawing | None:
        return draw(Context(store, self.brain, now), subject, body)

    def _pause(self, store: Store, chat: str, channel: str, why: str, now: datetime) -> None:
        pause(Context(store, self.brain, now), chat, channel, why)

    async def run(self) -> None:
        await self.bridge.start()
        await self.bridge.write(_past)
        given = 0
        for second in range(3_600 + 900):
            upto = min(len(self.items), len(self.items) * (second + 1) // 3_600)
            if given < upto:
                await self._take(self.items[given:upto])
                given = upto
            await self._tick()
            if second % 20 == 10:
                await self._claim()
            for _ in range(2):
                await self._deliver()
                self.clock.go_on(0.5)
        await self.deliverer.stop()

    async def _take(self, items: Sequence[RawMention]) -> None:
        page = weigh(self.brain, ENTRY, Page(tuple(replace(one, published_at=self.clock()) for one in items), None))
        started = time.perf_counter()
        taken = await self.bridge.write(lambda store: take_in(self.context(store), page))
        self.slowest = max(self.slowest, time.perf_counter() - started)
        for name in ("read", "unmatched", "stored", "known", "cases", "joined", "quarantined"):
            setattr(self.sums, name, getattr(self.sums, name) + getattr(taken, name))

    async def _tick(self) -> None:
        for job, last in self.jobs.items():
            if self.clock() - last >= timedelta(seconds=job.EVERY):
                self.jobs[job] = self.clock()
                await self.bridge.write(lambda store, job=job: _in_one(store, lambda: job.run(self.context(store))))

    async def _claim(self) -> None:
        number = await self.bridge.read(
            lambda store: store.engine.value("select max(id) from cases where status = 'open'")
        )
        if number:
            request = Request(POLICY.member("ana"), "claim", str(number))
            await self.bridge.write(lambda store: dispatch(self.context(store), request))

    async def _deliver(self) -> None:
        """Until everything that can be done at this moment is done."""
        await self.deliverer.settle()
        while await self.deliverer.start_due() or self._working():
            while working := self._working():
                await asyncio.wait(working, timeout=0.001, return_when=asyncio.FIRST_COMPLETED)

    def _working(self) -> list[asyncio.Task[None]]:
        return [task for task in self.deliverer._busy.values() if task not in self.clock.sleeping]


def _in_one(store: Store, work: Callable[[], object]) -> object:
    with store.transaction():
        return work()


def _past(store: Store) -> None:
    """Two weeks in which the brand had 200 mentions an hour, 40 of them negative."""
    chance = random.Random(5)
    with store.transaction():
        source = store.sources.id_of("bench", "webhook", START)
        for hour in range(1, 14 * 24):
            at = to_text(START - timedelta(hours=hour))
            negative = max(0, round(chance.gauss(40, 12)))
            store.tallies.add(
                [Cell(at, ("Storm",), source, "negative", negative), Cell(at, ("Storm",), source, "neutral", 160)]
            )


def stream(
    found: list[tuple[str, str]], count: int, urgent: int, copies: int, chance: random.Random
) -> list[RawMention]:
    """The mentions of the hour. `urgent` and `copies` are of 1,000 each."""
    brain = think(POLICY)
    pools: dict[bool, list[RawMention]] = {True: [], False: []}
    for item in crowd.mentions(found, count, "stormair"):
        (weighed,) = weigh(brain, ENTRY, Page((item,), None)).items or (None,)
        if weighed is not None:
            pools[weighed.verdict.priority is Priority.URGENT].append(item)
    worst = pools[True] or [RawMention("", "stormair: the armrest exploded, my hand is burned, I will sue")]
    seeds = [f"{item.text} {number}" for number, item in enumerate(chance.sample(pools[False], 40))]
    items, ordinary = [], iter(pools[False])
    for number in range(count):
        draw = chance.randrange(1_000)
        text = chance.choice(worst).text + f" {_words(chance, 6)}"
        if draw >= urgent:
            following = next(ordinary, None)
            text = chance.choice(seeds) if draw < urgent + copies or following is None else following.text
        items.append(
            RawMention(f"s{number}", text, author=f"user{number % 9_000}", followers=chance.choice((None, 80, 900)))
        )
    for number in range(30):
        at = count * number // 30
        items[at] = replace(items[at], text=f"calminn {_words(chance, 5)} was awful, I want my money back")
    return items


def _words(chance: random.Random, count: int) -> str:
    return " ".join(
        "".join(chance.choice("bdfglmnprst") + chance.choice("aeiou") for _ in range(4)) for _ in range(count)
    )


def account(store: Store, read: int) -> list[str]:
    """What does not add up, in words."""
    value = store.engine.value
    wrong = []
    checks = {
        "mentions stored": (value("select count(*) from mentions"), read),
        "cases without the mention that opened it": (
            value(
                "select count(*) from cases c where not exists"
                " (select 1 from mentions m where m.id = c.mention_id and m.case_id = c.id)"
            ),
            0,
        ),
        "mentions in cases": (
            value("select count(*) from mentions where case_id is not null"),
            value("select sum(mention_count) from cases"),
        ),
        "mentions of a case's priority without one": (
            value("select count(*) from mentions where case_id is null and priority >= 1"),
            0,
        ),
        "cases with neither a card nor a line in #alerts": (
            value(
                "select count(*) from cases c where not exists (select 1 from deliveries d where"
                " d.subject = 'case:' || c.id and d.key like 'card:%:far:#alerts'"
                " and d.state = 'sent') and not exists (select 1 from digest_cases l"
                " join deliveries d on d.subject = 'digest:' || l.digest_id"
                " where l.case_id = c.id and d.state = 'sent' and d.action = 'post')"
            ),
            0,
        ),
        "urgent cases without a card in #urgent": (
            value(
                "select count(*) from cases c where priority = 3 and not exists (select 1 from deliveries d where"
                " d.subject = 'case:' || c.id and d.key like 'card:%:far:#urgent' and d.state = 'sent')"
            ),
            0,
        ),
        "messages that are still to be posted": (
            value("select count(*) from deliveries where action = 'post' and state not in ('sent', 'superseded')"),
            0,
        ),
    }
    for what, (found, wanted) in checks.items():
        if found != wanted:
            wrong.append(f"{what}: {found:,}, not {wanted:,}")
    return wrong


def most_in_a_minute(moments: Iterable[datetime]) -> int:
    ordered, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= MINUTE:
            first += 1
        most = max(most, last + 1 - first)
    return most


def urgent_waits(store: Store, chat: Chat) -> list[float]:
    """Seconds from when an urgent post was asked for until the chat had it."""
    posted = first_posts(chat)
    asked = store.engine.rows("select key, created_at from deliveries where action = 'post' and lane = 1")
    return sorted(
        (posted[row["key"]] - datetime.fromisoformat(row["created_at"])).total_seconds()
        for row in asked
        if row["key"] in posted
    )


def alert_waits(store: Store, chat: Chat) -> list[float]:
    """Seconds from when a case was opened until its card, or a list with it, stood in #alerts."""
    posted, waits = first_posts(chat), []
    for row in store.engine.rows(
        "select c.opened_at, (select min(l.digest_id) from digest_cases l where l.case_id = c.id) as digest,"
        " (select d.key from deliveries d where d.subject = 'case:' || c.id and d.key like 'card:%:far:#alerts')"
        " as card"
        " from cases c"
    ):
        seen = [posted[key] for key in (row["card"], f"digest:{row['digest']}") if key in posted]
        waits.append((min(seen) - datetime.fromisoformat(row["opened_at"])).total_seconds())
    return sorted(waits)


def first_posts(chat: Chat) -> dict[str, datetime]:
    posted: dict[str, datetime] = {}
    for moment, _, key in chat.posts:
        posted.setdefault(key, moment)
    return posted


def at_share(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of all lies; 0 for none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
