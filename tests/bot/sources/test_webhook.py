import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.webhook import MAX_BYTES, Received, Refused, Settings, WebhookSource, build, sign
from handlers.ports import Broken
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW, fetching, tools

SECRET = "a long random text"
STAMP = str(int(NOW.timestamp()))
GOOD = b'{"text": "It exploded."}'


def source(*secrets: str, **kept: Any) -> WebhookSource:
    return WebhookSource("form", Settings("FORM_SECRET", **kept), secrets or (SECRET,))


def signed(body: bytes, secret: str = SECRET, stamp: str = STAMP, **more: str) -> dict[str, str]:
    headers = {"X-Earshot-Timestamp": stamp, "X-Earshot-Signature": sign(secret, stamp, body)}
    return {**headers, "Content-Type": "application/json; charset=utf-8", **more}


def send(value: Any, **kept: Any) -> Received:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return source(**kept).receive(signed(body), body, NOW)


def refused(headers: Mapping[str, str], body: bytes, at: WebhookSource | None = None) -> int:
    with pytest.raises(Refused) as caught:
        (at or source()).receive(headers, body, NOW)
    assert str(caught.value)
    return caught.value.status


def texts(received: Received) -> list[str]:
    return [item.text for item in received.page.items if isinstance(item, RawMention)]


def test_a_signed_delivery_is_read() -> None:
    received = send({"id": 7, "message": "It exploded.", "name": "Mia"})
    (one,) = received.page.items
    assert isinstance(one, RawMention)
    assert (one.native_id, one.text, one.author, one.private) == ("7", "It exploded.", "Mia", True)


def test_the_signature_is_what_the_manual_says() -> None:
    # Worked out apart with: printf '1795262400.{}' | openssl dgst -sha256 -hmac 'a long random text'
    assert sign(SECRET, "1795262400", b"{}") == "v1=094ab6da0a942754bfc152ec017f79113ad13d507618418dd7d7cdf583f1201e"


def test_names_of_headers_come_in_any_case() -> None:
    headers = {name.upper(): value for name, value in signed(GOOD).items()}
    assert texts(source().receive(headers, GOOD, NOW)) == ["It exploded."]


def test_both_secrets_are_valid_while_one_replaces_the_other() -> None:
    at = source("the new one", "the old one")
    for secret in ("the new one", "the old one"):
        assert at.receive(signed(GOOD, secret), GOOD, NOW).page.items
    assert refused(signed(GOOD, "another"), GOOD, at) == 401


@pytest.mark.parametrize("header", ["X-Earshot-Timestamp", "X-Earshot-Signature"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "v1=",
        "v1=" + "0" * 64,
        "v1=" + "é" * 64,
        "v1=" + "٣" * 64,
        "\ud800",
        "\0",
        "x" * 100_000,
        "٣" * 10,
        "-1",
        "1e9",
        "9" * 400,
        " " + STAMP,
        STAMP + "\n",
        "nan",
        "v0=" + sign(SECRET, STAMP, GOOD)[3:],
        sign(SECRET, STAMP, GOOD).upper(),
        sign(SECRET, STAMP, GOOD) + "\n",
        sign(SECRET, STAMP, b"other"),
        sign("", STAMP, GOOD),
    ],
)
def test_any_garbage_in_the_signature_is_401(header: str, value: str) -> None:
    assert refused({**signed(GOOD), header: value}, GOOD) == 401


@pytest.mark.parametrize("header", ["X-Earshot-Timestamp", "X-Earshot-Signature"])
def test_a_missing_header_is_401(header: str) -> None:
    headers = signed(GOOD)
    del headers[header]
    assert refused(headers, GOOD) == 401


def test_every_byte_of_the_body_is_signed() -> None:
    for place in range(len(GOOD)):
        changed = GOOD[:place] + bytes([GOOD[place] ^ 1]) + GOOD[place + 1 :]
        assert refused(signed(GOOD), changed) == 401


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_window_is_300_seconds_to_both_sides(seconds: int, is_taken: bool) -> None:
    stamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))
    headers = signed(GOOD, stamp=stamp)
    if is_taken:
        assert source().receive(headers, GOOD, NOW).page.items
    else:
        assert refused(headers, GOOD) == 401


def test_the_timestamp_is_signed_too() -> None:
    later = str(int(STAMP) + 1)
    assert refused({**signed(GOOD), "X-Earshot-Timestamp": later}, GOOD) == 401


def test_without_a_valid_secret_nothing_is_taken() -> None:
    assert refused(signed(GOOD, ""), GOOD, WebhookSource("form", Settings("X"), ())) == 401


def test_a_body_over_256_kb_is_413_and_one_of_exactly_that_is_read() -> None:
    frame = len(json.dumps({"text": ""}))
    whole = json.dumps({"text": "x" * (MAX_BYTES - frame)}).encode()
    assert len(whole) == MAX_BYTES
    assert send(whole).page.items
    assert refused(signed(whole + b" "), whole + b" ") == 413
    assert refused({}, whole + b" ") == 413


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "é"])
def test_another_content_type_is_415(kind: str) -> None:
    assert refused(signed(GOOD, **{"Content-Type": kind}), GOOD) == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\xff",
        b'{"text": NaN}',
        b'{"text": "x", "a": Infinity}',
        b"[" * 100_000,
        b"9" * 5_000,
        b'{"text": "x", "a": ' + b"[" * 32 + b"]" * 32 + b"}",
    ],
)
def test_what_is_no_json_is_400(body: bytes) -> None:
    assert refused(signed(body), body) == 400


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b"5", b'"words"', b'{"text": ""}', b'[{"text": " "}, 5]', b'{"a": "b"}']
)
def test_a_delivery_without_any_words_is_422(body: bytes) -> None:
    assert refused(signed(body), body) == 422


def test_a_bad_item_costs_itself_alone() -> None:
    received = send([{"text": "one"}, {"text": ""}, 5, {"text": "two"}])
    assert texts(received) == ["one", "two"]
    broken = [item for item in received.page.items if isinstance(item, Broken)]
    assert [item.where for item in broken] == ["form: item 2", "form: item 3"]


def test_items_stand_where_the_team_says() -> None:
    value = {"data": {"answers": [{"fields": [{"value": "one"}]}, {"fields": [{"value": "two"}]}]}}
    assert texts(send(value, items="data.answers", map={"text": "fields.0.value"})) == ["one", "two"]
    body = json.dumps({"other": []}).encode()
    assert refused(signed(body), body, source(items="data.answers")) == 422


def test_too_many_items_are_413() -> None:
    body = b"[" + b",".join([b'{"text":"x"}'] * 1_001) + b"]"
    assert refused(signed(body), body) == 413


def test_a_form_is_read_like_an_object() -> None:
    body = urlencode([("message", "Schön & gut <3"), ("name", "Mia"), ("message", "second")]).encode()
    received = source().receive(signed(body, **{"Content-Type": "application/x-www-form-urlencoded"}), body, NOW)
    assert texts(received) == ["Schön & gut <3"]
    many = b"&".join([b"a=b"] * 201)
    assert refused(signed(many, **{"Content-Type": "application/x-www-form-urlencoded"}), many) == 400


@pytest.mark.parametrize("delivery", ["", "short", "x" * 101, "with space", "é" * 10, "a\nb" * 4])
def test_a_delivery_is_known_by_its_id_else_by_its_signature(delivery: str) -> None:
    received = source().receive(signed(GOOD, **{"X-Earshot-Delivery": delivery}), GOOD, NOW)
    assert received.key == received.signature == sign(SECRET, STAMP, GOOD)[3:]
    named = source().receive(signed(GOOD, **{"X-Earshot-Delivery": "0123-abcd:9.x"}), GOOD, NOW)
    assert (named.key, named.signature) == ("0123-abcd:9.x", received.signature)


def test_the_same_item_again_is_the_same_mention() -> None:
    first, again = send({"text": "x", "name": "Mia"}), send([{"name": "Mia", "text": "x"}])
    assert [item.native_id for item in first.page.items if isinstance(item, RawMention)] == [
        item.native_id for item in again.page.items if isinstance(item, RawMention)
    ]


def test_lone_surrogates_and_nul_never_reach_the_store() -> None:
    received = source().receive(
        *forged(b'[{"text": "a\\ud800\\u0000b"}, {"text": "", "x": "\\ud800"}, "\\ud800"]'), NOW
    )
    for item in received.page.items:
        assert isinstance(item, RawMention | Broken)
        told = item.text if isinstance(item, RawMention) else item.sample
        assert told.isprintable()
        assert told.encode("utf-8").decode() == told
    assert texts(received) == ["ab"]


def forged(body: bytes) -> tuple[dict[str, str], bytes]:
    return signed(body), body


async def test_nothing_is_polled() -> None:
    page = await source().poll("cursor", 5)
    assert (page.items, page.cursor, page.more) == ((), "cursor", False)


async def test_the_secret_comes_from_env_by_name_and_is_never_shown() -> None:
    async with fetching() as fetch:
        made = build("form", Settings("HUSH"), tools(fetch, {"HUSH": SECRET, "HUSH_OLD": "old one"}))
        assert isinstance(made, WebhookSource)
        assert made.receive(signed(GOOD, "old one"), GOOD, NOW).page.items
        assert SECRET not in await made.check() + repr(made.settings)
        for secrets in ({}, {"HUSH": ""}, {"HUSH_OLD": SECRET}):
            with pytest.raises(ConfigError, match="HUSH is not set"):
                build("form", Settings("HUSH"), tools(fetch, secrets))
        assert SECRET not in repr(tools(fetch, {"HUSH": SECRET}))


async def test_a_form_needs_no_secret_and_then_no_signature_is_valid() -> None:
    async with fetching() as fetch:
        form = build("form", Settings(form=True), tools(fetch, {"": SECRET, "_OLD": SECRET}))
        assert isinstance(form, WebhookSource)
        assert form.page_of({"text": "x"}).items
        assert refused(signed(GOOD), GOOD, form) == 401
        with pytest.raises(ConfigError, match="missing"):
            build("form", Settings(), tools(fetch))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=30), st.text(max_size=80), max_size=4), st.binary(max_size=200), st.booleans())
def test_whatever_is_sent_is_taken_or_refused(headers: dict[str, str], body: bytes, is_signed: bool) -> None:
    try:
        source().receive({**headers, **(signed(body) if is_signed else {})}, body, NOW)
    except Refused as error:
        status = error.status
        assert status in ((400, 422) if is_signed else (401,))
