"""`earshot web link MEMBER`."""

import click

from bot.chats.local.session import sign_in_link
from bot.cli import start
from bot.settings import Environment
from bot.spelling import did_you_mean
from storage.errors import NotFound


@click.group()
def web() -> None:
    """Make a sign-in link for the page."""


@web.command()
@click.argument("member")
def link(member: str) -> None:
    """Print a link that signs MEMBER in; it works once and for 15 minutes."""
    environment = start.environment()
    names = [one.name for one in start.policy(environment.config).members]
    name = member.removeprefix("@")
    if name not in names:
        there = f"; there is {', '.join(names)}."
        raise NotFound(f"There is no member {name}{did_you_mean(name, names, there)}")
    click.echo(outside_address(environment) + sign_in_link(environment.web_secret.reveal(), name, start.now()))


def outside_address(environment: Environment) -> str:
    """How a browser reaches the page, without a slash at the end."""
    if environment.public_host:
        return f"https://{environment.public_host}"
    host = f"[{environment.host}]" if ":" in environment.host else environment.host
    return f"http://{host}:{environment.port}"
