"""Everything is built here, and only here; nothing happens at import."""

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from aiohttp import web
from prometheus_client import CollectorRegistry

from bot import registry
from bot.bridge import Bridge
from bot.chats.local.adapter import Bell, LocalChatAdapter
from bot.deliver import Deliverer
from bot.fetch import Fetch, Tools
from bot.health import Health, Part, Watch
from bot.listen import Listener
from bot.policy_file import read_policy
from bot.scheduler import build_scheduler
from bot.settings import Environment, check_sign_in
from bot.sources import webhook
from bot.web import build_web, check_bind
from handlers.cards import Drawing
from handlers.context import Context, think
from handlers.dispatch import dispatch, is_read, load_commands
from handlers.drawings import draw
from handlers.ports import Chat, Page, Source
from handlers.requests import Command, Reply, Request
from handlers.rules.policy import Policy, SourceEntry
from storage.errors import ConfigError, EarshotError
from storage.local_chat import LocalChat
from storage.store import Store
from storage.types import RawMention

log = logging.getLogger(__name__)

T = TypeVar("T")
Clock = Callable[[], datetime]
_MEASURE = 5.0  # seconds between two looks at the loop's lag and the counters
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SWITCH = 0.002  # seconds after which a busy thread lets another run: the event loop must not wait for a scoring thread


def utc_now() -> datetime:
    return datetime.now(UTC)


class App:
    """The running program: what the page's `Desk` asks for, and the tasks beside it."""

    def __init__(
        self, environment: Environment, policy: Policy, *, config_path: Path | None, now: Clock = utc_now
    ) -> None:
        self._environment = environment
        self._config_path = config_path
        self._now = now
        self._commands = tuple(load_commands().values())
        self.brain = think(policy)
        self.bridge = Bridge(environment.database)
        self.bell = Bell()
        self.registry = CollectorRegistry()
        self._fetch = Fetch(now)
        self._tools = Tools(self._fetch, now, environment.variables)
        self.chats: dict[str, Chat] = {"local": LocalChatAdapter(self, self.bell, now)}
        self.deliverer = Deliverer(self.bridge, self.chats, self._draw, now)
        self._watch = Watch(self.registry, environment.data)
        self._sources: dict[str, Source] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._scheduler = build_scheduler(self._tick)

    # What the page asks for (bot.chats.local.adapter.Desk)

    async def act(self, request: Request) -> Reply:
        """Do what a person asks; errors come back as words."""
        started = time.monotonic()
        brain, cross = self.brain, self.bridge.read if is_read(request) else self.bridge.write
        try:
            reply = await cross(lambda store: dispatch(Context(store, brain, self._now()), request))
        except EarshotError as error:
            return Reply(str(error), is_error=True)
        verb = request.verb if any(command.verb == request.verb for command in self._commands) else "unknown"
        self._watch.acted(verb, time.monotonic() - started)
        self.deliverer.ring()
        if reply.effect == "reload":
            return self._reload_in_words()
        return reply

    def commands(self) -> Sequence[Command]:
        return self._commands

    def policy(self) -> Policy:
        return self.brain.policy

    async def read(self, work: Callable[[LocalChat], T]) -> T:
        return await self.bridge.read(lambda store: work(store.local_chat))

    async def write(self, work: Callable[[LocalChat], T]) -> T:
        def write(store: Store) -> T:
            with store.transaction():
                return work(store.local_chat)

        return await self.bridge.write(write)

    async def health(self) -> Mapping[str, Any]:
        health: Health = await self._health()
        return {
            "ok": health.is_ok,
            "parts": [{"name": part.name, "ok": part.is_ok, "words": part.words} for part in health.parts],
        }

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """A webhook's delivery: stored before it is acknowledged, refused when it is a replay."""
        hook = self._sources.get(source)
        if not isinstance(hook, webhook.WebhookSource):
            return 404, f"There is no webhook called {source[:60]}."
        try:
            received = hook.receive(headers, body, self._now())
            taken = await self._listener(hook).take(received.page, inbox_keys=(received.key, received.signature))
        except webhook.Refused as error:
            return error.status, str(error)
        except EarshotError as error:
            return 503, str(error)
        if taken.is_replay:
            return 409, "This delivery was taken in before; nothing was stored again."
        counts = (
            f"{taken.stored} new, {taken.known} known, {taken.unmatched} for no brand, {taken.quarantined} unreadable"
        )
        return 202, f"Taken in: {counts}."

    def forms(self) -> Mapping[str, str]:
        found = {}
        for name, hook in self._sources.items():
            entry = self.policy().source(name)
            if isinstance(hook, webhook.WebhookSource) and hook.settings.form and entry is not None:
                found[name] = entry.brand or self.policy().team
        return found

    async def submit_form(self, source: str, fields: Mapping[str, str]) -> tuple[int, str]:
        """A feedback form's words; the page has checked its fields. The same page sent twice is one mention."""
        if source not in self.forms():
            return 404, f"There is no form called {source[:60]}."
        stars = fields.get("stars", "")
        raw = RawMention(
            native_id=f"form-{fields['id']}",
            text=fields["text"],
            author=fields.get("email", ""),  # where she can be reached
            author_name=fields.get("name", ""),
            stars=float(stars) if stars else None,
            published_at=self._now(),
            private=True,
        )
        try:
            await self._listener(self._sources[source]).take(Page((raw,), None))
        except EarshotError as error:
            return 503, str(error)
        return 202, "Thank you. Your words have reached the team."

    # Life

    async def start(self) -> None:
        """Open the file, then start listening, delivering and ticking."""
        await self.bridge.start()
        self._start_sources()
        self._task("deliver", self.deliverer.run())
        self._task("watch", self._measure())
        self._scheduler.start()

    async def stop(self) -> None:
        """Finish what was begun; what was not is in the file."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self.deliverer.stop()
        for source in self._sources.values():
            await source.close()
        await self._fetch.close()
        await self.bridge.close()

    def reload(self) -> None:
        """Read earshot.toml again. Raises ConfigError for a bad one; then everything goes on as it was."""
        if self._config_path is None:
            raise ConfigError("The demo's settings are fixed.", "`earshot init` makes an earshot.toml of your own.")
        policy = read_policy(self._config_path, {kind: registry.settings_of(kind) for kind in registry.kinds()})
        brain = think(policy)
        before = {entry.name: entry for entry in self.policy().sources}
        fresh = {
            entry.name: registry.build(entry, self._tools)
            for entry in policy.sources
            if entry.is_on and before.get(entry.name) != entry
        }
        self.brain = brain
        kept = {entry.name for entry in policy.sources if entry.is_on and before.get(entry.name) == entry}
        for name in [name for name in self._sources if name not in kept]:
            self._end_source(name)
        for name in kept & set(self._sources):
            self._try_again(name)
        for name, source in fresh.items():
            self._begin_source(name, source)
        log.info("earshot.toml was read again")

    def _reload_in_words(self) -> Reply:
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

    # Sources

    def _start_sources(self) -> None:
        for entry in self.policy().sources:
            if entry.is_on:
                self._begin_source(entry.name, registry.build(entry, self._tools))

    def _begin_source(self, name: str, source: Source) -> None:
        self._sources[name] = source
        if not isinstance(source, webhook.WebhookSource):
            self._task(f"listen {name}", self._listener(source).run())

    def _try_again(self, name: str) -> None:
        """A source that was given up until a person acts: somebody has."""
        task = self._tasks.get(f"listen {name}")
        if task is not None and task.done():
            self._begin_source(name, self._sources[name])

    def _end_source(self, name: str) -> None:
        source = self._sources.pop(name)
        task = self._tasks.pop(f"listen {name}", None)
        if task is not None:
            task.cancel()
        closing = asyncio.get_running_loop().create_task(source.close())
        self._tasks[f"close {name}"] = closing

    def _listener(self, source: Source) -> Listener:
        entry = self.policy().source(source.name) or SourceEntry(source.name, source.kind)
        chance = random.Random(source.name)  # noqa: S311 - spreads polls, hides nothing
        return Listener(source, entry, self.bridge, lambda: self.brain, self._now, self.deliverer.ring, chance)

    # Beside

    def _draw(self, store: Store, subject: str, body: str, now: datetime) -> Drawing | None:
        return draw(Context(store, self.brain, now), subject, body)

    async def _tick(self, job: ModuleType) -> None:
        def run(store: Store) -> int:
            with store.transaction():
                return int(job.run(Context(store, self.brain, self._now())))

        try:
            if await self.bridge.write(run, is_urgent=False):
                self.deliverer.ring()
        except EarshotError as error:
            log.warning("the job %s waits: %s", job.__name__, error)
        except Exception:
            log.exception("the job %s failed", job.__name__)

    def _task(self, name: str, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the task %s ended", task.get_name(), exc_info=error)

    async def _measure(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_MEASURE)
            self._watch.lagged(time.monotonic() - asked - _MEASURE, self.bridge.waiting())
            try:
                await self.bridge.read(lambda store: self._watch.look(store, self._now()))
            except Exception as error:
                log.warning("the counters could not be read: %s", error)

    async def _health(self) -> Health:
        tasks = [
            name
            for name, task in self._tasks.items()
            if task.done() and not task.cancelled() and task.exception() is not None
        ]
        health = await self.bridge.read(lambda store: self._watch.judge(store, self._now(), self.policy()))
        ended = Part("tasks", not tasks, f"ended: {', '.join(tasks)}" if tasks else f"{len(self._tasks)} run")
        try:
            async with asyncio.timeout(5):
                await self.bridge.write(_probe)
            writing = Part("writing", True, "the database takes writes")
        except TimeoutError:
            writing = Part("writing", False, "the database does not answer within 5 s")
        except Exception as error:  # whatever it is, nothing can be stored
            writing = Part("writing", False, str(error))
        return Health((writing, ended, *health.parts))


def _probe(store: Store) -> None:
    """Write, truly: a transaction without a change would succeed on a full disk too."""
    with store.transaction():
        store.inbox.take("health probe", "probe", _LONG_AGO)
        store.inbox.forget_before(_LONG_AGO + timedelta(days=1))


async def serve(
    environment: Environment,
    policy: Policy,
    *,
    mode: Literal["demo", "run"],
    config_path: Path | None,
    say: Callable[[str], None],
) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reads earshot.toml again. Raises EarshotError when it cannot start."""
    check_sign_in(environment)
    secret = environment.web_secret.reveal()
    check_bind(environment.host, mode == "run" and bool(secret))
    sys.setswitchinterval(_SWITCH)
    app = App(environment, policy, config_path=config_path)
    try:
        site = build_web(
            app,
            mode="demo" if mode == "demo" else "signed-in",
            secret=secret,
            bell=app.bell,
            registry=app.registry,
            now=utc_now,
            public_host=environment.public_host,
        )
        runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        try:
            port = await _listen(runner, environment)
            await app.start()
            stop = _heed_signals(app, say)  # before anybody is told that it is up
            say(_welcome(environment, mode, port))
            await stop.wait()
            say("Stopping; nothing is lost.")
        finally:
            await runner.cleanup()
    finally:
        await app.stop()  # also when it could not start: the file is given back


async def _listen(runner: web.AppRunner, environment: Environment) -> int:
    try:
        await web.TCPSite(runner, environment.host, environment.port).start()
    except OSError as error:
        # asyncio's own words repeat the address
        why = (os.strerror(error.errno) if error.errno else str(error)).lower()
        raise ConfigError(
            f"EARSHOT_PORT: {environment.host}:{environment.port} cannot be used ({why}).",
            "Another program may have it; name another in EARSHOT_PORT.",
        ) from error
    return int(runner.addresses[0][1])


def _welcome(environment: Environment, mode: str, port: int) -> str:
    host = f"[{environment.host}]" if ":" in environment.host else environment.host
    if mode == "demo":
        return f"Open http://{host}:{port}  (Ctrl-C stops it; what you do is kept in {environment.data})"
    return f"Earshot is up at http://{host}:{port}; `earshot web link MEMBER` signs somebody in."


def _heed_signals(app: App, say: Callable[[str], None]) -> asyncio.Event:
    """SIGHUP reads the settings again; SIGINT and SIGTERM set the event."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def reload() -> None:
        reply = app._reload_in_words()
        say(reply.words)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    return stop
