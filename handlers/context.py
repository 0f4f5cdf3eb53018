"""What a handler may use: the store, the team's policy, the rules' working parts, and the time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.ports import ReplyWay, reply_way
from handlers.rules.business import BusinessClock
from handlers.rules.detection import Languages
from handlers.rules.learning import Lessons
from handlers.rules.matching import Matcher
from handlers.rules.own_names import pattern_of
from handlers.rules.policy import Policy
from handlers.rules.scoring import DayOneScorer, Scorer
from storage.store import Store
from storage.types import Mention


@dataclass(frozen=True, slots=True)
class Brain:
    """What one policy makes of mentions. Replaced whole when the policy is reloaded."""

    policy: Policy
    matcher: Matcher[tuple[str, str]]  # keys are (brand, query name)
    scorer: Scorer
    business: BusinessClock
    lessons: Lessons | None = None  # what the team's decisions have taught, where that is switched on


def think(policy: Policy) -> Brain:
    """The working parts for a policy. Raises QueryError for a query that cannot be read."""
    queries = [
        ((brand.name, name), expression) for brand in policy.brands for name, expression in brand.queries.items()
    ]
    business = BusinessClock(policy.business_hours, ZoneInfo(policy.timezone))
    scorer = DayOneScorer(
        Languages(policy.languages), policy.not_scored, pattern_of(policy.brands), policy.thresholds.complaint
    )
    return Brain(policy, Matcher(queries), scorer, business)


@dataclass(frozen=True, slots=True)
class ChatState:
    """Whether people can be reached through a chat now, in words."""

    name: str
    is_ok: bool
    words: str


def _no_chance(below: int) -> int:  # noqa: ARG001 - what takes its place is asked so
    raise RuntimeError("nothing is left to chance here: a Context needs `chance` for this")


@dataclass(frozen=True, slots=True)
class Context:
    """One call's surroundings. `now` is UTC and is the only clock that a handler knows.

    `chats` are those that lie outside; what does not ask for them is not told. `here` is where a person asks from, as
    chat:#channel (its channel may be empty, or one without a name); "" when it is the clock that asks. `ways` says how
    a mention can be answered, now, by the source that it came from. `user_id` and `user_name` are the account that asks
    as its chat knows it, also one of nobody on the team; "" on our own page. `chance` gives a whole number from 0 to
    below another, which nobody can foresee.
    """

    store: Store
    brain: Brain
    now: datetime
    chats: tuple[ChatState, ...] = ()
    here: str = ""
    ways: Callable[[Mention], ReplyWay] = reply_way
    user_id: str = ""
    user_name: str = ""
    chance: Callable[[int], int] = _no_chance

    @property
    def policy(self) -> Policy:
        return self.brain.policy

    @property
    def business(self) -> BusinessClock:
        return self.brain.business

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.timezone)
