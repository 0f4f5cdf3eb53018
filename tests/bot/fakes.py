"""Small working parts for the tests of the running program: a clock moved by hand, a chat with a will of its own, a
source that follows a script, and a station that puts them around a real file."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.bridge import Bridge
from bot.deliver import Deliverer
from bot.listen import Listener
from bot.replying import way_of
from handlers.cardkeys import card_key
from handlers.cards import Card, DraftCard, Drawing, Notice
from handlers.context import Brain, Context, think
from handlers.dispatch import dispatch, read_line
from handlers.intake import take_in
from handlers.messages import draw
from handlers.places import pause
from handlers.ports import FREE, Budget, ChatBusy, ChatDoubtful, ChatError, ChatMessageGone, ChatRefused, Page, Source
from handlers.requests import Reply, Request
from handlers.rules.policy import Policy, Route, SourceEntry
from handlers.rules.routing import split
from handlers.weighing import weigh
from storage.store import Store
from storage.types import Delivery, Lane, RawMention
from tests.kit import NOW, POLICY, raw


@dataclass
class Clock:
    """Stands still until it is moved."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **length: float) -> None:
        self.moment += timedelta(**length)

    async def sleep(self, seconds: float) -> None:
        """Sleeping moves the clock and takes no time."""
        self.pass_by(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Message:
    """What a chat service holds: `shown` is how it looks now."""

    ref: str
    channel: str
    key: str
    parent: str
    shown: Drawing
    posted_at: datetime
    is_deleted: bool = False

    @property
    def words(self) -> str:
        if isinstance(self.shown, Card):
            return f"#{self.shown.case} {self.shown.status}"
        return self.shown.words if isinstance(self.shown, Notice) else str(self.shown)

    @property
    def note(self) -> str:
        return self.shown.note if isinstance(self.shown, Card | DraftCard) else ""


class Died(BaseException):
    """The process is gone at this point: nothing after it happens."""


# What a call may come to. Each takes the chat and does the posting if it is to be done.
Post = Callable[[], str]
Outcome = Callable[[Post], Awaitable[str]]


async def lost(post: Post) -> str:
    """It is posted, and its answer is lost."""
    post()
    raise ChatDoubtful("No answer came.")


async def swallowed(post: Post) -> str:
    """Neither posted nor answered."""
    raise ChatDoubtful("No answer came.")


async def refused(post: Post) -> str:
    raise ChatRefused("There is no such channel.", "Make it, then `status retry`.")


async def failed(post: Post) -> str:
    raise ChatError("It is down for repair.")


async def broken(post: Post) -> str:
    """The adapter itself is wrong."""
    raise KeyError("ts")


def busy(seconds: float) -> Outcome:
    async def outcome(post: Post) -> str:
        raise ChatBusy("Too many messages.", retry_after=seconds)

    return outcome


def dies(*, after_posting: bool) -> Outcome:
    """The process dies inside the call."""

    async def outcome(post: Post) -> str:
        if after_posting:
            post()
        raise Died

    return outcome


@dataclass
class FakeChat:
    """Posts, redraws and finds like any chat. `next_posts` and `next_updates` say what comes of the next calls."""

    clock: Clock
    name: str = "far"
    pace: float = 0.0
    settle: float = 60.0
    can_search: bool = True
    messages: list[Message] = field(default_factory=list)
    calls: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, what, key or ref
    next_posts: deque[Outcome] = field(default_factory=deque)
    next_updates: deque[Outcome] = field(default_factory=deque)
    hold: dict[str, asyncio.Event] = field(default_factory=dict)  # calls in these channels wait for it
    entered: asyncio.Event = field(default_factory=asyncio.Event)  # a call was begun
    before_update: Callable[[], Awaitable[None]] | None = None

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        self.calls.append((self.clock(), "post", key))
        await self._enter(channel)

        def post() -> str:
            ref = str(len(self.messages) + 1)
            self.messages.append(Message(ref, channel, key, parent_ref, drawing, self.clock()))
            return ref

        return await self.next_posts.popleft()(post) if self.next_posts else post()

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        self.calls.append((self.clock(), "update", ref))
        await self._enter(channel)
        if self.before_update is not None:
            await self.before_update()
        message = self.message(ref)
        if message.is_deleted:
            raise ChatMessageGone("Somebody deleted it.")

        def redraw() -> str:
            message.shown = drawing
            return ref

        await self.next_updates.popleft()(redraw) if self.next_updates else redraw()

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        self.calls.append((self.clock(), "find", key))
        await self._enter(channel)
        if not self.can_search:
            raise ChatError("The history cannot be read.")
        return next((one.ref for one in self.messages if (one.channel, one.key) == (channel, key)), None)

    async def check(self) -> str:
        return "It works."

    async def _enter(self, channel: str) -> None:
        self.entered.set()
        if channel in self.hold:
            await self.hold[channel].wait()

    def message(self, ref: str) -> Message:
        return next(one for one in self.messages if one.ref == ref)

    def count(self, what: str) -> int:
        return sum(1 for _, done, _ in self.calls if done == what)

    def keys(self, channel: str = "") -> list[str]:
        return [one.key for one in self.messages if channel in ("", one.channel)]


@dataclass
class ScriptedSource(Source):
    """Each poll is the next step of the script: a page, or an error that is raised. Its cursor is the step's number."""

    name: str
    script: list[Page | Exception]
    kind: str = "feed"
    cursors: list[str | None] = field(default_factory=list)  # those it was asked with
    is_closed: bool = False

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        self.cursors.append(cursor)
        if not self.script:
            return Page((), cursor)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def check(self) -> str:
        return "It can be read."

    async def close(self) -> None:
        self.is_closed = True


class Tripwire:
    """A bridge at whose n-th write the process dies, before it or after it."""

    def __init__(self, bridge: Bridge, at: int, *, is_after: bool) -> None:
        self._bridge = bridge
        self._left = at
        self._is_after = is_after
        self.has_tripped = False

    async def write(self, work: Callable[[Store], Any], *, is_urgent: bool = True) -> Any:
        self._left -= 1
        self.has_tripped = self.has_tripped or self._left < 0
        if self.has_tripped and not (self._is_after and self._left == -1):
            raise Died
        done = await self._bridge.write(work, is_urgent=is_urgent)
        if self.has_tripped:
            raise Died
        return done

    async def read(self, work: Callable[[Store], Any]) -> Any:
        if self.has_tripped:
            raise Died
        return await self._bridge.read(work)


def card_of(number: int, channel: str = "far:#alerts") -> str:
    """What the card of the station's case of this number is posted with."""
    return card_key("birds", f"n{number}", *split(channel))


class Station:
    """The core behind a real file and, around it, a deliverer and chats. `restart` is what follows a crash."""

    def __init__(self, path: Path, clock: Clock, policy: Policy, chats: Mapping[str, FakeChat]) -> None:
        self.path = path
        self.clock = clock
        self.chats = chats
        self.sources: dict[str, Source] = {}  # that can answer a mention
        self.brain: Brain = think(policy)
        self.bridge = Bridge(path)
        self.most_posts = 10_000  # to a channel in a minute: only the tests of that limit have it
        self.deliverer = self.new_deliverer()
        self._count = 0

    def new_deliverer(self, bridge: Bridge | Tripwire | None = None) -> Deliverer:
        crossing: Any = bridge or self.bridge
        most = self.most_posts
        return Deliverer(crossing, self.chats, self._draw, self._pause, self.clock, self.clock.sleep, most)

    def context(self, store: Store) -> Context:
        return Context(store, self.brain, self.clock(), ways=partial(way_of, self.sources))

    def _pause(self, store: Store, chat: str, channel: str, why: str, now: datetime) -> None:
        pause(Context(store, self.brain, now), chat, channel, why)

    def _draw(self, store: Store, subject: str, body: str, now: datetime) -> Drawing | None:
        return draw(replace(self.context(store), now=now), subject, body)

    async def restart(self) -> None:
        """The process died and another begins on the same file."""
        await self.bridge.close()
        self.bridge = Bridge(self.path)
        await self.bridge.start()
        self.deliverer = self.new_deliverer()

    async def write(self, work: Callable[[Context], Any]) -> Any:
        def write(store: Store) -> Any:
            with store.transaction():
                return work(self.context(store))

        return await self.bridge.write(write)

    async def open_case(self, text: str, **fields: Any) -> int:
        """A case of its own for one complaint; its number."""
        self._count += 1
        item = raw(f"n{self._count}", text, published_at=self.clock(), **fields)
        await self.take(item)
        return int(await self.value("select max(id) from cases"))

    async def take(self, *items: RawMention, source: str = "birds") -> None:
        entry = self.brain.policy.source(source)
        assert entry is not None
        page = weigh(self.brain, entry, Page(items, None))
        await self.write(lambda ctx: take_in(ctx, page))

    async def say(self, who: str, line: str) -> Reply:
        verb, words = read_line(line)
        request = Request(self.brain.policy.member(who), verb, words)
        return await self.bridge.write(lambda store: dispatch(self.context(store), request))

    async def ask_for(self, key: str, channel: str = "#alerts", lane: Lane = Lane.NORMAL, chat: str = "far") -> None:
        """A notice of its own in a channel."""
        body = f'{{"words": "{key}", "ping": "", "case": null}}'
        await self.write(
            lambda ctx: ctx.store.deliveries.post(
                key, subject=f"notice:{key}", chat=chat, channel=channel, lane=lane, now=ctx.now, body=body
            )
        )

    async def value(self, sql: str, *params: Any) -> Any:
        return await self.bridge.read(lambda store: store.engine.value(sql, params))

    async def row(self, key: str) -> dict[str, Any]:
        """A delivery as it stands in the file."""
        found = await self.bridge.read(lambda store: store.engine.one("select * from deliveries where key = ?", (key,)))
        assert found is not None
        return dict(found)

    async def card_row(self, number: int) -> dict[str, Any]:
        """The delivery of a case's first card."""
        find = "select * from deliveries where subject = ? and action = 'post' order by id"
        found = await self.bridge.read(lambda store: store.engine.one(find, (f"case:{number}",)))
        assert found is not None
        return dict(found)

    async def dead(self) -> list[Delivery]:
        return await self.bridge.read(lambda store: store.deliveries.all_dead())

    async def deliver(self) -> None:
        """Deliver what is due now, and what becomes due by that."""
        await self.deliverer.settle()
        await self.deliverer.do_all()

    async def deliver_for(self, seconds: float, step: float = 1.0) -> None:
        """Deliver while the clock goes on."""
        end = self.clock() + timedelta(seconds=seconds)
        while self.clock() < end:
            await self.deliver()
            self.clock.pass_by(seconds=step)

    async def die_delivering(self) -> None:
        """Deliver until the process dies in a call, then come back as another."""
        with suppress(Died):
            await self.deliverer.start_due()
            tasks = list(self.deliverer._busy.values())
            await asyncio.gather(*tasks)
        await self.restart()


FAR = (Route("far:#alerts"),)


@asynccontextmanager
async def station(
    path: Path, *, policy: Policy = POLICY, routes: tuple[Route, ...] = FAR, **kept: Any
) -> AsyncIterator[Station]:
    """A station with one chat, "far", that has the alerts."""
    clock = Clock()
    chat = FakeChat(clock, **kept)
    changed = Policy(
        brands=policy.brands, sources=policy.sources, routes=routes, members=policy.members, team=policy.team
    )
    opened = Station(path, clock, changed, {chat.name: chat})
    await opened.bridge.start()
    try:
        yield opened
    finally:
        await opened.deliverer.stop()
        await opened.bridge.close()


def listener(opened: Station, source: Source, **changed: Any) -> Listener:
    """The task of a source at a station; `changed` are keys of its entry."""
    entry = SourceEntry(source.name, source.kind, **changed)
    chance = random.Random(1)
    return Listener(source, entry, opened.bridge, lambda: opened.brain, opened.clock, lambda: None, chance)


async def until(is_so: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    """Wait for a condition; what it answered. Raises TimeoutError at a deadline that is far away."""
    async with asyncio.timeout(seconds):
        while not (found := await is_so()):  # noqa: ASYNC110 - the condition may lie in another process
            await asyncio.sleep(0.01)
        return found
