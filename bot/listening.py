"""The sources that are on, each with its listener; what changes when the file is read again."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot import registry
from bot.bridge import Bridge
from bot.fetch import Tools
from bot.listen import Listener, wanted
from bot.sources import webhook
from bot.tasks import Tasks
from bot.team import Team
from handlers.ports import BadQuery, Can, Opinions, Source
from handlers.rules.policy import Policy, SourceEntry
from handlers.rules.terms import Subject
from storage.types import RawMention


class Listening:
    """`ring` is called whenever something came in. `tasks` are the listeners'."""

    def __init__(
        self,
        bridge: Bridge,
        tools: Tools,
        team: Team,
        tasks: Tasks,
        now: Callable[[], datetime],
        ring: Callable[[], None],
        opinions: Opinions | None = None,
    ) -> None:
        self.sources: dict[str, Source] = {}
        self._listeners: dict[str, Listener] = {}
        self._bridge = bridge
        self._tools = tools
        self._team = team
        self._tasks = tasks
        self._now = now
        self._ring = ring
        self._opinions = opinions

    def start(self) -> None:
        """Listen to every source that is on."""
        for entry in self._team.policy.sources:
            if entry.is_on:
                self._begin(entry.name, self._build(entry))

    def prepare(self, policy: Policy) -> Callable[[], None]:
        """Build what a new file adds or changes, and answer the step that puts it in place.

        Raises ConfigError for a source that cannot be built; then nothing has changed.
        """
        before = {entry.name: entry for entry in self._team.policy.sources}
        wanted = [entry for entry in policy.sources if entry.is_on]
        outdated = {name for name, source in self.sources.items() if source.is_outdated()}
        kept = {entry.name for entry in wanted if before.get(entry.name) == entry and entry.name not in outdated}
        fresh = {entry.name: self._build(entry) for entry in wanted if entry.name not in kept}

        others = {name for name in kept & set(self.sources) if self._asks_otherwise(self.sources[name], policy)}

        def change() -> None:
            for name in [name for name in self.sources if name not in kept]:
                self._end(name)
            for name in kept & set(self.sources):
                self._try_again(name)
            for name in others:
                self._begin(name, self.sources[name])
            for name, source in fresh.items():
                self._begin(name, source)

        return change

    def listener(self, source: Source) -> Listener:
        """What reads a source, or takes in what it was sent."""
        entry = self._team.policy.source(source.name) or SourceEntry(source.name, source.kind)
        chance = random.Random(source.name)  # noqa: S311 - spreads polls, hides nothing
        brain, opinions = (lambda: self._team.brain), self._opinions
        return Listener(source, entry, self._bridge, brain, self._now, self._ring, chance, opinions)

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self.sources.values()), return_exceptions=True)

    def _build(self, entry: SourceEntry) -> Source:
        def concerns(raw: RawMention) -> bool:
            return bool(entry.brand or self._team.brain.matcher.match(Subject.of(raw, entry.name)))

        return registry.build(entry, replace(self._tools, concerns=concerns))

    def _asks_otherwise(self, source: Source, policy: Policy) -> bool:
        """Whether other queries of the brands change what is asked of a source."""
        if source.can & Can.STREAM:
            return wanted(self._team.policy) != wanted(policy)
        try:
            return source.plan(wanted(self._team.policy)) != source.plan(wanted(policy))
        except BadQuery:
            return True

    def _begin(self, name: str, source: Source) -> None:
        self.sources[name] = source
        if not isinstance(source, webhook.WebhookSource):
            before, self._listeners[name] = self._tasks.end(f"listen {name}"), self.listener(source)
            self._tasks.begin(f"listen {name}", _listen(self._listeners[name], before))

    def _try_again(self, name: str) -> None:
        """A source that was given up until a person acts: somebody has."""
        listener = self._listeners.get(name)
        if self._tasks.has_ended(f"listen {name}") or (listener is not None and listener.has_given_up):
            self._begin(name, self.sources[name])

    def _end(self, name: str) -> None:
        source = self.sources.pop(name)
        self._listeners.pop(name, None)
        self._tasks.begin(f"close {name}", _close(source, self._tasks.end(f"listen {name}")))


async def _listen(listener: Listener, before: asyncio.Task[None] | None) -> None:
    """The one before uses the same source until it has ended."""
    if before is not None:
        await asyncio.wait([before])
    await listener.run()


async def _close(source: Source, listening: asyncio.Task[None] | None) -> None:
    if listening is not None:
        await asyncio.wait([listening])
    await source.close()
