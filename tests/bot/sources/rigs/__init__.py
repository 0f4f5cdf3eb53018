"""For each kind of source a server on loopback, and a source that reads it: what the contract test is run over.

A module here is named after its kind and has `opened(folder)`, an async context manager that gives a `Rig`. One whose
source keeps time itself (it does not ask again before it may) has its clock as `now`, which may be set.
"""

import pkgutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from typing import Protocol

from handlers.ports import Source, Wanted


class Fault(Enum):
    """What goes wrong on the other side."""

    SIGN_IN = auto()  # the token or password is not accepted any more
    TOO_MANY = auto()  # 429, or what it has instead
    TROUBLE = auto()  # 500, or a connection that is dropped
    NONSENSE = auto()  # an answer of the right status that is no answer: an HTML page, half a body


class Rig(Protocol):
    """`give(n)` publishes an item whose words are `words_of(n)`; they match `wanted`."""

    source: Source
    wanted: tuple[Wanted, ...]
    faults: frozenset[Fault]  # those that can happen there
    can_edit: bool
    can_delete: bool
    can_spoil: bool

    def words_of(self, number: int) -> str: ...

    async def give(self, number: int) -> None: ...

    async def edit(self, number: int, words: str) -> None: ...

    async def delete(self, number: int) -> None: ...

    async def spoil(self) -> None:
        """Publish an item that cannot be read."""

    def fail(self, fault: Fault | None) -> None:
        """From now on every answer is this fault; None: all is well again."""


Opened = Callable[[Path], AbstractAsyncContextManager[Rig]]


def rigs() -> dict[str, Opened]:
    """Every rig there is, by its kind."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.__name__.rpartition(".")[2]: module.opened for module in modules}
