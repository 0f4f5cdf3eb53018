from collections.abc import Sequence
from dataclasses import replace

from handlers import alarms, halts
from handlers.cards import Row, Screen
from handlers.context import ChatState, Context
from handlers.places import RETRY
from handlers.requests import Reply, Words, command
from handlers.rules import duty
from handlers.rules.money import dollars, micro
from handlers.rules.policy import Member, SourceEntry
from handlers.rules.roles import may, who_may
from handlers.rules.text import shown
from handlers.rules.when import ago, clock, length
from handlers.tracking import STAFF
from storage.errors import InvalidInput, NotAllowed
from storage.storms import Storm
from storage.types import Pause, SourceState

_SIGNS = {"ok": "🟢", "new": "⚪", "failing": "🟠", "quota": "🟠", "off": "🔴"}


@command(example="status", typed="[retry]")
def status(ctx: Context, who: Member, act: Words | None = None) -> Reply:
    """Health of sources and chats; with retry, failed deliveries and paused channels are tried again."""
    if act is not None:
        return Reply(_retry(ctx, who, act))
    numbers = ctx.store.cases.numbers(ctx.now)
    waiting, oldest = ctx.store.deliveries.waiting(ctx.now)
    late = f", the oldest for {length(ctx.now - oldest)}" if oldest and (ctx.now - oldest).total_seconds() > 5 else ""
    wait = "1 delivery waits" if waiting == 1 else f"{waiting} deliveries wait"
    intro = (
        f"{_cases(numbers.get('open', 0))}: {numbers.get('unclaimed', 0)} unclaimed, "
        f"{numbers.get('overdue', 0)} overdue, "
        f"{numbers.get('snoozed', 0)} snoozed. {wait}{late}."
    )
    states, alarming = ctx.store.sources.all(), alarms.by_source(ctx)
    heard = {state.name for state in states}
    rows = _halt(ctx)
    rows += [_chat(state) for state in ctx.chats]
    rows += [_source(ctx, state, alarming.get(state.name, ())) for state in states]
    rows += [_storm(ctx, storm) for storm in ctx.store.storms.all_active()]
    rows += [_silent(entry) for entry in ctx.policy.sources if not entry.is_on or entry.name not in heard]
    dead, pauses = ctx.store.deliveries.all_dead(), ctx.store.pauses.all()
    rows += [_paused(ctx, pause) for pause in pauses]
    rows += [
        Row(
            f"🔴 not delivered: {item.subject} to {item.chat}:{item.channel}", None, (_plain(item.error),), colour="red"
        )
        for item in dead
    ]
    rows += [
        Row(f"⚠️ {source}: {_plain(place)}", shown(sample, 120), (_plain(reason),), colour="orange")
        for source, place, reason, sample in ctx.store.sources.quarantined(5)
    ]
    people = ", ".join(f"@{member.name} ({', '.join(member.roles)})" for member in ctx.policy.members)
    outro = f"{duty.words(ctx)} Team: {people}".strip()
    again = replace(RETRY, label="Send failed ones again") if dead else RETRY
    retry = (again,) if (dead or pauses) and may(who, "retry") else ()
    return Reply(
        screen=Screen(f"Status of {ctx.policy.team}", intro, tuple(rows), outro, buttons=retry),
        can_share=True,
    )


def _chat(state: ChatState) -> Row:
    sign, word = ("🟢", "ok") if state.is_ok else ("🔴", "failing")
    return Row(f"{sign} {state.name} · {word}", None, (_plain(state.words),), colour="grey" if state.is_ok else "red")


def _halt(ctx: Context) -> list[Row]:
    told = halts.lasting(ctx)
    return [Row(f"⛔ {_plain(told)}", None, (f"{who_may('end a halt')} can end that",), colour="red")] if told else []


def _cases(count: int) -> str:
    return f"{count} open case{'' if count == 1 else 's'}"


def _retry(ctx: Context, who: Member, act: str) -> str:
    if act.strip().lower() != "retry":
        raise InvalidInput(f'"{act[:40]}" is not a part of status.', "`status retry` sends failed deliveries again.")
    if not may(who, "retry"):
        raise NotAllowed(f"That is for {who_may('retry')}.")
    count, ended = ctx.store.deliveries.revive(ctx.now), ctx.store.pauses.end_all()
    told = []
    if count:
        told.append(f"{count} failed {'delivery is' if count == 1 else 'deliveries are'} on the way again.")
    if ended:
        told.append(f"{ended} paused {'channel is' if ended == 1 else 'channels are'} tried again.")
    return " ".join(told) or "Nothing has failed."


def _paused(ctx: Context, pause: Pause) -> Row:
    since = clock(pause.since, ctx.now, ctx.zone)
    heading = f"⏸ {pause.chat}:{pause.channel} is paused since {since}: {_plain(pause.why)}"
    return Row(heading, None, ("what is due there waits",), colour="orange")


def _storm(ctx: Context, storm: Storm) -> Row:
    since = clock(storm.started_at, ctx.now, ctx.zone)
    return Row(f"🌩 a storm of {storm.brand} since {since}", None, (f"{storm.count:,} mentions",), colour="orange")


def _source(ctx: Context, state: SourceState, alarming: Sequence[str]) -> Row:
    entry = ctx.policy.source(state.name)
    heard = f"last heard {ago(state.last_ok_at, ctx.now)}" if state.last_ok_at else "not heard yet"
    told = [*alarming, heard, f"{state.stored:,} mentions stored", *_cost(ctx, state.name, entry)]
    if state.quarantined:
        told.append(f"{state.quarantined} in quarantine")
    if state.error:
        told.append(_plain(state.error))
    is_troubled = bool(alarming or state.error) and state.status in ("ok", "new")
    sign = "🟠" if is_troubled else _SIGNS.get(state.status, "⚪")
    known = " (tracked by the team)" if state.name == STAFF else "" if entry else " (no longer in earshot.toml)"
    return Row(
        f"{sign} {state.name} · {state.kind} · {state.status}{known}",
        None,
        tuple(told),
        colour="red" if state.status == "off" else "orange" if alarming else "grey",
    )


def _cost(ctx: Context, name: str, entry: SourceEntry | None) -> list[str]:
    """What it has cost today: $1.20 of $5 today (UTC), 240 requests."""
    money, requests = ctx.store.costs.by_source(ctx.now, ctx.now).get(name, (0, 0))
    budget = entry.daily_budget if entry else None
    if budget is None and not money:
        return []
    of = f" of {dollars(micro(budget))}" if budget is not None else ""
    return [f"{dollars(money)}{of} today (UTC), {requests:,} request{'' if requests == 1 else 's'}"]


def _plain(told: str) -> str:
    """What a file, a feed or a server said, on one line and with nothing hidden in it."""
    return " ".join(shown(told, 300).words.split())


def _silent(entry: SourceEntry) -> Row:
    """A source that has told nothing yet, or is not asked."""
    state = "nothing has come in yet" if entry.is_on else "switched off in earshot.toml"
    return Row(f"⚪ {entry.name} · {entry.kind} · {state}", None, ())
