"""What somebody may do in a channel: roles, then the channel's overwrites, in Discord's order [doc]."""

from collections.abc import Mapping

from tests.discord.world import Channel, Guild

BITS: Mapping[str, int] = {
    "add_reactions": 1 << 6,
    "administrator": 1 << 3,
    "manage_guild": 1 << 5,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "send_messages_in_threads": 1 << 38,
}
ALL = (1 << 53) - 1
EVERYBODY = (
    "add_reactions view_channel send_messages embed_links attach_files read_message_history use_application_commands "
    "create_public_threads send_messages_in_threads"
)
_DMS = "add_reactions view_channel send_messages embed_links attach_files read_message_history"


def bits(names: str) -> int:
    """The value of permissions, by discord.py's names for them."""
    unknown = [name for name in names.split() if name not in BITS]
    assert not unknown, f"The fake knows no permission {unknown}; there are {sorted(BITS)}."
    return sum(BITS[name] for name in names.split())


def permissions(guild: Guild | None, channel: Channel | None, user_id: str) -> int:
    """Of a person (or the bot) in a channel, 0 where she is no member of the server. A thread has its parent's."""
    if guild is None:
        return bits(_DMS)
    member = guild.members.get(user_id)
    if member is None:
        return 0
    roles = [guild.id, *(one for one in member.roles if one in guild.roles)]
    value = 0
    for one in roles:
        value |= guild.roles[one].permissions
    if user_id == guild.owner or value & BITS["administrator"]:
        return ALL
    over = channel.overwrites if channel is not None else {}
    for group in ([guild.id], [one for one in roles if one != guild.id], [user_id]):
        allowed = denied = 0
        for one in group:
            allow, deny = over.get(one, (0, 0))
            allowed, denied = allowed | allow, denied | deny
        value = (value & ~denied) | allowed
    return value if channel is None or value & BITS["view_channel"] else 0
