"""The whole program with Discord beside it: it is started, told of changes, asked how it is, and closed."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.chats.discord import addresses
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.items import Act
from handlers import chat_alarms
from handlers.context import ChatState
from storage.store import Store
from tests.bot.fakes import until
from tests.bot.logs import own_log
from tests.bot.running import CONFIG, Running, add_calls, running
from tests.discord.fake import FakeDiscord, discord_server
from tests.kit import TROUBLES


@pytest.fixture(autouse=True)
def own_addresses() -> Iterator[None]:
    yield
    addresses.reset()


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_server() as server:
        server.add_channel("alerts")
        server.add_user("ana", roles=["Support"])
        yield server


def config(discord: FakeDiscord) -> str:
    told = CONFIG.replace('"local:#alerts"', '"discord:#alerts"')
    return told.replace('name = "ana"', f'name = "ana"\ndiscord = "{discord.user("ana").id}"')


def keys(discord: FakeDiscord) -> dict[str, str]:
    return {"EARSHOT_DISCORD_TOKEN": discord.token, "EARSHOT_DISCORD_API_URL": discord.url}


async def sees(what: Callable[[], Any]) -> Any:
    async def look() -> Any:
        return what()

    return await until(look, 10)


def part(health: dict[str, Any]) -> tuple[bool, str]:
    (found,) = (one for one in health["parts"] if one["name"] == "chat discord")
    return found["ok"], found["words"]


async def is_well(opened: Running) -> bool:
    return part(dict(await opened.app.health()))[0]


async def test_another_run_signs_in_anew_and_tells_the_commands_only_when_they_changed(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    for _ in range(2):
        async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
            await sees(lambda opened=opened: opened.app.discord.health()[0])
            await opened.becomes("select count(*) from carried where key like 'commands:%'")
    assert discord.syncs == 1
    assert discord.hub.identifies == 2


async def test_removed_and_invited_again_the_server_is_told_the_commands_again(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        await sees(lambda: opened.app.discord.health()[0])
        await sees(lambda: discord.syncs)
        discord.kick_bot()
        await sees(lambda: not opened.app.discord.health()[0])
        discord.invite_bot()
        await sees(lambda: discord.commands.get(discord.guild.id))
    discord.commands.clear()  # as when it was removed and invited while the program did not run
    async with running(tmp_path, config=config(discord), more=keys(discord), has_file=True):
        await sees(lambda: discord.commands.get(discord.guild.id))


async def test_a_command_that_we_do_not_have_is_taken_from_what_discord_offers(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        await sees(lambda: opened.app.discord.health()[0])
        await sees(lambda: discord.syncs)
        there = discord.commands[discord.guild.id]
        told = next(one for one in there.values() if one["type"] == 1)
        there["4711"] = {**told, "id": "4711", "name": "oldshot"}
        answer = await discord.person("ana").slash("#alerts", "oldshot queue")
        assert "does not know this command any more" in answer.words
        await sees(lambda: discord.syncs == 2)


@pytest.mark.long
async def test_while_discord_hangs_the_program_ends_within_five_seconds(discord: FakeDiscord, tmp_path: Path) -> None:
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        await sees(lambda: opened.app.discord.health()[0])
        await sees(lambda: discord.syncs)
        hangs = discord.faults.hold("*", times=None)
        discord.hub.go_deaf()
        add_calls(tmp_path, "a.jsonl", {"id": 1, "text": TROUBLES[0]})
        await hangs.entered.wait()
        begun = time.monotonic()
        await opened.app.stop()
        assert time.monotonic() - begun < 5
    async with running(tmp_path, config=config(discord), more=keys(discord)):
        discord.faults.clear()


async def test_a_refused_token_is_told_by_health_and_status_and_in_another_chat(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    discord.is_revoked = True
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        room = opened.app.discord
        assert room is not None
        await sees(lambda: "the token is refused" in room.health()[1])
        assert not await is_well(opened)

        def a_minute_later(store: Store) -> None:
            ctx = opened.app._context(store, (ChatState("discord", *room.health()),))
            with store.transaction():
                chat_alarms.watch(ctx, patience=chat_alarms.PATIENCE * 0)

        await opened.app.bridge.write(a_minute_later)
        opened.app.deliverer.ring()
        await opened.becomes("select count(*) from deliveries where key like 'notice:outage:%' and state = 'sent'")
        ((channel, body),) = await opened.rows("select channel, body from deliveries where key like 'notice:outage:%'")
        assert channel == "#urgent", "the page is another chat"
        assert "Discord cannot be reached since" in body


async def test_the_job_that_looks_is_told_of_the_chats(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.hub.is_down = True
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        await opened.becomes("select count(*) from outages where chat = 'discord' and ended_at is null")
        discord.hub.is_down = False


async def test_a_complaint_becomes_a_card_that_is_claimed_and_no_secret_is_logged(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    with own_log("debug") as stream:
        async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
            await sees(lambda: opened.app.discord and opened.app.discord.health()[0])
            assert part(dict(await opened.app.health())) == (True, "connected to Heron & Plover, 1 channel")
            add_calls(tmp_path, "a.jsonl", {"id": 1, "text": TROUBLES[0]})
            (card,) = await sees(lambda: discord.channel("#alerts").standing)
            ana = discord.person("ana")
            (more,) = (await ana.click(card, "More…")).messages
            for _ in range(2):
                assert (await ana.click(more, "Assign…")).modal is not None
                await ana.close()
            discord.faults.rate_limit("edit")
            answer = await ana.click(card, "Claim")
            await opened.becomes("select status = 'claimed' from cases where id = 1")
            discord.hub.cut()
            await sees(lambda: discord.hub.resumes)
            assert answer.interaction is not None
            secrets = (discord.token, answer.interaction.token)
    told = stream.getvalue()
    assert "connected to Discord" in told
    for secret in secrets:
        assert secret not in told
    assert TROUBLES[0] not in told


async def test_an_answer_whose_line_was_cut_is_given_again(discord: FakeDiscord, tmp_path: Path) -> None:
    async with running(tmp_path, config=config(discord), more=keys(discord)) as opened:
        await sees(lambda: opened.app.discord.health()[0])
        await sees(lambda: discord.syncs)
        add_calls(tmp_path, "a.jsonl", {"id": 1, "text": TROUBLES[0]})
        await sees(lambda: discord.channel("#alerts").standing)
        ana = discord.person("ana")
        discord.faults.drop_before("callback")
        assert "#1 is yours" in (await ana.slash("#alerts", "claim", case=1)).words
        discord.faults.drop_after("callback")
        assert "#1 is open again" in (await ana.slash("#alerts", "release", case=1)).words
        await sees(lambda: len(discord.calls_of("callback")) == 4)
        discord.faults.drop_before("callback", times=2)
        discord.ack_within = 0.1
        assert (await ana.slash("#alerts", "claim", case=1)).error
        await sees(lambda: any("#1 is yours" in one.words for one in discord.channel("@ana").standing))


async def test_buttons_find_us_again_after_something_took_them_away(discord: FakeDiscord) -> None:
    client = EarshotClient()
    client.assert_items()
    client.remove_dynamic_items(Act)
    client.assert_items()
    client.assert_items()
    assert set(client._connection._view_store._dynamic_items.values()) == {Act}
