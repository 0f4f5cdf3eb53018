"""What a chat mirrors as a reaction, by the state of the case."""

import pytest

from handlers.cards import Card
from storage.types import Status
from tests.kit import Desk, put_in


@pytest.mark.parametrize(
    ("status", "mark"),
    [(Status.OPEN, ""), (Status.CLAIMED, "taken"), (Status.ANSWERED, "taken"), (Status.RESOLVED, "done")],
)
def test_a_card_says_what_its_reaction_should_say(desk: Desk, status: Status, mark: str) -> None:
    drawn = desk.drawn(f"case:{put_in(desk, status).id}")
    assert isinstance(drawn, Card)
    assert drawn.mark == mark
