"""When a briefing is due: one slot per local date, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import slots
from handlers.rules.slots import EVERY, MOST, Rhythm, due, following, midnight, moment

ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Beirut",
    "America/St_Johns", "Antarctica/Troll", "Pacific/Chatham", "Africa/Casablanca",
)  # fmt: skip
TIMES = (time(0), time(0, 15), time(0, 30), time(1, 30), time(2), time(2, 30), time(3), time(8, 30), time(23, 45))
FIRST, DAYS = date(2025, 1, 1), 3 * 365
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@pytest.mark.long
@pytest.mark.parametrize("name", ZONES)
def test_each_date_has_the_first_instant_at_which_its_clocks_have_reached_the_time(name: str) -> None:
    zone = ZoneInfo(name)
    for at in TIMES:
        moments = []
        for ahead in range(DAYS):
            told = datetime.combine(FIRST + ahead * DAY, at)
            found = moment(told.date(), at, zone)
            assert wall(found, zone) >= told
            assert wall(found - SECOND, zone) < told
            assert all(wall(found - timedelta(minutes=early), zone) < told for early in (30, 60, 120))
            moments.append(found)
        assert all(timedelta(hours=21) < after - before < timedelta(hours=27) for before, after in pairwise(moments))


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "01:00"),  # 02:00 becomes 03:00
        ("Europe/Berlin", "2026-03-30", "00:30", "2026-03-29 22:30"),  # the day after, which schedulers have skipped
        ("Europe/Berlin", "2026-10-25", "02:30", "00:30"),  # comes twice; the first
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03 15:30"),  # half an hour is skipped
        ("America/Santiago", "2026-09-06", "00:00", "04:00"),  # there is no midnight
        ("America/Santiago", "2026-09-06", "00:30", "04:00"),
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23 22:00"),
        ("Asia/Beirut", "2026-03-29", "00:00", "2026-03-28 22:00"),
        ("Antarctica/Troll", "2026-03-29", "02:00", "01:00"),  # two hours are skipped
        ("Asia/Kathmandu", "2026-03-29", "08:30", "02:45"),
        ("Pacific/Apia", "2011-12-30", "08:30", "2011-12-30 10:00"),  # a whole day is skipped
    ],
)
def test_hours_that_are_skipped_or_repeated(zone: str, day: str, at: str, utc: str) -> None:
    expected = datetime.fromisoformat(utc if " " in utc else f"{day} {utc}").replace(tzinfo=UTC)
    assert moment(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone)) == expected


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("day", [0, 4, 6, 1, 29, 31])
def test_the_dates_of_a_rhythm_before_and_after_are_neighbours(every: str, day: int) -> None:
    rhythm = Rhythm(every, day % 7 if every == "weekly" else day)
    dates = [
        FIRST + ahead * DAY for ahead in range(DAYS) if rhythm.at_or_before(FIRST + ahead * DAY) == FIRST + ahead * DAY
    ]
    count = {"daily": DAYS, "working days": 783, "weekly": 157, "monthly": 36, "quarterly": 12, "annual": 3}[every]
    assert abs(len(dates) - count) <= 1
    for before, after in pairwise(dates):
        assert (rhythm.before(after), rhythm.after(before)) == (before, after)
        assert rhythm.at_or_before(after - DAY) == before


def test_the_31st_is_the_last_day_of_each_month_and_a_leap_day_is_one() -> None:
    last = Rhythm("monthly", 31)
    assert last.at_or_before(date(2024, 3, 5)) == date(2024, 2, 29)
    assert last.after(date(2025, 1, 31)) == date(2025, 2, 28)
    assert Rhythm("monthly", 30).after(date(2026, 1, 30)) == date(2026, 2, 28)
    assert Rhythm("annual", 31).after(date(2026, 1, 31)) == date(2027, 1, 31)
    assert Rhythm("quarterly", 15).after(date(2026, 1, 15)) == date(2026, 4, 15)


def test_working_days_are_those_that_somebody_says_are() -> None:
    holidays = {date(2026, 12, 25), date(2027, 1, 1)}
    rhythm = Rhythm("working days", is_working=lambda day: day.weekday() < 5 and day not in holidays)
    assert rhythm.after(date(2026, 12, 24)) == date(2026, 12, 28)
    assert rhythm.before(date(2026, 12, 28)) == date(2026, 12, 24)
    assert Rhythm("working days", is_working=lambda _: False).after(date(2026, 12, 24)) is None
    assert (
        list(due(Rhythm("working days", is_working=lambda _: False), time(8), BERLIN, _now("2026-12-24"), LONG_AGO))
        == []
    )


def _now(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_is_due_is_told_newest_first_since_it_was_added() -> None:
    found = list(due(Rhythm("daily"), time(8, 30), BERLIN, _now("2026-11-23 07:30"), _now("2026-11-20 09:00")))
    assert found == [date(2026, 11, 23), date(2026, 11, 22), date(2026, 11, 21)]
    early = list(due(Rhythm("daily"), time(8, 30), BERLIN, _now("2026-11-23 07:29:59"), _now("2026-11-20 09:00")))
    assert early == found[1:]
    assert list(due(Rhythm("daily"), time(8, 30), BERLIN, _now("2026-11-23 07:30"), _now("2026-11-23 07:30"))) == []


def test_a_clock_that_is_years_ahead_asks_for_no_more_than_a_month() -> None:
    assert len(list(due(Rhythm("daily"), time(8, 30), BERLIN, _now("2036-11-23 12:00"), _now("2026-11-20")))) == MOST


@given(
    every=st.sampled_from(EVERY),
    day=st.integers(1, 31),
    at=st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    name=st.sampled_from(ZONES),
    now=st.integers(0, 8 * 366 * 86_400).map(lambda ahead: _now("2024-01-01") + ahead * SECOND),
)
@settings(max_examples=150, deadline=None)
def test_what_follows_becomes_due_and_nothing_lies_between(
    every: str, day: int, at: time, name: str, now: datetime
) -> None:
    rhythm, zone = Rhythm(every, day % 7 if every == "weekly" else day), ZoneInfo(name)
    newest = next(due(rhythm, at, zone, now, LONG_AGO))
    upcoming = following(rhythm, at, zone, now)
    assert upcoming is not None
    comes = moment(upcoming, at, zone)
    assert moment(newest, at, zone) <= now < comes
    assert rhythm.after(newest) == upcoming
    assert next(due(rhythm, at, zone, comes, LONG_AGO)) == upcoming
    assert next(due(rhythm, at, zone, comes - SECOND, LONG_AGO)) == newest


@pytest.mark.parametrize("name", ZONES)
def test_days_from_midnight_to_midnight_add_up_and_begin_at_a_quarter(name: str) -> None:
    zone = ZoneInfo(name)
    edges = [midnight(FIRST + ahead * DAY, zone) for ahead in range(DAYS + 1)]
    assert sum((after - before for before, after in pairwise(edges)), timedelta()) == edges[-1] - edges[0]
    assert all(edge.minute % 15 == edge.second == edge.microsecond == 0 for edge in edges)


def test_a_moment_is_remembered_for_its_own_zone() -> None:
    slots.moment.cache_clear()
    assert moment(FIRST, time(8), ZoneInfo("Asia/Tokyo")) != moment(FIRST, time(8), BERLIN)
