"""Our queries in X's language: never narrower, never too long, and as few as can be."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.sources.x.length import weight
from bot.sources.x.query import RULE_LIMIT, SEARCH_LIMIT, translate
from handlers.ports import BadQuery, Wanted
from handlers.rules.query import QueryError, Subject, parse
from storage.types import RawMention
from tests.x.kit import wanted
from tests.x.syntax import View, compile_query

TAIL = " -is:retweet -from:heronair"


def native(*expressions: str, limit: int = SEARCH_LIMIT) -> tuple[str, ...]:
    return translate(wanted(*expressions), "x", "heronair", limit)


def heads(*expressions: str) -> list[str]:
    found = native(*expressions)
    assert all(one.endswith(TAIL) for one in found)
    return [one.removesuffix(TAIL) for one in found]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("heron", "heron"),
        ("heron lost", "heron lost"),
        ("heron OR plover", "(heron OR plover)"),
        ("heron OR plover lost", "(heron OR (plover lost))"),
        ("heron (lost OR late) -refund", "heron (lost OR late) -refund"),
        ("heron -(lost OR late)", "heron -lost -late"),
        ("heron -(lost late)", "heron"),
        ("heron -(lost -late)", "heron"),
        ('"heron air" #heron @heronair', '"heron air" #heron @heronair'),
        ('heron -"lost bag" -#ad -@egret -from:egret', "heron -#ad -@egret -from:egret"),
        ("coca-cola", '"coca-cola"'),
        ("L’Oréal", '"L’Oréal"'),
        ("heron,", '"heron,"'),
        ('"or" heron', '"or" heron'),
        ("refund* heron", "heron"),
        ("heron lang:en", "heron lang:en"),
        ("heron (lang:id OR lang:he)", "heron (lang:in OR lang:iw)"),
        ("heron lang:zh", "heron"),
        ("heron lang:xx -lang:en", "heron -lang:en"),
        ("heron min_reach:10k", "heron"),
        ("from:Nina OR from:bo", "(from:nina OR from:bo)"),
        ("heron source:x", "heron"),
        ("heron -source:reviews", "heron"),
        ("heron url:x.com", "heron"),
        ("heron OR (plover url:blog.example)", "heron"),
        ("heron OR (plover source:reviews)", "heron"),
        ("heron OR from:jürgen", "(heron OR from:jurgen)"),
        ('"東京 タワー"', "東京 タワー"),
        ("🔥 heron", '"🔥" heron'),
        ('heron "“„"', None),
        ('heron "a\\b"', 'heron "a b"'),
    ],
)
def test_each_part_has_its_counterpart(ours: str, theirs: str | None) -> None:
    if theirs is None:
        with pytest.raises(QueryError):
            native(ours)
    else:
        assert heads(ours) == [theirs]


@pytest.mark.parametrize("ours", ["refund*", "heron OR refund*", "lang:en refund*", "url:status", "-egret refund*"])
def test_what_x_cannot_be_asked_is_refused_with_the_query_named(ours: str) -> None:
    with pytest.raises(BadQuery, match=r'"q1" of Heron Air'):
        native("plover", ours)


@pytest.mark.parametrize("ours", ["source:reviews heron", "url:blog.example", "heron url:blog.example/x"])
def test_what_no_post_can_match_is_never_asked(ours: str) -> None:
    assert native(ours) == ()


def test_several_brands_share_a_query() -> None:
    assert heads("heron", "plover lost", "heron") == ["(heron OR (plover lost))"]


def test_sixty_phrases_are_three_queries() -> None:
    phrases = [f'"brand number {number} and more"' for number in range(60)]
    found = native(" OR ".join(phrases))
    assert len(found) <= 5
    assert all(len(one) <= SEARCH_LIMIT for one in found)
    assert all(phrase in "".join(found) for phrase in phrases)
    assert len(native(" OR ".join(phrases), limit=RULE_LIMIT)) <= 3


def test_a_long_choice_beside_a_word_keeps_the_word_in_each_piece() -> None:
    choice = " OR ".join(f"word{number}" for number in range(120))
    for one in native(f"heron ({choice})"):
        assert len(one) <= SEARCH_LIMIT
        assert "heron" in one
        compile_query(one)


def test_too_many_words_together_are_asked_for_with_fewer() -> None:
    (one,) = native(" ".join(f"exceptionallylongword{number}" for number in range(60)))
    assert len(one) <= SEARCH_LIMIT
    compile_query(one)
    (one,) = native(" ".join(["heron", *(f"-exceptionallylongword{number}" for number in range(60))]))
    assert "heron" in one


def test_the_longest_word_there_can_be_still_fits() -> None:
    (one,) = native(f'"{"word " * 18}{"x" * 300}"')
    assert len(one) <= SEARCH_LIMIT


WORDS = ["heron", "Heron", "plover", "l’oréal", "coca-cola", "東京", "タワー", "🔥", "c++", "or", "heron's", "a.b", "9"]
PARTS = [*WORDS[:6], "🔥", "a.b", "#heron", "@heron", "heron*", '"heron plover"', '"東京 タワー"', '"or"', '"heron 🔥"']
FIELDS = ["lang:en", "lang:id", "from:nina", "from:bo", "min_reach:10", "url:x.com", "url:blog.example", "source:x"]
LEAVES = st.sampled_from([*PARTS, *FIELDS])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"-{part}"),
    ),
    max_leaves=6,
)
PIECES = st.sampled_from([*WORDS, "#heron", "@heron", "HERON", "oreal"])
GAPS = st.sampled_from([" ", ", ", " & ", "! ", "\n", ""])
TEXTS = st.lists(st.tuples(PIECES, GAPS), max_size=6).map(lambda parts: "".join(word + gap for word, gap in parts))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(EXPRESSIONS, min_size=1, max_size=3),
    st.lists(TEXTS, min_size=3, max_size=6),
    st.sampled_from(["nina", "bo"]),
    st.sampled_from(["en", "id", ""]),
    st.sampled_from([None, 5, 50]),
)
def test_what_we_accept_x_finds(
    expressions: list[str], found: list[str], author: str, lang: str, followers: int | None
) -> None:
    asked = []
    for expression in expressions:
        try:
            query = parse(expression)
            one = Wanted("Heron Air", "q", query)
            translate([one], "x", "heronair", SEARCH_LIMIT)
            asked.append(one)
        except (QueryError, BadQuery):
            continue
    assume(asked)
    theirs = [compile_query(one) for one in translate(asked, "x", "heronair", SEARCH_LIMIT)]
    codes = {"id": "in"}
    for text in found:
        url = f"https://x.com/{author}/status/1"
        raw = RawMention("1", text, url=url, author=author, lang=lang, followers=followers)
        if any(one.query.node.holds(Subject.of(raw, "x")) for one in asked):
            assert any(one(View(text, author, codes.get(lang, lang))) for one in theirs)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("hello", 5),
        ("é" * 280, 280),
        ("東京", 4),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇪 ok", 5),
        ("look: https://heron.example/a/very/long/address/that/never/ends?and=more", 29),
        ("e\u0301", 1),
        ("heron.example", 23),
    ],
)
def test_a_text_is_as_long_as_x_counts(text: str, length: int) -> None:
    assert weight(text) == length
