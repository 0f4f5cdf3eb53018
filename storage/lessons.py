"""What was learned from the team's own decisions: the learner's state, how far in the diaries it has read, and which
decisions it holds. The state can always be made anew from the diaries of the cases and the verdicts on mentions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    # One row: the team's. A base is what was brought from elsewhere, on top of which it learns. While the state is
    # learned anew, in parts, what was learned before is kept beside it.
    "create table lessons (id integer primary key check (id = 1), mode text not null, begun_at text not null,"
    " base text not null, state text not null, before text, made_of text not null, events_read integer not null,"
    " verdicts_read integer not null, is_stale integer not null, is_behind integer not null, told_to text not null,"
    " version integer not null) strict",
    "insert into lessons (id, mode, begun_at, base, state, made_of, events_read, verdicts_read, is_stale, is_behind,"
    " told_to, version) values (1, 'shadow', '', '', '', '', 0, 0, 0, 0, '', 0)",
    "create table lesson_switches (seq integer primary key, at text not null, by text not null, act text not null)"
    " strict",
    "create table lesson_decisions (mention_id integer primary key references mentions (id), case_id integer,"
    " at text not null, is_taken integer not null, moves_bias integer not null, is_learned integer not null default 0,"
    " prior real, odds real, lift real) strict",
    "create index lesson_decisions_at on lesson_decisions (at, mention_id)",
    "create index lesson_decisions_new on lesson_decisions (at, mention_id) where is_learned = 0",
    "create table lesson_verdicts (seq integer primary key, at text not null, mention_id integer not null"
    " references mentions (id), verdict text not null, by text not null) strict",
    "create index lesson_verdicts_mention on lesson_verdicts (mention_id, seq)",
    "insert into lesson_verdicts (at, mention_id, verdict, by) select judged_at, mention_id, verdict, judged_by"
    " from samples where verdict <> '' and judged_at is not null order by judged_at, mention_id",
)
OFF, SHADOW, ON = "off", "shadow", "on"  # learns nothing; learns and changes nothing; takes part
_KINDS = "('drafted', 'answered', 'resolved', 'reopened', 'released', 'corrected')"  # of case events that decide
_ENDLESS = 2**62
_STATES = ("base", "state", "before")


@dataclass(frozen=True, slots=True)
class Status:
    """How the learning stands, without the weights."""

    mode: str
    begun_at: datetime | None  # what was decided until then is forgotten
    made_of: str  # what scored the mentions that the state was learned from
    events_read: int
    verdicts_read: int
    has_news: bool  # something was decided since
    is_stale: bool  # a text that it was learned from is not what it was
    is_behind: bool  # decisions wait to be learned
    is_partial: bool  # some of those that wait are learned; what was in force before stays so
    is_brought: bool  # it began with what was learned elsewhere
    told_to: datetime | None  # up to when a change of taste was told
    version: int  # rises whenever what is in force changes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a mention that was no case: missed, quiet."""

    mention_id: int
    at: datetime
    verdict: str
    by: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One decision, on one mention. What the models said of it before it was learned is None until then, or where its
    words are gone."""

    mention_id: int
    case_id: int | None
    at: datetime
    is_taken: bool
    moves_bias: bool
    prior: float | None = None
    odds: float | None = None
    lift: float | None = None

    @property
    def order(self) -> tuple[datetime, int]:
        return self.at, self.mention_id


class Lessons:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # How it stands

    def status(self) -> Status:
        row = self._engine.one(
            "select mode, begun_at, made_of, events_read, verdicts_read, is_stale, is_behind, told_to, version,"
            " base <> '' as is_brought, before is not null as is_partial,"
            " (select coalesce(max(seq), 0) from case_events) as events,"
            " (select coalesce(max(seq), 0) from lesson_verdicts) as verdicts from lessons"
        )
        if row is None:
            raise LookupError("the row of lessons is missing")
        return Status(
            mode=row["mode"],
            begun_at=_moment(row["begun_at"]),
            made_of=row["made_of"],
            events_read=row["events_read"],
            verdicts_read=row["verdicts_read"],
            has_news=row["events"] > row["events_read"] or row["verdicts"] > row["verdicts_read"],
            is_stale=bool(row["is_stale"]),
            is_behind=bool(row["is_behind"]),
            is_partial=bool(row["is_partial"]),
            is_brought=bool(row["is_brought"]),
            told_to=_moment(row["told_to"]),
            version=row["version"],
        )

    def state(self) -> str:
        """The learner as JSON; "" while it has learned nothing."""
        return str(self._engine.value("select state from lessons"))

    def whole_state(self) -> str:
        """The same, or what it was before, while it is learned in parts."""
        return str(self._engine.value("select coalesce(before, state) from lessons"))

    def base(self) -> str:
        """What it began with, as JSON; "" for nothing."""
        return str(self._engine.value("select base from lessons"))

    def switch(self, mode: str, by: str, now: datetime) -> None:
        """Off, shadow or on, and who wanted it so."""
        self._engine.run("update lessons set mode = ?, version = version + 1", (mode,))
        self._switched(mode, by, now)

    def forget(self, by: str, now: datetime, base: str = "") -> None:
        """Begin anew, with nothing or with what was brought from elsewhere; what was decided until now counts no more.

        It changes nothing until somebody switches it on again.
        """
        self._engine.run("delete from lesson_decisions")
        self._engine.run(
            "update lessons set mode = case when mode = 'on' then 'shadow' else mode end, begun_at = ?, base = ?,"
            " state = ?, before = null, is_stale = 0, is_behind = 0, version = version + 1",
            (to_text(now), base, base),
        )
        self._switched("brought" if base else "forgot", by, now)

    def _switched(self, act: str, by: str, now: datetime) -> None:
        self._engine.run("insert into lesson_switches (at, by, act) values (?, ?, ?)", (to_text(now), by, act))

    def switches(self, limit: int = 10) -> list[tuple[datetime, str, str]]:
        """When who did what with it, the newest first: off, shadow, on, forgot, brought."""
        rows = self._engine.rows("select at, by, act from lesson_switches order by seq desc limit ?", (limit,))
        return [(from_text(row["at"]), row["by"], row["act"]) for row in rows]

    def forgotten_at(self) -> datetime | None:
        """When it was last made to forget everything; None for never. Bringing it from elsewhere is another act."""
        return _moment(self._engine.value("select max(at) from lesson_switches where act = 'forgot'") or "")

    # What people decide

    def judged(self, mention_id: int, verdict: str, by: str, now: datetime) -> None:
        """A person says of a mention that became no card: it was missed, or it was rightly quiet."""
        self._engine.run(
            "insert into lesson_verdicts (at, mention_id, verdict, by) values (?, ?, ?, ?)",
            (to_text(now), mention_id, verdict, by),
        )

    def verdicts(self, mention_id: int) -> list[Verdict]:
        """All that was said of a mention, oldest first."""
        rows = self._engine.rows("select * from lesson_verdicts where mention_id = ? order by seq", (mention_id,))
        return [Verdict(row["mention_id"], from_text(row["at"]), row["verdict"], row["by"]) for row in rows]

    def part(self, events_after: int, most: int) -> int | None:
        """The last line of the diaries to read, where so many that decide are not read yet; None where all can be."""
        found = self._engine.value(
            f"select seq from case_events where seq > ? and kind in {_KINDS} order by seq limit 1 offset ?",
            (events_after, most),
        )
        return int(found) - 1 if found is not None else None

    def touched(
        self, events_after: int, verdicts_after: int, until: datetime, up_to: int | None = None
    ) -> list[tuple[int, int | None]]:
        """Mentions, each with the case that it leads, of which something was decided in what is not read yet; `up_to`
        a line of the diaries."""
        rows = self._engine.rows(
            "select c.mention_id as mention_id, c.id as case_id from cases c where c.id in (select case_id"
            f" from case_events where seq > ? and seq <= ? and at <= ? and kind in {_KINDS})"
            " union select v.mention_id, (select id from cases where id = m.case_id and mention_id = m.id)"
            " from lesson_verdicts v join mentions m on m.id = v.mention_id where v.seq > ? and v.at <= ?"
            " order by mention_id",
            (events_after, _ENDLESS if up_to is None else up_to, to_text(until), verdicts_after, to_text(until)),
        )
        return [(row["mention_id"], row["case_id"]) for row in rows]

    def settled(self, status: Status, until: datetime, now: datetime) -> tuple[int, int]:
        """How far everything is older than `until`: the last such event and verdict."""
        events = self._engine.value(
            f"select min(seq) from case_events where seq > ? and at > ? and at <= ? and kind in {_KINDS}",
            (status.events_read, to_text(until), to_text(now)),
        )
        verdicts = self._engine.value(
            "select min(seq) from lesson_verdicts where seq > ? and at > ? and at <= ?",
            (status.verdicts_read, to_text(until), to_text(now)),
        )
        if events is None:
            events = int(self._engine.value("select coalesce(max(seq), 0) + 1 from case_events"))
        if verdicts is None:
            verdicts = int(self._engine.value("select coalesce(max(seq), 0) + 1 from lesson_verdicts"))
        return events - 1, verdicts - 1

    # The decisions that are known

    def decision(self, mention_id: int) -> Lesson | None:
        row = self._engine.one("select * from lesson_decisions where mention_id = ?", (mention_id,))
        return _lesson(row) if row is not None else None

    def newest_learned(self) -> tuple[datetime, int] | None:
        """The place in the order of the last decision that was learned."""
        row = self._engine.one(
            "select at, mention_id from lesson_decisions where is_learned = 1 order by at desc, mention_id desc limit 1"
        )
        return (from_text(row["at"]), row["mention_id"]) if row is not None else None

    def keep(self, lesson: Lesson) -> None:
        """A decision to learn from, in the place of an earlier one on the same mention."""
        self.drop(lesson.mention_id)
        self._engine.run(
            "insert into lesson_decisions (mention_id, case_id, at, is_taken, moves_bias) values (?, ?, ?, ?, ?)",
            (lesson.mention_id, lesson.case_id, to_text(lesson.at), int(lesson.is_taken), int(lesson.moves_bias)),
        )
        self._engine.run("update lessons set is_behind = 1")

    def drop(self, mention_id: int) -> None:
        self._engine.run("delete from lesson_decisions where mention_id = ?", (mention_id,))

    def unlearned(self, limit: int) -> list[Lesson]:
        """Decisions that wait to be learned, in their order."""
        rows = self._engine.rows(
            "select * from lesson_decisions where is_learned = 0 order by at, mention_id limit ?", (limit,)
        )
        return [_lesson(row) for row in rows]

    def learned(self, lessons: Sequence[Lesson]) -> None:
        """Decisions were learned; what was said of each before goes with it."""
        self._engine.run_many(
            "update lesson_decisions set is_learned = 1, prior = ?, odds = ?, lift = ? where mention_id = ?",
            [(one.prior, one.odds, one.lift, one.mention_id) for one in lessons],
        )

    def newest(self, limit: int) -> list[Lesson]:
        """The last decisions that were learned, the newest first."""
        rows = self._engine.rows(
            "select * from lesson_decisions where is_learned = 1 order by at desc, mention_id desc limit ?", (limit,)
        )
        return [_lesson(row) for row in rows]

    def since(self, moment: datetime) -> list[Lesson]:
        """What was decided since, in its order."""
        rows = self._engine.rows(
            "select * from lesson_decisions where is_learned = 1 and at >= ? order by at, mention_id",
            (to_text(moment),),
        )
        return [_lesson(row) for row in rows]

    def count(self) -> int:
        """How many decisions it holds."""
        return int(self._engine.value("select count(*) from lesson_decisions where is_learned = 1"))

    # Learning

    def save(self, state: str, *, is_behind: bool, told_to: datetime | None) -> None:
        """The learner after some more decisions. While it is behind, what was in force stays so."""
        self._engine.run(
            "update lessons set before = case when ? then coalesce(before, state) end, state = ?, is_behind = ?,"
            " told_to = ?, version = version + ?",
            (int(is_behind), state, int(is_behind), to_text(told_to) if told_to else "", int(not is_behind)),
        )

    def read_to(self, events: int, verdicts: int) -> None:
        """How far the diaries and the verdicts were read."""
        self._engine.run("update lessons set events_read = ?, verdicts_read = ?", (events, verdicts))

    def learn_anew(self, made_of: str) -> None:
        """The known decisions are to be learned again, from the beginning. What was in force stays so meanwhile."""
        self._engine.run("update lesson_decisions set is_learned = 0, prior = null, odds = null, lift = null")
        self._engine.run(
            "update lessons set before = coalesce(before, state), state = base, made_of = ?, is_stale = 0,"
            " is_behind = 1",
            (made_of,),
        )

    def read_anew(self) -> None:
        """Everything is to be read and learned again, from the diaries alone."""
        self._engine.run("delete from lesson_decisions")
        self._engine.run("update lessons set events_read = 0, verdicts_read = 0, made_of = '', is_stale = 1")

    def begin_empty(self) -> None:
        """Nothing that was learned is in force, but for what was brought from elsewhere, until it is learned again."""
        self._engine.run("update lessons set state = base, before = null, version = version + 1")

    def outdate(self) -> None:
        """What was learned is to be learned anew, after what is being learned."""
        self._engine.run("update lessons set is_stale = 1")

    def text_changed(self, mention_id: int) -> tuple[str, ...]:
        """The words of a mention are gone, or others now: nothing that was learned from them may stay. Which `states`
        may hold some: those by its decision, and what was brought where it was decided before, as that may be our own.
        """
        row = self._engine.one(
            "select exists (select 1 from lesson_decisions where mention_id = ?1) as is_known, min(at) as first_at from"
            " (select e.at from cases c join case_events e on e.case_id = c.id where c.mention_id = ?1"
            f" and c.id = (select case_id from mentions where id = ?1) and e.kind in {_KINDS}"
            " union all select at from lesson_verdicts where mention_id = ?1)",
            (mention_id,),
        )
        if row is None or (row["first_at"] is None and not row["is_known"]):
            return ()
        begun = self._engine.value("select begun_at from lessons where base <> ''")
        is_brought = bool(begun) and row["first_at"] is not None and row["first_at"] <= begun
        if not (is_brought or row["is_known"] or self._engine.value("select before is not null from lessons")):
            return ()
        self.outdate()
        return _STATES if is_brought else _STATES[1:]

    def states(self) -> dict[str, str]:
        """All that was learned, as JSON: what it began with, the state, and what that was before."""
        row = self._engine.one("select base, state, coalesce(before, '') as before from lessons")
        return {which: row[which] for which in _STATES} if row is not None else {}

    def replace_states(self, states: Mapping[str, str]) -> None:
        """In the place of those that `states` gave."""
        for which, state in states.items():
            if which not in _STATES:
                raise LookupError(which)
            self._engine.run(f"update lessons set {which} = ?", (state,))
        self._engine.run("update lessons set version = version + 1")


def _lesson(row: Row) -> Lesson:
    return Lesson(
        mention_id=row["mention_id"],
        case_id=row["case_id"],
        at=from_text(row["at"]),
        is_taken=bool(row["is_taken"]),
        moves_bias=bool(row["moves_bias"]),
        prior=row["prior"],
        odds=row["odds"],
        lift=row["lift"],
    )


def _moment(text: str) -> datetime | None:
    return from_text(text) if text else None
