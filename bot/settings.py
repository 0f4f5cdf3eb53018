"""What one machine decides: addresses and secrets from `.env` and the environment (which wins).

What a team decides stands in `earshot.toml`; `bot/policy_file.py` reads that.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from bot.backup_settings import USUAL_EVERY, USUAL_KEEP, BackupPlan, read_backups
from bot.discord_settings import DISCORD_API, read_discord
from bot.opinion_settings import USUAL_DAILY, OpinionKeys, read_opinions
from bot.policy_file import read_policy as read_policy
from bot.secret import Secret
from bot.slack_settings import SLACK_API, read_slack
from bot.spelling import did_you_mean
from handlers.rules.policy import Policy
from storage.errors import ConfigError

PREFIX = "EARSHOT_"
LOG_LEVELS = ("debug", "info", "warning", "error")
SECRET_ENDINGS = ("_SECRET", "_TOKEN", "_KEY", "_PASSWORD", "_OLD")
SHORTEST_SECRET = 24
_CHATS = {"slack": "EARSHOT_SLACK_BOT_TOKEN", "discord": "EARSHOT_DISCORD_TOKEN"}  # and what sets them up


def _told(default: str, help: str, without: str, *, is_secret: bool = False) -> dict[str, Any]:
    return {"default": default, "help": help, "without": without, "is_secret": is_secret}


class Variables(Mapping[str, str]):
    """Values of `.env` and the environment by name. They can be looked up, never printed."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<{len(self)} variables>"


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of this machine, each one line: its default, its help, what happens without it.

    `EARSHOT_` and the name in capitals is the variable. `variables` has everything that was set, for the secrets that
    `earshot.toml` calls by name. `warnings` are sentences about things that are allowed and still deserve a look.
    """

    data: Path = field(metadata=_told("./data", "The folder of the database and its backups.", "it is ./data"))
    config: Path = field(
        metadata=_told("./earshot.toml", "The file that holds what your team decides.", "it is ./earshot.toml")
    )
    host: str = field(
        metadata=_told("127.0.0.1", "The address that the page listens on.", "only this machine reaches the page")
    )
    port: int = field(metadata=_told("8787", "The port that the page listens on, 0 for any free one.", "it is 8787"))
    public_host: str = field(
        metadata=_told("", "The name in the page's outside address, behind a proxy.", "no outside name")
    )
    web_secret: Secret = field(
        metadata=_told(
            "",
            "Signs sign-in links and sessions of the page; `earshot init` makes one.",
            "`earshot run` does not start, as nobody could sign in",
            is_secret=True,
        )
    )
    log: str = field(metadata=_told("info", "How much is logged: debug, info, warning or error.", "it is info"))
    slack_bot_token: Secret = field(
        default_factory=Secret,
        metadata=_told(
            "",
            "Slack's Bot User OAuth Token, xoxb-…: with it Earshot posts and reads in Slack.",
            "Slack is off",
            is_secret=True,
        ),
    )
    slack_app_token: Secret = field(
        default_factory=Secret,
        metadata=_told(
            "",
            "Slack's app-level token, xapp-…: with it Slack reaches Earshot without a public address.",
            "Slack must reach the page by HTTP, with EARSHOT_SLACK_SIGNING_SECRET",
            is_secret=True,
        ),
    )
    slack_signing_secret: Secret = field(
        default_factory=Secret,
        metadata=_told(
            "",
            "Slack's Signing Secret: proves that a request came from Slack, where it comes by HTTP.",
            "nothing is taken from Slack by HTTP",
            is_secret=True,
        ),
    )
    slack_api_url: str = field(
        default=SLACK_API,
        metadata=_told(SLACK_API, "The address of Slack's Web API; for GovSlack or a test server.", "Slack's own"),
    )
    discord_token: Secret = field(
        default_factory=Secret,
        metadata=_told(
            "",
            "Discord's bot token: with it Earshot posts and reads in your Discord server.",
            "Discord is off",
            is_secret=True,
        ),
    )
    discord_api_url: str = field(
        default=DISCORD_API,
        metadata=_told(DISCORD_API, "The address of Discord's API; for a test server.", "Discord's own"),
    )
    opinion: OpinionKeys = field(
        default_factory=OpinionKeys,
        metadata={
            "variables": {
                "opinion_url": _told(
                    "",
                    "A model server for second opinions, up to /v1. The words of mentions are sent to it.",
                    "nobody outside is asked",
                ),
                "opinion_model": _told(
                    "", "The model of that server, as it calls it.", "there must be one beside a URL"
                ),
                "opinion_key": _told("", "The key of that server.", "it is asked without a key", is_secret=True),
                "opinion_daily": _told(
                    str(USUAL_DAILY),
                    "How many requests it may get on a day (UTC), each of up to 20 texts.",
                    "it is 500",
                ),
                "opinion_private": _told(
                    "", "Write yes to send it calls, mails and forms as well.", "they are never sent"
                ),
                "encoder": _told(
                    "",
                    "Write yes for second opinions of an encoder on this machine (the extra `encoder`).",
                    "there is none",
                ),
            }
        },
    )
    heartbeat_url: Secret = field(
        default_factory=Secret,
        metadata=_told(
            "",
            "An address that is asked every minute while all is well, so that somebody else notices our silence.",
            "nobody outside notices when this machine is down",
            is_secret=True,
        ),
    )
    backups: BackupPlan = field(
        default_factory=BackupPlan,
        metadata={
            "variables": {
                "backup_every": _told(
                    USUAL_EVERY,
                    "How often the database is copied into its folder backups, such as 5m or 1h; off for never.",
                    "it is 1h",
                ),
                "backup_keep": _told(
                    str(USUAL_KEEP), "How many of these copies are kept; the oldest goes.", "it is 24"
                ),
            }
        },
    )
    variables: Variables = field(default_factory=lambda: Variables({}), repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def database(self) -> Path:
        """The file that everything is remembered in."""
        return self.data / "earshot.db"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the page."""
        return is_loopback(self.host)

    @property
    def has_slack(self) -> bool:
        """Whether Slack is set up; what belongs together is then there."""
        return bool(self.slack_bot_token)

    @property
    def has_discord(self) -> bool:
        return bool(self.discord_token)

    @property
    def is_slack_by_http(self) -> bool:
        """Whether Slack reaches us by signed HTTP instead of sockets. An app-level token means sockets."""
        return self.has_slack and not self.slack_app_token

    def hidden(self) -> tuple[str, ...]:
        """The values that must never be printed, for the log's redaction."""
        named = (value for name, value in self.variables.items() if name.upper().endswith(SECRET_ENDINGS))
        slack = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret)
        own = (self.web_secret, *slack, self.discord_token, self.opinion.key, self.heartbeat_url)
        return tuple(value for value in {*(secret.reveal() for secret in own), *named} if value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment, as the documentation shows it."""

    variable: str
    default: str
    help: str
    without: str
    is_secret: bool


def declared_settings() -> tuple[Setting, ...]:
    """Every setting of `Environment`, in its order."""
    told: dict[str, Any] = {}
    for one in fields(Environment):
        told |= {one.name: one.metadata} if "without" in one.metadata else one.metadata.get("variables", {})
    return tuple(Setting(PREFIX + name.upper(), **metadata) for name, metadata in told.items())


def is_loopback(host: str) -> bool:
    """Whether this is an address or name of the machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_environment(env_file: Path = Path(".env"), variables: Mapping[str, str] | None = None) -> Environment:
    """Read `.env` (if it is there) and the environment, which wins. Raises ConfigError with one line per mistake."""
    outer = os.environ if variables is None else variables
    told = {**_read_env_file(env_file), **outer}
    mistakes: list[str] = []
    values = {setting.variable: told.get(setting.variable, setting.default) for setting in declared_settings()}
    environment = Environment(
        data=Path(values["EARSHOT_DATA"] or "./data").expanduser(),
        config=Path(values["EARSHOT_CONFIG"] or "./earshot.toml").expanduser(),
        host=values["EARSHOT_HOST"].strip() or "127.0.0.1",
        port=_port(values["EARSHOT_PORT"], mistakes),
        public_host=values["EARSHOT_PUBLIC_HOST"].strip(),
        web_secret=_web_secret(values["EARSHOT_WEB_SECRET"], mistakes),
        log=_log_level(values["EARSHOT_LOG"], mistakes),
        heartbeat_url=_heartbeat_url(values["EARSHOT_HEARTBEAT_URL"], mistakes),
        **read_slack(values, mistakes),
        **read_discord(values, mistakes),
        **read_opinions(values, mistakes),
        **read_backups(values, mistakes),
        variables=Variables(told),
        warnings=(*_open_to_others(env_file), *_unknown(told)),
    )
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return environment


def for_demo(environment: Environment, port: int | None = None) -> Environment:
    """The same machine for the demo: its own data folder, this machine only, never a real workspace, nobody asked."""
    return replace(
        environment,
        data=environment.data / "demo",
        host="127.0.0.1",
        port=environment.port if port is None else port,
        slack_bot_token=Secret(),
        slack_app_token=Secret(),
        slack_signing_secret=Secret(),
        discord_token=Secret(),
        heartbeat_url=Secret(),
        opinion=OpinionKeys(),
        backups=BackupPlan(),
    )


def check_chats(environment: Environment, policy: Policy) -> None:
    """Raises ConfigError, a line for each, when a channel belongs to a chat that is not set up."""
    if lines := [line for chat in _CHATS for line in chat_mistakes(environment, policy, chat)]:
        raise ConfigError("\n".join(lines))


def chat_mistakes(environment: Environment, policy: Policy, chat: str) -> list[str]:
    """A line for each channel of a chat that is not set up."""
    if {"slack": environment.has_slack, "discord": environment.has_discord}[chat]:
        return []
    told = {f"routes[{number}].channel": route.channel for number, route in enumerate(policy.routes)}
    told["escalate_to"] = policy.escalate_to
    return [
        f'{at}: "{channel}" needs {_CHATS[chat]}, which is not set; docs/{chat}.md says where to find it.'
        for at, channel in told.items()
        if channel.startswith(f"{chat}:")
    ]


def check_sign_in(environment: Environment) -> None:
    """Raises ConfigError when others could reach the page and nobody would have to sign in."""
    if not environment.is_loopback and not environment.web_secret:
        raise ConfigError(
            f"EARSHOT_HOST: {environment.host} can be reached from other machines, so sign-in is needed;",
            "set EARSHOT_WEB_SECRET (`earshot init` makes one), or use 127.0.0.1.",
        )


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for binding in parse_stream(stream):
                if binding.error:
                    raise ConfigError(f"{path.name}: line {binding.original.line}: not readable; write NAME=value.")
                if binding.key is not None:
                    values[binding.key] = binding.value or ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be opened: {error.strerror}.") from None
    return values


def _port(text: str, mistakes: list[str]) -> int:
    number = int(text) if text.strip().isascii() and text.strip().isdigit() else -1
    if 0 <= number <= 65535:
        return number
    mistakes.append(f'EARSHOT_PORT: "{text}" is no port; write a number from 0 to 65535, like 8787.')
    return 0


def _web_secret(text: str, mistakes: list[str]) -> Secret:
    if 0 < len(text) < SHORTEST_SECRET:
        mistakes.append(
            f"EARSHOT_WEB_SECRET: {len(text)} characters are too few; use {SHORTEST_SECRET} or more,"
            " `earshot init` makes a good one."
        )
    return Secret(text)


def _heartbeat_url(text: str, mistakes: list[str]) -> Secret:
    if text.strip() and not text.strip().startswith(("https://", "http://")):
        mistakes.append("EARSHOT_HEARTBEAT_URL: an address begins with https://.")
    return Secret(text.strip())


def _log_level(text: str, mistakes: list[str]) -> str:
    level = text.strip().lower() or "info"
    if level not in LOG_LEVELS:
        mistakes.append(f'EARSHOT_LOG: "{text}" is none of {", ".join(LOG_LEVELS)}{did_you_mean(level, LOG_LEVELS)}')
        return "info"
    return level


def _open_to_others(path: Path) -> list[str]:
    if path.is_file() and path.stat().st_mode & 0o077:
        return [f"{path.name} can be read by other users of this machine; type: chmod 600 {path.name}"]
    return []


def _unknown(told: Mapping[str, str]) -> list[str]:
    known = [setting.variable for setting in declared_settings()]
    strange = (name for name in sorted(told) if name.startswith(PREFIX) and name not in known)
    return [f"{name}: no setting of Earshot{did_you_mean(name, known)}" for name in strange]
