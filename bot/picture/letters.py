"""The letters of charts: one font for every chat, what it can draw, and how wide words are.

The font is Inter, which has Latin, Greek and Cyrillic letters. What it lacks must not become empty boxes: `drawable`
says what of a text can stand in a picture, and that nothing of it can when a letter would be missing.
"""

import unicodedata
from functools import cache, lru_cache

import fontpkg_inter
from PIL import ImageFont

_FILE = str(fontpkg_inter.ROOT / "files" / "Inter[opsz,wght].ttf")
_WEIGHTS = {False: 450, True: 650}
_NO_CHARACTER = "\U0010fffd"  # private use, without a glyph in any font
_LONGEST = 300  # characters of a text that are looked at
_MEANING = ("Sm", "Sc")  # signs without which a text says something else: ±, €


@cache
def font(size: int, *, is_bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    # The basic layout is the same on every machine; it joins no letters, and the scripts that need it are not drawn.
    loaded = ImageFont.truetype(_FILE, size, layout_engine=ImageFont.Layout.BASIC)
    loaded.set_variation_by_axes([min(size, 32), _WEIGHTS[is_bold]])
    return loaded


@lru_cache(maxsize=8_000)
def width(text: str, size: int, *, is_bold: bool = False) -> float:
    """How many pixels wide a text is."""
    return font(size, is_bold=is_bold).getlength(text)


@lru_cache(maxsize=4_000)
def has_glyph(character: str) -> bool:
    """Whether the font has this character, be it a blank one."""
    return _picture(character) != _missing()


@lru_cache(maxsize=2_000)
def drawable(text: str) -> str | None:
    """The text as it can be drawn, in one line; None when a letter, a digit or a sign with a meaning would be missing.

    Ornaments (emoji, hidden characters, piled accents) are left out as long as something remains.
    """
    kept = []
    for character in unicodedata.normalize("NFC", text[:_LONGEST]):
        kind = unicodedata.category(character)
        if character.isspace() or kind in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif kind[0] not in "MC" and has_glyph(character):
            kept.append(character)
        elif kind[0] in "LN" or kind in _MEANING:
            return None
    words = " ".join("".join(kept).split())
    return None if text.strip() and not words else words


def fitted(text: str, room: float, size: int, *, is_bold: bool = False) -> str:
    """The text, cut with "…" where it is wider than `room` pixels."""
    if width(text, size, is_bold=is_bold) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + "…", size, is_bold=is_bold) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


@cache
def _missing() -> tuple[tuple[int, int], bytes]:
    return _picture(_NO_CHARACTER)


def _picture(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(26).getmask(character)
    return mask.size, bytes(mask)
