"""Who is on duty: turns at the same time of day all year, swaps, and the sentence that says so."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import duty
from handlers.rules.policy import Duty, Policy, Swap
from tests.kit import POLICY

BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = Duty(("ana", "bo", "kim"), "2026-11-02 09:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def team(roster: Duty, **fields: object) -> Policy:
    return replace(POLICY, duty=roster, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Now:
    policy: Policy
    now: datetime


def words(roster: Duty, now: str) -> str:
    return duty.words(Now(team(roster), at(now)))


@pytest.mark.parametrize(
    ("now", "who"),
    [
        ("2026-11-02 08:59", ""),
        ("2026-11-02 09:00", "ana"),
        ("2026-11-09 08:59", "ana"),
        ("2026-11-09 09:00", "bo"),
        ("2026-11-16 09:00", "kim"),
        ("2026-11-23 09:00", "ana"),
        ("2027-03-29 08:59", "kim"),  # the day before, clocks went forward: the hand-over is at 09:00 all the same
        ("2027-03-29 09:00", "ana"),
        ("2027-11-01 08:59", "ana"),  # and back
        ("2027-11-01 09:00", "bo"),
    ],
)
def test_the_rota_turns_at_its_time_of_day_all_year(now: str, who: str) -> None:
    assert duty.on_duty(team(WEEKLY), at(now)) == who


def test_nobody_is_on_duty_without_a_roster() -> None:
    assert duty.on_duty(POLICY, at("2026-11-23 10:00")) == ""
    assert duty.words(Now(POLICY, at("2026-11-23 10:00"))) == ""


def test_a_hand_over_at_a_time_that_does_not_exist_or_exists_twice() -> None:
    nightly = Duty(("ana", "bo"), "2026-03-28 02:30", timedelta(days=1))
    assert duty.on_duty(team(nightly), at("2026-03-29 01:59")) == "ana"
    assert duty.on_duty(team(nightly), at("2026-03-29 03:00")) == "bo", "02:30 is skipped"
    autumn = team(Duty(("ana", "bo"), "2026-10-24 02:30", timedelta(days=1)))
    first = at("2026-10-25 02:30")  # of two
    names = [duty.on_duty(autumn, first + timedelta(minutes=minute)) for minute in range(-60, 180)]
    assert names == ["ana"] * 60 + ["bo"] * 180, "the hand-over is not taken back when the hour is repeated"


@given(st.integers(1_440, 1_000_000), st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_everybody_has_her_turn(minutes: int, days: int) -> None:
    moment = datetime.fromisoformat("2026-11-02 09:00") + timedelta(minutes=minutes)
    roster = team(Duty(("ana", "bo", "kim"), "2026-11-02 09:00", timedelta(days=days)))
    now = moment.replace(tzinfo=BERLIN).astimezone(UTC)
    later = (moment + 3 * timedelta(days=days)).replace(tzinfo=BERLIN).astimezone(UTC)
    assert duty.on_duty(roster, now) == duty.on_duty(roster, later)
    assert len({duty.on_duty(roster, now + turn * timedelta(days=days)) for turn in range(3)}) >= 2


def test_a_swap_wins_while_it_lasts() -> None:
    roster = replace(WEEKLY, swaps=(Swap("mia", "2026-11-24 12:00", "2026-11-25 12:00"),))
    names = [duty.on_duty(team(roster), at(f"2026-11-{day} 12:00")) for day in (23, 24, 25)]
    assert names == ["ana", "mia", "ana"]
    assert duty.on_duty(team(roster), at("2026-11-25 11:59")) == "mia"


def test_a_swap_without_a_rota() -> None:
    alone = Duty(swaps=(Swap("mia", "2026-11-24 12:00", "2026-11-25 12:00"),))
    assert duty.on_duty(team(alone), at("2026-11-24 13:00")) == "mia"
    assert words(alone, "2026-11-23 13:00") == "On duty: nobody until Tue 24 Nov 12:00, then Mia."


def test_who_has_left_the_team_is_passed_over() -> None:
    gone = tuple(replace(one, roles=()) if one.name == "ana" else one for one in POLICY.members)
    assert duty.on_duty(team(WEEKLY, members=gone), at("2026-11-23 10:00")) == "bo"
    assert duty.on_duty(team(WEEKLY, members=()), at("2026-11-23 10:00")) == ""
    stand_in = replace(WEEKLY, rota=("kim",), swaps=(Swap("ana", "2026-11-23 09:00", "2026-11-25 12:00"),))
    assert duty.on_duty(team(stand_in, members=gone), at("2026-11-23 10:00")) == "kim"


def test_the_sentence() -> None:
    assert words(WEEKLY, "2026-11-23 10:00") == "On duty: Ana until Mon 30 Nov 09:00, then Bo."
    assert words(WEEKLY, "2026-11-30 08:00") == "On duty: Ana until 09:00, then Bo."
    assert words(WEEKLY, "2026-10-30 08:00") == "On duty: nobody until Mon 2 Nov 09:00, then Ana."
    assert words(replace(WEEKLY, rota=("ana",)), "2026-11-23 10:00") == "On duty: Ana."
    twice = replace(WEEKLY, rota=("ana", "ana", "bo"))
    assert words(twice, "2026-11-03 10:00") == "On duty: Ana until Mon 16 Nov 09:00, then Bo."
    swapped = replace(WEEKLY, swaps=(Swap("mia", "2026-11-24 12:00", "2026-11-25 12:00"),))
    assert words(swapped, "2026-11-23 10:00") == "On duty: Ana until Tue 24 Nov 12:00, then Mia."
    assert words(swapped, "2026-11-24 13:00") == "On duty: Mia until Wed 25 Nov 12:00, then Ana."
