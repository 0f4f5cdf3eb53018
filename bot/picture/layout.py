"""Where everything of a chart goes, before anything is painted. Pure: the same chart gives the same layout.

Words are placed only where they fit: no two of them meet, and none leaves the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.picture import bars, times
from bot.picture.letters import fitted, width
from bot.picture.numbers import number
from bot.picture.shapes import EDGE, LINE, TITLE, WIDTH, Line, Shape, Sheet, Words
from handlers.cards import Chart, Series

HEIGHT = 560
COLOURS = ("red", "orange", "yellow", "blue", "green", "grey")
_MOST_SERIES = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Shapes in the order in which they are painted. `keys`: (text that cannot be drawn, what stands for it)."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    keys: tuple[tuple[str, str], ...]


def layout(chart: Chart) -> Layout:
    """Place a chart. Whatever it holds, something true is drawn: a gap for an unknown value, a sentence for none."""
    sheet = Sheet(HEIGHT)
    count = max([len(chart.labels), *(len(one.values) for one in chart.series)], default=0)
    labels = (*chart.labels, *[""] * (count - len(chart.labels)))
    lines = [_line(one, place, count) for place, one in enumerate(chart.series[:_MOST_SERIES])]
    hidden = len(chart.series) - len(lines)
    top = _title(sheet, chart.title)
    if not any(line.known for line in lines):
        sheet.height = 260
        sheet.put(Words("Nothing to show", WIDTH / 2, (top + sheet.height) / 2, "middle"))
    elif chart.kind == "bars":
        bars.place(sheet, labels, lines, hidden, chart.unit, top)
    else:
        times.place(sheet, labels, lines, hidden, chart.unit, top, is_stacked=chart.kind == "stacked")
    return Layout(WIDTH, round(sheet.height), tuple(sheet.shapes), tuple(sheet.keys.items()))


def _line(series: Series, place: int, count: int) -> Line:
    values = tuple(number(value) for value in series.values)
    colour = series.colour if series.colour in COLOURS else "grey"
    return Line(series.name, (*values, *[None] * (count - len(values))), colour, place)


def _title(sheet: Sheet, title: str) -> float:
    """One line or two; the alt text has it all. Returns where the next thing may begin."""
    y, room = EDGE + LINE / 2, WIDTH - 2 * EDGE
    for text in _two_lines(sheet.line_of(title, 2 * room), room):
        sheet.put(Words(text, EDGE, y, size=TITLE, is_bold=True, colour="ink"))
        y += LINE
    return y - LINE / 2


def _two_lines(text: str, room: float) -> Sequence[str]:
    words, first = text.split(" "), ""
    while words and width(f"{first} {words[0]}".strip(), TITLE, is_bold=True) <= room:
        first = f"{first} {words.pop(0)}".strip()
    lines = (first, " ".join(words))
    return [fitted(line, room, TITLE, is_bold=True) for line in lines if line]
