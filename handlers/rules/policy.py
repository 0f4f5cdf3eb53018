"""What a team decides, as plain data: the shape of `earshot.toml`. `bot/settings.py` reads and validates it.

Every field here is a key of the file; its comment is the key's line in the documentation. Durations are timedeltas;
in the file they are written 30s, 15m, 4h, 7d.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from storage.types import Priority, Role

NO_KEY = {"is_key": False}  # of a field that the file cannot set


@dataclass(frozen=True, slots=True)
class Brand:
    """What we listen for; owns queries."""

    name: str  # shown on cards
    queries: Mapping[str, str]  # a name and an expression each; any match concerns the brand
    own_accounts: tuple[str, ...] = ()  # handles whose posts are ours and never mentions
    reply_as: str = ""  # the account that answers; shown beside each draft


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A place mentions come from. Keys of its kind stand beside these in the same table (`settings`)."""

    name: str  # one word, as in `queue source:blog`
    kind: str  # feed, file, webhook, sample
    brand: str = ""  # every item concerns this brand, whether a query matches or not (a feedback form, call notes)
    is_on: bool = True  # false: it is not read (written `on`)
    weight: int | None = None  # the reach assumed for an item when the source tells none
    alert_max_age: timedelta = timedelta(hours=24)  # older items are stored, not alerted
    every: timedelta = timedelta(minutes=15)  # how often it is polled
    reply_limit: int = 3_000  # characters that a reply may have there, for instance 280
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """A reply to begin with, offered when a draft is written."""

    name: str  # as it stands in the list
    text: str  # at most 3,000 characters
    brands: tuple[str, ...] = ()  # empty: every brand


@dataclass(frozen=True, slots=True)
class SlackPolicy:
    """How Earshot behaves in Slack. The tokens stand in `.env`."""

    groups: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)  # user groups and the roles they give
    shared_channels: tuple[str, ...] = ()  # channels shared with other companies that may be used all the same
    outsiders: bool = False  # true: members that belong to another company may act
    reactions: bool = False  # true: 👀 on a card claims, ✅ resolves, 🔇 mutes its author; taking it off undoes it
    classic: bool = False  # true: only the older kinds of blocks, for clients that cannot draw the newer ones


@dataclass(frozen=True, slots=True)
class Route:
    """Which cases are posted where. `channel` is chat:#channel, for instance local:#alerts."""

    channel: str  # chat:#channel, for instance local:#alerts or slack:#alerts
    brands: tuple[str, ...] = ()  # empty: every brand
    sources: tuple[str, ...] = ()  # empty: every source
    min_priority: Priority = Priority.NORMAL  # low, normal, high, urgent: cases below it are not posted there
    labels: tuple[str, ...] = ()  # negative, neutral, positive; empty: all
    digest: timedelta = timedelta()  # gather cases below high into one message this often; 0s: each gets its card


@dataclass(frozen=True, slots=True)
class Member:
    """A staff person across chat platforms. `name` is what commands call her: @ana."""

    name: str  # what commands call her: @ana
    title: str = ""  # shown on cards; the name when empty
    roles: tuple[Role, ...] = (Role.AGENT,)  # agent, approver, manager, admin
    slack: str = ""  # her Slack user id, like U012AB3CD
    discord: str = ""  # her Discord user id
    is_guest: bool = False  # true: may look, and do nothing (written `guest`); Slack's guests always are
    joined: str = field(default="", metadata=NO_KEY)  # the chat whose user group adds her; "" when the file names her

    @property
    def label(self) -> str:
        return self.title or self.name

    def id_on(self, chat: str) -> str:
        """Her id on a chat platform, "" when she has none there."""
        return {"slack": self.slack, "discord": self.discord}.get(chat, "")

    def may_be(self, other: "Member") -> bool:
        """Whether the two may be one person: one is known from a chat alone, and the other has no id there."""
        return any(one.joined and not two.id_on(one.joined) for one, two in ((self, other), (other, self)))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where words become points and points become priority."""

    negative: float = -0.3  # sentiment at or below: negative
    very_negative: float = -0.6  # sentiment at or below: very negative
    high_reach: int = 10_000  # people
    very_high_reach: int = 100_000  # people
    takes_off: float = 30.0  # shares, likes and replies gained per hour
    case_from: Priority = Priority.NORMAL  # below this a mention is stored and searchable, but opens no case


@dataclass(frozen=True, slots=True)
class Sla:
    """The promise of a first response per priority, on the wall clock."""

    urgent: timedelta = timedelta(hours=1)  # a first response within
    high: timedelta = timedelta(hours=4)  # a first response within
    normal: timedelta = timedelta(hours=24)  # a first response within
    low: timedelta = timedelta(hours=72)  # a first response within


@dataclass(frozen=True, slots=True)
class Policy:
    """All of `earshot.toml`."""

    brands: tuple[Brand, ...]
    sources: tuple[SourceEntry, ...] = ()
    routes: tuple[Route, ...] = ()
    members: tuple[Member, ...] = ()
    templates: tuple[Template, ...] = ()
    slack: SlackPolicy = field(default_factory=SlackPolicy)
    team: str = "Earshot"  # the workspace's name
    timezone: str = "UTC"  # for times that people type and read
    four_eyes: bool = True  # a reply needs another person's approval
    escalate_to: str = ""  # the channel that an escalated case is also posted to
    same_story: timedelta = timedelta(days=7)  # copies join a case that was opened within this time
    thresholds: Thresholds = field(default_factory=Thresholds)
    sla: Sla = field(default_factory=Sla)

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def member_on(self, chat: str, user_id: str) -> Member | None:
        """The member with this id on Slack or Discord."""
        return next((member for member in self.members if user_id and member.id_on(chat) == user_id), None)

    def label(self, name: str | None) -> str:
        """How a member is shown; a name that left the file is shown as it stands in the diary."""
        member = self.member(name) if name else None
        return member.label if member else (name or "nobody")

    def source(self, name: str) -> SourceEntry | None:
        return next((entry for entry in self.sources if entry.name == name), None)
