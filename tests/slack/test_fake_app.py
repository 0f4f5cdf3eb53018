"""The fake Slack reaches a real bolt app as Slack does: sockets, acks, redelivery, clicks, modals, signed requests."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.bot.fakes import until
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.person import Person
from tests.slack.sockets import Socket, sign
from tests.slack.world import Message

GOOD = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def a_button(label: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": f"act:{label}", "value": label.lower(), "text": plain(label)} | more


ITEMS = [{"text": plain(label), "value": label.lower()} for label in ("Snooze…", "Assign…")]
SURE = {"title": plain("Sure?"), "text": plain("It goes."), "confirm": plain("Yes"), "deny": plain("No")}
CARD = [
    {"type": "section", "text": plain("It is late")},
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            a_button("Claim", accessibility_label="Claim case 1"),
            a_button("Drop", confirm=SURE),
            {"type": "overflow", "action_id": "act:more", "options": ITEMS},
        ],
    },
]
REASONS = [{"text": plain(label), "value": label.lower()} for label in ("Fixed", "Spam")]
REASON = {
    "type": "input",
    "block_id": "f:reason",
    "label": plain("Reason"),
    "dispatch_action": True,
    "element": {
        "type": "static_select",
        "action_id": "pick:reason",
        "options": REASONS,
        "initial_option": REASONS[0],
    },
}
NOTE = {
    "type": "input",
    "block_id": "f:note",
    "label": plain("Note"),
    "dispatch_action": True,
    "element": {
        "type": "plain_text_input",
        "action_id": "typed:note",
        "max_length": 10,
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    },
}


def form(*, title: str = "Resolve", note: Mapping[str, Any] = NOTE, **more: Any) -> dict[str, Any]:
    """A modal with a choice that has an initial value, a required text and a button."""
    told = {"type": "modal", "callback_id": "form", "title": plain(title), "submit": plain("Save")}
    blocks = [REASON, dict(note), {"type": "actions", "block_id": "b", "elements": [a_button("Help")]}]
    return told | {"blocks": blocks, "notify_on_close": True, "private_metadata": "{}"} | more


class Bot:
    """An app that hears everything and answers as it is told: `acks[type]` is a payload, None for no ack."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.heard: list[dict[str, Any]] = []
        self.acks: dict[str, dict[str, Any] | None] = {}
        self.then: Callable[[dict[str, Any]], Any] | None = None
        self.client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        app = AsyncApp(client=self.client, process_before_response=True, signing_secret=slack.signing_secret)
        anything = re.compile("")
        for listen in (app.command, app.action, app.shortcut, app.view, app.view_closed, app.event):
            listen(anything)(self.hear)
        self.app = app

    async def hear(self, ack: Any, body: dict[str, Any]) -> None:
        self.heard.append(body)
        kind = str(body.get("type") or "command")
        payload = self.acks.get(kind, {})
        if payload is None:
            raise RuntimeError("not acked, as the test asked")
        if self.then is not None:
            await self.then(body)
        await (ack(**payload) if payload else ack())

    async def connect(self) -> AsyncSocketModeHandler:
        web_client = AsyncWebClient(self.slack.app_token, base_url=self.slack.api_url, retry_handlers=[])
        handler = AsyncSocketModeHandler(self.app, self.slack.app_token, web_client=web_client, ping_interval=0.2)
        await handler.connect_async()
        return handler


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_300_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with fake_slack(clock=clock, retries=(0.0, 0.01, 0.01)) as opened:
        for name in ("ana", "bo"):
            opened.add_user(name)
        opened.add_channel("alerts", ["ana", "bo"])
        yield opened
        opened.check()


@pytest.fixture
async def bot(slack: FakeSlack) -> AsyncIterator[Bot]:
    made = Bot(slack)
    handler = await made.connect()
    yield made
    await handler.close_async()


@pytest.fixture
def ana(slack: FakeSlack) -> Person:
    return slack.person("ana")


async def post(bot: Bot, **params: Any) -> Message:
    told = await bot.client.chat_postMessage(channel="#alerts", **({"text": "x", "blocks": CARD} | GOOD | params))
    return next(one for one in bot.slack.messages("#alerts") if one.ts == told["ts"])


async def opened(bot: Bot, who: Person, **more: Any) -> Any:
    trigger = bot.slack.new_trigger(who.id)
    await bot.client.views_open(trigger_id=trigger, view=form(**more))
    return who.modal


# Commands


async def test_a_command_arrives_escaped_and_its_answer_is_private(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    bot.acks["command"] = {"text": "done"}
    answer = await ana.command("/earshot assign 1 @bo #alerts R&D <x>", "#alerts")
    [body] = bot.heard
    people = f"<@{slack.user('bo').id}|bo> <#{slack.channel('#alerts').id}|alerts>"
    assert body["text"] == f"assign 1 {people} R&amp;D &lt;x&gt;"
    assert (body["user_id"], body["channel_name"], body["command"]) == (ana.id, "alerts", "/earshot")
    assert (answer.words, answer.error) == ("done", "")
    assert [one.words for one in slack.ephemerals("ana")] == ["done"]
    assert slack.messages("#alerts") == []


async def test_an_answer_in_the_channel_says_so(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    bot.acks["command"] = {"text": "done", "response_type": "in_channel"}
    await ana.command("/earshot queue", "#alerts")
    assert [one.words for one in slack.messages("#alerts")] == ["done"]


async def test_a_command_that_is_not_acked_shows_an_error_and_is_not_sent_again(
    bot: Bot, slack: FakeSlack, ana: Person
) -> None:
    slack.ack_within = 0.2
    bot.acks["command"] = None
    answer = await ana.command("/earshot queue", "#alerts")
    assert answer.error == "operation_timeout"
    assert slack.errors_shown[0][0] == "ana"
    assert len(bot.heard) == 1


async def test_nobody_listens(slack: FakeSlack, ana: Person) -> None:
    assert (await ana.command("/earshot queue", "#alerts")).error == "dispatch_failed"


# Answers through a response_url


async def respond(url: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.json()


async def test_a_response_url_takes_five_answers(bot: Bot, ana: Person) -> None:
    answer = await ana.command("/earshot queue", "#alerts")
    told = [(await respond(answer.response_url, text="more"))[1].get("error", "") for _ in range(6)]
    assert told == ["", "", "", "", "", "used_url"]
    assert [one.ephemeral_to for one in answer.messages] == [ana.id] * 5


async def test_a_response_url_lives_for_half_an_hour(bot: Bot, ana: Person, clock: Clock) -> None:
    answer = await ana.command("/earshot queue", "#alerts")
    clock.now += 1801
    assert await respond(answer.response_url, text="late") == (404, {"ok": False, "error": "expired_url"})


async def test_a_private_answer_can_be_replaced_and_deleted(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    bot.acks["command"] = {"text": "page 1", "blocks": CARD}
    page = (await ana.command("/earshot queue", "#alerts")).messages[0]
    answer = await ana.click(page, "Claim")
    container = bot.heard[-1]["container"]
    assert container["is_ephemeral"]
    assert "message" not in bot.heard[-1]
    await respond(answer.response_url, text="page 2", replace_original=True)
    assert (page.words, answer.words) == ("page 2", "page 2")
    await respond(answer.response_url, delete_original=True)
    assert ana.ephemerals == []


async def test_an_answer_can_be_put_into_a_thread(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    card = await post(bot)
    answer = await ana.click(card, "Claim")
    await respond(answer.response_url, text="yours", thread_ts=card.ts)
    assert [(one.words, one.thread_ts) for one in ana.ephemerals] == [("yours", card.ts)]


# Clicks


async def test_a_click_on_a_message_tells_where_it_was(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    card = await post(bot)
    reply = await post(bot, thread_ts=card.ts)
    await ana.click(reply, "Claim case 1")
    [body] = bot.heard
    place = {"type": "message", "message_ts": reply.ts, "channel_id": card.channel, "is_ephemeral": False}
    assert body["container"] == place | {"thread_ts": card.ts}
    assert (body["message"]["ts"], body["user"]["id"]) == (reply.ts, ana.id)
    [action] = body["actions"]
    assert (action["action_id"], action["value"], action["block_id"]) == ("act:Claim", "claim", "buttons")
    assert body["state"] == {"values": {}}


async def test_a_menu_item_is_chosen_by_its_label(bot: Bot, ana: Person) -> None:
    card = await post(bot)
    assert card.menu == ["Snooze…", "Assign…"]
    await ana.choose(card, "Assign…")
    assert bot.heard[0]["actions"][0]["selected_option"]["value"] == "assign…"


async def test_a_question_can_be_answered_with_no(bot: Bot, ana: Person) -> None:
    card = await post(bot)
    await ana.click(card, "Drop", is_confirmed=False)
    assert bot.heard == []
    await ana.click(card, "Drop")
    assert len(bot.heard) == 1


async def test_a_person_can_only_do_what_she_sees(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    card = await post(bot)
    for wrong in (ana.click(card, "Approve"), ana.choose(card, "Explode"), ana.click(card, "Claim", nth=1)):
        with pytest.raises(AssertionError):
            await wrong
    slack.add_user("zoe")
    with pytest.raises(AssertionError, match="not in this channel"):
        await slack.person("zoe").click(card, "Claim")
    ana.delete(card)
    with pytest.raises(AssertionError, match="deleted"):
        await ana.click(card, "Claim")
    assert bot.heard == []


# Modals


async def test_a_modal_sends_what_it_holds_untouched_fields_too(bot: Bot, ana: Person) -> None:
    view = await opened(bot, ana)
    await ana.submit({"Note": "late"})
    values = bot.heard[0]["view"]["state"]["values"]
    assert values["f:reason"]["pick:reason"]["selected_option"]["value"] == "fixed"
    assert values["f:note"]["typed:note"] == {"type": "plain_text_input", "value": "late"}
    assert (bot.heard[0]["view"]["id"], bot.heard[0]["view"]["private_metadata"]) == (view.id, "{}")
    assert ana.modal is None


@pytest.mark.parametrize("values", [{}, {"Note": "x" * 11}, {"Note": "x", "Reason": "Bored"}, {"Nose": "x"}])
async def test_slacks_client_does_not_send_what_is_wrong(bot: Bot, ana: Person, values: dict[str, str]) -> None:
    await opened(bot, ana)
    with pytest.raises(AssertionError):
        await ana.submit(values)
    assert bot.heard == []


async def test_errors_stand_beside_the_field_and_the_modal_stays(bot: Bot, ana: Person) -> None:
    view = await opened(bot, ana)
    bot.acks["view_submission"] = {"response_action": "errors", "errors": {"f:note": "too short"}}
    answer = await ana.submit({"Note": "x", "Reason": "Spam"})
    assert answer.errors == {"f:note": "too short"}
    assert ana.modal is view
    assert "too short" in view.words
    assert "Spam" in view.words


async def test_errors_for_a_field_that_is_not_there_are_an_alarm(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    await opened(bot, ana)
    bot.acks["view_submission"] = {"response_action": "errors", "errors": {"f:nose": "too long"}}
    assert (await ana.submit({"Note": "x"})).error
    with pytest.raises(AssertionError, match="f:nose"):
        slack.check()
    slack.alarms.clear()


async def test_an_ack_can_update_push_and_clear(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    first = await opened(bot, ana)
    old = first.hash
    bot.acks["view_submission"] = {"response_action": "update", "view": form(title="Second")}
    await ana.submit({"Note": "x"})
    assert ana.modal is first
    assert (first.title, first.hash != old) == ("Second", True)
    bot.acks["view_submission"] = {"response_action": "push", "view": form(title="Third")}
    await ana.submit({"Note": "x"})
    assert ana.modal is not None
    assert ana.modal.title == "Third"
    bot.acks["view_submission"] = {}
    await ana.submit({"Note": "x"})
    assert ana.modal is first
    bot.acks["view_submission"] = {"response_action": "clear"}
    await ana.submit({"Note": "x"})
    assert ana.modal is None


async def test_a_submission_that_is_not_acked_leaves_the_modal_open(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    slack.ack_within = 0.2
    view = await opened(bot, ana)
    bot.acks["view_submission"] = None
    assert (await ana.submit({"Note": "x"})).error == "operation_timeout"
    assert ana.modal is view


async def test_everybody_has_modals_of_her_own(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    view = await opened(bot, ana)
    other = await opened(bot, slack.person("bo"))
    assert (ana.modal, slack.person("bo").modal) == (view, other)
    with pytest.raises(AssertionError):
        await slack.person("bo").click(view, "Help")


async def test_a_click_at_home_tells_the_view(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [a_button("Queue")]}]}
    await bot.client.views_publish(user_id=ana.id, view=home)
    assert ana.home is not None
    await ana.click(ana.home, "Queue")
    assert (bot.heard[0]["view"]["type"], bot.heard[0]["container"]["view_id"]) == ("home", ana.home.id)
    with pytest.raises(AssertionError, match="ana's"):
        await slack.person("bo").click(ana.home, "Queue")


async def test_a_click_in_a_modal_tells_view_and_state(bot: Bot, ana: Person) -> None:
    view = await opened(bot, ana)
    await ana.type(None, "note", "late")
    answer = await ana.click(view, "Help")
    body = bot.heard[-1]
    assert body["container"] == {"type": "view", "view_id": view.id}
    assert body["view"]["hash"] == view.hash
    assert body["view"]["state"]["values"]["f:note"]["typed:note"]["value"] == "late"
    assert not {"channel", "response_url", "message"} & body.keys()
    assert answer.response_url == ""


async def test_typing_and_choosing_are_told_at_once_where_the_field_asks_for_it(bot: Bot, ana: Person) -> None:
    view = await opened(bot, ana)
    await ana.type(view, "Note", "lat")
    assert bot.heard[-1]["actions"][0]["value"] == "lat"
    await ana.choose(view, "Spam", "Reason")
    assert bot.heard[-1]["actions"][0]["selected_option"]["value"] == "spam"
    values = bot.heard[-1]["view"]["state"]["values"]
    assert values["f:reason"]["pick:reason"]["selected_option"]["value"] == "spam"
    assert values["f:note"]["typed:note"]["value"] == "lat"


async def test_what_was_typed_survives_an_update_only_under_the_same_block(bot: Bot, ana: Person) -> None:
    view = await opened(bot, ana)
    await ana.type(view, "Note", "late")
    element = NOTE["element"] | {"initial_value": "template"}
    await bot.client.views_update(view_id=view.id, view=form(note=NOTE | {"element": element}))
    assert "late" in view.words
    assert "template" not in view.words
    await bot.client.views_update(view_id=view.id, view=form(note=NOTE | {"element": element, "block_id": "f:note:2"}))
    assert "template" in view.words
    await ana.submit()
    assert "f:note:2" in bot.heard[-1]["view"]["state"]["values"]


async def test_closing_tells_what_was_typed(bot: Bot, ana: Person) -> None:
    await opened(bot, ana)
    await ana.close(None, {"Note": "late"})
    [body] = bot.heard
    assert (body["type"], body["is_cleared"]) == ("view_closed", False)
    assert body["view"]["state"]["values"]["f:note"]["typed:note"]["value"] == "late"
    assert ana.modal is None


async def test_closing_is_told_only_when_asked_for(bot: Bot, ana: Person) -> None:
    await opened(bot, ana, notify_on_close=False)
    await ana.close()
    assert bot.heard == []


async def test_people_are_chosen_by_name(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    who = {"type": "input", "block_id": "f:who", "label": plain("Who")}
    await opened(bot, ana, note=who | {"element": {"type": "users_select", "action_id": "who"}})
    await ana.submit({"Who": "bo"})
    held = bot.heard[0]["view"]["state"]["values"]["f:who"]["who"]
    assert held["selected_user"] == slack.user("bo").id


async def test_a_modal_opened_with_the_trigger_belongs_to_the_answer(bot: Bot, ana: Person) -> None:
    async def open_form(body: dict[str, Any]) -> None:
        await bot.client.views_open(trigger_id=body["trigger_id"], view=form())

    bot.then = open_form
    answer = await (await ana.command("/earshot resolve 1", "#alerts")).arrives()
    assert answer.modal is ana.modal
    assert "Reason" in answer.words


# Shortcuts, mentions, home, reactions


async def test_shortcuts_carry_the_message(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    message = await slack.person("bo").say("#alerts", "they say https://x.example is down")
    await ana.shortcut("track", message)
    assert (bot.heard[0]["type"], bot.heard[0]["callback_id"]) == ("message_action", "track")
    assert bot.heard[0]["message"]["text"] == "they say <https://x.example> is down"
    await ana.shortcut("queue")
    assert (bot.heard[1]["type"], "message" in bot.heard[1]) == ("shortcut", False)


async def test_a_mention_is_heard_where_the_bot_is(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    card = await post(bot)
    said = await ana.mention("#alerts", "@earshot claim 1 @bo", thread=card)
    event = bot.heard[0]["event"]
    assert event["text"] == f"<@{slack.bot.id}> claim 1 <@{slack.user('bo').id}>"
    assert (event["ts"], event["thread_ts"], event["user"]) == (said.ts, card.ts, ana.id)
    slack.add_channel("theirs", ["ana"], bot_in=False)
    await ana.mention("#theirs", "@earshot queue")
    await ana.say("#alerts", "just talk")
    assert len(bot.heard) == 1


async def test_direct_messages_are_heard_the_bots_own_too(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    await ana.dm("queue")
    assert (bot.heard[0]["event"]["channel_type"], bot.heard[0]["event"]["text"]) == ("im", "queue")
    await bot.client.chat_postMessage(channel=slack.channel("@ana").id, text="yours", **GOOD)
    own = slack.deliveries[-1]
    await own.is_over.wait()
    assert own.event["bot_id"] == slack.bot_id
    assert len(bot.heard) == 1  # bolt leaves the bot's own words out


async def test_home_and_reactions_are_told(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    await ana.open_home()
    card = await post(bot)
    await ana.react(card, "eyes")
    await ana.unreact(card, "eyes")
    events = [one["event"] for one in bot.heard]
    assert [one["type"] for one in events] == ["app_home_opened", "reaction_added", "reaction_removed"]
    assert events[1]["item"] == {"type": "message", "channel": card.channel, "ts": card.ts}
    await bot.client.reactions_add(channel=card.channel, timestamp=card.ts, name="eyes")
    await slack.deliveries[-1].is_over.wait()
    assert (slack.deliveries[-1].event["type"], slack.deliveries[-1].event["user"]) == ("reaction_added", slack.bot.id)


async def test_what_others_change_is_told(bot: Bot, slack: FakeSlack) -> None:
    slack.add_group("support", ["ana"])
    await slack.archive("#alerts")
    await slack.archive("#alerts", is_archived=False)
    await slack.rename("#alerts", "#alarms")
    await slack.share("#alarms")
    await slack.kick_bot("#alarms")
    await slack.invite_bot("#alarms")
    await slack.change_group("support", ["bo"])
    await slack.change_user("bo", is_restricted=True)
    kinds = [one["event"]["type"] for one in bot.heard]
    left = ["member_left_channel", "channel_left", "member_joined_channel"]
    changed = ["subteam_members_changed", "user_change"]
    assert kinds == ["channel_archive", "channel_unarchive", "channel_rename", "channel_shared", *left, *changed]


async def test_events_that_nobody_subscribed_to_are_not_told(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    slack.subscriptions -= {"app_mention"}
    await ana.mention("#alerts", "@earshot queue")
    assert bot.heard == []


async def test_people_of_another_team_can_be_told_apart(bot: Bot, slack: FakeSlack) -> None:
    zoe = slack.add_user("zoe", team="T0OTHER")
    slack.add_channel("joint", [zoe], is_ext_shared=True)
    await slack.person("zoe").mention("#joint", "@earshot queue")
    body = bot.heard[0]
    assert (body["event"]["user_team"], body["team_id"], body["is_ext_shared_channel"]) == ("T0OTHER", "T0HERON", True)
    await bot.client.chat_postMessage(channel="#joint", text="x", blocks=CARD, **GOOD)
    await slack.person("zoe").click(slack.cards("#joint")[0], "Claim")
    assert (bot.heard[1]["user"]["team_id"], bot.heard[1]["team"]["id"]) == ("T0OTHER", "T0HERON")


# Delivery


async def test_an_event_that_is_not_acked_comes_again(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    slack.ack_within = 0.2
    bot.acks["event_callback"] = None
    await ana.mention("#alerts", "@earshot queue")
    delivery = slack.deliveries[-1]
    await delivery.is_over.wait()
    assert len({body["event_id"] for body in bot.heard}) == 1
    assert [(one.number, one.reason) for one in delivery.attempts] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert (len(bot.heard), delivery.is_acked) == (4, False)
    frames = [one for one in slack.sockets[0].sent if one.get("envelope_id")]
    assert [(one["retry_attempt"], one["retry_reason"]) for one in frames[1:]] == [(n, "timeout") for n in (1, 2, 3)]


async def test_each_payload_goes_to_one_socket(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    second = await bot.connect()
    try:
        for _ in range(12):
            await ana.command("/earshot queue", "#alerts")
        sent = [[one for one in socket.sent if one.get("envelope_id")] for socket in slack.sockets]
        assert len(bot.heard) == sum(map(len, sent)) == 12
        assert all(sent)
    finally:
        await second.close_async()


async def test_a_deaf_socket_loses_what_is_sent_to_it_and_an_event_finds_the_other(
    bot: Bot, slack: FakeSlack, ana: Person
) -> None:
    slack.ack_within, slack.hub.retries = 0.2, (0.05,) * 100
    slack.sockets[0].deaf = True
    await ana.mention("#alerts", "@earshot queue")
    assert slack.deliveries[-1].attempts[0].outcome == "timeout"
    assert slack.sockets[0].is_open
    second = await bot.connect()
    slack.sockets[0].deaf, slack.sockets[1].deaf = False, False
    await slack.deliveries[-1].is_over.wait()
    await second.close_async()
    assert slack.deliveries[-1].is_acked


async def another_socket(slack: FakeSlack, old: Socket) -> None:
    async def is_there() -> bool:
        return any(one is not old for one in slack.sockets)

    await until(is_there)


async def test_a_socket_that_is_cut_is_opened_again_by_the_client(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    first = slack.sockets[0]
    first.drop()
    await another_socket(slack, first)
    assert (await ana.command("/earshot queue", "#alerts")).error == ""


async def test_slack_asks_to_reconnect(bot: Bot, slack: FakeSlack, ana: Person) -> None:
    first = slack.sockets[0]
    await first.disconnect_frame("refresh_requested")
    await another_socket(slack, first)
    assert not first.is_open
    assert (await ana.command("/earshot queue", "#alerts")).error == ""


async def raw_socket(slack: FakeSlack, session: aiohttp.ClientSession) -> tuple[str, aiohttp.ClientWebSocketResponse]:
    client = AsyncWebClient(slack.app_token, base_url=slack.api_url, retry_handlers=[])
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    return url, await session.ws_connect(url, autoping=False)


async def test_a_socket_greets_answers_pings_and_can_fall_silent(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        url, ws = await raw_socket(slack, session)
        assert (await ws.receive_json())["type"] == "hello"
        await ws.ping(b"1")
        assert (await ws.receive()).type is WSMsgType.PONG
        slack.sockets[0].silent()
        await ws.ping(b"2")
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        slack.no_hello = True
        _, quiet = await raw_socket(slack, session)
        with pytest.raises(TimeoutError):
            await quiet.receive(timeout=0.1)
        await quiet.close()
        await ws.close()


async def test_an_eleventh_socket_is_turned_away(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        kept = [(await raw_socket(slack, session))[1] for _ in range(11)]
        told = await kept[10].receive_json()
        assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
        assert len(slack.sockets) == 10
        for one in kept:
            await one.close()


# HTTP


@pytest.fixture
async def http_bot(slack: FakeSlack) -> AsyncIterator[Bot]:
    made = Bot(slack)
    runner = web.AppRunner(made.app.web_app(path="/slack/events"), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.post_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield made
    await runner.cleanup()


async def test_signed_requests_carry_the_same(http_bot: Bot, slack: FakeSlack, ana: Person) -> None:
    assert await slack.hub.verify_url() == "ok"
    http_bot.acks["command"] = {"text": "done"}
    assert (await ana.command("/earshot queue", "#alerts")).words == "done"
    card = await post(http_bot)
    await ana.click(card, "Claim")
    await ana.mention("#alerts", "@earshot queue")
    assert [one.get("type", "command") for one in http_bot.heard] == ["command", "block_actions", "event_callback"]
    await opened(http_bot, ana)
    http_bot.acks["view_submission"] = {"response_action": "errors", "errors": {"f:note": "no"}}
    assert (await ana.submit({"Note": "x"})).errors == {"f:note": "no"}


async def test_a_wrong_signature_is_no_ack(http_bot: Bot, slack: FakeSlack, ana: Person) -> None:
    slack.post_to(slack.hub.url, "another secret")
    assert (await ana.command("/earshot queue", "#alerts")).error == "dispatch_failed"
    await ana.mention("#alerts", "@earshot queue")
    await slack.deliveries[-1].is_over.wait()
    assert [one.reason for one in slack.deliveries[-1].attempts] == ["", "http_error", "http_error", "http_error"]
    assert http_bot.heard == []


async def test_an_old_signature_is_refused(http_bot: Bot, slack: FakeSlack) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c"})
    headers = {"Content-Type": "application/json"} | sign(slack.signing_secret, body, at=1_000_000_000)
    async with aiohttp.ClientSession() as session, session.post(slack.hub.url, data=body, headers=headers) as answer:
        assert answer.status == 401


async def test_a_failed_request_comes_again_and_says_why(http_bot: Bot, slack: FakeSlack, ana: Person) -> None:
    http_bot.acks["event_callback"] = None
    await ana.mention("#alerts", "@earshot queue")
    http_bot.acks.clear()
    await slack.deliveries[-1].is_over.wait()
    attempts = slack.deliveries[-1].attempts
    assert attempts[1].reason == "http_error"
    assert slack.deliveries[-1].is_acked
