"""Where a case is posted, and by when somebody promised to answer it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from handlers.rules.policy import Policy
from storage.types import Lane, Priority


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that wants a case: at once, or (`digest` not zero) with others in one message."""

    chat: str
    channel: str
    digest: timedelta


def places(policy: Policy, *, brands: Collection[str], source: str, label: str, priority: Priority) -> list[Place]:
    """The channels of all routes that want it, each once. A route that wants it at once wins over a digest.

    `brands` are all that it concerns: a route for any of them wants it.
    """
    found: dict[str, timedelta] = {}
    for route in policy.routes:
        wants = (
            priority >= route.min_priority
            and (not route.brands or any(brand in route.brands for brand in brands))
            and (not route.sources or source in route.sources)
            and (not route.labels or label in route.labels)
        )
        if wants:
            digest = route.digest if priority < Priority.HIGH else timedelta()
            found[route.channel] = min(digest, found.get(route.channel, digest))
    return [Place(*split(channel), digest) for channel, digest in found.items()]


def split(channel: str) -> tuple[str, str]:
    """local:#alerts -> (local, #alerts)."""
    chat, _, name = channel.partition(":")
    return chat, name


def lane(priority: Priority) -> Lane:
    return Lane.URGENT if priority is Priority.URGENT else Lane.NORMAL


def promised(policy: Policy, priority: Priority) -> timedelta:
    """Within what time a first response is promised, on the wall clock."""
    return (policy.sla.low, policy.sla.normal, policy.sla.high, policy.sla.urgent)[priority]
