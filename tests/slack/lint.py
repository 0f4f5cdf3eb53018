"""What Slack would refuse in a message or view, without Slack: every limit of Block Kit that we know of.

An empty list means that nothing was found. It is stricter than Slack on purpose: lengths are UTF-16 units (an emoji is
two), a message's whole text has a budget below where `msg_blocks_too_long` was seen, and kinds that nobody here has
tried (cards, tables, charts) are refused until they are taught to it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.slack.checks import (
    address,
    each_of,
    is_a,
    is_no_bool,
    known_keys,
    measure,
    one_of,
    plain_text,
    string,
    text_object,
)

BLOCKS = {"message": 50, "modal": 100, "home": 100}
TEXT = 4_000  # characters of a message's `text` that every client shows
ALL_TEXT = 10_000  # characters of a message's blocks together; 11,341 were refused once
VIEW_BYTES = 250_000
EVERYWHERE = frozenset({"message", "modal", "home"})
SURFACES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("actions", "context", "divider", "header", "image", "input", "rich_text", "section"), EVERYWHERE),
    **dict.fromkeys(("context_actions", "file", "markdown", "plan", "task_card"), frozenset({"message"})),
    **dict.fromkeys(("data_table", "data_visualization", "table", "container", "carousel"), EVERYWHERE - {"modal"}),
    **dict.fromkeys(("card", "video"), EVERYWHERE),
    "alert": frozenset({"modal"}),
}

_SELECTS = {
    "static_select": {"options", "option_groups", "initial_option"},
    "users_select": {"initial_user"},
    "conversations_select": {"initial_conversation", "default_to_current_conversation", "filter"},
    "channels_select": {"initial_channel"},
    "external_select": {"initial_option", "min_query_length"},
}
_PICKERS = {"datepicker": {"initial_date"}, "timepicker": {"initial_time"}, "datetimepicker": {"initial_date_time"}}
_CHOICES = {"radio_buttons": {"options", "initial_option"}, "checkboxes": {"options", "initial_options"}}
_TYPED = {
    "plain_text_input": {"initial_value", "multiline", "min_length", "max_length", "dispatch_action_config"},
}
_FIELDS = {**_SELECTS, **_PICKERS, **_CHOICES, **_TYPED}  # what an input may hold
_PRESSED = {
    "button": {"text", "value", "url", "style", "confirm", "accessibility_label", "action_id"},
    "overflow": {"options", "confirm", "action_id"},
}
_ACTIONS = {*_PRESSED, *_SELECTS, *_PICKERS, *_CHOICES}
_BLOCK_KEYS = {
    "actions": {"elements"},
    "context": {"elements"},
    "divider": set[str](),
    "header": {"text"},
    "image": {"image_url", "alt_text", "title", "slack_file"},
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "rich_text": {"elements"},
    "section": {"text", "fields", "accessory", "expand"},
}
_RICH = {
    "rich_text_section": {"elements"},
    "rich_text_quote": {"elements", "border"},
    "rich_text_preformatted": {"elements", "border"},
    "rich_text_list": {"elements", "style", "indent", "offset", "border"},
}
_RICH_PARTS = {
    "text": {"text", "style"},
    "link": {"url", "text", "unsafe", "style"},
    "user": {"user_id", "style"},
    "usergroup": {"usergroup_id", "style"},
    "channel": {"channel_id", "style"},
    "broadcast": {"range", "style"},
    "emoji": {"name", "unicode", "skin_tone", "style"},
    "date": {"timestamp", "format", "url", "fallback", "timezone", "style"},
}
_IDS = {"user": ("user_id", "[UW]"), "usergroup": ("usergroup_id", "S"), "channel": ("channel_id", "[CDG]")}
_STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}
_DATE = re.compile(r"\{(?:day_divider_pretty|date\w*|time(?:_secs)?|ago)\}")


def lint_message(blocks: list[Any] | None, text: str | None, surface: str = "message") -> list[str]:
    """What is wrong with a message; each finding begins with where. Blocks and text as they are sent."""
    found: list[str] = []
    if not blocks and not text:
        found.append("message: no text and no blocks")
    if text is not None:
        found += string("text", text, 0, TEXT)
    if blocks:  # an empty list is how an update takes them away
        found += _blocks(blocks, surface)
        if surface == "message" and (total := sum(map(measure, _all_text(blocks)))) > ALL_TEXT:
            found.append(f"blocks: {total} characters together, at most {ALL_TEXT}")
    return found


def lint_view(view: Mapping[str, Any]) -> list[str]:
    """What is wrong with a modal or an App Home."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"view: type {kind!r}"]
    common = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    modal = {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
    found = known_keys("view", view, common | modal if kind == "modal" else common)
    blocks = view.get("blocks")
    found += _blocks(blocks, kind)
    for name, limit in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if name in view:
            found += string(f"view.{name}", view[name], 0, limit)
    if kind == "modal":
        found += plain_text("view.title", view.get("title"), 24)
        for name in ("submit", "close"):
            if name in view:
                found += plain_text(f"view.{name}", view[name], 24)
        if "submit" not in view and any(is_a(block, "input") for block in blocks or ()):
            found.append("view: inputs need submit")
    if len(json.dumps(view, ensure_ascii=True)) > VIEW_BYTES:
        found.append("view: too large")
    return found


def _blocks(blocks: Any, surface: str) -> list[str]:
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= BLOCKS[surface]:
        return [
            f"blocks: a list of 1 to {BLOCKS[surface]}, not {len(blocks) if isinstance(blocks, list) else blocks!r}"
        ]
    found = [line for place, block in enumerate(blocks) for line in _block(f"blocks[{place}]", block, surface)]
    ids = [block.get("block_id") for block in blocks if isinstance(block, Mapping) and block.get("block_id")]
    found += [f"blocks: block_id {name!r} stands {count} times" for name, count in Counter(ids).items() if count > 1]
    if sum(1 for one in _walk(blocks) if one.get("focus_on_load")) > 1:
        found.append("blocks: focus_on_load more than once")
    return found


def _block(at: str, block: Any, surface: str) -> list[str]:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind not in SURFACES:
        return [f"{at}: no block is {kind!r}"]
    if surface not in SURFACES[kind]:
        return [f"{at}: a {kind} cannot stand in a {surface}"]
    if kind not in _BLOCK_KEYS:
        return [f"{at}: {kind} is not known to this linter; teach it before using it"]
    found = known_keys(at, block, _BLOCK_KEYS[kind] | {"type", "block_id"})
    if "block_id" in block:
        found += string(f"{at}.block_id", block["block_id"], 1, 255)
    found += _INSIDE[kind](at, block)
    ids = [one.get("action_id") for one in _walk(block) if one.get("action_id")]
    return found + [
        f"{at}: action_id {name!r} stands {count} times" for name, count in Counter(ids).items() if count > 1
    ]


def _section(at: str, block: Mapping[str, Any]) -> list[str]:
    found = [] if "text" in block or "fields" in block else [f"{at}: neither text nor fields"]
    if "text" in block:
        found += text_object(f"{at}.text", block["text"], 3000)
    if "fields" in block:
        found += each_of(f"{at}.fields", block["fields"], 10, lambda where, one: text_object(where, one, 2000))
    if "accessory" in block:
        found += _element(f"{at}.accessory", block["accessory"], {*_ACTIONS, "image"})
    return found


def _context(at: str, block: Mapping[str, Any]) -> list[str]:
    def inside(where: str, one: Any) -> list[str]:
        return _image(where, one) if is_a(one, "image") else text_object(where, one, 2000)

    return each_of(f"{at}.elements", block.get("elements"), 10, inside)


def _actions(at: str, block: Mapping[str, Any]) -> list[str]:
    return each_of(f"{at}.elements", block.get("elements"), 25, lambda where, one: _element(where, one, _ACTIONS))


def _input(at: str, block: Mapping[str, Any]) -> list[str]:
    found = plain_text(f"{at}.label", block.get("label"), 2000)
    if "hint" in block:
        found += plain_text(f"{at}.hint", block["hint"], 2000)
    found += [f"{at}.{name}: not a boolean" for name in ("optional", "dispatch_action") if is_no_bool(block, name)]
    return found + _element(f"{at}.element", block.get("element"), set(_FIELDS))


def _image(at: str, block: Mapping[str, Any]) -> list[str]:
    found = string(f"{at}.alt_text", block.get("alt_text"), 1, 2000)
    found += plain_text(f"{at}.title", block["title"], 2000) if "title" in block else []
    if ("slack_file" in block) == ("image_url" in block):
        return [*found, f"{at}: either slack_file or image_url"]
    if "image_url" in block:
        return found + address(f"{at}.image_url", block["image_url"])
    file = block["slack_file"]
    if not isinstance(file, Mapping) or set(file) != {"id"} or not re.fullmatch("F[A-Z0-9]{8,}", str(file["id"])):
        found.append(f"{at}.slack_file: no id of a file")
    return found


def _element(at: str, element: Any, allowed: set[str]) -> list[str]:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if kind not in allowed:
        return [f"{at}: {kind!r} cannot stand here"]
    if kind == "image":
        return _image(at, element)
    keys = _PRESSED.get(kind) or _FIELDS[kind] | {"action_id", "placeholder", "focus_on_load", "confirm"}
    found = known_keys(at, element, keys | {"type"}) + string(f"{at}.action_id", element.get("action_id"), 1, 255)
    if "confirm" in element:
        found += _confirm(f"{at}.confirm", element["confirm"])
    if "placeholder" in element:
        found += plain_text(f"{at}.placeholder", element["placeholder"], 150)
    if kind == "button":
        return found + _button(at, element)
    if kind == "plain_text_input":
        return found + _typed(at, element)
    if "options" in element or kind in ("overflow", "static_select", *_CHOICES):
        return found + _options(at, element, {"overflow": 5, "static_select": 100}.get(kind, 10))
    if "initial_user" in element and not re.fullmatch("[UW][A-Z0-9]+", str(element["initial_user"])):
        found.append(f"{at}.initial_user: not the id of a user")
    return found


def _button(at: str, button: Mapping[str, Any]) -> list[str]:
    found = plain_text(f"{at}.text", button.get("text"), 75)
    for name, limit in (("value", 2000), ("accessibility_label", 75)):
        if name in button:
            found += string(f"{at}.{name}", button[name], 1, limit)
    found += address(f"{at}.url", button["url"]) if "url" in button else []
    return found + one_of(f"{at}.style", button, ("primary", "danger"))


def _typed(at: str, element: Mapping[str, Any]) -> list[str]:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    found = [] if 0 <= least <= most and 1 <= most <= 3000 else [f"{at}: lengths from {least} to {most}"]
    if "initial_value" in element:
        found += string(f"{at}.initial_value", element["initial_value"], 1, most)
    wanted = element.get("dispatch_action_config", {}).get("trigger_actions_on", [])
    if not set(wanted) <= {"on_enter_pressed", "on_character_entered"}:
        found.append(f"{at}: triggers {wanted}")
    return found


def _options(at: str, element: Mapping[str, Any], most: int) -> list[str]:
    options = element.get("options")
    found = each_of(f"{at}.options", options, most, _option)
    if found or not isinstance(options, list):
        return found
    values = Counter(option["value"] for option in options)
    found += [f"{at}: value {value!r} stands {count} times" for value, count in values.items() if count > 1]
    initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    return found + [f"{at}: the initial option is not one of the options" for one in initial if one not in options]


def _option(at: str, option: Any) -> list[str]:
    if not isinstance(option, Mapping):
        return [f"{at}: not an option"]
    found = known_keys(at, option, {"text", "value", "description", "url"}) + plain_text(
        f"{at}.text", option.get("text"), 75
    )
    found += plain_text(f"{at}.description", option["description"], 75) if "description" in option else []
    return found + string(f"{at}.value", option.get("value"), 1, 150)


def _confirm(at: str, confirm: Any) -> list[str]:
    if not isinstance(confirm, Mapping):
        return [f"{at}: not a question"]
    found = known_keys(at, confirm, {"title", "text", "confirm", "deny", "style"})
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        found += plain_text(f"{at}.{name}", confirm.get(name), limit)
    return found + one_of(f"{at}.style", confirm, ("primary", "danger"))


def _rich_text(at: str, block: Mapping[str, Any]) -> list[str]:
    return each_of(f"{at}.elements", block.get("elements"), 1_000, _rich)


def _rich(at: str, element: Any) -> list[str]:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if kind not in _RICH:
        return [f"{at}: {kind!r} cannot stand in rich text"]
    found = known_keys(at, element, _RICH[kind] | {"type"})
    if kind == "rich_text_list":
        found += one_of(f"{at}.style", {"style": None, **element}, ("bullet", "ordered"))
        return found + each_of(f"{at}.elements", element.get("elements"), 1_000, _rich)
    parts = {"text", "link"} if kind == "rich_text_preformatted" else set(_RICH_PARTS)
    return found + each_of(
        f"{at}.elements", element.get("elements"), 1_000, lambda where, one: _part(where, one, parts)
    )


def _part(at: str, part: Any, allowed: set[str]) -> list[str]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in allowed:
        return [f"{at}: {kind!r} cannot stand here"]
    found = known_keys(at, part, _RICH_PARTS[kind] | {"type"})
    style = part.get("style", {"bold": True})
    if not isinstance(style, Mapping) or not style or not set(style) <= _STYLES:
        found.append(f"{at}.style: {style!r}")
    for name in {"text": ("text",), "link": ("text",) if "text" in part else (), "emoji": ("name",)}.get(kind, ()):
        found += string(f"{at}.{name}", part.get(name), 1, ALL_TEXT, can_be_blank=kind == "text")
    if "url" in part or kind == "link":
        found += address(f"{at}.url", part.get("url"))
    if kind in _IDS and not re.fullmatch(_IDS[kind][1] + "[A-Z0-9]+", str(part.get(_IDS[kind][0]))):
        found.append(f"{at}: no id of a {kind}")
    if kind == "broadcast":
        found += one_of(f"{at}.range", {"range": None, **part}, ("here", "channel", "everyone"))
    if kind == "date" and not (isinstance(part.get("timestamp"), int) and _DATE.search(str(part.get("format")))):
        found.append(f"{at}: a date needs whole seconds and a format with a token")
    return found


def _walk(thing: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(thing, Mapping):
        yield thing
        thing = list(thing.values())
    if isinstance(thing, list):
        for one in thing:
            yield from _walk(one)


def _all_text(blocks: Any) -> Iterator[str]:
    for one in _walk(blocks):
        yield from (value for name, value in one.items() if name in ("text", "fallback") and isinstance(value, str))


_INSIDE: dict[str, Callable[[str, Mapping[str, Any]], list[str]]] = {
    "actions": _actions,
    "context": _context,
    "divider": lambda at, block: [],
    "header": lambda at, block: plain_text(f"{at}.text", block.get("text"), 150),
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "section": _section,
}
