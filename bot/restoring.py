"""`earshot db restore`: a backup takes the place of the database, and people are told what that means."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from handlers.erasing import apply_tombstones
from handlers.recovery import Recovered, recover
from storage.backups import put_in_place
from storage.errors import DamagedDatabase, EarshotError, InvalidInput, StorageError
from storage.restores import stamp_of
from storage.store import open_storage


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `aside` is where the file before it stands, `erased` how many mentions were erased again."""

    recovered: Recovered
    aside: Path | None
    mentions: int
    erased: int


def put_back(backup: Path, path: Path, now: datetime) -> Restored:
    """Make a copy of the backup the database. The caller holds the database's lock.

    Raises InvalidInput, DamagedDatabase, NewerDatabase, StorageError; then everything is as it was.
    """
    try:
        made_at = _made_at(backup, path)
        used = _used_numbers(path)
        aside = put_in_place(backup, path, now, stamp_of(made_at))
    except DamagedDatabase as error:
        raise DamagedDatabase(error.message, "Take another backup. Nothing was changed.") from error
    with closing(open_storage(path)) as store:
        recovered = recover(store, now, used_numbers=used)
        erased = apply_tombstones(store, now)
        mentions, _ = store.restores.sizes()
    if recovered is None:
        raise StorageError(f"{path} does not say when it was copied.", "Try again.")
    return Restored(recovered, aside, mentions, erased)


def told(done: Restored, path: Path) -> Iterator[str]:
    """What happened and what comes next, line by line."""
    made = f"{done.recovered.made_at:%Y-%m-%d %H:%M} UTC"
    yield f"{path} is now the backup of {made}, with {done.mentions:,} mentions."
    if done.aside is not None:
        yield f"The file before it stands in {done.aside}."
    if done.erased:
        yield f"{done.erased:,} mentions of people who were erased since were erased again."
    yield f"What people did after {made} is not in it: claims, notes and drafts of that time are gone."
    yield "With `earshot run` the sources are read again from there. Cards that stand in a chat already are looked for"
    yield f"and taken over, not posted again; new cases begin with #{done.recovered.first_case}."
    if done.recovered.replies or done.recovered.approved:
        yield (
            f"Replies: {done.recovered.replies} on their way are looked for outside, and wait for a person where they"
            f" are not there; {done.recovered.approved} approved are looked for when somebody sends them."
        )


def _made_at(backup: Path, path: Path) -> datetime:
    if not backup.is_file():
        raise InvalidInput(f"There is no file {backup}.", f"Backups stand in {path.with_name('backups')}.")
    if path.exists() and backup.samefile(path):
        raise InvalidInput(f"{backup} is the database itself.", "Name a backup.")
    with closing(open_storage(backup, read_only=True)) as store:
        made_at = None
        if store.restores.is_ours():
            made_at = store.restores.copied_at() or store.restores.newest_moment()
    if made_at is None:
        raise InvalidInput(f"{backup} is empty, or no backup of Earshot.", "Name another file.")
    return made_at


def _used_numbers(path: Path) -> int:
    """The highest number of a case in the file that is set aside; 0 when that cannot be read."""
    with suppress(EarshotError):
        if path.exists():
            with closing(open_storage(path, read_only=True)) as store:
                return store.restores.sizes()[1]
    return 0
