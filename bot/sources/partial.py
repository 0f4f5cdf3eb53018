"""JSON of which a part makes no sense: that part is named, the rest is read."""

import json
import re
from typing import Any

from bot.sources.fieldmap import MAX_DEPTH, read_json

_LONGEST_NUMBER = 4_000  # digits; more than 4,300 Python refuses to read
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?+|[\[\]{}]', re.DOTALL)
_CONSTANT = "NaN"


class Unreadable:
    """Stands where a value cannot be read; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return "…"


def read_what_can_be(body: str | bytes) -> Any:
    """JSON from outside, with an Unreadable for NaN, a number too long and what is nested too deep.

    Bytes that are no UTF-8 are replaced. Raises ValueError with a sentence when it is not JSON at all.
    """
    try:
        return read_json(body)
    except ValueError as error:
        reason = str(error)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return json.loads(without_depths(text), parse_constant=_constant, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise ValueError(reason) from None


def reason_against(value: object) -> str:
    """Why a value cannot be read as a whole, "" when it can."""
    if isinstance(value, Unreadable):
        return value.reason
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((reason for reason in map(reason_against, inner) if reason), "")


def without_depths(text: str) -> str:
    """The text with NaN in place of each value that is nested deeper than MAX_DEPTH."""
    kept, depth, place = [], 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept.append(text[place : token.start()])
        elif token[0] in "]}":
            depth -= 1
            if depth == MAX_DEPTH:
                kept.append(_CONSTANT)
                place = token.end()
    return "".join(kept) + text[place:] if depth <= MAX_DEPTH else text


def _constant(name: str) -> Unreadable:
    if name == _CONSTANT:
        return Unreadable(
            f"A part of it is nested deeper than {MAX_DEPTH} levels, or is NaN, which is no number in JSON."
        )
    return Unreadable(f"{name} is no number in JSON.")


def _number(told: str) -> int | float | Unreadable:
    if len(told) > _LONGEST_NUMBER:
        return Unreadable(f"A number in it has {len(told):,} digits.")
    return int(told) if told.lstrip("-").isdigit() else float(told)
