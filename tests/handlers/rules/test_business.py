"""The business clock: what it adds and what it measures are each other's inverse, whatever the clocks on the wall do.

The oracle looks at the clock on the wall, minute by minute.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.rules.business import DAYS, BusinessClock, days_off, known_codes, read_interval
from handlers.rules.policy import BusinessHours

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "Asia/Kolkata")
OFFICE = BusinessHours()
SHOP = BusinessHours(
    days={
        "monday": ("09:00-12:30", "13:30-18:00"),
        "tuesday": ("09:00-12:30", "13:30-18:00"),
        "friday": ("09:00-12:30", "22:00-02:00"),
        "saturday": ("23:30-04:15",),
        "sunday": ("20:00-24:00",),
    },
    holidays=("DE-BE",),
    closed=("2026-12-24",),
)
ROUND_THE_CLOCK = BusinessHours(days=dict.fromkeys(DAYS, ("00:00-24:00",)))
HOURS = st.sampled_from([OFFICE, SHOP, ROUND_THE_CLOCK])


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@st.composite
def clocks(draw: st.DrawFn) -> BusinessClock:
    """Clocks in zones whose own clocks change, each in its way."""
    return _clock(draw(HOURS), draw(st.sampled_from(ZONES)))


CLOCKS: dict[tuple[int, str], BusinessClock] = {}


def _clock(hours: BusinessHours, zone: str) -> BusinessClock:
    """The same for the same, as the program keeps one for a policy."""
    return CLOCKS.setdefault((id(hours), zone), BusinessClock(hours, ZoneInfo(zone)))


MOMENTS = st.integers(0, 34_000_000).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
LENGTHS = st.timedeltas(timedelta(), timedelta(hours=60))


def test_friday_1630_and_one_business_hour_is_monday_0930() -> None:
    clock = BusinessClock(OFFICE, BERLIN)
    assert clock.add(at("2026-11-20 16:30"), HOUR) == at("2026-11-23 09:30")
    assert clock.between(at("2026-11-20 16:30"), at("2026-11-23 09:30")) == HOUR


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("2026-11-20 15:00", 2, "2026-11-20 17:00"),  # the end of a day is still that day
        ("2026-11-20 17:00", 0, "2026-11-20 17:00"),
        ("2026-11-21 12:00", 0.5, "2026-11-23 09:30"),
        ("2026-11-23 07:00", 8, "2026-11-23 17:00"),
        ("2026-11-23 07:00", 40, "2026-11-27 17:00"),
        ("2026-11-23 07:00", 40.25, "2026-11-30 09:15"),
        ("2026-11-23 09:15", -0.5, "2026-11-20 16:45"),
    ],
)
def test_office_hours(since: str, hours: float, until: str) -> None:
    assert BusinessClock(OFFICE, BERLIN).add(at(since), timedelta(hours=hours)) == at(until)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    clock = BusinessClock(BusinessHours(days={"friday": ("22:00-02:00",)}, closed=("2026-11-27",)), BERLIN)
    assert clock.between(at("2026-11-20 12:00"), at("2026-11-22 12:00")) == 4 * HOUR
    assert clock.is_open(at("2026-11-21 01:59"))
    assert not clock.is_open(at("2026-11-21 02:00"))
    assert clock.add(at("2026-11-20 23:30"), HOUR) == at("2026-11-21 00:30")
    assert clock.between(at("2026-11-27 12:00"), at("2026-11-29 12:00")) == timedelta(), "that Friday is closed"


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-03-29", 23),  # clocks go forward
        ("2026-10-25", 25),  # and back
        ("2026-10-26", 24),
    ],
)
def test_a_day_is_as_long_as_it_really_is(day: str, hours: int) -> None:
    clock = BusinessClock(ROUND_THE_CLOCK, BERLIN)
    start = at(f"{day} 00:00")
    assert clock.add(start, timedelta(hours=hours)) == at(f"{date.fromisoformat(day) + DAY} 00:00")


def test_hours_on_a_day_of_change() -> None:
    early = BusinessClock(BusinessHours(days={"sunday": ("01:30-02:30",)}), BERLIN)
    assert early.between(at("2026-03-29 00:00"), at("2026-03-30 00:00")) == 30 * MINUTE, "02:00 to 03:00 is not there"
    assert early.between(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == 90 * MINUTE, "02:00 to 03:00 is twice there"
    assert early.between(at("2026-11-01 00:00"), at("2026-11-02 00:00")) == HOUR


def test_public_holidays_are_off_by_country_and_part_of_it() -> None:
    womens_day = at("2027-03-08 10:00")  # a holiday in Berlin alone, and a Monday
    assert BusinessClock(BusinessHours(holidays=("DE",)), BERLIN).is_open(womens_day)
    assert not BusinessClock(BusinessHours(holidays=("DE-BE",)), BERLIN).is_open(womens_day)
    both = BusinessClock(BusinessHours(holidays=("DE", "US-CA")), BERLIN)
    assert not both.is_open(at("2026-11-26 10:00")), "Thanksgiving"
    assert not both.is_open(at("2026-12-25 10:00"))


def test_what_is_no_country_is_refused() -> None:
    for code in ("XX", "DE-XX", "", "Germany, please"):
        with pytest.raises(ValueError, match="no country"):
            days_off(code, 2026)
    assert "DE" in known_codes()
    assert "DE-BE" in known_codes("DE")


def test_the_zone_of_the_hours_wins_over_the_teams() -> None:
    clock = BusinessClock(BusinessHours(timezone="America/New_York"), BERLIN)
    assert not clock.is_open(at("2026-11-23 14:59"))
    assert clock.is_open(at("2026-11-23 15:00"))


def test_a_clock_that_never_runs_comes_to_an_end() -> None:
    never = BusinessClock(BusinessHours(days={}), BERLIN)
    now = at("2026-11-23 10:00")
    assert never.add(now, HOUR) > now + 3_650 * DAY
    assert never.next_open(now) > now + 3_650 * DAY
    assert never.add(now, -HOUR) < now - 3_650 * DAY
    assert never.between(now, now + 50 * DAY) == timedelta()


@given(clocks(), MOMENTS, LENGTHS)
@settings(max_examples=60, deadline=None)
def test_what_was_added_is_what_lies_between(clock: BusinessClock, since: datetime, length: timedelta) -> None:
    until = clock.add(since, length)
    assert clock.between(since, until) == length
    back = clock.add(until, -length)
    assert clock.between(back, until) == length
    assert back >= since, "the last such moment"
    if length:
        assert clock.between(since, until - timedelta(microseconds=1)) < length, "the first such moment"


@given(clocks(), MOMENTS, LENGTHS, LENGTHS)
@settings(max_examples=60, deadline=None)
def test_lengths_add_up(clock: BusinessClock, since: datetime, one: timedelta, two: timedelta) -> None:
    assert clock.add(clock.add(since, one), two) == clock.add(since, one + two)


@given(clocks(), st.lists(MOMENTS, min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_stretches_add_up_and_never_run_backwards(clock: BusinessClock, moments: list[datetime]) -> None:
    one, two, three = moments
    assert clock.between(one, two) + clock.between(two, three) == clock.between(one, three)
    first, middle, last = sorted(moments)
    assert timedelta() <= clock.between(first, middle) <= clock.between(first, last) <= last - first
    assert clock.add(first, HOUR) <= clock.add(middle, HOUR) <= clock.add(last, HOUR)


@given(clocks(), MOMENTS)
@settings(max_examples=60, deadline=None)
def test_it_runs_exactly_while_it_is_open(clock: BusinessClock, moment: datetime) -> None:
    step = timedelta(microseconds=1)
    assert (clock.between(moment, moment + step) == step) == clock.is_open(moment)
    opens = clock.next_open(moment)
    assert clock.is_open(opens)
    assert clock.between(moment, opens) == timedelta()
    assert (opens == moment) == clock.is_open(moment)


def on_the_wall(hours: BusinessHours, zone: ZoneInfo, moment: datetime) -> bool:
    """Whether a clock on the wall, and a calendar, say that the team works."""
    local = moment.astimezone(zone)
    minutes = local.hour * 60 + local.minute
    for back, shown in ((0, minutes), (1, minutes + 1440)):
        day = local.date() - back * DAY
        is_off = day.isoformat() in hours.closed or any(day in days_off(code, day.year) for code in hours.holidays)
        written = () if is_off else hours.days.get(DAYS[day.weekday()], ())
        if any(start <= shown < end for start, end in map(read_interval, written)):
            return True
    return False


# Around each change of the clocks in 2026, and an ordinary night.
CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25", "2026-11-21"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),  # by half an hour
    "Africa/Cairo": ("2026-04-24", "2026-10-29"),  # at midnight
    "America/Santiago": ("2026-04-04", "2026-09-06"),  # at midnight
    "Asia/Kolkata": ("2026-11-01",),
}


@pytest.mark.parametrize("hours", [OFFICE, SHOP, ROUND_THE_CLOCK], ids=["office", "shop", "round the clock"])
@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_on_the_wall_says_the_same(zone: str, hours: BusinessHours) -> None:
    clock, there = _clock(hours, zone), ZoneInfo(zone)
    for day in CHANGES[zone]:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC) - DAY
        minutes = 0
        for number in range(0, 3 * 1440, 5):
            moment = start + number * MINUTE
            is_open = on_the_wall(hours, there, moment)
            assert clock.is_open(moment) == is_open, moment.astimezone(there)
            minutes += 5 * is_open
        assert clock.between(start, start + 3 * DAY) == minutes * MINUTE


@given(st.integers(0, 1439), st.integers(0, 1440))
@settings(max_examples=100, deadline=None)
def test_hours_as_they_are_written(start: int, end: int) -> None:
    assume(start != end)
    text = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    assert read_interval(text) == (start, end if end > start else end + 1440)


@pytest.mark.parametrize(
    "text",
    ["", "9-17", "09:00", "09:00-09:00", "24:00-02:00", "09:00-24:01", "09:60-10:00", "25:00-26:00", "09:00-17:0"],
)
def test_hours_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match="no hours"):
        read_interval(text)
