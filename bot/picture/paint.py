"""A layout as a PNG, by Pillow. The same layout gives the same bytes."""

import io
import itertools
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageChops, ImageDraw

from bot.picture.layout import Layout
from bot.picture.letters import font
from bot.picture.shapes import Area, Box, Dot, Stroke, Words

_FINE = 2  # shapes are painted so many times larger and then made smaller: their edges become smooth
_SHADES = 96  # colours in the file
_TILE = 18 * _FINE
_MANY = 250  # points, from which on nobody sees the corners of a line
_LIGHT = {
    "paper": "#ffffff", "ink": "#1f1e1c", "soft": "#55524d", "grid": "#e5e2dc", "axis": "#8f8a82", "red": "#c8352a",
    "orange": "#d96c00", "yellow": "#c29500", "blue": "#2b6cc8", "green": "#2c8f52", "grey": "#8d8981",
}  # fmt: skip
_DARK = {
    "paper": "#1b1b1e", "ink": "#ecebe8", "soft": "#b6b3ad", "grid": "#37373d", "axis": "#85828a", "red": "#ff7a6e",
    "orange": "#ffa24d", "yellow": "#efc94c", "blue": "#74adff", "green": "#5fcb88", "grey": "#9b9892",
}  # fmt: skip

Point = tuple[float, float]


def paint(layout: Layout, *, dark: bool) -> bytes:
    """The picture of a layout."""
    colours = _DARK if dark else _LIGHT
    large = Image.new("RGB", (layout.width * _FINE, layout.height * _FINE), colours["paper"])
    draw = ImageDraw.Draw(large)
    for shape in layout.shapes:
        if isinstance(shape, Area):
            _area(large, draw, shape, colours)
        elif isinstance(shape, Stroke):
            _stroke(draw, shape, colours)
        elif isinstance(shape, Dot):
            _dot(draw, shape, colours)
    image = large.reduce(_FINE)
    draw = ImageDraw.Draw(image)
    for shape in layout.shapes:
        if isinstance(shape, Words):
            _words(draw, shape, colours)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    few = image.quantize(_SHADES, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", compress_level=6)  # 9 takes five times as long for a tenth
    return out.getvalue()


def _words(draw: ImageDraw.ImageDraw, words: Words, colours: dict[str, str]) -> None:
    draw.text(
        (words.box.left, words.y),
        words.text,
        fill=colours[words.colour],
        font=font(words.size, is_bold=words.is_bold),
        anchor="lm",
        stroke_width=4 if words.is_bold and words.colour == "ink" else 0,
        stroke_fill=colours["paper"],  # a line behind a number does not strike it through
    )


def _area(image: Image.Image, draw: ImageDraw.ImageDraw, area: Area, colours: dict[str, str]) -> None:
    boxes = [_large(box) for box in area.boxes]
    for box in boxes:
        draw.rectangle(box, fill=colours[area.colour])
    if not area.texture or not boxes:
        return
    around = (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes) + 1, max(box[3] for box in boxes) + 1,
    )  # fmt: skip
    pattern = _texture(area.texture, around[2] - around[0], around[3] - around[1])
    where = Image.new("L", pattern.size)
    inside = ImageDraw.Draw(where)
    for box in boxes:
        inside.rectangle((box[0] - around[0], box[1] - around[1], box[2] - around[0], box[3] - around[1]), fill=255)
    image.paste(colours["paper"], around[:2], ImageChops.darker(pattern, where))


def _large(box: Box) -> tuple[int, int, int, int]:
    left, top = round(box.left * _FINE), round(box.top * _FINE)
    return left, top, max(round(box.right * _FINE) - 1, left), max(round(box.bottom * _FINE) - 1, top)


def _texture(name: str, wide: int, high: int) -> Image.Image:
    tile = Image.new("L", (_TILE, _TILE))
    draw = ImageDraw.Draw(tile)
    thick = 2 * _FINE
    if name in ("rising", "falling"):
        first, last = (2 * _TILE, -_TILE) if name == "rising" else (-_TILE, 2 * _TILE)
        for shift in (-_TILE, 0, _TILE):  # so that the strips go on in the next tile
            draw.line((shift - _TILE, first, shift + 2 * _TILE, last), 255, thick)
    elif name == "dots":
        for x, y in ((0.25, 0.25), (0.75, 0.75)):
            draw.ellipse(tuple(_TILE * at + grow for grow in (-thick, thick) for at in (x, y)), fill=255)
    elif name == "level":
        draw.rectangle((0, _TILE // 2, _TILE, _TILE // 2 + thick - 1), fill=255)
    else:
        draw.rectangle((_TILE // 2, 0, _TILE // 2 + thick - 1, _TILE), fill=255)
    return _tiled(tile, wide, high)


def _tiled(tile: Image.Image, wide: int, high: int) -> Image.Image:
    """A tile over a whole area, by doubling what is there."""
    pattern = Image.new("L", (wide, high))
    pattern.paste(tile, (0, 0))
    done = _TILE
    while done < wide:
        pattern.paste(pattern.crop((0, 0, min(done, wide - done), min(_TILE, high))), (done, 0))
        done *= 2
    done = _TILE
    while done < high:
        pattern.paste(pattern.crop((0, 0, wide, min(done, high - done))), (0, done))
        done *= 2
    return pattern


def _dot(draw: ImageDraw.ImageDraw, dot: Dot, colours: dict[str, str]) -> None:
    for size, colour in ((12.0, "paper"), (8.5, dot.colour)):
        x, y, far = dot.x * _FINE, dot.y * _FINE, size * _FINE
        if dot.marker == "circle":
            draw.ellipse((x - far, y - far, x + far, y + far), fill=colours[colour])
        elif dot.marker == "square":
            far *= 0.9
            draw.rectangle((x - far, y - far, x + far, y + far), fill=colours[colour])
        elif dot.marker == "triangle":
            far *= 1.2
            draw.polygon([(x, y - far), (x + far, y + far * 0.75), (x - far, y + far * 0.75)], fill=colours[colour])
        else:
            far *= 1.25
            draw.polygon([(x, y - far), (x + far, y), (x, y + far), (x - far, y)], fill=colours[colour])


def _stroke(draw: ImageDraw.ImageDraw, stroke: Stroke, colours: dict[str, str]) -> None:
    points = [(x * _FINE, y * _FINE) for x, y in stroke.points]
    dash = [length * _FINE for length in stroke.dash]
    is_dense = len(points) > _MANY
    thick, joint = (min(stroke.thick, 3.0), None) if is_dense else (stroke.thick, "curve")
    for piece in _dashed(points, dash) if dash else [points]:
        draw.line(piece, fill=colours[stroke.colour], width=round(thick * _FINE), joint=joint)


def _dashed(points: Sequence[Point], dash: Sequence[float]) -> Iterator[list[Point]]:
    """The parts of a path that are painted, dash by dash along its length."""
    lengths = itertools.cycle(dash)
    left, is_painted, piece = next(lengths), True, [points[0]]
    for start, end in itertools.pairwise(points):
        long, gone = math.dist(start, end), 0.0
        while long - gone > left:
            gone += left
            at = (start[0] + (end[0] - start[0]) * gone / long, start[1] + (end[1] - start[1]) * gone / long)
            if is_painted:
                yield [*piece, at]
            left, is_painted, piece = next(lengths), not is_painted, [at]
        left -= long - gone
        piece.append(end)
    if is_painted and len(piece) > 1:
        yield piece
