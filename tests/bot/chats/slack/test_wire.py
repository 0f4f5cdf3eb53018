"""One call to Slack: made once, never during a wait, and what its failures are called."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.chats.slack.wire import LONGEST_WAIT, USUAL_WAIT, SlackRefused, Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful, ChatError, ChatMessageGone
from tests.bot.chats.slack.quiet import Seconds
from tests.slack.fake import FakeSlack, fake_slack

SECRET_WORDS = "my card number is 4000"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as fake:
        fake.add_channel("alerts")
        fake.add_channel("urgent")
        yield fake


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
async def wire(slack: FakeSlack, clock: Seconds) -> AsyncIterator[Wire]:
    wire = Wire(slack.bot_token, slack.api_url, clock=clock)
    yield wire
    await wire.close()


async def post(wire: Wire, slack: FakeSlack, channel: str = "#alerts") -> dict[str, Any]:
    return await wire.call("chat.postMessage", channel=slack.channel(channel).id, text=SECRET_WORDS)


async def test_an_answer_is_a_plain_dictionary(slack: FakeSlack, wire: Wire) -> None:
    told = await post(wire, slack)
    assert (told["ok"], told["channel"]) == (True, slack.channel("alerts").id)
    assert [message.text for message in slack.messages("#alerts")] == [SECRET_WORDS]
    assert wire.scopes == slack.scopes


def test_the_client_never_tries_again_by_itself() -> None:
    assert Wire("xoxb-1").client.retry_handlers == []


@pytest.mark.parametrize("cut", ["drop_before", "drop_after"])
async def test_a_dropped_line_is_one_request_and_a_doubt(slack: FakeSlack, wire: Wire, cut: str) -> None:
    await wire.call("auth.test")  # also on a line that was used before
    getattr(slack.faults, cut)("chat.postMessage")
    with pytest.raises(ChatDoubtful):
        await post(wire, slack)
    assert len(slack.calls_of("chat.postMessage")) == 1
    assert len(slack.messages("#alerts")) == (1 if cut == "drop_after" else 0)


TROUBLES: dict[str, Callable[[FakeSlack], Any]] = {
    "html": lambda slack: slack.faults.http_500_html("chat.postMessage"),
    "html 503": lambda slack: slack.faults.http_500_html("chat.postMessage", status=503),
    "html that says 200": lambda slack: slack.faults.http_500_html("chat.postMessage", status=200),
    "half an answer": lambda slack: slack.faults.garbage("chat.postMessage"),
    "internal_error": lambda slack: slack.faults.fail("chat.postMessage", "internal_error"),
    "fatal_error": lambda slack: slack.faults.fail("chat.postMessage", "fatal_error"),
    "service_unavailable": lambda slack: slack.faults.fail("chat.postMessage", "service_unavailable"),
    "request_timeout": lambda slack: slack.faults.fail("chat.postMessage", "request_timeout"),
    "not ok, and not why": lambda slack: slack.faults.fail("chat.postMessage", ""),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_what_slack_cannot_say_is_a_doubt(slack: FakeSlack, wire: Wire, trouble: str) -> None:
    TROUBLES[trouble](slack)
    with pytest.raises(ChatDoubtful):
        await post(wire, slack)
    assert len(slack.calls_of("chat.postMessage")) == 1


async def test_an_answer_that_does_not_come_is_a_doubt(slack: FakeSlack) -> None:
    hurried = Wire(slack.bot_token, slack.api_url, timeout=0.1)
    slack.faults.hold("chat.postMessage")
    with pytest.raises(ChatDoubtful):
        await post(hurried, slack)
    await hurried.close()


async def test_what_never_reached_slack_waits_and_is_no_doubt(slack: FakeSlack) -> None:
    async with fake_slack() as gone:
        address = gone.api_url
    wire = Wire(slack.bot_token, address)
    with pytest.raises(ChatBusy) as busy:
        await post(wire, slack)
    assert busy.value.is_everywhere
    await wire.close()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("invalid_auth", ChatClosed, "EARSHOT_SLACK_BOT_TOKEN"),
        ("not_authed", ChatClosed, "EARSHOT_SLACK_BOT_TOKEN"),
        ("token_revoked", ChatClosed, "revoked"),
        ("token_expired", ChatClosed, "expired"),
        ("account_inactive", ChatClosed, "removed"),
        ("not_allowed_token_type", ChatClosed, "another kind"),
        ("channel_not_found", ChatClosed, "/invite @earshot"),
        ("not_in_channel", ChatClosed, "/invite @earshot"),
        ("is_archived", ChatClosed, "Unarchive"),
        ("restricted_action", ChatClosed, "posting permissions"),
        ("restricted_action_read_only_channel", ChatClosed, "posting permissions"),
        ("messages_tab_disabled", ChatClosed, "Messages Tab"),
        ("message_not_found", ChatMessageGone, "not there"),
        ("cant_update_message", ChatMessageGone, "not Earshot's"),
        ("thread_not_found", ChatMessageGone, "not there"),
        ("message_limit_exceeded", ChatBusy, "limit"),
        ("team_added_to_org", ChatBusy, "moving"),
        ("ratelimited", ChatBusy, "wait"),
        ("invalid_blocks", SlackRefused, "invalid_blocks"),
        ("msg_too_long", SlackRefused, "msg_too_long"),
        ("restricted_action_thread_locked", SlackRefused, "thread_locked"),
        ("something_of_next_year", SlackRefused, "something_of_next_year"),
    ],
)
async def test_each_code_has_its_consequence(
    slack: FakeSlack, wire: Wire, caplog: pytest.LogCaptureFixture, code: str, kind: type[ChatError], words: str
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.faults.fail("chat.postMessage", code)
    with pytest.raises(kind) as caught:
        await post(wire, slack)
    assert words in str(caught.value)
    assert caught.value.__cause__ is None  # a traceback would show Slack's whole answer
    assert caught.value.__suppress_context__
    for told in (str(caught.value), caplog.text):
        assert slack.bot_token not in told
        assert SECRET_WORDS not in told
    assert f"chat.postMessage: {code}" in caplog.text


async def test_a_missing_scope_is_named(slack: FakeSlack, wire: Wire) -> None:
    slack.scopes.discard("chat:write")
    with pytest.raises(ChatClosed, match="lacks the scope chat:write"):
        await post(wire, slack)


async def test_a_code_cannot_smuggle_words(slack: FakeSlack, wire: Wire) -> None:
    slack.faults.fail("chat.postMessage", "<!channel> *boo*\n" + "x" * 500)
    with pytest.raises(SlackRefused) as caught:
        await post(wire, slack)
    assert caught.value.code == ("channelboo" + "x" * 500)[:80]


async def test_nothing_is_posted_to_a_channel_during_its_wait(slack: FakeSlack, wire: Wire, clock: Seconds) -> None:
    slack.faults.rate_limit("chat.postMessage", 7)
    for waited in range(7):
        with pytest.raises(ChatBusy) as busy:
            await post(wire, slack)
        assert (busy.value.retry_after, busy.value.is_everywhere) == (7 - waited, False)
        await post(wire, slack, "#urgent")  # another channel has a count of its own
        await wire.call("auth.test")  # and so has another method
        clock.now += 1
    assert len(slack.calls_of("chat.postMessage")) == 8
    await post(wire, slack)
    assert len(slack.messages("#alerts")) == 1


async def test_other_methods_wait_in_every_channel(slack: FakeSlack, wire: Wire, clock: Seconds) -> None:
    told = await post(wire, slack)
    other = await post(wire, slack, "#urgent")
    slack.faults.rate_limit("chat.update", 30)
    for one in (told, other):
        with pytest.raises(ChatBusy) as busy:
            await wire.call("chat.update", channel=one["channel"], ts=one["ts"], text="new")
        assert busy.value.is_everywhere
    assert len(slack.calls_of("chat.update")) == 1
    clock.now += 30
    await wire.call("chat.update", channel=other["channel"], ts=other["ts"], text="new")
    assert [message.text for message in slack.messages("#urgent")] == ["new"]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, USUAL_WAIT),
        ("", USUAL_WAIT),
        ("soon", USUAL_WAIT),
        ("-5", USUAL_WAIT),
        ("nan", USUAL_WAIT),
        ("inf", USUAL_WAIT),
        ("Wed, 21 Oct 2026 07:28:00 GMT", USUAL_WAIT),
        ("0", 1.0),
        ("2.5", 2.5),
        ("99999999", LONGEST_WAIT),
    ],
)
async def test_a_silly_wait_is_made_sensible(slack: FakeSlack, wire: Wire, header: str | None, wait: float) -> None:
    slack.faults.rate_limit("chat.postMessage", header)
    with pytest.raises(ChatBusy) as busy:
        await post(wire, slack)
    assert busy.value.retry_after == wait


async def test_the_limit_of_a_workspace_holds_in_every_channel(slack: FakeSlack, wire: Wire, clock: Seconds) -> None:
    slack.faults.fail("chat.postMessage", "message_limit_exceeded")
    for channel in ("#alerts", "#urgent"):
        with pytest.raises(ChatBusy) as busy:
            await post(wire, slack, channel)
        assert (busy.value.retry_after, busy.value.is_everywhere) == (600, True)
    assert len(slack.calls_of("chat.postMessage")) == 1
    clock.now += 600
    await post(wire, slack)


async def test_the_log_never_has_what_was_written(
    slack: FakeSlack, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "slack_sdk")
    await post(wire, slack)
    slack.faults.http_500_html("chat.postMessage")
    with pytest.raises(ChatDoubtful):
        await post(wire, slack)
    assert SECRET_WORDS not in caplog.text
    assert slack.bot_token not in caplog.text


async def test_a_method_that_the_client_does_not_know_is_called_too(slack: FakeSlack, wire: Wire) -> None:
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "hello", "emoji": False}}]
    assert (await wire.call("blocks.validate", blocks=blocks))["ok"]


async def test_calls_after_closing_are_told_to_wait(slack: FakeSlack, wire: Wire) -> None:
    await post(wire, slack)
    await wire.close()
    with pytest.raises(ChatBusy):
        await post(wire, slack)
    assert len(slack.calls) == 1


async def test_an_answer_goes_through_its_response_url(slack: FakeSlack, wire: Wire) -> None:
    ana = slack.add_user("ana")
    url = slack.new_response_url(ana.id, slack.channel("alerts"))
    for number in range(5):
        await wire.respond(url, {"text": str(number), "response_type": "ephemeral"})
    assert [message.text for message in slack.ephemerals("ana")] == ["0", "1", "2", "3", "4"]
    with pytest.raises(SlackRefused) as caught:
        await wire.respond(url, {"text": "one too many"})
    assert caught.value.code == "used_url"
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lambda faults: faults.rate_limit("response_url", 3), ChatBusy),
        (lambda faults: faults.http_500_html("response_url"), ChatDoubtful),
        (lambda faults: faults.drop_after("response_url"), ChatDoubtful),
        (lambda faults: faults.http_500_html("response_url", status=403), SlackRefused),
    ],
)
async def test_an_answer_that_is_not_taken(slack: FakeSlack, wire: Wire, fault: Any, kind: type[ChatError]) -> None:
    url = slack.new_response_url(slack.add_user("ana").id, slack.channel("alerts"))
    fault(slack.faults)
    with pytest.raises(kind):
        await wire.respond(url, {"text": "hello"})
    assert len(slack.calls) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com.evil.example/commands/1",
        "http://hooks.slack.com/commands/1",
        "https://hooks.slack.com:8443/commands/1",
        "https://ana@hooks.slack.com/commands/1",
        "https://evil.example/?https://hooks.slack.com/",
        "http://127.0.0.1:1/actions",
        "/commands/1",
        "https://[::1",
        "",
    ],
)
async def test_answers_go_to_slack_and_nowhere_else(slack: FakeSlack, wire: Wire, address: str) -> None:
    with pytest.raises(SlackRefused) as caught:
        await wire.respond(address, {"text": "hello"})
    assert caught.value.code in ("foreign_host", "bad_address")
