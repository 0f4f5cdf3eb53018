"""One question of a form as an input of a modal, and its name found again in what comes back."""

import hashlib

from bot.chats.slack.blocks import Block, plain
from bot.chats.slack.codes import MENU_VALUE, NOTHING
from bot.chats.wording import beginning, literal, measure
from handlers.forms import Field
from handlers.rules.text import clean

_BLOCK = "f:"  # block ids are f:<field>, or f:<field>:<hash of what it was filled with>
_PICKED, _TYPED, _FILLED = "pick:", "typed:", "in:"  # action ids; the first two tell us before the form is submitted
_ASKING_AGAIN = frozenset({"template"})  # choosing one fills other fields anew
_LONGEST = 3_000  # characters that Slack takes in a field
_OPTIONS = 100
_LABEL, _HINT, _OPTION = 200, 600, 75


def input_of(field: Field) -> Block:
    """The field as a block. Its id follows from what it is filled with: Slack keeps what stands in a known block."""
    element = _element(field)
    drawn: Block = {
        "type": "input",
        "block_id": _block_id(field),
        "label": plain(literal(" ".join(field.label.split()), _LABEL) or field.name),
        "element": element,
        "optional": not field.is_required,
    }
    if element["action_id"].startswith((_PICKED, _TYPED)):
        drawn["dispatch_action"] = True
    if hint := literal(field.hint, _HINT):
        drawn["hint"] = plain(hint)
    return drawn


def name_in(block_id: str) -> str:
    """The field's name, "" for a block that is none."""
    return block_id[len(_BLOCK) :].partition(":")[0] if block_id.startswith(_BLOCK) else ""


def _block_id(field: Field) -> str:
    if not field.value:
        return f"{_BLOCK}{field.name}"
    filled = hashlib.sha256(field.value.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_BLOCK}{field.name}:{filled}"


def _element(field: Field) -> Block:
    options = _options(field)
    if field.kind == "choice" and options:
        return _select(field, options)
    if field.kind == "member":
        return _select(field, options) if options and len(field.choices) <= _OPTIONS else _people(field)
    return _typed(field)


def _select(field: Field, options: list[Block]) -> Block:
    prefix = _PICKED if field.name in _ASKING_AGAIN else _FILLED
    chosen = [option for option in options if option["value"] == (field.value or NOTHING)]
    initial = {"initial_option": chosen[0]} if chosen else {}
    return {
        "type": "static_select",
        "action_id": f"{prefix}{field.name}",
        "placeholder": plain("Choose…"),
        "options": options,
        **initial,
    }


def _options(field: Field) -> list[Block]:
    """At most a hundred, the chosen one among them; a value that Slack cannot carry cannot be offered."""
    labels = {value or NOTHING: label for value, label in reversed(field.choices)}
    values = [value for value in reversed(labels) if _can_be_carried(value)]
    kept = values[:_OPTIONS]
    if field.value in values[_OPTIONS:]:
        kept[-1] = field.value
    return [{"text": plain(_label(labels[value])), "value": value} for value in kept]


def _can_be_carried(value: str) -> bool:
    return bool(value.strip()) and measure(value) <= MENU_VALUE and clean(value) == value


def _label(label: str) -> str:
    return literal(" ".join(label.split()), _OPTION) or "–"


def _people(field: Field) -> Block:
    return {"type": "users_select", "action_id": f"{_FILLED}{field.name}", "placeholder": plain("Choose…")}


def _typed(field: Field) -> Block:
    is_long = field.kind == "long_text"
    value = _filled(field.value if is_long else " ".join(field.value.split()))
    drawn: Block = {
        "type": "plain_text_input",
        "action_id": f"{_TYPED if is_long else _FILLED}{field.name}",
        "multiline": is_long,
        "max_length": max(1, min(_LONGEST, max(field.max_length, measure(value)))),
    }
    if value:
        drawn["initial_value"] = value
    if is_long:
        drawn["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    return drawn


def _filled(value: str) -> str:
    """What stands in the field at first. A text longer than the field may be is shown whole: she shortens it."""
    value = beginning(clean(value), _LONGEST)
    return value if value.strip() else ""
