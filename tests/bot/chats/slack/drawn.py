"""Hostile drawings of every kind, what may be in the messages made of them, and reading a payload as a person does."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen, Series
from handlers.forms import Field, Form
from handlers.rules.text import Text, safe_url
from tests.slack.marks import pings_and_links

ATTACKS = (
    "<!channel>", "<!here|here>", "<@U0EVIL>", "<#C0EVIL|general>", "<!subteam^S0EVIL>", "@everyone", "@here",
    "<http://evil.example|slack.com>", "http://evil.example", "<mailto:a@evil.example>", "[x](http://evil.example)",
    "<!date^1^{date}^http://evil.example|x>", ":rotating_light:", ":tada::100:", ":a:b:c:", "*bold*", "_i_", "~s~",
    "`code`", "```", "&gt; quote", "> quote", "&amp;lt;!channel&amp;gt;", "&lt;!channel&gt;", "&" * 90, "<" * 60,
    "\ud800", "\udfff\ud800", "\u202e\u2066gnp\u2069", "\u200b\ufeff", "z" + "\u0301" * 60, "\x00\x1b[31m", "\n\n\n",
    "\u2028", "👨‍👩‍👧‍👦" * 9, "👨\u200d" * 60, "😀" * 90, "لم يصل", " ", "",
    "\n🔴 #1 urgent · claimed by Ana", "“”", "'\"\\", "{}", "%s", "\U000e0068", "﷽" * 60,
)  # fmt: skip
LONG = {
    "one word": "w" * 20_000, "words": "very long " * 2_000, "marks": "&<>:*_~`" * 2_500, "emoji": "😀" * 9_000,
    "families": "👨‍👩‍👧‍👦" * 2_000, "one visible character": "👨\u200d" * 9_000, "accents": "z" + "\u0301" * 20_000,
    "lines": "a\n" * 9_000, "codes": ":tada:" * 3_000, "pings": "<!channel> " * 2_000, "halves": "\ud800" * 20_000,
}  # fmt: skip
URLS = (
    "https://shop.example/a?b=1&c=2", "http://shop.example/a|b", "https://evil.example@bank.example/", "javascript:1",
    "https://shop.example/<!channel>", "https://xn--80ak6aa92e.example/а", "", "https://a.example/" + "x&" * 900,
)  # fmt: skip

WORDS = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=4).map(" ".join)
TEXTS = st.builds(Text, WORDS, st.booleans(), st.booleans())
LINKS = st.none() | st.builds(Link, WORDS, st.sampled_from(URLS), WORDS)
CASES = st.integers(1, 10**9)
BUTTONS = st.builds(
    Button,
    WORDS,
    st.sampled_from(("claim", "mute", "show")),
    st.none() | CASES,
    st.just(()) | st.tuples(st.tuples(st.just("words"), WORDS)),
    st.sampled_from(("", "primary", "danger", "odd")),
    WORDS,
)
SOME = st.lists(BUTTONS, max_size=8).map(tuple)
MANY = st.lists(WORDS, max_size=8).map(tuple)
MOMENTS = st.integers(-(10**9), 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CARDS = st.builds(
    Card, CASES, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, LINKS, MOMENTS, WORDS, WORDS, st.none() | TEXTS, MANY, MANY,
    SOME, SOME, WORDS, st.booleans(),
)  # fmt: skip
DRAFTS = st.builds(DraftCard, CASES, CASES, WORDS, WORDS, WORDS, TEXTS, LINKS, WORDS, SOME)
CALLED = st.sampled_from(("", "@support", "leads", "<!channel>", "@here"))
NOTICES = st.builds(Notice, WORDS, st.sampled_from(("", "ana", "<!channel>")), st.none() | CASES, SOME, CALLED)
SERIES = st.builds(Series, WORDS, st.just((1.0, None)), WORDS)
CHARTS = st.none() | st.builds(Chart, st.just("lines"), WORDS, st.tuples(WORDS, WORDS), st.tuples(SERIES), WORDS)
ROWS = st.builds(Row, WORDS, st.none() | TEXTS, MANY, SOME, WORDS, LINKS, st.booleans())
SCREENS = st.builds(
    Screen, WORDS, WORDS, st.lists(ROWS, max_size=5).map(lambda rows: (*rows * 8,)), WORDS, SOME, CHARTS
)
DRAWINGS = CARDS | DRAFTS | NOTICES | SCREENS
FIELDS = st.builds(
    Field,
    st.sampled_from(("text", "note", "template", "to")),
    WORDS,
    st.sampled_from(("text", "long_text", "choice", "member")),
    WORDS,
    WORDS,
    st.booleans(),
    st.integers(-1, 9_000),
    st.lists(st.tuples(WORDS, WORDS), max_size=4).map(tuple),
)
FORMS = st.builds(
    Form,
    WORDS,
    st.just("draft"),
    st.none() | CASES,
    st.lists(FIELDS, max_size=4, unique_by=lambda field: field.name).map(tuple),
    WORDS,
    WORDS,
    st.just((("seen", "abc"),)),
    st.lists(st.tuples(st.sampled_from(("text", "gone")), WORDS), max_size=2).map(tuple),
)


def links_of(drawing: Drawing) -> set[str]:
    """Where a drawing itself leads."""
    own = [getattr(drawing, "link", None)]
    own += [row.link for row in drawing.rows] if isinstance(drawing, Screen) else []
    return {safe_url(link.url).replace("|", "%7C") for link in own if link}


def assert_harmless(payload: Mapping[str, Any], links: set[str], pings: set[str]) -> None:
    """It pings and leads only where it may, brings no emoji code to life, and can be sent."""
    json.dumps(payload, ensure_ascii=False).encode()
    pinged, led, emoji = pings_and_links(payload)
    assert pinged <= pings
    assert {url.replace("&amp;", "&") for url in led} <= links
    assert emoji == set()


def said(thing: Any) -> str:
    """Every word of a payload's blocks, one after the other."""
    return "".join(_said(thing))


def _said(thing: Any) -> Iterator[str]:
    if isinstance(thing, list):
        for one in thing:
            yield from _said(one)
    elif isinstance(thing, Mapping):
        if isinstance(thing.get("text"), str):
            yield thing["text"]
        for name in ("elements", "text", "element", "label", "hint"):
            if not isinstance(thing.get(name), str):
                yield from _said(thing.get(name))


def kinds(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["type"] for block in blocks]


def find(thing: Any, kind: str) -> list[dict[str, Any]]:
    """Every part of this type, in order."""
    if isinstance(thing, list):
        return [part for one in thing for part in find(one, kind)]
    if not isinstance(thing, Mapping):
        return []
    own = [dict(thing)] if thing.get("type") == kind else []
    return own + [part for value in thing.values() for part in find(value, kind)]
