"""A screen that is posted in a channel: its rows as the text of embeds, and the buttons of all of them below.

Discord has no buttons beside a row, so each says which case it is for. What does not fit is counted at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.chats.discord.codes import more
from bot.chats.discord.items import LABEL, WIDTH, Item, acts, rows_of
from bot.chats.discord.wording import fenced, line, masked, ours, quoted
from bot.chats.wording import cut_front, literal, measure, one_line
from handlers.cards import Button, Row, Screen

DESCRIPTION = 4_096
HIDDEN = "hidden characters were taken out of this text"
_QUOTE, _COPY = 1_500, 5_000
_INTRO, _OUTRO = 1_200, 2_400
_FIRSTS = 15  # rows that have a button of their own: three rows of buttons, above those of the screen
_FEW = 10  # so many buttons all stand as buttons; of more, only the first of each row
_FEW_OTHERS = 2  # of those that belong to no case: they say in many words for which row they are
_MORE = 40  # characters of "and 12 more"
_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Listing:
    """Descriptions of embeds, each of at most 4,096 characters, and rows of buttons."""

    descriptions: tuple[str, ...]
    buttons: tuple[Sequence[Item], ...]


def listing(screen: Screen, head: Sequence[str], room: int) -> Listing:
    """All of a screen but its title and intro; `head` is escaped and stands above its rows. At most `room` long."""
    outro = literal(screen.outro, 2 * len(screen.outro) + 1)
    foot = [ours(cut_front(outro, _OUTRO // 2), _OUTRO)] if outro else []
    room -= sum(_weight(each) for each in (*head, *foot))
    kept: list[list[str]] = []
    for row in screen.rows:
        drawn = _row(row)
        weight = sum(map(_weight, drawn))
        is_last = len(kept) + 1 == len(screen.rows)
        if weight > room - (0 if is_last else _MORE) or (row.buttons and _asking(screen.rows[: len(kept)]) == _FIRSTS):
            break
        kept.append(drawn)
        room -= weight
    told = len(kept)
    more = [f"and {len(screen.rows) - told} more"] if told < len(screen.rows) else []
    paragraphs = [*head, *(each for drawn in kept for each in drawn), *more, *foot]
    return Listing(_together(paragraphs), tuple(_buttons(screen, screen.rows[:told])))


def _row(row: Row) -> list[str]:
    facts = line(" · ".join(part for part in (*row.facts, *_hidden(row)) if part.strip()), 700)
    way = masked(row.link.label, row.link.host, row.link.url) if row.link else ""
    heading = f"**{line(row.heading, 300) or '·'}**"
    if row.is_to_copy and row.quote:
        blocks, is_all = fenced(row.quote, _COPY, DESCRIPTION)
        rest = "" if is_all else "This is not all of it: Discord cannot show more."
        return ["\n".join(part for part in (heading, facts, way, rest) if part), *blocks]
    words = quoted(row.quote, _QUOTE, 2 * _QUOTE) if row.quote else ""
    return ["\n".join(part for part in (heading, words, facts, way) if part)]


def _hidden(row: Row) -> Sequence[str]:
    return (HIDDEN,) if row.quote and row.quote.had_hidden else ()


def _asking(rows: Sequence[Row]) -> int:
    return sum(bool(row.buttons) for row in rows)


def _buttons(screen: Screen, rows: Sequence[Row]) -> list[Sequence[Item]]:
    """Few buttons all stand there; of many, the first of each case does, and all others stand behind another one."""
    named = [[(_named(button, row, rows), button) for button in row.buttons[:2]] for row in rows]
    cases = [pair for pairs in named for pair in pairs if pair[1].case is not None]
    firsts = cases if len(cases) <= _FEW else [pairs[0] for pairs in named if pairs and pairs[0] in cases]
    others = [pair for pairs in named for pair in pairs if pair[1].case is None]
    firsts += others if len(others) <= _FEW_OTHERS else []
    own = screen.buttons
    rest = [pair for pairs in named for pair in pairs if pair not in firsts] + [(each, each) for each in own[WIDTH:]]
    labels = {one_line(button.label, 60).rstrip("…") or "More" for _, button in rest}
    last = more(f"{labels.pop() if len(labels) == 1 else 'More'}…", (pair[0] for pair in rest))
    shown = acts([*(pair[0] for pair in firsts), *([last] if last.values else [])])
    below = acts(own[:WIDTH], (item.custom_id for item in shown))
    return [*rows_of(shown), *rows_of(below)]


def _named(button: Button, row: Row, rows: Sequence[Row]) -> Button:
    """Says for which row it is: by the case, or else by the row's heading where there are several."""
    label = one_line(button.label, LABEL)
    if not label or (button.case is None and len(rows) == 1):
        return button
    which = f": {row.heading}" if button.case is None else f" #{button.case}"
    if button.case is not None and which.strip() in label.split():
        return button
    room = LABEL - (measure(which) if button.case is not None else 0)
    shortened = one_line(label, room if button.case is not None else LABEL // 2)
    return replace(button, label=one_line(shortened + which, LABEL))


def _together(paragraphs: Sequence[str]) -> tuple[str, ...]:
    """The paragraphs in as few descriptions as they need."""
    filled: list[str] = []
    last = ""
    for each in (one for one in paragraphs if one):
        if filled and measure(filled[-1]) + _weight(each) <= DESCRIPTION:
            filled[-1] += (_BETWEEN[:1] if _is_short(last) and _is_short(each) else _BETWEEN) + each
        else:
            filled.append(each)
        last = each
    return tuple(filled)


def _is_short(paragraph: str) -> bool:
    """A row without anybody's words: such rows stand close together."""
    return paragraph.startswith("**") and "\n> " not in paragraph


def _weight(paragraph: str) -> int:
    return measure(paragraph) + len(_BETWEEN) if paragraph else 0
