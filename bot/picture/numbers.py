"""Numbers of charts: round marks on an axis, and numbers short enough to be read on a phone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SIZES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST = 1e300  # so that no sum or difference overflows
_LEAST = 1e-9
_LENGTHS = ((1.0, "min", 120.0), (60.0, "h", 48 * 60.0), (1440.0, "d", math.inf))  # minutes in one, name, used up to


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, with a mark and its words at each of `ticks`. Nought is always on it."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def number(value: float | None) -> float | None:
    """A value that can be drawn; None for one that is unknown, not a number or endless."""
    try:
        known = float(value) if value is not None else math.nan
    except OverflowError:
        known = math.inf
    if not math.isfinite(known):
        return None
    return 0.0 if abs(known) < _LEAST else min(max(known, -_MOST), _MOST)


def scale(values: Sequence[float], unit: str, intervals: int) -> Scale:
    """A scale from the least to the greatest of these values and nought, with marks at about so many steps."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        high = 1.0
    size, word = _length_unit(max(-low, high)) if unit == "min" else (1.0, unit)
    is_whole = unit != "min" and all(value == int(value) for value in values)
    step = _step((high / size - low / size) / max(intervals, 1), is_whole=is_whole)
    first, last = math.ceil(low / size / step - 0.001), math.floor(high / size / step + 0.001)
    ticks = tuple((place * step * size, _with_unit(short(place * step), word)) for place in range(first, last + 1))
    return Scale(low, high, ticks)


def percents() -> Scale:
    """From 0 to 100 %."""
    return Scale(0.0, 100.0, tuple((float(value), f"{value}%") for value in (0, 50, 100)))


def told(unit: str) -> Callable[[float], str]:
    """How values of a unit are written beside their marks."""

    def tell(value: float) -> str:
        size, word = _length_unit(abs(value)) if unit == "min" else (1.0, unit)
        return _with_unit(short(value / size), word)

    return tell


def short(value: float) -> str:
    """1234, 12.3k, 1.2M, 0.25: three digits that count, four of a whole number."""
    size = abs(value)
    if size >= 1e15:
        return f"{value:.1e}".replace("e+", "e")
    if round(size) >= 10_000:
        rounded = float(f"{value:.3g}")
        unit, letter = next((unit, letter) for unit, letter in _SIZES if abs(rounded) >= unit)
        return f"{rounded / unit:.4g}{letter}"
    if round(size, 1) >= 100 or value == int(value):
        return str(round(value))
    return f"{round(value, 1) if size >= 1 else float(f'{value:.2g}'):.10g}"


def _step(wanted: float, *, is_whole: bool) -> float:
    power = 10.0 ** math.floor(math.log10(wanted))
    steps = (factor * power for factor in _STEPS if factor * power >= wanted * 0.8)
    return next((step for step in steps if step == int(step)), 1.0) if is_whole else next(steps)


def _length_unit(minutes: float) -> tuple[float, str]:
    return next((size, word) for size, word, most in _LENGTHS if minutes <= most)


def _with_unit(words: str, unit: str) -> str:
    return f"{words}{unit}" if unit in ("", "%") else f"{words} {unit}"
