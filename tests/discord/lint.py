"""The limits of messages, embeds, choices and modals, as Discord's answers 50035 tell them [doc].

Each function gives what is wrong, with where it stands, or nothing. Lengths are those of what was sent: Discord counts
characters, an emoji beyond the basic plane as one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord.lint_components import lint_v1, lint_v2, total_of
from tests.discord.lint_inputs import lint_inputs
from tests.discord.refusals import Wrong
from tests.discord.world import V2

EMBEDS_IN_SUM = 6000
_EMBED_TEXTS = (
    (("title",), 256),
    (("description",), 4096),
    (("footer", "text"), 2048),
    (("author", "name"), 256),
)


def lint_message(told: Mapping[str, Any], flags: int, file_names: Sequence[str]) -> list[Wrong]:
    """What is wrong with a message's payload; `flags` are those that it has afterwards."""
    if flags & V2:
        return [*_legacy(told), *lint_v2(told.get("components") or [], file_names)]
    found = [*_content(told), *_embeds(told.get("embeds") or []), *lint_v1(told.get("components") or [])]
    return found + _mentions(told.get("allowed_mentions"))


def lint_modal(told: Mapping[str, Any]) -> list[Wrong]:
    """What is wrong with a modal."""
    found = [*text(("title",), told.get("title"), 1, 45), *text(("custom_id",), told.get("custom_id"), 1, 100)]
    rows = told.get("components") or []
    if not 1 <= len(rows) <= 5:
        return [*found, (("components",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")]
    if total_of(rows) > 40:
        found.append((("components",), "COMPONENT_MAX_TOTAL", "The maximum number of components is 40."))
    return [*found, *lint_inputs(rows)]


def lint_choices(choices: Any, option_type: int) -> list[Wrong]:
    """What is wrong with the answer to an autocomplete."""
    if not isinstance(choices, list) or len(choices) > 25:
        return [(("data", "choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")]
    found: list[Wrong] = []
    for place, one in enumerate(choices):
        at = ("data", "choices", place)
        found += text((*at, "name"), one.get("name"), 1, 100)
        value = one.get("value")
        if option_type == 3:
            found += text((*at, "value"), value, 1, 100)
        elif not isinstance(value, int | float) or isinstance(value, bool):
            found.append(((*at, "value"), "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.'))
    return found


def text(at: tuple[str | int, ...], value: Any, least: int, most: int) -> Iterator[Wrong]:
    """What is wrong with a text that must be there."""
    if not isinstance(value, str) or not value:
        if least:
            yield at, "BASE_TYPE_REQUIRED", "This field is required"
    elif not least <= len(value) <= most:
        yield at, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."


def _content(told: Mapping[str, Any]) -> Iterator[Wrong]:
    if len(told.get("content") or "") > 2000:
        yield ("content",), "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length."
    if len(str(told.get("nonce") or "")) > 25:
        yield ("nonce",), "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length."


def _legacy(told: Mapping[str, Any]) -> Iterator[Wrong]:
    """A message of the second kind of components has no other content."""
    for name in ("content", "embeds", "poll", "sticker_ids"):
        if told.get(name):
            words = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            yield (name,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words


def _embeds(embeds: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
    if len(embeds) > 10:
        yield ("embeds",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."
    total = 0
    for place, one in enumerate(embeds):
        at = ("embeds", place)
        yield from _embed(at, one)
        total += sum(len(value) for names, _ in _EMBED_TEXTS if (value := _inside(one, names)))
        total += sum(len(each.get("name", "")) + len(each.get("value", "")) for each in one.get("fields") or ())
    if total > EMBEDS_IN_SUM:  # over all embeds of the message, not each
        yield ("embeds",), "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"


def _embed(at: tuple[str | int, ...], embed: Mapping[str, Any]) -> Iterator[Wrong]:
    for names, most in _EMBED_TEXTS:
        value = _inside(embed, names)
        if value is not None and len(value) > most:
            yield (*at, *names), "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
    fields = embed.get("fields") or []
    if len(fields) > 25:
        yield (*at, "fields"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
    for place, one in enumerate(fields):
        yield from text((*at, "fields", place, "name"), one.get("name"), 1, 256)
        yield from text((*at, "fields", place, "value"), one.get("value"), 1, 1024)
    for names in (("url",), ("image", "url"), ("thumbnail", "url"), ("author", "url"), ("author", "icon_url")):
        value = _inside(embed, names)
        if value and not re.match(r"(https?|attachment)://[^\s]+\Z", value):
            yield (*at, *names), "URL_TYPE_INVALID_URL", "Not a well formed URL."
    if not 0 <= int(embed.get("color") or 0) <= 0xFFFFFF:
        yield (*at, "color"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215."
    if not [name for name in embed if name not in ("type", "color", "flags") and embed[name]]:
        yield (*at, "description"), "BASE_TYPE_REQUIRED", "This field is required"


def _mentions(told: Any) -> list[Wrong]:
    if told is None:
        return []
    found: list[Wrong] = []
    for name in ("users", "roles"):
        if told.get(name) and name in (told.get("parse") or ()):
            words = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            found.append((("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words))
        if len(told.get(name) or ()) > 100:
            found.append((("allowed_mentions", name), "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length."))
    return found


def _inside(thing: Mapping[str, Any], names: Sequence[str]) -> str | None:
    value: Any = thing
    for name in names:
        value = (value or {}).get(name)
    return None if value is None else str(value)
