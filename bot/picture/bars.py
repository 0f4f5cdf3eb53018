"""One value each, side by side: horizontal bars with their name on the left and their number at the end."""

from collections.abc import Sequence

from bot.picture import legend
from bot.picture.letters import drawable, width
from bot.picture.numbers import told
from bot.picture.shapes import EDGE, GAP, LINE, TEXT, WIDTH, Area, Box, Line, Sheet, Stroke, Words

_TALLEST = 680  # pixels for all bars
_LOWEST = 220  # of the picture
_NAME = 360  # pixels for a name
_BAR, _THIN, _SPACE = 32, 12, 16


def place(sheet: Sheet, labels: Sequence[str], lines: Sequence[Line], hidden: int, unit: str, top: float) -> None:
    """Put everything below the title on the sheet; bars that have no room are counted below the others."""
    if len(lines) > 1:
        top = legend.place(sheet, lines, hidden, top, are_areas=True)
    tell = told((drawable(unit) or "")[:8])
    heights = [_BAR, _THIN] if len(lines) == 2 else [_BAR] * len(lines)
    room = sum(heights) + _SPACE
    shown = len(labels) if len(labels) * room <= _TALLEST else max(_TALLEST // room - 1, 1)
    names = [sheet.name_of(label, _NAME) if label.strip() else "–" for label in labels[:shown]]
    values = [value for line in lines for value in line.values[:shown] if value is not None]
    longest = max((width(tell(value), TEXT, is_bold=True) for value in values), default=0) + GAP
    left = EDGE + GAP + max(width(name, TEXT) for name in names) + (longest if min(values, default=0) < 0 else 0)
    right = WIDTH - EDGE - longest

    # To the greatest value and not to a round one: there is no axis to read it from.
    least, most = min([0.0, *values]), max([0.0, *values])
    span = most - least or 1.0
    zero = left - least / span * (right - left)
    y = top + _SPACE
    for at, name in enumerate(names):
        sheet.put(Words(name, EDGE, y + (_BAR if len(lines) == 2 else sum(heights)) / 2, colour="ink"))
        for line, high in zip(lines, heights, strict=True):
            value = line.values[at]
            end = zero + (value or 0.0) / span * (right - left)
            if value:
                sheet.put(Area((Box(min(zero, end), y, max(zero, end), y + high),), line.colour, line.texture))
            if high == _BAR:
                words = "–" if value is None else tell(value)
                x, side = (end - GAP, "right") if (value or 0.0) < 0 else (end + GAP, "left")
                sheet.put(Words(words, x, y + high / 2, side, is_bold=True, colour="ink"))
            y += high
        y += _SPACE
    sheet.put(Stroke(((zero, top + 6), (zero, y - 4)), "axis", 3))
    if shown < len(labels):
        sheet.put(Words(f"and {len(labels) - shown} more", EDGE, y + LINE / 2 - 6))
        y += LINE
    sheet.height = max(y + EDGE - _SPACE + 4, _LOWEST)
