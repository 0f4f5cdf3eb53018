"""What the file of a program says, read from outside in plain SQL: none of the program's own code is asked."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bot.running import variables


@dataclass(frozen=True)
class Post:
    """A message as it stands in a chat: where, and below which other one ("" for none)."""

    ref: str
    parent: str


@dataclass(frozen=True)
class Ledger:
    """The file in a home. Every question is a connection of its own that can only read."""

    home: Path

    @property
    def path(self) -> Path:
        return Path(variables(self.home)["EARSHOT_DATA"]) / "earshot.db"

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as conn:
            return conn.execute(sql, params).fetchall()

    def value(self, sql: str, *params: Any) -> Any:
        return self.rows(sql, *params)[0][0]

    def count(self, table: str, where: str = "true") -> int:
        return int(self.value(f"select count(*) from {table} where {where}"))

    def on_its_way(self) -> int:
        """Messages that are to be posted or redrawn."""
        return self.count("deliveries", "state in ('pending', 'sending')")

    # What must not be: a name in words, and how often it is so

    def troubles(self, told: Iterable[str]) -> Counter[str]:
        """What is wrong with the file, when these mentions were told of."""
        return (
            Counter({"damages of the file": self._damages(), "holes in a diary": self._holes()})
            + self._mentions(told)
            + self._cases()
        )

    def is_read_too_far(self) -> int:
        """Files whose cursor says that more of them was read than is stored."""
        cursors = self.rows("select cursor from cursors where cursor is not null")
        stored = Counter(
            story for (story,) in self.rows("select substr(native_id, 2, instr(native_id, '-') - 2) from mentions")
        )
        read = (one for (cursor,) in cursors for one in json.loads(cursor).items())
        return sum(int(entry.get("rows", 0)) > stored[Path(name).stem] for name, entry in read)

    def cards(self, chat: str) -> dict[int, tuple[str, str]]:
        """The key of each case's card in a chat's #alerts, and the status of the case."""
        found = self.rows(
            "select d.subject, d.key, c.status from deliveries d join cases c on d.subject = 'case:' || c.id"
            " where d.action = 'post' and d.parent = '' and d.chat = ? and d.channel = '#alerts'",
            chat,
        )
        return {int(subject.partition(":")[2]): (key, status) for subject, key, status in found}

    def posts(self, chat: str, posted: dict[str, list[Post]]) -> Counter[str]:
        """How what stands in a chat, by the keys of deliveries, differs from what was to be posted there."""
        wanted = self.rows(
            "select key, parent, state, channel from deliveries where action = 'post' and chat = ?"
            " and state <> 'superseded'",
            chat,
        )
        dropped = self.count("deliveries", f"action = 'post' and chat = '{chat}' and state = 'superseded'")
        found = Counter[str](
            {
                "alerts lost": sum(key not in posted for key, *_ in wanted) + dropped,
                "messages doubled": sum(len(stand) - 1 for stand in posted.values()),
                "messages that nobody asked for": len(posted.keys() - {key for key, *_ in wanted}),
                "deliveries not finished": sum(state != "sent" for _, _, state, _ in wanted),
            }
        )
        cards = {
            (subject, channel): key
            for subject, channel, key in self.rows(
                "select subject, channel, key from deliveries where action = 'post' and chat = ? order by id desc", chat
            )
        }
        for key, parent, _, channel in wanted:
            card = posted.get(cards.get((parent, channel), ""), []) if parent else []
            for one in posted.get(key, []):
                found["messages outside of their card's thread"] += one.parent != (card[0].ref if card else "")
        return found

    def clock_troubles(self) -> Counter[str]:
        """What the clock owes: a slot for each day, a message for each night, told once."""
        days = [date.fromisoformat(day) for (day,) in self.rows("select local_date from slots order by local_date")]
        gaps = sum((after - before).days - 1 for before, after in pairwise(days))
        unasked = self.rows(
            "select local_date from slots where status = 'posted' and not exists (select 1 from deliveries"
            " where key = 'briefing:' || schedule_id || ':' || local_date)"
        )
        nights = self.rows(
            "select case_id from digest_cases join digests on digests.id = digest_id where posted_at is not null"
            " group by case_id having count(*) > 1"
        )
        untold = self.rows(
            "select id from digests where posted_at is not null and not exists (select 1 from deliveries"
            " where subject = 'digest:' || digests.id)"
        )
        return Counter(
            {"briefings lost": gaps + len(unasked), "nights lost": len(untold), "cases told in two nights": len(nights)}
        )

    def schema(self) -> list[tuple[Any, ...]]:
        """All that the file is made of."""
        return self.rows("select type, name, sql from sqlite_master order by type, name")

    def _damages(self) -> int:
        broken = [row for row in self.rows("pragma integrity_check(10)") if row[0] != "ok"]
        return len(broken) + len(self.rows("pragma foreign_key_check"))

    def _holes(self) -> int:
        """Cases whose versions are not 1, 2, 3 … up to the case's own."""
        return len(
            self.rows(
                "select c.id from cases c left join case_events e on e.case_id = c.id group by c.id"
                " having count(e.seq) <> c.version or min(e.version) <> 1 or max(e.version) <> c.version"
            )
        )

    def _mentions(self, told: Iterable[str]) -> Counter[str]:
        stored = Counter(row[0] for row in self.rows("select native_id from mentions"))
        wanted = set(told)
        return Counter(
            {
                "mentions lost": len(wanted - stored.keys()),
                "mentions doubled": sum(count - 1 for count in stored.values()) + len(stored.keys() - wanted),
            }
        )

    def _cases(self) -> Counter[str]:
        """Each story is one case with its copies, and has a card asked for in each channel of its routes."""
        stories = self.rows(
            "select substr(native_id, 1, instr(native_id, '-') - 1) story, count(distinct case_id), count(case_id)"
            " from mentions group by story"
        )
        chats = self.value(
            "select count(distinct chat) from deliveries where action = 'post' and subject like 'case:%'"
            " and channel = '#alerts'"
        )
        cards = self.rows(
            "select c.id from cases c left join deliveries d on d.subject = 'case:' || c.id and d.action = 'post'"
            " and d.parent = '' and d.channel = '#alerts' group by c.id having count(distinct d.chat) <> ?",
            chats,
        )
        split = sum(cases != 1 for _, cases, _ in stories)
        return Counter({"stories that are not one case": split, "cases without a card asked for": len(cards)})
