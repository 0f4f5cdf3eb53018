"""Words made fit for a chat: cut on visible borders, measured as strictly as a chat may count.

Lengths are UTF-16 units: an emoji counts as two, as it does in the chats' own clients. `length` may be another measure,
for instance that of the words once they are escaped.
"""

from collections.abc import Callable, Iterator

import regex

from handlers.rules.text import shown

_GRAPHEME = regex.compile(r"\X")

Length = Callable[[str], int]


def measure(words: str) -> int:
    """The length in UTF-16 units."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


def cut(words: str, limit: int, length: Length = measure) -> str:
    """At most `limit` long, ending in "…" when shortened."""
    if length(words) <= limit:
        return words
    kept = beginning(words, limit - 1, length).rstrip()
    return f"{kept}…"


def cut_front(words: str, limit: int, length: Length = measure) -> str:
    """The first line and the newest end, whole lines where possible, at most `limit` long."""
    if length(words) <= limit:
        return words
    first, _, rest = words.partition("\n")
    head = f"{first}\n…" if rest and length(first) <= limit // 4 else "…"
    room = limit - length(head)
    end: list[str] = []
    for line in reversed((rest if head != "…" else words).split("\n")):
        room -= length(line) + 1
        if room < 0:
            break
        end.append(line)
    if not end:
        return cut(words, limit, length)
    return "\n".join((head, *reversed(end)))


def beginning(words: str, limit: int, length: Length = measure) -> str:
    """As many whole visible characters as fit; of one that does not fit all by itself, as much as does."""
    whole = _fitting((found[0] for found in _GRAPHEME.finditer(words[:limit])), limit, length)
    return whole or _fitting(iter(words[:limit]), limit, length)


def literal(words: str, limit: int, length: Length = measure) -> str:
    """Any text, made safe to show and cut: nothing hidden, no half characters, no control characters."""
    safe = shown(words, limit)
    return cut(f"{safe.words}…" if safe.is_cut else safe.words, limit, length)


def one_line(words: str, limit: int, length: Length = measure) -> str:
    """The same for a part of a heading: no line ends."""
    return cut(" ".join(literal(words, limit).split()), limit, length)


def pieces(words: str, limit: int, length: Length = measure) -> list[str]:
    """The words in parts of at most `limit`, parted between lines or words where that costs little. None is blank."""
    parts = []
    while length(words) > limit:
        part = beginning(words, limit, length)
        border = max(part.rfind("\n"), part.rfind(" "))
        if border > len(part) * 3 // 4:
            part = part[: border + 1]
        parts.append(part)
        words = words[len(part) :]
    return [part for part in (*parts, words) if part.strip()]


def _fitting(signs: Iterator[str], limit: int, length: Length) -> str:
    kept = []
    for sign in signs:
        limit -= length(sign)
        if limit < 0:
            break
        kept.append(sign)
    return "".join(kept)
