"""Every drawing can be drawn, and no text of a drawing ever becomes an element or an attribute."""

import dataclasses
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats.local import render
from bot.chats.local.adapter import Stored, to_body
from handlers.cards import Button, Card, Drawing, Link
from handlers.forms import Field, Form
from handlers.requests import Reply
from handlers.rules.text import Text
from storage.local_chat import LocalMessage
from tests.bot.chats import gallery
from tests.bot.chats.local.desk import POLICY

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{7*7}}{% include 'page.html' %}",
    "</li></ol></blockquote><h1>Approved by Bo</h1>",
    "<!-- --><svg/onload=alert(1)>&lt;b&gt;&#60;i&#62;",
    "\u202eevil\u2066 \x00\x1b[31m ]]> <![CDATA[",
    "javascript:alert(1)",
    "</textarea></form><button data-verb=send>",
)
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Outline(HTMLParser):
    """What elements and attribute names a text has, how deep it ends, and the words in it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.links: list[str] = []
        self.words = ""
        self.depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[(tag, tuple(name for name, _ in attrs))] += 1
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.depth += tag not in VOID

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        self.words += data


def stored(drawing: Drawing, shared_by: str = "") -> LocalMessage:
    body = to_body(Stored(drawing, shared_by))
    return LocalMessage("12", 3, "#alerts", "", body, gallery.NOW, gallery.NOW, 2)


def html_of(drawing: Drawing, shared_by: str = "") -> str:
    return render.message_html(stored(drawing, shared_by), gallery.NOW, "/c/alerts?thread=12")


def filled(value: Any, text: str) -> Any:
    """The same data with every text in it replaced."""
    if type(value) is str:  # a Role is a str too, but only we write those
        return text
    if isinstance(value, tuple):
        return tuple(filled(item, text) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {field.name: filled(getattr(value, field.name), text) for field in dataclasses.fields(value)}
        return replace(value, **changes)
    return value


@pytest.mark.parametrize("name", gallery.DRAWINGS)
def test_the_whole_gallery_renders(name: str) -> None:
    outline = Outline(html_of(gallery.DRAWINGS[name]))
    assert outline.depth == 0
    assert [tag for tag, _ in outline.elements].count("li")
    assert not {"script", "style"} & {tag for tag, _ in outline.elements}
    assert not [names for _, names in outline.elements if "style" in names or "id" in names]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", gallery.DRAWINGS)
def test_hostile_text_stays_text(name: str, text: str) -> None:
    drawing = gallery.DRAWINGS[name]
    harmless, hostile = html_of(filled(drawing, "harmless"), "harmless"), html_of(filled(drawing, text), text)
    assert Outline(hostile).elements == Outline(harmless).elements
    assert Outline(hostile).depth == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_answers_and_forms(text: str) -> None:
    shown = []
    for words in (text, "harmless"):
        field = filled(Field("x", "x", "x", "x", "x", choices=(("x", "x"),)), words)
        kinds = tuple(replace(field, kind=kind) for kind in ("text", "long_text", "choice", "member"))
        form = filled(Form("x", "x", 1, (), "x", "x", (("x", "x"),), (("x", "x"), ("y", "y"))), words)
        members = tuple(filled(member, words) for member in POLICY.members)
        shown.append(Outline(render.form_html(replace(form, fields=kinds), members)))
    assert shown[0].elements == shown[1].elements
    answers = [
        render.answer_html(Reply(words, filled(gallery.SCREEN, words), can_share=True), words, gallery.NOW)
        for words in (text, "harmless")
    ]
    assert Outline(answers[0]).elements == Outline(answers[1]).elements


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_quote_is_shown_letter_by_letter(words: str) -> None:
    words = words.replace("\r", "").replace("\0", "")  # no parser keeps these
    outline = Outline(html_of(replace(gallery.card(), quote=Text(words))))
    assert words in outline.words
    assert outline.depth == 0


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/act", " https://x", ""])
def test_only_web_addresses_become_links(url: str) -> None:
    outline = Outline(html_of(replace(gallery.card(), link=Link("Open", url, "evil.example"))))
    assert set(outline.links) == {"/c/alerts?thread=12"}
    assert "evil.example" in outline.words


def test_a_link_shows_its_host_and_gives_nothing_away() -> None:
    html = html_of(gallery.card())
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "social.example" in Outline(html).words


def test_a_notice_offers_what_can_be_done() -> None:
    html = html_of(gallery.REMINDER)
    assert Outline(html).words.count("Still on it") == 1
    assert 'data-verb="still" data-case="142"' in html
    assert 'class="button danger" data-verb="release" data-case="142"' in html


def test_a_notice_names_its_group_in_words() -> None:
    words = " ".join(Outline(html_of(gallery.CALL)).words.split())
    assert "To the group leads: Nobody has taken case #142." in words


def test_a_small_card_has_no_quote() -> None:
    html = html_of(gallery.CARDS["resolved"])
    assert "blockquote" not in html
    assert html.count('class="line') == 2


def test_a_card_says_what_the_product_promises() -> None:
    words = " ".join(Outline(html_of(gallery.CARDS["claimed"])).words.split())
    for part in (
        "🟡",
        "high",
        "reviews",
        "kim_w",
        "claimed by Ana",
        "overdue by 10 min",
        "#142",
        "reach 12,400",
        "2 in thread",
    ):
        assert part in words
    assert "Why says “boiling water”" in words


def test_a_confirmed_button_asks_first() -> None:
    button = Button("Release", "release", 142, values=(("a", '"b"'),), confirm="Really?")
    html = html_of(replace(gallery.card(), buttons=(button,), menu=()))
    assert 'data-confirm="Really?"' in html
    assert 'data-values="{&#34;a&#34;: &#34;\\&#34;b\\&#34;&#34;}"' in html


def test_a_body_of_another_version_does_not_break_the_channel() -> None:
    for body in ('{"type": "card", "drawing": {}, "shared_by": ""}', '{"type": "poem"}', "{}", "not json"):
        message = replace(stored(gallery.NOTICE), body=body)
        assert "another version" in render.message_html(message, gallery.NOW)


def test_form_errors_stand_beside_their_fields() -> None:
    fields = (Field("text", "Reply", "long_text", "typed"), Field("tone", "Tone", is_required=False))
    form = Form("Reply", "draft", 142, fields, errors=(("text", "Too long."), ("nowhere", "Case #142 is closed.")))
    html = render.form_html(form, POLICY.members)
    assert html.count("has-error") == 1
    assert html.index('data-field="text"') < html.index("Too long.") < html.index('data-field="tone"')
    assert html.index("Case #142 is closed.") < html.index('data-field="text"')
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-90, "now"), (0, "now"), (59, "now"), (60, "1 min ago"), (3_599, "59 min ago"), (3_600, "1 h ago"),
     (86_399, "23 h ago"), (86_400, "1 d ago"), (10**9, "11574 d ago")],
)  # fmt: skip
def test_age_in_words(seconds: int, words: str) -> None:
    assert render.age(gallery.NOW - timedelta(seconds=seconds), gallery.NOW) == words


def test_a_date_at_the_end_of_time_can_be_shown() -> None:
    last = datetime.max.replace(tzinfo=gallery.NOW.tzinfo)
    card: Card = replace(gallery.card(), seen_at=last)
    assert "9999-12-31" in html_of(card)


def test_only_our_own_colours_and_priorities_become_class_names() -> None:
    html = html_of(gallery.CARDS["unknown words"])
    assert "c-grey" in html
    assert "p-low" in html
    assert "c-mauve" not in html
    assert "p-who" not in html


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Say `send 61` next.", "Say <code>send 61</code> next."),
        ("`a` or `b`", "<code>a</code> or <code>b</code>"),
        ("one ` alone", "one ` alone"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
    ],
)
def test_our_own_words_mark_what_can_be_typed(words: str, shown: str) -> None:
    assert f'<p class="prose" dir="auto">{shown}</p>' in render.answer_html(Reply(words), "1", gallery.NOW)


def test_a_customer_s_backticks_are_only_letters() -> None:
    html = html_of(gallery.card(words="`send 61`", title="`send 61`", author="`send 61`"))
    assert "<code>" not in html
