"""The tables of the documentation, made from the code, so that they cannot lie.

A file has `<!-- generated:commands -->` and `<!-- end -->` around each table; `.env.example` is generated whole. A
table's words are the docstrings and comments of what it lists.
"""

import ast
import inspect
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field
from datetime import timedelta
from enum import Enum, IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

from bot.chats.discord.permissions import LABELS, PERMISSIONS
from bot.chats.slack.manifest import SCOPES
from bot.policy_file import WRITTEN, keys_of
from bot.settings import declared_settings
from bot.sources import KINDS
from handlers.requests import Command
from handlers.rules.policy import (
    Brand,
    BusinessHours,
    DiscordPolicy,
    Duty,
    Escalation,
    Member,
    Policy,
    Route,
    Sla,
    SlackPolicy,
    SourceEntry,
    Storms,
    Swap,
    Template,
    Thresholds,
)
from storage.errors import StorageError

PAGES = ("README.md", "docs/discord.md", "docs/settings.md", "docs/slack.md", "docs/sources.md")
_MARKED = re.compile(r"(<!-- generated:([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TABLES: tuple[tuple[str, type], ...] = (
    ("", Policy),
    ("[[brands]]", Brand),
    ("[[sources]]", SourceEntry),
    ("[[routes]]", Route),
    ("[[members]]", Member),
    ("[[templates]]", Template),
    ("[slack]", SlackPolicy),
    ("[discord]", DiscordPolicy),
    ("[thresholds]", Thresholds),
    ("[sla]", Sla),
    ("[business_hours]", BusinessHours),
    ("[[escalations]]", Escalation),
    ("[duty]", Duty),
    ("[[duty.swaps]]", Swap),
    ("[storms]", Storms),
)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def stale(
    root: Path, terminal: Mapping[str, str], commands: Mapping[str, Command], kinds: Mapping[str, ModuleType]
) -> dict[Path, str]:
    """The files that differ from what the code says, each with what it should contain."""
    tables: dict[str, Callable[[], str]] = {
        "commands": lambda: commands_table(commands),
        "terminal": lambda: terminal_table(terminal),
        "environment": environment_table,
        "sources": lambda: sources_table(kinds),
        "source-keys": lambda: source_keys(kinds),
        "policy": policy_tables,
        "slack-scopes": slack_scopes,
        "discord-permissions": discord_permissions,
    }
    wanted = {root / page: _filled(root / page, tables) for page in PAGES}
    wanted[root / ".env.example"] = env_example()
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}


def write(pages: Mapping[Path, str]) -> None:
    """Put the texts into their files."""
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")


def env_example() -> str:
    """`.env.example`: every setting of the machine, as a comment, with what happens without it."""
    blocks = [
        "# Addresses and secrets of this machine. `earshot init` writes .env; this file explains each line of it.\n"
        "# The environment wins over .env. What your team decides stands in earshot.toml.\n"
    ]
    for one in declared_settings():
        secret = " A secret: keep it out of chats and repositories." if one.is_secret else ""
        blocks.append(f"# {one.help}{secret}\n# Without it: {one.without}.\n# {one.variable}={one.default}\n")
    blocks.append(
        "# Secrets that earshot.toml calls by name (secret_env) stand here as well.\n"
        "# Without it: the source that names it refuses what it is sent.\n# FEEDBACK_SECRET=\n"
    )
    return "\n".join(blocks)


def commands_table(commands: Mapping[str, Command]) -> str:
    """The staff commands."""
    rows = ((f"`{one.usage}`", one.help) for one in sorted(commands.values(), key=lambda one: one.verb))
    return _table(("command", "what it does"), rows)


def terminal_table(terminal: Mapping[str, str]) -> str:
    """The subcommands of the program itself."""
    return _table(("at the terminal", "what it does"), ((f"`earshot {name}`", help) for name, help in terminal.items()))


def environment_table() -> str:
    """The settings of the machine."""
    rows = (
        (f"`{one.variable}`", one.help, f"`{one.default}`" if one.default else one.without)
        for one in declared_settings()
    )
    return _table(("variable", "what it is", "without it"), rows)


def sources_table(kinds: Mapping[str, ModuleType]) -> str:
    """The kinds of source, each with a sentence for who chooses."""
    return _table(
        ("kind", "what it reads"), ((f"`{kind}`", KINDS.get(kind, _first_line(kinds[kind]))) for kind in kinds)
    )


def source_keys(kinds: Mapping[str, ModuleType]) -> str:
    """The keys that each kind of source adds, under its manual page."""
    blocks = []
    for kind, module in kinds.items():
        blocks.append(f"## {kind}\n\n{inspect.getdoc(module) or ''}\n\n{_keys(module.Settings)}")
    return "\n".join(blocks)


def policy_tables() -> str:
    """The keys of `earshot.toml`, table by table."""
    blocks = []
    for name, shape in _TABLES:
        heading = f"### {name}" if name else "### At the top of the file"
        blocks.append(f"{heading}\n\n{inspect.getdoc(shape)}\n\n{_keys(shape)}")
    return "\n".join(blocks)


def slack_scopes() -> str:
    """What the Slack app asks for."""
    return _table(
        ("scope", "what it is for"), ((f"`{scope}`", _sentence(why)) for scope, why in sorted(SCOPES.items()))
    )


def discord_permissions() -> str:
    """What the invitation to a Discord server asks for."""
    rows = ((f"**{LABELS[name]}**", _sentence(why)) for name, why in PERMISSIONS.items())
    return _table(("permission", "what it is for"), rows)


def comments_of(shape: type) -> dict[str, str]:
    """The comment behind each field of a dataclass, or in the lines above it."""
    source = textwrap.dedent(inspect.getsource(shape))
    remarks = {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    body = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)).body
    named = [node for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    return {
        node.target.id: remarks.get(node.end_lineno or node.lineno, "")
        for node in named
        if isinstance(node.target, ast.Name)
    }


def _filled(path: Path, tables: Mapping[str, Callable[[], str]]) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None

    def filled(found: re.Match[str]) -> str:
        if found[2] not in tables:
            raise StorageError(f"{path.name}: there is no table {found[2]}; there is {', '.join(tables)}.")
        return f"{found[1]}{tables[found[2]]()}{found[3]}"

    return _MARKED.sub(filled, text)


def _keys(shape: type) -> str:
    remarks = comments_of(shape)
    own = {name.strip("[]") for name, _ in _TABLES}
    rows = (
        (f"`{_written(one.name)}`", _sentence(remarks.get(one.name, "")), _default(one))
        for one in keys_of(shape)
        if one.name != "settings" and not (shape is Policy and one.name in own)
    )
    return _table(("key", "what it means", "without it"), rows)


def _written(name: str) -> str:
    return WRITTEN.get(name, name)


def _default(one: Field[Any]) -> str:
    if one.default is MISSING and one.default_factory is MISSING:
        return "required"
    if one.default is not MISSING:
        return _shown(one.default)
    return _shown(one.default_factory()) if callable(one.default_factory) else "none"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
        return f"`{seconds // size}{unit}`"
    if isinstance(value, Enum):
        return f"`{value.name.lower() if isinstance(value, IntEnum) else value.value}`"
    if value is None or value in ("", (), {}, []):
        return "none"
    if isinstance(value, tuple | list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"`{key} = {json.dumps(one)}`" for key, one in value.items())
    return f"`{value}`"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _sentence(remark: str) -> str:
    return remark[:1].upper() + remark[1:]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"
