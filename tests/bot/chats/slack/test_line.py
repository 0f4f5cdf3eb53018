"""One connection to Slack: why it is not opened, in words that help; and what is never written into the log."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.chats.slack.line import Bounds, Line, Link, NotOpened, discreet
from tests.slack.fake import fake_slack


@pytest.mark.parametrize(
    ("order", "words", "wait"),
    [
        (lambda faults: faults.rate_limit("*", 30), "asks us to wait", 30.0),
        (lambda faults: faults.rate_limit("*", None), "asks us to wait", 60.0),
        (lambda faults: faults.rate_limit("*", "soon"), "asks us to wait", 60.0),
        (lambda faults: faults.rate_limit("*", "nan"), "asks us to wait", 60.0),
        (lambda faults: faults.rate_limit("*", 1e9), "asks us to wait", 3600.0),
        (lambda faults: faults.http_500_html("*"), "HTTP 500", None),
        (lambda faults: faults.http_500_html("*", status=200), "", None),
        (lambda faults: faults.garbage("*"), "", None),
        (lambda faults: faults.drop_before("*"), "cannot be reached", None),
        (lambda faults: faults.fail("*", "internal_error"), "internal_error", None),
        (lambda faults: faults.fail("*", "token_revoked"), "EARSHOT_SLACK_APP_TOKEN", 60.0),
        (lambda faults: faults.fail("*", "not_allowed_token_type"), "xapp-", 60.0),
        (lambda faults: faults.fail("*", "something_new"), "something_new", 60.0),
    ],
)
async def test_a_link_that_is_refused_says_why_and_when_to_try_again(
    order: Any, words: str, wait: float | None
) -> None:
    async with fake_slack() as slack:
        order(slack.faults)
        with pytest.raises(NotOpened) as refused:
            await Link(slack.app_token, slack.api_url, Bounds()).ask()
        assert words in refused.value.words
        assert refused.value.wait == wait
        assert slack.app_token not in refused.value.words
        assert len(slack.calls) == 1


async def test_a_link_that_opens_nothing_is_given_up_and_not_printed(caplog: pytest.LogCaptureFixture) -> None:
    async with fake_slack() as slack:
        bounds = Bounds(opening=0.3, hello=5.0, closing=1.0, ping=0.05)
        link = Link(slack.app_token, slack.api_url, bounds)
        line = Line(AsyncApp(token=slack.bot_token), link, lambda _: None, bounds)
        slack.hub._tickets = _NoTickets()
        with pytest.raises(NotOpened, match=r"did not open within 0\.3 s"):
            await line.open()
        await line.close()
    assert "Failed to connect" in caplog.text
    assert "ticket=" not in caplog.text


class _NoTickets(set[str]):
    """Slack has forgotten every link as soon as it has given it out."""

    def __contains__(self, _: object) -> bool:
        return False


def test_what_slacks_library_says_is_made_discreet() -> None:
    said = "0, message='bad', url='wss://wss-primary.slack.com/link/?ticket=1-2&app_id=3' with xapp-1-A2-b and xoxb-9-z"
    assert discreet(said) == "0, message='bad', url='wss://wss-primary.slack.com/link/?***' with *** and ***"
