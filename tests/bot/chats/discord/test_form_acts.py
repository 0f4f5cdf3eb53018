"""What comes of forms in Discord: nothing that was typed is lost, whatever happens meanwhile."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.rules.policy import Template
from tests.discord.simulation import Did, Server, server
from tests.kit import TROUBLES

LONG = "We are sorry that this went wrong, and we look after it today. " * 3


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as opened:
        yield opened


async def open_draft(team: Server) -> Did:
    await team.new_case(TROUBLES[0])
    return await team.person("ana").click(await team.card(1), "Draft reply")


async def drafts(team: Server) -> int:
    return int(await team.station.value("select count(*) from drafts"))


async def test_a_form_that_was_open_over_a_restart_lands(team: Server) -> None:
    form = await open_draft(team)
    await team.restart()
    did = await team.person("ana").submit(form, text=LONG)
    assert "Draft saved for #1." in did.words
    assert await drafts(team) == 1


async def test_what_the_card_shows_is_not_said_after_a_form(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    form = await team.person("ana").click(card, "Resolve")
    did = await team.person("ana").submit(form, reason="fixed")
    assert did.is_silent
    assert await team.status(1) == "resolved"
    await team.deliver()
    assert "fixed" in (await team.card(1)).words


async def test_after_a_form_of_a_command_there_are_words(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    form = await team.person("ana").slash("earshot resolve", case=1)
    did = await team.person("ana").submit(form, reason="fixed")
    assert "#1 is resolved: fixed." in did.words


async def test_what_cannot_be_read_comes_back_with_the_form_filled(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    form = await team.person("ana").click_more(card, "Snooze…")
    did = await team.person("ana").submit(form, until="when the cows come home")
    assert "when the cows come home" in did.words
    assert did.answer.buttons == ["Try again"]
    again = await team.person("ana").click(did.answer, "Try again")
    assert again.fields["until"] == "when the cows come home"
    await team.person("ana").submit(again, until="2h")
    await team.deliver()
    assert "snoozed until" in (await team.card(1)).words


async def test_the_text_comes_back_to_be_copied_and_is_there_after_a_restart(team: Server) -> None:
    form = await open_draft(team)
    await team.station.say("bo", "draft 1 We are so sorry.")  # somebody was faster
    did = await team.person("ana").submit(form, text=LONG)
    assert "changed this draft while you wrote" in did.words
    assert f"```\n{LONG.strip()}" in did.words
    await team.restart()
    again = await team.person("ana").click(did.answer, "Try again")
    assert again.fields["text"].strip() == LONG.strip()
    assert "Draft saved for #1." in (await team.person("ana").submit(again)).words
    assert LONG.strip() == await team.station.value("select text from drafts order by id desc limit 1")


async def test_a_held_form_opens_for_its_author_alone(team: Server) -> None:
    form = await open_draft(team)
    await team.station.say("bo", "draft 1 We are so sorry.")
    did = await team.person("ana").submit(form, text=LONG)
    (custom_id,) = [
        one["custom_id"] for row in did.answer.components if row["type"] == 1 for one in row["components"]
    ]  # fmt: skip
    stored = team.env.backend.get_message((await team.card(1)).message.channel.id, (await team.card(1)).message.id)
    stored.components[0]["components"][0]["custom_id"] = custom_id  # Bo has found out the id
    card = await team.card(1)
    opened = await team.person("bo").click(card, card.buttons[0])
    assert LONG.strip() not in opened.fields["text"]


async def test_what_was_typed_comes_back_when_earshot_fails(team: Server) -> None:
    form = await open_draft(team)
    team.desk.trouble.error = RuntimeError("the disk is full")
    did = await team.person("ana").submit(form, text=LONG)
    assert "Something in Earshot failed." in did.words
    assert LONG.strip() in did.words
    whole = "`*" * 1_400  # more than a message can show
    did = await team.person("ana").submit(form, text=whole)
    assert await did.answer.files["your-text.txt"].read() == whole.encode()


async def test_what_was_typed_comes_back_when_the_case_is_closed_meanwhile(team: Server) -> None:
    form = await open_draft(team)
    await team.station.say("bo", "resolve 1 fixed")
    did = await team.person("ana").submit(form, text=LONG)
    assert "/earshot reopen case:1" in did.words
    assert LONG.strip() in did.words
    assert await drafts(team) == 0


async def test_the_same_words_submitted_twice_are_done_once(team: Server) -> None:
    form = await team.person("ana").menu("Add to case notes", (await team.new_case(TROUBLES[0])).message)
    await team.person("ana").submit(form, text="Called her back.")
    await team.person("ana").submit(form, text="Called her back.")
    notes = await team.station.value("select count(*) from case_events where kind = 'noted'")
    assert notes == 1
    anew = await team.person("ana").menu("Add to case notes", (await team.card(1)).message)
    await team.person("ana").submit(anew, text="Called her back.")
    assert await team.station.value("select count(*) from case_events where kind = 'noted'") == 2


async def test_a_template_is_chosen_and_the_form_goes_on_with_its_text(team: Server) -> None:
    team.change_policy(templates=(Template("sorry", "We are very sorry. Which flight was it?"),))
    form = await open_draft(team)
    did = await team.person("ana").submit(form, template="sorry")
    assert await drafts(team) == 0
    assert did.answer.buttons == ["Continue"]
    for _ in range(2):
        went_on = await team.person("ana").click(did.answer, "Continue")
        assert went_on.fields["text"] == "We are very sorry. Which flight was it?"
        await team.restart()
    await team.person("ana").submit(went_on)
    assert await drafts(team) == 1


async def test_what_one_typed_before_choosing_a_template_is_kept(team: Server) -> None:
    team.change_policy(templates=(Template("sorry", "We are very sorry. Which flight was it?"),))
    form = await open_draft(team)
    await team.person("ana").submit(form, template="sorry", text=LONG)
    again = await team.person("ana").click(await team.card(1), "Draft reply")
    assert again.fields["text"].strip() == LONG.strip()


async def test_a_form_that_is_too_old_gives_the_text_back(team: Server) -> None:
    form = await open_draft(team)
    await team.station.bridge.write(lambda store: store.carried.forget_before(team.station.clock()))
    form.told._interaction.modal["custom_id"] = "form|=|gone"
    did = await team.person("ana").submit(form, text=LONG)
    assert "This form cannot be read any more." in did.words
    assert LONG.strip() in did.words


async def test_bot_accounts_are_ignored(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    robot = team.guild.add_member(team.env.create_user("robot", bot=True))
    ana = team.person("ana")
    await replace(ana, actor=robot).slash("earshot claim", case=1)
    assert not team.desk.trouble.requests
