"""The app manifest: what Slack is told of Earshot, and the least it must allow. A test holds it and the code as one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.chats.slack.incoming import SURFACE
from storage.errors import InvalidInput

PATH = "/slack/events"  # of Slack's requests, where they come by HTTP

SCOPES: Mapping[str, str] = {  # each with what it is for, as docs/slack.md says it
    "app_mentions:read": "hear `@earshot claim 142`",
    "channels:history": "find its own message again when Slack's answer was lost; see whether a thread's card is there",
    "channels:read": "see whether it is in a public channel, and whether that is archived or shared outside",
    "chat:write": "post and redraw cards",
    "commands": "`/earshot`, and the entries in the menus of messages and of the search bar",
    "files:write": "show charts as pictures, and hand you the tables that you export",
    "groups:history": "the same as channels:history, in private channels that it was invited to",
    "groups:read": "the same as channels:read, in private channels that it was invited to",
    "im:history": "hear what you write to it directly",
    "im:write": "write to one of you directly, when you are concerned",
    "reactions:read": "hear 👀, ✅ and 🔇 on cards, when reactions are switched on; notice a deaf connection",
    "reactions:write": "put 👀 and ✅ on cards",
    "usergroups:read": "give roles to user groups",
    "users:read": "names of your members, and who is a guest, left, or works elsewhere",
}

LABELS: Mapping[str, tuple[str, str]] = {  # of the shortcuts, by their callback ids: name and description
    "track": ("Track as mention", "Make a case of this message, or of the link in it"),
    "note": ("Add to case notes", "Keep this message in the diary of a case"),
    "queue": ("Show the queue", "Earshot's work list, best first"),
}


def manifest(url: str = "") -> dict[str, Any]:
    """What Slack's page takes. With `url`, Slack sends its requests there by HTTP; without, Socket Mode is on.

    Raises InvalidInput for an address that Slack would not take.
    """
    request_url = _request_url(url)
    return {
        "display_information": {
            "name": "Earshot",
            "description": "Brings mentions that need a person, and lets you answer them here",
            "background_color": "#1f3a4d",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "earshot", "always_online": False},
            "shortcuts": [_shortcut(one.callback_id, one.kind) for one in SURFACE.shortcuts],
            "slash_commands": [
                {
                    "command": command,
                    "description": "Mentions and cases: queue, claim, draft, resolve, search …",
                    "usage_hint": "queue | claim 142 | draft 142 | resolve 142 | help",
                    "should_escape": True,
                    **_at("url", request_url),
                }
                for command in SURFACE.commands
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**_at("request_url", request_url), "bot_events": sorted(SURFACE.events)},
            "interactivity": {"is_enabled": True, **_at("request_url", request_url)},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not request_url,
            "token_rotation_enabled": False,
        },
    }


def _shortcut(callback_id: str, kind: str) -> dict[str, str]:
    name, description = LABELS[callback_id]
    return {"name": name, "type": kind, "callback_id": callback_id, "description": description}


def _at(key: str, url: str) -> dict[str, str]:
    return {key: url} if url else {}


def _request_url(url: str) -> str:
    if not url:
        return ""
    if not _is_public(url.strip()):
        raise InvalidInput(
            f'--http "{url}" is no address that Slack can reach; write where your page is: https://earshot.example'
        )
    return url.strip().rstrip("/").removesuffix(PATH) + PATH


def _is_public(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
