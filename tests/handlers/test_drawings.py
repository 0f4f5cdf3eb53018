"""What a message says: whole, the same each time, and with a customer's words only where they are shown literally."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from handlers.cards import Button, Card, DraftCard, Notice, Row, Screen
from handlers.drawings import people
from handlers.forms import Form
from handlers.messages import draw
from handlers.requests import COMMANDS
from handlers.rules.text import Text
from storage.types import Status
from tests.gallery import HOSTILE, forms, gallery
from tests.kit import Desk, put_in, raw

GALLERY = gallery()
FORMS = forms()


def parts(thing: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a drawing with the names that lead to it."""
    if isinstance(thing, tuple):
        for one in thing:
            yield from parts(one, path)
    elif is_dataclass(thing):
        yield path, thing
        for field in fields(thing):
            yield from parts(getattr(thing, field.name), f"{path}.{type(thing).__name__}.{field.name}")
    else:
        yield path, thing


def buttons(drawing: Any) -> list[Button]:
    return [one for _, one in parts(drawing) if isinstance(one, Button)]


def test_the_gallery_holds_every_kind_and_state() -> None:
    kinds = {type(drawing) for drawing in GALLERY.values()}
    assert kinds == {Card, DraftCard, Notice, Screen}
    assert {card.colour for card in GALLERY.values() if isinstance(card, Card)} == {
        "red",
        "orange",
        "yellow",
        "blue",
        "green",
        "grey",
    }
    assert {form.verb for form in FORMS.values()} == {
        "draft",
        "resolve",
        "snooze",
        "note",
        "assign",
        "briefing",
        "reject",
        "sent",
        "track",
    }


@pytest.mark.parametrize("name", GALLERY)
def test_at_most_four_buttons_and_each_does_a_verb(name: str) -> None:
    drawing = GALLERY[name]
    if isinstance(drawing, Card | DraftCard):
        assert len(drawing.buttons) <= 4
    for _, one in parts(drawing):
        assert not isinstance(one, Row) or len(one.buttons) <= 3
    for button in buttons(drawing):
        assert button.verb in COMMANDS
        assert button.label
        assert button.style in ("", "primary", "danger")
        assert len(button.label) <= 75


@pytest.mark.parametrize("name", [name for name in GALLERY if "hostile" in name])
def test_a_customers_words_stand_only_where_they_are_shown_literally(name: str) -> None:
    for path, words in parts(GALLERY[name]):
        if not isinstance(words, str) or "zebra" not in words:
            continue
        last = path.split(".")[-2:]
        is_literal = last in (["Text", "words"], ["Card", "author"], ["Card", "title"])
        is_link = last in (["Link", "url"], ["Link", "host"])
        is_who_or_asked = last[0] in ("DraftCard", "Row", "Screen") and last[1] in (
            "target",
            "heading",
            "facts",
            "title",
        )
        is_paging = last == ["Button", "values"] and words.startswith("zebra before:")
        assert is_literal or is_link or is_who_or_asked or is_paging, (path, words[:80])


@pytest.mark.parametrize("name", [name for name in GALLERY if "hostile" in name])
def test_nothing_that_is_shown_hides_something(name: str) -> None:
    for path, words in parts(GALLERY[name]):
        if isinstance(words, str):
            hidden = [
                char
                for char in words
                if char in "\x00\x07\x1b\x9b\u202e\u2066\ufeff\u200b" or "\ud800" <= char <= "\udfff"
            ]
            assert not hidden, (path, hidden)
        if path.endswith(("author", "heading", "target", "label", "host")) and isinstance(words, str):
            assert "\n" not in words


@pytest.mark.parametrize("name", GALLERY)
def test_buttons_carry_only_ids_and_words_of_ours(name: str) -> None:
    if "screen search" in name:
        return  # they carry what the asker typed
    for button in buttons(GALLERY[name]):
        assert "zebra" not in str(button)
        assert "author3" not in str(button)


def test_the_author_of_a_card_is_muted_by_the_number_of_the_case(desk: Desk) -> None:
    desk.open_case(author="bob 90d yes")
    (mute,) = [button for button in desk.card(1).menu if button.verb == "mute"]
    assert mute.values == (("words", "add author:#1"),)
    preview = desk.press("bo", mute).screen
    assert preview is not None
    assert preview.title == "Mute author bob 90d yes?"
    assert desk.store.mutes.active(desk.now) == []
    added = desk.press("bo", preview.buttons[0]).screen
    assert added is not None
    assert "is muted until" in added.intro
    assert [one.value for one in desk.store.mutes.active(desk.now)] == ["bob 90d yes"]


@pytest.mark.parametrize("status", Status)
def test_a_card_is_the_same_when_it_is_drawn_twice(desk: Desk, status: Status) -> None:
    put_in(desk, status)
    first = draw(desk.ctx, "case:1", "")
    desk.later(minutes=30)
    assert draw(desk.ctx, "case:1", "") == first


def test_a_handled_card_is_small(desk: Desk) -> None:
    put_in(desk, Status.RESOLVED)
    card = desk.card(1)
    assert card.is_small
    assert (card.quote, card.due, card.menu) == (None, "", ())
    assert card.title  # the words' beginning, so that it can be told from the others
    assert [button.verb for button in card.buttons] == ["reopen", "show"]
    assert not desk.card(put_in(desk, Status.OPEN, text="heron fraud, awful people", native_id="2").id).is_small


def test_every_card_says_why_it_is_there() -> None:
    for name, card in GALLERY.items():
        if isinstance(card, Card):
            assert card.why, name
            assert all(reason.strip() for reason in card.why)
    assert 'says "exploded" (safety)' in GALLERY["card urgent, no author, no link"].why  # type: ignore[union-attr]


def test_first_buttons_by_state(desk: Desk) -> None:
    first = {
        status: put_in(desk, status, text=f"heron fraud {status * 5} {status}", native_id=status).id
        for status in Status
    }
    told = {status: [button.label for button in desk.card(number).buttons] for status, number in first.items()}
    assert told == {
        Status.OPEN: ["Claim", "Draft reply", "Resolve"],
        Status.CLAIMED: ["Draft reply", "Resolve", "Release"],
        Status.ANSWERED: ["Resolve", "Reply again", "Show"],
        Status.RESOLVED: ["Reopen", "Show"],
    }


def test_the_same_is_not_offered_twice(desk: Desk) -> None:
    for status in Status:
        number = put_in(desk, status, text=f"heron fraud {status * 5} {status}", native_id=status).id
        offered = [button.verb for button in (*desk.card(number).buttons, *desk.card(number).menu)]
        assert offered.count("show") == 1, status


def test_a_card_says_what_its_draft_waits_for(desk: Desk) -> None:
    desk.open_case()
    seen = []
    for who, line in (
        ("ana", "claim 1"),
        ("ana", "draft 1 We are sorry."),
        ("bo", "reject 1 Say when."),
        ("ana", "draft 1 We are sorry. On Monday."),
        ("bo", "approve 1"),
        ("ana", "sent 1 https://birds.example/r/1"),
    ):
        desk.do(who, line)
        seen.append(desk.card(1).facts[0])
    assert seen == [
        "reach unknown",
        "draft waits for approval",
        "draft waits for a change",
        "draft waits for approval",
        "approved reply waits to be sent",
        "reach unknown",
    ]
    desk.do("ana", "draft 1 Once more.")
    queue = desk.do("bo", "queue").screen
    assert queue is not None
    assert "draft waits for approval" in queue.rows[0].facts
    desk.do("ana", "resolve 1 fixed")
    assert not [fact for fact in desk.card(1).facts if "draft" in fact]


def test_every_button_of_every_card_does_something(desk: Desk) -> None:
    """Pressed by a manager, no button of a fresh card is refused for what it carries."""
    for status in Status:
        number = put_in(desk, status, text=f"heron fraud {status * 5} {status}", native_id=status).id
        for button in (*desk.card(number).buttons, *desk.card(number).menu):
            reply = desk.press("mia", button)
            assert reply.form or reply.screen or reply.words
            assert "Usage" not in reply.words, reply.words
            assert "not a" not in reply.words, reply.words


def test_what_is_gone_or_unknown_draws_nothing(desk: Desk) -> None:
    assert draw(desk.ctx, "case:99", "") is None
    assert draw(desk.ctx, "draft:99", "") is None
    assert draw(desk.ctx, "notice:1:2", "") is None
    assert draw(desk.ctx, "weather:1", "") is None


def test_a_link_that_is_none_is_not_shown(desk: Desk) -> None:
    desk.open_case(url="javascript:alert(1)")
    assert desk.card(1).link is None
    desk.open_case("2", "heron fraud, awful people", url="https://xn--80ak6aa92e.example/a")
    link = desk.card(2).link
    assert link is not None
    assert link.host == "xn--80ak6aa92e.example"


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (1_234, "1.2k"), (76_800, "76.8k"), (2_000_000, "2M"), (1_250_000, "1.2M")],
)
def test_people(count: int, words: str) -> None:
    assert people(count) == words


@pytest.mark.parametrize("name", FORMS)
def test_forms_can_be_drawn(name: str) -> None:
    form: Form = FORMS[name]
    assert form.fields
    assert len(form.title) <= 40
    names = {field.name for field in form.fields}
    arguments = {argument.name for argument in COMMANDS[form.verb].arguments}
    assert names <= arguments
    assert {field for field, _ in form.errors} <= names
    if "refused" in name:
        assert form.errors
    for field in form.fields:
        assert field.kind in ("text", "long_text", "choice", "member")
        assert (field.kind in ("choice", "member")) == bool(field.choices)


def test_a_quote_tells_when_something_was_hidden(desk: Desk) -> None:
    desk.open_case(text=f"{HOSTILE['direction']} fraud")
    quote = desk.card(1).quote
    assert quote is not None
    assert quote.had_hidden
    assert desk.take(raw("2", "heron thieves, plainly")).cases == 1
    assert desk.card(2).quote == Text("heron thieves, plainly")


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        ("+49 170 555 1234", "caller …1234"),
        ("tel:+441632960123", "caller …0123"),
        ("C-17", "caller C-17"),
        ("K\u202e-\n9", "caller K- 9"),
    ],
)
def test_a_card_tells_the_tier_and_of_a_callers_number_its_end(desk: Desk, caller: str, shown: str) -> None:
    desk.open_case(extra={"tier": "gold\nmember", "caller": caller})
    facts = desk.card(1).facts
    assert "customer tier gold member" in facts
    assert shown in facts


def test_a_card_tells_where_an_answer_goes_when_that_is_not_to_its_author(desk: Desk) -> None:
    case = desk.open_case(author="jo@post.example", extra={"answers go to": "eve@evil.example"})
    assert "answers go to eve@evil.example" in desk.card(case.id).facts


def test_a_caller_who_is_named_by_the_number_is_told_of_once(desk: Desk) -> None:
    desk.open_case(author_name="caller …1234", extra={"caller": "+49 170 555 1234"})
    assert not [fact for fact in desk.card(1).facts if "1234" in fact]
