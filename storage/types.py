"""The words of the product as frozen data. `docs/words.md` is checked against the docstrings in this file.

Times are aware datetimes in UTC everywhere in Python and fixed-width ISO-8601 text in SQL (`to_text`, `from_text`).
Reach is a number of people; None means unknown, which is not zero. Sentiment is VADER's compound, -1 to +1.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import lru_cache


def to_text(moment: datetime) -> str:
    """Fixed-width UTC text, so that text order is time order: 2026-11-21T09:30:00.000000Z."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


@lru_cache(maxsize=4096)
def to_json(words: tuple[str, ...]) -> str:
    """Words as they stand in SQL: a JSON list. The same few reasons are given over and over."""
    return json.dumps(words)


def from_text(text: str) -> datetime:
    """The inverse of `to_text`. Raises ValueError on anything else."""
    return datetime.fromisoformat(text)


class Priority(IntEnum):
    """How much a mention needs a person: low, normal, high, urgent; computed, with reasons."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Status(StrEnum):
    """Where a case stands. Snoozed is aside: a case keeps its status while it is snoozed."""

    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """Why a case was closed. Irrelevant: it is us, and not worth our time. Not us: another thing of that name."""

    REPLIED = "replied"
    FIXED = "fixed"
    NO_ACTION = "no action"
    IRRELEVANT = "irrelevant"
    NOT_US = "not us"
    SPAM = "spam"
    DUPLICATE = "duplicate"


class DraftState(StrEnum):
    """Where a proposed reply stands. `sending` and `doubtful` are for sources that post by themselves."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    DOUBTFUL = "doubtful"
    REJECTED = "rejected"


class Role(StrEnum):
    """What a member may do. A member may hold several roles."""

    AGENT = "agent"
    APPROVER = "approver"
    MANAGER = "manager"
    ADMIN = "admin"


class Lane(IntEnum):
    """The order in which one channel's deliveries leave: state changes, then urgent, then normal, then digests."""

    STATE = 0
    URGENT = 1
    NORMAL = 2
    DIGEST = 3


class DeliveryState(StrEnum):
    """Where an outbox row stands. A `sending` row whose answer was lost is settled and looked for before any retry."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, from `start` up to and without `end`; both UTC and at a quarter of an hour.

    Raises ValueError for other moments, and for an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment.utcoffset() != timedelta() or moment.minute % 15 or moment.second or moment.microsecond:
                raise ValueError(f"no quarter of an hour in UTC: {moment}")
        if self.end < self.start:
            raise ValueError(f"ends before it starts: {self.start} to {self.end}")

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class RawMention:
    """One item as a source gave it, cleaned of nothing. Identity is (source, native_id)."""

    native_id: str
    text: str
    title: str = ""
    url: str = ""
    author: str = ""  # the handle on the outside network, without @
    author_name: str = ""
    followers: int | None = None
    published_at: datetime | None = None  # as the source tells it; None when it does not
    lang: str = ""  # as the source tells it, ISO 639-1
    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    stars: float | None = None  # of a review, 1 to 5
    repost_of: str = ""  # native id of the original
    private: bool = False  # a call, a mail, a form: never quoted in public
    extra: Mapping[str, str] = field(
        default_factory=dict
    )  # searched like the text; `tier`, `caller`, `answers go to` are shown
    reply_ref: str = ""  # what the source needs to answer it: opaque text, owned by the source
    is_final: bool = False  # nobody can edit it where it is: other words under its native id later are not believed


@dataclass(frozen=True, slots=True)
class Mention:
    """One public or private item that matches a brand, as stored."""

    id: int
    source: str
    kind: str
    native_id: str
    brand: str
    query: str
    text: str
    title: str
    url: str
    author: str
    author_name: str
    followers: int | None
    lang: str
    published_at: datetime | None
    seen_at: datetime
    likes: int | None
    shares: int | None
    replies: int | None
    stars: float | None
    private: bool
    reach: int | None
    sentiment: float | None
    label: str  # negative, neutral, positive, or "not scored"
    priority: Priority
    reasons: tuple[str, ...]
    case_id: int | None
    extra: Mapping[str, str] = field(default_factory=dict)
    reply_ref: str = ""
    gone_why: str = ""  # where its words are gone and its author did not delete it: erased, expired


@dataclass(frozen=True, slots=True)
class Case:
    """The work around one mention or several alike. `version` counts state changes; each has one case event."""

    id: int
    brand: str
    status: Status
    priority: Priority
    version: int
    mention_id: int  # the mention that the card shows
    mention_count: int
    reach: int | None  # summed over its mentions; None while none is known
    reasons: tuple[str, ...]
    opened_at: datetime
    updated_at: datetime
    due_at: datetime | None  # first response promised by then
    assignee: str | None  # member name
    claimed_at: datetime | None
    answered_at: datetime | None
    resolved_at: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    resolution: Resolution | None
    is_fixed: bool  # put right, not merely answered
    cause: str = ""  # what it was about when it was opened: complaint, question, safety, … ("" before that was kept)
    asks: bool = False  # its first mention asks for an answer
    alerted_at: datetime | None = None  # its first card was asked for


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One line of the case's diary; append-only; the source of all reports. Keyed (case, version)."""

    case_id: int
    version: int
    at: datetime
    actor: str  # member name, or "earshot"
    kind: str  # opened, claimed, released, assigned, drafted, ...
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed reply.

    The approval is bound to `text_hash`, which covers text, target, account and the customer's words; an edit of any of
    them voids it.
    """

    id: int
    case_id: int
    revision: int
    state: DraftState
    text: str
    text_hash: str
    target: str  # source:native_id of the mention answered
    account: str  # from which account it is published
    author: str  # member who wrote exactly this text, as she was called then
    created_at: datetime
    updated_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    approved_hash: str | None
    rejected_by: str | None
    rejected_why: str
    sent_by: str | None  # who sent it; while it is on its way, who sent it off
    sent_at: datetime | None
    sent_url: str
    sent_id: str = ""  # native id of the reply, where Earshot posted it
    attempts: int = 0  # at posting it since it was sent off
    attempted_at: datetime | None = None  # of an attempt whose outcome nobody knows (yet)
    not_before: datetime | None = None  # when it is tried, or looked for, next
    error: str = ""  # why it was not posted, or waits
    author_accounts: tuple[str, ...] = ()  # those that its author had in the chats then, each chat:id

    @property
    def short_hash(self) -> str:
        """What a button carries, so that it is about the text beside it and no other."""
        return self.text_hash[:16]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to be posted or updated in a chat: the outbox row. `key` is derived, never random."""

    id: int
    key: str
    action: str  # post or update
    subject: str  # case:142, draft:7, notice:142:9
    parent: str  # the subject in whose thread it stands; empty for the channel itself
    chat: str
    channel: str
    lane: Lane
    state: DeliveryState
    revision: int  # rises whenever a redraw is asked for again
    attempts: int
    not_before: datetime
    attempted_at: datetime | None
    remote_ref: str
    error: str
    body: str  # JSON for what is not drawn from the store (a notice's words)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A channel that cannot be used until a person does something. It is tried again after `until`."""

    chat: str
    channel: str
    why: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Mute:
    """A public, listed, reversible silence with an end date."""

    id: int
    what: str  # author, source, query, words
    value: str
    brand: str  # "" for every brand
    until: datetime
    created_by: str
    created_at: datetime
    hidden: int  # mentions it has kept from becoming cases


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source: cursor, health, counts."""

    name: str
    kind: str
    cursor: str | None  # of a source that is read as a whole
    status: str  # new, ok, failing, quota, off
    error: str
    last_ok_at: datetime | None
    next_poll_at: datetime | None
    first_seen_at: datetime
    stored: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class CursorState:
    """How far one native query of a source was read, and whether that went well."""

    cursor: str | None
    status: str  # new, ok, failing, quota, off
    error: str
    next_poll_at: datetime | None
