"""Drawings as Discord messages that are posted. Pure: the same drawing gives the same message.

A message is content, which is what a phone shows, embeds, and rows of buttons; Components V2 would push nothing. Nobody
but the one whom a notice names is pinged, and nothing leads anywhere but the drawing's own links.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import discord

from bot.charts import described
from bot.chats.discord.codes import MORE
from bot.chats.discord.items import WIDTH, Item, acts, carried_by, leading, rows_of, view_of
from bot.chats.discord.lists import DESCRIPTION, HIDDEN, listing
from bot.chats.discord.wording import address, dotted, escape, fenced, line, masked, ours, quoted, readable, small
from bot.chats.wording import literal, measure, one_line
from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Screen

CONTENT = 2_000
EMBEDS = 6_000  # characters in all embeds of a message
PICTURE = "chart.png"
COLOURS = {
    "red": 0xD93A3A, "orange": 0xE8871E, "yellow": 0xE3B71C, "blue": 0x3A78D6, "green": 0x2F9E57, "grey": 0x8A9099,
}  # fmt: skip
_QUOTE = 600
_QUOTE_ESCAPED = 2 * _QUOTE + 600  # with a bar beside each of its lines
_DRAFT = 5_000
_INTRO = 1_200
_FACTS = 700
_NAME, _URL = 256, 2_000
_ALT = 1_024
_CARD_BUTTONS = 4
_COMMAND = re.compile(r"`([^`\n]+)`")


def _nobody(name: str) -> str:  # noqa: ARG001 - whoever it is, nobody is known
    return ""


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw. `mention` gives the Discord user id of a member's name, `role` the id of a role's; "" for nobody.

    `has_pictures` is False where no picture can be sent: then a chart is told in words.
    """

    mention: Callable[[str], str] = _nobody
    role: Callable[[str], str] = _nobody
    has_pictures: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted. `chart` is attached as `PICTURE` with `alt`; `carried` is kept in the store before it is sent."""

    content: str = ""
    embeds: tuple[discord.Embed, ...] = ()
    view: discord.ui.View | discord.ui.LayoutView | None = None
    chart: Chart | None = None
    user_pings: tuple[str, ...] = ()
    role_pings: tuple[str, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def allowed(self) -> discord.AllowedMentions:
        """Exactly these are notified, whatever the words say."""
        return discord.AllowedMentions(
            everyone=False,
            users=[discord.Object(int(each)) for each in self.user_pings] or False,
            roles=[discord.Object(int(each)) for each in self.role_pings] or False,
            replied_user=False,
        )

    @property
    def alt(self) -> str:
        """What the picture shows, in words; "" without one."""
        return (literal(described(self.chart), _ALT) or "chart") if self.chart else ""


def message(drawing: Drawing, key: str, look: Look, sharer: str = "") -> Message:
    """A drawing for a channel or thread. It carries `key`, to be found by in the channel's history."""
    shared = f"Shared by {one_line(sharer, 80)}" if one_line(sharer, 80) else ""
    if isinstance(drawing, Card):
        return _card(drawing, _footer(shared, key))
    if isinstance(drawing, DraftCard):
        return _draft(drawing, _footer(shared, key))
    if isinstance(drawing, Notice):
        return _notice(drawing, look, shared, key)
    return _screen(drawing, look, shared, key)


def text_only(drawing: Drawing, key: str) -> Message:
    """The last resort, when Discord takes neither embeds nor buttons: what a person must know."""
    if isinstance(drawing, Card):
        words = drawing.title if drawing.is_small or drawing.quote is None else drawing.quote.words
        lines = [push_text(drawing), line(words, 1_000), f"/earshot show {drawing.case}"]
    elif isinstance(drawing, DraftCard):
        lines = [push_text(drawing), line(drawing.text.words, 1_200), f"/earshot show {drawing.case}"]
    elif isinstance(drawing, Notice):
        lines = [ours(drawing.words, 1_500)]
    else:
        chart = line(drawing.chart.alt, 300) if drawing.chart else ""
        headings = [line(row.heading, 80) for row in drawing.rows[:10]]
        lines = [line(drawing.title, 200), line(drawing.intro, 300), chart, *headings]
    return Message(_lines(*([each for each in lines if each] or ["Earshot"]), _mark(key)))


def push_text(drawing: Drawing) -> str:
    """The content of its message, escaped: what a phone shows first, and what the search of Discord finds."""
    return readable(_push_text(drawing))


def _push_text(drawing: Drawing) -> str:
    if isinstance(drawing, Card):
        return _heading(drawing)
    if isinstance(drawing, DraftCard):
        return dotted("Draft reply", line(drawing.state, 300), f"#{drawing.case}")
    if isinstance(drawing, Notice):
        return ours(drawing.words, 1_500) or "Earshot"
    return _lines(line(_COMMAND.sub(r"\1", drawing.title), 300), ours(drawing.intro, _INTRO)) or "Earshot"


def reference(key: str) -> str:
    """A delivery key in ten characters."""
    return blake2b(key.encode(errors="replace"), digest_size=5).hexdigest()


def carries(content: str, footers: Iterable[str], key: str) -> bool:
    """Whether a message with this content, and these footers of embeds, was posted with this key."""
    mark = f"ref {reference(key)}"
    in_footer = any(footer == mark or footer.endswith(f" · {mark}") for footer in footers)
    return in_footer or content.rstrip().rpartition("\n")[2] == small(mark)


def _card(card: Card, footer: str) -> Message:
    more = (Button("More…", MORE, card.case),) if card.menu else ()
    buttons = acts((*card.buttons[:_CARD_BUTTONS], *more))
    way = _way(card.link) if len(buttons) < WIDTH else []  # else it is behind "More…", and above the words
    embed = discord.Embed(colour=_colour(card.colour))
    if card.is_small:
        gist = line(card.title, 300) or dotted(*(line(fact, 100) for fact in card.facts))
        embed.description = dotted(gist, "" if way else _masked(card.link)) or "·"
    else:
        host = card.link.host if card.link else ""
        _author(embed, dotted(card.author or card.source, host), card.link)
        embed.title = line(card.title, _NAME) or None
        embed.description = quoted(card.quote, _QUOTE, _QUOTE_ESCAPED) if card.quote else None
        hidden = HIDDEN if card.quote and card.quote.had_hidden else ""
        _field(embed, "Why", _told(*card.why))  # of its own: three beside each other are too narrow for sentences
        _field(embed, "Facts", _told(*card.facts, hidden), is_beside=True)
        _field(embed, "Seen", _moment(card), is_beside=True)
    _field(embed, "Note", _told(card.note))
    if footer:
        embed.set_footer(text=footer)
    return _posted(push_text(card), (embed,), [[*buttons, *way]])


def _heading(card: Card) -> str:
    """🔴 #142 urgent · open · birds · Author · due in 2 h"""
    begin = " ".join(part for part in (line(card.dot, 16), f"#{card.case}", line(card.priority, 40)) if part)
    return dotted(begin, line(card.status, 200), line(card.source, 80), line(card.author, 120), line(card.due, 80))


def _moment(card: Card) -> str:
    """How long ago; each reader's client counts."""
    return f"<t:{int(card.seen_at.timestamp())}:R>"


def _draft(draft: DraftCard, footer: str) -> Message:
    way = _way(draft.link)
    link = "" if way else _masked(draft.link)
    blocks, is_all = fenced(draft.text, _DRAFT - len(link), DESCRIPTION)
    embeds = [discord.Embed(colour=_colour(draft.colour), description=block or None) for block in blocks or [""]]
    _author(embeds[0], draft.target, None)  # the customer's name stands in it, and it may be that of another site
    if footer:
        embeds[0].set_footer(text=footer)
    beware = (HIDDEN if draft.text.had_hidden else "", "" if is_all else "this is not all of the text")
    _field(embeds[-1], "Note", dotted(line(draft.note, 350), *beware))
    _field(embeds[-1], "Link", link)
    return _posted(push_text(draft), embeds, rows_of([*acts(draft.buttons[:_CARD_BUTTONS]), *way]))


def _notice(notice: Notice, look: Look, shared: str, key: str) -> Message:
    user = _id(look.mention(notice.ping)) if notice.ping else ""
    role = _id(look.role(notice.group)) if notice.group else ""
    called = (
        *_called(notice.ping, f"<@{user}>" if user else ""),
        *_called(notice.group, f"<@&{role}>" if role else ""),
    )
    words = " ".join((*called, push_text(notice)))
    items = acts(notice.buttons[:WIDTH])
    return Message(
        _lines(words, small(escape(shared)), _mark(key)),
        view=view_of(rows_of(items)),
        user_pings=(user,) if user else (),
        role_pings=(role,) if role else (),
        carried=carried_by(items),
    )


def _called(name: str, ping: str) -> tuple[str, ...]:
    """Whom it concerns: notified where Discord knows her, else by name."""
    if not name:
        return ()
    return (ping or line(f"@{name.removeprefix('@')}", 80),)


def _screen(screen: Screen, look: Look, shared: str, key: str) -> Message:
    chart = screen.chart if look.has_pictures else None
    head = [ours(screen.chart.alt, _INTRO)] if screen.chart and not chart else []
    footer = _footer(shared, key)
    listed = listing(screen, head, EMBEDS - measure(footer))
    colour = _colour(screen.rows[0].colour if screen.rows else "grey")
    embeds = [discord.Embed(colour=colour, description=words) for words in listed.descriptions]
    if chart is not None:
        embeds = embeds or [discord.Embed(colour=colour)]
        embeds[-1].set_image(url=f"attachment://{PICTURE}")
    if not embeds:
        return _posted(_lines(push_text(screen), small(escape(shared)), _mark(key)), (), listed.buttons)
    if footer:
        embeds[0].set_footer(text=footer)
    return _posted(push_text(screen), embeds, listed.buttons, chart)


def _posted(
    content: str, embeds: Sequence[discord.Embed], rows: Sequence[Sequence[Item]], chart: Chart | None = None
) -> Message:
    items = [item for row in rows for item in row]
    return Message(content, tuple(embeds), view_of(rows), chart, carried=carried_by(items))


def _colour(name: str) -> int:
    return COLOURS.get(name, COLOURS["grey"])


def _author(embed: discord.Embed, words: str, link: Link | None) -> None:
    """The line above all, which is no markdown, and where it leads."""
    name = one_line(words, _NAME)
    url = address(link.url) if link else ""
    if name:
        embed.set_author(name=name, url=url if url and len(url) <= _URL else None)


def _field(embed: discord.Embed, name: str, value: str, *, is_beside: bool = False) -> None:
    if value:
        embed.add_field(name=name, value=value, inline=is_beside)


def _told(*facts: str) -> str:
    return line(" · ".join(fact for fact in facts if fact.strip()), _FACTS)


def _way(link: Link | None) -> list[Item]:
    """The button that opens a link, where Discord takes it."""
    button = leading(link.label, address(link.url)) if link else None
    return [button] if button else []


def _masked(link: Link | None) -> str:
    return masked(link.label, link.host, link.url) if link else ""


def _id(told: str) -> str:
    return told if told.isascii() and told.isdigit() else ""


def _footer(shared: str, key: str) -> str:
    return " · ".join(part for part in (shared, f"ref {reference(key)}" if key else "") if part)


def _mark(key: str) -> str:
    return small(f"ref {reference(key)}") if key else ""


def _lines(*lines: str) -> str:
    return "\n".join(each for each in lines if each)
