"""Values over time: lines, or bars upon each other; percents among lines have a panel of their own below."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.picture import legend
from bot.picture.letters import drawable, fitted, width
from bot.picture.numbers import Scale, percents, scale, told
from bot.picture.shapes import EDGE, GAP, LINE, TEXT, WIDTH, Area, Box, Dot, Line, Sheet, Stroke, Words

_HEIGHT = 560
_LEAST, _WITH_PART, _PART = 260, 240, 150  # heights of panels
_HEAD = 44  # above a panel, for the number at its highest point
_FOOT = 66  # below the last panel, for the times
_BESIDE = 32  # pixels between two numbers above each other
_THICK = 5
_FEW = 16  # times
_MARKED = 2  # lines whose highest value is told; more would hide each other


@dataclass(frozen=True, slots=True)
class _Panel:
    lines: Sequence[Line]
    scale: Scale
    top: float
    bottom: float
    tell: Callable[[float], str]

    def y(self, value: float) -> float:
        return self.bottom - self.scale.share(value) * (self.bottom - self.top)


def place(
    sheet: Sheet, labels: Sequence[str], lines: Sequence[Line], hidden: int, unit: str, top: float, *, is_stacked: bool
) -> None:
    """Put everything below the title on the sheet."""
    parts = [] if is_stacked else [line for line in lines if line.name.rstrip().endswith("%")]
    main = [line for line in lines if line not in parts]
    if not main:
        main, parts, unit = parts, [], "%"
    word = (drawable(unit) or "")[:8]
    if len(lines) > 1 or (is_stacked and lines[0].name.strip()):  # what is counted is told, also when it is one thing
        top = legend.place(sheet, main, hidden, top, are_areas=is_stacked)
    high = _WITH_PART if parts else max(_LEAST, _HEIGHT - _FOOT - top - _HEAD)
    panels = [_panel(main, word, top + _HEAD, high, is_stacked=is_stacked)]
    if parts:
        top = legend.place(sheet, parts, 0, panels[0].bottom + LINE / 2, are_areas=False)
        panels.append(_Panel(parts, percents(), top + _HEAD, top + _HEAD + _PART, told("%")))
    bottom = panels[-1].bottom
    sheet.height = bottom + _FOOT
    left = EDGE + GAP + max(width(words, TEXT) for panel in panels for _, words in panel.scale.ticks)
    right = WIDTH - EDGE - (0 if is_stacked else _room_for_ends(panels))
    xs = _places(len(labels), left, right, is_stacked=is_stacked)
    for panel in panels:
        _grid(sheet, panel, left, right)
    _times(sheet, labels, xs, bottom)
    for panel in panels:
        if is_stacked:
            _columns(sheet, panel, xs, left, right)
        else:
            _curves(sheet, panel, xs, left, right)


def _panel(lines: Sequence[Line], unit: str, top: float, high: float, *, is_stacked: bool) -> _Panel:
    values = _totals(lines) if is_stacked else [value for line in lines for value in line.known]
    return _Panel(lines, scale(values, unit, round(high / 100)), top, top + high, told(unit))


def _totals(lines: Sequence[Line]) -> list[float]:
    """The height of each column; what lies below nought cannot stand upon something."""
    columns = zip(*(line.values for line in lines), strict=True)
    return [sum(max(value or 0.0, 0.0) for value in values) for values in columns]


def _places(count: int, left: float, right: float, *, is_stacked: bool) -> list[float]:
    """Where each time stands: columns amid equal parts, points from rim to rim, one alone in the middle."""
    if is_stacked or count == 1:
        return [left + (right - left) * (place + 0.5) / count for place in range(count)]
    return [left + (right - left) * place / (count - 1) for place in range(count)]


def _grid(sheet: Sheet, panel: _Panel, left: float, right: float) -> None:
    for value, words in panel.scale.ticks:
        y = panel.y(value)
        is_zero = value == 0
        sheet.put(Stroke(((left, y), (right, y)), "axis" if is_zero else "grid", 3 if is_zero else 2))
        sheet.put(Words(words, left - GAP, y, "right"))


def _times(sheet: Sheet, labels: Sequence[str], xs: Sequence[float], bottom: float) -> None:
    """As many labels as fit, at equal steps: of few times back from the last, the news; of many from the first."""
    y, most = bottom + 38, 260.0
    step = max(1, len(labels) // 40)
    while True:
        places = range((len(labels) - 1) % step if len(labels) <= _FEW else 0, len(labels), step)
        boxes = [_below(fitted(drawable(labels[at]) or "[1]", most, TEXT), xs[at], y).box for at in places]
        if all(one.right + 18 <= other.left for one, other in itertools.pairwise(boxes)):
            break
        step += 1 + step // 6
    page = Box(8, bottom, WIDTH - 8, bottom + _FOOT)
    for at in (*places, len(labels) - 1):
        words = _below(sheet.line_of(labels[at], most), xs[at], y)
        if words.text and sheet.put_if_free(words, page):
            sheet.put(Stroke(((xs[at], bottom), (xs[at], bottom + 9)), "axis", 3))


def _below(text: str, x: float, y: float) -> Words:
    """A label below its place, moved into the picture if it would leave it."""
    half = width(text, TEXT) / 2
    return Words(text, min(max(x, 10 + half), WIDTH - 10 - half), y, "middle")


def _room_for_ends(panels: Sequence[_Panel]) -> float:
    ends = [panel.tell(line.known[-1]) for panel in panels for line in panel.lines if line.known]
    return 40 + max((width(words, TEXT, is_bold=True) for words in ends), default=0)


def _curves(sheet: Sheet, panel: _Panel, xs: Sequence[float], left: float, right: float) -> None:
    points = {line: _points(panel, line, xs) for line in panel.lines}
    for line in reversed(panel.lines):  # the first is the one that matters: it lies on top
        for run in _runs(points[line]):
            if len(run) > 1:
                sheet.put(Stroke(tuple(run), line.colour, _THICK, line.dash))
            else:
                sheet.put(Dot(*run[0], line.marker, line.colour))
    _ends(sheet, panel, points, right)
    for line in panel.lines[:_MARKED]:
        _highest(sheet, panel, line, points[line], left, right)


def _points(panel: _Panel, line: Line, xs: Sequence[float]) -> list[tuple[float, float] | None]:
    return [None if value is None else (x, panel.y(value)) for x, value in zip(xs, line.values, strict=True)]


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """What lies between two gaps."""
    for is_known, run in itertools.groupby(points, lambda point: point is not None):
        if is_known:
            yield [point for point in run if point is not None]


def _ends(sheet: Sheet, panel: _Panel, points: dict[Line, list[tuple[float, float] | None]], right: float) -> None:
    """The last known value of each line, beside the panel, in the order in which they lie."""
    last = {line: [point for point in points[line] if point][-1] for line in panel.lines if line.known}
    for line, point in last.items():
        sheet.put(Dot(*point, line.marker, line.colour))
    fitting = int((panel.bottom - panel.top) / _BESIDE) + 1
    shown = sorted(list(last)[:fitting], key=lambda line: last[line][1])
    ys = _spread([last[line][1] for line in shown], panel.top, panel.bottom)
    are_apart = all(last[line] == (right, y) for line, y in zip(shown, ys, strict=True))
    for line, y in zip(shown, ys, strict=True):
        x, words = right + 40, panel.tell(line.known[-1])
        if are_apart or len(last) == 1:
            x, y = last[line][0] + 22, last[line][1]
        else:
            sheet.put(Dot(right + 24, y, line.marker, line.colour))
        sheet.put(Words(words, x, y, is_bold=True, colour="ink"))


def _spread(ys: Sequence[float], top: float, bottom: float) -> list[float]:
    """The same order, with room between one another, within the panel."""
    placed: list[float] = []
    for y in ys:
        placed.append(max(y, placed[-1] + _BESIDE) if placed else max(y, top))
    limit = bottom
    for at in reversed(range(len(placed))):
        placed[at] = min(placed[at], limit)
        limit = placed[at] - _BESIDE
    return placed


def _highest(
    sheet: Sheet,
    panel: _Panel,
    line: Line,
    points: Sequence[tuple[float, float] | None],
    left: float,
    right: float,
) -> None:
    """The highest value of a line, with its number where that is free; the last one is told already."""
    most = max(line.known, default=None)
    if most is None or most == line.known[-1]:
        return
    point = points[line.values.index(most)]
    if point is None:
        return
    (x, y), words = point, panel.tell(most)
    sheet.put(Dot(x, y, line.marker, line.colour))
    half = width(words, TEXT, is_bold=True) / 2
    free = Box(left, panel.top - _HEAD, right, panel.bottom)
    for to_right, down in ((0.0, -26.0), (half + 18, -12.0), (-half - 18, -12.0), (0.0, 28.0)):
        centre = min(max(x + to_right, left + half), right - half)
        if sheet.put_if_free(Words(words, centre, y + down, "middle", is_bold=True, colour="ink"), free):
            return


def _columns(sheet: Sheet, panel: _Panel, xs: Sequence[float], left: float, right: float) -> None:
    part = (right - left) / len(xs)
    half = min(part * 0.37, 46.0) if part > 4 else part / 2
    floors = [0.0] * len(xs)
    for line in panel.lines:
        boxes = []
        for at, value in enumerate(line.values):
            if value is not None and value > 0:
                low, floors[at] = floors[at], floors[at] + value
                boxes.append(Box(xs[at] - half, panel.y(floors[at]), xs[at] + half, panel.y(low)))
        sheet.put(Area(tuple(boxes), line.colour, line.texture))
    totals, free = _totals(panel.lines), Box(left, panel.top - _HEAD, right, panel.bottom)
    known = [at for at in range(len(xs)) if any(line.values[at] is not None for line in panel.lines)]
    for at in (totals.index(max(totals)), known[-1]):
        words = panel.tell(totals[at])
        centre = min(
            max(xs[at], left + width(words, TEXT, is_bold=True) / 2), right - width(words, TEXT, is_bold=True) / 2
        )
        sheet.put_if_free(Words(words, centre, panel.y(totals[at]) - 20, "middle", is_bold=True, colour="ink"), free)
