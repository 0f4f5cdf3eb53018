"""What reading costs, where people see it: in `status` and in the briefing."""

from datetime import timedelta

import pytest

from handlers.rules.money import dollars, micro
from handlers.rules.policy import SourceEntry
from tests.handlers.test_briefing_slots import add, at, tick
from tests.handlers.test_briefings import drawn
from tests.kit import Desk, raw


def spend(desk: Desk, source: str, money: float, requests: int = 1) -> None:
    source_id = desk.store.sources.id_of(source, "x", desk.now)
    desk.store.costs.spend(source_id, micro(money), desk.now, requests)


def line(desk: Desk, source: str) -> tuple[str, ...]:
    """The facts of a source in `status`."""
    screen = desk.do("mia", "status").screen
    assert screen is not None
    return next(row.facts for row in screen.rows if f" {source} · " in row.heading)


@pytest.mark.parametrize(
    ("money", "words"),
    [(0, "$0"), (0.005, "$0.005"), (0.1, "$0.10"), (1.2, "$1.20"), (12, "$12"), (1234.5, "$1,234.50"), (-3, "$0")],
)
def test_sums_as_people_write_them(money: float, words: str) -> None:
    assert dollars(micro(money)) == words


def test_status_tells_what_was_spent_today_of_how_much(desk: Desk) -> None:
    desk.change_policy(sources=(SourceEntry("birds", "x", daily_budget=5.0), SourceEntry("reviews", "file")))
    desk.take(raw("a"), source="birds")
    desk.take(raw("b"), source="reviews")
    assert "$0 of $5 today (UTC), 0 requests" in line(desk, "birds")
    spend(desk, "birds", 1.2, requests=240)
    assert "$1.20 of $5 today (UTC), 240 requests" in line(desk, "birds")
    assert not any("$" in fact for fact in line(desk, "reviews")), "what costs nothing says nothing of money"
    desk.now = desk.now.replace(hour=23, minute=59) + timedelta(minutes=2)
    assert "$0 of $5 today (UTC), 0 requests" in line(desk, "birds")


def test_status_shows_a_source_in_part_trouble_as_such(desk: Desk) -> None:
    desk.take(raw("a"))
    source_id = desk.store.sources.id_of("birds", "feed", desk.now)
    desk.store.sources.plan(source_id, [f"q{number}" for number in range(20)])
    desk.store.sources.read_up_to(source_id, "c", 0, 0, desk.now, "q0")
    desk.store.sources.failed(source_id, "https://blog.example answers HTTP 500.", "failing", "q7")
    screen = desk.do("mia", "status").screen
    assert screen is not None
    row = next(row for row in screen.rows if " birds · " in row.heading)
    assert row.heading.startswith("🟠 birds · feed · ok")
    assert "19 of 20 read well; https://blog.example answers HTTP 500." in row.facts


def test_the_briefing_has_one_line_with_what_the_day_before_cost(desk: Desk) -> None:
    add(at(desk, "2026-11-21 12:00"))
    for day, birds, news in (("21", 4.0, 0.0), ("22", 1.25, 0.3), ("23", 9.0, 0.0)):
        at(desk, f"2026-11-{day} 10:00")
        spend(desk, "birds", birds)
        spend(desk, "news", news)
        tick(at(desk, f"2026-11-{day} 08:30"))
    screen = drawn(desk, "2026-11-23")
    assert "Reading cost $1.55: birds $1.25, news $0.30." in f"{screen.intro} {screen.outro}"
    screen = drawn(desk, "2026-11-22")
    assert "Reading birds cost $4." in f"{screen.intro} {screen.outro}"


def test_a_day_that_cost_nothing_says_nothing_of_it(desk: Desk) -> None:
    add(at(desk, "2026-11-22 12:00"))
    tick(at(desk, "2026-11-23 08:30"))
    screen = drawn(desk, "2026-11-23")
    assert "cost" not in f"{screen.intro} {screen.outro}"


def test_a_longer_briefing_adds_its_days_up(desk: Desk) -> None:
    add(at(desk, "2026-11-14 12:00"), "weekly", day=0)
    for day in range(16, 23):
        at(desk, f"2026-11-{day} 10:00")
        spend(desk, "birds", 1.0)
        desk.take(raw(f"n{day}", published_at=desk.now))
    tick(at(desk, "2026-11-23 08:30"))
    assert "Reading birds cost $7." in drawn(desk, "2026-11-23").outro
