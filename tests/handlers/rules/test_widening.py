import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.query import QueryError, Subject, parse
from handlers.rules.widening import alternatives, can_match_in, phrases
from storage.types import RawMention


def told(expression: str, most: int = 40) -> list[str]:
    return [" ".join(leaf.typed for leaf in leaves) for leaves in alternatives(parse(expression), most)]


def asked(expression: str, *, with_beginnings: bool = False) -> list[tuple[str, ...]]:
    found = alternatives(parse(expression))
    return [phrases(leaves, with_beginnings=with_beginnings) for leaves in found]


@pytest.mark.parametrize(
    ("expression", "searches"),
    [
        ("aurelia", ["aurelia"]),
        ("aurelia lamp -refund", ["aurelia lamp"]),
        ("(aurelia OR @aurelia) lamp", ["aurelia lamp", "@aurelia lamp"]),
        ("aurelia (lamp OR -refund)", ["aurelia"]),
        ("aurelia (lamp OR lang:en)", ["aurelia lamp", "aurelia lang:en"]),
        (
            "from:mia OR url:aurelia.example OR url:shop/aurelia",
            ["from:mia", "url:aurelia.example", "url:shop/aurelia"],
        ),
        ("aurelia OR Aurelia OR AURELIA lamp", ["aurelia"]),
        ("aurelia source:reviews min_reach:10k", ["aurelia source:reviews min_reach:10k"]),
        ("source:reviews", []),
        ("aurelia OR source:reviews", []),
        ("NOT (NOT aurelia OR refund)", ["aurelia"]),
        ("(a OR source:x) (b OR c)", ["a b", "source:x b", "a c", "source:x c"]),
    ],
)
def test_a_query_becomes_searches_for_what_must_be_there(expression: str, searches: list[str]) -> None:
    assert told(expression) == searches


def test_too_many_searches_lose_conditions_and_no_words() -> None:
    letters = " OR ".join("abcdefgh")
    expression = f"({letters}) (1a OR 1b OR 1c) (2a OR 2b OR 2c OR 2d OR 2e OR 2f)"
    assert len(told(expression, 200)) == 144
    assert len(told(expression, 40)) == 18
    assert told(expression, 2) == ["1a", "1b", "1c"]
    assert len(told(letters, 2)) == 8


def test_the_largest_queries_are_taken_apart_quickly() -> None:
    for expression in ("(a OR b) " * 440, "(a OR (b " * 25 + "c" + "))" * 25, "(a (b OR -" * 24 + "c" + "))" * 24):
        assert len(alternatives(parse(expression), 40)) <= 40


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("aurelia “desk lamp”", ("aurelia", "desk lamp")),
        ("l’oréal,", ("l'oréal",)),
        ("#aurelia @aurelia", ("#aurelia", "@aurelia")),
        ("aurelia refund*", ("aurelia",)),
        ('"refund*"', ("refund*",)),
        ("refund* from:mia", ()),
    ],
)
def test_an_engine_of_words_gets_words(expression: str, words: tuple[str, ...]) -> None:
    assert asked(expression) == [words]


def test_an_engine_that_finds_beginnings_gets_them_without_a_star() -> None:
    assert asked("aurelia refund*", with_beginnings=True) == [("aurelia", "refund")]


@pytest.mark.parametrize(
    ("expression", "can"),
    [
        ("aurelia", True),
        ("aurelia source:news", False),
        ("aurelia source:News OR lamp", True),
        ('source:"Hacker News"', True),
        ("aurelia -source:news", True),
        ('aurelia -source:"hacker news"', False),
    ],
)
def test_a_query_for_other_sources_is_known(expression: str, can: bool) -> None:
    assert can_match_in(parse(expression), "Hacker News") == can


PARTS = st.sampled_from(
    [
        *("a", "b", '"a b"', "c*", "#a", "-a", "-b", "from:mia", "url:x.example"),
        *("lang:en", "-lang:en", "min_reach:5", "source:one", "-source:one"),
    ]
)
EXPRESSIONS = st.recursive(
    PARTS,
    lambda inner: (
        st.tuples(st.sampled_from([" ", " OR ", " AND "]), st.lists(inner, min_size=1, max_size=4)).map(
            lambda told: f"({told[0].join(told[1])})"
        )
        | inner.map(lambda one: f"NOT ({one})")
    ),
    max_leaves=12,
)
TEXTS = st.lists(st.sampled_from(["a", "b", "cd", "#a", "e"]), max_size=5).map(" ".join)


@given(
    EXPRESSIONS,
    st.lists(
        st.builds(
            RawMention,
            st.just("1"),
            TEXTS,
            author=st.sampled_from(["", "mia"]),
            url=st.sampled_from(["", "https://x.example/1"]),
            lang=st.sampled_from(["", "en"]),
            followers=st.sampled_from([None, 3, 10]),
        ),
        min_size=8,
        max_size=8,
    ),
    st.sampled_from(["one", "two"]),
    st.sampled_from([1, 3, 40]),
)
@settings(max_examples=80)
def test_nothing_that_a_query_accepts_is_lost(
    expression: str, mentions: list[RawMention], source: str, most: int
) -> None:
    try:
        query = parse(expression)
    except QueryError:
        return
    found = alternatives(query, most)
    for raw in mentions:
        subject = Subject.of(raw, source)
        if query.evaluate(subject) is not None:
            assert can_match_in(query, source)
            assert not found or any(all(leaf.holds(subject) for leaf in leaves) for leaves in found)
