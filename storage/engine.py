"""What a database must do for the topics of this room. `storage/store.py` alone names an engine that does it.

One SQL text serves every engine: parameters are `?` and never literals, times are `to_text` strings, JSON is opaque
text, truth is 0 or 1, and new rows return their id with `returning id`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Row = Any  # a row that answers row["column"]


class Engine(Protocol):
    """One connection. Only one thread uses it at a time."""

    is_read_only: bool
    path: Path  # of the file; what belongs to it stands beside it

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Inside another transaction it joins that one."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Every row of a query."""

    def each(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query one by one, for results that do not fit in memory."""

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Do a statement; how many rows it changed."""

    def run_many(self, sql: str, params: Iterable[Sequence[Any]]) -> None:
        """Do a statement for each set of parameters."""

    def backup(self, target: Path, stamp: int = 0) -> None:
        """Write a sound copy of the whole database to `target` while it is in use, with `stamp` in its header.

        Raises StorageError if it exists.
        """

    def scrub(self) -> bool:
        """Write the file anew, so that no byte of what was deleted is left in it or beside it; not in a transaction.

        It takes about a second for 100,000 mentions and as much room again. False while somebody still reads the old.
        """

    def check(self) -> list[str]:
        """What is wrong with the file, in words; empty when it is sound."""

    def glance(self) -> list[str]:
        """What is wrong with the pages of the file, in words; quicker than `check`, and without comparing indexes."""

    def close(self) -> None:
        """Give the connection back."""
