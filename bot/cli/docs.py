"""`earshot docs [--check]`."""

from pathlib import Path

import click

import bot
from bot import registry
from bot.cli import SUBCOMMANDS
from bot.manual import stale, write
from handlers.dispatch import load_commands
from handlers.requests import COMMANDS

ROOT = Path(bot.__path__[0]).parent


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and name what is out of date.")
@click.pass_context
def docs(ctx: click.Context, check: bool) -> None:
    """Write the generated tables of the documentation."""
    load_commands()
    terminal = {name: help for name, (_, help) in SUBCOMMANDS.items()}
    old = stale(ROOT, terminal, COMMANDS, registry.kinds())
    if not check:
        write(old)
    for path in old:
        state = "is out of date; type: make docs" if check else "written"
        click.echo(f"{path.relative_to(ROOT)} {state}")
    if check and old:
        ctx.exit(1)
