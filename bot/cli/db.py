"""`earshot db migrate|backup|check|restore`."""

from pathlib import Path

import click

from bot.cli import start
from bot.restoring import put_back, told
from storage.backups import write_backup
from storage.errors import DamagedDatabase
from storage.store import lock, open_storage, version


@click.group()
def db() -> None:
    """Look after the database: migrate, backup, check, restore."""


@db.command()
def migrate() -> None:
    """Bring the database up to this version of Earshot."""
    path = start.environment().database
    before, known = version(path)
    if before == known:
        click.echo(f"{path} is up to date (step {known}).")
        return
    held = lock(path)
    try:
        open_storage(path).close()
    finally:
        held.release()
    click.echo(f"{path}: step {before} to {known}. Done.")


@db.command()
@click.argument("target", required=False, type=click.Path(path_type=Path))
def backup(target: Path | None) -> None:
    """Write a sound copy of the database, also while Earshot runs."""
    path = start.environment().database
    target = target or path.with_name(f"earshot-{start.now():%Y%m%dT%H%M%SZ}.db")
    store = open_storage(path, read_only=True, migrate=False)
    try:
        write_backup(store.engine, target, start.now())
    finally:
        store.close()
    click.echo(f"Wrote {target} ({target.stat().st_size:,} bytes).")


@db.command()
def check() -> None:
    """Look for damage in the database."""
    path = start.environment().database
    store = open_storage(path, read_only=True, migrate=False)
    try:
        found = store.engine.check()
    finally:
        store.close()
    if found:
        lines = "\n".join(f"{path}: {line}" for line in found)
        raise DamagedDatabase(lines, "\n`earshot db restore` puts a backup back.")
    click.echo(f"{path} is sound.")


@db.command()
@click.argument("backup", type=click.Path(path_type=Path))
def restore(backup: Path) -> None:
    """Put a backup in the place of the database. Earshot must be stopped; nothing is deleted."""
    path = start.environment().database
    held = lock(path)
    try:
        done = put_back(backup, path, start.now())
    finally:
        held.release()
    for line in told(done, path):
        click.echo(line)
