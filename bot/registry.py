"""Finds the kinds of source there are and builds one from its table in `earshot.toml`.

A kind is a file in `bot/sources/` with a KIND, and a line in `bot/sources/__init__.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bot import sources
from bot.fetch import Tools
from bot.policy_file import read_duration
from bot.spelling import did_you_mean
from handlers.ports import Source
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError


class _Kinds(Mapping[str, ModuleType]):
    """Each kind with its module, which is loaded when it is asked for."""

    def __getitem__(self, kind: str) -> ModuleType:
        if kind not in sources.KINDS:
            raise KeyError(kind)
        return import_module(f"{sources.__name__}.{kind}")

    def __iter__(self) -> Iterator[str]:
        return iter(sources.KINDS)

    def __len__(self) -> int:
        return len(sources.KINDS)


class _Settings(Mapping[str, type]):
    """Each kind with the dataclass of its own keys."""

    def __getitem__(self, kind: str) -> type:
        return cast(type, _Kinds()[kind].Settings)

    def __iter__(self) -> Iterator[str]:
        return iter(sources.KINDS)

    def __len__(self) -> int:
        return len(sources.KINDS)


def kinds() -> Mapping[str, ModuleType]:
    """Every kind of source with its module."""
    return _Kinds()


def settings() -> Mapping[str, type]:
    """Every kind of source with the dataclass of its own keys, as `read_policy` wants them."""
    return _Settings()


def settings_of(kind: str) -> type:
    """The dataclass of a kind's own keys. Raises ConfigError for an unknown kind."""
    return cast(type, _module(kind, "kind").Settings)


def build(entry: SourceEntry, tools: Tools) -> Source:
    """A source as the team wants it. Raises ConfigError with one line per mistake."""
    at = f"sources.{entry.name}"
    module = _module(entry.kind, f"{at}.kind")
    settings = _settings(module.Settings, entry.settings, at)
    if getattr(module, "COSTS_MONEY", False) and entry.daily_budget is None:
        raise ConfigError(
            f"{at}.daily_budget: missing;", "reading it costs money: write the most a day may cost, in $."
        )
    return cast(Source, module.build(entry.name, settings, tools))


def _module(kind: str, at: str) -> ModuleType:
    known = kinds()
    if kind not in known:
        raise ConfigError(f'{at}: "{kind}" is no kind of source{did_you_mean(kind, known, _known(known))}')
    return known[kind]


def _settings(shape: type, told: Mapping[str, Any], at: str) -> Any:
    members = {one.name: one for one in fields(shape)}
    mistakes = [
        f"{at}.{key}: unknown key{did_you_mean(key, members, _known(members))}" for key in told if key not in members
    ]
    mistakes += [
        f"{at}.{name}: missing."
        for name, one in members.items()
        if name not in told and one.default is MISSING and one.default_factory is MISSING
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    try:
        return TypeAdapter(shape).validate_python(_with_durations(shape, told, at))
    except ValidationError as error:
        lines = [f"{at}.{'.'.join(map(str, one['loc']))}: {one['msg']}." for one in error.errors(include_input=False)]
        raise ConfigError("\n".join(lines)) from None


def _with_durations(shape: type, told: Mapping[str, Any], at: str) -> dict[str, Any]:
    hints = get_type_hints(shape)
    return {key: _duration(value, f"{at}.{key}") if hints[key] is timedelta else value for key, value in told.items()}


def _duration(value: object, at: str) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return read_duration(value if isinstance(value, str) else "")
    except ValueError:
        raise ConfigError(f'{at}: "{value}" is no length of time; write "30s", "15m", "4h" or "7d".') from None


def _known(words: Mapping[str, Any]) -> str:
    return f"; known: {', '.join(words)}."
