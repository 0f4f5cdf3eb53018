"""Showing a private answer to everybody in Discord."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.cards import Chart, Screen, Series
from handlers.requests import Reply
from tests.discord.simulation import Server, Shown, server
from tests.kit import TROUBLES

CHART = Chart("bars", "Mentions", ("Mon", "Tue"), (Series("Heron", (1.0, 2.0)),), "two days")
SHARE = "Share to channel"


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as opened:
        await opened.new_case(TROUBLES[0])
        yield opened


def shared(team: Server) -> list[Shown]:
    return [one for one in team.posted() if "Shared by" in one.words]


async def test_an_answer_is_shared_once_and_loses_its_button(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    before = asked.answer
    did = await team.person("ana").click(before, SHARE)
    assert not did.told.followups
    (posted,) = shared(team)
    assert "Shared by Ana" in posted.words
    assert "Queue" in posted.words
    assert SHARE not in asked.answer.buttons


async def test_a_second_click_shares_nothing_more(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    button = asked.answer.components
    before = asked.answer
    await team.person("ana").click(before, SHARE)
    team.env.backend.get_message(before.message.channel_id, before.message.id).components = list(button)
    again = await team.person("ana").click(before, SHARE)
    assert not again.told.followups
    assert len(shared(team)) == 1


async def test_a_chart_is_shared_with_its_picture(team: Server) -> None:
    team.desk.trouble.replies["queue"] = Reply(screen=Screen("Summary", chart=CHART), can_share=True)
    asked = await team.person("mia").slash("earshot queue")
    await team.person("mia").click(asked.answer, SHARE)
    (posted,) = shared(team)
    assert list(posted.files) == ["chart.png"]


async def test_whoever_lost_her_role_shares_nothing(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    members = [replace(one, is_guest=True) if one.name == "ana" else one for one in team.desk.known.members]
    team.change_policy(members=tuple(members))
    did = await team.person("ana").click(asked.answer, SHARE)
    assert "you have no role here any more" in did.words
    assert not shared(team)


async def test_after_a_restart_an_answer_is_too_old(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    await team.restart()
    did = await team.person("ana").click(asked.answer, SHARE)
    assert "too old to be shared" in did.words
    assert not shared(team)


async def test_where_it_could_not_be_posted_it_can_be_tried_again(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    team.fail("POST", "/channels/*/messages", 403, 50013)
    did = await team.person("ana").click(asked.answer, SHARE)
    assert "I may not write here" in did.words
    await team.person("ana").click(asked.answer, SHARE)
    assert len(shared(team)) == 1


async def test_a_lost_answer_of_discord_is_not_shared_again(team: Server) -> None:
    asked = await team.person("ana").slash("earshot queue")
    team.fail("POST", "/channels/*/messages", 501)
    did = await team.person("ana").click(asked.answer, SHARE)
    assert "look whether it stands here" in did.words
    await team.person("ana").click(asked.answer, SHARE)
    assert not shared(team)
