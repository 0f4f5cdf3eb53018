"""What Slack sends, read: text, who, where, and what is none of our business."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.chats.slack.incoming import (
    after_mention,
    is_for_us,
    plain,
    read_click,
    read_command,
    read_event,
    read_posted,
    read_shortcut,
    read_view,
)  # fmt: skip

BOT = "U0EARSHOT"
NAMES = {"U1": "bo"}


def typed(text: str, **how: bool) -> str:
    return plain(text, lambda user, handle: f"@{NAMES.get(user, handle or user)}", lambda _, name: f"#{name}", **how)


@pytest.mark.parametrize(
    ("slack", "line"),
    [
        ("assign 1 <@U1|robert>", "assign 1 @bo"),
        ("assign 1 <@U1>", "assign 1 @bo"),
        ("assign 1 <@U9|eve>", "assign 1 @eve"),
        ("escalate 1 <#C1|alerts>", "escalate 1 #alerts"),
        ("sent 1 <https://birds.example/1>", "sent 1 https://birds.example/1"),
        ("sent 1 <https://birds.example/1|our reply>", "sent 1 https://birds.example/1"),
        ("search <http://heron.example|heron.example>", "search heron.example"),
        ("who <mailto:a@b.example|a@b.example>", "who a@b.example"),
        ("note 1 <!here> <!subteam^S1|@support> look", "note 1 @here @support look"),
        ('query test "a &lt; b" &amp;&amp; &amp;lt;', 'query test "a < b" && &lt;'),
        ("note 1 5 &gt; 3 <", "note 1 5 > 3 <"),
        ("note 1 one\n two", "note 1 one\n two"),
    ],
)
def test_slacks_text_becomes_what_was_typed(slack: str, line: str) -> None:
    assert typed(slack) == line


def test_escaped_text_never_becomes_a_mention() -> None:
    assert typed("&lt;@U1&gt; &lt;!channel&gt;") == "<@U1> <!channel>"


def test_the_words_of_a_link_are_kept_where_a_message_is_taken_over() -> None:
    assert typed("see <https://birds.example/1|this thing>", with_labels=True) == (
        "see this thing (https://birds.example/1)"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<@U0EARSHOT> claim 1", "claim 1"),
        ("<@U0EARSHOT|earshot>: claim 1", "claim 1"),
        ("hello <@U0EARSHOT>, assign 1 <@U1>", "assign 1 <@U1>"),
        ("queue <@U0EARSHOT>", "queue "),
        ("claim 1", "claim 1"),
        ("<@U0EARSHOT>", ""),
    ],
)
def test_what_is_said_to_us_follows_our_name(text: str, said: str) -> None:
    assert after_mention(text, BOT) == said


@pytest.mark.parametrize(
    ("event", "is_ours"),
    [
        ({"type": "message", "channel": "D1", "user": "U1"}, True),
        ({"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1"}, False),
        ({"type": "message", "channel": "D1", "subtype": "message_changed"}, False),
        ({"type": "message", "channel": "D1", "subtype": "file_share"}, False),
        ({"type": "message", "channel": "D1", "user": "U1", "bot_id": "B1"}, False),
        ({"type": "message", "channel": "D1", "user": "U1", "edited": {}}, False),
        ({"type": "app_mention", "channel": "C1", "user": "U1"}, True),
        ({"type": "app_mention", "channel": "C1", "user": "U1", "edited": {}}, False),
        ({"type": "app_mention", "channel": "D1", "user": "U1"}, False),
        ({"type": "app_home_opened", "tab": "home"}, True),
        ({"type": "app_home_opened", "tab": "messages"}, False),
        ({"type": "reaction_added", "item": {"type": "message"}}, True),
        ({"type": "reaction_added", "item": {"type": "file"}}, False),
    ],
)
def test_only_a_persons_new_act_concerns_us(event: dict[str, Any], is_ours: bool) -> None:
    assert is_for_us(event) is is_ours


def test_a_click_in_a_thread_is_answered_there_and_on_its_parent_is_not() -> None:
    inside = {"type": "message", "message_ts": "2.0", "thread_ts": "1.0", "channel_id": "C1", "is_ephemeral": False}
    body = {"user": {"id": "U1", "team_id": "T1"}, "container": inside, "actions": [{"action_id": "act:0"}]}
    assert read_click(body)[0].thread == "1.0"
    assert read_click({**body, "container": {**inside, "message_ts": "1.0"}})[0].thread == ""


def test_a_click_is_told_from_another_by_who_when_and_what() -> None:
    body: dict[str, Any] = {
        "user": {"id": "U1"},
        "actions": [{"action_id": "act:0", "block_id": "b", "action_ts": "1"}],
    }
    keys = {
        read_click(body)[0].key,
        read_click({**body, "user": {"id": "U2"}})[0].key,
        *(read_click({**body, "actions": [{**body["actions"][0], name: "x"}]})[0].key for name in body["actions"][0]),
    }
    assert len(keys) == 5


def test_the_same_form_with_other_words_is_not_a_repeat() -> None:
    view = {"id": "V1", "hash": "1", "state": {"values": {"f:text": {"a": {"value": "one"}}}}}
    other = {**view, "state": {"values": {"f:text": {"a": {"value": "two"}}}}}
    assert read_view({"view": view}).key == read_view({"view": dict(view)}).key
    assert read_view({"view": view}).key != read_view({"view": other}).key


def test_her_own_workspace_counts_before_the_one_the_payload_came_from() -> None:
    assert read_click({"user": {"id": "U1", "team_id": "T2"}, "team": {"id": "T1"}})[0].teams == ("T2",)
    assert read_click({"user": {"id": "U1"}, "team": {"id": "T1", "enterprise_id": "E1"}})[0].teams == ("T1", "E1")
    assert read_event({"team_id": "T1", "event": {"user": "U1", "user_team": "T2"}}).teams == ("T2",)
    assert read_event({"team_id": "T1", "event": {"user": "U1"}}).teams == ("T1",)


TOP = ("user", "team", "channel", "message", "view", "actions", "container", "event")
INSIDE = (*TOP, "item", "id", "ts", "thread_ts", "state", "values", "type")
LEAVES = some.none() | some.integers() | some.text(max_size=8)
JSON = some.recursive(
    LEAVES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(INSIDE), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(body=some.dictionaries(some.sampled_from(TOP), JSON))
def test_no_payload_is_too_strange_to_be_read(body: dict[str, Any]) -> None:
    for read in (read_command, read_shortcut, read_click, read_view, read_event, read_posted):
        read(body)


@settings(max_examples=60)
@given(text=some.text("<>@#!|&ltgUC1 ;^:/.", max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(typed(text, with_labels=True), str)
