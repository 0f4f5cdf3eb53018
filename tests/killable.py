"""The program that `tests/test_kill.py` kills: the real App behind its real server, with one more chat far away.

Started as `python -m tests.killable HOME CHAT_URL`, it loads everything once. Every line on its standard input makes it
fork a child, which is the program; it answers `child PID`, and the child says where its page is. When CHAT_URL is a
Slack's (it ends in /api/) or Discord's (in /api/v10), the chat far away is the real adapter of that; the members' ids
follow as JSON. Both together are CHAT_URL IDS CHAT_URL IDS.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp

from bot import app
from bot.chats.local.adapter import Stored, to_body
from bot.settings import read_environment
from handlers.cards import Drawing
from handlers.ports import ChatDoubtful
from handlers.rules.policy import Policy, Route, SourceEntry, Storms
from tests.bot.running import variables
from tests.discord.fake import TOKEN
from tests.kit import POLICY

FAR = "far:#alerts"
SLACK_KEYS = {"EARSHOT_SLACK_BOT_TOKEN": "xoxb-1-good", "EARSHOT_SLACK_APP_TOKEN": "xapp-1-good"}


@dataclass(frozen=True)
class Outside:
    """A chat that was named on the command line: its name, where it is, the ids of the members there."""

    name: str
    url: str
    ids: Mapping[str, str]

    @property
    def keys(self) -> dict[str, str]:
        if self.name == "slack":
            return SLACK_KEYS | {"EARSHOT_SLACK_API_URL": self.url}
        return {"EARSHOT_DISCORD_TOKEN": TOKEN, "EARSHOT_DISCORD_API_URL": self.url}


def outside() -> list[Outside]:
    """Slack, Discord, or both; none when the chat far away is the test's own."""
    pairs = zip(sys.argv[2::2], sys.argv[3::2], strict=False)
    return [Outside("slack" if url.endswith("/api/") else "discord", url, json.loads(ids)) for url, ids in pairs]


def policy_of(home: Path) -> Policy:
    entry = SourceEntry(
        "calls", "file", brand="Heron Air", every=timedelta(milliseconds=100), settings={"folder": str(home / "calls")}
    )
    members, chats = POLICY.members, outside()
    for chat in chats:
        members = tuple(replace(one, **{chat.name: chat.ids.get(one.name, "")}) for one in members)
    far = [Route(f"{chat.name}:#alerts") for chat in chats] or [Route(FAR)]
    routes = (Route("local:#alerts"), *far)
    storms = Storms(most_cards=100_000)  # each case is to have its card
    return Policy(brands=POLICY.brands, members=members, sources=(entry,), routes=routes, storms=storms)


class FarChat:
    """A chat behind HTTP whose answers may be lost."""

    name = "far"
    pace = 0.0
    settle = 1.0

    def __init__(self, url: str) -> None:
        self._url = url

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        content = {"channel": channel, "key": key, "parent": parent_ref, "body": to_body(Stored(drawing))}
        return str((await self._call("/post", content))["ref"])

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        await self._call("/update", {"ref": ref, "body": to_body(Stored(drawing))})

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        ref = (await self._call("/find", {"channel": channel, "key": key}))["ref"]
        return None if ref is None else str(ref)

    async def check(self) -> str:
        return "It is far away."

    async def _call(self, path: str, content: dict[str, str]) -> dict[str, str | None]:
        try:
            async with aiohttp.ClientSession() as session, session.post(self._url + path, json=content) as answer:
                return dict(await answer.json())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChatDoubtful("No answer came.") from error


class KillableApp(app.App):
    """The App, which also knows the far chat."""

    async def start(self) -> None:
        self.deliverer.most_posts = 100_000  # to a channel in a minute: tests do not wait
        if self.slack is not None:
            self.slack.chat.pace, self.slack.chat.settle = 0.0, 1.0
        if self.discord is not None:
            self.discord.chat.pace, self.discord.chat.settle = 0.0, 1.0
        if not outside():
            self.chats["far"] = FarChat(sys.argv[2])
        await super().start()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is how it talks to the test


def run(home: Path) -> None:
    app.App = KillableApp  # type: ignore[misc]
    keys = {name: value for chat in outside() for name, value in chat.keys.items()}
    environment = read_environment(home / ".env", variables(home) | keys)
    asyncio.run(app.serve(environment, policy_of(home), mode="demo", config_path=None, say=say))


def main() -> None:
    home = Path(sys.argv[1])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            run(home)
            os._exit(0)
        say(f"child {child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
