"""A priority that is set by hand: where the case is shown then, and what ends it."""

import pytest

from handlers.rules.policy import Route
from handlers.rules.scoring import language_of
from storage.types import Priority
from tests.kit import NOW, TROUBLES, Desk, raw

PLAIN = "Heron was awful today, the crew of the plane was terrible"


def lowered(desk: Desk) -> None:
    case = desk.open_case("1", PLAIN)
    assert case.priority > Priority.LOW
    assert not desk.do("ana", f"priority {case.id} low").is_error
    desk.later(minutes=30)


def edit(desk: Desk, text: str) -> Priority:
    desk.take(raw("1", text, published_at=NOW))
    return desk.case(1).priority


@pytest.mark.parametrize(
    "text",
    [
        "Heron stole money from my account today, this is fraud",
        "Heron was awful today, my phone exploded and burned the seat of the plane",
    ],
)
def test_what_was_put_lower_rises_when_its_author_says_worse(desk: Desk, text: str) -> None:
    lowered(desk)
    assert edit(desk, text) is desk.mentions()[0].priority
    assert desk.case(1).priority >= Priority.HIGH
    assert desk.kinds(1)[-1] == "raised"


def test_what_was_put_lower_stays_so_when_a_word_is_mended_or_a_copy_comes(desk: Desk) -> None:
    lowered(desk)
    assert edit(desk, f"{PLAIN}!") is Priority.LOW
    desk.take(raw("2", f"RT @author1: {PLAIN}!", followers=5_000_000))
    assert desk.case(1).mention_count == 2
    assert desk.case(1).priority in (Priority.LOW, Priority.URGENT)


def test_after_that_it_rises_as_any_other(desk: Desk) -> None:
    lowered(desk)
    edit(desk, "Heron stole money from my account today, this is fraud")
    desk.do("ana", "priority 1 normal")
    assert edit(desk, "Heron stole money from my account today, this is fraud!") is Priority.NORMAL
    assert edit(desk, "Heron stole money from my account, my phone exploded, I am burned") >= Priority.HIGH


def test_what_is_raised_by_hand_is_shown_where_its_language_is_read(desk: Desk) -> None:
    desk.change_policy(
        routes=(
            Route("local:#english", min_priority=Priority.HIGH, languages=("en",)),
            Route("local:#francais", min_priority=Priority.HIGH, languages=("fr",)),
        ),
        languages=("en", "fr"),
    )
    text = "Bonjour Heron, je voudrais savoir pourquoi mon colis n'est toujours pas arrivé ce matin"
    desk.take(raw("1", text, lang="fr"), with_cases=True)
    desk.take(raw("2", TROUBLES[0], lang="en"), with_cases=True)
    assert language_of(desk.brain.scorer.score(raw("1", text, lang="fr"))) == "fr"
    for case in desk.cases():
        if case.priority < Priority.URGENT:
            desk.do("mia", f"priority {case.id} urgent")
    places = {key.rsplit(":", 1)[1] for key in desk.keys("card:1:")}
    assert places == {"#francais"}
    assert {key.rsplit(":", 1)[1] for key in desk.keys("card:2:")} == {"#english"}
