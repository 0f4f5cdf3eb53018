"""`earshot discord doctor`, `sync` and `invite`."""

import asyncio

import click

from bot.chats.discord import examine
from bot.cli import start
from bot.cli.doctor import settings, show
from bot.findings import Finding, broken
from bot.policy_file import read_policy
from bot.settings import Environment, read_environment
from handlers.dispatch import load_commands
from handlers.rules.policy import Policy
from storage.errors import ConfigError, InvalidInput


@click.group()
def discord() -> None:
    """Let Earshot into a Discord server; check that all is well there."""


@discord.command()
@click.option("--server", default="", metavar="ID", help="The server that it is to be let into, if you know its id.")
def invite(server: str) -> None:
    """Print the address that lets Earshot into your server, with the permissions that it needs and no more."""
    if server and not (server.isascii() and server.isdecimal()):
        raise InvalidInput(f'"{server}" is no id of a server; it looks like 197038439483310086.')
    click.echo(asyncio.run(examine.invite(_set_up(), server)))


@discord.command()
def sync() -> None:
    """Tell Discord the commands now. `earshot run` does so by itself when they have changed."""
    environment = _set_up()
    policy = read_policy(environment.config, start.kinds())
    click.echo(asyncio.run(examine.sync_now(environment, policy, tuple(load_commands().values()))))


@discord.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check the token, the server, channels, members, roles and commands. Posts nothing.

    ✓ works, – is off or deserves a look, ✗ is broken and needed. Exit status 1 when anything is broken.
    """
    environment = settings(ctx)
    findings: list[Finding] = []
    policy: Policy | None = None
    try:
        policy = read_policy(environment.config, start.kinds())
    except ConfigError as error:
        findings = [broken("Config", line) for line in str(error).splitlines()]
    looked = asyncio.run(examine.examine(environment, policy, tuple(load_commands().values())))
    show(ctx, [*findings, *looked])


def _set_up() -> Environment:
    environment = read_environment()
    if not environment.has_discord:
        raise ConfigError("EARSHOT_DISCORD_TOKEN is not set.", "docs/discord.md says where to find it.")
    return environment
