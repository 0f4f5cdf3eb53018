"""How often a method may be called, what is made to go wrong, and the record of every call.

Tiers: 1, 20, 50, 100 a minute per method; chat.postMessage one a second per channel; short bursts are tolerated [doc].
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}


@dataclass
class Call:
    """One call of the Web API, or of a response_url (method "response_url")."""

    method: str
    params: dict[str, Any]
    at: float  # the clock's seconds
    status: int = 0  # 0: the connection was dropped
    error: str = ""  # Slack's code, "" when it was done


@dataclass
class Fault:
    """What happens to the next calls of a method ("*": of any)."""

    method: str
    kind: str  # refuse, answer, drop_before, drop_after, slow, hold
    times: int | None = 1  # None: until it is cleared
    channel: str | None = None
    told: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)  # a call has met it


class Faults:
    """Troubles on order. Each is used up by `times` calls; several wait in line."""

    def __init__(self) -> None:
        self._line: list[Fault] = []

    def rate_limit(
        self, method: str, seconds: float | str | None = 1, *, times: int | None = 1, channel: str | None = None
    ) -> Fault:
        """HTTP 429; `seconds` is Retry-After as it is sent, None leaves the header out."""
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        told = {"status": 429, "json": {"ok": False, "error": "ratelimited"}, "headers": headers}
        return self._add(Fault(method, "answer", times, channel, told))

    def fail(self, method: str, code: str, *, times: int | None = 1, channel: str | None = None, **more: Any) -> Fault:
        """An error code, without an effect."""
        return self._add(Fault(method, "refuse", times, channel, {"error": code} | more))

    def http_500_html(self, method: str, *, status: int = 500, times: int | None = 1) -> Fault:
        """A page of a proxy or load balancer instead of an answer."""
        page = "<html><body><h1>Server Error</h1></body></html>"
        return self._add(Fault(method, "answer", times, None, {"status": status, "html": page}))

    def garbage(self, method: str, *, times: int | None = 1) -> Fault:
        """JSON that cannot be read, with status 200, AFTER the effect."""
        return self._add(Fault(method, "garbage", times))

    def drop_before(self, method: str, *, times: int | None = 1) -> Fault:
        """The line is cut and nothing was done."""
        return self._add(Fault(method, "drop_before", times))

    def drop_after(self, method: str, *, times: int | None = 1) -> Fault:
        """It was done and the line is cut before the answer."""
        return self._add(Fault(method, "drop_after", times))

    def slow(self, method: str, seconds: float, *, times: int | None = 1) -> Fault:
        """It is done at once and the answer comes late."""
        return self._add(Fault(method, "slow", times, seconds=seconds))

    def hold(self, method: str, *, times: int | None = 1, channel: str | None = None) -> Fault:
        """Nothing is done until `fault.gate` is set; `fault.entered` says that a call waits."""
        return self._add(Fault(method, "hold", times, channel, gate=asyncio.Event()))

    def clear(self) -> None:
        """All is well again; what is held goes on."""
        for one in self._line:
            if one.gate is not None:
                one.gate.set()
        self._line.clear()

    def take(self, method: str, channel: str) -> Fault | None:
        """The trouble that a call meets."""
        for one in self._line:
            if one.method in (method, "*") and one.channel in (None, channel):
                if one.times is not None:
                    one.times -= 1
                    if one.times <= 0:
                        self._line.remove(one)
                one.entered.set()
                return one
        return None

    def _add(self, fault: Fault) -> Fault:
        self._line.append(fault)
        return fault


class Rates:
    """Token buckets. `wait` says how long a call has to wait, 0 when it may be done now (and is counted)."""

    def __init__(self, clock: Callable[[], float], tiers: Mapping[str, int]) -> None:
        self.per_minute: dict[str, float] = {method: TIERS[tier] for method, tier in tiers.items()}
        self.post_every = 1.0  # seconds between two posts to one channel
        self.post_burst = 3  # posts that a rested channel takes at once
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}  # tokens left, when

    def wait(self, method: str, channel: str) -> int:
        """Whole seconds, as Retry-After tells them."""
        if method == "chat.postMessage":
            return self._take((method, channel), self.post_burst, 1 / self.post_every)
        limit = self.per_minute.get(method)
        return 0 if limit is None else self._take((method, ""), limit, limit / 60)

    def _take(self, key: tuple[str, str], most: float, refill: float) -> int:
        now = self._clock()
        left, since = self._buckets.get(key, (most, now))
        left = min(most, left + (now - since) * refill)
        is_free = left >= 1 - 1e-9
        self._buckets[key] = (left - 1 if is_free else left, now)
        return 0 if is_free else max(1, math.ceil((1 - left) / refill))
