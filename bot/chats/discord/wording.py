"""Words made fit for Discord's markdown: disarmed, and cut so that they fit once they are.

discord.py's own escapes leave addresses, `<#…>`, `</…>`, `<t:…>`, `<:…:>`, `<id:…>`, `:codes:`, numbered lists, `-#`
and invitations alive; these leave nothing. What is hidden (bidi, controls) is taken out before, by `literal`.
Only names of authors, footers, labels and options are no markdown: there `bot.chats.wording` is enough.
"""

import re
from urllib.parse import quote as percent
from urllib.parse import urlsplit

from bot.chats import wording
from bot.chats.discord.spans import in_discord
from bot.chats.wording import cut, literal, measure, pieces
from handlers.rules.text import Text, host_of, safe_url

_GAP = "\u200b"  # no customer's words have it: `literal` takes it out
_WAKING = re.compile(
    r"[\\*_~|`\[<]"  # formatting, masked links, and everything in angle brackets
    r"|(?<=\])\("
    r"|:(?=/|[^\s:]+:)"  # addresses, emoji codes
    r"|(?i:(?<=discord\.gg)|(?<=discord\.com)|(?<=discordapp\.com)|(?<=discord\.gift)|(?<=discord\.new))/"
)
_LINE = re.compile(r"^([^\S\n]*)(#(?=#{0,2}(?:\s|\Z))|[>+-])|^([^\S\n]*\d+)([.)])(?=\s|\Z)", re.MULTILINE)
_IN_NAME = re.compile(r"(?<=[0-9A-Za-z])\\_(?=[0-9A-Za-z])")
_PING = re.compile(r"@(?=everyone|here|\Z)|(?<=<)@", re.IGNORECASE)
_AWAKE = re.compile(r"://|<@|@everyone|@here", re.IGNORECASE)
_GROWING = frozenset("\\*~|`[<(:_/#>+-.)@")  # each may need one character more
_SECOND_TICK = re.compile("(?<=`)`")
_BAR = "> "
_LINK = 700  # characters of an address inside words
_BRACKETS = str.maketrans("[]", "()")


def escape(words: str) -> str:
    """The words as markdown that shows them: no pings, links, dates, emoji or formatting come to life."""
    words = _WAKING.sub(r"\\\g<0>", _PING.sub(rf"\g<0>{_GAP}", words))
    return _LINE.sub(lambda found: f"{found[1] or found[3] or ''}\\{found[2] or found[4]}", words)


def readable(escaped: str) -> str:
    """Escaped words for a phone, which shows the marks of escapes: names with an underscore in them (kim_w) stay as
    they are. Such a one ends nothing, but it begins what one in code or in an address ends, where none can be escaped.
    """
    return escaped if "`" in escaped or "](" in escaped else _IN_NAME.sub("_", escaped)


def escaped_length(words: str) -> int:
    """What `measure` gives at most for the escaped words."""
    return measure(words) + sum(sign in _GROWING for sign in words)


def line(words: str, limit: int) -> str:
    """A part of a heading, escaped: no line ends, at most `limit` long."""
    return escape(wording.one_line(words, limit, escaped_length))


def dotted(*parts: str) -> str:
    """Parts of a heading, escaped before, with " · " between them; empty ones are left out."""
    return " · ".join(part for part in parts if part)


def ours(words: str, limit: int) -> str:
    """Our own sentence, escaped; what stands between backticks is something to type. A loose backtick stays one."""
    words = literal(in_discord(words) if _has_code(words) else words, limit, escaped_length)
    parts = words.split("`")
    if not _has_code(words):
        return escape(words)
    return "".join(f"`{part}`" if place % 2 else escape(part) for place, part in enumerate(parts))


def quoted(text: Text, limit: int, escaped: int = 0) -> str:
    """What somebody else wrote, escaped; a bar stands beside each of its lines.

    At most `limit` of its own characters, and at most `escaped` in all (`limit` where it is not told).
    """
    words = literal(f"{text.words}…" if text.is_cut else text.words, limit)
    words = cut(words, (escaped or limit) - len(_BAR), _quoted_length)
    return "\n".join(f"{_BAR}{each}" for each in escape(words).split("\n")) if words else ""


def fenced(text: Text, limit: int, most: int) -> tuple[list[str], bool]:
    """Words to be pasted elsewhere, each part of them in a code block of at most `most`, in all at most `limit` long.

    Nothing in them can close a block. Also whether this is all of them.
    """
    whole = literal(text.words, 2 * len(text.words) + 1)
    words = literal(whole, limit, _fenced_length)
    parts = pieces(words, most - len(_fence("")), _fenced_length)
    return [_fence(part) for part in parts], words == whole and not text.is_cut


def small(words: str) -> str:
    """A line of small print, escaped before."""
    return f"-# {words}" if words else ""


def masked(label: str, host: str, url: str) -> str:
    """A link that says where it leads, as words alone when nobody should be sent there."""
    said = line(dotted_colon(label, host).translate(_BRACKETS), 160) or "link"
    whole = address(url)
    return f"[{said}]({whole})" if whole and len(whole) <= _LINK else said


def dotted_colon(label: str, host: str) -> str:
    """Open: social.example; not escaped, and without what is empty."""
    return ": ".join(part for part in (label.strip(), host.strip()) if part)


def address(url: str) -> str:
    """The address in plain ASCII and without brackets, so that it can stand in a link; "" when it is not safe."""
    url = safe_url(url)
    if not url:
        return ""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    host = parts.netloc if parts.netloc.isascii() else f"{host_of(url)}{port}"
    return f"{parts.scheme}://{host}" + percent(
        url.partition("://")[2].removeprefix(parts.netloc), safe="/?#:@!$&'*+,;=%-._~"
    )


def _has_code(words: str) -> bool:
    """Whether what stands between backticks can be told from what stands around it."""
    parts = words.split("`")
    return len(parts) % 2 == 1 and not any(map(_is_no_code, parts[1::2])) and "" not in parts[2:-1:2]


def _is_no_code(part: str) -> bool:
    """Discord would read these as something else than one word in code; or it could come to life where a message is
    shown without its marks, and we ask nobody to type such a thing.
    """
    return not part.strip() or "\n" in part or bool(_AWAKE.search(part))


def _fence(words: str) -> str:
    return f"```\n{_SECOND_TICK.sub(f'{_GAP}`', words)}\n```"


def _fenced_length(words: str) -> int:
    return measure(words) + words.count("`")


def _quoted_length(words: str) -> int:
    return escaped_length(words) + len(_BAR) * words.count("\n")
