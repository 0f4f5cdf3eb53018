"""Every number is vaderSentiment's own: the package is the reference, in the same process."""

import json
import random
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from handlers.rules import vader
from handlers.rules.vader import compound, scored_part

REPOSITORY = Path(__file__).parents[3]


@cache
def stock() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def stock_compound(text: str) -> float:
    return float(stock().polarity_scores(text)["compound"])


WRITTEN = [
    "",
    " ",
    "?!",
    "The kettle is on the table.",
    "Lovely kettle, awful lid.",
    "not bad at all",
    "NOT bad at all",
    "never so good, never this good",
    "never was it so good",
    "we left without doubt happy",
    "without any doubt the best",
    "it is so good",
    "this good",
    "good this bad so ugly",
    "least helpful people",
    "the least helpful people",
    "at least helpful people",
    "very least helpful",
    "least happy",
    "no good",
    "no, good",
    "no",
    "no no no",
    "no fun and no love",
    "no hope or joy",
    "no hope nor joy",
    "kind of good",
    "kind of",
    "kind",
    "a kind man of honour",
    "sort of kind of bad",
    "it was kind of really bad",
    "just enough good",
    "GREAT kettle",
    "GREAT KETTLE",
    "great KETTLE",
    "it is VERY bad",
    "it is VERY BAD",
    "it is BARELY good",
    "good but bad",
    "bad BUT good",
    "but good but bad but good",
    "good good but good good good",
    "nice but nice nice but awful awful awful",
    "this is the shit",
    "that was the bomb",
    "waiting at the bus stop, happy",
    "a kiss of death for love",
    "yeah right, great",
    "cake to die for and love",
    "my beating heart loves it",
    "bad ass kettle",
    "not really that good",
    "isn't it good",
    "doesn't seem to be good",
    "ain't it great!!",
    "good!",
    "good!!!!",
    "good!!!!!!!",
    "good?",
    "good??",
    "good???",
    "good????",
    "bad ?! bad ?!",
    ":)",
    ":-( :-( ;)",
    "kettle :) lid :(",
    ":D xD <3 </3",
    "(good)",
    "'good'",
    "(no)",
    '"no" fun',
    "can't stand it",
    "😀",
    "😀😀😀",
    "great😀great",
    "great 😀 great",
    "😡bad",
    "❗ good ❓",
    "© good ®",
    "👩‍👩‍👧 good",
    "🏳️‍🌈 love",
    "good\tbad\nlove\r\nhate",
    "good\u00a0bad\u2003love",
    "GOOD\u200bbad",
    "İYİ good ẞ BAD ß",
    "\ud800 good \x00 bad",
    "ｇｏｏｄ good",
    "I LOVE it, i hate IT",
    "don’t love",
    "n't good",
    "he said: good, bad, ugly; lovely.",
    "love" * 500,
]

_LEXICON = sorted(word for word in stock().lexicon if " " not in word)
_BITS = [
    *NEGATE,
    *(word for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) for word in phrase.split()),
    *[
        "never",
        "so",
        "this",
        "without",
        "doubt",
        "least",
        "at",
        "very",
        "no",
        "or",
        "nor",
        "kind",
        "sort",
        "of",
        "but",
        "BUT",
        "But",
        "NO",
        "NEVER",
        "the",
        "kettle",
        "a",
        "I",
    ],
    *(
        [
            ":)",
            ":(",
            ";)",
            "<3",
            "!",
            "?",
            "!!",
            "???",
            "...",
            ",",
            ".",
            "“",
            "’",
            "😀",
            "😡",
            "❤",
            "❗",
            "❓",
            "⁉",
            "👍🏽",
            "🏳️\u200d🌈",
            "©",
        ]
    ),
]
_EMOJI = sorted(sign for sign in stock().emojis if len(sign) == 1)

bits = st.one_of(st.sampled_from(_BITS), st.sampled_from(_LEXICON), st.sampled_from(_EMOJI))
shaped = st.builds(
    lambda word, shape, before, after: f"{before}{shape(word)}{after}",
    bits,
    st.sampled_from([str, str, str.upper, str.capitalize]),
    st.sampled_from(["", "", "", "(", '"', "#", "@"]),
    st.sampled_from(["", "", "", "!", "?", ",", ")", "!!!!!", "n't", "😀"]),
)
posts = st.lists(shaped, max_size=14).flatmap(
    lambda words: st.sampled_from([" ", " ", "  ", "\n"]).map(lambda gap: gap.join(words))
)


@pytest.mark.parametrize("text", WRITTEN)
def test_written_texts_score_as_the_package_scores_them(text: str) -> None:
    assert compound(text) == stock_compound(text)


def texts_of_the_repository() -> list[str]:
    sample = (REPOSITORY / "bot/sources/sample_day.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in sample if line.strip()]
    for path in sorted((REPOSITORY / "bot/training").glob("*.tsv")):
        texts += [line.split("\t")[-1] for line in path.read_text("utf-8").splitlines()]
    return texts


HOSTILE = [
    "\ud800 awful \udfff great",
    "a\x00good\x1b[31m bad\x7f",
    "gre\u200bat but \u202eterrible\u202c",
    "ＴＥＲＲＩＢＬＥ but İSTANBUL is ﬁne",
    "no" + " but" * 400 + " love hate" * 300,
    "!" * 9_000 + "bad" + "?" * 9_000,
    "so " * 700 + "never so GOOD",
    ":) " * 500 + "(: :'( >:-( <3",
    "😀😡👍🏽" * 300 + " BAD but not the worst",
    "good\u2028bad\x85ugly\x1cfine\xa0happy",
]


def test_every_text_of_the_repository_and_hostile_ones_score_as_the_package_scores_them() -> None:
    texts = [*texts_of_the_repository(), *HOSTILE]
    assert len(texts) > 4_000
    assert [text for text in texts if compound(text) != stock_compound(text)] == []


@settings(max_examples=300, deadline=None)
@given(posts)
@example("good but bad good bad")
def test_any_mixture_scores_as_the_package_scores_it(text: str) -> None:
    assert compound(text) == stock_compound(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_characters_score_as_the_package_scores_them(text: str) -> None:
    assert compound(text) == stock_compound(text)


def test_three_thousand_mixtures_of_known_words() -> None:
    chance = random.Random(7)
    for _ in range(3_000):
        words = [chance.choice(chance.choice((_BITS, _BITS, _LEXICON))) for _ in range(chance.randint(1, 12))]
        text = " ".join(word.upper() if chance.random() < 0.15 else word for word in words)
        assert compound(text) == stock_compound(text), text


def test_every_neighbourhood_of_a_known_word() -> None:
    around = ["never", "so", "without", "doubt", "no", "or", "least", "at", "very", "not", "VERY", "kettle", "good"]
    for three, two, one in product(around, repeat=3):
        for text in (f"{three} {two} {one} bad", f"{three} {two} {one} GOOD day"):
            assert compound(text) == stock_compound(text), text


def test_equal_numbers_around_but_are_changed_as_the_package_changes_them() -> None:
    chance = random.Random(3)
    some = ["good", "bad", "love", "hate", "very", "not", "kettle", "great", "GREAT"]
    for _ in range(400):
        words = [chance.choice(some) for _ in range(chance.randint(2, 40))]
        words.insert(chance.randrange(len(words)), "but")
        text = " ".join(words)
        assert compound(text) == stock_compound(text), text


def test_of_two_equal_numbers_the_first_is_changed_twice() -> None:
    plain = {stock().lexicon[word]: word for word in _LEXICON if word.isalpha() and word.islower()}
    double, single = plain[3.0], plain[1.5]
    for text in (
        f"{double} but {single}",
        f"{double} {double} but {single} {single}",
        f"{single} but {double} {single}",
    ):
        assert compound(text) == stock_compound(text), text


def test_every_emoji_is_read() -> None:
    assert all(sign in "©®" or ord(sign) >= 0x2000 for sign in _EMOJI)
    for sign in _EMOJI:
        text = f"x{sign}good {sign}"
        assert compound(text) == stock_compound(text), text


def test_remembered_words_are_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = vader._Memory()
    monkeypatch.setattr(vader, "_memory", lambda: memory)
    monkeypatch.setattr(vader, "_MEMORY", 50)
    for number in range(500):
        text = f"word{number} is not very good but GREAT"
        assert compound(text) == stock_compound(text)
        assert len(memory) <= 50


def test_long_words_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = vader._Memory()
    monkeypatch.setattr(vader, "_memory", lambda: memory)
    compound("http://example.com/a-long-address-that-never-comes-back good")
    assert set(memory) == {"good"}


class Counted(list[vader._Word]):
    """Words that count how often they are looked at."""

    looks = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(at)


def test_each_known_word_costs_the_same_in_a_long_post() -> None:
    looks = []
    for times in (100, 1_000):
        words = Counted([vader._BEFORE] * 3 + [vader._memory()["good"]] * times + [vader._PLAIN] * 2)
        for at in range(3, times + 3):
            vader._valence(words, at, False)
        looks.append(words.looks / times)
    assert looks[0] == looks[1]


def test_a_post_of_four_thousand_emoji_is_read() -> None:
    assert compound("😍" * 4_000) == compound("😍" * 5_000) == 1.0


def test_only_the_first_two_thousand_characters_are_scored() -> None:
    assert scored_part("a" * 5_000) == "a" * 2_000
    assert scored_part("short") == "short"
    assert compound(scored_part("x " * 1_000 + "terrible")) == 0.0
