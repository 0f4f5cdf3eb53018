"""`earshot run`."""

import asyncio
from pathlib import Path

import click

from bot.app import serve
from bot.cli import start
from bot.settings import check_chats, check_sign_in


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Another file than EARSHOT_CONFIG.")
def run(config: Path | None) -> None:
    """Listen, post cards and serve the page until you stop it."""
    environment = start.environment()
    check_sign_in(environment)
    path = config or environment.config
    policy = start.policy(path)
    check_chats(environment, policy)
    asyncio.run(serve(environment, policy, mode="run", config_path=path, say=click.echo))
