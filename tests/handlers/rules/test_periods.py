"""Periods as people type them, in local days, also where the clock changes."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from handlers.rules.locales import ENGLISH, read_locale
from handlers.rules.periods import Period, days_period, days_window, read_period, titled
from storage.errors import InvalidInput
from storage.types import Window

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 9, 7, 31, tzinfo=UTC)  # a Monday, 10:07 in Berlin
MINUTE = timedelta(minutes=1)
ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago",
    "America/Havana", "Pacific/Chatham", "Asia/Beirut", "Pacific/Apia", "America/Scoresbysund", "UTC",
)  # fmt: skip
NAMES = (
    "today", "yesterday", "24h", "48h", "7d", "30d", "90d", "week", "last week", "month", "last month", "quarter",
    "last quarter", "year", "last year", "9h", "3d", "1000d",
)  # fmt: skip


def read(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> Period:
    return read_period(text, now, zone)


def local(window: Window, zone: ZoneInfo = BERLIN) -> str:
    start, end = (moment.astimezone(zone) for moment in (window.start, window.end))
    return f"{start:%Y-%m-%d %H:%M} {end:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("typed", "window", "before"),
    [
        ("", "2026-11-23 00:00 2026-11-23 10:15", "2026-11-22 00:00 2026-11-22 10:15"),
        ("Today", "2026-11-23 00:00 2026-11-23 10:15", "2026-11-22 00:00 2026-11-22 10:15"),
        ("yesterday", "2026-11-22 00:00 2026-11-23 00:00", "2026-11-21 00:00 2026-11-22 00:00"),
        ("24h", "2026-11-22 10:15 2026-11-23 10:15", "2026-11-21 10:15 2026-11-22 10:15"),
        ("last 48 hours", "2026-11-21 10:15 2026-11-23 10:15", "2026-11-19 10:15 2026-11-21 10:15"),
        ("7d", "2026-11-16 10:15 2026-11-23 10:15", "2026-11-09 10:15 2026-11-16 10:15"),
        ("week", "2026-11-23 00:00 2026-11-23 10:15", "2026-11-16 00:00 2026-11-16 10:15"),
        ("Last  Week", "2026-11-16 00:00 2026-11-23 00:00", "2026-11-09 00:00 2026-11-16 00:00"),
        ("this month", "2026-11-01 00:00 2026-11-23 10:15", "2026-10-01 00:00 2026-10-23 10:15"),
        ("last month", "2026-10-01 00:00 2026-11-01 00:00", "2026-09-01 00:00 2026-10-01 00:00"),
        ("quarter", "2026-10-01 00:00 2026-11-23 10:15", "2026-07-01 00:00 2026-08-23 10:15"),
        ("last quarter", "2026-07-01 00:00 2026-10-01 00:00", "2026-04-01 00:00 2026-07-01 00:00"),
        ("year", "2026-01-01 00:00 2026-11-23 10:15", "2025-01-01 00:00 2025-11-23 10:15"),
        ("last year", "2025-01-01 00:00 2026-01-01 00:00", "2024-01-01 00:00 2025-01-01 00:00"),
        ("2026-11-15", "2026-11-15 00:00 2026-11-16 00:00", "2026-11-14 00:00 2026-11-15 00:00"),
        ("2026-11-01..2026-11-15", "2026-11-01 00:00 2026-11-16 00:00", "2026-10-17 00:00 2026-11-01 00:00"),
        ("2026-11-01 to 2026-11-15", "2026-11-01 00:00 2026-11-16 00:00", "2026-10-17 00:00 2026-11-01 00:00"),
        ("2026-10-01..2026-10-31", "2026-10-01 00:00 2026-11-01 00:00", "2026-09-01 00:00 2026-10-01 00:00"),
        ("2026-11-21..2026-11-23", "2026-11-21 00:00 2026-11-23 10:15", "2026-11-18 00:00 2026-11-20 10:15"),
    ],
)
def test_what_a_period_is_and_what_stands_before_it(typed: str, window: str, before: str) -> None:
    period = read(typed)
    assert local(period.window) == window
    assert local(period.before) == before


def test_a_month_that_is_longer_than_the_one_before_is_compared_with_all_of_it() -> None:
    period = read("month", datetime(2026, 3, 30, 12, 0, tzinfo=UTC))
    assert local(period.before) == "2026-02-01 00:00 2026-03-01 00:00"


def test_the_usual_of_a_day_is_its_weekday_and_of_a_week_the_weeks_before() -> None:
    monday = read("today")
    assert [local(one) for one in monday.usual] == [
        f"2026-{day} 00:00 2026-{day} 10:15" for day in ("11-16", "11-09", "11-02", "10-26")
    ]
    assert monday.usually == "the usual Monday"
    assert [local(one)[:10] for one in read("last week").usual] == [
        "2026-11-09",
        "2026-11-02",
        "2026-10-26",
        "2026-10-19",
    ]
    assert read("last week").usually == "the usual week"
    assert len(read("24h").usual) == len(read("7d").usual) == 4
    for typed in ("48h", "30d", "month", "quarter", "year", "2026-11-01..2026-11-15"):
        assert read(typed).usual == ()
        assert read(typed).usually == ""


@pytest.mark.parametrize(
    ("typed", "count", "grain"),
    [
        ("1h", 4, "15 minutes"), ("today", 11, "hour"), ("yesterday", 24, "hour"), ("48h", 24, "2 hours"),
        ("3d", 24, "3 hours"), ("last week", 7, "day"), ("last month", 31, "day"), ("5w", 36, "day"),
        ("last quarter", 14, "week"), ("last year", 12, "month"), ("2024-01-01..2026-10-31", 12, "quarter"),
        ("2017-01-01..2025-12-31", 9, "year"),
    ],
)  # fmt: skip
def test_a_chart_has_steps_of_a_fitting_size(typed: str, count: int, grain: str) -> None:
    period = read(typed)
    assert (len(period.steps), period.grain) == (count, grain)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)], ids=["spring", "autumn", "plain"]
)
def test_a_day_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    period = read(day)
    assert period.window.length == timedelta(hours=hours)
    assert len(period.steps) == hours


def test_where_the_clock_skips_midnight_the_day_begins_when_it_does() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # at 00:00 on 24 April 2026 it is 01:00 at once
    window = read("2026-04-24", zone=cairo).window
    assert local(window, cairo) == "2026-04-24 01:00 2026-04-25 00:00"
    assert window.length == timedelta(hours=23)


def test_a_stretch_that_the_clock_skipped_is_no_usual_one() -> None:
    period = read("15m", datetime(2026, 4, 5, 0, 50, tzinfo=UTC))
    assert local(period.window) == "2026-04-05 02:45 2026-04-05 03:00"
    assert [local(one) for one in period.usual] == [
        f"2026-{day} 02:45 2026-{day} 03:00" for day in ("03-22", "03-15", "03-08")
    ]


@given(
    text=some.sampled_from(NAMES),
    zone=some.sampled_from(ZONES),
    now=some.integers(0, 11 * 366 * 24 * 60).map(lambda minutes: datetime(2019, 1, 1, tzinfo=UTC) + minutes * MINUTE),
)
@example("today", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
@example("1h", "Australia/Lord_Howe", datetime(2026, 4, 4, 15, 20, tzinfo=UTC))
@settings(max_examples=150, deadline=None)
def test_whatever_the_zone_and_the_moment(text: str, zone: str, now: datetime) -> None:
    period = read_period(text, now, ZoneInfo(zone))
    window, before = period.window, period.before
    assert window.start <= now or text.startswith("last") or text == "yesterday"
    assert window.end <= now + timedelta(minutes=15)
    assert before.end <= window.start
    assert before.length <= window.length + timedelta(days=3)
    assert all(one.end <= window.start or one.start <= window.start for one in period.usual)
    assert period.steps[0].start == window.start
    assert period.steps[-1].end == window.end
    assert all(first.end == then.start for first, then in pairwise(period.steps))
    assert all(step.length for step in period.steps)
    assert len(period.steps) <= 37
    assert read_period(period.name, now, ZoneInfo(zone)) == period


@given(zone=some.sampled_from(ZONES), first=some.dates(date(2016, 1, 2), date(2029, 12, 1)), days=some.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_days_make_up_their_span_without_gap_or_overlap(zone: str, first: date, days: int) -> None:
    where = ZoneInfo(zone)
    each = [days_window(day, day + timedelta(days=1), where) for day in (first + timedelta(n) for n in range(days))]
    whole = days_window(first, first + timedelta(days=days), where)
    assert (each[0].start, each[-1].end) == (whole.start, whole.end)
    assert all(one.end == then.start for one, then in pairwise(each))
    for number, one in enumerate(each):
        inside = (one.start, one.end - timedelta(minutes=1))
        assert {moment.astimezone(where).date() for moment in inside} == {first + timedelta(days=number)}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("weak", "Did you mean week?"),
        ("yesterdy", "Did you mean yesterday?"),
        ("lst week", "Did you mean last week?"),
        ("2026-11-15..2026-11-01", "2026-11-15 is after 2026-11-01. Write 2026-11-01..2026-11-15."),
        ("2026-11-24", "That lies ahead: today is 2026-11-23."),
        ("2026-11-20..2026-11-25", "That lies ahead: today is 2026-11-23."),
        ("2026-02-30", "a day that does not exist"),
        ("2016-11-01", "ten years at most"),
        ("600w", "ten years at most"),
        ("999999w", "ten years at most"),
        ("0h", "quarters of an hour"),
        ("100m", "quarters of an hour"),
        ("2026-11-01..", "is not a period"),
        ("0000-01-01", "does not exist"),
        ("0001-01-01", "ten years at most"),
        ("0001-01-01..2026-11-01", "ten years at most"),
        ("9999-12-31", "lies ahead"),
        ("9999-12-31..9999-12-31", "lies ahead"),
        ("٢٠٢٦-١١-٠١", "not"),
        ("²h", "is not a period"),
        ("9" * 4_000 + "h", "is not a"),
    ],
)
def test_what_is_refused_says_why_and_what_to_write(typed: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(typed)
    assert told in str(refused.value)
    assert "rite " in str(refused.value)
    assert len(str(refused.value)) < 250


@given(some.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_is_a_period_or_an_error_in_words(text: str) -> None:
    with suppress(InvalidInput):
        assert read(text).window.length


def test_a_range_that_is_a_calendar_month_may_still_run() -> None:
    assert local(read("2026-11-01..2026-11-30").window) == "2026-11-01 00:00 2026-11-23 10:15"
    assert read("2026-11-01..2026-11-30").against == "the month before up to the same time"


def test_days_know_what_they_are() -> None:
    def against(first: date, end: date) -> str:
        return days_period(first, end, BERLIN, now=NOW).against

    assert against(date(2026, 11, 22), date(2026, 11, 23)) == "the day before"
    assert against(date(2026, 11, 16), date(2026, 11, 23)) == "the week before"
    assert against(date(2026, 10, 1), date(2026, 11, 1)) == "the month before"
    assert against(date(2026, 7, 1), date(2026, 10, 1)) == "the quarter before"
    assert against(date(2025, 1, 1), date(2026, 1, 1)) == "the year before"
    assert against(date(2026, 11, 20), date(2026, 11, 23)) == "the 3 days before"
    with pytest.raises(InvalidInput):
        days_period(date(2026, 11, 20), date(2026, 11, 20), BERLIN, now=NOW)


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("today", "Today, Mon 23 Nov"), ("24h", "Last 24 hours"), ("1h", "Last hour"), ("7d", "Last 7 days"),
        ("last week", "Last week, 16–22 Nov"), ("last month", "Last month, 1–31 Oct"), ("2026-11-15", "Sun 15 Nov"),
        ("2025-02-16..2025-02-22", "16–22 Feb 2025"), ("2025-02-16", "Sun 16 Feb 2025"),
    ],
)  # fmt: skip
def test_a_heading_says_what_and_when(typed: str, title: str) -> None:
    assert titled(read(typed), NOW, ENGLISH) == title


def test_a_heading_has_the_dates_of_its_language() -> None:
    assert titled(read("last week"), NOW, read_locale("de")) == "Last week, 16.–22. Nov."


def test_what_was_today_is_not_called_so_on_the_morrow() -> None:
    tomorrow = NOW + timedelta(days=1)
    assert titled(read("today"), tomorrow, ENGLISH) == "Mon 23 Nov"
    assert titled(read("24h"), tomorrow, ENGLISH) == "24 hours up to Mon 23 Nov 10:15"
