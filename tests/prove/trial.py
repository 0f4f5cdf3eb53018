"""What a goal is given, and what it says of its run: counts of what was tried, and of what must not have happened."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the result. `wanted` is "" for what is only told, else what it had to be, in words."""

    what: str
    n: float
    wanted: str = ""
    has_held: bool = True

    @property
    def words(self) -> str:
        shown = f"{self.n:,.0f}" if self.n == int(self.n) else f"{self.n:,.2f}"
        return f"{shown} {self.what}" if self.has_held else f"{shown} {self.what} (wanted: {self.wanted})"


@dataclass
class Trial:
    """One run of one goal.

    `chance` is made from the seed and is the only randomness that a goal may use; `folder` is empty and its own, and is
    removed afterwards. What stands outside decides: counts come from the records of the fakes and from the database,
    never from a counter of the program.
    """

    seed: int
    is_quick: bool
    folder: Path
    counts: list[Count] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def of(self, quick: int, full: int) -> int:
        """How many times: `full`, or `quick` where a few minutes are all there is."""
        return quick if self.is_quick else full

    def tell(self, what: str, n: float) -> None:
        """What was tried, measured or seen; it holds whatever it is."""
        self.counts.append(Count(what, n))

    def none(self, what: str, n: int) -> None:
        """What must not have happened even once."""
        self.counts.append(Count(what, n, "0", n == 0))

    def exactly(self, what: str, n: float, wanted: float) -> None:
        self.counts.append(Count(what, n, f"{wanted:,}", n == wanted))

    def at_most(self, what: str, n: float, most: float) -> None:
        self.counts.append(Count(what, n, f"at most {most:,}", n <= most))

    def at_least(self, what: str, n: float, least: float) -> None:
        """For what must have been tried for the rest to mean anything: answers lost, kills inside a post."""
        self.counts.append(Count(what, n, f"at least {least:,}", n >= least))

    def not_run(self, what: str, why: str) -> None:
        """A part that cannot be run here; it stands in the table as "not run"."""
        self.left_out.append(f"{what}: {why}")

    @property
    def has_held(self) -> bool:
        return bool(self.counts or self.left_out) and all(one.has_held for one in self.counts)


@dataclass(frozen=True)
class Result:
    """What came of a goal; `error` is "" unless the run itself broke."""

    name: str
    goal: str
    title: str
    seed: int
    is_quick: bool
    seconds: float
    counts: tuple[Count, ...]
    left_out: tuple[str, ...]
    has_held: bool
    error: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Result":
        told: dict[str, Any] = json.loads(text)
        counts = tuple(Count(**one) for one in told.pop("counts"))
        return cls(**told | {"counts": counts, "left_out": tuple(told["left_out"])})


def stopwatch() -> Callable[[], float]:
    """Seconds since it was made."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun
