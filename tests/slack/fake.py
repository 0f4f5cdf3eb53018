"""A strict Slack on loopback: the real client talks to it over HTTP and WebSocket, and it behaves where bots break.

    async with fake_slack() as slack:
        slack.add_user("ana"); slack.add_channel("alerts", members=["ana"])
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])

`workspace.py` has what is there, `events.py` what happens, `api.py` the methods, `rates.py` limits and troubles on
order, `sockets.py` how the app is reached, `person.py` somebody with Slack's client, `watch.py` the alarms. Arguments
"channel" and "user" are names ("#alerts", "ana"), ids or the things themselves. End a test with `slack.check()`.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.slack.doors import METHODS
from tests.slack.events import Happenings
from tests.slack.lint import lint_message
from tests.slack.person import Person
from tests.slack.rates import Call, Faults, Rates
from tests.slack.server import Server
from tests.slack.sockets import RETRIES, Delivery, Hub, Socket
from tests.slack.workspace import ResponseUrl
from tests.slack.world import User

SCOPES = (
    "app_mentions:read channels:history channels:read chat:write commands files:write groups:history groups:read "
    "im:history im:read im:write reactions:read reactions:write usergroups:read users:read"
)
MOST_USES, USABLE_FOR = 5, 1800.0  # of a response_url [doc]


class FakeSlack(Happenings):
    """The workspace and its servers. `fake_slack()` starts one."""

    def __init__(self, clock: Callable[[], float], ack_within: float, retries: tuple[float, ...]) -> None:
        super().__init__(clock)
        self.ack_within = ack_within
        self.bot_token, self.app_token, self.signing_secret = "xoxb-1-good", "xapp-1-good", "s3cret-of-the-fake"
        self.scopes, self.app_scopes = set(SCOPES.split()), {"connections:write"}
        self.has_home, self.has_blocks_validate = True, True
        self.page_size = 1000  # a list's pages are never longer, whatever limit is asked for
        self.trigger_lives = 3.0  # seconds
        self.strict_rates = False
        self.calls: list[Call] = []
        self.errors_shown: list[tuple[str, str]] = []  # who, and the words beside her button or command
        self.faults = Faults()
        self.rates = Rates(clock, {method: tier for method, (_, tier) in METHODS.items() if tier})
        self.hub = Hub(self, retries)
        self._people: dict[str, Person] = {}

    @property
    def sockets(self) -> list[Socket]:
        return self.hub.sockets

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was sent to the app, with its attempts and acks."""
        return self.hub.deliveries

    @property
    def api_url(self) -> str:
        return f"{self.base}/api/"

    @property
    def no_hello(self) -> bool:
        """New sockets are open and never greeted."""
        return self.hub.no_hello

    @no_hello.setter
    def no_hello(self, is_so: bool) -> None:
        self.hub.no_hello = is_so

    def calls_of(self, *methods: str) -> list[Call]:
        return [one for one in self.calls if one.method in methods]

    def post_to(self, url: str, secret: str = "") -> None:
        """HTTP mode: payloads are posted to `url` from now on, signed with `secret`."""
        self.hub.post_to(url, secret or self.signing_secret)

    def person(self, who: str | User) -> Person:
        """Somebody with Slack's client in her hands."""
        user = self.user(who)
        return self._people.setdefault(user.id, Person(self, user))

    # Answers through a response_url

    def respond(self, url: ResponseUrl | None, told: Mapping[str, Any]) -> str:
        """Do what an answer asks; why not, or ""."""
        if url is None or self.clock() - url.at > USABLE_FOR:
            return "expired_url"
        if url.uses >= MOST_USES:
            return "used_url"
        url.uses += 1
        if told.get("delete_original"):
            if url.message is not None:
                url.message.is_deleted = True
            return ""
        if not told.get("text") and not told.get("blocks"):
            return "no_text"
        return self.put_answer(url, told, "response_url")

    def put_answer(self, url: ResponseUrl, told: Mapping[str, Any], what: str) -> str:
        """Show an ack's or response_url's payload: to the person alone unless it says in_channel."""
        self.look_at(what, told)
        if told.get("blocks") and [one for one in lint_message(told["blocks"], None) if not one.startswith("text")]:
            return "invalid_blocks"
        if self.wrong_pictures(told.get("blocks")):
            return "invalid_blocks"
        made = self.new_message(url.channel, self.bot.id, str(told.get("text") or ""), told.get("blocks"))
        made.bot_id, made.settings = self.bot_id, {"parse": "none"}
        if told.get("replace_original") and url.message is not None and not url.message.is_deleted:
            url.message.text, url.message.blocks = made.text, made.blocks
            url.message.edits += 1
            self.shows(url.message)
            url.said.append(url.message)
            return ""
        made.thread_ts = str(told.get("thread_ts") or "")
        made.ephemeral_to = "" if told.get("response_type") == "in_channel" else url.user
        self.say(url.channel, made)
        self.shows(made)
        url.said.append(made)
        return ""


@asynccontextmanager
async def fake_slack(
    *,
    clock: Callable[[], float] = time.time,
    ack_within: float = 3.0,
    retries: tuple[float, ...] = RETRIES,
    port: int = 0,
) -> AsyncIterator[FakeSlack]:
    """A workspace with our bot in it, until the end of the block.

    `clock` is Slack's own time in seconds; `ack_within` and `retries` are real seconds, shortened by tests that wait
    for them; `port` 0 takes any free one.
    """
    slack = FakeSlack(clock, ack_within, retries)
    server = Server(slack)
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/api/{method}", server.handle_api)
    app.router.add_post("/actions/{team}/{name}", server.handle_response_url)
    app.router.add_post("/upload/v1/{ticket}", server.handle_upload)
    app.router.add_get("/link/", slack.hub.connect)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    slack.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield slack
    finally:
        slack.faults.clear()
        await slack.hub.close()
        await runner.cleanup()
