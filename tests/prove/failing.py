"""A disk that fails: a connection whose writes fail one after the other, and files that were damaged."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.store import Store

TROUBLES = ("database or disk is full", "disk I/O error", "database is locked", "attempt to write a readonly database")
_WRITES = ("insert", "update", "delete", "replace", "commit")


class Failing:
    """Stands in front of the writing connection of a store. Each attempt at a transaction fails one write later than
    the attempt before, until one goes through: so every write fails once. It stops after `most` failures."""

    def __init__(self, store: Store, chance: random.Random, most: int) -> None:
        self._engine: Any = store.engine
        self._conn = self._engine._conn
        self._chance = chance
        self.left = most
        self.failed = 0
        self.in_commit = 0
        self._at = self._next = 1
        self._engine._conn = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def execute(self, sql: str, *params: Any) -> Any:
        self._count(sql)
        return self._conn.execute(sql, *params)

    def executemany(self, sql: str, params: Any) -> Any:
        self._count(sql)
        return self._conn.executemany(sql, params)

    def heal(self) -> None:
        self._engine._conn = self._conn

    def _count(self, sql: str) -> None:
        word = sql.lstrip()[:7].lower()
        if word.startswith("begin"):
            self._at = self._next
        if not word.startswith(_WRITES):
            return
        self._at -= 1
        if self._at == 0 and self.left > 0:
            self.left -= 1
            self.failed += 1
            self._next += 1
            self.in_commit += word.startswith("commit")
            raise sqlite3.OperationalError(self._chance.choice(TROUBLES))
        if word.startswith("commit"):
            self._next = 1


def damage(path: Path, chance: random.Random) -> str:
    """Damage a file in one of many ways; which."""
    ways: dict[str, Callable[[bytearray], None]] = {
        "truncated": lambda content: _cut(content, chance),
        "flipped bytes": lambda content: _flip(content, chance),
        "zeroed pages": lambda content: _pages(content, chance, lambda: bytes(4096)),
        "garbage pages": lambda content: _pages(content, chance, lambda: chance.randbytes(4096)),
        "a torn header": lambda content: content.__setitem__(slice(0, 100), chance.randbytes(100)),
        "all garbage": lambda content: content.__setitem__(slice(0, len(content)), chance.randbytes(len(content))),
        "an empty log": lambda _: _log(path, b""),
        "a log of another file": lambda _: _log(path, chance.randbytes(9_000)),
    }
    way = chance.choice(sorted(ways))
    content = bytearray(path.read_bytes())
    ways[way](content)
    path.write_bytes(content)
    return way


def _log(path: Path, content: bytes) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(content)


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(1, len(content)) :]


def _flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 200)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _pages(content: bytearray, chance: random.Random, fresh: Callable[[], bytes]) -> None:
    for _ in range(chance.randint(1, 20)):
        page = chance.randrange(len(content) // 4096)
        content[page * 4096 : (page + 1) * 4096] = fresh()
