"""Copies the database regularly, off the event loop and beside the writer; says when the last copy failed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.backup_settings import BackupPlan
from bot.health import Part
from handlers.rules.when import ago
from storage.backups import newest, write_regular
from storage.errors import EarshotError

log = logging.getLogger(__name__)

_FIRST = timedelta(minutes=1)  # after the start, where there is none yet or the last is old
_AGAIN = timedelta(minutes=1)  # after one that failed


class Backups:
    """Runs until cancelled. `path` is the database."""

    def __init__(self, path: Path, plan: BackupPlan, now: Callable[[], datetime]) -> None:
        self._path = path
        self._plan = plan
        self._now = now
        self._last: datetime | None = None
        self._error = ""

    async def run(self) -> None:
        """Make one whenever it is time. Where they are switched off it ends at once."""
        while self._plan.every is not None:
            await asyncio.sleep(self._wait(self._plan.every).total_seconds())
            await self.make()

    async def make(self) -> bool:
        """Make one now; whether that was done."""
        now = self._now()
        try:
            made = await asyncio.to_thread(write_regular, self._path, now, self._plan.keep)
        except (EarshotError, OSError) as error:
            self._error = str(error)
            log.error("no backup was made: %s", error)
            return False
        self._error, self._last = "", now
        log.info("wrote the backup %s", made.name)
        return True

    def part(self) -> Part | None:
        """How it stands, for health; None when they are switched off."""
        if self._plan.every is None:
            return None
        told = f"the last {ago(self._last, self._now())}" if self._last else "none since the start"
        return Part("backups", not self._error, f"{told}; the next failed: {self._error}" if self._error else told)

    def _wait(self, every: timedelta) -> timedelta:
        if self._error:
            return min(_AGAIN, every)
        if self._last is not None:
            return every
        return max(_FIRST, every - (self._now() - _made_at(self._path, self._now())))


def _made_at(path: Path, now: datetime) -> datetime:
    """When the newest of the backups was made, by its file; long ago where there is none."""
    found = newest(path)
    if found is None:
        return datetime.fromtimestamp(0, now.tzinfo)
    return datetime.fromtimestamp(found.stat().st_mtime, now.tzinfo)
