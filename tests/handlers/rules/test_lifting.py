"""What a team's decisions add to a priority or take from it, and what they can never do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.day_one import Evidence
from handlers.rules.lifting import MOST, lift_in_words
from handlers.rules.policy import Thresholds
from handlers.rules.scoring import PER_ODDS, WORDS, Lift, Part, Score, Verdict, prioritise
from handlers.rules.severity import Kind
from storage.types import Priority

LESS, MORE = Lift(-3.0, 'your team sets such aside: "offer" -3'), Lift(3.0, 'your team takes such: "offer" +3')


def weigh(*parts: Part, words: float | None = -9.0, team: Lift | None = None, reach: int | None = None) -> Verdict:
    score = Score(-0.5, "negative", parts, "complaint", words, words)
    return prioritise(score, reach=reach, velocity=None, thresholds=Thresholds(), team=team)


def test_what_the_team_sets_aside_loses_points_and_says_why() -> None:
    failed = Part(2, "says so", Kind.SUGGESTION)
    assert weigh(failed).priority is Priority.NORMAL
    lowered = weigh(failed, team=LESS)
    assert lowered.priority is Priority.LOW
    assert lowered.points == -1
    assert lowered.reasons == ("says so", LESS.reason, "score 2 - 3 = -1")


def test_what_is_urgent_without_it_stays_so() -> None:
    parts = (Part(3, "a", Kind.FAILURE), Part(2.5, "b", Kind.ASK))
    assert weigh(*parts).priority is Priority.URGENT
    assert weigh(*parts, team=LESS).priority is Priority.URGENT


@pytest.mark.parametrize("kind", [Kind.SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY])
def test_floors_stay(kind: Kind) -> None:
    assert weigh(Part(3, "grave", kind), team=LESS).priority is Priority.HIGH


def test_what_is_grave_alone_is_no_graver_because_the_team_takes_such() -> None:
    part = Part(1, "safety", Kind.SAFETY)
    assert weigh(part).priority is Priority.HIGH
    assert weigh(part, team=Lift(1.5, "")).priority is Priority.HIGH


def test_with_the_words_alone_it_makes_nothing_urgent() -> None:
    assert weigh(words=6.0, team=MORE).points > 5
    assert weigh(words=6.0, team=MORE).priority is Priority.HIGH


def test_what_it_adds_makes_up_first_for_what_the_words_lack() -> None:
    assert weigh(words=-9.0, team=MORE).priority is Priority.LOW
    assert weigh(words=-1.0, team=MORE).priority >= Priority.NORMAL
    assert weigh(words=None, team=Lift(1.5, "so")).priority is Priority.NORMAL


def test_reach_counts_for_what_the_team_takes() -> None:
    assert weigh(words=-1.6, reach=50_000).points == 0
    assert weigh(words=-1.6, reach=50_000, team=MORE).points > weigh(words=-1.6, team=MORE).points


def test_a_part_of_nothing_is_not_told() -> None:
    assert weigh(Part(1, "a", Kind.ASK), team=Lift(0.0, "never")).reasons == ("a", "score 1")
    assert lift_in_words(0.01, ()) is None
    assert WORDS != "team"


def test_what_makes_up_for_what_the_words_lack_is_not_claimed_too() -> None:
    team = Lift(2.8, "your team takes such", (('"lounge"', 1.6), ('"coffee"', 1.2)))
    assert weigh(words=None, team=team).reasons[0] == 'your team takes such: "lounge" +1.6, "coffee" +1.2'
    verdict = weigh(words=-3.4, team=team)
    assert 0 < verdict.points < 2.8
    claims = [float(claim.rsplit(" ", 1)[1]) for claim in verdict.reasons[0].partition(": ")[2].split(", ")]
    assert sum(claims) == pytest.approx(verdict.points)


EVIDENCE = st.lists(st.tuples(st.sampled_from(["hold", "offer", "", "from birds"]), st.floats(-4, 4)), max_size=6)


@settings(max_examples=60)
@given(told=EVIDENCE)
def test_named_words_claim_no_more_than_the_whole(told: list[tuple[str, float]]) -> None:
    evidence = tuple(Evidence(what, what, odds) for what, odds in told)
    found = lift_in_words(sum(odds for _, odds in told), evidence)
    if found is None:
        return
    assert 0 < abs(found.points) <= MOST
    for words in (None, -1.9, -1.2, 3.0):
        verdict = weigh(Part(1, "a", Kind.ASK), words=words, team=found)
        reason = next((one for one in verdict.reasons if one.startswith(found.reason)), "")
        part = verdict.points - weigh(Part(1, "a", Kind.ASK), words=words).points
        claims = [float(claim.rsplit(" ", 1)[1]) for claim in reason.partition(": ")[2].split(", ") if claim]
        assert abs(sum(claims)) <= abs(part) + 1e-9
        assert all(claim * part > 0 for claim in claims)
    assert abs(found.points) <= PER_ODDS * abs(sum(odds for _, odds in told)) + 0.05
