"""The lines of a briefing. Each belongs to the stretch that is covered, but for what waits, which is of this moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from handlers import alarms
from handlers.brevity import few, name
from handlers.cards import Row, Screen
from handlers.context import Context
from handlers.drawings import author_of, case_row, dot_of, due_in_words, status_in_words
from handlers.lessons import READY
from handlers.reports import Pair, Report, Usual, open_button, unscored_in_words
from handlers.rules.locales import Locale
from handlers.rules.money import dollars
from handlers.rules.periods import Period
from handlers.samples import Measured
from storage.lessons import SHADOW
from storage.schedules import Schedule, Slot
from storage.types import Case, Window

NO_AUTHORS, NO_USUAL, NO_BEFORE = 1, 2, 3  # what is left out when there is too much to say, one after the other
_QUOTE = (14, 110)  # words and characters of a case at most
_NAMED = 3  # cases that were fixed, people who are late, sources that are silent
_MANY = 20  # of fewer a change in percent says nothing
_SENTENCES = 3  # about how often we were right


@dataclass(frozen=True, slots=True)
class Brief:
    """One briefing while it is written."""

    ctx: Context
    schedule: Schedule
    slot: Slot
    zone: ZoneInfo
    locale: Locale
    period: Period
    report: Report
    measured: Measured | None  # weekly and longer
    thrift: int = 0  # how much is left out

    @property
    def brand(self) -> str:
        return self.schedule.brand

    @property
    def window(self) -> Window:
        return self.report.window

    @property
    def clock(self) -> str:
        """The time of day at which it is drawn."""
        return self.locale.time(self.ctx.now.astimezone(self.zone))

    def number(self, value: float) -> str:
        return self.locale.number(value)


def numbers(brief: Brief) -> tuple[Row, ...]:
    """Five lines against the stretch before and the usual one."""
    told, number = brief.report, brief.number
    sums, before, usual = told.sums, told.before, told.usual or Usual(0, 0, 0, 0, 0, 0, 0, 0)
    share = f" ({brief.locale.percent(sums.negative / sums.mentions)})" if sums.mentions else ""
    response = told.response.wall
    fixed = told.resolutions.get("fixed", Pair(0, 0))
    return (
        _line(
            brief, f"{number(sums.mentions)} mention{_s(sums.mentions)}", "mentions",
            _against(brief, sums.mentions, before.mentions, usual.mentions),
        ),
        _line(
            brief, f"{number(sums.negative)} negative{share}", "mentions",
            [*_against(brief, sums.negative, before.negative, usual.negative), *_unscored(brief)], label="negative",
        ),
        _line(
            brief, f"{number(sums.opened)} new case{_s(sums.opened)}, {number(sums.alerted)} alert{_s(sums.alerted)}",
            "opened", _against(brief, sums.opened, before.opened, usual.opened),
        ),
        _line(
            brief, f"First response: {_median(brief, response.median, response.p90)}", "answered",
            _times_against(brief),
        ),
        _line(
            brief, f"{number(told.resolved.now)} resolved, {number(fixed.now)} fixed", "resolved",
            _against(brief, told.resolved.now, told.resolved.before, usual.resolved),
        ),
    )  # fmt: skip


def _unscored(brief: Brief) -> tuple[str, ...]:
    """What stands beside the negative ones, since it may be as bad: not scored: 9 French, 3 Polish."""
    told = unscored_in_words(brief.report, brief.locale) if brief.thrift < NO_USUAL else ""
    return (told,) if told else ()


def _line(brief: Brief, heading: str, what: str, facts: Sequence[str], **filters: str) -> Row:
    return Row(heading, None, tuple(facts), (open_button("Show", what, brief.window, brief.brand, **filters),))


def _against(brief: Brief, now: int, before: int, usual: float) -> list[str]:
    """What it is held against: +12% on the day before (of few: 7 the day before); usual Sunday: 1,100."""
    told = []
    if brief.thrift < NO_BEFORE and brief.report.has_before and (before or now):
        changed = f"{brief.locale.change(now, before)} on" if before >= _MANY else brief.number(before)
        told.append(f"{changed} {brief.period.against}")
    if brief.thrift < NO_USUAL and brief.report.usual is not None:
        told.append(f"{brief.period.usually.removeprefix('the ') or 'usually'}: {brief.number(usual)}")
    return told


def _median(brief: Brief, median: float | None, p90: float | None) -> str:
    if median is None:
        return "nobody was answered"
    return f"median {brief.locale.length(median)}, nine in ten within {brief.locale.length(p90)}"


def _times_against(brief: Brief) -> list[str]:
    took, told = brief.report.response, []
    if brief.thrift < NO_BEFORE and brief.report.has_before and took.wall_before.median is not None:
        told.append(f"{brief.locale.length(took.wall_before.median)} {brief.period.against}")
    if brief.thrift < NO_USUAL and brief.ctx.policy.sla.business and took.business.median is not None:
        told.append(f"{brief.locale.length(took.business.median)} of business hours")
    return told


def work(brief: Brief) -> list[Row]:
    """What waits and whose it is, and what was put right."""
    rows, standing = [], brief.report.standing
    late = open_button("Show", "overdue", None, brief.brand)
    free = open_button("Show", "unclaimed", None, brief.brand)
    buttons = (late,) if standing.overdue else (free,) if standing.unclaimed else ()
    rows.append(Row(waits(brief), None, tuple(_whose(brief)), buttons, "red" if standing.overdue else "grey"))
    found, count = brief.ctx.store.behind.cases(
        "fixed", brief.window, brand=brief.brand, now=brief.ctx.now, limit=_NAMED
    )
    if found:
        more = f" and {brief.number(count - len(found))} more" if count > len(found) else ""
        told = f"Fixed: {', '.join(f'#{case.id}' for case in found)}{more}"
        rows.append(Row(told, None, (), (open_button("Show", "fixed", brief.window, brief.brand),), "green"))
    return rows


def waits(brief: Brief) -> str:
    """At 08:30: 12 unclaimed, 5 overdue."""
    standing = brief.report.standing
    if not standing.unclaimed and not standing.overdue:
        return f"At {brief.clock} nothing is unclaimed or overdue"
    return f"At {brief.clock}: {brief.number(standing.unclaimed)} unclaimed, {brief.number(standing.overdue)} overdue"


def _whose(brief: Brief) -> list[str]:
    """Whose the overdue ones are: "overdue: Ana 3", "Bo 1", "nobody's 1"."""
    late = sorted((one for one in brief.report.load if one.overdue), key=lambda one: -one.overdue)
    told = [f"{name(brief.ctx.policy.label(one.person), 2, 24)} {brief.number(one.overdue)}" for one in late[:_NAMED]]
    others = sum(one.overdue for one in late[_NAMED:])
    nobodys = brief.report.standing.overdue - sum(one.overdue for one in late)
    told += [f"others {brief.number(others)}"] if others else []
    told += [f"nobody's {brief.number(nobodys)}"] if nobodys > 0 else []
    return [f"overdue: {told[0]}", *told[1:]] if told else []


def worth(brief: Brief, cases: Sequence[Case]) -> list[Row]:
    """Three cases, still without the customers' words."""
    rows = [Row("Worth a word:", None, ())] if cases else []
    for case in cases:
        mention = brief.ctx.store.mentions.get(case.mention_id)
        row = case_row(brief.ctx, case, mention, is_lasting=True)
        dot, _ = dot_of(case)
        late = " · overdue" if due_in_words(case, brief.ctx.now).startswith("overdue") else ""
        heading = f"{dot} #{case.id} {case.priority.word} · {status_in_words(brief.ctx, case)}{late}"
        alike = (f"+{brief.number(case.mention_count - 1)} alike",) if case.mention_count > 1 else ()
        who = (name(author_of(mention)), mention.source) if mention else ()
        facts = (*who, *alike) if brief.thrift < NO_AUTHORS else alike
        rows.append(replace(row, heading=name(heading, 12, 90), quote=None, facts=facts))
    return rows


def with_quotes(brief: Brief, screen: Screen, cases: Sequence[Case], words: int) -> Screen:
    """The customers' words beside the cases, which are the last rows; so many words of each."""
    rows = list(screen.rows)
    for place, case in enumerate(cases, len(rows) - len(cases)):
        mention = brief.ctx.store.mentions.get(case.mention_id)
        if mention is not None and words > 0 and mention.text:
            quote = few(mention.text, min(words, _QUOTE[0]), _QUOTE[1])
            rows[place] = replace(rows[place], quote=quote)
    return replace(screen, rows=tuple(rows))


def health(brief: Brief) -> str:
    """Which sources are silent or cannot be read."""
    told = [name(words, 12, 90) for words in alarms.open_words(brief.ctx)]
    named = told[: _NAMED if brief.thrift < NO_USUAL else 1]
    more = f"; and {brief.number(len(told) - len(named))} more (`status`)" if len(told) > len(named) else ""
    return f"Sources: {'; '.join(named)}{more}." if told else ""


def cost(brief: Brief) -> str:
    """What reading has cost in the stretch, in days of UTC: Reading cost $4.80: x $4.50, news $0.30."""
    window = brief.window
    first = window.start + timedelta(hours=12)  # a local day is told with the day of UTC that it has most of
    days = max(1, round((window.end - window.start) / timedelta(days=1)))
    found = brief.ctx.store.costs.by_source(first, first + timedelta(days=days - 1))
    if not found:
        return ""
    dear = sorted(found, key=lambda one: -found[one][0])
    if brief.thrift >= NO_USUAL:
        return f"Reading cost {dollars(sum(money for money, _ in found.values()))}."
    told = [f"{name(one, 3, 30)} {dollars(found[one][0])}" for one in dear[:_NAMED]]
    told += [f"others {dollars(sum(found[one][0] for one in dear[_NAMED:]))}"] if len(dear) > _NAMED else []
    if len(dear) == 1:
        return f"Reading {name(dear[0], 3, 30)} cost {dollars(found[dear[0]][0])}."
    return f"Reading cost {dollars(sum(money for money, _ in found.values()))}: {', '.join(told)}."


def precision(brief: Brief) -> str:
    """How often we were right."""
    if brief.measured is None:
        return ""
    told = replace(brief.measured, waiting=0).words(brief.locale)  # what waits has a button
    return " ".join(told[: max(1, _SENTENCES - brief.thrift)])


def learned(brief: Brief) -> str:
    """That what was learned can be looked at, once a week, until somebody has."""
    if brief.schedule.every != "weekly" or brief.thrift >= NO_USUAL:
        return ""
    status, count = brief.ctx.store.lessons.status(), brief.ctx.store.lessons.count()
    if status.mode != SHADOW or count < READY:
        return ""
    return f"I have learned from {brief.number(count)} of your decisions: `learning` shows what that would change."


def _s(count: int) -> str:
    return "" if count == 1 else "s"
