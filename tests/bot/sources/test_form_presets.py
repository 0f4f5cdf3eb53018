"""Typeform, Tally and Google Forms as they send; the shapes follow their public documentation."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.form_presets import PRESETS
from bot.sources.webhook import Received, Refused, Settings, WebhookSource, sign
from handlers.ports import Broken
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW

SECRET = "a long random text"
STAMP = str(int(NOW.timestamp()))


def typeform(*answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = [{"id": one["field"]["id"], "title": one.pop("title"), "type": one["field"]["type"]} for one in answers]
    told = {"token": "tok-1", "submitted_at": "2026-11-20T08:00:00Z", "definition": {"fields": fields}}
    body = {"form_response": {**told, "answers": list(answers), **more}}
    return {"event_id": "01HEVENTEVENT", "event_type": "form_response", **body}


def asked(id_: str, title: str, of_type: str, kind: str, value: Any) -> dict[str, Any]:
    return {"title": title, "type": kind, kind: value, "field": {"id": id_, "type": of_type}}


TYPEFORM = typeform(
    asked("f1", "Your name", "short_text", "text", "Mia Hall"),
    asked("f2", "What went wrong?", "long_text", "text", "The Aurelia exploded."),
    asked("f3", "E-mail", "email", "email", "mia@home.example"),
    asked("f4", "How do you rate us?", "rating", "number", 1),
    asked("f5", "Which lamp?", "multiple_choice", "choice", {"label": "Big"}),
    asked("f6", "Where?", "multiple_choice", "choices", {"labels": ["Hall", "Attic"]}),
    asked("f7", "Again?", "yes_no", "boolean", False),
    hidden={"tier": "gold"},
)


def field(label: str, kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": f"question_{label}", "label": label, "type": kind, "value": value, **more}


LAMPS = [{"id": "o1", "text": "Small"}, {"id": "o2", "text": "Big"}]
TALLY: dict[str, Any] = {
    "eventId": "a4cb511e-d513-4fa5",
    "eventType": "FORM_RESPONSE",
    "createdAt": "2026-11-20T08:00:01.000Z",
    "data": {
        "responseId": "resp-1",
        "createdAt": "2026-11-20T08:00:00.000Z",
        "fields": [
            field("Name", "INPUT_TEXT", "Mia Hall"),
            field("What went wrong?", "TEXTAREA", "The Aurelia exploded."),
            field("E-mail", "INPUT_EMAIL", "mia@home.example"),
            field("Rating", "RATING", 1),
            field(
                "Which lamp?", "DROPDOWN", ["o2"], options=[{"id": "o1", "text": "Small"}, {"id": "o2", "text": "Big"}]
            ),
            field("tier", "HIDDEN_FIELDS", "gold"),
            field("Photo", "FILE_UPLOAD", [{"url": "https://x.example/1"}]),
            field("Anything else?", "TEXTAREA", None),
        ],
    },
}

GOOGLE: dict[str, Any] = {
    "id": "2_ABaOnufz",
    "created_at": "2026-11-20T08:00:00.000Z",
    "email": "mia@home.example",
    "answers": [
        {"question": "Your name", "type": "TEXT", "answer": "Mia Hall"},
        {"question": "What went wrong?", "type": "PARAGRAPH_TEXT", "answer": "The Aurelia exploded."},
        {"question": "How do you rate us?", "type": "RATING", "answer": "1"},
        {"question": "tier", "type": "TEXT", "answer": "gold"},
        {"question": "Where?", "type": "CHECKBOX", "answer": ["Hall", "Attic"]},
    ],
}

BODIES = {"typeform": TYPEFORM, "tally": TALLY, "google-forms": GOOGLE}


def signature(preset: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    mac = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()
    if preset == "typeform":
        return {"Typeform-Signature": f"sha256={mac}"}
    if preset == "tally":
        return {"Tally-Signature": mac}
    return {"X-Earshot-Timestamp": STAMP, "X-Earshot-Signature": sign(secret, STAMP, body)}


def send(preset: str, value: Any, secret: str = SECRET, **kept: Any) -> Received:
    body = json.dumps(value).encode()
    source = WebhookSource("form", Settings("FORM_SECRET", preset=preset, **kept), (SECRET,))  # type: ignore[arg-type]
    headers = {"Content-Type": "application/json", **signature(preset, body, secret)}
    return source.receive(headers, body, NOW)


def only(received: Received) -> RawMention:
    (item,) = received.page.items
    assert isinstance(item, RawMention)
    return item


@pytest.mark.parametrize("preset", PRESETS)
def test_an_answered_form_becomes_a_mention(preset: str) -> None:
    mention = only(send(preset, BODIES[preset]))
    expected = "The Aurelia exploded."
    assert (mention.text, mention.author, mention.author_name) == (expected, "mia@home.example", "Mia Hall")
    assert mention.published_at is not None
    assert mention.published_at.isoformat() == "2026-11-20T08:00:00+00:00"
    assert (mention.stars, mention.private, mention.extra["tier"]) == (1.0, True, "gold")


def test_the_ids_of_the_answer_and_of_the_delivery_are_the_makers() -> None:
    for preset, id_, key in (("typeform", "tok-1", "01HEVENTEVENT"), ("tally", "resp-1", "a4cb511e-d513-4fa5")):
        received = send(preset, BODIES[preset])
        assert (only(received).native_id, received.key) == (id_, key)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_map_that_the_team_writes_goes_first(preset: str) -> None:
    mention = only(send(preset, BODIES[preset], map={"text": "Where?", "author": "Your name"}))
    where = "The Aurelia exploded." if preset == "tally" else "Hall, Attic"
    who = "mia@home.example" if preset == "tally" else "Mia Hall"
    assert (mention.text, mention.author) == (where, who)


def test_a_question_that_was_not_answered_leaves_the_usual_words() -> None:
    assert only(send("tally", TALLY, map={"text": "Anything else?"})).text == "The Aurelia exploded."


def test_without_long_answers_the_short_ones_count_and_else_all() -> None:
    short = typeform(
        asked("f1", "Your name", "short_text", "text", "Mia"), asked("f2", "Why?", "short_text", "text", "Broke")
    )
    assert only(send("typeform", short)).text == "Broke"
    ratings = typeform(
        asked("f1", "How was it?", "opinion_scale", "number", 2), asked("f2", "Again?", "yes_no", "boolean", False)
    )
    assert only(send("typeform", ratings)).text == "How was it?: 2\nAgain?: no"


def test_the_words_of_what_was_chosen_count_not_its_id() -> None:
    assert only(send("tally", TALLY, map={"title": "Which lamp?"})).title == "Big"


def test_a_form_without_an_answer_is_taken_and_kept_in_quarantine() -> None:
    for preset, body in (("typeform", typeform()), ("tally", {"eventId": "x"}), ("google-forms", {}), ("tally", [])):
        (item,) = send(preset, body).page.items
        assert isinstance(item, Broken)


@pytest.mark.parametrize("preset", PRESETS)
def test_only_what_is_signed_with_our_secret_is_taken(preset: str) -> None:
    with pytest.raises(Refused) as caught:
        send(preset, BODIES[preset], secret="another")
    assert caught.value.status == 401
    source = WebhookSource("form", Settings("FORM_SECRET", preset=preset), (SECRET,))  # type: ignore[arg-type]
    body = json.dumps(BODIES[preset]).encode()
    for headers in ({}, {"Typeform-Signature": "sha256=", "Tally-Signature": "\ud800"}):
        with pytest.raises(Refused) as caught:
            source.receive({"Content-Type": "application/json", **headers}, body, NOW)
        assert caught.value.status == 401
    assert SECRET not in str(caught.value)


def test_the_headers_of_one_maker_do_not_open_the_door_of_another() -> None:
    body = json.dumps(TALLY).encode()
    plain = WebhookSource("form", Settings("FORM_SECRET"), (SECRET,))
    with pytest.raises(Refused):
        plain.receive({"Content-Type": "application/json", **signature("tally", body)}, body, NOW)


def test_every_byte_is_signed() -> None:
    body = json.dumps(TALLY).encode()
    source = WebhookSource("form", Settings("FORM_SECRET", preset="tally"), (SECRET,))
    changed = body.replace(b"exploded", b"exploden")
    with pytest.raises(Refused):
        source.receive({"Content-Type": "application/json", **signature("tally", body)}, changed, NOW)


def test_both_secrets_are_valid_while_one_replaces_the_other() -> None:
    body = json.dumps(TALLY).encode()
    source = WebhookSource("form", Settings("FORM_SECRET", preset="tally"), ("new", "old"))
    for secret in ("new", "old"):
        headers = {"Content-Type": "application/json", **signature("tally", body, secret)}
        assert source.receive(headers, body, NOW).page.items


async def test_check_names_the_maker() -> None:
    source = WebhookSource("form", Settings("FORM_SECRET", preset="tally"), (SECRET,))
    assert "from tally" in await source.check()


LEAVES = st.sampled_from([None, True, -1, 5, "", "x", "long_text", "TEXTAREA", "\ud800", "name"])
KEYS = st.sampled_from(
    [
        *("answers", "data", "fields", "form_response", "definition", "field", "id", "type", "label", "value"),
        *("options", "text", "hidden", "title", "question", "answer", "choice", "labels"),
    ]
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)


@given(st.sampled_from(sorted(PRESETS)), JSON)
@settings(max_examples=60)
def test_any_json_is_a_record(preset: str, body: Any) -> None:
    record = PRESETS[preset].record(body)
    assert isinstance(record["text"], str)
