"""`earshot demo`: the whole loop on a day of an invented brand, in a data folder of its own."""

import asyncio
from dataclasses import replace
from pathlib import Path

import click

import bot
from bot.cli import start
from bot.serving import serve
from bot.settings import for_demo
from handlers.rules.policy import Policy, SourceEntry
from storage.store import lock

CONFIG = Path(bot.__path__[0]) / "demo.toml"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Another port than EARSHOT_PORT; 0 for any free one.")
@click.option("--fresh", is_flag=True, help="Forget what was done in the demo before.")
@click.option("--minutes", type=click.IntRange(1, 1440), help="In how many minutes the day is replayed.")
def demo(port: int | None, fresh: bool, minutes: int | None) -> None:
    """Show Earshot with a day of an invented brand; needs no key."""
    environment = for_demo(start.environment(), port)
    policy = start.policy(CONFIG)
    if minutes:
        policy = replayed_in(policy, minutes)
    if fresh:
        forget(environment.database)
    make_folders(policy)
    asyncio.run(serve(environment, policy, mode="demo", config_path=None, say=click.echo))


def make_folders(policy: Policy) -> None:
    """The folders that the demo's policy watches, so that a file can be dropped there at once."""
    for entry in policy.sources:
        if entry.kind == "file":
            Path(entry.settings["folder"]).mkdir(parents=True, exist_ok=True)


def replayed_in(policy: Policy, minutes: int) -> Policy:
    """The same policy with a quicker or slower day."""
    return replace(policy, sources=tuple(_paced(entry, minutes) for entry in policy.sources))


def _paced(entry: SourceEntry, minutes: int) -> SourceEntry:
    if entry.kind != "sample":
        return entry
    return replace(entry, settings={**entry.settings, "minutes": minutes})


def forget(database: Path) -> None:
    """Delete the demo's database. Raises AlreadyRunning while a demo uses it."""
    held = lock(database)
    try:
        for ending in ("", "-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
    finally:
        held.release()
