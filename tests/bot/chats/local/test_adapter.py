"""handlers.ports.Chat, as the outbox sees it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.chats.local.adapter import Bell, LocalChatAdapter, Stored, from_body, to_body
from handlers.cards import Drawing, Notice, Row, Screen
from handlers.ports import Chat, ChatBusy, ChatMessageGone, ChatRefused
from storage.errors import StorageError
from storage.local_chat import LocalChat
from tests.bot.chats import gallery
from tests.bot.chats.local.desk import FakeDesk, MemoryEngine


class FullDisk(FakeDesk):
    async def write(self, work: Callable[[LocalChat], Any]) -> Any:
        raise StorageError("The disk is full.")


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(lambda: gallery.NOW, MemoryEngine(), Bell())


@pytest.mark.parametrize("name", gallery.DRAWINGS)
def test_every_drawing_comes_back_as_it_was(name: str) -> None:
    stored = Stored(gallery.DRAWINGS[name], shared_by="Ana")
    assert from_body(to_body(stored)) == stored


async def test_post_find_update(desk: FakeDesk) -> None:
    chat: Chat = desk.chat
    ref = await chat.post("#alerts", gallery.card(), "case:142", "")
    assert await chat.post("#alerts", gallery.card("claimed by Ana"), "case:142", "") == ref
    assert await chat.find("#alerts", "case:142", gallery.NOW, "") == ref
    assert await chat.find("#alerts", "case:143", gallery.NOW, "") is None
    await chat.update("#alerts", ref, gallery.card("claimed by Ana"), "case:142")
    message = await desk.read(lambda local: local.message(ref))
    assert from_body(message.body).drawing == gallery.card("claimed by Ana")
    assert "1 of its channels" in await chat.check()


async def test_every_change_wakes_the_tabs(desk: FakeDesk) -> None:
    heard = desk.bell.listen()
    ref = await desk.chat.post("#alerts", gallery.card(), "case:142", "")
    assert heard.is_set()
    heard = desk.bell.listen()
    await desk.chat.update("#alerts", ref, gallery.card("claimed by Ana"), "case:142")
    assert heard.is_set()


async def test_a_message_that_is_gone_is_not_posted_again(desk: FakeDesk) -> None:
    with pytest.raises(ChatMessageGone):
        await desk.chat.update("#alerts", "99", gallery.NOTICE, "case:142")
    with pytest.raises(ChatRefused):
        await desk.chat.post("#alerts", gallery.NOTICE, "notice:1", "99")


@pytest.mark.parametrize("drawing", [gallery.NOTICE, gallery.SCREEN])
async def test_a_database_that_cannot_write_asks_to_wait(drawing: Drawing) -> None:
    desk = FullDisk(lambda: gallery.NOW, MemoryEngine(), Bell())
    chat = LocalChatAdapter(desk, desk.bell, desk.now)
    with pytest.raises(ChatBusy):
        await chat.post("#alerts", drawing, "1", "")


async def test_what_somebody_shared_stays_hers_when_redrawn(desk: FakeDesk) -> None:
    body = to_body(Stored(gallery.SCREEN, shared_by="Bo"))
    ref = await desk.write(lambda local: local.post("#alerts", "share:1", body, "", gallery.NOW))
    await desk.chat.update("#alerts", ref, gallery.SCREEN, "case:142")
    message = await desk.read(lambda local: local.message(ref))
    assert from_body(message.body).shared_by == "Bo"


@pytest.mark.parametrize(
    ("kind", "drawing", "expected"),
    [
        ("notice", {"words": "Case #1 is overdue.", "ping": "ana", "case": 1}, Notice("Case #1 is overdue.", "ana", 1)),
        (
            "screen",
            {
                "title": "Queue",
                "intro": "",
                "rows": [{"heading": "#1", "quote": None, "facts": ["open"], "buttons": [], "colour": "red"}],
                "outro": "",
                "buttons": [],
            },
            Screen("Queue", rows=(Row("#1", None, ("open",), colour="red"),)),
        ),
    ],
)
def test_what_an_older_version_stored_is_still_read(kind: str, drawing: object, expected: Drawing) -> None:
    body = json.dumps({"type": kind, "drawing": drawing, "shared_by": ""})
    assert from_body(body) == Stored(expected)
