"""The inputs of a modal: what they begin with, how they are filled, what is sent."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.discord import looks
from tests.discord.interactions import Form
from tests.discord.typed import uploaded

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord


class Fields:
    """The inputs of modals, in the hands of one person."""

    def __init__(self, discord: "FakeDiscord") -> None:
        self._discord = discord

    def begin(self, form: Form) -> None:
        """What stands in the inputs when the modal comes up."""
        for _, one in inputs(form):
            chosen = [option["value"] for option in one.get("options") or () if option.get("default")]
            chosen += [each["id"] for each in one.get("default_values") or ()]
            match one["type"]:
                case looks.TEXT_INPUT:
                    form.state[one["custom_id"]] = one.get("value") or ""
                case looks.RADIO:
                    form.state[one["custom_id"]] = chosen[0] if chosen else None
                case looks.CHECKBOX:
                    form.state[one["custom_id"]] = bool(one.get("default"))
                case _:
                    form.state[one["custom_id"]] = chosen

    def fill(self, form: Form, field: str, value: Any) -> None:
        """`field`: a label or custom id. Options go by label or value, people and channels by name, files as (name,
        bytes). Raises AssertionError for what the client would not let her type or choose.
        """
        found = [one for label, one in inputs(form) if field in (label, one["custom_id"])]
        assert found, f"{form.title!r} has no field {field!r}; it has {[label for label, _ in inputs(form)]}."
        one = found[0]
        form.state[one["custom_id"]] = self._value(field, one, value)

    def must_be_complete(self, form: Form) -> None:
        """Raises AssertionError for what the client marks in red."""
        for label, one in inputs(form):
            held = form.state[one["custom_id"]]
            # A select in a modal is required unless it says otherwise; a checkbox never is.
            if one["type"] != looks.CHECKBOX and one.get("required", True):
                assert held, f"{label!r} must be filled in."
            if one["type"] == looks.TEXT_INPUT and held:
                least, most = one.get("min_length") or 0, one.get("max_length") or 4000
                assert least <= len(held) <= most, f"{label!r}: {least} to {most} characters, {len(held)} are there."
            elif isinstance(held, list) and held:
                usual = len(held) if one["type"] == looks.CHECKBOXES else 1
                least, most = one.get("min_values") or 0, one.get("max_values") or usual
                assert least <= len(held) <= most, f"{label!r}: {least} to {most} may be chosen."

    def sent(self, form: Form) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The components of a modal_submit, and what is resolved in it."""
        resolved: dict[str, dict[str, Any]] = {}
        rows = []
        for place, row in enumerate(form.told["components"], 1):
            if row["type"] == looks.TEXT_DISPLAY:
                rows.append({"type": row["type"], "id": row.get("id") or place})
                continue
            is_label = row["type"] == looks.LABEL
            one = row["component"] if is_label else row["components"][0]
            told = self._told(one, form.state[one["custom_id"]], resolved) | {"id": 100 + place}
            inner = {"component": told} if is_label else {"components": [told]}
            rows.append({"type": row["type"], "id": row.get("id") or place} | inner)
        return rows, resolved

    def chosen(self, kind: int, names: list[Any], resolved: dict[str, dict[str, Any]]) -> list[str]:
        """The ids of what was picked in a menu of people, roles or channels."""
        found = []
        for name in names:
            if kind == looks.CHANNEL_SELECT:
                thing: Any = self._discord.channel(name)
                group, told = "channels", thing.as_discord() | {"permissions": "0"}
            elif kind == looks.ROLE_SELECT:
                thing = self._discord.role(name)
                group, told = "roles", thing.as_discord()
            else:
                thing = self._discord.user(name)
                group, told = "users", thing.as_discord()
                member = self._discord.guild.members.get(thing.id)
                if member is not None:
                    inside = member.as_discord() | {"permissions": "0"}
                    del inside["user"]
                    resolved.setdefault("members", {})[thing.id] = inside
            resolved.setdefault(group, {})[thing.id] = told
            found.append(thing.id)
        return found

    def _value(self, field: str, one: Mapping[str, Any], value: Any) -> Any:
        kind = one["type"]
        if kind == looks.TEXT_INPUT:
            most = one.get("max_length") or 4000
            assert len(str(value)) <= most, f"{field!r} takes {most} characters, not {len(str(value))}."
            assert one["style"] == 2 or "\n" not in str(value), f"{field!r} has one line."
            return str(value)
        if kind == looks.CHECKBOX:
            return bool(value)
        several = list(value) if isinstance(value, list | tuple) and kind != looks.FILE_UPLOAD else [value]
        if kind == looks.FILE_UPLOAD:
            given = value if isinstance(value, list) else [value]
            return [uploaded(self._discord, name, content).id for name, content in given]
        if "options" not in one:
            return several
        offered = {option["label"]: option["value"] for option in one["options"]}
        chosen = [offered.get(each, each) for each in several if each]
        wrong = [each for each in chosen if each not in offered.values()]
        assert not wrong, f"{field!r} does not offer {wrong}; it offers {list(offered)}."
        return (chosen[0] if chosen else None) if kind == looks.RADIO else chosen

    def _told(self, one: Mapping[str, Any], held: Any, resolved: dict[str, dict[str, Any]]) -> dict[str, Any]:
        kind = one["type"]
        told: dict[str, Any] = {"type": kind, "custom_id": one["custom_id"]}
        if kind in (looks.TEXT_INPUT, looks.RADIO, looks.CHECKBOX):
            return told | {"value": held}
        if kind == looks.FILE_UPLOAD:
            for each in held:
                resolved.setdefault("attachments", {})[each] = self._discord.files[each].as_discord()
        elif kind in looks.SELECTS and kind != looks.STRING_SELECT:
            held = self.chosen(kind, held, resolved)
        return told | {"values": list(held)}


def inputs(form: Form) -> Iterator[tuple[str, dict[str, Any]]]:
    """The inputs of a modal, each with its label."""
    for row in form.told["components"]:
        if row["type"] == looks.LABEL:
            yield row["label"], row["component"]
        elif row["type"] == looks.ROW:
            yield row["components"][0]["label"], row["components"][0]
