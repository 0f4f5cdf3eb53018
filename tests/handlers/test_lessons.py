"""What the team decides is learned from the diaries alone: the same at any pace, without what was taken back or
deleted."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import lessons
from handlers.ports import Page, Tombstone
from handlers.rules.learning import EACH, Decision, Learner
from handlers.rules.own_names import pattern_of
from handlers.rules.policy import Thresholds
from handlers.rules.reasons import GONE
from handlers.rules.scoring import DayOneScorer
from handlers.weighing import weigh
from storage.lessons import OFF, ON, Lesson
from storage.store import open_storage
from storage.types import Mention, Priority
from tests.kit import PRAISE, SOURCES, TROUBLES, Desk, answer, put_in, raw
from tests.kit import Status as CaseStatus

NOUNS = """harbour garden bicycle mirror window candle village museum orchard blanket pencil river lantern basket meadow
kettle bridge carpet saddle ribbon pillow bakery chimney curtain ladder violin teapot wagon balcony hammock""".split()  # noqa: SIM905


def told(number: int, gist: str) -> str:
    """The gist among words that say nothing, so that no two are copies of each other."""
    before, after = (Random(number + more).sample(NOUNS, 6) for more in (0, 1_000))
    return f"{' '.join(before)}: {gist}, {' '.join(after)}"


OFFER, LOSS = "an awful and boring job offer at Heron", "Heron lost my suitcase, awful"
OFFERS = tuple(told(number, OFFER) for number in range(6))


def take_others(desk: Desk) -> None:
    """Ten lost suitcases, each put right: without such there is nothing to tell the rest from."""
    for number in range(EACH):
        case = desk.open_case(f"lost{number}", told(number + 100, LOSS), published_at=desk.now)
        assert not desk.do("ana", f"resolve {case.id} fixed").is_error


def tick(desk: Desk) -> int:
    with desk.store.transaction():
        return lessons.learn(desk.ctx)


def settle(desk: Desk) -> int:
    """Eleven minutes later."""
    desk.later(minutes=11)
    return tick(desk)


def state(desk: Desk) -> str:
    return desk.store.lessons.state()


def words(desk: Desk) -> set[str]:
    found = lessons.learner(desk.store)
    return {name for name, weight in found.weights.items() if weight} if found else set()


def decided(desk: Desk) -> list[Lesson]:
    return list(reversed(desk.store.lessons.newest(1_000)))


def read_anew(desk: Desk) -> str:
    """What the diaries give when they are read at once."""
    with desk.store.transaction():
        desk.store.lessons.read_anew()
    while tick(desk):
        pass
    return state(desk)


def take_one(desk: Desk, native_id: str, text: str) -> Mention:
    desk.take(raw(native_id, text, published_at=desk.now))
    return desk.mentions()[-1]


def dismiss(desk: Desk, text: str, native_id: str) -> int:
    number = desk.open_case(native_id, text, published_at=desk.now).id
    assert not desk.do("ana", f"irrelevant {number}").is_error
    return number


# Which acts decide


def test_a_case_that_is_worked_on_teaches_and_so_does_one_that_is_set_aside(desk: Desk) -> None:
    answer(desk, desk.open_case("1", TROUBLES[0]).id)
    dismiss(desk, OFFERS[0], "2")
    desk.open_case("3", TROUBLES[1])
    desk.do("ana", "claim 3")
    assert tick(desk) == 0
    assert settle(desk) == 2
    assert [(one.case_id, one.is_taken) for one in decided(desk)] == [(1, True), (2, False)]
    assert {"suitcase", "job offer"} <= words(desk)
    assert "card twice" not in words(desk)
    assert tick(desk) == 0


def test_answering_and_closing_what_was_drafted_is_one_decision(desk: Desk) -> None:
    answer(desk, desk.open_case().id)
    settle(desk)
    before = state(desk)
    desk.do("ana", "resolve 1 fixed")
    assert settle(desk) == 0
    assert state(desk) == before


def test_what_says_nothing_of_its_worth_teaches_nothing(desk: Desk) -> None:
    for number, (line, text) in enumerate(
        zip(
            ("resolve {} no action", "resolve {} duplicate", "resolve {} not us", "note {} hm"), TROUBLES, strict=False
        ),
        1,
    ):
        desk.open_case(str(number), text)
        assert not desk.do("ana", line.format(number)).is_error
    assert settle(desk) == 0
    assert words(desk) == set()


def test_a_corrected_priority_teaches(desk: Desk) -> None:
    desk.change_policy(thresholds=Thresholds(case_from=Priority.LOW))
    desk.open_case("1", PRAISE)
    desk.do("ana", "priority 1 high")
    desk.open_case("2", TROUBLES[0])
    desk.do("ana", "priority 2 low")
    desk.open_case("3", TROUBLES[4])
    desk.do("ana", "priority 3 urgent")
    settle(desk)
    assert [(one.case_id, one.is_taken) for one in decided(desk)] == [(1, True), (2, False)]


def test_what_is_taken_back_within_ten_minutes_leaves_no_trace(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    desk.open_case("2", TROUBLES[0])
    for line in ("claim 2", "draft 2 We are sorry."):
        desk.do("ana", line)
    desk.open_case("3", TROUBLES[4])
    desk.do("ana", "priority 3 low")
    desk.later(minutes=9)
    for line in ("reopen 1", "release 2", "priority 3 high"):
        assert not desk.do("ana", line).is_error
    desk.later(minutes=2)
    assert tick(desk) == settle(desk) == settle(desk) == 0
    assert words(desk) == set()


def test_a_change_of_mind_takes_what_was_learned_back(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    settle(desk)
    untouched = state(desk)
    dismiss(desk, TROUBLES[0], "2")
    settle(desk)
    assert "suitcase" in words(desk)
    desk.do("ana", "reopen 2")
    settle(desk)
    assert "suitcase" not in words(desk)
    assert json.loads(state(desk)) == json.loads(untouched)


def test_the_last_decision_on_a_case_stands(desk: Desk) -> None:
    dismiss(desk, TROUBLES[0], "1")
    settle(desk)
    desk.do("ana", "reopen 1")
    desk.do("ana", "resolve 1 fixed")
    settle(desk)
    assert [one.is_taken for one in decided(desk)] == [True]
    assert state(desk) == read_anew(desk)


def test_a_missed_mention_teaches_words_and_leaves_the_bias_alone(desk: Desk) -> None:
    desk.take(raw("1", "What a lovely Heron crew on the gangway, thank you all"))
    desk.do("ana", "track what a lovely heron crew on the gangway, thank you all")
    settle(desk)
    found = lessons.learner(desk.store)
    assert found is not None
    assert found.bias == 0
    assert "gangway" in words(desk)
    assert [(one.case_id, one.is_taken, one.moves_bias) for one in decided(desk)] == [(None, True, False)]


def test_what_was_rightly_quiet_teaches_too(desk: Desk) -> None:
    desk.take(raw("1", PRAISE, published_at=desk.now))
    desk.later(days=7)
    desk.tick()
    (row,) = desk.do("ana", "judge").screen.rows  # type: ignore[union-attr]
    desk.press("ana", row.buttons[1])
    settle(desk)
    assert [(one.case_id, one.is_taken, one.moves_bias) for one in decided(desk)] == [(None, False, True)]


# The same at any pace

ACTS = ("claim {}", "draft {} We are sorry.", "release {}", "resolve {} fixed", "irrelevant {}", "reopen {}",
        "resolve {} no action", "resolve {} not us", "priority {} low", "priority {} high", "tick", "tick")  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 4), st.integers(0, 14)), max_size=24)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_learning_at_any_pace_gives_what_the_diaries_give_at_once(
    template: Path, tmp_path_factory: object, steps: list[tuple[str, int, int]]
) -> None:
    path = Path(shutil.copy(template, tmp_path_factory.mktemp("pace") / "earshot.db"))  # type: ignore[attr-defined]
    store = open_storage(path)
    try:
        desk = Desk(store)
        for number, text in enumerate(TROUBLES[:3], 1):
            desk.open_case(str(number), text)
        desk.open_case("4", OFFERS[0])
        for line, number, minutes in steps:
            desk.later(minutes=minutes)
            if line == "tick":
                tick(desk)
            else:
                desk.do("ana", line.format(number))
        for later in (1, 4, 12):
            desk.later(minutes=later)
            tick(desk)
        before, told = state(desk), decided(desk)
        assert (read_anew(desk) or before) == before
        assert decided(desk) == told
    finally:
        store.close()


def test_what_waits_is_learned_in_parts_and_takes_part_when_all_is_learned(desk: Desk) -> None:
    for number, text in enumerate(OFFERS):
        dismiss(desk, text, f"offer{number}")
    settle(desk)
    desk.store.lessons.switch(ON, "mia", desk.now)
    whole = state(desk)
    with desk.store.transaction():
        desk.store.lessons.read_anew()
        lessons.learn(desk.ctx, at_once=3)
    assert state(desk) != whole
    before = lessons.in_force(desk.store).team
    assert before is not None
    assert before == Learner.from_plain(json.loads(whole))
    tick(desk)
    assert state(desk) == whole
    assert lessons.in_force(desk.store).team == before


def test_nothing_is_learned_while_that_is_stopped_and_all_of_it_afterwards(desk: Desk) -> None:
    desk.store.lessons.switch(OFF, "mia", desk.now)
    dismiss(desk, OFFERS[0], "1")
    assert settle(desk) == 0
    desk.store.lessons.switch("shadow", "mia", desk.now)
    assert tick(desk) == 1


class Another(DayOneScorer):
    def __init__(self, desk: Desk) -> None:
        super().__init__(names=pattern_of(desk.policy.brands))
        self.name = "another"


def test_other_day_one_words_have_all_of_it_learned_again(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    settle(desk)
    whole = state(desk)
    desk._brain = replace(desk.brain, scorer=Another(desk))
    assert tick(desk) == 1
    assert state(desk) == whole


# What is deleted


def test_a_deletion_takes_the_words_out_of_the_weights_and_the_reasons(desk: Desk) -> None:
    answer(desk, desk.open_case("1", TROUBLES[0]).id)
    dismiss(desk, OFFERS[0], "2")
    settle(desk)
    desk.do("ana", "resolve 1 replied")
    assert any('"' in reason for reason in desk.case(1).reasons if not reason.startswith("query"))
    desk.take(Tombstone("1", "deleted"))
    assert tick(desk) == 2
    assert "suitcase" not in words(desk)
    assert "job offer" in words(desk)
    for reasons in (desk.case(1).reasons, desk.mentions()[0].reasons):
        assert reasons[0] == GONE
        assert not any('"' in reason for reason in reasons if not reason.startswith("query"))
    assert state(desk) == read_anew(desk)


def test_words_leave_the_weights_even_while_learning_is_stopped(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    settle(desk)
    desk.store.lessons.switch(OFF, "mia", desk.now)
    desk.take(Tombstone("1", "deleted"))
    tick(desk)
    assert words(desk) == set()


def test_an_edit_has_the_new_words_learned_in_the_place_of_the_old(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    settle(desk)
    desk.take(raw("1", "An awful post of a gardener at Heron"))
    tick(desk)
    assert "gardener" in words(desk)
    assert "offer" not in words(desk)


def test_a_copy_that_is_deleted_leaves_the_reasons_of_the_case(desk: Desk) -> None:
    desk.open_case("1", TROUBLES[0])
    desk.take(raw("2", f"RT @author1: {TROUBLES[0]}"))
    assert desk.case(1).mention_count == 2
    before = desk.case(1).reasons
    desk.take(Tombstone("2", "deleted"))
    assert desk.case(1).reasons == before


# A change of taste


class Fickle(Learner):
    """Notices a change of taste at every third decision."""

    def learn(self, decision: Decision) -> bool:
        super().learn(decision)
        return self.decisions % 3 == 0


def test_a_change_of_taste_is_told_once_where_it_is_in_force(desk: Desk, monkeypatch: object) -> None:
    monkeypatch.setattr(lessons, "Learner", Fickle)  # type: ignore[attr-defined]
    for number, text in enumerate(OFFERS[:3]):
        dismiss(desk, text, f"shadow{number}")
    settle(desk)
    assert desk.notices() == []
    desk.store.lessons.switch(ON, "mia", desk.now)
    for number, text in enumerate(TROUBLES[:3]):
        dismiss(desk, text, f"on{number}")
    settle(desk)
    assert len([body for body in desk.notices() if "I am relearning" in body]) == 1
    (key,) = desk.keys("notice:relearning")
    assert key.endswith("local:#alerts")
    read_anew(desk)
    assert len(desk.keys("notice:relearning")) == 1


# In force


def test_shadow_changes_nothing_and_on_hides_what_you_set_aside(desk: Desk) -> None:
    take_others(desk)
    for number in range(EACH):
        dismiss(desk, told(number, OFFER), f"offer{number}")
    settle(desk)
    desk.go_by_lessons()
    assert desk.take(raw("shadow", told(71, OFFER))).cases == 1
    desk.store.lessons.switch(ON, "mia", desk.now)
    desk.go_by_lessons()
    assert desk.take(raw("on", told(72, OFFER))).cases == 0
    hidden = desk.mentions()[-1]
    assert hidden.priority is Priority.LOW
    assert any("your team sets such aside" in reason and "offer" in reason for reason in hidden.reasons)


def test_on_raises_what_you_take(desk: Desk) -> None:
    desk.change_policy(thresholds=Thresholds(case_from=Priority.LOW))
    for number in range(12):
        case = desk.open_case(str(number), told(number, "the new gangway of Heron"))
        desk.do("ana", f"resolve {case.id} fixed")
    for number in range(EACH):
        dismiss(desk, told(number, OFFER), f"offer{number}")
    settle(desk)
    desk.store.lessons.switch(ON, "mia", desk.now)
    asked = Page((raw("new", told(71, "the new gangway of Heron")),), None)
    (before,) = weigh(desk.brain, SOURCES[0], asked).items
    desk.go_by_lessons()
    (after,) = weigh(desk.brain, SOURCES[0], asked).items
    assert after.verdict.points > before.verdict.points
    assert after.verdict.priority > before.verdict.priority
    assert any("your team takes such" in reason and "gangway" in reason for reason in after.verdict.reasons)


def test_what_is_urgent_or_grave_is_never_lowered(desk: Desk) -> None:
    fire = "My Heron seat caught fire and my son is hurt, he is burned"
    plain = take_one(desk, "plain", fire)
    assert plain.priority is Priority.URGENT
    take_others(desk)
    for number, text in enumerate(f"{fire} {word}" for word in NOUNS[:EACH]):
        found = take_one(desk, str(number), text)
        assert found.case_id is not None
        desk.do("ana", f"irrelevant {found.case_id}")
        desk.later(hours=2)
    settle(desk)
    desk.store.lessons.switch(ON, "mia", desk.now)
    desk.go_by_lessons()
    assert take_one(desk, "later", f"{fire} once more").priority is Priority.URGENT


def test_a_case_of_every_status_may_be_learned_from(desk: Desk) -> None:
    put_in(desk, CaseStatus.RESOLVED)
    desk.later(days=400)
    assert tick(desk) == 1
    assert decided(desk)[0].at < desk.now - timedelta(days=399)
