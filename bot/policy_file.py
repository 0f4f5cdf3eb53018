"""Reads `earshot.toml` into a Policy, or says everything that is wrong with it, one line per mistake.

First the shape (keys and kinds of values, `Reading` below), then the sense (`bot/policy_checks.py`). A file whose shape
is wrong is still checked for sense as far as it could be read, so that all mistakes show at once.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum, IntEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bot.policy_checks import RETIRED, check_policy
from bot.spelling import did_you_mean
from handlers.rules.policy import Policy, SourceEntry
from storage.errors import ConfigError

Kinds = Mapping[str, type]  # the kinds of source there are, each with the dataclass of its own keys
# Fields whose key in the file is another word.
WRITTEN = {"is_on": "on", "is_guest": "guest", "is_competitor": "competitor"}

_WORDS: dict[Any, str] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number without quotes",
    float: "a number without quotes",
}
_DURATION = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_BROKEN = object()  # there, but not readable, and said so


def read_policy(path: Path, kinds: Kinds | None = None) -> Policy:
    """The team's decisions. Raises ConfigError whose message has one line per mistake.

    Without `kinds` the sources' kinds and their own keys are not checked here; building the sources still does.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: not there;", "`earshot init` writes one, or set EARSHOT_CONFIG.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be opened: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: byte {error.start + 1} is not UTF-8; save the file as UTF-8.") from None
    return read_policy_text(text, kinds, path.name)


def read_policy_text(text: str, kinds: Kinds | None = None, name: str = "earshot.toml") -> Policy:
    """As `read_policy`, of the file's text; `name` begins every line of the error."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {_place_first(str(error))}") from None
    except RecursionError:
        raise ConfigError(f"{name}: lists stand inside lists too deeply.") from None
    reading = Reading(kinds)
    policy: Policy = replace(reading.table(Policy, document, ""), retired_keys=tuple(reading.retired))
    said = [_at(line) for line in reading.mistakes]
    mistakes = [*reading.mistakes, *(line for line in check_policy(policy) if not _is_said(_at(line), said))]
    if mistakes:
        raise ConfigError("\n".join(f"{name}: {line}" for line in mistakes))
    return policy


def keys_of(shape: type) -> list[Field[Any]]:
    """The fields of a table's dataclass that the file can set."""
    return [one for one in fields(shape) if one.metadata.get("is_key", True)]


def read_duration(text: str) -> timedelta:
    """30s, 15m, 4h, 7d, 2w. Raises ValueError on anything else."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _place_first(message: str) -> str:
    """`Unclosed array (at line 3, column 5)` as `line 3, column 5: unclosed array`."""
    said, _, place = message.rpartition(" (at ")
    place = place.rstrip(")").replace("end of document", "end of the file")
    return f"{place}: {said[:1].lower()}{said[1:]}." if said else message


def _at(line: str) -> str:
    return line.partition(": ")[0]


def _is_said(at: str, said: list[str]) -> bool:
    """Whether a mistake at this place, inside it or around it is already named: what follows is not worth a line."""
    return any(
        one == at or one.startswith((f"{at}.", f"{at}[")) or at.startswith((f"{one}.", f"{one}[")) for one in said
    )


class Reading:
    """One walk over a parsed file. What cannot be read becomes a line in `mistakes`; its neighbours are still read."""

    def __init__(self, kinds: Kinds | None) -> None:
        self.kinds = kinds
        self.mistakes: list[str] = []
        self.retired: list[str] = []  # keys that are there and mean nothing any more

    def table(self, shape: type, raw: object, at: str) -> Any:
        """A table of the file as the dataclass `shape`. A required key that is wrong is filled with an empty value."""
        if not isinstance(raw, dict):
            self._wrong(at, "should be a table of keys and values")
            raw = {}
        elif shape is SourceEntry:
            raw = self._gathered(raw, at)
        members = {WRITTEN.get(one.name, one.name): one for one in keys_of(shape)}
        self._refuse_unknown(raw, list(members), at)
        hints = get_type_hints(shape)
        values = {}
        for key, one in members.items():
            value = self._value(hints[one.name], raw[key], _join(at, key)) if key in raw else _BROKEN
            if value is not _BROKEN:
                values[one.name] = value
            elif _is_required(one):
                values[one.name] = _empty(hints[one.name])
                if key not in raw and not self._has_said(at):
                    self._wrong(_join(at, key), "missing")
        return shape(**values)

    def _gathered(self, raw: dict[str, Any], at: str) -> dict[str, Any]:
        """The table of a source with the keys of its kind moved into `settings`, where they are checked."""
        common = [WRITTEN.get(one.name, one.name) for one in fields(SourceEntry) if one.name != "settings"]
        own = {key: value for key, value in raw.items() if key not in common}
        kind = raw.get("kind")
        if self.kinds is None:
            pass  # whoever builds the source checks its keys
        elif not isinstance(kind, str):
            likely = {key: did_you_mean(key, common, "") for key in own}
            self.mistakes += [f"{_join(at, key)}: unknown key{guess}" for key, guess in likely.items() if guess]
        elif kind not in self.kinds:
            guess = did_you_mean(kind, self.kinds, _known(self.kinds))
            self._wrong(f"{at}.kind", f'"{kind}" is no kind of source{guess}')
        else:
            shape = self.kinds[kind]
            self._refuse_unknown(own, [one.name for one in fields(shape)], at, also=common)
            self.table(shape, {one.name: own[one.name] for one in fields(shape) if one.name in own}, at)
        return {**{key: value for key, value in raw.items() if key in common}, "settings": own}

    def _refuse_unknown(self, raw: dict[str, Any], known: list[str], at: str, also: list[str] | None = None) -> None:
        known = [*known, *(also or [])]
        for key in raw:
            if _join(at, key) in RETIRED:
                self.retired.append(_join(at, key))
            elif key not in known:
                self._wrong(_join(at, key), f"unknown key{did_you_mean(key, known, _known(known))}")

    def _value(self, hint: Any, raw: object, at: str) -> Any:
        """One value as its type wants it, or `_BROKEN`."""
        origin, inner = get_origin(hint), get_args(hint)
        if origin in (UnionType, Union):
            hint = next(one for one in inner if one is not NoneType)
            return self._value(hint, raw, at)
        if is_dataclass(hint):
            return self.table(hint, raw, at) if isinstance(hint, type) else _BROKEN
        if origin in (tuple, list):
            return self._list(inner[0], raw, at)
        if origin in (Mapping, dict):
            return self._mapping(inner[1], raw, at)
        if hint is timedelta:
            return self._duration(raw, at)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self._word(hint, raw, at)
        return self._plain(hint, raw, at)

    def _list(self, inner: Any, raw: object, at: str) -> Any:
        if not isinstance(raw, list):
            written = f"one or more [[{at}]]" if is_dataclass(inner) else 'a list, written ["…"]'
            return self._wrong(at, f"should be {written}")
        read = [self._value(inner, one, f"{at}[{number}]") for number, one in enumerate(raw)]
        return tuple(one for one in read if one is not _BROKEN)

    def _mapping(self, inner: Any, raw: object, at: str) -> Any:
        if not isinstance(raw, dict):
            return self._wrong(at, f"should be a table, written {at.rpartition('.')[2]} = {{ name = … }}")
        read = {key: self._value(inner, one, _join(at, key)) for key, one in raw.items()}
        return {key: one for key, one in read.items() if one is not _BROKEN}

    def _duration(self, raw: object, at: str) -> Any:
        try:
            return read_duration(raw if isinstance(raw, str) else "")
        except ValueError:
            shown = f'"{raw}"' if isinstance(raw, str) else str(raw)
            return self._wrong(at, f'{shown} is no length of time; write "30s", "15m", "4h", "7d" or "2w"')

    def _word(self, words: type[Enum], raw: object, at: str) -> Any:
        known = {one.name.lower() if issubclass(words, IntEnum) else str(one.value): one for one in words}
        if isinstance(raw, str) and raw in known:
            return known[raw]
        guess = did_you_mean(raw, known) if isinstance(raw, str) else "."
        shown = f'"{raw}"' if isinstance(raw, str) else str(raw)
        return self._wrong(at, f"{shown} is none of {', '.join(known)}{guess}")

    def _plain(self, hint: Any, raw: object, at: str) -> Any:
        try:
            return _adapter(hint).validate_python(raw)
        except ValidationError as error:
            return self._wrong(at, f"should be {_WORDS[hint]}" if hint in _WORDS else error.errors()[0]["msg"])

    def _wrong(self, at: str, words: str) -> object:
        self.mistakes.append(f"{at}: {words}{'' if words[-1] in '.?' else '.'}")
        return _BROKEN

    def _has_said(self, at: str) -> bool:
        return bool(at) and any(_at(line) == at for line in self.mistakes)


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=ConfigDict(strict=True, allow_inf_nan=False))


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _empty(hint: Any) -> Any:
    """A value that stands for one that could not be read, so that the rest can be checked."""
    origin = get_origin(hint)
    if origin in (tuple, list):
        return ()
    if hint is timedelta:
        return timedelta()
    return {} if origin in (Mapping, dict) else ""


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _known(words: Any) -> str:
    return f"; known: {', '.join(sorted(words))}."
