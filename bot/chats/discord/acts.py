"""What people do with a command, a button, a message's menu or a form: each is one Request to the desk.

The effect is committed and its answer drawn before Discord is answered, unless that takes long: then Discord is told
to wait. What fails here is raised.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

import discord

from bot.chats.discord.answers import Answers, Drawn, unmarked
from bot.chats.discord.codes import MORE, SHARE, Pressed, behind, kept_key, read_code
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.forms import Submitted, read_modal
from bot.chats.discord.incoming import Incoming, Posted, form_key, plain, read_posted
from bot.chats.discord.layouts import CANCEL
from bot.chats.discord.offers import OFFER, Offers, again, asked_by
from handlers.cards import Card
from handlers.completions import Choice
from handlers.requests import Reply, Request, takes_case

_OLD_BUTTON = "This button cannot be read any more. `/earshot queue` shows what is to be done."
_OLD_FORM = "This form cannot be read any more. Open it again."
_LONGEST_CASE = 12  # digits
_AGAIN, _CONTINUE = "Try again", "Continue"


class Places(Protocol):
    """Where we are in Discord, and what is called how there. Without a server we are only just starting."""

    @property
    def guild_id(self) -> int: ...

    async def decided(self, within: float, /) -> None: ...

    def channel_name(self, channel_id: int, /) -> str: ...

    def role_id(self, name: str, /) -> str: ...

    def user_id(self, member: str, /) -> str: ...


class Known(Protocol):
    """Whom we have met."""

    async def saw(self, user: discord.Member | discord.User, /) -> None:
        """She has just done something, and these are her roles."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """How long things may take, in seconds."""

    answer_within: float = 1.5  # then Discord is told to wait; it gives up after three
    close_within: float = 2.5


class Acts:
    """`failed` draws what a person reads when her form failed, and notes it."""

    def __init__(
        self,
        desk: DiscordDesk,
        directory: Places,
        people: Known,
        answers: Answers,
        offers: Offers,
        knobs: Knobs,
        failed: Callable[[Incoming, Exception], str],
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._people = people
        self._answers = answers
        self._offers = offers
        self._knobs = knobs
        self._failed = failed

    # What people do

    async def command(self, incoming: Incoming, verb: str, values: Mapping[str, str]) -> None:
        """/earshot, a verb and what was given for it."""
        await self._in_time(incoming, self._typed(incoming, verb, values))

    async def click(self, incoming: Incoming, custom_id: str) -> None:
        """A button."""
        await self._in_time(incoming, self._clicked(incoming, custom_id))

    async def track(self, incoming: Incoming, message: discord.Message) -> None:
        """Make a mention of any message: a form opens with what the message says."""
        await self._in_time(incoming, self._tracked(incoming, read_posted(message, incoming)))

    async def note(self, incoming: Incoming, message: discord.Message) -> None:
        """Keep a message in the diary of the case whose thread it stands in; elsewhere a form asks for the case."""
        await self._in_time(incoming, self._noted(incoming, read_posted(message, incoming)))

    async def submit(self, incoming: Incoming) -> None:
        """A form, also one that was open while the program began anew."""
        submitted = read_modal(_data(incoming))
        await self._in_time(incoming, self._submitted(incoming, submitted))

    async def suggest(self, incoming: Incoming, verb: str, argument: str, typed: str) -> Sequence[Choice]:
        """What fits to what is typed."""
        await self._people.saw(incoming.interaction.user)
        return await self._desk.complete(self._request(incoming, verb, {}), argument, typed)

    # What it comes to

    async def _in_time(self, incoming: Incoming, work: Coroutine[Any, Any, Drawn]) -> None:
        """Do it and answer; when it takes long, Discord is told to wait."""
        task = asyncio.ensure_future(work)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._knobs.answer_within):
                    await asyncio.shield(task)
            if not task.done():
                await self._answers.wait(incoming)
            await self._answers.give(incoming, await task)
        finally:
            task.cancel()  # where the program ends before it is done

    async def _done(self, incoming: Incoming, verb: str, values: Mapping[str, str], case: int | None = None) -> Drawn:
        await self._people.saw(incoming.interaction.user)
        request = self._request(incoming, verb, values, case)
        return await self._answers.drawn(incoming, await self._desk.act(request), request)

    async def _clicked(self, incoming: Incoming, custom_id: str) -> Drawn:
        pressed = await self._read(custom_id)
        if pressed is None:
            return self._answers.words(_OLD_BUTTON)
        if pressed.verb == CANCEL:
            return self._answers.cancelled()
        if pressed.verb == SHARE:
            await self._people.saw(incoming.interaction.user)
            return await self._answers.share(incoming, pressed.values.get("answer", ""))
        if pressed.verb == MORE:
            return await self._more(pressed)
        if pressed.verb == OFFER and (form := self._offers.form(incoming.user, pressed)) is not None:
            return self._answers.form(incoming, form)
        if pressed.verb == OFFER:
            pressed = asked_by(pressed)
        if pressed.confirm:
            return self._answers.question(pressed)
        return await self._done(incoming, pressed.verb, pressed.values, pressed.case)

    async def _more(self, pressed: Pressed) -> Drawn:
        """What had no room on the message; of a card, as the case stands now."""
        if pressed.values:
            return self._answers.more("What else?", behind(pressed))
        card = None if pressed.case is None else await self._desk.drawing_of(f"case:{pressed.case}")
        if not isinstance(card, Card):
            return self._answers.words(_OLD_BUTTON)
        words = "what else?" if card.menu else "there is nothing else to be done."
        return self._answers.more(f"#{card.case}: {words}", card.menu, card.link)

    async def _typed(self, incoming: Incoming, verb: str, values: Mapping[str, str]) -> Drawn:
        """In the thread of a case its number need not be typed."""
        case: int | None = None
        if incoming.thread and "case" not in values and takes_case(verb):
            case = await self._case_at(f"{incoming.channel}:{incoming.thread}")
        return await self._done(incoming, verb, values, case)

    async def _tracked(self, incoming: Incoming, posted: Posted) -> Drawn:
        if (case := await self._case_at(posted.ref)) is not None:
            return await self._done(incoming, "track", {}, case)
        words, url = self._words_of(incoming, posted), posted.link or posted.url
        values = {"text": "" if words == url else words, "url": url, "author": self._author_of(posted)}
        return await self._done(incoming, "track", values)

    async def _noted(self, incoming: Incoming, posted: Posted) -> Drawn:
        words = self._words_of(incoming, posted)
        if (case := await self._case_at(posted.card_ref)) is not None:
            return await self._done(incoming, "note", {"text": words, "thread": posted.card_ref}, case)
        if (case := await self._case_at(posted.ref)) is not None:
            return await self._done(incoming, "note", {}, case)
        return await self._done(incoming, "note", {"text": words})

    # Forms

    async def _submitted(self, incoming: Incoming, submitted: Submitted) -> Drawn:
        """Whatever comes of it, what was typed is not lost."""
        try:
            return await self._taken(incoming, submitted)
        except Exception as error:
            return self._answers.typed_back(self._failed(incoming, error), list(submitted.values.values()))

    async def _taken(self, incoming: Incoming, submitted: Submitted) -> Drawn:
        pressed = await self._read(submitted.custom_id)
        if pressed is None:
            return self._answers.typed_back(_OLD_FORM, list(submitted.values.values()))
        await self._people.saw(incoming.interaction.user)
        values = {**unmarked(pressed.values), **submitted.values}
        key = form_key(incoming, submitted.custom_id, submitted.values)
        request = replace(self._request(incoming, pressed.verb, values, pressed.case, key=key), is_form=True)
        if submitted.again:  # with its other fields the verb would be done, and not asked again
            await self._keep(request)
            request = self._request(incoming, pressed.verb, submitted.again, pressed.case)
        reply = await self._desk.act(request)
        if reply.is_error or (reply.form is not None and reply.form.errors):
            return await self._come_back(incoming, request, reply)
        if reply.form is not None:
            words = reply.words or f"{reply.form.title}: it goes on in the form."
            button = self._offers.button(_CONTINUE, incoming.user, reply.form, submitted.again)
            return self._answers.words(words, button, is_error=False)
        return await self._answers.drawn(incoming, reply, request)

    async def _come_back(self, incoming: Incoming, request: Request, reply: Reply) -> Drawn:
        """It was not taken: the sentence, what was typed, and the form filled with it."""
        await self._keep(request)
        form = reply.form
        if form is None:
            told = request.values.get("case", "")
            case = int(told) if told.isdecimal() and len(told) <= _LONGEST_CASE else None
            button = again(_AGAIN, request.verb, case, request.values)
            return self._answers.typed_back(reply.words, list(request.values.values()), button)
        button = self._offers.button(_AGAIN, incoming.user, form)
        words = " ".join(sentence for _, sentence in form.errors) or reply.words
        typed = [one.value for one in form.fields if one.kind in ("text", "long_text")]
        return self._answers.typed_back(words, typed, button)

    async def _keep(self, request: Request) -> None:
        """What was typed stays in the store, for when the form is opened again."""
        await self._desk.act(replace(request, is_closed=True, key=""))

    # What all of them share

    async def _read(self, custom_id: str) -> Pressed | None:
        key = kept_key(custom_id)
        return read_code(custom_id, await self._desk.carried(key) if key else "")

    def _request(
        self,
        incoming: Incoming,
        verb: str,
        values: Mapping[str, str],
        case: int | None = None,
        *,
        key: str | None = None,
    ) -> Request:
        told = dict(values) if case is None else {"case": str(case), **values}
        return Request(
            self._desk.policy().member_on("discord", incoming.user),
            verb,
            values=told,
            chat="discord",
            channel="" if incoming.is_direct else self._directory.channel_name(int(incoming.channel)),
            key=incoming.key if key is None else key,
            user_id=incoming.user,
            user_name=incoming.interaction.user.display_name,
        )

    async def _case_at(self, ref: str) -> int | None:
        kind, _, number = (await self._desk.subject_at("discord", ref) if ref else "").partition(":")
        return int(number) if kind == "case" and number.isdecimal() else None

    def _author_of(self, posted: Posted) -> str:
        """Who said it; nobody whom we know, when one of us passes on what a customer said."""
        is_of_us = self._desk.policy().member_on("discord", posted.author_id) is not None
        return "" if is_of_us else posted.author

    def _words_of(self, incoming: Incoming, posted: Posted) -> str:
        guild = incoming.interaction.guild

        def role(role_id: str) -> str:
            found = guild.get_role(int(role_id)) if guild is not None and role_id.isdecimal() else None
            return found.name if found else ""

        return plain(posted.text, self._member_named, self._channel_named, role)

    def _member_named(self, user_id: str) -> str:
        member = self._desk.policy().member_on("discord", user_id)
        return member.name if member else ""

    def _channel_named(self, channel_id: str) -> str:
        return self._directory.channel_name(int(channel_id)) if channel_id.isdecimal() else ""


def _data(incoming: Incoming) -> Mapping[str, Any]:
    found = incoming.interaction.data
    return dict(found) if found else {}
