"""Earshot stays connected to Discord, whatever happens to the connection, and says truly how it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.chats.discord import addresses
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.gateway import Bounds, Gateway
from bot.chats.discord.line import Line
from bot.secret import Secret
from tests.bot.fakes import until
from tests.bot.logs import own_log
from tests.discord.fake import FakeDiscord, discord_server
from tests.discord.gateway import INVALID

QUICK = Bounds(beat=0.02, deaf_after=0.15, pause=0.001, refused=0.02, closing=0.2)


@pytest.fixture(autouse=True)
def own_addresses() -> Iterator[None]:
    yield
    addresses.reset()


@dataclass
class Rig:
    """The real client, connected to a fake Discord."""

    discord: FakeDiscord
    client: EarshotClient
    gateway: Gateway
    events: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    async def is_connected(self) -> None:
        await self.sees(lambda: self.gateway.is_connected)

    async def sees(self, what: Callable[[], Any]) -> Any:
        async def look() -> Any:
            return what()

        return await until(look, 10)

    def channels(self) -> set[str]:
        return {channel.name for guild in self.client.guilds for channel in guild.text_channels}

    def said(self) -> list[str]:
        """What the bot opened connections with."""
        return [what for what, _ in self.discord.hub.history if what != "close"]


@asynccontextmanager
async def rig_on(discord: FakeDiscord, bounds: Bounds = QUICK, token: str = "") -> AsyncIterator[Rig]:
    pauses: list[float] = []

    def no_pause(longest: float) -> float:
        pauses.append(longest)
        return min(longest, 0.02)

    client = EarshotClient(ready_after=0.01)
    gateway = Gateway(client, Secret(token or discord.token), discord.url, bounds=bounds, pause=no_pause)
    rig = Rig(discord, client, gateway, pauses=pauses)
    client.watch(rig.events.append)
    running = asyncio.create_task(gateway.run())
    try:
        yield rig
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await gateway.close()


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_server() as server:
        server.add_channel("alerts")
        yield server


@pytest.fixture
async def rig(discord: FakeDiscord) -> AsyncIterator[Rig]:
    async with rig_on(discord) as opened:
        await opened.is_connected()
        yield opened


async def test_it_connects_and_asks_for_no_privileged_intent(rig: Rig) -> None:
    assert rig.gateway.health()[0]
    assert rig.channels() == {"alerts"}
    assert rig.discord.hub.history == [("identify", {"intents": 1})]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda hub: hub.cut(), id="the network is gone"),
        pytest.param(lambda hub: hub.drop(), id="op 7"),
        pytest.param(lambda hub: hub.drop(INVALID, is_resumable=True), id="op 9, resumable"),
        pytest.param(lambda hub: hub.close(4000), id="closed with 4000"),
        pytest.param(lambda hub: hub.close(4009), id="closed with 4009"),
        pytest.param(lambda hub: hub.go_deaf(), id="deaf"),
    ],
)
async def test_a_lost_connection_is_resumed_and_what_happened_meanwhile_is_told(
    rig: Rig, trouble: Callable[[Any], None]
) -> None:
    trouble(rig.discord.hub)
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.channels() == {"mentions"})
    await rig.is_connected()
    assert rig.said() == ["identify", "resume"], "signing in again would lose what happened"


async def test_a_session_that_discord_has_forgotten_is_followed_by_a_new_one(rig: Rig) -> None:
    rig.discord.add_channel("more")
    rig.discord.hub.drop(INVALID)
    await rig.sees(lambda: rig.discord.hub.identifies == 2 and rig.gateway.is_connected)
    await rig.sees(lambda: rig.channels() == {"alerts", "more"})


async def test_a_closed_http_session_is_followed_by_another(rig: Rig) -> None:
    """The library would fail for ever: it makes one at a sign-in alone."""
    await rig.client.http._HTTPClient__session.close()  # type: ignore[attr-defined]
    rig.discord.hub.cut()
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.gateway.is_connected and rig.channels() == {"mentions"})


async def test_a_session_that_cannot_be_resumed_ends_in_a_new_one(rig: Rig) -> None:
    rig.discord.hub.knows_resume = False
    rig.discord.hub.cut()
    await rig.sees(lambda: rig.discord.hub.identifies == 2 and rig.gateway.is_connected)
    assert rig.said() == ["identify", "resume", "identify"]


async def test_an_event_that_cannot_be_read_costs_itself_alone(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.discord.hub.tell(
        "GUILD_ROLE_CREATE", {"guild_id": rig.discord.guild.id, "role": {"name": "A customer's words"}}
    )
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.channels() == {"mentions"})
    assert rig.gateway.is_connected
    assert rig.said() == ["identify"]
    assert "was left out: KeyError" in caplog.text
    assert "customer" not in caplog.text


async def test_a_connection_that_never_lets_us_in_is_given_up(discord: FakeDiscord) -> None:
    bounds = Bounds(beat=0.02, ready_within=0.05, pause=0.001, closing=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.hub, "_greet", lambda line, intents: None)
        async with rig_on(discord, bounds) as rig:
            await rig.sees(lambda: "did not let us in" in rig.gateway.health()[1])
            patch.undo()
            await rig.is_connected()


async def test_a_server_that_greets_nobody_is_left_and_tried_again(discord: FakeDiscord) -> None:
    discord.hub.no_hello = True
    async with rig_on(discord, Bounds(beat=0.02, opening=0.2, pause=0.001, closing=0.2)) as rig:
        await rig.sees(lambda: "no answer in time" in rig.gateway.health()[1])
        discord.hub.no_hello = False
        await rig.is_connected()


async def test_discord_is_gone_with_all_it_knew_and_comes_back(rig: Rig) -> None:
    hub = rig.discord.hub
    hub.is_down = True
    rig.discord.faults.drop_before("*", times=None)
    hub.forget()
    hub.cut()
    await rig.sees(lambda: len(rig.pauses) > 3)
    is_ok, words = rig.gateway.health()
    assert not is_ok
    assert words.startswith("connecting for ")
    assert words.endswith("Discord cannot be reached")
    rig.discord.add_channel("more")
    hub.is_down = False
    rig.discord.faults.clear()
    await rig.is_connected()
    await rig.sees(lambda: rig.channels() == {"alerts", "more"})


# Tokens


async def test_a_bad_token_is_told_with_what_to_do_and_tried_again_in_peace(discord: FakeDiscord) -> None:
    discord.is_revoked = True
    bounds = Bounds(beat=0.02, pause=0.001, refused=0.1, closing=0.2)
    async with rig_on(discord, bounds) as rig:
        await rig.sees(lambda: "the token is refused" in rig.gateway.health()[1])
        is_ok, words = rig.gateway.health()
        assert not is_ok
        assert "Reset Token" in words
        assert "EARSHOT_DISCORD_TOKEN" in words
        tried = len(discord.calls)
        await asyncio.sleep(0.25)
        assert 1 <= len(discord.calls) - tried <= 4
        discord.is_revoked = False
        await rig.is_connected()


async def test_a_token_that_is_reset_while_we_run_is_told_and_no_sign_in_is_spent_on_it(rig: Rig) -> None:
    rig.discord.revoke()
    await rig.sees(lambda: "the token is refused" in rig.gateway.health()[1])
    asked = len(rig.discord.calls)
    await rig.sees(lambda: len(rig.discord.calls) >= asked + 3)
    assert "the token is refused" in rig.gateway.health()[1]
    assert rig.discord.hub.identifies == 1
    rig.discord.is_revoked = False
    await rig.is_connected()
    assert rig.channels() == {"alerts"}


async def test_a_client_that_could_not_sign_in_for_long_still_can(discord: FakeDiscord) -> None:
    discord.faults.http_500_html("me", status=503, times=3)
    discord.faults.drop_before("application", times=2)
    async with rig_on(discord) as rig:
        await rig.is_connected()


# Measure


async def test_pauses_grow_with_failures_up_to_half_a_minute_and_longer_for_new_sign_ins(rig: Rig) -> None:
    rig.discord.hub.is_down = True
    rig.discord.hub.cut()
    await rig.sees(lambda: len(rig.pauses) >= 8)
    assert rig.pauses[:8] == [0.001 * 2**number for number in range(8)]
    bounds = Bounds()
    assert bounds.longest <= 30
    assert 86_400 / bounds.longest_anew * 1.4 < 1_010, "sign-ins of a day, with pauses that vary"
    rig.discord.hub.is_down = False
    await rig.is_connected()


async def test_the_last_sign_ins_of_a_day_are_not_used_up(discord: FakeDiscord) -> None:
    spent = [("identify", {"intents": 1})] * 960
    discord.hub.history += spent
    async with rig_on(discord) as rig:
        await rig.sees(lambda: "hardly any more sign-ins" in rig.gateway.health()[1])
        assert discord.hub.history == spent
        discord.hub.history.clear()  # the next day
        await rig.is_connected()


async def test_a_deaf_connection_is_noticed_within_a_minute() -> None:
    bounds = Bounds()
    assert bounds.beat + bounds.deaf_after + bounds.closing < 60
    assert bounds.deaf_after > 2 * bounds.beat, "one sign of life that came late is no deafness"


async def test_a_quiet_connection_is_not_taken_for_a_deaf_one(rig: Rig) -> None:
    (line,) = rig.discord.hub.lines
    await rig.sees(lambda: line.beats > 15)
    assert rig.said() == ["identify"]


async def test_the_token_goes_to_no_gateway_that_is_not_private(discord: FakeDiscord) -> None:
    told = {"url": "ws://gateway.example", "session_start_limit": {"remaining": 900, "total": 1000, "reset_after": 1}}
    fault = discord.faults.http_500_html("gateway", times=None)
    fault.told.update(status=200, json=told, headers={"Content-Type": "application/json"}, html="")
    async with rig_on(discord) as rig:
        await rig.sees(lambda: "not private" in rig.gateway.health()[1])
        assert discord.hub.history == []


# The end


@pytest.mark.parametrize("trouble", ["none", "deaf", "down", "held"])
async def test_it_ends_at_once_and_leaves_nothing_behind(discord: FakeDiscord, trouble: str) -> None:
    before = asyncio.all_tasks()
    async with rig_on(discord) as rig:
        await rig.is_connected()
        if trouble == "deaf":
            discord.hub.go_deaf()
        elif trouble == "down":
            discord.hub.is_down = True
            discord.hub.cut()
            await rig.sees(lambda: rig.pauses)
        elif trouble == "held":
            held = discord.faults.hold("gateway")
            discord.hub.drop(INVALID)
            await held.entered.wait()
    discord.faults.clear()
    assert rig.client.is_closed()
    assert {task for task in asyncio.all_tasks() - before if "discord" in task.get_name()} == set()


async def test_no_token_reaches_the_log_even_when_it_is_set_to_debug(discord: FakeDiscord) -> None:
    with own_log("debug") as stream:
        discord.add_user("ana")
        async with rig_on(discord) as rig:
            await rig.is_connected()
            discord.hub.tell("INTERACTION_CREATE", {"id": "1", "token": "interaction-secret", "type": 99})
            discord.hub.cut()
            await rig.sees(lambda: discord.hub.resumes)
            discord.revoke()
            await rig.sees(lambda: "refused" in rig.gateway.health()[1])
    told = stream.getvalue()
    assert "is not connected to Discord" in told, "it does log"
    assert discord.token not in told
    assert "interaction-secret" not in told


def test_lines_are_the_librarys_own() -> None:
    assert Line.__mro__[1].__module__ == "discord.gateway"
