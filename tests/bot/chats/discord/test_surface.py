"""What people do in Discord with commands, buttons and menus of messages: what is done, and what they are told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.chats.discord.acts import Knobs
from handlers.cards import Button, Chart, Notice, Row, Screen, Series
from handlers.requests import File, Reply
from tests.bot.fakes import until
from tests.discord.simulation import SOON, Did, Server, server
from tests.kit import TROUBLES

HURRIED = Knobs(answer_within=0.0, close_within=5.0)  # everything takes too long
CHART = Chart("bars", "Mentions", ("Mon", "Tue"), (Series("Heron", (1.0, 2.0)),), "two days")


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as opened:
        yield opened


# Commands


async def test_a_command_is_answered_privately(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    did = await team.person("ana").slash("earshot claim", case=1)
    assert "#1 is yours." in did.words
    assert await team.assignee(1) == "ana"
    (request,) = team.desk.trouble.requests
    assert (request.chat, request.channel) == ("discord", "#alerts")


async def test_whoever_has_no_role_is_told_so(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    did = await team.person("ned").slash("earshot claim", case=1)
    assert "You have no role here." in did.words
    assert await team.status(1) == "open"


async def test_roles_that_discord_tells_with_an_act_count_for_it(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    await team.station.say("ana", "draft 1 We are sorry.")
    seen: list[str] = []
    meet = team.desk.meet

    def met(chat: str, people: object, *, groups_are_known: bool) -> None:
        seen.append(f"met after {len(team.desk.trouble.requests)} acts")
        meet(chat, (), groups_are_known=groups_are_known)

    team.desk.meet = met  # type: ignore[assignment, method-assign]
    await team.person("bo").slash("earshot approve", case=1)
    assert seen[0] == "met after 0 acts"


async def test_a_table_comes_as_a_file_for_the_asker_alone(team: Server) -> None:
    team.desk.trouble.replies["queue"] = Reply("3 cases.", file=File("cases.csv", "text/csv", "number\n142\n"))
    did = await team.person("ana").slash("earshot queue")
    assert "3 cases." in did.words
    assert await did.answer.files["cases.csv"].read() == b"number\n142\n"


async def test_a_table_that_discord_would_refuse_is_told_in_words(team: Server) -> None:
    team.desk.trouble.replies["queue"] = Reply("3 cases.", file=File("cases.csv", "text/csv", "x" * 27_000_000))
    did = await team.person("ana").slash("earshot queue")
    assert "cases.csv has 25.7 MB, and Discord takes 25 MB here." in did.words
    assert not did.answer.files


async def test_a_chart_is_attached_and_where_it_cannot_be_drawn_the_numbers_come_alone(team: Server) -> None:
    async def broken(chart: Chart) -> bytes:
        raise RuntimeError("no font")

    team.desk.trouble.replies["queue"] = Reply(screen=Screen("Summary", "12 mentions", chart=CHART))
    did = await team.person("ana").slash("earshot queue")
    assert list(did.answer.files) == ["chart.png"]
    team.desk.picture = broken  # type: ignore[method-assign]
    did = await team.person("ana").slash("earshot queue")
    assert "12 mentions" in did.words
    assert not did.answer.files


# Buttons


async def test_the_card_shows_it_through_the_click_and_nothing_is_said(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    patches = team.calls("PATCH", "/channels/")
    assert (await team.person("ana").click(card, "Claim")).is_silent
    await team.deliver()
    assert "claimed by Ana" in (await team.card(1)).words
    assert team.calls("PATCH", "/channels/") == patches
    assert team.calls("PATCH", "/webhooks/") == 1


async def test_whoever_was_too_late_is_told_who_has_it(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("bo").click(card, "Claim")
    team.station.clock.pass_by(seconds=3)
    did = await team.person("ana").click(card, "Claim")
    assert "Bo claimed #1 3 s ago" in did.words
    assert await team.assignee(1) == "bo"


async def test_what_a_card_has_no_room_for_can_be_had_again_and_again(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    more = await ana.click(card, "More…")
    assert more.words == "#1: what else?"
    for _ in range(2):  # she closes the form, of which nobody hears
        assert (await ana.click(more.answer, "Assign…")).form["title"] == "Assign #1"
        assert (await ana.click_more(card, "Assign…")).form["title"] == "Assign #1"
    assert (await ana.submit(await ana.click(more.answer, "Assign…"), to="bo")).answers
    assert await team.assignee(1) == "bo"


async def test_behind_more_stands_what_can_be_done_now(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.restart()
    assert "Irrelevant" in (await team.person("ana").click(card, "More…")).answer.buttons
    await team.station.say("ana", "resolve 1 spam")
    late = await team.person("ana").click(card, "More…")
    assert late.words == "#1: there is nothing else to be done."
    assert set(late.answer.buttons) <= {"Open"}


async def test_what_a_list_has_no_room_for_can_be_had_after_a_restart(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    some = (Button("Note", "note", 1), Button("Snooze…", "snooze", 1))
    rows = tuple(Row(f"Row {number}", None, (), some) for number in range(12))
    team.desk.trouble.replies["queue"] = Reply(screen=Screen("Queue", rows=rows))
    did = await team.person("ana").slash("earshot queue")
    await team.restart()
    for _ in range(2):
        more = await team.person("ana").click(did.answer, "More…")
        for _ in range(2):
            assert (await team.person("ana").click(more.answer, "Snooze… #1")).form["title"] == "Snooze #1"


async def test_a_card_can_be_clicked_after_a_restart(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.restart()
    assert (await team.person("ana").click(card, "Claim")).is_silent
    assert await team.assignee(1) == "ana"


async def test_private_answers_leave_nothing_running(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    did = await team.person("ana").slash("earshot queue")
    assert "Claim" in did.answer.buttons  # discord.py would watch over these for a quarter of an hour
    assert not [task for task in asyncio.all_tasks() if "timeout_task" in repr(task.get_coro())]


async def test_a_button_that_nobody_can_read_says_so(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    claim = next(one for one in card.components[0]["components"] if one["label"] == "Claim")
    stored = team.env.backend.get_message(card.message.channel.id, card.message.id)
    next(one for one in stored.components[0]["components"] if one["label"] == "Claim")["custom_id"] = "ear|=|gone"
    shown = await team.card(1)
    did = await team.person("ana").click(shown, "Claim")
    assert claim["custom_id"] != "ear|=|gone"
    assert "This button cannot be read any more." in did.words


async def test_a_question_is_asked_before_and_turns_into_the_answer(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    asked = await team.person("ana").click_more(card, "Irrelevant")
    assert await team.status(1) == "open"
    assert asked.answer.buttons == ["Yes", "Cancel"]
    did = await team.person("ana").click(asked.answer, "Yes")
    assert await team.status(1) == "resolved"
    assert not did.told.followups
    assert "Yes" not in asked.answer.buttons
    assert "#1" in asked.words


async def test_no_forged_click_replaces_what_all_see(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    stored = team.env.backend.get_message(card.message.channel.id, card.message.id)
    next(one for one in stored.components[0]["components"] if one["label"] == "Claim")["custom_id"] = "ear|cancel"
    did = await team.person("ned").click(await team.card(1), "Claim")
    assert "Nothing was done." in did.words
    assert (await team.card(1)).buttons == card.buttons


async def test_a_question_may_be_answered_with_no(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    asked = await team.person("ana").click_more(card, "Irrelevant")
    await team.person("ana").click(asked.answer, "Cancel")
    assert await team.status(1) == "open"
    assert "Nothing was done." in asked.words
    assert not asked.answer.buttons


async def test_pages_turn_in_place_and_after_a_restart(team: Server) -> None:
    more = Button("More", "queue", None, (("page", "2"),))
    team.desk.trouble.replies["queue"] = Reply(screen=Screen("Queue, page 1", buttons=(more,)))
    did = await team.person("ana").slash("earshot queue")
    await team.restart()
    team.desk.trouble.replies["queue"] = Reply(screen=Screen("Queue, page 2"))
    turned = await team.person("ana").click(did.answer, "More")
    assert not turned.told.followups
    assert did.words == "### Queue, page 2"
    assert team.desk.trouble.requests[-1].values == {"page": "2"}


async def test_a_case_in_a_private_list_is_claimed_beside_the_list(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    did = await team.person("ana").slash("earshot queue")
    claimed = await team.person("ana").click(did.answer, "Claim")
    assert "#1 is yours." in claimed.words
    assert "Queue" in did.words


async def test_an_interaction_that_comes_twice_is_done_once(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    heard = team.hears()
    await team.person("ana").click(card, "Claim")
    await team.station.say("ana", "release 1")
    before = len(team.desk.trouble.requests)
    await team.surface.acted(heard[0], "ear|claim|1")
    await team.settle()
    assert len(team.desk.trouble.requests) == before
    await team.restart()
    await team.surface.acted(heard[0], "ear|claim|1")
    await team.settle()
    assert len(team.desk.trouble.requests) == before + 1
    assert await team.status(1) == "open"


# Drafts


async def test_a_draft_is_approved_in_the_thread_of_its_card(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    form = await team.person("ana").click(card, "Draft reply")
    saved = await team.person("ana").submit(form, text="We are sorry.")
    assert "Draft saved for #1." in saved.words
    await team.deliver()
    (draft,) = team.replies(card)
    refused = await team.person("ana").click(draft, "Approve")
    assert refused.answers
    assert (await team.person("bo").click(draft, "Approve")).is_silent
    await team.deliver()
    assert "approved by Bo" in team.replies(card)[0].words


# Menus of messages


async def test_any_message_is_tracked_with_its_words_link_and_author(team: Server) -> None:
    said = await team.person("ned").says("They broke my case, see https://birds.example/9!")
    did = await team.person("ana").menu("Track as mention", said)
    assert did.fields["text"] == "They broke my case, see https://birds.example/9!"
    assert did.fields["url"] == "https://birds.example/9"
    assert did.fields["author"] == "ned"
    done = await team.person("ana").submit(did, brand="Heron Air")
    assert "This is case #1 now." in done.words


async def test_one_of_us_passes_on_what_a_customer_said(team: Server) -> None:
    bo = team.person("bo")
    said = await bo.says(f"<@{bo.id}> heard it in <#{bo.place.id}>: the crew was rude")
    did = await team.person("ana").menu("Track as mention", said)
    assert did.fields["author"] == ""
    assert did.fields["text"] == "@bo heard it in #alerts: the crew was rude"
    assert said.jump_url == did.fields["url"]


async def test_what_is_said_in_the_thread_of_a_card_becomes_its_note(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.station.say("ana", "draft 1 We are sorry.")
    await team.deliver()
    (thread,) = team.guild.channels["alerts"].threads
    said = await replace(team.person("bo"), place=thread).says("I called her back.")
    did = await team.person("ana").menu("Add to case notes", said)
    assert "Noted on #1." in did.words
    await team.deliver()
    assert not [one for one in team.replies(card) if "Ana notes" in one.words]  # it stands there already


async def test_in_the_thread_of_a_case_its_number_need_not_be_typed(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    await team.station.say("ana", "draft 1 We are sorry.")
    await team.deliver()
    (thread,) = team.guild.channels["alerts"].threads
    ana = replace(team.person("ana"), place=thread)
    assert "Noted on #1." in (await ana.slash("earshot note", text="She is happy.")).words
    await ana.slash("earshot resolve", reason="fixed")
    assert await team.status(1) == "resolved"
    elsewhere = await team.person("ana").slash("earshot note", text="She is happy.")
    assert "about" in elsewhere.fields


async def test_our_own_card_is_not_tracked_as_a_mention(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    did = await team.person("ana").menu("Track as mention", card.message)
    assert "That is case #1" in did.words
    assert did.answer.buttons[0] == "Show"


async def test_elsewhere_a_form_asks_for_the_case_of_a_note(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    on_card = await team.person("ana").menu("Add to case notes", card.message)
    assert on_card.form["title"] == "Note on #1"
    lounge = replace(team.person("bo"), place=team.guild.channels["lounge"])
    did = await team.person("ana").menu("Add to case notes", await lounge.says("She is a regular."))
    assert did.fields["text"] == "She is a regular."
    assert "about" in did.fields


# Who is not answered


async def test_another_server_is_refused(team: Server) -> None:
    team.directory.guild_id = 4711
    did = await team.person("ana").slash("earshot queue")
    assert "this is another one" in did.words
    assert not team.desk.trouble.requests


async def test_until_the_server_is_known_people_are_asked_to_wait(team: Server) -> None:
    team.directory.guild_id = 0
    did = await team.person("ana").slash("earshot queue")
    assert "only just starting, or it is not in its team's server" in did.words
    assert not team.desk.trouble.requests


async def test_direct_messages_are_for_the_team_alone(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    notice = Notice("#1 waits for you.", buttons=(Button("Claim", "claim", 1),))
    await team.station.chats["discord"].post("@ana", notice, "notice:1", "")
    members = team.desk.known.members
    team.change_policy(members=members[1:])
    did = await team.person("ana").clicks_directly("Claim")
    assert "Earshot answers only its own team." in did.words
    assert await team.status(1) == "open"
    team.change_policy(members=members)
    did = await team.person("ana").clicks_directly("Claim")
    assert "#1 is yours." in did.words
    assert not did.answer.buttons  # nothing is shared out of direct messages


async def test_suggestions_are_for_the_team_alone(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    assert await team.person("ana").completes("earshot claim", "case", "") == [1]
    team.directory.guild_id = 4711
    assert await team.person("ana").completes("earshot claim", "case", "") == []
    team.directory.guild_id = team.guild.id
    team.desk.trouble.error = RuntimeError("the disk is full")
    assert await team.person("ana").completes("earshot claim", "case", "") == []


# What fails, and what is late


async def test_a_failure_comes_with_a_reference_that_is_in_the_log(
    team: Server, caplog: pytest.LogCaptureFixture
) -> None:
    card = await team.new_case(TROUBLES[0])
    team.desk.trouble.error = RuntimeError("the disk is full")
    for did in (await team.person("ana").click(card, "Claim"), await team.person("ana").slash("earshot queue")):
        reference = did.words.rpartition(" ")[2].strip(".")
        (line,) = [one for one in caplog.records if getattr(one, "reference", "") == reference]
        assert line.levelno == logging.ERROR
        assert line.__dict__["discord_user"] == team.person("ana").id
        assert "the disk is full" not in did.words


async def test_an_answer_that_takes_long_comes_later(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.restart(HURRIED)
    did = await slowly(team, team.person("ana").slash("earshot show", case=1))
    assert "#1" in did.words
    assert (await slowly(team, team.person("ana").click(card, "Claim"))).is_silent
    lost = await slowly(team, team.person("bo").click(card, "Claim"))
    assert "Ana claimed #1" in lost.words
    await team.deliver()
    assert "claimed by Ana" in (await team.card(1)).words


async def test_a_form_that_comes_too_late_is_offered(team: Server) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.restart(HURRIED)
    did = await slowly(team, team.person("ana").click(card, "Draft reply"))
    assert "This is done in a form: open it." in did.words
    await team.restart(SOON)
    opened = await team.person("ana").click(did.answer, "Open the form")
    assert opened.form["title"] == "Reply to #1"


async def test_what_came_too_late_for_discord_is_said_directly(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    team.fail("POST", "/interactions/*/callback", 404, 10062)
    did = await team.person("ana").slash("earshot claim", case=1)
    assert not did.told.acknowledged
    direct = team.person("ana").actor.user.dm_channel.history()
    assert "#1 is yours." in direct[-1].content


async def test_an_answer_that_discord_cannot_read_is_given_in_words(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    team.fail("POST", "/interactions/*/callback", 400, 50035)
    did = await team.person("ana").slash("earshot queue")
    assert "Queue" in did.words


async def test_closing_waits_for_answers_that_are_on_their_way(team: Server) -> None:
    await team.new_case(TROUBLES[0])
    await team.restart(HURRIED)
    closing: list[asyncio.Task[int]] = []

    async def close() -> int:
        await team.surface.close()
        return team.calls("PATCH", "/webhooks/")  # the answers that were given until then

    show = team.person("ana").slash("earshot claim", case=1)
    did = await slowly(team, show, lambda: closing.append(asyncio.create_task(close())))
    assert await closing[0] == 1
    assert "#1 is yours." in did.words


async def slowly(team: Server, act: Coroutine[Any, Any, Did], meanwhile: Callable[[], None] = lambda: None) -> Did:
    """The act takes so long that Discord is told to wait for it."""
    gate = team.desk.trouble.gate = asyncio.Event()
    before = team.calls("POST", "/callback")
    task = asyncio.create_task(act)

    async def has_waited() -> bool:
        return team.calls("POST", "/callback") > before

    await until(has_waited)
    meanwhile()
    gate.set()
    return await task
