"""All is learned anew, in parts: what is in force stays so meanwhile, and the words that are gone leave it at once."""

import json

import pytest

from handlers import lesson_files, lessons, us
from handlers.jobs import learn as job
from handlers.ports import Tombstone
from handlers.rules.learning import Learner
from storage.errors import Conflict
from storage.lessons import ON
from tests.handlers.test_lessons import OFFERS, dismiss, read_anew, settle, state, tick, told, words
from tests.kit import TROUBLES, Desk, raw

NAMED = told(90, "an awful job offer of Zebulon at Heron")


def step(desk: Desk, **most: int) -> int:
    with desk.store.transaction():
        return lessons.learn(desk.ctx, **most)


def run_job(desk: Desk) -> int:
    with desk.store.transaction():
        return job.run(desk.ctx)


def in_force(desk: Desk) -> set[str]:
    team = lessons.in_force(desk.store).team
    assert team is not None
    return {name for name, weight in team.weights.items() if weight}


def teach(desk: Desk, *more: str) -> None:
    """Six job offers, and more, all set aside."""
    for number, text in enumerate((*OFFERS, *more)):
        dismiss(desk, text, f"offer{number}")
    settle(desk)
    desk.store.lessons.switch(ON, "mia", desk.now)


def bring_back(desk: Desk, text: str) -> None:
    desk.later(minutes=1)
    with desk.store.transaction():
        lesson_files.take_over(desk.ctx, text, "operator")


# In force meanwhile


def test_after_a_deletion_what_is_in_force_stays_so_without_the_words_that_are_gone(desk: Desk) -> None:
    teach(desk, NAMED)
    before = in_force(desk)
    assert {"zebulon", "of zebulon"} <= before
    desk.take(Tombstone("offer6", "deleted"))
    kept = in_force(desk)
    assert {"offer", "job offer"} <= kept < before
    assert not any("zebulon" in word for word in kept)
    while step(desk, at_once=2):
        assert {"offer", "job offer"} <= in_force(desk)
        assert not any("zebulon" in word for word in in_force(desk))
    assert in_force(desk) == words(desk)
    assert state(desk) == read_anew(desk)


def test_an_edit_takes_the_old_words_out_at_once(desk: Desk) -> None:
    teach(desk, NAMED)
    desk.take(raw("offer6", told(90, "an awful job offer at Heron")))
    assert not any("zebulon" in word for word in in_force(desk))
    assert "offer" in in_force(desk)


def test_words_that_two_have_are_gone_with_the_second_of_them(desk: Desk) -> None:
    teach(desk, NAMED, told(91, "an awful job offer of Zebulon at Heron"))
    desk.take(Tombstone("offer6", "deleted"))
    assert "zebulon" in in_force(desk)
    desk.take(Tombstone("offer7", "deleted"))
    assert "zebulon" not in in_force(desk)


def test_one_deletion_after_the_other_does_not_hold_it_up(desk: Desk) -> None:
    teach(desk, NAMED, told(91, "an awful job offer of Quartermain at Heron"))
    desk.take(Tombstone("offer6", "deleted"))
    assert step(desk, at_once=2) == 2
    desk.take(Tombstone("offer7", "deleted"))
    left = [step(desk, at_once=2) for _ in range(3)]
    assert left == [2, 2, 2]
    assert not desk.store.lessons.status().is_partial  # ended, and in force
    while step(desk, at_once=2):
        assert not any("zebulon" in word or "quartermain" in word for word in in_force(desk))
    assert state(desk) == read_anew(desk)


def test_the_step_that_learns_the_last_decision_puts_it_in_force(desk: Desk) -> None:
    teach(desk)
    whole = state(desk)
    with desk.store.transaction():
        desk.store.lessons.read_anew()
    assert [step(desk, at_once=3), step(desk, at_once=3)] == [3, 3]
    assert not desk.store.lessons.status().is_behind
    assert desk.store.lessons.whole_state() == state(desk) == whole
    assert step(desk, at_once=3) == 0


def test_what_takes_part_for_the_first_time_does_so_when_all_is_learned(desk: Desk) -> None:
    for number, text in enumerate(OFFERS):
        dismiss(desk, text, f"offer{number}")
    desk.store.lessons.switch(ON, "mia", desk.now)
    desk.later(minutes=11)
    while step(desk, at_once=2) and desk.store.lessons.status().is_behind:
        assert lessons.in_force(desk.store).team is None
    assert "offer" in in_force(desk)


# Words that were brought from elsewhere, or go there


def test_nothing_is_exported_while_it_is_learned_anew(desk: Desk) -> None:
    teach(desk, NAMED)
    desk.take(Tombstone("offer6", "deleted"))
    with pytest.raises(Conflict, match="learned anew"):
        lesson_files.written(desk.ctx)
    tick(desk)
    assert "zebulon" not in lesson_files.written(desk.ctx)


def test_our_own_export_brought_back_loses_the_words_of_what_is_deleted_afterwards(desk: Desk) -> None:
    teach(desk, NAMED)
    bring_back(desk, lesson_files.written(desk.ctx))
    desk.store.lessons.switch(ON, "mia", desk.now)
    assert "zebulon" in in_force(desk)
    desk.take(Tombstone("offer6", "deleted"))
    assert not any("zebulon" in word for word in in_force(desk))
    assert "zebulon" not in desk.store.lessons.base()
    assert "offer" in in_force(desk)
    assert run_job(desk)  # so that the program goes by it
    assert "zebulon" not in lesson_files.written(desk.ctx)


def test_what_others_have_taught_is_left_alone_by_a_deletion_here(desk: Desk) -> None:
    elsewhere = Learner(weights={"zebulon": -1.0}, squares={"zebulon": 0.1}, decisions=40)
    desk.store.lessons.forget("mia", desk.now, json.dumps(elsewhere.to_plain()))
    desk.take(raw("1", NAMED))
    desk.take(Tombstone("1", "deleted"))
    assert "zebulon" in words(desk)
    desk.later(minutes=1)
    dismiss(desk, told(91, "an awful job offer of Zebulon at Heron"), "2")
    settle(desk)
    desk.take(Tombstone("2", "deleted"))
    tick(desk)
    assert "zebulon" in desk.store.lessons.base()
    assert "zebulon" in words(desk)


def test_words_leave_also_where_the_decision_was_taken_back_a_moment_ago(desk: Desk) -> None:
    teach(desk, NAMED)
    desk.do("ana", "reopen 7")
    desk.later(minutes=11)
    assert step(desk, at_once=2) == 2
    assert "zebulon" in in_force(desk)
    desk.take(Tombstone("offer6", "deleted"))
    assert "zebulon" not in in_force(desk)


# The diaries of years


def test_many_decisions_are_read_a_part_at_a_time(desk: Desk) -> None:
    for number, text in enumerate(OFFERS):
        dismiss(desk, text, f"offer{number}")
    for line in ("reopen 1", "resolve 1 fixed", "resolve 2 fixed"):
        desk.later(minutes=11)
        desk.do("ana", line)
    desk.later(minutes=11)
    known = [0]
    while step(desk, read=2):
        known.append(desk.store.engine.value("select count(*) from lesson_decisions"))
        assert known[-1] - known[-2] <= 2
    assert known[-1] == len(OFFERS)
    assert len(known) > len(OFFERS) // 2
    assert state(desk) == read_anew(desk)


def test_what_is_us_is_read_a_part_at_a_time_too(desk: Desk) -> None:
    for number, text in enumerate(TROUBLES, 1):
        desk.open_case(str(number), text)
        assert not desk.do("ana", f"resolve {number} not us").is_error
    desk.later(minutes=11)
    known = [0]
    with desk.store.transaction():
        while us.learn(desk.ctx, read=2):
            known.append(desk.store.engine.value("select count(*) from us_acts"))
            assert known[-1] - known[-2] <= 2
    assert known[-1] == len(TROUBLES)
    (model,) = us.models(desk.store).values()
    assert model.not_us == len(TROUBLES)
    parts = desk.store.us.states()
    with desk.store.transaction():
        desk.store.us.read_anew()
        us.learn(desk.ctx)
    assert desk.store.us.states() == parts
