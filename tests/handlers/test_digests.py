"""Digests: cases below high wait together; the first act brings one out of it."""

from datetime import timedelta

from handlers.cards import Screen
from handlers.jobs import digest
from handlers.messages import draw
from handlers.rules.policy import Route
from storage.types import Lane, Priority
from tests.kit import Desk, raw, with_number

QUESTIONS = (
    "@heron how do I get into the lounge in Lyon on Sundays?",
    "@heron can you take a folded bicycle on a night flight?",
    "@heron please help, where is the baggage desk in Porto?",
)


def _with_digest(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1)),))


def _run(desk: Desk) -> int:
    with desk.store.transaction():
        return digest.run(desk.ctx)


def _keys(desk: Desk) -> list[str]:
    return [with_number(one.key, one.subject) for one in desk.store.deliveries.due(desk.now, 100)]


def test_quiet_cases_wait_and_come_in_one_message_once(desk: Desk) -> None:
    _with_digest(desk)
    for number, question in enumerate(QUESTIONS):
        assert desk.take(raw(str(number), question)).cases == 1
        desk.later(minutes=10)
    assert _keys(desk) == []
    assert _run(desk) == 0
    desk.later(minutes=40)
    assert _run(desk) == 1
    assert _run(desk) == 0
    (delivery,) = desk.store.deliveries.due(desk.now, 100)
    assert (delivery.lane, delivery.channel) == (Lane.DIGEST, "#alerts")
    drawing = draw(desk.ctx, delivery.subject, delivery.body)
    assert isinstance(drawing, Screen)
    assert [row.quote.words for row in drawing.rows if row.quote] == list(QUESTIONS)
    assert "ago" not in str(drawing), "it is read for hours"


def test_high_and_urgent_ones_do_not_wait(desk: Desk) -> None:
    _with_digest(desk)
    desk.take(raw("1", "The Heron engine exploded and a passenger was injured"))
    assert desk.cases()[0].priority >= Priority.HIGH
    assert _keys(desk) == ["card:1:local:#alerts"]


def test_a_route_that_wants_it_at_once_wins(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1)), Route("local:#alerts")))
    desk.take(raw("1", QUESTIONS[0]))
    assert _keys(desk) == ["card:1:local:#alerts"]


def test_a_later_case_waits_in_the_next_digest(desk: Desk) -> None:
    _with_digest(desk)
    desk.take(raw("1", QUESTIONS[0]))
    desk.later(hours=1)
    _run(desk)
    desk.take(raw("2", QUESTIONS[1]))
    desk.later(hours=1)
    assert _run(desk) == 1
    assert [desk.store.digests.cases(number) for number in (1, 2)] == [[1], [2]]


def test_the_first_act_gives_it_a_card_and_redraws_the_digest(desk: Desk) -> None:
    _with_digest(desk)
    desk.take(raw("1", QUESTIONS[0]))
    desk.later(hours=1)
    _run(desk)
    desk.do("ana", "claim 1")
    assert set(_keys(desk)) == {
        "digest:1",
        "card:1:local:#alerts",
        "redraw:digest:1:local:#alerts",
        "redraw:case:1:local:#alerts",
    }
    drawing = draw(desk.ctx, "digest:1", "")
    assert isinstance(drawing, Screen)
    assert "claimed by Ana" in drawing.rows[0].heading


def test_a_worse_copy_leaves_the_digest_at_once(desk: Desk) -> None:
    _with_digest(desk)
    desk.take(raw("1", QUESTIONS[0]))
    desk.take(raw("2", QUESTIONS[0], followers=5_000_000))
    assert desk.cases()[0].mention_count == 2
    assert desk.cases()[0].priority >= Priority.HIGH
    assert "card:1:local:#alerts" in _keys(desk)
