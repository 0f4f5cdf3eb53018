"""A card says how many others had the same in the last 24 hours, and `show` names them."""

import pytest

from handlers.rules.neighbours import neighbours
from tests.kit import PRAISE, TROUBLES, Desk, raw

OVENS = (
    "Heron's meal voucher was refused at the gate restaurant in Bergen, awful",
    "Bergen gate restaurant refused the meal voucher that Heron gave us, what a disgrace for families",
    "Terrible evening: Heron handed out a meal voucher and every gate restaurant refused to take it",
    "We are furious. Meal voucher refused again by a restaurant at the gate, thank you for nothing Heron",
    "Horrible! The gate restaurant laughed at my Heron voucher for a meal, refused it and sent me away",
)


def told(desk: Desk, number: int) -> list[str]:
    return [fact for fact in desk.card(number).facts if "similar" in fact]


def bring(desk: Desk, *texts: str, hours: float = 1, **fields: object) -> None:
    for text in texts:
        number = len(desk.cases())
        taken = desk.take(raw(f"n{number}", text, **({"published_at": desk.now, "stars": 2.0} | fields)))
        assert taken.cases == 1
        desk.later(hours=hours)


def test_a_card_counts_the_cases_of_a_day_that_tell_of_the_same(desk: Desk) -> None:
    bring(desk, OVENS[0], TROUBLES[0], OVENS[1], TROUBLES[1], OVENS[2])
    assert told(desk, 1) == []
    assert told(desk, 2) == []
    assert told(desk, 3) == ["1 similar in the last 24 h"]
    assert told(desk, 5) == ["2 similar in the last 24 h"]
    assert told(desk, 5) == told(desk, 5)


def test_what_is_older_than_a_day_is_not_counted(desk: Desk) -> None:
    bring(desk, OVENS[0], hours=25)
    bring(desk, OVENS[1])
    assert told(desk, 2) == []


def test_another_brand_has_its_own(desk: Desk) -> None:
    bring(desk, OVENS[0])
    bring(desk, OVENS[1].replace("Heron", "Plover"))
    assert desk.case(2).brand == "Plover Inn"
    assert told(desk, 2) == []


@pytest.mark.parametrize("line", ["irrelevant 1", "resolve 1 spam"])
def test_what_was_not_worth_it_is_not_counted(desk: Desk, line: str) -> None:
    bring(desk, OVENS[0], OVENS[1])
    assert told(desk, 2)
    assert not desk.do("ana", line).is_error
    assert told(desk, 2) == []


def test_show_lists_the_newest_three_to_be_opened(desk: Desk) -> None:
    bring(desk, *OVENS)
    screen = desk.do("ana", "show 5").screen
    assert screen is not None
    similar = [row for row in screen.rows if row.heading.startswith("Similar")]
    assert [row.buttons[0].case for row in similar] == [4, 3, 2]
    assert {row.buttons[0].verb for row in similar} == {"show"}


def test_a_case_that_is_done_says_it_no_more(desk: Desk) -> None:
    bring(desk, OVENS[0], OVENS[1])
    desk.do("ana", "resolve 2 fixed")
    assert told(desk, 2) == []


def test_the_brand_and_common_words_make_nobody_a_neighbour(desk: Desk) -> None:
    bring(desk, *TROUBLES)
    assert not any(told(desk, number) for number in range(1, 6))


def test_word_endings_do_not_count_and_a_shared_word_is_not_enough() -> None:
    words = "the meal vouchers were refused at the gates"
    assert neighbours(words, [(1, "they are refusing a meal voucher at this gate")]) == [1]
    assert neighbours(words, [(1, "the gates of the old town were painted blue yesterday")]) == []
    assert neighbours("voucher refused", [(1, "voucher refused")]) == []
    assert neighbours(PRAISE, [(1, "")]) == []
    assert neighbours("", [(1, words)]) == []


def test_what_everybody_says_that_day_makes_no_neighbour() -> None:
    day = [(number, f"flight cancelled tonight again {word}") for number, word in enumerate(_WORDS)]
    assert len(neighbours("flight cancelled tonight and the hotel lost my luggage keys", day)) == 0


_WORDS = [
    f"{first}{second}"
    for first in ("mar", "tol", "ven", "sul", "gor")
    for second in ("ka", "ri", "no", "tu", "be", "lo")
]
