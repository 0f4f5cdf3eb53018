"""What Discord's error codes mean for us: wait, ask a person, or give up. No sentence holds a token or text.

A code that is not listed here is a refusal of this one call (`DiscordRefused`); whoever made the call knows more. The
codes are those of Discord's documentation, "Opcodes and Status Codes".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handlers.ports import ChatClosed, ChatError, ChatMessageGone, ChatRefused

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10003, 10008
OLD_EDITS = 30046  # too many edits of messages older than an hour
BAD_FORM, TOO_LARGE, BLOCKED, BAD_LINK = 50035, 40005, 200000, 240000  # a plainer drawing may do
ARCHIVED = 50083  # the thread is; Discord reopens it when something is posted, not when something is edited
DEAD_TOKEN = 50027  # of an interaction, not ours
NO_THREADS_HERE = (50003, 50024)  # a direct message, or a place that is a thread itself
THREAD_EXISTS = 160004
THREAD_TROUBLES = (UNKNOWN_CHANNEL, 50001, 50013, 160005, 160006)  # that concern a thread, not its channel

_TOKEN = (
    "Discord does not accept the bot token.",
    "Copy it anew at discord.com/developers/applications (Bot, Reset Token), put it into EARSHOT_DISCORD_TOKEN and"
    " start Earshot again.",
)
_LACKS_SOMETHING = (
    "Discord does not let Earshot do that in {where}.",
    "Open the settings of {where} (or of the server), Permissions, and allow Earshot's role what"
    " `earshot discord doctor` lists.",
)
_LACKS = (
    "Earshot lacks {missing} in {where}.",
    "Open the settings of {where}, Permissions, and allow Earshot's role: {missing}.",
)
_CHANNEL_TROUBLES = {
    UNKNOWN_CHANNEL: (
        "Discord has no channel {where} any more.",
        "Make it again, or name another channel in earshot.toml.",
    ),
    50001: _LACKS_SOMETHING,
    50013: _LACKS_SOMETHING,
    50007: (
        "Discord takes no direct messages for {where} from Earshot.",
        "They must allow direct messages from members of this server: Privacy Settings in the server's menu.",
    ),
    50008: ("Nothing can be posted in {where}: it is no text channel.", "Name a text channel in earshot.toml."),
    160005: ("The thread in {where} is locked.", "Unlock it, so that Earshot can post in it."),
    160006: (
        "The server has as many open threads as Discord allows.",
        "Close or delete threads that nobody needs any more.",
    ),
}
_LACKS_CODES = (50001, 50013)
_UNSAFE = re.compile(r"[^\w.]+")


class DiscordRefused(ChatRefused):
    """Discord will not take this call as it stands. `code` is Discord's number for it, 0 when it gave none."""

    def __init__(self, what: str, code: int, status: int, fields: Sequence[str] = ()) -> None:
        where = f" ({', '.join(fields)})" if fields else ""
        super().__init__(f"Discord refused {what}: error {code or status}{where}.")
        self.code = code
        self.status = status
        self.fields = tuple(fields)


class DiscordClosed(ChatClosed):
    """A channel, or all of Discord, is closed to us. `code` is Discord's number for it, or 401 for the token."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code

    def at(self, channel: str, missing: Sequence[str] = ()) -> "DiscordClosed":
        """The same in the words of a person: the channel's name, and which permissions are missing there."""
        return channel_closed(self.code, channel, missing) if self.code in _CHANNEL_TROUBLES else self


def channel_closed(code: int, where: str, missing: Sequence[str] = ()) -> DiscordClosed:
    """The sentences for a code that concerns one channel. `missing` are permissions as Discord's settings call them."""
    message, hint = _LACKS if missing and code in _LACKS_CODES else _CHANNEL_TROUBLES[code]
    words = {"where": where or "this channel", "missing": _listed(missing)}
    return DiscordClosed(code, message.format(**words), hint.format(**words))


def lacks(where: str, missing: Sequence[str]) -> DiscordClosed:
    """What Discord would not say by itself: these permissions are not there."""
    return channel_closed(50013, where, missing)


def refusal(what: str, status: int, body: object) -> ChatError:
    """The error for an answer that says no (4xx, not 429). `what` was asked for, in words: "a message"."""
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    code = code_in(told)
    if status == 401 and code != DEAD_TOKEN:
        return DiscordClosed(401, *_TOKEN)
    if code in _CHANNEL_TROUBLES:
        return channel_closed(code, "")
    if code == UNKNOWN_MESSAGE:
        return ChatMessageGone("The message is not there any more.")
    return DiscordRefused(what, code, status, list(_fields(told.get("errors")))[:3])


def code_in(body: object) -> int:
    """Discord's number for an error, 0 when there is none."""
    code = body.get("code") if isinstance(body, dict) else 0
    return code if isinstance(code, int) else 0


def _fields(errors: object, path: str = "") -> Iterator[str]:
    """The names of the fields that Discord does not like (embeds.0.title); never what was in them."""
    if not isinstance(errors, dict):
        return
    if "_errors" in errors:
        yield path or "the whole"
        return
    for name, inner in errors.items():
        yield from _fields(inner, f"{path}.{_UNSAFE.sub('', str(name))[:40]}".lstrip("."))


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
