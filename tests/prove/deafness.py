"""Both chats and the whole program in one process, ten times as fast, and every way in which a connection can fail.

What is waited for, and how long it took, is read from the fakes: a new connection, a card, a message, an answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.chats.discord.gateway import Bounds as DiscordBounds
from bot.chats.slack.line import Bounds as SlackBounds
from handlers import chat_alarms
from handlers.jobs import chats as chat_job
from tests.bot.running import Running
from tests.discord.gateway import INVALID
from tests.two_chats import Team

SCALE = 10.0
NOTICED, HEALED = 60.0, 180.0  # seconds
LONGEST = 90.0  # of ours that anything is waited for
LOCAL = '[[routes]]\nchannel = "local:#alerts"\n\n[[routes]]\nchannel = "local:#urgent"\nmin_priority = "urgent"\n'

Break = Callable[["Ears"], Awaitable[None]]


@dataclass
class Fault:
    """`lasts`: until the alarm was told; `mend` ends it."""

    chat: str
    name: str
    begin: Break
    mend: Break | None = None
    lasts: bool = False


@dataclass
class Ears:
    """What can be done to the connections, and what the fakes have seen."""

    team: Team
    opened: Running
    took: dict[str, list[float]] = field(default_factory=lambda: {"noticed": [], "healed": [], "told": []})

    def tries(self, chat: str) -> int:
        """Of the program, to be connected, as the fake counts them."""
        if chat == "slack":
            return len(self.team.slack.calls_of("apps.connections.open")) + self.team.slack.hub.opened
        return len([one for one, _ in self.team.discord.hub.history if one != "close"])

    def hears(self, chat: str) -> bool:
        """Whether the fake has a connection on which it can say something."""
        if chat == "slack":
            return sum(one.is_open and not one.is_silent and not one.deaf for one in self.team.slack.sockets) == 2
        there = [one.line for one in self.team.discord.hub.sessions.values()]
        return any(line is not None and not line.is_deaf for line in there)

    def holds_silent(self, chat: str) -> bool:
        """Whether the program keeps a connection open on which nothing reaches it."""
        if chat == "slack":
            return any(one.is_open and (one.is_silent or one.deaf) for one in self.team.slack.sockets)
        return any(one.is_deaf for one in self.team.discord.hub.lines)

    def alarms(self, chat: str) -> int:
        """Messages in the other chat that say that this one cannot be reached."""
        return self._said(chat, f"{chat.capitalize()} cannot be reached")

    def returns(self, chat: str) -> int:
        """Those that say that it is back."""
        return self._said(chat, f"{chat.capitalize()} is back")

    def outages(self) -> int:
        """Those that the program sees no end of yet."""
        return int(self.team.value("select count(*) from outages where ended_at is null"))

    def _said(self, chat: str, words: str) -> int:
        if chat == "discord":
            return sum(words in one.words for one in self.team.slack.messages("#alerts"))
        return sum(words in one.words for one in self.team.discord.cards("#alerts"))

    async def until(self, is_so: Callable[[], Any]) -> float:
        """Seconds of the program's clocks that it took. Raises TimeoutError."""
        begun = time.monotonic()
        async with asyncio.timeout(LONGEST):
            while not is_so():  # noqa: ASYNC110 - what the fakes see rings no bell
                await asyncio.sleep(0.02)
        return (time.monotonic() - begun) * SCALE


async def hasten(ears: Ears) -> None:
    """All waits of connections, and of lost answers, are a tenth, on new connections and from now on."""
    opened = ears.opened
    slack, discord = opened.app.slack, opened.app.discord
    assert slack is not None
    assert discord is not None
    assert slack._sockets is not None
    sockets = slack._sockets
    for name in ("_look_every", "_patience", "_renew_after", "_pause"):
        setattr(sockets, name, getattr(sockets, name) / SCALE)
    sockets._echoes._patience /= SCALE
    usual = SlackBounds()
    sockets._bounds = replace(usual, ping=usual.ping / SCALE, slow=usual.slow / SCALE, hello=usual.hello / SCALE)
    told = {name: getattr(DiscordBounds(), name) for name in DiscordBounds.__dataclass_fields__}
    told = {name: one / SCALE for name, one in told.items()} | {"opening": 6.0, "closing": 1.5}
    discord._gateway._bounds = DiscordBounds(**told)
    slack.chat.settle, discord.chat.settle = slack.chat.settle / SCALE, discord.chat.settle / SCALE
    tries = [ears.tries(chat) for chat in ("slack", "discord")]
    await _slack_all(ears, lambda one: one.drop())
    ears.team.discord.hub.cut()
    for chat, before in zip(("slack", "discord"), tries, strict=True):
        await ears.until(lambda: ears.tries(chat) > before and ears.hears(chat))  # noqa: B023


@contextmanager
def hastened_alarms() -> Iterator[None]:
    """An outage is told, and taken back, in a tenth of the time; outages follow each other here without a pause."""
    usual = dict(chat_alarms.watch.__kwdefaults__ or {})
    length = chat_alarms.PATIENCE / SCALE
    chat_alarms.watch.__kwdefaults__ = {"patience": length, "steady": length, "again": timedelta()}
    try:
        yield
    finally:
        chat_alarms.watch.__kwdefaults__ = usual


async def ticking(opened: Running) -> None:
    """Look at the chats ten times as often as the clock does."""
    while True:
        await asyncio.sleep(chat_job.EVERY / SCALE)
        with suppress(Exception):
            await opened.app._tick(chat_job)


# Slack


async def slack_deaf(ears: Ears) -> None:
    """They answer each ping, and nothing that people do comes through."""
    for one in ears.team.slack.sockets:
        one.deaf = True


async def _slack_all(ears: Ears, act: Callable[[Any], Any], most: int = 10) -> None:
    for one in list(ears.team.slack.sockets)[:most]:
        done = act(one)
        if done is not None:
            await done


def _slack(act: Callable[[Any], Any], most: int = 10) -> Break:
    return lambda ears: _slack_all(ears, act, most)


async def _slack_refuses(ears: Ears) -> None:
    ears.team.slack.faults.fail("apps.connections.open", "internal_error", times=None)
    await _slack_all(ears, lambda one: one.drop())


async def _slack_down(ears: Ears) -> None:
    ears.team.slack.faults.drop_before("*", times=None)
    await _slack_all(ears, lambda one: one.drop())


async def _slack_mute(ears: Ears) -> None:
    ears.team.slack.no_hello = True
    await _slack_all(ears, lambda one: one.drop())


async def _slack_well(ears: Ears) -> None:
    ears.team.slack.no_hello = False
    ears.team.slack.faults.clear()


async def _slack_storm(ears: Ears) -> None:
    for _ in range(6):
        await _slack_all(ears, lambda one: one.drop())
        await asyncio.sleep(0.1)


async def _slack_session(ears: Ears) -> None:
    """The HTTP session that a connection lives in is closed under it."""
    slack = ears.opened.app.slack
    assert slack is not None
    assert slack._sockets is not None
    for slot in slack._sockets._slots:
        if slot.line is not None:
            await slot.line._client.aiohttp_client_session.close()


# Discord


def _discord(act: Callable[[Any], Any]) -> Break:
    async def begin(ears: Ears) -> None:
        act(ears.team.discord.hub)

    return begin


def _forget(hub: Any) -> None:
    hub.forget()
    hub.cut()


def _refuse(hub: Any) -> None:
    hub.is_down = True
    hub.cut()


def _refuse_deaf(hub: Any) -> None:
    hub.is_down = True
    hub.go_deaf()


def _mute(hub: Any) -> None:
    hub.no_hello = True
    hub.cut()


async def _discord_down(ears: Ears) -> None:
    ears.team.discord.faults.drop_before("*", times=None)
    ears.team.discord.hub.is_down = True
    ears.team.discord.hub.forget()
    ears.team.discord.hub.cut()


async def _discord_well(ears: Ears) -> None:
    hub = ears.team.discord.hub
    hub.is_down = hub.no_hello = False
    hub.knows_resume = True
    ears.team.discord.faults.clear()


async def _discord_storm(ears: Ears) -> None:
    for _ in range(6):
        ears.team.discord.hub.cut()
        await asyncio.sleep(0.1)


async def _discord_session(ears: Ears) -> None:
    """The HTTP session of the library is closed under it, and with it the connection."""
    discord = ears.opened.app.discord
    assert discord is not None
    await discord._client.http._HTTPClient__session.close()  # type: ignore[attr-defined]
    ears.team.discord.hub.cut()


FAULTS = (
    Fault("slack", "silent", _slack(lambda one: one.silent())),
    Fault("slack", "one of two silent", _slack(lambda one: one.silent(), most=1)),
    Fault("slack", "reset", _slack(lambda one: one.drop())),
    Fault("slack", "asked to leave", _slack(lambda one: one.disconnect_frame("refresh_requested"))),
    Fault("slack", "warned", _slack(lambda one: one.disconnect_frame("warning"))),
    Fault("slack", "never greeted", _slack_mute, _slack_well),
    Fault("slack", "storm", _slack_storm),
    Fault("slack", "session closed", _slack_session),
    Fault("slack", "refused", _slack_refuses, _slack_well, lasts=True),
    Fault("slack", "all down", _slack_down, _slack_well, lasts=True),
    Fault("discord", "silent", _discord(lambda hub: hub.go_deaf())),
    Fault("discord", "reset", _discord(lambda hub: hub.cut())),
    Fault("discord", "asked to leave", _discord(lambda hub: hub.drop())),
    Fault("discord", "invalid, resumable", _discord(lambda hub: hub.drop(INVALID, is_resumable=True))),
    Fault("discord", "invalid", _discord(lambda hub: hub.drop(INVALID))),
    Fault("discord", "closed", _discord(lambda hub: hub.close(4000))),
    Fault("discord", "timed out", _discord(lambda hub: hub.close(4009))),
    Fault("discord", "forgotten", _discord(_forget)),
    Fault("discord", "never greeted", _discord(_mute), _discord_well),
    Fault("discord", "storm", _discord_storm),
    Fault("discord", "session closed", _discord_session),
    Fault("discord", "refused", _discord(_refuse), _discord_well, lasts=True),
    Fault("discord", "silent, then refused", _discord(_refuse_deaf), _discord_well, lasts=True),
    Fault("discord", "all down", _discord_down, _discord_well, lasts=True),
)
