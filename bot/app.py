"""Everything is built here, and only here; nothing happens at import."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import randbelow
from types import ModuleType
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from bot import registry
from bot.alive import Alive, Systemd
from bot.backups import Backups
from bot.bridge import Bridge
from bot.charts import png
from bot.chats.local.adapter import Bell, LocalChatAdapter
from bot.deliver import Deliverer
from bot.erasing import leave_little, leave_nothing
from bot.fetch import Fetch, Tools
from bot.health import Health, Part, Watch
from bot.listening import Listening
from bot.opinions import build_opinions
from bot.policy_file import read_policy
from bot.receiving import Receiving
from bot.replying import Replier, way_of
from bot.rooms import Room, discord_of, slack_of, states_of
from bot.scheduler import build_scheduler
from bot.sessions import Sessions
from bot.settings import Environment, check_chats
from bot.tasks import Tasks
from bot.team import Team
from handlers import completions, erasures, lessons, links, places
from handlers.cards import Chart, Drawing
from handlers.context import Brain, ChatState, Context, think
from handlers.dispatch import dispatch, is_new, is_read, load_commands
from handlers.erasing import apply_tombstones
from handlers.jobs import learn
from handlers.messages import draw
from handlers.ports import Chat
from handlers.recovery import recover
from handlers.requests import Command, Reply, Request
from handlers.rules.policy import Policy
from handlers.rules.roster import Person
from storage.acquaintances import Acquaintance
from storage.errors import ConfigError, EarshotError
from storage.local_chat import LocalChat
from storage.store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")
Clock = Callable[[], datetime]
_MEASURE = 5.0  # seconds between two looks at the loop's lag and the counters
_ANSWER = 5.0  # seconds that the writing thread has for it
_SILENT = f"the database does not answer within {_ANSWER:g} s"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


class App:
    """The running program: what the `Desk` of the page and those of the chats ask for, and the tasks beside it."""

    def __init__(
        self, environment: Environment, policy: Policy, *, config_path: Path | None, now: Clock = utc_now
    ) -> None:
        self._environment = environment
        self._config_path = config_path
        self._now = now
        self._commands = tuple(load_commands().values())
        self._team = Team(policy)
        self.bridge = Bridge(environment.database)
        self.bell = Bell()
        self.registry = CollectorRegistry()
        self._fetch = Fetch(now)
        sessions = Sessions(environment.data / "sessions")
        self._tools = Tools(self._fetch, now, environment.variables, sessions=sessions)
        self.chats: dict[str, Chat] = {"local": LocalChatAdapter(self, self.bell, now)}
        self.slack, self.discord = slack_of(environment, self, now), discord_of(environment, self, now)
        self._rooms: tuple[Room, ...] = tuple(room for room in (self.slack, self.discord) if room is not None)
        self.chats |= {room.chat.name: room.chat for room in self._rooms}
        self.deliverer = Deliverer(self.bridge, self.chats, self._draw, self._pause, now)
        self._watch = Watch(self.registry, environment.data)
        self._tasks = Tasks()
        self.systemd = Systemd(environment.variables, os.getpid())
        self._alive = Alive(self._look, self.systemd, environment.heartbeat_url, self._fetch)
        self._backups = Backups(environment.database, environment.backups, now)
        self._reads_links = asyncio.Lock()
        opinions = build_opinions(environment.opinion, self._fetch, self.bridge, now)
        self._listening = Listening(self.bridge, self._tools, self._team, self._tasks, now, self._changed, opinions)
        self._receiving = Receiving(self._listening, self.policy, now)
        self.replier = Replier(
            self.bridge,
            self._listening.sources,
            self._context,
            now,
            self._changed,
            budget_of=lambda source: self._listening.listener(source).budget,
            take=lambda source, page: self._listening.listener(source).take(page),
        )
        self._scheduler = build_scheduler(self._tick)

    @property
    def brain(self) -> Brain:
        return self._team.brain

    # What the page asks for (bot.chats.local.adapter.Desk)

    async def act(self, request: Request) -> Reply:
        """Do what a person asks; errors come back as words."""
        started = time.monotonic()
        brain, cross = self.brain, self.bridge.read if is_read(request) else self.bridge.write
        chats = states_of(self._rooms)
        try:
            if request.can_repeat and is_read(request) and not await self._is_new(request):
                return Reply(is_repeat=True)
            reply = await cross(lambda store: dispatch(self._context(store, chats, brain), request))
        except EarshotError as error:
            return Reply(str(error), is_error=True)
        verb = request.verb if any(command.verb == request.verb for command in self._commands) else "unknown"
        self._watch.acted(verb, time.monotonic() - started)
        if reply.effect == links.EFFECT:
            await self._go_by_links()
        if not is_read(request):  # App Home reads too: it would stir itself for ever
            self._changed()
        if reply.effect == "reload":
            return self.reload_in_words()
        if reply.effect in (learn.EFFECT, erasures.EFFECT):
            await self._go_by_lessons()
        if reply.effect == erasures.EFFECT:
            self._leave_nothing()
        return reply

    async def picture(self, chart: Chart, dark: bool = False) -> bytes:
        return await self.bridge.compute(lambda: png(chart, dark=dark))

    def commands(self) -> Sequence[Command]:
        return self._commands

    def policy(self) -> Policy:
        return self.brain.policy

    # What Slack and Discord ask for beside that (bot.chats.desk.Desk)

    async def subject_at(self, chat: str, ref: str) -> str:
        return await self.bridge.read(lambda store: store.deliveries.subject_at(chat, ref))

    async def drawing_of(self, subject: str) -> Drawing | None:
        return await self.bridge.read(lambda store: self._draw(store, subject, "", self._now()))

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        self._team.meet(chat, people, groups_are_known=groups_are_known)

    async def remember(self, chat: str, people: Sequence[Person]) -> None:
        known = [Acquaintance(one.id, one.handle, one.name, one.groups) for one in people]
        await self._write(lambda store: store.acquaintances.keep(chat, known, self._now()))

    async def remembered(self, chat: str) -> Sequence[Person]:
        known = await self.bridge.read(lambda store: store.acquaintances.all_on(chat))
        return [Person(chat, one.id, one.handle, one.name, one.groups) for one in known]

    async def carry(self, told: Mapping[str, str]) -> None:
        await self._write(lambda store: store.carried.keep(told, self._now()))

    async def carried(self, key: str) -> str:
        return await self.bridge.read(lambda store: store.carried.get(key))

    async def complete(self, request: Request, argument: str, typed: str) -> Sequence[completions.Choice]:
        try:
            return await self.bridge.read(
                lambda store: completions.complete(self._context(store), request, argument, typed)
            )
        except EarshotError:
            return ()

    async def reopen(self, chat: str, channel: str) -> None:
        def reopen(store: Store) -> bool:
            with store.transaction():
                return places.reopen(self._context(store), chat, channel)

        if await self.bridge.write(reopen):
            self.deliverer.ring()

    async def _is_new(self, request: Request) -> bool:
        """A line that reads, and that the chat may repeat: its row is there before it is answered."""

        def take(store: Store) -> bool:
            with store.transaction():
                return is_new(self._context(store), request)

        return await self.bridge.write(take)

    def _changed(self) -> None:
        """Something may have to be posted, and App Home may show something else."""
        self.deliverer.ring()
        self.replier.ring()
        for room in self._rooms:
            room.changed()

    # The page's own file

    async def read(self, work: Callable[[LocalChat], T]) -> T:
        return await self.bridge.read(lambda store: work(store.local_chat))

    async def write(self, work: Callable[[LocalChat], T]) -> T:
        return await self._write(lambda store: work(store.local_chat))

    async def _write(self, work: Callable[[Store], T]) -> T:
        def write(store: Store) -> T:
            with store.transaction():
                return work(store)

        return await self.bridge.write(write)

    async def health(self) -> Mapping[str, Any]:
        health: Health = await self._health()
        return {
            "ok": health.is_ok,
            "parts": [{"name": part.name, "ok": part.is_ok, "words": part.words} for part in health.parts],
        }

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        return await self._receiving.receive(source, headers, body)

    def forms(self) -> Mapping[str, str]:
        return self._receiving.forms()

    async def submit_form(self, source: str, fields: Mapping[str, str]) -> tuple[int, str]:
        return await self._receiving.submit_form(source, fields)

    # Life

    async def start(self) -> None:
        """Open the file, then start listening, delivering and ticking."""
        await self.bridge.start()
        await self._recover()
        await self.bridge.write(lambda store: store.pauses.try_all(self._now()))
        await self._erase_again()
        await self._go_by_lessons()
        await self._go_by_links()
        self._listening.start()
        for room in self._rooms:
            room.start()
        self._tasks.begin("deliver", self.deliverer.run())
        self._tasks.begin("reply", self.replier.run())
        self._tasks.begin("watch", self._measure())
        self._tasks.begin("leave little", leave_little(self.bridge, self._now))
        self._tasks.begin("backups", self._backups.run())
        self._tasks.begin("alive", self._alive.run())
        self._scheduler.start()

    async def stop(self) -> None:
        """Finish what was begun; what was not is in the file."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        await self._tasks.close()
        # All of them wait for somebody outside: beside each other, so that the program ends within five seconds.
        await asyncio.gather(self.replier.stop(), self.deliverer.stop(), *(room.finish() for room in self._rooms))
        await asyncio.gather(*(room.close() for room in self._rooms))
        await self._listening.close()
        await self._fetch.close()
        await self.bridge.close()

    def reload(self) -> None:
        """Read earshot.toml again. Raises ConfigError for a bad one; then everything goes on as it was."""
        if self._config_path is None:
            raise ConfigError("The demo's settings are fixed.", "`earshot init` makes an earshot.toml of your own.")
        policy = read_policy(self._config_path, registry.settings())
        brain = think(policy)
        check_chats(self._environment, policy)
        change_sources = self._listening.prepare(policy)
        self._team.go_by(policy, brain)
        change_sources()
        for room in self._rooms:
            room.policy_changed()
        log.info("earshot.toml was read again")

    def reload_in_words(self) -> Reply:
        """`reload`, and what came of it as a sentence."""
        try:
            self.reload()
        except EarshotError as error:
            return Reply(f"Nothing was changed. {error}", is_error=True)
        policy = self.policy()
        counts = (
            (policy.brands, "brand"),
            (policy.sources, "source"),
            (policy.routes, "route"),
            (policy.members, "member"),
        )
        told = (f"{len(items)} {what}{'' if len(items) == 1 else 's'}" for items, what in counts)
        return Reply(f"Read again: {', '.join(told)}.")

    # Beside

    def _context(
        self, store: Store, chats: tuple[ChatState, ...] = (), brain: Brain | None = None, now: datetime | None = None
    ) -> Context:
        ways = partial(way_of, self._listening.sources)
        return Context(store, brain or self.brain, now or self._now(), chats, ways=ways, chance=randbelow)

    def _draw(self, store: Store, subject: str, body: str, now: datetime) -> Drawing | None:
        return draw(self._context(store, now=now), subject, body)

    def _pause(self, store: Store, chat: str, channel: str, why: str, now: datetime) -> None:
        places.pause(self._context(store, now=now), chat, channel, why)

    async def _tick(self, job: ModuleType) -> None:
        chats = states_of(self._rooms)

        def run(store: Store) -> int:
            with store.transaction():
                return int(job.run(self._context(store, chats)))

        try:
            if await self.bridge.write(run, is_urgent=False):
                if job is learn:
                    await self._go_by_lessons()
                self._changed()
        except asyncio.CancelledError:
            log.debug("the job %s ended with the program; it is done again at the next start", job.__name__)
        except EarshotError as error:
            log.warning("the job %s waits: %s", job.__name__, error)
        except Exception:
            log.exception("the job %s failed", job.__name__)

    async def _recover(self) -> None:
        """A backup that was put in place goes on as the database."""
        recovered = await self.bridge.write(lambda store: recover(store, self._now()))
        if recovered is not None:
            log.warning(
                "this database is a backup of %s; what was posted since is looked for first",
                f"{recovered.made_at:%Y-%m-%d %H:%M} UTC",
                extra={"messages": recovered.messages, "replies": recovered.replies},
            )

    def _leave_nothing(self) -> None:
        self._tasks.end("leave nothing")  # what it would do comes later now
        self._tasks.begin("leave nothing", leave_nothing(self.bridge))

    async def _erase_again(self) -> None:
        """What another file brought back of people who were erased goes before anything is read or drawn."""
        if problem := await self.bridge.read(lambda store: store.tombstones.problem()):
            log.warning("people who were erased may come back: %s", problem)
        if count := await self.bridge.write(lambda store: apply_tombstones(store, self._now())):
            log.warning("%d mentions of people who were erased were in this file; they are erased again", count)
            self._leave_nothing()

    async def _go_by_lessons(self) -> None:
        """What was learned, or switched on or off, is in force from here on."""
        self._team.go_by_lessons(await self.bridge.read(lessons.in_force))

    async def _go_by_links(self) -> None:
        """Which accounts are one person is in force from here on; of two changes at once, what was read last."""
        async with self._reads_links:
            self._team.go_by_links(await self.bridge.read(lambda store: store.links.all()))

    async def _measure(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_MEASURE)
            self._watch.lagged(time.monotonic() - asked - _MEASURE, self.bridge.waiting())
            self._watch.met((state.name, state.is_ok) for state in states_of(self._rooms))
            try:
                await self.bridge.read(lambda store: self._watch.look(store, self._now()))
            except Exception as error:
                log.warning("the counters could not be read: %s", error)

    async def _health(self) -> Health:
        health = await self.bridge.read(lambda store: self._watch.judge(store, self._now(), self.policy()))
        writing, ended = await self._writing(), self._ended()
        chats = (Part(f"chat {state.name}", state.is_ok, state.words) for state in states_of(self._rooms))
        backups = self._backups.part()
        return Health((writing, ended, *([backups] if backups else []), *chats, *health.parts))

    async def _look(self) -> tuple[bool, bool]:
        """Whether the program lives: its tasks run and its writing thread answers; whether it can do its work, too."""
        writing, ended = await self._writing(), self._ended()
        has_chats = all(state.is_ok for state in states_of(self._rooms))
        return ended.is_ok and writing.words != _SILENT, ended.is_ok and writing.is_ok and has_chats

    def _ended(self) -> Part:
        failed = self._tasks.failed()
        return Part("tasks", not failed, f"ended: {', '.join(failed)}" if failed else f"{len(self._tasks)} run")

    async def _writing(self) -> Part:
        try:
            async with asyncio.timeout(_ANSWER):
                await self.bridge.write(_probe)
        except TimeoutError:
            if self.bridge.is_rewriting:
                return Part("writing", True, "the file is written anew; what is to be stored waits")
            return Part("writing", False, _SILENT)
        except Exception as error:  # whatever it is, nothing can be stored
            return Part("writing", False, str(error))
        return Part("writing", True, "the database takes writes")


def _probe(store: Store) -> None:
    """Write, truly: a transaction without a change would succeed on a full disk too."""
    with store.transaction():
        store.inbox.take("health probe", "probe", _LONG_AGO)
        store.inbox.forget_before(_LONG_AGO + timedelta(days=1))
