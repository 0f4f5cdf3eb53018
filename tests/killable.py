"""The program that is killed (`tests/prove/killing.py`): the real App behind its real server, and one more chat.

Started as `python -m tests.killable HOME CHAT_URL`, it loads everything once. Every line on its standard input makes it
fork a child, which is the program; it answers `child PID`, the child says where its page is, and when it has ended
`gone STATUS` follows. The line is JSON: the crash point at whose nth passing the child kills itself, and how many hours
its clock is ahead. When CHAT_URL is a Slack's (it ends in /api/) or Discord's (in /api/v10), the chat far away is the
real adapter of that; the members' ids follow as JSON. Both together are CHAT_URL IDS CHAT_URL IDS.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import app, registry, serving
from bot.scheduler import find_jobs
from bot.settings import read_environment
from handlers.context import think
from handlers.ports import Page
from handlers.rules.policy import Policy, Route, SourceEntry, Storms
from handlers.weighing import weigh
from tests.bot.running import variables
from tests.discord.fake import TOKEN
from tests.kit import POLICY, raw
from tests.prove import crash_points
from tests.prove.far_chat import SETTLE, FarChat

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


def policy_of(home: Path, life: Mapping[str, Any]) -> Policy:
    entry = SourceEntry(
        "calls", "file", brand="Heron Air", every=timedelta(milliseconds=100), settings={"folder": str(home / "calls")}
    )
    members, chats = POLICY.members, outside()
    for chat in chats:
        members = tuple(replace(one, **{chat.name: chat.ids.get(one.name, "")}) for one in members)
    far = [Route(f"{chat.name}:#alerts") for chat in chats] or [Route("far:#alerts")]
    routes = (Route("local:#alerts"), *far, *_night(life))
    storms = Storms(false_alarms=0, most_cards=100_000)  # each case is to have its card
    return Policy(brands=POLICY.brands, members=members, sources=(entry,), routes=routes, storms=storms)


def _night(life: Mapping[str, Any]) -> list[Route]:
    """Where the clock goes ahead, a channel for which it is night now."""
    now, about = app.utc_now(), timedelta(hours=3)
    quiet = f"{now - about:%H:%M}-{now + about:%H:%M}"
    return [] if life.get("hours") is None else [Route("local:#night", quiet=quiet)]


class KillableApp(app.App):
    """The App, which also knows the far chat."""

    async def start(self) -> None:
        self.deliverer.most_posts = 100_000  # to a channel in a minute: tests do not wait
        if self.slack is not None:
            self.slack.chat.pace, self.slack.chat.settle = 0.0, SETTLE
        if self.discord is not None:
            self.discord.chat.pace, self.discord.chat.settle = 0.0, SETTLE
        if not outside():
            self.chats["far"] = FarChat(sys.argv[2])
        await super().start()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is how it talks to the test


def run(home: Path, life: Mapping[str, Any]) -> None:
    class Living(KillableApp):
        """Its clock may be ahead."""

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more, now=lambda: app.utc_now() + timedelta(hours=life.get("hours") or 0))

    if life.get("crash"):
        crash_points.arm(life["crash"], life["nth"])
    serving.App = Living  # type: ignore[misc]
    keys = {name: value for chat in outside() for name, value in chat.keys.items()}
    environment = read_environment(home / ".env", variables(home) | keys)
    asyncio.run(serving.serve(environment, policy_of(home, life), mode="demo", config_path=None, say=say))


def load(home: Path) -> None:
    """Make everything that is made once, so that each child has it from the beginning."""
    policy = policy_of(home, {})
    entry = policy.sources[0]
    _ = registry.kinds()[entry.kind], find_jobs()
    weigh(think(policy), entry, Page((raw("1"),), None))
    gc.freeze()


def main() -> None:
    home = Path(sys.argv[1])
    load(home)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(home, json.loads(line))
            os._exit(0)
        say(f"child {child}")
        _, status = os.waitpid(child, 0)
        say(f"gone {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
