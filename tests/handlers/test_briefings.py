"""A briefing as a director reads it."""

import dataclasses
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers import briefings
from handlers.brevity import few, words_in
from handlers.cards import Button, Chart, Row, Screen
from handlers.ports import Tombstone
from handlers.rules.policy import Brand, Member, SourceEntry
from storage.types import Role
from tests.handlers.test_briefing_slots import add, at, rows, tick
from tests.hostile import ATTACKS
from tests.kit import PRAISE, TROUBLES, Desk, raw

_NOT_READ = {
    Button: {"verb", "values", "style", "case"}, Row: {"colour"}, Chart: {"kind", "labels", "series", "unit"},
}  # fmt: skip


def people_see(found: Any) -> list[str]:
    """Every text of a drawing but what machines read; of a chart its title and what stands for it."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, tuple):
        return [text for one in found for text in people_see(one)]
    if dataclasses.is_dataclass(found):
        names = {one.name for one in dataclasses.fields(found)} - _NOT_READ.get(type(found), set())
        return [text for name in sorted(names) for text in people_see(getattr(found, name))]
    return []


def count(screen: Screen) -> int:
    return sum(len(text.split()) for text in people_see(screen))


def _silent(desk: Desk, source: str) -> None:
    desk.store.alarms.told(desk.store.alarms.notice(source, "silent", desk.now, "", desk.now), desk.now)


def drawn(desk: Desk, day: str, number: int = 1) -> Screen:
    drawing = desk.drawn(f"briefing:{number}:{day}")
    assert isinstance(drawing, Screen)
    return drawing


def posted(desk: Desk, every: str = "daily", **fields: Any) -> Screen:
    """One that was added long ago and comes now, at half past nine."""
    made = add(desk, every, "09:30", created_at=desk.now - timedelta(hours=23), **fields)
    desk.now = desk.now.replace(hour=9, minute=30)
    assert tick(desk)
    (day,) = rows(desk, made.id)
    return drawn(desk, day, made.id)


def test_the_daily_one_in_its_own_words(told: Desk) -> None:
    screen = posted(told)
    assert screen.title == "Heron & Plover: daily briefing, Sun 25 Oct 2026"
    assert screen.intro == "It was due at 09:30 and comes late."  # Berlin's clock has gone back: it is half past ten
    lines = [(row.heading, row.facts) for row in screen.rows]
    assert lines[:8] == [
        ("10 mentions", ("10 the day before", "usual Sunday: 10")),
        ("5 negative (50%)", ("4 the day before", "usual Sunday: 3")),
        ("7 new cases, 7 alerts", ("8 the day before", "usual Sunday: 4")),
        ("First response: median 12 h 22 min, nine in ten within 16 h 59 min", ("10 h 37 min the day before",)),
        ("1 resolved, 1 fixed", ("3 the day before", "usual Sunday: 2")),
        ("At 10:30: 25 unclaimed, 68 overdue", ("overdue: Bo 23", "Ana 12", "Kim 9", "nobody's 24")),
        ("Fixed: #89", ()),
        ("Worth a word:", ()),
    ]
    assert screen.rows[8].heading == "🟡 #98 high · claimed by Ana · overdue"
    assert screen.rows[9].buttons[0] == Button("Claim", "claim", 101, style="primary")
    assert len(screen.rows) == 11
    assert all(row.quote is not None and len(row.quote.words.split()) <= 14 for row in screen.rows[8:])
    assert screen.chart is not None
    assert (len(screen.chart.labels), screen.chart.labels[-1]) == (14, "25 Oct")
    assert screen.chart.alt in people_see(screen)


def test_every_number_opens_to_what_is_behind_it(told: Desk) -> None:
    screen = posted(told)
    for row in screen.rows[:3] + screen.rows[4:7]:
        opened = told.press("mia", row.buttons[0])
        assert opened.screen is not None, opened.words
        number = row.heading.removeprefix("At 10:30: 25 unclaimed, ").split()[0].removeprefix("Fixed:") or "1"
        assert number in opened.screen.title + opened.screen.intro


def test_all_the_numbers_are_those_of_the_summary(told: Desk) -> None:
    (button,) = posted(told, brand="Plover Inn").buttons
    opened = told.press("mia", button).screen
    assert opened is not None
    assert "Sun 25 Oct" in opened.title
    assert "Plover Inn" in opened.title
    assert posted(told, zone="Asia/Tokyo").buttons == ()  # whose days are others


def test_the_numbers_stay_as_they_are_and_what_waits_is_told_with_its_time(told: Desk) -> None:
    before = posted(told)
    told.later(hours=5)
    told.take(raw("later", TROUBLES[0] + " and later still", published_at=told.now))
    told.do("ana", "resolve 101 fixed")
    after = drawn(told, "2026-10-26")
    assert [row.heading for row in after.rows[:5]] == [row.heading for row in before.rows[:5]]
    assert after.rows[5].heading.startswith("At 15:30: ")
    assert after.title == before.title
    assert drawn(told, "2026-10-26") == after


@pytest.mark.parametrize(
    ("every", "day", "title", "points"),
    [
        ("weekly", 0, "weekly briefing, 19–25 Oct 2026", 8),
        ("monthly", 26, "monthly briefing, 26 Sept – 25 Oct 2026", 30),
        ("working days", 0, "daily briefing, 23–25 Oct 2026", 14),
        ("daily", 0, "daily briefing, Sun 25 Oct 2026", 14),
    ],
)
def test_longer_ones(told: Desk, every: str, day: int, title: str, points: int) -> None:
    screen = posted(told, every, day=day)
    assert screen.title == f"Heron & Plover: {title}".replace(" – ", "\u00a0–\u00a0")
    assert screen.chart is not None
    assert len(screen.chart.labels) == points
    assert ("Of " in screen.outro) == (every in ("weekly", "monthly"))
    assert count(screen) <= briefings.WORDS


def test_whole_months_and_years_have_their_names(told: Desk) -> None:
    at(told, "2026-12-31 12:00")
    for every in ("monthly", "quarterly", "annual"):
        add(told, every, day=1)
    told.take(raw("new year", TROUBLES[1] + " on new year's eve", published_at=told.now))
    tick(at(told, "2027-01-01 09:00"))
    titles = [drawn(told, "2027-01-01", number).title for number in (1, 2, 3)]
    assert [title.partition(": ")[2].replace("\u00a0", " ") for title in titles] == [
        "monthly briefing, Dec 2026",
        "quarterly briefing, 1 Oct – 31 Dec 2026",
        "annual briefing, 1 Jan – 31 Dec 2026",
    ]


def test_one_that_makes_up_for_downtime_says_so(told: Desk) -> None:
    add(at(told, "2026-10-23 12:00"))
    add(told, "weekly", day=4)
    tick(at(told, "2026-10-26 08:31"))
    assert drawn(told, "2026-10-26").intro == "It covers 3 days."
    assert "23–25 Oct" in drawn(told, "2026-10-26").title
    assert "usually: " in drawn(told, "2026-10-26").rows[0].facts[1]
    tick(at(told, "2026-11-13 11:00"))
    assert drawn(told, "2026-11-13", 2).intro == "It covers 3 weeks. It was due at 08:30 and comes late."
    tick(at(told, "2026-11-14 08:30"))
    assert drawn(told, "2026-11-14").intro.startswith("Quiet: ")


def test_a_quiet_day_is_one_line_and_still_comes(desk: Desk) -> None:
    add(at(desk, "2026-11-22 12:00"))
    assert tick(at(desk, "2026-11-23 08:30")) == 1
    assert drawn(desk, "2026-11-23") == Screen(
        "Heron & Plover: daily briefing, Sun 22 Nov 2026",
        "Quiet: no mentions, no new cases. At 08:30 nothing is unclaimed or overdue.",
    )


def test_a_quiet_day_names_what_is_overdue_and_who_is_silent(desk: Desk) -> None:
    add(at(desk, "2026-11-20 12:00"))
    desk.open_case(published_at=desk.now)
    _silent(desk, "birds")
    tick(at(desk, "2026-11-21 08:30"))
    tick(at(desk, "2026-11-22 08:30"))
    screen = drawn(desk, "2026-11-22")
    told = "Quiet: no mentions, no new cases. At 08:30: 1 unclaimed, 1 overdue. Sources: birds: silent since"
    assert screen.intro.startswith(told)
    assert (screen.rows, screen.chart, len(screen.buttons)) == ((), None, 1)
    opened = desk.press("ana", screen.buttons[0]).screen
    assert opened is not None
    assert "#1" in opened.rows[0].heading


def test_words_that_were_deleted_or_changed_are_drawn_out_of_what_was_posted(desk: Desk) -> None:
    add(at(desk, "2026-11-20 12:00"))
    for number, words in enumerate(TROUBLES[:3]):
        desk.open_case(f"b{number}", words, published_at=desk.now)
    tick(at(desk, "2026-11-21 08:30"))
    assert "suitcase" in " ".join(people_see(drawn(desk, "2026-11-21")))
    asked = "select revision from deliveries where key like 'redraw:briefing:1:2026-11-21:%'"
    desk.take(Tombstone("b0", "deleted"))
    assert desk.store.engine.value(asked) == 1
    desk.take(raw("b1", "The Heron website is awful, but they gave it back", published_at=desk.now))
    assert desk.store.engine.value(asked) == 2
    desk.take(raw("b2", TROUBLES[2], likes=5, published_at=desk.now))
    assert desk.store.engine.value(asked) == 2, "numbers are no words"
    seen = " ".join(people_see(drawn(desk, "2026-11-21")))
    assert "suitcase" not in seen
    assert "charged my card" not in seen
    assert "gave it back" in seen


def test_one_brand_has_its_own_numbers(told: Desk) -> None:
    both = posted(told)
    for brand in ("Heron Air", "Plover Inn"):
        screen = posted(told, brand=brand)
        assert screen.title == f"{brand}: daily briefing, Sun 25 Oct 2026"
        assert screen.rows[0].heading != both.rows[0].heading


def test_numbers_and_dates_in_german_and_words_in_english(told: Desk) -> None:
    screen = posted(told, language="de")
    assert screen.title == "Heron & Plover: daily briefing, So., 25. Okt. 2026"
    assert screen.rows[1].heading == "5 negative (50\u00a0%)"
    assert screen.chart is not None
    assert screen.chart.labels[-1] == "25. Okt."
    assert posted(told, language="xx").title.endswith("Sun 25 Oct 2026")  # of another machine


def test_the_preview_says_what_the_next_would_and_writes_nothing(told: Desk) -> None:
    made = add(told, created_at=told.now - timedelta(hours=23))
    before = told.everything()
    screen = briefings.preview(told.ctx, made)
    assert told.everything() == before
    assert rows(told) == {}
    tick(told)
    assert replace(drawn(told, "2026-10-26"), intro="") == replace(screen, intro="")


def test_it_is_drawn_while_the_clock_is_behind(told: Desk) -> None:
    before = posted(told)
    told.later(days=-3)
    assert [row.heading for row in drawn(told, "2026-10-26").rows[:5]] == [row.heading for row in before.rows[:5]]


def test_nothing_is_drawn_for_a_slot_that_is_not_there(told: Desk) -> None:
    add(told)
    assert briefings.draw(told.ctx, 1, told.now.date()) is None
    assert briefings.draw(told.ctx, 77, told.now.date()) is None


# 250 words


def _crowd(desk: Desk) -> None:
    """Everything that can be long is: names, sources, brands, customers' words."""
    long = "Maria Antonia Josepha von und zu Hohenlohe"
    members = [Member(f"m{number}", f"{long} {number} of the night") for number in range(12)]
    sources = [SourceEntry(f"source-{'x' * 40}-{number}", "feed") for number in range(30)]
    brands = [Brand(f"The Very Long Name Of A Brand Number {number}", {"names": "heron"}) for number in range(4)]
    desk.change_policy(members=(*desk.policy.members, *members), sources=tuple(sources), brands=tuple(brands))
    desk.change_policy(team="The Team That Has The Longest Name Of All Teams In The World")
    for member in members:
        desk.change_roles(member.name, Role.AGENT)


@pytest.mark.parametrize(
    ("every", "language", "brand"),
    [
        ("daily", "fr", ""),
        ("weekly", "hi", "The Very Long Name Of A Brand Number 0"),
        ("weekly", "fr", ""),
        ("annual", "fr", "The Very Long Name Of A Brand Number 0"),
    ],
)
def test_at_most_250_words_whatever_people_write(told: Desk, every: str, language: str, brand: str) -> None:
    _crowd(told)
    at(told, "2026-12-28 12:00")
    attacks = list(ATTACKS.items())
    for number, (name, attack) in enumerate(attacks):
        text = f"heron is awful, I will sue, my hand is burned {name} {number} {name[::-1] * 3} {attack[:500]}"
        item = raw(
            f"h{number}", text, author=f"a{number}", author_name="a b c d e f g h i j k l " * 4, published_at=told.now
        )
        told.take(item, source=told.policy.sources[number % 30].name)
    for case in told.cases():
        told.do(f"m{case.id % 12}", f"claim {case.id}")
        if case.id % 3 == 0:
            told.do(case.assignee or "ana", f"resolve {case.id} fixed")
    for entry in told.policy.sources:
        _silent(told, entry.name)
        told.store.costs.spend(told.store.sources.id_of(entry.name, entry.kind, told.now), 123_456_789, told.now)
    every_day = {"daily": 0, "weekly": 1, "annual": 29}[every]
    add(told, every, day=every_day, language=language, brand=brand, created_at=told.now - timedelta(days=2))
    tick(at(told, "2026-12-29 18:00"))
    if every == "annual":
        at(told, "2027-01-29 18:00")
        tick(told)
    screen = drawn(told, list(rows(told))[-1])
    assert len(screen.rows) >= 10
    assert count(screen) <= 250, [(len(text.split()), text) for text in people_see(screen)]
    assert count(screen) == words_in(screen)
    assert "27 more" in screen.outro or "29 more" in screen.outro
    assert screen.outro.count("\n") <= 2
    assert "cost $3,703.70367" in screen.outro
    quotes = [row.quote for row in screen.rows if row.quote]
    assert len(quotes) == 3
    assert all(len(quote.words.split()) >= 5 for quote in quotes), "authors and comparisons give way to customers"
    assert all(quote.words.isprintable() or "\u200d" in quote.words for quote in quotes)


def test_few_words_are_cut_where_a_word_ends_and_marked() -> None:
    assert few("one two\nthree  four", 3, 100).words == "one two three"
    assert few("one two\nthree  four", 3, 100).is_cut
    assert not few("one two", 3, 100).is_cut
    assert few("x" * 500, 3, 10).words == "x" * 10
    assert few("", 3, 10).words == ""


def test_a_usual_day_leaves_room_for_what_customers_said(told: Desk) -> None:
    told.take(*(raw(f"p{number}", f"{PRAISE} {number}", published_at=told.now) for number in range(5)))
    screen = posted(told)
    assert 120 < count(screen) <= 250
    assert all(len(row.quote.words.split()) >= 10 for row in screen.rows if row.quote)


def test_on_the_first_day_the_preview_is_of_today_so_far(desk: Desk) -> None:
    desk.take(raw("1", TROUBLES[0]), raw("2", TROUBLES[1]))
    screen = desk.do("mia", "briefing now").screen
    assert screen is not None
    assert screen.intro == "Nothing was counted before today: this is today so far."  # and none was due yet
    assert screen.rows[0].heading == "2 mentions"
    desk.later(days=1)
    screen = desk.do("mia", "briefing now").screen
    assert screen is not None
    assert "today so far" not in screen.intro
    assert screen.rows[0].heading == "2 mentions"
