"""Pictures of charts: true, legible, and without an empty box, whatever the chart holds."""

import io
import itertools
import math
import struct
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

import fontpkg_inter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot import charts
from bot.picture.layout import Layout, layout
from bot.picture.letters import drawable, has_glyph
from bot.picture.numbers import scale, short, told
from bot.picture.shapes import TEXT, WIDTH, Area, Box, Dot, Stroke, Words
from handlers.cards import Chart, Series
from tests.bot.chats.gallery import CHARTS, DAYS

FONT = Path(fontpkg_inter.ROOT) / "files" / "Inter[opsz,wght].ttf"
PAPER = {False: (255, 255, 255), True: (27, 27, 30)}
HOSTILE = (
    "東京", "لم يصل", "שלום", "😀", "😡", "Café ☕ Zürich", "a\x00b\u200bc\u202ed", "z" + "\u0301" * 200, "x" * 300, "",
    "  ", "\ud800", "a\nb\tc", "<b>&amp;</b>", "Ελλάδα", "Київ", "ﷺ", "€ 5", "±2", "\u0e01", "\U0001f1e9\U0001f1ea",
)  # fmt: skip

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.text(max_size=40).map(lambda text: text * 9))
numbers = st.one_of(
    st.none(), st.integers(0, 3_000), st.integers(-(10**400), 10**400), st.floats(), st.sampled_from((0, 0.0, -0.0))
)
chart_data = st.builds(
    Chart,
    kind=st.sampled_from(("lines", "bars", "stacked", "?")),
    title=texts,
    labels=st.lists(texts, max_size=30).map(tuple),
    series=st.lists(
        st.builds(
            Series,
            name=st.one_of(texts, st.just("share, %")),
            values=st.lists(numbers, max_size=30).map(tuple),
            colour=st.sampled_from(("red", "green", "grey", "mauve")),
        ),
        max_size=10,
    ).map(tuple),
    alt=st.just("What it shows."),
    unit=st.one_of(st.sampled_from(("", "%", "min")), texts),
)


@cache
def covered() -> frozenset[int]:
    """Every character that the font's own table maps to a glyph: read here once more, by another way."""
    data = FONT.read_bytes()
    tables = {
        data[at : at + 4]: struct.unpack(">II", data[at + 8 : at + 16])
        for at in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16)
    }
    start = tables[b"cmap"][0]
    found: set[int] = set()
    for record in range(struct.unpack(">H", data[start + 2 : start + 4])[0]):
        offset = start + struct.unpack(">I", data[start + 8 + record * 8 : start + 12 + record * 8])[0]
        if struct.unpack(">H", data[offset : offset + 2])[0] == 12:
            for group in range(struct.unpack(">I", data[offset + 12 : offset + 16])[0]):
                first, last, _ = struct.unpack(">III", data[offset + 16 + group * 12 : offset + 28 + group * 12])
                found.update(range(first, last + 1))
    return frozenset(found)


def lines(values: tuple[float | None, ...], **changes: object) -> Chart:
    """One line, a label for each value."""
    labels = tuple(str(place) for place in range(len(values)))
    return replace(Chart("lines", "Title", labels, (Series("mentions", values, "blue"),), "Alt."), **changes)  # type: ignore[arg-type]


def is_on_paper(image: Image.Image, dark: bool) -> bool:
    """Whether the rim has the colour of the paper; a file with few colours rounds them."""
    shades = image.getpixel((2, 2))
    assert isinstance(shades, tuple)
    return all(abs(one - other) <= 4 for one, other in zip(shades, PAPER[dark], strict=True))


def words(placed: Layout) -> list[str]:
    return [shape.text for shape in placed.shapes if isinstance(shape, Words)]


def assert_legible(placed: Layout) -> None:
    """Every word is whole, within the picture, and clear of all others; every shape is within it too."""
    page = Box(0, 0, placed.width, placed.height)
    said = [shape for shape in placed.shapes if isinstance(shape, Words) and shape.text]
    for one in said:
        assert page.holds(one.box), one
        assert one.size >= TEXT
        assert all(ord(character) in covered() for character in one.text), one.text
    for one, other in itertools.combinations(said, 2):
        assert not one.box.meets(other.box), (one, other)
    for shape in placed.shapes:
        if isinstance(shape, Stroke):
            assert all(0 <= x <= placed.width and 0 <= y <= placed.height for x, y in shape.points)
        elif isinstance(shape, Area):
            assert all(page.holds(box) for box in shape.boxes)
        elif isinstance(shape, Dot):
            assert 0 <= shape.x <= placed.width
            assert 0 <= shape.y <= placed.height


@settings(max_examples=80, deadline=None)
@given(chart_data)
def test_whatever_it_holds_it_is_legible(chart: Chart) -> None:
    placed = layout(chart)
    assert placed.width == WIDTH
    assert 200 <= placed.height <= 1_100
    assert_legible(placed)


@settings(max_examples=25, deadline=None)
@given(chart_data, st.booleans())
def test_whatever_it_holds_it_can_be_painted(chart: Chart, dark: bool) -> None:
    image = Image.open(io.BytesIO(charts.png(chart, dark=dark)))
    assert image.size == charts.size(chart)
    assert len(charts.identity(chart)) == 32
    assert charts.described(chart).startswith(chart.alt)
    assert is_on_paper(image.convert("RGB"), dark)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", CHARTS)
def test_the_gallery(name: str, dark: bool) -> None:
    chart = CHARTS[name]
    assert_legible(layout(chart))
    data = charts.png(chart, dark=dark)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert is_on_paper(image, dark)
    assert len(image.getcolors(10_000) or ()) > 20  # something stands on the paper
    assert len(data) < 60_000
    assert data == charts.png(replace(chart), dark=dark)


def test_the_same_chart_gives_the_same_bytes_when_it_is_painted_again() -> None:
    first = charts.png(CHARTS["lines"])
    charts._painted.cache_clear()  # the cache would hide a difference
    assert charts.png(CHARTS["lines"]) == first
    assert charts.png(CHARTS["lines"], dark=True) != first


def test_what_counts_as_drawable_agrees_with_the_table_of_the_font() -> None:
    for point in itertools.chain(
        range(0x20, 0x590), range(0x2000, 0x2070), range(0x20A0, 0x20C0), range(0x4E00, 0x4E20)
    ):
        assert has_glyph(chr(point)) == (point in covered()), hex(point)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Zürich, Łódź, Ελλάδα, Київ, Phở", "Zürich, Łódź, Ελλάδα, Київ, Phở"),
        ("Café ☕ Zürich", "Café Zürich"),
        ("a\x00b\u200bc\u202ed\nе", "a bcd е"),
        ("e\u0301", "é"),
        ("", ""),
        (" \n", ""),
        ("東京", None),
        ("東京 blog", None),  # half of a name is another name
        ("😀", None),
        ("لم يصل", None),
        ("٣", None),
    ],
)
def test_what_of_a_text_can_be_drawn(text: str, drawn: str | None) -> None:
    assert drawable(text) == drawn


def test_what_cannot_be_drawn_is_a_number_that_the_words_explain() -> None:
    chart = replace(CHARTS["bars"], labels=("twitter", "東京ブログ", "😀"), title="Who said \u05d0")
    assert words(layout(chart))[:1] == ["[1]"]
    assert charts.key(chart) == "[1] is Who said \u05d0, [2] is 東京ブログ, [3] is 😀"
    assert {"twitter", "[2]", "[3]"} <= set(words(layout(chart)))
    assert charts.described(chart) == f"{chart.alt} {charts.key(chart)}"
    assert charts.described(CHARTS["stacked"]) == CHARTS["stacked"].alt


def test_two_names_never_look_alike() -> None:
    long = "https://forum.example/a/very/long/thread/about/kettles/"
    chart = replace(
        CHARTS["bars"], labels=(long + "1", long + "2", "blog ☕", "blog"), series=CHARTS["bars"].series[:1]
    )
    placed = layout(replace(chart, series=(Series("now", (4, 3, 2, 1)),)))
    names = words(placed)[1::2]
    assert len(set(names[:4])) == 4
    assert [text for text, _ in placed.keys] == [long + "2", "blog"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (-0.0, "0"), (7, "7"), (1234, "1234"), (9_999, "9999"), (9_999.7, "10k"), (12_345, "12.3k"),
     (999_999, "1M"), (1_234_567, "1.23M"), (-1_200_000, "-1.2M"), (3.2e9, "3.2B"), (5e12, "5T"), (4.2e17, "4.2e17"),
     (2.5, "2.5"), (0.254, "0.25"), (99.96, "100"), (0.5, "0.5")],
)  # fmt: skip
def test_numbers_are_short(value: float, shown: str) -> None:
    assert short(value) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"), [(0, "0 min"), (41, "41 min"), (120, "120 min"), (300, "5 h"), (138, "2.3 h"), (7200, "5 d")]
)
def test_minutes_become_hours_and_days(minutes: float, shown: str) -> None:
    assert told("min")(minutes) == shown


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=8), st.sampled_from(("", "%", "min")))
def test_a_scale_holds_its_values_and_few_round_marks(values: list[float], unit: str) -> None:
    made = scale([0.0 if abs(value) < 1e-9 else value for value in values], unit, 4)
    assert made.low <= min(values, default=0) + 1e-9
    assert made.high >= max(values) - 1e-9
    assert 1 <= len(made.ticks) <= 7
    assert any(math.isclose(value, 0, abs_tol=1e-9) for value, _ in made.ticks)
    assert len({text for _, text in made.ticks}) == len(made.ticks)


def test_counts_have_no_marks_between_whole_numbers() -> None:
    assert [text for _, text in scale([0, 3], "", 4).ticks] == ["0", "1", "2", "3"]
    assert [text for _, text in scale([0], "", 4).ticks] == ["0", "1"]


def test_the_highest_and_the_last_value_are_told() -> None:
    said = words(layout(lines((3.0, 812.0, 40.0, 77.0))))
    assert "812" in said
    assert "77" in said
    stacked = words(layout(CHARTS["stacked"]))
    assert stacked.count("1021") == 1  # the last day is the highest too


def test_the_last_of_few_days_is_labelled() -> None:
    days = tuple(f"Wed, {number} November" for number in range(1, 9))
    said = words(layout(lines((1.0,) * 8, labels=days)))
    assert days[-1] in said
    assert days[0] not in said
    hours = tuple(f"{number:02}:00 o'clock" for number in range(24))
    assert hours[0] in words(layout(lines((1.0,) * 24, labels=hours)))


def test_one_kind_of_columns_is_named_too() -> None:
    """Red columns below "Mentions" would not say that only the negative ones were counted."""
    assert "negative" in words(layout(lines((3.0, 4.0), kind="stacked", series=(Series("negative", (3, 4), "red"),))))


def test_an_unknown_value_is_a_gap_and_not_a_nought() -> None:
    placed = layout(lines((5.0, 6.0, None, 7.0, 8.0)))
    curves = [shape for shape in placed.shapes if isinstance(shape, Stroke) and shape.colour == "blue"]
    assert [len(curve.points) for curve in curves] == [2, 2]
    alone = layout(lines((5.0, None, 7.0, 8.0)))
    assert sum(isinstance(shape, Dot) for shape in alone.shapes) >= 2


def test_unknown_bars_say_so() -> None:
    said = words(layout(Chart("bars", "T", ("a", "b"), (Series("now", (None, 0)),), "")))
    assert said == ["T", "a", "–", "b", "0"]


@pytest.mark.parametrize("kind", ["lines", "bars", "stacked"])
@pytest.mark.parametrize("series", [(), (Series("a", ()),), (Series("a", (None, math.nan, math.inf)),)])
def test_a_chart_of_nothing_says_so(kind: str, series: tuple[Series, ...]) -> None:
    assert words(layout(Chart(kind, "Title", ("x",), series, ""))) == ["Title", "Nothing to show"]


@pytest.mark.parametrize("kind", ["lines", "bars", "stacked"])
@pytest.mark.parametrize("values", [(5.0,), (0.0,), (0.0,) * 7, (7.0,) * 7, (-3.0, -1.0, -2.0)])
def test_short_flat_and_negative_ones(kind: str, values: tuple[float, ...]) -> None:
    placed = layout(lines(values, kind=kind))
    assert_legible(placed)
    assert "Nothing to show" not in words(placed)


def test_percents_have_a_panel_of_their_own() -> None:
    placed = layout(CHARTS["lines"])
    assert {"0%", "50%", "100%", "69%"} <= set(words(placed))
    assert placed.height > layout(CHARTS["minutes"]).height
    only = layout(lines((5.0, 6.0), series=(Series("share, %", (40.0, 50.0), "red"),)))
    assert "50%" in words(only)


def test_series_differ_in_more_than_their_colour() -> None:
    same = tuple(Series(name, (1.0, 2.0, 4.0), "grey") for name in "abcd")
    placed = layout(Chart("lines", "T", ("x", "y", "z"), same, ""))
    curves = [shape for shape in placed.shapes if isinstance(shape, Stroke) and len(shape.points) == 3]
    assert len({curve.dash for curve in curves}) == 4
    assert len({shape.marker for shape in placed.shapes if isinstance(shape, Dot)}) == 4
    stacked = layout(Chart("stacked", "T", ("x", "y", "z"), same, ""))
    assert len({shape.texture for shape in stacked.shapes if isinstance(shape, Area)}) == 4


def test_a_thousand_points_and_a_hundred_bars() -> None:
    many = tuple(float(value % 97) for value in range(1_000))
    for kind in ("lines", "stacked"):
        placed = layout(lines(many, kind=kind))
        assert_legible(placed)
        assert len(charts.png(lines(many, kind=kind))) < 60_000
    bars = layout(lines(many[:100], kind="bars"))
    assert_legible(bars)
    assert "and 87 more" in words(bars)


def test_too_many_series_are_counted() -> None:
    series = tuple(Series(f"Brand {number}", (1.0, float(number))) for number in range(11))
    placed = layout(Chart("lines", "T", ("x", "y"), series, ""))
    assert "and 3 more" in words(placed)
    assert_legible(placed)


def test_bars_are_as_long_as_their_values() -> None:
    placed = layout(Chart("bars", "T", ("a", "b"), (Series("now", (100, 25), "blue"),), ""))
    boxes = [shape.boxes[0] for shape in placed.shapes if isinstance(shape, Area)]
    assert math.isclose((boxes[0].right - boxes[0].left) / (boxes[1].right - boxes[1].left), 4, rel_tol=1e-6)


def test_columns_stand_upon_each_other() -> None:
    placed = layout(CHARTS["stacked"])
    low, middle, _ = [shape for shape in placed.shapes if isinstance(shape, Area) and len(shape.boxes) == len(DAYS)]
    assert all(math.isclose(one.top, other.bottom) for one, other in zip(low.boxes, middle.boxes, strict=True))


def test_an_identity_changes_with_the_chart() -> None:
    chart = CHARTS["bars"]
    assert charts.identity(chart) == charts.identity(replace(chart))
    assert charts.identity(chart) != charts.identity(replace(chart, labels=("a", "b", "c")))
    assert len(charts.identity(chart)) == 32


def test_no_accent_stands_alone() -> None:
    assert all(not unicodedata.combining(sign) for sign in drawable("x" + "\u0301" * 50) or "")
