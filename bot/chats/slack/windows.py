"""Modals on a person's screen: opened by the permission that her click gave us, filled later, turned to a next page."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chats.after import patiently
from bot.chats.slack.codes import Where
from bot.chats.slack.incoming import Incoming
from bot.chats.slack.render import Look, nothing
from bot.chats.slack.views import form_view, loading_view, read_view, screen_view, words_view
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.ports import ChatError
from handlers.requests import Reply

log = logging.getLogger(__name__)

View = dict[str, Any]
Draw = Callable[[Look], View]  # a modal that can be drawn in more ways than one

# After these a modal is tried once more with the older blocks.
_BAD_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "invalid_arguments")


@dataclass(frozen=True, slots=True)
class Opened:
    """A modal of a user, as it was when it was opened. Without a hash it is drawn over whatever stands there."""

    view_id: str
    hash: str
    user: str = ""


class Windows:
    """Never raises for what Slack does: what could not be opened is told in another way. `look` says how to draw for a
    user.
    """

    def __init__(self, wire: Wire, look: Callable[[str], Look]) -> None:
        self._wire = wire
        self._look = look

    def drawn(self, draw: Draw, user: str) -> View:
        """A modal as the team wants to see them; for an acknowledgement, after which Slack tells no errors."""
        return draw(self._look(user))

    async def show(self, incoming: Incoming, draw: Draw) -> Opened | None:
        """Open a modal, on top of the one she is in; None if that cannot be. The permission lasts for three seconds."""
        view = await self._show(incoming, draw) if incoming.trigger else None
        return None if view is None else Opened(str(view.get("id", "")), str(view.get("hash", "")), incoming.user)

    async def load(self, incoming: Incoming) -> Opened | None:
        """Open a modal that will be filled; None if Slack does not let us."""
        return await self.show(incoming, lambda look: loading_view(where_of(incoming), look))

    async def fill(self, opened: Opened, draw: Draw) -> bool:
        """Put something else into a modal; whether it was still there. A newer change of hers stays."""
        version = {"hash": opened.hash} if opened.hash else {}

        async def update(view: View) -> Any:
            return await patiently(
                lambda: self._wire.call("views.update", view_id=opened.view_id, view=view, **version)
            )

        try:
            await self._try(draw, update, opened.user)
        except SlackRefused as error:
            log.info("a modal could not be filled: %s", error)
            return error.code == "hash_conflict"
        except ChatError as error:
            log.info("a modal could not be filled: %s", error)
            return False
        return True

    async def _show(self, incoming: Incoming, draw: Draw) -> Mapping[str, Any] | None:
        method = "views.push" if incoming.on == "modal" else "views.open"
        try:
            told = await self._try(
                draw, lambda view: self._wire.call(method, trigger_id=incoming.trigger, view=view), incoming.user
            )
        except ChatError as error:
            log.info("no modal could be opened: %s", error, extra=incoming.ids)
            return None
        found = told.get("view")
        return found if isinstance(found, Mapping) else {}

    async def _try(self, draw: Draw, send: Callable[[View], Awaitable[Any]], user: str) -> Any:
        """With the newest kinds of blocks that Slack takes, at last without a picture."""
        look = self._look(user)
        plainer = replace(look, is_classic=True, picture=nothing)
        for tried in dict.fromkeys((look, replace(look, is_classic=True))):
            try:
                return await send(draw(tried))
            except SlackRefused as error:
                if error.code not in _BAD_BLOCKS or draw(tried) == draw(plainer):
                    raise
                log.warning("Slack refused the blocks of a modal: %s", error)
        return await send(draw(plainer))


def view_of(reply: Reply, where: Where) -> Draw:
    """A reply as a modal."""
    if (form := reply.form) is not None:
        return lambda look: form_view(form, where, look)
    if (screen := reply.screen) is not None:
        return lambda look: screen_view(screen, where, look)
    return lambda look: words_view("Not done" if reply.is_error else "Done", reply.words, where, look)


def opened_of(incoming: Incoming) -> Opened:
    """The modal that something was done in, as it was then."""
    return Opened(str(incoming.view.get("id", "")), str(incoming.view.get("hash", "")), incoming.user)


def where_of(incoming: Incoming) -> Where:
    """Where answers go that come out of a modal opened by this."""
    if incoming.on == "modal":
        submitted = read_view(incoming.view)
        return submitted.where if submitted else Where()
    return Where(incoming.channel, incoming.thread, incoming.message if incoming.on == "message" else "")
