from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import query as query_module
from handlers.rules.query import QueryError, Subject, parse
from storage.errors import InvalidInput
from storage.types import RawMention

MENTION = RawMention(
    native_id="1",
    text="",
    author="CNN",
    url="https://www.Reviews.example/acme/17",
    lang="en-GB",
    followers=12_000,
)


def found(expression: str, text: str = "", **changes: object) -> tuple[str, ...] | None:
    raw = replace(MENTION, text=text, **changes)  # type: ignore[arg-type]
    return parse(expression).evaluate(Subject.of(raw, "Call notes"))


@pytest.mark.parametrize(
    ("expression", "text", "phrases"),
    [
        ("united", "Flying UNITED today", ("united",)),
        ("united", "reunited at last", None),
        ("united", "unitedness", None),
        ("united", "my_united_trip", None),
        ("united", "(united)", ("united",)),
        ("united", "united's crew", ("united",)),
        ("united", "@united no bag", ("united",)),
        ("united", "so #United", ("united",)),
        ("united", "#unitedairlines", None),
        ("united", "un\u200bited", ("united",)),
        ("l'or\u00e9al", "L\u2019OREAL rocks", ("l'or\u00e9al",)),
        ("resume", "my r\u00e9sum\u00e9", ("resume",)),
        ("\u0938\u094d\u091f\u0947", "\u0928\u092e\u0938\u094d\u0924\u0947", None),
        ("\u0928\u092e\u0938", "\u0928\u092e\u0938\u094d\u0924\u0947", None),
        ("\u6771\u4eac", "\u6628\u65e5\u6771\u4eac\u30bf\u30ef\u30fc\u3078", ("\u6771\u4eac",)),
        ("iphone", "\u65b0\u3057\u3044iPhone\u3092", ("iphone",)),
        ("\uc0bc\uc131", "\uc0bc\uc131\uc804\uc790\uc5d0\uc11c", ("\uc0bc\uc131",)),
        ("\u0e01\u0e32", "\u0e23\u0e49\u0e32\u0e19\u0e01\u0e32\u0e41\u0e1f", ("\u0e01\u0e32",)),
        ("5.99", "only $5.99!", ("5.99",)),
        ("5.99", "only 15.99 or 5.991", None),
        ("$5.99", "only $5.99!", ("$5.99",)),
        ("c++", "I love C++.", ("c++",)),
        ("\U0001f621", "late\U0001f621\U0001f621", ("\U0001f621",)),
        ("https://acme.example/x?y=1", "see https://acme.example/x?y=1 now", ("https://acme.example/x?y=1",)),
        ("yahoo!", "Yahoo is down", ("yahoo!",)),
        ("acme,", "acme is down", ("acme,",)),
        ("re-invent", "we re-invent", ("re-invent",)),
        ("re-invent", "we reinvent", None),
    ],
)
def test_a_word_stands_alone(expression: str, text: str, phrases: tuple[str, ...] | None) -> None:
    assert found(expression, text) == phrases


@pytest.mark.parametrize(
    ("expression", "text", "matches"),
    [
        ("#fail", "what a #FAIL", True),
        ("#fail", "\uff03fail", True),
        ("#fail", "what a fail", False),
        ("#fail", "#failing", False),
        ("#fail", "x#fail", False),
        ("#\u65e5\u672c", "#\u65e5\u672c\u8a9e", False),
        ("#\u65e5\u672c", "#\u65e5\u672c !", True),
        ("@united", "thanks @United!", True),
        ("@united", "thanks united", False),
        ("@united", "mail help@united.example", False),
        ("@united", "@unitedjobs", False),
        ("@united", "@united.bsky.example", True),
        ("refund*", "refunding", True),
        ("refund*", "a refund", True),
        ("refund*", "prerefund", False),
        ("#refund*", "#refundnow", True),
        ("#refund*", "refundnow", False),
    ],
)
def test_tags_handles_and_beginnings(expression: str, text: str, matches: bool) -> None:
    assert (found(expression, text) is not None) is matches


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("l'or\u00e9al paris", "At L\u2019Or\u00e9al  Paris, today", True),
        ("coca cola", "Coca-Cola", True),
        ("rock roll", "Rock & Roll", True),
        ("dr pepper", "Dr. Pepper", True),
        ("lost bag", "my #lost\n  #bag", True),
        ("lost bag", "lost my bag", False),
        ("lost bag", "bag lost", False),
        ("lost bag", "lost! bag", False),
        ("lost bag", "lostbag", False),
        ("lost bag", "lost baggage", False),
        ("lost bag", "lost -------- bag", False),
        ("lost bag", "utterlylost bag", False),
        ("lost bag", "lost cause, lost bag", True),
        ("\u6771\u4eac \u30bf\u30ef\u30fc", "\u6771\u4eac\u30bf\u30ef\u30fc", True),
    ],
)
def test_a_phrase_is_words_in_order(phrase: str, text: str, matches: bool) -> None:
    for quoted in (f'"{phrase}"', f"\u201c{phrase}\u201d", f"\u00ab{phrase}\u00bb"):
        assert found(quoted, text) == ((phrase,) if matches else None)


def test_a_phrase_does_not_join_a_title_and_a_text() -> None:
    assert found('"lost bag"', "bag of mine", title="Never lost") is None
    assert found("lost bag", "bag of mine", title="Never lost") == ("lost", "bag")


@pytest.mark.parametrize(
    ("expression", "true_for"),
    [
        ("a b", {"ab", "abc"}),
        ("a AND b", {"ab", "abc"}),
        ("a OR b", {"a", "b", "ab", "ac", "bc", "abc"}),
        ("a OR b c", {"a", "ab", "ac", "bc", "abc"}),
        ("(a OR b) c", {"ac", "bc", "abc"}),
        ("a -b", {"a", "ac"}),
        ("a NOT b c", {"ac"}),
        ("a -(b OR c)", {"a"}),
        ("a -(b c)", {"a", "ab", "ac"}),
        ("a NOT -b", {"ab", "abc"}),
        ("a --b", {"ab", "abc"}),
        ("a OR (b -c)", {"a", "ab", "ac", "abc", "b"}),
        ("a \u2013b", {"a", "ac"}),
        ("(((a)))", {"a", "ab", "ac", "abc"}),
        ('"a"b', {"ab", "abc"}),
        ("NOT(b)a", {"a", "ac"}),
    ],
)
def test_not_binds_before_and_before_or(expression: str, true_for: set[str]) -> None:
    texts = {"", "a", "b", "c", "ab", "ac", "bc", "abc"}
    assert {text for text in texts if found(expression, " ".join(text)) is not None} == true_for


def test_operators_in_small_letters_are_words() -> None:
    assert found("this or that", "this or that") == ("this", "or", "that")
    assert found("this or that", "this") is None
    assert found('"OR" x', "x or y") == ("OR", "x")
    assert found("ORDER NOTE ANDES", "order note andes") is not None


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("from:cnn", True),
        ("from:@CNN", True),
        ("from:cn", False),
        ("From:cnn", True),
        ('source:"call notes"', True),
        ("source:\u201cCall Notes\u201d", True),
        ("source:call", False),
        ("url:reviews.example", True),
        ("url:www.reviews.example", True),
        ("url:https://Reviews.example/", True),
        ("url:views.example", False),
        ("url:reviews.example/acme", True),
        ("url:acme/17", True),
        ("url:acme", True),
        ("url:acme/18", False),
        ("from:cnn lang:en", True),
        ("from:cnn lang:EN-us", True),
        ("from:cnn lang:de", False),
        ("from:cnn min_reach:12000", True),
        ("from:cnn min_reach:12k", True),
        ("from:cnn min_reach:12,000", True),
        ("from:cnn min_reach:12.001k", False),
        ("from:cnn min_reach:1m", False),
        ("from:cnn -min_reach:1M", True),
        ("-lang:de from:cnn", True),
    ],
)
def test_fields(expression: str, matches: bool) -> None:
    assert found(expression) == (() if matches else None)


def test_what_is_unknown_matches_no_field() -> None:
    assert found("acme lang:en", "acme", lang="") is None
    assert found("acme min_reach:0", "acme", followers=None) is None
    assert found("acme min_reach:0", "acme", followers=0) == ("acme",)
    assert found("url:reviews.example", url="") is None
    assert found("acme -from:cnn", "acme", author="") == ("acme",)


def test_a_look_alike_host_is_another_host() -> None:
    assert found("url:apple.com", url="https://\u0430pple.com/") is None
    assert found("url:\u0430pple.com", url="https://\u0430pple.com/") == ()
    assert found("url:www.apple.com", url="https://apple.com") == ()
    assert found("url:apple.com", url="https://store.apple.com:8080/x") == ()
    assert found("url:apple.com", url="https://evil.example/?apple.com") is None


def test_title_and_extra_values_are_searched() -> None:
    assert found("acme late", "late", title="Acme") == ("acme", "late")
    assert found("gold", "", extra={"tier": "Gold"}) == ("gold",)


def test_the_addressee_counts_as_a_handle() -> None:
    assert found("@acme", "no bag", extra={"to": "Acme"}) == ("@acme",)
    assert found("@acme", "no bag", extra={"to": "@acme"}) == ("@acme",)
    assert found("@acme", "no bag", extra={"for": "acme"}) is None
    assert found("@help", "no bag", extra={"to": "help@acme.example"}) is None


def test_the_phrases_found_are_as_typed_and_at_most_five() -> None:
    assert found('(United OR "Lost BAG" OR delta) -sorry', "united lost bag") == ("United", "Lost BAG")
    assert found("a b c d e f g a", "a b c d e f g") == ("a", "b", "c", "d", "e")
    assert found("a OR a", "a") == ("a",)


@pytest.mark.parametrize(
    ("expression", "column", "says"),
    [
        ("", 1, "empty"),
        (" \n", 1, "empty"),
        ("form:cnn acme", 1, "Did you mean from:?"),
        ("acme lnag:en", 6, "Did you mean lang:?"),
        ("aws re:invent", 5, '"re:invent"'),
        ("-acme", 2, "only what must not"),
        ("acme OR -delta", 10, "only what must not"),
        ("NOT (acme delta)", 6, "only what must not"),
        ("-lang:de", 2, "only what must not"),
        ("lang:en", 1, "far too much"),
        ("acme OR min_reach:10k", 9, "far too much"),
        ("lang:en min_reach:5", 1, "far too much"),
        ("lang:en -acme", 1, "far too much"),
        ("acme min_reach:many", 6, "min_reach:10k"),
        ("acme min_reach:-5", 6, "min_reach:10k"),
        ("acme lang:english", 6, "lang:en"),
        ("acme lang:", 6, "value"),
        ("acme from:@", 6, "value"),
        ("acme from: cnn", 6, "value"),
        ("url:https://", 1, "three characters"),
        ("*", 1, "two characters"),
        ("acme r*", 6, "two characters"),
        ("acme #r*", 6, "two characters"),
        ("acme re*nd", 8, "end of a word"),
        ("acme ...", 6, "nothing here"),
        ("#", 1, "nothing here"),
        ("acme @", 6, "nothing here"),
        ('acme ""', 6, "nothing here"),
        ("\u200b", 1, "nothing here"),
        ("acme | delta", 6, "Write OR"),
        ("acme && delta", 6, "Write AND"),
        ("acme - delta", 6, "minus"),
        ("acme OR", 8, "must follow"),
        ("NOT", 4, "must follow"),
        ("OR acme", 1, "both sides"),
        ("acme AND OR delta", 10, "both sides"),
        ("acme ()", 7, "before this bracket"),
        ("(acme OR) delta", 9, "before this bracket"),
        ("((acme) delta", 1, "not closed"),
        ("acme) delta", 5, "closes nothing"),
        ('acme "lost bag', 6, "not closed"),
        ("(" * 51 + "acme" + ")" * 51, 51, "50 deep"),
        ("a" * 4_001, 4_001, "4,000"),
        ("a OR " * 801 + "a", 4_001, "4,000"),
        ('"' + "a " * 21 + '"', 1, "20 words"),
        ("a\u00a8" * 21 + "a", 1, "20 words"),
    ],
)
def test_what_cannot_be_read_is_shown_with_a_caret(expression: str, column: int, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(expression)
    sentence, shown, caret = str(caught.value).split("\n")
    assert isinstance(caught.value, InvalidInput)
    assert caught.value.column == column
    assert says in sentence
    assert caret.strip() == "^"
    assert len(shown) <= 160
    if len(expression) <= 160:
        assert shown == expression.replace("\n", " ").replace("\u200b", " ")
        assert len(caret) == column


def test_the_excerpt_of_a_long_query_shows_the_place() -> None:
    expression = "acme OR " * 300 + "form:x" + " OR acme" * 100
    with pytest.raises(QueryError) as caught:
        parse(expression)
    _, shown, caret = str(caught.value).split("\n")
    assert shown[len(caret) - 1 :].startswith("form:x")


def test_limits_themselves_are_allowed() -> None:
    assert found("(" * 50 + "acme" + ")" * 50, "acme") == ("acme",)
    assert found("a" * 4_000, "a" * 4_000) is not None
    assert found('"' + "a " * 20 + '"', "a " * 20) is not None
    assert found("-" * 3_990 + "acme", "acme") == ("acme",)
    assert found("a " * 2_000, "a") == ("a",)


SIGNS = st.sampled_from(
    ["a", "Ab", "OR", "AND", "NOT", "-", "(", ")", '"', "“", "#", "@", "*", ":", "lang:", "from:", "min_reach:", "1k"]
)
ODD_SIGNS = st.sampled_from(["\u65e5", "\u00e9", ".", "\u200b", "\ud800", " ", " ", " ", "\n", "\U0001f621"])


def refusal(expression: str) -> QueryError | None:
    try:
        parse(expression)
    except QueryError as error:
        return error
    return None


@given(st.lists(SIGNS | ODD_SIGNS, max_size=12).map("".join) | st.text(max_size=30))
@settings(max_examples=400)
def test_any_expression_is_read_or_refused_in_words(expression: str) -> None:
    error = refusal(expression)
    if error:
        assert str(error).count("\n") == 2
        assert 1 <= error.column <= len(expression) + 1
    else:
        assert found(expression, author="") is None, "a query that is read asks for something"


PARTS = ["acme", "a1", "#fail", "@bo", "re*", "refund*", '"lost bag"', '"a  b "', "OR", "AND", "x", '"a"', "a_*"]
PLAIN = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(" OR ".join)


@given(PLAIN)
def test_the_short_way_reads_as_the_grammar_does(expression: str) -> None:
    plain = query_module._plain_node(expression)
    if plain is not None:
        assert plain == query_module._grammar_node(expression)


def test_plain_queries_do_not_need_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand of them are read at each start."""
    monkeypatch.setattr(query_module, "_grammar_node", None)
    assert found('zebra OR "lost zebra" OR @zebra OR #zebra OR zebra*', "zebra") is not None
