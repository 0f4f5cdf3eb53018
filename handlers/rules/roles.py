"""Who may do what. Two tables and one question, `may`; four-eyes and ownership are asked where the case is known."""

from handlers.rules.policy import Member, Policy
from storage.types import Role

AGENT, APPROVER, MANAGER, ADMIN = Role.AGENT, Role.APPROVER, Role.MANAGER, Role.ADMIN
ANYBODY = frozenset(Role)

MAY: dict[str, frozenset[Role]] = {
    "approve": frozenset({APPROVER, MANAGER}),
    "reject": frozenset({APPROVER, MANAGER}),
    "calm": frozenset({APPROVER, MANAGER}),
    "change mutes": frozenset({APPROVER, MANAGER, ADMIN}),  # what is muted is for everybody to see
    "take over": frozenset({APPROVER, MANAGER, ADMIN}),  # from the person who has the case
    "send for another": frozenset({APPROVER, MANAGER}),  # the assignee may always
    "mute for long": frozenset({MANAGER, ADMIN}),  # over 24 hours
    "change briefings": frozenset({MANAGER, ADMIN}),  # of channels and of others; one's own are one's own affair
    "teach": frozenset({MANAGER, ADMIN}),  # whether what was learned takes part
    "end a halt": frozenset({MANAGER, ADMIN}),  # beginning one is for everybody
    "reload": frozenset({ADMIN}),
    "retry": frozenset({MANAGER, ADMIN}),
    "erase": frozenset({ADMIN}),
    "unlink others": frozenset({ADMIN}),  # one's own accounts are one's own affair
}

GUESTS_MAY = frozenset(  # look, and no more
    {"help", "home", "learning", "query", "queue", "search", "settings", "show", "summary", "who"}
)

NOBODY_MAY = frozenset({"help", "link"})  # without a role: to ask, and to say with a code whose account this is


def may(member: Member | None, act: str) -> bool:
    """Whether her roles allow it, and a guest's never more than a look.

    What the table does not name is open to every member, and to members only.
    """
    if member is None:
        return act in NOBODY_MAY
    if member.is_guest and act not in GUESTS_MAY:
        return False
    return bool(MAY.get(act, ANYBODY) & set(member.roles))


def names_of(policy: Policy, act: str) -> str:
    """The members that may, for a person who asks whom to ask: "Bo or Mia"."""
    names = [member.label for member in policy.members if may(member, act)]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "an admin to name somebody"


def who_may(act: str) -> str:
    """The roles that may, in words: "an approver or a manager"."""
    words = {AGENT: "an agent", APPROVER: "an approver", MANAGER: "a manager", ADMIN: "an admin"}
    named = [words[role] for role in Role if role in MAY.get(act, ANYBODY)]
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
