"""Small working parts that the tests of the core share: a policy, a desk with a real store, a clock moved by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.scheduler import find_jobs
from handlers import lessons
from handlers.cards import Button, Card, DraftCard, Drawing
from handlers.context import Brain, Context, think
from handlers.dispatch import dispatch, load_commands, read_line
from handlers.forms import Form
from handlers.intake import Taken, take_in
from handlers.messages import draw
from handlers.ports import Broken, ByApi, Page, ReplyWay, Tombstone, reply_way
from handlers.requests import Reply, Request
from handlers.rules.learning import Lessons
from handlers.rules.policy import Brand, Member, Policy, Route, SourceEntry
from handlers.weighing import weigh
from storage.store import Store, open_storage
from storage.types import Case, CaseEvent, Draft, Mention, Priority, RawMention, Role, Status

load_commands()

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
MEMBERS = (
    Member("ana", "Ana"),
    Member("bo", "Bo", (Role.AGENT, Role.APPROVER)),
    Member("mia", "Mia", (Role.MANAGER, Role.ADMIN)),
    Member("kim", "Kim"),
)
SOURCES = (
    SourceEntry("birds", "feed"),
    SourceEntry("reviews", "file"),
    SourceEntry("desk", "webhook", brand="Heron Air"),
)
POLICY = Policy(
    brands=(
        Brand("Heron Air", {"names": 'heron OR "heron air"'}, own_accounts=("@heronair",), reply_as="@heronair"),
        Brand("Plover Inn", {"names": "plover"}),
    ),
    sources=SOURCES,
    routes=(Route("local:#alerts"), Route("local:#urgent", min_priority=Priority.URGENT)),
    members=MEMBERS,
    team="Heron & Plover",
    timezone="Europe/Berlin",
    escalate_to="local:#leads",
)

# Five troubles that no rule takes for copies of each other.
TROUBLES = (
    "Heron lost my suitcase in Oslo and nobody answers the telephone, I am furious",
    "The Heron website charged my card twice for one ticket, awful, awful service",
    "Stuck four hours on a cold Heron plane without water, the worst day of this year",
    "My Heron refund has a disgrace of a form, it asks for the name of my cat",
    "Rude Heron staff at the gate shouted at my grandmother, horrible, we hate this so much",
)
PRAISE = "What a lovely Heron crew this morning, thank you all"


def raw(native_id: str, text: str = TROUBLES[0], **fields: Any) -> RawMention:
    """A mention as a source gives it, with an author, a link and a time."""
    told: dict[str, Any] = {
        "author": f"author{native_id}",
        "url": f"https://birds.example/post/{native_id}",
        "published_at": NOW,
    }
    return RawMention(native_id=native_id, text=text, **(told | fields))


def with_number(key: str, subject: str) -> str:
    """A delivery's key; a card's with the number of the case in place of the mark of its mention."""
    kind, _, rest = key.partition(":")
    return f"card:{subject.removeprefix('case:')}:{rest.partition(':')[2]}" if kind == "card" else key


@dataclass
class Desk:
    """The whole core behind one store. `now` stands still until a test moves it."""

    store: Store
    policy: Policy = POLICY
    now: datetime = NOW
    ways: Callable[[Mention], ReplyWay] = reply_way
    chance: Callable[[int], int] = field(default_factory=lambda: Random(7).randrange)
    _brain: Brain | None = field(default=None, repr=False)
    _lessons: Lessons | None = field(default=None, repr=False)

    @property
    def brain(self) -> Brain:
        if self._brain is None or self._brain.policy is not self.policy:
            self._brain = replace(think(self.policy), lessons=self._lessons)
        return self._brain

    @property
    def ctx(self) -> Context:
        return Context(self.store, self.brain, self.now, ways=self.ways, chance=self.chance)

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)

    def go_by_lessons(self) -> None:
        """What the program does whenever something was learned or switched."""
        self._lessons, self._brain = lessons.in_force(self.store), None

    def change_policy(self, **fields: Any) -> None:
        self.policy = replace(self.policy, **fields)

    def change_roles(self, name: str, *roles: Role) -> None:
        self.change_policy(
            members=tuple(replace(one, roles=roles) if one.name == name else one for one in self.policy.members)
        )

    # What comes in

    def take(
        self,
        *items: RawMention | Tombstone | Broken,
        source: str = "birds",
        cursor: str | None = None,
        is_backlog: bool = False,
        inbox_keys: Sequence[str] = (),
        with_cases: bool | None = None,
    ) -> Taken:
        entry = self.policy.source(source)
        assert entry is not None
        page = weigh(self.brain, entry, Page(items, cursor, is_backlog=is_backlog))
        return take_in(self.ctx, page, inbox_keys=inbox_keys, with_cases=with_cases)

    def open_case(self, native_id: str = "1", text: str = TROUBLES[0], **fields: Any) -> Case:
        """A case of its own for one complaint."""
        source = fields.pop("source", "birds")
        assert self.take(raw(native_id, text, **fields), source=source).cases == 1
        return self.cases()[-1]

    # What people do

    def do(self, who: str, line: str, key: str = "") -> Reply:
        """What a member types."""
        verb, words = read_line(line)
        return dispatch(self.ctx, Request(self.policy.member(who), verb, words, key=key))

    def say(self, who: str, line: str) -> str:
        """The words that a member gets for what she types."""
        return self.do(who, line).words

    def press(self, who: str, button: Button, key: str = "") -> Reply:
        values = dict(button.values) | ({"case": str(button.case)} if button.case is not None else {})
        return dispatch(self.ctx, Request(self.policy.member(who), button.verb, values=values, key=key))

    def mute(self, who: str, what: str) -> Reply:
        """Mute something: the preview's button is pressed."""
        screen = self.do(who, f"mute add {what}").screen
        assert screen is not None
        return self.press(who, screen.buttons[0])

    def submit(self, who: str, form: Form, key: str = "", **values: str) -> Reply:
        told = dict(form.hidden) | {one.name: one.value for one in form.fields} | values
        if form.case is not None:
            told["case"] = str(form.case)
        return dispatch(self.ctx, Request(self.policy.member(who), form.verb, values=told, key=key, is_form=True))

    def tick(self) -> None:
        """What the clock does."""
        with self.store.transaction():
            for job in sorted(find_jobs(), key=lambda job: not job.__name__.endswith(".wake")):
                job.run(self.ctx)

    # What is true

    def case(self, number: int) -> Case:
        found = self.store.cases.get(number)
        assert found is not None
        return found

    def cases(self) -> list[Case]:
        count = self.store.engine.value("select coalesce(max(id), 0) from cases")
        return [self.case(number) for number in range(1, count + 1)]

    def mentions(self) -> list[Mention]:
        return sorted(self.store.mentions.recent(datetime(2000, 1, 1, tzinfo=UTC)), key=lambda one: one.id)

    def events(self, number: int) -> list[CaseEvent]:
        return self.store.cases.events(number)

    def kinds(self, number: int) -> list[str]:
        return [event.kind for event in self.events(number)]

    def draft_of(self, number: int) -> Draft:
        return self.store.drafts.of_case(number)[-1]

    def keys(self, start: str = "") -> list[str]:
        """The keys of everything that is to be posted or redrawn, a card's with the number of its case."""
        rows = self.store.engine.rows("select key, subject from deliveries order by id")
        return [key for row in rows if (key := with_number(row["key"], row["subject"])).startswith(start)]

    def drawn(self, subject: str, body: str = "") -> Drawing:
        drawing = draw(self.ctx, subject, body)
        assert drawing is not None
        return drawing

    def card(self, number: int) -> Card:
        drawing = self.drawn(f"case:{number}")
        assert isinstance(drawing, Card)
        return drawing

    def draft_card(self, number: int) -> DraftCard:
        drawing = self.drawn(f"draft:{self.draft_of(number).id}")
        assert isinstance(drawing, DraftCard)
        return drawing

    def notices(self) -> list[str]:
        rows = self.store.engine.rows("select body from deliveries where body <> '' order by id")
        return [row["body"] for row in rows]

    def everything(self) -> list[tuple[Any, ...]]:
        """All rows that a refused act must leave as they were."""
        tables = ("mentions", "cases", "case_events", "drafts", "deliveries", "mutes", "inbox")
        return [tuple(row) for table in tables for row in self.store.engine.rows(f"select * from {table}")]


def pages_of_used(path: Path) -> int:
    """How large a file is once it was used: closing it may add to its schema what SQLite remembers of its tables."""
    store = open_storage(path)
    Desk(store).take(raw("first", "heron"))
    store.close()
    return path.stat().st_size // 4096


def by_api(mention: Mention) -> ReplyWay:
    """Earshot posts replies by itself."""
    return ByApi("@heron", 300)


def approved(desk: Desk, number: int = 1) -> None:
    """A new case of Ana's, with a draft of hers that Bo has approved."""
    desk.open_case(str(number), TROUBLES[number - 1])
    for who, line in (("ana", f"draft {number} We are so sorry."), ("bo", f"approve {number}")):
        assert not desk.do(who, line).is_error


def put_in(desk: Desk, status: Status, who: str = "ana", text: str = TROUBLES[0], native_id: str = "1") -> Case:
    """A new case in this status, by way of the verbs that lead there."""
    number = desk.open_case(native_id, text).id
    if status is Status.CLAIMED:
        desk.do(who, f"claim {number}")
    if status is Status.ANSWERED:
        answer(desk, number, who)
    if status is Status.RESOLVED:
        desk.do(who, f"resolve {number} fixed")
    assert desk.case(number).status is status
    return desk.case(number)


def answer(desk: Desk, number: int, who: str = "ana") -> None:
    """Draft, approval by Bo, and the note that it was sent."""
    for line in (f"draft {number} We are sorry.", f"sent {number} https://birds.example/reply/{number}"):
        if line.startswith("sent"):
            assert not desk.do("bo", f"approve {number}").is_error
        assert not desk.do(who, line).is_error
