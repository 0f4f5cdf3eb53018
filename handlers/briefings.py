"""A briefing as a director reads it: at most 250 words, every number open to its cases, a quiet day on one line.

The numbers are those of the stretch that its slot covers, and stay so. What waits is told as it is when the message is
drawn, with the time of day.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from handlers import charting, schedules
from handlers.brevity import name, words_in
from handlers.brief_lines import (
    NO_BEFORE,
    Brief,
    cost,
    health,
    learned,
    numbers,
    precision,
    waits,
    with_quotes,
    work,
    worth,
)
from handlers.cards import Button, Chart, Screen
from handlers.context import Context
from handlers.reports import open_button, report
from handlers.rules import slots
from handlers.rules.locales import ENGLISH, Locale, read_locale
from handlers.rules.periods import days_period, days_window
from handlers.samples import measured
from storage.errors import InvalidInput
from storage.schedules import Schedule, Slot
from storage.types import Case, Window

WORDS = 250  # in all
TITLES = {
    "daily": "Daily briefing", "working days": "Daily briefing", "weekly": "Weekly briefing",
    "monthly": "Monthly briefing", "quarterly": "Quarterly briefing", "annual": "Annual briefing",
}  # fmt: skip
_WORTH = 3  # cases worth a word
_SHORTEST = 5  # words of each at least, before something else is left out
_WEEKS = 4  # that make the usual
_LATE = timedelta(minutes=15)
_MEASURED = ("weekly", "monthly", "quarterly", "annual")  # of a day there is too little to say how often we were right
_CHARTED = {"daily": 14, "working days": 14, "weekly": 56}  # days on the chart; a longer one shows what it covers


def draw(ctx: Context, schedule_id: int, local_date: date) -> Screen | None:
    """The briefing of a slot; None without one, or once its schedule was removed. Later it has the same numbers."""
    schedule, slot = ctx.store.schedules.get(schedule_id), ctx.store.schedules.slot(schedule_id, local_date)
    if schedule is None or slot is None or slot.covers is None or ctx.store.schedules.is_removed(schedule_id):
        return None
    return write(ctx, schedule, slot)


def preview(ctx: Context, schedule: Schedule) -> Screen:
    """What one that came now would say; on the first day, when it would be empty, today so far. Nothing is written.

    Raises InvalidInput when its time zone is unknown.
    """
    rhythm, zone = schedules.rhythm(ctx, schedule), schedules.zone(schedule)
    today, since = ctx.now.astimezone(zone).date(), ctx.store.tallies.first_at()
    day = rhythm.at_or_before(today) or today
    covers = Window(slots.midnight(rhythm.before(day) or day - timedelta(days=1), zone), slots.midnight(day, zone))
    if since is None or since < covers.end:
        return write(ctx, schedule, Slot(schedule.id, day, "posted", covers, slots.moment(day, schedule.at, zone)))
    tomorrow = today + timedelta(days=1)
    covers = Window(slots.midnight(today, zone), slots.midnight(tomorrow, zone))
    screen = write(ctx, schedule, Slot(schedule.id, today, "posted", covers, slots.moment(today, schedule.at, zone)))
    return replace(screen, intro=f"Nothing was counted before today: this is today so far. {screen.intro}".strip())


def write(ctx: Context, schedule: Schedule, slot: Slot) -> Screen:
    """The briefing of a slot that may not be kept. Raises InvalidInput when its time zone is unknown."""
    brief = _begin(ctx, schedule, slot)
    return _quiet(brief) if brief.report.is_empty else _full(brief)


def _begin(ctx: Context, schedule: Schedule, slot: Slot) -> Brief:
    if slot.covers is None:
        raise InvalidInput("This briefing was merged with a later one.", "That one has its numbers.")
    zone = schedules.zone(schedule)
    first, end = schedules.days_of(slot.covers, zone)
    end = max(end, first + timedelta(days=1))
    period = days_period(first, end, zone, now=max(ctx.now, slot.covers.end))
    usual = period.usual
    if not usual and (end - first).days < 7:
        weeks = [timedelta(weeks=back) for back in range(1, _WEEKS + 1)]
        usual = tuple(days_window(first - week, end - week, zone) for week in weeks)
    told = report(ctx, slot.covers, schedule.brand, before=period.before, usual=usual)
    right = measured(ctx, slot.covers, schedule.brand) if schedule.every in _MEASURED else None
    return Brief(ctx, schedule, slot, zone, _locale(schedule), period, told, right)


def _locale(schedule: Schedule) -> Locale:
    try:
        return read_locale(schedule.language) if schedule.language else ENGLISH
    except InvalidInput:  # of a file from another machine, whose languages are others
        return ENGLISH


def _quiet(brief: Brief) -> Screen:
    """Nothing came in and nothing was done."""
    told = (_covered(brief), "Quiet: no mentions, no new cases.", f"{waits(brief)}.", health(brief), cost(brief))
    button = open_button("Show overdue", "overdue", None, brief.brand)
    return Screen(
        _title(brief),
        " ".join(part for part in told if part),
        buttons=(button,) if brief.report.standing.overdue else (),
    )


def _full(brief: Brief) -> Screen:
    """With all that fits: quotes become shorter, then what can be missed is left out."""
    cases, chart = brief.ctx.store.behind.worth(brief.window, brief.brand, _WORTH), _chart(brief)
    screen, left = Screen(""), 0
    for thrift in range(NO_BEFORE + 1):
        screen = _screen(replace(brief, thrift=thrift), cases, chart)
        left = WORDS - words_in(screen)
        if left >= _SHORTEST * len(cases):
            break
    return with_quotes(brief, screen, cases, left // max(1, len(cases)))


def _screen(brief: Brief, cases: Sequence[Case], chart: Chart) -> Screen:
    return Screen(
        title=_title(brief),
        intro=_covered(brief),
        rows=(*numbers(brief), *work(brief), *worth(brief, cases)),
        outro="\n".join(filter(None, _closing(brief))),
        buttons=_buttons(brief),
        chart=chart,
    )


def _closing(brief: Brief) -> tuple[str, ...]:
    return health(brief), cost(brief), precision(brief), learned(brief)


def _title(brief: Brief) -> str:
    """Heron Air: daily briefing, Sun 22 Nov 2026."""
    whose = name(brief.brand or brief.ctx.policy.team, 4, 40)
    kind = TITLES[brief.schedule.every]
    return f"{whose}: {kind[0].lower()}{kind[1:]}, {_days(brief)}"


def _days(brief: Brief) -> str:
    """Sun 22 Nov 2026; 16–22 Nov 2026; Nov 2026."""
    first, end = schedules.days_of(brief.window, brief.zone)
    last = max(first, end - timedelta(days=1))
    if first == last:
        return f"{brief.locale.day(first)} {first.year}"
    if first.day == 1 and end == (first + timedelta(days=31)).replace(day=1):
        return brief.locale.month(first)
    return brief.locale.span(first, last, with_year=True)


def _covered(brief: Brief) -> str:
    """How much it covers when that is more than it is named for, and that it comes late."""
    first, end = schedules.days_of(brief.window, brief.zone)
    told = schedules.periods_in_words(brief.schedule, first, end)
    due = slots.moment(brief.slot.local_date, brief.schedule.at, brief.zone)
    parts = [f"It covers {told}."] if told else []
    if brief.slot.at - due > _LATE:
        parts.append(f"It was due at {_time(brief, due)} and comes late.")
    return " ".join(parts)


def _time(brief: Brief, moment: datetime) -> str:
    return brief.locale.time(moment.astimezone(brief.zone))


def _buttons(brief: Brief) -> tuple[Button, ...]:
    """All the numbers, in the team's own days; and what waits to be judged."""
    count = brief.measured.waiting if brief.measured else 0
    judge = Button(f"Judge {count} quiet mention{'' if count == 1 else 's'}", "judge") if count else None
    brand = f" brand:{brief.brand.replace(' ', '-')}" if brief.brand else ""
    more = Button("All numbers", "summary", values=(("what", f"{brief.period.name}{brand}"),))
    is_ours = brief.schedule.zone == brief.ctx.policy.timezone
    return tuple(button for button in (more if is_ours else None, judge) if button)


def _chart(brief: Brief) -> Chart:
    """The days, or the weeks, up to the end of what it covers; of a month and longer what it covers."""
    first, end = schedules.days_of(brief.window, brief.zone)
    first = end - timedelta(days=_CHARTED.get(brief.schedule.every, (end - first).days))
    now = max(brief.ctx.now, brief.window.end)
    period = days_period(first, end, brief.zone, now=now)
    if brief.schedule.every == "weekly":
        ends = [end - timedelta(weeks=back) for back in range(8, -1, -1)]
        period = replace(period, steps=tuple(days_window(*pair, brief.zone) for pair in pairwise(ends)), grain="week")
    return charting.over_time(brief.ctx, period, brief.brand, brief.locale)
