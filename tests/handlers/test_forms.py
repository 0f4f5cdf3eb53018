"""The forms of a note, a snooze and a reply: what they offer, and what becomes of the answers."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from handlers.dispatch import dispatch
from handlers.forms import Field, Form
from handlers.requests import Reply, Request
from handlers.rules.policy import Template
from storage.types import DraftState, Role, Status
from tests.kit import TROUBLES, Desk, put_in

BERLIN = ZoneInfo("Europe/Berlin")


def ask(desk: Desk, verb: str, who: str = "ana", **values: str) -> Reply:
    return dispatch(desk.ctx, Request(desk.policy.member(who), verb, values=values))


def form_of(desk: Desk, line: str, who: str = "ana") -> Form:
    form = desk.do(who, line).form
    assert form is not None, desk.say(who, line)
    return form


def field(form: Form, name: str) -> Field:
    return next(one for one in form.fields if one.name == name)


# A note without a case


def test_a_note_without_a_case_asks_for_it(desk: Desk) -> None:
    desk.open_case()
    desk.open_case("2", TROUBLES[1])
    form = form_of(desk, "note called her back")
    assert form.case is None
    assert [(one.name, one.label, one.kind, one.value) for one in form.fields] == [
        ("about", "Case", "text", ""),
        ("text", "Note", "long_text", "called her back"),
    ]
    assert ask(desk, "note", text="called her back").form == form
    assert desk.submit("ana", form, about="#2").words == "Noted on #2."
    assert desk.events(2)[-1].detail["text"] == "called her back"


@pytest.mark.parametrize(
    ("about", "text", "at", "words"),
    [
        ("", "kept", "about", "Say which case it is about."),
        ("two", "kept", "about", "Say which case it is about."),
        ("²", "kept", "about", "Say which case it is about."),
        ("99", "kept", "about", "There is no case #99."),
        ("9" * 30, "kept", "about", "There is no case #"),
        ("1", " ", "text", "A note needs words."),
    ],
)
def test_a_mistake_in_it_costs_no_words(desk: Desk, about: str, text: str, at: str, words: str) -> None:
    desk.open_case()
    before = desk.everything()
    reply = desk.submit("ana", form_of(desk, "note"), about=about, text=text)
    assert reply.form is not None
    assert [(one.name, one.value) for one in reply.form.fields] == [("about", about), ("text", text)]
    ((place, told),) = reply.form.errors
    assert place == at
    assert told.startswith(words)
    assert desk.everything() == before


def test_a_note_on_a_case_that_the_chat_knows_is_taken_at_once(desk: Desk) -> None:
    desk.open_case()
    assert ask(desk, "note", case="1", text="she wrote again").words == "Noted on #1."
    long = ask(desk, "note", case="1", text="x" * 2_400).words
    assert long == "Noted on #1. Only its first 2,000 characters were taken."
    assert desk.events(1)[-1].detail["text"] == "x" * 1_999 + "…"
    prefilled = ask(desk, "note", text="x" * 2_400).form
    assert prefilled is not None
    assert len(field(prefilled, "text").value) == 2_000


# Snooze


def test_a_snooze_is_chosen_or_written_and_what_is_written_wins(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    form = form_of(desk, "snooze 1")
    assert field(form, "preset").choices == (
        ("1h", "1 hour: 12:00"),
        ("4h", "4 hours: 15:00"),
        ("tomorrow 9:00", "Tomorrow morning: Tue 24 Nov 09:00"),
        ("monday 9:00", "Monday morning: Mon 30 Nov 09:00"),
        ("7d", "A week: Mon 30 Nov 11:00"),
    )
    assert desk.submit("ana", form).words == "#1 sleeps until 12:00 (Europe/Berlin)."
    chosen = desk.submit("ana", form, preset="tomorrow 9:00")
    assert chosen.words == "#1 sleeps until Tue 24 Nov 09:00 (Europe/Berlin)."
    assert desk.case(1).snoozed_until == datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)
    written = desk.submit("ana", form, preset="tomorrow 9:00", until="17:30")
    assert written.words == "#1 sleeps until 17:30 (Europe/Berlin)."


@pytest.mark.parametrize(
    ("values", "at", "words"),
    [
        ({"preset": "", "until": ""}, "preset", "Say until when."),
        ({"preset": "1h", "until": "soon"}, "until", '"soon" is not a time'),
        ({"preset": "never", "until": ""}, "until", '"never" is not a time'),
    ],
)
def test_a_snooze_that_cannot_be_read(desk: Desk, values: dict[str, str], at: str, words: str) -> None:
    desk.open_case()
    reply = desk.submit("ana", form_of(desk, "snooze 1"), **values)
    assert reply.form is not None
    assert [(place, told.startswith(words)) for place, told in reply.form.errors] == [(at, True)]
    assert desk.case(1).snoozed_until is None


# A reply: its length


def test_a_reply_is_as_long_as_its_source_allows(desk: Desk) -> None:
    sources = tuple(replace(one, reply_limit=280) if one.name == "birds" else one for one in desk.policy.sources)
    desk.change_policy(sources=sources)
    desk.open_case()
    desk.open_case("2", TROUBLES[1], source="reviews")
    assert field(form_of(desk, "draft 1"), "text").max_length == 280
    assert field(form_of(desk, "draft 2"), "text").max_length == 3_000
    told = "That is 281 characters; a reply has at most 280 there. Shorten it."
    assert desk.say("ana", f"draft 1 {'x' * 281}") == told
    for then in ("propose", "save"):
        refused = desk.submit("ana", form_of(desk, "draft 1"), text="x" * 281, then=then)
        assert refused.form is not None
        assert refused.form.errors == (("text", told),)
    assert desk.case(1).status is Status.OPEN
    assert not desk.do("ana", f"draft 1 {'x' * 280}").is_error
    assert not desk.do("ana", f"draft 2 {'x' * 281}").is_error


def test_a_draft_from_before_a_shorter_limit_says_what_is_missing(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", f"draft 1 {'x' * 300}")
    desk.change_policy(sources=tuple(replace(one, reply_limit=280) for one in desk.policy.sources))
    text = field(form_of(desk, "draft 1"), "text")
    assert len(text.value) == 280
    assert text.hint.startswith("It was longer than a reply may be there; its end is missing here.")


# Templates


TEMPLATES = (
    Template("Sorry", " We are so sorry. "),
    Template("For the inn", "The inn is sorry.", brands=("Plover Inn",)),
    Template("For the airline", "The airline is sorry.", brands=("Heron Air", "Plover Inn")),
    Template("Essay", "sorry " * 100),
)


def test_templates_of_the_brand_that_fit_are_offered(desk: Desk) -> None:
    sources = tuple(replace(one, reply_limit=280) for one in desk.policy.sources)
    desk.change_policy(templates=TEMPLATES, sources=sources)
    desk.open_case()
    offered = field(form_of(desk, "draft 1"), "template")
    assert offered.choices == (("", "None"), ("Sorry", "Sorry"), ("For the airline", "For the airline"))
    assert (offered.value, offered.is_required, offered.kind) == ("", False, "choice")
    desk.change_policy(templates=())
    assert [one.name for one in form_of(desk, "draft 1").fields] == ["text", "then"]


def test_choosing_a_template_fills_it_in(desk: Desk) -> None:
    desk.change_policy(templates=TEMPLATES)
    desk.open_case()
    desk.do("bo", "draft 1 Something else.")
    before = desk.everything()
    form = ask(desk, "draft", case="1", template="Sorry").form
    assert form is not None
    assert (field(form, "text").value, field(form, "template").value) == ("We are so sorry.", "Sorry")
    assert dict(form.hidden)["seen"] == desk.draft_of(1).short_hash
    unchosen = ask(desk, "draft", case="1", template="").form
    assert unchosen is not None
    assert field(unchosen, "text").value == "Something else."
    assert ask(desk, "draft", case="1", template="For the inn").words == (
        'There is no template "For the inn" for this reply. Choose another.'
    )
    submitted = desk.submit("ana", form, text="", template="For the airline")
    assert submitted.form is not None
    assert field(submitted.form, "text").value == "The airline is sorry."
    assert desk.everything() == before
    assert desk.submit("ana", form, text="We are so, so sorry.").words.startswith("Draft saved for #1.")
    assert desk.draft_of(1).text == "We are so, so sorry."


# And then


def test_what_is_saved_for_later_is_hers_alone_and_proposed_to_nobody(desk: Desk) -> None:
    desk.open_case()
    form = form_of(desk, "draft 1")
    assert field(form, "then").choices == (
        ("propose", "Submit for approval"),
        ("save", "Save for later, for me alone"),
    )
    before = desk.everything()
    assert desk.submit("ana", form, text="Not yet", then="save").words == (
        "Saved for you alone: `draft 1` opens it again. Nothing is proposed yet."
    )
    assert desk.everything() == before
    assert field(form_of(desk, "draft 1", "bo"), "text").value == ""
    again = form_of(desk, "draft 1")
    assert field(again, "text").value == "Not yet"
    assert desk.submit("ana", again).words.startswith("Draft saved for #1.")
    assert desk.store.kept.get("ana", "draft", 1) == {}


def alone(desk: Desk) -> Form:
    desk.change_policy(four_eyes=False)
    desk.open_case()
    form = form_of(desk, "draft 1", "bo")
    assert field(form, "then").choices[-1] == ("sent", "It is sent already")
    return form


def test_without_four_eyes_what_is_sent_already_is_noted_in_one_go(desk: Desk) -> None:
    form = alone(desk)
    asked = desk.submit("bo", form, text="We are sorry.", then="sent").form
    assert asked is not None
    assert (asked.verb, asked.case) == ("sent", 1)
    draft = desk.draft_of(1)
    assert (draft.state, draft.approved_by, desk.case(1).assignee) == (DraftState.APPROVED, "bo", "bo")
    told = desk.submit("bo", asked, url="https://birds.example/r/1")
    assert told.words.startswith("#1 is answered.")
    assert desk.kinds(1) == ["opened", "claimed", "drafted", "approved", "answered"]


def test_with_four_eyes_nobody_sends_alone(desk: Desk) -> None:
    form = alone(desk)
    desk.change_policy(four_eyes=True)
    before = desk.everything()
    reply = desk.submit("bo", form, text="We are sorry.", then="sent")
    assert reply.words == "A reply needs another person's approval here (four eyes). Submit it for approval."
    assert desk.everything() == before
    assert [value for value, _ in field(form_of(desk, "draft 1", "bo"), "then").choices] == ["propose", "save"]


def test_who_may_not_approve_cannot_send_alone_either(desk: Desk) -> None:
    form = alone(desk)
    assert [value for value, _ in field(form_of(desk, "draft 1", "ana"), "then").choices] == ["propose", "save"]
    before = desk.everything()
    reply = desk.submit("ana", form, text="We are sorry.", then="sent")
    assert reply.words == "You may not approve a reply. Submit it for approval, or ask Bo or Mia."
    assert desk.everything() == before


def test_a_case_of_another_is_not_answered_over_her_head(desk: Desk) -> None:
    form = alone(desk)
    desk.do("ana", "claim 1")
    desk.change_policy(members=tuple(replace(one, roles=(Role.AGENT,)) for one in desk.policy.members))
    before = desk.everything()
    assert desk.submit("kim", form, text="We are sorry.", then="sent").is_error
    assert desk.everything() == before


def test_what_is_sent_already_replaces_no_draft_that_was_not_seen(desk: Desk) -> None:
    form = alone(desk)
    desk.do("ana", "draft 1 Ana's words.")
    refused = desk.submit("bo", form, text="We are sorry.", then="sent")
    assert refused.form is not None
    assert "Ana changed this draft while you wrote." in refused.form.errors[0][1]
    assert desk.draft_of(1).text == "Ana's words."


def test_an_unknown_way_is_refused(desk: Desk) -> None:
    desk.open_case()
    reply = desk.submit("ana", form_of(desk, "draft 1"), text="Sorry.", then="publish")
    assert reply.form is not None
    assert reply.form.errors[0][0] == "then"
    assert desk.store.drafts.of_case(1) == []
