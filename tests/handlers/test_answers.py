"""An answer that is shared says when it was true."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from handlers.answers import shareable
from handlers.cards import Notice, Screen
from handlers.requests import Reply
from tests.kit import Desk

NOW = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_screen_is_dated_in_the_teams_zone(desk: Desk) -> None:
    desk.open_case()
    reply = desk.do("ana", "queue")
    posted = shareable(reply, NOW, BERLIN)
    assert isinstance(posted, Screen)
    assert posted.title == "Queue: open · at 14:05"
    assert reply.screen is not None
    assert posted.rows == reply.screen.rows


def test_words_are_dated_too() -> None:
    assert shareable(Reply("All is well.", can_share=True), NOW, BERLIN) == Notice("All is well. (at 14:05)")


def test_what_is_for_the_asker_alone_is_not_posted(desk: Desk) -> None:
    assert shareable(Reply("Saved for you alone."), NOW, BERLIN) is None
    assert shareable(Reply("No.", is_error=True, can_share=True), NOW, BERLIN) is None
    assert shareable(Reply(can_share=True), NOW, BERLIN) is None
    assert shareable(desk.do("ana", "help"), NOW, BERLIN) is None
