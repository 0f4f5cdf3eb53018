"""What every method of Slack's Web API asks first: may this token do that, is there such a channel, is the bot in it.

The scopes and tiers stand on the methods' pages in Slack's documents.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.slack.world import Channel

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

Params = Mapping[str, Any]


class Refusal(Exception):
    """Slack says no."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.told: dict[str, Any] = {"ok": False, "error": code} | more


# Method: its scope ("" none; "*:read" is by the kind of channel: channels:read, groups:read, im:read) and its tier
# (0: rules of its own).
METHODS: dict[str, tuple[str, int]] = {
    "auth.test": ("", 0),
    "apps.connections.open": ("connections:write", 1),
    "bots.info": ("users:read", 3),
    "blocks.validate": ("", 3),
    "chat.delete": ("chat:write", 3),
    "chat.getPermalink": ("", 0),
    "chat.postEphemeral": ("chat:write", 4),
    "chat.postMessage": ("chat:write", 0),
    "chat.update": ("chat:write", 3),
    "conversations.history": ("*:history", 3),
    "conversations.info": ("*:read", 3),
    "conversations.list": ("channels:read", 2),
    "conversations.members": ("*:read", 4),
    "conversations.open": ("im:write", 3),
    "conversations.replies": ("*:history", 3),
    "files.completeUploadExternal": ("files:write", 4),
    "files.getUploadURLExternal": ("files:write", 4),
    "reactions.add": ("reactions:write", 3),
    "reactions.get": ("reactions:read", 3),
    "reactions.remove": ("reactions:write", 2),
    "usergroups.list": ("usergroups:read", 2),
    "usergroups.users.list": ("usergroups:read", 2),
    "users.conversations": ("channels:read", 3),
    "users.info": ("users:read", 4),
    "users.list": ("users:read", 2),
    "views.open": ("", 4),
    "views.publish": ("", 4),
    "views.push": ("", 4),
    "views.update": ("", 4),
}


class Doors:
    """Raises Refusal where Slack would."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack

    def needs(self, scope: str) -> None:
        if scope not in self._slack.scopes:
            raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(self._slack.scopes)))

    def is_inside(self, channel: Channel) -> bool:
        return self._slack.bot.id in channel.members

    def channel(self, params: Params, *, is_post: bool = False) -> Channel:
        """By id; what is posted also finds its place by a channel's name or a person's id."""
        told = str(params.get("channel", ""))
        found = self._slack.channels.get(told)
        if found is None and is_post and told in self._slack.users:
            found = self._slack.dm_of(self._slack.users[told])
        if found is None and is_post:
            named = (one for one in self._slack.channels.values() if not one.is_im and one.name == told.lstrip("#"))
            found = next(named, None)
        if found is None or (found.is_private and not self.is_inside(found)):
            raise Refusal("channel_not_found")  # a private channel that the bot is not in is not there for it
        return found

    def to_write(self, params: Params, *, is_post: bool = False) -> Channel:
        channel = self.channel(params, is_post=is_post)
        if channel.is_archived:
            raise Refusal("is_archived")
        may_anyway = "chat:write.public" in self._slack.scopes and not channel.is_private
        if not self.is_inside(channel) and not may_anyway:
            raise Refusal("not_in_channel")
        return channel

    def to_read(self, params: Params, what: str, *, is_inside: bool = True) -> Channel:
        channel = self.channel(params)
        self.needs(f"{channel.kind}:{what}")
        if is_inside and not self.is_inside(channel):
            raise Refusal("not_in_channel")
        return channel

    def page(self, params: Params, found: list[Any], name: str, most: int) -> dict[str, Any]:
        limit = min(int(params.get("limit") or 100), most, self._slack.page_size)
        cursor = str(params.get("cursor") or "")
        if cursor and not cursor.startswith("next:"):
            raise Refusal("invalid_cursor")
        start = int(cursor.removeprefix("next:") or 0)
        has_more = start + limit < len(found)
        following = f"next:{start + limit}" if has_more else ""
        told = {name: found[start : start + limit], "response_metadata": {"next_cursor": following}}
        return told | ({"has_more": has_more} if name == "messages" else {})


def is_true(told: Any) -> bool:
    return str(told).lower() in ("1", "true")
