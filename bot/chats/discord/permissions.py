"""What Earshot asks a Discord server to allow, and the address that invites it with just that."""

from collections.abc import Mapping
from urllib.parse import urlencode

import discord

PERMISSIONS: Mapping[str, str] = {  # names as in discord.py
    "view_channel": "See the channels that it posts to",
    "send_messages": "Post cards",
    "embed_links": "Draw a card: the customer's words, the facts and the colour",
    "attach_files": "Show charts as pictures, and hand you the tables that you export",
    "read_message_history": "Find its own message again when Discord's answer was lost",
    "create_public_threads": "Open the thread of a card for its drafts",
    "send_messages_in_threads": "Post drafts and notices there",
}
LABELS: Mapping[str, str] = {  # as Discord's settings show them
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
}
_INVITE = "https://discord.com/oauth2/authorize"


def missing_of(held: discord.Permissions) -> list[str]:
    """The permissions that are not among these, as Discord's settings show them."""
    return [] if held.administrator else [label for name, label in LABELS.items() if not getattr(held, name)]


def invitation(application_id: int, server_id: str = "") -> str:
    """The address that an admin of a server opens to let Earshot in. It holds no secret."""
    asked = discord.Permissions(**dict.fromkeys(PERMISSIONS, True))
    told = {"client_id": str(application_id), "scope": "bot applications.commands", "permissions": str(asked.value)}
    if server_id:
        told |= {"guild_id": server_id, "disable_guild_select": "true"}
    return f"{_INVITE}?{urlencode(told)}"
