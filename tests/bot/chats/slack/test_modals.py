"""What people do in modals: submit, pick a template, close with unsaved words, before and after a restart."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.chats.slack.acts import Knobs
from handlers.rules.policy import Template
from tests.bot.chats.slack.office import Office, office
from tests.bot.fakes import until
from tests.kit import TROUBLES

SLOW_HAND = Knobs(load_after=5.0, give_up_after=10.0, typed_every=3_600.0, close_within=5.0)


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


async def open_draft(team: Office) -> Any:
    card = await team.card(1)
    await team.person("ana").click(card, "Draft reply")
    return await team.modal("ana", "Reply to #1")


async def kept(team: Office) -> str:
    found = await team.station.bridge.read(lambda store: store.kept.get("ana", "draft", 1))
    return str((found or {}).get("text", ""))


async def drafts(team: Office) -> int:
    return int(await team.station.value("select count(*) from drafts"))


async def test_a_draft_is_submitted_approved_by_another_and_shown_in_the_thread(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    team.slack.may_ping.add(team.person("ana").id)  # Bo's answer concerns her
    await open_draft(team)
    await team.person("ana").submit({"Reply": "We are sorry."})
    told = await team.told("ana", "Draft saved for #1.")
    assert told.channel == card.channel
    assert team.person("ana").modal is None
    await team.deliver()
    (draft,) = [one for one in team.slack.replies(card) if "Draft reply" in one.words]
    assert "We are sorry." in draft.words
    await team.person("bo").click(draft, "Request changes")
    modal = await team.modal("bo", "#1")
    await team.person("bo").submit({modal.fields[0]: "Offer a refund."})
    await team.quiet()
    await team.deliver()
    assert "Offer a refund." in draft.words


async def test_what_people_type_in_a_thread_stays_with_them(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    before = len(team.desk.trouble.requests)
    await team.person("ana").say("#alerts", "earshot send 1 We are sorry.", thread=card)
    await team.quiet()
    assert len(team.desk.trouble.requests) == before


async def test_errors_stand_beside_their_field_and_the_form_stays(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").choose(card, "Snooze…")
    modal = await team.modal("ana", "Snooze #1")
    answer = await team.person("ana").submit({"until": "whenever"})
    assert any("whenever" in words for words in answer.errors.values())
    assert team.person("ana").modal is modal
    await team.person("ana").submit({"until": "2h"})
    assert team.person("ana").modal is None
    await team.deliver()
    assert "snoozed until" in card.words


async def test_what_the_card_shows_is_not_said_as_well(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    ana, bo = team.person("ana"), team.person("bo")
    await ana.click(card, "Resolve")
    await team.modal("ana", "Resolve #1")
    await ana.submit({"Why": "Fixed: put right"})
    await team.quiet()
    assert ana.ephemerals == []
    await bo.command("/earshot reopen 1", channel="#alerts")
    await (await bo.command("/earshot resolve 1", channel="#alerts")).arrives()
    await bo.submit({"Why": "Fixed: put right"})
    await team.told("bo", "#1 is resolved: fixed.")  # no card was clicked


async def test_a_draft_is_told_where_no_draft_was_clicked_and_what_is_saved_always(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    await open_draft(team)
    await team.person("ana").submit({"Reply": "We are sorry."})
    await team.told("ana", "Draft saved for #1.")
    await team.deliver()
    (draft,) = team.slack.replies(await team.card(1))
    await team.person("ana").click(draft, "Edit")
    await team.modal("ana", "Reply to #1")
    await team.person("ana").submit({"Reply": "We are very sorry."})
    await team.quiet()
    assert len(team.person("ana").ephemerals) == 1  # the draft itself shows it
    await team.person("ana").click(draft, "Edit")
    await team.modal("ana", "Reply to #1")
    await team.person("ana").submit({"Reply": "Not yet.", "Then": "Save for later, for me alone"})
    await team.told("ana", "Saved for you alone")


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_arguments"])
async def test_a_form_that_slack_does_not_take_is_drawn_in_the_older_blocks(team: Office, code: str) -> None:
    card = await team.new_case(TROUBLES[0])
    team.slack.faults.fail("views.open", code)
    answer = await team.person("ana").click(card, "Draft reply")
    modal = await team.modal("ana", "Reply to #1")
    assert answer.views == [modal]
    assert "rich_text" not in {block["type"] for block in modal.blocks}
    assert TROUBLES[0] in modal.words


async def test_a_modal_that_is_filled_falls_back_too(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=Knobs(load_after=0.01, give_up_after=10.0, typed_every=0.01)) as team:
        await team.new_case(TROUBLES[0])
        team.desk.trouble.gate = asyncio.Event()
        team.slack.faults.fail("views.update", "invalid_blocks")
        asked = asyncio.create_task(team.person("ana").command("/earshot show 1", channel="#alerts"))
        await team.modal("ana", "Loading…")
        team.desk.trouble.gate.set()
        await asked
        modal = await team.modal("ana", "Case #1")
        assert "rich_text" not in {block["type"] for block in modal.blocks}


async def test_a_team_that_wants_older_blocks_gets_them_in_modals_as_well(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    team.change_slack(classic=True)
    modal = await open_draft(team)
    assert "rich_text" not in {block["type"] for block in modal.blocks}
    await team.person("ana").shortcut("queue")
    modal = await team.modal("ana", "Queue: open")
    assert "rich_text" not in {block["type"] for block in modal.blocks}


async def test_an_act_that_is_refused_takes_no_words_away(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    await team.person("bo").command("/earshot resolve 1 fixed", channel="#alerts")
    answer = await team.person("ana").submit({"Reply": "We are sorry."})
    assert any("resolved by Bo" in words for words in answer.errors.values())
    assert team.person("ana").modal is modal
    assert "We are sorry." in modal.words


async def test_a_question_whose_answer_comes_too_late_says_so(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").choose(card, "Irrelevant")
    await team.modal("ana", "Are you sure?")
    await team.person("bo").command("/earshot resolve 1 fixed", channel="#alerts")
    await team.person("ana").submit()
    await team.modal("ana", "resolved by Bo")


async def test_a_template_is_put_into_the_form(team: Office) -> None:
    team.change_policy(templates=(Template("Sorry", "We are very sorry."),))
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    await team.person("ana").type(modal, "Reply", "Something else.")
    await team.person("ana").choose(modal, "Sorry", field="Template")
    await team.modal("ana", "We are very sorry.")
    assert team.person("ana").modal is modal
    assert await drafts(team) == 0
    await team.person("ana").submit()
    await team.told("ana", "Draft saved for #1.")
    assert await team.station.value("select text from drafts") == "We are very sorry."


async def test_a_template_takes_no_typed_words_away(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=SLOW_HAND) as team:
        team.change_policy(templates=(Template("Sorry", "We are very sorry."), Template("Thanks", "Thank you.")))
        await team.new_case(TROUBLES[0])
        modal = await open_draft(team)
        ana = team.person("ana")
        await ana.type(modal, "Reply", "My own long thought")
        for template, words in (("Sorry", "We are very sorry."), ("Thanks", "Thank you."), ("None", "My own long")):
            await ana.choose(modal, template, field="Template")
            await team.modal("ana", words)
        await ana.choose(modal, "Sorry", field="Template")
        await team.modal("ana", "We are very sorry.")
        await ana.close()
        modal = await open_draft(team)
        assert "My own long thought" in modal.words
        await ana.choose(modal, "Sorry", field="Template")
        await team.modal("ana", "We are very sorry.")
        await ana.close(values={"Reply": "We are very sorry, Jo."})  # typed after it was chosen
        assert "We are very sorry, Jo." in (await open_draft(team)).words


async def test_a_form_that_asks_for_more_turns_into_the_next(team: Office) -> None:
    team.change_policy(four_eyes=False)
    await team.new_case(TROUBLES[0])
    card = await team.card(1)
    await team.person("bo").click(card, "Draft reply")
    modal = await team.modal("bo", "Reply to #1")
    await team.person("bo").submit({"Reply": "We are sorry.", "Then": "It is sent already"})
    assert team.person("bo").modal is modal
    assert "Reply to #1" not in modal.title
    assert modal.callback_id == "form"


async def test_unsaved_words_are_kept_when_a_form_is_closed(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=SLOW_HAND) as team:
        await team.new_case(TROUBLES[0])
        await open_draft(team)
        await team.person("ana").close(values={"Reply": "We are so"})
        assert await drafts(team) == 0
        assert "We are so" in (await open_draft(team)).words


async def test_typed_words_are_kept_while_somebody_types(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    for words in ("We", "We are", "We are so"):
        await team.person("ana").type(modal, "Reply", words)

    async def is_kept() -> bool:
        return await kept(team) == "We are so"

    await until(is_kept)


async def test_typing_before_we_know_who_we_are_opens_nothing(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    team.directory.team_id = ""
    await team.person("ana").type(modal, "Reply", "We are so")
    await team.quiet()
    assert team.person("ana").modal is modal


async def test_typing_is_written_seldom_and_at_the_end(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=SLOW_HAND) as team:
        await team.new_case(TROUBLES[0])
        modal = await open_draft(team)
        before = len(team.desk.trouble.requests)
        for words in ("We", "We are", "We are so"):
            await team.person("ana").type(modal, "Reply", words)
        assert len(team.desk.trouble.requests) == before
        await team.surface.close()
        assert await kept(team) == "We are so"
        assert len(team.desk.trouble.requests) == before + 1


async def test_a_submitted_text_is_not_kept_whatever_comes_late(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=SLOW_HAND) as team:
        await team.new_case(TROUBLES[0])
        modal = await open_draft(team)
        await team.person("ana").type(modal, "Reply", "We are so")
        late = team.slack.deliveries[-1].body
        await team.person("ana").submit({"Reply": "We are sorry."})
        await team.told("ana", "Draft saved")
        await team.send(late)
        await team.surface.close()
        assert await kept(team) == ""


async def test_a_form_of_before_the_restart_works(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    await team.person("ana").type(modal, "Reply", "We are so")

    async def is_kept() -> bool:
        return await kept(team) == "We are so"

    await until(is_kept)
    await team.restart()
    await team.person("ana").submit({"Reply": "We are sorry."})
    await team.told("ana", "Draft saved for #1.")
    assert await kept(team) == ""


async def test_the_same_words_submitted_again_are_one_draft(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    await open_draft(team)
    await team.person("ana").submit({"Reply": "We are sorry."})
    await team.told("ana", "Draft saved")
    body = team.slack.deliveries[-1].body
    response = await team.send(body)
    await team.quiet()
    assert response.body == ""
    assert await drafts(team) == 1
    assert len(team.person("ana").ephemerals) == 1


async def test_a_submission_that_takes_too_long_is_answered_in_the_open_form(tmp_path: Path) -> None:
    async with office(tmp_path) as team:
        await team.new_case(TROUBLES[0])
        modal = await open_draft(team)
        await team.restart(Knobs(load_after=0.1, give_up_after=0.1))
        team.slack.ack_within = 0.3
        team.desk.trouble.gate = asyncio.Event()
        answer = await team.person("ana").submit({"Reply": "We are sorry."})
        assert answer.error
        team.desk.trouble.gate.set()
        assert await team.modal("ana", "Draft saved for #1.") is modal
        assert modal.callback_id == "words"


async def test_a_late_refusal_leaves_the_words_where_they_are(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    await team.person("bo").command("/earshot resolve 1 fixed", channel="#alerts")
    await team.restart(Knobs(load_after=0.1, give_up_after=0.1))
    team.slack.ack_within = 0.3
    team.desk.trouble.gate = asyncio.Event()
    await team.person("ana").submit({"Reply": "We are sorry."})
    team.desk.trouble.gate.set()
    await team.told("ana", "resolved by Bo")
    assert team.person("ana").modal is modal
    assert "We are sorry." in modal.words


async def test_a_form_from_app_home_is_answered_without_a_channel(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    await ana.command("/earshot claim 1", channel="#alerts")
    await ana.open_home()
    home = await until(lambda: _is(ana.home))
    await ana.click(home, "Show")
    screen = await team.modal("ana", "Diary")
    await ana.click(screen, "Resolve")
    await team.modal("ana", "Resolve #1")
    await ana.submit({"Why": "fixed"})
    await until(lambda: _is("#1" not in home.words))
    assert "#1 is resolved: fixed." in ana.modal.words  # the screen below it knows nothing of that
    await ana.close()
    assert ana.modal is screen
    assert await team.status(1) == "resolved"


async def test_a_form_straight_from_app_home_says_only_what_home_does_not_show(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    await ana.command("/earshot claim 1", channel="#alerts")
    await ana.open_home()
    home = await until(lambda: _is(ana.home))
    await ana.click(home, "Draft reply")
    await team.modal("ana", "Reply to #1")
    await ana.submit({"Reply": "We are sorry."})
    await team.modal("ana", "Draft saved for #1.")


async def test_a_failing_submission_keeps_the_form_and_names_a_reference(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    modal = await open_draft(team)
    team.desk.trouble.error = KeyError("zebra")
    answer = await team.person("ana").submit({"Reply": "We are sorry."})
    assert any("tell an admin the reference" in words for words in answer.errors.values())
    assert "We are sorry." in modal.words
    team.desk.trouble.error = None
    await team.person("ana").type(modal, "Reply", "We are so very sorry.")

    async def is_kept() -> bool:
        return await kept(team) == "We are so very sorry."

    await until(is_kept)
    await team.person("ana").submit()
    await team.told("ana", "Draft saved")


async def test_somebody_elses_modal_or_a_broken_one_does_nothing(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    await open_draft(team)
    await team.person("ana").submit({"Reply": "We are sorry."})
    body = team.slack.deliveries[-1].body
    for change in ({"private_metadata": "{broken"}, {"private_metadata": "[]"}, {"private_metadata": ""}):
        told = {**body, "view": {**body["view"], **change, "id": "V0NEW"}}
        assert (await team.send(told)).status == 200
    await team.quiet()
    assert await drafts(team) == 1


async def test_mute_shows_its_preview_before_it_does_anything(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    label = next(one for one in card.menu if "Mute" in one)
    await team.person("mia").choose(card, label)
    preview = await team.told("mia", "it would have hidden")
    assert await team.station.value("select count(*) from mutes") == 0
    await team.person("mia").click(preview, next(one for one in preview.buttons if one.startswith("Mute for")))
    await until(lambda: team.station.value("select count(*) from mutes"))
    await team.quiet()
    assert "is muted until" in preview.words


async def _is(condition: Any) -> Any:
    return condition
