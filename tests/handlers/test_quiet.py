"""Quiet hours: urgent ones come at once, the others in one message when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers import cases
from handlers.cards import Screen
from handlers.jobs import digest
from handlers.messages import draw
from handlers.rules.policy import Duty, Route, Sla
from storage.types import Lane, Priority
from tests.kit import TROUBLES, Desk, raw, with_number

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = "20:00-08:00"
QUESTIONS = (
    "@heron how do I get into the lounge in Lyon on Sundays?",
    "@heron can you take a folded bicycle on a night flight?",
    "@heron please help, where is the baggage desk in Porto?",
    "@heron is there a vegan meal on the early flight to Malaga?",
)
URGENT = "Heron: the armrest exploded, my hand is burned, I will sue"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.fixture
def night(desk: Desk) -> Desk:
    """A team whose channel is quiet at night, on a Monday at 23:00."""
    desk.change_policy(routes=(Route("local:#alerts", quiet=NIGHTS),))
    desk.now = at("2026-11-23 23:00")
    return desk


def take(desk: Desk, native_id: str, text: str, **fields: Any) -> None:
    desk.take(raw(native_id, text, published_at=desk.now, **fields))


def leaving(desk: Desk) -> list[str]:
    """What would be posted now."""
    due = desk.store.deliveries.due(desk.now, 100)
    return [with_number(one.key, one.subject) for one in due if one.action == "post" and not one.parent]


def batch(desk: Desk) -> Screen:
    (key,) = desk.keys("digest:")
    drawing = draw(desk.ctx, key, "")
    assert isinstance(drawing, Screen)
    return drawing


def test_what_comes_at_night_comes_in_one_message_in_the_morning(night: Desk) -> None:
    for number, question in enumerate(QUESTIONS):
        take(night, str(number), question)
        night.later(minutes=90)
        night.tick()
    assert night.keys() == []
    night.now = at("2026-11-24 07:59:59")
    night.tick()
    assert night.keys() == []
    night.now = at("2026-11-24 08:00")
    for _ in range(2):
        night.tick()
    assert leaving(night) == ["digest:1"]
    assert batch(night).title == "While it was quiet: 4 cases"
    assert len(batch(night).rows) == 4


def test_an_urgent_one_passes_at_once(night: Desk) -> None:
    take(night, "1", URGENT)
    take(night, "2", TROUBLES[0])
    assert [case.priority for case in night.cases()] == [Priority.URGENT, Priority.HIGH]
    assert leaving(night) == ["card:1:local:#alerts"]


def test_by_day_cards_come_at_once(night: Desk) -> None:
    for hour, keys in (("07:59", []), ("08:00", ["card:2:local:#alerts"]), ("19:59", ["card:2:local:#alerts"])):
        night.now = at(f"2026-11-24 {hour}")
        take(night, hour, QUESTIONS[("07:59", "08:00", "19:59").index(hour)])
        assert leaving(night)[:1] == keys


def test_a_case_that_gets_urgent_at_night_gets_its_card_at_once_and_leaves_the_batch(night: Desk) -> None:
    take(night, "1", QUESTIONS[0])
    take(night, "2", QUESTIONS[1])
    night.later(hours=1)
    take(night, "1", URGENT)  # its author has changed it
    assert night.case(1).priority is Priority.URGENT
    assert leaving(night) == ["card:1:local:#alerts"]
    night.now = at("2026-11-24 08:00")
    night.tick()
    assert batch(night).title == "While it was quiet: 1 case"


def test_a_case_that_gets_worse_without_being_urgent_stays_in_the_batch_once(night: Desk) -> None:
    take(night, "1", QUESTIONS[0])
    take(night, "2", QUESTIONS[0], followers=5_000_000)
    assert night.case(1).priority is Priority.HIGH
    night.now = at("2026-11-24 03:30")
    night.tick()
    assert leaving(night) == []
    night.now = at("2026-11-24 08:00")
    night.tick()
    assert leaving(night) == ["digest:1"]
    assert "#1 high" in batch(night).rows[0].heading


def test_a_claim_at_night_gives_it_its_card(night: Desk) -> None:
    take(night, "1", QUESTIONS[0])
    night.do("ana", "claim 1")
    assert leaving(night) == ["card:1:local:#alerts"]
    night.now = at("2026-11-24 08:00")
    night.tick()
    assert "digest:1" not in leaving(night) or draw(night.ctx, "digest:1", "") is None


def test_outside_business_hours(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", quiet="outside business hours"),))
    desk.now = at("2026-11-20 17:00")  # a Friday
    take(desk, "1", QUESTIONS[0])
    desk.now = at("2026-11-22 12:00")
    take(desk, "2", QUESTIONS[1])
    desk.now = at("2026-11-23 08:59:59")
    desk.tick()
    assert leaving(desk) == []
    desk.later(seconds=1)
    desk.tick()
    assert leaving(desk) == ["digest:1"]
    assert batch(desk).title == "While it was quiet: 2 cases"
    take(desk, "3", QUESTIONS[2])
    assert "card:3:local:#alerts" in leaving(desk)


def test_several_quiet_stretches_and_the_night_when_clocks_change(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", quiet="12:00-13:00, 22:00-06:00"),))
    for now, due, question in (
        ("2026-03-28 23:00", "2026-03-29 06:00", QUESTIONS[0]),
        ("2026-10-24 23:00", "2026-10-25 06:00", QUESTIONS[1]),
        ("2026-10-26 05:59", "2026-10-26 06:00", QUESTIONS[2]),
        ("2026-11-23 12:30", "2026-11-23 13:00", QUESTIONS[3]),
    ):
        desk.now = at(now)
        take(desk, now, question)
        assert desk.store.digests.due(at(due) - timedelta(seconds=1)) == []
        (found,) = desk.store.digests.due(at(due))
        assert found.is_quiet
        desk.store.digests.posted(found.id, at(due))


def test_an_ordinary_digest_that_falls_due_at_night_comes_with_the_rest(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1), quiet=NIGHTS),))
    desk.now = at("2026-11-23 18:45")
    take(desk, "1", QUESTIONS[0])  # due at 19:45
    desk.now = at("2026-11-23 19:30")
    take(desk, "2", QUESTIONS[1])
    desk.now = at("2026-11-23 19:45")
    desk.tick()
    assert leaving(desk) == ["digest:1"]
    take(desk, "3", QUESTIONS[2])  # would be due at 20:45
    desk.now = at("2026-11-23 22:00")
    take(desk, "4", QUESTIONS[3])
    desk.tick()
    assert desk.keys("digest:") == ["digest:1"]
    desk.now = at("2026-11-24 08:00")
    desk.tick()
    assert len(desk.keys("digest:")) == 2
    assert [desk.store.digests.cases(number) for number in (1, 2)] == [[1], [2, 3, 4]]


def test_a_digest_that_was_gathering_when_quiet_hours_were_written_waits_too(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1)),))
    desk.now = at("2026-11-23 19:30")
    take(desk, "1", QUESTIONS[0])
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1), quiet=NIGHTS),))
    desk.now = at("2026-11-23 20:15")
    take(desk, "2", QUESTIONS[1])
    desk.now = at("2026-11-23 20:30")
    desk.tick()
    assert desk.keys("digest:") == []
    desk.now = at("2026-11-24 08:00")
    desk.tick()
    (key,) = desk.keys("digest:")
    assert desk.store.digests.cases(int(key.partition(":")[2])) == [1, 2]


def test_a_route_that_wants_it_at_night_wins(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", quiet=NIGHTS), Route("local:#alerts", brands=("Heron Air",))))
    desk.now = at("2026-11-23 23:00")
    take(desk, "1", QUESTIONS[0])
    assert leaving(desk) == ["card:1:local:#alerts"]


# What the clock says at night


def _notices(desk: Desk) -> list[tuple[str, str]]:
    """When each may leave, and what it says now; what says nothing any more is left out."""
    rows = desk.store.engine.rows("select subject, body, not_before from deliveries where body <> '' order by id")
    drawn = [(row["not_before"][:16], draw(desk.ctx, row["subject"], row["body"])) for row in rows]
    return [(moment, f"{drawing.ping}: {drawing.words}") for moment, drawing in drawn if drawing is not None]  # type: ignore[union-attr]


@pytest.fixture
def evening(night: Desk) -> Desk:
    """A high case whose card was posted at 18:00, due at 22:00; Bo is on duty."""
    night.change_policy(duty=Duty(("bo",), "2026-11-02 09:00"))
    night.now = at("2026-11-23 18:00")
    take(night, "1", TROUBLES[0])
    night.tick()
    return night


def test_at_night_a_late_case_says_so_at_once_and_calls_in_the_morning(evening: Desk) -> None:
    evening.now = at("2026-11-23 22:10")
    evening.tick()
    assert evening.kinds(1)[-1] == "overdue"
    assert evening.card(1).due == "overdue since 22:00"
    assert "redraw:case:1:local:#alerts" in [one.key for one in evening.store.deliveries.due(evening.now, 100)]
    assert _notices(evening) == [("2026-11-24T07:00", "bo: #1 is overdue: an answer was promised by 22:00.")], (
        "08:00 in Berlin"
    )


@pytest.mark.parametrize("line", ["resolve 1 fixed", "snooze 1 2d"])
def test_in_the_morning_nobody_is_called_for_what_was_done_at_night(evening: Desk, line: str) -> None:
    evening.now = at("2026-11-23 22:10")
    evening.tick()
    evening.do("kim", line)
    assert _notices(evening) == []


def test_in_the_morning_whoever_has_it_now_is_called(evening: Desk) -> None:
    evening.now = at("2026-11-23 22:10")
    evening.tick()
    evening.do("kim", "claim 1")
    ((_, words),) = _notices(evening)
    assert words.startswith("kim: #1 is overdue")


def test_an_urgent_late_case_calls_at_once(night: Desk) -> None:
    night.change_policy(duty=Duty(("bo",), "2026-11-02 09:00"))
    take(night, "1", URGENT)
    night.later(hours=1.1)
    night.tick()
    assert _notices(night) == [("2026-11-23T23:06", "bo: #1 is overdue: an answer was promised by 00:00.")]


def test_a_case_of_the_batch_that_gets_late_at_night_stays_in_it_and_one_call_comes_with_it(night: Desk) -> None:
    night.change_policy(duty=Duty(("bo",), "2026-11-02 09:00"))
    take(night, "1", TROUBLES[0])
    take(night, "2", QUESTIONS[1])
    take(night, "3", TROUBLES[4])
    night.now = at("2026-11-24 03:30")
    night.tick()
    assert [night.kinds(number)[-1] for number in (1, 2, 3)] == ["overdue", "opened", "overdue"]
    assert leaving(night) == []
    night.now = at("2026-11-24 08:00")
    for _ in range(2):
        night.tick()
    assert leaving(night) == ["digest:1"]
    assert batch(night).title == "While it was quiet: 3 cases"
    assert "overdue since 03:00" in batch(night).rows[0].heading
    assert _notices(night) == [("2026-11-24T07:00", "bo: #1, #3 are overdue.")]


@pytest.fixture
def digested(night: Desk) -> Desk:
    """A normal case that stood in a digest of the day before, gets late at night, and so has a card that waits."""
    night.change_policy(
        routes=(Route("local:#alerts", digest=timedelta(hours=1), quiet=NIGHTS),), sla=Sla(normal=timedelta(hours=5))
    )
    night.now = at("2026-11-23 18:00")
    take(night, "1", QUESTIONS[0])
    night.now = at("2026-11-23 19:00")
    night.tick()
    night.store.engine.run("update deliveries set state = 'sent'")
    night.now = at("2026-11-23 23:30")
    night.tick()
    assert night.kinds(1)[-1] == "overdue"
    assert leaving(night) == []
    return night


def test_a_card_that_a_late_case_gets_waits_for_the_morning(digested: Desk) -> None:
    digested.now = at("2026-11-24 08:00")
    assert leaving(digested) == ["card:1:local:#alerts"]


def test_it_comes_at_once_when_somebody_claims_the_case(digested: Desk) -> None:
    digested.do("ana", "claim 1")
    assert leaving(digested) == ["card:1:local:#alerts"]


def test_it_comes_at_once_when_the_case_gets_urgent(digested: Desk) -> None:
    take(digested, "1", URGENT)
    assert leaving(digested) == ["card:1:local:#alerts"]


# The promise


def test_friday_1630_and_one_business_hour_is_due_on_monday_at_0930(desk: Desk) -> None:
    one_hour = timedelta(hours=1)
    desk.change_policy(sla=Sla(urgent=one_hour, high=one_hour, business=(Priority.HIGH,)))
    desk.now = at("2026-11-20 16:30")
    take(desk, "1", TROUBLES[0])
    take(desk, "2", URGENT)
    assert desk.card(1).due == "due by Mon 23 Nov 09:30"
    assert desk.card(2).due == "due by 17:30", "urgent ones are on the wall clock"
    desk.now = at("2026-11-23 09:30")
    desk.tick()
    assert "overdue" not in desk.kinds(1)
    desk.later(seconds=1)
    desk.tick()
    assert "overdue" in desk.kinds(1)


def test_a_case_that_is_opened_again_is_promised_on_the_same_clock(desk: Desk) -> None:
    desk.change_policy(sla=Sla(high=timedelta(hours=1), business=(Priority.HIGH,)))
    take(desk, "1", TROUBLES[0])
    desk.do("ana", "resolve 1 fixed")
    desk.now = at("2026-11-27 16:30")
    desk.do("ana", "reopen 1")
    assert desk.case(1).due_at == at("2026-11-30 09:30")


def test_response_and_resolution_are_measured_on_both_clocks(desk: Desk) -> None:
    desk.now = at("2026-11-20 16:30")
    take(desk, "1", TROUBLES[0])
    desk.now = at("2026-11-23 09:30")
    desk.do("ana", "resolve 1 fixed")
    rows = desk.store.engine.rows("select what, bucket from times where grain = 0 and brand = '' order by what")
    buckets = {row["what"]: row["bucket"] for row in rows}
    assert buckets.keys() == {"response", "response, business", "resolution", "resolution, business"}
    assert buckets["response, business"] == buckets["resolution, business"] < buckets["response"]


def test_a_snoozed_case_wakes_as_it_was(desk: Desk) -> None:
    take(desk, "1", TROUBLES[0])
    desk.do("ana", "claim 1")
    desk.do("ana", "snooze 1 2d")
    before = desk.case(1)
    desk.later(days=2)
    desk.tick()
    after = desk.case(1)
    assert after.snoozed_until is None
    for name in ("status", "assignee", "due_at", "priority", "claimed_at"):
        assert getattr(after, name) == getattr(before, name), name


def test_what_is_quiet_and_what_runs_in_business_hours_is_told_in_settings(night: Desk) -> None:
    night.change_policy(sla=Sla(business=(Priority.LOW, Priority.NORMAL)))
    screen = night.do("ana", "settings").screen
    assert screen is not None
    assert "low 3 d; low and normal in business hours." in screen.intro
    assert "quiet 20:00-08:00" in str(screen.rows)


def test_what_is_told_of_a_case_does_not_leave_before_its_card(digested: Desk) -> None:
    digested.later(minutes=30)
    with digested.store.transaction():
        cases.put_in_threads(digested.ctx, 1, "notice:1:x", cases.notice_body("Something happened.", "", 1))
    assert _notices(digested)[-1] == ("2026-11-24T07:00", ": Something happened.")


def test_a_case_of_an_old_digest_that_gets_worse_at_night_comes_in_the_morning(night: Desk) -> None:
    night.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1), quiet=NIGHTS),))
    night.now = at("2026-11-23 14:00")
    take(night, "1", QUESTIONS[0])
    night.later(hours=1)
    night.tick()
    night.store.engine.run("update deliveries set state = 'sent'")
    night.now = at("2026-11-23 21:00")
    take(night, "1", TROUBLES[0])  # its author has changed it
    assert night.case(1).priority is Priority.HIGH
    with night.store.transaction():
        night.now = at("2026-11-24 08:00")
        digest.run(night.ctx)
    assert leaving(night) == ["digest:2"]
    drawing = draw(night.ctx, "digest:2", "")
    assert isinstance(drawing, Screen)
    assert "#1 high" in drawing.rows[0].heading


def test_a_card_that_the_clock_asks_for_lets_people_s_acts_pass(digested: Desk) -> None:
    (card,) = digested.store.deliveries.posts("case:1")
    assert card.lane is Lane.NORMAL
