"""Charts as pictures, the same in every chat. What the data are is decided by `handlers/charting.py`."""

import hashlib
from dataclasses import replace
from functools import lru_cache

from bot.picture.layout import layout
from bot.picture.numbers import number
from bot.picture.paint import paint
from handlers.cards import Chart
from handlers.rules.text import shown

LOOK = 1  # raise it when the same chart comes to look different: browsers and chats keep pictures
_KEPT = 64  # pictures; 20 kB each


def png(chart: Chart, *, dark: bool = False) -> bytes:
    """The picture of a chart; never called on the event loop. The same chart gives the same bytes."""
    return _painted(chart, dark)


def size(chart: Chart) -> tuple[int, int]:
    """Width and height of its picture in pixels."""
    return _facts(chart)[:2]


def described(chart: Chart) -> str:
    """The alt text, with what the numbers in brackets stand for where a text could not be drawn."""
    return " ".join(part for part in (chart.alt, key(chart)) if part)


def key(chart: Chart) -> str:
    """What the numbers in brackets stand for: "[1] is 東京, [2] is ...". Empty when everything could be drawn."""
    return _facts(chart)[2]


def identity(chart: Chart) -> str:
    """Names the picture: another chart, or another look of the same one, has another."""
    # A number that went through a file may have come back as another type.
    series = tuple(replace(one, values=tuple(map(number, one.values))) for one in chart.series)
    told = f"{LOOK} {replace(chart, series=series)!r}"
    return hashlib.sha256(told.encode(errors="backslashreplace")).hexdigest()[:32]


@lru_cache(maxsize=_KEPT)
def _painted(chart: Chart, dark: bool) -> bytes:
    return paint(layout(chart), dark=dark)


@lru_cache(maxsize=_KEPT)
def _facts(chart: Chart) -> tuple[int, int, str]:
    placed = layout(chart)
    told = ", ".join(f"{sign} is {shown(text, 60).words}" for text, sign in placed.keys)
    return placed.width, placed.height, told
