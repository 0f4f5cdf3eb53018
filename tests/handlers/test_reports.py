"""A report against the same numbers counted slowly, and every number against what opens behind it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.cards import Button, Row, Screen
from handlers.reports import Report, open_button, report
from handlers.rules.locales import ENGLISH
from handlers.rules.periods import Period, read_period
from handlers.summaries import TABLES, overview, table
from storage.tallies import Cell, Lengths, Sums
from storage.types import Status, to_text
from tests.handlers.fortnight import BEGUN, TODAY, History, Slowly
from tests.kit import Desk

BERLIN = ZoneInfo("Europe/Berlin")
BRANDS = ("", "Heron Air", "Plover Inn")
PERIODS = ("last week", "week", "2026-10-25", "2026-10-24..2026-10-25", "7d", "30h", "month")


def read(desk: Desk, name: str, brand: str = "") -> tuple[Period, Report]:
    period = read_period(name, desk.now, BERLIN)
    return period, report(desk.ctx, period.window, brand, before=period.before, usual=period.usual)


def sums_of(slowly: Slowly) -> Sums:
    labels = slowly.labels()
    negative, neutral, positive = (labels[name] for name in ("negative", "neutral", "positive"))
    count = len(slowly.mentions)
    rest = count - negative - neutral - positive
    return Sums(count, negative, neutral, positive, rest, len(slowly.opened), len(slowly.alerted))


def is_near(lengths: Lengths, seconds: list[float]) -> bool:
    """A histogram is right within a few percent."""
    if not seconds:
        return lengths == Lengths(0, None, None)
    middle = (seconds[(len(seconds) - 1) // 2] + seconds[len(seconds) // 2]) / 2
    tenth = seconds[-(-len(seconds) * 9 // 10) - 1]
    return (
        lengths.count == len(seconds)
        and lengths.median == pytest.approx(middle, rel=0.03, abs=1)
        and lengths.p90 == pytest.approx(tenth, rel=0.03, abs=1)
    )


def test_numbers_equal_a_slow_count(told: Desk) -> None:
    history = History(told)
    for name in PERIODS:
        for brand in BRANDS:
            period, found = read(told, name, brand)
            now, before = Slowly(history, period.window, brand), Slowly(history, period.before, brand)
            assert found.sums == sums_of(now), (name, brand)
            assert found.before == sums_of(before), (name, brand)
            for kind in ("claimed", "answered", "resolved"):
                pair = getattr(found, kind)
                assert (pair.now, pair.before) == (len(now.acts(kind)), len(before.acts(kind))), (name, brand, kind)
            assert is_near(found.response.wall, now.lengths("response")), (name, brand)
            assert is_near(found.resolution.wall, now.lengths("resolution")), (name, brand)
            assert is_near(found.response.wall_before, before.lengths("response")), (name, brand)


def test_the_parts_add_up_to_the_whole(told: Desk) -> None:
    _, found = read(told, "last week")
    assert sum((line.now for line in found.sources), Sums()) == found.sums
    assert sum((line.before for line in found.sources), Sums()) == found.before
    for parts in (found.priorities, found.causes):
        assert sum(pair.now for pair in parts.values()) == found.sums.opened
        assert sum(pair.before for pair in parts.values()) == found.before.opened
    assert sum(pair.now for pair in found.resolutions.values()) == found.resolved.now
    assert sum(person.answered.now for person in found.people) == found.answered.now
    assert sum(voice.share for voice in found.share_of_voice) == pytest.approx(1)
    days = [read(told, f"2026-10-{day}")[1].sums for day in range(19, 26)]
    assert sum(days, Sums()) == found.sums


def test_parts_are_what_was_done(told: Desk) -> None:
    period, found = read(told, "last week")
    slowly = Slowly(History(told), period.window)
    for line in found.sources:
        assert line.now.mentions == sum(1 for one in slowly.mentions if one.source == line.name)
    for person in found.people:
        for kind in ("claimed", "answered", "resolved"):
            done = [event for event in slowly.acts(kind) if event.actor == person.name]
            assert getattr(person, kind).now == len(done), (person.name, kind)
    assert {mover.author: mover.moved for mover in found.movers} == dict(slowly.moved().most_common(10))
    assert [mover.moved for mover in found.movers] == sorted(slowly.moved().values(), reverse=True)
    for voice in found.share_of_voice:
        assert voice.mentions.now == len(Slowly(History(told), period.window, voice.brand).mentions)


def test_what_is_true_now(told: Desk) -> None:
    _, found = read(told, "week")
    waiting = [case for case in told.cases() if case.status is not Status.RESOLVED]
    standing = found.standing
    assert standing.open == len(waiting)
    assert standing.unclaimed == sum(1 for case in waiting if case.status is Status.OPEN)
    late = [case for case in waiting if case.status is not Status.ANSWERED and case.due_at and case.due_at < told.now]
    assert standing.overdue == len(late)
    claimed = [case for case in waiting if case.status is Status.CLAIMED]
    assert {one.person: one.open for one in found.load} == {
        who: sum(1 for case in claimed if case.assignee == who) for who in {case.assignee for case in claimed}
    }


def test_nothing_is_compared_with_a_time_before_there_were_numbers(told: Desk) -> None:
    _, found = read(told, "last week")
    assert found.has_before
    assert found.usual is not None
    assert found.usual.count == 1  # of the four weeks before, Earshot was there for one
    assert found.usual.mentions == found.before.mentions
    _, first = read(told, "2026-10-12..2026-10-18")
    assert not first.has_before
    assert first.usual is None


def test_a_stretch_that_was_heard_but_for_its_first_hours_is_compared_with(desk: Desk) -> None:
    for after, is_known in ((16, True), (17, False)):  # hours; a tenth of a week is 16.8
        desk.store.engine.run("delete from tallies")
        start = read_period("last week", desk.now, desk.ctx.zone).before.start
        desk.store.tallies.add([Cell(to_text(start + timedelta(hours=after)), ("Heron Air",), 1, "neutral", 1)])
        assert read(desk, "last week")[1].has_before == is_known


def test_the_usual_is_the_mean_of_those_it_was_there_for(told: Desk) -> None:
    period, found = read(told, "2026-10-26")
    known = [window for window in period.usual if window.start >= BEGUN]
    assert len(known) == 2
    assert found.usual is not None
    assert found.usual.mentions == sum(len(Slowly(History(told), one).mentions) for one in known) / 2
    assert found.usual.answered == sum(len(Slowly(History(told), one).acts("answered")) for one in known) / 2


def test_an_empty_store_has_a_report_too(desk: Desk) -> None:
    _, found = read(desk, "week")
    assert found.is_empty
    assert not found.has_before
    assert found.sums == Sums()
    assert found.response.wall == Lengths(0, None, None)
    assert overview(desk.ctx, found, ENGLISH)


# Every number opens to what is behind it


def press(desk: Desk, button: Button) -> Screen:
    reply = desk.press("mia", button)
    assert not reply.is_error, reply.words
    assert reply.screen is not None
    return reply.screen


def rows_behind(desk: Desk, button: Button) -> Iterator[Row]:
    """All pages."""
    screen = press(desk, button)
    while True:
        yield from screen.rows
        more = [one for one in screen.buttons if one.label == "More ›"]
        if not more:
            return
        screen = press(desk, more[0])


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"(?<![\w@-])\d[\d,]*(?![\w%])", text)]


def told_beside(row: Row) -> list[int]:
    """The number that each button of a row opens."""
    if [button.label for button in row.buttons] == ["Mentions", "Cases"]:
        return [numbers(row.heading)[0], numbers(row.facts[-1])[0]]
    if " has " in row.heading:
        done = {fact.split()[0]: numbers(fact)[0] for fact in row.facts}
        return [
            numbers(row.heading)[0] if button.label == "Has now" else done[button.label.lower()]
            for button in row.buttons
        ]
    return numbers(row.heading)[: len(row.buttons)]


@pytest.mark.parametrize("brand", BRANDS)
def test_every_number_opens_to_as_many_rows(told: Desk, brand: str) -> None:
    _, found = read(told, "last week", brand)
    rows = [*overview(told.ctx, found, ENGLISH)]
    for by in TABLES:
        rows += table(told.ctx, found, by, ENGLISH) if by != "author" else ()
    seen = 0
    for row in rows:
        for button, number in zip(row.buttons, told_beside(row), strict=True):
            intro = press(told, button).intro
            behind = list(rows_behind(told, button))
            assert len(behind) == numbers(intro)[0], (row.heading, intro)
            assert number == len(behind) or f"{number} times in all" in intro, (row.heading, button.label, intro)
            seen += 1
    assert seen > 25


def test_a_case_that_was_resolved_twice_stands_there_once(told: Desk) -> None:
    told.later(days=1)
    number = next(case.id for case in told.cases() if case.status is Status.OPEN)
    for line in ("resolve {} fixed", "reopen {}", "resolve {} no action"):
        assert not told.do("ana", line.format(number)).is_error
    _, found = read(told, "today")
    assert found.resolved.now == 2
    row = next(row for row in overview(told.ctx, found, ENGLISH) if row.heading == "Resolved: 2")
    assert press(told, row.buttons[0]).intro == "1 case; to some of them it was done again, 2 times in all."
    assert [row.heading.split()[1] for row in rows_behind(told, row.buttons[0])] == [f"#{number}"]


def test_what_was_asked_for_is_what_opens_later_too(told: Desk) -> None:
    _, found = read(told, "24h")
    button = overview(told.ctx, found, ENGLISH)[0].buttons[0]
    count = len(list(rows_behind(told, button)))
    told.later(days=3)
    assert count == found.sums.mentions
    assert len(list(rows_behind(told, button))) == count


def test_a_page_that_is_no_more_is_the_last_one(told: Desk) -> None:
    period, _ = read(told, "last week")
    screen = press(told, open_button("Show", "mentions", period.window, page="9999"))
    assert screen.rows
    assert [button.label for button in screen.buttons] == ["‹ Back"]


def test_a_reversed_day_has_no_mention_twice(told: Desk) -> None:
    """The hour that comes twice is counted once each time."""
    hours = read_period("2026-10-25", told.now, BERLIN)
    assert hours.window.length == timedelta(hours=25)
    counts = [report(told.ctx, step, before=step).sums.mentions for step in hours.steps]
    assert sum(counts) == report(told.ctx, hours.window, before=hours.before).sums.mentions
    assert hours.window.end < TODAY
