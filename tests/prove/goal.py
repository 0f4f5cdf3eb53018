"""The goals are the files of `tests/prove/goals`: each says what it proves, for how long it may run, and runs."""

import ast
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prove import goals
from tests.prove.trial import Trial


@dataclass(frozen=True)
class Goal:
    """`name` is the file's; `key` is that of the goal, such as G1, which several files may share.

    `faults` are the rows of the fault model in docs/proof.md that it covers; `minutes` is how long it may take at
    most, quick and full: then it is stopped and has failed.
    """

    name: str
    key: str
    title: str
    faults: tuple[int, ...]
    minutes: tuple[float, float]

    @property
    def order(self) -> tuple[int, str]:
        return int(self.key.removeprefix("G")), self.name


def all_goals() -> list[Goal]:
    """In the order of their numbers. They are read, not loaded: what they need is heavy."""
    files = (file for file in Path(goals.__path__[0]).glob("*.py") if file.stem != "__init__")
    return sorted(map(_read, files), key=lambda one: one.order)


def run_of(name: str) -> Callable[[Trial], Awaitable[None] | None]:
    """What runs a goal. Raises ModuleNotFoundError."""
    found: Callable[[Trial], Awaitable[None] | None] = importlib.import_module(f"{goals.__name__}.{name}").run
    return found


def goal_named(name: str) -> Goal:
    """Raises FileNotFoundError."""
    return _read(Path(goals.__path__[0]) / f"{name}.py")


def _read(file: Path) -> Goal:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told: dict[str, Any] = {}
    for one in tree.body:
        match one:
            case ast.Assign(targets=[ast.Name(id="GOAL" | "FAULTS" | "MINUTES" as name)], value=value):
                told[name] = ast.literal_eval(value)
    title = (ast.get_docstring(tree) or "").splitlines()[0].rstrip(".")
    return Goal(file.stem, told["GOAL"], title, told["FAULTS"], told["MINUTES"])
