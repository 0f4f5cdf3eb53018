"""Times that people type, in the team's zone, and how they are read back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.when import ago, clock, duration, length, until
from storage.errors import InvalidInput

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
ZONES = {
    name: ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati")
}


@pytest.mark.parametrize(
    ("typed", "zone", "meant"),
    [
        ("2h", "UTC", "2026-11-23 12:00"),
        ("1d12h", "UTC", "2026-11-24 22:00"),
        ("1 d 12 h", "UTC", "2026-11-24 22:00"),
        ("until 90m", "UTC", "2026-11-23 11:30"),
        ("2w", "UTC", "2026-12-07 10:00"),
        ("17:30", "UTC", "2026-11-23 17:30"),
        ("17:30", "Europe/Berlin", "2026-11-23 16:30"),
        ("9:00", "Europe/Berlin", "2026-11-24 08:00"),  # nine is past there
        ("9:00", "America/New_York", "2026-11-23 14:00"),  # and still to come here
        ("5pm", "America/New_York", "2026-11-23 22:00"),
        ("12am", "UTC", "2026-11-24 00:00"),
        ("12:15 pm", "UTC", "2026-11-23 12:15"),
        ("tomorrow", "Europe/Berlin", "2026-11-24 08:00"),
        ("Tomorrow 14:15", "Asia/Kolkata", "2026-11-24 08:45"),
        ("tomorrow", "Pacific/Kiritimati", "2026-11-24 19:00"),  # it is Tuesday there already
        ("monday", "UTC", "2026-11-30 09:00"),
        ("tuesday 8:00", "UTC", "2026-11-24 08:00"),
        ("sunday", "UTC", "2026-11-29 09:00"),
        ("2026-12-24", "Europe/Berlin", "2026-12-24 08:00"),
        ("2026-12-24 18:00", "UTC", "2026-12-24 18:00"),
        ("2026-12-24T18:00", "UTC", "2026-12-24 18:00"),
        ("2027-07-01 09:00", "Europe/Berlin", "2027-07-01 07:00"),  # summer time
        ("2027-03-28 02:30", "Europe/Berlin", "2027-03-28 01:30"),  # does not exist; an hour later does
        ("2027-10-31 02:30", "Europe/Berlin", "2027-10-31 00:30"),  # exists twice; the first is meant
    ],
)
def test_typed_times(typed: str, zone: str, meant: str) -> None:
    assert f"{until(typed, NOW, ZONES[zone]):%Y-%m-%d %H:%M}" == meant


NO_TIMES = (
    "", "soon", "25:00", "9:60", "17", "tomorrow 9", "2026-13-01", "2026-11-31", "9999-12-31 23:59x", "2h ago", "-2h",
    "someday 9:00", "2026-12-24 18:00 19:00", "13 o'clock",
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_TIMES)
def test_what_is_no_time_is_told_how_to_write_one(typed: str) -> None:
    with pytest.raises(InvalidInput, match=r"not a time that I can read.*Write 2h, 3d, 17:30") as told:
        until(typed, NOW, ZONES["UTC"])
    assert told.value.field == "until"


@pytest.mark.parametrize("zone", ZONES.values())
def test_the_ends_of_time_are_refused(zone: ZoneInfo) -> None:
    for typed in ("0001-01-01", "0001-01-01 00:00", "9999-12-31 23:59", "999999w", "400d", "2026-11-22", "0s"):
        with pytest.raises(InvalidInput, match=r"past|more than a year|not a time"):
            until(typed, NOW, zone)


@given(st.text(max_size=25), st.sampled_from(sorted(ZONES)))
def test_any_text_is_a_time_ahead_or_is_refused_in_words(typed: str, zone: str) -> None:
    try:
        moment = until(typed, NOW, ZONES[zone])
    except InvalidInput:
        return
    assert NOW < moment <= NOW + timedelta(days=366)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("30s", 30), ("15m", 900), ("4h", 14_400), ("7d", 604_800), ("2W", 1_209_600), ("1d1h1m1s", 90_061)],
)
def test_lengths(typed: str, seconds: int) -> None:
    assert duration(typed) == timedelta(seconds=seconds)


@pytest.mark.parametrize("typed", ["", "h", "4", "4y", "4h!", "1.5h", "9999999s", "h4"])
def test_what_is_no_length(typed: str) -> None:
    with pytest.raises(InvalidInput, match="not a length of time"):
        duration(typed)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"), (7_800, "2 h 10 min"),
        (86_400, "1 d"), (273_600, "3 d 4 h"), (-60, "1 min"),
    ],
)  # fmt: skip
def test_lengths_in_words(seconds: int, words: str) -> None:
    assert length(timedelta(seconds=seconds)) == words


def test_ago() -> None:
    assert ago(NOW, NOW) == "just now"
    assert ago(NOW - timedelta(minutes=4), NOW) == "4 min ago"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23 16:30", "17:30"),
        ("2026-11-23 23:30", "Tue 24 Nov 00:30"),
        ("2026-11-30 08:00", "Mon 30 Nov 09:00"),
        ("2027-11-20 08:00", "20 Nov 2027 09:00"),
    ],
)
def test_a_moment_as_a_colleague_would_say_it(moment: str, words: str) -> None:
    assert clock(datetime.fromisoformat(f"{moment}+00:00"), NOW, ZONES["Europe/Berlin"]) == words
