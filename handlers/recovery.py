"""What a backup must do before it goes on as the database: nothing of the time that was lost may be done twice.

What was still to be posted when it was made may stand outside by now, so it is looked for first; so are the cards and
briefings that the sources and the clock ask for anew, for some days. A reply that was on its way is looked for, and if
it is not there a person decides. New cases get numbers that no card of the lost time shows. Every open card is redrawn.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.restores import Restore
from storage.store import Store

LOOKS_FOR = timedelta(days=7)  # until when everything that was lost must have been read again
_NUMBERS = 1_000  # of cases that are left out for each day that was lost
_RECENTLY = timedelta(days=7)  # a case that was resolved since then may have been opened again in the lost time


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found in a backup that was put in place."""

    made_at: datetime
    messages: int  # that are looked for
    replies: int  # that are looked for
    approved: int  # replies that wait for a person, and are looked for when she sends them
    first_case: int


def recover(store: Store, now: datetime, *, used_numbers: int = 0) -> Recovered | None:
    """Turn a copy into the database, once; None when the file is no copy. `used_numbers`: the highest number of a case
    in the lost time, where that is known."""
    made_at = store.restores.copied_at()
    if made_at is None:
        return None
    with store.transaction():
        first = _first_case(store.cases.next_id(), used_numbers, now - made_at)
        store.restores.begin(Restore(made_at, now, now + LOOKS_FOR, first))
        messages = store.deliveries.doubt_all(made_at)
        replies, approved = store.drafts.doubt_all(made_at, now)
        for case_id in store.cases.open_or_changed_since(made_at - _RECENTLY):
            store.deliveries.redraw(f"case:{case_id}", now, now)
    return Recovered(made_at, messages, replies, approved, first)


def _first_case(next_id: int, used: int, lost: timedelta) -> int:
    if used + 1 >= next_id:
        return used + 1
    days = max(1, -(-lost // timedelta(days=1)))
    return -(-(next_id + days * _NUMBERS) // _NUMBERS) * _NUMBERS
