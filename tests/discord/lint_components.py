"""The limits of components in messages: rows of buttons and menus, and the layouts of the second kind [doc]."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord.looks import (
    BUTTON,
    CONTAINER,
    FILE,
    GALLERY,
    ROW,
    SECTION,
    SELECTS,
    SEPARATOR,
    STRING_SELECT,
    TEXT_DISPLAY,
    THUMBNAIL,
    walk,
)
from tests.discord.refusals import Wrong

Place = tuple[str | int, ...]
MOST_COMPONENTS, MOST_TEXT = 40, 4000
_LINK = 5
_IN_V2 = (ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER)


def lint_v1(rows: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
    """Up to five rows, nothing else."""
    if len(rows) > 5:
        yield ("components",), "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length."
    for place, one in enumerate(rows):
        at: Place = ("components", place)
        if one.get("type") != ROW:
            yield (*at, "type"), "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).'
        else:
            yield from _row(at, one)
    yield from duplicates(rows)


def lint_v2(components: Sequence[Mapping[str, Any]], file_names: Sequence[str]) -> Iterator[Wrong]:
    """Up to 40 components, those inside others and accessories included, and 4,000 characters of text."""
    if not components:
        yield ("components",), "BASE_TYPE_REQUIRED", "This field is required"
    if total_of(components) > MOST_COMPONENTS:
        words = f"The maximum number of components is {MOST_COMPONENTS}."
        yield ("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words
    total = sum(len(one.get("content") or "") for one in walk(components) if one.get("type") == TEXT_DISPLAY)
    if total > MOST_TEXT:
        words = f"The combined length of all displayed text must be {MOST_TEXT} or fewer."
        yield ("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words
    for place, one in enumerate(components):
        yield from _layout(("components", place), one, file_names)
    yield from duplicates(components)


def total_of(components: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for _ in walk(components))


def duplicates(components: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
    """A custom id is there once in a message or modal."""
    ids = Counter(str(one["custom_id"]) for one in walk(components) if one.get("custom_id"))
    for custom_id, count in ids.items():
        if count > 1:
            words = f"Component custom id cannot be duplicated ({custom_id})"
            yield ("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", words


def lint_select(at: Place, menu: Mapping[str, Any]) -> Iterator[Wrong]:
    """A menu, in a message or a modal."""
    yield from sized((*at, "custom_id"), menu.get("custom_id"), 1, 100)
    yield from sized((*at, "placeholder"), menu.get("placeholder") or "", 0, 150)
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if not (0 <= least <= 25 and 1 <= most <= 25 and least <= most):
        yield (*at, "max_values"), "NUMBER_TYPE_MAX", "min_values and max_values must be 0 to 25, in this order."
    if menu["type"] != STRING_SELECT:
        return
    yield from lint_options(at, menu.get("options") or [], 1, 25)
    if most > len(menu.get("options") or []):
        yield (*at, "max_values"), "NUMBER_TYPE_MAX", "There are fewer options than max_values."
    if len([one for one in menu.get("options") or [] if one.get("default")]) > most:
        yield (*at, "options"), "SELECT_COMPONENT_DEFAULTS_EXCEED_MAX", "More options are chosen than may be."


def lint_options(at: Place, options: Sequence[Mapping[str, Any]], least: int, most: int) -> Iterator[Wrong]:
    """What can be chosen."""
    if not least <= len(options) <= most:
        yield (*at, "options"), "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
    for place, one in enumerate(options):
        inside = (*at, "options", place)
        yield from sized((*inside, "label"), one.get("label"), 1, 100)
        yield from sized((*inside, "value"), one.get("value"), 1, 100)
        yield from sized((*inside, "description"), one.get("description") or "", 0, 100)
    values = Counter(one.get("value") for one in options)
    for value, count in values.items():
        if count > 1:
            words = f"The specified option value is already used ({value})"
            yield (*at, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", words


def sized(at: Place, value: Any, least: int, most: int) -> Iterator[Wrong]:
    """What is wrong with a text's length."""
    if not isinstance(value, str):
        yield at, "BASE_TYPE_REQUIRED", "This field is required"
    elif not least <= len(value) <= most:
        yield at, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."


def _row(at: Place, row: Mapping[str, Any]) -> Iterator[Wrong]:
    inside = row.get("components") or []
    kinds = [one.get("type") for one in inside]
    is_buttons = bool(kinds) and len(kinds) <= 5 and set(kinds) == {BUTTON}
    if not is_buttons and not (len(kinds) == 1 and kinds[0] in SELECTS):
        words = "A row has one to five buttons, or one menu."
        yield (*at, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words
        return
    for place, one in enumerate(inside):
        lint = _button if one["type"] == BUTTON else lint_select
        yield from lint((*at, "components", place), one)


def _button(at: Place, button: Mapping[str, Any]) -> Iterator[Wrong]:
    style = button.get("style")
    if style not in range(1, 7):
        yield (*at, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."
    if not button.get("label") and not button.get("emoji"):
        yield (*at, "label"), "BUTTON_COMPONENT_INVALID", "A button has a label or an emoji."
    yield from sized((*at, "label"), button.get("label") or "", 0, 80)
    if style != _LINK:
        yield from sized((*at, "custom_id"), button.get("custom_id"), 1, 100)
        return
    if button.get("custom_id"):
        yield at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified"
    url = str(button.get("url") or "")
    if not re.match(r"(https?|discord)://[^\s]+\Z", url):
        yield (*at, "url"), "BASE_TYPE_BAD_URL", "Not a well formed URL."
    yield from sized((*at, "url"), url, 1, 512)


def _layout(at: Place, one: Mapping[str, Any], files: Sequence[str], *, is_inside: bool = False) -> Iterator[Wrong]:
    kind = one.get("type")
    if kind not in _IN_V2 or (is_inside and kind == CONTAINER):
        yield (*at, "type"), "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {_IN_V2}.'
    elif kind == ROW:
        yield from _row(at, one)
    elif kind == TEXT_DISPLAY:
        yield from sized((*at, "content"), one.get("content"), 1, MOST_TEXT)
    elif kind == SECTION:
        yield from _section(at, one, files)
    elif kind == GALLERY:
        items = one.get("items") or []
        if not 1 <= len(items) <= 10:
            yield (*at, "items"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length."
        for place, item in enumerate(items):
            yield from _media((*at, "items", place), item.get("media"), files)
    elif kind == FILE:
        yield from _media((*at, "file"), one.get("file"), files)
    elif kind == CONTAINER:
        if not one.get("components"):
            yield (*at, "components"), "BASE_TYPE_REQUIRED", "This field is required"
        for place, inner in enumerate(one.get("components") or ()):
            yield from _layout((*at, "components", place), inner, files, is_inside=True)


def _section(at: Place, section: Mapping[str, Any], files: Sequence[str]) -> Iterator[Wrong]:
    inside = section.get("components") or []
    if not 1 <= len(inside) <= 3 or {one.get("type") for one in inside} != {TEXT_DISPLAY}:
        yield (*at, "components"), "BASE_TYPE_BAD_LENGTH", "A section has one to three texts."
    for place, one in enumerate(inside):
        yield from sized((*at, "components", place, "content"), one.get("content"), 1, MOST_TEXT)
    beside = section.get("accessory") or {}
    if beside.get("type") == BUTTON:
        yield from _button((*at, "accessory"), beside)
    elif beside.get("type") == THUMBNAIL:
        yield from _media((*at, "accessory", "media"), beside.get("media"), files)
    else:
        yield (*at, "accessory"), "BASE_TYPE_REQUIRED", "This field is required"


def _media(at: Place, media: Any, files: Sequence[str]) -> Iterator[Wrong]:
    url = str((media or {}).get("url") or "")
    if url.startswith("attachment://"):
        if url.removeprefix("attachment://") not in files:
            words = "The referenced attachment was not found."
            yield (*at, "url"), "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", words
    elif not re.match(r"https?://[^\s]+\Z", url):
        yield (*at, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL."
