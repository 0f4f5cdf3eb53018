"""A chat that cannot be reached is told in another one, once, and so is its return.

It is told when it has lasted, and taken back when the return has: a chat that comes and goes is one outage. Between two
messages about one chat there are some minutes at least.
"""

from collections.abc import Iterator
from datetime import timedelta

from handlers.cases import notice_body
from handlers.context import Context
from handlers.rules.routing import split
from handlers.rules.text import shown
from handlers.rules.when import clock, length
from storage.outages import Outage
from storage.types import Lane, Role

PATIENCE = timedelta(minutes=1)  # an outage is told after this
STEADY = timedelta(minutes=1)  # a return is told after this
AGAIN = timedelta(minutes=10)  # the least time from a message to that of the next outage
_NAMES = {"slack": "Slack", "discord": "Discord"}
_HERE = "local"  # the page: always there


def watch(ctx: Context, *, patience: timedelta = PATIENCE, steady: timedelta = STEADY, again: timedelta = AGAIN) -> int:
    """Look at every chat outside (`ctx.chats`); how many outages were told, or taken back."""
    _note(ctx)
    changed = 0
    for outage in ctx.store.outages.all_open():
        if outage.back_at is not None:
            if ctx.now - outage.back_at >= steady:
                changed += _end(ctx, outage)
        elif outage.told_at is None and ctx.now - outage.since >= patience and _is_calm(ctx, outage, again):
            changed += _tell(ctx, outage)
    return changed


def _note(ctx: Context) -> None:
    """What is open, by how the chats are now. A chat that was switched off has no outage."""
    for state in ctx.chats:
        outage = ctx.store.outages.open_of(state.name)
        if outage is None:
            if not state.is_ok:
                ctx.store.outages.begin(state.name, state.words, ctx.now)
        elif not state.is_ok:
            if outage.back_at is not None or outage.words != state.words:
                ctx.store.outages.lasts(outage, state.words)
        elif outage.back_at is None:
            ctx.store.outages.is_back(outage, ctx.now)
    there = {state.name for state in ctx.chats}
    for outage in ctx.store.outages.all_open():
        if outage.chat not in there:
            ctx.store.outages.end(outage, ctx.now)


def _is_calm(ctx: Context, outage: Outage, again: timedelta) -> bool:
    last = ctx.store.outages.last_told(outage.chat)
    return last is None or ctx.now - last >= again


def _tell(ctx: Context, outage: Outage) -> int:
    """Whether there was somebody to tell; else it is tried again when another chat can be reached."""
    places = _places(ctx, outage.chat)
    if places:
        ctx.store.outages.told(outage, places, ctx.now)
        _post(ctx, outage, "down", places, _down(ctx, outage))
    return len(places[:1])


def _end(ctx: Context, outage: Outage) -> int:
    ctx.store.outages.end(outage, ctx.now)
    if outage.told_at is None:
        return 0
    _post(ctx, outage, "back", outage.told_to, _back(ctx, outage))
    return 1


def _places(ctx: Context, lost: str) -> tuple[str, ...]:
    """The channel for alarms, or the first route's, or the admins themselves: on a chat that can be reached."""
    outside = [state.name for state in ctx.chats if state.is_ok and state.name != lost]
    for channel in (ctx.policy.alarms_to, *(route.channel for route in ctx.policy.routes)):
        if channel and split(channel)[0] in (*outside, _HERE):
            return (channel,)
    for chat in outside:
        if admins := tuple(_admins(ctx, chat)):
            return admins
    return ()


def _admins(ctx: Context, chat: str) -> Iterator[str]:
    for member in ctx.policy.members:
        if Role.ADMIN in member.roles and not member.is_guest and member.id_on(chat):
            yield f"{chat}:@{member.name}"


def _post(ctx: Context, outage: Outage, what: str, places: tuple[str, ...], words: str) -> None:
    for place in places:
        chat, channel = split(place)
        subject = f"notice:outage:{outage.id}:{what}"
        ctx.store.deliveries.post(
            f"{subject}:{place}",
            subject=subject,
            chat=chat,
            channel=channel,
            lane=Lane.STATE,
            now=ctx.now,
            body=notice_body(words, "", None),
        )


# What people read


def _down(ctx: Context, outage: Outage) -> str:
    name, since = _name(outage), clock(outage.since, ctx.now, ctx.zone)
    why = " ".join(shown(outage.words, 300).words.split()).rstrip(".")
    return f"🔴 {name} cannot be reached since {since}. Why: {why}. Nothing is lost: {_waiting(ctx, outage)}."


def _waiting(ctx: Context, outage: Outage) -> str:
    count = ctx.store.deliveries.waiting_for(outage.chat)
    if not count:
        return "what is due there waits until it is back"
    return "1 message waits" if count == 1 else f"{count:,} messages wait"


def _back(ctx: Context, outage: Outage) -> str:
    back_at = outage.back_at or ctx.now
    lasted = length(back_at - outage.since)
    since = clock(back_at, ctx.now, ctx.zone)
    return f"🟢 {_name(outage)} is back since {since}, after {lasted}. What waited is posted now."


def _name(outage: Outage) -> str:
    return _NAMES.get(outage.chat, outage.chat)
