"""`earshot version`."""

import platform
import tomllib
from pathlib import Path

import click

from storage.store import engine_version

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def program_version() -> str:
    """The version of this checkout."""
    return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])


@click.command()
def version() -> None:
    """Print the versions of Earshot, Python and SQLite."""
    sqlite = ".".join(map(str, engine_version()))
    click.echo(f"Earshot {program_version()}, Python {platform.python_version()}, SQLite {sqlite}")
