"""The whole program beside local-slack: its settings, and the App in this process."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot import registry
from bot.app import App, utc_now
from bot.policy_file import read_policy
from bot.settings import Environment, read_environment
from bot.web import build_web
from handlers.rules.policy import Policy
from storage.store import Store
from tests.bot.fakes import until
from tests.bot.running import WEB_SECRET, add_calls, variables, write_config
from tests.slack.local_person import LocalPerson
from tests.slack.local_slack import APP_TOKEN, BOT_TOKEN, PEOPLE, SIGNING_SECRET, LocalSlack, local_slack

CONFIG = f"""
team = "Heron & Plover"
timezone = "Europe/Berlin"

[[brands]]
name = "Heron Air"
reply_as = "@heronair"
[brands.queries]
names = "heron"

[[sources]]
name = "calls"
kind = "file"
folder = "{{folder}}"
every = "1s"
alert_max_age = "52w"

[[routes]]
channel = "slack:#alerts"

[[members]]
name = "ana"
title = "Ana"
slack = "{PEOPLE["ana"]}"

[[members]]
name = "bo"
title = "Bo"
roles = ["agent", "approver"]
slack = "{PEOPLE["bo"]}"

[[members]]
name = "mia"
title = "Mia"
roles = ["manager", "admin"]
slack = "{PEOPLE["mia"]}"
"""
CLASSIC = "\n[slack]\nclassic = true\n"


def slack_variables(home: Path, api_url: str, *, is_by_http: bool = False) -> dict[str, str]:
    """What stands in the environment of the program."""
    reached = {"EARSHOT_SLACK_SIGNING_SECRET": SIGNING_SECRET} if is_by_http else {"EARSHOT_SLACK_APP_TOKEN": APP_TOKEN}
    own = {"EARSHOT_SLACK_BOT_TOKEN": BOT_TOKEN, "EARSHOT_SLACK_API_URL": api_url}
    return variables(home) | own | reached


def settings(home: Path, api_url: str, *, is_by_http: bool = False) -> tuple[Environment, Policy]:
    """What the program is started with; `earshot.toml` is there already."""
    environment = read_environment(home / ".env", slack_variables(home, api_url, is_by_http=is_by_http))
    return environment, read_policy(home / "earshot.toml", registry.settings())


@dataclass
class Team:
    """The program, the server, and the people."""

    app: App
    slack: LocalSlack
    home: Path
    files: int = 0

    def person(self, name: str) -> LocalPerson:
        return LocalPerson(self.slack, name)

    def hear(self, *calls: Mapping[str, Any]) -> None:
        """Something is said about the brand."""
        self.files += 1
        add_calls(self.home, f"{self.files}.jsonl", *calls)

    def redraw_homes_at_once(self) -> None:
        """No story waits for the usual quarter of a minute."""
        assert self.app.slack is not None
        self.app.slack._home._every = 0.0

    async def value(self, sql: str, *params: Any) -> Any:
        def read(store: Store) -> Any:
            return store.engine.value(sql, params)

        return await self.app.bridge.read(read)

    async def kinds(self, case: int) -> list[str]:
        """The diary of a case."""

        def read(store: Store) -> list[str]:
            return [event.kind for event in store.cases.events(case)]

        return await self.app.bridge.read(read)


@asynccontextmanager
async def team(home: Path, *, is_by_http: bool = False, config: str = CONFIG) -> AsyncIterator[Team]:
    """The program, started and reachable from a fresh workspace."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        request_url = f"http://127.0.0.1:{door.getsockname()[1]}/slack/events" if is_by_http else ""
        async with local_slack(request_url) as slack:
            write_config(home, config)
            environment, policy = settings(home, slack.api_url, is_by_http=is_by_http)
            app = App(environment, policy, config_path=home / "earshot.toml")
            assert app.slack is not None
            site = build_web(
                app,
                mode="demo",
                secret=WEB_SECRET,
                bell=app.bell,
                registry=app.registry,
                now=utc_now,
                slack=app.slack.handle_http,
            )
            runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            try:
                await web.SockSite(runner, door).start()
                await app.start()
                opened = Team(app, slack, home)
                await until(lambda: _is_ready(opened))
                yield opened
            finally:
                await app.stop()
                await runner.cleanup()


async def _is_ready(opened: Team) -> bool:
    assert opened.app.slack is not None
    is_ok, _ = opened.app.slack.health()
    return is_ok and await opened.value("select count(*) from sources where status = 'ok'") == 1
