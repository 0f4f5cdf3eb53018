"""What Slack's client does with the inputs of a modal before anything is sent: values, limits, required answers."""

import copy
from collections.abc import Mapping
from typing import Any

from tests.slack import looks
from tests.slack.workspace import Workspace
from tests.slack.world import View


class Fields:
    """The inputs as one person sees them."""

    def __init__(self, slack: Workspace, user: str) -> None:
        self._slack = slack
        self._user = user

    def fill_all(self, view: View, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self.fill(view, name, value)

    def fill(self, view: View, name: str, value: str) -> None:
        block, element = input_of(view, name)
        view.state[block["block_id"]][element["action_id"]] |= self.holding(element, value)

    def holding(self, element: Mapping[str, Any], value: str) -> dict[str, Any]:
        """What an input's state says when it holds this value."""
        kind = element["type"]
        if kind.endswith("_input"):
            most = element.get("max_length", 3000)
            assert len(value) <= most, f"{len(value)} characters, but the field takes {most}."
            return {"value": value or None}
        if kind in looks.PICKERS:
            what = looks.PICKERS[kind]
            return {f"selected_{what}": int(value) if what == "date_time" else value}
        offered = self.offered(element)
        if kind == "checkboxes":
            chosen = [offered[one.strip()] for one in value.split(",") if one.strip()]
            return {"selected_options": chosen}
        if not value:
            return {"selected_option": None} if "options" in element else {f"selected_{kind[:-8]}": None}
        assert value in offered, f"{value!r} is not offered, but {list(offered)}."
        if kind.endswith("s_select"):
            return {f"selected_{kind.removesuffix('s_select')}": offered[value]}
        return {"selected_option": offered[value]}

    def offered(self, element: Mapping[str, Any]) -> dict[str, Any]:
        """What can be chosen, by label and by value."""
        match element["type"]:
            case "users_select":
                people = [one for one in self._slack.users.values() if not one.deleted]
                return {key: one.id for one in people for key in (one.id, one.name, one.real_name)}
            case "channels_select" | "conversations_select":
                places = [one for one in self._slack.channels.values() if self._user in one.members]
                return {key: one.id for one in places for key in (one.id, one.name, f"#{one.name}")}
        found = looks.options(element)
        return {one["value"]: copy.deepcopy(one) for one in found} | {
            one["text"]["text"]: copy.deepcopy(one) for one in found
        }

    def must_be_complete(self, view: View) -> None:
        """Slack's client does not send a form without its required answers."""
        for block in view.blocks:
            if block["type"] != "input":
                continue
            element = block["element"]
            value = looks.held(view.state[block["block_id"]][element["action_id"]])
            label = block["label"]["text"]
            assert value or block.get("optional"), f"Slack asks to complete {label!r} first."
            least = element.get("min_length", 0)
            assert not value or len(value) >= least, f"{label!r} needs {least} characters."


def is_live(block: Mapping[str, Any], element: Mapping[str, Any]) -> bool:
    """Whether choosing in it sends something at once."""
    is_choice = element["type"] in (*looks.SELECTS, "overflow", "radio_buttons")
    return is_choice and (block["type"] != "input" or bool(block.get("dispatch_action")))


def is_called(block: Mapping[str, Any], element: Mapping[str, Any], name: str) -> bool:
    """By label, block id ("f:reason", "f:reason:2"), action id ("reason", "pick:reason"), or name."""
    label, id_ = block.get("label", {}).get("text", ""), block.get("block_id", "")
    named = id_ == name or id_.split(":")[1:2] == [name]
    return label == name or named or element.get("action_id", "").rpartition(":")[2] == name


def input_of(view: View, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs = [block for block in view.blocks if block["type"] == "input"]
    found = [block for block in inputs if is_called(block, block["element"], name)]
    assert found, f"{view.title!r} has no field {name!r}, but {view.fields}."
    return found[0], found[0]["element"]
