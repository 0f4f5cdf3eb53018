"""Which verb is possible in which status, and what it leads to. The one table; `docs/lifecycle.md` prints it."""

from dataclasses import dataclass

from storage.types import Status

OPEN, CLAIMED, ANSWERED, RESOLVED = Status.OPEN, Status.CLAIMED, Status.ANSWERED, Status.RESOLVED
UNRESOLVED = (OPEN, CLAIMED, ANSWERED)
EVER = (*UNRESOLVED, RESOLVED)


@dataclass(frozen=True, slots=True)
class Transition:
    """`to` is None when the verb leaves the status as it is."""

    event: str  # what the diary calls it
    allowed: tuple[Status, ...]
    to: Status | None


TRANSITIONS: dict[str, Transition] = {
    "claim": Transition("claimed", (OPEN,), CLAIMED),
    "release": Transition("released", (CLAIMED,), OPEN),
    "assign": Transition("assigned", (OPEN, CLAIMED), CLAIMED),
    "draft": Transition("drafted", UNRESOLVED, None),
    "approve": Transition("approved", UNRESOLVED, None),
    "reject": Transition("rejected", UNRESOLVED, None),
    "send": Transition("handed over to send", UNRESOLVED, None),
    "take back": Transition("taken back", UNRESOLVED, None),
    "hold": Transition("waits to be posted", EVER, None),
    "fail": Transition("not posted", EVER, None),
    "doubt": Transition("in doubt", EVER, None),
    "post": Transition("posted", (RESOLVED,), None),
    "sent": Transition("answered", UNRESOLVED, ANSWERED),
    "resolve": Transition("resolved", UNRESOLVED, RESOLVED),
    "irrelevant": Transition("resolved", UNRESOLVED, RESOLVED),
    "reopen": Transition("reopened", (RESOLVED,), OPEN),
    "snooze": Transition("snoozed", UNRESOLVED, None),
    "wake": Transition("woke", UNRESOLVED, None),
    "escalate": Transition("escalated", UNRESOLVED, None),
    "note": Transition("noted", EVER, None),
    "raise": Transition("raised", UNRESOLVED, None),
    "correct": Transition("corrected", UNRESOLVED, None),
    "overdue": Transition("overdue", (OPEN, CLAIMED), None),
    "remind": Transition("reminded", (CLAIMED,), None),
    "still": Transition("still on it", (CLAIMED,), None),
}


def printed() -> str:
    """The table as Markdown."""
    lines = ["| verb | open | claimed | answered | resolved |", "|---|---|---|---|---|"]
    for verb, transition in TRANSITIONS.items():
        cells = [_cell(transition, status) for status in Status]
        lines.append(f"| {verb} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(transition: Transition, status: Status) -> str:
    if status not in transition.allowed:
        return "-"
    return (transition.to or status).value
