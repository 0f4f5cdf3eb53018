"""How often the database is copied, and how many copies are kept: from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handlers.rules.when import duration
from storage.errors import EarshotError

EVERY, KEEP = "EARSHOT_BACKUP_EVERY", "EARSHOT_BACKUP_KEEP"
USUAL_EVERY, USUAL_KEEP = "1h", 24
SOONEST = timedelta(minutes=1)
MOST = 10_000
_OFF = ("off", "no", "never", "0")


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """`every` is None when no regular backups are made."""

    every: timedelta | None = None
    keep: int = USUAL_KEEP


def read_backups(values: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """The field of `Environment` that concerns backups, from variables by name. Mistakes are added, a line each."""
    return {"backups": BackupPlan(_every(values[EVERY].strip(), mistakes), _keep(values[KEEP].strip(), mistakes))}


def _every(text: str, mistakes: list[str]) -> timedelta | None:
    if text.lower() in _OFF:
        return None
    try:
        every = duration(text or USUAL_EVERY)
    except (EarshotError, ValueError):
        every = timedelta()
    if every < SOONEST:
        mistakes.append(f'{EVERY}: "{text[:20]}" is no time of a minute or more; write 5m, 1h or off.')
    return every


def _keep(text: str, mistakes: list[str]) -> int:
    number = int(text or USUAL_KEEP) if (text or "1").isascii() and (text or "1").isdigit() and len(text) < 6 else 0
    if not 1 <= number <= MOST:
        mistakes.append(f'{KEEP}: "{text[:20]}" is no number from 1 to {MOST:,}.')
    return number
