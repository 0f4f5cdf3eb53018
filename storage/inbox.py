"""What has come in once and must have no second effect: clicks, lines, forms, webhook deliveries."""

from datetime import datetime

from storage.engine import Engine
from storage.types import to_text

DELIVERY = "delivery"  # what came in from a source; anything else is what a person did


class Inbox:
    """Rows keyed by the event; written in the transaction of the event's effect."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, key: str, what: str, now: datetime) -> bool:
        """Whether this event is new. The unique key decides, not a look before."""
        return (
            self._engine.run(
                "insert into inbox (key, at, what) values (?, ?, ?) on conflict do nothing", (key, to_text(now), what)
            )
            == 1
        )

    def has_acts_since(self, moment: datetime) -> bool:
        """Whether a person has done anything since."""
        told = (to_text(moment), DELIVERY)
        return bool(self._engine.value("select exists (select 1 from inbox where at >= ? and what <> ?)", told))

    def forget_before(self, moment: datetime) -> int:
        """Drop old keys; how many."""
        return self._engine.run("delete from inbox where at < ?", (to_text(moment),))
