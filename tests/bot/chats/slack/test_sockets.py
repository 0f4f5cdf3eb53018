"""Connections to Slack: every way of being deaf is noticed and mended, none of them costs what people do meanwhile."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.chats.slack.line import Bounds
from bot.chats.slack.sockets import Echoes, Sockets
from tests.bot.fakes import until
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.sockets import Socket

FAST = Bounds(opening=5.0, hello=5.0, closing=2.0, ping=2.0, slow=0.1)


@dataclass
class Heard:
    """What the app's listeners were given. While `gate` is closed they do not come back."""

    events: list[str] = field(default_factory=list)  # ids
    reactions: list[str] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()


@dataclass
class Wired:
    slack: FakeSlack
    sockets: Sockets
    heard: Heard
    running: asyncio.Task[None]

    def tell(self, count: int = 1) -> list[Any]:
        """That many mentions, each of its own."""
        channel, ana = self.slack.channel("#alerts"), self.slack.user("ana")
        made = [self.slack.new_message(channel, ana.id, f"<@{self.slack.bot.id}> hush-hush {n}") for n in range(count)]
        deliveries = [self.slack.mention(channel, one) for one in made]
        assert all(deliveries)
        return deliveries

    async def all_open(self, count: int = 2) -> None:
        async def are_open() -> bool:
            ok, words = self.sockets.health()
            return ok and words.startswith(f"{count} of {count} sockets")

        await until(are_open)

    async def replaced(self, *old: Socket) -> None:
        """Those are gone, and there are as many as before."""

        async def are_new() -> bool:
            now = [one for one in self.slack.sockets if one.is_open]
            return len(now) == 2 and not set(now) & set(old)

        await until(are_new)
        await self.all_open()

    async def works(self) -> None:
        """What people do from now on arrives, at once, and each thing once."""
        self.slack.ack_within = 10.0  # a slow machine is not deaf
        told = self.tell(6)
        for delivery in told:
            await delivery.is_over.wait()
        assert [len(delivery.attempts) for delivery in told] == [1] * 6
        assert all(delivery.is_acked for delivery in told)
        counted = Counter(self.heard.events)
        assert [counted[delivery.body["event_id"]] for delivery in told] == [1] * 6

    def react(self) -> tuple[str, Any]:
        """Our bot puts a reaction on a message: the message's ref, and how Slack tells us of it."""
        channel = self.slack.channel("#alerts")
        message = self.slack.new_message(channel, self.slack.bot.id, "A card")
        channel.messages.append(message)
        return message.ref, self.slack.set_reaction(message, "eyes", self.slack.bot.id, is_added=True)


def an_app(slack: FakeSlack, heard: Heard) -> AsyncApp:
    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T0HERON", bot_user_id=slack.bot.id, bot_token=slack.bot_token
        )

    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    app = AsyncApp(
        client=client,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
    )

    @app.event("app_mention")
    async def mentioned(body: dict[str, Any]) -> None:
        heard.entered.set()
        await heard.gate.wait()
        heard.events.append(body["event_id"])

    @app.event("reaction_added")
    async def reacted(event: dict[str, Any]) -> None:
        heard.reactions.append(event["reaction"])

    return app


@asynccontextmanager
async def a_slack(**knobs: Any) -> AsyncIterator[FakeSlack]:
    async with fake_slack(**{"retries": (0.02, 0.1, 0.5, 2.0), **knobs}) as slack:
        slack.add_user("ana")
        slack.add_channel("alerts", members=["ana"])
        yield slack


@asynccontextmanager
async def run_sockets(slack: FakeSlack, *, bounds: Bounds = FAST, **times: Any) -> AsyncIterator[Wired]:
    heard = Heard()
    usual = {"look_every": 0.02, "patience": 20.0, "pause": 0.02}
    sockets = Sockets(an_app(slack, heard), slack.app_token, slack.api_url, bounds=bounds, **{**usual, **times})
    wired = Wired(slack, sockets, heard, asyncio.create_task(sockets.run()))
    try:
        yield wired
    finally:
        heard.gate.set()
        await sockets.close()
        await wired.running


async def test_two_connections_and_one_handler_for_each_thing_that_people_do() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        assert len(slack.sockets) == 2
        told = wired.tell(30)
        for delivery in told:
            await delivery.is_over.wait()
        assert sorted(wired.heard.events) == sorted(delivery.body["event_id"] for delivery in told)
        assert {attempt.socket for delivery in told for attempt in delivery.attempts} == set(slack.sockets)
        ok, words = wired.sockets.health()
        assert (ok, words) == (True, "2 of 2 sockets hear Slack, the last word 0 s ago")


async def test_a_connection_that_is_cut_is_opened_anew() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        first, _ = slack.sockets
        first.drop()
        await wired.replaced(first)
        await wired.works()


async def test_a_line_that_falls_silent_is_noticed_though_it_stays_open() -> None:
    bounds = Bounds(opening=5.0, hello=5.0, closing=0.2, ping=0.4, slow=0.1)
    async with a_slack() as slack, run_sockets(slack, bounds=bounds) as wired:
        await wired.all_open()
        first, second = slack.sockets
        first.silent()
        second.silent()
        await wired.replaced(first, second)


async def test_a_line_without_pongs_is_noticed_also_when_the_network_library_does_not() -> None:
    bounds = Bounds(opening=5.0, hello=5.0, closing=0.2, ping=60.0, slow=0.1)  # it is not asked for a pong in time
    async with a_slack() as slack, run_sockets(slack, bounds=bounds, patience=0.5) as wired:
        await wired.all_open()
        await wired.replaced(*slack.sockets)


async def test_a_connection_that_is_never_greeted_is_not_believed() -> None:
    bounds = Bounds(opening=5.0, hello=0.1, closing=2.0, ping=2.0, slow=0.1)
    async with a_slack() as slack:
        slack.hub.no_hello = True
        async with run_sockets(slack, bounds=bounds) as wired:

            async def is_told() -> bool:
                return "no hello" in wired.sockets.health()[1]

            await until(is_told)
            assert not wired.sockets.health()[0]
            slack.hub.no_hello = False
            await wired.all_open()
            await wired.works()


async def test_deaf_connections_are_found_by_a_reaction_that_does_not_come_back() -> None:
    async with a_slack(ack_within=0.2) as slack, run_sockets(slack, echo_within=0.2) as wired:
        await wired.all_open()
        deaf = list(slack.sockets)
        for socket in deaf:
            socket.deaf = True
        ref, _ = wired.react()
        wired.sockets.expect_echo(ref)
        await wired.replaced(*deaf)
        await wired.works()


async def test_an_only_connection_is_kept_until_there_is_another() -> None:
    async with a_slack(ack_within=0.2) as slack, run_sockets(slack, echo_within=0.2, count=1) as wired:
        await wired.all_open(1)
        (deaf,) = slack.sockets
        deaf.deaf = True
        ref, _ = wired.react()
        wired.sockets.expect_echo(ref)
        healths: list[bool] = []

        async def is_new() -> bool:
            healths.append(wired.sockets.health()[0])
            return deaf not in slack.sockets

        await until(is_new)
        assert all(healths)
        await wired.works()


async def test_an_expected_echo_leaves_the_connections_alone() -> None:
    async with a_slack() as slack, run_sockets(slack, echo_within=0.2) as wired:
        await wired.all_open()
        before = list(slack.sockets)
        for _ in range(3):
            ref, delivery = wired.react()
            wired.sockets.expect_echo(ref)
            await delivery.is_over.wait()

        async def is_overdue() -> bool:
            return wired.sockets._echoes.are_late(float("inf"))

        assert not await is_overdue()
        assert slack.sockets == before


async def test_one_by_one_connections_on_which_nobody_does_anything_are_renewed() -> None:
    async with a_slack() as slack, run_sockets(slack, renew_after=0.3) as wired:
        await wired.all_open()
        seen: list[int] = []
        before = list(slack.sockets)

        async def count() -> None:
            while True:
                seen.append(sum(1 for one in slack.sockets if one.is_open))
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await wired.replaced(*before)
        counting.cancel()
        assert (min(seen), max(seen)) == (2, 3)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_when_slack_ends_both_connections_at_once_people_notice_nothing(reason: str) -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        before, told = list(slack.sockets), wired.tell(5)
        for socket in before:
            await socket.disconnect_frame(reason)
        open_ones: list[int] = []

        async def are_new() -> bool:
            open_ones.append(sum(1 for one in slack.sockets if one.is_open))
            told.extend(wired.tell())
            return not set(slack.sockets) & set(before)

        await until(are_new)
        for delivery in told:
            await delivery.is_over.wait()
        assert min(open_ones) >= 2
        assert all(delivery.is_acked for delivery in told)
        assert set(wired.heard.events) == {delivery.body["event_id"] for delivery in told}


async def test_what_is_in_hand_is_answered_before_its_connection_is_closed() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        before = list(slack.sockets)
        wired.heard.gate.clear()
        told = wired.tell(4)
        await wired.heard.entered.wait()
        for socket in before:
            await socket.disconnect_frame()

        async def is_another_there() -> bool:
            return len(slack.sockets) == 3

        await until(is_another_there)
        wired.heard.gate.set()
        for delivery in told:
            await delivery.is_over.wait()
        assert [len(delivery.attempts) for delivery in told] == [1] * 4
        await wired.replaced(*before)


async def test_what_arrives_on_a_dying_connection_comes_again_on_another() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        before = list(slack.sockets)
        wired.heard.gate.clear()
        (delivery,) = wired.tell()
        await wired.heard.entered.wait()
        for socket in before:
            socket.drop()
        wired.heard.gate.set()
        await delivery.is_over.wait()
        assert delivery.is_acked
        assert delivery.body["event_id"] in wired.heard.events
        await wired.replaced(*before)


@pytest.mark.parametrize(
    ("reason", "words"),
    [("too_many_websockets", "too many connections"), ("link_disabled", "Socket Mode was switched")],
)
async def test_a_connection_that_slack_does_not_want_is_left_alone_for_a_while(reason: str, words: str) -> None:
    bounds = Bounds(opening=5.0, hello=5.0, closing=2.0, ping=2.0, slow=3600.0)
    async with a_slack() as slack, run_sockets(slack, bounds=bounds) as wired:
        await wired.all_open()
        first, second = slack.sockets
        await first.disconnect_frame(reason)

        async def is_gone() -> bool:
            return slack.sockets == [second]

        await until(is_gone)
        ok, told = wired.sockets.health()
        assert ok
        assert told.startswith("1 of 2 sockets hears Slack")
        assert words in told
        (delivery,) = wired.tell()
        await delivery.is_over.wait()
        assert delivery.is_acked
        assert slack.hub.opened == 2


async def test_a_connection_is_tried_again_after_too_many() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        first, _ = slack.sockets
        await first.disconnect_frame("too_many_websockets")
        await wired.replaced(first)


async def test_a_wrong_token_is_told_in_words_and_not_tried_in_a_loop(caplog: pytest.LogCaptureFixture) -> None:
    bounds = Bounds(opening=5.0, hello=5.0, closing=2.0, ping=2.0, slow=3600.0)
    async with a_slack() as slack, run_sockets(slack, bounds=bounds, pause=0.0) as wired:
        old, slack.app_token = slack.app_token, "xapp-1-renewed"

        async def are_refused() -> bool:
            return len(slack.calls_of("apps.connections.open")) == 2

        await until(are_refused)

        async def is_told() -> bool:
            return "EARSHOT_SLACK_APP_TOKEN" in wired.sockets.health()[1]

        await until(is_told)
        ok, words = wired.sockets.health()
        assert not ok
        assert words.startswith("no socket hears Slack: Slack refuses the app-level token")
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        for _ in range(30):  # time for a loop to show
            await client.auth_test()
        assert len(slack.calls_of("apps.connections.open")) == 2
    assert old not in caplog.text + words


async def test_once_the_token_has_its_scope_the_connections_come_by_themselves() -> None:
    async with a_slack() as slack:
        slack.app_scopes.clear()
        async with run_sockets(slack) as wired:

            async def is_told() -> bool:
                return "connections:write" in wired.sockets.health()[1]

            await until(is_told)
            slack.app_scopes.add("connections:write")
            await wired.all_open()
            await wired.works()


async def test_slack_out_of_reach_is_tried_again_until_it_is_there() -> None:
    async with a_slack() as slack:
        slack.faults.drop_before("apps.connections.open", times=3)
        slack.faults.http_500_html("apps.connections.open", times=2)
        async with run_sockets(slack) as wired:
            await wired.all_open()
            assert len(slack.calls_of("apps.connections.open")) == 7


async def test_closing_takes_no_longer_than_it_may_when_the_other_end_is_gone() -> None:
    bounds = Bounds(opening=5.0, hello=5.0, closing=0.2, ping=60.0)
    async with a_slack() as slack, run_sockets(slack, bounds=bounds) as wired:
        await wired.all_open()
        for socket in slack.sockets:
            assert socket._transport is not None
            socket._transport.pause_reading()
        async with asyncio.timeout(5):
            await wired.sockets.close()
        assert wired.sockets.health() == (False, "no socket hears Slack: closed")


async def test_closing_waits_for_what_is_in_hand() -> None:
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        wired.heard.gate.clear()
        (delivery,) = wired.tell()
        await wired.heard.entered.wait()
        closing = asyncio.create_task(wired.sockets.close())
        for _ in range(5):
            await asyncio.sleep(0)
        wired.heard.gate.set()
        await closing
        await delivery.was_tried.wait()
        assert delivery.is_acked


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_nothing_is_left_behind(is_cancelled: bool) -> None:
    async with a_slack() as slack:
        before = asyncio.all_tasks()
        heard = Heard()
        sockets = Sockets(an_app(slack, heard), slack.app_token, slack.api_url, look_every=0.02, bounds=FAST)
        wired = Wired(slack, sockets, heard, asyncio.create_task(sockets.run()))
        await wired.all_open()
        if is_cancelled:
            wired.running.cancel()
            await asyncio.gather(wired.running, return_exceptions=True)
        else:
            await sockets.close()
            await wired.running

        async def is_quiet() -> bool:
            return not slack.sockets and not {one for one in asyncio.all_tasks() - before if not one.done()}

        await until(is_quiet)


async def test_closing_while_it_connects() -> None:
    async with a_slack() as slack:
        held = slack.faults.hold("apps.connections.open")
        async with run_sockets(slack) as wired:
            await held.entered.wait()
            await wired.sockets.close()
            await wired.running
            assert not slack.sockets


async def test_another_program_with_our_tokens_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    async with a_slack() as slack, aiohttp.ClientSession() as session:
        async with session.ws_connect(slack.hub.new_ticket()), run_sockets(slack) as wired:
            await wired.all_open()
        assert "1 connections besides ours" in caplog.text


async def test_the_log_holds_no_token_no_ticket_and_nothing_that_people_wrote(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_slack() as slack, run_sockets(slack) as wired:
        await wired.all_open()
        for delivery in wired.tell(4):
            await delivery.is_over.wait()
        first, _ = slack.sockets
        first.drop()
        await wired.replaced(first)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bot."))
    assert "hush-hush" not in ours
    assert "is replaced" in ours
    assert slack.app_token not in caplog.text
    assert "ticket=" not in caplog.text


def test_an_echo_may_come_before_we_know_that_we_called() -> None:
    echoes = Echoes(30.0, 900.0)
    echoes.heard("C1:1.0", 100.0)
    echoes.expect("C1:1.0", 100.1)
    assert not echoes.are_late(1000.0)
    echoes.expect("C1:1.0", 200.0)
    assert not echoes.are_late(229.0)
    assert echoes.are_late(231.0)


def test_alarms_grow_rarer_while_no_echo_comes_and_are_believed_again_after_one() -> None:
    echoes = Echoes(30.0, 900.0)
    alarms = []
    for second in range(4000):
        echoes.expect(f"C1:{second}", float(second))
        if echoes.are_late(float(second)):
            alarms.append(second)
    gaps = [later - earlier for earlier, later in pairwise(alarms)]
    assert alarms[0] == 31
    assert gaps == sorted(gaps)
    assert max(gaps) >= 900
    assert echoes.are_missing
    echoes.heard("C1:3999", 4000.0)
    assert not echoes.are_missing
    echoes.expect("C1:5000", 4000.0)
    assert echoes.are_late(4031.0)


def test_an_echo_that_is_missed_soon_after_an_alarm_raises_the_next_one_when_that_may_come() -> None:
    echoes = Echoes(30.0, 900.0)
    echoes.expect("C1:1", 0.0)
    assert echoes.are_late(31.0)
    echoes.expect("C1:2", 40.0)
    assert not any(echoes.are_late(float(second)) for second in range(32, 91))
    assert echoes.are_late(92.0)


def test_echoes_are_remembered_in_bounds() -> None:
    echoes = Echoes(30.0, 900.0)
    for number in range(5000):
        echoes.expect(f"C1:{number}", 0.0)
        echoes.heard(f"C2:{number}", 0.0)
    assert len(echoes._expected) <= 1000
    assert len(echoes._heard) <= 1000
