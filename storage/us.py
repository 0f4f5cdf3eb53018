"""What was learned of each brand's name: which cases were about the brand and which about another thing of that name,
how far the diaries were read for it, and the models. All of it can be made anew from the diaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engine import Engine, Row
from storage.types import from_text, to_text

SCHEMA: tuple[str, ...] = (
    "create table us_reading (id integer primary key check (id = 1), events_read integer not null) strict",
    "insert into us_reading (id, events_read) values (1, 0)",
    "create table us_acts (case_id integer primary key references cases (id), mention_id integer not null"
    " references mentions (id), brand text not null, at text not null, is_us integer not null,"
    " is_learned integer not null) strict",
    "create index us_acts_order on us_acts (brand, at, case_id)",
    "create index us_acts_new on us_acts (brand) where is_learned = 0",
    "create index us_acts_mention on us_acts (mention_id)",
    "create table us_models (brand text primary key, state text not null, is_stale integer not null) strict,"
    " without rowid",
)
KINDS = ("drafted", "answered", "resolved", "reopened")  # of case events that say whose a case is
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Act:
    """What people made of a case: it is about us, or about another thing of that name."""

    case_id: int
    mention_id: int
    brand: str
    at: datetime
    is_us: bool


class Us:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # The diaries

    def settled(self, until: datetime) -> int | None:
        """The last line of the diaries before which all is from `until` or earlier; None where there is nothing new."""
        read = self._read()
        newest = int(self._engine.value("select coalesce(max(seq), 0) from case_events"))
        if newest <= read:
            return None
        later = self._engine.value("select min(seq) from case_events where seq > ? and at > ?", (read, to_text(until)))
        last = newest if later is None else int(later) - 1
        return last if last > read else None

    def part(self, most: int) -> int | None:
        """The last line of the diaries to read, where so many that say something are not read yet; else None."""
        found = self._engine.value(
            f"select seq from case_events where seq > ? and kind in ({_KINDS}) order by seq limit 1 offset ?",
            (self._read(), most),
        )
        return int(found) - 1 if found is not None else None

    def touched(self, up_to: int) -> list[int]:
        """The cases of which the lines after those that were read say something."""
        rows = self._engine.rows(
            f"select distinct case_id from case_events where seq > ? and seq <= ? and kind in ({_KINDS})"
            " order by case_id",
            (self._read(), up_to),
        )
        return [row["case_id"] for row in rows]

    def read_to(self, seq: int) -> None:
        self._engine.run("update us_reading set events_read = ?", (seq,))

    def _read(self) -> int:
        return int(self._engine.value("select events_read from us_reading"))

    # What people made of cases

    def act_of(self, case_id: int) -> Act | None:
        row = self._engine.one("select * from us_acts where case_id = ?", (case_id,))
        return _act(row) if row is not None else None

    def keep(self, act: Act) -> None:
        """In the place of what was known of that case. A brand whose model knows better is to be learned anew."""
        self.drop(act.case_id)
        self._engine.run(
            "insert into us_acts (case_id, mention_id, brand, at, is_us, is_learned) values (?, ?, ?, ?, ?, 0)",
            (act.case_id, act.mention_id, act.brand, to_text(act.at), int(act.is_us)),
        )
        self._engine.run(
            "update us_models set is_stale = 1 where brand = ? and exists (select 1 from us_acts where brand = ?"
            " and is_learned = 1 and (at, case_id) > (?, ?))",
            (act.brand, act.brand, to_text(act.at), act.case_id),
        )

    def drop(self, case_id: int) -> None:
        self._engine.run(
            "update us_models set is_stale = 1 where brand in"
            " (select brand from us_acts where case_id = ? and is_learned = 1)",
            (case_id,),
        )
        self._engine.run("delete from us_acts where case_id = ?", (case_id,))

    def text_changed(self, mention_id: int) -> None:
        """The words of a mention are gone, or others now: nothing that was learned from them may stay."""
        self._engine.run(
            "update us_models set is_stale = 1 where brand in"
            " (select brand from us_acts where mention_id = ? and is_learned = 1)",
            (mention_id,),
        )

    # Learning

    def begin_anew(self) -> list[str]:
        """The brands whose models are to be learned from the beginning; they have forgotten everything now."""
        brands = [row["brand"] for row in self._engine.rows("select brand from us_models where is_stale = 1")]
        for brand in brands:
            self._engine.run("update us_acts set is_learned = 0 where brand = ?", (brand,))
            self._engine.run("delete from us_models where brand = ?", (brand,))
        return brands

    def unlearned(self, limit: int) -> list[Act]:
        """What waits to be learned, brand by brand, each in its order."""
        rows = self._engine.rows(
            "select * from us_acts where is_learned = 0 order by brand, at, case_id limit ?", (limit,)
        )
        return [_act(row) for row in rows]

    def learned(self, acts: Sequence[Act]) -> None:
        self._engine.run_many("update us_acts set is_learned = 1 where case_id = ?", [(act.case_id,) for act in acts])

    def states(self) -> dict[str, str]:
        """Each brand's model as JSON."""
        return {row["brand"]: row["state"] for row in self._engine.rows("select brand, state from us_models")}

    def save(self, brand: str, state: str) -> None:
        self._engine.run(
            "insert into us_models (brand, state, is_stale) values (?, ?, 0)"
            " on conflict (brand) do update set state = excluded.state",
            (brand, state),
        )

    def count(self) -> int:
        """How many acts it holds."""
        return int(self._engine.value("select count(*) from us_acts where is_learned = 1"))

    def read_anew(self) -> None:
        """Everything is to be read and learned again, from the diaries alone."""
        self._engine.run("delete from us_acts")
        self._engine.run("delete from us_models")
        self.read_to(0)

    def forget(self) -> None:
        """Begin anew after the last line of the diaries."""
        self.read_anew()
        self._engine.run("update us_reading set events_read = (select coalesce(max(seq), 0) from case_events)")


def _act(row: Row) -> Act:
    return Act(row["case_id"], row["mention_id"], row["brand"], from_text(row["at"]), bool(row["is_us"]))
