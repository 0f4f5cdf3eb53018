"""The program that `tests/test_kill.py` kills: the real App behind its real server, with one more chat far away.

Started as `python -m tests.killable HOME CHAT_URL`, it loads everything once. Every line on its standard input makes it
fork a child, which is the program; it answers `child PID`, and the child says where its page is. When CHAT_URL is a
Slack's (it ends in /api/), the chat far away is the real adapter of Slack; the members' ids follow as JSON.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
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
from tests.kit import POLICY

FAR = "far:#alerts"
SLACK = "slack:#alerts"
SLACK_KEYS = {"EARSHOT_SLACK_BOT_TOKEN": "xoxb-1-good", "EARSHOT_SLACK_APP_TOKEN": "xapp-1-good"}


def is_slack(url: str) -> bool:
    return url.endswith("/api/")


def policy_of(home: Path) -> Policy:
    entry = SourceEntry(
        "calls", "file", brand="Heron Air", every=timedelta(milliseconds=100), settings={"folder": str(home / "calls")}
    )
    ids = json.loads(sys.argv[3]) if is_slack(sys.argv[2]) else {}
    routes = (Route("local:#alerts"), Route(SLACK if ids else FAR))
    members = tuple(replace(member, slack=ids.get(member.name, "")) for member in POLICY.members)
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
        else:
            self.chats["far"] = FarChat(sys.argv[2])
        await super().start()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is how it talks to the test


def run(home: Path) -> None:
    app.App = KillableApp  # type: ignore[misc]
    slack = SLACK_KEYS | {"EARSHOT_SLACK_API_URL": sys.argv[2]} if is_slack(sys.argv[2]) else {}
    environment = read_environment(home / ".env", variables(home) | slack)
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
