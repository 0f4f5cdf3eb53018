"""The fake Discord, proved with a small bot on the real library: what stands there, and what is refused."""

import asyncio
import io

import discord
import pytest

from tests.discord.posting import find
from tests.discord.probe import PNG, card, town


def _refused(error: pytest.ExceptionInfo[discord.HTTPException]) -> tuple[int, int]:
    return error.value.status, error.value.code


async def test_a_bot_learns_of_its_server_and_its_commands_are_known() -> None:
    async with town() as (fake, bot):
        place = bot.place("alerts")
        assert [one.name for one in bot.guilds[0].roles] == ["@everyone", "earshot", "Support"]
        assert place.permissions_for(bot.guilds[0].me).send_messages
        fake.deny("#alerts", "send_messages")
        await asyncio.wait_for(bot.wait_for("guild_channel_update"), 2)
        assert not place.permissions_for(bot.guilds[0].me).send_messages
        assert (await bot.guilds[0].fetch_member(int(fake.user("ana").id))).roles[1].name == "Support"
        assert {one.name for one in await bot.tree.fetch_commands()} == {"earshot", "Track as mention"}
        fake.check()


async def test_posts_edits_and_deletes_are_written_down() -> None:
    async with town() as (fake, bot):
        sent = await bot.place("alerts").send("one", embed=discord.Embed(title="Berlin").set_footer(text="ref 1"))
        await sent.edit(content="two", view=card(3))
        shown = fake.cards("#alerts")[0]
        assert (shown.content, shown.footers, shown.buttons, shown.edits) == ("two", ["ref 1"], ["Claim"], 1)
        await sent.delete()
        assert (len(fake.posts), len(fake.edits), len(fake.deletes)) == (1, 1, 1)
        with pytest.raises(discord.NotFound) as error:
            await sent.edit(content="three")
        assert _refused(error) == (404, 10008)


async def test_the_same_nonce_posts_once() -> None:
    async with town() as (fake, bot):
        first = await bot.place("alerts").send("one", nonce="ear-3f9a")
        second = await bot.place("alerts").send("one", nonce="ear-3f9a")
        assert first.id == second.id
        assert len(fake.posts) == 1
        fake.pass_time(3600)
        assert (await bot.place("alerts").send("one", nonce="ear-3f9a")).id != first.id


def test_history_is_told_newest_first_whatever_was_asked_for() -> None:
    class Said:
        def __init__(self, number: int) -> None:
            self.id = str(number)

    every = [Said(one) for one in range(1, 11)]

    def page(**query: str) -> list[int]:
        return [int(one.id) for one in find(every, query)]  # type: ignore[arg-type]

    assert page(limit="3") == [10, 9, 8]
    assert page(limit="3", before="5") == [4, 3, 2]
    assert page(limit="3", after="5") == [8, 7, 6]
    assert page(limit="4", around="5") == [6, 5, 4, 3]


async def test_files_travel_and_can_be_read_again() -> None:
    async with town() as (fake, bot):
        chart = discord.File(io.BytesIO(PNG), "chart.png")
        shown = discord.Embed(title="Week").set_image(url="attachment://chart.png")
        sent = await bot.place("alerts").send(embed=shown, files=[chart, discord.File(io.BytesIO(b"a,b"), "rows.csv")])
        assert [one.filename for one in sent.attachments] == ["rows.csv"]  # the picture stands in the embed
        assert await sent.attachments[0].read() == b"a,b"
        assert fake.person("ana").pictures(fake.cards("#alerts")[0]) == [PNG]
        await sent.edit(attachments=[], embed=discord.Embed(title="Week"))
        assert fake.cards("#alerts")[0].files == []
        fake.check()


async def test_a_thread_is_made_once_and_opens_again_when_it_is_written_in() -> None:
    async with town() as (fake, bot):
        sent = await bot.place("alerts").send("one")
        thread = await sent.create_thread(name="#142")
        said = await thread.send("two")
        assert thread.id == sent.id
        with pytest.raises(discord.HTTPException) as error:
            await sent.create_thread(name="again")
        assert _refused(error) == (400, 160004)
        fake.archive(str(thread.id))
        with pytest.raises(discord.HTTPException) as error:
            await said.edit(content="three")
        assert _refused(error) == (400, 50083)
        await thread.send("four")
        assert [one.words for one in fake.replies(fake.cards("#alerts")[0])] == ["two", "four"]


async def test_doors_that_are_closed_say_which() -> None:
    async with town() as (fake, bot):
        place, ana = bot.place("alerts"), await bot.fetch_user(int(fake.user("ana").id))
        sent = await place.send("one")
        fake.deny("#alerts", "send_messages embed_links")
        with pytest.raises(discord.Forbidden) as error:
            await place.send("two")
        assert _refused(error) == (403, 50013)
        await sent.edit(content="changed")  # what stands may be changed all the same
        fake.deny("#alerts", "view_channel")
        with pytest.raises(discord.Forbidden) as error:
            await sent.edit(content="again")
        assert _refused(error) == (403, 50001)
        fake.delete_channel("#alerts")
        with pytest.raises(discord.NotFound) as error:
            await place.send("three")
        assert _refused(error) == (404, 10003)
        fake.user("ana").takes_dms = False
        with pytest.raises(discord.Forbidden) as error:
            await ana.send("hello")
        assert _refused(error) == (403, 50007)


async def test_only_those_are_called_who_may_be() -> None:
    async with town() as (fake, bot):
        ana, ben, role = fake.user("ana"), fake.user("ben"), fake.role("Support")
        text = f"@everyone <@{ana.id}> <@{ben.id}> <@&{role.id}> `<@{ben.id}>`"
        fake.may_ping = {"ana"}
        place = bot.place("alerts")
        await place.send(text)
        await place.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(int(ana.id))]))
        role.is_mentionable = True
        await place.send(text, allowed_mentions=discord.AllowedMentions(roles=[discord.Object(int(role.id))]))
        fake.check()
        assert [one.pings for one in fake.cards("#alerts")] == [set(), {ana.id}, {ana.id}]
        assert len(fake.person("ana").pinged) == 2
        await place.send(text, allowed_mentions=discord.AllowedMentions.all())
        assert fake.person("ben").pinged
        assert fake.alarms == ["message: it calls @ben"]


async def test_what_is_too_long_is_refused_with_the_place() -> None:
    async with town() as (fake, bot):
        with pytest.raises(discord.HTTPException, match=r"In content: Must be 2000") as error:
            await bot.place("alerts").send("x" * 2001)
        assert _refused(error) == (400, 50035)
        assert fake.posts == []
        with pytest.raises(AssertionError, match="2000"):
            fake.check()
