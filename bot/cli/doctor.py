"""`earshot doctor`."""

import asyncio
import logging

import click

from bot.cli import start
from bot.doctor import examine
from bot.settings import read_environment
from storage.errors import ConfigError


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what is on, what is off, and why.

    ✓ works, – is off or deserves a look, ✗ is broken and needed. Exit status 1 when anything is broken.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # every warning is a finding here; none is said twice
    try:
        environment = read_environment()
    except ConfigError as error:
        for line in str(error).splitlines():
            click.echo(f"✗ Settings: {line}")
        ctx.exit(1)
    findings = asyncio.run(examine(environment, start.kinds(), start.now))
    for finding in findings:
        click.echo(f"{finding.mark} {finding.name}: {finding.words}")
    if any(finding.is_broken for finding in findings):
        ctx.exit(1)
