"""What the day-one words make of a text, by weights written for the test: sums that a person can follow."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.day_one import DayOneWords, Evidence, day_one_words, parse
from handlers.rules.features import read
from handlers.rules.scoring import DayOneScorer
from handlers.rules.severity import find
from handlers.rules.vader import tone
from storage.types import RawMention

WEIGHTS = """\
= bias\t-50\t-100
= questions\t30\t
= says service failure\t100\t-100
hold\t40\t-10
on\t\t5
on hold\t60\t-20
hold on\t-30\t
hours\t70\t
lovely\t-80\t120
refused\t10\t
"""
WORDS = parse(WEIGHTS)
SAID = ("on", "hold", "hours", "lovely", "the", "7", "?", "@ann", "refused")


def opinion(text: str, words: DayOneWords = WORDS):  # type: ignore[no-untyped-def]
    return words.judge(text, find(text), tone(text))


def by_hand(text: str) -> tuple[float, float]:
    """Bias, words and pairs alone, each once, added up as a person would."""
    weights = {}
    for line in WEIGHTS.splitlines():
        name, *heads = line.split("\t")
        weights[name] = [int(head or 0) / 100 for head in heads]
    found = [weights.get(name, (0, 0)) for name in ("= bias", *read(text).all())]
    return sum(one for one, _ in found), sum(other for _, other in found)


@pytest.mark.parametrize("text", ["", "on hold", "on hold on hold", "hold hold on hold on", "lovely hours on the line"])
def test_each_word_and_each_pair_counts_once(text: str) -> None:
    judged = opinion(text)
    assert (judged.odds, judged.praise) == pytest.approx(by_hand(text))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SAID), max_size=14).map(" ".join))
def test_bias_facts_and_evidence_are_the_odds(text: str) -> None:
    for words in (WORDS, day_one_words()):
        judged = opinion(text, words)
        told = sum(one.odds for one in words.evidence(judged))
        assert words.bias.real + words.of_facts(judged) + told == pytest.approx(judged.odds)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SAID), max_size=14).map(" ".join))
def test_what_is_told_is_the_sayable_evidence_for_a_complaint(text: str) -> None:
    judged = opinion(text)
    told = WORDS.telling(judged)
    assert set(told) == {one for one in WORDS.evidence(judged) if one.what and one.odds >= 0.15}
    assert all(one.odds >= other.odds - 1e-6 for one, other in pairwise(told))


def test_a_phrase_is_told_as_one_and_of_equals_the_first_comes_first() -> None:
    assert WORDS.telling(opinion("on hold for 7 hours")) == (
        Evidence("on hold", '"on hold"', pytest.approx(1.0)),
        Evidence("hours", '"hours"', pytest.approx(0.7)),
    )
    equals = parse("delta\t50\t\nalpha beta\t50\t\n")
    assert [one.words for one in equals.telling(opinion("delta or alpha beta", equals))] == ["delta", "alpha beta"]
    assert [one.words for one in equals.telling(opinion("alpha beta or delta", equals))] == ["alpha beta", "delta"]


def test_a_phrase_is_shown_without_what_stands_for_a_class_at_its_ends() -> None:
    words = parse("xname why\t50\t\nwhy cant\t50\t\ncant xlink\t50\t\nover xnumber\t50\t\nxnumber hours\t50\t\n")
    told = {one.words: one.what for one in words.telling(opinion("@ann why cant http://a.b so over 7 hours", words))}
    assert told == {"xname why cant xlink": '"why cant"', "over xnumber hours": '"over … hours"'}
    nothing = parse("xname xlink\t50\t\nxbrand\t50\t\n")
    assert nothing.telling(opinion("@ann http://a.b and xbrand", nothing)) == ()


def test_a_single_letter_is_no_reason() -> None:
    words = parse("c\t50\t\nc hours\t50\t\n")
    assert words.telling(opinion("c d c", words)) == ()
    assert [one.words for one in words.telling(opinion("c hours", words))] == ["c hours"]


def test_a_line_that_is_none_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse("hold\t40\t\nhours\t70\n")


def test_many_are_scored_as_each_alone() -> None:
    scorer = DayOneScorer()
    mentions = [
        RawMention("1", "on hold for 7 hours, my bag is still missing"),
        RawMention("2", "Je voudrais vous remercier", lang="fr"),
        RawMention("3", "", title="Lovely people", stars=1.0),
        RawMention("4", "Спасибо, всё хорошо"),
        RawMention("5", "why is my refund late?", private=True),
    ]
    assert scorer.score_many(mentions) == [scorer.score(one) for one in mentions]
    assert scorer.score_many([]) == []
