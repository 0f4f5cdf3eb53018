"""A report as its readers see it: the overview, and a table by source, person and so on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from handlers.cards import Button, Row
from handlers.context import Context
from handlers.reports import Pair, PersonLine, Report, Took, Voice, open_button, unscored_in_words
from handlers.rules.locales import NONE, Locale
from handlers.rules.text import shown
from storage.cases import CAUSED
from storage.tallies import Lengths, Mover, Sums

MOST = 12  # rows of a table; the file has them all
LABELS = {"negative": "negative", "neutral": "neutral", "positive": "positive", "not scored": "unscored"}
_COLOURS = {"negative": "red", "positive": "green", "urgent": "red", "high": "orange"}


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts a report's numbers into words of one language."""

    ctx: Context
    report: Report
    locale: Locale

    def compared(self, now: float, before: float, usual: float | None = None) -> tuple[str, ...]:
        """Against the stretch before and the usual one: "+12% from 912", "usually 870 (+17%)"."""
        number, told = self.locale.number, []
        if self.report.has_before and before:
            told.append(f"{self.locale.change(now, before)} from {number(before)}")
        elif self.report.has_before and now:
            told.append("none before")
        if usual:
            told.append(f"usually {number(usual)} ({self.locale.change(now, usual)})")
        elif usual is not None and now:
            told.append("usually none")
        return tuple(told)

    def took(self, what: str, took: Took) -> tuple[str, ...]:
        """On the wall clock and in business hours: "first response: median 40 min, nine of ten within 2 h"."""
        if took.wall.median is None:
            return ()
        told = [f"{what}: {self._length(took.wall)}"]
        if took.business.median is not None:
            told.append(f"in business hours: {self._length(took.business)}")
        if self.report.has_before and took.wall_before.median is not None:
            told.append(f"before: {self._length(took.wall_before)}")
        return tuple(told)

    def _length(self, lengths: Lengths) -> str:
        return f"median {self.locale.length(lengths.median)}, nine of ten within {self.locale.length(lengths.p90)}"

    def opens(self, label: str, count: int, what: str, /, **filters: str) -> tuple[Button, ...]:
        """The button for what the window brought; none where there is nothing."""
        return (open_button(label, what, self.report.window, self.report.brand, **filters),) if count else ()

    def opens_now(self, label: str, count: int, what: str, /, **filters: str) -> tuple[Button, ...]:
        """The button for what is true now; none where there is nothing."""
        return (open_button(label, what, None, self.report.brand, **filters),) if count else ()


def overview(ctx: Context, report: Report, locale: Locale) -> tuple[Row, ...]:
    """Five to nine rows of numbers, each with what it is compared with and a button for what is behind it."""
    teller = Teller(ctx, report, locale)
    return (
        _mentions(teller),
        _negative(teller),
        _cases(teller),
        _acted(teller, "Answered", report.answered, "first response", report.response),
        _acted(teller, "Resolved", report.resolved, "resolution", report.resolution),
        *_standing(teller),
    )


def closing_words(report: Report, locale: Locale) -> str:
    """Where mentions come from and what grows, whose posts were passed on, the share of voice: a sentence each."""
    return " ".join(filter(None, (_origins(report, locale), _moved(report, locale), _voice(report, locale))))


TABLES: dict[str, Callable[[Teller], tuple[Row, ...]]] = {
    "source": lambda teller: tuple(_by_source(teller)),
    "sentiment": lambda teller: tuple(_by_sentiment(teller)),
    "person": lambda teller: tuple(_person(teller, line) for line in teller.report.people),
    "priority": lambda teller: tuple(_by_detail(teller, teller.report.priorities, "opened")),
    "cause": lambda teller: tuple(_by_detail(teller, teller.report.causes, CAUSED)),
    "brand": lambda teller: tuple(_brand(teller, voice) for voice in teller.report.share_of_voice),
    "author": lambda teller: tuple(_mover(teller, mover) for mover in teller.report.movers),
}


def table(ctx: Context, report: Report, by: str, locale: Locale) -> tuple[Row, ...]:
    """The numbers by a key of `TABLES`, the most first."""
    return TABLES[by](Teller(ctx, report, locale))


# The overview


def _mentions(teller: Teller) -> Row:
    report = teller.report
    count = report.sums.mentions
    told = teller.compared(count, report.before.mentions, _mean(report, "mentions"))
    heading = f"Mentions: {teller.locale.number(count)}"
    return Row(heading, None, told, teller.opens("Show", count, "mentions"), "blue")


def _negative(teller: Teller) -> Row:
    report, locale = teller.report, teller.locale
    count, before = report.sums.negative, report.before.negative
    told = teller.compared(count, before, _mean(report, "negative"))
    if report.has_before and before:
        told += (f"{_share(before, report.before.mentions, locale)} of all before",)
    if unscored := unscored_in_words(report, locale):
        told += (unscored,)
    share = f", {_share(count, report.sums.mentions, locale)} of all" if count else ""
    buttons = teller.opens("Show", count, "mentions", label="negative")
    return Row(f"Negative: {locale.number(count)}{share}", None, told, buttons, "red" if count else "grey")


def _cases(teller: Teller) -> Row:
    report, locale = teller.report, teller.locale
    opened, alerted = report.sums.opened, report.sums.alerted
    told = teller.compared(opened, report.before.opened, _mean(report, "opened"))
    told += (", ".join(f"{locale.number(pair.now)} {name}" for name, pair in report.priorities.items() if pair.now),)
    buttons = teller.opens("Opened", opened, "opened") + teller.opens("Alerted", alerted, "alerted")
    heading = f"Cases opened: {locale.number(opened)}, alerted {locale.number(alerted)}"
    return Row(heading, None, tuple(filter(None, told)), buttons, "orange" if opened else "grey")


def _acted(teller: Teller, name: str, pair: Pair, clock: str, took: Took) -> Row:
    kind = name.lower()
    told = teller.compared(pair.now, pair.before, _mean(teller.report, kind)) + teller.took(clock, took)
    if kind == "resolved":
        reasons = teller.report.resolutions.items()
        told += (", ".join(f"{teller.locale.number(one.now)} {reason}" for reason, one in reasons if one.now),)
    buttons = teller.opens("Show", pair.now, kind)
    heading = f"{name}: {teller.locale.number(pair.now)}"
    return Row(heading, None, tuple(filter(None, told)), buttons, "green" if pair.now else "grey")


def _standing(teller: Teller) -> Iterator[Row]:
    now, number = teller.report.standing, teller.locale.number
    label = teller.ctx.policy.label
    load = [f"{label(one.person)} {number(one.open)}" for one in teller.report.load[:5]]
    told = (
        "" if now.overdue else "nothing is overdue",
        f"claimed: {', '.join(load)}" if load else "",
        f"{number(now.snoozed)} snoozed beside them" if now.snoozed else "",
    )
    buttons = teller.opens_now("Open", now.open, "open") + teller.opens_now("Unclaimed", now.unclaimed, "unclaimed")
    heading = f"Open now: {number(now.open)}, unclaimed {number(now.unclaimed)}"
    yield Row(heading, None, tuple(filter(None, told)), buttons, "yellow" if now.open else "grey")
    late = [f"{label(one.person)} {number(one.overdue)}" for one in teller.report.load if one.overdue][:5]
    for name, count, what, fact in (
        ("Overdue now", now.overdue, "overdue", f"of those claimed: {', '.join(late)}" if late else "none is claimed"),
        ("Answered, not yet fixed", now.not_fixed, "not fixed", ""),
        ("Unanswered questions", now.asking, "asking", ""),
    ):
        if count:
            facts = (fact,) if fact else ()
            yield Row(f"{name}: {number(count)}", None, facts, teller.opens_now("Show", count, what), "orange")


def _origins(report: Report, locale: Locale) -> str:
    lines = [line for line in report.sources if line.now.mentions]
    if len(lines) < 2:
        return ""
    told = [f"{_name(line.name)} {_share(line.now.mentions, report.sums.mentions, locale)}" for line in lines[:3]]
    growing = max(lines, key=lambda line: line.now.mentions - line.before.mentions)
    gain = growing.now.mentions - growing.before.mentions
    grows = f" {_name(growing.name)} grew most: {locale.number(gain)} more than before." if gain > 0 else ""
    return f"Most come from {', '.join(told)}.{grows if report.has_before else ''}"


def _moved(report: Report, locale: Locale) -> str:
    told = [f"@{_name(mover.author)} {locale.number(mover.moved)}" for mover in report.movers[:3]]
    return f"Shares and replies caused: {', '.join(told)}." if told else ""


def _voice(report: Report, locale: Locale) -> str:
    voices = [voice for voice in report.share_of_voice if voice.mentions.now or voice.mentions.before]
    if len(voices) < 2:
        return ""
    told = [f"{_name(voice.brand)} {locale.percent(voice.share)}" for voice in voices[:5]]
    return f"Share of voice: {', '.join(told)}."


# Tables


def _by_source(teller: Teller) -> Iterator[Row]:
    report, locale = teller.report, teller.locale
    for line in report.sources:
        count = line.now.mentions
        if line.now == Sums() and not report.has_before:
            continue
        told = teller.compared(count, line.before.mentions)
        told += (f"{_share(line.now.negative, count, locale)} negative",) if count else ()
        told += (f"{locale.number(line.now.opened)} cases opened",) if line.now.opened else ()
        buttons = teller.opens("Mentions", count, "mentions", source=line.name)
        buttons += teller.opens("Cases", line.now.opened, "opened", source=line.name)
        yield Row(f"{_name(line.name)}: {_part(count, report.sums.mentions, locale)}", None, told, buttons, "blue")


def _by_sentiment(teller: Teller) -> Iterator[Row]:
    report = teller.report
    for label, name in LABELS.items():
        count, before = getattr(report.sums, name), getattr(report.before, name)
        if count or (before and report.has_before):
            mean = _mean(report, name)
            heading = f"{label.capitalize()}: {_part(count, report.sums.mentions, teller.locale)}"
            buttons = teller.opens("Show", count, "mentions", label=label)
            yield Row(heading, None, teller.compared(count, before, mean), buttons, _COLOURS.get(label, "grey"))


def _by_detail(teller: Teller, pairs: Mapping[str, Pair], what: str) -> Iterator[Row]:
    total = sum(pair.now for pair in pairs.values())
    for detail, pair in pairs.items():
        if not pair.now and not teller.report.has_before:
            continue
        buttons = teller.opens("Show", pair.now, what, detail=detail)
        heading = f"{detail.capitalize()}: {_part(pair.now, total, teller.locale)}"
        colour = _COLOURS.get(detail, "blue")
        yield Row(heading, None, teller.compared(pair.now, pair.before), buttons, colour)


def _person(teller: Teller, line: PersonLine) -> Row:
    number = teller.locale.number
    told = tuple(
        f"{kind} {number(pair.now)}" + (f" ({number(pair.before)} before)" if teller.report.has_before else "")
        for kind, pair in (("resolved", line.resolved), ("answered", line.answered), ("claimed", line.claimed))
        if pair.now or (pair.before and teller.report.has_before)
    )
    kinds = {"resolved": line.resolved, "answered": line.answered, "claimed": line.claimed}
    done = next((kind for kind, pair in kinds.items() if pair.now), "resolved")
    buttons = teller.opens_now("Has now", line.open, "claimed", person=line.name)
    buttons += teller.opens(done.capitalize(), kinds[done].now, done, person=line.name)
    late = f", {number(line.overdue)} overdue" if line.overdue else ""
    has = f"has {number(line.open)} now{late}" if line.open else "has none now"
    colour = "orange" if line.overdue else "yellow" if line.open else "grey"
    return Row(f"{_name(teller.ctx.policy.label(line.name))} {has}", None, told, buttons, colour)


def _brand(teller: Teller, voice: Voice) -> Row:
    told = teller.compared(voice.mentions.now, voice.mentions.before)
    if teller.report.has_before and voice.share_before is not None:
        told += (f"{teller.locale.percent(voice.share_before)} before",)
    count = teller.locale.number(voice.mentions.now)
    heading = f"{_name(voice.brand)}: {count}, {teller.locale.percent(voice.share)} of the voice"
    button = open_button("Show", "mentions", teller.report.window, voice.brand)
    return Row(heading, None, told, (button,) if voice.mentions.now else (), "blue")


def _mover(teller: Teller, mover: Mover) -> Row:
    posts = f"with {teller.locale.number(mover.mentions)} post{'' if mover.mentions == 1 else 's'}"
    heading = f"@{_name(mover.author)}: {teller.locale.number(mover.moved)} shares and replies caused"
    return Row(heading, None, (posts,), (Button("Show", "who", values=(("handle", mover.author),)),), "blue")


def _mean(report: Report, name: str) -> float | None:
    """The mean of the usual stretches; None where there is none."""
    return getattr(report.usual, name, None)


def _name(name: str) -> str:
    return " ".join(shown(name, 60).words.split())


def _share(part: int, whole: int, locale: Locale) -> str:
    """A part of a whole; a small one is not told as none."""
    if not whole:
        return NONE
    return locale.percent(part / whole) if not part or part / whole >= 0.005 else f"under {locale.percent(0.01)}"


def _part(count: int, whole: int, locale: Locale) -> str:
    return f"{locale.number(count)}, {_share(count, whole, locale)}"
