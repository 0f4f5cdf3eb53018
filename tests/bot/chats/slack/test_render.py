"""Drawings and answers in Slack: what a person reads, what Slack would refuse, and that hostile words do nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chats.slack.codes import read_value
from bot.chats.slack.render import Look, answer, message, phone_text, text_only
from bot.chats.slack.wording import escape, escaped_length
from bot.chats.wording import cut, cut_front, literal, measure, pieces
from handlers.cards import Button, Card, Chart, Drawing, Link, Notice, Row, Screen, Series
from handlers.forms import Field, Form
from handlers.requests import Reply
from handlers.rules.text import Text
from tests.bot.chats import gallery as shapes
from tests.bot.chats.slack.drawn import ATTACKS, DRAWINGS, LONG, WORDS, assert_harmless, find, kinds, links_of, said
from tests.gallery import gallery
from tests.slack.lint import lint_message
from tests.slack.marks import pings_and_links

LOOKS = {"rich": Look(), "classic": Look(is_classic=True)}
ANA = Look(
    mention=lambda name: {"ana": "U0ANA"}.get(name, ""),
    group=lambda handle: {"@support": "S0HELP"}.get(handle, ""),
    picture=lambda _: "F0PICTURE1",
)
SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    return {**gallery(), **shapes.DRAWINGS}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> Look:
    return LOOKS[request.param]


def lint(payload: dict[str, Any]) -> list[str]:
    return lint_message(payload["blocks"], payload["text"])


# All of them


def test_slack_takes_every_drawing(drawings: dict[str, Drawing], look: Look) -> None:
    for name, drawing in drawings.items():
        drawn = message(drawing, f"case:{name}", look, "Ana")
        assert lint(drawn) == [], name
        assert_harmless(drawn, links_of(drawing), set())
        assert lint_message(None, text_only(drawing)) == [], name
        if isinstance(drawing, Screen):
            assert lint(answer(Reply("Done.", screen=drawing), "a1", look)) == [], name


def test_a_card_has_at_most_six_blocks(drawings: dict[str, Drawing], look: Look) -> None:
    cards = {name: drawing for name, drawing in drawings.items() if isinstance(drawing, Card)}
    assert all(len(message(card, "k", look)["blocks"]) <= 6 for card in cards.values())


def pinged_by(drawing: Drawing) -> set[str]:
    """Whom this may ping: the member and the group that it names, if Slack knows them."""
    if not isinstance(drawing, Notice):
        return set()
    return ({"U0ANA"} if drawing.ping == "ana" else set()) | ({"S0HELP"} if drawing.group == "@support" else set())


@SOME
@given(DRAWINGS, st.booleans(), WORDS)
def test_hostile_words_ping_nobody_and_lead_nowhere(drawing: Drawing, is_classic: bool, sharer: str) -> None:
    look = replace(ANA, is_classic=is_classic)
    drawn = message(drawing, "case:1", look, sharer)
    assert lint(drawn) == []
    assert_harmless(drawn, links_of(drawing), pinged_by(drawing))
    if isinstance(drawing, Card):
        assert len(drawn["blocks"]) <= 7  # one of them says who shared it
    last = text_only(drawing)
    assert lint_message(None, last) == []
    assert_harmless({"text": last}, set(), set())
    assert measure(drawn["text"]) <= 300


@SOME
@given(WORDS, DRAWINGS, st.booleans(), st.booleans())
def test_hostile_answers_ping_nobody_and_lead_nowhere(
    words: str, drawing: Drawing, is_error: bool, is_classic: bool
) -> None:
    screen = drawing if isinstance(drawing, Screen) else None
    form = Form(words, "note", 1, (Field("text", words),)) if len(words) % 2 else None
    drawn = answer(Reply(words, screen, form, is_error), "a1", replace(ANA, is_classic=is_classic))
    assert lint(drawn) == []
    assert_harmless(drawn, links_of(screen) if screen else set(), set())


@pytest.mark.parametrize("name", LONG)
def test_words_without_end_are_cut_everywhere(name: str, look: Look) -> None:
    words = LONG[name]
    row = Row(words, Text(words), (words,), (Button(words, "show", 1),))
    for drawing in (
        replace(shapes.card(words=words, title=words, author=words), facts=(words,) * 3, why=(words,), note=words),
        replace(shapes.DRAFT, text=Text(words), state=words, target=words, note=words),
        Notice(words, ping=words),
        Screen(words, words, (row,) * 3, words, (Button(words, "queue"),)),
    ):
        drawn = message(drawing, "k", look, words)
        assert lint(drawn) == []
        assert lint_message(None, text_only(drawing)) == []
        assert_harmless(drawn, links_of(drawing), set())
    assert lint(answer(Reply(words, is_error=True), "", look)) == []
    assert lint(answer(Reply(words, Screen(words, words, (row,) * 3, words)), "a", look)) == []


def test_the_same_drawing_gives_the_same_message(look: Look) -> None:
    assert message(shapes.SCREEN, "k", look) == message(shapes.SCREEN, "k", look)


def test_the_first_block_can_be_found_by_its_key(drawings: dict[str, Drawing], look: Look) -> None:
    for drawing in drawings.values():
        assert message(drawing, "case:142@x", look)["blocks"][0]["block_id"] == "key:case:142@x"
    assert len(message(shapes.NOTICE, "k" * 400, look)["blocks"][0]["block_id"]) == 255
    assert "block_id" not in message(shapes.NOTICE, "", look)["blocks"][0]


# Cards


def test_a_card_says_what_the_page_says() -> None:
    drawn = message(shapes.CARDS["open"], "k", Look())
    assert kinds(drawn["blocks"]) == ["rich_text", "context", "context", "actions"]
    heading, quote = drawn["blocks"][0]["elements"]
    assert said(heading) == "🔴 #142 urgent · open · reviews · kim_w · social.example ·  · due in 40 min"
    assert find(heading, "date")[0] | {"timestamp": 0} == {
        "type": "date", "timestamp": 0, "format": "{ago}", "fallback": "2026-11-21 09:30 UTC",
    }  # fmt: skip
    assert find(heading, "link") == [{"type": "link", "url": "https://social.example/kim/1", "text": "social.example"}]
    assert quote["type"] == "rich_text_quote"
    assert said(quote) == "Third broken kettle this month. The handle came off with boiling water in it!"
    assert said(drawn["blocks"][1]) == "reach 12,400 · sentiment -0.71 · query Kettle · +4 alike"
    assert said(drawn["blocks"][2]) == "Why: says “boiling water” · one star · 4 alike in an hour"


def test_what_is_overdue_is_bold() -> None:
    bold = [part["text"] for part in find(message(shapes.CARDS["claimed"], "k", Look()), "text") if "style" in part]
    assert bold == ["high", "overdue by 10 min"]


def test_a_long_quote_ends_in_dots_and_hidden_characters_are_told_of(look: Look) -> None:
    card = shapes.card(words="x", had_hidden=True)
    cut_card = replace(card, quote=Text("It broke", is_cut=True, had_hidden=True))
    blocks = message(cut_card, "k", look)["blocks"]
    assert "It broke…" in said(blocks)
    assert "hidden characters were taken out" in said(blocks)
    assert "hidden" not in said(message(shapes.CARDS["open"], "k", look)["blocks"])


def test_a_handled_card_has_two_lines_and_its_buttons() -> None:
    card = replace(shapes.CARDS["resolved"], title="The lid came off", menu=())
    blocks = message(card, "k", Look())["blocks"]
    assert kinds(blocks) == ["rich_text", "actions"]
    assert said(blocks[0]).split("\n")[1] == "The lid came off"


def test_a_card_has_four_buttons_at_most_and_a_menu_of_five() -> None:
    items = tuple(Button(f"Item {number}…", "note", number) for number in range(9))
    card = replace(shapes.CARDS["open"], buttons=(*shapes.BUTTONS, shapes.CLAIM), menu=items)
    actions = find(message(card, "k", Look()), "actions")[0]["elements"]
    assert [one["type"] for one in actions] == ["button"] * 4 + ["overflow"]
    assert [option["text"]["text"] for option in actions[4]["options"]] == [f"Item {n}…" for n in range(5)]


def test_a_button_is_read_out_with_its_case_and_asks_before_it_acts() -> None:
    claim, _, resolve, release = find(message(shapes.CARDS["open"], "k", Look()), "button")
    assert claim["accessibility_label"] == "Claim case 142"
    assert claim["style"] == "primary"
    assert "confirm" not in claim
    assert release["confirm"]["text"]["text"] == "Give case #142 back to the team?"
    assert read_value(resolve["value"]).values == {"reason": "no action"}
    menu = find(message(shapes.CARDS["open"], "k", Look()), "overflow")[0]["options"]
    assert read_value(menu[2]["value"]).confirm == "Close #142 and hide everything like it?"


def test_what_slack_cannot_carry_is_not_offered() -> None:
    def told(length: int) -> tuple[tuple[str, str], ...]:
        return (("words", "x" * length),)

    buttons = (Button("Short", "mute", None, told(1_900)), Button("Long", "mute", None, told(2_000)))
    menu = (Button("Short…", "mute", None, told(100)), Button("Long…", "mute", None, told(150)))
    drawn = message(replace(shapes.CARDS["open"], buttons=buttons, menu=menu), "k", Look())
    assert lint(drawn) == []
    assert [one["text"]["text"] for one in find(drawn, "button")] == ["Short"]
    assert [one["text"]["text"] for one in find(drawn, "overflow")[0]["options"]] == ["Short…"]


def test_a_link_that_nobody_should_follow_is_shown_as_words(look: Look) -> None:
    card = replace(shapes.CARDS["open"], link=Link("Open", "javascript:alert(1)", "bank.example"))
    drawn = message(card, "k", look)
    assert "bank.example" in said(drawn["blocks"])
    assert_harmless(drawn, set(), set())


# The other drawings


def test_a_draft_shows_whom_it_answers_its_words_and_where_to_post_it() -> None:
    blocks = message(shapes.DRAFT, "k", Look())["blocks"]
    assert kinds(blocks) == ["rich_text", "context", "actions"]
    assert said(blocks[0]["elements"][0]).startswith("Draft reply · proposed by Ana · #142\nAnswers kim_w on reviews")
    assert said(find(blocks, "rich_text_quote")).startswith("Hello Kim, this must not happen.\n\nPlease")
    assert said(blocks[0]["elements"][2]) == "Open: social.example"


def test_a_notice_pings_the_one_it_names_and_nobody_else() -> None:
    for is_classic in (False, True):
        drawn = message(shapes.NOTICE, "k", replace(ANA, is_classic=is_classic))
        assert_harmless(drawn, set(), {"U0ANA"})
        assert "U0ANA" in str(drawn["blocks"])
        unknown = message(replace(shapes.NOTICE, ping="bo"), "k", replace(ANA, is_classic=is_classic))
        assert_harmless(unknown, set(), set())
        assert "@bo Case #142" in said(unknown["blocks"])


def test_a_notice_calls_the_group_it_names_and_has_its_buttons(look: Look) -> None:
    notice = Notice("Nobody takes #142.", "ana", 142, (Button("Claim", "claim", 142),), "@support")
    drawn = message(notice, "k", replace(ANA, is_classic=look.is_classic))
    assert lint(drawn) == []
    assert_harmless(drawn, set(), {"U0ANA", "S0HELP"})
    assert {"U0ANA", "S0HELP"} <= pings_and_links(drawn)[0]
    assert [one["accessibility_label"] for one in find(drawn, "button")] == ["Claim case 142"]
    unknown = message(replace(notice, ping="", group="@press"), "k", replace(ANA, is_classic=look.is_classic))
    assert_harmless(unknown, set(), set())
    assert "@press Nobody takes #142." in said(unknown["blocks"])


def test_a_chart_is_a_picture_or_else_its_words(look: Look) -> None:
    chart = Chart("bars", "Mentions", ("reviews",), (Series("", (8,)),), f"Reviews 8. {'&' * 3_000}")
    screen = replace(shapes.SCREEN, chart=chart)
    told = message(screen, "k", look)
    assert "Reviews 8." in said(told["blocks"])
    assert find(told["blocks"], "image") == []
    shown = message(screen, "k", replace(look, picture=lambda _: "F0PICTURE1"))
    assert lint(shown) == []
    (image,) = find(shown["blocks"], "image")
    assert image["slack_file"] == {"id": "F0PICTURE1"}
    assert image["alt_text"].startswith("Reviews 8.")
    assert "Reviews 8." not in said([block for block in shown["blocks"] if block["type"] != "image"])
    assert "Reviews 8." in text_only(screen)


def test_what_is_to_be_typed_looks_like_it(look: Look) -> None:
    drawn = message(Notice("Type `claim 142` or `x"), "k", look)
    assert find(drawn["blocks"], "text") == [{"type": "text", "text": "Type `claim 142` or `x"}] or look.is_classic
    blocks = message(Notice("Type `claim 142` now"), "k", look)["blocks"]
    code = [part["text"] for part in find(blocks, "text") if part.get("style") == {"code": True}]
    assert code == ["claim 142"] or "`claim 142`" in said(blocks)


def test_what_is_to_be_pasted_can_be_copied_whole(look: Look) -> None:
    reply = "Dear Kim, we are sorry & ashamed. " * 85
    blocks = message(Screen("Send", rows=(Row("Text", Text(reply), (), is_to_copy=True),)), "k", look)["blocks"]
    assert reply.strip() in said(blocks)
    assert bool(find(blocks, "rich_text_preformatted")) != look.is_classic


def test_a_digest_of_fifteen_fits(drawings: dict[str, Drawing], look: Look) -> None:
    digest = drawings["digest"]
    assert isinstance(digest, Screen)
    assert len(digest.rows) == 15
    blocks = message(digest, "k", look, "Ana")["blocks"]
    assert len(find(blocks, "actions")) == 15
    assert "And 1 more" in said(blocks)


def test_rows_that_do_not_fit_are_counted(look: Look) -> None:
    row = Row("#7 urgent", Text("It broke. " * 20), ("reach 3",), shapes.BUTTONS[:2])
    drawn = message(Screen("Queue", rows=(row,) * 30, outro="Page 1"), "k", look)
    shown = len(find(drawn["blocks"], "actions"))
    assert 10 <= shown < 30
    assert f"and {30 - shown} more" in said(drawn["blocks"])
    assert said(drawn["blocks"]).endswith("Page 1")
    assert lint(drawn) == []


def test_a_long_diary_keeps_its_newest_end(look: Look) -> None:
    diary = "Diary\n" + "\n".join(f"Mon 09:{number:04d} · Ana · note" for number in range(900))
    words = said(message(Screen("Case #1", outro=diary), "k", look)["blocks"])
    assert "Diary\n…\nMon" in words
    assert words.endswith("09:0899 · Ana · note")


def test_who_shared_it_is_told(look: Look) -> None:
    assert said(message(shapes.SCREEN, "k", look, "Ana B.")["blocks"]).endswith("Shared by Ana B.")


def test_a_hostile_quote_cannot_leave_its_place(look: Look) -> None:
    words = "Hi\n\n🔴 #1 urgent · claimed by Ana\n> x" + " y" * 2_000 + "\n🔴 #2 urgent"
    blocks = message(replace(shapes.DRAFT, text=Text(words)), "k", look)["blocks"]
    if look.is_classic:
        quoted = [block["text"]["text"] for block in blocks if block.get("text", {}).get("type") == "plain_text"]
        assert quoted
        assert all(line.startswith("┃ ") for text in quoted for line in text.split("\n"))
    else:
        assert "🔴 #2 urgent" in said(find(blocks, "rich_text_quote"))
        assert "🔴" not in said(blocks[0]["elements"][0])


# Phones


def test_a_phone_says_how_bad_where_who_and_what() -> None:
    card = shapes.card(words="Broken & <b>bold</b>\nagain", author="Kim: *W*")
    assert phone_text(card) == "urgent · reviews · Kim: ∗W∗: Broken &amp; &lt;b&gt;bold&lt;/b&gt; again"
    assert phone_text(shapes.NOTICE) == "Case #142 is overdue by 10 min."
    assert phone_text(shapes.SCREEN) == "Queue: 23 open. The most urgent first."
    assert phone_text(Screen("Mute author jo?", "It hides 1 mention.")) == "Mute author jo? It hides 1 mention."
    assert phone_text(Notice("Done. `queue` shows what waits.")) == "Done. queue shows what waits."
    assert answer(Reply("`claim 1` takes it."), "", Look())["text"] == "claim 1 takes it."
    assert phone_text(shapes.DRAFT).startswith("Draft reply for #142, proposed by Ana: Hello Kim")


def test_a_phones_sentence_is_cut_between_visible_characters() -> None:
    family = "👨‍👩‍👧‍👦"
    text = phone_text(shapes.card(words=family * 200))
    assert measure(text) <= 300
    assert text.endswith(f"{family}…")
    assert len(phone_text(shapes.card(words="&" * 900))) <= 300
    assert phone_text(shapes.card(words="&" * 900)).endswith("&amp;…")


def test_the_last_resort_says_what_is_needed() -> None:
    assert text_only(shapes.CARDS["open"]).split("\n") == [
        "🔴 #142 urgent · open · reviews · kim_w · social.example · due in 40 min",
        "Third broken kettle this month. The handle came off with boiling water in it!",
        "/earshot show 142",
    ]


# Answers


def test_words_are_one_block(look: Look) -> None:
    drawn = answer(Reply("#142 is yours now."), "", look)
    assert len(drawn["blocks"]) == 1
    assert drawn["text"] == said(drawn["blocks"]) == "#142 is yours now."


def test_an_error_can_be_told_from_an_answer(look: Look) -> None:
    drawn = answer(Reply("Bo has claimed it.", is_error=True), "", look)
    assert said(drawn["blocks"]) == drawn["text"] == "⚠️ Bo has claimed it."


def test_an_answer_can_be_shared(look: Look) -> None:
    for reply in (Reply("Words"), Reply(screen=shapes.SCREEN)):
        shares = [one for one in find(answer(reply, "a-7", look), "button") if one["action_id"] == "act:share"]
        assert [read_value(one["value"]).values for one in shares] == [{"answer": "a-7"}]
        assert not [one for one in find(answer(reply, "", look), "button") if one["action_id"] == "act:share"]


def test_a_form_that_cannot_be_opened_becomes_a_button(look: Look) -> None:
    form = Form("Note on #142", "note", 142, (Field("text", "Note"),), errors=(("text", "A note needs words."),))
    drawn = answer(Reply(form=form), "", look)
    (button,) = find(drawn, "button")
    assert button["text"]["text"] == "Note on #142"
    assert (read_value(button["value"]).verb, read_value(button["value"]).case) == ("note", 142)
    assert "A note needs words." in said(drawn["blocks"])


def test_an_empty_answer_says_done(look: Look) -> None:
    assert answer(Reply(), "", look)["text"] == "Done."
    assert lint(answer(Reply(" \u200b"), "", look)) == []


# Words


@SOME
@given(WORDS, st.integers(1, 400), st.booleans())
def test_cutting_keeps_to_its_limit(words: str, limit: int, is_escaped: bool) -> None:
    length = escaped_length if is_escaped else measure
    assert length(cut(words, limit, length)) <= limit
    assert escaped_length(cut_front(words, limit, escaped_length)) <= limit
    parts = pieces(words, limit + 5, length)
    assert all(length(part) <= limit + 5 and part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(words.split())


@SOME
@given(st.lists(st.sampled_from(ATTACKS)).map("".join))
def test_escaping_leaves_nothing_alive(words: str) -> None:
    safe = escape(literal(words, 5_000))
    assert not set("<>*~`") & set(safe)
    assert measure(safe) <= escaped_length(literal(words, 5_000))
    assert safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0
    assert_harmless({"text": safe}, set(), set())


def test_names_with_underscores_stay_as_they_are() -> None:
    assert escape("kim_w says _hi_ at 9:30 today") == "kim_w says ＿hi＿ at 9:30 today"
