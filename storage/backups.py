"""Backups: sound copies of the database in one folder, the newest kept; and one of them put back in its place."""

import os
import shutil
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from storage.engine import Engine
from storage.errors import DamagedDatabase, EarshotError, StorageError
from storage.restores import stamp_of
from storage.sqlite import SqliteEngine

_BESIDE = ("-wal", "-shm")  # what stands beside the file while it is in use


def folder_of(path: Path) -> Path:
    """Where the backups of a database stand."""
    return path.with_name("backups")


def write_backup(engine: Engine, target: Path, now: datetime) -> None:
    """A sound copy, which knows that it is one. It has its name only when it is whole.

    Raises StorageError when the target is there, or cannot be written.
    """
    if target.exists():
        raise StorageError(f"{target} is already there.", "Name another file.")
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}.", "Name another file.") from error
    engine.backup(part, stamp=stamp_of(now))
    _keep(part)
    part.rename(target)
    _keep(target.parent)


def write_regular(path: Path, now: datetime, most: int) -> Path:
    """The next of the regular backups; of these only the newest `most` stay. Raises StorageError."""
    target = folder_of(path) / f"earshot-{now:%Y%m%dT%H%M%S}Z.db"
    with closing(SqliteEngine(path, is_read_only=True)) as engine:
        write_backup(engine, target, now)
    for old in _regular(path)[:-most]:
        old.unlink(missing_ok=True)
    return target


def newest(path: Path) -> Path | None:
    """The newest of the backups that Earshot has made by itself."""
    return next(reversed(_regular(path)), None)


def write_before_upgrade(engine: Engine, path: Path, step: str) -> None:
    """A copy of the file as it was before this step of the schema. A later try at the same step replaces it.

    Raises StorageError: then the file stays as it was.
    """
    target = folder_of(path) / f"before-{step}.db"
    part = target.with_name(f"{target.name}.part")
    try:
        with suppress(OSError):  # what is wrong there is said by the backup itself
            part.unlink()
        engine.backup(part)
    except StorageError as error:
        told = "Before an upgrade the database is copied; make room beside it. Nothing was changed."
        raise StorageError(error.message, told) from error
    _keep(part)
    part.replace(target)
    _keep(target.parent)


def put_in_place(backup: Path, path: Path, now: datetime, stamp: int) -> Path | None:
    """Make a copy of a backup the database. Where the file that stood there stands now, if there was one.

    The caller holds the lock of the database. At each moment one of the two stands there, whole.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with closing(SqliteEngine(backup, is_read_only=True)) as engine:
        if damage := engine.check():
            raise DamagedDatabase(f"{backup} is damaged ({damage[0]}).", "Take another backup. Nothing was changed.")
        engine.backup(part, stamp=stamp)
    _keep(part)
    aside = _set_aside(path, now) if path.exists() else None
    part.replace(path)
    _keep(path.parent)
    return aside


def _set_aside(path: Path, now: datetime) -> Path:
    """Give the file a second name, and its log with it: a log that stays would be read into the new file."""
    with suppress(EarshotError), closing(SqliteEngine(path)) as engine:
        # Where it can be done there is then no moment in which the file is without its last words.
        engine.rows("pragma wal_checkpoint(truncate)")
    aside = path.with_name(f"earshot-aside-{now:%Y%m%dT%H%M%S}Z.db")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"earshot-aside-{now:%Y%m%dT%H%M%S}Z-{number}.db")
    try:
        aside.hardlink_to(path)
    except OSError:  # a file system without a second name for a file
        shutil.copy2(path, aside)
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _regular(path: Path) -> list[Path]:
    return sorted(one for one in folder_of(path).glob("earshot-*.db") if one.stem[8:9].isdigit())


def _keep(path: Path) -> None:
    """See to it that a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
