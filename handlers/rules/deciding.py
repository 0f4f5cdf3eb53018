"""What the team has decided about a mention: it takes such, or it sets such aside. Told by explicit acts alone.

A case that somebody worked on (a draft, an answer, closed as replied or fixed) was worth it; one that was closed as
irrelevant or spam was not. A priority that a person raised from low, or lowered to low, says the same. What was closed
as not us, as a duplicate or with no action says nothing here. The last act that stands counts, from the moment when
acts of its kind began.

An act that is taken back within ten minutes leaves no trace. So an act counts when it is ten minutes old, by its time
and that of the acts after it alone: whoever reads the diary later finds the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from storage.lessons import Verdict
from storage.types import CaseEvent, Priority, Resolution

GRACE = timedelta(minutes=10)  # in which an act can be taken back without a trace
MISSED, QUIET = "missed", "quiet"  # verdicts on what became no card
_WORKED = (Resolution.REPLIED, Resolution.FIXED)
_ASIDE = (Resolution.IRRELEVANT, Resolution.SPAM)
_ORDER = [priority.word for priority in Priority]


class Decided(NamedTuple):
    """What was decided, and since when."""

    is_taken: bool
    at: datetime


def of_case(events: Sequence[CaseEvent], now: datetime) -> Decided | None:
    """What the diary of a case says; None while that is nothing."""
    stands: Decided | None = None
    before: Decided | None = None  # what stood when it was resolved
    is_void = False  # the last resolution was taken back at once
    raised_from = ""  # where a run of corrections began that followed each other at once
    for place, event in enumerate(events):
        if event.at > now - GRACE:
            continue
        soon = [one for one in events[place + 1 :] if one.at <= event.at + GRACE]
        if event.kind == "resolved":
            is_void = _has(soon, "reopened")
            if not is_void:
                before, stands = stands, _resolved(event, stands)
        elif event.kind == "reopened":
            stands = stands if is_void else before
        elif event.kind == "corrected":
            raised_from = raised_from or event.detail.get("from", "")
            if not _has(soon, "corrected"):
                stands = _corrected(event, raised_from, stands)
                raised_from = ""
        elif event.kind in ("drafted", "answered") and not _has(soon, "released"):
            stands = _now(stands, event, is_taken=True)
    return stands


def of_verdicts(verdicts: Sequence[Verdict], now: datetime) -> Decided | None:
    """What people said of a mention that was no case: the last verdict."""
    stands: Decided | None = None
    for place, one in enumerate(verdicts):
        is_corrected = any(later.at <= one.at + GRACE for later in verdicts[place + 1 :])
        if one.at > now - GRACE or is_corrected:
            continue
        is_taken = one.verdict == MISSED
        if stands is None or stands.is_taken != is_taken:
            stands = Decided(is_taken, one.at)
    return stands


def _has(events: Sequence[CaseEvent], kind: str) -> bool:
    return any(event.kind == kind for event in events)


def _now(stands: Decided | None, event: CaseEvent, *, is_taken: bool) -> Decided:
    """The same said again changes nothing, not even since when."""
    return stands if stands is not None and stands.is_taken == is_taken else Decided(is_taken, event.at)


def _resolved(event: CaseEvent, stands: Decided | None) -> Decided | None:
    resolution = event.detail.get("resolution", "")
    if resolution == Resolution.NOT_US:
        return None  # whether it is us is another question, and then this one was never asked
    if resolution in _WORKED:
        return _now(stands, event, is_taken=True)
    return _now(stands, event, is_taken=False) if resolution in _ASIDE else stands


def _corrected(event: CaseEvent, since: str, stands: Decided | None) -> Decided | None:
    """From low up, or down to low; back to where it was is nothing."""
    low, to = Priority.LOW.word, event.detail.get("to", "")
    if to not in _ORDER or since not in _ORDER or (since == low) == (to == low):
        return stands
    return _now(stands, event, is_taken=since == low)
