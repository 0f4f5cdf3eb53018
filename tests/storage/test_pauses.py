"""Channels that are closed: since when, why, and until somebody or the clock tries again."""

from datetime import timedelta

from storage.store import Store
from storage.types import Lane, Pause
from tests.kit import NOW

SOON, LATER = NOW + timedelta(minutes=10), NOW + timedelta(minutes=20)


def test_a_pause_is_news_once_and_again_for_another_reason(store: Store) -> None:
    assert store.pauses.pause("slack", "#alerts", "It is archived.", SOON, NOW)
    assert not store.pauses.pause("slack", "#alerts", "It is archived.", LATER, SOON)
    assert store.pauses.pause("slack", "#alerts", "I am not in it.", LATER, SOON)
    assert store.pauses.all() == [Pause("slack", "#alerts", "I am not in it.", NOW, LATER)]


def test_a_long_reason_is_cut_and_is_news_only_once(store: Store) -> None:
    assert store.pauses.pause("slack", "#alerts", "x" * 1_000, SOON, NOW)
    assert not store.pauses.pause("slack", "#alerts", "x" * 1_000, LATER, SOON)
    assert len(store.pauses.all()[0].why) == 300


def test_one_ends_or_all_do(store: Store) -> None:
    for channel in ("#a", "#b", "#c"):
        store.pauses.pause("slack", channel, "It is archived.", SOON, NOW)
    assert store.pauses.end("slack", "#a")
    assert not store.pauses.end("slack", "#a")
    assert not store.pauses.end("local", "#b")
    assert [pause.channel for pause in store.pauses.all()] == ["#b", "#c"]
    assert store.pauses.end_all() == 2
    assert store.pauses.end_all() == 0
    assert store.pauses.all() == []


def test_a_message_is_known_by_where_it_stands(store: Store) -> None:
    for number in (1, 2):
        store.deliveries.post(
            f"card:{number}:slack:#a", subject=f"case:{number}", chat="slack", channel="#a", lane=Lane.NORMAL, now=NOW
        )
    first, _ = store.deliveries.due(NOW, 10)
    store.deliveries.sent(first, "C1:1712345.000100")
    assert store.deliveries.subject_at("slack", "C1:1712345.000100") == "case:1"
    assert store.deliveries.subject_at("discord", "C1:1712345.000100") == ""
    assert store.deliveries.subject_at("slack", "C1:1.0") == ""
    assert store.deliveries.subject_at("slack", "") == ""
