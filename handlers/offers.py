"""The words that each command knows, to be offered while they are typed. Each list is the command's own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from handlers import erasures
from handlers import export as files
from handlers.commands import briefing, erase, export, mute, priority, queue, resolve, snooze, teach
from handlers.context import Context
from handlers.requests import COMMANDS
from handlers.rules import when
from handlers.rules.languages import name_of
from handlers.rules.locales import SPOKEN
from handlers.rules.muting import KINDS, known_values
from handlers.rules.periods import NAMES
from handlers.rules.policy import Member
from handlers.rules.roles import may
from handlers.rules.slots import EVERY
from handlers.rules.wishes import WEEKDAYS
from handlers.summaries import TABLES
from handlers.tracking import STAFF
from storage.errors import InvalidInput

_MOST = 25  # of what is many


@dataclass(frozen=True, slots=True)
class Offer:
    """A word, or a few that belong together, and what is told of them beside. `is_as_typed`: it is what was typed."""

    word: str
    told: str = ""
    is_as_typed: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """Words of which a line has one. `takes_any`: it may also be filled by a word that is not offered."""

    offers: tuple[Offer, ...]
    takes_any: bool = False


class Asked(NamedTuple):
    """Who types what, in which chat."""

    ctx: Context
    who: Member
    chat: str
    typed: str


Offers = Callable[[Asked], Sequence[Slot]]


def _slot(words: Iterable[str], *, takes_any: bool = False) -> Slot:
    return Slot(tuple(Offer(word) for word in words), takes_any)


def _hyphened(name: str) -> str:
    """As it is written in a filter."""
    return "-".join(name.split())


def _brands(ctx: Context) -> tuple[Slot, ...]:
    """One brand is no choice."""
    brands = [f"brand:{_hyphened(one.name)}" for one in ctx.policy.brands]
    return (_slot(brands),) if len(brands) > 1 else ()


def _queue(asked: Asked) -> Sequence[Slot]:
    sources = [f"source:{_hyphened(name)}" for name in (*(one.name for one in asked.ctx.policy.sources), STAFF)]
    return (_slot(queue.WHICH), *_brands(asked.ctx), _slot(sources))


def _summary(asked: Asked) -> Sequence[Slot]:
    return (_slot(NAMES, takes_any=True), *_brands(asked.ctx), _slot(f"by:{name}" for name in TABLES))


def _erase(asked: Asked) -> Sequence[Slot]:
    if asked.typed.startswith("@"):
        return _who(asked)
    waiting = [Offer(f"{act} {one.id}") for one in erasures.all_waiting(asked.ctx) for act in erase.PARTS[:3]]
    return (Slot((*waiting, Offer("lift @")), takes_any=True),)


def _export(asked: Asked) -> Sequence[Slot]:
    return (_slot(export.WHAT), _slot(NAMES, takes_any=True), *_brands(asked.ctx), _slot(files.KINDS))


def _snooze(asked: Asked) -> Sequence[Slot]:
    offers = [Offer(words, f"{label}: {_until(asked.ctx, words)}") for words, label in snooze.PRESETS]
    if asked.typed.strip() and asked.typed.strip() not in dict(snooze.PRESETS):
        with suppress(InvalidInput):
            words = " ".join(asked.typed.split())
            offers.insert(0, Offer(words, f"until {_until(asked.ctx, words)}", is_as_typed=True))
    return (Slot(tuple(offers)),)


def _until(ctx: Context, words: str) -> str:
    return when.clock(when.until(words, ctx.now, ctx.zone), ctx.now, ctx.zone)


def _calm(asked: Asked) -> Sequence[Slot]:
    return (
        Slot(tuple(Offer(str(one.id), f"the storm around {one.brand}") for one in asked.ctx.store.storms.all_active())),
    )


def _status(asked: Asked) -> Sequence[Slot]:
    return (_slot(["retry"]),) if may(asked.who, "retry") else ()


def _settings(asked: Asked) -> Sequence[Slot]:
    return (_slot(["reload"]),) if may(asked.who, "reload") else ()


def _help(asked: Asked) -> Sequence[Slot]:
    return (Slot(tuple(Offer(verb, found.help) for verb, found in sorted(COMMANDS.items()) if may(asked.who, verb))),)


def _who(asked: Asked) -> Sequence[Slot]:
    at, handle = ("@" if asked.typed.startswith("@") else ""), asked.typed.strip().removeprefix("@").casefold()
    return (_slot(f"{at}{author}" for author in asked.ctx.store.finding.authors(handle, _MOST)),)


def _mute(asked: Asked) -> Sequence[Slot]:
    if not may(asked.who, "change mutes"):
        return (_slot(mute.PARTS[:1]),)
    plain, add, remove = mute.PARTS
    what, colon, value = asked.typed.removeprefix(f"{add} ").partition(":")
    if asked.typed.startswith(f"{add} ") and colon and what in KINDS:
        return (_slot(f"{add} {what}:{one}" for one in _to_mute(asked, what, value)),)
    active = asked.ctx.store.mutes.active(asked.ctx.now)
    removable = (Offer(f"{remove} {one.id}", f"{one.what} {one.value}") for one in active)
    return (Slot((Offer(plain), *(Offer(f"{add} {kind}:") for kind in KINDS), *removable)),)


def _to_mute(asked: Asked, what: str, value: str) -> list[str]:
    """What can be silenced; after it, for how long."""
    ctx, (named, gap, _) = asked.ctx, value.rpartition(" ")
    known = known_values(ctx.policy, what) if what in ("source", "query") else []
    if what == "author":
        known = ctx.store.finding.authors(value.strip().removeprefix("@").casefold(), _MOST)
    spans = [span for span in mute.SPANS if when.duration(span) <= mute.DAY or may(asked.who, "mute for long")]
    return [*known, *(f"{named} {span}" for span in spans if gap and named.strip())]


def _briefing(asked: Asked) -> Sequence[Slot]:
    plain, now, add, remove = briefing.PARTS
    if asked.typed.startswith(f"{add} "):
        channels = (route.channel.partition(":") for route in asked.ctx.policy.routes)
        here = dict.fromkeys(channel for chat, _, channel in channels if chat == asked.chat)
        every = _slot(f"{add} {one}" for one in EVERY)
        languages = Slot(tuple(Offer(code, name_of(code)) for code in SPOKEN))
        days = _slot(day.lower() for day in WEEKDAYS) if "weekly" in asked.typed else _slot(())
        return (every, days, _slot(("me", *here)), _slot((f"{briefing.AT:%H:%M}",), takes_any=True),
                *_brands(asked.ctx), languages)  # fmt: skip
    known = [
        Offer(f"{act} {one.id}", f"{one.channel}, {one.every}")
        for act in (now, remove)
        for one in asked.ctx.store.schedules.all()
        if act == now or briefing.may_change(asked.who, one)
    ]
    return (Slot((Offer(plain), Offer(now), *(Offer(f"{add} {one}") for one in EVERY), *known)),)


OFFERS: Mapping[tuple[str, str], Offers] = {  # by verb and argument
    ("briefing", "words"): _briefing,
    ("calm", "storm"): _calm,
    ("erase", "words"): _erase,
    ("export", "what"): _export,
    ("help", "verb"): _help,
    ("mute", "words"): _mute,
    ("priority", "level"): lambda _: (_slot(reversed(priority.LEVELS)),),
    ("query", "words"): lambda _: (_slot(["test"]),),
    ("queue", "which"): _queue,
    ("resolve", "reason"): lambda _: (Slot(tuple(Offer(one.value, told) for one, told in resolve.CHOICES.items())),),
    ("settings", "act"): _settings,
    ("snooze", "until"): _snooze,
    ("status", "act"): _status,
    ("summary", "what"): _summary,
    ("teach", "what"): lambda _: (_slot(teach.PARTS),),
    ("who", "handle"): _who,
}
