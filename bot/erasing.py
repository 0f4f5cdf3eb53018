"""Words that were taken away leave no byte behind: the file is written anew after an erasure, else about once a day."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from bot.bridge import Bridge
from storage.errors import StorageError
from storage.store import Store

log = logging.getLogger(__name__)

_EVERY = 2.0  # seconds
_TRIES = 300  # ten minutes
_LOOK = 900.0  # seconds
_EARLY, _LATE = timedelta(hours=18), timedelta(hours=24)  # since the last time
_CALM = timedelta(minutes=15)


async def leave_nothing(bridge: Bridge) -> None:
    """Write the file anew, once every message of the page was drawn anew: until then it holds what that showed."""
    for _ in range(_TRIES):
        if await _done(bridge, _is_clean):
            return
        await asyncio.sleep(_EVERY)
    log.warning("messages of the page that show erased words are not drawn anew yet; they are tried on")


async def leave_little(
    bridge: Bridge, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """The same about once a day, for words that their authors deleted, or that are kept no longer.

    Whoever works meanwhile is held up by it: from 18 hours on it waits for a quarter of an hour in which nobody does
    anything, and longer than 24 for nothing. When it was done last is not known at the start.
    """
    last, since = now() - _EARLY, now() - 2 * _LATE
    while True:
        await sleep(_LOOK)
        moment = now()
        if moment - last < _EARLY or not await bridge.read(partial(_has_gone, since=since)):
            continue
        is_late = moment - last >= _LATE
        if (is_late or await bridge.read(partial(_is_calm, since=moment - _CALM))) and await _done(bridge, _scrubbed):
            last = since = moment


async def _done(bridge: Bridge, work: Callable[[Store], bool]) -> bool:
    """Writing the file anew needs as much room again: without it these tasks must not end, it is tried on."""
    try:
        return await bridge.rewrite(work)
    except StorageError as error:
        log.warning("the file cannot be written anew now: %s", error)
        return False


def _is_clean(store: Store) -> bool:
    return store.deliveries.waiting_for("local") == 0 and store.engine.scrub()


def _has_gone(store: Store, since: datetime) -> bool:
    return store.erasures.has_gone_since(since)


def _is_calm(store: Store, since: datetime) -> bool:
    return not store.inbox.has_acts_since(since)


def _scrubbed(store: Store) -> bool:
    with store.transaction():
        store.mentions.clean_index()
    return store.engine.scrub()
