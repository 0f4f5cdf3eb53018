"""What a doctor finds: a mark, a name and a sentence."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """Works; off or worth a look; needed and broken."""

    WORKS = "✓"
    OFF = "–"
    BROKEN = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    mark: Mark
    name: str
    words: str

    @property
    def is_broken(self) -> bool:
        return self.mark is Mark.BROKEN

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{self.mark} {self.name}: {self.words}"


def works(name: str, words: str) -> Finding:
    return Finding(Mark.WORKS, name, words)


def look(name: str, words: str) -> Finding:
    """Off, or worth a look."""
    return Finding(Mark.OFF, name, words)


def broken(name: str, words: str) -> Finding:
    return Finding(Mark.BROKEN, name, words)
