"""Where and when a case is posted, and by when somebody promised to answer it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from handlers.rules.business import BusinessClock
from handlers.rules.languages import ENGLISH, code_of
from handlers.rules.policy import Policy, Route
from handlers.rules.quiet import quiet_until
from handlers.rules.when import length
from storage.types import Lane, Priority


class Clocks(Protocol):
    """A policy and the business clock made of it: a Brain, or a Context."""

    @property
    def policy(self) -> Policy: ...

    @property
    def business(self) -> BusinessClock: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that wants a case: at once, or (`due`) then, with others in one message."""

    chat: str
    channel: str
    due: datetime | None
    is_quiet: bool = False  # it waits because the channel has quiet hours


def places(
    brain: Clocks,
    *,
    brands: Collection[str],
    source: str,
    label: str,
    priority: Priority,
    now: datetime,
    language: str = ENGLISH,
) -> list[Place]:
    """The channels of all routes that want it, each once. The route that wants it soonest wins.

    `brands` are all that it concerns: a route for any of them wants it. A `language` is a code, "" for one without.
    """
    found: dict[str, Place] = {}
    for route in brain.policy.routes:
        wants = (
            priority >= route.min_priority
            and (not route.brands or any(brand in route.brands for brand in brands))
            and (not route.sources or source in route.sources)
            and (not route.labels or label in route.labels)
            and (not route.languages or language in map(code_of, route.languages))
        )
        if wants:
            place = _place(brain, route, priority, now)
            found[route.channel] = min(place, found.get(route.channel, place), key=lambda one: one.due or now)
    return list(found.values())


def _place(brain: Clocks, route: Route, priority: Priority, now: datetime) -> Place:
    """What would come in quiet hours comes when they end."""
    chat, channel = split(route.channel)
    due = now + route.digest if priority < Priority.HIGH else now
    if priority < Priority.URGENT:
        end = _quiet(brain, route, now) or _quiet(brain, route, due)
        if end is not None:
            return Place(chat, channel, end, is_quiet=True)
    return Place(chat, channel, due if due > now else None)


def may_tell(brain: Clocks, chat: str, channel: str, priority: Priority, now: datetime) -> datetime:
    """When a channel may be told of a case of this priority: now, or when its quiet hours end.

    It is quiet where all of its routes are.
    """
    if priority is Priority.URGENT:
        return now
    ends = [_quiet(brain, route, now) for route in brain.policy.routes if split(route.channel) == (chat, channel)]
    return min((end or now for end in ends), default=now)


def _quiet(brain: Clocks, route: Route, moment: datetime) -> datetime | None:
    return quiet_until(route.quiet, moment, ZoneInfo(brain.policy.timezone), brain.business) if route.quiet else None


def split(channel: str) -> tuple[str, str]:
    """local:#alerts -> (local, #alerts)."""
    chat, _, name = channel.partition(":")
    return chat, name


def lane(priority: Priority) -> Lane:
    return Lane.URGENT if priority is Priority.URGENT else Lane.NORMAL


def due_by(brain: Clocks, priority: Priority, since: datetime) -> datetime:
    """By when a first response is promised to what came in at `since`."""
    sla = brain.policy.sla
    return on_its_clock(brain, priority, since, (sla.low, sla.normal, sla.high, sla.urgent)[priority])


def on_its_clock(brain: Clocks, priority: Priority, since: datetime, span: timedelta) -> datetime:
    """So long after a moment (before it, if negative), in business time where the priority's promise runs in that."""
    return brain.business.add(since, span) if runs_in_hours(brain.policy, priority) else since + span


def told(brain: Clocks, priority: Priority, since: datetime, until: datetime) -> str:
    """How long it was from one moment to another, on the clock of a priority, in words."""
    if not runs_in_hours(brain.policy, priority):
        return length(until - since)
    minutes = int(brain.business.between(since, until).total_seconds()) // 60
    parts = [f"{minutes // 60} h" if minutes >= 60 else "", f"{minutes % 60} min" if minutes % 60 else ""]
    return f"{' '.join(filter(None, parts)) or '0 min'} in business hours"


def runs_in_hours(policy: Policy, priority: Priority) -> bool:
    """Whether what is promised for a priority runs on the business clock."""
    return priority in policy.sla.business
