"""What our messages and modals carry through Slack and back: ids and verbs, never a customer's words.

A button's value, a menu's option and a modal's private metadata are short JSON. Whoever reads it trusts nothing: the
role, the state and the hash are checked where the verb is done.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.cards import Button

ACT = "act"  # action ids of our buttons and menus are act:0, act:1 …
SHARE = "share"  # a verb of ours that is no staff verb: show the answer whose id is in values["answer"] to the channel
OPENED = "open"  # action ids of buttons that only open a link
NOTHING = "\u2205"  # stands for the empty value of a choice, which Slack refuses
MENU_VALUE = 150  # UTF-16 units that the value of a menu's option may have


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button says. `confirm` is asked first where Slack cannot ask by itself (a menu)."""

    verb: str
    case: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a modal was opened from: answers go there. Empty in App Home. `message` is what was clicked, if any."""

    channel: str = ""
    thread: str = ""
    message: str = ""


def value_of(button: Button, *, in_menu: bool = False) -> str:
    """The value of a button, or of a menu's option (at most 150 characters; there the question travels along).

    A question that is too long for a menu becomes a shorter one; it is asked in any case.
    """
    told: dict[str, object] = {"v": button.verb}
    if button.case is not None:
        told["c"] = button.case
    if button.values:
        told["a"] = dict(button.values)
    if not in_menu or not button.confirm.strip():
        return packed(told)
    for question in (button.confirm, f"{button.label}?", "Sure?"):
        value = packed({**told, "q": question})
        if len(value.encode("utf-16-le")) // 2 <= MENU_VALUE:
            return value
    return value


def read_value(value: str) -> Pressed | None:
    """The inverse; None for what is not ours or broken."""
    try:
        told = json.loads(value)
        case = told.get("c")
        values = {str(name): str(one) for name, one in dict(told.get("a", {})).items()}
        return Pressed(str(told["v"]), None if case is None else int(case), values, str(told.get("q", "")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def packed(told: Mapping[str, object]) -> str:
    """As short as JSON can be, and always UTF-8: half a character becomes a question mark."""
    words = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return words.encode("utf-8", "replace").decode()
