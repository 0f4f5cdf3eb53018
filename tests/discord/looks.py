"""What a person can read and press in a message or modal: its words, its buttons, the options of its menus."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
_MARK = re.compile(r"<(@!?|@&|#)(\d+)>")
_ESCAPED = re.compile(r"\\([^\w\s])")


def walk(components: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """Every component, those inside others included, in reading order."""
    for one in components:
        yield one
        yield from walk(one.get("components") or ())
        for inner in ("accessory", "component"):
            if one.get(inner):
                yield from walk([one[inner]])


def buttons(components: Sequence[Mapping[str, Any]]) -> list[str]:
    """The labels of the buttons."""
    return [label(one) for one in walk(components) if one["type"] == BUTTON]


def options(components: Sequence[Mapping[str, Any]]) -> list[str]:
    """The labels of what can be chosen in menus."""
    menus = (one for one in walk(components) if one["type"] == STRING_SELECT)
    return [option["label"] for one in menus for option in one["options"]]


def label(button: Mapping[str, Any]) -> str:
    """What stands on a button; its emoji where nothing else does."""
    return str(button.get("label") or (button.get("emoji") or {}).get("name") or "")


def words(
    content: str,
    embeds: Iterable[Mapping[str, Any]],
    components: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> str:
    """All that can be read, in reading order: pings as names, without the backslashes that escape."""
    lines = [content, *(line for one in embeds for line in _embed(one)), *_components(components)]
    return read("\n".join(line for line in lines if line), names)


def read(text: str, names: Mapping[str, str]) -> str:
    """A text as a person sees it, but for its emphasis."""

    def named(found: re.Match[str]) -> str:
        return f"{'#' if found[1] == '#' else '@'}{names.get(found[2], found[2])}"

    return _ESCAPED.sub(r"\1", _MARK.sub(named, text))


def _embed(embed: Mapping[str, Any]) -> Iterator[str]:
    yield str((embed.get("author") or {}).get("name", ""))
    yield str(embed.get("title") or "")
    yield str(embed.get("description") or "")
    for one in embed.get("fields") or ():
        yield f"{one['name']}: {one['value']}"
    yield str((embed.get("footer") or {}).get("text", ""))


def _components(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in walk(components):
        if one["type"] == TEXT_DISPLAY:
            yield str(one["content"])
        elif one["type"] == LABEL:
            yield str(one["label"])
            yield str(one.get("description") or "")
