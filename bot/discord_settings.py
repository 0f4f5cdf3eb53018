"""Discord's part of the environment: one secret and an address, and the mistakes that people make with them."""

import re
from collections.abc import Mapping
from typing import Any

from bot.addresses import read_address
from bot.secret import Secret

DISCORD_API = "https://discord.com/api/v10"
TOKEN, API_URL = "EARSHOT_DISCORD_TOKEN", "EARSHOT_DISCORD_API_URL"
_SHAPE = re.compile(r"[\w-]{18,}\.[\w-]{4,}\.[\w-]{20,}", re.ASCII)
_WHERE = "copy it at discord.com/developers/applications, Bot, Reset Token."
_NOT_A_TOKEN = {  # what else stands in Discord's pages, by its shape
    re.compile(r"[0-9]{15,22}"): "a number, so it is an id (of the application, say)",
    re.compile(r"[0-9a-f]{64}"): "the public key",
    re.compile(r"[\w-]{32}", re.ASCII): "the client secret",
    re.compile(r"https?://.*"): "an address",
}


def read_discord(values: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """The fields of `Environment` that concern Discord, from variables by name. Mistakes are added, a line each."""
    token = values[TOKEN].strip()
    if line := _mistake(token):
        mistakes.append(line)
    return {
        "discord_token": Secret(token),
        "discord_api_url": read_address(API_URL, values[API_URL], DISCORD_API, mistakes),
    }


def _mistake(token: str) -> str:
    """What is wrong with the token, without a character of its own; "" when nothing is."""
    if not token or _SHAPE.fullmatch(token):
        return ""
    if token.lower().startswith("bot "):
        return f'{TOKEN}: leave out the word "Bot" before it.'
    for shape, what in _NOT_A_TOKEN.items():
        if shape.fullmatch(token):
            return f"{TOKEN}: this is {what}; what belongs here is the bot's token: {_WHERE}"
    return f"{TOKEN}: it is not whole, or has characters that Discord never uses; {_WHERE}"
