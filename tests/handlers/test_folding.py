"""Who brings many alerts in a day gets three cards; the others come together, and nothing is lost."""

import pytest

from handlers.cards import Screen
from handlers.intake import take_in
from handlers.ports import Page
from handlers.rules.policy import SourceEntry
from handlers.weighing import weigh
from storage.types import Priority
from tests.kit import POLICY, Desk, raw

FOLDED = "the {} in 24 h by this author"
SOURCES = (*POLICY.sources, SourceEntry("posts", "mastodon"))
QUIET = (  # two stars each: a case, and no more than that
    "Heron crew on the morning boat to Bergen, row four by the window",
    "My mother booked the Heron tour of the northern islands in spring",
    "Sandwiches with cheese and cucumber, Heron lounge on the second floor",
    "Heron timetable of next winter has one plane to Riga on Sundays",
    "The blanket that Heron lends on night flights is a grey one of wool",
)
URGENT = "The Heron seat exploded, my hand is burned and I am in hospital, I will sue"


def bring(desk: Desk, count: int, source: str = "posts", **fields: object) -> None:
    """One author has so many different troubles, an hour apart."""
    if desk.policy is POLICY:
        desk.change_policy(sources=SOURCES)
    for number in range(count):
        told = {"author": "grumbler", "published_at": desk.now, "stars": 2.0} | fields
        desk.take(raw(f"{source}{number}", QUIET[number], **told), source=source)
        desk.later(hours=1)


def cards(desk: Desk) -> list[str]:
    return [key for key in desk.keys("card:") if key.endswith("#alerts")]


def reasons(desk: Desk) -> list[str]:
    return [reason for case in desk.cases() for reason in case.reasons if "by this author" in reason]


def test_the_fourth_alert_of_a_day_comes_with_others_and_says_why(desk: Desk) -> None:
    bring(desk, 5)
    assert cards(desk) == [f"card:{number}:local:#alerts" for number in (1, 2, 3)]
    assert reasons(desk) == [FOLDED.format("4th"), FOLDED.format("5th")]
    assert all(case.status == "open" and case.alerted_at is not None for case in desk.cases())
    desk.later(hours=1)
    desk.tick()
    (subject,) = desk.keys("digest:")
    screen = desk.drawn(subject)
    assert isinstance(screen, Screen)
    assert [row.heading.split()[1] for row in screen.rows] == ["#4", "#5"]


def test_what_is_urgent_always_gets_a_card(desk: Desk) -> None:
    bring(desk, 4)
    desk.take(raw("worst", URGENT, author="grumbler"), source="posts")
    assert desk.case(5).priority is Priority.URGENT
    assert "card:5:local:#alerts" in cards(desk)
    assert "card:5:local:#urgent" in desk.keys("card:")
    assert reasons(desk) == [FOLDED.format("4th")]


def test_many_in_one_page_are_folded_too(desk: Desk) -> None:
    desk.change_policy(sources=SOURCES)
    desk.take(
        *(raw(str(number), text, author="Grumbler", stars=2.0) for number, text in enumerate(QUIET)), source="posts"
    )
    assert len(desk.cases()) == 5
    assert len(cards(desk)) == 3


def test_a_day_later_she_has_cards_again(desk: Desk) -> None:
    bring(desk, 3)
    desk.later(hours=24)
    desk.take(raw("next", QUIET[3], author="grumbler", published_at=desk.now, stars=2.0), source="posts")
    assert len(cards(desk)) == 4
    assert reasons(desk) == []


def test_the_same_name_elsewhere_is_not_she(desk: Desk) -> None:
    bring(desk, 3)
    desk.take(raw("x", QUIET[3], author="grumbler", published_at=desk.now, stars=2.0), source="reviews")
    assert len(cards(desk)) == 4


def test_copies_that_join_a_case_are_no_alerts(desk: Desk) -> None:
    desk.change_policy(sources=SOURCES)
    copies = [raw(f"c{number}", QUIET[0], author="grumbler", stars=2.0) for number in range(6)]
    desk.take(*copies, source="posts")
    desk.take(raw("other", QUIET[1], author="grumbler", stars=2.0), source="posts")
    assert len(cards(desk)) == 2


def test_what_a_feed_calls_an_author_is_nobody_in_particular(desk: Desk) -> None:
    bring(desk, 5, source="birds")
    assert len(cards(desk)) == 5


@pytest.mark.parametrize(
    "told",
    [
        {"author": "A Google user"},
        {"author": "Anonymous"},
        {"author": "-"},
        {"private": True},
        {"author": ""},
        {"author": "paper.example", "url": "https://www.paper.example/news/1"},
    ],
    ids=["a store's user", "anonymous", "a dash", "a form", "nameless", "a site"],
)
def test_forms_nameless_authors_and_sites_are_nobody_in_particular(desk: Desk, told: dict[str, object]) -> None:
    bring(desk, 5, **told)
    assert len(cards(desk)) == 5
    assert reasons(desk) == []


@pytest.mark.parametrize("kind", ["file", "webhook"])
@pytest.mark.parametrize(
    ("told", "is_folded"),
    [
        ({"author": "Maria"}, False),
        ({"author": "Guest"}, False),
        ({"author": "Maria Lind"}, False),
        ({"author": "maria", "url": "https://social.example/posts/7"}, False),
        ({"author": "maria_l"}, True),
        ({"author": "maria@mail.example"}, True),
        ({"author": "Maria", "url": "https://social.example/@maria/7"}, True),
    ],
)
def test_a_mere_name_in_a_file_or_a_webhook_is_nobody(
    desk: Desk, kind: str, told: dict[str, object], is_folded: bool
) -> None:
    desk.change_policy(sources=(*POLICY.sources, SourceEntry("rows", kind)))
    bring(desk, 5, source="rows", **told)
    assert reasons(desk) == ([FOLDED.format("4th"), FOLDED.format("5th")] if is_folded else [])


def test_small_talk_between_does_not_hide_earlier_alerts(desk: Desk) -> None:
    bring(desk, 3)
    chatter = [raw(f"n{number}", f"heron {number} a day by the sea", author="grumbler") for number in range(110)]
    assert desk.take(*chatter, source="posts").cases == 0
    desk.take(raw("next", QUIET[3], author="grumbler", published_at=desk.now, stars=2.0), source="posts")
    assert reasons(desk) == [FOLDED.format("4th")]


def test_midnight_changes_nothing(desk: Desk) -> None:
    desk.later(hours=24 - desk.now.hour - 2)
    bring(desk, 4)
    assert len({case.opened_at.date() for case in desk.cases()}) == 2
    assert reasons(desk) == [FOLDED.format("4th")]


def test_what_a_person_asks_for_is_never_folded(desk: Desk) -> None:
    bring(desk, 4)
    entry = desk.policy.source("posts")
    assert entry is not None
    item = raw("asked", QUIET[4], author="grumbler", stars=2.0)
    assert take_in(desk.ctx, weigh(desk.brain, entry, Page((item,), None)), is_asked=True).cases == 1
    assert reasons(desk) == [FOLDED.format("4th")]
    assert "card:5:local:#alerts" in cards(desk)
