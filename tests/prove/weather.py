"""How a chat outside behaves on a bad day: by chance some answers are lost, some calls are not done, some must wait.

About one answer in ten is lost after the thing was done: the line is cut, or something comes that cannot be read. One
call in a hundred is not done and nobody says so; one in fifty is told to wait.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.discord import faults as of_discord
from tests.slack import rates as of_slack

CHANCES = {"cut after": 0.05, "garbage": 0.05, "cut before": 0.005, "page": 0.005, "wait": 0.02}
DONE = ("cut after", "garbage")  # it was done, and nobody was told
PAUSE = 0.2  # seconds that a chat asks to be left alone


@dataclass
class Weather:
    """What happens to the next call, by chance; and how often what happened."""

    chance: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def next(self) -> str:
        """A kind of CHANCES, or "" for a call that goes well."""
        self.seen["calls"] += 1
        (kind,) = self.chance.choices([*CHANCES, ""], [*CHANCES.values(), 1 - sum(CHANCES.values())])
        if kind:
            self.seen[kind] += 1
        return kind

    @property
    def lost(self) -> int:
        """Answers that were lost although it was done."""
        return sum(self.seen[kind] for kind in DONE)


class InSlack(of_slack.Faults):
    """Bad weather over Slack, for these methods. Orders of a test go first."""

    def __init__(self, weather: Weather, methods: Sequence[str] = ("chat.postMessage", "chat.update")) -> None:
        super().__init__()
        self._weather, self._methods = weather, methods

    def take(self, method: str, channel: str) -> of_slack.Fault | None:
        ordered = super().take(method, channel)
        return ordered if ordered or method not in self._methods else self._drawn(method)

    def _drawn(self, method: str) -> of_slack.Fault | None:
        kind, limited = self._weather.next(), {"ok": False, "error": "ratelimited"}
        wait = {"status": 429, "json": limited, "headers": {"Retry-After": "0"}}
        return {
            "cut after": of_slack.Fault(method, "drop_after"),
            "garbage": of_slack.Fault(method, "garbage"),
            "cut before": of_slack.Fault(method, "drop_before"),
            "page": of_slack.Fault(method, "answer", told=_PAGE),
            "wait": of_slack.Fault(method, "answer", told=wait),
        }.get(kind)


class InDiscord(of_discord.Faults):
    """Bad weather over Discord, for calls of these names. Orders of a test go first."""

    def __init__(self, weather: Weather, names: Sequence[str] = ("post", "edit", "thread")) -> None:
        super().__init__()
        self._weather, self._names = weather, names

    def take(self, name: str, channel: str) -> of_discord.Fault | None:
        ordered = super().take(name, channel)
        return ordered if ordered or name not in self._names else self._drawn(name)

    def _drawn(self, name: str) -> of_discord.Fault | None:
        kind = self._weather.next()
        body = {"message": "You are being rate limited.", "retry_after": PAUSE, "global": False}
        headers = {"Retry-After": "1", "Via": "1.1 google", "X-RateLimit-Scope": "user"}
        wait = {"status": 429, "json": body, "headers": headers}
        return {
            "cut after": of_discord.Fault(name, "drop_after"),
            "garbage": of_discord.Fault(name, "garbage"),
            "cut before": of_discord.Fault(name, "drop_before"),
            "page": of_discord.Fault(name, "answer", told=_PAGE),
            "wait": of_discord.Fault(name, "answer", told=wait),
        }.get(kind)


_PAGE: dict[str, Any] = {"status": 503, "html": "<html><body><h1>Service Unavailable</h1></body></html>"}
