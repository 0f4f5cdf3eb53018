import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.fieldmap import GUESSES, content_id, field_map, read_count, read_date, read_json, read_lang, read_stars
from storage.errors import ConfigError


def test_usual_headers_need_no_map() -> None:
    row = {
        "Tweet ID": "12",
        "Message": "hello",
        "Screen-Name": "@mia",
        "created_at": "2020-12-12 11:55:28",
        "Link": "https://x.example/1",
        "user_followers": "1,234",
        "favorites": 5,
        "retweet_count": "6",
        "replies": "7",
        "rating": "4/5",
        "language": "en-GB",
        "brand": "Aurelia",
        "anything else": "dropped",
    }
    one = field_map({}).read(row)
    assert (one.native_id, one.text, one.author, one.url) == ("12", "hello", "mia", "https://x.example/1")
    assert (one.followers, one.likes, one.shares, one.replies, one.stars, one.lang) == (1234, 5, 6, 7, 4.0, "en")
    assert one.published_at == datetime(2020, 12, 12, 11, 55, 28, tzinfo=UTC)
    assert one.extra == {"brand": "Aurelia"}


@pytest.mark.parametrize("name", GUESSES["text"])
def test_every_usual_name_for_the_words_is_known(name: str) -> None:
    assert field_map({}).read({name: "hello"}).text == "hello"
    assert field_map({}).knows_text([name.upper()])


def test_the_map_wins_and_an_empty_column_leaves_a_field_out() -> None:
    row = {"text": "not this", "comment": "this", "name": "a lamp", "user": "mia"}
    one = field_map({"text": "comment", "author": ""}).read(row)
    assert (one.text, one.author) == ("this", "")


def test_a_column_that_the_map_uses_is_not_guessed_for_another_field() -> None:
    one = field_map({"text": "name"}).read({"name": "hello", "id": "1"})
    assert (one.text, one.author) == ("hello", "")


def test_dots_lead_into_objects_and_lists_and_a_column_with_dots_stays_one() -> None:
    table = {"text": "data.fields.1.value", "author": "who.name", "native_id": "data.missing.3.x"}
    record: dict[str, Any] = {"data": {"fields": [{"value": "no"}, {"value": "yes"}]}, "who": {"name": "mia"}}
    one = field_map(table).read(record)
    assert (one.text, one.author) == ("yes", "mia")
    assert one.native_id == field_map({"text": "t", "author": "a"}).read({"t": "yes", "a": "mia"}).native_id
    assert field_map({"text": "a.b"}).read({"a.b": "whole"}).text == "whole"


@pytest.mark.parametrize(
    "path", ["text.-1", "text.9", "text.٣", "text.0.0", "text.99999999999999999999", "..", "nothing"]
)
def test_a_path_that_leads_nowhere_is_no_words(path: str) -> None:
    with pytest.raises(ValueError, match="words"):
        field_map({"text": path}).read({"text": ["x"]})


def test_a_field_that_mentions_do_not_have_is_a_mistake_with_a_guess() -> None:
    with pytest.raises(ConfigError, match='did you mean "author"'):
        field_map({"autor": "name"})


def test_without_words_the_columns_are_named() -> None:
    with pytest.raises(ValueError, match="it has ref, what"):
        field_map({}).read({"ref": "1", "what": "hello"})


def test_html_becomes_words_when_the_team_says_that_it_is_html() -> None:
    row = {"text": "<p>a &amp; b</p>"}
    assert field_map({}, is_html=True).read(row).text == "a & b"
    assert field_map({}).read(row).text == "<p>a &amp; b</p>"
    assert field_map({}, is_private=True).read(row).private


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://user:word@x.example/", "/local", "http://["])
def test_an_address_that_nobody_should_follow_is_left_out(url: str) -> None:
    assert field_map({}).read({"text": "x", "url": url}).url == ""


@pytest.mark.parametrize(
    ("told", "date"),
    [
        ("2015-02-16 23:48:48 -0800", "2015-02-17T07:48:48+00:00"),
        ("2020-12-12 11:55:28", "2020-12-12T11:55:28+00:00"),
        ("2020-12-12 11:55:28 UTC", "2020-12-12T11:55:28+00:00"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00+00:00"),
        ("2026-11-20T09:00:00.123+01:00", "2026-11-20T08:00:00.123000+00:00"),
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("Fri, 20 Nov 2026 09:00:00 +0100", "2026-11-20T08:00:00+00:00"),
        ("Fri, 20 Nov 2026 09:00:00 EST", "2026-11-20T14:00:00+00:00"),
        ("Mon Apr 19 13:13:14 +0000 2010", "2010-04-19T13:13:14+00:00"),
        ("Mon Apr 19 13:13:14 CEST 2010", "2010-04-19T11:13:14+00:00"),
        ("1795161600", "2026-11-20T08:00:00+00:00"),
        (1795161600, "2026-11-20T08:00:00+00:00"),
        (1795161600.5, "2026-11-20T08:00:00.500000+00:00"),
        ("1795161600000", "2026-11-20T08:00:00+00:00"),
        (1795161600000, "2026-11-20T08:00:00+00:00"),
        (1795161600000000, "2026-11-20T08:00:00+00:00"),
    ],
)
def test_dates_are_read_in_the_forms_that_exports_have(told: object, date: str) -> None:
    found = read_date(told)
    assert found is not None
    assert found.isoformat() == date


@pytest.mark.parametrize(
    "told",
    [
        "",
        "soon",
        "3/4/2026",
        0,
        "0001-01-01",
        "9999-12-31T23:59:59-12:00",
        "1970-01-01",
        float("nan"),
        1e300,
        True,
        None,
        [],
        "9" * 40,
    ],
)
def test_an_unreadable_or_absurd_date_is_none(told: object) -> None:
    assert read_date(told) is None


def test_an_unreadable_date_is_kept_as_told() -> None:
    one = field_map({}).read({"text": "x", "date": "3/4/2026"})
    assert one.published_at is None
    assert one.extra == {"published_at": "3/4/2026"}


@pytest.mark.parametrize(
    ("told", "count"),
    [
        *(
            (1234, 1234),
            ("1234", 1234),
            ("1,234", 1234),
            ("1.234", 1234),
            ("1 234 567", 1234567),
            ("12.0", 12),
            (12.9, 12),
        ),
        *(
            ("1.2k", 1200),
            ("3M", 3_000_000),
            ("0", 0),
            ("", None),
            ("-5", None),
            (-5, None),
            ("many", None),
            (True, None),
        ),
        *((float("inf"), None), (float("nan"), None), (2**70, None), ("9" * 25, None), (None, None), ([], None)),
    ],
)
def test_counts_are_read_forgivingly(told: object, count: int | None) -> None:
    assert read_count(told) == count


@pytest.mark.parametrize(
    ("told", "stars"),
    [
        *(
            (4, 4.0),
            ("4", 4.0),
            ("4.5", 4.5),
            ("4,5", 4.5),
            ("4/5", 4.0),
            ("8/10", 4.0),
            ("4 out of 5", 4.0),
            ("1 star", 1.0),
        ),
        *(
            ("★★★", 3.0),
            ("★★★☆☆", 3.0),
            ("⭐⭐", 2.0),
            ("☆☆☆☆☆", None),
            ("0", None),
            (0, None),
            ("0.5", 1.0),
            ("6", None),
        ),
        *(("80%", None), ("", None), ("good", None), ("1/0", None), (-1, None), (None, None), (float("nan"), None)),
    ],
)
def test_stars_are_read_forgivingly(told: object, stars: float | None) -> None:
    assert read_stars(told) == stars


@pytest.mark.parametrize(
    ("told", "lang"), [("en", "en"), ("EN-gb", "en"), ("pt_BR", "pt"), ("german", ""), ("und", ""), ("", "")]
)
def test_a_language_is_two_letters(told: str, lang: str) -> None:
    assert read_lang(told) == lang


@pytest.mark.parametrize("told", ["5.70306E+17", "5,70306e+17", 5.70306e17, 2.0**60, "", None, True, {"a": 1}])
def test_an_id_that_was_rounded_or_is_none_is_made_from_the_words(told: object) -> None:
    one, two = (field_map({}).read({"id": told, "text": text}) for text in ("one", "two"))
    assert one.native_id != two.native_id
    assert one.native_id == field_map({}).read({"text": "one"}).native_id


def test_an_id_of_any_length_fits() -> None:
    one = field_map({}).read({"id": "x" * 5_000, "text": "a"})
    assert len(one.native_id) == 32
    assert field_map({}).read({"id": 570306133677760513, "text": "a"}).native_id == "570306133677760513"


def test_counts_grow_and_do_not_make_another_mention() -> None:
    before, after = ({"text": "x", "author": "mia", "likes": likes, "followers": 9 * likes} for likes in (1, 2))
    assert field_map({}).read(before).native_id == field_map({}).read(after).native_id


def test_parts_of_an_id_cannot_run_into_each_other() -> None:
    assert content_id(["ab", "c"]) != content_id(["a", "bc"])


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "{", "", "[" * 40 + "]" * 40, "[" * 99_999, "9" * 5_000, b"\xff\xfe\xfa"]
)
def test_json_that_is_none_or_a_bomb_is_a_sentence(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"It is|is no number|digits"):
        read_json(text)


def test_json_may_be_32_deep_and_no_deeper() -> None:
    assert read_json("[" * 32 + "]" * 32)
    with pytest.raises(ValueError, match="deeper than 32"):
        read_json("[" * 33 + "]" * 33)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([name for names in GUESSES.values() for name in names[:2]]), ANY, max_size=6))
def test_any_record_is_a_mention_or_a_sentence(record: dict[str, Any]) -> None:
    try:
        one = field_map({}).read(record)
    except ValueError:
        return
    assert one.text.strip()
    assert 0 < len(one.native_id) <= 200
    stored = json.dumps([one.native_id, one.text, one.author, one.url, one.title, dict(one.extra)], ensure_ascii=False)
    assert "\0" not in stored.encode("utf-8").decode()
    assert one.stars is None or 1 <= one.stars <= 5
    assert all(count is None or 0 <= count < 2**63 for count in (one.likes, one.shares, one.replies, one.followers))
