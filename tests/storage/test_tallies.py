"""The roll-ups say what the rows say, in every stretch of time, and the parts of it add up to the whole."""

import json
import math
import random
import sqlite3
import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage.counting import count_anew
from storage.grains import pieces, terms
from storage.store import Store
from storage.tallies import RESOLUTION, RESPONSE, Act, Cell, Moved, Mover, Sums
from storage.types import Window, from_text, to_text
from tests.kit import Desk
from tests.storage.histories import BEGIN, RIVAL, STEPS, WINDOWS, a_day, lived

BRANDS = ["", "Heron Air", "Plover Inn", RIVAL.name, "Nobody"]
ZONES = ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
HOURS = timedelta(hours=1)


# The same numbers, counted from the rows one by one


def is_in(window: Window, at: str | None) -> bool:
    return at is not None and window.start <= from_text(at) < window.end


def concerns(row: Any, brand: str) -> bool:
    """The brand "" is all of ours: what concerns a competitor alone is not among it."""
    names = {row["brand"], *json.loads(row["also"] or "[]")}
    return brand in names or (not brand and names != {RIVAL.name})


def mentions(desk: Desk, window: Window, brand: str) -> list[Any]:
    rows = desk.store.engine.rows("select * from mentions")
    return [row for row in rows if is_in(window, row["counted_at"]) and concerns(row, brand)]


def cases(desk: Desk, brand: str) -> list[Any]:
    rows = desk.store.engine.rows("select c.*, m.source_id from cases c join mentions m on m.id = c.mention_id")
    return [row for row in rows if brand in ("", row["brand"])]


def lines(desk: Desk, brand: str) -> list[Any]:
    rows = desk.store.engine.rows(
        "select e.*, c.brand from case_events e join cases c on c.id = e.case_id order by e.case_id, e.version"
    )
    return [row for row in rows if brand in ("", row["brand"])]


def sums_of_rows(desk: Desk, window: Window, brand: str) -> dict[int, Sums]:
    found: dict[int, Sums] = {}
    for row in mentions(desk, window, brand):
        label = row["label"] if row["label"] in ("negative", "neutral", "positive") else "unscored"
        found[row["source_id"]] = found.get(row["source_id"], Sums()) + Sums(mentions=1, **{label: 1})
    for row in cases(desk, brand):
        told = Sums(opened=is_in(window, row["opened_at"]), alerted=is_in(window, row["alerted_at"]))
        if told != Sums():
            found[row["source_id"]] = found.get(row["source_id"], Sums()) + told
    return found


def acts_of_rows(desk: Desk, window: Window, brand: str) -> list[Act]:
    found: Counter[tuple[str, str, str]] = Counter()
    for line in lines(desk, brand):
        if is_in(window, line["at"]):
            name = {"opened": "priority", "resolved": "resolution"}.get(line["kind"], "-")
            found[line["kind"], line["actor"], json.loads(line["detail"]).get(name, "")] += 1
    for row in cases(desk, brand):
        if is_in(window, row["opened_at"]):
            found["caused", "earshot", row["cause"]] += 1
    return sorted(Act(*key, n) for key, n in found.items())


def lengths_of_rows(desk: Desk, window: Window, brand: str, what: str) -> list[float]:
    found = []
    begun: dict[int, datetime] = {}
    answered: set[int] = set()
    for line in lines(desk, brand):
        number, at = line["case_id"], from_text(line["at"])
        resolution = json.loads(line["detail"]).get("resolution")
        if line["kind"] in ("opened", "reopened"):
            begun[number] = at
        is_answer = line["kind"] == "answered" or resolution in ("replied", "fixed")
        is_told = is_answer and number not in answered if what == RESPONSE else resolution in WORKED
        if is_answer:
            answered.add(number)
        if is_told and is_in(window, line["at"]):
            found.append((at - begun[number]).total_seconds())
    return found


WORKED = ("replied", "fixed", "no action")


def movers_of_rows(desk: Desk, window: Window, brand: str) -> list[Mover]:
    people: dict[str, list[int]] = {}
    for row in mentions(desk, window, brand):
        moved = (row["shares"] or 0) + (row["replies"] or 0)
        if moved >= 10 and row["author"]:
            people.setdefault(row["author"], []).append(moved)
    found = [Mover(author, sum(moved), len(moved)) for author, moved in people.items()]
    return sorted(found, key=lambda one: (-one.moved, one.author))


def by_quarter(rows: list[Any]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        at = from_text(row["counted_at"])
        quarter = to_text(at.replace(minute=at.minute // 15 * 15))[:16]
        count, negative = found.get(quarter, (0, 0))
        found[quarter] = (count + 1, negative + (row["label"] == "negative"))
    return found


def table(rows: list[Any], keys: int) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Without what was counted and taken back."""
    return {tuple(row)[:keys]: tuple(row)[keys:] for row in rows if any(tuple(row)[keys:])}


def roll_ups(run: Any) -> list[dict[tuple[Any, ...], tuple[int, ...]]]:
    return [
        table(run("select * from tallies"), 4),
        table(run("select * from topics"), 3),
        table(run("select * from movers"), 4),
        table(run("select * from acts"), 6),
        table(run("select * from times where what not like '%, business'"), 5),
    ]


def is_near(told: float | None, exact: float | None) -> bool:
    return told == exact if told is None or exact is None else abs(told - max(exact, 1)) <= 0.02 * max(exact, 1)


def exact(lengths: list[float]) -> tuple[float | None, float | None]:
    """Median, and the smallest length that nine in ten do not exceed."""
    if not lengths:
        return None, None
    lengths = sorted(max(length, 1.0) for length in lengths)
    return statistics.median(lengths), lengths[math.ceil(0.9 * len(lengths)) - 1]


def the_whole_is_right(desk: Desk, window: Window, brand: str) -> None:
    tallies = desk.store.tallies
    by_source = sums_of_rows(desk, window, brand)
    assert tallies.by_source(window, brand) == by_source
    assert tallies.sums(window, brand) == reduce(add, by_source.values(), Sums())
    assert sorted(tallies.acts(window, brand)) == acts_of_rows(desk, window, brand)
    assert tallies.movers(window, brand, 100) == movers_of_rows(desk, window, brand)
    assert tallies.movers(window, brand, 1) == movers_of_rows(desk, window, brand)[:1]
    for what in (RESPONSE, RESOLUTION):
        told, lengths = tallies.lengths(window, brand, what), lengths_of_rows(desk, window, brand, what)
        assert told.count == len(lengths)
        assert all(map(is_near, (told.median, told.p90), exact(lengths)))
    quarters = by_quarter(mentions(desk, window, brand))
    assert {key: told for key, told in tallies.quarters(brand, window).items() if told != (0, 0)} == quarters
    if brand:
        rows = [row for row in mentions(desk, window, brand) if (row["brand"], row["query"]) == (brand, "names")]
        assert tallies.topics(brand, "names", window) == by_quarter(rows)


@settings(max_examples=30, deadline=None)
@given(STEPS, st.lists(st.tuples(WINDOWS, st.sampled_from(BRANDS)), min_size=1, max_size=4))
@example(a_day(1), [(Window(BEGIN, BEGIN + 3 * HOURS), "Heron Air"), (Window(BEGIN, BEGIN + 200 * HOURS), "")])
@example(a_day(3), [(Window(BEGIN, BEGIN + 90 * HOURS), RIVAL.name), (Window(BEGIN, BEGIN + 9 * HOURS), "")])
@example(a_day(2), [(Window(BEGIN + HOURS, BEGIN + 90 * HOURS), ""), (Window(BEGIN, BEGIN), "Plover Inn")])
def test_after_any_history_the_roll_ups_equal_the_rows_and_what_counting_anew_finds(
    template: Path, steps: list[tuple[object, ...]], asked: list[tuple[Window, str]]
) -> None:
    with lived(template, steps) as desk:
        for window, brand in asked:
            the_whole_is_right(desk, window, brand)
        copy = sqlite3.connect(":memory:")
        desk.store.engine.db.conn.backup(copy)  # type: ignore[attr-defined]
        count_anew(copy)
        assert roll_ups(lambda sql: copy.execute(sql).fetchall()) == roll_ups(desk.store.engine.rows)
        copy.close()


def test_counting_anew_twice_changes_nothing_and_keeps_what_no_row_tells(store: Store) -> None:
    store.tallies.took(to_text(BEGIN), "Heron Air", "response, business", 90)
    for _ in range(2):
        count_anew(store.engine.db.conn)  # type: ignore[attr-defined]
        assert store.tallies.lengths(Window(BEGIN, BEGIN + HOURS), "Heron Air", "response, business").count == 1


# Local days, weeks, months, quarters and years


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local(first: date, end: date, zone: ZoneInfo) -> Window:
    return Window(midnight(first, zone), midnight(end, zone))


def days(first: date, end: date) -> Iterator[tuple[date, date]]:
    while first < end:
        yield first, (first := first + timedelta(days=1))


def months(first: date, count: int) -> list[tuple[date, date]]:
    places = [first.year * 12 + first.month - 1 + number for number in range(count + 1)]
    starts = [date(place // 12, place % 12 + 1, 1) for place in places]
    return list(pairwise(starts))


def moments_of_2026(zone: ZoneInfo) -> list[datetime]:
    """Two a day, and every quarter of an hour around midnights where the clocks change."""
    chance = random.Random(4)
    start = datetime(2025, 12, 30, tzinfo=UTC)
    moments = [start + timedelta(minutes=chance.randrange(370 * 1440), seconds=1) for _ in range(740)]
    for first, end in days(date(2026, 1, 1), date(2027, 1, 1)):
        window = local(first, end, zone)
        if window.length != timedelta(days=1):
            moments += [window.start + timedelta(minutes=15 * number - 60) for number in range(110)]
    return moments


@pytest.mark.parametrize("name", ZONES)
def test_days_weeks_months_and_quarters_add_up_over_both_clock_changes(store: Store, name: str) -> None:
    zone = ZoneInfo(name)
    moments = moments_of_2026(zone)
    with store.transaction():
        store.tallies.add([Cell(to_text(moment), ("A",), 1 + place % 3, "", 1) for place, moment in enumerate(moments)])

    def count(first: date, end: date) -> int:
        return store.tallies.sums(local(first, end, zone), "A").mentions

    of_day = Counter(moment.astimezone(zone).date() for moment in moments)
    for part in days(date(2026, 1, 1), date(2027, 1, 1)):
        assert count(*part) == of_day[part[0]]
    for monday in range(52):
        first = date(2025, 12, 29) + timedelta(weeks=monday)
        week = (first, first + timedelta(weeks=1))
        windows = [local(*part, zone) for part in days(*week)]
        assert sum(one.mentions for one in store.tallies.series(windows, "A")) == count(*week)
    for first, end in months(date(2026, 1, 1), 12):
        assert count(first, end) == sum(count(*part) for part in days(first, end))
    for month in (1, 4, 7, 10):
        quarter = months(date(2026, month, 1), 3)
        assert count(quarter[0][0], quarter[-1][1]) == sum(count(*part) for part in quarter)
    year = count(date(2026, 1, 1), date(2027, 1, 1))
    assert year == sum(count(*part) for part in months(date(2026, 1, 1), 12))
    assert year == sum(n for day, n in of_day.items() if day.year == 2026)


REST = ["", ":00", "T00:00", "-01T00:00", "-01-01T00:00"]  # of the time's text, behind the start of a grain
MOMENTS = st.integers(0, 96 * 420).map(lambda quarters: datetime(2025, 11, 1, tzinfo=UTC) + quarters * HOURS / 4)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS)
def test_the_pieces_of_a_window_are_few_and_follow_each_other(one: datetime, other: datetime) -> None:
    window = Window(min(one, other), max(one, other))
    found = list(pieces(window))
    assert len(found) <= 9
    edges = [(f"{first}{REST[grain]}", f"{end}{REST[grain]}") for grain, first, end in found]
    assert all(first < end for first, end in edges)
    told = [edge for pair in edges for edge in pair]
    assert told[1:-1:2] == told[2::2]
    if window.length:
        assert (told[0], told[-1]) == (to_text(window.start)[:16], to_text(window.end)[:16])
    else:
        assert not found


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS)
def test_the_terms_of_a_window_are_few_and_their_sum_is_the_window(one: datetime, other: datetime) -> None:
    window = Window(min(one, other), max(one, other))
    quarters: Counter[int] = Counter()
    for sign, grain, first, end in terms(window):
        start, stop = (datetime.fromisoformat(f"{edge}{REST[grain]}+00:00").timestamp() for edge in (first, end))
        quarters.update(dict.fromkeys(range(int(start), int(stop), 900), sign))
    expected = range(int(window.start.timestamp()), int(window.end.timestamp()), 900)
    assert len(terms(window)) <= 9
    assert {quarter: sign for quarter, sign in quarters.items() if sign} == dict.fromkeys(expected, 1)


def test_a_local_year_is_a_year_with_an_hour_more_and_an_hour_less() -> None:
    year = local(date(2026, 1, 1), date(2027, 1, 1), ZoneInfo("Europe/Berlin"))
    assert sorted(terms(year)) == [
        (-1, 1, "2026-12-31T23", "2027-01-01T00"),
        (1, 1, "2025-12-31T23", "2026-01-01T00"),
        (1, 4, "2026", "2027"),
    ]


def rows_read(window: Window) -> int:
    units = (900, 3_600, 86_400, 31 * 86_400, 366 * 86_400)
    edges = [
        (grain, *(datetime.fromisoformat(f"{edge}{REST[grain]}") for edge in pair)) for _, grain, *pair in terms(window)
    ]
    return sum(math.ceil((end - first).total_seconds() / units[grain]) for grain, first, end in edges)


def test_a_window_is_made_of_few_rows() -> None:
    lengths = (timedelta(), timedelta(minutes=15), 2 * HOURS, 20 * HOURS, timedelta(days=1), timedelta(days=40))
    assert [rows_read(Window(BEGIN - length, BEGIN)) for length in lengths] == [0, 1, 6, 9, 11, 33]


def test_what_lies_in_the_rows_that_are_taken_away_is_not_told(store: Store) -> None:
    day = BEGIN.replace(hour=0, minute=0)
    window = Window(day, day + 21 * HOURS)
    assert (-1, 1, "2026-10-24T21", "2026-10-25T00") in terms(window)
    for moment in (BEGIN, BEGIN + HOURS):
        at = to_text(moment)
        store.tallies.add([Cell(at, ("A",), 1, "negative", 1)])
        store.tallies.act(at, "A", "claimed", "ana")
        store.tallies.took(at, "A", RESPONSE, 60)
        store.tallies.moved([Moved(at, ("A",), "ben", 0, 40)])
    told = store.tallies
    assert (told.sums(window), told.by_source(window), told.acts(window)) == (Sums(), {}, [])
    assert (told.lengths(window, "", RESPONSE).count, told.movers(window)) == (0, [])
    store.tallies.took(to_text(day), "A", RESPONSE, 3_600)
    store.tallies.moved([Moved(to_text(day), ("A",), "ben", 0, 10)])
    assert told.lengths(window, "", RESPONSE).median == pytest.approx(3_600, rel=0.02)
    assert told.movers(window) == [Mover("ben", 10, 1)]


# How long things took


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 4e7), min_size=1, max_size=40))
@example([59.0])
@example([1.0, 100_000.0])
def test_median_and_p90_are_within_two_percent(template: Path, lengths: list[float]) -> None:
    with lived(template, []) as desk:
        for seconds in lengths:
            desk.store.tallies.took(to_text(BEGIN), "Heron Air", RESPONSE, seconds)
        told = desk.store.tallies.lengths(Window(BEGIN, BEGIN + HOURS), "", RESPONSE)
        assert told.count == len(lengths)
        assert all(map(is_near, (told.median, told.p90), exact(lengths)))


def test_where_nothing_ended_no_length_is_told(store: Store) -> None:
    told = store.tallies.lengths(Window(BEGIN, BEGIN + HOURS), "", RESOLUTION)
    assert (told.count, told.median, told.p90) == (0, None, None)


# The edges


def test_a_mention_counts_once_for_a_brand_that_is_named_twice_and_once_for_all(store: Store) -> None:
    store.tallies.add([Cell(to_text(BEGIN), ("A", "B", "A"), 1, "negative", 1)])
    store.tallies.moved([Moved(to_text(BEGIN), ("A", "A"), "ben", 0, 12)])
    window = Window(BEGIN, BEGIN + HOURS)
    assert [store.tallies.sums(window, brand).mentions for brand in ("A", "B", "")] == [1, 1, 1]
    assert store.tallies.movers(window, "A") == store.tallies.movers(window) == [Mover("ben", 12, 1)]


def test_whoever_moves_fewer_than_ten_moves_nobody_and_can_come_to_and_go_again(store: Store) -> None:
    window, steps = Window(BEGIN, BEGIN + HOURS), [(0, 9), (9, 30), (30, 40), (40, 9), (9, 11)]
    found = []
    for before, after in steps:
        store.tallies.moved([Moved(to_text(BEGIN), ("A",), "ben", before, after)])
        found.append([(one.moved, one.mentions) for one in store.tallies.movers(window)])
    assert found == [[], [(30, 1)], [(40, 1)], [], [(11, 1)]]


def test_the_first_hour_is_that_of_the_oldest_count(store: Store) -> None:
    assert store.tallies.first_at() is None
    store.tallies.add([Cell(to_text(BEGIN), ("A",), 1, "", 1), Cell(to_text(BEGIN - 30 * HOURS), ("B",), 1, "", 1)])
    assert store.tallies.first_at() == datetime(2026, 10, 23, 15, tzinfo=UTC)


def test_hours_are_sums_of_their_quarters(store: Store) -> None:
    window = Window(datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC))
    for minutes in (0, 14, 15, 50, 31, 180):
        store.tallies.add([Cell(to_text(BEGIN + timedelta(minutes=minutes)), ("A",), 1, "negative", 1)])
    assert store.tallies.hours("A", window) == {
        "2026-10-24T21": (3, 3),
        "2026-10-24T22": (2, 2),
        "2026-10-25T00": (1, 1),
    }


@pytest.mark.parametrize("minutes", [1, 14, 16])
def test_a_window_that_ends_within_a_quarter_of_an_hour_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="quarter of an hour"):
        Window(BEGIN, BEGIN + timedelta(minutes=minutes))


def test_the_kinds_of_acts_are_the_acts_without_who_and_what(store: Store) -> None:
    for place, (kind, actor, detail) in enumerate(
        (("resolved", "ana", "spam"), ("resolved", "bo", ""), ("claimed", "bo", ""))
    ):
        store.tallies.act(to_text(BEGIN + timedelta(minutes=40 * place)), "A", kind, actor, detail)
    day = Window(BEGIN, BEGIN + timedelta(days=1))
    assert store.tallies.kinds(day) == store.tallies.kinds(day, "A") == {"claimed": 1, "resolved": 2}
    assert store.tallies.kinds(day, "B") == {}
