"""How messages come to stand, change and go, in a fake Discord: limits, pings, files, and a record of every write."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.discord import looks
from tests.discord.lint import lint_message
from tests.discord.marks import all_links, bare_links, named
from tests.discord.permissions import BITS
from tests.discord.refusals import Refusal, invalid, lines
from tests.discord.workspace import Workspace
from tests.discord.world import (
    EPHEMERAL,
    HAS_THREAD,
    LOADING,
    PUBLIC_THREAD,
    SILENT,
    STARTER,
    SUPPRESS_EMBEDS,
    V2,
    Channel,
    File,
    Message,
)

GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15  # intents
GUILDS = 1 << 0
NONCE_LIVES = 300.0  # seconds for which a nonce is remembered; "a few minutes" [doc]
_EMPTY: Mapping[str, Any] = {}
Upload = tuple[str, bytes]


@dataclass
class Write:
    """One thing that the bot did to a message."""

    kind: str  # post, edit, delete
    message: Message
    told: dict[str, Any]
    at: float  # the clock's seconds
    via: str  # api, or interaction


class Events(Protocol):
    """The line to the bot."""

    @property
    def is_reachable(self) -> bool: ...
    def tell(self, name: str, told: Mapping[str, Any], intent: int = 0) -> None: ...
    def has_intent(self, intent: int) -> bool: ...


class Posting(Workspace):
    """Messages and threads. Everything the bot does to messages is in `posts`, `edits` and `deletes`."""

    hub: Events

    def __init__(self, clock: Any) -> None:
        self.posts: list[Write] = []  # what came to stand: a second one of the same key is a double
        self.edits: list[Write] = []
        self.deletes: list[Write] = []
        super().__init__(clock)

    # By the bot

    def post(
        self,
        channel: Channel,
        told: Mapping[str, Any],
        uploads: Mapping[str, Upload] = _EMPTY,
        *,
        ephemeral_to: str = "",
        is_answer: bool = False,
    ) -> Message:
        """A new message of the bot; `is_answer`: through an interaction. Raises Refusal."""
        allowed = SUPPRESS_EMBEDS | SILENT | V2
        flags = int(told.get("flags") or 0) & allowed | (EPHEMERAL if ephemeral_to else 0)
        message = Message(channel.id, self.new_id(), self.bot, self.clock(), guild=channel.guild, names=self.names)
        message.ephemeral_to, message.nonce = ephemeral_to, str(told.get("nonce") or "")
        message.application = self.application if is_answer else ""
        self._fill(message, told, uploads, flags)
        if reference := told.get("message_reference"):
            message.reply_to = channel.message(str(reference.get("message_id")))
            message.type = 19
            if message.reply_to is None and reference.get("fail_if_not_exists", True):
                raise invalid([(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")])
        self._call(channel, message, told.get("allowed_mentions"))
        self.say(channel, message)
        self._note(self.posts, "post", message, told, is_answer)
        return message

    def edit(
        self,
        message: Message,
        told: Mapping[str, Any],
        uploads: Mapping[str, Upload] = _EMPTY,
        *,
        is_answer: bool = False,
    ) -> Message:
        """New content of a message of the bot; what is not told stays. Nobody is called by an edit. Raises Refusal."""
        channel = self.channels[message.channel]
        if message.is_deleted:
            raise Refusal(10008)
        if channel.is_archived and not message.ephemeral_to:  # not even by the one who wrote it
            raise Refusal(50083)
        kept = message.flags & ~LOADING
        flags = kept | int(told.get("flags") or 0) & (SUPPRESS_EMBEDS | V2)  # the layout flag never goes again
        whole: dict[str, Any] = {"content": message.content, "embeds": message.embeds, "components": message.components}
        self._fill(message, whole | {name: value for name, value in told.items() if name != "nonce"}, uploads, flags)
        message.edited = self.clock()
        message.edits += 1
        self._note(self.edits, "edit", message, told, is_answer)
        self._tell_message("MESSAGE_UPDATE", channel, message)
        return message

    def delete(self, message: Message, *, is_answer: bool = False) -> None:
        self._note(self.deletes, "delete", message, {}, is_answer)
        self.remove(message)

    def known_nonce(self, nonce: str) -> Message | None:
        """What the bot has posted with this nonce in the last minutes and still stands."""
        for one in reversed(self.posts):
            if one.message.nonce == nonce and not one.message.is_deleted:
                return one.message if self.clock() - one.at <= NONCE_LIVES else None
        return None

    def thread_of(self, message: Message, name: str, keeps_open: int) -> Channel:
        """A thread made from a message: its id is the message's. Raises Refusal 160004 when there is one."""
        if message.id in self.channels:
            raise Refusal(160004)
        if not 1 <= len(name) <= 100:
            raise invalid([(("name",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")])
        thread = Channel(message.id, name, message.guild, PUBLIC_THREAD, parent=message.channel, owner=self.bot.id)
        thread.keeps_open, thread.made = keeps_open, self.clock()
        self.channels[thread.id] = thread
        self.names[thread.id] = name
        message.thread = thread
        message.flags |= HAS_THREAD
        starter = Message(thread.id, self.new_id(), message.author, self.clock(), type=STARTER, guild=message.guild)
        starter.reply_to = message
        thread.messages.append(starter)
        self.hub.tell("THREAD_CREATE", thread.as_discord() | {"newly_created": True}, GUILDS)
        return thread

    # By anybody

    def say(self, channel: Channel, message: Message) -> None:
        """A message comes to stand. Writing into an archived thread opens it again."""
        if channel.is_archived and not message.ephemeral_to:
            channel.is_archived = False
            self.hub.tell("THREAD_UPDATE", channel.as_discord(), GUILDS)
        channel.messages.append(message)
        self._tell_message("MESSAGE_CREATE", channel, message)

    def remove(self, message: Message) -> None:
        """Its thread stays, as on Discord."""
        message.is_deleted = True
        if not message.ephemeral_to:
            told = {"id": message.id, "channel_id": message.channel, "guild_id": message.guild}
            self.hub.tell("MESSAGE_DELETE", told, GUILD_MESSAGES if message.guild else DIRECT_MESSAGES)

    def shown_to_bot(self, message: Message) -> dict[str, Any]:
        """A message as the API tells it to our application: other people's words need an intent of their own."""
        is_ours = message.author is self.bot or not message.guild
        is_open = is_ours or self.bot in message.mentions.get("users", ()) or self.hub.has_intent(MESSAGE_CONTENT)
        return message.as_discord(is_blank=not is_open)

    def _tell_message(self, name: str, channel: Channel, message: Message) -> None:
        if message.ephemeral_to:  # these never travel over the gateway
            return
        told = self.shown_to_bot(message)
        if message.guild:
            told["guild_id"] = message.guild
            member = self.guilds[message.guild].members.get(message.author.id)
            if member is not None:
                told["member"] = {key: value for key, value in member.as_discord().items() if key != "user"}
        self.hub.tell(name, told, GUILD_MESSAGES if message.guild else DIRECT_MESSAGES)

    def _note(self, log: list[Write], kind: str, message: Message, told: Mapping[str, Any], is_answer: bool) -> None:
        via = "interaction" if is_answer else "api"
        log.append(Write(kind, message, copy.deepcopy(dict(told)), self.clock(), via))

    # What stands in it

    def _fill(self, message: Message, told: Mapping[str, Any], uploads: Mapping[str, Upload], flags: int) -> None:
        files, names = self._files(message, told, uploads)
        told = dict(told) | {"content": str(told.get("content") or "").strip()}
        if wrong := lint_message(told, flags, names):
            self.alarms += [f"message: {one}" for one in lines(wrong)]
            raise invalid(wrong)
        if not (told["content"] or told.get("embeds") or told.get("components") or files):
            self.alarm("message: nothing stands in it")
            raise Refusal(50006)
        self._look(told)
        urls = {one.name: one.url for one in files}
        message.content, message.flags, message.files = told["content"], flags, files
        message.embeds = [{"type": "rich"} | _attached(one, urls) for one in told.get("embeds") or ()]
        message.components = [_attached(one, urls) for one in told.get("components") or ()]
        for one in message.embeds:
            if str((one.get("image") or {}).get("url", "")).startswith("attachment://"):
                self.alarm(f"message: an embed shows {one['image']['url']}, which is not attached: a hole")
        for place, one in enumerate(looks.walk(message.components), 1):
            one["id"] = one.get("id") or place
        message.links = [] if flags & (SUPPRESS_EMBEDS | V2) else bare_links(message.content)

    def _files(
        self, message: Message, told: Mapping[str, Any], uploads: Mapping[str, Upload]
    ) -> tuple[list[File], list[str]]:
        """What is attached afterwards: without `attachments` all that was, and what is new."""
        listed = told.get("attachments")
        titles = {str(one["id"]): str(one.get("description") or "") for one in listed or ()}
        kept = [one for one in message.files if listed is None or one.id in titles]
        for key, (name, content) in uploads.items():
            file_id = self.new_id()
            url = f"{self.base}/attachments/{message.channel}/{file_id}/{name}"
            made = File(file_id, name, content, url, titles.get(key, ""))
            self.files[file_id] = made
            kept.append(made)
        return kept, [one.name for one in kept]

    def _look(self, told: Mapping[str, Any]) -> None:
        if self.may_link is not None:
            told_of = {name: told.get(name) for name in ("content", "embeds", "components")}
            for link in sorted(all_links(told_of)):
                if not self.may_link(link) and not link.startswith(self.base):
                    self.alarm(f"message: it leads to {link}")

    def _call(self, channel: Channel, message: Message, allowed: Any) -> None:
        """Work out whom a new message calls, and sound an alarm for those who are not expected to be."""
        called = named(message.content, message.components, allowed)
        may_call_all = bool(self.permissions_of(self.bot, channel) & BITS["mention_everyone"])
        people = {one for one in called.users if one in self.users}
        guild = self.guilds.get(channel.guild)
        roles = [one for one in called.roles if guild and one in guild.roles]
        for one in roles if guild else ():
            if guild is not None and (guild.roles[one].is_mentionable or may_call_all):
                people |= {user for user, member in guild.members.items() if one in member.roles}
        message.mentions = {"users": [self.users[one] for one in called.users if one in self.users], "roles": roles}
        if called.is_everyone and may_call_all and guild is not None:
            message.mentions["everyone"] = [True]
            people |= set(guild.members)
            if "everyone" not in self.may_ping:
                self.alarm("message: it calls everyone")
        elif not message.ephemeral_to:
            known = self.may_ping | {self.users[one].id for one in self.users if self.users[one].name in self.may_ping}
            for one in sorted(people - known):
                self.alarm(f"message: it calls @{self.names.get(one, one)}")
        message.pings = people & self._readers(channel) if not message.ephemeral_to else set()

    def _readers(self, channel: Channel) -> set[str]:
        """Nobody is called in a channel that she does not see."""
        return {one.id for one in self.users.values() if self.permissions_of(one, channel) & BITS["view_channel"]}


def _attached(thing: Any, urls: Mapping[str, str]) -> Any:
    """A copy in which attachment://chart.png is the address of the file."""
    if isinstance(thing, Mapping):
        return {name: _attached(one, urls) for name, one in thing.items()}
    if isinstance(thing, list):
        return [_attached(one, urls) for one in thing]
    if isinstance(thing, str) and thing.startswith("attachment://"):
        return urls.get(thing.removeprefix("attachment://"), thing)
    return thing


def find(messages: Sequence[Message], query: Mapping[str, str]) -> list[Message]:
    """A page of history, newest first whatever was asked for; `after` takes those next after it."""
    limit = int(query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid([(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")])
    ordered = sorted(messages, key=lambda one: int(one.id))
    if "before" in query:
        ordered = [one for one in ordered if int(one.id) < int(query["before"])][-limit:]
    elif "after" in query:
        ordered = [one for one in ordered if int(one.id) > int(query["after"])][:limit]
    elif "around" in query:
        middle = int(query["around"])
        older = [one for one in ordered if int(one.id) < middle][-(limit // 2) :]
        newer = [one for one in ordered if int(one.id) >= middle][: limit - limit // 2]
        ordered = older + newer
    return list(reversed(ordered[-limit:]))
