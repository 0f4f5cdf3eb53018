"""What a team's decisions teach: the same state at any pace, guards against what does not hold, shares that add up."""

import json
import math
import random
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.learning import CUE, EACH, MOST, PRAISE, Decision, Learner, features_of
from handlers.rules.scoring import DayOneScorer
from handlers.rules.taste import Change, Watch
from storage.types import RawMention

SCORER = DayOneScorer()
OFFER = "Heron is looking for a cook in Oslo, a fine job offer for somebody who likes fish"
LOST = "Heron lost my suitcase between Oslo and Rome and nobody can tell me where it is"
OTHER = "The Heron ferry was late again and the cabin was cold all night"
KINDS = ("boat", "cabin", "cook", "fish", "harbour", "lamp", "night", "rain", "suitcase", "ticket", "wave", "window")
WORDS = [f"{kind}{number}" for kind in KINDS for number in range(4)]


def decision(text: str, is_wanted: bool, *, moves_bias: bool = True, source: str = "news", **more: object) -> Decision:
    raw = RawMention("1", text, **more)  # type: ignore[arg-type]
    score = SCORER.score(raw)
    return Decision(features_of(raw, score, source), score.odds, is_wanted, moves_bias)


def lift(learner: Learner, text: str) -> float:
    one = decision(text, True)
    return learner.lift(one.features, one.prior)


def taught(*decisions: Decision) -> Learner:
    learner = Learner()
    for one in decisions:
        learner.learn(one)
    return learner


def drawn(number: int, seed: int, wants: str, wrong: float = 0.1) -> list[Decision]:
    """Mentions of three words, taken where one is about what the team `wants`, one in four; some clicks are wrong."""
    chance, found = random.Random(seed), []
    for _ in range(number):
        words = chance.sample(WORDS, 3)
        is_wanted = any(word.startswith(wants) for word in words) != (chance.random() < wrong)
        found.append(Decision(dict.fromkeys(words, 0.6), chance.gauss(0, 1), is_wanted))
    return found


def about(learner: Learner, wants: str) -> float:
    """The mean weight of the words that are about it."""
    return math.fsum(weight for word, weight in learner.weights.items() if word.startswith(wants)) / 4


def test_what_is_set_aside_sinks_and_what_is_taken_rises() -> None:
    learner = taught(*[decision(OFFER, False), decision(LOST, True)] * EACH)
    assert lift(learner, "Another job offer: Heron wants a cook") < -0.3
    assert lift(learner, "Where is my suitcase, Heron? Nobody can tell me") > 0.3
    assert abs(lift(learner, "xyzzy")) < abs(lift(learner, OFFER)) / 3


def test_the_team_s_general_appetite_lifts_nothing() -> None:
    """A team that takes everything must not have its channel flooded by what it never saw."""
    eager = taught(*[Decision({word: 1.0}, 0.0, True) for word in WORDS])
    assert eager.bias > 0.5
    assert eager.lift({"unseen": 1.0}, 0.0) == 0
    assert eager.odds({"unseen": 1.0}, 0.0) == pytest.approx(eager.bias)


@pytest.mark.parametrize(("taken", "aside"), [(1, 0), (0, 73), (92, 0), (EACH - 1, 40), (40, EACH - 1)])
def test_too_few_decisions_of_one_kind_lift_nothing(taken: int, aside: int) -> None:
    decisions = [decision(LOST, True)] * taken + [decision(OFFER, False)] * aside
    learner = taught(*decisions)
    assert (lift(learner, OFFER), lift(learner, LOST)) == (0, 0)
    assert learner.evidence(decision(OFFER, True).features, 1.0) == ()


def test_what_nearly_every_mention_has_lifts_nothing() -> None:
    asides = [decision(f"Heron {word}, an offer", False, followers=900) for word in WORDS]
    learner = taught(*asides, *[decision(f"Heron lost {word}", True, followers=900) for word in WORDS[:40]])
    assert learner.weights["heron"]
    everywhere = dict.fromkeys(("heron", f"{CUE}from news", f"{CUE}followers"), 1.0)
    assert learner.lift(everywhere, None) == 0
    assert learner.lift({"offer": 1.0}, None) < 0 < learner.lift({"lost": 1.0}, None)


@pytest.mark.parametrize(("taken", "aside"), [(92, 12), (12, 92)])
def test_a_one_sided_team_lifts_no_average_mention(taken: int, aside: int) -> None:
    """It decides without looking at the words: what they weigh then is how much it takes in general."""
    chance = random.Random(5)
    sides = [True] * taken + [False] * aside
    chance.shuffle(sides)
    learner = taught(*[Decision(dict.fromkeys(chance.sample(WORDS, 3), 0.6), 1.0, side) for side in sides])
    others = [dict.fromkeys(chance.sample(WORDS, 3), 0.6) for _ in range(300)]
    mean = math.fsum(learner.lift(one, 1.0) for one in others) / 300
    raw = math.fsum(learner.weights[word] * 0.6 for one in others for word in one) / 300
    assert abs(mean) < 0.3 < abs(raw)


def test_praise_is_lifted_only_once_some_of_it_was_taken() -> None:
    sides = [decision(OFFER, False), decision(LOST, True)] * EACH
    praise = decision("Excellent, thanks! You found my suitcase and nobody else could", True)
    assert PRAISE in praise.features
    learner = taught(*sides)
    plain = {name: value for name, value in praise.features.items() if name != PRAISE}
    assert learner.lift(plain, None) > 0
    assert learner.lift(praise.features, None) == 0
    assert learner.evidence(praise.features, None) == ()
    learner.learn(praise)
    assert learner.lift(praise.features, None) > 0


@pytest.mark.parametrize("prior", [-2.0, None, 3.0])
def test_the_evidence_is_the_lift(prior: float | None) -> None:
    learner = taught(*[decision(OFFER, False), decision(LOST, True), decision(OTHER, True)] * EACH)
    features = decision(LOST, True).features
    lifted = learner.lift(features, prior)
    assert lifted
    evidence = learner.evidence(features, prior)
    assert math.fsum(one.odds for one in evidence) == pytest.approx(lifted)
    assert [abs(one.odds) for one in evidence] == sorted((abs(one.odds) for one in evidence), reverse=True)


def test_evidence_names_phrases_and_no_word_that_tells_nothing() -> None:
    offers = (OFFER, "Yet another job offer for cooks", "See this job offer", "They call that a job offer")
    asides = [decision(text, False, followers=9_000, private=True) for text in offers] * 3
    learner = taught(*asides, *[decision(LOST, True, source="web")] * EACH)
    one = decision("That is a job offer, that", False, followers=9_000, private=True)
    told = {each.what: each.odds for each in learner.evidence(one.features, one.prior) if each.what}
    assert {"job offer", "from news", "followers", "sent to us directly"} <= told.keys()
    assert max(told.values()) < 0
    assert not told.keys() & {"job", "offer", "a", "is", "that", "is a", "that is"}


@given(st.lists(st.sampled_from([OFFER, LOST, OTHER, "xyzzy", ""]), min_size=1, max_size=12), st.randoms())
@settings(max_examples=15)
def test_one_by_one_with_stops_between_is_the_same_as_in_one_go(texts: list[str], chance: random.Random) -> None:
    decisions = [decision(text, chance.random() < 0.5, moves_bias=chance.random() < 0.8) for text in texts]
    stopping = Learner()
    for one in decisions:
        stopping.learn(one)
        stopping = Learner.from_plain(json.loads(json.dumps(stopping.to_plain())))
    assert stopping == taught(*decisions)


def test_the_guards_too_are_the_same_after_a_stop() -> None:
    whole = drawn(150, 1, "suitcase") + drawn(200, 2, "cook")
    stopped = Learner.from_plain(json.loads(json.dumps(taught(*whole[:170]).to_plain())))
    for one in whole[170:]:
        stopped.learn(one)
    assert stopped.to_plain() == taught(*whole).to_plain()


def test_a_copy_learns_alone() -> None:
    first = taught(decision(OFFER, False))
    before = first.to_plain()
    first.copy().learn(decision(LOST, True))
    assert first.to_plain() == before


@pytest.mark.parametrize("name", [each.name for each in fields(Learner)])
def test_a_damaged_state_is_refused(name: str) -> None:
    plain = taught(decision(OFFER, False)).to_plain()
    with pytest.raises(ValueError, match="not what a team has taught"):
        Learner.from_plain({key: value for key, value in plain.items() if key != name})
    with pytest.raises(ValueError, match="not what a team has taught"):
        Learner.from_plain({**plain, name: math.nan})


def test_what_was_missed_teaches_words_and_moves_no_bias() -> None:
    learner = taught(*[decision(LOST, True, moves_bias=False)] * EACH)
    assert (learner.bias, learner.watch.seen, learner.decisions) == (0, 0, EACH)
    for _ in range(EACH):
        learner.learn(decision(OFFER, False))
    assert lift(learner, LOST) > 0.3


# The guards


def test_a_fifth_of_wrong_clicks_leaves_the_order_right() -> None:
    learner = taught(*drawn(300, 3, "suitcase", wrong=0.2))
    assert about(learner, "suitcase") > 0.5 > 0 > about(learner, "cook")
    assert learner.relearned == 0


def test_clicks_at_random_leave_little_of_the_lift() -> None:
    """With nothing to learn the learner falls behind the day-one words, and is trusted less."""
    chance, learner = random.Random(4), Learner()
    trusts = []
    for one in drawn(300, 4, "suitcase"):
        odds = one.prior or 0.0
        learner.learn(one._replace(is_wanted=chance.random() < 1 / (1 + math.exp(-2 * odds))))
        trusts.append(learner.trust)
    assert trusts[10] == 1
    assert min(trusts) < 0.6
    features, trust = dict.fromkeys(WORDS, 1.0), learner.trust
    held = learner.lift(features, 0.0)
    learner.watch.ahead = []
    assert held == pytest.approx(trust * learner.lift(features, 0.0))


def shown_best(learner: Learner, wants: str, polls: int, seed: int) -> tuple[float, int]:
    """A team that is shown the best five of thirty, some polls long: the share that it takes of the last half, and how
    often it was told that the learner begins anew."""
    chance, told, taken = random.Random(seed), 0, []
    for poll in range(polls):
        page = drawn(30, chance.randrange(10**6), wants, wrong=0.05)
        best = sorted(page, key=lambda one: -learner.odds(one.features, one.prior))[:5]
        told += sum([learner.learn(one) for one in best])
        taken += [one.is_wanted for one in best] if poll >= polls // 2 else []
    return sum(taken) / len(taken), told


@pytest.mark.parametrize("seed", [5, 15, 25])
def test_a_new_taste_is_learned_in_the_place_of_the_old(seed: int) -> None:
    learner = Learner()
    before, told = shown_best(learner, "suitcase", 60, seed)
    assert (before > 0.7, told) == (True, 0)
    after, _ = shown_best(learner, "cook", 60, seed + 1)
    assert after > 0.6
    assert about(learner, "cook") > about(learner, "suitcase")


def watched(foreseen: float) -> list[Change]:
    """What is noticed of 60 that are set aside, foreseen with these log-odds, after 200 of which most were taken."""
    watch = Watch()
    assert {watch.see(0.0, 2.0, at % 6 != 0) for at in range(200)} == {Change.NOTHING}
    return [watch.see(0.0, foreseen, False) for _ in range(60)]


def test_a_taste_has_changed_where_most_is_set_aside_that_was_thought_wanted() -> None:
    assert Change.TASTE in watched(2.0)


def test_a_dull_day_that_was_foreseen_is_no_change_of_taste() -> None:
    assert set(watched(-2.0)) == {Change.NOTHING}


def test_nothing_is_told_while_the_taste_stays() -> None:
    learner = Learner()
    taken, told = shown_best(learner, "suitcase", 150, 7)
    assert (taken > 0.7, told, learner.relearned) == (True, 0, 0)


def test_after_a_change_what_had_been_pushed_down_is_seen_again() -> None:
    learner = Learner()
    shown_best(learner, "suitcase", 60, 5)
    suitcases = {word: 0.2 for word in WORDS if word.startswith("suitcase")}
    assert learner.lift(suitcases, 0.0) > 1
    assert any(learner.learn(Decision(suitcases, 1.0, False)) for _ in range(60))
    assert learner.lift(suitcases, 0.0) < 0
    assert learner.squares == {}


def test_what_is_remembered_is_bounded_and_what_matters_stays() -> None:
    learner = taught(*drawn(60, 9, "suitcase"))
    rare = {f"rare{number}": 1e-6 for number in range(MOST)}
    learner.learn(Decision(rare, 0.0, False))
    assert len(learner.weights) <= MOST
    assert {word for word in WORDS if word.startswith("suitcase")} <= learner.weights.keys()
    assert learner.squares.keys() <= learner.weights.keys()
    twin = taught(*drawn(60, 9, "suitcase"))
    twin.learn(Decision(dict(reversed(rare.items())), 0.0, False))
    assert twin.weights.keys() == learner.weights.keys()


# Features


def test_a_long_text_teaches_no_more_than_a_short_one() -> None:
    for text in ("Lost", LOST, " ".join(f"{LOST} {OTHER} number{at}" for at in range(9))):
        features = decision(text, True).features
        length = math.fsum(value**2 for name, value in features.items() if not name.startswith(CUE))
        assert length == pytest.approx(1)


def test_a_mention_is_known_by_more_than_its_words() -> None:
    one = decision("", True, followers=10_000, private=True, stars=1.0, title="My phone exploded")
    assert {f"{CUE}{name}" for name in ("from news", "followers", "stars", "sent to us directly", "safety")} <= set(
        one.features
    )
    assert "phone exploded" in one.features


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", {}),
        ("= from news", {}),
        ("a" * 5_000, {}),
        ("\x00\ud800 \u202e", {}),
        ("fine", {"followers": 0, "stars": math.nan}),
        ("fine", {"followers": 10**12, "stars": math.inf}),
        ("Где мой чемодан, сколько можно ждать?", {"lang": "ru"}),
    ],
)
def test_any_mention_can_be_learned_from(text: str, more: dict[str, object]) -> None:
    one = decision(text, True, **more)
    assert all(0 <= value <= 1 and len(name) < 100 for name, value in one.features.items())
    others = [decision(OTHER, False, source="web"), decision(LOST, False, source="web")] * EACH
    learner = taught(*others, *[one] * EACH)
    assert math.isfinite(learner.odds(one.features, one.prior))
    assert learner.lift(one.features, None) > 0
