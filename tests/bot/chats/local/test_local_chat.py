from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.engine import Engine
from storage.errors import NotFound
from storage.local_chat import SCHEMA, LocalChat
from storage.sqlite import SqliteEngine
from tests.bot.chats.gallery import NOW
from tests.bot.chats.local.desk import MemoryEngine


@pytest.fixture(params=["memory", "file"])
def chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalChat]:
    engine: Engine
    if request.param == "memory":
        engine = MemoryEngine()
    else:
        engine = SqliteEngine(tmp_path / "chat.db")
        for statement in SCHEMA:
            engine.run(statement)
    yield LocalChat(engine)
    engine.close()


def test_the_same_key_is_posted_once_and_keeps_its_ref(chat: LocalChat) -> None:
    first = chat.post("#alerts", "case:1", "{}", "", NOW)
    assert chat.post("#alerts", "case:1", '{"other": 1}', "", NOW) == first
    assert chat.post("#urgent", "case:1", "{}", "", NOW) != first
    assert [message.body for message in chat.latest("#alerts")] == ["{}"]
    assert chat.find("#alerts", "case:1") == first
    assert chat.find("#alerts", "case:2") is None


def test_every_change_is_told_in_order_and_once(chat: LocalChat) -> None:
    one, two = chat.post("#alerts", "1", "a", "", NOW), chat.post("#alerts", "2", "b", "", NOW)
    seen = chat.last_seq()
    chat.update(one, "c", NOW + timedelta(minutes=1))
    assert [message.ref for message in chat.changed_since(seen)] == [one]
    assert [message.ref for message in chat.changed_since(0)] == [two, one]
    assert chat.changed_since(chat.last_seq()) == []


def test_the_same_body_again_is_no_change(chat: LocalChat) -> None:
    ref = chat.post("#alerts", "1", "a", "", NOW)
    seen = chat.last_seq()
    chat.update(ref, "a", NOW)
    assert chat.last_seq() == seen


def test_a_reply_stands_in_the_thread_and_touches_its_parent(chat: LocalChat) -> None:
    parent = chat.post("#alerts", "1", "a", "", NOW)
    seen = chat.last_seq()
    reply = chat.post("#alerts", "2", "b", parent, NOW)
    deeper = chat.post("#alerts", "3", "c", reply, NOW)
    assert [message.ref for message in chat.thread(parent)] == [parent, reply, deeper]
    assert [message.ref for message in chat.latest("#alerts")] == [parent]
    assert chat.latest("#alerts")[0].replies == 2
    assert [message.ref for message in chat.changed_since(seen)] == [reply, deeper, parent]


def test_pages_go_back_from_the_newest(chat: LocalChat) -> None:
    refs = [chat.post("#alerts", str(number), "{}", "", NOW) for number in range(7)]
    assert [message.ref for message in chat.latest("#alerts", limit=3)] == refs[4:]
    assert [message.ref for message in chat.latest("#alerts", before=refs[4], limit=3)] == refs[1:4]


def test_channels_tell_their_newest_message_outside_threads(chat: LocalChat) -> None:
    first = chat.post("#alerts", "1", "{}", "", NOW)
    chat.post("#alerts", "2", "{}", first, NOW)
    last = chat.post("#urgent", "3", "{}", "", NOW)
    assert [(state.channel, state.newest) for state in chat.channels()] == [("#alerts", first), ("#urgent", last)]


@pytest.mark.parametrize("ref", ["", "0", "-1", "99", "x", "1; drop", "９", "9" * 40])
def test_a_ref_that_does_not_exist_is_not_found(chat: LocalChat, ref: str) -> None:
    chat.post("#alerts", "1", "{}", "", NOW)
    with pytest.raises(NotFound):
        chat.message(ref)
    with pytest.raises(NotFound):
        chat.update(ref, "{}", NOW)


def test_a_thread_stays_in_its_channel(chat: LocalChat) -> None:
    parent = chat.post("#alerts", "1", "{}", "", NOW)
    with pytest.raises(NotFound):
        chat.post("#urgent", "2", "{}", parent, NOW)
    assert chat.latest("#urgent") == []
