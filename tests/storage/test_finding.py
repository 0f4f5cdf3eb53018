"""What is found while somebody types is found by index, and is what begins so."""

from storage.types import DraftState
from tests.kit import TROUBLES, Desk, raw


def told(desk: Desk) -> Desk:
    for number, text in enumerate(TROUBLES, 1):
        desk.open_case(str(number), text)
    desk.take(raw("quiet", "What a lovely Heron crew this morning", author="quiet"))
    return desk


def test_authors_are_told_once_by_the_alphabet(desk: Desk) -> None:
    finding = told(desk).store.finding
    desk.take(raw("again", "Thank you, Heron, what a day", author="author2"))
    assert finding.authors("author", 3) == ["author1", "author2", "author3"]
    assert finding.authors("", 9) == ["author1", "author2", "author3", "author4", "author5", "quiet"]
    assert finding.authors("quiet!", 9) == []


def test_cases_are_found_by_what_was_said_and_by_whom(desk: Desk) -> None:
    finding = told(desk).store.finding
    assert [case.id for case in finding.said(["heron", "refu"], 9)] == [4]
    assert [case.id for case in finding.said(["he"], 9)] == [], "two letters begin half of all words"
    assert [case.id for case in finding.written_by("author", 9)] == [5, 4, 3, 2, 1]
    assert finding.written_by("quiet", 9) == [], "it is in no case"


def test_numbers_are_found_by_their_beginning(desk: Desk) -> None:
    finding = told(desk).store.finding
    assert [case.id for case in finding.numbered(4, 9)] == [4]
    assert finding.numbered(0, 9) == []
    assert finding.numbered(999_999_999, 9) == []


def test_replies_that_wait_are_found_without_those_that_were_sent(desk: Desk) -> None:
    told(desk)
    for line in ("draft 1 Sorry.", "draft 2 So sorry."):
        desk.do("ana", line)
    desk.do("bo", "approve 1")
    finding = desk.store.finding
    assert [(case.id, author) for case, author in finding.drafted([DraftState.PROPOSED], 9)] == [(2, "ana")]
    desk.do("ana", "sent 1 https://birds.example/1")
    desk.do("ana", "resolve 2 fixed")
    assert finding.drafted([DraftState.PROPOSED, DraftState.APPROVED], 9) == []


def test_none_of_it_reads_all_that_is_stored(desk: Desk) -> None:
    asked: list[str] = []
    rows = desk.store.engine.rows

    def explained(sql: str, params: tuple[object, ...] = ()) -> object:
        asked.extend(row["detail"] for row in rows(f"explain query plan {sql}", params))
        return rows(sql, params)

    desk.store.engine.rows = explained  # type: ignore[method-assign] - it does the same, and tells how
    finding = desk.store.finding
    finding.numbered(14, 9)
    finding.said(["heron", "refund"], 9)
    finding.written_by("author", 9)
    finding.authors("author", 9)
    finding.drafted([DraftState.PROPOSED], 9)
    scans = [plan for plan in asked if plan.startswith("SCAN") and not plan.startswith(("SCAN found", "SCAN CONSTANT"))]
    assert [plan for plan in scans if "VIRTUAL TABLE INDEX" not in plan] == []
    assert any("drafts_waiting" in plan for plan in asked)
