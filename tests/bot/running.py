"""The whole program in this process: the App on a real file behind its real web server, and people who use its page."""

import html
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer

from bot.app import App, utc_now
from bot.policy_file import read_policy
from bot.registry import settings
from bot.settings import Environment, read_environment
from bot.sources.webhook import sign
from bot.web import build_web
from storage.store import Store
from tests.bot.fakes import until

HOOK_SECRET = "a secret that only the desk and this test know"
WEB_SECRET = "signs the cookies of the tests, long enough"
CONFIG = """
team = "Heron & Plover"
escalate_to = "local:#leads"

[[brands]]
name = "Heron Air"
reply_as = "@heronair"
[brands.queries]
names = "heron"

[[sources]]
name = "calls"
kind = "file"
folder = "{folder}"
every = "1s"
alert_max_age = "52w"

[[sources]]
name = "desk"
kind = "webhook"
form = true
secret_env = "DESK_SECRET"
brand = "Heron Air"

[[routes]]
channel = "local:#alerts"

[[routes]]
channel = "local:#urgent"
min_priority = "urgent"

[[members]]
name = "ana"
title = "Ana"

[[members]]
name = "bo"
title = "Bo"
roles = ["agent", "approver"]

[[members]]
name = "mia"
title = "Mia"
roles = ["manager", "admin"]
"""


def write_config(home: Path, text: str = CONFIG) -> Path:
    """`earshot.toml` and the watched folder in a home of their own."""
    folder = home / "calls"
    folder.mkdir(exist_ok=True)
    path = home / "earshot.toml"
    path.write_text(text.replace("{folder}", str(folder)))
    return path


def variables(home: Path) -> dict[str, str]:
    """What stands in the environment of the program."""
    return {
        "EARSHOT_DATA": str(home / "data"),
        "EARSHOT_CONFIG": str(home / "earshot.toml"),
        "EARSHOT_PORT": "0",
        "EARSHOT_WEB_SECRET": WEB_SECRET,
        "EARSHOT_LOG": "warning",
        "DESK_SECRET": HOOK_SECRET,
    }


def environment(home: Path, more: Mapping[str, str] | None = None) -> Environment:
    return read_environment(home / ".env", variables(home) | dict(more or {}))


def add_calls(home: Path, name: str, *rows: Mapping[str, Any]) -> None:
    """Put a file into the watched folder, whole at once."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    hidden = home / "calls" / f".{name}"
    hidden.write_text(text)
    hidden.rename(home / "calls" / name)


@dataclass
class Person:
    """Somebody at the page, with her own browser. `token` is what her page's script sends with every act."""

    session: aiohttp.ClientSession
    url: str
    name: str = ""
    token: str = ""
    keys: int = 0

    async def page(self, path: str = "/") -> str:
        async with self.session.get(self.url + path, headers={"Accept": "text/html"}) as answer:
            text = await answer.text()
            assert answer.status == 200, text
        if found := re.search(r'data-token="([0-9a-f]+)"', text):
            self.token = found[1]
        return text

    async def be(self, name: str) -> None:
        """Press the demo's switch."""
        await self.page()
        fields = {"token": self.token, "member": name, "channel": "alerts"}
        async with self.session.post(f"{self.url}/be", data=fields) as answer:
            assert answer.status == 200
        self.name = name
        await self.page()

    async def send(self, path: str, **content: Any) -> dict[str, Any]:
        """An act as the page's script sends it."""
        self.keys += 1
        body = {"channel": "#alerts", "key": f"{self.name}-key-{self.keys:06d}", **content}
        async with self.session.post(self.url + path, json=body, headers={"X-Earshot-Token": self.token}) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return dict(json.loads(text))

    async def say(self, line: str) -> dict[str, Any]:
        return await self.send("/line", line=line)

    async def press(self, verb: str, case: int | None = None, **values: str) -> dict[str, Any]:
        return await self.send("/act", verb=verb, case=case, values=values)

    async def submit(self, verb: str, case: int | None = None, **values: str) -> dict[str, Any]:
        return await self.send("/form", verb=verb, case=case, values=values)

    async def messages(self, channel: str = "alerts", thread: str = "") -> str:
        """What stands in a channel, or in a thread, as HTML with its entities read."""
        text = await self.page(f"/c/{channel}") if not thread else await self.page(f"/thread/{thread}")
        return html.unescape(text)


@dataclass
class Running:
    app: App
    client: TestClient[Any, Any]
    home: Path
    people: list[aiohttp.ClientSession]

    @property
    def url(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def person(self, name: str) -> Person:
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.people.append(session)
        person = Person(session, self.url)
        await person.be(name)
        return person

    async def value(self, sql: str, *params: Any) -> Any:
        return await self.app.bridge.read(lambda store: store.engine.value(sql, params))

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        def read(store: Store) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in store.engine.rows(sql, params)]

        return await self.app.bridge.read(read)

    async def becomes(self, sql: str, wanted: Any = 1) -> None:
        """Wait until a query gives a value."""

        async def is_so() -> bool:
            return bool(await self.value(sql) == wanted)

        await until(is_so)

    async def hook(
        self, content: Any, *, delivery: str = "", timestamp: str = "", secret: str = HOOK_SECRET, source: str = "desk"
    ) -> tuple[int, dict[str, Any]]:
        """POST a signed delivery; its status and answer."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        moment = timestamp or str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Earshot-Timestamp": moment,
            "X-Earshot-Signature": sign(secret, moment, body),
        } | ({"X-Earshot-Delivery": delivery} if delivery else {})
        async with self.client.post(f"/hooks/{source}", data=body, headers=headers) as answer:
            told = await answer.text()
            return answer.status, json.loads(told) if answer.content_type == "application/json" else {"words": told}


@asynccontextmanager
async def running(
    home: Path, *, config: str = CONFIG, has_file: bool = True, more: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """The program on the file in `home`, started and, at the end, stopped. `more` stands in its environment too."""
    path = write_config(home, config) if has_file else home / "earshot.toml"
    policy = read_policy(path, settings())
    app = App(environment(home, more), policy, config_path=path)
    app.deliverer.most_posts = 10_000  # to a channel in a minute: tests do not wait
    site = build_web(
        app,
        mode="demo",
        secret=WEB_SECRET,
        bell=app.bell,
        registry=app.registry,
        now=utc_now,
        slack=app.slack.handle_http if app.slack else None,
    )
    client = TestClient(TestServer(site, host="127.0.0.1"))
    opened = Running(app, client, home, [])
    try:
        await client.start_server()
        await app.start()
        yield opened
    finally:
        for session in opened.people:
            await session.close()
        await client.close()
        await app.stop()
