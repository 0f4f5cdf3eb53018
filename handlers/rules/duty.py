"""Who is on duty. The rota turns at the same local time of day, also when clocks change; a swap wins over it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from handlers.rules.policy import Duty, Policy
from handlers.rules.slots import moment as reached
from handlers.rules.when import clock

_ON_DUTY = "on-duty"  # how an escalation calls whoever is


class Surroundings(Protocol):
    """A policy and the time: a Context."""

    @property
    def policy(self) -> Policy: ...

    @property
    def now(self) -> datetime: ...


def on_duty(policy: Policy, now: datetime) -> str:
    """The member's name; "" when nobody is. Of the rota, whoever has left the team is passed over."""
    zone = ZoneInfo(policy.timezone)
    for swap in policy.duty.swaps:
        if _at(swap.since, zone) <= now < _at(swap.until, zone) and is_there(policy, swap.who):
            return swap.who
    turn = _turn(policy.duty, now, zone)
    if turn is None:
        return ""
    rota = policy.duty.rota
    names = (rota[(turn + place) % len(rota)] for place in range(len(rota)))
    return next((name for name in names if is_there(policy, name)), "")


def words(ctx: Surroundings) -> str:
    """On duty: Ana until Mon 30 Nov 09:00, then Bo. "" for a team without a roster."""
    policy, now, zone = ctx.policy, ctx.now, ZoneInfo(ctx.policy.timezone)
    if not policy.duty.rota and not policy.duty.swaps:
        return ""
    name = on_duty(policy, now)
    for moment in _changes(policy, now, zone):
        following = on_duty(policy, moment)
        if following != name:
            until = clock(moment, now, zone)
            return f"On duty: {policy.label(name)} until {until}, then {policy.label(following)}."
    return f"On duty: {policy.label(name)}."


def pinged(policy: Policy, name: str, now: datetime) -> str:
    """The member whom a name in an escalation means; "" when it is a user group's, or nobody is on duty."""
    if name == _ON_DUTY:
        return on_duty(policy, now)
    return name if policy.member(name) else ""


def is_roster(name: str) -> bool:
    """Whether it means whoever is on duty."""
    return name == _ON_DUTY


def is_there(policy: Policy, name: str) -> bool:
    """Whether she is of the team still, with something to do in it."""
    member = policy.member(name)
    return member is not None and bool(member.roles)


def _turn(duty: Duty, now: datetime, zone: ZoneInfo) -> int | None:
    """How many times the rota has turned; None before it begins, and without one."""
    if not duty.rota or now < _at(duty.since, zone):
        return None
    begun = datetime.fromisoformat(duty.since)
    turn = max((_wall(now, zone) - begun) // duty.every, 0)
    # In an hour that is repeated the wall shows the time before the hand-over once more.
    return turn + 1 if _start(duty, turn + 1, zone) <= now else turn


def _start(duty: Duty, turn: int, zone: ZoneInfo) -> datetime:
    return _reached(datetime.fromisoformat(duty.since) + turn * duty.every, zone)


def _changes(policy: Policy, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments after now at which somebody else may be on duty, as far as the next round of the rota."""
    duty = policy.duty
    moments = {_at(text, zone) for swap in duty.swaps for text in (swap.since, swap.until)}
    if duty.rota:
        begun = _turn(duty, now, zone)
        first = 0 if begun is None else begun + 1
        moments |= {_start(duty, turn, zone) for turn in range(first, first + len(duty.rota) + 1)}
    yield from sorted(moment for moment in moments if moment > now)


def _at(text: str, zone: ZoneInfo) -> datetime:
    return _reached(datetime.fromisoformat(text), zone)


def _reached(local: datetime, zone: ZoneInfo) -> datetime:
    return reached(local.date(), local.time(), zone)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
