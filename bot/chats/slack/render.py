"""Drawings and answers as Slack messages. Pure: the same drawing gives the same payload.

A payload has `text`, one sentence for phones and screen readers, and `blocks`. Nobody but the one whom a notice names
is pinged, and nothing leads anywhere but the drawing's own links.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.charts import described
from bot.chats.slack.blocks import (
    Block,
    Copy,
    Leads,
    Line,
    Moment,
    Paragraph,
    Ping,
    Quote,
    Said,
    acts,
    dotted,
    facts,
    image,
    ours,
    rich,
    weight,
)
from bot.chats.slack.classic import classic
from bot.chats.slack.codes import SHARE
from bot.chats.slack.wording import escape, escaped_length, one_line
from bot.chats.wording import cut, cut_front, literal
from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen
from handlers.requests import Reply
from handlers.rules.text import Text

MESSAGE_BLOCKS = 50
MESSAGE_TEXT = 9_000  # characters in all blocks of a message; Slack was seen to refuse 11,341
_PHONE = 300
_CARD_QUOTE = 1_000
_QUOTE = 4_000
_DRAFT = 5_000
_INTRO, _OUTRO = 1_200, 2_400
_WORDS, _WORDS_ABOVE = 8_000, 2_000
_MORE = 40  # characters of "and 12 more"
_ROW_BUTTONS, _SCREEN_BUTTONS = 5, 10
_COMMAND = re.compile(r"`([^`\n]+)`")
_HIDDEN = "hidden characters were taken out of this text"
_COMING = "The picture comes to your direct messages with Earshot."


def _nobody(name: str) -> str:  # noqa: ARG001 - whoever it is, nobody is known
    return ""


def nothing(chart: Chart) -> str:  # noqa: ARG001 - whatever it is, there is no picture of it
    """No chart has a picture: each is told in words."""
    return ""


def _is_here(chart: Chart) -> bool:  # noqa: ARG001 - whatever it is, nothing more is to come
    return False


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw. `mention` gives the Slack user id of a member's name, `group` the id of a user group's handle,
    `picture` the id of the file that shows a chart; "" where there is none. `is_coming`: the reader gets it later.
    """

    is_classic: bool = False
    mention: Callable[[str], str] = _nobody
    group: Callable[[str], str] = _nobody
    picture: Callable[[Chart], str] = nothing
    is_coming: Callable[[Chart], bool] = _is_here


def message(drawing: Drawing, key: str, look: Look, shared_by: str = "") -> dict[str, Any]:
    """A drawing for a channel or thread: `text` and `blocks`. The first block carries `key`, to be found by."""
    below = facts(f"Shared by {one_line(shared_by, 80)}") if shared_by else []
    blocks = _blocks(drawing, look, below)
    if key:
        blocks[0] = {**blocks[0], "block_id": cut(f"key:{key}", 255)}
    return {"text": phone_text(drawing), "blocks": blocks}


def answer(reply: Reply, answer_id: str, look: Look) -> dict[str, Any]:
    """A private answer: `text` and `blocks`. `answer_id` offers to share it with the channel.

    A form, where none can be opened, becomes a button that opens it.
    """
    share = (_share(answer_id),) if answer_id else ()
    if reply.screen is not None:
        above = prose([_said(reply, _WORDS_ABOVE)], look) if reply.words.strip() else []
        screen = replace(reply.screen, buttons=(*reply.screen.buttons[:_SCREEN_BUTTONS], *share))
        most, room = MESSAGE_BLOCKS - len(above), MESSAGE_TEXT - weight(above)
        return {"text": phone_text(reply.screen), "blocks": above + screen_blocks(screen, look, most=most, room=room)}
    if reply.form is not None:
        errors = " ".join(sentence for _, sentence in reply.form.errors)
        words = " ".join(part for part in (reply.words, errors, "This is done in a form: open it.") if part)
        opening = Button(reply.form.title, reply.form.verb, reply.form.case, style="primary")
        told = replace(reply, words=words, is_error=reply.is_error or bool(errors))
        return {"text": _sentence(_unmarked(words)), "blocks": prose([_said(told, _WORDS)], look) + acts((opening,))}
    told = reply if literal(reply.words, 1) else replace(reply, words="Done.")
    text = _sentence(_unmarked(f"⚠️ {told.words}" if told.is_error else told.words))
    return {"text": text, "blocks": prose([_said(told, _WORDS)], look) + acts(share)}


def chart_message(chart: Chart, file_id: str) -> dict[str, Any]:
    """A chart in a message of its own: `text` and `blocks`."""
    title = [Line((Said(one_line(chart.title, 200) or "Chart", "bold"),))]
    return {
        "text": _sentence(f"{chart.title}: {chart.alt}"),
        "blocks": [*rich(title), image(file_id, described(chart))],
    }


def text_only(drawing: Drawing) -> str:
    """The last resort, when Slack takes no blocks at all: what a person must know, as escaped text."""
    if isinstance(drawing, Card):
        words = drawing.title if drawing.is_small or drawing.quote is None else drawing.quote.words
        due = f" · {one_line(drawing.due, 60)}" if drawing.due else ""
        head = f"{_plain_heading(drawing)}{due}"
        lines = [head, one_line(words, 1_000), f"/earshot show {drawing.case}"]
    elif isinstance(drawing, DraftCard):
        lines = [
            f"Draft reply for #{drawing.case}, {one_line(drawing.state, 200)}",
            one_line(drawing.text.words, 2_000),
            f"/earshot show {drawing.case}",
        ]
    elif isinstance(drawing, Notice):
        lines = [literal(drawing.words, 1_500, escaped_length)]
    else:
        headings = [one_line(row.heading, 200) for row in drawing.rows[:10]]
        chart = one_line(drawing.chart.alt, 500) if drawing.chart else ""
        lines = [one_line(drawing.title, 200), one_line(drawing.intro, 500), chart, *headings]
    return escape("\n".join(line for line in lines if line)) or "Earshot"


def phone_text(drawing: Drawing) -> str:
    """One escaped sentence of at most 300 characters: what a notification says."""
    if isinstance(drawing, Card):
        words = drawing.title if drawing.is_small or drawing.quote is None else drawing.quote.words
        if drawing.is_small:
            return _sentence(f"#{drawing.case} {drawing.status}: {words}")
        told = " · ".join(one_line(part, 80) for part in (drawing.priority, drawing.source, drawing.author) if part)
        return _sentence(f"{told}: {words}")
    if isinstance(drawing, DraftCard):
        return _sentence(f"Draft reply for #{drawing.case}, {one_line(drawing.state, 120)}: {drawing.text.words}")
    if isinstance(drawing, Notice):
        return _sentence(_unmarked(drawing.words))
    first = drawing.rows[0].heading if drawing.rows else drawing.outro
    title = one_line(_unmarked(drawing.title), 120)
    end = "" if title.endswith(("?", "!", ".")) else "."
    return _sentence(f"{title}{end} {_unmarked(drawing.intro or first)}")


def screen_blocks(screen: Screen, look: Look, *, most: int, room: int, has_title: bool = True) -> list[Block]:
    """A screen in at most `most` blocks and `room` characters; the rows that do not fit are counted at its end.

    `has_title` is False where its title stands above it already.
    """
    title = [Line((Said(one_line(screen.title, 200) or "Earshot", "bold"),))] if has_title else []
    head = prose([*title, ours(screen.intro, _INTRO)], look) + _chart(screen.chart, look)
    foot = prose(
        [ours(cut_front(literal(screen.outro, 2 * len(screen.outro) + 1), _OUTRO, escaped_length), _OUTRO)], look
    )
    foot += acts(screen.buttons[: _SCREEN_BUTTONS + 1])
    return head + _rows(screen.rows, look, most - len(head) - len(foot), room - weight(head) - weight(foot)) + foot


def prose(paragraphs: Iterable[Paragraph], look: Look) -> list[Block]:
    """Lines and quotes in the blocks that this look allows."""
    return classic(paragraphs) if look.is_classic else rich(paragraphs)


def _chart(chart: Chart | None, look: Look) -> list[Block]:
    """The picture, or what it would show in words."""
    if chart is None:
        return []
    if file_id := look.picture(chart):
        return [image(file_id, described(chart))]
    told = prose([ours(chart.alt, _INTRO)], look)
    return told + (facts(_COMING) if look.is_coming(chart) else [])


def _rows(rows: Sequence[Row], look: Look, most: int, room: int) -> list[Block]:
    kept: list[list[Block]] = []
    for row in rows:
        drawn = _row(row, look)
        if len(drawn) > most or weight(drawn) > room:
            break
        kept.append(drawn)
        most, room = most - len(drawn), room - weight(drawn)
    if len(kept) < len(rows):
        while kept and (most < 1 or room < _MORE):
            most, room = most + len(kept[-1]), room + weight(kept.pop())
        kept.append(facts(f"and {len(rows) - len(kept)} more"))
    return [block for drawn in kept for block in drawn]


def _blocks(drawing: Drawing, look: Look, below: list[Block]) -> list[Block]:
    if isinstance(drawing, Card):
        return _card(drawing, look) + below
    if isinstance(drawing, DraftCard):
        return _draft(drawing, look) + below
    if isinstance(drawing, Notice):
        return _notice(drawing, look) + below
    return screen_blocks(drawing, look, most=MESSAGE_BLOCKS - len(below), room=MESSAGE_TEXT - weight(below)) + below


def _card(card: Card, look: Look) -> list[Block]:
    said = _heading(card)
    title = one_line(card.title, 200)
    if card.is_small:
        gist = dotted(title) if title else dotted(*(one_line(fact, 100) for fact in card.facts))
        told = prose([said, gist], look)
    else:
        told = prose([said, Line((Said(title, "bold"),)), *_quote(card.quote, _CARD_QUOTE)], look)
        told += facts(*card.facts, *([_HIDDEN] if card.quote and card.quote.had_hidden else []))
        told += facts("Why: " + " · ".join(card.why)) if card.why else []
    return told + acts(card.buttons[:4], card.menu) + facts(card.note)


def _heading(card: Card) -> Line:
    """🔴 #142 urgent · open · birds · Author · host · 4 min ago · due in 2 h"""
    dot = one_line(card.dot, 8)
    begin = (Said(f"{dot} #{card.case} " if dot else f"#{card.case} "), Said(one_line(card.priority, 20), "bold"))
    due = one_line(card.due, 60)
    rest = dotted(
        one_line(card.status, 160),
        one_line(card.source, 60),
        one_line(card.author, 80),
        Leads(card.link) if card.link else None,
        Moment(card.seen_at),
        Said(due, "bold" if due.startswith("overdue") else ""),
    )
    return Line((*begin, Said(" · "), *rest.spans))


def _plain_heading(card: Card) -> str:
    parts = (card.priority, card.status, card.source, card.author, card.link.host if card.link else "")
    told = " · ".join(one_line(part, 120) for part in parts if part)
    return f"{one_line(card.dot, 8)} #{card.case} {told}".strip()


def _draft(draft: DraftCard, look: Look) -> list[Block]:
    title = Line((Said("Draft reply", "bold"), Said(f" · {one_line(draft.state, 200)} · #{draft.case}")))
    target = Line((Said(one_line(draft.target, 300)),))
    text = _quote(draft.text, _DRAFT)
    hidden = facts(_HIDDEN) if draft.text.had_hidden else []
    told = prose([title, target, *text, *_way(draft.link)], look)
    return told + hidden + facts(draft.note) + acts(draft.buttons)


def _notice(notice: Notice, look: Look) -> list[Block]:
    user = look.mention(notice.ping) if notice.ping else ""
    group = look.group(notice.group) if notice.group else ""
    before = (
        *_called(notice.ping, Ping(user) if user else None),
        *_called(notice.group, Ping(group_id=group) if group else None),
    )
    told = prose([ours(notice.words, 3_000, before=before)], look) or prose([ours("Earshot", 10)], look)
    return told + acts(notice.buttons[:_ROW_BUTTONS])


def _called(name: str, ping: Ping | None) -> tuple[Ping | Said, ...]:
    """Whom it concerns: notified where Slack knows her, else by name."""
    if not name:
        return ()
    return (ping, Said(" ")) if ping else (Said(f"@{one_line(name.removeprefix('@'), 60)} "),)


def _row(row: Row, look: Look) -> list[Block]:
    heading = Line((Said(one_line(row.heading, 300) or "·", "bold"),))
    words = _copy(row.quote) if row.is_to_copy else _quote(row.quote, _QUOTE)
    told = [*row.facts, *([_HIDDEN] if row.quote and row.quote.had_hidden else [])]
    if look.is_classic:  # a block less in each row, so that fifteen of them fit
        small = dotted(*(one_line(fact, 200) for fact in told))
        return prose([heading, small, *_way(row.link), *words], look) + acts(row.buttons[:_ROW_BUTTONS])
    return prose([heading, *words, *_way(row.link)], look) + facts(*told) + acts(row.buttons[:_ROW_BUTTONS])


def _way(link: Link | None) -> list[Paragraph]:
    return [Line((Said(f"{one_line(link.label, 80)}: "), Leads(link)))] if link else []


def _quote(text: Text | None, limit: int) -> list[Paragraph]:
    if text is None:
        return []
    words = f"{text.words}…" if text.is_cut else text.words
    return [Quote(literal(words, limit))]


def _copy(text: Text | None) -> list[Paragraph]:
    return [Copy(literal(text.words, _DRAFT))] if text else []


def _said(reply: Reply, limit: int) -> Line:
    return ours(reply.words, limit, before=(Said("⚠️ "),) if reply.is_error else ())


def _share(answer_id: str) -> Button:
    return Button("Share to channel", SHARE, None, (("answer", answer_id),))


def _unmarked(words: str) -> str:
    """Our words without the marks around commands, which a phone would show as they are."""
    return _COMMAND.sub(r"\1", words)


def _sentence(words: str) -> str:
    return escape(one_line(words, _PHONE)) or "Earshot"
