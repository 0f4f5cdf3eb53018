"""Charts as pictures in Slack: uploaded once, shown by their file's id, and never waited for long.

A picture that was just uploaded is refused by Slack for a second or two, until it has looked through it. And who may
see it follows from where it stands: a message that shows it lets everybody see it who reads there, but an answer for
one person alone, and a modal, do not. So such an answer shows only what she was sent in her direct messages before;
while that is on its way, the answer tells the chart in words.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from bot.chats.desk import Desk
from bot.chats.slack.directory import Directory
from bot.chats.slack.files import SCOPE, finish, put
from bot.chats.slack.render import Look, chart_message, nothing
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.cards import Chart
from handlers.ports import ChatBusy, ChatError

log = logging.getLogger(__name__)

T = TypeVar("T")

FOR_POSTS = 2.0  # seconds that a message may wait for its picture
FOR_ANSWERS = 1.0
FOR_MODALS = 20.0  # which are open meanwhile
_REMEMBERED = 200  # charts
_REST = 30.0  # seconds without uploads after one that failed
_PATIENCE = 30.0  # seconds after which an upload is given up
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between tries, while Slack looks through a picture
_LONGEST_WAIT = 20.0  # seconds that Slack may ask us to wait
_NOT_READY = ("invalid_blocks", "invalid_blocks_format", "invalid_arguments")


@dataclass(slots=True)
class _Gift:
    """A picture on its way to one person. `begun_at` is the clock's."""

    task: asyncio.Task[bool]
    begun_at: float

    @property
    def is_hers(self) -> bool:
        return _result(self.task, False)


@dataclass(slots=True)
class _Picture:
    """One chart at Slack. `upload` ends with the file's id, "" if that failed."""

    upload: asyncio.Task[str]
    is_taken: bool = False  # Slack has shown it: it is ready
    gifts: dict[str, _Gift] = field(default_factory=dict)  # by user

    @property
    def file_id(self) -> str:
        return _result(self.upload, "")


class Pictures:
    """Keeps the latest pictures; after a restart they are uploaded again. Nothing here raises for what Slack does.

    `clock` counts seconds; `sleep` waits between tries.
    """

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        directory: Directory,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._desk = desk
        self._wire = wire
        self._directory = directory
        self._clock = clock
        self._sleep = sleep
        self._pictures: OrderedDict[Chart, _Picture] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rests_until = float("-inf")
        self._last_trouble = ""

    # What a drawing may show

    def id_of(self, chart: Chart) -> str:
        """The picture's file, once it is uploaded; for messages, which all who read them may see."""
        found = self._pictures.get(chart)
        return found.file_id if found else ""

    def seen_by(self, user: str, chart: Chart) -> str:
        """The picture's file, once this person has it herself; for what is shown to her alone."""
        found = self._pictures.get(chart)
        return found.file_id if found and user in found.gifts and found.gifts[user].is_hers else ""

    def is_coming(self, user: str, chart: Chart) -> bool:
        """Whether it is still on its way to her."""
        found = self._pictures.get(chart)
        return bool(found and user in found.gifts and not found.gifts[user].task.done())

    def looks(self, look: Look, chart: Chart | None) -> Iterator[Look]:
        """The ways to draw a message, the best first: one that Slack refuses may be taken without its new picture."""
        bare = replace(look, picture=nothing)
        if chart is None or not self.id_of(chart):
            yield from dict.fromkeys((bare, replace(bare, is_classic=True)))
            return
        shown = replace(look, picture=self.id_of)
        second = replace(shown, is_classic=True) if self._pictures[chart].is_taken else bare
        yield from dict.fromkeys((shown, second, replace(bare, is_classic=True)))

    def was_taken(self, chart: Chart) -> None:
        """Slack has taken a message with this picture."""
        if (found := self._pictures.get(chart)) is not None:
            found.is_taken = True

    # Getting it there

    async def upload(self, chart: Chart, within: float) -> None:
        """Have it uploaded, and wait at most `within` seconds for that."""
        if (found := self._picture(chart)) is not None:
            await asyncio.wait({found.upload}, timeout=within)

    async def give(self, chart: Chart, user: str, within: float) -> bool:
        """Have it sent to this person, once; whether she has it after at most `within` seconds."""
        found = self._picture(chart)
        if found is None or not user:
            return False
        gift = found.gifts.get(user)
        if gift is None or (gift.task.done() and not gift.is_hers and self._clock() >= gift.begun_at + _REST):
            task = self._begin(self._bring(found, partial(self._send, found, chart, user)))
            gift = found.gifts[user] = _Gift(task, self._clock())
        await asyncio.wait({gift.task}, timeout=within)
        return gift.is_hers

    def when_hers(self, chart: Chart, user: str, act: Callable[[], Awaitable[object]]) -> None:
        """Have it sent to this person, and call `act` when she has it."""
        self._begin(self._then(chart, user, act))

    async def _then(self, chart: Chart, user: str, act: Callable[[], Awaitable[object]]) -> None:
        if await self.give(chart, user, FOR_MODALS):
            await act()

    def bring_later(self, chart: Chart, show: Callable[[], Awaitable[None]]) -> None:
        """Call `show` when the picture is there, and again while Slack refuses it for not being ready."""
        if (found := self._picture(chart)) is not None:
            self._begin(self._bring(found, show))

    async def close(self) -> None:
        """End what is on its way; what was uploaded and never shown harms nobody."""
        left = set(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _picture(self, chart: Chart) -> _Picture | None:
        """The picture of a chart, its upload begun; None while there cannot be any."""
        found = self._pictures.get(chart)
        if found is not None and not (found.upload.done() and not found.file_id):
            self._pictures.move_to_end(chart)
            return found
        if self._clock() < self._rests_until or not self._may_upload():
            return None
        found = self._pictures[chart] = _Picture(self._begin(self._upload(chart)))
        self._pictures.move_to_end(chart)
        while len(self._pictures) > _REMEMBERED:
            self._pictures.popitem(last=False)
        return found

    def _may_upload(self) -> bool:
        if not self._wire.scopes or SCOPE in self._wire.scopes:
            return True
        self._say(f"the bot token lacks {SCOPE}; `earshot slack doctor` says what to do")
        return False

    async def _upload(self, chart: Chart) -> str:
        try:
            async with asyncio.timeout(_PATIENCE):
                file_id = await put(self._wire, "chart.png", await self._desk.picture(chart))
                await finish(self._wire, file_id, chart.title)
        except (ChatError, TimeoutError) as error:
            self._failed(str(error) or "it took too long")
            return ""
        except Exception as error:
            log.exception("a chart was not drawn")
            self._failed(type(error).__name__)
            return ""
        self._last_trouble = ""
        return file_id

    async def _bring(self, picture: _Picture, show: Callable[[], Awaitable[None]]) -> bool:
        """Whether it was shown."""
        if not await asyncio.shield(picture.upload):
            return False
        for pause in (*_PAUSES, None):
            wait = pause
            try:
                await show()
            except SlackRefused as error:
                if error.code not in _NOT_READY:
                    self._say(str(error))
                    return False
            except ChatBusy as busy:
                wait = None if pause is None or busy.retry_after > _LONGEST_WAIT else max(pause, busy.retry_after)
            except ChatError as error:  # also a doubt: nothing is said twice
                self._say(str(error))
                return False
            else:
                picture.is_taken = True
                return True
            if wait is None:
                break
            await self._sleep(wait)
        self._say("Slack does not take it")
        return False

    async def _send(self, picture: _Picture, chart: Chart, user: str) -> None:
        direct = await self._directory.direct_to(user)
        told = chart_message(chart, picture.file_id)
        quiet = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
        await self._wire.call("chat.postMessage", channel=direct, **quiet, **told)

    def _failed(self, why: str) -> None:
        self._rests_until = self._clock() + _REST
        self._say(why)

    def _say(self, trouble: str) -> None:
        """Once for each trouble, however many charts it is about."""
        if trouble != self._last_trouble:
            log.warning("a chart is not shown as a picture in Slack: %s", trouble)
        self._last_trouble = trouble

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name="slack picture")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _result(task: asyncio.Task[T], otherwise: T) -> T:
    """What a task came to; `otherwise` while it is not over, and when it was ended."""
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else otherwise
