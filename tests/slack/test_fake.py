"""The fake Slack can be trusted: each refusal and promise of Slack's Web API, seen through the real client."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.world import Message

GOOD = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
BUTTON = {"type": "button", "action_id": "act:0", "value": "v", "text": {"type": "plain_text", "text": "Claim"}}
BLOCKS = [
    {"type": "section", "block_id": "key:1", "text": {"type": "plain_text", "text": "It is late", "emoji": False}},
    {"type": "actions", "elements": [BUTTON]},
]


class Clock:
    """Slack's time, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_795_300_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with fake_slack(clock=clock) as opened:
        for name in ("ana", "bo"):
            opened.add_user(name)
        opened.add_channel("alerts", ["ana", "bo"])
        yield opened


def client(slack: FakeSlack, token: str = "", timeout: int = 30) -> AsyncWebClient:
    return AsyncWebClient(token or slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=timeout)


async def post(slack: FakeSlack, channel: str = "#alerts", **params: Any) -> Message:
    params = {"text": "It is late"} | GOOD | params
    told = await client(slack).chat_postMessage(channel=channel, **params)
    return next(one for one in slack.messages(told["channel"]) if one.ts == told["ts"])


async def refused(call: Any) -> dict[str, Any]:
    """The error that a call comes to."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)


def a_view(kind: str = "modal", words: str = "Why?", **more: Any) -> dict[str, Any]:
    blocks = [{"type": "section", "block_id": "s", "text": {"type": "plain_text", "text": words, "emoji": False}}]
    told = {"type": kind, "callback_id": "form", "blocks": blocks}
    return told | ({"title": {"type": "plain_text", "text": "Resolve"}} if kind == "modal" else {}) | more


# Messages


async def test_a_post_stands_in_its_channel_and_in_history(slack: FakeSlack) -> None:
    message = await post(slack, blocks=BLOCKS)
    assert (message.words, message.buttons) == ("It is late", ["Claim"])
    told = await client(slack).conversations_history(channel=message.channel)
    assert [(one["ts"], one["bot_id"]) for one in told["messages"]] == [(message.ts, slack.bot_id)]
    slack.check()


async def test_an_update_with_text_alone_takes_the_blocks_away(slack: FakeSlack) -> None:
    message = await post(slack, blocks=BLOCKS)
    await client(slack).chat_update(channel=message.channel, ts=message.ts, text="done", parse="none")
    assert (message.words, message.buttons, message.edits) == ("done", [], 1)


async def test_an_update_parses_unless_it_says_otherwise(slack: FakeSlack) -> None:
    message = await post(slack)
    assert message.settings["parse"] == "none"
    await client(slack).chat_update(channel=message.channel, ts=message.ts, text="www.heron.example")
    assert message.settings["parse"] == "client"
    with pytest.raises(AssertionError, match="parse"):
        slack.check()


async def test_attachments_and_metadata_change_only_when_they_are_given(slack: FakeSlack) -> None:
    metadata = {"event_type": "earshot", "event_payload": {"key": "card:1"}}
    message = await post(slack, metadata=metadata, attachments=[{"color": "#f00", "text": "red"}])
    place = {"channel": message.channel, "ts": message.ts, "parse": "none"}
    await client(slack).chat_update(**place, text="x")
    assert (message.metadata, len(message.attachments)) == (metadata, 1)
    new = metadata | {"event_payload": {"key": "card:2"}}
    await client(slack).chat_update(**place, text="x", metadata=new, attachments=[])
    assert (message.metadata, message.attachments) == (new, [])


async def test_metadata_is_told_only_when_it_is_asked_for(slack: FakeSlack) -> None:
    message = await post(slack, metadata={"event_type": "earshot", "event_payload": {"key": "k"}})
    plain = await client(slack).conversations_history(channel=message.channel)
    full = await client(slack).conversations_history(channel=message.channel, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"]["event_payload"] == {"key": "k"}
    wrong = client(slack).chat_postMessage(channel="#alerts", text="x", metadata={"key": "k"})
    assert (await refused(wrong))["error"] == "invalid_metadata_format"


async def test_blocks_over_the_limits_are_refused_with_words(slack: FakeSlack) -> None:
    told = await refused(client(slack).chat_postMessage(channel="#alerts", text="x", **GOOD, blocks=BLOCKS * 30))
    assert told["error"] == "invalid_blocks"
    assert told["response_metadata"]["messages"]
    assert slack.messages("#alerts") == []
    with pytest.raises(AssertionError):
        slack.check()


async def test_nothing_to_say_is_refused(slack: FakeSlack) -> None:
    told = client(slack).api_call("chat.postMessage", json={"channel": "#alerts", "text": ""})
    assert (await refused(told))["error"] == "no_text"


async def test_only_our_own_messages_can_be_changed(slack: FakeSlack) -> None:
    hers = await slack.person("ana").say("#alerts", "hello")
    place = {"channel": hers.channel, "ts": hers.ts}
    assert (await refused(client(slack).chat_update(**place, text="x")))["error"] == "cant_update_message"
    assert (await refused(client(slack).chat_delete(**place)))["error"] == "cant_delete_message"


async def test_a_deleted_message_is_not_found(slack: FakeSlack) -> None:
    message = await post(slack)
    slack.person("ana").delete(message)
    place = {"channel": message.channel, "ts": message.ts}
    assert (await refused(client(slack).chat_update(**place, text="x")))["error"] == "message_not_found"
    assert (await client(slack).conversations_history(channel=message.channel))["messages"] == []


async def test_a_thread_is_read_by_itself(slack: FakeSlack) -> None:
    card = await post(slack)
    reply = await post(slack, thread_ts=card.ts, text="a draft")
    told = await client(slack).conversations_replies(channel=card.channel, ts=card.ts)
    assert [one["ts"] for one in told["messages"]] == [card.ts, reply.ts]
    history = await client(slack).conversations_history(channel=card.channel)
    assert [one["ts"] for one in history["messages"]] == [card.ts]
    assert (slack.replies(card), slack.cards("#alerts")) == ([reply], [card])
    missing = client(slack).conversations_replies(channel=card.channel, ts="1.000001")
    assert (await refused(missing))["error"] == "thread_not_found"


async def test_a_reply_to_a_deleted_message_lands_in_the_channel(slack: FakeSlack) -> None:
    card = await post(slack)
    slack.person("ana").delete(card)
    told = await client(slack).chat_postMessage(channel=card.channel, text="a draft", thread_ts=card.ts, **GOOD)
    assert "thread_ts" not in told["message"]
    assert [one.words for one in slack.cards("#alerts")] == ["a draft"]


async def test_history_is_paged_newest_first_and_bounded_by_times(slack: FakeSlack, clock: Clock) -> None:
    posted = []
    for _ in range(5):
        clock.now += 10
        posted.append((await post(slack)).ts)
    place, seen, cursor = slack.channel("#alerts").id, [], ""
    while True:
        told = await client(slack).conversations_history(channel=place, limit=2, cursor=cursor)
        seen += [one["ts"] for one in told["messages"]]
        if not (cursor := told["response_metadata"]["next_cursor"]):
            break
    assert seen == posted[::-1]
    assert len(slack.calls_of("conversations.history")) == 3
    later = await client(slack).conversations_history(channel=place, oldest=posted[2])
    assert [one["ts"] for one in later["messages"]] == posted[:2:-1]


async def test_an_ephemeral_message_is_seen_by_one_person_and_never_in_history(slack: FakeSlack) -> None:
    place, ana = slack.channel("#alerts").id, slack.user("ana").id
    settings = {"parse": "none", "link_names": False}
    await client(slack).chat_postEphemeral(channel=place, user=ana, text="only you", **settings)
    assert [one.words for one in slack.ephemerals("ana")] == ["only you"]
    assert [one.words for one in slack.person("ana").sees("#alerts")] == ["only you"]
    assert slack.person("bo").sees("#alerts") == slack.messages("#alerts") == []
    assert (await client(slack).conversations_history(channel=place))["messages"] == []
    stranger = slack.add_user("zoe").id
    wrong = client(slack).chat_postEphemeral(channel=place, user=stranger, text="x")
    assert (await refused(wrong))["error"] == "user_not_in_channel"


async def test_reactions_are_there_once(slack: FakeSlack) -> None:
    message = await post(slack)
    place = {"channel": message.channel, "timestamp": message.ts}
    assert (await refused(client(slack).reactions_remove(**place, name="eyes")))["error"] == "no_reaction"
    await client(slack).reactions_add(**place, name="eyes")
    assert message.reactions == {"eyes": [slack.bot.id]}
    assert (await refused(client(slack).reactions_add(**place, name="eyes")))["error"] == "already_reacted"
    await client(slack).reactions_remove(**place, name="eyes")
    assert message.reactions == {}
    gone = client(slack).reactions_add(channel=message.channel, timestamp="1.000001", name="eyes")
    assert (await refused(gone))["error"] == "message_not_found"


# Who may do what


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("app", "not_allowed_token_type"), ("revoked", "token_revoked")],
)
async def test_a_wrong_token_is_refused(slack: FakeSlack, token: str, error: str) -> None:
    if token == "revoked":
        slack.token_error = "token_revoked"
    given = {"app": slack.app_token, "revoked": slack.bot_token}.get(token, token)
    assert (await refused(client(slack, given).auth_test()))["error"] == error


async def test_a_scope_that_is_missing_is_named(slack: FakeSlack) -> None:
    slack.scopes -= {"channels:history"}
    told = await refused(client(slack).conversations_history(channel=slack.channel("#alerts").id))
    assert (told["error"], told["needed"]) == ("missing_scope", "channels:history")
    assert "chat:write" in told["provided"]


async def test_every_answer_tells_the_scopes(slack: FakeSlack) -> None:
    told = await client(slack).auth_test()
    assert set(told.headers["X-OAuth-Scopes"].split(",")) == slack.scopes
    assert (told["user_id"], told["bot_id"]) == (slack.bot.id, slack.bot_id)


@pytest.mark.parametrize(
    ("marks", "error"),
    [
        ({"bot_in": False}, "not_in_channel"),
        ({"bot_in": False, "is_private": True}, "channel_not_found"),
        ({"is_archived": True}, "is_archived"),
        (None, "channel_not_found"),
    ],
)
async def test_a_channel_that_is_closed_to_us_refuses_posts(
    slack: FakeSlack, marks: dict[str, bool] | None, error: str
) -> None:
    if marks is not None:
        slack.add_channel("leads", ["ana"], **marks)
    assert (await refused(client(slack).chat_postMessage(channel="#leads", text="x", **GOOD)))["error"] == error


async def test_a_public_channel_takes_posts_from_outside_with_its_scope(slack: FakeSlack) -> None:
    slack.add_channel("leads", bot_in=False)
    slack.scopes.add("chat:write.public")
    assert (await post(slack, "#leads")).words == "It is late"


async def test_all_but_posts_need_the_channels_id(slack: FakeSlack) -> None:
    message = await post(slack, "#alerts")
    wrong = client(slack).chat_update(channel="#alerts", ts=message.ts, text="x")
    assert (await refused(wrong))["error"] == "channel_not_found"


async def test_lists_show_what_the_bot_can_see_page_by_page(slack: FakeSlack) -> None:
    slack.add_channel("secret", is_private=True)
    slack.add_channel("theirs", bot_in=False)
    slack.add_channel("old", is_archived=True)
    slack.add_channel("joint", is_ext_shared=True)
    slack.page_size, seen, cursor = 2, [], ""
    while True:
        kinds = "public_channel,private_channel"
        told = await client(slack).users_conversations(types=kinds, cursor=cursor)
        seen += [(one["name"], one["is_archived"], one["is_ext_shared"]) for one in told["channels"]]
        if not (cursor := told["response_metadata"]["next_cursor"]):
            break
    names = [("alerts", False, False), ("secret", False, False), ("old", True, False), ("joint", False, True)]
    assert seen == names
    assert len(slack.calls_of("users.conversations")) == 2


async def test_people_and_their_groups_are_known(slack: FakeSlack) -> None:
    guest, stranger = slack.add_user("gus", is_restricted=True), slack.add_user("zoe", team="T0OTHER")
    group = slack.add_group("support", ["ana", guest])
    assert (await client(slack).users_info(user=guest.id))["user"]["is_restricted"]
    assert (await client(slack).users_info(user=stranger.id))["user"]["team_id"] == "T0OTHER"
    assert (await refused(client(slack).users_info(user="U0NOBODY")))["error"] == "user_not_found"
    told = await client(slack).usergroups_list()
    assert [(one["id"], one["handle"]) for one in told["usergroups"]] == [(group.id, "support")]
    told = await client(slack).usergroups_users_list(usergroup=group.id)
    assert told["users"] == [slack.user("ana").id, guest.id]
    assert (await refused(client(slack).usergroups_users_list(usergroup="S1")))["error"] == "no_such_subteam"


async def test_a_direct_message_is_opened_once(slack: FakeSlack) -> None:
    first = await client(slack).conversations_open(users=slack.user("ana").id)
    again = await client(slack).conversations_open(users=slack.user("ana").id)
    assert first["channel"]["id"] == again["channel"]["id"] == slack.channel("@ana").id
    await post(slack, first["channel"]["id"], text="hello")
    assert [one.words for one in slack.messages("@ana")] == ["hello"]
    assert (await refused(client(slack).conversations_open(users="U0NOBODY")))["error"] == "user_not_found"


async def test_an_unknown_method_is_refused(slack: FakeSlack) -> None:
    assert (await refused(client(slack).api_call("pins.add")))["error"] == "unknown_method"


# Rates and troubles


async def test_one_post_a_second_after_a_short_burst(slack: FakeSlack, clock: Clock) -> None:
    slack.strict_rates = True
    slack.add_channel("leads")
    for _ in range(slack.rates.post_burst):
        await post(slack)
    with pytest.raises(SlackApiError) as caught:
        await post(slack, slack.channel("#alerts").id)
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    await post(slack, "#leads")
    clock.now += 1
    await post(slack)
    assert [one.status for one in slack.calls_of("chat.postMessage")] == [200, 200, 200, 429, 200, 200]


async def test_a_method_has_its_tier(slack: FakeSlack, clock: Clock) -> None:
    slack.strict_rates = True
    message = await post(slack)
    for _ in range(50):
        await client(slack).chat_update(channel=message.channel, ts=message.ts, text="x", parse="none")
    with pytest.raises(SlackApiError) as caught:
        await client(slack).chat_update(channel=message.channel, ts=message.ts, text="x", parse="none")
    assert caught.value.response.headers["Retry-After"] == "2"
    clock.now += 2
    await client(slack).chat_update(channel=message.channel, ts=message.ts, text="x", parse="none")


async def test_a_line_can_be_cut_before_or_after_the_effect(slack: FakeSlack) -> None:
    slack.faults.drop_before("chat.postMessage")
    slack.faults.drop_after("chat.postMessage")
    for left in (0, 1):
        with pytest.raises(aiohttp.ClientError):
            await post(slack)
        assert len(slack.messages("#alerts")) == left
    await post(slack)
    assert [one.status for one in slack.calls_of("chat.postMessage")] == [0, 0, 200]


async def test_a_page_of_html_instead_of_an_answer(slack: FakeSlack) -> None:
    slack.faults.http_500_html("chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as caught:
        await post(slack)
    assert caught.value.response.status_code == 503
    assert slack.messages("#alerts") == []


async def test_an_order_to_wait_for_one_channel(slack: FakeSlack) -> None:
    leads = slack.add_channel("leads")
    slack.faults.rate_limit("chat.postMessage", None, channel=leads.id)
    await post(slack)
    with pytest.raises(SlackApiError) as caught:
        await post(slack, leads.id)
    assert caught.value.response.status_code == 429
    assert "Retry-After" not in caught.value.response.headers


async def test_an_answer_that_comes_too_late_after_its_effect(slack: FakeSlack) -> None:
    slack.faults.slow("chat.postMessage", 1.5)
    with pytest.raises(TimeoutError):
        await client(slack, timeout=1).chat_postMessage(channel="#alerts", text="x", **GOOD)
    assert len(slack.messages("#alerts")) == 1


async def test_an_answer_that_cannot_be_read(slack: FakeSlack) -> None:
    slack.faults.garbage("chat.postMessage")
    with pytest.raises(SlackApiError):
        await post(slack)
    assert len(slack.messages("#alerts")) == 1


async def test_an_error_on_order(slack: FakeSlack) -> None:
    slack.faults.fail("auth.test", "internal_error", times=2)
    for _ in range(2):
        assert (await refused(client(slack).auth_test()))["error"] == "internal_error"
    assert (await client(slack).auth_test())["ok"]
    assert [one.error for one in slack.calls_of("auth.test")] == ["internal_error", "internal_error", ""]


# Views


async def test_a_trigger_opens_one_view_within_three_seconds(slack: FakeSlack, clock: Clock) -> None:
    trigger = slack.new_trigger(slack.user("ana").id)
    await client(slack).views_open(trigger_id=trigger, view=a_view())
    assert slack.person("ana").modal is not None
    again = client(slack).views_open(trigger_id=trigger, view=a_view())
    assert (await refused(again))["error"] == "exchanged_trigger_id"
    late = slack.new_trigger(slack.user("ana").id)
    clock.now += 3.5
    assert (await refused(client(slack).views_open(trigger_id=late, view=a_view())))["error"] == "expired_trigger_id"
    assert (await refused(client(slack).views_open(trigger_id="1", view=a_view())))["error"] == "invalid_trigger_id"


async def test_three_views_may_lie_on_each_other(slack: FakeSlack) -> None:
    ana = slack.user("ana").id
    await client(slack).views_open(trigger_id=slack.new_trigger(ana), view=a_view())
    for _ in range(2):
        await client(slack).views_push(trigger_id=slack.new_trigger(ana), view=a_view())
    more = client(slack).views_push(trigger_id=slack.new_trigger(ana), view=a_view())
    assert (await refused(more))["error"] == "push_limit_reached"


async def test_an_updated_view_keeps_its_id_and_gets_a_new_hash(slack: FakeSlack) -> None:
    trigger = slack.new_trigger(slack.user("ana").id)
    first = (await client(slack).views_open(trigger_id=trigger, view=a_view()))["view"]
    place = {"view_id": first["id"], "hash": first["hash"]}
    second = (await client(slack).views_update(**place, view=a_view(words="New")))["view"]
    assert second["id"] == first["id"]
    assert second["hash"] != first["hash"]
    assert (await refused(client(slack).views_update(**place, view=a_view())))["error"] == "hash_conflict"
    await slack.person("ana").close()
    gone = client(slack).views_update(view_id=first["id"], view=a_view())
    assert (await refused(gone))["error"] == "not_found"


async def test_a_wrong_view_is_refused_as_an_argument(slack: FakeSlack) -> None:
    trigger = slack.new_trigger(slack.user("ana").id)
    told = await refused(client(slack).views_open(trigger_id=trigger, view=a_view(private_metadata="x" * 3001)))
    assert told["error"] == "invalid_arguments"
    assert told["response_metadata"]["messages"]
    assert slack.alarms


async def test_a_home_is_published_under_one_id(slack: FakeSlack) -> None:
    ana = slack.user("ana").id
    first = (await client(slack).views_publish(user_id=ana, view=a_view("home")))["view"]
    second = (await client(slack).views_publish(user_id=ana, view=a_view("home", "New"), hash=first["hash"]))["view"]
    assert first["id"] == second["id"]
    assert slack.person("ana").home is not None
    assert slack.person("ana").home.words == "New"
    old = client(slack).views_publish(user_id=ana, view=a_view("home"), hash=first["hash"])
    assert (await refused(old))["error"] == "hash_conflict"
    slack.has_home = False
    assert (await refused(client(slack).views_publish(user_id=ana, view=a_view("home"))))["error"] == "not_enabled"


# Alarms


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": "hello <!channel>"}, "channel"),
        ({"text": "hello <@U0BO>"}, "U0BO"),
        ({"text": "a < b"}, "not escaped"),
        ({"text": "R&D"}, "not escaped"),
        ({"unfurl_links": True}, "unfurl_links"),
        ({"parse": "full"}, "parse"),
        ({"blocks": [{"type": "nonsense"}]}, "nonsense"),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<evil>", "verbatim": True}}]},
            "not escaped",
        ),
    ],
)
async def test_what_no_bot_should_send_is_an_alarm(slack: FakeSlack, params: dict[str, Any], words: str) -> None:
    with suppress(SlackApiError):
        await post(slack, **params)
    with pytest.raises(AssertionError, match=words):
        slack.check()


async def test_a_link_that_the_test_does_not_expect_is_an_alarm(slack: FakeSlack) -> None:
    slack.may_link = lambda url: url.startswith("https://birds.example/")
    await post(slack, text="<https://birds.example/1|the post>")
    slack.check()
    await post(slack, text="<https://evil.example/|birds.example>")
    with pytest.raises(AssertionError, match="evil"):
        slack.check()


async def test_a_ping_that_the_test_allows_is_no_alarm(slack: FakeSlack) -> None:
    slack.may_ping.add(slack.user("bo").id)
    message = await post(slack, text=f"&lt;{'x' * 5}&gt; <@{slack.user('bo').id}>")
    slack.check()
    assert message.words == "<xxxxx> @bo"
