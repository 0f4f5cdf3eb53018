"""Forms, questions and screens as modals: what Slack takes, what is asked, and what comes back."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chats.slack.codes import NOTHING, Pressed, Where
from bot.chats.slack.render import Look
from bot.chats.slack.views import (
    Submitted,
    confirm_view,
    errors_of,
    form_view,
    home_view,
    loading_view,
    read_view,
    screen_view,
    words_view,
)
from handlers.cards import Row, Screen
from handlers.forms import Field, Form
from handlers.rules.text import Text
from tests.bot.chats import gallery as shapes
from tests.bot.chats.slack.drawn import FORMS, LONG, SCREENS, WORDS, assert_harmless, find, kinds, links_of, said
from tests.gallery import forms, gallery
from tests.slack.lint import lint_view, measure
from tests.slack.looks import initial_state

HERE = Where("C0ALERTS", "1712345.000100")
REASONS = (("", "Choose later"), ("replied", "Replied"), ("no action", "No action"))
FORM = Form(
    "Resolve #142 for a reason",
    "resolve",
    142,
    (
        Field("reason", "Why", "choice", "replied", choices=REASONS),
        Field(
            "note", "Note for the team", "long_text", "as told", hint="Seen by all.", is_required=False, max_length=200
        ),
        Field("url", "Link"),
        Field("to", "To whom", "member", "bo", choices=(("ana", "Ana"), ("bo", "Bo"))),
    ),
    submit="Resolve",
    quote="It broke <!channel>\nagain",
    hidden=(("seen", "abc123"),),
)
SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def filled(view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """The view as Slack hands it back, with some fields filled in: a text, or a part of the field's state."""
    state = initial_state(view["blocks"])
    for block in find(view["blocks"], "input"):
        name = block["block_id"].split(":")[1]
        if name in typed:
            held = state[block["block_id"]][block["element"]["action_id"]]
            held.update(typed[name] if isinstance(typed[name], dict) else {"value": typed[name]})
    return {**view, "id": "V1", "hash": "1.2", "state": {"values": state}}


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The input blocks by the name of their field."""
    return {block["block_id"].split(":")[1]: block for block in find(view["blocks"], "input")}


def read(view: dict[str, Any], **typed: Any) -> Submitted:
    submitted = read_view(filled(view, **typed))
    assert submitted is not None
    return submitted


# What Slack takes


def test_slack_takes_every_form_and_screen() -> None:
    for name, form in forms().items():
        for look in (Look(), Look(is_classic=True)):
            assert lint_view(form_view(form, HERE, look)) == [], name
    for name, drawing in {**gallery(), **shapes.DRAWINGS}.items():
        if isinstance(drawing, Screen):
            for look in (Look(), Look(is_classic=True)):
                assert lint_view(screen_view(drawing, HERE, look)) == [], name
                assert lint_view(home_view(drawing, look)) == [], name


@SOME
@given(FORMS)
def test_hostile_forms_do_nothing_and_can_be_read_again(form: Form) -> None:
    view = form_view(form, HERE)
    assert lint_view(view) == []
    assert_harmless(view, set(), set())
    submitted = read_view(filled(view))
    assert submitted is not None
    assert (submitted.verb, submitted.case, submitted.where, submitted.is_form) == ("draft", form.case, HERE, True)
    assert set(submitted.values) == {"seen", *(field.name for field in form.fields)}
    told = errors_of(form, filled(view))
    assert set(told) <= {block["block_id"] for block in find(view["blocks"], "input")}
    assert all(sentence.strip() for sentence in told.values())


@settings(SOME, max_examples=15)
@given(SCREENS, WORDS, WORDS, st.booleans())
def test_hostile_screens_and_words_do_nothing(screen: Screen, title: str, words: str, is_classic: bool) -> None:
    look = Look(is_classic=is_classic)
    for view in (
        screen_view(screen, HERE, look),
        home_view(screen, look),
        words_view(title, words, HERE),
        confirm_view(Pressed("irrelevant", 1, {}, words), HERE),
    ):
        assert lint_view(view) == []
        assert_harmless(view, links_of(screen), set())


@pytest.mark.parametrize("name", LONG)
def test_words_without_end_are_cut_everywhere(name: str) -> None:
    words = LONG[name]
    fields = (Field("text", words, "long_text", words, words), Field("a", words, "text", words, words))
    choice = Field("b", words, "choice", words, words, choices=(("x", words), (words, "Too long to be carried")))
    form = Form(words, "draft", 1, (*fields, choice), words, words, errors=(("text", words), ("gone", words)))
    assert lint_view(form_view(form, HERE)) == []
    assert lint_view(words_view(words, words, HERE)) == []
    assert lint_view(confirm_view(Pressed("x", 1, {}, words), HERE)) == []
    assert lint_view(home_view(Screen(words, words, (Row(words, Text(words), (words,)),) * 60, words), Look())) == []


def test_home_holds_more_than_a_message() -> None:
    rows = tuple(Row(f"#{n} urgent", Text("It broke."), ("reach 3",), shapes.BUTTONS[:1]) for n in range(40))
    view = home_view(Screen("Yours", rows=rows), Look())
    assert len(find(view["blocks"], "button")) == 32
    assert "and 8 more" in said(view["blocks"])
    assert lint_view(view) == []


def test_older_clients_get_older_blocks_in_modals_too() -> None:
    older = Look(is_classic=True)
    views = (
        form_view(FORM, HERE, older),
        confirm_view(Pressed("claim", 1, {}, "Sure?"), HERE, older),
        loading_view(HERE, older),
        words_view("Done", "It is `done`.", HERE, older),
    )
    for view in views:
        assert lint_view(view) == []
        assert_harmless(view, set(), set())
        assert set(kinds(view["blocks"])) <= {"section", "context", "input"}
    assert said(views[0]["blocks"][0]) == "┃ It broke <!channel>\n┃ again"


# What is asked


def test_a_form_shows_the_words_and_asks_its_questions() -> None:
    view = form_view(FORM, HERE)
    assert kinds(view["blocks"]) == ["rich_text", "input", "input", "input", "input"]
    assert said(find(view["blocks"], "rich_text_quote")) == "It broke <!channel>\nagain"
    assert (view["title"]["text"], view["submit"]["text"], view["close"]["text"]) == (
        "Resolve #142 for a…",
        "Resolve",
        "Cancel",
    )
    assert view["notify_on_close"] is True
    reason, note, url, to = (block["element"] for block in inputs(view).values())
    assert reason["initial_option"]["value"] == "replied"
    assert [option["value"] for option in reason["options"]] == [NOTHING, "replied", "no action"]
    assert (note["multiline"], note["max_length"], note["initial_value"]) == (True, 200, "as told")
    assert "initial_value" not in url
    assert to["initial_option"]["text"]["text"] == "Bo"
    assert [block["optional"] for block in inputs(view).values()] == [False, True, False, False]
    assert inputs(view)["note"]["hint"]["text"] == "Seen by all."


def test_a_text_that_is_too_long_for_its_field_is_shown_whole() -> None:
    field = Field("text", "Reply", "long_text", "x" * 500, max_length=280)
    element = inputs(form_view(replace(FORM, fields=(field,)), HERE))["text"]["element"]
    assert (element["initial_value"], element["max_length"]) == ("x" * 500, 500)


def test_a_longest_text_is_cut_between_visible_characters() -> None:
    field = Field("text", "Reply", "long_text", "👨‍👩‍👧‍👦" * 400, max_length=9_000)
    element = inputs(form_view(replace(FORM, fields=(field,)), HERE))["text"]["element"]
    assert element["max_length"] == 3_000
    assert measure(element["initial_value"]) <= 3_000
    assert element["initial_value"].endswith("👨‍👩‍👧‍👦")


def test_choosing_a_template_and_typing_are_told_before_the_end() -> None:
    fields = (
        Field("template", "Template", "choice", choices=(("", "None"), ("sorry", "Sorry"))),
        Field("text", "Reply", "long_text"),
        Field("url", "Link"),
    )
    template, text, url = inputs(form_view(replace(FORM, fields=fields), HERE)).values()
    assert (template["element"]["action_id"], template["dispatch_action"]) == ("pick:template", True)
    assert (text["element"]["action_id"], text["dispatch_action"]) == ("typed:text", True)
    assert text["element"]["dispatch_action_config"] == {"trigger_actions_on": ["on_character_entered"]}
    assert "dispatch_action" not in url


def test_a_field_that_is_filled_anew_is_a_new_field_to_slack() -> None:
    def block_id(value: str) -> str:
        return inputs(form_view(replace(FORM, fields=(Field("text", "Reply", value=value),)), HERE))["text"]["block_id"]

    assert block_id("") == "f:text"
    assert len({block_id(""), block_id("one"), block_id("two")}) == 3
    assert block_id("one") == block_id("one")


def test_many_members_are_chosen_from_all_of_slack() -> None:
    many = tuple((f"m{number}", f"Member {number}") for number in range(101))
    for choices, kind in ((many[:100], "static_select"), (many, "users_select"), ((), "users_select")):
        view = form_view(replace(FORM, fields=(Field("to", "To", "member", "m7", choices=choices),)), HERE)
        assert inputs(view)["to"]["element"]["type"] == kind
        assert lint_view(view) == []


def test_of_many_choices_the_chosen_one_is_there() -> None:
    many = tuple((f"c{number}", f"Choice {number}") for number in range(300))
    view = form_view(replace(FORM, fields=(Field("reason", "Why", "choice", "c250", choices=many),)), HERE)
    assert inputs(view)["reason"]["element"]["initial_option"]["value"] == "c250"
    gone = form_view(replace(FORM, fields=(Field("reason", "Why", "choice", "was once", choices=many),)), HERE)
    assert "initial_option" not in inputs(gone)["reason"]["element"]
    assert lint_view(view) == lint_view(gone) == []


def test_a_form_that_comes_back_has_its_errors_above_their_fields() -> None:
    form = replace(FORM, errors=(("note", "A note needs words."), ("case", "#142 is resolved.")))
    blocks = form_view(form, HERE)["blocks"]
    words = [said(block) for block in blocks]
    assert words.index("⚠️ A note needs words.") + 1 == blocks.index(inputs({"blocks": blocks})["note"])
    assert words.index("⚠️ #142 is resolved.") < blocks.index(inputs({"blocks": blocks})["reason"])
    assert kinds(form_view(replace(form, fields=(), quote=""), HERE)["blocks"]) == ["context", "context"]


def test_errors_stand_beside_the_fields_that_were_submitted() -> None:
    view = filled(form_view(FORM, HERE))
    ids = {name: block["block_id"] for name, block in inputs(view).items()}
    again = replace(FORM, errors=(("url", "That is no link."), ("case", "#142 is resolved."), ("gone", "And more.")))
    assert errors_of(again, view) == {ids["url"]: "That is no link.", ids["reason"]: "#142 is resolved. And more."}
    assert errors_of(FORM, view) == {}


def test_a_form_that_asks_something_else_now_is_drawn_anew() -> None:
    view = filled(form_view(FORM, HERE))
    again = replace(FORM, errors=(("note", "Ana changed it meanwhile. Submit again to replace it."),))
    assert errors_of(again, view)
    assert errors_of(replace(again, hidden=(("seen", "def456"),)), view) == {}
    assert errors_of(replace(again, fields=FORM.fields[:2]), view) == {}
    assert errors_of(again, {"callback_id": "form", "blocks": []}) == {}


def test_what_loads_asks_nothing() -> None:
    view = loading_view(HERE)
    assert lint_view(view) == []
    assert said(view["blocks"]) == "Loading…"
    assert "submit" not in view


def test_a_question_does_what_was_pressed_when_it_is_answered() -> None:
    view = confirm_view(Pressed("mute", None, {"words": "add author:#3"}, "Mute the author of #3?"), HERE)
    assert lint_view(view) == []
    assert said(view["blocks"]) == "Mute the author of #3?"
    assert read(view) == Submitted("mute", None, {"words": "add author:#3"}, HERE, is_form=False)


# What comes back


def test_a_submitted_form_gives_its_fields_and_what_travelled_along() -> None:
    submitted = read(form_view(FORM, HERE), url="https://shop.example/1")
    assert submitted == Submitted(
        "resolve",
        142,
        {"seen": "abc123", "reason": "replied", "note": "as told", "url": "https://shop.example/1", "to": "bo"},
        HERE,
        is_form=True,
    )


def test_the_empty_choice_comes_back_empty() -> None:
    view = form_view(FORM, HERE)
    nothing = inputs(view)["reason"]["element"]["options"][0]
    assert read(view, reason={"selected_option": nothing}).values["reason"] == ""
    assert read(view, reason={"selected_option": None}).values["reason"] == ""
    assert read(view, note=None).values["note"] == ""
    empty = form_view(replace(FORM, fields=(replace(FORM.fields[0], value=""),)), HERE)
    assert inputs(empty)["reason"]["element"]["initial_option"] == nothing


def test_a_person_of_slack_becomes_a_member() -> None:
    view = filled(form_view(replace(FORM, fields=(Field("to", "To", "member"),)), HERE), to={"selected_user": "U0BO"})
    names = {"U0BO": "bo"}
    assert read_view(view, lambda user: names.get(user, "")) == read_view(view, names.__getitem__)
    told = read_view(view, lambda user: names.get(user, ""))
    assert told is not None
    assert told.values["to"] == "bo"
    plain = read_view(view)
    assert plain is not None
    assert plain.values["to"] == "U0BO"


def test_a_screen_in_a_modal_says_its_title_once() -> None:
    for title, count in (
        ("Queue: open", 1),
        ("Mentions with a suitcase and a bag", 2),
        ("Case #1 · Heron · high · x", 2),
    ):
        view = screen_view(Screen(title, "2 cases"), HERE, Look())
        assert measure(view["title"]["text"]) <= 24
        assert json.dumps(view, ensure_ascii=False).count(title[:11]) == count
    assert screen_view(Screen("Queue: open"), HERE, Look())["blocks"]  # Slack wants one at least


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Case #1 · Heron Air · high", "Case #1 · Heron Air"),
        ("Case #1 · Heron Air · low", "Case #1 · Heron Air"),
        ("Queue: open · source calls", "Queue: open"),
        ("Mentions with a suitcase and a bag", "Mentions with a…"),
        ("Ana at Heron & Plover Airways", "Ana at Heron & Plover…"),
        ("x" * 30, "x" * 23 + "…"),
        ("Request changes to #1234", "Request changes to #1234"),
    ],
)
def test_a_title_is_not_cut_inside_a_word(title: str, short: str) -> None:
    assert words_view(title, "It is done.", HERE)["title"]["text"] == short


def test_every_modal_remembers_where_it_was_opened() -> None:
    for view in (
        form_view(FORM, HERE),
        confirm_view(Pressed("claim", 1), HERE),
        loading_view(HERE),
        words_view("Done", "It is done.", HERE),
        screen_view(shapes.SCREEN, HERE, Look()),
    ):
        told = read_view(view)
        assert told is not None
        assert told.where == HERE
        assert "customer" not in view["private_metadata"]
        assert json.loads(view["private_metadata"])
    home = read_view(home_view(shapes.SCREEN, Look()))
    assert home == Submitted("", None, {}, Where(), is_form=False)


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"callback_id": "other", "private_metadata": "{}"},
        {"callback_id": "form", "private_metadata": "no json"},
        {"callback_id": "form", "private_metadata": "[1]"},
        {"callback_id": "form", "private_metadata": '{"w":[1,2,3,4]}'},
        {"callback_id": "form", "private_metadata": '{"c":"x"}'},
        {"callback_id": "form", "private_metadata": "[" * 100_000},
    ],
)
def test_what_is_not_ours_says_nothing(view: dict[str, Any]) -> None:
    assert read_view(view) is None


def test_a_strange_state_is_an_empty_one() -> None:
    for state in (None, [], {"values": 7}, {"values": {"f:text": None, "x": {"y": {}}}}):
        told = read_view({**form_view(FORM, HERE), "state": state})
        assert told is not None
        assert told.values == {"seen": "abc123"}


def test_nothing_of_the_customers_words_stands_in_what_slack_keeps_for_us() -> None:
    assert "broke" not in form_view(FORM, HERE)["private_metadata"]
