"""`earshot import`: a file read once, by the same rules and into the same store as everything that is listened to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.settings import Environment
from bot.sources import file
from handlers import intake, lessons
from handlers.context import Brain, Context, think
from handlers.ports import Broken, Page
from handlers.rules.policy import Policy, SourceEntry
from handlers.weighing import weigh
from storage.errors import AlreadyRunning
from storage.store import Store, lock, open_storage

IMPORT_PAGE = 1_000  # rows in one transaction: more than a listener takes, as no person waits beside an import


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of an imported file. `reasons` are those of the first items in quarantine."""

    read: int
    stored: int
    known: int
    unmatched: int
    quarantined: int
    cases: int
    reasons: tuple[str, ...]


def import_file(
    environment: Environment,
    policy: Policy,
    path: Path,
    *,
    source: str,
    brand: str,
    field_map: Mapping[str, str],
    with_cases: bool,
    progress: Callable[[int, int], None],
    now: Callable[[], datetime] = utc_now,
) -> ImportReport:
    """Read a file once. Raises AlreadyRunning while the bot runs: then drop the file into a watched folder instead."""
    known = policy.source(source) or SourceEntry(source, "file")
    entry = replace(known, brand=brand or known.brand)
    brain = think(policy)
    try:
        held = lock(environment.database)
    except AlreadyRunning as error:
        hint = "Stop it first, or put the file into the folder of a source of kind file: it is read while the bot runs."
        raise AlreadyRunning(error.message, hint) from None
    try:
        store = open_storage(environment.database)
        try:
            brain = replace(brain, lessons=lessons.in_force(store))
            return _import(store, brain, entry, path, field_map, with_cases, progress, now)
        finally:
            store.close()
    finally:
        held.release()


def _import(
    store: Store,
    brain: Brain,
    entry: SourceEntry,
    path: Path,
    field_map: Mapping[str, str],
    with_cases: bool,
    progress: Callable[[int, int], None],
    now: Callable[[], datetime],
) -> ImportReport:
    told = {key: entry.settings[key] for key in ("format", "html", "private", "preset") if key in entry.settings}
    columns = {**entry.settings.get("map", {}), **field_map}
    settings = file.Settings(folder=str(path.parent), map=columns, **told)
    sums = intake.Taken()
    for chunk in file.read_file(path, settings, size=IMPORT_PAGE):
        weighed = weigh(brain, entry, Page(chunk.items, None, is_backlog=True))
        taken = intake.take_in(Context(store, brain, now()), weighed, with_cases=with_cases or None)
        for name in ("read", "stored", "known", "unmatched", "quarantined", "cases"):
            setattr(sums, name, getattr(sums, name) + getattr(taken, name))
        sums.reasons += [f"{item.where}: {item.reason}" for item in chunk.items if isinstance(item, Broken)][
            : 10 - len(sums.reasons)
        ]
        progress(chunk.bytes_read, chunk.total_bytes)
    return ImportReport(
        sums.read, sums.stored, sums.known, sums.unmatched, sums.quarantined, sums.cases, tuple(sums.reasons)
    )
