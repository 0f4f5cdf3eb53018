"""What every subcommand begins with: the machine's settings, the log, the team's decisions."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from bot import log, registry
from bot.policy_checks import policy_warnings
from bot.policy_file import Kinds, read_policy
from bot.settings import Environment, read_environment
from handlers.rules.policy import Policy

_log = logging.getLogger(__name__)


def environment() -> Environment:
    """The settings of this machine; from here on there is a log. Raises ConfigError."""
    read = read_environment()
    log.set_up(read.log, read.hidden())
    for warning in read.warnings:
        _log.warning(warning)
    return read


def kinds() -> Kinds:
    """The kinds of source there are, each with the dataclass of its own keys."""
    return registry.settings()


def policy(path: Path) -> Policy:
    """What the team decided. Raises ConfigError with one line per mistake."""
    read = read_policy(path, kinds())
    for warning in policy_warnings(read):
        _log.warning("%s: %s", path.name, warning)
    return read


def now() -> datetime:
    """The time, for the subcommands that need it."""
    return datetime.now(UTC)
