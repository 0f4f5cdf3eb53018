"""What a person sees of blocks: words, buttons, menus, and what an input holds when nobody has touched it."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SELECTS = ("static_select", "users_select", "channels_select", "conversations_select", "external_select")
PICKERS = {"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time"}


def elements(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything of a block that can be pressed or filled in."""
    if block["type"] in ("actions", "context_actions"):
        yield from block["elements"]
    for name in ("accessory", "element"):
        if name in block and block[name]["type"] != "image":
            yield block[name]
    if block["type"] == "card":
        yield from block.get("actions", ())
    for child in block.get("child_blocks", ()):
        yield from elements(child)


def pressable(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """(block, element) of all blocks."""
    return ((block, element) for block in blocks for element in elements(block))


def buttons(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    return [one["text"]["text"] for _, one in pressable(blocks) if one["type"] == "button"]


def menu(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The items of its more-menus."""
    found = [one["options"] for _, one in pressable(blocks) if one["type"] == "overflow"]
    return [option["text"]["text"] for options in found for option in options]


def options(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What can be chosen in a menu, select, radio or checkbox element."""
    grouped = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return [*element.get("options", ()), *grouped]


def unescaped(text: str, names: Mapping[str, str]) -> str:
    """mrkdwn as it reads: entities become words."""

    def shown(found: re.Match[str]) -> str:
        inside, _, label = found[1].partition("|")
        return label or (f"@{names.get(inside[1:], inside[1:])}" if inside.startswith("@") else inside)

    text = re.sub(r"<([^<>]+)>", shown, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def words(blocks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """All readable text of blocks, a line for each; without the labels of buttons."""
    return "\n".join(line for block in blocks for line in _lines(block, names) if line)


def _lines(block: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    if block["type"] == "rich_text":
        for part in block["elements"]:
            yield from _rich(part, names)
        return
    for name in ("text", "title", "subtitle", "body", "subtext", "label", "hint", "caption"):
        if isinstance(block.get(name), Mapping):
            yield _text(block[name], names)
    for one in block.get("fields", ()):
        yield _text(one, names)
    if block["type"] == "context":
        for one in block["elements"]:
            yield one["alt_text"] if one["type"] == "image" else _text(one, names)
    for child in block.get("child_blocks", ()):
        yield from _lines(child, names)
    if block["type"] == "image":
        yield block["alt_text"]
    if block["type"] == "markdown":
        yield block["text"]


def _rich(part: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    if part["type"] == "rich_text_list":
        for one in part["elements"]:
            yield from _rich(one, names)
    else:
        yield "".join(_inline(one, names) for one in part["elements"])


def _inline(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    match one["type"]:
        case "text":
            return str(one["text"])
        case "link":
            return str(one.get("text") or one["url"])
        case "user":
            return f"@{names.get(one['user_id'], one['user_id'])}"
        case "emoji":
            return f":{one['name']}:"
        case "date":
            return str(one.get("fallback") or one["format"])
        case kind:
            return f"[{kind}]"


def _text(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    text = str(one["text"])
    return text if one["type"] == "plain_text" else unescaped(text, names)


def initial_state(blocks: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """`state.values` when nobody has touched anything: the initial values, not nothing."""
    found: dict[str, dict[str, Any]] = {}
    for block, element in pressable(blocks):
        if (held_ := _initial(element)) is not None:
            found.setdefault(block["block_id"], {})[element["action_id"]] = held_
    return found


def _initial(element: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = element["type"]
    if kind in ("plain_text_input", "email_text_input", "url_text_input", "number_input"):
        return {"type": kind, "value": element.get("initial_value") or None}
    if kind in ("static_select", "external_select", "radio_buttons"):
        return {"type": kind, "selected_option": copy.deepcopy(element.get("initial_option"))}
    if kind == "checkboxes" or kind.startswith("multi_static"):
        return {"type": kind, "selected_options": copy.deepcopy(element.get("initial_options", []))}
    if kind in SELECTS:
        what = kind.removesuffix("s_select")
        return {"type": kind, f"selected_{what}": element.get(f"initial_{what}")}
    if kind in PICKERS:
        what = PICKERS[kind]
        return {"type": kind, f"selected_{what}": element.get(f"initial_{what}")}
    return None


def held(one: Mapping[str, Any]) -> str:
    """What an input holds, as it reads."""
    for name, value in one.items():
        if name == "type" or not value:
            continue
        if isinstance(value, Mapping):
            return str(value["text"]["text"])
        return ", ".join(part["text"]["text"] for part in value) if isinstance(value, list) else str(value)
    return ""
