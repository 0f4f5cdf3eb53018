"""The named places at which the program is killed, and what is at stake at each.

Nothing in the program knows of them. `arm` wraps two functions of it, by name, in the process that is to die: after
`since` was begun, the next passing of `spot` in the same task or thread is a passing of the point. At the nth one the
process kills itself with SIGKILL, before `spot` or after it.
"""

import functools
import importlib
import inspect
import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

COMMIT = "storage.sqlite:SqliteEngine._commit"
ANSWER = "aiohttp.client_reqrep:ClientResponse.start"  # a request was written, and its answer is awaited
UPDATES = (
    "bot.chats.local.adapter:LocalChatAdapter.update",
    "tests.prove.far_chat:FarChat.update",
    "bot.chats.slack.adapter:SlackChat.update",
    "bot.chats.discord.adapter:DiscordChat.update",
)
FINDS = tuple(name.replace(".update", ".find") for name in UPDATES)
POSTS = tuple(name.replace(".update", ".post") for name in UPDATES)


@dataclass(frozen=True)
class Point:
    """`stage` is where it is passed: alerts (any home), threads (Discord), clock (days go by), first (an empty file),
    end (while it stops). `when` is before or after `spot`."""

    name: str
    stake: str
    when: str
    spot: tuple[str, ...]
    since: tuple[str, ...] = ()
    stage: str = "alerts"


def _point(
    name: str, stake: str, when: str, spot: str | tuple[str, ...], since: str | tuple[str, ...] = (), stage: str = ""
) -> Point:
    spots, begun = (spot,) if isinstance(spot, str) else spot, (since,) if isinstance(since, str) else since
    return Point(name, stake, when, spots, begun, stage or "alerts")


_TAKE_IN = "handlers.intake:take_in"
_ACT = "bot.app:dispatch"
_SENDING, _SENT = "storage.deliveries:Deliveries.sending", "storage.deliveries:Deliveries.sent"
_BRIEFING, _DIGEST = "handlers.jobs.briefing:run", "handlers.jobs.digest:run"
_TICK = tuple(f"handlers.jobs.{job}:run" for job in ("escalate", "overdue", "remind"))
_STATEMENT, _LAST_CALLS = "sqlite_utils.db:Database.execute", "bot.deliver:Deliverer.stop"
_OPEN = "bot.bridge:Bridge.start"
_THREAD = "bot.chats.discord.threads:Threads._make"

POINTS = (
    _point("page-unstored", "A page is read and not stored: it is read again", "before", COMMIT, _TAKE_IN),
    _point("page-stored", "A page is stored and no card is posted: the outbox has them", "after", COMMIT, _TAKE_IN),
    _point("post-unmarked", "A card is due and not marked as on its way", "before", _SENDING),
    _point("post-marked", "A card is marked as on its way and nothing was called", "after", _SENDING),
    _point("post-drawn", "A card is drawn and the chat is about to be called", "before", POSTS),
    _point("post-asked", "The chat has the card, and its answer is on the way", "before", ANSWER, POSTS),
    _point("post-answered", "The chat has answered, and nobody noted it", "after", POSTS),
    _point("sent-unstored", "What became of a card is about to be committed", "before", COMMIT, _SENT),
    _point("sent-stored", "What became of a card is committed, the next one waits", "after", COMMIT, _SENT),
    _point("redraw-asked", "A card is being redrawn, and the answer is on the way", "before", ANSWER, UPDATES),
    _point("redraw-answered", "A card is redrawn, and nobody noted it", "after", UPDATES),
    _point("search-begun", "A lost card is about to be looked for", "before", FINDS),
    _point("search-ended", "A lost card was looked for, and nobody noted what came of it", "after", FINDS),
    _point("act-unstored", "An act is done and not committed: nobody was told", "before", COMMIT, _ACT),
    _point("act-stored", "An act is committed, and the person was not told", "after", COMMIT, _ACT),
    _point("act-unanswered", "An act is done, and its card is about to be redrawn", "after", "bot.app:App.act"),
    _point("thread-asked", "A card's thread is being made in Discord", "before", ANSWER, _THREAD, "threads"),
    _point("thread-made", "A card's thread is made in Discord and empty", "after", _THREAD, (), "threads"),
    _point("briefing-unstored", "A briefing's slot is taken and not committed", "before", COMMIT, _BRIEFING, "clock"),
    _point("briefing-stored", "A briefing's slot is taken, and nothing is posted", "after", COMMIT, _BRIEFING, "clock"),
    _point("digest-unstored", "The night's message is asked for and not committed", "before", COMMIT, _DIGEST, "clock"),
    _point("digest-stored", "A night's message is asked for, and not posted", "after", COMMIT, _DIGEST, "clock"),
    _point("tick-unstored", "Cases became overdue, and that is not committed", "before", COMMIT, _TICK, "clock"),
    _point("tick-stored", "Cases became overdue, and nobody was called", "after", COMMIT, _TICK, "clock"),
    _point("schema-unfinished", "The schema of an empty file is half made", "before", _STATEMENT, (), "first"),
    _point("start-unfinished", "The file is open, and nothing listens yet", "after", _OPEN, (), "first"),
    _point("end-begun", "It was told to stop", "before", "bot.app:App.stop", (), "end"),
    _point("end-delivered", "Calls on their way are finished, the file is open", "after", _LAST_CALLS, (), "end"),
    _point("end-closing", "The file is about to be closed", "before", "bot.bridge:Bridge.close", (), "end"),
)  # fmt: skip
BY_NAME = {point.name: point for point in POINTS}

_has_begun: ContextVar[bool] = ContextVar("has_begun", default=False)


def arm(name: str, nth: int) -> None:
    """This process dies at the nth passing of the point. Raises KeyError for a name that is none."""
    point, passed = BY_NAME[name], _Counter(nth)
    for place in point.since:
        _wrap(place, lambda: _has_begun.set(True), None)

    def is_there() -> bool:
        return not point.since or _has_begun.get()

    def passes() -> None:
        _has_begun.set(False)
        passed.one_more()

    for place in point.spot:
        if point.when == "before":
            _wrap(place, lambda: passes() if is_there() else None, None)
        else:
            _wrap(place, None, lambda: passes() if is_there() else None)


class _Counter:
    """Counts down to the end."""

    def __init__(self, left: int) -> None:
        self._left = left

    def one_more(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def found(place: str) -> tuple[Any, str, Callable[..., Any]]:
    """What holds a function, its name there, and the function. Raises ImportError, AttributeError."""
    module, _, path = place.partition(":")
    holder: Any = importlib.import_module(module)
    *ways, name = path.split(".")
    for way in ways:
        holder = getattr(holder, way)
    return holder, name, getattr(holder, name)


def _wrap(place: str, before: Callable[[], Any] | None, after: Callable[[], Any] | None) -> None:
    holder, name, wrapped = found(place)

    @functools.wraps(wrapped)
    def sync(*args: Any, **more: Any) -> Any:
        _ = before and before()
        outcome = wrapped(*args, **more)
        _ = after and after()
        return outcome

    @functools.wraps(wrapped)
    async def waiting(*args: Any, **more: Any) -> Any:
        _ = before and before()
        outcome = await wrapped(*args, **more)
        _ = after and after()
        return outcome

    setattr(holder, name, waiting if inspect.iscoroutinefunction(wrapped) else sync)
