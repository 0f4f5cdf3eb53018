"""Forms as modals: what Discord takes, what is asked, and what comes back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chats.discord.codes import read_code
from bot.chats.discord.forms import modal, read_modal
from bot.chats.wording import measure
from handlers.dispatch import dispatch
from handlers.forms import Field, Form
from handlers.requests import Request
from handlers.rules.policy import Template
from tests.bot.chats.discord.drawn import LONG, WORDS
from tests.bot.chats.discord.markdown import kinds, read
from tests.discord.lint import lint_modal
from tests.discord.looks import LABEL, RADIO, ROW, STRING_SELECT, TEXT_DISPLAY, TEXT_INPUT
from tests.gallery import forms
from tests.kit import Desk

REASONS = (("", "Choose later"), ("replied", "Replied"), ("no action", "No action"))
FORM = Form(
    "Resolve #142",
    "resolve",
    142,
    (
        Field("reason", "Why", "choice", "replied", choices=REASONS),
        Field("note", "Note for the team", "long_text", "as told", "Seen by all.", is_required=False, max_length=200),
        Field("url", "Link"),
        Field("to", "To whom", "member", "bo", choices=(("ana", "Ana"), ("bo", "Bo"))),
    ),
    submit="Resolve",
    quote="It broke @everyone\n# again",
    hidden=(("seen", "abc123"),),
)
TEMPLATES = (("", "None"), ("Sorry", "Sorry"), ("Thanks", "Thanks"))
FIELDS = st.builds(
    Field,
    st.sampled_from(("text", "note", "template", "to", "zone", "brand", "every", "url")),
    WORDS,
    st.sampled_from(("text", "long_text", "choice", "member")),
    WORDS,
    WORDS,
    st.booleans(),
    st.integers(-1, 9_000),
    st.lists(st.tuples(WORDS, WORDS), max_size=12).map(tuple),
)
FORMS = st.builds(
    Form,
    WORDS,
    st.just("draft"),
    st.none() | st.integers(1, 10**9),
    st.lists(FIELDS, max_size=8, unique_by=lambda field: field.name).map(tuple),
    WORDS,
    WORDS,
    st.just((("seen", "abc"),)) | st.tuples(st.tuples(st.just("seen"), WORDS)),
    st.lists(st.tuples(st.sampled_from(("text", "gone")), WORDS), max_size=4).map(tuple),
)
SOME = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def drawn(form: Form) -> dict[str, Any]:
    return modal(form)[0].to_dict()


def components(form: Form) -> list[dict[str, Any]]:
    return list(drawn(form)["components"])


def above(form: Form) -> str:
    """What stands above the fields."""
    first = components(form)[0]
    return str(first["content"]) if first["type"] == TEXT_DISPLAY else ""


def labels(form: Form) -> dict[str, dict[str, Any]]:
    """The labels by the name of their field."""
    return {one["component"]["custom_id"].partition(":")[0]: one for one in components(form) if one["type"] == LABEL}


def inputs(form: Form) -> dict[str, dict[str, Any]]:
    return {name: one["component"] for name, one in labels(form).items()}


def submitted(form: Form, **typed: str) -> dict[str, Any]:
    """What Discord sends when it is submitted as it opens, but for what was typed or chosen."""
    asked = drawn(form)
    parts: list[dict[str, Any]] = []
    for place, one in enumerate(asked["components"], 1):
        part = {"type": one["type"], "id": place}
        parts.append(part if one["type"] != LABEL else {**part, "component": _given(one["component"], typed)})
    return {"custom_id": asked["custom_id"], "components": parts}


def _given(asked: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    told = {"type": asked["type"], "id": 9, "custom_id": asked["custom_id"]}
    name = asked["custom_id"].partition(":")[0]
    if asked["type"] == TEXT_INPUT:
        return {**told, "value": typed.get(name, asked.get("value", ""))}
    chosen = [option["value"] for option in asked["options"] if option["default"]]
    if name in typed:
        chosen = [option["value"] for option in asked["options"] if typed[name] in (option["value"], option["label"])]
    if asked["type"] == RADIO:
        return {**told, "value": chosen[0] if chosen else None}
    return {**told, "values": chosen[:1]}


def values(form: Form, **typed: str) -> Mapping[str, str]:
    return read_modal(submitted(form, **typed)).values


# What Discord takes


def test_discord_takes_every_form_and_gives_it_back() -> None:
    for name, form in forms().items():
        assert lint_modal(drawn(form)) == [], name
        told = values(form)
        for field in form.fields:
            # A choice that is not on offer (any more) is not made.
            is_offered = not field.choices or field.value in dict(field.choices)
            assert told[field.name] == (field.value if is_offered else ""), (name, field.name)


@SOME
@given(FORMS, st.data())
def test_hostile_forms_do_nothing_and_come_back(form: Form, data: st.DataObject) -> None:
    assert lint_modal(drawn(form)) == []
    assert kinds(above(form)) <= {"quote", "bold"}
    asked = inputs(form)
    typed = {name: data.draw(WORDS) for name, one in asked.items() if one["type"] == TEXT_INPUT and name[0] != "+"}
    told = values(form, **typed)
    assert set(told) == {field.name for field in form.fields}
    assert {name: told[name] for name in typed} == typed
    for field in form.fields:
        if asked.get(field.name, {}).get("type") in (RADIO, STRING_SELECT):
            assert told[field.name] == (field.value if field.value in dict(field.choices) else "")
    made, carried = modal(form)
    pressed = read_code(made.custom_id, next(iter(carried.values()), ""))
    assert pressed is not None
    assert (pressed.verb, pressed.case) == ("draft", form.case)
    assert set(pressed.values) == {"seen"}


@pytest.mark.parametrize("name", ["words", "marks", "families", "lines"])
def test_words_without_end_are_cut_everywhere(name: str) -> None:
    words = LONG[name]
    fields = tuple(Field(f"a{n}", words, kind, words, words) for n, kind in enumerate(("long_text", "text", "choice")))
    choice = Field("b", words, "choice", words, words, choices=(("x", words), ("y", words)))
    errors = (("a0", words), ("gone", words), ("b", words), ("a1", words))
    form = Form(words, "draft", 1, (*fields, choice), words, words, errors=errors)
    assert lint_modal(drawn(form)) == []
    assert measure(above(form)) <= 4_000
    many = replace(form, fields=(*form.fields, *(replace(one, name=f"c{one.name}") for one in form.fields)))
    assert lint_modal(drawn(many)) == []


# What is asked


def test_a_form_shows_the_words_and_asks_its_questions() -> None:
    assert [one["type"] for one in components(FORM)] == [TEXT_DISPLAY, LABEL, LABEL, LABEL, LABEL]
    assert read(above(FORM)) == "> It broke @everyone\n> # again"
    assert drawn(FORM)["title"] == "Resolve #142"
    assert [one["label"] for one in components(FORM)[1:]] == ["Why", "Note for the team", "Link", "To whom"]
    assert labels(FORM)["note"]["description"] == "Seen by all."
    assert "description" not in labels(FORM)["url"]
    reason, note, url, to = inputs(FORM).values()
    assert [option["label"] for option in reason["options"] if option["default"]] == ["Replied"]
    assert (note["style"], note["max_length"], note["value"], note["required"]) == (2, 200, "as told", False)
    assert (url["style"], url["required"], "value" in url) == (1, True, False)
    assert [option["label"] for option in to["options"] if option["default"]] == ["Bo"]


def test_a_few_choices_stand_there_whole_and_many_in_a_menu() -> None:
    def kind(count: int, what: str = "choice", *, is_required: bool = True) -> int:
        choices = tuple((f"c{n}", f"Choice {n}") for n in range(count))
        field = Field("which", "Which", what, "c0", choices=choices, is_required=is_required)
        return int(inputs(replace(FORM, fields=(field,)))["which"]["type"])

    assert [kind(count) for count in (0, 1, 2, 10, 11, 25, 26)] == [
        TEXT_INPUT, STRING_SELECT, RADIO, RADIO, STRING_SELECT, STRING_SELECT, TEXT_INPUT,
    ]  # fmt: skip
    assert kind(3, is_required=False) == STRING_SELECT  # what was chosen among radio buttons cannot be taken back
    assert [kind(count, "member") for count in (0, 2, 25, 26)] == [
        TEXT_INPUT, STRING_SELECT, STRING_SELECT, TEXT_INPUT,
    ]  # fmt: skip


def test_of_too_many_choices_one_is_typed() -> None:
    many = tuple((f"Brand {n}", f"Brand {n}") for n in range(30))
    form = replace(FORM, fields=(Field("brand", "Brand", "choice", "Brand 27", choices=many),))
    assert inputs(form)["brand"]["value"] == "Brand 27"
    assert labels(form)["brand"]["description"].startswith("One of: Brand 0, Brand 1, ")
    assert values(form, brand="Brand 3") == {"brand": "Brand 3"}


def test_the_empty_choice_comes_back_empty() -> None:
    assert values(FORM)["reason"] == "replied"
    assert values(FORM, reason="Choose later")["reason"] == ""
    empty = replace(FORM, fields=(replace(FORM.fields[0], value=""),))
    assert [one["label"] for one in inputs(empty)["reason"]["options"] if one["default"]] == ["Choose later"]
    assert values(empty)["reason"] == ""
    assert values(replace(FORM, fields=(Field("text", "Text"),)), text="∅")["text"] == "∅"


def test_a_text_that_is_too_long_for_its_field_is_shown_whole() -> None:
    field = Field("text", "Reply", "long_text", "x" * 500, max_length=280)
    element = inputs(replace(FORM, fields=(field,)))["text"]
    assert (element["value"], element["max_length"]) == ("x" * 500, 500)


def test_hints_and_titles_are_cut_between_words() -> None:
    hint = "A reply is best when it is short and says what happens next, and when; so write it as you would say it."
    form = replace(FORM, title="Request changes to the draft reply for case #1234567", fields=(
        Field("text", "Reply", "long_text", hint=hint),
    ))  # fmt: skip
    assert drawn(form)["title"] == "Request changes to the draft reply for case…"
    assert labels(form)["text"]["description"] == hint[: hint.index(" it.")] + "…"
    assert f"Reply: {hint}" in read(above(form)).replace("*", "")
    assert (
        drawn(replace(form, title="Case #1 · Heron Air · a very long name of a brand"))["title"]
        == "Case #1 · Heron Air"
    )
    assert drawn(replace(form, title=" "))["title"] == "Earshot"


def test_a_form_that_comes_back_has_its_errors_above() -> None:
    form = replace(FORM, errors=(("note", "A note needs *words*."), ("case", "#142 is resolved.")))
    assert read(above(form)).splitlines()[:2] == ["⚠️ A note needs *words*.", "⚠️ #142 is resolved."]
    assert "It broke" in above(form)
    asks_nothing = replace(form, fields=(), quote="")
    assert read(above(asks_nothing)) == "⚠️ A note needs *words*.\n⚠️ #142 is resolved."
    assert lint_modal(drawn(asks_nothing)) == []


def test_a_full_form_has_its_errors_beside_the_fields() -> None:
    full = replace(FORM, fields=(*FORM.fields, Field("more", "More")))
    assert "content" not in components(full)[0]
    assert "It broke" not in str(components(full))
    wrong = replace(full, errors=(("note", "A note needs words."), ("case", "#142 is resolved.")))
    assert labels(wrong)["note"]["description"] == "⚠️ A note needs words."
    assert labels(wrong)["reason"]["description"] == "⚠️ #142 is resolved."


# More than five questions


def test_every_question_of_a_briefing_is_asked(desk: Desk) -> None:
    form = desk.do("mia", "briefing add").form
    assert form is not None
    assert len(form.fields) == 7
    assert len(components(form)) == 5
    shared = components(form)[-1]
    assert shared["component"]["value"] == "Zone: Europe/Berlin\nLanguage: \nBrand: "
    assert shared["description"] == "Language: de, fr, pt-BR; English when empty. Brand: Heron Air, Plover Inn"
    name = str(shared["component"]["custom_id"])
    lines = "zone: America/New_York\nlangage: de\n\nBrand:Plover Inn"
    told = read_modal(submitted(form, at="09:15", **{name: lines}))
    assert told.values == {
        "every": "daily", "on": "", "at": "09:15", "place": "me",
        "zone": "America/New_York", "language": "de", "brand": "Plover Inn",
    }  # fmt: skip
    reply = desk.submit("mia", form, **told.values)
    assert "@mia gets a briefing about Plover Inn" in reply.words


def test_a_line_that_nobody_asked_for_is_not_lost(desk: Desk) -> None:
    form = desk.do("mia", "briefing add").form
    assert form is not None
    name = str(components(form)[-1]["component"]["custom_id"])
    told = values(form, **{name: "Zone: Europe/Berlin\nColour: red"})
    assert told["zone"] == "Europe/Berlin Colour: red"
    again = desk.submit("mia", form, **told).form
    assert again is not None
    assert components(again)[-1]["description"].startswith("⚠️ There is no time zone")
    assert components(again)[-1]["component"]["value"].startswith("Zone: Europe/Berlin Colour: red")


def test_long_texts_stand_by_themselves_for_as_long_as_they_can() -> None:
    fields = (*(Field(f"a{n}", "A") for n in range(5)), Field("text", "Reply", "long_text", "one\ntwo"))
    form = replace(FORM, fields=fields)
    assert list(inputs(form)) == ["a0", "a1", "a2", "text", "+a3,a4"]
    assert values(form)["text"] == "one\ntwo"


# A template


def draft_form(value: str = "", text: str = "") -> Form:
    fields = (
        Field("template", "Template", "choice", value, is_required=False, choices=TEMPLATES),
        Field("text", "Reply", "long_text", text),
    )
    return Form("Reply to #142", "draft", 142, fields)


def test_a_template_that_is_chosen_brings_the_form_back() -> None:
    assert not inputs(draft_form())["text"]["required"]  # else nobody could submit it to have it filled
    assert "comes back" in labels(draft_form())["template"]["description"]
    told = read_modal(submitted(draft_form(text="Hello"), template="Sorry"))
    assert told.again == {"template": "Sorry"}
    assert told.values == {"template": "Sorry", "text": "Hello"}
    filled = draft_form("Sorry", "We are sorry.")
    assert read_modal(submitted(filled)).again == {}
    assert read_modal(submitted(filled, template="Thanks")).again == {"template": "Thanks"}
    assert read_modal(submitted(filled, template="None")).again == {}
    assert read_modal(submitted(draft_form(text="Hello"))).again == {}


def test_a_template_goes_all_the_way_to_a_draft(desk: Desk) -> None:
    desk.open_case()
    desk.change_policy(templates=(Template("Sorry", "We are sorry to hear that."), Template("Thanks", "Thank you.")))
    ana = desk.policy.member("ana")
    first = desk.do("ana", "draft 1").form
    assert first is not None
    picked = read_modal(submitted(first, template="Sorry", text="Half a sente"))
    second = dispatch(desk.ctx, Request(ana, "draft", values={**picked.again, "case": "1"})).form
    assert second is not None
    told = read_modal(submitted(second))
    assert (told.again, told.values["text"]) == ({}, "We are sorry to hear that.")
    assert desk.submit("ana", second, **told.values).words.startswith("Draft saved for #1.")
    assert desk.draft_of(1).text == "We are sorry to hear that."


# What comes back


def test_what_travels_along_unseen_comes_back() -> None:
    made, carried = modal(FORM)
    assert carried == {}
    assert made.custom_id == "form|resolve|142|seen=abc123"
    long = replace(FORM, hidden=(("seen", "x" * 90), ("part", "add")))
    made, carried = modal(long)
    assert lint_modal(made.to_dict()) == []
    (body,) = carried.values()
    pressed = read_code(made.custom_id, body)
    assert pressed is not None
    assert pressed.values == {"seen": "x" * 90, "part": "add"}


def test_what_was_open_over_a_restart_can_be_read_in_every_shape() -> None:
    told = read_modal(
        {
            "custom_id": "form|draft|7",
            "components": [
                {"type": TEXT_DISPLAY, "id": 1},
                {"type": LABEL, "id": 2, "component": {"type": 21, "id": 3, "custom_id": "then", "value": "save"}},
                {"type": LABEL, "id": 4, "component": {"type": 3, "id": 5, "custom_id": "to", "values": ["bo"]}},
                {"type": LABEL, "id": 6, "component": {"type": 23, "id": 7, "custom_id": "sure", "value": True}},
                {"type": LABEL, "id": 8, "component": {"type": 22, "id": 9, "custom_id": "days", "values": ["a", "b"]}},
                {
                    "type": ROW,
                    "id": 10,
                    "components": [{"type": 4, "id": 11, "custom_id": "text", "value": " It is\n"}],
                },
            ],
        }
    )
    assert told.custom_id == "form|draft|7"
    assert told.values == {"then": "save", "to": "bo", "sure": "yes", "days": "a, b", "text": " It is\n"}


DEEP: dict[str, Any] = {"type": 4, "custom_id": "deep", "value": "x"}
for _ in range(5_000):
    DEEP = {"components": [DEEP]}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"custom_id": 7, "components": None},
        {"custom_id": None, "components": "text"},
        {"components": [None, 7, "x", [], {}, {"component": 7}, {"components": 7}, {"component": [None]}]},
        {"components": [{"component": {"type": 4, "custom_id": 7, "value": "x"}}]},
        {"components": [{"component": {"type": 4, "custom_id": "", "value": "x"}}]},
        {"components": [DEEP]},
    ],
)
def test_what_cannot_be_understood_is_not_there(data: dict[str, Any]) -> None:
    told = read_modal(data)
    assert (told.values, told.again) == ({}, {})


@pytest.mark.parametrize("value", [None, 7, {}, [], ["x"], False])
def test_a_strange_value_is_an_empty_one(value: Any) -> None:
    part = {"type": LABEL, "component": {"type": 4, "custom_id": "text", "value": value}}
    assert read_modal({"custom_id": "form|note", "components": [part]}).values == {"text": ""}
