"""The limits of what stands in a modal: texts, and inputs under their labels [doc]."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord.lint_components import Place, duplicates, lint_options, lint_select, sized
from tests.discord.looks import (
    CHECKBOX,
    CHECKBOXES,
    FILE_UPLOAD,
    LABEL,
    RADIO,
    ROW,
    SELECTS,
    TEXT_DISPLAY,
    TEXT_INPUT,
)
from tests.discord.refusals import Wrong


def lint_inputs(rows: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
    """The top components of a modal: labels with an input each, texts, and (old) rows with one text input."""
    for place, one in enumerate(rows):
        at: Place = ("components", place)
        if one.get("type") == TEXT_DISPLAY:
            yield from sized((*at, "content"), one.get("content"), 1, 4000)
        elif one.get("type") == LABEL:
            yield from sized((*at, "label"), one.get("label"), 1, 45)
            yield from sized((*at, "description"), one.get("description") or "", 0, 100)
            yield from _input((*at, "component"), one.get("component") or {})
        elif one.get("type") == ROW:
            inside = one.get("components") or []
            if len(inside) != 1 or inside[0].get("type") != TEXT_INPUT:
                yield (*at, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A row of a modal has one text input."
            else:
                yield from sized((*at, "components", 0, "label"), inside[0].get("label"), 1, 45)
                yield from _input((*at, "components", 0), inside[0])
        else:
            yield (*at, "type"), "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1, 10, 18).'
    yield from duplicates(rows)


def _input(at: Place, one: Mapping[str, Any]) -> Iterator[Wrong]:
    kind = one.get("type")
    if kind in SELECTS:
        yield from lint_select(at, one)
        if one.get("disabled"):
            yield (*at, "disabled"), "BASE_TYPE_CHOICES", "A select in a modal cannot be disabled."
        return
    yield from sized((*at, "custom_id"), one.get("custom_id"), 1, 100)
    if kind == TEXT_INPUT:
        yield from _text_input(at, one)
    elif kind == RADIO:
        yield from lint_options(at, one.get("options") or [], 2, 10)
    elif kind == CHECKBOXES:
        yield from lint_options(at, one.get("options") or [], 1, 10)
    elif kind == FILE_UPLOAD:
        if not 1 <= (one.get("max_values") or 1) <= 10:
            yield (*at, "max_values"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 10."
    elif kind != CHECKBOX:
        yield (*at, "type"), "UNION_TYPE_CHOICES", "A label holds an input."


def _text_input(at: Place, one: Mapping[str, Any]) -> Iterator[Wrong]:
    if one.get("style") not in (1, 2):
        yield (*at, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2)."
    yield from sized((*at, "placeholder"), one.get("placeholder") or "", 0, 100)
    least, most = one.get("min_length") or 0, one.get("max_length") or 4000
    if not (0 <= least <= 4000 and 1 <= most <= 4000 and least <= most):
        yield (*at, "max_length"), "NUMBER_TYPE_MAX", "min_length and max_length must be 0 to 4000, in this order."
    value = one.get("value") or ""
    if len(value) > most:  # what it begins with obeys max_length too; an empty one may be shorter than min_length
        yield (*at, "value"), "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
    elif value and len(value) < least:
        yield (*at, "value"), "BASE_TYPE_MIN_LENGTH", f"Must be {least} or more in length."
