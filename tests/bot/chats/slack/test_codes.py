"""What our messages carry through Slack: it comes back as it went, fits, and nothing foreign is taken for ours."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chats.slack.codes import MENU_VALUE, SHARE, Pressed, read_value, value_of
from handlers.cards import Button
from tests.slack.lint import measure

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(WORDS, st.none() | st.integers(1, 10**9), st.dictionaries(WORDS, WORDS, max_size=3), WORDS)
def test_a_button_says_what_it_said_before(verb: str, case: int | None, values: dict[str, str], confirm: str) -> None:
    button = Button("Do it", verb, case, tuple(values.items()), confirm=confirm)
    assert read_value(value_of(button)) == Pressed(verb, case, values)


def test_a_menu_item_takes_its_question_along() -> None:
    item = Button("Irrelevant", "irrelevant", 142, confirm="Close #142 as irrelevant? Copies of it never come back.")
    assert read_value(value_of(item, in_menu=True)) == Pressed("irrelevant", 142, {}, item.confirm)


@settings(max_examples=60, deadline=None)
@example("Close it, " * 20, "Irrelevant")
@example("Close it, " * 20, "Not one of ours " * 12)
@given(st.text(min_size=1, max_size=400).filter(str.strip), st.text(min_size=1, max_size=60).filter(str.strip))
def test_a_question_too_long_for_a_menu_is_asked_shorter_and_never_left_out(confirm: str, label: str) -> None:
    value = value_of(Button(label, "irrelevant", 999_999, confirm=confirm), in_menu=True)
    assert measure(value) <= MENU_VALUE
    pressed = read_value(value)
    assert pressed is not None
    assert pressed.confirm.strip()


def test_half_a_character_becomes_a_mark_that_can_be_sent() -> None:
    value = value_of(Button("Mute", "mute", values=(("words", "add words:\ud800"),)))
    assert value.encode()
    assert read_value(value) == Pressed("mute", None, {"words": "add words:?"})


def test_sharing_names_the_answer() -> None:
    assert read_value(value_of(Button("Share", SHARE, None, (("answer", "a1"),)))) == Pressed(
        "share", None, {"answer": "a1"}
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "claim",
        "null",
        "[]",
        "7",
        '{"c":1}',
        '{"v":"claim","c":"x"}',
        '{"v":"claim","a":7}',
        '{"v":"claim","c":1e400}',
        "[" * 100_000,
    ],
)
def test_what_is_not_ours_says_nothing(value: str) -> None:
    assert read_value(value) is None
