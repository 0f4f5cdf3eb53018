"""What people type into a form and have not submitted yet: kept, so that closing the form, or our end, loses little.

Slack tells every few characters; what was typed last is written once in a while, and at once when the form is closed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from handlers.requests import Reply, Request

log = logging.getLogger(__name__)

_ENDED = 1_000  # modals that were submitted or closed, remembered so that a late word does not bring their text back


class Typed:
    """`write` keeps a text; of each modal it is called at most once in `every` seconds."""

    def __init__(self, write: Callable[[Request], Awaitable[Reply]], every: float) -> None:
        self._write = write
        self._every = every
        self._waiting: dict[str, Request] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    def heard(self, view_id: str, request: Request) -> None:
        """This stands in the form now."""
        if view_id in self._ended:
            return
        self._waiting[view_id] = request
        if view_id not in self._timers:
            self._timers[view_id] = asyncio.create_task(self._later(view_id))

    async def keep(self, view_id: str) -> None:
        """The form stays open and shows something else now: what is not written yet is written."""
        await self._write_now(view_id)

    async def closed(self, view_id: str) -> None:
        """The form was closed: what is not written yet is written now, and an older word that comes late is not."""
        self._end(view_id)
        await self._write_now(view_id)

    def submitted(self, view_id: str) -> None:
        """What was typed is being done: it is not kept any more, whatever Slack still tells."""
        self._waiting.pop(view_id, None)
        self._end(view_id)

    def _end(self, view_id: str) -> None:
        self._ended[view_id] = None
        self._ended.move_to_end(view_id)
        while len(self._ended) > _ENDED:
            self._ended.popitem(last=False)

    def came_back(self, view_id: str) -> None:
        """The submitted form is open still: it had an error, or asks for more."""
        self._ended.pop(view_id, None)

    async def close(self) -> None:
        """Write everything that waits."""
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*self._timers.values(), return_exceptions=True)
        for view_id in list(self._waiting):
            await self._write_now(view_id)

    async def _later(self, view_id: str) -> None:
        try:
            await asyncio.sleep(self._every)
        finally:
            del self._timers[view_id]
        await self._write_now(view_id)

    async def _write_now(self, view_id: str) -> None:
        request = self._waiting.pop(view_id, None)
        if request is None:
            return
        try:
            reply = await self._write(request)
        except Exception as error:
            log.error("what was typed into a form of Slack could not be kept", exc_info=error)
            return
        if reply.is_error:
            log.info("what was typed into a form of Slack was not kept", extra={"verb": request.verb})
