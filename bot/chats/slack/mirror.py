"""Reactions that repeat a card's state, for search and for phones: 👀 is somebody's, ✅ is done.

They are made beside the outbox, one after another: the card itself already tells the truth, so nothing waits for them.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from bot.chats.slack.wire import SlackRefused, Wire
from handlers.ports import ChatBusy, ChatDoubtful, ChatError, ChatMessageGone

log = logging.getLogger(__name__)

REACTIONS = {"taken": "eyes", "done": "white_check_mark"}
REMEMBERED = 1_000  # messages
_PATIENCE = 3  # attempts when answers are lost
_REST = 5.0  # seconds between them


class Mirror:
    """`expects(ref)` is called after a reaction was added: Slack will tell us of it."""

    def __init__(
        self,
        wire: Wire,
        expects: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wire = wire
        self._expects = expects
        self._sleep = sleep
        self._stands: OrderedDict[str, str] = OrderedDict()  # the mark at a message; none is known after a restart
        self._wanted: OrderedDict[str, str] = OrderedDict()
        self._work: asyncio.Task[None] | None = None
        self._last_trouble = ""

    def is_new(self, ref: str) -> None:
        """A message was just posted: nothing stands at it."""
        self._note(ref, "")

    def want(self, ref: str, mark: str) -> None:
        """Show this mark soon; of several for one message the last counts."""
        self._wanted[ref] = mark
        while len(self._wanted) > REMEMBERED:
            self._wanted.popitem(last=False)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._catch_up(), name="slack reactions")

    async def done(self) -> None:
        """Returns when everything that is wanted stands, or was given up; for tests and tools."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])

    async def _catch_up(self) -> None:
        lost = 0
        while self._wanted and not self._wire.is_closed:
            ref, mark = next(iter(self._wanted.items()))
            try:
                await self._set(ref, mark)
            except ChatBusy as error:
                await self._sleep(error.retry_after)
                continue
            except ChatDoubtful:
                lost += 1
                if lost < _PATIENCE:
                    await self._sleep(_REST)
                    continue
            except ChatMessageGone:
                pass
            except ChatError as error:
                self._say(str(error))
            except Exception:
                log.exception("reactions")
            lost = 0
            if self._wanted.get(ref) == mark:
                del self._wanted[ref]

    async def _set(self, ref: str, mark: str) -> None:
        before = self._stands.pop(ref, None)  # not known until all is done
        wanted = REACTIONS.get(mark, "")
        if wanted and mark != before and await self._react("reactions.add", ref, wanted):
            self._expects(ref)
        for other, name in REACTIONS.items():
            if other != mark and before in (None, other):
                await self._react("reactions.remove", ref, name)
        self._note(ref, mark)

    async def _react(self, method: str, ref: str, name: str) -> bool:
        """Whether it changed something."""
        channel, _, ts = ref.partition(":")
        try:
            await self._wire.call(method, channel=channel, timestamp=ts, name=name)
        except SlackRefused as error:
            if error.code in ("already_reacted", "no_reaction"):
                return False
            raise
        return True

    def _note(self, ref: str, mark: str) -> None:
        self._stands[ref] = mark
        self._stands.move_to_end(ref)
        while len(self._stands) > REMEMBERED:
            self._stands.popitem(last=False)

    def _say(self, trouble: str) -> None:
        """Once for each trouble, however many cards it is about."""
        if trouble != self._last_trouble:
            log.warning("a reaction was not set: %s", trouble)
        self._last_trouble = trouble
