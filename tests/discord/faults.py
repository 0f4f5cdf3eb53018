"""What is made to go wrong, how often a route may be called, and the record of every call.

Calls have names: me, application, gateway, guild, channel, change_channel, post, edit, get, history, delete, thread,
typing, dm, member, react, unreact, commands, callback, follow_up, get_answer, edit_answer, delete_answer, file.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HOUR = 3600.0
ANSWERS = ("callback", "follow_up", "get_answer", "edit_answer", "delete_answer")


@dataclass
class Call:
    """One call of the API."""

    name: str
    path: str
    params: dict[str, Any]
    at: float  # the clock's seconds
    status: int = 0  # 0: the connection was dropped
    error: int = 0  # Discord's code, 0 when it was done


@dataclass
class Fault:
    """What happens to the next calls of a name ("*": of any)."""

    name: str
    kind: str  # refuse, answer, garbage, drop_before, drop_after, slow, hold
    times: int | None = 1  # None: until it is cleared
    channel: str | None = None  # its id
    told: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)  # a call has met it


class Faults:
    """Troubles on order. Each is used up by `times` calls; several wait in line."""

    def __init__(self) -> None:
        self._line: list[Fault] = []

    def rate_limit(
        self, name: str, seconds: float = 1, *, times: int | None = 1, channel: str | None = None, scope: str = "user"
    ) -> Fault:
        """A 429 of Discord's API; scope: user, shared (not counted towards the ban) or global."""
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": scope == "global"}
        # Without Via discord.py takes a 429 for a ban by Cloudflare: it raises at once and never tries again.
        headers = {"Retry-After": str(int(seconds) + 1), "Via": "1.1 google", "X-RateLimit-Scope": scope}
        if scope == "global":
            headers["X-RateLimit-Global"] = "true"
        return self._add(Fault(name, "answer", times, channel, {"status": 429, "json": body, "headers": headers}))

    def ban(self, name: str = "*", *, seconds: int | None = 600, times: int | None = 1) -> Fault:
        """A 429 of Cloudflare, before Discord: a page, no Via; `seconds` is Retry-After, None leaves it out."""
        page = "<html><body>error code: 1015</body></html>"
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        return self._add(Fault(name, "answer", times, None, {"status": 429, "html": page, "headers": headers}))

    def fail(
        self, name: str, code: int, *, times: int | None = 1, channel: str | None = None, status: int = 0
    ) -> Fault:
        """An error code of Discord, without an effect."""
        return self._add(Fault(name, "refuse", times, channel, {"code": code, "status": status}))

    def http_500_html(self, name: str, *, status: int = 503, times: int | None = 1) -> Fault:
        """A page of a proxy. discord.py tries 500, 502, 504 and 524 again, after a second and more of real time; for
        answers to interactions every status from 500 on.
        """
        page = "<html><body><h1>Server Error</h1></body></html>"
        return self._add(Fault(name, "answer", times, None, {"status": status, "html": page}))

    def garbage(self, name: str, *, times: int | None = 1) -> Fault:
        """A page with status 200 in the place of JSON, AFTER the effect."""
        return self._add(Fault(name, "garbage", times))

    def drop_before(self, name: str, *, times: int | None = 1, channel: str | None = None) -> Fault:
        """The line is cut and nothing was done."""
        return self._add(Fault(name, "drop_before", times, channel))

    def drop_after(self, name: str, *, times: int | None = 1, channel: str | None = None) -> Fault:
        """It was done and the line is cut before the answer."""
        return self._add(Fault(name, "drop_after", times, channel))

    def slow(self, name: str, seconds: float, *, times: int | None = 1) -> Fault:
        """It is done at once and the answer comes late."""
        return self._add(Fault(name, "slow", times, seconds=seconds))

    def hold(self, name: str, *, times: int | None = 1, channel: str | None = None) -> Fault:
        """Nothing is done until `fault.gate` is set; `fault.entered` says that a call waits."""
        return self._add(Fault(name, "hold", times, channel, gate=asyncio.Event()))

    def clear(self) -> None:
        """All is well again; what is held goes on."""
        for one in self._line:
            if one.gate is not None:
                one.gate.set()
        self._line.clear()

    def take(self, name: str, channel: str) -> Fault | None:
        """The trouble that a call meets."""
        for one in self._line:
            if one.name in (name, "*") and one.channel in (None, channel):
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


@dataclass
class Wait:
    """A call has to wait."""

    seconds: float
    scope: str
    code: int = 0


class Rates:
    """Windows of fixed length, as Discord's headers tell them. Numbers are reports by users, Discord publishes none."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.limits: dict[str, tuple[int, float]] = {"post": (5, 5.0), "edit": (5, 5.0), "delete": (5, 1.0)}
        self.usual = (10, 1.0)  # calls and seconds of all other names
        self.at_all = 50  # calls a second, answers to interactions not counted [doc]
        self.old_edits, self.old_within = 3, 20.0  # of messages older than an hour, in a channel
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._old: dict[str, list[float]] = defaultdict(list)

    def take(self, name: str, place: str) -> tuple[dict[str, str], Wait | None]:
        """The headers of the answer, and whether the call has to wait. A call that waits is not counted."""
        if name not in ANSWERS and (left := self._count(("", "global"), self.at_all, 1.0)[1]) < 0:
            return {}, Wait(0.5, "global")
        most, seconds = self.limits.get(name, self.usual)
        until, left = self._count((name, place), most, seconds)
        after = max(0.001, until - self._clock())
        told = {"Limit": most, "Remaining": max(0, left), "Reset": f"{until:.3f}", "Reset-After": f"{after:.3f}"}
        headers = {f"X-RateLimit-{key}": str(value) for key, value in told.items()}
        headers["X-RateLimit-Bucket"] = f"bucket-{name}"
        return headers, Wait(after, "user") if left < 0 else None

    def take_old_edit(self, channel: str) -> Wait | None:
        """An edit of a message older than an hour."""
        now = self._clock()
        recent = self._old[channel] = [one for one in self._old[channel] if now - one < self.old_within]
        if len(recent) >= self.old_edits:
            return Wait(recent[0] + self.old_within - now, "user", 30046)
        recent.append(now)
        return None

    def _count(self, key: tuple[str, str], most: int, seconds: float) -> tuple[float, int]:
        """When the window ends, and how many calls are left in it; -1 when this one is too many."""
        now = self._clock()
        until, used = self._windows.get(key, (0.0, 0))
        if now >= until:
            until, used = now + seconds, 0
        if used >= most:
            return until, -1
        self._windows[key] = (until, used + 1)
        return until, most - used - 1
