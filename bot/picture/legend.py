"""The names of series, each with a sample of its look."""

from collections.abc import Sequence

from bot.picture.letters import width
from bot.picture.shapes import EDGE, LINE, TEXT, WIDTH, Area, Box, Dot, Line, Shape, Sheet, Stroke, Words

_SAMPLE, _AREA, _SPACE, _LONGEST = 58, 42, 36, 420


def place(sheet: Sheet, lines: Sequence[Line], hidden: int, top: float, *, are_areas: bool) -> float:
    """Put the names into as many rows as they need; `hidden` series are counted. Returns where the next may begin."""
    x, y = float(EDGE), top + 6 + LINE / 2
    names = [(line, sheet.name_of(line.name, _LONGEST)) for line in lines]
    more = [(None, f"and {hidden} more")] if hidden else []
    for line, name in (*names, *more):
        lead = (_AREA if are_areas else _SAMPLE) if line else 0
        long = lead + width(name, TEXT)
        if x > EDGE and x + long > WIDTH - EDGE:
            x, y = EDGE, y + LINE
        if line:
            sheet.put(*_sample(line, x, y, is_area=are_areas))
        sheet.put(Words(name, x + lead, y))
        x += long + _SPACE
    return y + 4 + LINE / 2


def _sample(line: Line, x: float, y: float, *, is_area: bool) -> list[Shape]:
    if is_area:
        return [Area((Box(x, y - 14, x + 30, y + 14),), line.colour, line.texture)]
    return [Stroke(((x, y), (x + 46, y)), line.colour, 5, line.dash), Dot(x + 23, y, line.marker, line.colour)]
