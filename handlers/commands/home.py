from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers import alarms, halts
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import case_row
from handlers.requests import Reply, command
from handlers.rules.policy import Member
from handlers.rules.roles import may
from handlers.rules.when import length
from storage.types import Case

_YOURS, _OVERDUE, _UNCLAIMED = 8, 5, 10  # cases shown of each
_DEAD = 100  # deliveries counted
_LATE = timedelta(minutes=1)  # before that a delivery is on its way
_SILENT = timedelta(hours=1)  # since a source should have been read again
_BUTTONS = (
    Button("Queue", "queue"),
    Button("Mine", "queue", values=(("which", "mine"),)),
    Button("Refresh", "home"),
)


@command(is_read=True, example="home")
def home(ctx: Context, who: Member) -> Reply:
    """Your cases, what is overdue, what waits for somebody, and whether all is well."""
    yours = ctx.store.cases.best("mine", member=who.name, now=ctx.now, limit=_YOURS + 1)
    shown = {case.id for case in yours[:_YOURS]}
    late = _others(ctx.store.cases.longest_overdue(ctx.now, _OVERDUE + 1 + len(shown)), shown)
    shown |= {case.id for case in late[:_OVERDUE]}
    waiting = ctx.store.cases.best("unclaimed", member="", now=ctx.now, limit=_UNCLAIMED + 1 + len(shown))
    free = _others(waiting, shown)
    rows = (
        *_section(ctx, who, "Yours", yours, _YOURS),
        *_section(ctx, who, "Overdue", late, _OVERDUE),
        *_section(ctx, who, "Unclaimed", free, _UNCLAIMED),
    )
    return Reply(screen=Screen(f"{who.label} at {ctx.policy.team}", rows=rows, outro=health(ctx), buttons=_BUTTONS))


def _others(cases: Sequence[Case], shown: Collection[int]) -> list[Case]:
    """Each case stands on the page once."""
    return [case for case in cases if case.id not in shown]


def health(ctx: Context) -> str:
    """One line: which sources fail or are silent, which channels are paused, what is not delivered."""
    waiting, oldest = ctx.store.deliveries.waiting(ctx.now)
    dead, pauses = len(ctx.store.deliveries.all_dead(_DEAD)), ctx.store.pauses.all()
    told = ["all replies are stopped"] if halts.lasting(ctx) else []
    told += [f"{chat.name}: {chat.words}" for chat in ctx.chats if not chat.is_ok]
    told += _sources(ctx)
    told += [f"{pause.chat}:{pause.channel} is paused" for pause in pauses]
    if dead:
        told.append(f"{dead}{' or more' if dead == _DEAD else ''} not delivered")
    if oldest is not None and ctx.now - oldest > _LATE:
        told.append(f"{waiting:,} waiting to be delivered, the oldest for {length(ctx.now - oldest)}")
    return f"Health: {', '.join(told)}. `status` says more." if told else "Health: all is well."


def _sources(ctx: Context) -> list[str]:
    """What is wrong with the sources that are switched on, each in a few words."""
    states, alarming = {state.name: state for state in ctx.store.sources.all()}, alarms.by_source(ctx)
    told = []
    for entry in ctx.policy.sources:
        state = states.get(entry.name)
        if not entry.is_on or state is None:  # what is sent to us may be silent for as long as nobody writes
            continue
        if entry.name in alarming:
            told.append(f"{entry.name} {', '.join(alarming[entry.name])}")
        elif state.status in ("failing", "quota", "off"):
            told.append(f"{entry.name} cannot be read")
        elif state.next_poll_at is not None and ctx.now - state.next_poll_at > _SILENT:
            told.append(f"{entry.name} silent for {length(ctx.now - (state.last_ok_at or state.first_seen_at))}")
    return told


def _section(ctx: Context, who: Member, name: str, cases: Sequence[Case], most: int) -> Iterator[Row]:
    """A heading, then the cases, with the buttons that she may press."""
    more = f", the first {most}" if len(cases) > most else ""
    yield Row(f"{name}{more}" if cases else f"{name}: none", None, ())
    for case in cases[:most]:
        row = case_row(ctx, case, ctx.store.mentions.get(case.mention_id))
        yield replace(row, buttons=tuple(button for button in row.buttons if may(who, button.verb)))
