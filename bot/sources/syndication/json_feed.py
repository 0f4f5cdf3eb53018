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


def read_what_can_be(text: str) -> Any:
    """JSON from outside, with an Unreadable for NaN, a number too long and what is nested too deep.

    Raises ValueError with a sentence when it is not JSON at all.
    """
    try:
        return read_json(text)
    except ValueError as error:
        reason = str(error)
    try:
        return json.loads(_without_depths(text), parse_constant=_constant, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise ValueError(reason) from None


def reason_against(value: object) -> str:
    """Why a value cannot be read as a whole, "" when it can."""
    if isinstance(value, Unreadable):
        return value.reason
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((reason for reason in map(reason_against, inner) if reason), "")


def _without_depths(text: str) -> str:
    """The text with a constant in place of each value that is nested deeper than MAX_DEPTH."""
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
    return Unreadable(f"{name} is no number in JSON, or stands for what is nested deeper than {MAX_DEPTH} levels.")


def _number(told: str) -> int | float | Unreadable:
    if len(told) > _LONGEST_NUMBER:
        return Unreadable(f"A number in it has {len(told):,} digits.")
    return int(told) if told.lstrip("-").isdigit() else float(told)
