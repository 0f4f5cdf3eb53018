"""The fake Slack's files can be trusted: one use of an address, the length that was announced, and who may see what."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.bot.chats.slack.quiet import PICTURE
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.lint import lint_message

GOOD = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as opened:
        for name in ("ana", "bo"):
            opened.add_user(name)
        opened.add_channel("alerts", ["ana"])
        opened.add_channel("secret", bot_in=False)
        yield opened


def client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


async def bring(slack: FakeSlack, content: bytes = PICTURE) -> str:
    """A file that is not finished."""
    told = await client(slack).files_getUploadURLExternal(filename="a.png", length=len(content))
    assert await sent(told["upload_url"], content) == 200
    return str(told["file_id"])


async def sent(address: str, content: bytes, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.post(address, data=content, headers=headers) as answer:
        return answer.status


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


def image(file_id: str) -> list[dict[str, Any]]:
    return [{"type": "image", "slack_file": {"id": file_id}, "alt_text": "a dot"}]


async def test_an_address_takes_what_was_announced_and_only_once(slack: FakeSlack) -> None:
    told = await client(slack).files_getUploadURLExternal(filename="a.png", length=3)
    assert await sent(told["upload_url"], b"abcd") == 400
    assert await sent(told["upload_url"], b"abc") == 404
    again = await client(slack).files_getUploadURLExternal(filename="a.png", length=3)
    assert await sent(again["upload_url"], b"abc") == 200
    assert await sent(again["upload_url"], b"abc") == 404
    slack.check()


async def test_the_token_has_no_business_there(slack: FakeSlack) -> None:
    told = await client(slack).files_getUploadURLExternal(filename="a.png", length=3)
    await sent(told["upload_url"], b"abc", Authorization="Bearer xoxb-1-good")
    with pytest.raises(AssertionError, match="the token went"):
        slack.check()


async def test_a_file_is_finished_once_and_only_when_its_bytes_are_there(slack: FakeSlack) -> None:
    told = await client(slack).files_getUploadURLExternal(filename="a.png", length=3)
    files = [{"id": told["file_id"], "title": "a"}]
    assert await refused(client(slack).files_completeUploadExternal(files=files)) == "file_not_found"
    await sent(told["upload_url"], b"abc")
    await client(slack).files_completeUploadExternal(files=files)
    assert await refused(client(slack).files_completeUploadExternal(files=files)) == "file_not_found"


async def test_a_shared_file_is_seen_by_those_who_read_there(slack: FakeSlack) -> None:
    file_id = await bring(slack)
    place = slack.channel("alerts").id
    await client(slack).files_completeUploadExternal(files=[{"id": file_id, "title": "Dot"}], channel_id=place)
    (message,) = slack.messages("#alerts")
    assert [(one.title, one.content) for one in message.files] == [("Dot", PICTURE)]
    assert slack.may_see(slack.user("ana").id, file_id)
    assert not slack.may_see(slack.user("bo").id, file_id)


async def test_a_file_cannot_be_shared_where_the_bot_is_not(slack: FakeSlack) -> None:
    call = client(slack).files_completeUploadExternal
    files, place = [{"id": await bring(slack), "title": "Dot"}], slack.channel("secret").id
    assert await refused(call(files=files, channel_id=place)) == "not_in_channel"
    assert await refused(call(files=files, channel_id=slack.user("ana").id)) == "channel_not_found"


async def test_without_the_scope_there_are_no_files(slack: FakeSlack) -> None:
    slack.scopes.discard("files:write")
    assert await refused(client(slack).files_getUploadURLExternal(filename="a", length=1)) == "missing_scope"
    assert await refused(client(slack).files_completeUploadExternal(files=[])) == "missing_scope"


async def test_a_picture_is_taken_when_it_is_ready_and_a_post_lets_others_see_it(slack: FakeSlack) -> None:
    file_id, place, ana = await bring(slack), slack.channel("alerts").id, slack.user("ana").id
    await client(slack).files_completeUploadExternal(files=[{"id": file_id}])
    blocks = image(file_id)
    slack.not_ready = 1
    say = client(slack).chat_postMessage
    assert await refused(say(channel=place, text="a dot", blocks=blocks, **GOOD)) == "invalid_blocks"
    ephemeral = client(slack).chat_postEphemeral
    await ephemeral(channel=place, user=ana, text="a dot", blocks=blocks, parse="none", link_names=False)
    with pytest.raises(AssertionError, match="sees a hole"):
        slack.person("ana").pictures(slack.person("ana").ephemerals[0])
    await say(channel=place, text="a dot", blocks=blocks, **GOOD)
    assert slack.person("ana").pictures(slack.messages("#alerts")[0]) == [PICTURE]
    slack.check()


@pytest.mark.parametrize("content", [None, b"a,b"])
async def test_what_is_no_picture_is_refused_and_an_alarm(slack: FakeSlack, content: bytes | None) -> None:
    file_id = await bring(slack, content) if content else "F0NOBODY99"
    if content:
        await client(slack).files_completeUploadExternal(files=[{"id": file_id}])
    call = client(slack).chat_postMessage(channel=slack.channel("alerts").id, text="a", blocks=image(file_id), **GOOD)
    assert await refused(call) == "invalid_blocks"
    with pytest.raises(AssertionError, match="no such picture"):
        slack.check()


def test_the_linter_knows_how_a_picture_is_named() -> None:
    assert lint_message(image("F0ABCDEFG"), "a") == []
    for wrong in (
        {"slack_file": {"id": "F1"}},
        {"slack_file": {"url": "https://files.slack.com/x"}},
        {"slack_file": {"id": "F0ABCDEFG"}, "image_url": "https://x.example/a.png"},
        {"slack_file": {"id": "F0ABCDEFG"}, "alt_text": "x" * 2_001},
        {},
    ):
        assert lint_message([{"type": "image", "alt_text": "a", **wrong}], "a") != []
