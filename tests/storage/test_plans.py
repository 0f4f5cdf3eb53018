"""The work list is read and counted through its index, however many cases there are."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.cases import NewCase
from storage.store import Store, open_storage
from storage.types import Priority
from tests.kit import NOW


class Told(Store):
    """A store that keeps the plans of what it is asked."""

    plans: list[str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    store = Told(open_storage(tmp_path / "earshot.db").engine)
    store.plans = []
    rows, value = store.engine.rows, store.engine.value

    def explain(sql: str, params: tuple[object, ...]) -> None:
        store.plans += [row["detail"] for row in rows(f"explain query plan {sql}", params)]

    def told_rows(sql: str, params: tuple[object, ...] = ()) -> object:
        explain(sql, params)
        return rows(sql, params)

    def told_value(sql: str, params: tuple[object, ...] = ()) -> object:
        explain(sql, params)
        return value(sql, params)

    monkeypatch.setattr(store.engine, "rows", told_rows)
    monkeypatch.setattr(store.engine, "value", told_value)
    yield store
    store.close()


@pytest.mark.parametrize("which", ["open", "unclaimed", "overdue"])
@pytest.mark.parametrize("brand", ["", "Heron Air"])
def test_a_page_of_the_queue_is_not_sorted_and_its_count_reads_the_index_alone(
    store: Told, which: str, brand: str
) -> None:
    store.cases.queue(which, member="ana", brand=brand, source="", now=NOW, limit=8, offset=0)
    reads = [plan for plan in store.plans if "cases" in plan]
    assert reads == ["SCAN cases USING COVERING INDEX cases_queue", "SCAN cases USING INDEX cases_queue"]
    assert not any("TEMP B-TREE" in plan for plan in store.plans)


def test_what_became_overdue_is_found_by_its_time(store: Told) -> None:
    store.cases.newly_overdue(NOW - timedelta(minutes=1), NOW)
    assert store.plans == ["SEARCH cases USING INDEX cases_due (due_at>? AND due_at<?)"]


def test_the_newest_case_of_a_key_is_found_without_reading_the_others(store: Told) -> None:
    store.stories.find(["a", "b"], NOW)
    reads = [plan for plan in store.plans if not plan.startswith(("CO-ROUTINE", "CORRELATED"))]
    assert [plan.replace(" 2 CONSTANT ROWS", " wanted") for plan in reads] == [
        "SCAN wanted",
        "SCAN wanted",
        "SEARCH k USING PRIMARY KEY (key=?)",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_what_nobody_takes_and_what_sleeps_is_found_without_reading_all_cases(store: Told) -> None:
    day = timedelta(days=1)
    store.neglected.unclaimed([Priority.HIGH, Priority.URGENT], NOW - day, NOW, (NOW - day, NOW), "a rule")
    store.neglected.asleep(NOW - day)
    assert not [plan for plan in store.plans if plan.startswith("SCAN") and plan != "SCAN found"]
    assert "SEARCH c USING COVERING INDEX cases_queue (priority=? AND opened_at>? AND opened_at<?)" in store.plans
    assert "SEARCH c USING INDEX cases_assignee (assignee>?)" in store.plans


def test_the_cases_beside_a_case_are_read_newest_first_and_not_sorted(store: Told) -> None:
    case = NewCase(1, "Heron Air", Priority.HIGH, 1, None, (), NOW, 1, "complaint", asks=False, is_alert=True)
    store.cases.open_many([case], NOW)
    found = store.cases.get(1)
    assert found is not None
    store.plans.clear()
    store.neighbours.before(found)
    assert store.plans[0].startswith("SEARCH c USING INDEX cases_opened (opened_at>? AND opened_at<?")
    assert not any("TEMP B-TREE" in plan for plan in store.plans)


def test_what_authors_brought_lately_is_found_by_their_names(store: Told) -> None:
    store.authors.cases_since(1, ["ana", "bo"], NOW)
    store.authors.reach_in(1, 1, "ana")
    reads = [plan for plan in store.plans if "mentions" in plan or " m " in plan]
    assert [plan.split(" USING ")[1] for plan in reads] == [
        "COVERING INDEX mentions_in_cases (author=? AND source_id=? AND changed_at>?)",
        "INDEX mentions_author (author=?)",
    ]
    assert not any("TEMP B-TREE" in plan for plan in store.plans)
