"""Exports of call centres, read by the preset of the file source, and in one queue with what came by post."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.importing import import_file
from bot.settings import read_environment
from bot.sources.file import Settings, read_file
from bot.sources.turns import spoken
from handlers.ports import Broken
from handlers.rules.policy import SourceEntry
from storage.types import RawMention
from tests.bot.sources.test_form_presets import asked, send, typeform
from tests.kit import NOW, POLICY, SOURCES, TROUBLES, Desk

CSV = """Call ID,Caller ID,Customer Tier,Start Time,Agent,Queue,Transcript,Agent Note
c-1,+49 170 5551234,gold,2026-11-23 08:15:00 +0100,Bo,Billing,,Customer says the Heron invoice is wrong
c-2,+49 170 5559876,,2026-11-23T08:20:00Z,Ana,Bags,Where is my Heron suitcase?,Will call back
c-3,,silver,2026-11-23T08:30:00Z,Ana,Bags,,
"""


def read(path: Path, content: str, **told: Any) -> list[RawMention]:
    path.write_text(content, encoding="utf-8")
    settings = Settings(folder=str(path.parent), preset="calls", **told)
    return [item for chunk in read_file(path, settings) for item in chunk.items if isinstance(item, RawMention)]


def test_a_table_of_calls(tmp_path: Path) -> None:
    first, second = read(tmp_path / "calls.csv", CSV)
    assert (first.native_id, first.text) == ("c-1", "Customer says the Heron invoice is wrong")
    assert (first.extra, first.private) == ({"tier": "gold", "caller": "+49 170 5551234"}, True)
    assert (first.author, first.author_name) == ("+49 170 5551234", "caller …1234")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-11-23T07:15:00+00:00"
    assert (second.text, second.extra) == ("Where is my Heron suitcase?", {"caller": "+49 170 5559876"})


def test_a_call_without_words_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(CSV, encoding="utf-8")
    items = [item for chunk in read_file(path, Settings(str(tmp_path), preset="calls")) for item in chunk.items]
    assert [type(item) for item in items] == [RawMention, RawMention, Broken]


def test_who_called_is_told_by_more_than_a_number_where_there_is_more(tmp_path: Path) -> None:
    table = "call_id,note,phone,customer_id,customer_name\n1,It broke,0170 5551234,K-7,Mia Hall\n"
    (call,) = read(tmp_path / "calls.csv", table)
    assert (call.author, call.author_name, call.extra["caller"]) == ("K-7", "Mia Hall", "0170 5551234")


def test_what_the_team_maps_goes_first(tmp_path: Path) -> None:
    (first, *_) = read(tmp_path / "calls.csv", CSV, map={"text": "Queue", "caller": "", "tier": "Agent"})
    assert (first.text, first.extra) == ("Billing", {"tier": "Bo"})


def test_contact_records_and_transcripts_of_amazon_connect(tmp_path: Path) -> None:
    record = {
        "ContactId": "5ac-1",
        "InitiationTimestamp": "2026-11-23T08:15:00Z",
        "CustomerEndpoint": {"Address": "+4915755551234", "Type": "TELEPHONE_NUMBER"},
        "Queue": {"Name": "Bags"},
        "Agent": {"Username": "bo"},
        "Attributes": {"note": "Heron lost the bag", "tier": "gold"},
    }
    turns = [
        {"ParticipantId": "AGENT", "Content": "I am sorry, that is terrible."},
        {"ParticipantId": "CUSTOMER", "Content": "My Heron bag is gone."},
        {"ParticipantId": "CUSTOMER", "Content": "For a week!"},
    ]
    analysed = {"Channel": "VOICE", "Transcript": turns, "CustomerMetadata": {"ContactId": "5ac-2"}}
    lines = "".join(json.dumps(one) + "\n" for one in (record, analysed))
    first, second = read(tmp_path / "calls.jsonl", lines)
    assert (first.native_id, first.text, first.author) == ("5ac-1", "Heron lost the bag", "+4915755551234")
    assert first.extra == {"tier": "gold", "caller": "+4915755551234"}
    assert (second.native_id, second.text) == ("5ac-2", "My Heron bag is gone.\nFor a week!")


def test_calls_of_aircall(tmp_path: Path) -> None:
    call = {
        "id": 76259012,
        "started_at": 1795421700,
        "raw_digits": "+33 6 55 55 12 34",
        "user": {"name": "Bo"},
        "comments": [{"id": 1, "content": "Heron refund was refused"}, {"id": 2, "content": "Wants a manager"}],
    }
    (found,) = read(tmp_path / "calls.jsonl", json.dumps(call) + "\n")
    assert (found.native_id, found.text) == ("76259012", "Heron refund was refused\nWants a manager")
    assert found.author_name == "caller …1234"


def test_two_callers_with_the_same_note_are_two_calls(tmp_path: Path) -> None:
    one, other = read(tmp_path / "calls.csv", "phone,note\n0170 5551234,Hung up\n0170 5559876,Hung up\n")
    assert one.native_id != other.native_id


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ([], ""),
        (["x", None, 5], ""),
        ([{"speaker": "Agent", "text": "a"}, {"speaker": "Customer", "text": "b"}], "b"),
        ([{"content": "a"}, {"content": ""}, {"content": "b"}], "a\nb"),
        ([{"speaker": ["customer"], "text": {"x": 1}}], ""),
    ],
)
def test_of_a_conversation_the_customers_words_count(turns: list[Any], words: str) -> None:
    assert spoken(turns) == words


def test_without_the_preset_such_columns_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("id,note,phone\n1,It broke,0170 5551234\n", encoding="utf-8")
    (item,) = [item for chunk in read_file(path, Settings(str(tmp_path))) for item in chunk.items]
    assert isinstance(item, RawMention)
    assert (item.extra, item.author, item.private) == ({}, "", False)


def test_a_complaint_by_phone_and_one_by_post_stand_in_one_queue_and_one_report(desk: Desk, tmp_path: Path) -> None:
    desk.change_policy(
        sources=(*SOURCES, SourceEntry("phone", "file"), SourceEntry("post", "webhook", brand="Heron Air"))
    )
    table = f'call_id,note,phone,tier\nc-1,"{TROUBLES[0]}",+49 170 5551234,gold\n'
    letter = typeform(
        asked("f1", "What went wrong?", "long_text", "text", TROUBLES[1]),
        submitted_at="2026-11-23T09:00:00Z",
        hidden={"tier": "gold"},
    )
    assert desk.take(*read(tmp_path / "calls.csv", table), source="phone").cases == 1
    assert desk.take(*send("typeform", letter).page.items, source="post").cases == 1
    queue = desk.do("mia", "queue").screen
    assert queue is not None
    told = "\n".join(f"{row.heading} {' · '.join(row.facts)}" for row in queue.rows)
    assert "phone" in told
    assert "post" in told
    summary = desk.do("mia", "summary today by:source").screen
    assert summary is not None
    assert {"phone", "post"} <= {words for row in summary.rows for words in ("phone", "post") if words in row.heading}
    facts = desk.card(1).facts
    assert "customer tier gold" in facts
    assert desk.card(1).author == "caller …1234"
    assert "5551234" not in str(desk.card(1))
    assert "customer tier gold" in desk.card(2).facts


def test_an_import_of_such_a_source_knows_the_columns_too(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(CSV, encoding="utf-8")
    environment = read_environment(tmp_path / ".env", {"EARSHOT_DATA": str(tmp_path)})
    entry = SourceEntry("phone", "file", settings={"folder": str(tmp_path), "preset": "calls"})
    told = import_file(
        environment,
        replace(POLICY, sources=(*SOURCES, entry)),
        tmp_path / "calls.csv",
        source="phone",
        brand="",
        field_map={},
        with_cases=False,
        progress=lambda read, total: None,
        now=lambda: NOW,
    )
    assert (told.stored, told.quarantined) == (2, 1)
