"""A text that was typed and not submitted stands in the form again, for who typed it, until she submits it."""

from datetime import timedelta

import pytest

from handlers.dispatch import dispatch
from handlers.forms import Form
from handlers.jobs import tidy
from handlers.kept import TOLD
from handlers.requests import Reply, Request
from handlers.rules.policy import Template
from tests.kit import Desk


def form_of(desk: Desk, line: str, who: str = "ana") -> Form:
    form = desk.do(who, line).form
    assert form is not None, desk.say(who, line)
    return form


def close(desk: Desk, form: Form, who: str = "ana", *, key: str = "", is_form: bool = True, **typed: str) -> Reply:
    """As a chat tells it: all that stands in the form, and the ids that it carries."""
    values = dict(form.hidden) | {one.name: one.value for one in form.fields} | typed
    if form.case is not None:
        values["case"] = str(form.case)
    return dispatch(
        desk.ctx,
        Request(desk.policy.member(who), form.verb, values=values, key=key, is_form=is_form, is_closed=True),
    )


def value(form: Form, name: str = "text") -> str:
    return next(field.value for field in form.fields if field.name == name)


@pytest.mark.parametrize(
    ("line", "name"),
    [("draft 1", "text"), ("note 1", "text"), ("resolve 1", "note"), ("note", "text"), ("track", "text")],
)
def test_what_was_typed_comes_back_with_a_hint_until_it_is_submitted(desk: Desk, line: str, name: str) -> None:
    desk.open_case()
    form = form_of(desk, line)
    assert close(desk, form, **{name: "half a sen"}).words == (
        "What you typed is kept: it stands in the form when you open it again."
    )
    again = form_of(desk, line)
    field = next(one for one in again.fields if one.name == name)
    assert (field.value, field.hint.startswith(TOLD)) == ("half a sen", True)
    assert again.hidden == form.hidden
    filled = {"reason": "fixed", "about": "1", "brand": "Heron Air"}
    given = {one.name: filled[one.name] for one in again.fields if one.name in filled}
    assert not desk.submit("ana", again, **given).is_error
    desk.do("ana", "reopen 1")
    assert value(form_of(desk, line), name) in ("", "half a sen" if line == "draft 1" else "")
    assert TOLD not in str(form_of(desk, line))


def test_a_closed_form_changes_nothing_else(desk: Desk) -> None:
    desk.open_case()
    form = form_of(desk, "draft 1")
    before = desk.everything()  # with the inbox
    close(desk, form, key="v1", text="half a sen")
    close(desk, form, key="v1", text="half a sentence")
    assert desk.everything() == before
    assert value(form_of(desk, "draft 1")) == "half a sentence"
    assert not desk.submit("ana", form_of(desk, "draft 1"), key="v1").is_repeat


def test_it_is_hers_alone_and_this_cases(desk: Desk) -> None:
    desk.open_case()
    desk.open_case("2", "heron fraud, awful people, I will sue")
    close(desk, form_of(desk, "draft 1"), text="Ana's")
    assert value(form_of(desk, "draft 1", "bo")) == ""
    assert value(form_of(desk, "draft 2")) == ""
    assert value(form_of(desk, "note 1")) == ""


def test_what_nobody_typed_is_not_kept(desk: Desk) -> None:
    desk.open_case()
    desk.do("bo", "draft 1 Bo's words")
    form = form_of(desk, "draft 1")
    assert close(desk, form).words == "Nothing was typed that could be kept."
    assert close(desk, form, text="  ").words == "Nothing was typed that could be kept."
    assert desk.store.kept.get("ana", "draft", 1) == {}


def test_what_she_emptied_is_not_brought_back(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "note 1"), text="on second thought")
    close(desk, form_of(desk, "note 1"), text="")
    assert value(form_of(desk, "note 1")) == ""


def test_a_view_that_tells_nothing_ends_nothing(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "note 1"), text="stays")
    dispatch(desk.ctx, Request(desk.policy.member("ana"), "note", values={"case": "1"}, is_closed=True))
    assert value(form_of(desk, "note 1")) == "stays"


def test_only_the_forms_own_texts_are_kept_and_no_ids(desk: Desk) -> None:
    desk.open_case()
    form = form_of(desk, "draft 1")
    close(desk, form, text="mine", seen="forged", then="save", hash="forged", other="x" * 10)
    assert desk.store.kept.get("ana", "draft", 1) == {"text": "mine"}
    close(desk, form_of(desk, "resolve 1"), reason="spam", note="because")
    assert desk.store.kept.get("ana", "resolve", 1) == {"note": "because"}


def test_a_flood_is_cut(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "note 1"), text="x" * 50_000)
    assert len(desk.store.kept.get("ana", "note", 1)["text"]) == 3_000
    (field,) = form_of(desk, "note 1").fields
    assert len(field.value) == field.max_length == 2_000


def test_another_text_meanwhile_is_shown_before_it_is_replaced(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "draft 1"), text="Ana's text")
    desk.do("bo", "draft 1 Bo's better text")
    form = form_of(desk, "draft 1")
    assert value(form) == "Ana's text"
    assert "Without it this says: Bo's better text" in form.fields[0].hint
    assert form.hidden == (("seen", desk.draft_of(1).short_hash),)


@pytest.mark.parametrize(
    ("who", "roles_of_kim", "verb"), [("nobody", True, "draft"), ("kim", False, "draft"), ("ana", True, "reject")]
)
def test_who_may_not_do_it_keeps_nothing(desk: Desk, who: str, roles_of_kim: bool, verb: str) -> None:
    desk.open_case()
    desk.do("bo", "draft 1 Sorry.")
    if not roles_of_kim:
        desk.change_roles("kim")
    values = {"case": "1", "text": "typed", "why": "typed"}
    reply = dispatch(desk.ctx, Request(desk.policy.member(who), verb, values=values, is_closed=True))
    assert reply.is_error
    assert desk.store.kept.get(who, verb, 1) == {}


@pytest.mark.parametrize("verb", ["queue", "claim", "resolve", "irrelevant", "no such verb", "search"])
def test_what_has_no_form_keeps_nothing(desk: Desk, verb: str) -> None:
    desk.open_case()
    before = desk.everything()
    values = {"case": "1", "words": "typed", "which": "mine", "text": "typed"}
    reply = dispatch(desk.ctx, Request(desk.policy.member("ana"), verb, values=values, is_closed=True))
    assert reply.words
    assert desk.everything() == before
    assert desk.store.engine.value("select count(*) from kept") == 0


def test_a_form_that_was_refused_shows_what_was_submitted(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "note 1"), text="older")
    refused = desk.submit("ana", form_of(desk, "note 1"), text=" ")
    assert refused.form is not None
    assert value(refused.form) == " "
    assert value(form_of(desk, "note 1")) == "older"  # nothing was submitted


def test_what_is_brought_along_is_not_replaced(desk: Desk) -> None:
    desk.change_policy(templates=(Template("Sorry", "We are so sorry."),))
    desk.open_case()
    close(desk, form_of(desk, "note"), text="older", about="1")
    assert value(form_of(desk, "note called her back")) == "called her back"
    close(desk, form_of(desk, "draft 1"), text="older")
    reply = dispatch(desk.ctx, Request(desk.policy.member("ana"), "draft", values={"case": "1", "template": "Sorry"}))
    assert reply.form is not None
    assert value(reply.form) == "We are so sorry."
    assert TOLD not in str(reply.form)


def test_it_is_forgotten_after_a_fortnight(desk: Desk) -> None:
    desk.open_case()
    close(desk, form_of(desk, "note 1"), text="old")
    desk.now += timedelta(days=13)
    tidy.run(desk.ctx)
    assert value(form_of(desk, "note 1")) == "old"
    desk.now += timedelta(days=2)
    assert tidy.run(desk.ctx) == 1
    assert value(form_of(desk, "note 1")) == ""
