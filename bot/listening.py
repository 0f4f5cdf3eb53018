"""The sources that are on, each with its listener; what changes when the file is read again."""

import random
from collections.abc import Callable
from datetime import datetime

from bot import registry
from bot.bridge import Bridge
from bot.fetch import Tools
from bot.listen import Listener
from bot.sources import webhook
from bot.tasks import Tasks
from bot.team import Team
from handlers.ports import Source
from handlers.rules.policy import Policy, SourceEntry


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
    ) -> None:
        self.sources: dict[str, Source] = {}
        self._bridge = bridge
        self._tools = tools
        self._team = team
        self._tasks = tasks
        self._now = now
        self._ring = ring

    def start(self) -> None:
        """Listen to every source that is on."""
        for entry in self._team.policy.sources:
            if entry.is_on:
                self._begin(entry.name, registry.build(entry, self._tools))

    def prepare(self, policy: Policy) -> Callable[[], None]:
        """Build what a new file adds or changes, and answer the step that puts it in place.

        Raises ConfigError for a source that cannot be built; then nothing has changed.
        """
        before = {entry.name: entry for entry in self._team.policy.sources}
        wanted = [entry for entry in policy.sources if entry.is_on]
        kept = {entry.name for entry in wanted if before.get(entry.name) == entry}
        fresh = {entry.name: registry.build(entry, self._tools) for entry in wanted if entry.name not in kept}

        def change() -> None:
            for name in [name for name in self.sources if name not in kept]:
                self._end(name)
            for name in kept & set(self.sources):
                self._try_again(name)
            for name, source in fresh.items():
                self._begin(name, source)

        return change

    def listener(self, source: Source) -> Listener:
        """What reads a source, or takes in what it was sent."""
        entry = self._team.policy.source(source.name) or SourceEntry(source.name, source.kind)
        chance = random.Random(source.name)  # noqa: S311 - spreads polls, hides nothing
        return Listener(source, entry, self._bridge, lambda: self._team.brain, self._now, self._ring, chance)

    async def close(self) -> None:
        for source in self.sources.values():
            await source.close()

    def _begin(self, name: str, source: Source) -> None:
        self.sources[name] = source
        if not isinstance(source, webhook.WebhookSource):
            self._tasks.begin(f"listen {name}", self.listener(source).run())

    def _try_again(self, name: str) -> None:
        """A source that was given up until a person acts: somebody has."""
        if self._tasks.has_ended(f"listen {name}"):
            self._begin(name, self.sources[name])

    def _end(self, name: str) -> None:
        source = self.sources.pop(name)
        self._tasks.end(f"listen {name}")
        self._tasks.begin(f"close {name}", source.close())
