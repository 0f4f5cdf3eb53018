"""The same paragraphs in the older blocks, for clients and servers that cannot draw rich text.

What somebody else wrote stands in plain_text, each line behind a bar, so that no line of it can pose as ours. Headings
are mrkdwn, escaped and verbatim; the only live marks in them are made here: a date, a link, a ping.
"""

from collections.abc import Iterable
from itertools import groupby

from bot.chats.slack.blocks import Block, Leads, Line, Moment, Paragraph, Ping, Quote, Said, Span, filled, plain
from bot.chats.slack.wording import escape, escaped_length
from bot.chats.wording import measure, pieces

_SECTION = 2_900  # characters; 3,000 are allowed
_QUOTED = 6_000  # characters of one quote with its bars; only one of very many lines is cut by this
_LONGEST_ADDRESS = 1_500
_BAR = "┃ "


def classic(paragraphs: Iterable[Paragraph]) -> list[Block]:
    """The paragraphs as sections."""
    drawn: list[Block] = []
    for kind, group in groupby(filled(paragraphs), type):
        if kind is Line:
            drawn += _lines([line for line in group if isinstance(line, Line)])
        else:
            drawn += [part for each in group if not isinstance(each, Line) for part in _literal(each.words, kind)]
    return drawn


def _literal(words: str, kind: type) -> list[Block]:
    parts = _barred(words) if kind is Quote else pieces(words, _SECTION)
    return [{"type": "section", "text": plain(part)} for part in parts]


def _barred(words: str) -> list[str]:
    room = _SECTION - len(_BAR)
    lines = [_BAR + part for line in words.split("\n") for part in (pieces(line, room) or [""])]
    texts = [lines[0]]
    room = _QUOTED - measure(lines[0])
    for line in lines[1:]:
        room -= measure(line) + 1
        if room < 0:
            texts[-1] += "…"
            break
        if measure(texts[-1]) + 1 + measure(line) > _SECTION:
            texts.append(line)
        else:
            texts[-1] += f"\n{line}"
    return texts


def _lines(lines: list[Line]) -> list[Block]:
    parts = [part for line in lines for part in (*(one for span in line.spans for one in _marked(span)), "\n")][:-1]
    texts = [""]
    for part in parts:
        if measure(texts[-1]) + measure(part) > _SECTION:
            texts.append("")
        texts[-1] += part
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
        for text in texts
        if text.strip()
    ]


def _marked(span: Span) -> list[str]:
    if isinstance(span, Ping):
        return [f"<!subteam^{span.group_id}>" if span.group_id else f"<@{span.user_id}>"]
    if isinstance(span, Moment):
        return [f"<!date^{span.seconds}^{{ago}}|{span.words}>" if span.seconds >= 0 else span.words]
    if isinstance(span, Leads):
        url, host = span.url.replace("&", "&amp;"), escape(span.host)
        return [f"<{url}|{host}>" if url and measure(url) <= _LONGEST_ADDRESS else host]
    return [_styled(part, span) for part in pieces(span.words, _SECTION, escaped_length)] or [span.words]


def _styled(words: str, span: Said) -> str:
    mark = {"bold": "*", "italic": "_", "code": "`"}.get(span.style, "")
    return f"{mark}{escape(words)}{mark}" if words.strip() and "\n" not in words else escape(words)
