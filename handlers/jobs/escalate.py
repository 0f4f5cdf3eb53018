"""Nobody takes a case: it is shown in another channel, and people are called; each rule once since it was opened.

The rules of `earshot.toml` make a ladder. In quiet hours of the channel a rung waits, unless the case is urgent.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, zip_longest

from handlers import cases, drafts
from handlers.cardkeys import ask_for_card
from handlers.context import Context
from handlers.rules.duty import is_roster, pinged
from handlers.rules.policy import Escalation
from handlers.rules.roster import group_key
from handlers.rules.routing import may_tell, on_its_clock, runs_in_hours, split, told
from storage.types import Case, CaseEvent, Lane, Priority

EVERY = 30
_LOOK_BACK = timedelta(days=7)  # the longest quiet hours that a case waits out
_FRESH = timedelta(hours=24)  # for so long a rule that is new, or was not looked at, reaches back
_MOST = 20  # a tick: the others come with the next ones
_BEGUN = ("opened", "reopened", "released", "woke")  # from when nobody has it


def run(ctx: Context) -> int:
    """How many were escalated."""
    done = 0
    for rule in ctx.policy.escalations:
        for case in sorted(_left(ctx, rule), key=lambda case: (-case.priority, case.id)):
            if done < _MOST and _can_be_told(ctx, rule, case):
                _escalate(ctx, rule, case)
                done += 1
    return done


def _left(ctx: Context, rule: Escalation) -> Iterator[Case]:
    """The cases whose time has come."""
    wanted = [priority for priority in Priority if priority >= rule.min_priority]
    since = ctx.now - _LOOK_BACK
    for _, group in groupby(wanted, lambda priority: runs_in_hours(ctx.policy, priority)):
        priorities = list(group)
        first, last = (on_its_clock(ctx, priorities[0], at, -rule.after) for at in (since, ctx.now))
        for case in ctx.store.neglected.unclaimed(priorities, first, last, (since, ctx.now), _name(rule)):
            is_its_brand = not rule.brands or case.brand in rule.brands
            if not is_its_brand:
                continue
            moment = _moment(ctx, rule, case)
            if moment <= ctx.now and _from(ctx, rule, case, moment) >= ctx.now - _FRESH:
                yield case


def _moment(ctx: Context, rule: Escalation, case: Case) -> datetime:
    """When the rule applies: nobody has had it for so long, and it is bad enough."""
    begun = _begun(ctx, case)
    grown = [one.at for one in ctx.store.cases.events(case.id) if one.kind == "raised" and _is_reached(rule, one)]
    return max(on_its_clock(ctx, case.priority, begun, rule.after), *grown, begun)


def _from(ctx: Context, rule: Escalation, case: Case, moment: datetime) -> datetime:
    """From when on it could be told, by what quiet hours say now; one that has got worse is news again."""
    raised = ctx.store.cases.last_event(case.id, "raised")
    moment = max(moment, raised.at) if raised else moment
    channels = [split(rule.channel)] if rule.channel else cases.stands_in(ctx, case)
    return min((may_tell(ctx, *one, case.priority, moment) for one in channels), default=moment)


def _begun(ctx: Context, case: Case) -> datetime:
    return max((one.at for one in ctx.store.cases.events(case.id) if one.kind in _BEGUN), default=case.opened_at)


def _is_reached(rule: Escalation, raised: CaseEvent) -> bool:
    """Whether it was not bad enough before."""
    before = next((one for one in Priority if one.word == raised.detail.get("from")), Priority.LOW)
    return before < rule.min_priority


def _can_be_told(ctx: Context, rule: Escalation, case: Case) -> bool:
    if not rule.channel:
        return cases.can_be_told(ctx, case)
    return may_tell(ctx, *split(rule.channel), case.priority, ctx.now) <= ctx.now


def _escalate(ctx: Context, rule: Escalation, case: Case) -> None:
    chat, channel = split(rule.channel)
    alone = told(ctx, case.priority, _begun(ctx, case), ctx.now)
    detail = {"rule": _name(rule), "to": channel, "why": f"nobody took it for {alone}"}
    changed = cases.act_as(ctx, "earshot", case, "escalate", detail, escalated_at=case.escalated_at or ctx.now)
    if channel:
        ask_for_card(ctx, case.id, chat, channel, Lane.URGENT)
        ctx.store.cases.alerted(case.id, ctx.now)
        drafts.show_in_threads(ctx, case.id)
    words = f"Nobody has taken #{case.id} for {alone}."
    if any(map(is_roster, rule.ping)) and not any(_called(ctx, filter(is_roster, rule.ping))):
        words += " Nobody is on duty."
    for number, (member, group) in enumerate(_pairs(ctx, rule.ping)):
        body = cases.notice_body(words, member, case.id, group=group, if_still="unclaimed")
        cases.put_in_threads(
            ctx, case.id, f"notice:{case.id}:{changed.version}:{number}", body, waits=case.priority, only=rule.channel
        )


def _pairs(ctx: Context, names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Members and groups to call, at most one of each in a message; one message at least."""
    members = list(dict.fromkeys(_called(ctx, names)))
    groups = [group_key(name) for name in names if not is_roster(name) and name not in members]
    return list(zip_longest(members, groups, fillvalue="")) or [("", "")]


def _called(ctx: Context, names: Iterable[str]) -> Iterator[str]:
    return (member for name in names if (member := pinged(ctx.policy, name, ctx.now)))


def _name(rule: Escalation) -> str:
    """What the diary calls it, so that it is known again; who is called may change meanwhile."""
    brands = ",".join(sorted(rule.brands))
    return f"{rule.after.total_seconds():.0f}s {rule.min_priority.word} {rule.channel} {brands}".strip()
