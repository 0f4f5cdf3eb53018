"""People in the fake Discord, proved with a small bot: what they send, what they see, and what they cannot do."""

import asyncio

import discord
import pytest

from tests.discord.probe import PNG, More, card, running, town, until


def _refused(error: pytest.ExceptionInfo[discord.HTTPException]) -> tuple[int, int]:
    return error.value.status, error.value.code


async def test_a_command_is_found_in_its_group_and_answered_to_one_person() -> None:
    async with town() as (fake, _):
        ana, ben = fake.person("ana"), fake.person("ben")
        answer = await ana.slash("#alerts", "claim", case=3, note="soon")
        assert answer.words == "#3 claimed soon"
        answer = await (await ana.slash("#alerts", "more digest", for_whom="ben")).arrives()
        await until(lambda: len(answer.messages) == 2)
        assert answer.messages[0].words == "Numbers for ben"
        assert answer.messages[1].files[0].content == PNG
        assert [len(ana.private), len(ben.private), len(ben.sees("#alerts"))] == [3, 0, 0]
        fake.check()


async def test_the_first_follow_up_takes_the_place_of_a_deferred_answer() -> None:
    async with town() as (fake, _):
        answer = await (await fake.person("ana").slash("#alerts", "late")).arrives()
        assert [one.words for one in answer.messages] == ["for you alone"]
        assert fake.person("ben").sees("#alerts") == []  # it was private, and stays so


async def test_what_the_client_would_not_send_is_not_sent() -> None:
    async with town() as (fake, bot):
        ana = fake.person("ana")
        with pytest.raises(AssertionError, match="cannot be sent without"):
            await ana.slash("#alerts", "claim")
        with pytest.raises(AssertionError, match="at least 1"):
            await ana.slash("#alerts", "claim", case=0)
        with pytest.raises(AssertionError, match="no option"):
            await ana.slash("#alerts", "claim", case=1, why="so")
        with pytest.raises(AssertionError, match="There is no command 'resolve'; there are"):
            await ana.slash("#alerts", "resolve")
        with pytest.raises(AssertionError, match="There is no command"):  # it is for servers alone
            await ana.slash("@ana", "claim", case=1)
        fake.commands.clear()
        with pytest.raises(AssertionError, match="There is no command"):
            await ana.slash("#alerts", "claim", case=1)
        assert bot.clicks == []


async def test_an_option_is_completed_while_it_is_typed() -> None:
    async with town() as (fake, bot):
        offered = await fake.person("ana").complete("#alerts", "claim", "case", "3")
        assert offered == [{"name": "#3 Berlin", "value": 3}, {"name": "#31 Berlin", "value": 31}]
        assert bot.clicks[0].data["options"][0]["options"][0]["value"] == "3"  # a text, though it is a number


async def test_two_people_claim_at_once_and_one_of_them_has_it() -> None:
    async with town() as (fake, bot):
        await bot.place("alerts").send("#3", view=card(3))
        shown = fake.cards("#alerts")[0]
        both = await asyncio.gather(*(fake.person(one).click(shown, "Claim") for one in ("ana", "ben")))
        assert [one.updated for one in both].count(shown) == 1
        assert len([one for one in both if "has it" in one.words]) == 1
        assert shown.words.startswith("#3 is ")


async def test_buttons_live_on_when_the_bot_is_started_again() -> None:
    async with town() as (fake, bot):
        await bot.place("alerts").send("#3", view=card(3))
        await bot.close()
        fake.ack_within = 0.02
        ana, shown = fake.person("ana"), fake.cards("#alerts")[0]
        assert (await ana.click(shown, "Claim")).error == "This interaction failed"
        fake.ack_within = 3.0
        async with running(fake):
            await ana.click(shown, "Claim")
        assert shown.words == "#3 is ana's"
        assert fake.errors_shown == [("ana", "This interaction failed")]


async def test_menus_and_buttons_of_all_sorts() -> None:
    async with town() as (fake, bot):
        await bot.place("alerts").send("#3", view=More())
        ana, shown = fake.person("ana"), fake.cards("#alerts")[0]
        assert (await ana.choose(shown, "Snooze…")).words == "chose Snooze…"
        await (await ana.choose(shown, "ben", "Whose?")).arrives()
        assert shown.words == "for ben"
        assert (await ana.click(shown, "Open")).url == "https://heron.test/142"
        with pytest.raises(AssertionError, match="grey"):
            await ana.click(shown, "Grey")
        with pytest.raises(AssertionError, match="Nothing here offers 'Later'"):
            await ana.choose(shown, "Later")
        fake.deny("#alerts", "view_channel", "ben")
        with pytest.raises(AssertionError, match="ben does not see #alerts"):
            await fake.person("ben").click(shown, "Write")


async def test_a_choice_is_sent_once_until_the_message_changes() -> None:
    async with town() as (fake, bot):
        sent = await bot.place("alerts").send("#3", view=More())
        ana, shown = fake.person("ana"), fake.cards("#alerts")[0]
        for _ in range(2):
            assert (await ana.choose(shown, "Snooze…")).words == "chose Snooze…"
            with pytest.raises(AssertionError, match="Discord sends nothing until the message changes"):
                await ana.choose(shown, "Snooze…")
            await sent.edit(view=More())


async def test_a_form_is_filled_and_sent() -> None:
    async with town() as (fake, bot):
        await bot.place("alerts").send("#3", view=More())
        ana = fake.person("ana")
        answer = await ana.click(fake.cards("#alerts")[0], "Write")
        assert answer.modal is ana.modal
        assert ana.modal is not None
        assert ana.modal.fields == ["Reply", "Reason", "Tone", "Proof"]
        with pytest.raises(AssertionError, match="takes 20 characters"):
            await ana.submit({"Reply": "x" * 21})
        with pytest.raises(AssertionError, match="'Reason' must be filled in"):
            await ana.submit({"Tone": "Dry"})
        answer = await ana.submit({"Reason": "Spam", "tone": "Warm", "Proof": ("a.txt", b"seen")})
        assert answer.words == "Hello · Spam · Warm · seen"
        assert ana.modal is None
        fake.check()


async def test_a_layout_has_buttons_and_words() -> None:
    async with town() as (fake, _):
        answer = await fake.person("ana").slash("#alerts", "screen")
        assert (answer.words, answer.messages[0].buttons) == ("# Queue\n**142** is waiting", ["Look"])
        fake.check()


async def test_a_message_has_a_menu_and_comes_whole() -> None:
    async with town() as (fake, bot):
        ana = fake.person("ana")
        said = await ana.say("#alerts", "Berlin is down")
        assert (await bot.place("alerts").fetch_message(int(said.id))).content == ""  # without the intent
        assert (await ana.menu(said, "Track as mention")).words == "tracked: Berlin is down"


async def test_private_answers_are_found_by_nobody_else() -> None:
    async with town() as (fake, bot):
        await fake.person("ana").slash("#alerts", "claim", case=3)
        private = fake.person("ana").private[0]
        assert [one async for one in bot.place("alerts").history()] == []
        with pytest.raises(discord.NotFound) as error:
            await bot.place("alerts").fetch_message(int(private.id))
        assert _refused(error) == (404, 10008)
        with pytest.raises(AssertionError, match="ben cannot see"):
            await fake.person("ben").click(private, "Look")
        fake.person("ana").dismiss(private)
        await bot.clicks[0].edit_original_response(content="nobody reads this")  # Discord does not know either
        assert fake.person("ana").private == []


async def test_three_seconds_and_fifteen_minutes() -> None:
    async with town() as (fake, bot):
        ana = fake.person("ana")
        slow = asyncio.create_task(ana.slash("#alerts", "slow"))
        await until(lambda: bot.clicks)
        fake.pass_time(3.1)
        assert (await slow).error == "The application did not respond"
        with pytest.raises(discord.NotFound) as error:
            await bot.clicks[0].response.send_message("late")
        assert _refused(error) == (404, 10062)
        await ana.slash("#alerts", "claim", case=3)
        click = bot.clicks[1]
        fresh = discord.Interaction(data=fake.interactions[str(click.id)].told, state=click._state)
        with pytest.raises(discord.HTTPException) as twice:
            await fresh.response.send_message("twice")
        assert _refused(twice) == (400, 40060)
        fake.pass_time(800)
        await click.edit_original_response(content="still there")
        fake.pass_time(100)
        with pytest.raises(discord.HTTPException) as gone:
            await click.edit_original_response(content="gone")
        assert _refused(gone) == (401, 50027)
        assert ana.private[-1].words == "still there"
