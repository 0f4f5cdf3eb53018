"""The linter finds what Slack would refuse, and the tokenizer sees what would ping, lead or blink."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.slack.lint import lint_message, lint_view
from tests.slack.marks import pings_and_links

Json = dict[str, Any]


def plain(words: str = "Words") -> Json:
    return {"type": "plain_text", "text": words, "emoji": False}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "act:0", "text": plain(), "value": "1", **more}


def section(**more: Any) -> Json:
    return {"type": "section", "text": plain(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*parts: Json, kind: str = "rich_text_section") -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(parts)}]}


def select(count: int = 2, **more: Any) -> Json:
    options = [{"text": plain(), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "action_id": "in:reason", "options": options, **more}


def asked(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": element, **more}


def typed(**more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "in:text", **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "submit": plain("Save"), "blocks": list(blocks), **more}


CONFIRM = {"title": plain(), "text": plain(), "confirm": plain("Yes"), "deny": plain("No")}
OPTION = {"text": plain(), "value": "1"}
GOOD: list[Json] = [
    section(block_id="key:1"),
    section(fields=[plain(), {"type": "mrkdwn", "text": "*x*", "verbatim": True}]),
    actions(button(style="primary", confirm=CONFIRM, accessibility_label="Claim case 1"), select()),
    actions(button(), {"type": "overflow", "action_id": "act:menu", "options": [OPTION]}),
    {"type": "context", "elements": [plain()]},
    {"type": "header", "text": plain()},
    {"type": "divider"},
    rich({"type": "text", "text": " ", "style": {"bold": True}}, {"type": "user", "user_id": "U0ANA"}),
    rich({"type": "link", "url": "https://shop.example/1"}, {"type": "date", "timestamp": 1, "format": "{ago}"}),
    asked(select(initial_option=OPTION), optional=True, hint=plain()),
    asked(typed(initial_value="x", max_length=3), dispatch_action=True),
]
BAD: dict[str, Json | list[Json]] = {
    "too many blocks": [section()] * 51,
    "the same block_id twice": [section(block_id="a"), section(block_id="a")],
    "too much text together": [section(text=plain("x" * 2_900))] * 4,
    "unknown block": {"type": "nonsense"},
    "not for messages": {"type": "alert", "text": plain()},
    "not tried yet": {"type": "table", "rows": []},
    "unknown key": section(colour="red"),
    "long block_id": section(block_id="x" * 256),
    "empty section": {"type": "section"},
    "empty text": section(text=plain("")),
    "blank text": section(text=plain(" \n")),
    "long text": section(text=plain("x" * 3_001)),
    "long text of emoji": section(text=plain("😀" * 1_501)),
    "half a character": section(text=plain("\ud800")),
    "long field": section(fields=[plain("x" * 2_001)]),
    "eleven fields": section(fields=[plain()] * 11),
    "long header": {"type": "header", "text": plain("x" * 151)},
    "header in mrkdwn": {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
    "eleven in context": {"type": "context", "elements": [plain()] * 11},
    "a button in context": {"type": "context", "elements": [button()]},
    "no actions": actions(),
    "too many actions": actions(*(button(action_id=str(number)) for number in range(26))),
    "the same action_id twice": actions(button(), button()),
    "no action_id": actions({"type": "button", "text": plain()}),
    "long label": actions(button(text=plain("x" * 76))),
    "long spoken label": actions(button(accessibility_label="x" * 76)),
    "long value": actions(button(value="x" * 2_001)),
    "unknown style": actions(button(style="red")),
    "a script as an address": actions(button(url="javascript:alert(1)")),
    "long question": actions(button(confirm={**CONFIRM, "text": plain("x" * 301)})),
    "long yes": actions(button(confirm={**CONFIRM, "confirm": plain("x" * 31)})),
    "six in a menu": actions({**select(6), "type": "overflow"}),
    "empty menu": actions({**select(0), "type": "overflow"}),
    "long option": actions(select() | {"options": [{"text": plain("x" * 76), "value": "1"}]}),
    "long option value": actions(select() | {"options": [{"text": plain(), "value": "x" * 151}]}),
    "empty option value": actions(select() | {"options": [{"text": plain(), "value": ""}]}),
    "the same option twice": actions(select() | {"options": [OPTION, OPTION]}),
    "many options": actions(select(101)),
    "a choice that is none": actions(select(initial_option={"text": plain(), "value": "gone"})),
    "empty rich text": {"type": "rich_text", "elements": []},
    "an empty quote": rich(kind="rich_text_quote"),
    "an empty part": rich({"type": "text", "text": ""}),
    "an empty style": rich({"type": "text", "text": "x", "style": {}}),
    "a person without an id": rich({"type": "user", "user_id": "ana"}),
    "a date without a token": rich({"type": "date", "timestamp": 1, "format": "then"}),
    "a date in parts of a second": rich({"type": "date", "timestamp": 1.5, "format": "{ago}"}),
    "a date to be copied": rich({"type": "date", "timestamp": 1, "format": "{ago}"}, kind="rich_text_preformatted"),
    "a button as an input": asked(button()),
    "an input without a label": {"type": "input", "element": typed()},
    "more than its length": asked(typed(initial_value="four", max_length=3)),
    "a field too long for Slack": asked(typed(max_length=3_001)),
    "an empty first value": asked(typed(initial_value="")),
}  # fmt: skip
BAD_VIEWS: dict[str, Json] = {
    "no kind": {"blocks": [section()]},
    "no title": {"type": "modal", "blocks": [section()]},
    "long title": modal(section(), title=plain("x" * 25)),
    "long submit": modal(section(), submit=plain("x" * 25)),
    "inputs and no submit": {name: value for name, value in modal(asked(typed())).items() if name != "submit"},
    "nothing in it": modal(),
    "too many blocks": modal(*[section()] * 101),
    "long metadata": modal(section(), private_metadata="x" * 3_001),
    "long callback_id": modal(section(), callback_id="x" * 256),
    "a message's block": modal({"type": "markdown", "text": "x"}),
    "home with a title": {"type": "home", "title": plain(), "blocks": [section()]},
    "unknown key": modal(section(), notify="yes"),
}


def test_what_slack_takes_is_not_complained_about() -> None:
    assert lint_message(copy.deepcopy(GOOD), "Words") == []
    assert lint_view(modal(*copy.deepcopy(GOOD), private_metadata="{}", notify_on_close=True)) == []
    assert lint_view({"type": "home", "blocks": [section()] * 100}) == []
    assert lint_message([], "Words") == []


@pytest.mark.parametrize("name", BAD)
def test_what_slack_refuses_is_found(name: str) -> None:
    blocks = BAD[name]
    assert lint_message(blocks if isinstance(blocks, list) else [blocks], "Words") != []


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_views_that_slack_refuses_are_found(name: str) -> None:
    assert lint_view(BAD_VIEWS[name]) != []


def test_a_message_says_something_and_not_too_much() -> None:
    assert lint_message(None, None)
    assert lint_message(None, "")
    assert lint_message(None, "x" * 4_001)
    assert lint_message(None, "\udfff")


def mrkdwn(text: str, **more: Any) -> Json:
    return {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}]}


def top(text: str, **more: Any) -> Json:
    return {"text": text, **more}


@pytest.mark.parametrize("where", [mrkdwn, top])
def test_marks_in_mrkdwn_are_seen(where: Callable[[str], Json]) -> None:
    assert pings_and_links(where("<!channel> <@U1|ana> <!subteam^S1>"))[0] == {"channel", "U1", "S1"}
    assert pings_and_links(where("<https://evil.example|bank.example>"))[1] == {"https://evil.example"}
    assert pings_and_links(where("<!date^1^{ago}^https://evil.example|x>"))[1] == {"https://evil.example"}
    assert pings_and_links(where(":tada::100: 9:30 a"))[2] == {"tada", "100"}
    assert pings_and_links(where("&lt;!channel&gt; a: b:")) == (set(), set(), set())


def test_what_a_parser_would_find_depends_on_what_it_is_told() -> None:
    bare = "@here see http://evil.example"
    assert pings_and_links(mrkdwn(bare)) == ({"here", "@here"}, {"http://evil.example"}, set())
    assert pings_and_links(mrkdwn(bare, verbatim=True)) == (set(), set(), set())
    assert pings_and_links(top(bare)) == (set(), set(), set())
    assert pings_and_links(top(bare, parse="client"))[1] == {"http://evil.example"}
    assert pings_and_links(top("@bo", link_names=True))[0] == {"@bo"}


def test_marks_outside_of_mrkdwn_are_seen() -> None:
    blocks = [
        section(text={"type": "plain_text", "text": ":tada: <!channel>"}),
        rich({"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U1"}, {"type": "emoji", "name": "x"}),
        rich(
            {"type": "link", "url": "https://a.example"}, {"type": "text", "text": "<!channel> :no: http://b.example"}
        ),
        actions(button(url="https://c.example")),
    ]
    assert pings_and_links({"text": "", "blocks": blocks}) == (
        {"here", "U1"},
        {"https://a.example", "https://c.example"},
        {"tada", "x"},
    )
    assert pings_and_links({"type": "modal", "title": {"type": "plain_text", "text": ":x:"}, "blocks": []})[2] == {"x"}
