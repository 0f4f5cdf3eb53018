"""What Slack's error codes mean for us: wait, look again, ask a person, or give up. No sentence holds a token or text.

A code that is not listed here is a refusal of this one call (`SlackRefused`); whoever made the call knows more.
"""

import re
from collections.abc import Mapping
from typing import Any

from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful, ChatError, ChatMessageGone, ChatRefused

MESSAGE_LIMIT_WAIT = 600.0  # seconds
MIGRATION_WAIT = 60.0  # seconds

_TOKEN = "Put the app's Bot User OAuth Token (xoxb-…) into EARSHOT_SLACK_BOT_TOKEN and start Earshot again."  # noqa: S105
_TOKEN_TROUBLES = {
    "invalid_auth": "Slack does not accept the bot token.",
    "not_authed": "Slack saw no bot token.",
    "not_allowed_token_type": "Slack wants a bot token, and the one that is set is of another kind.",
    "token_revoked": "The bot token was revoked.",
    "token_expired": "The bot token has expired.",
    "account_inactive": "The bot token belongs to an app that was removed or to a workspace that is gone.",
    "team_access_not_granted": "The app was not given access to this workspace.",
    "access_denied": "The workspace denies the app access.",
    "org_login_required": "The workspace is being moved to another organisation; the token does not work there.",
}
_CHANNEL_TROUBLES = {
    "channel_not_found": (
        "Slack shows Earshot no channel {where}.",
        "Make it if it is not there, and invite {bot} to {where}: type /invite {bot} in it.",
    ),
    "not_in_channel": ("Earshot is not in {where}.", "Invite {bot} to {where}: type /invite {bot} in it."),
    "is_archived": ("{where} is archived.", "Unarchive it and invite {bot}, or name another channel in earshot.toml."),
    "restricted_action": (
        "The workspace does not let Earshot post in {where}.",
        "Let {bot} post there under the channel's posting permissions, or name another channel in earshot.toml.",
    ),
    "messages_tab_disabled": (
        "Slack takes no direct messages from Earshot.",
        "Switch on the Messages Tab under App Home at api.slack.com/apps.",
    ),
}
_CHANNEL_TROUBLES |= dict.fromkeys(
    ("restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
    _CHANNEL_TROUBLES["restricted_action"],
)
_DOUBTFUL = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")
_GONE = {
    "message_not_found": "The message is not there any more.",
    "cant_update_message": "The message cannot be redrawn: it is not Earshot's.",
    "thread_not_found": "The thread is not there any more.",
}
_MIGRATING = ("team_added_to_org", "external_channel_migrating")
_UNSAFE = re.compile(r"[^\w:.,/-]+")


class SlackRefused(ChatRefused):
    """Slack will not take this call as it stands. `code` is Slack's word for it: invalid_blocks, hash_conflict …"""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {code}.")
        self.code = code


class SlackClosed(ChatClosed):
    """A channel, or all of Slack, is closed to us. `code` is Slack's word for it."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code

    def at(self, channel: str, bot: str) -> "SlackClosed":
        """The same in the words of a person: a channel's name (#alerts) and ours (@earshot) instead of ids."""
        return channel_closed(self.code, channel, bot) if self.code in _CHANNEL_TROUBLES else self


def channel_closed(code: str, where: str, bot: str = "@earshot") -> SlackClosed:
    """The sentences for a code that concerns one channel."""
    message, hint = _CHANNEL_TROUBLES[code]
    words = {"where": where or "this channel", "bot": bot}
    return SlackClosed(code, message.format(**words), hint.format(**words))


def refusal(method: str, body: Mapping[str, Any], channel: str) -> ChatError:
    """The error for an answer of Slack that is not ok. `channel` is the id that the call was about, or ""."""
    code = plain(body.get("error"))
    if code in _CHANNEL_TROUBLES:
        return channel_closed(code, channel)
    if code in _TOKEN_TROUBLES:
        return SlackClosed(code, _TOKEN_TROUBLES[code], _TOKEN)
    if code in ("missing_scope", "no_permission"):
        return _scope_missing(code, method, plain(body.get("needed")))
    if code in _GONE:
        return ChatMessageGone(_GONE[code])
    if code == "message_limit_exceeded":
        return ChatBusy("The workspace has reached its limit of messages.", MESSAGE_LIMIT_WAIT, is_everywhere=True)
    if code in _MIGRATING:
        return ChatBusy("Slack is moving the workspace.", MIGRATION_WAIT, is_everywhere=True)
    if not code or code in _DOUBTFUL:
        return ChatDoubtful(f"Slack could not say whether it did {method}.")
    return SlackRefused(method, code)


def plain(word: object) -> str:
    """A word of Slack's for a sentence or a log: short, and nothing in it but word characters."""
    return _UNSAFE.sub("", word)[:80] if isinstance(word, str) else ""


def _scope_missing(code: str, method: str, needed: str) -> SlackClosed:
    scope = f"the scope {needed}" if needed else f"a scope that {method} needs"
    return SlackClosed(
        code,
        f"The bot token lacks {scope}.",
        "Add it under OAuth & Permissions at api.slack.com/apps (`earshot slack manifest` has them all) and reinstall.",
    )
