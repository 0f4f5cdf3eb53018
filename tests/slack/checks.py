"""What the linter is made of: each check gives what is wrong, with where it stands, or nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def measure(text: str) -> int:
    """The length of a text as strictly as any part of Slack may count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_a(thing: Any, kind: str) -> bool:
    return isinstance(thing, Mapping) and thing.get("type") == kind


def text_object(at: str, text: Any, limit: int) -> list[str]:
    if not is_a(text, "mrkdwn"):
        return plain_text(at, text, limit)
    found = known_keys(at, text, {"type", "text", "verbatim"}) + string(f"{at}.text", text.get("text"), 1, limit)
    return found + ([f"{at}.verbatim: not a boolean"] if is_no_bool(text, "verbatim") else [])


def plain_text(at: str, text: Any, limit: int) -> list[str]:
    if not is_a(text, "plain_text"):
        return [f"{at}: plain_text is needed here"]
    found = known_keys(at, text, {"type", "text", "emoji"}) + string(f"{at}.text", text.get("text"), 1, limit)
    return found + ([f"{at}.emoji: not a boolean"] if is_no_bool(text, "emoji") else [])


def string(at: str, text: Any, least: int, most: int, *, can_be_blank: bool = False) -> list[str]:
    if not isinstance(text, str):
        return [f"{at}: not a text"]
    found = [] if least <= measure(text) <= most else [f"{at}: {measure(text)} characters, {least} to {most} may be"]
    if least and text and not text.strip() and not can_be_blank:
        found.append(f"{at}: nothing but blanks")
    if re.search("[\ud800-\udfff]", text):
        found.append(f"{at}: half a character")
    return found


def address(at: str, url: Any) -> list[str]:
    found = string(at, url, 1, 3000)
    return found or ([] if re.match(r"https?://[^\s<>|]+\Z", url) else [f"{at}: no address for people"])


def each_of(at: str, things: Any, most: int, inside: Callable[[str, Any], list[str]]) -> list[str]:
    if not isinstance(things, Sequence) or isinstance(things, str) or not 1 <= len(things) <= most:
        return [f"{at}: a list of 1 to {most} is needed here"]
    return [line for place, one in enumerate(things) for line in inside(f"{at}[{place}]", one)]


def one_of(at: str, thing: Mapping[str, Any], allowed: tuple[str, ...]) -> list[str]:
    name = at.rpartition(".")[2]
    return [] if name not in thing or thing[name] in allowed else [f"{at}: {thing[name]!r}, not one of {allowed}"]


def is_no_bool(thing: Mapping[str, Any], name: str) -> bool:
    return name in thing and not isinstance(thing[name], bool)


def known_keys(at: str, thing: Mapping[str, Any], allowed: set[str]) -> list[str]:
    return [f"{at}: nothing is called {name!r} here" for name in thing if name not in allowed]
