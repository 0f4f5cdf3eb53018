"""What was learned as a file, to be carried from one Earshot to another. It holds single words and pairs of words of
mentions, with their weights, and no mention. The words of a mention that is deleted later stay in the file: who keeps
it deletes it too, or writes it anew."""

import json
import math
from collections.abc import Mapping
from typing import Any

from handlers import lessons
from handlers.context import Context
from handlers.rules.learning import Learner
from storage.errors import Conflict, InvalidInput

LONGEST = 20_000_000  # characters
_WHAT, _VERSION = "team lessons", 1
_MOST, _GREATEST, _LONGEST_NAME = 100_000, 1e9, 500
_NEVER_NEGATIVE = ("squares", "slope_square", "bias_square", "met", "seen", "decisions", "relearned")
_HOW = "`earshot model export FILE` writes one."


def written(ctx: Context) -> str:
    """What was learned as JSON. Raises Conflict while that is nothing, or is learned anew."""
    status = ctx.store.lessons.status()
    if status.is_stale or status.is_partial:
        raise Conflict(
            "All of it is being learned anew.",
            "Let Earshot run for some minutes, or stop it and use `earshot model rebuild`; then export again.",
        )
    learner = lessons.learner(ctx.store)
    if learner is None or not learner.decisions:
        raise Conflict("Nothing has been learned yet.", "It is learned from what the team takes and sets aside.")
    told = {"earshot": _WHAT, "version": _VERSION, "decisions": learner.decisions, "learner": learner.to_plain()}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def take_over(ctx: Context, text: str, by: str) -> Learner:
    """Begin anew with what a file holds, in the caller's transaction. Raises InvalidInput for what is no such file."""
    learner = read(text)
    ctx.store.lessons.forget(by, ctx.now, json.dumps(learner.to_plain()))
    return learner


def read(text: str) -> Learner:
    """The learner in a file. Raises InvalidInput, saying what is wrong with it."""
    if len(text) > LONGEST:
        raise InvalidInput(f"The file is too long: {len(text):,} characters.", _HOW)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The file cannot be read: it is no JSON.", _HOW) from error
    if not isinstance(told, dict) or told.get("earshot") != _WHAT or not isinstance(told.get("learner"), dict):
        raise InvalidInput("The file holds nothing that a team has taught Earshot.", _HOW)
    if told.get("version") != _VERSION:
        raise InvalidInput("The file was written by another version of Earshot.", "Export it with this one.")
    try:
        _check(told["learner"])
        learner = Learner.from_plain(told["learner"])
        if learner.decisions < 1:
            raise ValueError("it has learned nothing")
        return Learner.from_plain(json.loads(json.dumps(learner.to_plain())))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(f"The weights in the file cannot be used: {error}.", _HOW) from error


def _check(plain: Mapping[str, Any]) -> None:
    """Raises ValueError for what no learner writes."""
    watch = plain.get("watch")
    for part in (plain, watch if isinstance(watch, dict) else {}):
        for name in _NEVER_NEGATIVE:
            _check_sizes(part.get(name))
    for value in plain.values():
        if isinstance(value, dict):
            _check_weights(value)
        elif isinstance(value, list):
            _check_weights(dict(enumerate(value)))
        else:
            _check_number(value)


def _check_sizes(value: Any) -> None:
    for one in value.values() if isinstance(value, dict) else (value,):
        if isinstance(one, int | float) and one < 0:
            raise ValueError("a sum of squares or a count is less than nothing")


def _check_weights(weights: Mapping[Any, Any]) -> None:
    if len(weights) > _MOST:
        raise ValueError("there are too many")
    for name, value in weights.items():
        if len(str(name)) > _LONGEST_NAME:
            raise ValueError("one of them has a name that is too long")
        for one in value if isinstance(value, list) else (value,):
            _check_number(one)


def _check_number(value: Any) -> None:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    if value is not None and not (is_number and abs(value) <= _GREATEST):
        raise ValueError("one of them is no number")
