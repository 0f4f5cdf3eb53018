"""Every number of a report opens to what it counts, and what is true now is counted quickly."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage.behind import Load, Standing
from storage.cases import CAUSED
from storage.store import Store, open_storage
from storage.types import Case, Priority, Resolution, Status, Window, from_text
from tests.kit import PRAISE, TROUBLES, Desk, answer, put_in, raw
from tests.storage.histories import BEGIN, RIVAL, STEPS, WINDOWS, a_day, lived

HOUR = timedelta(hours=1)
DAYS = Window(BEGIN - 48 * HOUR, BEGIN + 200 * HOUR)
BRANDS = ["", "Heron Air", "Plover Inn"]
LABELS = ["", "negative", "positive", "neutral", "not scored"]
NOW_WORDS = ["open", "unclaimed", "overdue", "claimed", "snoozed", "asking", "not fixed"]


def paged(page: Callable[[int, int], list[Any]], size: int) -> list[Any]:
    """All of it, page by page."""
    found: list[Any] = []
    while part := page(size, len(found)):
        assert len(part) <= size
        found += part
    return found


def is_now(case: Case, what: str, now: datetime) -> bool:
    is_waiting = case.status is not Status.RESOLVED and case.snoozed_until is None
    is_unanswered = case.status in (Status.OPEN, Status.CLAIMED)
    return {
        "open": is_waiting,
        "unclaimed": is_waiting and case.status is Status.OPEN,
        "claimed": is_waiting and case.status is Status.CLAIMED,
        "overdue": is_waiting and is_unanswered and case.due_at is not None and case.due_at < now,
        "snoozed": case.status is not Status.RESOLVED and case.snoozed_until is not None,
        "asking": is_unanswered and case.asks,
        "not fixed": not case.is_fixed and (case.status is Status.ANSWERED or case.resolution is Resolution.REPLIED),
    }[what]


def concerns(row: Any, brand: str) -> bool:
    names = {row["brand"], *json.loads(row["also"] or "[]")}
    return brand in names or (not brand and names != {RIVAL.name})


def mentions_open(desk: Desk, window: Window, brand: str, label: str, size: int) -> None:
    rows = desk.store.engine.rows("select m.*, s.name from mentions m join sources s on s.id = m.source_id")
    for source in ("", "birds", "desk", "nothing"):
        expected = [
            (row["counted_at"], row["id"])
            for row in rows
            if window.start <= from_text(row["counted_at"]) < window.end
            and concerns(row, brand)
            and source in ("", row["name"])
            and label in ("", row["label"])
        ]

        def page(limit: int, offset: int, source: str = source) -> list[Any]:
            return desk.store.behind.mentions(
                window, brand=brand, source=source, label=label, limit=limit, offset=offset
            )

        assert [one.id for one in paged(page, size)] == [number for _, number in sorted(expected, reverse=True)]


def numbers_open(desk: Desk, window: Window, brand: str) -> None:
    """Whatever the roll-ups count in a window opens to as many cases, each once however often it happened to it."""
    for kind, actor, detail, n in desk.store.tallies.acts(window, brand):
        is_named = kind in ("opened", "resolved", CAUSED)
        found, total = desk.store.behind.cases(
            kind, window, brand=brand, person=actor, detail=detail if is_named else "", now=desk.now, limit=1_000
        )
        numbers = [case.id for case in found]
        assert len(numbers) == total == len(set(numbers)) <= n
        for case in found:
            assert any(
                line.kind == kind.replace(CAUSED, "opened")
                and line.actor == actor
                and window.start <= line.at < window.end
                and (kind == CAUSED or detail in ("", *line.detail.values()))
                for line in desk.events(case.id)
            )
        if kind in ("opened", CAUSED):
            assert total == n
    opened, total = desk.store.behind.cases("opened", window, brand=brand, now=desk.now, limit=1_000)
    assert total == desk.store.tallies.sums(window, brand).opened
    assert [case.opened_at for case in opened] == sorted((case.opened_at for case in opened), reverse=True)
    alerted = desk.store.behind.cases("alerted", window, brand=brand, now=desk.now, limit=1_000)[1]
    assert alerted == desk.store.tallies.sums(window, brand).alerted


def the_state_opens(desk: Desk, brand: str, size: int) -> None:
    cases = [case for case in desk.cases() if brand in ("", case.brand)]
    standing = desk.store.behind.standing(desk.now, brand)
    for what in NOW_WORDS:
        expected = {case.id for case in cases if is_now(case, what, desk.now)}

        def page(limit: int, offset: int, what: str = what) -> list[Case]:
            return desk.store.behind.cases(what, None, brand=brand, now=desk.now, limit=limit, offset=offset)[0]

        found = [case.id for case in paged(page, size)]
        assert sorted(found) == sorted(expected)
        assert getattr(standing, what.replace(" ", "_")) == len(expected)
        assert desk.store.behind.cases(what, None, brand=brand, now=desk.now, limit=1)[1] == len(expected)
    for load in desk.store.behind.load(desk.now, brand):
        hers = desk.store.behind.cases("claimed", None, brand=brand, person=load.person, now=desk.now, limit=99)[0]
        assert load.open == len(hers)
        assert load.overdue == sum(is_now(case, "overdue", desk.now) for case in hers)
    assert sum(load.open for load in desk.store.behind.load(desk.now, brand)) == standing.claimed


def is_worth(case: Case, window: Window) -> bool:
    closed_for = (Resolution.IRRELEVANT, Resolution.NOT_US, Resolution.SPAM, Resolution.DUPLICATE)
    return window.start <= case.opened_at < window.end and case.resolution not in closed_for


def the_worst_come_first(desk: Desk, window: Window, brand: str) -> None:
    cases = [case for case in desk.cases() if brand in ("", case.brand) and is_worth(case, window)]

    def weight(case: Case) -> tuple[object, ...]:
        is_closed = case.status is Status.RESOLVED
        return is_closed, -case.priority, -(case.reach or -1), -case.mention_count, case.id

    expected = [case.id for case in sorted(cases, key=weight)]
    for limit in (1, 3, 50):
        assert [case.id for case in desk.store.behind.worth(window, brand, limit)] == expected[:limit]


@settings(max_examples=25, deadline=None)
@given(STEPS, WINDOWS, st.sampled_from([*BRANDS, RIVAL.name]), st.sampled_from(LABELS), st.integers(1, 5))
@example(a_day(1), DAYS, "", "", 3)
@example(a_day(2), DAYS, "Heron Air", "negative", 2)
@example(a_day(1), DAYS, RIVAL.name, "", 2)
@example(a_day(3), Window(BEGIN + 2 * HOUR, BEGIN + 9 * HOUR), "Plover Inn", "", 1)
def test_after_any_history_every_number_opens_to_what_it_counts(
    template: Path, steps: list[tuple[object, ...]], window: Window, brand: str, label: str, size: int
) -> None:
    with lived(template, steps) as desk:
        mentions_open(desk, window, brand, label, size)
        numbers_open(desk, window, brand)
        the_state_opens(desk, brand, size)
        the_worst_come_first(desk, window, brand)


@pytest.fixture
def window(desk: Desk) -> Window:
    return Window(desk.now, desk.now + 24 * HOUR)


def test_a_case_that_was_closed_twice_in_the_window_is_told_once(desk: Desk, window: Window) -> None:
    number = put_in(desk, Status.RESOLVED).id
    for line in ("reopen {}", "resolve {} spam"):
        desk.do("ana", line.format(number))
    found, total = desk.store.behind.cases("resolved", window, now=desk.now, limit=8)
    assert ([case.id for case in found], total) == ([number], 1)
    assert desk.store.behind.cases("fixed", window, now=desk.now, limit=8)[1] == 1
    assert desk.store.behind.cases("resolved", window, detail="fixed", now=desk.now, limit=8)[1] == 1
    assert desk.store.behind.cases("resolved", window, detail="replied", now=desk.now, limit=8)[1] == 0
    assert desk.store.behind.cases("resolved", window, person="bo", now=desk.now, limit=8)[1] == 0


def test_a_note_that_looks_like_a_reason_is_no_reason(desk: Desk, window: Window) -> None:
    number = desk.open_case().id
    desk.do("ana", f'resolve {number} spam fixed", "resolution": "fixed')
    assert desk.store.behind.cases("fixed", window, now=desk.now, limit=8)[1] == 0


def test_cases_are_found_by_the_source_and_the_label_of_their_first_mention(desk: Desk, window: Window) -> None:
    desk.open_case("1")
    desk.open_case("2", TROUBLES[1], source="reviews")
    found = [
        [case.id for case in desk.store.behind.cases("opened", window, now=desk.now, limit=8, **asked)[0]]
        for asked in ({"source": "reviews"}, {"source": "birds", "label": "negative"}, {"label": "positive"})
    ]
    assert found == [[2], [1], []]


def test_an_unknown_word_is_a_mistake_of_the_caller(desk: Desk) -> None:
    with pytest.raises(ValueError, match="forgotten"):
        desk.store.behind.cases("forgotten", None, now=desk.now, limit=8)


def test_a_question_waits_for_an_answer_even_while_it_is_snoozed(desk: Desk) -> None:
    number = desk.open_case("1", "Heron lost my suitcase! Can you please tell me where it is?").id
    assert desk.store.behind.standing(desk.now).asking == 1
    desk.do("ana", f"snooze {number} 2h")
    assert desk.store.behind.standing(desk.now) == Standing(0, 0, 0, 0, snoozed=1, not_fixed=0, asking=1)
    answer(desk, number)
    assert desk.store.behind.standing(desk.now).asking == 0


def test_load_tells_who_has_how_much_and_what_of_it_is_late(desk: Desk) -> None:
    for number, text in enumerate(TROUBLES[:3], 1):
        desk.open_case(str(number), text)
        desk.do("bo" if number == 3 else "ana", f"claim {number}")
    assert desk.store.behind.load(desk.now) == [Load("ana", 2, 0), Load("bo", 1, 0)]
    desk.later(days=30)
    assert desk.store.behind.load(desk.now) == [Load("ana", 2, 2), Load("bo", 1, 1)]


def test_mentions_that_two_brands_share_open_for_both(desk: Desk, window: Window) -> None:
    desk.take(raw("1", "Heron and Plover"), raw("2", PRAISE))
    found = [[one.native_id for one in desk.store.behind.mentions(window, brand=name, limit=8)] for name in BRANDS]
    assert found == [["2", "1"], ["2", "1"], ["1"]]


# Plans: nothing reads all that there ever was


class Told(Store):
    """A store that keeps the plans of what it is asked."""

    plans: list[str]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    store = Told(open_storage(tmp_path / "plans.db").engine)
    store.plans = []
    rows, value = store.engine.rows, store.engine.value

    def watch(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(sql: str, params: tuple[object, ...] = ()) -> Any:
            store.plans += [row["detail"] for row in rows(f"explain query plan {sql}", params)]
            return ask(sql, params)

        return asked

    monkeypatch.setattr(store.engine, "rows", watch(rows))
    monkeypatch.setattr(store.engine, "value", watch(value))
    yield store
    store.close()


NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
YEAR = Window(NOW - timedelta(days=365), NOW)
OF_UNRESOLVED = ("cases_queue", "cases_assignee", "cases_unresolved", "cases_snoozed")  # hold nothing that is closed


def reads(store: Told) -> list[str]:
    return [plan for plan in store.plans if plan.startswith(("SCAN", "SEARCH")) and "subquery" not in plan]


@pytest.mark.parametrize("brand", ["", "Heron Air"])
def test_the_state_is_counted_from_indexes_of_what_is_unresolved(told: Told, brand: str) -> None:
    told.behind.standing(NOW, brand)
    told.behind.load(NOW, brand)
    plans = reads(told)
    assert len(plans) == 5
    assert all("COVERING INDEX" in plan for plan in plans)
    assert all(any(name in plan for name in (*OF_UNRESOLVED, "cases_not_fixed")) for plan in plans)


@pytest.mark.parametrize("what", NOW_WORDS)
def test_a_page_of_what_is_now_reads_the_index_of_its_kind(told: Told, what: str) -> None:
    told.behind.cases(what, None, now=NOW, limit=8)
    names = (*OF_UNRESOLVED, "cases_not_fixed")
    assert all(any(name in plan for name in names) for plan in reads(told))
    if what not in ("asking", "snoozed"):
        assert not any("TEMP B-TREE" in plan for plan in told.plans)


@pytest.mark.parametrize("what", ["opened", "alerted", "caused", "answered", "resolved", "claimed", "fixed"])
def test_what_happened_in_a_window_is_read_by_its_time_and_in_its_order(told: Told, what: str) -> None:
    told.behind.cases(what, YEAR, now=NOW, limit=8)
    by_time = "cases_alerted (alerted_at>? AND alerted_at<?)"
    if what != "alerted":
        by_time = "case_events_at (kind=? AND at>? AND at<?)"
    assert sum(by_time in plan for plan in reads(told)) == 2
    assert not any("TEMP B-TREE" in plan or plan.startswith("SCAN cases") for plan in told.plans)


@pytest.mark.parametrize("brand", ["", "Heron Air"])
def test_what_is_worth_a_word_is_looked_for_priority_by_priority(told: Told, brand: str) -> None:
    told.behind.worth(YEAR, brand)
    by_priority = "cases_worth (priority=? AND opened_at>? AND opened_at<?)"
    plans = [plan for plan in reads(told) if by_priority not in plan]
    assert plans == ["SEARCH cases USING INDEX cases_unresolved (opened_at>? AND opened_at<?)"]
    assert len(reads(told)) == 1 + len(Priority)


def test_a_rare_mention_is_looked_for_in_the_quarters_that_hold_one(told: Told) -> None:
    desk = Desk(told, now=NOW - timedelta(days=200))
    desk.take(raw("1", "Heron and Plover, awful", published_at=None))
    told.plans.clear()
    assert len(told.behind.mentions(YEAR, brand="Plover Inn", source="birds", label="negative", limit=8)) == 1
    plans = [plan for plan in reads(told) if "tallies" not in plan]
    assert "SEARCH m USING INDEX mentions_counted (counted_at>? AND counted_at<?)" in plans
    assert not any("sqlite_autoindex" in plan or plan.startswith("SCAN m") for plan in plans)
    told.plans.clear()
    assert told.behind.mentions(YEAR, brand="Heron Air", label="positive", limit=8) == []
    assert not any(" m " in plan for plan in reads(told))
