"""Required and excluded words of a brand whose name is shared with other things."""

import pytest

from handlers.rules.matching import Matcher
from handlers.rules.namesakes import literal_of, namesakes_of, site_of
from handlers.rules.policy import Brand
from handlers.rules.terms import Subject
from storage.types import RawMention

DELTA = Brand(
    "Delta",
    {"names": 'delta OR @delta OR "delta air lines"'},
    own_accounts=("@DeltaHelp",),
    own_sites=("https://www.delta.example/",),
    context=("flight*", "lost bag", "café"),
    not_with=("river", "air force"),
)


def objection(text: str, brand: Brand = DELTA, url: str = "") -> str:
    subject = Subject.of(RawMention("1", text, url=url), "birds")
    found = Matcher([((brand.name, name), query) for name, query in brand.queries.items()]).match(subject)
    assert found, "the query must match before anybody objects"
    namesakes = namesakes_of(brand)
    assert namesakes is not None
    return namesakes.objection(subject, found, brand.name)


@pytest.mark.parametrize(
    "text",
    [
        "Delta cancelled all FLIGHTS tonight",
        "delta, where is my lost -- bag?",
        "no coffee in the Delta CAFE",
        "Delta Air Lines is late",  # a phrase says enough
        "Really, @delta?",  # so does a handle of the query
        "delta is late again, @deltahelp",
        "delta is late, see https://news.delta.example/late",
    ],
)
def test_what_is_about_the_brand_passes(text: str) -> None:
    assert objection(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "The delta of the Nile",
        "delta and a cancelledflight",
        "delta, @deltahelper",
        "delta at https://delta.example.evil.example",
        "delta at not-delta.example",
    ],
)
def test_a_word_alone_needs_context(text: str) -> None:
    assert objection(text) == "it says none of the context words"


@pytest.mark.parametrize(
    ("text", "word"),
    [("Flights over the Delta River", "river"), ("Delta Air Lines helps the Air Force", "air force")],
)
def test_excluded_words_outweigh_context_and_phrases(text: str, word: str) -> None:
    assert objection(text) == f'it says "{word}"'


@pytest.mark.parametrize("text", ["@deltahelp my flight up the river!", "delta.example is down, river of tears, delta"])
def test_who_names_an_account_or_a_site_of_ours_means_us(text: str) -> None:
    assert objection(f"delta {text}") == ""


def test_an_article_on_our_own_site_is_ours() -> None:
    assert objection("The delta of the Nile", url="https://www.delta.example/blog") == ""
    assert objection("The delta of the Nile", url="https://other.example/delta.example") != ""


def test_a_brand_that_asks_for_nothing_costs_nothing() -> None:
    assert namesakes_of(Brand("Heron", {"names": "heron"}, own_accounts=("@heron",))) is None


@pytest.mark.parametrize("word", ["", "  ", "...", "*", "r*", "@*", "#"])
def test_words_in_which_nothing_can_be_looked_for(word: str) -> None:
    assert literal_of(word) is None


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("heron.example", "heron.example"),
        ("https://WWW.Heron.example/de?x=1", "heron.example"),
        ("heron", ""),
        ("", ""),
        ("heron example", ""),
        ("ftp://heron.example", ""),
    ],
)
def test_a_site_as_people_write_it(site: str, host: str) -> None:
    assert site_of(site) == host
