"""`earshot doctor`."""

import asyncio
import logging
from collections.abc import Iterable

import click

from bot.cli import start
from bot.doctor import examine
from bot.findings import Finding, broken
from bot.settings import Environment, read_environment
from storage.errors import ConfigError


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what is on, what is off, and why.

    ✓ works, – is off or deserves a look, ✗ is broken and needed. Exit status 1 when anything is broken.
    """
    show(ctx, asyncio.run(examine(settings(ctx), start.kinds(), start.now)))


def settings(ctx: click.Context) -> Environment:
    """The settings of this machine, for a doctor: mistakes in them are findings, and then it ends."""
    logging.getLogger().addHandler(logging.NullHandler())  # every warning is a finding here; none is said twice
    try:
        return read_environment()
    except ConfigError as error:
        show(ctx, [broken("Settings", line) for line in str(error).splitlines()])
        raise


def show(ctx: click.Context, findings: Iterable[Finding]) -> None:
    """Print what was found; exit status 1 when anything is broken."""
    is_broken = False
    for finding in findings:
        click.echo(finding.line)
        is_broken = is_broken or finding.is_broken
    if is_broken:
        ctx.exit(1)
