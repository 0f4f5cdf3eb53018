"""What Earshot knows of its server: channels, roles, what it may do there, and what changes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.chats.discord import addresses
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.directory import Directory
from bot.chats.discord.gateway import Gateway
from bot.chats.discord.wire import Wire
from bot.secret import Secret
from handlers.ports import ChatBusy, ChatClosed
from handlers.requests import Command
from handlers.rules.policy import DiscordPolicy, Member, Policy
from tests.bot.chats.discord.test_gateway import QUICK
from tests.bot.fakes import until
from tests.discord.fake import FakeDiscord, discord_server
from tests.kit import POLICY


@dataclass
class Desk:
    """What the directory asks of the program."""

    known: Policy = POLICY
    reopened: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def policy(self) -> Policy:
        return self.known

    def commands(self) -> Sequence[Command]:
        return ()

    async def reopen(self, chat: str, channel: str) -> None:
        self.reopened.append(f"{chat}:{channel}")

    async def carry(self, told: Mapping[str, str]) -> None:
        self.kept.update(told)

    async def carried(self, key: str) -> str:
        return self.kept.get(key, "")


@dataclass
class Rig:
    discord: FakeDiscord
    desk: Desk
    directory: Directory
    gateway: Gateway

    async def sees(self, what: Any) -> Any:
        async def look() -> Any:
            return what()

        return await until(look, 10)

    async def is_closed(self, name: str) -> str:
        with pytest.raises(ChatClosed) as closed:
            await self.directory.channel_id(name)
        return " ".join(str(closed.value).split())


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with discord_server() as discord:
        discord.guild.name = "Heron Air"
        discord.add_channel("alerts")
        discord.add_role("Support")
        ana = discord.add_user("ana", roles=["Support"])
        desk = Desk(replace(POLICY, members=(Member("ana", discord=ana.id), Member("bo"))))
        client: Any = EarshotClient(ready_after=0.01)
        wire = Wire(client)
        directory = Directory(client, wire, desk)  # type: ignore[arg-type]  # what it asks for is there
        gateway = Gateway(client, Secret(discord.token), discord.url, bounds=QUICK)
        rig = Rig(discord, desk, directory, gateway)
        with pytest.raises(ChatBusy):
            await directory.channel_id("#early")
        tasks = [asyncio.create_task(gateway.run()), asyncio.create_task(directory.run())]
        await rig.sees(lambda: gateway.is_connected and client.is_ready())
        try:
            yield rig
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await wire.close()
            await gateway.close()
            addresses.reset()


async def test_it_knows_the_server_the_bot_and_every_channel_by_name_or_id(rig: Rig) -> None:
    where = rig.directory
    assert where.health() == (True, "connected to Heron Air, 1 channel")
    assert (where.guild_id, where.guild_name) == (int(rig.discord.guild.id), "Heron Air")
    assert (where.bot_user_id, where.bot_name) == (int(rig.discord.bot.id), "earshot")
    assert where.application_id == int(rig.discord.application)
    alerts = int(rig.discord.channel("#alerts").id)
    assert await where.channel_id("#alerts") == await where.channel_id("#ALERTS") == alerts
    assert await where.channel_id(f"#{alerts}") == alerts
    assert where.channel_name(alerts) == "#alerts"
    assert where.channel_name(12345) == "12345"


async def test_a_channel_that_is_not_there_is_told_with_what_to_do(rig: Rig) -> None:
    words = await rig.is_closed("#alarms")
    assert words.startswith("Heron Air has no channel #alarms, or Earshot cannot see it. Make it, or let")


async def test_two_channels_of_one_name_are_told_by_their_ids(rig: Rig) -> None:
    other = rig.discord.add_channel("alerts")
    rig.discord.hub.tell("CHANNEL_CREATE", other.as_discord())
    await rig.sees(lambda: rig.directory.health()[1].endswith("2 channels"))
    words = await rig.is_closed("#alerts")
    assert words.startswith("Heron Air has 2 channels #alerts. Write its id in earshot.toml:")
    assert f"discord:#{other.id}" in words
    assert await rig.directory.channel_id(f"#{other.id}") == int(other.id)


async def test_another_kind_of_channel_is_called_what_it_is(rig: Rig) -> None:
    lounge = rig.discord.add_channel("lounge").as_discord() | {"type": 2, "bitrate": 64000, "user_limit": 0}
    rig.discord.hub.tell("CHANNEL_CREATE", lounge)
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.directory.channel_name(int(rig.discord.channel("#mentions").id)) == "#mentions")
    assert await rig.is_closed("#lounge") == "#lounge is a voice channel. Name a text channel in earshot.toml."


async def test_a_channel_without_what_a_card_needs_is_closed_and_opens_again_with_it(rig: Rig) -> None:
    alerts = int(rig.discord.channel("#alerts").id)
    rig.discord.deny("#alerts", "embed_links attach_files")
    await rig.sees(lambda: rig.directory.permissions_missing(alerts) == ["Embed Links", "Attach Files"])
    words = await rig.is_closed("#alerts")
    assert "Embed Links" in words
    assert "Attach Files" not in words
    rig.desk.reopened.clear()
    rig.discord.allow("#alerts", "embed_links")
    await rig.sees(lambda: "discord:#alerts" in rig.desk.reopened)
    assert await rig.directory.channel_id("#alerts") == alerts
    assert rig.directory.permissions_missing(alerts) == ["Attach Files"]


async def test_a_channel_that_is_made_or_renamed_is_tried_again(rig: Rig) -> None:
    await rig.is_closed("#mentions")
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: "discord:#mentions" in rig.desk.reopened)


async def test_only_channels_that_somebody_posts_to_are_tried_again(rig: Rig) -> None:
    rig.discord.add_channel("lounge")
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.directory.channel_name(int(rig.discord.channel("#mentions").id)) == "#mentions")
    await rig.directory.channel_id("#mentions")
    assert rig.desk.reopened == []


async def test_a_deleted_channel_is_closed(rig: Rig) -> None:
    await rig.directory.channel_id("#alerts")
    rig.discord.delete_channel("#alerts")
    await rig.sees(lambda: rig.directory.health()[1].endswith("0 channels"))
    assert "has no channel #alerts" in await rig.is_closed("#alerts")


async def test_direct_messages_are_opened_once(rig: Rig) -> None:
    first = await rig.directory.channel_id("@ana")
    assert await rig.directory.channel_id("@ana") == first
    assert len(rig.discord.calls_of("dm")) == 1
    assert await rig.is_closed("@bo") == "bo has no Discord id. Write discord under her name in earshot.toml."


async def test_roles_are_found_by_name_and_everyone_is_none(rig: Rig) -> None:
    support = rig.discord.role("Support").id
    assert rig.directory.role_id("support") == rig.directory.role_id("@Support") == rig.directory.role_id(support)
    assert rig.directory.role_id("support") == support
    assert rig.directory.role_id("@everyone") == rig.directory.role_id("nobody") == rig.directory.role_id("") == ""
    twin = rig.discord.add_role("SUPPORT")
    rig.discord.hub.tell("GUILD_ROLE_CREATE", {"guild_id": rig.discord.guild.id, "role": twin.as_discord()})
    await rig.sees(lambda: rig.directory.role_id("support") == "")


async def test_a_role_that_cannot_be_called_is_told_of_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    leads = rig.discord.add_role("Support Leads")
    crew = rig.discord.add_role("crew", is_mentionable=True)
    for role in (leads, crew):
        rig.discord.hub.tell("GUILD_ROLE_CREATE", {"guild_id": rig.discord.guild.id, "role": role.as_discord()})
    await rig.sees(lambda: rig.directory.role_id("crew") == crew.id)
    assert {rig.directory.role_id("support leads") for _ in range(3)} == {leads.id}
    told = [record.getMessage() for record in caplog.records if "@mention" in record.getMessage()]
    assert [one for one in told if leads.id in one] == told
    assert len(told) == 1


async def test_removed_from_the_server_it_says_so_and_is_well_again_when_invited(rig: Rig) -> None:
    rig.discord.kick_bot()
    await rig.sees(lambda: not rig.directory.health()[0])
    assert "in no server; `earshot discord invite`" in rig.directory.health()[1]
    assert "in no server" in await rig.is_closed("#alerts")
    rig.discord.invite_bot()
    await rig.sees(lambda: rig.directory.health() == (True, "connected to Heron Air, 1 channel"))


async def test_while_discord_has_an_outage_of_the_server_what_is_due_waits(rig: Rig) -> None:
    rig.discord.outage()
    await rig.sees(lambda: not rig.directory.health()[0])
    assert "Heron Air is not there: Discord has an outage" in rig.directory.health()[1]
    with pytest.raises(ChatBusy):
        await rig.directory.channel_id("#alerts")
    rig.discord.outage_ends()
    await rig.sees(lambda: rig.directory.health()[0])


async def test_a_stranger_who_lets_the_bot_into_another_server_changes_nothing(rig: Rig) -> None:
    rig.discord.invite_bot(_elsewhere(rig.discord))
    await rig.sees(lambda: len(rig.directory._client.guilds) == 2)
    assert rig.directory.health()[1].startswith("connected to Heron Air")


async def test_removed_from_its_server_it_follows_nobody_into_another_one(rig: Rig) -> None:
    other = _elsewhere(rig.discord)
    rig.discord.invite_bot(other)
    rig.discord.kick_bot()
    await rig.sees(lambda: not rig.directory.health()[0])
    words = rig.directory.health()[1]
    assert words.startswith("no longer in its server, Heron Air. `earshot discord invite`")
    assert f'server = "…": Elsewhere {other.id}' in words
    assert "no longer in its server" in await rig.is_closed("#alerts")
    again = Directory(rig.directory._client, rig.directory._wire, rig.directory._desk)  # as after a start
    again.look()
    assert not again.guild_id
    await again.choose()
    assert not again.guild_id
    rig.desk.known = replace(rig.desk.known, discord=DiscordPolicy(server=other.id))
    await again.choose()
    rig.desk.known = replace(rig.desk.known, discord=DiscordPolicy())
    await again.choose()
    assert again.health()[1].startswith("connected to Elsewhere"), "the team has moved"


async def test_direct_messages_are_tried_again_when_discord_is_back(rig: Rig) -> None:
    await rig.directory.channel_id("@ana")
    rig.discord.rename("alerts", "mentions")
    await rig.sees(lambda: rig.directory.channel_name(int(rig.discord.channel("#mentions").id)) == "#mentions")
    assert rig.desk.reopened == [], "what changes in the server says nothing of them"
    rig.discord.outage()
    rig.discord.outage_ends()
    await rig.sees(lambda: rig.desk.reopened == ["discord:@ana"])


async def test_of_several_servers_the_file_names_ours(rig: Rig) -> None:
    other = _elsewhere(rig.discord)
    rig.discord.invite_bot(other)
    await rig.sees(lambda: len(rig.directory._client.guilds) == 2)
    rig.directory.guild_id = rig.directory._chosen = 0  # as after a first start
    rig.directory.hint()
    is_ok, words = rig.directory.health()
    assert not is_ok
    assert words.startswith("in 2 servers; write the id of yours under [discord] in earshot.toml")
    rig.desk.known = replace(rig.desk.known, discord=DiscordPolicy(server=other.id))
    rig.directory.hint()
    assert rig.directory.health()[1].startswith("connected to Elsewhere")
    rig.desk.known = replace(rig.desk.known, discord=DiscordPolicy(server="197038439483310086"))
    rig.directory.hint()
    assert "not in the server 197038439483310086" in rig.directory.health()[1]


def _elsewhere(discord: FakeDiscord) -> Any:
    guild = discord.add_guild("Elsewhere")
    guild.has_bot = False
    return guild
