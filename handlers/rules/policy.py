"""What a team decides, as plain data: the shape of `earshot.toml`. `bot/settings.py` reads and validates it.

Every field here is a key of the file; its comment is the key's line in the documentation. Durations are timedeltas;
in the file they are written 30s, 15m, 4h, 7d.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from storage.types import Priority, Role

CHATS = ("slack", "discord")  # where people have accounts
WORKING_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
NO_KEY = {"is_key": False}  # of a field that the file cannot set


@dataclass(frozen=True, slots=True)
class Brand:
    """What we listen for; owns queries."""

    name: str  # shown on cards
    queries: Mapping[str, str]  # a name and an expression each; any match concerns the brand
    own_accounts: tuple[str, ...] = ()  # handles whose posts are ours and never mentions
    own_sites: tuple[str, ...] = ()  # our web sites, like heron.example: who links there means us
    context: tuple[str, ...] = ()  # where a query found no more than one word, one of these must be in the text too
    not_with: tuple[str, ...] = ()  # who says one of these words means another thing of that name
    reply_as: str = ""  # the account that answers; shown beside each draft
    is_competitor: bool = False  # true: counted, to be compared with, and never a case (written `competitor`)


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A place mentions come from. Keys of its kind stand beside these in the same table (`settings`)."""

    name: str  # one word, as in `queue source:blog`
    kind: str  # what it is: feed, email, x, bluesky, mastodon, …; docs/sources.md has them all
    brand: str = ""  # every item concerns this brand, whether a query matches or not (a feedback form, call notes)
    is_on: bool = True  # false: it is not read (written `on`)
    weight: int | None = None  # the reach assumed for an item when the source tells none
    alert_max_age: timedelta = timedelta(hours=24)  # older items are stored, not alerted
    every: timedelta = timedelta(minutes=15)  # how often it is polled
    reply_limit: int = 3_000  # characters that a reply may have there, for instance 280
    daily_budget: float | None = None  # US dollars that it may cost a day (UTC); needed where reading costs money
    verify_for: timedelta = timedelta(days=7)  # so long it is asked whether a mention was edited or deleted; 0s: never
    keep_for: timedelta | None = None  # so long the words of a mention are kept, such as 90d; numbers stay
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
class DiscordPolicy:
    """How Earshot behaves in Discord. The token stands in `.env`."""

    server: str = ""  # the id of your server; needed only where the bot is in several
    roles: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)  # roles of Discord, and those that they give


@dataclass(frozen=True, slots=True)
class Route:
    """Which cases are posted where. `channel` is chat:#channel, for instance local:#alerts."""

    channel: str  # chat:#channel, for instance local:#alerts or slack:#alerts
    brands: tuple[str, ...] = ()  # empty: every brand
    sources: tuple[str, ...] = ()  # empty: every source
    min_priority: Priority = Priority.NORMAL  # low, normal, high, urgent: cases below it are not posted there
    labels: tuple[str, ...] = ()  # negative, neutral, positive, "not scored"; empty: all
    languages: tuple[str, ...] = ()  # ["fr"]: what is in French; what is not known counts as English; empty: all
    digest: timedelta = timedelta()  # gather cases below high into one message this often; 0s: each gets its card
    quiet: str = ""  # 20:00-08:00, or "outside business hours": only urgent ones then, the others in one message after


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
    linked: tuple[str, ...] = field(default=(), metadata=NO_KEY)  # chats where `link` alone says who she is
    also: tuple[str, ...] = field(default=(), metadata=NO_KEY)  # what she was called before she linked her accounts
    kin: str = field(default="", metadata=NO_KEY)  # the same for all who were said to be one person once; "" for none

    @property
    def label(self) -> str:
        return self.title or self.name

    def id_on(self, chat: str) -> str:
        """Her id on a chat platform, "" when she has none there."""
        return {"slack": self.slack, "discord": self.discord}.get(chat, "")

    @property
    def accounts(self) -> tuple[str, ...]:
        """Her accounts in the chats, as chat:id."""
        return tuple(f"{chat}:{self.id_on(chat)}" for chat in CHATS if self.id_on(chat))

    def is_called(self, name: str | None) -> bool:
        """Whether this is her name, or was before she linked her accounts."""
        return name == self.name or name in self.also

    def may_be(self, other: "Member") -> bool:
        """Whether the two may be one person.

        They are certainly two when the file names both, or when in one chat each has an account of her own for which
        the file or a group vouches. An id by `link` alone proves nothing: anybody can have one more account. Nor are
        they, whom the file does not both name, when a link that ended said that they are one.
        """
        if self.name == other.name:
            return True
        if not self.joined and not other.joined:
            return False
        if self.was_one_with(other):
            return True
        return not any(self._is_vouched_for(chat) and other._is_vouched_for(chat) for chat in CHATS)

    def was_one_with(self, other: "Member") -> bool:
        """Whether links, of which one has ended at least, said that they are one person."""
        return bool(self.kin) and self.kin == other.kin

    def _is_vouched_for(self, chat: str) -> bool:
        return bool(self.id_on(chat)) and chat not in self.linked


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where words become points and points become priority."""

    complaint: float = 0.65  # how likely (0 to 1) the words alone must be a complaint to make a mention normal
    high_reach: int = 10_000  # people
    very_high_reach: int = 100_000  # people
    takes_off: float = 30.0  # acts gained an hour, and thrice the author's usual; a fifth of it where that is rare
    case_from: Priority = Priority.NORMAL  # below this a mention is stored and searchable, but opens no case


@dataclass(frozen=True, slots=True)
class Sla:
    """The promise of a first response per priority, on the wall clock or the business clock."""

    urgent: timedelta = timedelta(hours=1)  # a first response within
    high: timedelta = timedelta(hours=4)  # a first response within
    normal: timedelta = timedelta(hours=24)  # a first response within
    low: timedelta = timedelta(hours=72)  # a first response within
    business: tuple[Priority, ...] = ()  # priorities whose promise runs only in business hours; the rest run always
    remind_after: timedelta = timedelta(hours=24)  # a claimed case asleep for so long asks its assignee; 0s: never


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When the team works: the business clock runs then."""

    days: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict.fromkeys(WORKING_DAYS, ("09:00-17:00",))
    )  # for instance monday = ["09:00-12:30", "13:30-17:00"]; a day that is not named is off
    timezone: str = ""  # empty: the team's
    holidays: tuple[str, ...] = ()  # countries whose public holidays are off, or a part of one: DE, DE-BE, US-CA
    closed: tuple[str, ...] = ()  # more days off, each written 2026-12-24


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when nobody takes a case."""

    after: timedelta  # nobody has claimed it for so long, on the clock of its priority
    channel: str = ""  # it is posted there too, as local:#urgent
    ping: tuple[str, ...] = ()  # on-duty, a member's name, a Slack user group's handle or a role of Discord
    min_priority: Priority = Priority.HIGH  # low, normal, high, urgent: not for cases below it
    brands: tuple[str, ...] = ()  # empty: every brand


@dataclass(frozen=True, slots=True)
class Swap:
    """Somebody stands in on the roster."""

    who: str  # a member's name
    since: str  # from then, written 2026-12-24 09:00
    until: str  # up to then


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty: the members of the rota in turn, from `since` on, each for as long as `every`."""

    rota: tuple[str, ...] = ()  # names of members; empty: nobody is on duty
    since: str = ""  # when the first of them begins, written 2026-11-02 09:00; the hand-over is at that time of day
    every: timedelta = timedelta(days=7)  # how long each is on duty, in whole days
    swaps: tuple[Swap, ...] = ()  # exceptions


@dataclass(frozen=True, slots=True)
class Storms:
    """When many speak at once."""

    false_alarms: float = 4.0  # storms a year, for each brand, that are chance and nothing else; 0: none are looked for
    most_cards: int = 20  # single cards in a channel in a minute, the rest comes in one message; urgent ones always do


@dataclass(frozen=True, slots=True)
class Policy:
    """All of `earshot.toml`."""

    brands: tuple[Brand, ...]
    sources: tuple[SourceEntry, ...] = ()
    routes: tuple[Route, ...] = ()
    members: tuple[Member, ...] = ()
    templates: tuple[Template, ...] = ()
    slack: SlackPolicy = field(default_factory=SlackPolicy)
    discord: DiscordPolicy = field(default_factory=DiscordPolicy)
    team: str = "Earshot"  # the workspace's name
    timezone: str = "UTC"  # for times that people type and read
    languages: tuple[str, ...] = ()  # those you read: ["en", "de"]; empty: English, and sources are taken at their word
    not_scored: Priority | None = None  # least priority of what nobody can judge; none: normal if you read it, or low
    four_eyes: bool = True  # a reply needs another person's approval
    escalate_to: str = ""  # the channel that an escalated case is also posted to
    same_story: timedelta = timedelta(days=7)  # copies join a case that was opened within this time
    thresholds: Thresholds = field(default_factory=Thresholds)
    sla: Sla = field(default_factory=Sla)
    business_hours: BusinessHours = field(default_factory=BusinessHours)
    escalations: tuple[Escalation, ...] = ()
    duty: Duty = field(default_factory=Duty)
    storms: Storms = field(default_factory=Storms)
    alarms_to: str = ""  # the channel that is told when a source is silent or refuses; empty: the first route's
    keep_for: timedelta | None = None  # the same for every source that does not say it; none: for ever
    retired_keys: tuple[str, ...] = field(default=(), metadata=NO_KEY)  # of an older file; they mean nothing any more

    def member(self, name: str) -> Member | None:
        """By her name, or by what she was called before she linked her accounts."""
        named = next((member for member in self.members if member.name == name), None)
        return named or next((member for member in self.members if name in member.also), None)

    def member_on(self, chat: str, user_id: str) -> Member | None:
        """The member with this id on Slack or Discord."""
        return next((member for member in self.members if user_id and member.id_on(chat) == user_id), None)

    def label(self, name: str | None) -> str:
        """How a member is shown; a name that left the file is shown as it stands in the diary."""
        member = self.member(name) if name else None
        return member.label if member else (name or "nobody")

    def has_ours(self, brands: Iterable[str]) -> bool:
        """Whether one of these brands is our own, and no competitor's."""
        return not {brand.name for brand in self.brands if brand.is_competitor}.issuperset(brands)

    def source(self, name: str) -> SourceEntry | None:
        return next((entry for entry in self.sources if entry.name == name), None)
