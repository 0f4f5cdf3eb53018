"""`earshot slack manifest` and `earshot slack doctor`."""

import asyncio
import json

import click

from bot.chats.slack.examine import examine
from bot.chats.slack.manifest import manifest as app_manifest
from bot.cli import start
from bot.cli.doctor import settings, show
from bot.findings import Finding, broken
from bot.policy_file import read_policy
from handlers.rules.policy import Policy
from storage.errors import ConfigError
from storage.store import holder


@click.group()
def slack() -> None:
    """Print what Slack must know of Earshot; check that it does."""


@slack.command()
@click.option("--http", default="", metavar="URL", help="Where Slack reaches your page, if it is to come by HTTP.")
def manifest(http: str) -> None:
    """Print the app manifest, for Slack's page "From a manifest".

    Without --http, Slack is reached by Socket Mode, which needs no public address.
    """
    click.echo(json.dumps(app_manifest(http), indent=2, ensure_ascii=False))


@slack.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check tokens, scopes, channels, members and the way in. Posts nothing.

    ✓ works, – is off or deserves a look, ✗ is broken and needed. Exit status 1 when anything is broken.
    """
    environment = settings(ctx)
    findings: list[Finding] = []
    policy: Policy | None = None
    try:
        policy = read_policy(environment.config, start.kinds())
    except ConfigError as error:
        findings = [broken("Config", line) for line in str(error).splitlines()]
    is_running = environment.database.exists() and bool(holder(environment.database))
    show(ctx, [*findings, *asyncio.run(examine(environment, policy, is_running=is_running))])
