"""How long a text is as X counts, and whether it has an address in it, which X charges for.

X publishes the weights: most letters of the West count one, everything else two, an emoji two however it is put
together, an address 23.
"""

import re
import unicodedata

import regex

LIMIT = 280
_URL_LENGTH = 23
_LIGHT = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")
_GRAPHEME = regex.compile(r"\X")
# X links every name that could be a domain; it knows all endings there are, so here every ending counts as one.
_ADDRESS = re.compile(r"(?:https?://\S+|(?<![@\w.-])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}\b(?:/\S*)?)", re.IGNORECASE)


def weight(text: str) -> int:
    """Its length as X counts; never less than that."""
    text = unicodedata.normalize("NFC", text)
    total, at = 0, 0
    for found in _ADDRESS.finditer(text):
        is_sure = found[0].lower().startswith("http")
        total += _weight_of(text[at : found.start()])
        total += _URL_LENGTH if is_sure else max(_URL_LENGTH, _weight_of(found[0]))
        at = found.end()
    return total + _weight_of(text[at:])


def has_address(text: str) -> bool:
    """Whether X may find an address in it."""
    return bool(_ADDRESS.search(text))


def _weight_of(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if _EMOJI.search(one) else sum(map(_single, one)) for one in _GRAPHEME.findall(text))


def _single(character: str) -> int:
    number = ord(character)
    return 1 if any(first <= number <= last for first, last in _LIGHT) else 2
