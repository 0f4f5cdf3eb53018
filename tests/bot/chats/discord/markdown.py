"""What comes alive in Discord's markdown, by a small reader of its own: it knows nothing of how we escape.

The patterns are those of Discord's clients as far as they are known, and where they are not, the more generous ones.
"""

import re
from collections.abc import Iterator

_LINE = (
    ("heading", re.compile(r"#{1,3}\s")),
    ("small", re.compile(r"-#\s")),
    ("list", re.compile(r"[-*+]\s|\d+[.)]\s")),
    ("quote", re.compile(r">(?:>>)?\s")),
)
_INLINE = (
    ("block", re.compile(r"```(?:[a-z0-9_+\-.#]+\n)?([\s\S]*?)```", re.IGNORECASE)),
    ("plain", re.compile(r"\\[^0-9A-Za-z\s]")),
    ("code", re.compile(r"(`+)(?!`)[\s\S]*?[^`]\1(?!`)")),
    ("time", re.compile(r"<t:-?\d+(?::[tTdDfFRsS])?>")),
    ("link", re.compile(r"\[(?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*\]\s*\(([^)]*)\)")),
    ("link", re.compile(r"(https?|steam|discord)://\S+")),
    ("link", re.compile(r"discord(?:app)?\.(?:gg|gift|new|com)/\S+", re.IGNORECASE)),
    ("link", re.compile(r"<(?:[a-z]+:|\+?\d|[^\s<>@]+@)[^\s>]*>", re.IGNORECASE)),
    ("user", re.compile(r"<@!?\d+>")),
    ("role", re.compile(r"<@&\d+>")),
    ("everyone", re.compile(r"@(?:everyone|here)")),
    ("channel", re.compile(r"<#\d+>")),
    ("emoji", re.compile(r"<a?:\w+:\d+>|:[\w+-]+:")),
    ("command", re.compile(r"</[^>]+:\d+>|<id:[^>]+>")),
    ("bold", re.compile(r"\*\*(?:\\[\s\S]|[^\\])+?\*\*(?!\*)")),
    ("underline", re.compile(r"__(?:\\[\s\S]|[^\\])+?__(?!_)")),
    ("italic", re.compile(r"_(?:__|\\[\s\S]|[^\\_])+?_(?![0-9A-Za-z_])")),
    ("italic", re.compile(r"\*(?=\S)(?:\\[\s\S]|[^*\\])+?\*(?!\*)")),
    ("strike", re.compile(r"~~[\s\S]+?~~(?!_)")),
    ("spoiler", re.compile(r"\|\|[\s\S]+?\|\|")),
)
_BEGINNINGS = frozenset("`\\[<@:*_~|hHsSdD")  # nothing above begins otherwise

# What is looked for in the bare text, whatever the marks around it.
AWAKE = re.compile(r"\w://|<@[!&]?\d+>|@everyone|@here", re.IGNORECASE)


def alive(words: str) -> set[tuple[str, str]]:
    """Each thing that is more than its characters: its kind, and what it says."""
    return set(_alive(words))


def kinds(words: str) -> set[str]:
    """The kinds of these."""
    return {kind for kind, _ in alive(words)}


def read(words: str) -> str:
    """The words as a person reads them: without backslashes that escape, and without invisible gaps."""
    parts = re.split(r"(```[\s\S]*?```|(?<!\\)`[^`\n]+`)", words)
    shown = (part if place % 2 else re.sub(r"\\([^0-9A-Za-z\s])", r"\1", part) for place, part in enumerate(parts))
    return "".join(shown).replace("\u200b", "")


def _alive(words: str) -> Iterator[tuple[str, str]]:
    at, begins = 0, True
    while at < len(words):
        found = _at_line(words, at) if begins else None
        found = found or _inline(words, at)
        if found is None:
            begins = words[at] == "\n" or (begins and words[at].isspace())
            at += 1
            continue
        kind, whole = found
        if kind != "plain":
            yield kind, whole
        if kind in ("bold", "underline", "italic", "strike", "spoiler"):
            yield from _alive(whole[2:-2] if kind != "italic" else whole[1:-1])
        begins = kind in ("heading", "small", "list", "quote")
        at += len(whole)


def _at_line(words: str, at: int) -> tuple[str, str] | None:
    return next(((kind, found[0]) for kind, one in _LINE if (found := one.match(words, at))), None)


def _inline(words: str, at: int) -> tuple[str, str] | None:
    if words[at] not in _BEGINNINGS:
        return None
    return next(((kind, found[0]) for kind, one in _INLINE if (found := one.match(words, at))), None)
