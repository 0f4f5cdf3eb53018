"""When a stored mention is asked for again: often while it is young, then once a day, as long as the team wants it.

Networks want what was deleted there gone here within 24 hours of being told; X: "as soon as reasonably possible, or
within 24 hours" (X Developer Agreement, checked through its copy of August 2026).
"""

from datetime import datetime, timedelta

FIRST_LOOK = timedelta(hours=1)  # after it was stored
_LATER = (timedelta(hours=5), timedelta(hours=18))  # after the first look, after the second
_DAILY = timedelta(hours=23)  # less than a day, so that a late round is still within it


def next_look(rounds: int, asked_at: datetime, seen_at: datetime, verify_for: timedelta) -> datetime | None:
    """When to look after `rounds` looks, the last at `asked_at`; None once it is older than `verify_for`.

    `seen_at` is when it was stored. All UTC.
    """
    due = asked_at + (_LATER[rounds - 1] if 0 < rounds <= len(_LATER) else _DAILY)
    return due if due - seen_at <= verify_for else None
