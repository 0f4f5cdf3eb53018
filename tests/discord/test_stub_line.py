"""The fake Discord's line to a bot, and what goes wrong on order, proved with a small bot on the real library."""

import asyncio
import json
import sys
import zlib

import aiohttp
import discord
import pytest

from tests.discord.fake import discord_server
from tests.discord.probe import card, running, town, until


async def test_what_happened_meanwhile_is_told_again() -> None:
    async with town() as (fake, bot):
        await bot.place("alerts").send("#3", view=card(3))
        fake.hub.is_down = True
        fake.hub.cut()
        await until(lambda: not fake.hub.lines)
        click = asyncio.create_task(fake.person("ana").click(fake.cards("#alerts")[0], "Claim"))
        fake.hub.is_down = False
        assert not (await click).error
        assert (fake.hub.identifies, fake.hub.resumes) == (1, 1)


async def test_the_older_compression_is_one_stream_over_all_frames() -> None:
    async with discord_server() as fake, aiohttp.ClientSession() as session:
        stream = zlib.decompressobj()
        async with session.ws_connect(f"{fake.gateway_url}?v=10&encoding=json&compress=zlib-stream") as line:
            hello = await line.receive_bytes()
            assert hello.endswith(b"\x00\x00\xff\xff")
            assert json.loads(stream.decompress(hello))["op"] == 10
            await line.send_json({"op": 1, "d": None})
            assert json.loads(stream.decompress(await line.receive_bytes())) == {"op": 11, "d": None}


async def test_op_7_resumes_and_op_9_identifies_anew() -> None:
    async with town() as (fake, bot):
        fake.hub.drop(op=7)
        await asyncio.wait_for(bot.wait_for("resumed"), 2)
        fake.hub.drop(op=9)
        await asyncio.wait_for(bot.wait_for("ready"), 2)
        assert (fake.hub.identifies, fake.hub.resumes) == (2, 1)


async def test_a_deaf_line_stays_open() -> None:
    async with discord_server(ack_within=0.05) as fake:
        fake.add_user("ana")
        fake.add_channel("alerts")
        async with running(fake) as bot:
            await until(lambda: fake.hub.lines[0].beats)
            fake.hub.go_deaf()
            assert (await fake.person("ana").slash("#alerts", "claim", case=3)).error
            assert (len(fake.hub.lines), bot.clicks, bot.is_closed()) == (1, [], False)


async def test_a_bad_token_and_an_intent_that_is_not_allowed() -> None:
    async with discord_server() as fake:
        fake.is_revoked = True
        with pytest.raises(discord.LoginFailure):
            await running(fake).__aenter__()
        fake.is_revoked = False
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await running(fake, intents=discord.Intents(guilds=True, members=True)).__aenter__()
    async with town() as (fake, bot):
        fake.revoke()
        await until(bot.is_closed)
        assert ("close", {"code": 4004}) in fake.hub.history


async def test_a_429_is_waited_for_and_a_ban_is_not() -> None:
    async with town() as (fake, bot):
        fake.faults.rate_limit("post", 0.01, scope="shared")
        await bot.place("alerts").send("one")
        assert [one.status for one in fake.calls_of("post")] == [429, 200]
        fake.faults.ban("post")
        with pytest.raises(discord.HTTPException) as error:
            await bot.place("alerts").send("two")
        assert (error.value.status, error.value.response.headers["Retry-After"]) == (429, "600")
        fake.faults.http_500_html("post")
        with pytest.raises(discord.DiscordServerError):
            await bot.place("alerts").send("three")
        assert len(fake.posts) == 1


async def test_an_answer_is_lost_before_or_after_the_work() -> None:
    async with town() as (fake, bot):
        place = bot.place("alerts")
        for fault, posted in ((fake.faults.drop_before, 0), (fake.faults.drop_after, 1)):
            fault("post")
            with pytest.raises(aiohttp.ClientError):
                await place.send("one")
            assert len(fake.posts) == posted
        held = fake.faults.hold("post", channel=fake.channel("#alerts").id)
        sending = asyncio.create_task(place.send("two"))
        await held.entered.wait()
        assert len(fake.posts) == 1
        assert held.gate is not None
        held.gate.set()
        await sending


async def test_windows_on_demand() -> None:
    async with town() as (fake, bot):
        place = bot.place("alerts")
        fake.strict_rates, fake.rates.limits["post"] = True, (2, 0.05)
        await asyncio.gather(*(place.send(str(one)) for one in range(5)))
        assert len(fake.posts) == 5
        fake.strict_rates, fake.strict_old_edits = False, True
        old = [await place.send("old") for _ in range(4)]
        fake.pass_time(3601)
        fake.rates.old_within = 0.4
        before = len(fake.calls)
        for one in old:
            await one.edit(content="changed")
        assert 30046 in [one.error for one in fake.calls[before:]]
        assert [one.content for one in fake.cards("#alerts")[-4:]] == ["changed"] * 4


async def test_a_bot_in_another_process_can_be_killed() -> None:
    async with discord_server(ack_within=10) as fake:
        fake.add_user("ana")
        fake.add_channel("alerts")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "tests.discord.probe", fake.url, fake.token
        )
        try:
            await fake.hub.is_ready()
            held = fake.faults.hold("callback")
            claim = asyncio.create_task(fake.person("ana").slash("#alerts", "claim", case=3))
            await held.entered.wait()
        finally:
            child.kill()
            await child.wait()
        fake.pass_time(4)
        assert (await claim).error == "The application did not respond"
        fake.faults.clear()
        assert fake.person("ana").private == []
