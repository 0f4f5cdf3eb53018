"""Who may do what to a case in which state, written by hand from the documents; and how each state is made.

The roles are those of earshot.toml, each alone. `oto` holds other people's cases; `vera` approves and tidies up.
"""

from collections.abc import Mapping

from handlers.rules.policy import Member
from storage.types import Role

AGENT, APPROVER, MANAGER, ADMIN, GUEST, NOBODY = "ana", "pia", "max", "ada", "gus", "ned"
MEMBERS = (
    Member(AGENT, "Ana", (Role.AGENT,)),
    Member(APPROVER, "Pia", (Role.APPROVER,)),
    Member(MANAGER, "Max", (Role.MANAGER,)),
    Member(ADMIN, "Ada", (Role.ADMIN,)),
    Member(GUEST, "Gus", (Role.AGENT,), is_guest=True),
    Member("oto", "Oto", (Role.AGENT,)),
    Member("vera", "Vera", (Role.APPROVER, Role.MANAGER)),
)
PEOPLE = (AGENT, APPROVER, MANAGER, ADMIN, GUEST, NOBODY)
ALL = frozenset({AGENT, APPROVER, MANAGER, ADMIN})
LEADING = ALL - {AGENT}  # take over, mute
DECIDING = frozenset({APPROVER, MANAGER})  # approve, reject, send for another
RUNNING = frozenset({MANAGER, ADMIN})
NONE = frozenset[str]()

# What leads to each state: who says what. `me` is whoever acts then; {n} is the case.
STATES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "open": (),
    "hers": (("vera", "assign {n} @{me}"),),
    "another's": (("oto", "claim {n}"),),
    "answered": (("oto", "draft {n} Sorry."), ("vera", "approve {n}"), ("oto", "sent {n} https://birds.example/r")),
    "resolved": (("oto", "resolve {n} fixed"),),
    "another's draft": (("oto", "draft {n} Sorry."),),
    "her own draft": (("oto", "claim {n}"), ("me", "draft {n} Sorry.")),
    "approved": (("oto", "draft {n} Sorry."), ("vera", "approve {n}")),
    "hers, approved": (("oto", "draft {n} Sorry."), ("vera", "approve {n}"), ("vera", "assign {n} @{me}")),
}
UNRESOLVED = tuple(state for state in STATES if state != "resolved")
HERS = ("hers", "hers, approved")
OTOS = ("another's", "another's draft", "her own draft", "approved")


def _in(states: tuple[str, ...], who: frozenset[str]) -> dict[str, frozenset[str]]:
    return dict.fromkeys(states, who)


# Of a line: the line of the diary that it makes, and who may in which state; a state that is not named: nobody.
CASE_VERBS: Mapping[str, tuple[str, Mapping[str, frozenset[str]]]] = {
    "claim {n}": ("claimed", _in(("open",), ALL)),
    "release {n}": ("released", _in(HERS, ALL) | _in(OTOS, LEADING)),
    "assign {n} @vera": ("assigned", _in(("open", *HERS), ALL) | _in(OTOS, LEADING)),
    "assign {n} @oto": ("assigned", _in(("open", *HERS), ALL)),
    "draft {n} We are very sorry.": ("drafted", _in(UNRESOLVED, ALL)),
    "approve {n}": ("approved", _in(("another's draft",), DECIDING)),
    "reject {n} warmer": (
        "rejected",
        _in(("another's draft", "her own draft", "approved", "hers, approved"), DECIDING),
    ),
    "send {n}": ("handed over to send", _in(("approved",), DECIDING) | _in(("hers, approved",), ALL)),
    "sent {n} https://birds.example/r": ("answered", _in(("approved",), DECIDING) | _in(("hers, approved",), ALL)),
    "resolve {n} fixed": ("resolved", _in(UNRESOLVED, ALL)),
    "irrelevant {n}": ("resolved", _in(UNRESOLVED, ALL)),
    "reopen {n}": ("reopened", _in(("resolved",), ALL)),
    "snooze {n} 1h": ("snoozed", _in(UNRESOLVED, ALL)),
    "escalate {n}": ("escalated", _in(UNRESOLVED, ALL)),
    "note {n} hm": ("noted", _in(tuple(STATES), ALL)),
    "priority {n} low": ("corrected", _in(UNRESOLVED, ALL)),
    "still {n}": ("still on it", _in(HERS, ALL)),
}

# Of a line about no case: who may.
OTHER_VERBS: Mapping[str, frozenset[str]] = {
    "mute add author:@spam 24h": LEADING,
    "mute add author:@spam 7d": RUNNING,
    "briefing add daily 08:30 #alerts": RUNNING,
    "status retry": RUNNING,
    "halt a false recall is going round": ALL,
    "halt end": RUNNING,
    "settings reload": frozenset({ADMIN}),
    "teach stop": RUNNING,
    "export cases 7d": ALL,
    "track Heron lost my bag https://birds.example/x": ALL,
    "queue": ALL | {GUEST},
    "search heron": ALL | {GUEST},
    "summary": ALL | {GUEST},
    "who": ALL | {GUEST},
    "home": ALL | {GUEST},
    "settings": ALL | {GUEST},
    "learning": ALL | {GUEST},
    "show 1": ALL | {GUEST},
    "help": ALL | {GUEST, NOBODY},
}
