"""What people do in Discord's own pages, and what the bot is told of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.discord.permissions import bits
from tests.discord.posting import GUILDS, Posting
from tests.discord.world import Channel, Guild, Member, Message, Role, User

MEMBERS, REACTIONS, DM_REACTIONS = 1 << 1, 1 << 10, 1 << 13  # intents


class Happenings(Posting):
    """Events are told as the bot's intents allow."""

    commands: dict[str, dict[str, dict[str, Any]]]

    def deny(self, channel: str | Channel, names: str, who: str | User | Role = "earshot") -> None:
        """Take permissions away in a channel, by discord.py's names; of the bot if nobody else is named."""
        self._overwrite(channel, who, denied=bits(names))

    def allow(self, channel: str | Channel, names: str, who: str | User | Role = "earshot") -> None:
        """Give permissions in a channel."""
        self._overwrite(channel, who, allowed=bits(names))

    def _overwrite(self, channel: str | Channel, who: str | User | Role, *, allowed: int = 0, denied: int = 0) -> None:
        place = self.channel(channel)
        whose = who.id if isinstance(who, Role) else self.user(who).id
        yes, no = place.overwrites.get(whose, [0, 0])
        place.overwrites[whose] = [yes & ~denied | allowed, no & ~allowed | denied]
        self.hub.tell("CHANNEL_UPDATE", place.as_discord(), GUILDS)

    def rename(self, channel: str | Channel, name: str) -> None:
        place = self.channel(channel)
        place.name = self.names[place.id] = name.lstrip("#")
        self.hub.tell("CHANNEL_UPDATE", place.as_discord(), GUILDS)

    def delete_channel(self, channel: str | Channel) -> None:
        """With its threads."""
        place = self.channel(channel)
        place.is_deleted = True
        self.hub.tell("CHANNEL_DELETE", place.as_discord(), GUILDS)
        for one in self.channels.values():
            one.is_deleted = one.is_deleted or one.parent == place.id

    def archive(self, thread: str | Channel, *, is_locked: bool = False) -> None:
        """As Discord does after days without a word, or a moderator."""
        place = self.channel(thread)
        place.is_archived, place.is_locked = True, is_locked
        self.hub.tell("THREAD_UPDATE", place.as_discord(), GUILDS)

    def set_roles(self, who: str | User, roles: Iterable[str], guild: Guild | None = None) -> None:
        """The roles that somebody has from now on. The bot is told of its own, and of others' with an intent."""
        user, place = self.user(who), guild or self.guild
        place.members[user.id].roles = [self._role(one, place).id for one in roles]
        told = place.members[user.id].as_discord() | {"guild_id": place.id}
        self.hub.tell("GUILD_MEMBER_UPDATE", told, 0 if user is self.bot else MEMBERS)

    def rename_role(self, role: str | Role, name: str) -> None:
        one = self.role(role)
        one.name = self.names[one.id] = name
        self.hub.tell("GUILD_ROLE_UPDATE", {"guild_id": self.guild.id, "role": one.as_discord()}, GUILDS)

    def delete_role(self, role: str | Role) -> None:
        one = self.guild.roles.pop(self.role(role).id)
        for member in self.guild.members.values():
            member.roles = [each for each in member.roles if each != one.id]
        self.hub.tell("GUILD_ROLE_DELETE", {"guild_id": self.guild.id, "role_id": one.id}, GUILDS)

    def leave(self, who: str | User, guild: Guild | None = None) -> None:
        """Somebody leaves the server, or is made to."""
        user, place = self.user(who), guild or self.guild
        del place.members[user.id]
        self.hub.tell("GUILD_MEMBER_REMOVE", {"guild_id": place.id, "user": user.as_discord()}, MEMBERS)

    def join(self, who: str | User, roles: Iterable[str] = (), guild: Guild | None = None) -> None:
        user, place = self.user(who), guild or self.guild
        place.members[user.id] = Member(user, [self._role(one, place).id for one in roles])
        told = place.members[user.id].as_discord() | {"guild_id": place.id}
        self.hub.tell("GUILD_MEMBER_ADD", told, MEMBERS)

    def kick_bot(self, guild: Guild | None = None) -> None:
        place = guild or self.guild
        place.has_bot = False
        del place.members[self.bot.id]
        self.commands.pop(place.id, None)
        self.hub.tell("GUILD_DELETE", {"id": place.id, "unavailable": False}, GUILDS)

    def invite_bot(self, guild: Guild | None = None) -> None:
        place = guild or self.guild
        place.has_bot = True
        place.members[self.bot.id] = Member(self.bot, [self._role(self.bot.name, place).id])
        told = self.guild_payload(place)
        del told["unavailable"]  # by that the library tells a server that is new from one that is back
        self.hub.tell("GUILD_CREATE", told, GUILDS)

    def outage(self, guild: Guild | None = None) -> None:
        """A server cannot be reached for a while: it is not left."""
        self.hub.tell("GUILD_DELETE", {"id": (guild or self.guild).id, "unavailable": True}, GUILDS)

    def outage_ends(self, guild: Guild | None = None) -> None:
        self.hub.tell("GUILD_CREATE", self.guild_payload(guild or self.guild), GUILDS)

    def guild_payload(self, guild: Guild) -> dict[str, Any]:
        """A server as GUILD_CREATE tells of it: of its people only the bot."""
        there = [one for one in self.channels.values() if one.guild == guild.id and not one.is_deleted]
        told: dict[str, Any] = guild.as_discord() | {"joined_at": "2026-01-05T08:00:00+00:00", "large": False}
        told["channels"] = [one.as_discord() for one in there if not one.is_thread]
        told["threads"] = [one.as_discord() for one in there if one.is_thread and not one.is_archived]
        told |= {"member_count": len(guild.members), "unavailable": False, "presences": [], "voice_states": []}
        told["members"] = [guild.members[self.bot.id].as_discord()]
        return told | {"stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": []}

    def set_reaction(self, message: Message, emoji: str, user: User, *, is_added: bool) -> None:
        """Put one there, or take it away; twice the same changes nothing."""
        who = message.reactions.setdefault(emoji, [])
        if (user.id in who) == is_added:
            return
        who.append(user.id) if is_added else who.remove(user.id)
        if not who:
            del message.reactions[emoji]
        told: dict[str, Any] = {"user_id": user.id, "channel_id": message.channel, "message_id": message.id}
        told |= {
            "emoji": {"id": None, "name": emoji},
            "type": 0,
            "burst": False,
            "message_author_id": message.author.id,
        }
        if message.guild:
            told |= {"guild_id": message.guild, "member": self._member_of(message.guild, user)}
        name = "MESSAGE_REACTION_ADD" if is_added else "MESSAGE_REACTION_REMOVE"
        self.hub.tell(name, told, REACTIONS if message.guild else DM_REACTIONS)

    def _member_of(self, guild_id: str, user: User) -> Mapping[str, Any]:
        return self.guilds[guild_id].members[user.id].as_discord()
