"""People of one team in Slack and in Discord, and the program behind both, without a network.

What they do comes in as the payloads that the two services send, through the libraries' own dispatchers and the real
surfaces, to real storage behind the real bridge. In the place of the two networks stand records: what was
acknowledged, and what was shown to whom.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
from discord.webhook.async_ import async_context
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.chats.discord.acts import Knobs as DiscordKnobs
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.directory import Directory as DiscordDirectory
from bot.chats.discord.people import People
from bot.chats.discord.surface import Surface as DiscordSurface
from bot.chats.discord.wire import Wire as DiscordWire
from bot.chats.slack.acts import Knobs as SlackKnobs
from bot.chats.slack.directory import Directory as SlackDirectory
from bot.chats.slack.fields import name_in
from bot.chats.slack.surface import Surface as SlackSurface
from bot.chats.slack.wire import Wire as SlackWire
from handlers.dispatch import load_commands
from handlers.rules.policy import Member, Policy
from tests.bot.chats.office_desk import Desk
from tests.bot.fakes import Clock, Station
from tests.discord.world import Channel, Guild, Role, User
from tests.discord.world import Member as InServer

TEAM_ID, BOT, CHANNEL = "T0HERON", "U0EARSHOT", "C0ALERTS"
GUILD, PLACE, US = "900000000000000001", "900000000000000002", "900000000000000003"
_SLOW = 600.0  # seconds; nothing is told to wait because the machine is slow


@dataclass
class Answer:
    """What one act came to: whether the service was answered, and what only this person was shown."""

    is_acked: bool = False
    words: list[str] = field(default_factory=list)
    forms: list[Mapping[str, Any]] = field(default_factory=list)  # modals

    @property
    def said(self) -> str:
        return "\n".join([*self.words, *map(texts, self.forms)])


class _SlackNet(SlackWire):
    """Slack's side of the wire: it knows who is there, takes everything, and keeps what was shown."""

    def __init__(self, people: Mapping[str, str]) -> None:
        super().__init__("xoxb-proof", "http://127.0.0.1:9/api/")
        self.people = people  # name by user id
        self.answers: dict[str, Answer] = {}  # by trigger or response_url
        self._numbers = itertools.count(1)

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        if method in ("views.open", "views.push"):
            self.answers[params["trigger_id"]].forms.append(params["view"])
            return {"ok": True, "view": {"id": f"V{next(self._numbers)}", "hash": "1"}}
        if method in ("chat.postEphemeral", "chat.postMessage", "views.update"):
            return {"ok": True, "ts": f"{next(self._numbers)}.9"}
        if method == "auth.test":
            return {"team_id": TEAM_ID, "team": "Heron", "url": "", "user_id": BOT, "bot_id": "B0", "user": "earshot"}
        if method == "users.info":
            return {"user": self._user(str(params["user"]))}
        if method == "users.list":
            return {"members": [self._user(one) for one in self.people]}
        if method in ("users.conversations", "conversations.list"):
            return {"channels": [_CHANNEL]}
        if method == "conversations.info":
            return {"channel": _CHANNEL}
        raise AssertionError(f"Nobody expected {method}.")

    async def respond(self, response_url: str, body: Mapping[str, Any]) -> None:
        self.answers[response_url].words.append(texts(body))

    def _user(self, user_id: str) -> dict[str, Any]:
        name = self.people[user_id]
        return {"id": user_id, "team_id": TEAM_ID, "name": name, "profile": {"display_name": name}}


_CHANNEL = {"id": CHANNEL, "name": "alerts", "is_channel": True, "is_member": True, "is_archived": False}


class _DiscordNet:
    """Discord's side of what is said about an interaction; in the place of the library's own calls."""

    def __init__(self) -> None:
        self.answers: dict[int, Answer] = {}

    async def create_interaction_response(self, interaction_id: int, *_: Any, params: Any, **__: Any) -> dict[str, Any]:
        answer = self.answers[interaction_id]
        told = params.payload or json.loads(params.multipart[0]["value"])
        answer.is_acked = True
        if told["type"] == discord.InteractionResponseType.modal.value:
            answer.forms.append(told["data"])
        elif told["type"] in (4, 7):
            answer.words.append(texts(told["data"]))
        return {"interaction": {"id": str(interaction_id), "type": 3}, "resource": {"type": told["type"]}}

    async def delete_original_interaction_response(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class Chats:
    """`slack_id` and `discord_id` of everybody by name, members or not."""

    station: Station
    desk: Desk
    slack: SlackSurface
    discord: DiscordSurface
    client: EarshotClient
    ids: dict[str, tuple[str, str]]
    _slack_net: _SlackNet
    _discord_net: _DiscordNet
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # In Slack

    async def slack_click(
        self, who: str, value: str, ts: str = "", *, action_ts: str = "", team: str = TEAM_ID, user: str = ""
    ) -> Answer:
        """A button with this value, on the message with this timestamp."""
        number, answer = next(self._numbers), Answer()
        url, trigger = f"http://127.0.0.1:9/r/{number}", f"t{number}"
        self._slack_net.answers[url] = self._slack_net.answers[trigger] = answer
        ts = ts or f"1.{number}"
        action = {"type": "button", "action_id": "act:0", "block_id": "b", "value": value}
        body = {
            "type": "block_actions", "api_app_id": "A0", "team": {"id": team}, "trigger_id": trigger,
            "user": {"id": user or self.ids[who][0], "team_id": team}, "channel": {"id": CHANNEL},
            "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL}, "message": {"ts": ts},
            "response_url": url, "actions": [action | {"action_ts": action_ts or f"{number}.1"}],
        }  # fmt: skip
        await self._to_slack(body, answer)
        return answer

    async def slack_line(self, who: str, line: str) -> Answer:
        """/earshot and a line."""
        number, answer = next(self._numbers), Answer()
        url, trigger = f"http://127.0.0.1:9/r/{number}", f"t{number}"
        self._slack_net.answers[url] = self._slack_net.answers[trigger] = answer
        body = {
            "command": "/earshot", "text": line, "team_id": TEAM_ID, "user_id": self.ids[who][0],
            "channel_id": CHANNEL, "channel_name": "alerts", "trigger_id": trigger, "response_url": url,
        }  # fmt: skip
        await self._to_slack(body, answer)
        return answer

    async def slack_submit(self, who: str, view: Mapping[str, Any], values: Mapping[str, str]) -> Answer:
        """A modal as it was opened, with these values in its fields by name."""
        number, answer = next(self._numbers), Answer()
        url, trigger = f"http://127.0.0.1:9/r/{number}", f"t{number}"
        self._slack_net.answers[url] = self._slack_net.answers[trigger] = answer
        body = {
            "type": "view_submission", "team": {"id": TEAM_ID}, "trigger_id": trigger, "api_app_id": "A0",
            "user": {"id": self.ids[who][0], "team_id": TEAM_ID},
            "view": {**view, "id": f"V0{number}", "hash": "1", "state": {"values": _slack_state(view, values)}},
        }  # fmt: skip
        await self._to_slack(body, answer)
        return answer

    async def _to_slack(self, body: Mapping[str, Any], answer: Answer) -> None:
        request = AsyncBoltRequest(mode="socket_mode", body=dict(body), headers={})
        told = await self.slack.app.async_dispatch(request)
        answer.is_acked = told.status == 200
        if told.body:
            shown = json.loads(told.body)
            told = [texts(shown), *shown.get("errors", {}).values()]  # the latter beside the fields of a form
            answer.words += [words for words in told if words]
            answer.forms += [shown["view"]] if "view" in shown else []

    # In Discord

    async def discord_click(
        self, who: str, custom_id: str, message: int = 0, *, number: int = 0, guild: str = GUILD, user: str = ""
    ) -> Answer:
        """A button with this custom id, on this message."""
        data = {"component_type": 2, "custom_id": custom_id}
        return await self._to_discord(who, 3, data, message, number=number, guild=guild, user=user)

    async def discord_line(self, who: str, verb: str, values: Mapping[str, str]) -> Answer:
        """/earshot and a verb with its options, from where the library has read them."""
        interaction, answer = self._interaction(who, 2, {"id": "1", "name": "earshot", "type": 1}, 0)
        await self.discord.command(interaction, verb, values)
        await self._is_over(self.discord)
        return answer

    async def discord_submit(self, who: str, form: Mapping[str, Any], values: Mapping[str, str]) -> Answer:
        """A modal as it was opened, with these values in its fields by name."""
        parts = _discord_state(form, values)
        return await self._to_discord(who, 5, {"custom_id": form["custom_id"], "components": parts}, 0)

    async def _to_discord(
        self, who: str, kind: int, data: Mapping[str, Any], message: int, *, number: int = 0, guild: str = GUILD,
        user: str = "",
    ) -> Answer:  # fmt: skip
        payload, answer = self._payload(who, kind, data, message, number=number, guild=guild, user=user)
        self.client._connection.parse_interaction_create(payload)
        return answer

    def _payload(
        self, who: str, kind: int, data: Mapping[str, Any], message: int, *, number: int = 0, guild: str = GUILD,
        user: str = "",
    ) -> tuple[Any, Answer]:  # fmt: skip
        number = number or 950000000000000000 + next(self._numbers)
        answer = self._discord_net.answers.setdefault(number, Answer())
        person = InServer(User(user or self.ids[who][1], who))
        payload: dict[str, Any] = {
            "id": str(number), "application_id": "7", "type": kind, "token": f"t{number}", "version": 1,
            "data": dict(data), "guild_id": guild, "channel_id": PLACE,
            "channel": {"id": PLACE, "type": 0, "guild_id": guild, "name": "alerts", "position": 0},
            "member": person.as_discord() | {"permissions": "0"}, "locale": "en-US", "entitlements": [],
            "authorizing_integration_owners": {}, "context": 0, "attachment_size_limit": 26_214_400,
        }  # fmt: skip
        if kind == 3:
            payload["message"] = _message(message or number, str(data["custom_id"]))
        return payload, answer

    def _interaction(self, who: str, kind: int, data: Mapping[str, Any], message: int) -> tuple[Any, Answer]:
        payload, answer = self._payload(who, kind, data, message)
        return discord.Interaction(data=payload, state=self.client._connection), answer

    # Both

    async def quiet(self) -> None:
        """Everything that follows what was done is over."""
        while tasks := {*self.slack._after._tasks, *self.discord._after._tasks, *_librarys_tasks()}:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)

    async def _is_over(self, surface: Any) -> None:
        while surface._after._tasks:
            await asyncio.wait(set(surface._after._tasks))

    def change_policy(self, **fields: Any) -> None:
        self.desk.known = replace(self.desk.known, **fields)
        self.station.brain = replace(self.station.brain, policy=self.desk.known)


def _librarys_tasks() -> set[asyncio.Task[Any]]:
    """In which discord.py hands a button or a form on."""
    return {one for one in asyncio.all_tasks() if one.get_name().startswith("discord")}


def texts(told: Any) -> str:
    """All that can be read in a payload, whatever its shape: the values of its texts, contents and labels."""
    found: list[str] = []
    _collect(told, found)
    return "\n".join(found)


_READABLE = ("text", "content", "label", "value", "title", "description", "alt_text", "placeholder", "name")


def _collect(told: Any, found: list[str]) -> None:
    if isinstance(told, Mapping):
        for name, value in told.items():
            if isinstance(value, str) and name in _READABLE:
                found.append(value)
            elif not isinstance(value, str):
                _collect(value, found)
    elif isinstance(told, list | tuple):
        for one in told:
            _collect(one, found)


def _message(number: int, custom_id: str) -> dict[str, Any]:
    """A message of ours with one button."""
    button = {"type": 2, "style": 2, "label": "x", "custom_id": custom_id, "id": 2}
    return {
        "id": str(number), "channel_id": PLACE, "type": 0, "content": "", "attachments": [], "embeds": [],
        "mentions": [], "mention_roles": [], "mention_everyone": False, "pinned": False, "tts": False,
        "timestamp": "2026-11-23T10:00:00+00:00", "edited_timestamp": None, "flags": 0,
        "author": User(US, "earshot", is_bot=True).as_discord(),
        "components": [{"type": 1, "id": 1, "components": [button]}],
    }  # fmt: skip


def _slack_state(view: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What Slack tells of the inputs: those named have these values, the others what they began with."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        name = name_in(block["block_id"])
        name = name if name in values else ""
        held: dict[str, Any] = {"type": element["type"]}
        if "options" in element or "option_groups" in element:
            value = values[name] if name else (element.get("initial_option") or {}).get("value")
            held["selected_option"] = {"value": value} if value is not None else None
        else:
            held["value"] = values[name] if name else element.get("initial_value")
        state[block["block_id"]] = {element["action_id"]: held}
    return state


def _discord_state(form: Mapping[str, Any], values: Mapping[str, str]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for label in form["components"]:
        field_ = label.get("component")
        if field_ is None:
            continue
        name = field_["custom_id"].partition(":")[0]
        told = {"type": field_["type"], "id": field_.get("id", 1), "custom_id": field_["custom_id"]}
        if field_["type"] == 4:
            told["value"] = values.get(name, field_.get("value") or "")
        else:
            chosen = [one["value"] for one in field_.get("options", ()) if one.get("default")]
            picked = [values[name]] if name in values else chosen
            told |= {"values": picked} if field_["type"] == 3 else {"value": picked[0] if picked else None}
        parts.append({"type": 18, "id": label.get("id", 1), "component": told})
    return parts


@asynccontextmanager
async def chatting(
    folder: Path, policy: Policy, strangers: tuple[str, ...] = (), *, desk: Callable[[Station, Policy], Desk] = Desk
) -> AsyncIterator[Chats]:
    """Every member of the policy gets an account in both chats, unless she has one; strangers have accounts alone."""
    load_commands()
    ids = {
        name: (f"U{number:05}", str(900000000000010000 + number))
        for number, name in enumerate([*(one.name for one in policy.members), *strangers])
    }
    members = tuple(_with_ids(one, *ids[one.name]) for one in policy.members)
    ids |= {one.name: (one.slack, one.discord) for one in members}
    known = replace(policy, members=members)
    station = Station(folder / "earshot.db", Clock(), known, {})
    await station.bridge.start()
    await station.bridge.write(lambda store: store.engine.run("pragma synchronous = off"))
    opened = desk(station, known)
    slack_net = _SlackNet({slack: name for name, (slack, _) in ids.items()})
    slack_directory = SlackDirectory(slack_net, opened)
    await slack_directory.introduce()
    await slack_directory.refresh()
    slack = SlackSurface(
        opened, slack_net, slack_directory, now=station.clock, home=None, knobs=SlackKnobs(_SLOW, _SLOW, _SLOW, 5.0)
    )
    client = EarshotClient(ready_after=0.0)
    client._connection.loop = client.loop = asyncio.get_running_loop()
    client._connection.application_id = 7
    us = User(US, "earshot", is_bot=True).as_discord()
    client._connection.user = discord.ClientUser(state=client._connection, data=us)  # type: ignore[arg-type]
    wire = DiscordWire(client)
    directory = DiscordDirectory(client, wire, opened)
    people = People(opened, directory.guild, wire)
    surface = DiscordSurface(opened, directory, people, now=station.clock, knobs=DiscordKnobs(_SLOW, 5.0))
    client.hear(surface, opened.commands())
    client.assert_items()
    client._connection._add_guild_from_data(_guild())
    directory.guild_id = int(GUILD)
    directory._is_decided.set()
    net = _DiscordNet()
    token = async_context.set(net)  # type: ignore[arg-type]
    try:
        yield Chats(station, opened, slack, surface, client, ids, slack_net, net)
    finally:
        async_context.reset(token)
        await slack.close()
        await surface.close()
        await station.deliverer.stop()
        await station.bridge.close()


def _guild() -> Any:
    everybody = Role(GUILD, "@everyone", permissions=0)
    channel = Channel(PLACE, "alerts", GUILD)
    told = Guild(GUILD, "Heron", roles={GUILD: everybody}).as_discord()
    return told | {"channels": [channel.as_discord()], "members": [], "threads": [], "presences": [], "large": False}


def _with_ids(member: Member, slack: str, in_discord: str) -> Member:
    return replace(member, slack=member.slack or slack, discord=member.discord or in_discord)
