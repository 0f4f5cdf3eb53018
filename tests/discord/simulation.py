"""A team at work in a simulated Discord, with the whole program behind it: real storage, the real outbox, the real
client, items and commands. What people do is committed by the real commands. Only this file knows simcord.

simcord has no network: what is on the wire is tested with the stub beside this file.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord.results import InteractionResult, ResponseMessage

from bot.chats.discord.acts import Knobs
from bot.chats.discord.adapter import DiscordChat
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.directory import Directory
from bot.chats.discord.people import People
from bot.chats.discord.surface import Surface
from bot.chats.discord.wire import Wire
from handlers.rules.policy import Member, Policy, Route
from tests.bot.chats.office_desk import TEAM, Desk
from tests.bot.fakes import Clock, Station
from tests.kit import POLICY

SOON = Knobs(answer_within=4.0, close_within=5.0)  # nothing is slow by chance
# Verbs that can be typed here: making a command of each costs more than most tests.
TYPED = frozenset({"approve", "claim", "draft", "note", "queue", "resolve", "show", "track"})
Message = discord.Message | ResponseMessage


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a person sees it."""

    message: Message
    components: Sequence[Mapping[str, Any]]

    @property
    def words(self) -> str:
        """All that can be read in it."""
        embeds = (line for one in self.message.embeds for line in _embed(one))
        return "\n".join([self.message.content or "", *embeds, *_texts(self.components)]).strip()

    @property
    def buttons(self) -> list[str]:
        return [one["label"] for one in _walk(self.components) if one.get("type") == 2 and one.get("label")]

    @property
    def files(self) -> dict[str, discord.Attachment]:
        return {one.filename: one for one in self.message.attachments}


@dataclass
class Did:
    """What came of something that a person did."""

    told: InteractionResult

    @property
    def answers(self) -> list[Shown]:
        """What only she sees now, in order."""
        own = [self.told.response] if self.told.response is not None else []
        return [_shown(one) for one in (*own, *self.told.followups) if one.ephemeral]

    @property
    def answer(self) -> Shown:
        assert len(self.answers) == 1, [one.words for one in self.answers]
        return self.answers[0]

    @property
    def words(self) -> str:
        return self.answer.words

    @property
    def form(self) -> Mapping[str, Any]:
        """The modal that opened."""
        assert self.told.modal is not None, [one.words for one in self.answers]
        return self.told.modal

    @property
    def fields(self) -> dict[str, str]:
        """What stands in the fields of the form, by their names."""
        return dict(_fields(self.form))

    @property
    def is_silent(self) -> bool:
        """Discord was answered, and nobody was told anything."""
        return self.told.acknowledged and not self.answers and self.told.modal is None


@dataclass
class Somebody:
    """A person at her keyboard. `place` is where she is: #alerts, unless a test sends her elsewhere."""

    server: "Server"
    actor: simcord.MemberActor
    place: Any

    @property
    def id(self) -> str:
        return str(self.actor.id)

    async def slash(self, line: str, **options: Any) -> Did:
        return Did(await self.actor.slash(self.place, line, **options))

    async def completes(self, line: str, option: str, typed: str) -> list[Any]:
        return [one["value"] for one in await self.actor.autocomplete(self.place, line, option, typed)]

    async def click(self, shown: Shown, label: str) -> Did:
        return Did(await self.actor.click(shown.message, custom_id=_button(shown, label)["custom_id"]))

    async def click_more(self, shown: Shown, label: str) -> Did:
        """A button that stands behind "More…"."""
        return await self.click((await self.click(shown, "More…")).answer, label)

    async def submit(self, did: Did, **values: Any) -> Did:
        """Fields by their names. What is not named stays as it stands. A form can be submitted again: Discord keeps it
        open when it thinks that nobody answered.
        """
        did.told._interaction.modal_consumed = False
        return Did(await self.actor.submit_modal(did.told, _filled(did.form, values)))

    async def menu(self, entry: str, message: Message) -> Did:
        """An entry of a message's own menu, where the message stands."""
        place = self.server.place(message.channel.id)
        return Did(await self.actor.context_menu(place, entry, _as_message(message)))

    async def clicks_directly(self, label: str) -> Did:
        """A button of the newest message in her direct messages with us."""
        user = self.actor.user
        return Did(await user.click(user.dm_channel.history()[-1], label=label))

    async def says(self, words: str) -> discord.Message:
        return await self.actor.send(self.place, words)


@dataclass
class Server:
    """The people of a Discord server, and what they can look at."""

    station: Station
    desk: Desk
    knobs: Knobs
    people: dict[str, Somebody] = field(default_factory=dict)
    env: simcord.Env = field(init=False)
    guild: Any = field(init=False)
    surface: Surface = field(init=False)
    client: EarshotClient = field(init=False)
    directory: Directory = field(init=False)

    def person(self, name: str) -> Somebody:
        return self.people[name]

    def place(self, channel_id: int) -> Any:
        """A channel or thread."""
        channels = self.guild.channels.values()
        threads = (thread for one in channels for thread in getattr(one, "threads", ()))
        return next(one for one in (*channels, *threads) if one.id == channel_id)

    async def fill(self) -> None:
        """The server as a test finds it."""
        self.guild = self.env.create_guild("Heron")
        for channel in ("alerts", "lounge"):
            self.guild.create_text_channel(channel)
        for name in (*TEAM, "ned"):
            self.join(name)
        self.change_policy(members=team_policy({name: one.id for name, one in self.people.items()}).members)
        await self.env.settle()
        await self.directory.choose()

    def join(self, name: str, *roles: Any) -> Somebody:
        actor = self.guild.add_member(self.env.create_user(name), roles=roles)
        self.people[name] = Somebody(self, actor, self.guild.channels["alerts"])
        return self.people[name]

    async def new_case(self, text: str) -> Shown:
        """A complaint comes in; its card."""
        number = await self.station.open_case(text)
        await self.deliver()
        return await self.card(number)

    async def card(self, number: int) -> Shown:
        row = await self.station.card_row(number)
        return next(one for one in self.posted() if str(one.message.id) == row["remote_ref"].partition(":")[2])

    def posted(self, channel: str = "alerts") -> list[Shown]:
        """What everybody sees in a channel, oldest first."""
        said = self.guild.channels[channel].history(viewer=self.people["ana"].actor)
        return [_shown(one) for one in said if not one.flags.ephemeral]

    def replies(self, card: Shown) -> list[Shown]:
        """What stands in the thread of a card."""
        threads = [one for one in self.guild.channels["alerts"].threads if one.id == card.message.id]
        said = [one for thread in threads for one in thread.history(viewer=self.people["ana"].actor)]
        return [_shown(one) for one in said if one.author.bot and not one.flags.ephemeral]

    async def deliver(self) -> None:
        self.station.clock.pass_by(seconds=2)
        await self.station.deliver()
        await self.env.settle()

    async def restart(self, knobs: Knobs | None = None) -> None:
        """The program ends without a word and another begins: nothing that was in memory is there."""
        client = self._program(knobs or self.knobs)
        await self.env.restart_bot(client)
        await self.directory.choose()

    async def settle(self) -> None:
        """Everything that follows an act is over."""
        await self.env.settle()

    async def status(self, number: int) -> str:
        return str(await self.station.value("select status from cases where id = ?", number))

    async def assignee(self, number: int) -> str:
        return str(await self.station.value("select assignee from cases where id = ?", number))

    def change_policy(self, **fields: Any) -> None:
        self.desk.known = replace(self.desk.known, **fields)
        self.station.brain = replace(self.station.brain, policy=self.desk.known)

    def hears(self) -> list[discord.Interaction[Any]]:
        """The interactions of buttons that reach us from now on."""
        heard: list[discord.Interaction[Any]] = []
        surface = self.surface

        class Ear:
            def __getattr__(self, name: str) -> Any:
                return getattr(surface, name)

            async def acted(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
                heard.append(interaction)
                await surface.acted(interaction, custom_id)

        self.client._ear = Ear()  # type: ignore[assignment] - all the rest is the surface's
        return heard

    def calls(self, method: str, path: str) -> int:
        """How many calls of a kind went to Discord."""
        return sum(1 for one in self.env.http_requests if one.method == method and path in one.path)

    def fail(self, method: str, path: str, status: int, code: int = 0) -> None:
        """The next call of a kind fails."""
        self.env.inject_error(method, path, status=status, code=code)

    def _program(self, knobs: Knobs) -> EarshotClient:
        self.client = EarshotClient(ready_after=0.0)
        wire = Wire(self.client)
        self.directory = Directory(self.client, wire, self.desk)
        chat = DiscordChat(
            wire, self.directory, self.desk, now=self.station.clock, clock=lambda: self.station.clock().timestamp()
        )
        chat.pace = 0.0
        self.station.chats["discord"] = chat  # type: ignore[index] - a dictionary of ours
        people = People(self.desk, self.directory.guild, wire)
        self.surface = Surface(self.desk, self.directory, people, now=self.station.clock, chat=chat, knobs=knobs)
        self.client.hear(self.surface, [one for one in self.desk.commands() if one.verb in TYPED])
        return self.client


def team_policy(ids: Mapping[str, str]) -> Policy:
    """The team, each with her Discord id."""
    members = tuple(Member(name, name.title(), TEAM[name], discord=ids.get(name, "")) for name in TEAM)
    return replace(POLICY, members=members, routes=(Route("discord:#alerts"),), escalate_to="")


@asynccontextmanager
async def server(folder: Path, *, knobs: Knobs = SOON) -> AsyncIterator[Server]:
    """Ana, Bo and Mia of the team, and Ned, who belongs to nothing, in a server with #alerts and #lounge."""
    policy = team_policy({})
    chats: dict[str, Any] = {}
    station = Station(folder / "earshot.db", Clock(), policy, chats)
    await station.bridge.start()
    opened = Server(station, Desk(station, policy), knobs)
    client = opened._program(knobs)
    try:
        # simcord.run would enter a context that pytest ends in another one.
        env = opened.env = simcord.Env(client, strict_sync=False)
        await env.start()
        try:
            await opened.fill()
            yield opened
            await env.settle()
            env.raise_errors()
        finally:
            await opened.surface.close()
            await station.deliverer.stop()
            await env.shutdown()
    finally:
        await station.bridge.close()


def _shown(message: Message) -> Shown:
    if isinstance(message, ResponseMessage):
        return Shown(message, message.components)
    return Shown(message, [one.to_dict() for one in message.components])


def _as_message(message: Message) -> discord.Message:
    return message.message if isinstance(message, ResponseMessage) else message


def _walk(components: object) -> Iterator[Mapping[str, Any]]:
    for one in components if isinstance(components, list | tuple) else ():
        yield one
        yield from _walk(one.get("components"))
        yield from _walk([each for each in (one.get("accessory"), one.get("component")) if each])


def _texts(components: object) -> Iterator[str]:
    return (one["content"] for one in _walk(components) if one.get("type") == 10)


def _embed(embed: discord.Embed) -> Iterator[str]:
    yield from (part for part in (embed.author.name, embed.title, embed.description) if part)
    for one in embed.fields:
        yield f"{one.name}: {one.value}"
    if embed.footer.text:
        yield embed.footer.text


def _button(shown: Shown, label: str) -> Mapping[str, Any]:
    found = [one for one in _walk(shown.components) if one.get("type") == 2 and one.get("label") == label]
    assert found, f"no {label!r} in {shown.buttons}"
    return found[0]


def _fields(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(custom id, what stands there)."""
    for one in _walk(form["components"]):
        if "custom_id" not in one:
            continue
        chosen = [item["value"] for item in one.get("options") or () if item.get("default")]
        if one["type"] == 4:
            yield one["custom_id"], one.get("value") or ""
        else:
            yield one["custom_id"], chosen if one["type"] == 3 else next(iter(chosen), None)


def _filled(form: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    stands = dict(_fields(form))
    names = {custom_id.partition(":")[0]: custom_id for custom_id in stands}
    assert set(values) <= set(names), f"{set(values) - set(names)} is not in {set(names)}"
    told = {names[name]: [value] if isinstance(stands[names[name]], list) else value for name, value in values.items()}
    return {custom_id: value for custom_id, value in (stands | told).items() if value not in (None, [])}
