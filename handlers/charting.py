"""A report as data for a picture. The alt text tells what the picture shows, so that nobody needs to see it."""

from collections.abc import Sequence
from itertools import pairwise

from handlers.cards import Chart, Series
from handlers.context import Context
from handlers.reports import Report
from handlers.rules.locales import Locale
from handlers.rules.periods import Period, spanned, touched
from handlers.rules.text import shown
from storage.tallies import RESPONSE, Lengths, Sums
from storage.types import Window

_BARS = 12  # sources with a bar of their own
_FEW = 10  # mentions; the share of negative ones among fewer says nothing
_WEEKDAYS = 8  # days; a chart of more has no room for their names


def over_time(ctx: Context, period: Period, brand: str, locale: Locale) -> Chart:
    """Mentions over time by sentiment, so that the share of negative ones is seen as well as told."""
    sums = ctx.store.tallies.series(period.steps, brand)
    parts = (
        ("negative", [one.negative for one in sums], "red"),
        ("neutral", [one.neutral for one in sums], "grey"),
        ("positive", [one.positive for one in sums], "green"),
        ("not scored", [one.unscored for one in sums], "blue"),
    )
    series = tuple(Series(name, tuple(map(float, counts)), colour) for name, counts, colour in parts if any(counts))
    title = f"Mentions per {period.grain}, {_when(ctx, period, locale)}"
    labels = _labels(period, locale)
    alt = f"{title}: {_found(sums, _long_labels(period, locale), locale)}"
    return Chart("stacked", title, labels, series, alt)


def by_source(report: Report, locale: Locale) -> Chart:
    """Mentions by source, with those of the stretch before where it is known."""
    lines = [line for line in report.sources if line.now.mentions or line.before.mentions]
    names = [" ".join(shown(line.name, 40).words.split()) for line in lines[:_BARS]]
    now, before = [line.now.mentions for line in lines[:_BARS]], [line.before.mentions for line in lines[:_BARS]]
    if rest := lines[_BARS:]:
        names.append(f"{len(rest)} others")
        now.append(sum(line.now.mentions for line in rest))
        before.append(sum(line.before.mentions for line in rest))
    series = [Series("now", tuple(map(float, now)), "blue")]
    if report.has_before:
        series.append(Series("before", tuple(map(float, before)), "grey"))
    told = [
        f"{name} {locale.number(count)}" + (f" ({locale.change(count, was)})" if report.has_before and was else "")
        for name, count, was in zip(names, now, before, strict=True)
    ]
    alt = f"Mentions by source: {', '.join(told) or 'none'}."
    return Chart("bars", "Mentions by source", tuple(names), tuple(series), alt)


def response_times(ctx: Context, period: Period, brand: str, locale: Locale) -> Chart:
    """How long first responses took over time: the median, and what nine of ten did not exceed; in minutes."""
    lengths = [ctx.store.tallies.lengths(step, brand, RESPONSE) for step in period.steps]
    whole = ctx.store.tallies.lengths(period.window, brand, RESPONSE)
    series = (
        Series("median", tuple(_minutes(one.median) for one in lengths), "blue"),
        Series("nine of ten", tuple(_minutes(one.p90) for one in lengths), "orange"),
    )
    title = f"First response per {period.grain}, {_when(ctx, period, locale)}"
    labels = _labels(period, locale)
    alt = f"{title}: {_slowest(lengths, whole, _long_labels(period, locale), locale)}"
    return Chart("lines", title, labels, series, alt, unit="min")


def _when(ctx: Context, period: Period, locale: Locale) -> str:
    told = spanned(period.window, ctx.now, period.zone, locale)
    return f"{told}, so far" if ctx.now < period.window.end else told


def _found(sums: Sequence[Sums], labels: Sequence[str], locale: Locale) -> str:
    """The finding: how many, when most, and between what shares the negative ones lay."""
    total = sum(one.mentions for one in sums)
    if not total:
        return "none."
    told = f"{locale.number(total)} in all"
    most = max(range(len(sums)), key=lambda place: sums[place].mentions)
    if sums[most].mentions < total:
        told += f", most {labels[most]} ({locale.number(sums[most].mentions)})"
    shares = [one.negative / one.mentions for one in sums if one.mentions >= _FEW]
    if shares:
        low, high = locale.percent(min(shares)), locale.percent(max(shares))
        told += f"; negative share {low}" if low == high else f"; negative share between {low} and {high}"
    return f"{told}."


def _slowest(lengths: Sequence[Lengths], whole: Lengths, labels: Sequence[str], locale: Locale) -> str:
    if whole.median is None or whole.p90 is None:
        return "nobody was answered."
    told = f"{locale.number(whole.count)} answered, median {locale.length(whole.median)}, nine of ten within"
    told += f" {locale.length(whole.p90)}"
    medians = [(one.median, place) for place, one in enumerate(lengths) if one.median is not None]
    if len(medians) > 1:
        slowest, place = max(medians)
        told += f"; slowest {labels[place]} (median {locale.length(slowest)})"
    return f"{told}."


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def _labels(period: Period, locale: Locale) -> tuple[str, ...]:
    """Below the values, in as few characters as do; among hours of several days, where a day begins, its name."""
    labels = [_label(period, step, locale) for step in period.steps]
    if _is_within_days(period):
        days = [step.start.astimezone(period.zone).date() for step in period.steps]
        for place, (day, following) in enumerate(pairwise(days), start=1):
            labels[place] = locale.day(following) if following != day else labels[place]
    return tuple(labels)


def _is_within_days(period: Period) -> bool:
    return "hour" in period.grain or "minutes" in period.grain


def _label(period: Period, step: Window, locale: Locale) -> str:
    local = step.start.astimezone(period.zone)
    if _is_within_days(period):
        return locale.time(local)
    if period.grain == "day":
        return locale.day(local) if len(period.steps) <= _WEEKDAYS else locale.short_day(local)
    if period.grain == "week":
        return locale.short_day(local)
    return str(local.year) if period.grain == "year" else locale.month(local)


def _long_labels(period: Period, locale: Locale) -> list[str]:
    """Within a sentence: on Sun 22 Feb, at 14:00, in the week from 16 Feb, in Feb 2015."""
    first, last = touched(period.window, period.zone)
    return [_in_a_sentence(period, step, locale, has_day=first != last) for step in period.steps]


def _in_a_sentence(period: Period, step: Window, locale: Locale, *, has_day: bool) -> str:
    local = step.start.astimezone(period.zone)
    if _is_within_days(period):
        at = f"from {locale.time(local)}"
        return f"{at} on {locale.day(local)}" if has_day else at
    return {
        "day": f"on {locale.day(local)}",
        "week": f"in the week of {locale.short_day(local)}",
        "month": f"in {locale.month(local)}",
        "quarter": f"in the quarter from {locale.month(local)}",
        "year": f"in {local.year}",
    }[period.grain]
