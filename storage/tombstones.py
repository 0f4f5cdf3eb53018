"""Who was erased, by a keyed digest alone, so that she is known again without being remembered.

A digest stands in the database and in a file beside it, which no backup takes along: what is restored from before an
erasure is erased again by it. The key stands in a file of its own, for this user only; without it no digest says
anything. The file is written before the transaction that erases is committed: what it holds too much is applied at the
next start.
"""

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from storage.engine import Engine
from storage.errors import StorageError
from storage.types import to_text

AUTHOR, ITEM = "author", "item"
KEY_BYTES = 32
_AT_ONCE = 500

SCHEMA = (
    "create table tombstones (digest text primary key, kind text not null, at text not null) strict, without rowid",
)


class Stone(NamedTuple):
    """What is not to come back: of a source, by its name, an author as stored or an item by its native id."""

    kind: str  # author or item
    source: str
    value: str


class Tombstones:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._key_file = engine.path.with_name(f"{engine.path.name}.erased-key")
        self._file = engine.path.with_name(f"{engine.path.name}.erased")

    @property
    def has_key(self) -> bool:
        return self._key_file.exists()

    def make_key(self, key: bytes) -> None:
        """Keep a new key, which nobody can foresee. Raises StorageError when it cannot be written."""
        try:
            _write(self._key_file, key)
        except OSError as error:
            raise _unwritable(self._key_file, error) from error

    def problem(self) -> str:
        """Why those who were erased may come back, in words; "" when they cannot."""
        if not self.has_key and (self._count() or self._in_file()):
            return f"{self._key_file.name} is missing, so that nobody who was erased is known again; put it back."
        return ""

    def block(self, stones: Iterable[Stone], now: datetime) -> None:
        """Keep these out from now on, in the caller's transaction. Raises StorageError when the file cannot be written.

        There must be a key.
        """
        digests = {self._digest(stone): stone.kind for stone in stones}
        try:
            self._write_all(self._in_file() | digests)
        except OSError as error:
            raise _unwritable(self._file, error) from error
        self._keep(digests.items(), now)

    def lift(self, stone: Stone) -> bool:
        """Let one come in again; whether it was kept out."""
        digest = self._digest(stone) if self.has_key else ""
        was = self._engine.run("delete from tombstones where digest = ?", (digest,)) == 1
        if (known := self._in_file()).pop(digest, None) is not None:
            self._write_all(known)
            was = True
        return was

    def kept_out(self, stones: Sequence[Stone]) -> set[Stone]:
        """Those of them that are kept out. Costs nothing where nobody was erased."""
        if not stones or not self._count() or not self.has_key:
            return set()
        by_digest = {self._digest(stone): stone for stone in stones}
        digests, found = list(by_digest), set()
        for start in range(0, len(digests), _AT_ONCE):
            part = digests[start : start + _AT_ONCE]
            rows = self._engine.rows(
                f"select digest from tombstones where digest in ({','.join('?' * len(part))})", part
            )
            found |= {by_digest[row["digest"]] for row in rows}
        return found

    def adopt(self, now: datetime) -> int:
        """Take those of the file into the database; how many it did not know."""
        known = {row["digest"]: row["kind"] for row in self._engine.rows("select digest, kind from tombstones")}
        in_file = self._in_file()
        missing = [(one, kind) for one, kind in in_file.items() if one not in known]
        self._keep(missing, now)
        if known and not in_file:
            self._write_all(known)  # it was lost; an older backup would bring everybody back
        return len(missing)

    def _keep(self, digests: Iterable[tuple[str, str]], now: datetime) -> None:
        self._engine.run_many(
            "insert into tombstones (digest, kind, at) values (?, ?, ?) on conflict do nothing",
            [(digest, kind, to_text(now)) for digest, kind in digests],
        )

    def _count(self) -> int:
        return int(self._engine.value("select exists (select 1 from tombstones)"))

    def _write_all(self, digests: Mapping[str, str]) -> None:
        """The file anew: a line that was cut off would take the next one with it."""
        _write(self._file, "".join(f"{kind} {one}\n" for one, kind in digests.items()).encode("ascii"))

    def _in_file(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        parts = [line.partition(" ") for line in lines]
        return {digest: kind for kind, _, digest in parts if kind in (AUTHOR, ITEM) and len(digest) == 64}

    def _digest(self, stone: Stone) -> str:
        told = "\0".join(stone).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key(), told, "sha256").hex()

    def _key(self) -> bytes:
        try:
            return self._key_file.read_bytes()
        except OSError as error:
            raise StorageError(f"{self._key_file} cannot be read.", "Put it back, then try again.") from error


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and there after a power cut: with half of a key nobody is known again."""
    fresh = path.with_name(f"{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written: {error.strerror}.", "Nothing was erased.")
