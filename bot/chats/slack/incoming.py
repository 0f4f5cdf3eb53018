"""What Slack tells us, read: who did what, where, and where the answer goes. Pure; a payload is never trusted.

SURFACE declares once what people can use and what we listen to; the listeners and the app's manifest are made from it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.chats.slack.codes import ACT, OPENED

Body = Mapping[str, Any]

_TOKEN = re.compile(r"<([^<>]*)>")
_LINK = re.compile(r"<(https?://[^<>|]+)(?:\|[^<>]*)?>")
_LONGEST_LINE = 12_000  # characters; Slack's own messages are no longer


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An entry of Slack's own menus. `kind` is "message" (on any message) or "global"."""

    callback_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything of ours that Slack knows about. Action ids are written as patterns that match from the start."""

    commands: tuple[str, ...]
    shortcuts: tuple[Shortcut, ...]
    events: tuple[str, ...]  # as a manifest writes them: message.im
    actions: tuple[str, ...]
    views: tuple[str, ...]  # callback ids


PICKED, TYPED = "pick", "typed"  # action ids of a form's fields that tell us something before it is submitted
_ASKED = ("app_mention", "message.im", "reaction_added", "reaction_removed", "app_home_opened")
# Who and what is there has changed: the directory looks again.
CHANGED = (
    "member_joined_channel",
    "channel_archive", "channel_unarchive", "channel_rename", "channel_shared", "channel_unshared",
    "group_archive", "group_unarchive", "group_rename",
    "subteam_members_changed",
    "app_uninstalled", "tokens_revoked",
)  # fmt: skip

SURFACE = Declared(
    commands=("/earshot",),
    shortcuts=(Shortcut("track", "message"), Shortcut("note", "message"), Shortcut("queue", "global")),
    events=(*_ASKED, *CHANGED),
    actions=(f"^{ACT}:", f"^{OPENED}(:|$)", f"^{PICKED}:", f"^{TYPED}:"),
    views=("form", "confirm", "loading", "words", "screen"),
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that one person did in Slack: ids only, nothing of what was said.

    `on` is what it was done on: command, shortcut, event, message, ephemeral, modal, home. `teams` are the workspaces
    or organisations that the payload says she belongs to. Timestamps are Slack's own texts.
    """

    on: str
    user: str
    teams: tuple[str, ...]
    key: str  # the same for every repeat of the same thing
    channel: str = ""
    thread: str = ""  # of the message it was done on, where that stands in a thread
    message: str = ""  # the timestamp of the message it was done on
    trigger: str = ""
    response_url: str = ""
    view: Body = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        """Said to us alone, in a direct message."""
        return self.channel.startswith("D")

    @property
    def ids(self) -> dict[str, str]:
        """For the log."""
        return {"slack_user": self.user, "slack_channel": self.channel, "on": self.on}


@dataclass(frozen=True, slots=True)
class Clicked:
    """The one element that was used. `value` is its value, the picked option's, or what stands in the field now."""

    action_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Posted:
    """The message that a shortcut was used on. `thread` is the thread's first message, also for that message itself."""

    channel: str
    ts: str
    thread: str
    text: str
    user: str  # who wrote it; nobody for a bot
    author: str  # what the payload itself says of the author's name
    url: str
    link: str = ""  # the first one in its text
    teams: tuple[str, ...] = ()  # of its author, as far as the payload says

    @property
    def ref(self) -> str:
        return f"{self.channel}:{self.ts}"


def read_command(body: Body) -> Incoming:
    """A slash command."""
    return Incoming(
        "command",
        _text(body, "user_id"),
        _teams(body.get("team_id"), body.get("enterprise_id")),
        f"slack:{_text(body, 'trigger_id')}",
        channel=_text(body, "channel_id"),
        trigger=_text(body, "trigger_id"),
        response_url=_text(body, "response_url"),
    )


def read_shortcut(body: Body) -> Incoming:
    """A shortcut, on a message or anywhere."""
    posted = read_posted(body)
    return Incoming(
        "shortcut",
        _text(_part(body, "user"), "id"),
        _teams_of_user(body),
        f"slack:{_text(body, 'trigger_id')}",
        channel=_text(_part(body, "channel"), "id"),
        thread=posted.thread if posted.thread != posted.ts else "",
        message=posted.ts,
        trigger=_text(body, "trigger_id"),
        response_url=_text(body, "response_url"),
    )


def read_posted(body: Body) -> Posted:
    """The message of a message shortcut."""
    message = _part(body, "message")
    profile = _part(message, "user_profile")
    author = profile.get("display_name") or profile.get("real_name") or message.get("username")
    return Posted(
        _text(_part(body, "channel"), "id"),
        _text(message, "ts") or _text(body, "message_ts"),
        _text(message, "thread_ts"),
        _text(message, "text"),
        "" if message.get("bot_id") else _text(message, "user"),
        str(author or ""),
        _text(message, "permalink"),
        _first_link(_text(message, "text")),
        _teams(message.get("user_team"), message.get("source_team")),
    )


def read_click(body: Body) -> tuple[Incoming, Clicked]:
    """A button, a menu, or a field of a form that tells before it is submitted."""
    action = _first(body.get("actions"))
    container, message, view = _part(body, "container"), _part(body, "message"), _part(body, "view")
    option = _part(action, "selected_option")
    user, action_id = _text(_part(body, "user"), "id"), _text(action, "action_id")
    ts = _text(container, "message_ts") or _text(message, "ts")
    thread = _text(container, "thread_ts") or _text(message, "thread_ts")
    incoming = Incoming(
        _where(container, view),
        user,
        _teams_of_user(body),
        f"slack:{_text(action, 'action_ts')}:{user}:{action_id}:{_text(action, 'block_id')}",
        channel=_text(_part(body, "channel"), "id") or _text(container, "channel_id"),
        thread=thread if thread != ts else "",
        message=ts,
        trigger=_text(body, "trigger_id"),
        response_url=_text(body, "response_url"),
        view=view,
    )
    return incoming, Clicked(action_id, _text(option, "value") or _text(action, "value"))


def read_view(body: Body) -> Incoming:
    """A modal that was submitted or closed. The same words submitted again are a repeat, other words are not: her first
    try may have been done although Slack told her that it failed.
    """
    view = _part(body, "view")
    typed = json.dumps(_part(view, "state"), sort_keys=True, default=str)
    return Incoming(
        "modal",
        _text(_part(body, "user"), "id"),
        _teams_of_user(body),
        f"slack:{_text(view, 'id')}:{_text(view, 'hash')}:{hashlib.sha256(typed.encode()).hexdigest()[:16]}",
        trigger=_text(body, "trigger_id"),
        view=view,
    )


def read_event(body: Body) -> Incoming:
    """Something that happened where we are."""
    event = _part(body, "event")
    item = _part(event, "item")
    enterprise = _first(body.get("authorizations")).get("enterprise_id") or body.get("enterprise_id")
    told = event.get("user_team") or event.get("team") or event.get("source_team")
    return Incoming(
        "event",
        _text(event, "user"),
        _teams(told or body.get("team_id"), None if told else enterprise),
        f"slack:{_text(body, 'event_id')}",
        channel=channel_in(event) or _text(item, "channel"),
        thread=_text(event, "thread_ts"),
        message=_text(event, "ts") or _text(item, "ts"),
    )


def is_for_us(event: Body) -> bool:
    """Whether an event is a person's new act that concerns us. Bots never act; what was edited or deleted is old."""
    if event.get("bot_id") or event.get("bot_profile") or event.get("subtype") or event.get("hidden"):
        return False
    kind, is_direct = event.get("type"), channel_in(event).startswith("D")
    if kind == "message":
        return is_direct and "edited" not in event
    if kind == "app_mention":
        return not is_direct and "edited" not in event
    if kind == "app_home_opened":
        return bool(event.get("tab", "home") == "home")
    return _text(_part(event, "item"), "type") == "message"


def channel_in(event: Body) -> str:
    """The channel's id, which some events give as a text and others as a part."""
    channel = event.get("channel")
    return _text(channel, "id") if isinstance(channel, Mapping) else str(channel or "")


def plain(
    text: str,
    member: Callable[[str, str], str],
    channel: Callable[[str, str], str],
    *,
    with_labels: bool = False,
) -> str:
    """Slack's text as somebody would type it.

    `member` and `channel` turn an id and Slack's own word for it into what we call them; `with_labels` keeps the words
    of a link beside its address.
    """

    def typed(found: re.Match[str]) -> str:
        told, _, label = found[1].partition("|")
        if told.startswith("@"):
            return member(told[1:], label)
        if told.startswith("#"):
            return channel(told[1:], label)
        if told.startswith("!"):
            return label or "@" + told[1:].partition("^")[0]
        return _link(told, label, with_labels=with_labels)

    words = _TOKEN.sub(typed, text[:_LONGEST_LINE])
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def after_mention(text: str, bot_user_id: str) -> str:
    """What is said to us: the words after our name, or those before it where none follow."""
    parts = re.split(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>", text, maxsplit=1)
    if len(parts) == 1:
        return text
    return parts[1].strip(" :,\u00a0") or parts[0]


def _first_link(text: str) -> str:
    found = _LINK.search(text[:_LONGEST_LINE])
    return found[1].replace("&amp;", "&") if found else ""


def _link(url: str, label: str, *, with_labels: bool) -> str:
    if label and url.removeprefix("mailto:").removeprefix("tel:").removeprefix("http://").rstrip("/") == label:
        return label  # typed like this; Slack made the link
    if label and with_labels and label != url:
        return f"{label} ({url})"
    return url


def _where(container: Body, view: Body) -> str:
    if view:
        return "home" if view.get("type") == "home" else "modal"
    return "ephemeral" if container.get("is_ephemeral") else "message"


def _teams_of_user(body: Body) -> tuple[str, ...]:
    told = _part(body, "user").get("team_id")
    if told:
        return _teams(told)
    team = _part(body, "team")
    return _teams(team.get("id"), team.get("enterprise_id"))


def _teams(*told: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in told if one)


def _part(body: Any, name: str) -> Body:
    found = body.get(name) if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _first(found: Any) -> Body:
    return found[0] if isinstance(found, list) and found and isinstance(found[0], Mapping) else {}


def _text(part: Any, name: str) -> str:
    found = part.get(name) if isinstance(part, Mapping) else None
    return found if isinstance(found, str) else ""
