"""The workspace of a fake Slack: who and what is there, and the ids, views and addresses that Slack gives out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.slack.doors import Refusal
from tests.slack.watch import Watch
from tests.slack.world import TEAM, Channel, Group, Message, SlackFile, User, View, new_id, with_ids

STACK = 3  # views on top of each other [doc]


@dataclass(eq=False)
class Trigger:
    """What a click or command allows: one view, within three seconds."""

    user: str
    at: float
    is_used: bool = False
    opened: list[View] = field(default_factory=list)


@dataclass(eq=False)
class ResponseUrl:
    """Where answers to one click or command go."""

    user: str
    channel: Channel
    at: float
    message: Message | None  # the one that was clicked in
    uses: int = 0
    said: list[Message] = field(default_factory=list)


class Workspace(Watch):
    """Everything that is there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.team_name, self.url, self.enterprise_id = "Heron & Plover", "https://heron.slack.com/", ""
        self.base, self.upload_base = "", ""  # where its servers are; files go to another when that is named
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.names: dict[str, str] = {}
        self.files: dict[str, SlackFile] = {}
        self.uploads: dict[str, SlackFile] = {}  # by what stands at the end of the address; each is used once
        self.not_ready: float = 0  # so many blocks with a picture are refused, as Slack has not looked through it yet
        self.bot_id = "B0EARSHOT"
        self.bot = self.add_user("earshot", is_bot=True)
        self._last_ts = 0

    def add_user(
        self, name: str, real_name: str = "", *, team: str = TEAM, is_bot: bool = False, is_restricted: bool = False
    ) -> User:
        """`is_restricted`: a guest. Somebody of another `team` is a stranger who shares a channel with us."""
        user = User(new_id("U"), name, real_name or name.title(), team, is_bot, is_restricted)
        self.users[user.id] = user
        self.names[user.id] = name
        return user

    def add_channel(
        self, name: str, members: Iterable[str | User] = (), *, bot_in: bool = True, **marks: bool
    ) -> Channel:
        """`marks`: is_private, is_archived, is_ext_shared, is_pending_ext_shared, is_org_shared."""
        inside = {self.user(one).id for one in members} | ({self.bot.id} if bot_in else set())
        channel = Channel(new_id("C"), name.lstrip("#"), inside, **marks)
        self.channels[channel.id] = channel
        return channel

    def add_group(self, handle: str, users: Iterable[str | User] = ()) -> Group:
        group = Group(new_id("S"), handle, [self.user(one).id for one in users])
        self.groups[group.id] = group
        return group

    def user(self, who: str | User) -> User:
        if isinstance(who, User):
            return who
        found = self.users.get(who) or next((one for one in self.users.values() if one.name == who.lstrip("@")), None)
        assert found is not None, f"Nobody is called {who}; there are {sorted(self.names.values())}."
        return found

    def channel(self, which: str | Channel) -> Channel:
        """Also "@ana", the direct messages of a person with the bot."""
        if isinstance(which, Channel):
            return which
        if which.startswith("@"):
            return self.dm_of(self.user(which))
        named = (one for one in self.channels.values() if one.name == which.lstrip("#") and not one.is_im)
        found = self.channels.get(which) or next(named, None)
        assert found is not None, f"There is no {which}; there are {[one.name for one in self.channels.values()]}."
        return found

    def dm_of(self, user: User) -> Channel:
        found = (one for one in self.channels.values() if one.is_im and user.id in one.members)
        dm = next(found, None)
        if dm is None:
            dm = Channel(new_id("D"), f"@{user.name}", {user.id, self.bot.id}, is_im=True)
            self.channels[dm.id] = dm
        return dm

    # What stands there

    def messages(self, channel: str | Channel) -> list[Message]:
        """All that was said there, threads too, oldest first; not the ephemeral ones. Deleted ones are marked."""
        return [one for one in self.channel(channel).messages if not one.ephemeral_to]

    def cards(self, channel: str | Channel) -> list[Message]:
        """What our bot has standing in the channel itself."""
        standing = [one for one in self.messages(channel) if not one.is_deleted and not one.thread_ts]
        return [one for one in standing if one.user == self.bot.id]

    def replies(self, message: Message) -> list[Message]:
        """What stands in a message's thread."""
        return self.channels[message.channel].replies(message.ts)

    def ephemerals(self, who: str | User) -> list[Message]:
        """What only this person was shown, oldest first; dismissed and replaced ones are marked as deleted."""
        user = self.user(who).id
        found = [one for channel in self.channels.values() for one in channel.messages if one.ephemeral_to == user]
        return sorted(found, key=lambda one: one.ts)

    def permalink(self, message: Message) -> str:
        there = f"{self.url}archives/{message.channel}/p{message.ts.replace('.', '')}"
        return there + (f"?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else "")

    # Pictures

    def wrong_pictures(self, blocks: Any) -> list[str]:
        """Why Slack does not take the pictures in these blocks."""
        found = []
        for place, block in enumerate(blocks or ()):
            if "slack_file" not in block:
                continue
            file = self.files.get(str(block["slack_file"].get("id", "")))
            is_one = file is not None and file.is_finished and (file.content or b"").startswith(b"\x89PNG")
            if not is_one:
                self.alarm(f"blocks[{place}]: there is no such picture: {block['slack_file']}")
            if not is_one or self.not_ready > 0:
                found.append(f"invalid slack file [json-pointer:/blocks/{place}/slack_file]")
        self.not_ready -= bool(found and self.not_ready > 0)
        return found

    def shows(self, message: Message) -> None:
        """From now on those who read there may see the pictures in it; an ephemeral one changes nothing."""
        for block in message.blocks if not message.ephemeral_to else ():
            if "slack_file" in block:
                self.files[block["slack_file"]["id"]].channels.add(message.channel)

    def may_see(self, user: str, file_id: str) -> bool:
        return any(user in self.channels[one].members for one in self.files[file_id].channels)

    # What Slack gives out

    def new_ts(self) -> str:
        """A time in microseconds that no other message has."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_hash(self) -> str:
        return f"{int(self.clock())}.{new_id('h')}"

    def new_trigger(self, user: str) -> str:
        trigger = f"{new_id('1')}.2.{new_id('t')}"
        self.triggers[trigger] = Trigger(user, self.clock())
        return trigger

    def new_response_url(self, user: str, channel: Channel, message: Message | None = None) -> str:
        name = new_id("R")
        self.response_urls[name] = ResponseUrl(user, channel, self.clock(), message)
        return f"{self.base}/actions/{TEAM}/{name}"

    def new_message(self, channel: Channel, user: str, text: str, blocks: Any = None) -> Message:
        message = Message(channel.id, self.new_ts(), user, text, names=self.names)
        message.blocks = with_ids({"blocks": blocks or []})["blocks"]
        return message

    def new_view(self, user: str, told: Mapping[str, Any]) -> View:
        view = View(new_id("V"), user, {}, "", names=self.names)
        view.put(told, self.new_hash())
        self.views[view.id] = view
        return view

    def push(self, user: str, told: Mapping[str, Any]) -> View:
        """Another view on top of a person's modal."""
        stack = self.stacks.get(user) or []
        if not stack:
            raise Refusal("not_found")
        if len(stack) >= STACK:
            raise Refusal("push_limit_reached")
        view = self.new_view(user, told)
        view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        return view
