"""A team at work in a strict fake Slack, with the whole program behind it: real storage, the real outbox, Slack's own
framework over Socket Mode. What people do is committed by the real commands.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.chats.slack.acts import Knobs
from bot.chats.slack.adapter import SlackChat
from bot.chats.slack.directory import Directory
from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.render import Look
from bot.chats.slack.surface import Surface
from bot.chats.slack.wire import Wire
from handlers.rules.policy import Member, Policy, Route, SlackPolicy
from storage.types import Role
from tests.bot.chats.office_desk import TEAM, Desk
from tests.bot.fakes import Clock, Station, until
from tests.kit import POLICY
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.world import Message

SOON = Knobs(load_after=5.0, give_up_after=10.0, typed_every=0.01, close_within=5.0)  # nothing is slow by chance


@dataclass
class Office:
    """The people, and what they can look at."""

    slack: FakeSlack
    station: Station
    desk: Desk
    surface: Surface
    directory: Directory
    handler: AsyncSocketModeHandler
    wire: Wire

    async def restart(self, knobs: Knobs = SOON) -> None:
        """The program ends without a word and another begins: nothing that was in memory is there."""
        await self.handler.close_async()
        self.surface = _surface(self.desk, self.wire, self.directory, self.station, knobs)
        self.handler = await _connected(self.surface, self.slack)

    def person(self, name: str) -> Any:
        return self.slack.person(name)

    async def new_case(self, text: str) -> Message:
        """A complaint comes in; its card."""
        number = await self.station.open_case(text)
        await self.deliver()
        return await self.card(number)

    async def card(self, number: int) -> Message:
        row = await self.station.card_row(number)
        return next(one for one in self.slack.messages("#alerts") if one.ref == row["remote_ref"])

    async def deliver(self) -> None:
        await self.station.deliver()

    async def status(self, number: int) -> str:
        return str(await self.station.value("select status from cases where id = ?", number))

    async def assignee(self, number: int) -> str:
        return str(await self.station.value("select assignee from cases where id = ?", number))

    async def events(self) -> int:
        return int(await self.station.value("select count(*) from case_events"))

    async def told(self, name: str, words: str) -> Message:
        """What only this person is shown, when it says these words."""

        async def look() -> Message | None:
            return next((one for one in self.person(name).ephemerals if words in one.words), None)

        try:
            found = await until(look, 5.0)
        except TimeoutError:
            shown = [one.words for one in self.person(name).ephemerals]
            raise AssertionError(f"{name} was not told {words!r}, but {shown}") from None
        assert isinstance(found, Message)
        return found

    async def modal(self, name: str, words: str) -> Any:
        """The modal on top of her screen, when it says these words."""
        person = self.person(name)

        async def look() -> Any:
            return person.modal if person.modal is not None and words in person.modal.words else None

        try:
            return await until(look, 5.0)
        except TimeoutError:
            shown = person.modal.words if person.modal else "nothing"
            raise AssertionError(f"{name} sees no modal with {words!r}, but {shown}") from None

    async def quiet(self) -> None:
        """Everything that follows an act is over."""
        while self.surface._after._tasks:
            await asyncio.wait(set(self.surface._after._tasks))

    async def send(self, body: Mapping[str, Any], **headers: str) -> BoltResponse:
        """A payload of our own making."""
        return await self.surface.app.async_dispatch(
            AsyncBoltRequest(mode="socket_mode", body=dict(body), headers=dict(headers))
        )

    def change_slack(self, **fields: Any) -> None:
        """Other keys of the table [slack]."""
        self.change_policy(slack=replace(self.desk.known.slack, **fields))

    def change_policy(self, **fields: Any) -> None:
        self.desk.known = replace(self.desk.known, **fields)
        self.station.brain = replace(self.station.brain, policy=self.desk.known)


def policy_with(slack: FakeSlack, more: int = 0) -> Policy:
    """The team, each with her Slack id, and `more` colleagues called p0, p1 …"""
    roles = dict(TEAM) | {f"p{number}": (Role.AGENT,) for number in range(more)}
    members = tuple(Member(name, name.title(), roles[name], slack=slack.user(name).id) for name in roles)
    return replace(
        POLICY, members=members, routes=(Route("slack:#alerts"),), escalate_to="", slack=SlackPolicy(reactions=True)
    )


@asynccontextmanager
async def office(folder: Path, *, knobs: Knobs = SOON, more: int = 0) -> AsyncIterator[Office]:
    """Ana, Bo and Mia of the team, Eve of another company, Ned of ours without a role, all in #alerts."""
    names = [*TEAM, *(f"p{number}" for number in range(more))]
    async with fake_slack(retries=(0.0, 0.0)) as slack:
        for name in (*names, "ned"):
            slack.add_user(name)
        slack.add_user("eve", team="T0OTHER")
        slack.add_channel("alerts", [*names, "ned", "eve"])
        slack.wants_settings = True
        async with _program(folder, slack, policy_with(slack, more), knobs) as opened:
            yield opened
        slack.check()


@asynccontextmanager
async def _program(folder: Path, slack: FakeSlack, policy: Policy, knobs: Knobs) -> AsyncIterator[Office]:
    wire = Wire(slack.bot_token, slack.api_url)
    chats: dict[str, Any] = {}
    station = Station(folder / "earshot.db", Clock(), policy, chats)
    desk = Desk(station, policy)
    directory = Directory(wire, desk)
    chats["slack"] = SlackChat(wire, directory, desk, pace=0.0)
    await station.bridge.start()
    try:
        await directory.introduce()
        await directory.refresh()
        surface = _surface(desk, wire, directory, station, knobs)
        opened = Office(slack, station, desk, surface, directory, await _connected(surface, slack), wire)
        try:
            yield opened
        finally:
            await opened.handler.close_async()
            await opened.surface.close()
    finally:
        await chats["slack"].mirror.done()
        await chats["slack"].pictures.close()
        await station.deliverer.stop()
        await station.bridge.close()
        await wire.close()


def _surface(desk: Desk, wire: Wire, directory: Directory, station: Station, knobs: Knobs) -> Surface:
    home = HomeKeeper(desk, wire, look=lambda: Look(mention=directory.slack_id))
    return Surface(desk, wire, directory, now=station.clock, home=home, knobs=knobs)


async def _connected(surface: Surface, slack: FakeSlack) -> AsyncSocketModeHandler:
    web = AsyncWebClient(slack.app_token, base_url=slack.api_url, retry_handlers=[])
    handler = AsyncSocketModeHandler(surface.app, slack.app_token, web_client=web)
    await handler.connect_async()
    return handler
