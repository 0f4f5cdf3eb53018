"""Whether a mention is about the brand: the model alone, without a store."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.scoring import Part, Score, Verdict
from handlers.rules.us import CLICKS, Doubt, UsModel, lowered, us_features
from storage.types import Priority, RawMention
from tests.hostile import ATTACKS

BIRDS = ("the grey heron stands in the {} river", "a heron ate fish from our pond in {}", "heron nest by the river, {}")
FLIGHTS = ("Heron cancelled my {} flight", "my Heron bag is lost since {}", "Heron refund for the {} ticket please")
SEASONS = ("cold", "may", "green", "tuesday", "warm", "august")
TEXTS = st.text(st.characters(exclude_categories=()), max_size=60) | st.sampled_from(
    [*ATTACKS.values(), *BIRDS, *FLIGHTS]
)


def features(text: str, author: str = "") -> dict[str, float]:
    return us_features(RawMention("1", text, author=author), "Heron")


def taught(birds: int = CLICKS, flights: int = CLICKS) -> UsModel:
    model = UsModel()
    for number in range(max(birds, flights)):
        season = SEASONS[number % len(SEASONS)]
        if number < birds:
            model.learn(features(BIRDS[number % len(BIRDS)].format(season)), is_us=False)
        if number < flights:
            model.learn(features(FLIGHTS[number % len(FLIGHTS)].format(season)), is_us=True)
    return model


def test_it_tells_the_bird_from_the_airline() -> None:
    model = taught()
    assert model.odds(features("a heron by the river")) < 0 < model.odds(features("Heron lost my flight"))
    doubt = model.doubt(features("A heron in the river near a nest"), "Heron")
    assert doubt is not None
    assert doubt.is_likely
    assert doubt.reason.startswith('may be another "Heron": ')
    assert '"river" -' in doubt.reason
    assert model.doubt(features("Heron lost my bag before the flight"), "Heron") is None


def test_it_takes_part_from_ten_clicks_on() -> None:
    bird = features("A heron in the river near a nest")
    assert taught(CLICKS - 1).doubt(bird, "Heron") is None
    assert taught(CLICKS).doubt(bird, "Heron") is not None


def test_what_nobody_has_said_anything_of_is_not_doubted_however_much_was_not_us() -> None:
    model = taught(birds=40, flights=0)
    assert model.doubt(features("Heron charged my card twice, terrible service"), "Heron") is None
    assert model.doubt(features("heron"), "Heron") is None  # the name itself is no reason


def test_a_word_that_stood_in_one_text_only_speaks_against_nobody() -> None:
    model = taught()
    model.learn(features("heron sanctuary"), is_us=False)
    assert model.doubt(features("a heron sanctuary"), "Heron") is None
    model.learn(features("heron sanctuary"), is_us=False)
    assert model.doubt(features("a heron sanctuary"), "Heron") is not None


def test_how_much_is_not_us_in_general_speaks_against_no_mention() -> None:
    model = taught()
    mixed, bird = features("Heron lost my bag on the flight near the river"), features("a heron nest by the river")
    model.bias = 0.0
    even = model.doubt(bird, "Heron")
    assert even is not None
    model.bias = -9.0
    assert model.doubt(bird, "Heron") == even
    assert model.doubt(mixed, "Heron") is None
    model.bias = 9.0
    assert model.doubt(bird, "Heron") is None  # where nearly all of it is us, it takes more


def test_how_the_name_is_written_and_who_writes_count_too() -> None:
    found = features("My heron, #Heron, flyheron and @HeronAir at https://www.heron.example/x", author="RiverNews_24")
    told = {name for name in found if name.startswith("= ")}
    assert told == {
        "= the name in small letters", "= the name after #", "= the name after @", "= the name inside a word",
        "= a link to heron.example", "= the name in a link",
        "= the author's name: rivernews", "= the author's name: river", "= the author's name: news",
    }  # fmt: skip


def test_a_stored_author_gives_the_same_features_as_one_that_comes_in() -> None:
    fresh = RawMention("1", "heron", author="RiverNews")
    stored = RawMention("1", "heron", author="rivernews", author_name="RiverNews")
    assert us_features(fresh, "Heron") == us_features(stored, "Heron")


def test_words_to_exclude_are_suggested_after_ten_clicks() -> None:
    assert taught(CLICKS - 1).suggestions("Heron") == ()
    suggested = taught().suggestions("Heron")
    assert suggested[0] == "river"
    assert "pond" in suggested
    assert "heron" not in suggested
    assert len(suggested) <= 5


def test_no_word_is_suggested_that_stood_in_a_text_about_us() -> None:
    model = taught()
    model.learn(features("Heron, I was late at the river boat"), is_us=True)
    assert "river" not in model.suggestions("Heron")


# What it does to a priority

LIKELY = Doubt(-3.0, 'may be another "Heron": "river" -0.9', is_likely=True)
UNSURE = LIKELY._replace(is_likely=False)


def verdict(priority: Priority, *kinds: str) -> tuple[Verdict, Score]:
    parts = tuple(Part(2, f"says it ({kind})", kind) for kind in kinds)
    return Verdict(priority, ("says it",), 2.0), Score(-0.5, "negative", parts, "complaint")


@pytest.mark.parametrize("kinds", [(), ("service failure",), ("bug",), ("threat to leave",)])
def test_what_is_likely_another_thing_ranks_low_and_says_so(kinds: tuple[str, ...]) -> None:
    found = lowered(*verdict(Priority.HIGH, *kinds), LIKELY)
    assert found.priority is Priority.LOW
    assert found.reasons == ('may be another "Heron": "river" -0.9, so ranked low', "says it")


@pytest.mark.parametrize("kind", ["safety", "fraud", "legal", "privacy"])
def test_what_is_grave_keeps_its_rank(kind: str) -> None:
    found = lowered(*verdict(Priority.HIGH, kind), LIKELY)
    assert found.priority is Priority.HIGH
    assert found.reasons[0] == LIKELY.reason


def test_what_is_urgent_stays_urgent() -> None:
    assert lowered(*verdict(Priority.URGENT, "service failure"), LIKELY).priority is Priority.URGENT


def test_where_it_is_uncertain_there_is_a_reason_and_no_more() -> None:
    found = lowered(*verdict(Priority.HIGH), UNSURE)
    assert (found.priority, found.reasons[0]) == (Priority.HIGH, UNSURE.reason)


def test_where_there_is_no_doubt_nothing_changes() -> None:
    before, score = verdict(Priority.HIGH)
    assert lowered(before, score, None) is before


# Its state


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=25), TEXTS)
def test_whatever_is_said_the_numbers_stay_finite_and_it_comes_back_the_same(
    acts: list[tuple[str, str, bool]], text: str
) -> None:
    model = UsModel()
    for words, author, is_us in acts:
        model.learn(features(words, author), is_us=is_us)
    again = UsModel.from_plain(json.loads(json.dumps(model.to_plain())))
    assert again == model
    assert all(map(math.isfinite, [*model.weights.values(), *model.squares.values(), model.bias]))
    assert math.isfinite(again.odds(features(text)))
    model.not_us += CLICKS
    doubt = model.doubt(features(text), "Heron")
    assert doubt is None or (doubt.odds <= 0 and "\n" not in doubt.reason)
    assert len(model.suggestions("Heron")) <= 5


def test_a_copy_learns_apart() -> None:
    model = taught()
    before = model.to_plain()
    model.copy().learn(features("a heron in the river"), is_us=True)
    assert model.to_plain() == before


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.rules.us.MOST", 100)
    model = UsModel()
    for number in range(60):
        rare = " ".join(f"{word}{chr(97 + number // 8)}{chr(97 + number % 8)}" for word in ("alpha", "beta", "gamma"))
        model.learn(features(f"heron river {rare}"), is_us=number % 2 == 0)
    assert len(model.weights) <= 100
    assert model.weights.keys() == model.seen.keys()
    assert "river" in model.weights


@pytest.mark.parametrize(
    "change",
    [
        {"bias": "much"},
        {"bias": float("nan")},
        {"weights": {"a": float("inf")}},
        {"seen": {}},
        {"weights": None},
        {"us": "x"},
    ],
)
def test_what_is_no_state_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no model"):
        UsModel.from_plain(taught().to_plain() | change)
    with pytest.raises(ValueError, match="no model"):
        UsModel.from_plain({})
