"""The main job by a team that is in Slack and in Discord at once: the whole program, and a strict fake of each."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import utc_now
from handlers import chat_alarms
from handlers.context import ChatState
from handlers.jobs import briefing, storm
from storage.store import Store
from storage.tallies import Cell
from storage.types import to_text
from tests.bot.running import Running, add_calls
from tests.kit import PRAISE, TROUBLES
from tests.prove.killing import programs
from tests.two_chats import Team, becomes, outside, sees, start, two_chats, working

REPLY = "We are sorry, Jo. Your suitcase is on its way to you."
LINK = "https://birds.example/reply/1"
DONE = ["Reopen", "Show"]
PNG = b"\x89PNG\r\n\x1a\n"
Pause = Callable[[], Awaitable[None]]


async def go_on() -> None:
    """Nothing happens in between."""


async def main_job(team: Team, pause: Pause = go_on) -> None:
    """From a mention to a resolved case. `pause` is called at four bad moments, each before cards changed."""
    in_slack, in_discord = await team.case(1, TROUBLES[0])
    bo, mia = team.in_discord("bo"), team.in_slack("mia")
    assert (in_slack.buttons[:2], in_discord.buttons[:2]) == (["Claim", "Draft reply"],) * 2

    held = team.slack.faults.hold("chat.update")  # Slack's card is late
    assert not (await bo.click(in_discord, "Claim")).error
    answer = await (await mia.click(in_slack, "Claim")).arrives()
    assert "Bo claimed #1" in answer.words
    assert answer.messages[0].ephemeral_to == mia.id
    await pause()
    assert held.gate is not None
    held.gate.set()
    await becomes(in_discord, "claimed by Bo")
    await becomes(in_slack, "claimed by Bo")

    await (await team.in_slack("bo").click(in_slack, "Draft reply")).arrives()
    await pause()
    await team.in_slack("bo").submit({"Reply": REPLY})
    draft_in_slack = await team.slack_reply(in_slack, REPLY)
    draft = await team.discord_reply(in_discord, REPLY)
    assert "proposed by Bo" in draft.words
    answer = await (await bo.click(draft, "Approve")).arrives()
    assert "You wrote this draft, so somebody else must approve it" in answer.words
    assert answer.messages[0].ephemeral_to == bo.id
    assert "proposed by Bo" in draft_in_slack.words

    assert not (await team.in_discord("mia").click(draft, "Approve")).error
    await pause()
    await becomes(draft, "approved by Mia")
    await becomes(draft_in_slack, "approved by Mia")
    await (await bo.click(draft, "Mark as sent")).arrives()
    await pause()
    await bo.submit({"Link to your reply": LINK})
    for card in (in_discord, in_slack):
        await becomes(card, "answered by Bo")
    for one in (draft, draft_in_slack):
        await becomes(one, "sent by Bo")

    await (await team.in_slack("bo").click(in_slack, "Resolve")).arrives()
    await team.in_slack("bo").submit({"Why": "Fixed: put right"})
    for one in (in_discord, in_slack):
        await becomes(one, "resolved: fixed")
    assert in_slack.buttons == DONE
    assert in_discord.buttons == [*DONE, "Open"]
    for one in (in_discord, in_slack):
        assert "Why:" not in one.words, "the card is small"
    kinds = [kind for (kind,) in team.rows("select kind from case_events where case_id = 1 order by seq")]
    assert kinds[1:] == ["claimed", "drafted", "approved", "answered", "resolved"]
    assert (len(team.slack_cards()), len(team.discord.cards("#alerts"))) == (1, 1)
    assert [len(team.slack.replies(in_slack)), len(team.discord.replies(in_discord))] == [1, 1]
    await team.quiet()


async def test_from_a_mention_to_a_resolved_case_in_both_chats(tmp_path: Path) -> None:
    async with working(tmp_path) as (team, _):
        await main_job(team)


@pytest.mark.long
async def test_the_same_while_the_program_is_killed_four_times(tmp_path: Path) -> None:
    async with two_chats(tmp_path) as team, programs(tmp_path, *outside(team)) as program:

        async def die() -> None:
            await program.kill()
            await start(team, program)
            team.slack.faults.clear()

        await start(team, program)
        await main_job(team, die)
        team.check()
        assert team.discord.hub.identifies == 5


# One person, two accounts


@pytest.mark.long
async def test_one_person_by_link_cannot_approve_her_own_draft_in_the_other_chat(tmp_path: Path) -> None:
    roles = '[discord.roles]\nSupport = ["approver"]\n'
    async with working(tmp_path, {"bo": "slack"}, roles) as (team, _):
        in_slack, in_discord = await team.case(1, TROUBLES[0])
        bo_in_slack, bo = team.in_slack("bo"), team.in_discord("bo")
        told = await (await bo_in_slack.command("/earshot link", channel="#alerts")).arrives()
        found = re.search(r"link (?:words:)?([A-Z0-9]{4}-[A-Z0-9]{4})", told.words)
        assert found, told.words
        asked = await (await bo.slash("#alerts", "earshot more link", words=found[1])).arrives()
        assert "Are you Bo in Slack" in asked.words
        await (await bo.click(asked.messages[-1], "Yes, I am Bo")).arrives()
        assert "Linked: you are @bo in Slack and in Discord" in asked.words + bo.private[-1].words

        await bo_in_slack.command(f"/earshot draft 1 {REPLY}", channel="#alerts")
        draft = await team.discord_reply(in_discord, REPLY)
        answer = await (await bo.click(draft, "Approve")).arrives()
        assert "You wrote this draft" in answer.words
        assert team.value("select state from drafts") == "proposed"
        await team.in_discord("mia").click(draft, "Approve")
        await becomes(await team.slack_reply(in_slack, REPLY), "approved by Mia")
        await team.quiet()


# Beside the main job


@pytest.mark.long
async def test_a_change_on_the_page_is_shown_by_both_chats(tmp_path: Path) -> None:
    async with working(tmp_path) as (team, opened):
        cards = await team.case(1, TROUBLES[0])
        mia = await opened.person("mia")
        await mia.press("claim", 1)
        for card in cards:
            await becomes(card, "claimed by Mia")
        await team.in_discord("mia").click(cards[1], "Release")
        await becomes(cards[0], "open")
        assert "Claim" in cards[0].buttons
        await team.quiet()


@pytest.mark.long
async def test_while_discord_is_down_slack_goes_on_and_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    more = ('escalate_to = "local:#leads"', 'escalate_to = "local:#leads"\nalarms_to = "slack:#alerts"')
    async with working(tmp_path, change=more) as (team, opened):
        room = opened.app.discord
        assert room is not None
        room.chat.settle = 1.0
        in_slack, in_discord = await team.case(1, TROUBLES[0])
        team.discord.hub.is_down = True
        team.discord.hub.cut()
        trouble = team.discord.faults.drop_before("*", times=None)
        await sees(lambda: not room.health()[0])

        await team.in_slack("ana").click(in_slack, "Claim")
        await becomes(in_slack, "claimed by Ana")
        team.happens(2, TROUBLES[1])
        second = await team.slack_card(TROUBLES[1])
        await look_for_outages(opened)
        alarm = await team.slack_message("Discord cannot be reached since")
        assert "wait" in alarm.words
        await team.in_slack("bo").click(second, "Claim")
        await becomes(second, "claimed by Bo")
        assert "claimed" not in in_discord.words

        team.discord.hub.is_down = False
        team.discord.faults.clear()
        assert trouble.times is None
        await becomes(in_discord, "claimed by Ana")
        await becomes(await team.discord_card(TROUBLES[1]), "claimed by Bo")
        await sees(lambda: room.health()[0], 60)
        await look_for_outages(opened)
        await team.slack_message("Discord is back since")
        await team.quiet()


async def look_for_outages(opened: Running) -> None:
    """As the clock does, but without its patience."""

    def look(store: Store) -> None:
        rooms = (opened.app.slack, opened.app.discord)
        with store.transaction():
            for _ in range(2):  # what is noted, then what has lasted
                ctx = opened.app._context(store, tuple(ChatState(one.chat.name, *one.health()) for one in rooms if one))
                chat_alarms.watch(ctx, patience=timedelta(0), steady=timedelta(0), again=timedelta(0))

    await opened.app.bridge.write(look)
    opened.app.deliverer.ring()


@pytest.mark.long
async def test_a_storm_comes_and_a_briefing_with_its_chart(tmp_path: Path) -> None:
    async with working(tmp_path) as (team, opened):
        hour = utc_now().replace(minute=0, second=0, microsecond=0)

        def ten_quiet_days(store: Store) -> None:
            source = store.sources.id_of("calls", "file", hour)
            hours = [to_text(hour - timedelta(hours=number)) for number in range(1, 24 * 10)]
            with store.transaction():
                store.tallies.add([Cell(at, ("Heron Air",), source, "negative", 1) for at in hours])

        await opened.app.bridge.write(ten_quiet_days)
        now = utc_now().isoformat()
        texts = [f"{PRAISE} {chr(97 + number % 26) * 5} {chr(97 + number // 2) * 6}" for number in range(45)]
        add_calls(tmp_path, "many.jsonl", *({"id": f"m{n}", "text": text, "date": now} for n, text in enumerate(texts)))
        await opened.becomes("select count(*) from mentions", 45)
        await opened.app._tick(storm)
        card = await team.discord_message("Storm around Heron Air: 45 mentions in an hour")
        assert "Calm: single cards again" in card.buttons
        await team.slack_message("Storm around Heron Air: 45 mentions in an hour")
        ana, mia = team.in_discord("ana"), team.in_discord("mia")
        answer = await (await mia.slash("#alerts", "earshot more briefing", words="add daily 08:30 #alerts")).arrives()
        assert "#alerts in Discord gets a briefing daily at 08:30" in answer.words
        before = to_text(utc_now() - timedelta(days=2))
        await opened.app.bridge.write(lambda store: store.engine.run("update schedules set created_at = ?", (before,)))
        await opened.app._tick(briefing)
        told = await team.discord_message("Heron & Plover: daily briefing")
        assert [one[:8] for one in ana.pictures(told)] == [PNG]
        await team.quiet()


@pytest.mark.long
async def test_a_summary_and_its_table_are_for_the_asker_alone(tmp_path: Path) -> None:
    async with working(tmp_path) as (team, _):
        await team.case(1, TROUBLES[0])
        ana, bo = team.in_discord("ana"), team.in_discord("bo")
        answer = await (await ana.slash("#alerts", "earshot summary", what="7d")).arrives()
        shown = answer.messages[-1]
        assert [one[:8] for one in ana.pictures(shown)] == [PNG]
        await (await ana.click(shown, "CSV")).arrives()
        table = await sees(lambda: next((one for one in ana.private if one.files and one is not shown), None))
        assert table.files[0].name.endswith(".csv")
        assert b"mentions" in table.files[0].content.lower()
        assert not bo.private
        assert not [one for one in team.discord.cards("#alerts") if one.files]
        await team.quiet()
