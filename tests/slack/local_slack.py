"""npm's `local-slack`: a Slack server that we did not write, on the loopback address, and a mirror of what it shows.

It is lenient where Slack is not (no limits on blocks, rates, rights or time), so it is a second opinion and not the
judge; the strict fake is. Three of its habits are set right by `local_slack.js`. One stays: it drops the metadata of
messages. People who use it are in `local_person.py`.
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
VERSION = "0.1.8"
VARIABLE = "EARSHOT_TEST_LOCAL_SLACK"  # another place for the program
INSTALLED = ROOT / ".ci/tools/node_modules/local-slack-linux-x64/bin/local-slack"  # where .ci/run puts it
PRELOAD = Path(__file__).with_suffix(".js")
BOT_TOKEN = "xoxb-local-slack"
APP_TOKEN = "xapp-local-slack"
SIGNING_SECRET = "localslacksignswiththis"
APP, BOT, TEAM = "A01EARSHOT0", "U01EARSHOT0", "T01HERON000"
PEOPLE = {"ana": "U01ANAHERON", "bo": "U01BOHERON", "mia": "U01MIAHERON"}
CHANNELS = {"#alerts": "C01ALERTS00", "#team": "C01TEAM0000"}
PATIENCE = 30.0  # seconds until a wait for something is given up

Seen = TypeVar("Seen")


def program() -> Path:
    """Where local-slack is. Without it the calling test is skipped, in CI it fails."""
    path = Path(os.environ.get(VARIABLE) or INSTALLED)
    if path.is_file():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{path} is missing; .ci/run must install it")
    where = INSTALLED.parents[3].relative_to(ROOT)
    pytest.skip(f"local-slack is not installed (npm install --prefix {where} local-slack-linux-x64@{VERSION})")


def workspace(request_url: str = "") -> dict[str, Any]:
    """Its settings: one app in Socket Mode, or over HTTP at `request_url`; three people, two channels."""
    transport = {"mode": "events", "requestUrl": request_url} if request_url else {"mode": "socket"}
    return {
        "workspace": {"teamId": TEAM, "name": "Heron & Plover", "domain": "heron"},
        "apps": [
            {
                "appId": APP,
                "botUserId": BOT,
                "botName": "earshot",
                "botToken": BOT_TOKEN,
                "appToken": APP_TOKEN,
                "signingSecret": SIGNING_SECRET,
                **transport,
            }
        ],
        "users": [{"id": id, "name": name, "real_name": name.title()} for name, id in PEOPLE.items()],
        "channels": [
            {"id": id, "name": name.removeprefix("#"), "members": [BOT, *PEOPLE.values()]}
            for name, id in CHANNELS.items()
        ],
    }


@dataclass
class LocalSlack:
    """The running server. The fields are kept as its own page's are: by what it pushes to its pages."""

    url: str
    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    page: aiohttp.ClientWebSocketResponse
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by channel id, oldest first
    modals: list[dict[str, Any]] = field(default_factory=list)  # one stack for the whole workspace
    errors: list[dict[str, str]] = field(default_factory=list)  # of refused modals, by block id
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)  # by user id
    direct: dict[str, str] = field(default_factory=dict)  # the channel of a person and the bot, by user id
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    changes: int = 0  # of the stack of modals
    is_connected: bool = False  # in Socket Mode: whether a bot listens

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    async def control(self, path: str, **content: Any) -> dict[str, Any]:
        """A call of its control interface; clicks and commands return when the bot has acknowledged them."""
        async with self.session.post(f"{self.url}/_control/{path}", json=content) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return dict(json.loads(text))

    async def send(self, what: str, **content: Any) -> None:
        """What its page would send."""
        await self.page.send_json({"t": what, **content})

    async def calls(self, method: str = "") -> list[dict[str, Any]]:
        """The arguments of the calls of its Web API that it remembers, oldest first."""
        async with self.session.get(f"{self.url}/_control/log") as answer:
            log = (await answer.json())["log"]
        return [one["detail"] for one in log if one["kind"] == "web_api" and one["summary"] == method]

    def in_channel(self, name: str) -> list[dict[str, Any]]:
        """The messages that everybody sees there outside of threads."""
        here = self.messages.get(CHANNELS.get(name, name), [])
        return [one for one in here if not is_private(one) and one.get("thread_ts") in (None, one["ts"])]

    def in_thread(self, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The answers below a message that everybody sees."""
        here = self.messages.get(message["channel"], [])
        return [one for one in here if not is_private(one) and one.get("thread_ts") == message["ts"] != one["ts"]]

    def now(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message as it stands now."""
        return next(one for one in self.messages[message["channel"]] if one["ts"] == message["ts"])

    async def until(self, seen: Callable[[], Seen | None], what: str = "") -> Seen:
        """Wait until something is seen; what it was. Raises AssertionError with what is seen instead."""
        try:
            async with asyncio.timeout(PATIENCE), self.news:
                while not (found := seen()):
                    await self.news.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"waited for {what or 'something'} and saw {self.words()}") from None

    def words(self) -> str:
        """Everything that stands there, for a failing test."""
        told = [f"{one.get('thread_ts', '')} {words_of(one)}" for here in self.messages.values() for one in here]
        return "\n".join([*told, *(f"modal {words_of(view)}" for view in self.modals), f"errors {self.errors}"])

    async def watch(self) -> None:
        """Follow what the server tells its pages, until it ends."""
        async for frame in self.page:
            async with self.news:
                self._take(json.loads(frame.data))
                self.news.notify_all()

    def _take(self, told: dict[str, Any]) -> None:
        match told["t"]:
            case "init":
                self.messages = {name: list(here) for name, here in told["state"]["messages"].items()}
            case "channel" if told["channel"]["is_im"]:
                self.direct |= {user: told["channel"]["id"] for user in told["channel"]["members"] if user != BOT}
            case "message":
                self.messages.setdefault(told["message"]["channel"], []).append(told["message"])
            case "message_update":
                here = self.messages[told["message"]["channel"]]
                here[[one["ts"] for one in here].index(told["message"]["ts"])] = told["message"]
            case "message_delete":
                here = self.messages[told["channel"]]
                here[:] = [one for one in here if one["ts"] != told["ts"]]
            case "view":
                self.modals, self.changes = told["stack"], self.changes + 1
            case "view_errors":
                self.errors.append(told["errors"])
            case "socket_status":
                self.is_connected = told["connected"]
            case "home":
                self.homes[told["user"]] = told["view"]


def is_private(message: Mapping[str, Any]) -> bool:
    return message.get("subtype") == "ephemeral"


def words_of(part: Any) -> str:
    """All that a person reads in a message, view or block, in its order."""
    return "\n".join(_texts(part.get("blocks") or part.get("text", "") if isinstance(part, Mapping) else part))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, Mapping):
        for name in ("label", "text", "fields", "element", "elements", "accessory", "initial_value", "hint", "options"):
            yield from _texts(part.get(name))


@asynccontextmanager
async def local_slack(request_url: str = "", port: int = 0) -> AsyncIterator[LocalSlack]:
    """A fresh server on a port of its own; nothing of it is left afterwards."""
    path = program()
    folder = Path(tempfile.mkdtemp(prefix="earshot-slack-"))
    shutil.copy(PRELOAD, folder / "preload.js")
    (folder / "workspace.json").write_text(json.dumps(workspace(request_url)))
    process = await asyncio.create_subprocess_exec(
        *(path, "--config", "workspace.json", "--port", str(port), "--base-host", "127.0.0.1", "--files-dir", "files"),
        cwd=folder,
        env={"BUN_OPTIONS": "--preload ./preload.js", "HOME": str(folder), "TMPDIR": str(folder), "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        url = await _address(process)
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ui", max_msg_size=0) as page:
            opened = LocalSlack(url, process, session, page)
            watching = asyncio.create_task(opened.watch())
            try:
                yield opened
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        shutil.rmtree(folder)


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            if b"Web UI:" in line:
                return line.decode().split()[-1]
    raise AssertionError("local-slack did not start")
