"""The main job told to a Slack server of other people's making, npm's local-slack, in Socket Mode and over HTTP."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import utc_now
from bot.chats.slack.adapter import SlackChat
from bot.chats.slack.files import Files
from bot.chats.slack.pictures import Pictures
from handlers.requests import File
from tests.bot.chats.slack.quiet import PICTURE, desk
from tests.bot.chats.slack.test_pictures import BRIEFING
from tests.bot.running import add_calls, write_config
from tests.kit import PRAISE, TROUBLES
from tests.slack.local_person import LocalPerson
from tests.slack.local_slack import APP_TOKEN, BOT, BOT_TOKEN, ROOT, VARIABLE, LocalSlack, local_slack, words_of
from tests.slack.local_slack import program as program_of_the_server
from tests.slack.local_team import CLASSIC, CONFIG, team

pytestmark = pytest.mark.long  # the strict fake is the judge; this is a second opinion

AS_BOT = {"Authorization": f"Bearer {BOT_TOKEN}"}
REPLY = "We are sorry, Jo. Your suitcase is on its way to you."


def call(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"call-{number}",
        "text": text,
        "author": f"jo{number}",
        "url": f"https://birds.example/post/{number}",
        "date": utc_now().isoformat(),
    }


async def card_of(slack: LocalSlack, *words: str, channel: str = "#alerts") -> dict[str, Any]:
    """The message in a channel that says all this, once it is there."""

    def seen() -> dict[str, Any] | None:
        here = (one for one in slack.in_channel(channel) if one["user"] == BOT)
        return next((one for one in here if all(word in words_of(one) for word in words)), None)

    return await slack.until(seen, f"a card with {words}")


async def reads(slack: LocalSlack, message: dict[str, Any], *words: str) -> str:
    """Wait until a message says all this; what it says then."""

    def seen() -> str:
        now = words_of(slack.now(message))
        return now if all(word in now for word in words) else ""

    return await slack.until(seen, f"{words} on a message")


async def in_thread(slack: LocalSlack, card: dict[str, Any], *words: str) -> dict[str, Any]:
    """The answer below a card that says all this, once it is there."""

    def seen() -> dict[str, Any] | None:
        return next((one for one in slack.in_thread(card) if all(word in words_of(one) for word in words)), None)

    return await slack.until(seen, f"{words} in the thread")


def reactions(slack: LocalSlack, message: dict[str, Any]) -> list[str]:
    return [one["name"] for one in slack.now(message).get("reactions", [])]


def markup_of(part: Any) -> Iterator[str]:
    """Everything in a message that Slack reads as markup."""
    if isinstance(part, list):
        for one in part:
            yield from markup_of(one)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str) and part.get("type") in ("mrkdwn", "message"):
            yield part["text"]
        for one in part.values():
            yield from markup_of(one)


# The server itself


def listening(pid: int) -> set[str]:
    """The addresses, in hexadecimal, that a process listens on."""
    own = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in own:
                found.add(local.partition(":")[0])
    return found


def test_without_the_server_stories_are_skipped_and_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/local-slack")
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="npm install"):
        program_of_the_server()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"\.ci/run must install it"):
        program_of_the_server()


async def test_the_server_listens_on_the_loopback_address_only() -> None:
    async with local_slack() as slack:
        assert listening(slack.process.pid) == {"0100007F"}


async def test_an_envelope_goes_to_one_socket_as_with_slack() -> None:
    async with (
        local_slack() as slack,
        aiohttp.ClientSession() as session,
        socket_of(slack, session) as one,
        socket_of(slack, session) as other,
    ):
        got: list[str] = []

        async def hear(line: aiohttp.ClientWebSocketResponse, name: str) -> None:
            async for frame in line:
                envelope = json.loads(frame.data)
                got.append(f"{name} {envelope['payload']['event']['text']}")
                await line.send_json({"envelope_id": envelope["envelope_id"]})

        hearing = [asyncio.create_task(hear(one, "one")), asyncio.create_task(hear(other, "other"))]
        for number in range(4):
            await LocalPerson(slack, "ana").say(str(number))
        for task in hearing:
            task.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)
        assert sorted(got) == ["one 0", "one 2", "other 1", "other 3"]


async def test_a_bot_hears_of_its_own_reactions_as_with_slack() -> None:
    async with local_slack() as slack, aiohttp.ClientSession() as session, socket_of(slack, session) as line:
        talking = asyncio.create_task(LocalPerson(slack, "ana").say("hello"))
        envelope = await line.receive_json()
        await line.send_json({"envelope_id": envelope["envelope_id"]})
        said = await talking
        told = {"channel": said["channel"], "timestamp": said["ts"], "name": "eyes"}
        async with session.post(f"{slack.api_url}reactions.add", json=told, headers=AS_BOT) as answer:
            assert (await answer.json())["ok"]
        event = (await line.receive_json())["payload"]["event"]
        assert (event["type"], event["user"], event["item"]["ts"]) == ("reaction_added", BOT, said["ts"])


@asynccontextmanager
async def socket_of(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    headers = {"Authorization": f"Bearer {APP_TOKEN}"}
    async with session.post(f"{slack.api_url}apps.connections.open", headers=headers) as answer:
        url = (await answer.json())["url"]
    async with session.ws_connect(url) as line:
        assert (await line.receive_json())["type"] == "hello"
        yield line


# The main job


@pytest.mark.parametrize("is_by_http", [False, True], ids=["sockets", "http"])
async def test_from_an_alert_to_a_resolved_case(tmp_path: Path, is_by_http: bool) -> None:
    async with team(tmp_path, is_by_http=is_by_http) as opened:
        slack, ana, bo = opened.slack, opened.person("ana"), opened.person("bo")
        opened.hear(call(1, TROUBLES[0]))
        card = await card_of(slack, TROUBLES[0])

        # One takes it, the other is told who has it.
        await ana.click(card, "Claim")
        await reads(slack, card, "claimed by Ana")
        refused = await bo.command("claim 1")
        assert "Ana claimed #1" in words_of(refused)

        # She writes a draft; what cannot be is refused in the form.
        form = await ana.click_for_modal(card, "Draft reply")
        assert TROUBLES[0] in words_of(form)
        await ana.submit(reply="   ")
        assert "A draft needs words." in str(slack.errors[-1])
        assert await ana.submit(reply=REPLY) is None, "the modal closes"
        draft = await in_thread(slack, card, REPLY, "proposed by Ana")

        # Another person approves exactly these words, in the thread.
        own = await ana.click_for_answer(draft, "Approve")
        assert "is for an approver or a manager" in words_of(own)
        await bo.click(draft, "Approve")
        await reads(slack, draft, "approved by Bo", REPLY)

        # It stands outside; the link is noted.
        await ana.click_for_modal(draft, "Mark as sent")
        await ana.submit(link="javascript:alert(1)")
        assert "not a link" in str(slack.errors[-1])
        assert await ana.submit(link="https://birds.example/reply/9") is None
        await reads(slack, draft, "sent by Ana")
        await reads(slack, card, "answered by Ana")

        # Put right: the card is small and says so to everybody.
        await ana.click_for_modal(card, "Resolve")
        assert await ana.submit(why="Fixed: put right", note="refunded") is None
        small = await reads(slack, card, "resolved: fixed")
        assert "Reopen" in small
        assert len(slack.now(card)["blocks"]) < len(card["blocks"])
        await slack.until(lambda: reactions(slack, card) == ["white_check_mark"], "the mark of the case")

        assert len(slack.in_channel("#alerts")) == 1, "one card for all its life"
        assert await opened.kinds(1) == [
            "opened", "claimed", "drafted", "approved", "answered", "resolved",
        ]  # fmt: skip
        assert not [one for one in slack.in_thread(card) if "javascript" in words_of(one)]
        assert opened.app.slack is not None
        assert opened.app.slack.health()[0]


async def test_two_who_claim_at_once_hear_of_each_other(tmp_path: Path) -> None:
    async with team(tmp_path) as opened:
        slack = opened.slack
        opened.hear(call(1, TROUBLES[0]))
        card = await card_of(slack, TROUBLES[0])
        people = [opened.person(name) for name in ("ana", "bo", "mia")]
        await asyncio.gather(*(person.click(card, "Claim") for person in people))
        told = await reads(slack, card, "claimed by")
        winner = next(person for person in people if f"claimed by {person.name.title()}" in told)

        def losers() -> list[str]:
            answers = [one for one in slack.messages[card["channel"]] if "ephemeral_to" in one]
            named = [one for one in answers if f"{winner.name.title()} claimed #1" in words_of(one)]
            return sorted(one["ephemeral_to"] for one in named)

        others = sorted(person.id for person in people if person is not winner)
        await slack.until(lambda: losers() == others, "an answer for each of the others")


async def test_queue_search_and_app_home(tmp_path: Path) -> None:
    async with team(tmp_path) as opened:
        slack, ana, bo = opened.slack, opened.person("ana"), opened.person("bo")
        opened.redraw_homes_at_once()
        opened.hear(call(1, TROUBLES[0]), call(2, TROUBLES[1]), call(3, PRAISE))
        card = await card_of(slack, TROUBLES[0])
        await card_of(slack, TROUBLES[1])

        queue = words_of(await ana.command("queue"))
        assert TROUBLES[0] in queue
        assert TROUBLES[1] in queue
        assert PRAISE in words_of(await ana.command("search lovely crew"))
        assert "claim" in words_of(await ana.command("clami 1"))

        # The same by a mention in a thread, and in a direct message.
        assert "#1 is yours" in words_of(await ana.ask("claim 1", thread=card))
        assert TROUBLES[1] in words_of(await bo.ask_directly("queue unclaimed"))

        home = words_of(await ana.open_home())
        assert TROUBLES[0] in home
        assert TROUBLES[1] in home
        await bo.command("claim 2")
        await slack.until(lambda: TROUBLES[1] not in words_of(slack.homes[ana.id]), "a fresh App Home")
        assert len(slack.in_channel("#alerts")) == 2, "answers are private"


async def test_older_blocks_tell_the_same(tmp_path: Path) -> None:
    async with team(tmp_path, config=CONFIG + CLASSIC) as opened:
        slack, ana = opened.slack, opened.person("ana")
        opened.hear(call(1, f"{TROUBLES[0]} *bold* <!channel> :fire:"))
        card = await card_of(slack, TROUBLES[0])
        assert "rich_text" not in json.dumps(card)
        assert [words for words in markup_of(card) if "<!channel>" in words or "*bold*" in words] == []
        await ana.click(card, "Claim")
        await reads(slack, card, "claimed by Ana")


# Pictures and files


async def test_a_picture_and_a_file_reach_the_people(tmp_path: Path) -> None:
    async with team(tmp_path) as opened:
        slack, ana = opened.slack, opened.person("ana")
        assert opened.app.slack is not None
        wire, directory = opened.app.slack._wire, opened.app.slack._directory
        pictures = Pictures(desk(), wire, directory)
        chat = SlackChat(wire, directory, desk(), pictures=pictures)
        ref = await chat.post("#alerts", BRIEFING, "briefing:1", "")
        message = await card_of(slack, "82 mentions.")
        (shown,) = (block["slack_file"]["id"] for block in message["blocks"] if block["type"] == "image")
        assert await content_of(slack, shown) == PICTURE
        await chat.update("#alerts", ref, replace(BRIEFING, intro="83 mentions."), "briefing:1")
        await reads(slack, message, "83 mentions.")
        assert [block["slack_file"]["id"] for block in slack.now(message)["blocks"] if "slack_file" in block] == [shown]

        handed = await Files(wire, directory).hand_over(ana.id, File("cases.csv", "text/csv", "case\r\n#1\r\n"))
        assert not handed.is_error, handed.words

        def sent() -> dict[str, Any] | None:
            here = slack.messages.get(slack.direct.get(ana.id, ""), [])
            return next((one["files"][0] for one in here if one.get("files")), None)

        file = await slack.until(sent, "her file")
        assert await content_of(slack, file["id"]) == b"case\r\n#1\r\n"
        await pictures.close()


async def content_of(slack: LocalSlack, file_id: str) -> bytes:
    async with slack.session.get(f"{slack.api_url}files.info", params={"file": file_id}, headers=AS_BOT) as answer:
        address = (await answer.json())["file"]["url_private_download"]
    async with slack.session.get(address, headers=AS_BOT) as answer:
        return await answer.read()


# The program is killed


@dataclass
class Programs:
    """The forking parent of the programs that are killed."""

    parent: subprocess.Popen[str]

    @asynccontextmanager
    async def run(self, home: Path, slack: LocalSlack, when: str) -> AsyncIterator[None]:
        """The whole program as a process of its own, until it is killed with -9."""
        assert self.parent.stdin is not None
        print(json.dumps([str(home), slack.api_url, when]), file=self.parent.stdin, flush=True)
        child = int((await self.said("child ")).split()[1])
        try:
            await self.said("Earshot is up")
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            await self.said("gone")

    async def said(self, beginning: str) -> str:
        """The next line that begins so."""
        assert self.parent.stdout is not None
        async with asyncio.timeout(60):
            while not (line := await asyncio.to_thread(self.parent.stdout.readline)).startswith(beginning):
                assert line, "the programs' parent has ended"
        return line


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.slack.held"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Programs(parent)
    finally:
        parent.kill()
        parent.communicate()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_around_a_post_there_is_one_card(tmp_path: Path, programs: Programs, when: str) -> None:
    write_config(tmp_path, CONFIG)
    async with local_slack() as slack:
        async with programs.run(tmp_path, slack, when):
            add_calls(tmp_path, "1.jsonl", call(1, TROUBLES[0]))
            await programs.said("held")
            await slack.until(
                lambda: len(slack.in_channel("#alerts")) == (when == "after"), "what is there before the kill"
            )
        async with programs.run(tmp_path, slack, "never"):
            ana = LocalPerson(slack, "ana")
            card = await card_of(slack, TROUBLES[0])
            add_calls(tmp_path, "2.jsonl", call(2, TROUBLES[1]))
            await card_of(slack, TROUBLES[1])
            await slack.until(lambda: slack.is_connected, "the bot's return")
            await ana.click(card, "Claim")
            await reads(slack, card, "claimed by Ana")
            assert len(slack.in_channel("#alerts")) == 2
            posts = [one for one in await slack.calls("chat.postMessage") if TROUBLES[0] in json.dumps(one)]
            assert len(posts) == 1
            assert "may be a repeat" not in words_of(slack.now(card))


async def test_a_form_that_was_open_while_the_program_was_killed_can_be_submitted(
    tmp_path: Path, programs: Programs
) -> None:
    write_config(tmp_path, CONFIG)
    async with local_slack() as slack:
        ana = LocalPerson(slack, "ana")
        async with programs.run(tmp_path, slack, "never"):
            add_calls(tmp_path, "1.jsonl", call(1, TROUBLES[0]))
            card = await card_of(slack, TROUBLES[0])
            await ana.click_for_modal(card, "Draft reply")
        async with programs.run(tmp_path, slack, "never"):
            await slack.until(lambda: slack.is_connected, "the bot's return")
            assert await ana.submit(reply=REPLY) is None, "the modal closes"
            await in_thread(slack, card, REPLY, "proposed by Ana")
