"""`earshot init`: the first `.env` and `earshot.toml`."""

import getpass
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from zoneinfo import available_timezones

import click

from bot.cli import start
from bot.cli.first_config import (
    FORM_SECRET,
    Answers,
    config_text,
    env_text,
    expression_for,
    read_members,
    read_words,
)
from bot.policy_checks import policy_warnings
from bot.policy_file import read_policy_text
from bot.settings import Variables, read_environment
from bot.spelling import did_you_mean
from handlers.rules.policy import Member
from handlers.rules.query import parse
from handlers.rules.text import safe_url
from storage.errors import EarshotError, InvalidInput

T = TypeVar("T")
ENV_FILE = Path(".env")
SECRETS = ("EARSHOT_WEB_SECRET", FORM_SECRET)
SLACK_TOKENS = ("EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN")
DISCORD_TOKENS = ("EARSHOT_DISCORD_TOKEN",)
NEXT = "\nNext, type: earshot doctor\nand then:   earshot run"
IN_SLACK = "make the app in Slack and copy its two tokens into .env: docs/slack.md says how, step by step."
IN_DISCORD = "make the bot in Discord and copy its token into .env: docs/discord.md says how, step by step."


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing: take what is given here, and the defaults. Overwrites nothing.")
@click.option("--team", help="Your team's name.")
@click.option("--brand", help="The brand to listen for.")
@click.option("--listen", help="Words and phrases to listen for, between commas.")
@click.option("--feed", help="The address of a feed to read; empty for none.")
@click.option("--members", help="Who works here: ana, bo=approver, mia=manager+admin")
@click.option("--timezone", help="For the times that people type and read, like Europe/Berlin.")
@click.option("--slack/--no-slack", default=None, help="Whether cards go to Slack too.")
@click.option("--discord/--no-discord", default=None, help="Whether cards go to Discord too.")
def init(
    yes: bool,
    team: str | None,
    brand: str | None,
    listen: str | None,
    feed: str | None,
    members: str | None,
    timezone: str | None,
    slack: bool | None,
    discord: bool | None,
) -> None:
    """Write .env and earshot.toml by asking a few questions."""
    path = read_environment(ENV_FILE).config
    answers: Answers | None = None
    if not _may_write(path, yes):
        click.echo(f"{path} is left as it is.")
    else:
        ask = _Asking(yes)
        brand = ask.text("The brand to listen for", brand, "Example")
        answers = Answers(
            team=ask.text("Your team's name", team, f"{brand} team"),
            brand=brand,
            words=ask.until_good("Words and phrases to listen for, between commas", listen, brand, _words),
            feed=ask.until_good("The address of a feed to read (empty for none)", feed, "", _feed),
            members=ask.until_good("Who works here (ana, bo=approver, mia=manager+admin)", members, _me(), _members),
            timezone=ask.until_good("Time zone", timezone, machine_timezone(), _timezone),
            is_in_slack=ask.yes_or_no("Do you work in Slack?", slack),
            is_in_discord=ask.yes_or_no("Do you work in Discord?", discord),
        )
        _write_config(path, answers)
    is_in_slack = answers.is_in_slack if answers else bool(slack)
    is_in_discord = answers.is_in_discord if answers else bool(discord)
    _write_env(ENV_FILE, (*(SLACK_TOKENS if is_in_slack else ()), *(DISCORD_TOKENS if is_in_discord else ())))
    click.echo(what_comes_next(is_in_slack, is_in_discord))


class _Asking:
    """Questions at the terminal, or with --yes none at all."""

    def __init__(self, takes_defaults: bool) -> None:
        self._takes_defaults = takes_defaults

    def text(self, question: str, given: str | None, default: str) -> str:
        """An answer of at least one letter."""
        return self.until_good(question, given, default, _not_empty)

    def yes_or_no(self, question: str, given: bool | None) -> bool:
        """No, unless somebody says yes."""
        if given is not None or self._takes_defaults:
            return bool(given)
        return click.confirm(question, default=False)

    def until_good(self, question: str, given: str | None, default: str, read: Callable[[str], T]) -> T:
        """Ask again until `read` takes the answer. What was given as an option is not asked again: it raises."""
        if given is not None or self._takes_defaults:
            return read(default if given is None else given)
        while True:
            try:
                return read(click.prompt(question, default=default, show_default=bool(default)))
            except EarshotError as error:
                click.echo(f"  {error}")


def what_comes_next(is_in_slack: bool, is_in_discord: bool) -> str:
    """What to do, and what to type then."""
    chats = [("slack", IN_SLACK)] if is_in_slack else []
    chats += [("discord", IN_DISCORD)] if is_in_discord else []
    if not chats:
        return NEXT
    steps = "\nAnd ".join(step for _, step in chats)
    doctors = "\n           ".join(f"earshot {name} doctor" for name, _ in chats)
    return f"\nNext, {steps}\nThen type: {doctors}\nand then:  earshot run"


def machine_timezone(link: Path = Path("/etc/localtime")) -> str:
    """The time zone that this machine is set to, UTC when it does not say."""
    told = os.environ.get("TZ", "").lstrip(":") or str(link.resolve()).rpartition("zoneinfo/")[2]
    return told.removeprefix("Etc/") if told in available_timezones() else "UTC"


def _may_write(path: Path, takes_defaults: bool) -> bool:
    if not path.exists():
        return True
    return not takes_defaults and click.confirm(f"{path} is there already. Overwrite it?", default=False)


def _write_config(path: Path, answers: Answers) -> None:
    text = config_text(answers)
    policy = read_policy_text(text, start.kinds(), path.name)  # what init writes, run must take
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        old = path.rename(path.with_name(path.name + ".old"))
        click.echo(f"The old one is now {old}.")
    path.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {path}: what your team decides.")
    for warning in policy_warnings(policy):
        click.echo(f"  To look at later: {warning}")


def _write_env(path: Path, to_fill: Sequence[str]) -> None:
    """Add the secrets that are missing, and empty lines for those that a person will copy there. Nothing that stands
    there is changed.
    """
    there = read_environment(path, {}).variables if path.exists() else Variables({})
    missing = [name for name in SECRETS if not there.get(name)]
    empty = [name for name in to_fill if name not in there]
    if not (missing or empty):
        click.echo(f"{path} is left as it is; its secrets are there.")
        return
    old = (
        path.read_text(encoding="utf-8")
        if path.exists()
        else "# Secrets and addresses of this machine; .env.example explains each.\n"
    )
    gap = "" if old.endswith("\n") or not old else "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(old + gap + env_text(missing) + "".join(f"{name}=\n" for name in empty))
    path.chmod(0o600)
    click.echo(f"Wrote {path} with fresh secrets; only you can read it.")


def _not_empty(told: str) -> str:
    if not told.strip():
        raise InvalidInput("Write a word or two.")
    return told.strip()


def _words(told: str) -> tuple[str, ...]:
    words = read_words(told)
    parse(expression_for(words))
    return words


def _feed(told: str) -> str:
    address = told.strip()
    if address and not safe_url(address):
        raise InvalidInput(f'"{address}" is no address; it begins with https://')
    return address


def _members(told: str) -> tuple[Member, ...]:
    members = read_members(told)
    if not members:
        raise InvalidInput("Name at least one person.")
    return members


def _timezone(told: str) -> str:
    zone = told.strip()
    if zone not in available_timezones():
        guess = did_you_mean(zone, available_timezones(), "; write one like Europe/Berlin.")
        raise InvalidInput(f'"{zone}" is no time zone{guess}')
    return zone


def _me() -> str:
    """The person at the keyboard may do everything, until there are others."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "me"
    return f"{name}=agent+approver+manager+admin"
