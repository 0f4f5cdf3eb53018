"""Where the library finds Discord: one address for a process, and no token to a connection that others can read."""

from collections.abc import Iterator

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chats.discord import addresses
from bot.discord_settings import DISCORD_API
from storage.errors import ConfigError


@pytest.fixture(autouse=True)
def own_addresses() -> Iterator[None]:
    yield
    addresses.reset()


def test_discords_own_address_changes_nothing() -> None:
    addresses.point_at(DISCORD_API)
    assert Route.BASE == DISCORD_API
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://gateway.discord.gg/"


def test_another_address_is_for_everything_and_once_for_a_process() -> None:
    addresses.point_at("http://127.0.0.1:8080/api/v10/")
    addresses.point_at("http://127.0.0.1:8080/api/v10")
    assert Route("GET", "/users/@me").url == "http://127.0.0.1:8080/api/v10/users/@me"
    assert discord.Asset.BASE == "http://127.0.0.1:8080"
    with pytest.raises(ConfigError, match="This process uses http"):
        addresses.point_at("https://discord.example/api/v10")


@pytest.mark.parametrize(
    ("url", "is_private"),
    [
        ("wss://gateway.discord.gg", True),
        ("wss://gateway-us-east1-b.discord.gg/", True),
        ("ws://127.0.0.1:8080/gateway", True),
        ("ws://[::1]:8080/", True),
        ("ws://localhost:1", True),
        ("ws://gateway.discord.gg", False),
        ("ws://127.0.0.1.example", False),
        ("http://127.0.0.1", False),
        ("https://gateway.discord.gg", False),
        ("wss://", False),
        ("wss://[", False),
        ("", False),
    ],
)
def test_a_token_goes_only_to_what_is_private(url: str, is_private: bool) -> None:
    assert addresses.is_private(url) is is_private
    assert addresses.use_gateway(url) is is_private
