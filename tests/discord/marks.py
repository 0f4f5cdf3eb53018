"""What a message does to its readers: whom it calls, where it leads."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord.looks import TEXT_DISPLAY, walk

_PING = re.compile(r"<@(&|!)?(\d+)>")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_BARE = re.compile(r"(?<!<)\bhttps?://[^\s<>|\])]+(?!>)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>|\])]+", re.IGNORECASE)


@dataclass
class Called:
    """Whom a message names. Only those whom `allowed_mentions` lets through are called."""

    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    is_everyone: bool = False


def named(content: str, components: Iterable[Mapping[str, Any]], allowed: Mapping[str, Any] | None) -> Called:
    """Whom the text of a message calls. Embeds call nobody. Without `allowed` all are called [doc]."""
    texts = [content, *(one["content"] for one in walk(list(components)) if one["type"] == TEXT_DISPLAY)]
    text = _CODE.sub(" ", "\n".join(texts))
    parse = ("users", "roles", "everyone") if allowed is None else tuple(allowed.get("parse") or ())
    called = Called()
    for mark, whose in _PING.findall(text):
        kind, told = ("roles", called.roles) if mark == "&" else ("users", called.users)
        is_listed = allowed is not None and whose in [str(one) for one in allowed.get(kind) or ()]
        if (kind in parse or is_listed) and whose not in told:
            told.append(whose)
    called.is_everyone = "everyone" in parse and re.search(r"@(everyone|here)\b", text) is not None
    return called


def bare_links(content: str) -> list[str]:
    """Addresses in a text of which Discord would show previews."""
    return _BARE.findall(_CODE.sub(" ", content))


def all_links(thing: Any) -> set[str]:
    """Every address in a payload, wherever it stands."""
    if isinstance(thing, Mapping):
        return {link for one in thing.values() for link in all_links(one)}
    if isinstance(thing, list):
        return {link for one in thing for link in all_links(one)}
    return set(_LINK.findall(thing)) if isinstance(thing, str) else set()
