"""A competitor is counted, to be compared with, and never a case; our own numbers are without it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.counting import count_anew
from storage.types import Window
from tests.kit import POLICY, Desk, raw

DAY = timedelta(days=1)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    heron, plover = POLICY.brands
    desk.change_policy(brands=(replace(plover, is_competitor=True), heron))
    return desk


def today(desk: Desk) -> Window:
    start = desk.now.replace(hour=0)
    return Window(start, start + DAY)


def test_what_concerns_a_competitor_alone_is_counted_and_no_case(desk: Desk) -> None:
    taken = desk.take(raw("1", "Plover scammed me, I will sue them", shares=90))
    assert (taken.stored, taken.cases) == (1, 0)
    assert desk.take(raw("2", "Plover stole my money, call my lawyer"), with_cases=True).cases == 0
    tallies = desk.store.tallies
    assert tallies.sums(today(desk), "Plover Inn").mentions == 2
    assert tallies.sums(today(desk)).mentions == 0
    assert tallies.movers(today(desk)) == []
    assert [one.moved for one in tallies.movers(today(desk), "Plover Inn")] == [90]


def test_what_concerns_both_is_our_case(desk: Desk) -> None:
    assert desk.take(raw("1", "Plover and Heron both scammed me, I will sue")).cases == 1
    assert desk.case(1).brand == "Heron Air"
    assert desk.store.tallies.sums(today(desk)).mentions == 1
    assert desk.store.tallies.sums(today(desk), "Plover Inn").mentions == 1


def test_a_competitors_mention_that_a_person_brings_is_a_case(desk: Desk) -> None:
    assert not desk.do("kim", "track https://forum.example/threads/4711 plover was rude to everybody").is_error
    assert len(desk.cases()) == 1


def test_the_roll_ups_made_anew_leave_competitors_out_too(desk: Desk) -> None:
    texts = ("Plover is fine", "Heron was late again, awful", "Plover and Heron: two bad jokes")
    desk.take(*(raw(str(place), text, shares=20) for place, text in enumerate(texts)))
    tables = ("tallies", "movers", "topics")
    before = [
        tuple(row) for one in tables for row in desk.store.engine.rows(f"select * from {one} order by 1, 2, 3, 4")
    ]
    with desk.store.transaction():
        count_anew(desk.store.engine.db.conn)
    after = [tuple(row) for one in tables for row in desk.store.engine.rows(f"select * from {one} order by 1, 2, 3, 4")]
    assert before == after
    assert [one.native_id for one in desk.store.behind.mentions(today(desk), limit=9)] == ["2", "1"]


def test_a_day_on_which_only_a_competitor_was_spoken_of_is_a_day_in_its_history(desk: Desk) -> None:
    desk.take(raw("1", "Plover is fine"))
    assert desk.store.storms.days(today(desk)) == {today(desk).start.date().isoformat()}
