"""What a picture is made of, in pixels, and the sheet on which it is laid out.

Colour is never alone: a line has its dash and its marker too, an area its texture.
"""

from dataclasses import dataclass, field

from bot.picture.letters import drawable, fitted, width

WIDTH = 1000
EDGE = 30  # nothing stands nearer to the rim
TITLE, TEXT = 32, 26  # heights of letters; 26 are 9 when the picture is shown 360 wide
LINE = 40  # from one line of words to the next
GAP = 14
MARKERS = ("circle", "square", "triangle", "diamond")
DASHES: tuple[tuple[int, ...], ...] = ((), (16, 8), (4, 7), (22, 7, 4, 7))
TEXTURES = ("", "rising", "dots", "level", "falling", "upright")


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not is_beside and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        is_as_wide = self.left <= other.left and other.right <= self.right
        return is_as_wide and self.top <= other.top and other.bottom <= self.bottom


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text. `side` says what of it stands at `x`: its left, its middle or its right; `y` is its middle."""

    text: str
    x: float
    y: float
    side: str = "left"
    size: int = TEXT
    is_bold: bool = False
    colour: str = "soft"

    @property
    def box(self) -> Box:
        long = width(self.text, self.size, is_bold=self.is_bold)
        left = self.x - {"left": 0.0, "middle": long / 2, "right": long}[self.side]
        return Box(left, self.y - self.size * 0.6, left + long, self.y + self.size * 0.6)


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: str
    thick: float = 2.0
    dash: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """Filled boxes of one look."""

    boxes: tuple[Box, ...]
    colour: str
    texture: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A marker on a line."""

    x: float
    y: float
    marker: str
    colour: str


Shape = Words | Stroke | Area | Dot


@dataclass(frozen=True, slots=True)
class Line:
    """A series as it is drawn: known numbers or None, and a place that tells its look from those of the others."""

    name: str
    values: tuple[float | None, ...]
    colour: str
    place: int

    @property
    def known(self) -> list[float]:
        return [value for value in self.values if value is not None]

    @property
    def dash(self) -> tuple[int, ...]:
        return DASHES[self.place % len(DASHES)]

    @property
    def marker(self) -> str:
        return MARKERS[self.place % len(MARKERS)]

    @property
    def texture(self) -> str:
        return TEXTURES[self.place % len(TEXTURES)]


@dataclass(slots=True)
class Sheet:
    """A picture in the making. `keys` are texts that cannot be drawn, each with the number that stands for it."""

    height: float
    shapes: list[Shape] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    _taken: list[Box] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def put(self, *shapes: Shape) -> None:
        self.shapes += shapes
        self._taken += [shape.box for shape in shapes if isinstance(shape, Words) and shape.text]

    def put_if_free(self, words: Words, within: Box) -> bool:
        """Put words where no others stand, nor close beside, or nowhere."""
        box = words.box
        near = Box(box.left - 1.5 * GAP, box.top, box.right + 1.5 * GAP, box.bottom)
        if not within.holds(box) or any(near.meets(other) for other in self._taken):
            return False
        self.put(words)
        return True

    def line_of(self, text: str, room: float) -> str:
        """What is drawn for a text: itself, cut to the room, or the number that stands for it."""
        words = drawable(text)
        return self._number(text) if words is None else fitted(words, room, TEXT)

    def name_of(self, text: str, room: float) -> str:
        """The same for names, of which no two may look alike."""
        short = self.line_of(text, room)
        if self._names.setdefault(short, text) == text:
            return short
        return self._number(text)

    def _number(self, text: str) -> str:
        return self.keys.setdefault(text, f"[{len(self.keys) + 1}]")
