"""What people do in Slack outside of modals: commands, mentions, direct messages, clicks, shortcuts, reactions."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.chats.slack import manifest
from bot.chats.slack.acts import Knobs
from bot.chats.slack.incoming import SURFACE
from bot.chats.slack.surface import Surface
from handlers.rules.policy import Member
from tests.bot.chats.slack.office import SOON, Office, office
from tests.bot.fakes import until
from tests.kit import TROUBLES
from tests.slack.world import TEAM

HURRIED = Knobs(load_after=0.05, give_up_after=0.2, typed_every=0.01, close_within=5.0)


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


# The line


async def test_a_command_is_answered_privately_in_its_acknowledgement(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    answer = await team.person("ana").command("/earshot claim 1", channel="#alerts")
    assert answer.ack["response_type"] == "ephemeral"
    assert "#1 is yours." in answer.words
    assert await team.assignee(1) == "ana"


async def test_an_empty_line_is_help(team: Office) -> None:
    answer = await team.person("ana").command("/earshot", channel="#alerts")
    assert "claim" in answer.words
    assert "queue" in answer.words


async def test_a_typing_error_is_answered_with_a_guess(team: Office) -> None:
    answer = await team.person("ana").command("/earshot qeue", channel="#alerts")
    assert "Did you mean queue?" in answer.words.replace("`", "")


async def test_people_and_channels_in_a_line_are_understood(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    answer = await team.person("mia").command("/earshot assign 1 @bo", channel="#alerts")
    assert "#1 is Bo's now." in answer.words
    await team.person("mia").command("/earshot escalate 1 #alerts is waiting", channel="#alerts")
    assert [one.words for one in team.desk.trouble.requests][-2:] == ["1 @bo", "1 #alerts is waiting"]


async def test_a_form_is_opened_by_a_command(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    await team.person("ana").command("/earshot draft 1", channel="#alerts")
    modal = await team.modal("ana", "Reply to #1")
    assert TROUBLES[0] in modal.words


async def test_a_form_that_cannot_be_opened_is_offered_as_a_button(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    team.slack.faults.fail("views.open", "expired_trigger_id")
    await team.person("ana").command("/earshot draft 1", channel="#alerts")
    offered = await team.told("ana", "This is done in a form: open it.")
    await team.person("ana").click(offered, "Reply to #1")
    await team.modal("ana", TROUBLES[0])


async def test_the_same_verbs_by_mention_in_a_thread(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").say("#alerts", "claim 1", thread=card)
    await team.person("bo").mention("#alerts", "@earshot claim 1", thread=card)
    told = await team.told("bo", "#1 is yours.")
    assert told.thread_ts == card.ts
    assert await team.assignee(1) == "bo"
    assert team.person("ana").ephemerals == []


async def test_in_the_thread_of_a_case_its_number_need_not_be_typed(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("bo").mention("#alerts", "@earshot note she is happy", thread=card)
    await team.told("bo", "Noted on #1.")
    await team.person("bo").mention("#alerts", "@earshot claim", thread=card)
    await team.told("bo", "#1 is yours.")
    await team.deliver()
    assert not [one for one in team.slack.replies(card) if "Bo notes" in one.words]  # it was said there


async def test_a_mention_may_stand_behind_the_words(team: Office) -> None:
    await team.person("ana").mention("#alerts", "queue unclaimed @earshot")
    await team.told("ana", "Queue: unclaimed")


async def test_direct_messages_are_answered_there(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    first = await team.person("ana").dm("queue")

    async def answers() -> list[Any]:
        return [one for one in team.slack.messages("@ana") if one.user == team.slack.bot.id]

    (answer,) = await until(answers)
    assert "Queue: open" in answer.words
    assert "Share to channel" not in answer.buttons
    await team.person("ana").dm("claim 1", thread=first)
    await team.quiet()
    assert "#1 is yours." in (await answers())[1].words
    assert (await answers())[1].thread_ts == first.ts


async def test_a_repeated_event_is_done_once_and_answered_once(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    for line in ("claim 1", "queue", "resolve 1 nonsense"):
        await team.person("ana").mention("#alerts", f"@earshot {line}")
        body = team.slack.deliveries[-1].body
        await team.quiet()
        told = len(team.person("ana").ephemerals)
        response = await team.send(body, **{"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"})
        assert response.status == 200
        await team.quiet()
        assert len(team.person("ana").ephemerals) == told, line
    assert await team.status(1) == "claimed"


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted", "hidden": True},
        {"edited": {"user": "U1", "ts": "1.0"}},
    ],
)
async def test_bots_and_old_words_never_act(team: Office, change: dict[str, Any]) -> None:
    await team.new_case(TROUBLES[0])
    ana = team.slack.user("ana").id
    for event in (
        {"type": "app_mention", "channel": team.slack.channel("#alerts").id, "text": f"<@{team.slack.bot.id}> claim 1"},
        {"type": "message", "channel_type": "im", "channel": team.slack.channel("@ana").id, "text": "claim 1"},
    ):
        body = {"type": "event_callback", "team_id": "T0HERON", "event_id": f"Ev{event['type']}"}
        told = {**body, "event": {"user": ana, "ts": "1.0", **event, **change}}
        assert (await team.send(told)).status == 200
    await team.quiet()
    assert await team.status(1) == "open"
    assert team.person("ana").ephemerals == []


# Clicks


async def test_a_click_changes_the_card_and_says_nothing(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    answer = await team.person("ana").click(card, "Claim")
    await team.quiet()
    await team.deliver()
    assert "claimed by Ana" in card.words
    assert answer.words == ""
    assert team.person("ana").ephemerals == []


async def test_the_loser_of_a_race_is_told_who_won(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("bo").click(card, "Claim")
    await team.person("ana").click(card, "Claim", is_late=True)
    await team.told("ana", "Bo claimed #1")
    assert await team.assignee(1) == "bo"


async def test_an_error_in_a_thread_is_told_there(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").command("/earshot draft 1 We are sorry.", channel="#alerts")
    await team.deliver()
    (draft,) = [one for one in team.slack.replies(card) if "Draft reply" in one.words]
    await team.person("ana").click(draft, "Approve")
    told = await team.told("ana", "approve")
    assert told.thread_ts == card.ts
    await team.person("bo").click(draft, "Approve")
    await team.quiet()
    await team.deliver()
    assert "approved by Bo" in draft.words


async def test_forty_people_claim_at_once(tmp_path: Path) -> None:
    async with office(tmp_path, more=40) as team:
        card = await team.new_case(TROUBLES[0])
        people = [team.person(f"p{number}") for number in range(40)]
        await asyncio.gather(*(person.click(card, "Claim") for person in people))
        await team.quiet()
        winner = await team.assignee(1)
        losers = [person for person in people if person.user.name != winner]
        assert len(losers) == 39
        for person in losers:
            (told,) = person.ephemerals
            assert f"{winner.title()} claimed #1" in told.words
        assert await team.station.value("select count(*) from case_events where kind = 'claimed'") == 1


async def test_a_repeated_click_is_silent(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").click(card, "Claim")
    body = team.slack.deliveries[-1].body
    assert (await team.send(body)).status == 200
    await team.quiet()
    assert team.person("ana").ephemerals == []


async def test_a_menu_opens_a_form_and_asks_before_what_it_cannot_ask_itself(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").choose(card, "Snooze…")
    await team.modal("ana", "Snooze #1")
    await team.person("ana").close()
    label = next(one for one in card.menu if "rrelevant" in one)
    await team.person("ana").choose(card, label)
    await team.modal("ana", "Are you sure?")
    assert await team.status(1) == "open"
    await team.person("ana").submit()
    await team.quiet()
    assert await team.status(1) == "resolved"
    assert team.person("ana").modal is None


async def test_a_broken_button_is_answered_with_a_sentence(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    for block in card.blocks:
        for element in block.get("elements", ()):
            if element.get("type") == "button":
                element["value"] = "{broken"
    await team.person("ana").click(card, "Claim")
    await team.told("ana", "cannot be read any more")


async def test_pages_turn_in_their_place_and_other_answers_come_beside(team: Office) -> None:
    for number in range(10):
        await team.station.open_case(f"heron lost my bag {chr(97 + number) * 9} {chr(98 + number) * 7} fraud")
    answer = await team.person("ana").command("/earshot queue", channel="#alerts")
    (screen,) = answer.messages
    await team.person("ana").click(screen, "More ›")
    await team.quiet()
    assert "page 2 of 2" in screen.words
    assert len(team.person("ana").ephemerals) == 1
    await team.person("ana").click(screen, "Claim")
    await team.told("ana", "is yours.")
    await team.person("ana").click(screen, "Show")
    await team.told("ana", "Diary")
    assert "page 2 of 2" in screen.words


async def test_link_buttons_are_acknowledged(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    body = {
        "type": "block_actions",
        "user": {"id": team.slack.user("ana").id, "team_id": "T0HERON"},
        "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel, "is_ephemeral": False},
        "channel": {"id": card.channel},
        "actions": [{"type": "button", "action_id": "open:0", "block_id": "b", "action_ts": "1.0"}],
    }
    requests = len(team.desk.trouble.requests)
    assert (await team.send(body)).status == 200
    assert len(team.desk.trouble.requests) == requests


# Sharing


async def test_an_answer_is_shared_once_by_the_one_who_asked(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    before = len(team.slack.messages("#alerts"))
    answer = await team.person("ana").command("/earshot queue", channel="#alerts")
    (private,) = answer.messages
    await team.person("ana").click(private, "Share to channel")
    await team.quiet()
    shared = team.slack.messages("#alerts")[before:]
    assert len(shared) == 1
    assert "Shared by Ana" in shared[0].words
    assert "Queue: open · at" in shared[0].words
    assert "Share to channel" not in private.buttons
    body = next(one.body for one in reversed(team.slack.deliveries) if one.kind == "interactive")
    await team.send(body)
    await team.quiet()
    assert len(team.slack.messages("#alerts")) == before + 1


async def test_nobody_shares_what_another_asked(team: Office) -> None:
    answer = await team.person("ana").command("/earshot queue", channel="#alerts")
    before = len(team.slack.messages("#alerts"))
    await team.person("ana").click(answer.messages[0], "Share to channel")
    await team.quiet()
    body = next(one.body for one in reversed(team.slack.deliveries) if one.kind == "interactive")
    for held in team.surface._shares._held._held.values():
        held.is_shared = False
    forged = {**body, "user": {"id": team.slack.user("bo").id, "team_id": "T0HERON"}}
    await team.send(forged)
    await team.quiet()
    assert len(team.slack.messages("#alerts")) == before + 1


async def test_an_answer_of_before_the_restart_is_too_old_to_be_shared(team: Office) -> None:
    answer = await team.person("ana").command("/earshot queue", channel="#alerts")
    team.surface._shares._held._held.clear()
    await team.person("ana").click(answer.messages[0], "Share to channel")
    await team.told("ana", "too old to be shared")


async def test_nothing_is_shared_where_we_are_not(team: Office) -> None:
    team.slack.add_channel("elsewhere", ["ana"], bot_in=False)
    answer = await team.person("ana").command("/earshot queue", channel="#elsewhere")
    await team.person("ana").click(answer.messages[0], "Share to channel")
    await team.told("ana", "This was not shared.")
    assert team.slack.messages("#elsewhere") == []


# Shortcuts


async def test_any_message_is_tracked(team: Office) -> None:
    message = await team.person("bo").say("#alerts", "My sister wrote that Heron lost her bag & nobody <answers>")
    await team.person("ana").shortcut("track", message)
    await team.quiet()
    modal = team.person("ana").modal
    assert modal is not None
    assert "lost her bag & nobody <answers>" in modal.words
    assert team.slack.permalink(message) in modal.words
    cases = await team.station.value("select count(*) from cases")
    assert cases == 0


async def test_our_own_card_is_not_tracked_as_a_mention(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ana").shortcut("track", card)
    await team.told("ana", "That is case #1")
    assert team.person("ana").modal is None


async def test_what_one_of_us_passes_on_keeps_its_link_and_is_nobodys_of_us(team: Office) -> None:
    link = "https://birds.example/p/7?a=1&b=2"
    message = await team.person("bo").say("#alerts", f"look at this {link} heron again")
    await team.person("ana").shortcut("track", message)
    modal = await team.modal("ana", "Track a mention")
    assert link in modal.words.split("\n")
    assert not {"Bo", message.user} & set(modal.words.split("\n"))
    await team.person("ana").close()
    bare = await team.person("bo").say("#alerts", link)
    await team.person("ana").shortcut("track", bare)
    modal = await team.modal("ana", "Track a mention")
    assert modal.words.count(link) == 1  # as the link, not as what was said
    await team.person("ana").close()


@pytest.mark.parametrize(
    "author",
    [
        {"user": "U0EVE", "user_team": "T0OTHER", "user_profile": {"display_name": "Kim of Plover"}},
        {"user": "U0BOT", "bot_id": "B0FORMS", "username": "Kim of Plover"},
    ],
)
async def test_what_a_customer_or_another_program_wrote_is_theirs(team: Office, author: dict[str, Any]) -> None:
    place = team.slack.channel("#alerts")
    trigger = team.slack.new_trigger(team.person("ana").id)
    body = {"type": "message_action", "callback_id": "track", "trigger_id": trigger, "channel": {"id": place.id}}
    body |= {"user": {"id": team.person("ana").id, "team_id": TEAM}, "team": {"id": TEAM}, "message_ts": "1712.1"}
    await team.send(body | {"message": {"ts": "1712.1", "text": "Heron lost my bag", **author}})
    await team.modal("ana", "Kim of Plover")


async def test_a_note_is_not_repeated_in_the_thread_where_it_was_said(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    message = await team.person("bo").say("#alerts", "I called her back.", thread=card)
    await team.person("ana").shortcut("note", message)
    await team.told("ana", "Noted on #1.")
    await team.person("ana").command("/earshot note 1 She is happy.", channel="#alerts")
    await team.deliver()
    said = [one.words for one in team.slack.replies(card)]
    assert said == ["I called her back.", "Ana notes: She is happy."]


async def test_a_message_in_a_cards_thread_becomes_a_note(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    message = await team.person("bo").say("#alerts", "I called her back.", thread=card)
    assert await team.station.value("select count(*) from case_events where kind = 'note'") == 0
    await team.person("ana").shortcut("note", message)
    await team.told("ana", "Noted on #1.")
    detail = await team.station.value("select detail from case_events order by rowid desc limit 1")
    assert "I called her back." in detail


async def test_a_note_from_elsewhere_asks_for_its_case(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    message = await team.person("bo").say("#alerts", "I called her back.")
    await team.person("ana").shortcut("note", message)
    await team.modal("ana", "I called her back.")
    await team.person("ana").submit({"Case": "1"})
    await team.told("ana", "Noted on #1.")


async def test_the_queue_opens_from_anywhere_and_works_there(team: Office) -> None:
    for number in range(10):
        await team.station.open_case(f"heron lost my bag {chr(97 + number) * 9} {chr(98 + number) * 7} fraud")
    ana = team.person("ana")
    await ana.shortcut("queue")
    screen = await team.modal("ana", "Queue: open")
    await ana.click(screen, "More ›")
    assert await team.modal("ana", "page 2 of 2") is screen
    await ana.click(screen, "Claim")
    await team.modal("ana", "is yours.")
    await ana.close()
    await ana.click(screen, "Draft reply" if "Draft reply" in screen.buttons else "Show")
    await until(lambda: _is(ana.modal is not screen))


# Reactions


async def test_reactions_claim_and_resolve_and_are_taken_back(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    await ana.react(card, "eyes")
    assert await team.assignee(1) == "ana"
    await ana.unreact(card, "eyes")
    assert await team.status(1) == "open"
    await ana.react(card, "white_check_mark")
    assert await team.status(1) == "resolved"
    assert ana.ephemerals == []


async def test_a_reaction_that_cannot_be_done_is_told_privately(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("bo").react(card, "eyes")
    await team.person("ana").react(card, "eyes")
    await team.told("ana", "Bo claimed #1")


async def test_reactions_mean_nothing_when_switched_off_or_elsewhere_or_by_others(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    other = await team.person("bo").say("#alerts", "lunch?")
    await team.person("ana").react(other, "eyes")
    await team.person("ana").react(card, "tada")
    await team.person("ned").react(card, "eyes")
    team.change_slack(reactions=False)
    await team.person("bo").react(card, "eyes")
    await team.quiet()
    assert await team.status(1) == "open"
    assert [team.person(name).ephemerals for name in ("ana", "bo", "ned")] == [[], [], []]


# Who may


async def test_strangers_have_no_effect_and_are_told_so_privately(
    team: Office, caplog: pytest.LogCaptureFixture
) -> None:
    card = await team.new_case(TROUBLES[0])
    team.change_policy(members=(*team.desk.known.members, _member_of(team, "eve")))
    await team.directory.refresh()
    eve, events = team.person("eve"), await team.events()
    with caplog.at_level(logging.WARNING):
        await eve.click(card, "Claim")
        await team.told("eve", "belong to another company")
        await eve.mention("#alerts", "@earshot claim 1")
        await eve.react(card, "eyes")
        answer = await eve.command("/earshot claim 1", channel="#alerts")
        await eve.shortcut("track", card)
        await team.quiet()
    assert "belong to another company" in answer.words
    assert await team.events() == events
    assert not any(request.verb != "home" for request in team.desk.trouble.requests)
    refused = [one for one in caplog.records if "refused" in one.message]
    assert {one.slack_user for one in refused} == {eve.id}  # type: ignore[attr-defined]


async def test_listed_outsiders_act_where_they_may(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    team.change_policy(members=(*team.desk.known.members, _member_of(team, "eve")))
    team.change_slack(outsiders=True)
    await team.person("eve").click(card, "Claim")
    assert await team.assignee(1) == "eve"


async def test_somebody_without_a_role_is_told_so(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.person("ned").click(card, "Claim")
    await team.told("ned", "You have no role here.")
    assert await team.status(1) == "open"


async def test_nothing_is_done_in_a_channel_shared_with_another_company(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    await team.slack.share("#alerts")
    await team.directory.refresh()
    await team.person("ana").click(card, "Claim")
    await team.told("ana", "shared with another company")
    assert await team.status(1) == "open"


async def test_before_we_know_who_we_are_nobody_acts(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    team.directory.team_id = ""
    await team.person("ana").click(card, "Claim")
    await team.told("ana", "only just starting")
    team.slack.ack_within = 0.2
    await team.person("ana").mention("#alerts", "@earshot claim 1")
    assert not team.slack.deliveries[-1].is_acked  # Slack brings it again
    assert await team.status(1) == "open"


# Slow and failing


async def test_what_takes_long_opens_a_modal_that_is_filled_later(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=Knobs(load_after=0.05, give_up_after=30.0)) as team:
        card = await team.new_case(TROUBLES[0])
        team.desk.trouble.gate = asyncio.Event()
        click = asyncio.create_task(team.person("ana").click(card, "Draft reply"))
        await team.modal("ana", "Loading…")
        team.desk.trouble.gate.set()
        assert (await click).error == ""
        modal = await team.modal("ana", "Reply to #1")
        assert modal.callback_id == "form"


async def test_a_failure_is_told_in_the_modal_that_waits_for_it(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=Knobs(load_after=0.05, give_up_after=30.0)) as team:
        card = await team.new_case(TROUBLES[0])
        team.desk.trouble.gate, team.desk.trouble.late_error = asyncio.Event(), KeyError("zebra")
        click = asyncio.create_task(team.person("ana").click(card, "Draft reply"))
        modal = await team.modal("ana", "Loading…")
        team.desk.trouble.gate.set()
        await click
        assert await team.modal("ana", "tell an admin the reference") is modal


async def test_what_takes_too_long_is_not_acknowledged_and_answered_late(tmp_path: Path) -> None:
    async with office(tmp_path, knobs=Knobs(load_after=0.1, give_up_after=0.1)) as team:
        await team.new_case(TROUBLES[0])
        team.slack.faults.fail("views.open", "expired_trigger_id", times=5)
        team.slack.ack_within = 0.3
        team.desk.trouble.gate = asyncio.Event()
        answer = await team.person("ana").command("/earshot claim 1", channel="#alerts")
        assert answer.error
        team.desk.trouble.gate.set()
        await team.told("ana", "#1 is yours.")


async def test_the_effect_is_there_before_the_acknowledgement(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    team.desk.trouble.gate = asyncio.Event()
    click = asyncio.create_task(team.person("ana").click(card, "Claim"))

    async def claimed() -> bool:
        return await team.status(1) == "claimed"

    await until(claimed)
    assert not team.slack.deliveries[-1].is_acked
    team.desk.trouble.gate.set()
    await click
    assert team.slack.deliveries[-1].is_acked


async def test_a_failure_gives_the_person_and_the_log_one_reference(
    team: Office, caplog: pytest.LogCaptureFixture
) -> None:
    card = await team.new_case(TROUBLES[0])
    team.desk.trouble.error = KeyError("zebra")
    answer = await team.person("ana").command("/earshot draft 1 secret words", channel="#alerts")
    await team.person("ana").click(card, "Claim")
    references = [one.reference for one in caplog.records if hasattr(one, "reference")]
    assert len(references) == 2
    assert references[0] in answer.words
    told = await team.told("ana", f"tell an admin the reference {references[1]}")
    assert "zebra" not in answer.words + told.words
    assert "secret words" not in caplog.text


async def test_a_failing_event_comes_again_and_is_told_once(team: Office) -> None:
    team.desk.trouble.error = KeyError("zebra")
    team.slack.ack_within = 0.2
    await team.person("ana").mention("#alerts", "@earshot claim 1")
    delivery = team.slack.deliveries[-1]
    await delivery.is_over.wait()
    await team.quiet()
    assert len(delivery.attempts) == 3
    assert not delivery.is_acked
    assert len(team.person("ana").ephemerals) == 1


async def test_what_nobody_listens_to_is_acknowledged_and_logged_once_by_type(
    team: Office, caplog: pytest.LogCaptureFixture
) -> None:
    ana = {"id": team.slack.user("ana").id, "team_id": "T0HERON"}
    with caplog.at_level(logging.INFO):
        for words in ("zebra one", "zebra two"):
            event = {"type": "team_join", "user": ana["id"], "text": words}
            body = {"type": "event_callback", "team_id": "T0HERON", "event_id": words, "event": event}
            assert (await team.send(body)).status == 200
    said = [one.message for one in caplog.records if "nobody listens" in one.message]
    assert said == ["Slack sends what nobody listens to: team_join"]
    assert "zebra" not in caplog.text


async def test_people_see_an_answer_also_where_we_are_not_let_in(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    team.slack.faults.fail("chat.postEphemeral", "user_not_in_channel")
    await team.person("ana").mention("#alerts", "@earshot claim 1")

    async def direct() -> list[Any]:
        return team.slack.messages("@ana")

    (told,) = await until(direct)
    assert "#1 is yours." in told.words


# Around


async def test_without_a_signing_secret_nothing_is_taken_by_http(team: Office) -> None:
    body = {"type": "event_callback", "event": {"type": "app_mention"}}
    told = await team.surface.app.async_dispatch(AsyncBoltRequest(mode="http", body=json.dumps(body)))
    assert told.status == 401


async def test_by_http_only_what_slack_has_signed_is_taken(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    secret = team.slack.signing_secret
    surface = Surface(
        team.desk, team.wire, team.directory, now=team.station.clock, signing_secret=secret, home=None, knobs=SOON
    )
    form = {"command": "/earshot", "text": "claim 1", "user_id": team.person("ana").id, "team_id": "T0HERON"}
    body = urlencode({**form, "trigger_id": "1.2.3", "channel_id": team.slack.channel("#alerts").id})
    for given, status in ((secret, 200), ("another", 401)):
        stamp = str(int(time.time()))
        signature = SignatureVerifier(given).generate_signature(timestamp=stamp, body=body)
        headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": str(signature)}
        headers["content-type"] = "application/x-www-form-urlencoded"
        told = await surface.app.async_dispatch(AsyncBoltRequest(mode="http", body=body, headers=headers))
        assert told.status == status
    await surface.close()
    assert await team.assignee(1) == "ana"
    assert await team.events() == 2


async def test_changes_over_there_make_the_directory_look_again(team: Office) -> None:
    team.slack.add_channel("new", ["ana"], bot_in=False)
    running = asyncio.create_task(team.directory.run())
    team.directory._hinted.clear()
    told = {"type": "member_joined_channel", "user": team.person("ana").id, "channel": "C1"}
    await team.send({"type": "event_callback", "team_id": "T0HERON", "event_id": "Ev1", "event": told})
    assert not team.directory._hinted.is_set()
    await team.slack.invite_bot("#new")
    assert team.directory._hinted.is_set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_app_home_opens_and_its_buttons_work(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    await ana.open_home()
    await until(lambda: _is(ana.home))
    await ana.click(ana.home, "Claim")
    await until(lambda: _is(ana.home is not None and "Claim" not in ana.home.buttons))
    assert await team.assignee(1) == "ana"
    assert ana.modal is None
    await ana.click(ana.home, "Draft reply")
    await team.modal("ana", "Reply to #1")


def test_the_manifest_and_the_listeners_are_one() -> None:
    told = manifest.manifest()
    features, events = told["features"], told["settings"]["event_subscriptions"]["bot_events"]
    assert {one["command"] for one in features["slash_commands"]} == set(SURFACE.commands)
    assert set(events) == set(SURFACE.events)
    shortcuts = {(one["callback_id"], one["type"]) for one in features["shortcuts"]}
    assert shortcuts == {(one.callback_id, one.kind) for one in SURFACE.shortcuts}


async def _is(condition: Any) -> Any:
    return condition


def _member_of(team: Office, name: str) -> Any:
    return Member(name, name.title(), slack=team.slack.user(name).id)
