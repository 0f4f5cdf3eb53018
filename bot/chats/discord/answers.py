"""Where an answer goes: back to the one who asked, privately, in the place where she asked.

An answer is drawn before Discord is told anything (`drawn`), and then goes the one way that is still open (`give`): as
the first answer to her click, in the place of "Earshot is thinking…", or after it. A form can only be the first answer;
later it is offered as a button. What a card shows by itself is not said as well.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import discord

from bot.chats.discord.codes import ACT, Pressed
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.forms import modal
from bot.chats.discord.incoming import Incoming
from bot.chats.discord.items import acts, carried_by
from bot.chats.discord.layouts import CANCEL, confirm_message, more_message, screen_message, words_message
from bot.chats.discord.offers import Offers
from bot.chats.discord.papers import Attached, Paper, editing, picture, posting, private, with_files
from bot.chats.discord.render import CONTENT, Look, Message, text_only
from bot.chats.discord.shares import Shares
from bot.chats.discord.trouble import CUT, NETWORK, in_short, is_answered, is_too_late, is_unreadable
from bot.chats.discord.wording import fenced, ours
from bot.chats.wording import cut
from handlers.cards import Button, Link, Screen
from handlers.forms import Form
from handlers.requests import Reply, Request
from handlers.rules.text import Text

log = logging.getLogger(__name__)

# What a message of a kind shows by itself once it was done, so that words would say it twice.
_ON_CARD = frozenset({"assign", "claim", "escalate", "irrelevant", "release", "reopen", "resolve", "sent", "snooze"})
_SHOWN = {
    "case": _ON_CARD,
    "digest": _ON_CARD,
    "draft": frozenset({"approve", "draft", "reject", "send", "sent"}),
}
_THINKING = discord.InteractionResponseType.deferred_channel_message
_UPDATING = discord.InteractionResponseType.deferred_message_update
_MESSAGE = discord.InteractionResponseType.channel_message
_TURNED = discord.InteractionResponseType.message_update
_MODAL = discord.InteractionResponseType.modal
_OPEN = "Open the form"
_CANCELLED = "Nothing was done."
_NO_FORM = "Discord could not show this form. An admin finds more in the log of Earshot."
_NO_ANSWER = "This was done, but Discord could not show the answer."
_NO = f"{ACT}|{CANCEL}"
_WHY, _TYPED = 400, 3_000  # characters
_WORTH_COPYING = 10  # characters
_MIB = 1024 * 1024


class Redraws(Protocol):
    """The chat that redraws our messages."""

    def answers(self, ref: str, interaction: discord.Interaction[Any]) -> None:
        """Somebody clicked this message just now, and Discord was told that it changes: its next redraws may go through
        the interaction.
        """


@dataclass(frozen=True, slots=True)
class Drawn:
    """An answer that is ready. Without paper and form there is nothing to say; `replaces`: it stands in the place of
    the answer that was clicked. `words` are what it says where it has no more than that.
    """

    paper: Paper | None = None
    form: Form | None = None
    screen: Screen | None = None
    words: str = ""
    replaces: bool = False


class Answers:
    """Gives replies. What Discord does to them ends in the log, and raises nothing."""

    def __init__(
        self, desk: DiscordDesk, shares: Shares, offers: Offers, look: Callable[[], Look], chat: Redraws | None
    ) -> None:
        self._desk = desk
        self._shares = shares
        self._offers = offers
        self._look = look
        self._chat = chat

    # Drawing

    async def drawn(self, incoming: Incoming, reply: Reply, request: Request) -> Drawn:
        """A reply as it will be shown. All that the store and the pictures have to say is asked for here."""
        if reply.is_repeat and incoming.on != "command":
            return Drawn()
        if reply.form is not None:
            return Drawn(self._offer(incoming, reply, reply.form), reply.form)
        if await self._is_seen(incoming, reply, request):
            return Drawn()
        answer_id = "" if incoming.is_direct else self._shares.hold(incoming.user, reply)
        drawn = await self._as_paper(incoming, reply, answer_id)
        return replace(drawn, replaces=_turns(incoming, reply, request) or is_question(incoming))

    def words(self, words: str, *buttons: Button, is_error: bool = True) -> Drawn:
        """Sentences of ours."""
        return Drawn(Paper(words_message(words, is_error=is_error, buttons=buttons)), words=words)

    def cancelled(self) -> Drawn:
        """She said no to a question."""
        return Drawn(Paper(words_message(_CANCELLED)), replaces=True)

    def typed_back(self, words: str, typed: Sequence[str], *buttons: Button) -> Drawn:
        """Why a form was not taken, and the longest that was typed in it, to be copied."""
        text = max(typed, key=len, default="")
        if len(text.strip()) < _WORTH_COPYING:
            return self.words(words, *buttons)
        message = words_message(cut(words, _WHY), is_error=True)
        parts, is_whole = fenced(Text(text, is_cut=False), _TYPED, _TYPED)
        items = acts(buttons)
        if message.view is not None:
            message.view.add_item(discord.ui.TextDisplay("\n".join(parts)))
            if items:
                message.view.add_item(discord.ui.ActionRow(*items))
        whole = () if is_whole else (Attached("your-text.txt", text.encode("utf-8", "replace")),)
        return Drawn(with_files(replace(message, carried=carried_by(items)), b"", *whole), words=words)

    def form(self, incoming: Incoming, form: Form) -> Drawn:
        """A form that was promised."""
        return Drawn(self._offer(incoming, Reply(), form), form)

    def question(self, pressed: Pressed) -> Drawn:
        """What is asked before it is done."""
        return Drawn(Paper(confirm_message(pressed)))

    def more(self, words: str, buttons: Sequence[Button], link: Link | None = None) -> Drawn:
        """What had no room on the message that was clicked."""
        return Drawn(Paper(more_message(words, buttons, link)))

    async def share(self, incoming: Incoming, answer_id: str) -> Drawn:
        """Show an answer to everybody; her own copy loses its button."""
        shared, why_not = await self._shares.share(incoming, answer_id)
        if why_not:
            return self.words(why_not)
        if shared is None or not incoming.is_private:
            return Drawn()
        return replace(await self._as_paper(incoming, replace(shared, file=None), ""), replaces=True)

    async def _as_paper(self, incoming: Incoming, reply: Reply, answer_id: str) -> Drawn:
        words, files = reply.words, tuple[Attached, ...]()
        if reply.file is not None:
            content, limit = reply.file.text.encode("utf-8", "replace") or b"\n", incoming.interaction.filesize_limit
            if len(content) > limit:
                words = f"{words} {_too_large(reply.file.name, len(content), limit)}".strip()
            else:
                files = (Attached(reply.file.name, content),)
        if (screen := reply.screen) is None:
            said = words or ("Here it is." if files else "Done.")
            message = words_message(said, is_error=reply.is_error, answer_id=answer_id)
            return Drawn(with_files(message, b"", *files), words="" if files else said)
        if words.strip():
            screen = replace(screen, intro=f"{words}\n{screen.intro}".strip())
        png = await picture(self._desk, screen.chart)
        look = replace(self._look(), has_pictures=bool(png))
        return Drawn(with_files(screen_message(screen, look, answer_id), png, *files), screen=screen)

    def _offer(self, incoming: Incoming, reply: Reply, form: Form) -> Paper:
        """A form, where none can be opened any more, as a button."""
        errors = " ".join(sentence for _, sentence in form.errors)
        words = " ".join(part for part in (reply.words, errors, "This is done in a form: open it.") if part)
        button = self._offers.button(_OPEN, incoming.user, form)
        return Paper(words_message(words, is_error=reply.is_error or bool(errors), buttons=(button,)))

    async def _is_seen(self, incoming: Incoming, reply: Reply, request: Request) -> bool:
        """Whether the message that was clicked says it: then words would say it twice."""
        if reply.is_error or reply.screen or reply.file or reply.is_hers_alone or not incoming.ref:
            return False
        kind = (await self._desk.subject_at("discord", incoming.ref)).partition(":")[0]
        return request.verb in _SHOWN.get(kind, ())

    # Giving

    async def give(self, incoming: Incoming, drawn: Drawn) -> None:
        """Show it."""
        try:
            await self._give(incoming, drawn)
        except NETWORK as error:
            if is_unreadable(error):
                await self._plainly(incoming, drawn, error)
            else:
                await self._not_given(incoming, drawn, error)
        except discord.InteractionResponded:
            log.info("an interaction was answered before", extra=incoming.ids)

    async def tell(self, incoming: Incoming, words: str) -> None:
        """A sentence of ours, to her alone, that says why not."""
        await self.give(incoming, self.words(words))

    async def wait(self, incoming: Incoming) -> None:
        """Tell Discord that an answer comes later."""
        response = incoming.interaction.response
        if response.is_done():
            return
        try:
            if incoming.message:
                await _first(incoming, response.defer, _UPDATING)
            else:
                await _first(incoming, lambda: response.defer(ephemeral=True, thinking=True), _THINKING)
        except (*NETWORK, discord.InteractionResponded) as error:
            log.warning("Discord could not be told to wait: %s", in_short(error), extra=incoming.ids)

    async def _give(self, incoming: Incoming, drawn: Drawn) -> None:
        interaction, paper = incoming.interaction, drawn.paper
        response = interaction.response
        if drawn.form is not None and not response.is_done() and incoming.on != "form":
            await self.open(incoming, drawn.form)
            return
        if paper is None:
            await self._nothing(incoming)
            return
        if paper.message.carried:
            await self._desk.carry(paper.message.carried)
        if drawn.replaces and _can_turn(incoming, paper):
            await self._turn(incoming, paper)
        elif not response.is_done():
            await _first(incoming, lambda: response.send_message(**private(paper)), _MESSAGE)
        elif response.type is _THINKING:
            await interaction.edit_original_response(**editing(paper))
        else:
            await interaction.followup.send(**private(paper))
            self._is_redrawn(incoming)

    async def open(self, incoming: Incoming, form: Form) -> None:
        """Show a form as the first answer. Each opening is a form of its own, so that Discord fills in nothing old and
        the same words submitted twice are known. Raises what discord.py does.
        """
        shown, carried = modal(replace(form, hidden=(*form.hidden, (_OPENED, f"{incoming.interaction.id:x}"))))
        if carried:
            await self._desk.carry(carried)
        shown.stop()  # it is read by its custom id; discord.py would keep it until its end
        await _first(incoming, lambda: incoming.interaction.response.send_modal(shown), _MODAL)

    async def _turn(self, incoming: Incoming, paper: Paper) -> None:
        if incoming.interaction.response.is_done():
            await incoming.interaction.edit_original_response(**editing(paper))
        else:
            await _first(incoming, lambda: incoming.interaction.response.edit_message(**editing(paper)), _TURNED)

    async def _nothing(self, incoming: Incoming) -> None:
        """The message that was clicked says it."""
        await self.wait(incoming)
        if incoming.interaction.response.type is _THINKING:
            await incoming.interaction.delete_original_response()
        self._is_redrawn(incoming)

    def _is_redrawn(self, incoming: Incoming) -> None:
        """Where the interaction's own message is the one that was clicked; else the redraw would hit the answer."""
        if self._chat is not None and incoming.ref and incoming.interaction.response.type is _UPDATING:
            self._chat.answers(incoming.ref, incoming.interaction)

    # What Discord does not take

    async def _plainly(self, incoming: Incoming, drawn: Drawn, error: Exception) -> None:
        """Discord could not read what we have drawn: words alone."""
        log.error("Discord could not read an answer: %s", in_short(error), extra=incoming.ids)
        if drawn.screen is not None:
            plain = Paper(text_only(drawn.screen, ""))
        else:
            plain = Paper(Message(_NO_FORM if drawn.form is not None else _NO_ANSWER))
        try:
            await self._give(incoming, Drawn(plain))
        except (*NETWORK, discord.InteractionResponded) as second:
            await self._not_given(incoming, drawn, second)

    async def _not_given(self, incoming: Incoming, drawn: Drawn, error: Exception) -> None:
        """It cannot be said here any more. What is only words is then said directly."""
        if is_answered(error):
            log.info("an interaction was answered before", extra=incoming.ids)
            return
        log.warning("an answer was not given in Discord: %s", in_short(error), extra=incoming.ids)
        if not (is_too_late(error) or isinstance(error, CUT)) or not drawn.words:
            return
        try:
            await incoming.interaction.user.send(**posting(Paper(Message(ours(drawn.words, CONTENT)))))
        except NETWORK as second:
            log.warning("nor was it given directly: %s", in_short(second), extra=incoming.ids)


_OPENED = "_"


async def _first(
    incoming: Incoming, call: Callable[[], Awaitable[object]], kind: discord.InteractionResponseType
) -> None:
    """The first answer to what she did. Where the line is cut it is given once more: Discord takes one alone, and says
    so of the second.
    """
    try:
        await call()
    except CUT as cut_off:
        log.info("an answer is given again: %s", in_short(cut_off), extra=incoming.ids)
        try:
            await call()
        except (discord.HTTPException, discord.InteractionResponded) as error:
            if not is_answered(error):
                raise
            incoming.interaction.response._response_type = kind  # the library does not know that it arrived


def unmarked(values: Mapping[str, str]) -> dict[str, str]:
    """Without what only tells one opening of a form from another."""
    return {name: value for name, value in values.items() if name != _OPENED}


def _can_turn(incoming: Incoming, paper: Paper) -> bool:
    """Only what she alone sees is replaced, never a card. A message of layouts stays one for ever."""
    clicked = incoming.interaction.message
    return clicked is not None and incoming.is_private and (paper.is_layout or not clicked.flags.components_v2)


def _turns(incoming: Incoming, reply: Reply, request: Request) -> bool:
    """Whether the clicked answer is to be replaced: its own pages do that, a case's buttons do not."""
    return incoming.on == "ephemeral" and reply.screen is not None and "case" not in request.values


def is_question(incoming: Incoming) -> bool:
    """Whether what was clicked asked her whether she is sure."""
    message = incoming.interaction.message
    if message is None or not incoming.is_private:
        return False
    rows = (one for one in message.components if isinstance(one, discord.ActionRow))
    return any(getattr(item, "custom_id", "") == _NO for row in rows for item in row.children)


def _too_large(name: str, size: int, limit: int) -> str:
    return (
        f"{name} has {size / _MIB:.1f} MB, and Discord takes {limit / _MIB:.0f} MB here. Ask for a shorter time, or get"
        " it on the page in your browser."
    )
