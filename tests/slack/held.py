"""The program that `tests/test_local_slack.py` kills: the real App, held just before or just after its first post.

Started as `python -m tests.slack.held`, it loads everything once. Every line on its standard input, JSON of a home, the
address of Slack and when to hold, makes it fork a child, which is the program; it answers `child PID`. "before" and
"after" say `held` and wait to be killed; "never" looks soon for what was left open by the one before it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from bot import app, serving
from tests.slack.local_team import settings

SETTLE = 0.5  # seconds after which a message must be found; local-slack shows it at once


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is how it talks to the test


class HeldChat:
    """A chat in front of Slack's, whose first post never comes back."""

    def __init__(self, inner: Any, when: str) -> None:
        self._inner = inner
        self._when = when

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def post(self, *told: Any) -> str:
        if self._when == "before":
            await hold()
        ref = str(await self._inner.post(*told))
        if self._when == "after":
            await hold()
        return ref


async def hold() -> None:
    say("held")
    await asyncio.Event().wait()


class HeldApp(app.App):
    """The App with another chat in front of Slack's."""

    when = "never"

    async def start(self) -> None:
        chat: Any = self.chats["slack"]
        chat.settle = SETTLE
        self.chats["slack"] = HeldChat(chat, self.when)
        await super().start()


def run(home: Path, api_url: str, when: str) -> None:
    HeldApp.when = when
    serving.App = HeldApp  # type: ignore[misc]
    environment, policy = settings(home, api_url)
    asyncio.run(serving.serve(environment, policy, mode="run", config_path=home / "earshot.toml", say=say))


def main() -> None:
    for line in sys.stdin:
        home, api_url, when = json.loads(line)
        child = os.fork()
        if child == 0:
            run(Path(home), api_url, when)
            os._exit(0)
        say(f"child {child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
