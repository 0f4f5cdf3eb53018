"""Bodies that are not as they should be: one item of a list that is spoilt, or a whole answer that is none.

JSON is spoilt as text where Python has no value for it: a number of 5,000 digits, NaN, half a character.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.hostile import ATTACKS, DATES

_RAW = "@@raw {} raw@@"
_RAWS = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e-999", "9" * 5_000, "-" + "7" * 400, "18446744073709551616"),
    *("[" * 60 + "]" * 60, '{"a":' * 45 + "1" + "}" * 45, "[" * 1_500 + "]" * 1_500),
    *(r'"\ud800 alone"', r'"half \udfff"', r'"nul \u0000 nul"', r'"\u202e back"', '"\\u0001"'),
)  # fmt: skip
_PLAIN: tuple[Any, ...] = (
    *(None, True, False, "", " ", 0, -1, 1, 2**31, 2**63, 2**70, -(2**70), 0.5, 1e308, [], {}, [None], [[]], {"": ""}),
    *({"$type": "example.future#view"}, {"id": None}, ["a", 1, None, {}], "x" * 20_000, "null", "-1", "1e9", "../.."),
    *("https://169.254.169.254/", "javascript:alert(1)", "http://[::1", "\u0661\u0662", "\ufdfa" * 300, "a\rb\nc\td"),
)
_HTML = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
_WHOLE = (
    *(b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[null]", b'{"error": "no"}', b'{"errors": [{}]}'),
    *(_HTML, b"\x00" * 500, b"\xff\xfe\xfa\xfb", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 20_000, b'"' + b"\\" * 999),
    *(b'{"data": null}', b'{"items": null}', b'{"message": "Not found", "status": 200}', b"\x1f\x8b\x08\x00rest"),
    *(b"<?xml version='1.0'?><rss/>", b"/etc/passwd", b"{'single': 'quotes'}", b"undefined", b"callback({})"),
)
_TRIED = tuple(words for words in ATTACKS.values() if len(words) < 6_000)


@dataclass(frozen=True)
class Spoilt:
    """A body, what was done to it, and how many of the items that stood in it may be missing from what is read."""

    body: bytes
    how: str
    may_cost: int


def spoilt_item(body: bytes, chance: random.Random) -> Spoilt | None:
    """One item of the longest list of objects in a JSON body; None when there is no list with three of them."""
    told = json.loads(body)
    found = longest_list(told)
    if found is None or len(found) < 3:
        return None
    how, cost = _spoil_one(found, chance.randrange(len(found)), chance)
    return Spoilt(_dumped(told), how, cost)


def spoilt_whole(body: bytes, chance: random.Random) -> Spoilt:
    """A body that is another one altogether, or this one broken."""
    ways = {
        "another body": lambda: chance.choice(_WHOLE),
        "cut short": lambda: body[: chance.randrange(len(body) or 1)],
        "bytes changed": lambda: _changed(body, chance),
        "not UTF-8": lambda: _with(body, chance, bytes(chance.choices(range(128, 256), k=3))),
        "UTF-16": lambda: body.decode("utf-8", "replace").encode("utf-16"),
        "a byte order mark": lambda: b"\xef\xbb\xbf" + body,
        "NULs in it": lambda: _with(body, chance, b"\x00" * 5),
        "twice": lambda: body + body,
        "in a list": lambda: b"[" + body + b"]",
        "a part twice": lambda: _with(body, chance, body[: chance.randrange(200)]),
    }
    how = chance.choice(list(ways))
    return Spoilt(ways[how](), how, 1_000)


def spoilt_value(body: bytes, chance: random.Random) -> Spoilt:
    """A JSON body with any one value of it gone, renamed or of another kind, the lists themselves too."""
    told = json.loads(body)
    places = list(_places(told))
    if not places:
        return spoilt_whole(body, chance)
    how = _spoil_place(*chance.choice(places), chance)
    return Spoilt(_dumped(told), f"anywhere: {how}", 1_000)


def unreadable(body: bytes, chance: random.Random) -> Spoilt:
    """A body that nobody could take for a good answer: what was asked for must be had the next time."""
    cut = body[: chance.randrange(1, max(2, len(body) * 3 // 4))]
    return Spoilt(chance.choice((cut, _HTML, b"", b"null", b"7", b"\xff\xfe\xfa\xfb", b"[" * 100_000)), "unreadable", 0)


def longest_list(told: Any) -> list[Any] | None:
    """The list with the most objects anywhere in a JSON value."""
    lists = [one for one in _lists(told) if any(isinstance(item, dict) for item in one)]
    return max(lists, key=len, default=None)


def spoilt_markup(body: bytes, chance: random.Random, tag: str) -> Spoilt:
    """One entry of an XML feed, which stays well formed: an element gone, renamed, doubled, or with other words."""
    text = body.decode()
    entries = list(re.finditer(rf"<{tag}\b.*?</{tag}>", text, re.DOTALL))
    whole = chance.choice(entries)
    elements = list(re.finditer(r"<([\w:]+)([^<>]*)>([^<>]*|<!\[CDATA\[.*?\]\]>)</\1>", whole[0], re.DOTALL))
    one = chance.choice(elements)
    words = _escaped(chance.choice((*_TRIED, *DATES, "", "x" * 20_000, "9" * 400)))
    name, kept = one[1], one[0]
    ways = {
        "dropped": "",
        "renamed": f"<x{name}>{one[3]}</x{name}>",
        "doubled": kept + kept,
        "other words": f"<{name}{one[2]}>{words}</{name}>",
        "of an unknown kind": f'<x:{name} xmlns:x="urn:future">{one[3]}</x:{name}>{kept}',
        "emptied": f"<{name}/>",
        "nested": "<b>" * 50 + kept + "</b>" * 50,
        "hidden": f"<!-- {kept.replace('--', '')} -->",
    }
    how = chance.choice(list(ways))
    changed = whole[0][: one.start()] + ways[how] + whole[0][one.end() :]
    where = chance.choice(entries)
    if chance.random() < 0.1:
        changed, how = whole[0] + whole[0], "the entry twice"
    elif chance.random() < 0.1:
        changed, how = f"<{tag}/>" + whole[0], "an empty entry before it"
    del where
    return Spoilt((text[: whole.start()] + changed + text[whole.end() :]).encode(), how, 1)


def _spoil_one(found: list[Any], at: int, chance: random.Random) -> tuple[str, int]:
    way = chance.random()
    if way < 0.08:
        found[at] = _value(chance)
        return "the item is something else", 1
    if way < 0.12:
        found.insert(at, _value(chance))
        return "something else among the items", 0
    if way < 0.15:
        found.insert(at, found[chance.randrange(len(found))])
        return "an item twice", 0
    if way < 0.18:
        other = chance.randrange(len(found))
        found[at], found[other] = found[other], found[at]
        return "two items change places", 0
    if way < 0.21 and isinstance(found[at], dict):
        found[at] = {**found[at], "somethingNew": _value(chance)}
        return "a field nobody knows", 1
    places = list(_places(found[at]))
    if not places:
        found[at] = _value(chance)
        return "the item is something else", 1
    return _spoil_place(*chance.choice(places), chance), 1


def _spoil_place(holder: Any, key: Any, chance: random.Random) -> str:
    way = chance.random()
    if way < 0.15:
        del holder[key]
        return f"{key} is gone"
    if way < 0.25 and isinstance(holder, dict):
        holder[f"{key}X"] = holder.pop(key)
        return f"{key} is renamed"
    holder[key] = _value(chance)
    return f"{key} is {str(holder[key])[:40]!r}"


def _value(chance: random.Random) -> Any:
    kind = chance.random()
    if kind < 0.3:
        return _RAW.format(chance.randrange(len(_RAWS)))
    if kind < 0.6:
        return chance.choice(_PLAIN)
    return chance.choice(DATES) if kind < 0.75 else chance.choice(_TRIED)


def _dumped(told: Any) -> bytes:
    text = json.dumps(told)
    return re.sub(r'"@@raw (\d+) raw@@"', lambda found: _RAWS[int(found[1])], text).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a value, as its holder and its key there."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _lists(inner)


def _changed(body: bytes, chance: random.Random) -> bytes:
    found = bytearray(body)
    for _ in range(chance.randrange(1, 20)):
        if found:
            found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def _with(body: bytes, chance: random.Random, piece: bytes) -> bytes:
    place = chance.randrange(len(body) + 1)
    return body[:place] + piece + body[place:]


def _escaped(words: str) -> str:
    """Text that XML can hold: what it cannot is left out."""
    kept = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", words)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
