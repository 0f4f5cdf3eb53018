"""Nobody takes a case: the ladder of `earshot.toml`, rung by rung."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.cards import Notice
from handlers.jobs import escalate
from handlers.messages import draw
from handlers.rules.policy import Duty, Escalation, Route, Sla
from storage.types import Lane, Priority
from tests.kit import NOW, TROUBLES, Desk, raw

BERLIN = ZoneInfo("Europe/Berlin")
HIGH = TROUBLES[0]
URGENT = "Heron: the armrest exploded, my hand is burned, I will sue"
RUNG = Escalation(timedelta(minutes=15), "local:#leads", ("on-duty",))
ROSTER = Duty(("ana", "bo"), "2026-11-23 09:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def ladder(desk: Desk, *rungs: Escalation, **fields: Any) -> None:
    desk.change_policy(escalations=rungs, duty=ROSTER, **fields)


def escalated(desk: Desk, number: int = 1) -> list[str]:
    """Where to, as often as the diary says so."""
    return [one.detail["to"] for one in desk.events(number) if one.kind == "escalated" and one.actor == "earshot"]


def told(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Channel and body of every notice so far."""
    rows = desk.store.engine.rows("select channel, body from deliveries where body <> '' order by id")
    return [(row["channel"], json.loads(row["body"])) for row in rows]


def high(desk: Desk) -> None:
    assert desk.open_case("1", HIGH).priority is Priority.HIGH


def test_a_case_that_nobody_takes_is_shown_there_and_who_is_on_duty_is_called_once(desk: Desk) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.later(minutes=14)
    desk.tick()
    assert escalated(desk) == []
    desk.later(minutes=1)
    for _ in range(3):
        desk.tick()
    assert escalated(desk) == ["#leads"]
    assert desk.case(1).escalated_at == desk.now
    (card,) = [one for one in desk.store.deliveries.posts("case:1") if one.channel == "#leads"]
    assert card.lane is Lane.URGENT
    ((channel, body),) = told(desk)
    assert channel == "#leads"
    assert (body["words"], body["ping"]) == ("Nobody has taken #1 for 15 min.", "ana")
    assert "escalated" in desk.card(1).status
    diary = desk.do("ana", "show 1").screen
    assert diary is not None
    assert "Earshot · escalated (to #leads, nobody took it for 15 min)" in diary.outro


def test_several_rules_are_a_ladder(desk: Desk) -> None:
    second = Escalation(timedelta(hours=1), "local:#board", ("mia",))
    ladder(desk, second, RUNG)
    high(desk)
    for minutes in (16, 30, 15):
        desk.later(minutes=minutes)
        desk.tick()
    assert escalated(desk) == ["#leads", "#board"]
    assert [(channel, body["ping"]) for channel, body in told(desk)] == [("#leads", "ana"), ("#board", "mia")]
    assert desk.case(1).escalated_at == NOW + timedelta(minutes=16), "since when it stands higher"


@pytest.mark.parametrize("line", ["claim 1", "snooze 1 3h", "resolve 1 fixed", "irrelevant 1"])
def test_what_somebody_has_seen_to_is_left_alone(desk: Desk, line: str) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.later(minutes=10)
    assert not desk.do("kim", line).is_error
    desk.later(minutes=30)
    desk.tick()
    assert escalated(desk) == []


@pytest.mark.parametrize("lines", [["claim 1", "release 1"], ["resolve 1 fixed", "reopen 1"]])
def test_what_is_given_back_waits_anew(desk: Desk, lines: list[str]) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.later(minutes=10)
    for line in lines:
        assert not desk.do("kim", line).is_error
    desk.later(minutes=14)
    desk.tick()
    assert escalated(desk) == []
    desk.later(minutes=1)
    desk.tick()
    assert escalated(desk) == ["#leads"]


def test_a_snoozed_case_waits_anew_when_it_wakes(desk: Desk) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.do("kim", "snooze 1 2h")
    desk.later(hours=2)
    desk.tick()
    desk.later(minutes=14)
    desk.tick()
    assert escalated(desk) == []
    desk.later(minutes=1)
    desk.tick()
    assert escalated(desk) == ["#leads"]


def test_once_for_each_opening(desk: Desk) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.later(minutes=15)
    desk.tick()
    for line in ("claim 1", "release 1"):
        desk.do("kim", line)
    desk.later(minutes=30)
    desk.tick()
    assert escalated(desk) == ["#leads"], "it was shown there already"
    for line in ("resolve 1 fixed", "reopen 1"):
        desk.do("kim", line)
    desk.later(minutes=15)
    desk.tick()
    assert escalated(desk) == ["#leads", "#leads"]
    assert desk.keys("card:1:local:#leads") == ["card:1:local:#leads"], "one card for all its life"
    assert len(told(desk)) == 2


def test_it_is_for_its_brands_and_from_its_priority_on(desk: Desk) -> None:
    ladder(desk, replace(RUNG, brands=("Plover Inn",)), replace(RUNG, channel="local:#board"))
    high(desk)
    desk.take(raw("2", "The Plover was fine, but how do I get a receipt for the second night?"))
    desk.take(raw("3", "Rude Plover staff shouted at my grandmother, horrible, no reply, we hate this so much"))
    assert [case.priority for case in desk.cases()] == [Priority.HIGH, Priority.NORMAL, Priority.HIGH]
    desk.later(minutes=15)
    desk.tick()
    assert [escalated(desk, number) for number in (1, 2, 3)] == [["#board"], [], ["#leads", "#board"]]


@pytest.mark.parametrize("least", [Priority.URGENT, Priority.HIGH])
def test_a_case_that_gets_worse_later_comes_into_reach(desk: Desk, least: Priority) -> None:
    high(desk)
    desk.later(days=8)
    ladder(desk, replace(RUNG, min_priority=least))
    desk.tick()
    assert escalated(desk) == []
    desk.take(raw("1", URGENT))  # its author has changed it
    assert desk.case(1).priority is Priority.URGENT
    desk.tick()
    assert escalated(desk) == ["#leads"], "nobody has had it for eight days"


def test_by_hand_first_and_by_the_ladder_all_the_same(desk: Desk) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.do("kim", "escalate 1 press")
    before = len(told(desk))
    desk.later(minutes=20)
    for _ in range(2):
        desk.tick()
    assert escalated(desk) == ["#leads"]
    assert desk.case(1).escalated_at == NOW
    assert [(channel, body["ping"]) for channel, body in told(desk)[before:]] == [("#leads", "ana")]


def test_by_the_ladder_first_and_by_hand_to_another_channel(desk: Desk) -> None:
    ladder(desk, replace(RUNG, channel="local:#board"))
    high(desk)
    desk.later(minutes=20)
    desk.tick()
    assert desk.say("kim", "escalate 1 press") == "#1 is escalated to #leads."
    assert desk.keys("card:1:local:#leads")
    assert "already escalated" in desk.say("kim", "escalate 1 press")


def test_without_a_channel_people_are_called_where_it_stands(desk: Desk) -> None:
    ladder(desk, replace(RUNG, channel="", ping=("mia", "on-duty", "care-leads", "press")))
    high(desk)
    desk.later(minutes=20)
    desk.tick()
    assert escalated(desk) == [""]
    found = [(channel, body["ping"], body.get("group", "")) for channel, body in told(desk)]
    assert found == [("#alerts", "mia", "care-leads"), ("#alerts", "ana", "press")]


def test_that_nobody_is_on_duty_is_said(desk: Desk) -> None:
    ladder(desk, RUNG)
    desk.change_policy(duty=Duty(("ana",), "2026-12-01 09:00"))
    high(desk)
    desk.later(minutes=15)
    desk.tick()
    ((_, body),) = told(desk)
    assert (body["words"], body["ping"]) == ("Nobody has taken #1 for 15 min. Nobody is on duty.", "")


def test_on_the_business_clock_the_night_does_not_count(desk: Desk) -> None:
    ladder(desk, replace(RUNG, after=timedelta(hours=1)), sla=Sla(business=(Priority.HIGH,)))
    desk.now = at("2026-11-20 16:30")  # a Friday
    desk.take(raw("1", HIGH, published_at=desk.now), raw("2", URGENT, published_at=desk.now))
    assert [case.priority for case in desk.cases()] == [Priority.HIGH, Priority.URGENT]
    desk.later(hours=1)
    desk.tick()
    assert (escalated(desk, 1), escalated(desk, 2)) == ([], ["#leads"]), "urgent ones are on the wall clock"
    desk.now = at("2026-11-23 09:29")
    desk.tick()
    assert escalated(desk, 1) == []
    desk.later(minutes=1)
    desk.tick()
    assert escalated(desk, 1) == ["#leads"]
    assert told(desk)[-1][1]["words"] == "Nobody has taken #1 for 1 h in business hours."


def test_what_is_long_past_is_left_to_the_queue(desk: Desk) -> None:
    high(desk)
    desk.later(days=9)
    ladder(desk, RUNG)
    desk.tick()
    assert escalated(desk) == []


def test_in_quiet_hours_a_rung_waits_unless_it_is_urgent(desk: Desk) -> None:
    quiet = (Route("local:#alerts"), Route("local:#leads", min_priority=Priority.URGENT, quiet="20:00-08:00"))
    ladder(desk, RUNG, routes=quiet)
    desk.now = at("2026-11-23 23:00")
    desk.take(raw("1", HIGH, published_at=desk.now), raw("2", URGENT, published_at=desk.now))
    desk.later(minutes=20)
    desk.tick()
    assert (escalated(desk, 1), escalated(desk, 2)) == ([], ["#leads"])
    desk.now = at("2026-11-24 08:00")
    desk.tick()
    assert escalated(desk, 1) == ["#leads"]


def test_a_call_that_is_overtaken_on_its_way_is_not_sent(desk: Desk) -> None:
    ladder(desk, RUNG)
    high(desk)
    desk.later(minutes=15)
    desk.tick()
    (row,) = desk.store.engine.rows("select subject, body from deliveries where body <> ''")
    assert isinstance(draw(desk.ctx, row["subject"], row["body"]), Notice)
    desk.do("kim", "claim 1")
    assert draw(desk.ctx, row["subject"], row["body"]) is None


def test_a_new_rule_calls_nobody_for_what_has_waited_for_days(desk: Desk) -> None:
    high(desk)
    desk.later(days=2)
    ladder(desk, RUNG)
    desk.tick()
    assert escalated(desk) == []


def test_what_a_long_quiet_weekend_kept_back_is_told_when_it_ends(desk: Desk) -> None:
    quiet = (Route("local:#alerts"), Route("local:#leads", quiet="outside business hours"))
    ladder(desk, RUNG, routes=quiet)
    desk.now = at("2026-11-20 18:00")  # a Friday
    desk.take(raw("1", HIGH, published_at=desk.now))
    desk.now = at("2026-11-23 08:59")
    desk.tick()
    assert escalated(desk) == []
    desk.later(minutes=1)
    desk.tick()
    assert escalated(desk) == ["#leads"]


def test_of_many_the_worst_come_first_and_the_others_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalate, "_MOST", 1)
    ladder(desk, RUNG)
    high(desk)
    desk.take(raw("2", URGENT))
    desk.later(minutes=15)
    found = []
    for _ in range(2):
        desk.tick()
        found.append((escalated(desk, 1), escalated(desk, 2)))
    assert found == [([], ["#leads"]), (["#leads"], ["#leads"])]


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_a_case_that_stood_nowhere_counts_as_alerted_when_it_is_escalated(desk: Desk, is_by_hand: bool) -> None:
    ladder(desk, *() if is_by_hand else (RUNG,), routes=())
    high(desk)
    assert desk.case(1).alerted_at is None
    desk.later(minutes=15)
    if is_by_hand:
        desk.do("kim", "escalate 1 press")
    desk.tick()
    assert desk.case(1).alerted_at == desk.now
