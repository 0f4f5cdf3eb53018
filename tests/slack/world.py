"""What Slack's workspace holds: people, channels, user groups, messages and views, as plain data."""

import copy
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.slack import looks

TEAM = "T0HERON"
_NUMBERS = itertools.count(1)


def new_id(start: str) -> str:
    """An id in Slack's manner: a letter for the kind, then letters and digits."""
    return f"{start}0{next(_NUMBERS):06X}"


@dataclass(eq=False)
class User:
    """A person, or our bot."""

    id: str
    name: str
    real_name: str
    team: str = TEAM
    is_bot: bool = False
    is_restricted: bool = False  # a guest
    is_ultra_restricted: bool = False  # a guest of one channel
    deleted: bool = False

    def as_slack(self) -> dict[str, Any]:
        shown = {"real_name": self.real_name, "display_name": self.name, "team": self.team}
        told = {"id": self.id, "team_id": self.team, "name": self.name, "deleted": self.deleted, "profile": shown}
        told |= {"is_bot": self.is_bot, "is_app_user": False, "is_stranger": self.team != TEAM, "tz": "Europe/Berlin"}
        if self.deleted:  # Slack tells little of people who have left
            return told
        told |= {"real_name": self.real_name, "is_admin": False, "is_owner": False}
        return told | {"is_restricted": self.is_restricted, "is_ultra_restricted": self.is_ultra_restricted}


@dataclass(eq=False)
class Group:
    """A user group: @support."""

    id: str
    handle: str
    users: list[str]

    def as_slack(self, *, with_users: bool = False) -> dict[str, Any]:
        told = {"id": self.id, "team_id": TEAM, "is_usergroup": True, "handle": self.handle, "name": self.handle}
        told |= {"user_count": len(self.users), "date_delete": 0}
        return told | ({"users": list(self.users)} if with_users else {})


@dataclass(eq=False)
class SlackFile:
    """Something uploaded. Who reads a channel in which it stands may see it; until then nobody but the bot."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    is_finished: bool = False
    channels: set[str] = field(default_factory=set)

    def as_slack(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "title": self.title, "size": self.length, "mimetype": ""}


@dataclass(eq=False)
class Message:
    """One message as it is now: it changes in place when it is updated."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    files: list[SlackFile] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    bot_id: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)  # name: who
    is_deleted: bool = False
    edits: int = 0
    ephemeral_to: str = ""
    is_broadcast: bool = False
    settings: dict[str, Any] = field(default_factory=dict)  # parse, link_names, unfurl_* as they apply now
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # of people, for reading

    @property
    def ref(self) -> str:
        return f"{self.channel}:{self.ts}"

    @property
    def words(self) -> str:
        """All that can be read in it."""
        if not self.blocks:
            return "\n".join([looks.unescaped(self.text, self.names), *map(str, self.attachments)]).strip()
        return looks.words(self.blocks, self.names)

    @property
    def buttons(self) -> list[str]:
        return looks.buttons(self.blocks)

    @property
    def menu(self) -> list[str]:
        return looks.menu(self.blocks)

    def as_slack(self, *, with_metadata: bool = False, replies: Iterable["Message"] = ()) -> dict[str, Any]:
        told: dict[str, Any] = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": TEAM}
        if self.bot_id:
            told |= {"bot_id": self.bot_id, "app_id": "A0EARSHOT"}
        if self.blocks:
            told["blocks"] = copy.deepcopy(self.blocks)
        if self.attachments:
            told["attachments"] = copy.deepcopy(self.attachments)
        if self.edits and not self.blocks:  # no "edited" is shown on messages with blocks [doc]
            told["edited"] = {"user": self.user, "ts": self.ts}
        if self.files:
            told |= {"files": [one.as_slack() for one in self.files], "upload": True}
        told |= self._in_thread(list(replies))
        if self.reactions:
            shown = self.reactions.items()
            told["reactions"] = [{"name": name, "users": list(who), "count": len(who)} for name, who in shown]
        if with_metadata and self.metadata:
            told["metadata"] = copy.deepcopy(self.metadata)
        return told

    def _in_thread(self, replies: list["Message"]) -> dict[str, Any]:
        if replies:
            return {"thread_ts": self.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
        return {"thread_ts": self.thread_ts} if self.thread_ts else {}


@dataclass(eq=False)
class Channel:
    """A channel or direct message. `messages` holds everything that was ever said, oldest first."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_org_shared: bool = False
    is_im: bool = False
    messages: list[Message] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """As in the names of scopes: channels, groups or im."""
        return "im" if self.is_im else "groups" if self.is_private else "channels"

    @property
    def told_name(self) -> str:
        """What commands and clicks call it."""
        return "directmessage" if self.is_im else "privategroup" if self.is_private else self.name

    def message(self, ts: str) -> Message | None:
        """One that stands there."""
        standing = (one for one in self.messages if not one.is_deleted and not one.ephemeral_to)
        return next((one for one in standing if one.ts == ts), None)

    def replies(self, ts: str) -> list[Message]:
        """What stands in a thread under its first message."""
        standing = [one for one in self.messages if not one.is_deleted and not one.ephemeral_to]
        return [one for one in standing if one.thread_ts == ts and one.ts != ts]

    def as_slack(self, bot: str) -> dict[str, Any]:
        if self.is_im:
            other = next(iter(self.members - {bot}), bot)
            return {"id": self.id, "is_im": True, "user": other, "is_archived": False, "is_open": True}
        told = {"id": self.id, "name": self.name, "name_normalized": self.name, "is_im": False, "is_mpim": False}
        told |= {"is_channel": not self.is_private, "is_group": False, "is_private": self.is_private}
        told |= {"is_archived": self.is_archived, "is_member": bot in self.members, "num_members": len(self.members)}
        told |= {"is_shared": self.is_ext_shared or self.is_org_shared, "is_org_shared": self.is_org_shared}
        pending = {"is_pending_ext_shared": self.is_pending_ext_shared, "context_team_id": TEAM}
        return told | {"is_ext_shared": self.is_ext_shared} | pending


@dataclass(eq=False)
class View:
    """A modal, or somebody's App Home. `state` is what its inputs hold now; it changes in place."""

    id: str
    user: str
    told: dict[str, Any]
    hash: str
    root: str = ""
    previous: str = ""
    is_closed: bool = False
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # by block id, as shown beside the fields
    names: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.told["blocks"])

    @property
    def is_home(self) -> bool:
        return bool(self.told["type"] == "home")

    @property
    def callback_id(self) -> str:
        return str(self.told.get("callback_id", ""))

    @property
    def title(self) -> str:
        return str(self.told.get("title", {}).get("text", ""))

    @property
    def words(self) -> str:
        """All that can be read in it: title, blocks, labels, what the fields hold, errors."""
        held = [value for block in self.state.values() for one in block.values() if (value := looks.held(one))]
        return "\n".join([self.title, looks.words(self.blocks, self.names), *held, *self.errors.values()]).strip()

    @property
    def buttons(self) -> list[str]:
        return looks.buttons(self.blocks)

    @property
    def menu(self) -> list[str]:
        return looks.menu(self.blocks)

    @property
    def fields(self) -> list[str]:
        """The labels of its inputs."""
        return [block["label"]["text"] for block in self.blocks if block["type"] == "input"]

    def put(self, told: Mapping[str, Any], hash_: str) -> None:
        """New content. What stood in an input stays while its block_id and action_id stay [doc: also where only the
        initial value changed, which is why a new block_id is needed to replace what an input holds].
        """
        self.told = with_ids(told)
        self.hash = hash_
        self.errors = {}
        fresh = looks.initial_state(self.blocks)
        for block, actions in fresh.items():
            for action, new in actions.items():
                old = self.state.get(block, {}).get(action)
                if old is not None and old["type"] == new["type"]:
                    actions[action] = old
        self.state = fresh

    def as_slack(self) -> dict[str, Any]:
        told = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None}
        told |= {"clear_on_close": False, "notify_on_close": False} | copy.deepcopy(self.told)
        told |= {"id": self.id, "team_id": TEAM, "hash": self.hash, "state": {"values": copy.deepcopy(self.state)}}
        told |= {"root_view_id": self.root or self.id, "previous_view_id": self.previous or None}
        return told | {"app_id": "A0EARSHOT", "bot_id": "B0EARSHOT", "app_installed_team_id": TEAM}


def with_ids(told: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which every block has a block_id and every element an action_id, as Slack gives them out."""
    copied = copy.deepcopy(dict(told))
    for block in copied.get("blocks") or []:
        block.setdefault("block_id", new_id("b"))
        for element in looks.elements(block):
            element.setdefault("action_id", new_id("a"))
    return copied


def is_emoji_name(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?", name) is not None
