"""What the doctor of Discord sees, asked at the command line, against a strict Discord on this machine."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord as library
import pytest
from click.testing import CliRunner, Result

from bot.chats.discord import addresses
from bot.chats.discord.examine import examine, greet
from bot.chats.discord.permissions import LABELS, PERMISSIONS
from bot.cli import earshot
from bot.settings import read_environment
from handlers.dispatch import load_commands
from tests.discord.fake import FakeDiscord, discord_server
from tests.mail.devel import free_port

COMMANDS = tuple(load_commands().values())
ROUTE = '[[routes]]\nchannel = "discord:#alerts"\n'
SIGNED = "MTAwMDAwMDAwMDAwMDAwMDAw.GfakeX.another-token-that-nobody-has-given-out"


@dataclass
class Rig:
    """A server as the docs say to set it up, and a team's files beside it."""

    discord: FakeDiscord
    home: Path
    monkeypatch: pytest.MonkeyPatch

    def write(self, *blocks: str) -> None:
        """`earshot.toml`: a brand and these."""
        brand = '[[brands]]\nname = "Acme"\nqueries = { name = "acme" }\n'
        (self.home / "earshot.toml").write_text("\n".join((brand, *blocks)))

    def point_at(self, url: str) -> None:
        self.monkeypatch.setenv("EARSHOT_DISCORD_API_URL", url)

    async def type_in(self, *words: str) -> Result:
        """What somebody types, in a thread, as Discord answers from this one. No token may be printed, ever."""
        result = await asyncio.to_thread(CliRunner().invoke, earshot, list(words), prog_name="earshot")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert self.discord.token not in result.output
        assert SIGNED not in result.output
        return result

    async def doctor(self) -> list[str]:
        """Its lines; the exit status says whether any of them is broken."""
        result = await self.type_in("discord", "doctor")
        lines = result.stdout.splitlines()
        assert result.exit_code == int(any(line.startswith("✗") for line in lines)), result.output
        return lines

    async def line(self, name: str) -> str:
        """The one line about something."""
        lines = await self.doctor()
        found = [line for line in lines if line[2:].startswith(f"{name}:")]
        assert len(found) == 1, lines
        return found[0]


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with discord_server() as discord:
        discord.add_channel("alerts")
        ana = discord.add_user("ana.lind", roles=["Support"])
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("bot.log.set_up", lambda *told: None)  # it would hold on to the stream of one runner
        monkeypatch.setenv("EARSHOT_DISCORD_TOKEN", discord.token)
        rig = Rig(discord, tmp_path, monkeypatch)
        rig.point_at(discord.url)
        rig.write(ROUTE, member("ana", ana.id))
        try:
            yield rig
        finally:
            addresses.reset()
        discord.check()


def member(name: str, user_id: str = "") -> str:
    told = f'discord = "{user_id}"\n' if user_id else ""
    return f'[[members]]\nname = "{name}"\nroles = ["agent"]\n{told}'


async def test_a_sound_server_has_nothing_broken_and_nothing_is_changed_there(rig: Rig) -> None:
    await rig.type_in("discord", "sync")
    syncs = rig.discord.syncs
    assert await rig.doctor() == [
        "✓ Bot token: @earshot.",
        "✓ Gateway: Discord takes connections.",
        f"✓ Server: Heron & Plover ({rig.discord.guild.id}).",
        "✓ #alerts: found, and Earshot may post there (routes[0]).",
        "✓ Member ana: @ana.lind.",
        "✓ Commands: Discord has them as they are.",
    ]
    assert rig.discord.posts == []
    assert (rig.discord.syncs, rig.discord.hub.identifies) == (syncs, 0)


# The token, and whether Discord is there


async def test_without_a_token_it_says_where_to_find_one(rig: Rig) -> None:
    rig.monkeypatch.delenv("EARSHOT_DISCORD_TOKEN")
    assert "EARSHOT_DISCORD_TOKEN is not set; docs/discord.md says where to find it" in await rig.line("Bot token")
    for command in ("invite", "sync"):
        result = await rig.type_in("discord", command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "EARSHOT_DISCORD_TOKEN is not set" in result.stderr


async def test_a_token_that_discord_refuses_is_the_one_thing_said(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.monkeypatch.setenv("EARSHOT_DISCORD_TOKEN", SIGNED)
    with caplog.at_level(logging.DEBUG):
        [line] = await rig.doctor()
    assert line.startswith("✗ Bot token: Discord refuses the token. Make a new one at")
    assert SIGNED not in caplog.text
    for command in ("invite", "sync"):
        result = await rig.type_in("discord", command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "Discord refuses the token" in result.stderr


async def test_a_discord_that_cannot_be_reached_is_said_in_words(rig: Rig) -> None:
    rig.point_at(f"http://127.0.0.1:{free_port()}/api/v10")
    [line] = await rig.doctor()
    assert line.startswith("✗ Bot token: Discord cannot be reached")
    result = await rig.type_in("discord", "invite")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Discord cannot be reached")


@pytest.mark.parametrize("command", ["invite", "sync", "doctor"])
async def test_a_discord_that_has_trouble_is_said_in_words(rig: Rig, command: str) -> None:
    rig.discord.faults.http_500_html("me", status=503)
    result = await rig.type_in("discord", command)
    assert "Discord answers 503" in result.output
    rig.discord.faults.drop_before("me", times=None)
    result = await rig.type_in("discord", command)
    assert "Discord cannot be reached" in result.output


async def test_a_discord_that_does_not_answer_is_given_up(rig: Rig) -> None:
    environment = read_environment(rig.home / ".env")
    fault = rig.discord.faults.hold("*", times=None)
    [finding] = await examine(environment, None, COMMANDS, patience=0.02)
    assert finding.line.startswith("✗ Bot token: no answer within 0.08 seconds")
    assert (await greet(environment, 0.05)).line == "✗ Chat discord: no answer within 0.05 seconds."
    assert fault.entered.is_set()


async def test_one_thing_that_is_slow_does_not_hide_the_others(rig: Rig) -> None:
    environment = read_environment(rig.home / ".env")
    rig.discord.faults.hold("gateway", times=None)
    findings = await examine(environment, None, COMMANDS, patience=0.3)
    assert [one.line for one in findings] == [
        "✓ Bot token: @earshot.",
        "✗ Gateway: no answer within 0.3 seconds.",
    ]


async def test_few_connections_left_are_worth_a_look(rig: Rig) -> None:
    rig.discord.hub.history += [("identify", {})] * 990
    assert (await rig.line("Gateway")).startswith("– Gateway: 10 new connections are left today")


# Discord's pages for developers


async def test_clicks_that_go_to_an_address_are_found(rig: Rig) -> None:
    rig.discord.portal = {"interactions_endpoint_url": "https://elsewhere.example/clicks"}
    line = await rig.line("Application")
    assert line.startswith("✗")
    assert "Interactions Endpoint URL" in line
    assert "elsewhere" not in line


async def test_a_bot_that_anybody_may_invite_is_worth_a_look(rig: Rig) -> None:
    rig.discord.portal = {"bot_public": True}
    line = await rig.line("Application")
    assert line.startswith("–")
    assert "switch off Public Bot" in line


@pytest.mark.parametrize("limited", [0, 1])
async def test_privileged_intents_are_more_than_is_needed(rig: Rig, limited: int) -> None:
    rig.discord.portal = {"flags": (1 << 12 | 1 << 14 | 1 << 18) << limited}
    line = await rig.line("Application")
    assert line.startswith("– Application: Presence Intent, Server Members Intent, Message Content Intent: more than")


# The server


async def test_a_bot_in_no_server_is_told_how_it_comes_into_one(rig: Rig) -> None:
    rig.discord.guild.has_bot = False
    line = (await rig.doctor())[-1]
    assert line.startswith("✗ Server: Earshot is in no server. Invite it: https://discord.com/oauth2/authorize?")
    result = await rig.type_in("discord", "sync")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Earshot is in no server" in result.stderr


async def test_among_several_servers_one_must_be_named(rig: Rig) -> None:
    other = rig.discord.add_guild("Plover Fans")
    line = (await rig.doctor())[-1]
    assert line.startswith("✗ Server: Earshot is in 2 servers: ")
    assert f"Plover Fans ({other.id})" in line
    assert 'server = "…" under [discord]' in line
    rig.write(ROUTE, f'[discord]\nserver = "{rig.discord.guild.id}"', member("ana"))
    assert await rig.line("Server") == f"✓ Server: Heron & Plover ({rig.discord.guild.id})."


async def test_a_server_that_it_was_never_in_comes_with_its_invitation(rig: Rig) -> None:
    rig.write(ROUTE, '[discord]\nserver = "197038439483310086"', member("ana"))
    line = (await rig.doctor())[-1]
    assert line.startswith("✗ Server: Earshot is not in the server that [discord] names. Invite it: ")
    assert "guild_id=197038439483310086" in line


# Channels


async def test_a_channel_that_is_not_there_is_broken_and_the_others_are_named(rig: Rig) -> None:
    rig.discord.add_channel("lounge")
    rig.write(ROUTE.replace("alerts", "alert"), member("ana"))
    assert await rig.line("#alert") == (
        "✗ #alert: there is no such text channel (routes[0]); there are #alerts and #lounge."
    )


async def test_of_two_channels_of_a_name_the_ids_are_told(rig: Rig) -> None:
    ids = [rig.discord.channel("#alerts").id, rig.discord.add_channel("alerts").id]
    line = await rig.line("#alerts")
    assert line.startswith("✗ #alerts: there are 2 of that name (routes[0]); write discord:#")
    assert all(one in line for one in ids)
    rig.write(ROUTE.replace("alerts", ids[1]), member("ana"))
    assert (await rig.line(f"#{ids[1]}")).startswith("✓")


@pytest.mark.parametrize("name", PERMISSIONS)
async def test_every_permission_that_is_missing_is_named(rig: Rig, name: str) -> None:
    rig.discord.deny("#alerts", name)
    line = await rig.line("#alerts")
    assert line.startswith("✗ #alerts: ")
    assert LABELS[name] in line
    assert "Edit Channel" in line


async def test_a_channel_is_told_once_with_all_places_that_name_it(rig: Rig) -> None:
    more = 'escalate_to = "discord:#alerts"\nalarms_to = "discord:#ops"\n'
    (rig.home / "earshot.toml").write_text(more + (rig.home / "earshot.toml").read_text())
    lines = await rig.doctor()
    assert "✓ #alerts: found, and Earshot may post there (routes[0], escalate_to)." in lines
    assert [line for line in lines if line.startswith("✗ #ops: ")]


async def test_without_a_route_it_says_how_to_write_one(rig: Rig) -> None:
    rig.write(member("ana"))
    line = await rig.line("Channels")
    assert line.startswith("–")
    assert 'channel = "discord:#alerts"' in line


# People


async def test_members_are_looked_for_one_by_one(rig: Rig) -> None:
    bot = rig.discord.add_user("helper", is_bot=True)
    gone = rig.discord.add_user("cy")
    del rig.discord.guild.members[gone.id]
    rig.write(ROUTE, member("ana", "80351110224678912"), member("bo", bot.id), member("cy", gone.id), member("dot"))
    lines = await rig.doctor()
    assert [line for line in lines if line.startswith("✗ Member ana: nobody with the id 80351110224678912 is in ")]
    assert f"✗ Member bo: {bot.id} is the id of a bot." in lines
    assert [
        line for line in lines if line.startswith(f"✗ Member cy: nobody with the id {gone.id} is in Heron & Plover")
    ]
    assert [line for line in lines if line.startswith("– Members: dot: without a Discord id")]


async def test_roles_are_found_by_name_and_by_id(rig: Rig) -> None:
    support = rig.discord.role("Support").id
    rig.write(ROUTE, f'[discord]\nroles = {{ support = ["agent"], {support} = ["approver"], Leads = ["manager"] }}')
    lines = await rig.doctor()
    assert "✓ Role support: found; it gives agent." in lines
    assert f"✓ Role {support}: found; it gives approver." in lines
    assert [line for line in lines if line.startswith("✗ Role Leads: the server has none of that name")]


async def test_a_role_of_which_there_are_two_gives_nothing_and_the_ids_are_told(rig: Rig) -> None:
    twice = [rig.discord.role("Support").id, rig.discord.add_role("SUPPORT").id]
    rig.write(ROUTE, '[discord]\nroles = { Support = ["agent"] }')
    line = await rig.line("Role Support")
    assert line.startswith("✗")
    assert all(one in line for one in twice)


CALLED = '[[escalations]]\nafter = "30m"\nping = {}\n'


async def test_a_role_that_an_escalation_calls_can_be_called(rig: Rig) -> None:
    rig.discord.add_role("Support Leads")
    rig.discord.add_role("press", is_mentionable=True)
    rig.write(ROUTE, CALLED.format('["Support Leads", "ana", "press", "crew"]'), member("ana"))
    lines = await rig.doctor()
    assert "✓ Call of press: Earshot may call this role (escalations[0])." in lines
    assert not [line for line in lines if "Call of ana" in line]
    assert (
        "✗ Call of Support Leads: Discord would notify nobody (escalations[0]); under Server Settings, Roles, allow"
        " anyone to @mention this role." in lines
    )
    assert [line for line in lines if line.startswith("✗ Call of crew: the server has no role of that name")]
    rig.discord.add_role("PRESS")
    assert "2 roles bear this name, so nobody is called" in await rig.line("Call of press")


async def test_whoever_may_mention_everyone_may_call_any_role_and_what_goes_elsewhere_is_slacks(rig: Rig) -> None:
    elsewhere = CALLED.format('["managers"]') + 'channel = "slack:#leads"\n'
    rig.write(ROUTE, CALLED.format('["Support", "care"]'), elsewhere, '[slack]\ngroups = { care = ["agent"] }\n')
    rig.discord.role(rig.discord.bot.name).permissions |= library.Permissions(mention_everyone=True).value
    lines = [line for line in await rig.doctor() if "Call of" in line]
    assert lines == ["✓ Call of Support: Earshot may call this role (escalations[0])."]


# Commands


async def test_commands_are_told_by_sync_as_often_as_one_likes(rig: Rig) -> None:
    assert (await rig.line("Commands")).startswith("– Commands: Discord has others")
    first = await rig.type_in("discord", "sync")
    assert first.stdout.startswith("Heron & Plover has all ")
    assert await rig.line("Commands") == "✓ Commands: Discord has them as they are."
    again = await rig.type_in("discord", "sync")
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert any("claim" in str(one) for one in rig.discord.person("ana.lind").commands("#alerts"))


async def test_an_invitation_without_commands_is_found(rig: Rig) -> None:
    rig.discord.faults.fail("commands", 50001, status=403, times=2)
    line = await rig.line("Commands")
    assert line.startswith("✗ Commands: Earshot was invited without its commands. Open this address")
    assert f"guild_id={rig.discord.guild.id}" in line
    result = await rig.type_in("discord", "sync")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Earshot was invited without its commands." in result.stderr


# The address that lets it in


async def test_the_invitation_asks_for_what_is_needed_and_no_more(rig: Rig) -> None:
    result = await rig.type_in("discord", "invite")
    assert result.exit_code == 0
    [line] = result.stdout.splitlines()
    asked = parse_qs(urlsplit(line).query)
    assert line.startswith("https://discord.com/oauth2/authorize?")
    assert asked.keys() == {"client_id", "scope", "permissions"}
    assert asked["client_id"] == [rig.discord.application]
    assert asked["scope"] == ["bot applications.commands"]
    named = {name for name, is_asked in library.Permissions(int(asked["permissions"][0])) if is_asked}
    assert {"view_channel", *named} - {"read_messages"} == set(PERMISSIONS)  # read_messages is its older name


async def test_an_invitation_can_be_for_one_server(rig: Rig) -> None:
    result = await rig.type_in("discord", "invite", "--server", rig.discord.guild.id)
    assert f"guild_id={rig.discord.guild.id}" in result.stdout
    wrong = await rig.type_in("discord", "invite", "--server", "Heron & Plover")
    assert wrong.exit_code == 2
    assert wrong.stdout == ""
    assert "197038439483310086" in wrong.stderr


# Beside the others


async def test_from_nothing_to_a_sound_server(rig: Rig) -> None:
    (rig.home / "earshot.toml").unlink()
    rig.monkeypatch.delenv("EARSHOT_DISCORD_TOKEN")
    bo = rig.discord.add_user("bo.berg")
    rig.discord.add_channel("urgent")
    told = await rig.type_in(
        "init", "--yes", "--discord", "--brand", "Acme", "--members", "ana=agent+admin, bo=approver"
    )
    assert told.exit_code == 0
    config, env = rig.home / "earshot.toml", rig.home / ".env"
    env.write_text(env.read_text().replace("EARSHOT_DISCORD_TOKEN=\n", f"EARSHOT_DISCORD_TOKEN={rig.discord.token}\n"))
    for user_id in (rig.discord.user("ana.lind").id, bo.id):
        config.write_text(config.read_text().replace('# discord = "80351110224678912"', f'discord = "{user_id}"', 1))
    await rig.type_in("discord", "sync")
    lines = await rig.doctor()
    assert {line[0] for line in lines} == {"✓"}, lines
    assert {"✓ Member ana: @ana.lind.", "✓ Member bo: @bo.berg."} <= set(lines)
    assert any(line.startswith("✓ #alerts: found") for line in lines)


async def test_the_doctor_of_discord_looks_also_where_there_is_no_config(rig: Rig) -> None:
    (rig.home / "earshot.toml").unlink()
    lines = await rig.doctor()
    assert lines[0].startswith("✗ Config: earshot.toml: not there;")
    assert lines[1:] == ["✓ Bot token: @earshot.", "✓ Gateway: Discord takes connections."]


async def test_the_doctor_of_everything_has_one_line_for_discord(rig: Rig) -> None:
    def of_discord(result: Result) -> list[str]:
        return [line for line in result.stdout.splitlines() if "discord" in line.lower() and "Config" not in line]

    [line] = of_discord(await rig.type_in("doctor"))
    assert line == "✓ Chat discord: @earshot; `earshot discord doctor` looks closer."
    rig.write(member("ana"))
    [line] = of_discord(await rig.type_in("doctor"))
    assert line.startswith("– Chat discord: @earshot;")
    assert 'No route goes there: channel = "discord:#alerts".' in line
    rig.discord.revoke()
    [line] = of_discord(await rig.type_in("doctor"))
    assert line.startswith("✗ Chat discord: Discord refuses the token.")
    rig.monkeypatch.delenv("EARSHOT_DISCORD_TOKEN")
    [line] = of_discord(await rig.type_in("doctor"))
    assert line == "– Chat discord: off: EARSHOT_DISCORD_TOKEN is not set; docs/discord.md says how."
