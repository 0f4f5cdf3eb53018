"""What Discord holds: people, roles, servers, channels and messages, as plain data, and as its API tells of them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.discord import looks

EPOCH = 1_420_070_400_000  # milliseconds: the first of January 2015 [doc]
TEXT, DM, PUBLIC_THREAD = 0, 1, 11  # types of channels
STARTER = 21  # the type of the first message of a thread that was made from a message
SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING, SILENT, V2 = 1 << 2, 1 << 5, 1 << 6, 1 << 7, 1 << 12, 1 << 15


def stamp(seconds: float | None) -> str | None:
    """A time as Discord writes it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


@dataclass(eq=False)
class User:
    """A person, or a bot."""

    id: str
    name: str
    shown: str = ""  # the display name
    is_bot: bool = False
    takes_dms: bool = True

    def as_discord(self) -> dict[str, Any]:
        told = {"id": self.id, "username": self.name, "global_name": self.shown or None, "discriminator": "0"}
        return told | {"avatar": None, "bot": self.is_bot, "public_flags": 0}


@dataclass(eq=False)
class Role:
    """A role of a server. The role that everybody has bears the server's own id."""

    id: str
    name: str
    permissions: int = 0
    position: int = 1
    is_mentionable: bool = False
    is_managed: bool = False  # a bot's own

    def as_discord(self) -> dict[str, Any]:
        # discord.py reads `colors` since 2.6, and a role without it ends the gateway's task for good.
        colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        told = {"id": self.id, "name": self.name, "permissions": str(self.permissions), "position": self.position}
        told |= {"color": 0, "colors": colours, "hoist": False, "managed": self.is_managed, "flags": 0}
        return told | {"mentionable": self.is_mentionable}


@dataclass(eq=False)
class Member:
    """Somebody in a server."""

    user: User
    roles: list[str] = field(default_factory=list)  # ids
    nick: str = ""

    def as_discord(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "user": self.user.as_discord(),
            "roles": list(self.roles),
            "nick": self.nick or None,
            "flags": 0,
        }
        told |= {"joined_at": "2026-01-05T08:00:00.000000+00:00", "premium_since": None, "pending": False}
        return told | {"deaf": False, "mute": False, "avatar": None, "communication_disabled_until": None}


@dataclass(eq=False)
class Guild:
    """A server."""

    id: str
    name: str
    owner: str = ""
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)  # by user id
    has_bot: bool = True

    def as_discord(self) -> dict[str, Any]:
        told = {"id": self.id, "name": self.name, "owner_id": self.owner, "preferred_locale": "en-US", "features": []}
        told |= {"roles": [one.as_discord() for one in self.roles.values()], "emojis": [], "stickers": []}
        told |= {"verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0}
        told |= {"mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0, "icon": None}
        return told | {"approximate_member_count": len(self.members), "premium_subscription_count": 0}


@dataclass(eq=False)
class Channel:
    """A channel, a thread or direct messages. `messages` holds everything that was ever said, oldest first."""

    id: str
    name: str
    guild: str = ""
    type: int = TEXT
    overwrites: dict[str, list[int]] = field(default_factory=dict)  # role or user id: allowed, denied
    messages: list["Message"] = field(default_factory=list)
    is_deleted: bool = False
    parent: str = ""  # of a thread
    owner: str = ""
    is_archived: bool = False
    is_locked: bool = False
    keeps_open: int = 4320  # minutes without a word until a thread is archived
    recipient: User | None = None  # of direct messages
    made: float = 0.0

    @property
    def is_thread(self) -> bool:
        return self.type == PUBLIC_THREAD

    @property
    def is_dm(self) -> bool:
        return self.type == DM

    @property
    def standing(self) -> list["Message"]:
        """What can be read there by everybody who may, oldest first."""
        return [one for one in self.messages if not one.is_deleted and not one.ephemeral_to]

    def message(self, message_id: str) -> "Message | None":
        return next((one for one in self.standing if one.id == str(message_id)), None)

    def as_discord(self, *, in_interaction: bool = False) -> dict[str, Any]:
        last = self.standing[-1].id if self.standing else None
        told: dict[str, Any] = {"id": self.id, "type": self.type, "last_message_id": last}
        if self.is_dm:  # of an interaction the other person is not told
            people = [self.recipient.as_discord()] if self.recipient and not in_interaction else []
            return told | {"recipients": people}
        told |= {"guild_id": self.guild, "name": self.name, "nsfw": False, "rate_limit_per_user": 0, "flags": 0}
        if self.is_thread:
            return told | self._as_thread()
        shown = [{"id": one, "type": self._kind(one), "allow": str(a), "deny": str(d)} for one, (a, d) in self._over()]
        told |= {"parent_id": None, "position": 0, "topic": None, "permission_overwrites": shown}
        return told

    def _over(self) -> list[tuple[str, list[int]]]:
        return list(self.overwrites.items())

    def _kind(self, whose: str) -> int:
        return 0 if whose in self.names_of_roles else 1

    names_of_roles: Mapping[str, Role] = field(default_factory=dict, repr=False)

    def _as_thread(self) -> dict[str, Any]:
        life = {"archived": self.is_archived, "locked": self.is_locked, "auto_archive_duration": self.keeps_open}
        life |= {"archive_timestamp": stamp(self.made), "create_timestamp": stamp(self.made)}
        told = {"parent_id": self.parent, "owner_id": self.owner, "thread_metadata": life, "member_count": 1}
        count = len([one for one in self.standing if one.type != STARTER])
        return told | {"message_count": count, "total_message_sent": count}


@dataclass(eq=False)
class File:
    """Something that was uploaded."""

    id: str
    name: str
    content: bytes
    url: str
    title: str = ""

    def as_discord(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.id, "filename": self.name, "size": len(self.content), "url": self.url}
        told |= {"proxy_url": self.url, "content_type": "image/png" if self.name.endswith(".png") else "text/plain"}
        return told | ({"description": self.title} if self.title else {})


@dataclass(eq=False)
class Message:
    """One message as it is now: it changes in place when it is edited."""

    channel: str
    id: str
    author: User
    at: float
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    nonce: str = ""
    guild: str = ""
    edited: float | None = None
    edits: int = 0
    is_deleted: bool = False
    is_dismissed: bool = False  # she put this private answer away; Discord does not know
    ephemeral_to: str = ""  # the user who alone sees it
    application: str = ""  # whose answer to an interaction it is
    pings: set[str] = field(default_factory=set)  # ids of users whom it called, when it was posted
    links: list[str] = field(default_factory=list)  # bare addresses in it, of which Discord shows previews
    reactions: dict[str, list[str]] = field(default_factory=dict)  # emoji: who
    mentions: dict[str, list[Any]] = field(default_factory=dict)
    reply_to: "Message | None" = None
    thread: Channel | None = None
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # of people, roles and channels, for reading

    @property
    def ref(self) -> str:
        """As Earshot keeps it."""
        return f"{self.channel}:{self.id}"

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & V2)

    @property
    def is_loading(self) -> bool:
        """Somebody looks at "Earshot is thinking…"."""
        return bool(self.flags & LOADING)

    @property
    def words(self) -> str:
        """All that can be read in it."""
        return looks.words(self.content, self.embeds, self.components, self.names)

    @property
    def buttons(self) -> list[str]:
        return looks.buttons(self.components)

    @property
    def menu(self) -> list[str]:
        """The options of its menus."""
        return looks.options(self.components)

    @property
    def footers(self) -> list[str]:
        return [one["footer"]["text"] for one in self.embeds if one.get("footer")]

    def as_discord(self, *, is_blank: bool = False, with_reply: bool = True) -> dict[str, Any]:
        """`is_blank`: as an application without the message content intent is told of other people's messages."""
        told: dict[str, Any] = {"id": self.id, "channel_id": self.channel, "author": self.author.as_discord()}
        told |= {"content": "" if is_blank else self.content, "timestamp": stamp(self.at), "tts": False}
        told |= {"edited_timestamp": stamp(self.edited), "pinned": False, "type": self.type, "flags": self.flags}
        told |= {
            "mention_everyone": bool(self.mentions.get("everyone")),
            "mention_roles": self.mentions.get("roles", []),
        }
        told["mentions"] = [one.as_discord() for one in self.mentions.get("users", [])]
        told["embeds"] = [] if is_blank else copy.deepcopy(self.embeds)
        told["components"] = [] if is_blank else copy.deepcopy(self.components)
        shown = {one["image"]["url"] for one in self.embeds if one.get("image")}
        # A file that an embed shows is not told among the attachments [known].
        files = [one for one in self.files if one.url not in shown]
        told["attachments"] = [] if is_blank else [one.as_discord() for one in files]
        if self.nonce:
            told["nonce"] = self.nonce
        if self.application:
            told |= {"application_id": self.application, "webhook_id": self.application}
        if self.reactions:
            shown_ones = self.reactions.items()
            told["reactions"] = [{"emoji": {"id": None, "name": name}} | _counted(who) for name, who in shown_ones]
        if self.reply_to is not None:
            place = {"channel_id": self.reply_to.channel, "message_id": self.reply_to.id, "guild_id": self.guild}
            told["message_reference"] = place | {"type": 0}
            if with_reply:
                told["referenced_message"] = self.reply_to.as_discord(is_blank=is_blank, with_reply=False)
        # `thread` must be absent where there is none: discord.py does not take null.
        return told | ({"thread": self.thread.as_discord()} if self.thread else {})


def _counted(who: list[str]) -> dict[str, Any]:
    count = {"count": len(who), "count_details": {"burst": 0, "normal": len(who)}}
    return count | {"me": False, "me_burst": False, "burst_colors": []}
