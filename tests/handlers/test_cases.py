"""What members may do to a case, in which status, with which role; and who wins."""

import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.cases import claim as act_claim
from handlers.context import Context
from handlers.dispatch import dispatch
from handlers.jobs import tidy
from handlers.requests import Request
from storage.errors import Conflict
from storage.store import open_storage
from storage.types import Priority, Resolution, Status
from tests.kit import NOW, TROUBLES, Desk, answer, put_in, raw

OPEN, CLAIMED, ANSWERED, RESOLVED = Status


def test_exactly_one_of_four_wins_each_of_300_cases(db_path: Path) -> None:
    desk = Desk(open_storage(db_path))
    count = 300
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [f"{letters[n % 26]}{letters[n // 26 % 26]}{letters[n // 676]}" for n in range(count)]
    desk.take(*(raw(str(n), f"heron fraud {w * 2} {w * 3} {w * 4} {w * 5}") for n, w in enumerate(words)))
    assert len(desk.cases()) == count
    start = threading.Barrier(4)
    told: dict[str, list[str]] = {name: [] for name in ("ana", "bo", "mia", "kim")}

    def race(name: str) -> None:
        store = open_storage(db_path)
        store.engine.run("pragma synchronous = off")
        ctx = Context(store, desk.brain, NOW)
        start.wait()
        for number in range(1, count + 1):
            told[name].append(dispatch(ctx, Request(desk.policy.member(name), "claim", str(number))).words)
        store.close()

    racers = [threading.Thread(target=race, args=(name,), daemon=True) for name in told]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    for number in range(1, count + 1):
        winners = [name for name, words in told.items() if words[number - 1] == f"#{number} is yours."]
        assert len(winners) == 1
        assert desk.case(number).assignee == winners[0]
        assert [event.actor for event in desk.events(number)] == ["earshot", winners[0]]
        label = desk.policy.label(winners[0])
        losers = [words[number - 1] for name, words in told.items() if name != winners[0]]
        assert all(words.startswith(f"{label} claimed #{number} just now.") for words in losers)
    desk.store.close()


def test_who_is_late_is_told_who_won_and_when(desk: Desk) -> None:
    put_in(desk, CLAIMED)
    desk.later(minutes=4)
    assert desk.say("kim", "claim 1") == "Ana claimed #1 4 min ago. Nothing was changed."
    assert desk.say("ana", "claim 1") == "#1 is already yours. `release 1` gives it back."
    assert desk.say("bo", "claim 1") == "Ana claimed #1 4 min ago. `assign 1 @bo` takes it over."


def test_a_state_that_was_changed_meanwhile_is_told_from_the_store(desk: Desk) -> None:
    from_before = put_in(desk, OPEN)
    desk.do("kim", "claim 1")
    member = desk.policy.member("ana")
    assert member is not None
    with pytest.raises(Conflict, match=r"Kim claimed #1 just now\. Nothing was changed"):
        act_claim(desk.ctx, member, from_before)
    assert desk.kinds(1) == ["opened", "claimed"]


def test_a_click_that_arrives_twice_has_one_effect(desk: Desk) -> None:
    desk.open_case()
    note = "note 1 called her back"
    assert desk.do("ana", note, key="click 7").words == "Noted on #1."
    assert desk.do("ana", note, key="click 7").words == "That was done already."
    assert desk.kinds(1) == ["opened", "noted"]
    assert desk.do("ana", note, key="click 8").words == "Noted on #1."


def test_a_refused_click_may_be_made_again(desk: Desk) -> None:
    put_in(desk, CLAIMED)
    assert desk.do("kim", "claim 1", key="click 9").is_error
    desk.do("ana", "release 1")
    assert desk.do("kim", "claim 1", key="click 9").words == "#1 is yours."


def test_only_those_who_may_take_over_take_over(desk: Desk) -> None:
    put_in(desk, CLAIMED)
    before = desk.everything()
    assert desk.say("kim", "assign 1 @kim") == (
        "Ana claimed #1 just now. Only an approver, a manager or an admin can give it to somebody else."
    )
    assert desk.say("kim", "release 1") == (
        "Ana claimed #1 just now. Only she, or an approver, a manager or an admin, can release it."
    )
    assert desk.everything() == before
    assert desk.say("bo", "assign 1 @bo") == "#1 is yours now."
    assert desk.case(1).assignee == "bo"
    assert desk.say("mia", "release 1") == "#1 is open again."
    assert desk.case(1).assignee is None
    assert [event.detail for event in desk.events(1)[-2:]] == [{"to": "bo", "from": "ana"}, {"from": "bo"}]


def test_the_new_assignee_is_told_once_and_nobody_else(desk: Desk) -> None:
    put_in(desk, CLAIMED)
    assert desk.say("ana", "assign 1 @Kim") == "#1 is Kim's now."
    assert desk.say("ana", "assign 1 @ana").startswith("Kim claimed #1 just now.")
    assert desk.say("kim", "assign 1 @kim") == "#1 is already yours. Nothing was changed."
    (told,) = desk.notices()
    assert '"words": "Ana gave #1 to Kim.", "ping": "kim"' in told


# Time


def test_a_snoozed_case_comes_back_as_it_was(desk: Desk) -> None:
    before = put_in(desk, CLAIMED)
    assert desk.say("ana", "snooze 1 14:00") == "#1 sleeps until 14:00 (Europe/Berlin)."
    assert desk.do("ana", "queue").screen.intro == "No case is open here."  # type: ignore[union-attr]
    assert desk.do("ana", "queue snoozed").screen.intro == "1 case"  # type: ignore[union-attr]
    desk.later(hours=2, minutes=59)
    desk.tick()
    assert desk.kinds(1)[-1] == "snoozed"
    desk.later(minutes=1)
    desk.tick()
    desk.tick()
    after = desk.case(1)
    assert (after.status, after.assignee, after.snoozed_until) == (before.status, before.assignee, None)
    assert desk.kinds(1) == ["opened", "claimed", "snoozed", "woke"]
    assert '"ping": "ana"' in desk.notices()[-1]


def test_a_snoozed_case_is_not_overdue(desk: Desk) -> None:
    put_in(desk, OPEN)
    desk.do("ana", "snooze 1 8h")
    desk.later(hours=5)
    desk.tick()
    assert "overdue" not in desk.kinds(1)
    desk.later(hours=3)
    desk.tick()
    assert desk.kinds(1)[-2:] == ["woke", "overdue"]


def test_a_late_case_is_marked_once_and_its_assignee_told(desk: Desk) -> None:
    put_in(desk, CLAIMED)
    desk.later(hours=4)
    desk.tick()
    assert "overdue" not in desk.kinds(1)
    desk.later(minutes=10)
    for _ in range(3):
        desk.tick()
    assert desk.kinds(1) == ["opened", "claimed", "overdue"]
    (told,) = desk.notices()
    assert '"words": "#1 is overdue: an answer was promised by 15:00.", "ping": "ana"' in told
    assert desk.card(1).due == "overdue since 15:00"


def test_a_case_that_was_opened_again_can_be_late_again(desk: Desk) -> None:
    put_in(desk, OPEN)
    desk.later(hours=5)
    desk.tick()
    desk.do("ana", "resolve 1 fixed")
    desk.do("ana", "reopen 1")
    desk.tick()
    assert desk.kinds(1).count("overdue") == 1
    desk.later(hours=5)
    desk.tick()
    assert desk.kinds(1).count("overdue") == 2


def test_an_answered_case_is_not_overdue(desk: Desk) -> None:
    put_in(desk, ANSWERED)
    desk.later(days=2)
    desk.tick()
    assert "overdue" not in desk.kinds(1)


def test_keys_of_clicks_are_forgotten_when_they_can_no_longer_be_repeated(desk: Desk) -> None:
    put_in(desk, OPEN)
    desk.do("ana", "note 1 one", key="click 1")
    desk.later(days=6)
    desk.do("ana", "note 1 two", key="click 2")
    desk.later(days=2)
    assert tidy.run(desk.ctx) == 1
    assert desk.do("ana", "note 1 two", key="click 2").words == "That was done already."


# Height and memory


def test_an_escalated_case_is_posted_to_the_second_channel_once(desk: Desk) -> None:
    put_in(desk, OPEN)
    assert desk.say("ana", "escalate 1 the press is calling") == "#1 is escalated to #leads."
    assert desk.say("bo", "escalate 1") == "#1 is already escalated. It stands in #leads."
    assert desk.keys("card:") == ["card:1:local:#alerts", "card:1:local:#leads"]
    assert "Ana escalated #1. the press is calling" in desk.notices()[0]
    desk.change_policy(escalate_to="slack:#leads")
    desk.open_case("3", TROUBLES[2])
    assert desk.say("ana", "escalate 2") == "#2 is escalated to #leads in Slack."
    desk.change_policy(escalate_to="")
    desk.open_case("2", TROUBLES[1])
    assert desk.say("ana", "escalate 3").startswith("No channel is named for escalations.")


def test_a_note_never_leaves_the_threads_of_its_case(desk: Desk) -> None:
    put_in(desk, OPEN)
    desk.do("ana", "escalate 1")
    secret = "she is a friend of the minister"
    assert desk.say("kim", f"note 1 {secret}") == "Noted on #1."
    rows = desk.store.engine.rows("select * from deliveries where body like ?", (f"%{secret}%",))
    assert {(row["parent"], row["channel"]) for row in rows} == {("case:1", "#alerts"), ("case:1", "#leads")}
    other_tables = [
        str(tuple(row))
        for table in ("mentions", "drafts", "inbox")
        for row in desk.store.engine.rows(f"select * from {table}")
    ]
    assert not [row for row in other_tables if secret in row]
    assert secret not in str(desk.card(1))


# Closing


@pytest.mark.parametrize("reason", Resolution)
def test_every_resolution_can_be_typed_with_a_note(desk: Desk, reason: Resolution) -> None:
    put_in(desk, CLAIMED)
    reply = desk.do("ana", f"resolve 1 {reason.value.upper()}  by phone ")
    assert reply.words.startswith(f"#1 is resolved: {reason}.")
    case = desk.case(1)
    assert (case.resolution, case.is_fixed, case.resolved_at) == (reason, reason is Resolution.FIXED, NOW)
    assert desk.events(1)[-1].detail == {"resolution": reason.value, "note": "by phone"}


def test_reopening_forgets_the_end_and_promises_anew(desk: Desk) -> None:
    put_in(desk, RESOLVED)
    desk.later(days=3)
    assert desk.say("kim", "reopen 1") == "#1 is open again."
    case = desk.case(1)
    assert (case.status, case.assignee, case.resolution, case.resolved_at, case.is_fixed) == (
        OPEN,
        None,
        None,
        None,
        False,
    )
    assert case.priority is Priority.HIGH
    assert case.due_at == desk.now + timedelta(hours=4)
    assert desk.events(1)[-1].detail == {"was": "fixed"}


def test_conflict_sentences_name_who_and_when(desk: Desk) -> None:
    put_in(desk, ANSWERED)
    desk.later(minutes=5)
    assert desk.say("kim", "claim 1") == "#1 was answered by Ana 5 min ago. Nothing was changed."
    desk.do("bo", "resolve 1 replied")
    desk.later(hours=2)
    assert desk.say("kim", "claim 1") == "#1 was resolved by Bo 2 h ago (replied). `reopen 1` opens it again."
    assert desk.say("kim", "draft 1 hello") == "#1 was resolved by Bo 2 h ago (replied). `reopen 1` opens it again."
    assert desk.say("kim", "release 99") == "There is no case #99. `queue` lists what is open; `search` finds the rest."


def test_a_refused_act_in_the_middle_leaves_nothing_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(desk, OPEN)
    before = desk.everything()

    def fail(*told: object, **named: object) -> None:
        raise sqlite3.OperationalError("the disk went")

    monkeypatch.setattr(desk.store.deliveries, "redraw", fail)
    with pytest.raises(sqlite3.OperationalError):
        desk.do("ana", "draft 1 Sorry.", key="click 1")
    assert desk.everything() == before


def test_answer_of_the_kit_is_the_whole_way(desk: Desk) -> None:
    desk.open_case()
    answer(desk, 1)
    assert desk.kinds(1) == ["opened", "claimed", "drafted", "approved", "answered"]


def test_the_card_names_who_resolved_it_and_not_whose_it_was(desk: Desk) -> None:
    number = desk.open_case().id
    desk.do("ana", f"claim {number}")
    desk.do("bo", f"resolve {number} no action")
    assert desk.card(number).status == "resolved: no action · Bo"
