"""A strict Discord on loopback: the real discord.py talks to it over HTTP and WebSocket; it behaves where bots break.

    async with discord_server() as discord:
        discord.add_user("ana", roles=["Support"]); discord.add_channel("alerts")
        with point_at(discord.url):
            ...  # start a bot with discord.token, in this process or another
            ana = discord.person("ana")
            await ana.slash("#alerts", "claim", case=3)

`workspace.py` has what is there, `happenings.py` what people change, `posting.py` messages and the record of every
write, `interactions.py` commands and clicks, `api.py` the routes, `gateway.py` the line to the bot (`discord.hub`),
`faults.py` limits and troubles on order, `person.py` somebody with Discord's client. End a test with `discord.check()`.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.discord.faults import Call, Faults, Rates
from tests.discord.gateway import Hub
from tests.discord.interactions import Form, Interaction, Interactions
from tests.discord.person import Person
from tests.discord.serving import Server
from tests.discord.world import User

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.GfakeX.a-token-that-is-good-for-the-fake-alone"


class FakeDiscord(Interactions):
    """The servers of Discord and what stands in them. `discord_server()` starts one."""

    hub: Hub

    def __init__(self, clock: Callable[[], float], ack_within: float) -> None:
        self.hub = Hub(self)
        super().__init__(clock)
        self.ack_within = ack_within
        self.token, self.is_revoked = TOKEN, False
        self.commands: dict[str, dict[str, dict[str, Any]]] = {}  # by server ("": everywhere), then by id
        self.syncs = 0  # how often a list of commands was written
        self.strict_rates = False  # windows with headers and 429
        self.strict_old_edits = False  # 30046: three edits in 20 seconds of a channel's messages older than an hour
        self.portal: dict[str, Any] = {}  # of the application, as set in Discord's pages for developers
        self.calls: list[Call] = []
        self.faults = Faults()
        self.rates = Rates(self.clock)
        self._people: dict[str, Person] = {}

    @property
    def url(self) -> str:
        """The address of the API, as in EARSHOT_DISCORD_API_URL."""
        return f"{self.base}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"{self.base.replace('http', 'ws', 1)}/gateway"

    def calls_of(self, *names: str) -> list[Call]:
        return [one for one in self.calls if one.name in names]

    def person(self, who: str | User) -> Person:
        """Somebody with Discord's client in her hands."""
        user = self.user(who)
        return self._people.setdefault(user.id, Person(self, user))

    def open_form(self, one: Interaction, told: dict[str, Any]) -> None:
        """A modal comes up on the screen of the person who clicked."""
        one.answer.modal = self.person(one.user).show(Form(told, one.channel, one.message))

    def revoke(self) -> None:
        """The token is reset: every call is refused, and the line is closed for good."""
        self.is_revoked = True
        self.hub.close(4004)


@asynccontextmanager
async def discord_server(
    *, clock: Callable[[], float] = time.time, ack_within: float = 3.0, port: int = 0
) -> AsyncIterator[FakeDiscord]:
    """A Discord with one server and our bot in it, until the end of the block.

    `clock` is Discord's own time in seconds; `ack_within` is how long people wait for an answer, in real seconds;
    `port` 0 takes any free one.
    """
    discord = FakeDiscord(clock, ack_within)
    server = Server(discord)
    app = web.Application(client_max_size=30_000_000)
    app.router.add_get("/gateway", discord.hub.connect)
    app.router.add_get("/gateway/", discord.hub.connect)
    app.router.add_get("/attachments/{channel}/{id}/{name}", server.handle_file)
    app.router.add_route("*", "/api/v10/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    discord.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield discord
    finally:
        discord.faults.clear()
        await discord.hub.stop()
        await runner.cleanup()


@contextmanager
def point_at(url: str) -> Iterator[None]:
    """Every client of discord.py in this process talks to a fake. These are attributes of classes: one at a time."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = url
    line = yarl.URL(url).with_path("/gateway")
    DiscordWebSocket.DEFAULT_GATEWAY = line.with_scheme("ws")
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
