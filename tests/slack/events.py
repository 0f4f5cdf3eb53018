"""What happens in a fake workspace, and the events that the app is told of it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.slack.sockets import Delivery, Hub
from tests.slack.workspace import Workspace
from tests.slack.world import TEAM, Channel, Message, User, new_id

EVENTS = (
    "app_home_opened app_mention app_uninstalled channel_archive channel_left channel_rename channel_shared "
    "channel_unarchive channel_unshared group_archive group_left group_rename group_unarchive member_joined_channel "
    "member_left_channel message.im reaction_added reaction_removed subteam_members_changed subteam_updated "
    "tokens_revoked user_change"
)


class Happenings(Workspace):
    """Only events in `subscriptions` are told, and of channels only where the bot is."""

    hub: Hub

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.subscriptions = set(EVENTS.split())
        self.token_error = ""  # token_revoked, account_inactive …: what every call with the bot token gets

    def say(self, channel: Channel, message: Message) -> None:
        channel.messages.append(message)
        if channel.is_im and not message.ephemeral_to:
            self.emit({"type": "message", "channel_type": "im"} | self._said(channel, message))

    def tell_changed(self, channel: Channel, message: Message, before: dict[str, Any]) -> None:
        if channel.is_im:
            told = {"message": message.as_slack(), "previous_message": before, "channel": channel.id}
            stamp = {"ts": self.new_ts(), "hidden": True, "channel_type": "im"}
            self.emit({"type": "message", "subtype": "message_changed"} | told | stamp)

    def remove(self, channel: Channel, message: Message) -> None:
        message.is_deleted = True
        if channel.is_im:
            told = {"deleted_ts": message.ts, "previous_message": message.as_slack(), "channel": channel.id}
            stamp = {"ts": self.new_ts(), "hidden": True, "channel_type": "im"}
            self.emit({"type": "message", "subtype": "message_deleted"} | told | stamp)

    def set_reaction(self, message: Message, name: str, user: str, *, is_added: bool) -> Delivery | None:
        who = message.reactions.setdefault(name, [])
        who.append(user) if is_added else who.remove(user)
        if not who:
            del message.reactions[name]
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        told = {"user": user, "reaction": name, "item": item, "item_user": message.user}
        if self.bot.id not in self.channels[message.channel].members:
            return None
        return self.emit({"type": "reaction_added" if is_added else "reaction_removed"} | told)

    def emit(self, event: Mapping[str, Any]) -> Delivery | None:
        """Tell the app of an event that it has subscribed to."""
        name = f"message.{event['channel_type']}" if event["type"] == "message" else event["type"]
        if name not in self.subscriptions:
            return None
        return self.hub.tell(self._enveloped(dict(event)))

    def _enveloped(self, event: dict[str, Any]) -> dict[str, Any]:
        event.setdefault("event_ts", event.get("ts") or self.new_ts())
        place = self.channels.get(str(event.get("channel") or event.get("item", {}).get("channel", "")))
        enterprise = self.enterprise_id or None
        asked = {"enterprise_id": enterprise, "team_id": TEAM, "user_id": self.bot.id, "is_bot": True}
        told = {"token": "t", "team_id": TEAM, "context_team_id": TEAM, "context_enterprise_id": enterprise}
        told |= {"api_app_id": "A0EARSHOT", "event": event, "type": "event_callback", "event_id": new_id("Ev")}
        told |= {"event_time": int(self.clock()), "authorizations": [asked | {"is_enterprise_install": False}]}
        return told | {"is_ext_shared_channel": place is not None and place.is_ext_shared}

    def _said(self, channel: Channel, message: Message) -> dict[str, Any]:
        told = message.as_slack() | {"channel": channel.id, "event_ts": message.ts}
        user = self.users[message.user]
        if user.team != TEAM:  # how strangers can be told apart in a channel that is shared
            told |= {"user_team": user.team, "source_team": user.team, "team": user.team}
        return told

    def mention(self, channel: Channel, message: Message) -> Delivery | None:
        """The event of a message that names the bot; only where the bot is."""
        if self.bot.id not in channel.members or channel.is_im:
            return None
        return self.emit(self._said(channel, message) | {"type": "app_mention"})

    # Changes by people in Slack's own pages

    async def invite_bot(self, channel: str | Channel) -> None:
        place = self.channel(channel)
        place.members.add(self.bot.id)
        told = {"user": self.bot.id, "channel": place.id, "channel_type": "G" if place.is_private else "C"}
        await self._told(self.emit({"type": "member_joined_channel", "team": TEAM} | told))

    async def kick_bot(self, channel: str | Channel) -> None:
        place = self.channel(channel)
        place.members.discard(self.bot.id)
        kind = "group_left" if place.is_private else "channel_left"
        told = {"user": self.bot.id, "channel": place.id, "channel_type": "G" if place.is_private else "C"}
        await self._told(self.emit({"type": "member_left_channel", "team": TEAM} | told))
        await self._told(self.emit({"type": kind, "channel": place.id, "actor_id": "U0"}))

    async def archive(self, channel: str | Channel, *, is_archived: bool = True) -> None:
        place = self.channel(channel)
        place.is_archived = is_archived
        kind = f"{'group' if place.is_private else 'channel'}_{'archive' if is_archived else 'unarchive'}"
        await self._told(self.emit({"type": kind, "channel": place.id, "user": "U0"}))

    async def rename(self, channel: str | Channel, name: str) -> None:
        place = self.channel(channel)
        place.name = name.lstrip("#")
        told = {"id": place.id, "name": place.name, "created": 1}
        kind = "group_rename" if place.is_private else "channel_rename"
        await self._told(self.emit({"type": kind, "channel": told}))

    async def share(self, channel: str | Channel, *, is_shared: bool = True) -> None:
        """With another company, by Slack Connect."""
        place = self.channel(channel)
        place.is_ext_shared = is_shared
        told = {"connected_team_id": "T0OTHER", "channel": place.id}
        await self._told(self.emit({"type": "channel_shared" if is_shared else "channel_unshared"} | told))

    async def change_group(self, handle: str, users: Iterable[str | User]) -> None:
        group = next(one for one in self.groups.values() if one.handle == handle)
        before, group.users = group.users, [self.user(one).id for one in users]
        added = [one for one in group.users if one not in before]
        removed = [one for one in before if one not in group.users]
        told = {"subteam_id": group.id, "team_id": TEAM, "added_users": added, "removed_users": removed}
        await self._told(self.emit({"type": "subteam_members_changed"} | told))

    async def change_user(self, who: str | User, **fields: Any) -> None:
        """`fields` of User: is_restricted, deleted, real_name …"""
        user = self.user(who)
        for name, value in fields.items():
            setattr(user, name, value)
        await self._told(self.emit({"type": "user_change", "user": user.as_slack(), "cache_ts": 1}))

    async def revoke(self) -> None:
        """An admin takes the app away."""
        self.token_error = "token_revoked"
        await self._told(self.emit({"type": "tokens_revoked", "tokens": {"bot": [self.bot.id], "oauth": []}}))

    @staticmethod
    async def _told(delivery: Delivery | None) -> None:
        if delivery is not None:
            await delivery.was_tried.wait()
