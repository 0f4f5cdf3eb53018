"""Where the library finds Discord. It keeps that in its classes, so a process has one Discord, and it is set once."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from storage.errors import ConfigError

OWN_API = Route.BASE
_OWN_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY
_OWN_FILES = discord.Asset.BASE


def point_at(api_url: str) -> None:
    """Use the API at this address from now on; it says itself where its gateway is, whenever we sign in there.

    Raises ConfigError when this process uses another one already.
    """
    address = api_url.rstrip("/")
    if address == Route.BASE:
        return
    if Route.BASE != OWN_API:
        raise ConfigError(f"This process uses {Route.BASE} already.", "Start another for another Discord.")
    Route.BASE = address
    discord.Asset.BASE = str(yarl.URL(address).origin())


def use_gateway(url: str) -> bool:
    """Connect there from now on; false, and nothing is changed, for an address that no token may be sent to."""
    if not is_private(url):
        return False
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
    return True


def is_private(url: str) -> bool:
    """Whether a token may be sent to this gateway: it is encrypted, or on this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "wss" or (parts.scheme == "ws" and _is_own_machine(host)))


def reset() -> None:
    """Discord's own addresses again, for the next test."""
    Route.BASE = OWN_API
    DiscordWebSocket.DEFAULT_GATEWAY = _OWN_GATEWAY
    discord.Asset.BASE = _OWN_FILES


def _is_own_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
