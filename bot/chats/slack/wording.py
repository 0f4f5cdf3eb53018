"""Words made fit for Slack: cut on visible borders, measured as strictly as Slack may count, disarmed for mrkdwn.

Lengths are UTF-16 units: an emoji counts as two, as it does in Slack's own clients.
"""

import re
from collections.abc import Callable, Iterator

import regex

from handlers.rules.text import shown

_GRAPHEME = regex.compile(r"\X")
_EMOJI_CODE = re.compile(r":(?=[^\s:]+:|[^\s:]*\Z)")  # also one that what is written behind it could complete
_EDGE_UNDERLINE = re.compile(r"(?<!\w)_|_(?!\w)|(?<=_)_")
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})  # mrkdwn knows no way to write these literally
_GROWN = {"&": 5, "<": 4, ">": 4, ":": 2}  # lengths after `escape`


def measure(words: str) -> int:
    """The length in UTF-16 units."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


def escape(words: str) -> str:
    """The words as mrkdwn that shows them: no pings, links, dates, emoji codes or formatting come to life.

    The four marks of formatting become characters that look like them; an emoji code gets an invisible gap.
    """
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EDGE_UNDERLINE.sub("＿", _EMOJI_CODE.sub(":\u200b", words)).translate(_LOOKALIKES)


def escaped_length(words: str) -> int:
    """What `measure` gives at most for the escaped words."""
    return measure(words) + sum(words.count(sign) * (grown - 1) for sign, grown in _GROWN.items())


def cut(words: str, limit: int, *, is_escaped: bool = False) -> str:
    """At most `limit` long, ending in "…" when shortened. `is_escaped`: so that it is no longer after `escape`."""
    length = escaped_length if is_escaped else measure
    if length(words) <= limit:
        return words
    kept = beginning(words, limit - 1, is_escaped=is_escaped).rstrip()
    return f"{kept}…"


def cut_front(words: str, limit: int) -> str:
    """The first line and the newest end, whole lines where possible, at most `limit` long even when escaped."""
    if escaped_length(words) <= limit:
        return words
    first, _, rest = words.partition("\n")
    head = f"{first}\n…" if rest and escaped_length(first) <= limit // 4 else "…"
    room = limit - escaped_length(head)
    end: list[str] = []
    for line in reversed((rest if head != "…" else words).split("\n")):
        room -= escaped_length(line) + 1
        if room < 0:
            break
        end.append(line)
    if not end:
        return cut(words, limit, is_escaped=True)
    return "\n".join((head, *reversed(end)))


def beginning(words: str, limit: int, *, is_escaped: bool = False) -> str:
    """As many whole visible characters as fit; of one that does not fit all by itself, as much as does."""
    length = escaped_length if is_escaped else measure
    whole = _fitting((found[0] for found in _GRAPHEME.finditer(words[:limit])), limit, length)
    return whole or _fitting(iter(words[:limit]), limit, length)


def literal(words: str, limit: int, *, is_escaped: bool = False) -> str:
    """Any text, made safe to show and cut: nothing hidden, no half characters, no control characters."""
    safe = shown(words, limit)
    return cut(f"{safe.words}…" if safe.is_cut else safe.words, limit, is_escaped=is_escaped)


def one_line(words: str, limit: int) -> str:
    """The same for a part of a heading: no line ends, and no longer than `limit` when it is escaped."""
    return cut(" ".join(literal(words, limit).split()), limit, is_escaped=True)


def pieces(words: str, limit: int, *, is_escaped: bool = False) -> list[str]:
    """The words in parts of at most `limit`, parted between lines or words where that costs little. None is blank."""
    length = escaped_length if is_escaped else measure
    parts = []
    while length(words) > limit:
        part = beginning(words, limit, is_escaped=is_escaped)
        border = max(part.rfind("\n"), part.rfind(" "))
        if border > len(part) * 3 // 4:
            part = part[: border + 1]
        parts.append(part)
        words = words[len(part) :]
    return [part for part in (*parts, words) if part.strip()]


def _fitting(signs: Iterator[str], limit: int, length: Callable[[str], int]) -> str:
    kept = []
    for sign in signs:
        limit -= length(sign)
        if limit < 0:
            break
        kept.append(sign)
    return "".join(kept)
