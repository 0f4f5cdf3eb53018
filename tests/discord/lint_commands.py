"""The limits of application commands [doc]."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord.lint_components import Place, sized
from tests.discord.refusals import Wrong

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
_MOST = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
_NAME = re.compile(r"[-_'\w]{1,32}")
_TOLD = (
    "id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru uk hi th zh-CN ja "
    "zh-TW ko"
)
_LOCALES = frozenset(_TOLD.split())


def lint_commands(commands: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
    """What is wrong with the whole list of a scope; places begin with the command's number."""
    kinds = Counter(one.get("type", CHAT_INPUT) for one in commands)
    for kind, most in _MOST.items():
        if kinds[kind] > most:
            words = f"Maximum number of application commands reached ({most})."
            yield (), "APPLICATION_COMMANDS_MAX", words
    names = Counter((one.get("type", CHAT_INPUT), one.get("name")) for one in commands)
    for (_, name), count in names.items():
        if count > 1:
            yield (), "APPLICATION_COMMANDS_DUPLICATE_NAME", f"Application command names must be unique ({name})"
    for place, one in enumerate(commands):
        yield from _command((place,), one)


def _command(at: Place, command: Mapping[str, Any]) -> Iterator[Wrong]:
    if command.get("type", CHAT_INPUT) != CHAT_INPUT:
        yield from sized((*at, "name"), command.get("name"), 1, 32)
        if command.get("description"):
            yield (*at, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", "It has no description."
        if command.get("options"):
            yield (*at, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", "It has no options."
        return
    yield from _named(at, command)
    yield from _options(at, command.get("options") or [], depth=0)
    if (length := _length(command)) > 8000:
        words = f"Command exceeds maximum size of 8000 ({length})."
        yield at, "APPLICATION_COMMAND_TOO_LARGE", words


def _named(at: Place, thing: Mapping[str, Any]) -> Iterator[Wrong]:
    name = str(thing.get("name") or "")
    if not _NAME.fullmatch(name) or name != name.lower():
        yield (*at, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
    yield from sized((*at, "description"), thing.get("description"), 1, 100)
    for field, most in (("name_localizations", 32), ("description_localizations", 100)):
        for locale, words in (thing.get(field) or {}).items():
            if locale not in _LOCALES:
                yield (*at, field), "BASE_TYPE_CHOICES", f"There is no locale {locale}."
            yield from sized((*at, field, locale), words, 1, most)
            if field == "name_localizations" and (not _NAME.fullmatch(words) or words != words.lower()):
                yield (*at, field, locale), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"


def _options(at: Place, options: Sequence[Mapping[str, Any]], depth: int) -> Iterator[Wrong]:
    if len(options) > 25:
        yield (*at, "options"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
    for name, count in Counter(one.get("name") for one in options).items():
        if count > 1:
            yield (*at, "options"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", f"Option names must be unique ({name})"
    kinds = {one.get("type") in (SUBCOMMAND, GROUP) for one in options}
    if len(kinds) > 1:
        words = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        yield (*at, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words
    is_required = [bool(one.get("required")) for one in options]
    if is_required != sorted(is_required, reverse=True):
        words = "Required options must be placed before non-required options"
        yield (*at, "options"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words
    for place, one in enumerate(options):
        yield from _option((*at, "options", place), one, depth)


def _option(at: Place, option: Mapping[str, Any], depth: int) -> Iterator[Wrong]:
    yield from _named(at, option)
    kind = option.get("type")
    if kind in (SUBCOMMAND, GROUP):
        if (kind == GROUP and depth > 0) or depth > 1:
            yield (*at, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups are one level deep."
        if kind == GROUP and not option.get("options"):
            yield (*at, "options"), "BASE_TYPE_REQUIRED", "This field is required"
        yield from _options(at, option.get("options") or [], depth + (1 if kind == GROUP else 2))
        return
    if kind not in range(STRING, ATTACHMENT + 1):
        yield (*at, "type"), "BASE_TYPE_CHOICES", f"There is no option type {kind}."
    choices = option.get("choices") or []
    if len(choices) > 25:
        yield (*at, "choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
    if choices and option.get("autocomplete"):
        words = "Options with choices cannot have autocomplete"
        yield (*at, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE", words
    for place, one in enumerate(choices):
        yield from sized((*at, "choices", place, "name"), one.get("name"), 1, 100)
        if kind == STRING:
            yield from sized((*at, "choices", place, "value"), one.get("value"), 1, 100)


def _length(thing: Mapping[str, Any]) -> int:
    """Names, descriptions and values, the longest of their translations counted [doc]."""
    total = 0
    for field in ("name", "description"):
        told = [str(thing.get(field) or ""), *(thing.get(f"{field}_localizations") or {}).values()]
        total += max(map(len, told))
    for one in thing.get("options") or ():
        total += _length(one)
    for one in thing.get("choices") or ():
        total += len(str(one.get("name"))) + len(str(one.get("value")))
    return total
