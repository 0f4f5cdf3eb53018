"""Changes to `earshot.toml` that keep every other line as a person wrote it: comments, order, blanks, line ends."""

import codecs
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit

from bot.policy_file import Kinds, read_policy_text
from bot.spelling import did_you_mean
from handlers.rules.policy import Policy
from storage.errors import ConfigError, InvalidInput

_SOURCES = re.compile(r"[ \t]*\[\[[ \t]*sources[ \t]*\]\]")
_PART = re.compile(r"[ \t]*\[\[?[ \t]*sources[ \t]*\.")  # a table inside the last source
_HEADER = re.compile(r"[ \t]*\[")
_ON = re.compile(r"[ \t]*on[ \t]*=")
_KIND = re.compile(r"[ \t]*kind[ \t]*=")
_ASIDE = re.compile(r"[ \t]*(#.*)?$")  # a blank line or a comment: between two tables it belongs to the second


class ConfigFile:
    """The file as it lies there. Raises ConfigError when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # what a link leads to is changed, not the link
        try:
            raw = self.path.read_bytes()
            self._mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
            self.text = raw.removeprefix(self._mark).decode("utf-8")
        except FileNotFoundError:
            raise ConfigError(f"{path}: not there;", "`earshot init` writes one, or set EARSHOT_CONFIG.") from None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be opened: {error.strerror}.") from None
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path.name}: byte {error.start + 1} is not UTF-8; save the file as UTF-8.") from None

    def save(self, text: str, kinds: Kinds) -> Policy:
        """Put the changed text in the place of the old one, if it can be read; what it says now. Raises ConfigError."""
        policy = read_policy_text(text, kinds, self.path.name)
        told, fresh = self.path.stat(), self.path.with_name(f".{self.path.name}.new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
                opened.write(self._mark + text.encode("utf-8"))
                opened.flush()
                os.fchmod(opened.fileno(), told.st_mode & 0o777)
                with suppress(PermissionError):
                    os.fchown(opened.fileno(), told.st_uid, told.st_gid)
                os.fsync(opened.fileno())
            fresh.replace(self.path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise ConfigError(f"{self.path.name}: cannot be written: {error.strerror}.") from None
        return policy


def with_source(text: str, values: Mapping[str, Any]) -> str:
    """The file with one more [[sources]] at its end."""
    block = tomlkit.document()
    tables = tomlkit.aot()
    tables.append(tomlkit.item(dict(values)))
    block.append("sources", tables)
    lines = [*text.rstrip().splitlines(), "", *tomlkit.dumps(block).strip().splitlines(), ""]
    return _line_end(text).join(lines)


def with_source_on(text: str, name: str, *, is_on: bool) -> str:
    """The file with a source switched on or off. Raises InvalidInput for a source that is not there."""
    lines = text.splitlines(keepends=True)
    first, end = _block(lines, text, name)
    own = next((number for number in range(first + 1, end) if _HEADER.match(lines[number])), end)
    keys = [number for number in range(first + 1, own) if _ON.match(lines[number])]
    for number in reversed(keys):
        del lines[number]
    if not is_on:
        kind = next((number for number in range(first + 1, own) if _KIND.match(lines[number])), first)
        lines.insert(kind + 1, f"on = false{_line_end(text)}")
    expected = _tables(text)
    table = next(one for one in expected["sources"] if one.get("name") == name)
    table.pop("on", None)
    if not is_on:
        table["on"] = False
    return _checked("".join(lines), expected)


def without_source(text: str, name: str) -> str:
    """The file without a source. Raises InvalidInput for one that is not there."""
    lines = text.splitlines(keepends=True)
    first, end = _block(lines, text, name)
    while end < len(lines) and not lines[end].strip() and (first == 0 or not lines[first - 1].strip()):
        end += 1  # of the blank lines before and after it, the ones before stay
    del lines[first:end]
    expected = _tables(text)
    expected["sources"] = [one for one in expected["sources"] if one.get("name") != name]
    if not expected["sources"]:
        del expected["sources"]
    return _checked("".join(lines), expected)


def _block(lines: list[str], text: str, name: str) -> tuple[int, int]:
    """The first line of a source's table and the line after its last."""
    names = [str(one.get("name", "")) for one in _tables(text).get("sources", [])]
    if name not in names:
        known = f"; there are {', '.join(names)}." if names else "; there is none."
        raise InvalidInput(f'There is no source "{name}"{did_you_mean(name, names, known)}')
    heads = [number for number, line in enumerate(lines) if _SOURCES.match(line)]
    if len(heads) != len(names):
        raise _too_odd(name)
    first = heads[names.index(name)]
    end = next(
        (at for at in range(first + 1, len(lines)) if _HEADER.match(lines[at]) and not _PART.match(lines[at])),
        len(lines),
    )
    while end > first + 1 and _ASIDE.match(lines[end - 1].rstrip("\r\n")):
        end -= 1
    return first, end


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"earshot.toml: {error}.") from None


def _checked(text: str, expected: dict[str, Any]) -> str:
    """The changed text, if it says what it should and nothing else."""
    try:
        is_right = tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise _too_odd("the source")
    return text


def _too_odd(what: str) -> ConfigError:
    return ConfigError(
        f"earshot.toml is written in a way in which {what} cannot be changed safely.", "Edit it by hand."
    )


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
