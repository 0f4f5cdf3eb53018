"""Each briefing once: over downtime, restarts, two programs on one file, and clocks that are wrong."""

import random
import shutil
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.briefings import draw
from handlers.jobs import briefing
from handlers.rules.policy import BusinessHours, Member
from handlers.rules.slots import MOST, moment
from storage.schedules import Schedule
from storage.store import open_storage
from storage.tallies import Cell
from storage.types import Lane, Window, to_text
from tests.kit import POLICY, Desk

BEGAN = datetime(2026, 10, 20, 12, tzinfo=UTC)  # before the clocks of Europe change
DAY = timedelta(days=1)


def add(desk: Desk, every: str = "daily", at: str = "08:30", **fields: Any) -> Schedule:
    told: dict[str, Any] = {
        "id": 0, "every": every, "day": 0, "at": time.fromisoformat(at), "zone": "Europe/Berlin", "chat": "local",
        "channel": "#leadership", "brand": "", "language": "", "created_by": "mia", "created_at": desk.now,
    }  # fmt: skip
    return desk.store.schedules.add(Schedule(**(told | fields)))


def tick(desk: Desk) -> int:
    with desk.store.transaction():
        return briefing.run(desk.ctx)


def at(desk: Desk, text: str) -> Desk:
    desk.now = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    return desk


def rows(desk: Desk, number: int = 1) -> dict[str, str]:
    return {str(slot.local_date): slot.status for slot in desk.store.schedules.slots(number)}


def covered(desk: Desk, number: int = 1) -> list[Window]:
    return [slot.covers for slot in desk.store.schedules.slots(number) if slot.covers is not None]


def test_it_comes_at_its_time_once_and_before_the_cards_of_a_storm(desk: Desk) -> None:
    at(desk, "2026-11-22 14:00")
    add(desk)
    assert tick(at(desk, "2026-11-23 08:29:59")) == 0
    assert tick(at(desk, "2026-11-23 08:30")) == 1
    assert tick(desk) == tick(at(desk, "2026-11-23 23:59")) == 0
    (post,) = desk.store.deliveries.due(desk.now, 10)
    assert (post.key, post.subject) == ("briefing:1:2026-11-23", "briefing:1:2026-11-23")
    assert (post.chat, post.channel, post.lane) == ("local", "#leadership", Lane.STATE)
    assert covered(desk) == [Window(datetime(2026, 11, 21, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))]


def test_one_that_is_added_today_starts_with_the_next_and_covers_one_period(desk: Desk) -> None:
    at(desk, "2026-11-23 14:00")  # a Monday
    for every, day in (("daily", 0), ("weekly", 0), ("monthly", 1), ("working days", 0)):
        add(desk, every, day=day)
    assert tick(desk) == 0
    at(desk, "2026-12-01 09:00")
    assert tick(desk) == 4
    first = [covered(desk, number)[0] for number in (1, 2, 3, 4)]
    assert [str(window.start.astimezone(ZoneInfo("Europe/Berlin")))[:16] for window in first] == [
        "2026-11-23 00:00",  # the first of eight that were missed: Tuesday's, about Monday
        "2026-11-23 00:00",
        "2026-11-01 00:00",
        "2026-11-23 00:00",
    ]


def test_after_downtime_the_newest_covers_the_older_ones(desk: Desk) -> None:
    at(desk, "2026-11-19 07:00")
    add(desk)
    tick(at(desk, "2026-11-20 09:00"))
    assert tick(at(desk, "2026-11-23 07:00")) == 1
    assert rows(desk) == {
        "2026-11-19": "merged", "2026-11-20": "posted", "2026-11-21": "merged", "2026-11-22": "posted",
    }  # fmt: skip
    assert desk.keys("briefing") == ["briefing:1:2026-11-20", "briefing:1:2026-11-22"]
    assert [window.length / DAY for window in covered(desk)] == [2, 2]
    assert covered(desk)[0].end == covered(desk)[1].start


def test_after_forty_days_it_covers_them_all_and_writes_a_months_rows(desk: Desk) -> None:
    add(at(desk, "2026-09-30 12:00"))
    tick(at(desk, "2026-10-01 09:00"))
    assert tick(at(desk, "2026-11-10 09:00")) == 1
    assert [window.length / DAY for window in covered(desk)] == [1, 40 + 1 / 24]  # and an hour: the clocks went back
    assert len(rows(desk)) == 1 + MOST


def test_a_holiday_that_is_named_later_leaves_no_hole(desk: Desk) -> None:
    add(at(desk, "2026-11-19 12:00"), "working days")
    tick(at(desk, "2026-11-20 09:00"))
    tick(at(desk, "2026-11-23 09:00"))
    desk.change_policy(business_hours=BusinessHours(closed=("2026-11-23",)))
    tick(at(desk, "2026-11-24 09:00"))
    assert [window.length / DAY for window in covered(desk)] == [1, 3, 1]


def test_mondays_working_day_covers_the_weekend_and_a_holiday_is_none(desk: Desk) -> None:
    desk.change_policy(business_hours=BusinessHours(closed=("2026-11-25",)))
    add(at(desk, "2026-11-19 12:00"), "working days")
    for day in range(20, 28):
        tick(at(desk, f"2026-11-{day} 08:30"))
    assert list(rows(desk)) == ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-26", "2026-11-27"]
    assert [window.length / DAY for window in covered(desk)] == [1, 3, 1, 2, 1]


def test_a_team_that_never_works_has_its_working_days_all_the_same(desk: Desk) -> None:
    desk.change_policy(business_hours=BusinessHours(days={}))
    add(at(desk, "2026-11-19 12:00"), "working days")
    assert tick(at(desk, "2026-11-20 08:30")) == 1


def test_a_removed_one_comes_no_more_and_not_if_it_waits_to_be_posted(desk: Desk) -> None:
    add(at(desk, "2026-11-22 12:00"))
    tick(at(desk, "2026-11-23 09:00"))
    assert desk.drawn("briefing:1:2026-11-23")
    assert desk.store.schedules.remove(1, "mia", desk.now)
    assert not desk.store.schedules.remove(1, "mia", desk.now)
    assert tick(at(desk, "2026-11-24 09:00")) == 0
    assert draw(desk.ctx, 1, date(2026, 11, 23)) is None, "one that still waits to be posted is not"


def test_whoever_left_gets_none_and_all_of_it_when_she_is_back(desk: Desk) -> None:
    add(at(desk, "2026-11-20 12:00"), channel="@zoe")
    assert tick(at(desk, "2026-11-21 09:00")) == tick(at(desk, "2026-11-22 09:00")) == 0
    desk.change_policy(members=(*POLICY.members, Member("zoe")))
    assert tick(at(desk, "2026-11-23 09:00")) == 1
    assert [window.length / DAY for window in covered(desk)] == [3]


def test_whoever_has_no_role_any_more_gets_none(desk: Desk) -> None:
    add(at(desk, "2026-11-20 12:00"), channel="@zoe")
    desk.change_policy(members=(*POLICY.members, Member("zoe", roles=())))
    assert tick(at(desk, "2026-11-21 09:00")) == 0


def test_a_zone_that_is_not_known_here_stops_nobody_else(desk: Desk) -> None:
    at(desk, "2026-11-22 12:00")
    add(desk, zone="Mars/Olympus")
    add(desk)
    assert tick(at(desk, "2026-11-23 09:00")) == 1
    assert rows(desk, 1) == {}


def test_a_clock_that_is_a_year_ahead_writes_little_and_nothing_is_missed_when_it_is_right_again(desk: Desk) -> None:
    add(at(desk, "2026-11-22 12:00"))
    tick(at(desk, "2026-11-23 09:00"))
    assert tick(at(desk, "2027-11-23 09:00")) == 1
    assert len(rows(desk)) <= MOST + 1
    for day in (24, 25, 28):
        assert tick(at(desk, f"2026-11-{day} 09:00")) == 1
    assert rows(desk) == {
        "2026-11-23": "posted", "2026-11-24": "posted", "2026-11-25": "posted", "2026-11-26": "merged",
        "2026-11-27": "merged", "2026-11-28": "posted", "2027-11-23": "posted",
    }  # fmt: skip
    right = covered(desk)[:4]
    assert all(before.end == after.start for before, after in pairwise(right))
    assert [window.length / DAY for window in right] == [1, 1, 1, 3]


def test_a_clock_that_was_a_year_behind_posts_nothing_again(desk: Desk) -> None:
    add(at(desk, "2026-11-22 12:00"))
    tick(at(desk, "2026-11-23 09:00"))
    assert tick(at(desk, "2025-11-23 09:00")) == 0
    assert tick(at(desk, "2026-11-23 09:00")) == 0
    assert tick(at(desk, "2026-11-24 09:00")) == 1


KINDS = (
    ("daily", 0, "00:30", "Europe/Berlin"), ("daily", 0, "02:30", "Europe/Berlin"),
    ("daily", 0, "00:00", "America/Santiago"), ("daily", 0, "02:15", "Australia/Lord_Howe"),
    ("working days", 0, "08:30", "America/New_York"), ("weekly", 6, "01:30", "Europe/Berlin"),
    ("monthly", 31, "00:15", "Africa/Cairo"),
)  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("pass"), st.integers(0, 1), st.integers(0, 3 * 86_400)),  # seconds of true time
    st.tuples(st.just("jump"), st.integers(0, 1), st.integers(-86_400, 86_400)),  # of one program's clock
    st.tuples(st.just("tick"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("restart"), st.integers(0, 1), st.just(0)),
)


def expected(schedule: Schedule, since: datetime, until: datetime) -> list[date]:
    """Its dates that have come, by walking over all days."""
    zone, found = ZoneInfo(schedule.zone), []
    day = since.date() - 2 * DAY
    while day <= until.date() + DAY:
        fits = {
            "daily": True,
            "working days": day.weekday() < 5,
            "weekly": day.weekday() == schedule.day,
            "monthly": (day + DAY).day == 1,
        }[schedule.every]
        if fits and since < moment(day, schedule.at, zone) <= until:
            found.append(day)
        day += DAY
    return found


@pytest.mark.long
@given(steps=st.lists(STEP, max_size=25))
@settings(max_examples=60, deadline=None)
def test_each_once_whatever_the_clocks_of_two_programs_do(template: Path, steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(template, Path(folder) / "slots.db"))
        desks = [_program(path), _program(path)]
        schedules = [
            add(desks[0], every, at, day=day, zone=zone, created_at=BEGAN - DAY) for every, day, at, zone in KINDS
        ]
        offsets, true = [timedelta(), timedelta()], BEGAN
        latest = true
        for act, which, amount in [*steps, ("pass", 0, 0)]:
            if act == "pass":
                true += timedelta(seconds=amount)
            elif act == "jump":
                offsets[which] = timedelta(seconds=amount)
            elif act == "restart":
                desks[which].store.close()
                desks[which] = _program(path)
            desks[which].now = true + offsets[which]
            latest = max(latest, desks[which].now)
            if act == "tick":
                tick(desks[which])
                _nothing_is_early(desks[which], schedules)
        for desk in desks:  # the clocks are right again
            desk.now = latest
            tick(desk)
        for schedule in schedules:
            _each_once(desks[1], schedule, latest)
        for desk in desks:
            desk.store.close()


def _program(path: Path) -> Desk:
    store = open_storage(path)
    store.engine.run("pragma synchronous = off")
    return Desk(store, now=BEGAN)


def _nothing_is_early(desk: Desk, schedules: list[Schedule]) -> None:
    """What this program wrote in this tick was due by its own clock."""
    for schedule in schedules:
        for slot in desk.store.schedules.slots(schedule.id):
            if to_text(slot.at) == to_text(desk.now):
                assert moment(slot.local_date, schedule.at, ZoneInfo(schedule.zone)) <= desk.now


def _each_once(desk: Desk, schedule: Schedule, until: datetime) -> None:
    found = desk.store.schedules.slots(schedule.id)
    dates = expected(schedule, schedule.created_at, until)
    come = [slot.local_date for slot in found if slot.local_date <= max(dates, default=date.min)]
    assert come == (dates if len(dates) <= MOST else dates[-len(come) :])
    posted = [slot for slot in found if slot.status == "posted"]
    keys = [f"briefing:{schedule.id}:{slot.local_date}" for slot in posted]
    assert sorted(desk.keys(f"briefing:{schedule.id}:")) == keys
    windows = [slot.covers for slot in posted if slot.covers is not None]
    assert len(windows) == len(posted)
    assert all(before.end == after.start for before, after in pairwise(windows))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo"])
def test_the_briefings_of_a_year_add_up_to_all_mentions(desk: Desk, zone: str) -> None:
    rng = random.Random(7)
    desk.store.engine.run("pragma synchronous = off")
    desk.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    kinds = (("daily", 0), ("working days", 0), ("weekly", 0), ("monthly", 31), ("quarterly", 1))
    for every, day in kinds:
        add(desk, every, "00:30", day=day, zone=zone)
    moments = [desk.now + rng.random() * 365 * DAY for _ in range(1_500)]
    desk.store.tallies.add([Cell(to_text(one), ("Heron Air",), 1, "neutral", 1) for one in moments])
    while desk.now < datetime(2027, 1, 2, tzinfo=UTC):
        tick(desk)
        desk.later(hours=rng.choice((6, 6, 6, 12, 80)))  # sometimes down for days
    for number in range(1, len(kinds) + 1):
        windows = covered(desk, number)
        told = sum(desk.store.tallies.sums(window).mentions for window in windows)
        assert told == sum(1 for one in moments if windows[0].start <= one < windows[-1].end)
        assert told > 1_000
        assert all(before.end == after.start for before, after in pairwise(windows))
