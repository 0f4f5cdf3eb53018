"""Spoilt mentions go the product's own way into a real file: weighed, taken in, then counted by plain SQL."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from handlers.ports import Item
from handlers.rules.policy import Brand, Policy, Route, SourceEntry
from storage.store import open_storage
from storage.types import RawMention
from tests.kit import Desk

_AT_ONCE = 100
_POLICY = Policy(
    brands=(Brand("Aurelia", {"any": "aurelia OR lamp OR heron"}),),
    sources=(SourceEntry("one", "webhook", brand="Aurelia"),),  # all of it concerns the brand
    routes=(Route("local:#alerts"),),
)


class Keeper:
    """Every `each`th mention that it is given, with an id that no other has; `crashes` says what storing came to."""

    def __init__(self, path: Path, each: int) -> None:
        self.given = 0
        self.crashes: list[str] = []
        self._path = path
        self._each = each
        self._seen = 0
        self._desk = Desk(open_storage(path), policy=_POLICY)
        self._waiting: list[Item] = []

    def take(self, items: Iterable[Item]) -> None:
        for item in items:
            self._seen += 1
            if isinstance(item, RawMention) and self._seen % self._each == 0:
                self.given += 1
                self._waiting.append(replace(item, native_id=f"{self.given}.{item.native_id}"))
        if len(self._waiting) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Store what waits, in one transaction as any page."""
        some, self._waiting = self._waiting, []
        try:
            self._desk.take(*some, source="one", with_cases=False)
        except Exception as error:
            self.crashes.append(f"{type(error).__name__} {str(error)[:200]} while storing")

    def close(self) -> None:
        self.flush()
        self._desk.store.close()

    def count(self, table: str, where: str = "1") -> int:
        """Rows of a table, by a connection of its own that can only read."""
        reader = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            found: Any = reader.execute(f"select count(*) from {table} where {where}").fetchone()[0]
            return int(found)
        finally:
            reader.close()
