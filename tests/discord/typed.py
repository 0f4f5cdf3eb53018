"""What a person types after a slash, as Discord's client sends it; it refuses what the client would refuse."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.discord.lint_commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from tests.discord.world import Channel, File

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord

Path = tuple[dict[str, Any], ...]


def paths(command: dict[str, Any]) -> list[Path]:
    """Everything that can be called in a command: itself, or its subcommands, those in groups too."""
    found: list[Path] = []
    for one in command.get("options") or ():
        if one["type"] == SUBCOMMAND:
            found.append((command, one))
        elif one["type"] == GROUP:
            found += [(command, one, inner) for inner in one["options"]]
    return found or [(command,)]


def path_of(commands: list[dict[str, Any]], line: str) -> Path:
    """What "claim", "more claim" or "earshot more claim" calls. The shortest way wins where a name is there twice."""
    words = line.lstrip("/").split()
    every = [path for one in commands if one["type"] == 1 for path in paths(one)]
    found = [path for path in every if [one["name"] for one in path][-len(words) :] == words]
    names = [" ".join(one["name"] for one in path) for path in every]
    assert found, f"There is no command {line!r}; there are {sorted(names)}."
    return min(found, key=len)


def data_of(path: Path, options: list[dict[str, Any]], resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an interaction: the options inside of their subcommand, in its group."""
    for one in reversed(path[1:]):
        options = [{"name": one["name"], "type": one["type"], "options": options}]
    top = path[0]
    told: dict[str, Any] = {"id": top["id"], "name": top["name"], "type": top["type"], "options": options}
    if top.get("guild_id"):
        told["guild_id"] = top["guild_id"]
    return told | ({"resolved": dict(resolved)} if resolved else {})


class Typed:
    """The options of one command line."""

    def __init__(self, discord: "FakeDiscord", place: Channel) -> None:
        self._discord = discord
        self._place = place
        self.resolved: dict[str, dict[str, Any]] = {}

    def options(self, path: Path, values: Mapping[str, Any], *, is_unfinished: str = "") -> list[dict[str, Any]]:
        """As they are sent. `is_unfinished`: the option that is still typed; then nothing else need be there."""
        known = {one["name"]: one for one in path[-1].get("options") or ()}
        name = " ".join(one["name"] for one in path)
        unknown = [one for one in values if one not in known]
        assert not unknown, f"/{name} has no option {unknown}; it has {sorted(known)}."
        missing = [each for each, one in known.items() if one.get("required") and each not in values]
        assert is_unfinished or not missing, f"/{name} cannot be sent without {missing}."
        told = []
        for each, value in values.items():
            if each == is_unfinished:
                # It arrives as a text, also where the option is a number.
                told.append({"name": each, "type": known[each]["type"], "value": str(value), "focused": True})
            elif value is not None:
                made = self._value(known[each], value)
                told.append({"name": each, "type": known[each]["type"], "value": made})
        return told

    def _value(self, option: Mapping[str, Any], value: Any) -> Any:
        kind, name = option["type"], option["name"]
        if option.get("choices"):
            offered = {one["name"]: one["value"] for one in option["choices"]}
            chosen = offered.get(value, value)
            assert chosen in offered.values(), f"{name}: {value!r} is not offered; there is {list(offered)}."
            return chosen
        if kind in (INTEGER, NUMBER):
            return self._number(option, value)
        if kind == BOOLEAN:
            assert isinstance(value, bool), f"{name}: yes or no is needed."
            return value
        return self._text(option, str(value)) if kind == STRING else self._thing(kind, value)

    def _number(self, option: Mapping[str, Any], value: Any) -> int | float:
        is_whole = option["type"] == INTEGER
        assert re.fullmatch(r"-?\d+" if is_whole else r"-?\d+(\.\d+)?", str(value)), f"{value!r} is no number."
        number = int(value) if is_whole else float(value)
        least, most = option.get("min_value"), option.get("max_value")
        assert least is None or number >= least, f"{option['name']}: at least {least}."
        assert most is None or number <= most, f"{option['name']}: at most {most}."
        assert abs(number) <= 2**53, f"{option['name']}: {number} is too large for Discord."
        return number

    def _text(self, option: Mapping[str, Any], value: str) -> str:
        least, most = option.get("min_length") or 0, option.get("max_length") or 6000
        assert least <= len(value) <= most, f"{option['name']}: {least} to {most} characters."
        return value

    def _thing(self, kind: int, value: Any) -> str:
        discord, guild = self._discord, self._discord.guilds.get(self._place.guild)
        if kind == MENTIONABLE:
            is_role = guild is not None and any(str(value).lstrip("@") == one.name for one in guild.roles.values())
            kind = ROLE if is_role else USER
        if kind == USER:
            user = discord.user(value)
            self._put("users", user.id, user.as_discord())
            if guild is not None and user.id in guild.members:
                told = dict(discord.member_payload(guild, user, self._place))
                del told["user"]
                self._put("members", user.id, told)
            return user.id
        if kind == ROLE:
            role = discord.role(value, guild)
            self._put("roles", role.id, role.as_discord())
            return role.id
        if kind == CHANNEL:
            channel = discord.channel(value)
            told = channel.as_discord()
            value_of = str(discord.permissions_of(discord.bot, channel))
            self._put("channels", channel.id, told | {"permissions": value_of})
            return channel.id
        assert kind == ATTACHMENT, f"The fake knows no option of type {kind}."
        file = uploaded(discord, *value)
        self._put("attachments", file.id, file.as_discord())
        return file.id

    def _put(self, group: str, which: str, told: Mapping[str, Any]) -> None:
        self.resolved.setdefault(group, {})[which] = dict(told)


def uploaded(discord: "FakeDiscord", name: str, content: bytes) -> File:
    """A file of a person."""
    file_id = discord.new_id()
    file = File(file_id, name, content, f"{discord.base}/attachments/0/{file_id}/{name}")
    discord.files[file_id] = file
    return file
