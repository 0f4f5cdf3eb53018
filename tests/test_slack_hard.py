"""Slack's side under what nobody wishes for: strangers at the door, half a start, lost answers, a talkative log."""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.chats.slack.acts import Knobs
from bot.chats.slack.chat import Keys, Slack
from bot.secret import Secret
from handlers.ports import ChatClosed
from handlers.requests import Request
from storage.types import Role
from tests.bot.chats.slack.office import Office, office
from tests.bot.chats.slack.quiet import desk
from tests.bot.fakes import until
from tests.bot.running import running
from tests.kit import TROUBLES
from tests.slack.fake import fake_slack

SECRET = "s3cret-of-the-test"
JSON = {"Content-Type": "application/json"}
CHALLENGE = b'{"type": "url_verification", "challenge": "x"}'


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


# Strangers at the door


@pytest.fixture
async def door() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Slack's side by HTTP, with nothing before it."""
    async with fake_slack() as slack:
        keys = Keys(Secret(slack.bot_token), Secret(""), Secret(SECRET), slack.api_url)
        chat = Slack(desk(), keys, lambda: datetime.now(UTC))
        app = web.Application()
        app.router.add_post("/slack/events", chat.handle_http)
        async with TestClient(TestServer(app, host="127.0.0.1")) as client:
            yield client
        await chat.close()


def signed(body: bytes, moment: str = "") -> dict[str, str]:
    moment = moment or str(int(time.time()))
    mark = hmac.new(SECRET.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={mark}"}


STRANGE = {
    "nothing": (b"", {}),
    "no signature": (CHALLENGE, JSON),
    "no number": (CHALLENGE, JSON | {"X-Slack-Request-Timestamp": "abc", "X-Slack-Signature": "v0=1"}),
    "a number of thousands of digits": (
        CHALLENGE,
        JSON | {"X-Slack-Request-Timestamp": "9" * 5_000, "X-Slack-Signature": "v0=1"},
    ),
    "a number of hundreds of digits": (
        CHALLENGE,
        JSON | {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=1"},
    ),
    "half a signature": (CHALLENGE, JSON | signed(CHALLENGE) | {"X-Slack-Signature": "v0=é"}),
    "too old": (CHALLENGE, JSON | signed(CHALLENGE, str(int(time.time()) - 400))),
    "no JSON": (b"{", JSON),
    "a list": (b"[1]", JSON),
    "very deep": (b"[" * 100_000, JSON),
    "no text": (b"\xff\xfe", JSON),
    "an unknown charset": (CHALLENGE, {"Content-Type": "application/json; charset=nonsense"}),
    "half a form": (b"payload=%7B", {"Content-Type": "application/x-www-form-urlencoded"}),
    "a check that skips the signature": (b'{"ssl_check": "1", "type": "event_callback"}', JSON),
}


@pytest.mark.parametrize("what", STRANGE)
async def test_whatever_a_stranger_sends_is_a_quiet_no(
    door: TestClient[web.Request, web.Application], caplog: pytest.LogCaptureFixture, what: str
) -> None:
    body, headers = STRANGE[what]
    async with door.post("/slack/events", data=body, headers=headers) as answer:
        assert answer.status == 401
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


async def test_what_is_signed_is_taken_and_what_cannot_be_read_is_refused(
    door: TestClient[web.Request, web.Application],
) -> None:
    for body, headers, status in ((CHALLENGE, JSON, 200), (b"{", JSON, 400), (b"[1]", JSON, 400)):
        async with door.post("/slack/events", data=body, headers=headers | signed(body)) as answer:
            assert answer.status == status


# Half a start


async def test_whom_a_group_adds_is_not_sent_away_before_the_groups_were_read(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    team.change_slack(groups={"leads": (Role.AGENT,)})
    team.directory._people.were_asked_for = False
    ned = team.person("ned")
    answer = await ned.command("/earshot claim 1", channel="#alerts")
    assert "only just starting" in answer.words
    await team.person("ana").click(card, "Claim")  # the file names her
    assert await team.assignee(1) == "ana"
    team.slack.scopes.discard("usergroups:read")
    with pytest.raises(ChatClosed):
        await team.directory.refresh()  # it may stay like this: she is not held up for ever
    answer = await ned.command("/earshot claim 1", channel="#alerts")
    assert "You have no role here." in answer.words


# Late and out of order


async def test_an_older_word_that_comes_after_the_form_was_closed_is_not_kept(team: Office) -> None:
    card = await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    await (await ana.click(card, "Draft reply")).arrives()
    await ana.type(None, "Reply", "first")
    late = team.slack.deliveries[-1].body
    await ana.close(None, {"Reply": "first and second"})
    await team.send(late)  # by the other socket
    await team.surface.close()
    assert await team.station.value('select "values" from kept') == '{"text": "first and second"}'


async def test_a_mention_that_comes_again_while_it_is_being_done_is_done_and_answered_once(tmp_path: Path) -> None:
    hurried = Knobs(load_after=0.05, give_up_after=0.1, typed_every=0.01, close_within=5.0)
    async with office(tmp_path, knobs=hurried) as team:
        await team.new_case(TROUBLES[0])
        team.slack.ack_within = 0.2
        gate = team.desk.trouble.gate = asyncio.Event()
        await team.person("ana").mention("#alerts", "@earshot note 1 hello")
        await team.person("bo").mention("#alerts", "@earshot queue")

        async def came_again() -> bool:
            return [one.verb for one in team.desk.trouble.requests].count("note") >= 2

        await until(came_again)
        gate.set()
        await team.told("ana", "Noted on #1.")
        await team.told("bo", "Queue")
        await team.quiet()
        assert [len(team.person(name).ephemerals) for name in ("ana", "bo")] == [1, 1]
        assert await team.events() == 2


async def test_who_has_no_role_any_more_shares_nothing(team: Office) -> None:
    await team.new_case(TROUBLES[0])
    ana = team.person("ana")
    answer = await ana.command("/earshot queue", channel="#alerts")
    team.change_policy(members=tuple(one for one in team.desk.known.members if one.name != "ana"))
    await ana.click(answer.messages[0], "Share to channel")
    await team.told("ana", "you have no role here any more")
    assert len(team.slack.messages("#alerts")) == 1


# Reading stirs nothing


async def test_looking_changes_nothing_and_redraws_nobodys_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as opened:
        stirred: list[asyncio.Task[object] | None] = []  # by whom; what runs beside this may stir at any time
        monkeypatch.setattr(opened.app, "_changed", lambda: stirred.append(asyncio.current_task()))
        ana = opened.app.policy().member("ana")
        for verb in ("home", "queue", "help", "settings"):
            await opened.app.act(Request(ana, verb, chat="slack"))
        assert stirred.count(asyncio.current_task()) == 0
        await opened.app.act(Request(ana, "note", values={"case": "1", "text": "x"}, chat="slack", key="one"))
        assert stirred.count(asyncio.current_task()) == 1


# A talkative log


async def test_not_even_a_log_of_everything_repeats_what_people_said_or_a_secret(
    team: Office, caplog: pytest.LogCaptureFixture
) -> None:
    words = ("sesame-customer", "sesame-draft", "sesame-note", "sesame-dm", "sesame-typed", "sesame-thread")
    secrets = (team.slack.bot_token, team.slack.app_token, team.slack.signing_secret, "/actions/", "ticket=")
    with caplog.at_level(logging.DEBUG):
        ana, bo = team.person("ana"), team.person("bo")
        card = await team.new_case(f"{TROUBLES[0]} sesame-customer")
        await (await ana.click(card, "Draft reply")).arrives()
        await ana.type(None, "Reply", "sesame-typed")
        await ana.submit({"Reply": "sesame-draft"})
        await ana.command("/earshot note 1 sesame-note", channel="#alerts")
        await bo.dm("search sesame-dm")
        await bo.mention("#alerts", "@earshot sesame-thread", thread=card)
        team.slack.faults.fail("chat.update", "invalid_blocks", times=1)
        team.slack.faults.http_500_html("chat.postMessage", times=1)
        await team.deliver()
        team.desk.trouble.late_error = ValueError("broken")
        await bo.command("/earshot note 1 sesame-note", channel="#alerts")
        await team.quiet()
    told = "\n".join(f"{logging.Formatter().format(one)} {one.__dict__}" for one in caplog.records)
    assert [word for word in (*words, *secrets) if word in told] == []
