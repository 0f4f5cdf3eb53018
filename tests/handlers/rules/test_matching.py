from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.matching import Match, Matcher
from handlers.rules.query import Query, QueryError, Subject, parse
from storage.types import RawMention

WORDS = ["acme", "acm", "lost", "bag", "lost bag", "l'or\u00e9al", "re", "\u6771\u4eac", "5.99", "\U0001f621", "a"]
LITERALS = [
    *WORDS[:4],
    *WORDS[5:],
    '"lost bag"',
    '"acme lost bag"',
    '"\u6771\u4eac a"',
    *["#acme", "@acme", "#bag*", "re*", "ba*"],
]
FIELDS = ["from:nina", "source:blog", "url:x.example", "url:example", "url:/acme", "lang:en", "min_reach:10"]
TERMS = st.sampled_from([*LITERALS, *FIELDS])
EXPRESSIONS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.map("-({})".format),
        st.tuples(inner, inner).map("({0[0]} {0[1]})".format),
        st.tuples(inner, inner).map("({0[0]} OR {0[1]})".format),
    ),
    max_leaves=6,
)
GLUE = st.sampled_from([" ", "", "-", "! ", "\u200b", "\n", " #", " @", "s "])
TEXTS = st.lists(st.tuples(GLUE, st.sampled_from([*WORDS, "Refund", "ACM\u00c9", "B\u00c1G"])), max_size=6).map(
    lambda parts: "".join(glue + word for glue, word in parts)
)
MENTIONS = st.builds(
    RawMention,
    native_id=st.just("1"),
    text=TEXTS | st.text(st.characters(exclude_categories=()), max_size=20),
    title=st.just("") | TEXTS,
    author=st.sampled_from(["", "nina", "Bo"]),
    url=st.sampled_from(["", "https://www.x.example/acme", "http://x.example:80", "https://y.example/x.example"]),
    lang=st.sampled_from(["", "en", "de-AT"]),
    followers=st.sampled_from([None, 0, 10]),
)


def is_readable(expression: str) -> bool:
    try:
        parse(expression)
    except QueryError:
        return False
    return True


def one_by_one(queries: Iterable[tuple[int, str]], subject: Subject) -> list[Match[int]]:
    """What the matcher must say, found the slow way."""
    answers = [(key, parse(expression).evaluate(subject)) for key, expression in queries]
    return [Match(key, phrases) for key, phrases in answers if phrases is not None]


def subject(text: str = "", **fields: str) -> Subject:
    return Subject.of(RawMention("1", text, **fields), "blog")  # type: ignore[arg-type]


@given(st.lists(EXPRESSIONS.filter(is_readable), max_size=12), st.lists(MENTIONS, min_size=1, max_size=4))
@settings(max_examples=250)
def test_it_says_what_asking_every_query_says(expressions: list[str], mentions: list[RawMention]) -> None:
    queries = list(enumerate(expressions))
    matcher = Matcher(queries)
    for mention in mentions:
        asked = Subject.of(mention, "Blog")
        assert matcher.match(asked) == one_by_one(queries, asked)


def test_matches_come_in_the_order_given_with_any_hashable_key() -> None:
    matcher = Matcher([(("b", 1), "bag"), (("a", 2), "acme"), (("b", 1), "lost OR bag"), (("c", 3), "never")])
    assert matcher.match(subject("Acme lost my bag")) == [
        Match(("b", 1), ("bag",)),
        Match(("a", 2), ("acme",)),
        Match(("b", 1), ("lost", "bag")),
    ]


def test_no_queries_match_nothing() -> None:
    assert Matcher[int]([]).match(subject("acme")) == []
    assert Matcher([(1, "acme")]).match(subject("")) == []


def test_a_query_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(QueryError):
        Matcher([(1, "acme"), (2, "lang:en")])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The expressions that are really evaluated."""
    asked: list[str] = []
    evaluate = Query.evaluate

    def counting(self: Query, subject: Subject) -> tuple[str, ...] | None:
        asked.append(self.expression)
        return evaluate(self, subject)

    monkeypatch.setattr(Query, "evaluate", counting)
    return asked


def name(number: int) -> str:
    """A made-up brand; no two share a piece of four letters."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}") + "corp"


def test_ten_thousand_queries_are_not_asked_one_by_one(asked: list[str]) -> None:
    forms = (
        "{0}",
        '"{0} shop" OR @{0} OR #{0}',
        "the {0} -sorry lang:en",
        "({0} OR the{0}) (lost OR late)",
        "from:{0}",
        "url:{0}.example",
        "source:{0}",
    )
    matcher = Matcher((number, forms[number % len(forms)].format(name(number))) for number in range(10_000))
    matcher.match(
        subject("The flight of the day was late and the bag was lost", author="nina", url="https://a.example/")
    )
    assert asked == []
    found = matcher.match(
        subject(
            f"The {name(14)} is late, the {name(3)} too",
            author=name(4),
            url=f"https://www.{name(5)}.example/",
        )
    )
    assert [match.key for match in found] == [3, 4, 5, 14]
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("expression", "near_miss"),
    [
        ("the acmecorporation", "the the the"),
        ("acmecorporation (the OR a)", "the a"),
        ("(the acmecorporation) OR (a deltaairways)", "the a"),
        ("source:blog acmecorporation", "the"),
        ("source:blog bag", "the"),
        ("from:nina source:blog", "the"),
        ('"the best acmecorporation of a"', "the best of a"),
        ("acmecorporation -the", "a"),
    ],
)
def test_the_rarest_part_decides_who_is_asked(expression: str, near_miss: str, asked: list[str]) -> None:
    Matcher([(1, expression)]).match(subject(near_miss))
    assert asked == []


def test_a_query_without_a_sign_is_always_asked(asked: list[str]) -> None:
    assert Matcher([(1, "url:/acme")]).match(subject("", url="https://x.example/acme")) == [Match(1, ())]
    assert Matcher([(1, "url:/acme OR bag")]).match(subject("bag")) == [Match(1, ("bag",))]
    assert len(asked) == 2


@pytest.mark.parametrize(
    "text", ["\ud800 acme \udfff", "acme" + "\0" * 99, "x" * 100_000 + " acme", "\u202eacme\u202c", "<b>acme</b>"]
)
def test_hostile_texts_are_matched_too(text: str) -> None:
    assert Matcher([(1, "acme"), (2, '"\u65e5\u672c acme"')]).match(subject(text)) == [Match(1, ("acme",))]
