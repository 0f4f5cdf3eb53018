"""`earshot run`."""

import asyncio
import logging
from pathlib import Path

import click

from bot import file_systems
from bot.cli import start
from bot.serving import serve
from bot.settings import check_chats, check_sign_in

_log = logging.getLogger(__name__)


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Another file than EARSHOT_CONFIG.")
def run(config: Path | None) -> None:
    """Listen, post cards and serve the page until you stop it."""
    environment = start.environment()
    check_sign_in(environment)
    path = config or environment.config
    policy = start.policy(path)
    check_chats(environment, policy)
    if told := file_systems.warning(environment.data):
        _log.warning(told)
    asyncio.run(serve(environment, policy, mode="run", config_path=path, say=click.echo))
