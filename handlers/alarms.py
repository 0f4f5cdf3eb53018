"""Sources that are silent, fail, have used up their quota or were given up: found, told once, and taken back.

A source has at most one alarm of a kind at a time, and at most one new card of a kind in six hours: what comes back
sooner opens the old one again. A failure is told when it outlasts a second try; nothing pings anybody.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.rules import silence
from handlers.rules.policy import SourceEntry
from handlers.rules.routing import split
from handlers.rules.silence import Heard, hour_of
from handlers.rules.text import shown
from handlers.rules.when import clock, length
from storage.alarms import Alarm
from storage.types import Lane, SourceState

SILENT, FAILING, QUOTA, OFF = "silent", "failing", "quota", "off"
BACK, SWITCHED_OFF = "back", "switched off"
_READING = (FAILING, QUOTA, OFF)  # a source's status says these
_PATIENCE = timedelta(minutes=15)  # of a failure; and nobody looked if it is longer since the last look
_LONGEST_TRY = timedelta(hours=1)  # a failing source is tried again within this
_SHORTEST = timedelta(minutes=30)  # a silence that nobody needs to think about
_AGAIN = timedelta(hours=6)
_TITLES = {
    SILENT: "🔇 {} is silent",
    FAILING: "🟠 {} cannot be read",
    QUOTA: "🟠 {} has used up its quota",
    OFF: "🔴 {} is not read any more",
}
_WAS = {SILENT: "was silent", FAILING: "could not be read", QUOTA: "was out of quota", OFF: "was not read"}
_IN_SHORT = {SILENT: "silent", FAILING: "cannot be read", QUOTA: "out of quota", OFF: "not read"}
_STATUS = Button("Show status", "status")
_READ_AGAIN = Button("Read it again", "settings", values=(("act", "reload"),))


class _Trouble(NamedTuple):
    kind: str
    since: datetime
    words: str = ""
    usual: int | None = None


def watch(ctx: Context) -> int:
    """Look at every source that is on: what is wrong is noticed, told when it is time, and ended when it is over.

    How many alarms changed.
    """
    watched_since = ctx.store.alarms.watch(ctx.now, _PATIENCE)
    entries = {entry.name: entry for entry in ctx.policy.sources if entry.is_on}
    states = {state.name: state for state in ctx.store.sources.all()}
    known: dict[str, dict[str, Alarm]] = {}
    changed = 0
    for alarm in ctx.store.alarms.all_open():
        known.setdefault(alarm.source, {})[alarm.kind] = alarm
        if alarm.source not in entries:
            changed += _end(ctx, alarm, SWITCHED_OFF)
    for name in sorted(entries.keys() & states.keys()):
        changed += _look(ctx, entries[name], states[name], known.get(name, {}), watched_since)
    return changed


def _look(
    ctx: Context, entry: SourceEntry, state: SourceState, known: dict[str, Alarm], watched_since: datetime
) -> int:
    troubles = {one.kind: one for one in _troubles(ctx, state, known, watched_since)}
    changed = 0
    for kind, alarm in known.items():
        if kind not in troubles and not (kind in _READING and state.status in _READING):
            changed += _end(ctx, alarm, BACK)
    for kind, trouble in troubles.items():
        found = known.get(kind)
        if found is None:
            found = ctx.store.alarms.notice(state.name, kind, trouble.since, trouble.words, ctx.now, trouble.usual)
            changed += 1
        elif found.words != trouble.words:
            ctx.store.alarms.says(found, trouble.words)
            ctx.store.deliveries.redraw(_subject(found), ctx.now, ctx.now)
            changed += 1
        if found.told_at is None and _is_time(ctx, entry, found, watched_since):
            _tell(ctx, found, trouble)
            changed += 1
    return changed


def _troubles(ctx: Context, state: SourceState, known: dict[str, Alarm], watched_since: datetime) -> Iterator[_Trouble]:
    if state.status in _READING:
        yield _Trouble(state.status, ctx.now, state.error)
    source_id = ctx.store.sources.id_of(state.name, state.kind, ctx.now)
    last = ctx.store.alarms.last_heard(source_id)
    if last is None:
        return
    if SILENT in known:
        if last <= known[SILENT].since:
            yield _Trouble(SILENT, last)
        return
    start, until = _unheard(ctx, state, last, watched_since)
    if state.status in _READING or until - start < _SHORTEST:
        return
    history = _history(ctx, source_id, last)
    chance = silence.chance_of(history, start, until, ctx.zone)
    if chance is not None and chance < silence.RARE:
        yield _Trouble(SILENT, last, usual=silence.usual(history, last, ctx.now))


def _unheard(ctx: Context, state: SourceState, last: datetime, watched_since: datetime) -> tuple[datetime, datetime]:
    """The stretch in which something could have come and did not.

    What is read is known up to the last time that it was; what is sent to us, while we were there to take it.
    """
    if state.next_poll_at is not None:
        return last, state.last_ok_at or last
    return max(last, watched_since), ctx.now


def _history(ctx: Context, source_id: int, last: datetime) -> list[Heard]:
    found = ctx.store.alarms.arrivals(source_id, last - silence.LOOKED_BACK)
    return [Heard(hour_of(one.start), one.quarters, one.mentions) for one in found]


def _is_time(ctx: Context, entry: SourceEntry, alarm: Alarm, watched_since: datetime) -> bool:
    """A failure may be over at the next try; while nobody looked, none was made."""
    if alarm.kind != FAILING:
        return True
    return ctx.now - max(alarm.noticed_at, watched_since) >= _PATIENCE + min(entry.every, _LONGEST_TRY)


def _tell(ctx: Context, alarm: Alarm, trouble: _Trouble) -> None:
    before = ctx.store.alarms.last_told(alarm.source, alarm.kind, ctx.now - _AGAIN)
    if before is not None:
        ctx.store.alarms.forget(alarm)
        ctx.store.alarms.open_again(before, alarm.since, trouble.words, trouble.usual, ctx.now)
        ctx.store.deliveries.redraw(_subject(before), ctx.now, ctx.now)
        return
    ctx.store.alarms.told(alarm, ctx.now)
    announce(ctx, _subject(alarm))


def _end(ctx: Context, alarm: Alarm, ending: str) -> int:
    if alarm.told_at is None:
        ctx.store.alarms.forget(alarm)
        return 0
    ctx.store.alarms.end(alarm, ending, ctx.now)
    ctx.store.deliveries.redraw(_subject(alarm), ctx.now, ctx.now)
    return 1


def announce(ctx: Context, subject: str, body: str = "") -> None:
    """Post a subject, once, where alarms are told; nothing where nothing is posted at all. `body` as of `post`."""
    place = ctx.policy.alarms_to or next((route.channel for route in ctx.policy.routes), "")
    if place:
        chat, channel = split(place)
        ctx.store.deliveries.post(
            f"{subject}:{place}", subject=subject, chat=chat, channel=channel, lane=Lane.STATE, now=ctx.now, body=body
        )


def _subject(alarm: Alarm) -> str:
    return f"alarm:{alarm.id}"


# What people read


def draw(ctx: Context, alarm_id: int) -> Screen | None:
    """The card of an alarm as it stands now."""
    alarm = ctx.store.alarms.get(alarm_id)
    if alarm is None:
        return None
    if alarm.ended_at is not None:
        return _over(ctx, alarm, alarm.ended_at)
    buttons = (_READ_AGAIN, _STATUS) if alarm.kind == OFF else (_STATUS,)
    return Screen(_TITLES[alarm.kind].format(alarm.source), " ".join(_told(ctx, alarm)), buttons=buttons)


def _over(ctx: Context, alarm: Alarm, ended_at: datetime) -> Screen:
    at, lasted = clock(ended_at, ctx.now, ctx.zone), f"{_WAS[alarm.kind]} for {length(ended_at - alarm.since)}"
    if alarm.ending == SWITCHED_OFF:
        return Screen(f"⚪ {alarm.source} is switched off", f"In earshot.toml, since {at}. Before that it {lasted}.")
    return Screen(f"🟢 {alarm.source} is back", f"Since {at}; it {lasted}.")


def _told(ctx: Context, alarm: Alarm) -> Iterator[str]:
    since = clock(alarm.since, ctx.now, ctx.zone)
    if alarm.kind == SILENT:
        yield f"Nothing has come since {since}."
        if alarm.usual:
            until = clock(alarm.noticed_at, ctx.now, ctx.zone)
            yield f"By {until} it usually brings {_mentions(alarm.usual)} in that time."
        yield "By chance alone it would be silent for so long in fewer than one of a hundred weeks."
        return
    yield f"Since {since}."
    if alarm.words:
        yield _plain(alarm.words)
    if alarm.kind == OFF:
        yield "When that is mended, `settings reload` reads it again."
    elif alarm.kind == QUOTA and (state := ctx.store.sources.state(alarm.source)) and state.next_poll_at:
        yield f"It is read again at {clock(state.next_poll_at, ctx.now, ctx.zone)}."
    else:
        yield "It is tried again by itself."


def by_source(ctx: Context) -> dict[str, list[str]]:
    """What is wrong with which source, in a few words each: silent since Mon 09:10, usually 40 mentions by now."""
    found: dict[str, list[str]] = {}
    for alarm in ctx.store.alarms.all_open():
        if alarm.told_at is not None:
            found.setdefault(alarm.source, []).append(_in_short(ctx, alarm))
    return found


def open_words(ctx: Context) -> list[str]:
    """A line for each alarm that is not over: blog: silent since Mon 09:10, usually 40 mentions by now."""
    return [f"{source}: {words}" for source, some in by_source(ctx).items() for words in some]


def _in_short(ctx: Context, alarm: Alarm) -> str:
    words = f"{_IN_SHORT[alarm.kind]} since {clock(alarm.since, ctx.now, ctx.zone)}"
    state = ctx.store.sources.state(alarm.source) if alarm.kind == SILENT else None
    if state is None:
        return words
    source_id = ctx.store.sources.id_of(state.name, state.kind, ctx.now)
    usual = silence.usual(_history(ctx, source_id, alarm.since), alarm.since, ctx.now)
    return f"{words}, usually {_mentions(usual)} by now" if usual else words


def _mentions(count: int) -> str:
    return f"{count:,} mention{'' if count == 1 else 's'}"


def _plain(told: str) -> str:
    """What a server said, as one sentence on one line, with nothing hidden in it."""
    words = " ".join(shown(told, 300).words.split())
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
