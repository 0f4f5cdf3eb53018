"""What can be wrong with the parts of `earshot.toml` that concern chats: channels, ids of people, groups and roles."""

import re
from collections.abc import Iterator, Mapping

from handlers.rules.policy import DiscordPolicy, Policy, SlackPolicy
from handlers.rules.roster import group_key
from storage.types import Role

CHATS = ("local", "slack", "discord")
SLACK_HANDLE = re.compile(r"\w[\w.-]*")
_CHANNEL = re.compile(r"([a-z]+):#([\w-]+)")
_SLACK_CHANNEL = re.compile(r"#([CG][A-Z0-9]{7,20}|[\w-]{1,80})")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{6,20}")
_DISCORD_ID = re.compile(r"[0-9]{15,20}")


def check_chats(policy: Policy) -> Iterator[str]:
    """Every mistake in [slack], [discord] and the ids of members."""
    yield from _ids(policy, "slack", "Slack", _SLACK_USER, "U012AB3CD")
    yield from _ids(policy, "discord", "Discord", _DISCORD_ID, "80351110224678912")
    yield from _slack(policy.slack)
    yield from _discord(policy.discord)


def check_channel(channel: str, at: str) -> Iterator[str]:
    """What is wrong with a channel of the file, written chat:#channel."""
    found = _CHANNEL.fullmatch(channel)
    bare = re.sub(r"[^\w-]+", "-", channel.rpartition(":")[2].strip().lstrip("#@"))
    chat = next((chat for chat in CHATS if channel.startswith(f"{chat}:")), "local")
    likely = f"{chat}:#{bare or 'alerts'}"
    if not found:
        yield f'{at}: "{channel}" is no channel; write "{likely}".'
    elif found[1] not in CHATS:
        yield f'{at}: "{found[1]}" is no chat that there is; write "{likely}".'
    elif found[1] == "slack":
        yield from _lower_case(found[2], channel, "slack:#", at)
    elif found[1] == "discord" and found[2] != found[2].lower():
        yield f'{at}: "{channel}" cannot be; Discord writes text channels in lower case: "{channel.lower()}".'


def may_be_a_role(name: str) -> bool:
    """Whether this can be a role of Discord that not everybody has."""
    return group_key(name) not in ("", "everyone", "here")


def chat_warnings(policy: Policy) -> Iterator[str]:
    """What is allowed and still deserves a look."""
    given: tuple[tuple[str, str, Mapping[str, tuple[Role, ...]], str, str], ...] = (
        ("slack", "Slack", policy.slack.groups, "a user group", "U012AB3CD"),
        ("discord", "Discord", policy.discord.roles, "a role", "80351110224678912"),
    )
    for chat, name, groups, what, example in given:
        nameless = [member.name for member in policy.members if not member.id_on(chat)]
        if policy.four_eyes and groups and nameless:
            yield (
                f"members: {', '.join(nameless)} without a {name} id: whoever comes by {what} may be one of them, so"
                f" neither can approve what the other wrote; write {chat} under each name."
            )
        is_routed = any(route.channel.startswith(f"{chat}:") for route in policy.routes)
        if is_routed and not groups and not any(member.id_on(chat) for member in policy.members):
            yield (
                f"members: nobody has a {name} id, so nobody may press a button there; write {chat} to the members"
                f' ({chat} = "{example}"), or give roles to {what} under [{chat}].'
            )


def _ids(policy: Policy, chat: str, name: str, shape: re.Pattern[str], example: str) -> Iterator[str]:
    ids = [member.id_on(chat) for member in policy.members]
    for number, one in enumerate(ids):
        if one and not shape.fullmatch(one):
            yield f'members[{number}].{chat}: "{one}" is no user id of {name}; it looks like {example}.'
        elif one and one in ids[:number]:
            yield f'members[{number}].{chat}: "{one}" is there twice; a person in {name} is one member.'


def _slack(slack: SlackPolicy) -> Iterator[str]:
    keys = [group_key(handle) for handle in slack.groups]
    for place, (handle, roles) in enumerate(slack.groups.items()):
        at = f"slack.groups.{handle}"
        if not SLACK_HANDLE.fullmatch(keys[place]):
            likely = re.sub(r"[^\w.-]+", "-", keys[place]).strip("-.") or "support"
            yield f'{at}: not the handle of a user group; write it as in Slack: "{likely}".'
        elif keys[place] in keys[:place]:
            yield f'{at}: the group "{keys[place]}" is there twice.'
        if not roles:
            yield f"{at}: there is no role; write at least agent."
    for place, channel in enumerate(slack.shared_channels):
        at = f"slack.shared_channels[{place}]"
        bare = re.sub(r"[^\w-]+", "-", channel.rpartition(":")[2].strip(" #")).strip("-") or "partners"
        if not _SLACK_CHANNEL.fullmatch(channel):
            yield f'{at}: "{channel}" is no channel; write "#{bare}".'
        else:
            yield from _lower_case(channel[1:], channel, "#", at)


def _discord(discord: DiscordPolicy) -> Iterator[str]:
    if discord.server and not _DISCORD_ID.fullmatch(discord.server):
        yield f'discord.server: "{discord.server}" is no id of a server; it looks like 197038439483310086.'
    keys = [group_key(role) for role in discord.roles]
    for place, (role, roles) in enumerate(discord.roles.items()):
        at = f"discord.roles.{role}"
        if not may_be_a_role(role):
            yield f"{at}: everybody has it; name a role that only your team has."
        elif keys[place] in keys[:place]:
            yield f'{at}: the role "{role}" is there twice.'
        if not roles:
            yield f"{at}: there is no role; write at least agent."


def _lower_case(name: str, written: str, before: str, at: str) -> Iterator[str]:
    """Slack's channels are in lower case, unless they are written as ids: #C0123ABCD."""
    if name != name.lower() and not re.fullmatch(r"[CG][A-Z0-9]{7,20}", name):
        yield f'{at}: "{written}" cannot be; Slack writes channels in lower case: "{before}{name.lower()}".'
