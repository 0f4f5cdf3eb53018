"""Slack's part of the environment: three secrets and an address, and the mistakes that people make with them."""

import re
from collections.abc import Mapping
from typing import Any

from bot.addresses import read_address
from bot.secret import Secret

SLACK_API = "https://slack.com/api/"
BOT_TOKEN, APP_TOKEN = "EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN"
SIGNING_SECRET, API_URL = "EARSHOT_SLACK_SIGNING_SECRET", "EARSHOT_SLACK_API_URL"
_BEGINNINGS = {BOT_TOKEN: "xoxb-", APP_TOKEN: "xapp-", SIGNING_SECRET: ""}
_KINDS = {  # how Slack's tokens begin, and what they are
    "xoxb-": f"a bot token; it belongs into {BOT_TOKEN}",
    "xapp-": f"an app-level token; it belongs into {APP_TOKEN}",
    "xoxp-": "a person's token; Earshot never acts as a person",
    "xoxe": "a token that expires; Earshot's manifest has token rotation off, which only a new app can go back to",
}
_SHAPE = re.compile(r"[A-Za-z0-9-]+")


def read_slack(values: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """The fields of `Environment` that concern Slack, from variables by name. Mistakes are added, a line each.

    An incomplete set is a mistake, as half of Slack is worse than none.
    """
    told = {variable: values[variable].strip() for variable in _BEGINNINGS}
    mistakes += [line for variable, text in told.items() if (line := _mistake(variable, text))]
    mistakes += _missing(told)
    return {
        "slack_bot_token": Secret(told[BOT_TOKEN]),
        "slack_app_token": Secret(told[APP_TOKEN]),
        "slack_signing_secret": Secret(told[SIGNING_SECRET]),
        "slack_api_url": read_address(API_URL, values[API_URL], SLACK_API, mistakes, end="/"),
    }


def _mistake(variable: str, text: str) -> str:
    """What is wrong with one of the secrets, without a character of its own; "" when nothing is."""
    beginning = _BEGINNINGS[variable]
    if not text:
        return ""
    for other, what in _KINDS.items():
        if other != beginning and text.startswith(other):
            return f"{variable}: this begins with {other}, so it is {what}."
    if not text.startswith(beginning):
        return f"{variable}: what belongs here begins with {beginning}; copy it again."
    if text == beginning or not _SHAPE.fullmatch(text):
        return f"{variable}: it is not whole, or has characters that Slack never uses; copy it again."
    return ""


def _missing(told: Mapping[str, str]) -> list[str]:
    if told[BOT_TOKEN] and not (told[APP_TOKEN] or told[SIGNING_SECRET]):
        return [
            f"{APP_TOKEN}: missing beside {BOT_TOKEN}; make one in Slack under Basic Information, App-Level Tokens"
            f" (or set {SIGNING_SECRET}, if Slack is to reach you by HTTP)."
        ]
    if told[APP_TOKEN] and not told[BOT_TOKEN]:
        return [f"{BOT_TOKEN}: missing beside {APP_TOKEN}; copy it in Slack from OAuth & Permissions."]
    return []
