"""A claimed case asleep asks whoever has it whether she is still on it, and asks again after the same time.

After some questions without an answer it is left to the queue. Of who has left the team, whoever is on duty is told.
"""

from collections.abc import Sequence
from datetime import timedelta

from handlers import cases
from handlers.cards import Button
from handlers.context import Context
from handlers.rules.duty import is_there, on_duty
from handlers.rules.routing import on_its_clock, told
from storage.types import Case, CaseEvent

EVERY = 60
_LOOK_BACK = timedelta(days=7)  # after a long silence older ones are on the queue anyway
_MOST = 20  # a tick: the others come with the next ones
_UNANSWERED = 3  # in a row


def run(ctx: Context) -> int:
    """How many were asked for."""
    after, asked = ctx.policy.sla.remind_after, 0
    if not after:
        return 0
    for case, stirred_at in ctx.store.neglected.asleep(ctx.now - after):
        due = on_its_clock(ctx, case.priority, stirred_at, after)
        if not ctx.now - _LOOK_BACK <= due <= ctx.now or not cases.can_be_told(ctx, case):
            continue
        asked += _ask(ctx, case)
        if asked == _MOST:
            break
    return asked


def _ask(ctx: Context, case: Case) -> bool:
    """Whether there was still something to ask."""
    heard, before = _asked(ctx.store.cases.events(case.id))
    who = ctx.policy.label(case.assignee)
    alone = told(ctx, case.priority, heard.at, ctx.now)
    release = Button("Release", "release", case.id)
    if not is_there(ctx.policy, case.assignee or ""):
        if any("left" in one.detail for one in before):
            return False
        left = cases.act_as(ctx, "earshot", case, "remind", {"to": case.assignee or "", "left": "yes"})
        words = f"{who} has #{case.id} and is no longer here, and nothing has happened for {alone}. Who takes it?"
        cases.tell(ctx, left, words, on_duty(ctx.policy, ctx.now), buttons=(release,), waits=True)
        return True
    if len(before) >= _UNANSWERED:
        return False
    reminded = cases.act_as(ctx, "earshot", case, "remind", {"to": case.assignee or ""})
    words = f"{who} has #{case.id}, and nothing has happened for {alone}. Still on it?"
    acts = (Button("Still on it", "still", case.id), release)
    cases.tell(ctx, reminded, words, case.assignee or "", buttons=acts, if_still="hers", waits=True)
    return True


def _asked(events: Sequence[CaseEvent]) -> tuple[CaseEvent, list[CaseEvent]]:
    """When somebody last did something (or it woke), and the questions since."""
    heard = max(place for place, one in enumerate(events) if one.actor != "earshot" or one.kind == "woke" or place == 0)
    return events[heard], [one for one in events[heard:] if one.kind == "reminded"]
