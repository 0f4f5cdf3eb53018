"""Private answers as Discord's layouts: screens, sentences and questions that one person sees.

A layout has 40 components at most, those inside others included, and 4,000 characters. So rows get shorter, then keep
one button each while the others stand behind "More…", and what still does not fit is counted; the screen's own buttons
always stand. Everything can be clicked after a restart: each button says by its custom id what it does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord import ui

from bot.charts import described
from bot.chats.discord.codes import SHARE, Pressed, more
from bot.chats.discord.items import Item, act, carried_by, leading, rows_of
from bot.chats.discord.render import COLOURS, PICTURE, Look, Message
from bot.chats.discord.wording import address, escaped_length, fenced, line, masked, ours, quoted, small
from bot.chats.wording import beginning, cut_front, literal, measure
from handlers.cards import Button, Chart, Link, Row, Screen

CANCEL = "cancel"  # a verb of ours that is no staff verb: the question that was asked is answered with no
_COMPONENTS, _TEXT = 40, 4_000
_TITLE, _INTRO, _OUTRO, _HEADING = 200, 1_000, 1_000, 200
_WORDS, _QUESTION = 3_800, 1_000
_ALT = 256
_BUTTONS, _ROW_BUTTONS = 10, 5
_ROWS = 60  # more can never fit
_FACT = 600  # characters of one fact before it is escaped
_MORE = 40  # characters of "and 12 more"
_SIZES = (  # characters of a quote, of facts, and of what is to be copied: that is whole for as long as it can be
    (1_000, 300, 3_200), (500, 300, 3_200), (250, 200, 3_200), (140, 140, 3_200), (80, 90, 2_000), (40, 60, 1_000)
)  # fmt: skip
_HIDDEN = "hidden characters were taken out of this text"
_NOT_ALL = "⚠️ This is only its beginning: the thread of the case has all of it."


@dataclass(frozen=True, slots=True)
class _Part:
    """Words, and the buttons that belong to them."""

    words: str
    items: tuple[Item, ...] = ()

    @property
    def components(self) -> int:
        beside = 1 + len(self.items) if self.items else 0  # a section, or a row below
        return 1 + beside


def screen_message(screen: Screen, look: Look, answer_id: str = "") -> Message:
    """A screen. `answer_id` offers to share it with the channel; its chart is to be attached."""
    taken: set[str] = set()
    share = (_share(answer_id),) if answer_id else ()
    below: list[Item] = [*_acts((*screen.buttons[:_BUTTONS], *share), taken)]
    chart = screen.chart if look.has_pictures else None
    told = ours(screen.chart.alt, _ALT) if screen.chart and not chart else ""
    head = _lines(f"### {line(screen.title, _TITLE) or 'Earshot'}", ours(screen.intro, _INTRO), told)
    outro = _outro(screen.outro)
    most = _COMPONENTS - 2 - bool(chart) - bool(outro) - _size(below)
    items = [_items(row, taken) for row in screen.rows[:_ROWS]]
    parts, rest = _fitted(screen.rows, items, most, _TEXT - measure(head) - measure(outro))
    below = [*_acts(rest, taken), *below]
    most -= 2 if rest else 0
    has_lines = len(parts) + bool(below) <= most - sum(part.components for part in parts)
    inside: list[ui.Item[Any]] = [ui.TextDisplay(head)]
    inside += [_picture(chart)] if chart else []
    for part in parts:
        inside += [ui.Separator(), *_drawn(part)] if has_lines else _drawn(part)
    inside += [ui.TextDisplay(outro)] if outro else []
    inside += [ui.Separator()] if below and parts and has_lines else []  # or they look like the last row's
    inside += [ui.ActionRow(*row) for row in rows_of(below)]
    shown = [item for part in parts for item in part.items] + below
    return _message([ui.Container(*inside, accent_colour=_colour(screen.rows))], shown, chart)


def words_message(
    words: str, *, is_error: bool = False, buttons: Sequence[Button] = (), answer_id: str = ""
) -> Message:
    """A sentence of ours. `answer_id` offers to share it with the channel."""
    share = (_share(answer_id),) if answer_id else ()
    said = ours(words, _WORDS) or "Done."
    return _said(f"⚠️ {said}" if is_error else said, _acts((*buttons[:_BUTTONS], *share), set()))


def more_message(words: str, buttons: Iterable[Button], link: Link | None = None) -> Message:
    """What had no room on a message, each as a button."""
    way = leading(link.label, address(link.url)) if link else None
    return _said(ours(words, _QUESTION), [*_acts(buttons, set()), *([way] if way else [])])


def confirm_message(pressed: Pressed) -> Message:
    """Asks before what was pressed is done; its yes does that."""
    yes = Button("Yes", pressed.verb, pressed.case, tuple(pressed.values.items()), style="danger")
    return _said(ours(pressed.confirm, _QUESTION) or "Are you sure?", _acts((yes, Button("Cancel", CANCEL)), set()))


def _said(words: str, items: Sequence[Item]) -> Message:
    return _message([ui.TextDisplay(words), *(ui.ActionRow(*row) for row in rows_of(items))], items)


def _message(shown: Iterable[ui.Item[Any]], items: Sequence[Item], chart: Chart | None = None) -> Message:
    view = ui.LayoutView(timeout=None)
    for one in shown:
        view.add_item(one)
    carried: Mapping[str, str] = carried_by(items)
    return Message(view=view, chart=chart, carried=carried)


# Rows


def _fitted(
    rows: Sequence[Row], items: Sequence[tuple[Item, ...]], most: int, room: int
) -> tuple[list[_Part], Sequence[Button]]:
    """The rows in at most `most` components and `room` characters, as large as they all fit; and a button with those
    that have no place beside them, where there are any.
    """
    rows_that_may_fit = [_shortened(row) for row in rows[: len(items)]]
    told = _sized(rows_that_may_fit, room) if len(items) == len(rows) else None
    if told is not None:
        behind = [_named(button, row) for row in rows for button in row.buttons[0 if _leading(row) else 1 :]]
        rest = [more("More…", behind)] if behind else []
        for buttons, others in ((_ROW_BUTTONS, []), (1, rest), (1, [])):
            parts = _together(_Part(words, own[:buttons]) for words, own in zip(told, items, strict=True))
            if _has_room(parts, most - (2 if others else 0), room):
                return parts, others
    smallest = [_words(row, _SIZES[-1]) for row in rows_that_may_fit]
    kept = _first(smallest, items, most - 1, room - _MORE)
    counted = _Part(small(f"and {len(rows) - kept:,} more"))
    return [*_together(_Part(*one) for one in _ones(smallest, items, kept)), counted], ()


def _shortened(row: Row) -> Row:
    """No longer than it can ever be shown, so that the rest costs no time."""
    quote = row.quote
    if quote is not None and not row.is_to_copy:
        most = _SIZES[0][0]
        quote = replace(
            quote, words=beginning(quote.words, 2 * most), is_cut=quote.is_cut or len(quote.words) > 2 * most
        )
    return replace(row, heading=row.heading[: 2 * _HEADING], quote=quote)


def _sized(rows: Sequence[Row], room: int) -> list[str] | None:
    """The words of all rows, as long as they fit into `room` characters; None where they cannot."""
    for size in _SIZES:
        told: list[str] = []
        left = room
        for row in rows:
            told.append(_words(row, size))
            left -= measure(told[-1]) + 1  # a line end, where they share a text
            if left < 0:
                break
        else:
            return told
    return None


def _first(told: Sequence[str], items: Sequence[tuple[Item, ...]], most: int, room: int) -> int:
    """How many of them fit, from the first on, with one button each."""
    fits = 0
    while fits < len(told) and _has_room(_together(_Part(*one) for one in _ones(told, items, fits + 1)), most, room):
        fits += 1
    return fits


def _ones(told: Sequence[str], items: Sequence[tuple[Item, ...]], count: int) -> Iterable[tuple[str, tuple[Item, ...]]]:
    return ((words, own[:1]) for words, own in zip(told[:count], items[:count], strict=True))


def _named(button: Button, row: Row) -> Button:
    """Says for which row it is, as it stands among others."""
    return replace(button, label=f"{button.label} {row.heading if button.case is None else f'#{button.case}'}")


def _size(items: Sequence[Item]) -> int:
    """In components, with their rows."""
    return len(items) + len(rows_of(items))


def _has_room(parts: Sequence[_Part], most: int, room: int) -> bool:
    return sum(part.components for part in parts) <= most and sum(measure(part.words) for part in parts) <= room


def _together(parts: Iterable[_Part]) -> list[_Part]:
    """What has no buttons stands in one text with its neighbours."""
    kept: list[_Part] = []
    for part in parts:
        if kept and not part.items and not kept[-1].items:
            kept[-1] = _Part(f"{kept[-1].words}\n{part.words}")
        else:
            kept.append(part)
    return kept


def _words(row: Row, size: tuple[int, int, int]) -> str:
    quote, facts, copied = size
    told = [*row.facts, *([_HIDDEN] if row.quote and row.quote.had_hidden else [])]
    way = masked(row.link.label, row.link.host, row.link.url) if row.link and _leading(row) is None else ""
    return _lines(
        f"**{line(row.heading, _HEADING) or '·'}**",
        _said_by(row, quote, copied),
        way,
        small(line(" · ".join(fact for one in told if (fact := " ".join(one[:_FACT].split()))), facts)),
    )


def _said_by(row: Row, quote: int, copied: int) -> str:
    """What is to be copied stands in a code block, which a person copies with one press."""
    if row.quote is None:
        return ""
    if not row.is_to_copy:
        return quoted(row.quote, quote, quote + quote // 2)
    blocks, is_whole = fenced(row.quote, copied, copied)
    return _lines(*blocks, "" if is_whole else _NOT_ALL)


def _items(row: Row, taken: set[str]) -> tuple[Item, ...]:
    way = _leading(row)
    return (*([way] if way else []), *_acts(row.buttons, taken))[:_ROW_BUTTONS]


def _leading(row: Row) -> ui.Button[Any] | None:
    if row.link is None:
        return None
    said = ": ".join(part for part in (row.link.label.strip(), row.link.host.strip()) if part)
    return leading(said, address(row.link.url))


def _drawn(part: _Part) -> list[ui.Item[Any]]:
    if len(part.items) == 1:
        return [ui.Section(part.words, accessory=part.items[0])]
    return [ui.TextDisplay(part.words), *([ui.ActionRow(*part.items)] if part.items else [])]


# Its other parts


def _acts(buttons: Iterable[Button], taken: set[str]) -> list[Item]:
    found: list[Item] = []
    for button in buttons:
        if (item := act(button, taken)) is not None:
            taken.add(item.custom_id)
            found.append(item)
    return found


def _share(answer_id: str) -> Button:
    return Button("Share to channel", SHARE, None, (("answer", answer_id),))


def _outro(words: str) -> str:
    """Its newest end, where it is too long: a diary stands here."""
    whole = literal(words, 2 * len(words) + 1)
    return ours(cut_front(whole, _OUTRO, escaped_length), _OUTRO)


def _picture(chart: Chart) -> ui.MediaGallery[Any]:
    told = literal(described(chart), _ALT) or "chart"
    return ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{PICTURE}", description=told))


def _colour(rows: Sequence[Row]) -> int:
    """That of the worst row."""
    known = [row.colour for row in rows if row.colour in COLOURS]
    return COLOURS[min(known, key=list(COLOURS).index, default="grey")]


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
