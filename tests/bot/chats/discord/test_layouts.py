"""Private answers: what Discord takes, what is shown and can be pressed, and what gives way when there is too much."""

import re
from dataclasses import replace
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chats.discord.codes import MORE, SHARE, Pressed, behind, kept_key, read_code
from bot.chats.discord.items import Act
from bot.chats.discord.layouts import CANCEL, confirm_message, screen_message, words_message
from bot.chats.discord.render import COLOURS, PICTURE, Look, Message
from handlers.cards import Button, Link, Row, Screen
from handlers.rules.text import Text
from tests.bot.chats import gallery as shapes
from tests.bot.chats.discord.drawn import LONG, URLS, WORDS, links_of
from tests.bot.chats.discord.markdown import alive, kinds, read
from tests.discord.lint import lint_message
from tests.discord.looks import BUTTON, CONTAINER, GALLERY, SECTION, SEPARATOR, TEXT_DISPLAY, buttons, walk
from tests.discord.world import V2
from tests.gallery import gallery

LOOK = Look()
CLAIM, SHOW = Button("Claim", "claim", 142, style="primary"), Button("Show", "show", 142)
TURN = Button("More ›", "queue", values=(("which", "open page:2"),))
BUTTONS = st.builds(
    Button,
    WORDS,
    st.sampled_from(("claim", "mute")),
    st.none() | st.integers(1, 10**9),
    st.just(()) | st.tuples(st.tuples(st.just("words"), WORDS)),
    st.sampled_from(("", "primary", "danger", "odd")),
    WORDS,
)
SOME_BUTTONS = st.lists(BUTTONS, max_size=8).map(tuple)
ROWS = st.builds(
    Row,
    WORDS,
    st.none() | st.builds(Text, WORDS, st.booleans(), st.booleans()),
    st.lists(WORDS, max_size=4).map(tuple),
    SOME_BUTTONS,
    WORDS | st.sampled_from(sorted(COLOURS)),
    st.none() | st.builds(Link, WORDS, st.sampled_from(URLS), WORDS),
    st.booleans(),
)
SCREENS = st.builds(
    Screen, WORDS, WORDS, st.lists(ROWS, max_size=4).map(lambda rows: (*rows * 8,)), WORDS, SOME_BUTTONS,
    st.sampled_from((None, *shapes.CHARTS.values())),
)  # fmt: skip
SOME = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
OURS = {"heading", "bold", "quote", "small", "code", "block", "link"}  # what our own marks make of a screen


def components(message: Message) -> list[dict[str, Any]]:
    view: Any = message.view
    assert isinstance(view, discord.ui.LayoutView)
    return list(view.to_components())  # type: ignore[no-untyped-call]  # discord.py does not say


def inside(message: Message) -> list[dict[str, Any]]:
    """What stands in the frame of a screen."""
    (frame,) = components(message)
    assert frame["type"] == CONTAINER
    return list(frame["components"])


def words(message: Message) -> str:
    """Its words, as a person reads them."""
    return read("\n".join(one["content"] for one in walk(components(message)) if one["type"] == TEXT_DISPLAY))


def pressed(message: Message) -> list[Pressed]:
    """What its buttons say, as the program reads them when one is pressed."""
    ids = [one["custom_id"] for one in walk(components(message)) if one["type"] == BUTTON and "custom_id" in one]
    told = [read_code(each, message.carried.get(kept_key(each), "")) for each in ids]
    assert None not in told
    return [one for one in told if one is not None]


def assert_legal(message: Message, screen: Screen | None = None) -> None:
    """Discord takes it, nobody is called, it leads only where the screen itself does, and it outlives a restart."""
    told = components(message)
    assert lint_message({"components": told}, V2, [PICTURE] if message.chart else []) == []
    texts = [one["content"] for one in walk(told) if one["type"] == TEXT_DISPLAY]
    assert sum(len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in texts) <= 4_000
    found = {one for text in texts for one in alive(text)}
    assert {kind for kind, _ in found} <= OURS
    links = links_of(screen) if screen else set()
    assert {whole.rpartition("](")[2].removesuffix(")") for kind, whole in found if kind == "link"} <= links
    assert {one["url"] for one in walk(told) if "url" in one} <= links
    assert set(message.allowed.to_dict()) <= {"parse", "replied_user"}
    assert message.allowed.to_dict()["parse"] == []
    assert message.view is not None
    assert message.view.timeout is None
    for item in message.view.walk_children():
        assert isinstance(item, Act) or not item.is_dispatchable()
    pressed(message)


# What Discord takes


def test_discord_takes_every_screen() -> None:
    for name, drawing in {**gallery(), **shapes.DRAWINGS}.items():
        if isinstance(drawing, Screen):
            for answer_id in ("", "abc123"):
                message = screen_message(drawing, LOOK, answer_id)
                assert_legal(message, drawing)
                own = [one.label for one in drawing.buttons[:10]] + (["Share to channel"] if answer_id else [])
                assert buttons(components(message))[-len(own) :] == own or not own, name


def test_no_screen_of_the_product_loses_a_row_or_a_button() -> None:
    """A digest does, but it is posted, where there is more room, and nobody is answered with one."""
    for name, drawing in gallery().items():
        if isinstance(drawing, Screen) and name != "digest":
            message = screen_message(drawing, LOOK)
            assert re.search(r"and \d+ more$", words(message), re.MULTILINE) is None, name
            can_do = {(one.verb, one.case) for one in pressed(message)}
            can_do |= {(one.verb, one.case) for one in behind_more(message)}
            assert {(one.verb, one.case) for row in drawing.rows for one in row.buttons} <= can_do, name


def behind_more(message: Message) -> list[Button]:
    return [button for one in pressed(message) if one.verb == MORE for button in behind(one)]


def test_a_name_with_an_underscore_begins_nothing_that_ends_in_a_code_block() -> None:
    shrug = Text("¯\\_(ツ)_/¯", is_cut=False, had_hidden=False)
    screen = Screen("Send", "", (Row("Bo", None, ("kim_w",)), Row("Bo", shrug, (), is_to_copy=True)))
    assert_legal(screen_message(screen, LOOK), screen)


@SOME
@given(SCREENS, WORDS, SOME_BUTTONS, st.sampled_from(("", "abc123")))
def test_hostile_screens_and_words_do_nothing(
    screen: Screen, said: str, some: tuple[Button, ...], answer_id: str
) -> None:
    assert_legal(screen_message(screen, LOOK, answer_id), screen)
    assert_legal(words_message(said, is_error=True, buttons=some, answer_id=answer_id))
    question = confirm_message(Pressed("irrelevant", 1, {"words": said}, said))
    assert_legal(question)
    assert pressed(question)[0] == Pressed("irrelevant", 1, {"words": said.encode(errors="replace").decode()})


@pytest.mark.parametrize("name", ["marks", "families", "fences"])
def test_words_without_end_are_cut_everywhere(name: str) -> None:
    long = LONG[name]
    row = Row(long, Text(long), (long,), (CLAIM, replace(SHOW, label=long)))
    for screen in (
        Screen(long, long, (row,) * 30, long, (TURN,) * 30, shapes.CHARTS["bars"]),
        Screen(long, long, (replace(row, is_to_copy=True),), long),
    ):
        message = screen_message(screen, LOOK, "abc123")
        assert_legal(message, screen)
        assert buttons(components(message))[-1] == "Share to channel"
    assert_legal(words_message(long, buttons=(CLAIM,) * 30, answer_id="x" * 300))
    assert_legal(confirm_message(Pressed("x", 1, {}, long)))


# What is shown


def test_a_row_with_one_button_has_it_beside_and_one_with_two_below() -> None:
    rows = (
        Row("#1 urgent", Text("It broke *again*."), ("birds", "4 min"), (CLAIM,), "orange"),
        Row("#2 low", None, (), (CLAIM, SHOW), "green"),
        Row("Overdue: none", None, ()),
    )
    shown = inside(screen_message(Screen("Queue: open", "2 cases", rows, "That is all.", (TURN,)), LOOK))
    assert [one["type"] for one in shown if one["type"] != SEPARATOR] == [10, SECTION, 10, 1, 10, 10, 1]
    section = next(one for one in shown if one["type"] == SECTION)
    assert section["accessory"]["label"] == "Claim"
    assert section["components"][0]["content"] == (
        "**#1 urgent**\n> It broke \\*again\\*.\n-# birds · 4 min"
    )  # fmt: skip
    assert shown[0]["content"] == "### Queue: open\n2 cases"
    assert [one["content"] for one in shown if one["type"] == TEXT_DISPLAY][-1] == "That is all."


def test_a_screen_has_the_colour_of_its_worst_row() -> None:
    def colour(*names: str) -> int:
        screen = Screen("Queue", rows=tuple(Row("#1", None, (), (), name) for name in names))
        return int(components(screen_message(screen, LOOK))[0]["accent_color"])

    assert colour("green", "orange", "mauve", "grey") == COLOURS["orange"]
    assert colour() == colour("mauve") == COLOURS["grey"]


def test_what_is_to_be_copied_stands_whole_in_a_code_block() -> None:
    reply = ("Dear *Kim*, we are sorry. " * 120)[:2_999] + "!"
    row = Row("The approved text", Text(reply), ("approved by Bo",), (CLAIM,), link=shapes.LINK, is_to_copy=True)
    message = screen_message(Screen("Send the reply", "By hand.", (row,), "1. Copy the text."), LOOK)
    (block,) = [
        whole for text in walk(components(message)) for kind, whole in alive(text.get("content", "")) if kind == "block"
    ]
    assert block == f"```\n{reply}\n```"
    assert "only its beginning" not in words(message)
    assert buttons(components(message)) == ["Open: social.example", "Claim"]
    longer = replace(row, quote=Text("w" * 5_000))
    assert "only its beginning" in words(screen_message(Screen("Send", rows=(longer,)), LOOK))


def test_a_link_that_no_button_takes_stands_in_the_words() -> None:
    far = Link("Open", "https://social.example/" + "x" * 520, "social.example")
    message = screen_message(Screen("Case", rows=(Row("#1", None, (), (), link=far),)), LOOK)
    assert f"[Open: social.example]({far.url})" in words(message)
    unsafe = Link("Open", "javascript:alert(1)", "social.example")
    message = screen_message(Screen("Case", rows=(Row("#1", None, (), (), link=unsafe),)), LOOK)
    assert "Open: social.example" in words(message)
    assert "javascript" not in str(components(message))


def test_a_chart_is_shown_with_its_words() -> None:
    message = screen_message(shapes.SUMMARY, LOOK)
    assert message.chart is shapes.SUMMARY.chart
    (picture,) = [one for one in inside(message) if one["type"] == GALLERY]
    assert picture["items"][0]["media"]["url"] == "attachment://chart.png"
    assert picture["items"][0]["description"].startswith("Mentions per day, 16–22 Feb: 4,310 in all")
    without = screen_message(shapes.SUMMARY, replace(LOOK, has_pictures=False))
    assert without.chart is None
    assert "4,310 in all" in words(without)
    assert lint_message({"components": components(without)}, V2, []) == []


# When there is too much


def rows_of(count: int, some: tuple[Button, ...] = (CLAIM, SHOW), said: str = "It broke.") -> tuple[Row, ...]:
    return tuple(
        Row(f"#{n} urgent", Text(said), ("birds",), tuple(replace(one, case=n) for one in some))
        for n in range(1, count + 1)
    )


def test_a_page_of_eight_cases_has_all_its_buttons() -> None:
    queue = Screen("Queue: open", "21 cases, page 2 of 3", rows_of(8), buttons=(replace(TURN, label="‹ Back"), TURN))
    message = screen_message(queue, LOOK, "abc123")
    assert buttons(components(message)) == [*["Claim", "Show"] * 8, "‹ Back", "More ›", "Share to channel"]


def test_more_rows_keep_one_button_each_and_the_rest_stands_behind_another() -> None:
    message = screen_message(Screen("Home", rows=rows_of(11), buttons=(TURN,)), LOOK)
    assert_legal(message)
    assert buttons(components(message)) == [*["Claim"] * 11, "More…", "More ›"]
    assert behind_more(message) == [Button(f"Show #{n}", "show", n) for n in range(1, 12)]


def test_where_nothing_else_fits_the_rows_matter_more() -> None:
    message = screen_message(Screen("Home", rows=rows_of(12), buttons=(TURN,)), LOOK)
    assert_legal(message)
    assert buttons(components(message)) == [*["Claim"] * 12, "More ›"]


def test_a_link_beside_a_row_leaves_its_buttons_behind_another() -> None:
    rows = tuple(replace(row, link=shapes.LINK) for row in rows_of(11, (CLAIM,)))
    message = screen_message(Screen("Replies", rows=rows), LOOK)
    assert_legal(message, Screen("Replies", rows=rows))
    assert buttons(components(message)) == [*["Open: social.example"] * 11, "More…"]
    assert [one.label for one in behind_more(message)] == [f"Claim #{n}" for n in range(1, 12)]


def test_rows_that_do_not_fit_are_counted_and_the_screens_own_buttons_stay() -> None:
    message = screen_message(Screen("Queue", rows=rows_of(30), outro="Page 1 of 9", buttons=(TURN,) * 3), LOOK, "abc")
    assert_legal(message)
    shown = buttons(components(message)).count("Claim")
    assert shown >= 9
    assert f"and {30 - shown} more" in words(message)
    assert "Page 1 of 9" in words(message)
    assert buttons(components(message))[-4:] == ["More ›"] * 3 + ["Share to channel"]


def test_long_words_get_shorter_before_a_row_is_lost() -> None:
    message = screen_message(Screen("Queue", rows=rows_of(8, said="It broke again and again. " * 60)), LOOK)
    assert all(f"#{n} urgent" in words(message) for n in range(1, 9))
    assert words(message).count("again and again") > 8
    one = screen_message(Screen("Case", rows=rows_of(1, said="It broke again and again. " * 30)), LOOK)
    assert words(one).count("It broke again and again.") == 30


def test_a_list_without_buttons_is_one_text() -> None:
    rows = tuple(Row(f"/earshot verb{n}", None, (f"Does {n}.",)) for n in range(34))
    message = screen_message(Screen("What you can do here", rows=rows), LOOK)
    assert [one["type"] for one in inside(message) if one["type"] != SEPARATOR] == [TEXT_DISPLAY, TEXT_DISPLAY]
    assert "/earshot verb33" in words(message)


def test_buttons_that_do_the_same_can_all_be_pressed() -> None:
    message = screen_message(Screen("Queue", rows=(Row("#1", None, (), (CLAIM, CLAIM)),), buttons=(CLAIM,)), LOOK)
    ids = [one["custom_id"] for one in walk(components(message)) if one["type"] == BUTTON]
    assert len(set(ids)) == 3
    assert pressed(message) == [Pressed("claim", 142)] * 3


def test_what_does_not_fit_into_a_button_is_to_be_kept() -> None:
    long = Button("Mute", "mute", values=(("words", "add words:kettle " * 9),))
    message = screen_message(Screen("Mute", rows=(Row("#1", None, (), (long,)),)), LOOK)
    assert len(message.carried) == 1
    assert pressed(message) == [Pressed("mute", None, dict(long.values))]


# Sentences and questions


def test_a_sentence_says_what_went_wrong() -> None:
    message = words_message("`queue` shows *what* waits.", is_error=True, buttons=(SHOW,), answer_id="abc123")
    assert words(message) == "⚠️ `/earshot queue` shows *what* waits."
    assert kinds(components(message)[0]["content"]) == {"code"}
    assert pressed(message) == [Pressed("show", 142), Pressed(SHARE, None, {"answer": "abc123"})]
    assert words(words_message(" ")) == "Done."
    assert buttons(components(words_message("Claimed."))) == []


def test_a_question_does_what_was_pressed_when_it_is_answered() -> None:
    asked = Pressed("mute", None, {"words": "add author:#3"}, "Mute the author of #3?")
    message = confirm_message(asked)
    assert words(message) == "Mute the author of #3?"
    assert buttons(components(message)) == ["Yes", "Cancel"]
    assert pressed(message) == [replace(asked, confirm=""), Pressed(CANCEL)]
