"""Storms: when many speak at once. Found by `handlers/rules/spikes.py`, told in one card per channel, and grouped.

While one lasts, what is less than urgent of its brand comes together (`handlers/intake.py`); `calm` ends that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import engagement_in_words, mention_row, people
from handlers.reports import open_button
from handlers.rules.policy import Brand, Policy
from handlers.rules.routing import split
from handlers.rules.shared_words import shared_words
from handlers.rules.spikes import (
    COOL_DOWN,
    FLOOR,
    GATHERED,
    LOOKED_BACK,
    RISE,
    Usual,
    alpha_of,
    busiest,
    learn,
    slot_of,
)
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.storms import ALL, NEGATIVE, Line, Storm
from storage.types import Lane, Mention, Window, to_text

_REDRAWN = timedelta(seconds=45)  # its cards move at most this often
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_LASTING = timedelta(days=1)  # a rise that has lasted so long is a new level
_BELIEVED = timedelta(days=14)  # from its start on; by then the usual is learned anew
_LEARNS = 3  # series whose usual is worked out in one look: it takes some 20 ms each
_BLOCK = 6  # hours: the usual is worked out anew this often
_TOP = 3
_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
_WORDS = 6
_READ = 500  # mentions that the most shared words are taken from, and as many before the storm

Series = tuple[str, str]  # all or negative, and the topic ("" for the whole brand)


def watch(ctx: Context) -> int:
    """Find storms, count on those that last, end those that are over; how many last."""
    look = _Look(ctx)
    known = {brand.name for brand in ctx.policy.brands}
    for storm in ctx.store.storms.all_active():
        if storm.brand not in known or ctx.policy.storms.false_alarms <= 0:
            _end(ctx, storm)
    if ctx.policy.storms.false_alarms > 0:
        for brand in ctx.policy.brands:
            look.at(brand)
    return len(ctx.store.storms.all_active())


def channels(policy: Policy, brand: str) -> list[tuple[str, str]]:
    """(chat, channel) of each route that wants a brand. A competitor's storm is kept, and told nobody."""
    if not policy.has_ours([brand]):
        return []
    wanted = [route.channel for route in policy.routes if not route.brands or brand in route.brands]
    return [split(channel) for channel in dict.fromkeys(wanted)]


def show_again(ctx: Context, storm: Storm) -> None:
    """Draw its cards anew."""
    ctx.store.deliveries.redraw(f"storm:{storm.id}", ctx.now, ctx.now)
    ctx.store.storms.drawn(storm.id, ctx.now)


class _Look:
    """One look at every brand: the last four quarters of an hour, the running one included."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.store = ctx.store
        quarter = ctx.now.replace(minute=ctx.now.minute // 15 * 15, second=0, microsecond=0)
        self.window = Window(quarter - 3 * _QUARTER, quarter + _QUARTER)
        self.slots = [slot_of((self.window.start + n * _QUARTER).astimezone(ctx.zone)) for n in range(4)]
        end = self.window.start
        self.learned_to = end.replace(hour=end.hour // _BLOCK * _BLOCK, minute=0)
        self.learns = _LEARNS

    def at(self, brand: Brand) -> None:
        storm = self.store.storms.active(brand.name)
        counts = self._counts(brand, self.window)
        found = self._found(brand, counts, {(line.series, line.topic) for line in storm.lines} if storm else set())
        if storm is None and found:
            storm = self._begin(brand.name, found)
        elif storm is not None and found:
            self.store.storms.put_lines(storm.id, (*storm.lines, *found))
            storm = self.store.storms.get(storm.id)
        if storm is not None:
            self._go_on(brand, storm)

    def _counts(self, brand: Brand, window: Window) -> dict[Series, int]:
        """What each series has in a window, where that may matter."""
        quarters = self.store.tallies.quarters(brand.name, window).values()
        counts = {(ALL, ""): sum(n for n, _ in quarters), (NEGATIVE, ""): sum(n for _, n in quarters)}
        if counts[ALL, ""] >= FLOOR and len(brand.queries) > 1:
            busy = self.store.storms.busy_topics(brand.name, window, FLOOR)
            counts |= {(ALL, topic): n for topic, n in busy.items() if topic in brand.queries}
        return counts

    def _found(self, brand: Brand, counts: Mapping[Series, int], known: set[Series]) -> list[Line]:
        """The series that have risen and are not in the storm yet, the clearest first."""
        series = 2 + (len(brand.queries) if len(brand.queries) > 1 else 0)
        alpha = alpha_of(self.ctx.policy.storms.false_alarms, series)
        found = []
        for (kind, topic), count in counts.items():
            if count < FLOOR or (kind, topic) in known:
                continue
            usual = self._usual_now(brand.name, kind, topic)
            if usual is None or not usual.is_spike(count, self.slots, alpha):
                continue
            truly = min(count, busiest(self.store.storms.published(brand.name, self.window, kind, topic)))
            if usual.is_spike(truly, self.slots, alpha):
                line = Line(kind, topic, self.window.start, count, usual.expected(self.slots), count)
                found.append((usual.chance(truly, self.slots), line))
        return [line for _, line in sorted(found, key=lambda one: one[0])]

    def _begin(self, brand: str, lines: Sequence[Line]) -> Storm:
        last = self.store.storms.last(brand)
        if last is None or last.ended_at is None or self.ctx.now - last.ended_at >= COOL_DOWN:
            return self.store.storms.open(brand, lines, 0, self.ctx.now)
        known = {(line.series, line.topic) for line in last.lines}
        new = [line for line in lines if (line.series, line.topic) not in known]
        self.store.storms.put_lines(last.id, (*last.lines, *new))
        self.store.storms.again(last.id, self.ctx.now)
        return self.store.storms.active(brand) or last

    def _go_on(self, brand: Brand, storm: Storm) -> None:
        """Its counters as they are now; its end, when no line of it stands above the usual any more."""
        since = Window(storm.started_at, self.window.end)
        whole = Window(self.window.start - _QUARTER, self.window.end)  # a whole hour, wherever the running quarter is
        lines, is_over = [], True
        for line in storm.lines:
            count_of = partial(self._count, brand.name, line.series, line.topic)
            hour, recent = count_of(self.window), count_of(whole)
            total = count_of(Window(line.started_at, since.end))
            usual = self._usual_now(brand.name, line.series, line.topic)
            expected = usual.expected(self.slots) if usual is not None else line.expected
            is_over = is_over and (recent < FLOOR or recent < RISE * expected)
            lines.append(replace(line, count=total, peak=max(line.peak, hour)))
        count = sum(n for n, _ in self.store.tallies.quarters(brand.name, since).values())
        self.store.storms.put_lines(storm.id, lines)
        self.store.storms.goes_on(storm.id, count, self.ctx.now)
        if is_over:
            _end(self.ctx, storm)
        else:
            self._tell(storm, is_news=count != storm.count)

    def _count(self, brand: str, series: str, topic: str, window: Window) -> int:
        of_topic = (
            self.store.tallies.topics(brand, topic, window) if topic else self.store.tallies.quarters(brand, window)
        )
        return sum(negative if series == NEGATIVE else mentions for mentions, negative in of_topic.values())

    def _tell(self, storm: Storm, *, is_news: bool) -> None:
        """Its card in every channel that wants the brand, once; then drawn anew as it grows."""
        for chat, channel in channels(self.ctx.policy, storm.brand):
            self.store.deliveries.post(
                f"storm:{storm.id}:{chat}:{channel}",
                subject=f"storm:{storm.id}",
                chat=chat,
                channel=channel,
                lane=Lane.URGENT,
                now=self.ctx.now,
            )
        if is_news and (storm.drawn_at is None or self.ctx.now - storm.drawn_at >= _REDRAWN):
            show_again(self.ctx, storm)

    # What is usual

    def _usual_now(self, brand: str, series: str, topic: str) -> Usual | None:
        """After a storm of a day the level of the last day is usual: a rise that lasts is a new level, no storm."""
        usual = self._usual(brand, series, topic)
        lately = Window(self.window.end - _BELIEVED, self.window.end)
        storms = self.store.storms.between(lately, brand) if usual is not None else []
        if usual is None or all((one.ended_at or self.ctx.now) - one.started_at < _LASTING for one in storms):
            return usual
        day = Window(self.window.end - _LASTING, self.window.end)
        level = self._count(brand, series, topic, day) / (_LASTING / _HOUR)
        return replace(usual, level=max(usual.level, level))

    def _usual(self, brand: str, series: str, topic: str) -> Usual | None:
        """As worked out from the hours up to the last quarter of a day; for want of time in this look, as before."""
        known = self.store.storms.usual(brand, series, topic)
        if (known is None or known[0] != to_text(self.learned_to)) and self.learns > 0:
            self.learns -= 1
            usual = learn(*self._history(brand, series, topic))
            told = json.dumps(asdict(usual)) if usual is not None else ""
            self.store.storms.keep_usual(brand, series, topic, self.learned_to, told)
            return usual
        return _read(known[1]) if known is not None and known[1] else None

    def _history(self, brand: str, series: str, topic: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The mentions of each hour and the slots that they lie in. Days without a mention of anybody are left out."""
        first = self.store.storms.first_hour(brand, topic)
        if first is None or first >= self.learned_to:
            return (), ()
        window = Window(max(first, self.learned_to - LOOKED_BACK), self.learned_to)
        by_hour: dict[str, tuple[int, int]] = {}
        if topic:
            for start, (mentions, negative) in self.store.tallies.topics(brand, topic, window).items():
                had = by_hour.get(start[:13], (0, 0))
                by_hour[start[:13]] = (had[0] + mentions, had[1] + negative)
        else:
            by_hour = self.store.tallies.hours(brand, window)
        days, column = self.store.storms.days(window), 1 if series == NEGATIVE else 0
        counts, slots = [], []
        for number in range(int(window.length / _HOUR)):
            hour = window.start + number * _HOUR
            text = hour.isoformat()[:13]
            if text[:10] in days:
                counts.append(by_hour.get(text, (0, 0))[column])
                slots.append(slot_of(hour.astimezone(self.ctx.zone)))
        return tuple(counts), tuple(slots)


def _read(told: str) -> Usual:
    known = json.loads(told)
    return Usual(**(known | {"rhythm": tuple(known["rhythm"]), "doubt": tuple(known["doubt"])}))


def _end(ctx: Context, storm: Storm) -> None:
    ctx.store.storms.end(storm.id, ctx.now)
    show_again(ctx, storm)


# What its card says


def draw(ctx: Context, storm_id: int) -> Screen | None:
    """The card of a storm as it is now; small when it is over."""
    storm = ctx.store.storms.get(storm_id)
    if storm is None or not storm.lines:
        return None
    cases = ctx.store.storms.cases(storm.brand, storm.window)
    behind = open_button("Show the cases", "opened", storm.window, storm.brand)
    since = clock(storm.started_at, ctx.now, ctx.zone)
    counted = f"{_several(storm.count, 'mention')}, {_several(cases, 'case')}"
    if storm.ended_at is not None:
        until = clock(storm.ended_at, ctx.now, ctx.zone)
        intro = f"From {since} to {until}: {counted}. At most {in_words(storm.lines[0])}."
        return Screen(f"The storm around {storm.brand} is over", intro, buttons=(behind,))
    calm = Button(
        "Calm: single cards again",
        "calm",
        values=(("storm", str(storm.id)),),
        confirm=f"Post single cards for {storm.brand} again, though the storm lasts?",
    )
    return Screen(
        f"Storm around {storm.brand}: {in_words(storm.lines[0])}",
        f"Since {since}: {counted}.",
        (*_top(ctx, storm), *_words(ctx, storm)),
        " ".join((*_other_lines(storm), _grouping(ctx, storm))),
        (behind,) if storm.calmed_by else (behind, calm),
    )


def in_words(line: Line) -> str:
    """The most that an hour had: 90 negative mentions in an hour, usually about 14."""
    usually = f"usually about {line.expected:,.0f}" if line.expected >= 1 else "usually less than one"
    what = "negative mention" if line.series == NEGATIVE else "mention"
    return f"{_several(line.peak, what)} in an hour, {usually}"


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _other_lines(storm: Storm) -> list[str]:
    told = [(f"Query {line.topic}: " if line.topic else "Also ") + f"{in_words(line)}." for line in storm.lines[1:]]
    return told[:5]


def _grouping(ctx: Context, storm: Storm) -> str:
    if storm.calmed_by:
        return f"{ctx.policy.label(storm.calmed_by)} asked for single cards again."
    return (
        f"While it lasts, cases below urgent come together every {int(GATHERED.total_seconds()) // 60} minutes;"
        " urgent ones come at once."
    )


def _top(ctx: Context, storm: Storm) -> list[Row]:
    """The mentions that moved, or may reach, most people."""
    ids = ctx.store.storms.top(storm.brand, storm.window, _TOP)
    return [_row(ctx, mention) for number in ids if (mention := ctx.store.mentions.get(number)) is not None]


def _row(ctx: Context, mention: Mention) -> Row:
    reach = (f"reach {people(mention.reach)}",) if mention.reach is not None else ()
    moved = engagement_in_words(mention)
    row = mention_row(ctx, mention)
    return replace(row, facts=(*reach, *((moved,) if moved else ()), *row.facts[:1]))


def _words(ctx: Context, storm: Storm) -> list[Row]:
    """What many say that few said before. They are customers' words and are shown as such."""
    now = ctx.store.storms.texts(storm.brand, storm.window.start, storm.window.end, _READ)
    before = ctx.store.storms.texts(storm.brand, _LONG_AGO, storm.window.start, _READ)
    found = shared_words(now, before, _WORDS, storm.brand)
    if not found:
        return []
    return [Row("Most shared words", shown(", ".join(f"{word} ({count})" for word, count in found)), ())]
