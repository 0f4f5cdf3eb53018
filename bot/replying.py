"""Posts approved replies where a source can: each at most once, and whoever sent it off hears what came of it.

    due drafts, oldest first, one of each source at a time:
        commit the attempt > call the source > commit what came of it
    a draft whose attempt has no known outcome (crash, lost answer) waits until a reply must be visible; then it is
    looked for:
        found: sent        not found: tried again        cannot look: after an hour a person decides

After an attempt in doubt nothing is posted that was not looked for. The steps are those of `handlers/replies.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from bot.bridge import Bridge
from bot.errands import Errands
from bot.fetch import Lost
from handlers import replies
from handlers.context import Context
from handlers.ports import (
    FREE,
    Broken,
    Budget,
    Can,
    Page,
    Posted,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    ReplyWay,
    SignInFailed,
    Source,
    SourceError,
    Transient,
    reply_way,
)
from handlers.replies import Attempt
from storage.sources import LOOK
from storage.store import Store
from storage.types import Draft, Mention

log = logging.getLogger(__name__)

T = TypeVar("T")

CALL_TIMEOUT = 30.0  # seconds
_IDLE = 2.0  # seconds between looks when nothing rings
_LOOK_TIMEOUT = 10.0  # seconds, for a look at what is answered before it is
_LAST_CALLS = 3.0  # seconds that calls on their way get when the program stops


def way_of(sources: Mapping[str, Source], mention: Mention) -> ReplyWay:
    """How its source, as it is set up now, can answer a mention; by a person where there is none. Never raises."""
    source = sources.get(mention.source)
    if source is None:
        return reply_way(mention)
    try:
        return source.can_reply(mention)
    except Exception:
        log.exception("source %s cannot say how mention %d can be answered", mention.source, mention.id)
        return reply_way(mention)


class Replier(Errands[str]):
    """Runs until cancelled. `sources` are those that are on, `budget_of` what one may spend; `context` surrounds a
    store; `changed` is called when something may have to be told; `take` takes in what a source said of an item.
    """

    def __init__(
        self,
        bridge: Bridge,
        sources: Mapping[str, Source],
        context: Callable[[Store], Context],
        now: Callable[[], datetime],
        changed: Callable[[], None],
        budget_of: Callable[[Source], Budget] = lambda _: FREE,
        take: Callable[[Source, Page], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__("replies", now, idle=_IDLE, last_calls=_LAST_CALLS)
        self._bridge = bridge
        self._sources = sources
        self._context = context
        self._changed = changed
        self._budget_of = budget_of
        self._take = take

    async def start_due(self) -> bool:
        """Start a task for each source with something due; whether there was any."""
        if self._is_stopping:
            return False

        def look(store: Store) -> list[tuple[str, Draft]]:
            ctx = self._context(store)
            return [(replies.source_of(ctx, draft), draft) for draft in store.drafts.due(ctx.now)]

        started = False
        for name, draft in await self._bridge.read(look):
            if name not in self._busy and not self._rests(name):
                self._begin(name, self._one(name, draft), f"replying on {name}")
                started = True
        return started

    def _rests(self, name: str) -> bool:
        return self._resting.get(name, self._now()) > self._now()

    def _free(self, key: str) -> None:
        super()._free(key)
        self._changed()

    async def _one(self, name: str, draft: Draft) -> None:
        source = self._sources.get(name)
        if source is None:
            await self._write(lambda ctx: replies.unreachable(ctx, draft, replies.why_no_source(ctx, name)))
        elif draft.attempted_at is None:
            await self._post(source, draft)
        else:
            await self._look_for(source, draft)

    async def _post(self, source: Source, draft: Draft) -> None:
        await self._look_at_mention(source, draft)
        settle = timedelta(seconds=source.settle)
        attempt = await self._write(lambda ctx: replies.attempt(_only(ctx, source), draft, settle))
        if attempt is None:
            return
        log.info("reply %d is posted on %s, attempt %d", draft.id, source.name, attempt.draft.attempts)
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                text = attempt.draft.text  # what was approved is what is read in the step before, whatever was due
                posted = await source.reply(attempt.mention, text, attempt.key, self._budget_of(source))
        except Exception as error:
            await self._failed(source, attempt.draft, error)
        else:
            await self._stands(attempt.draft, posted)

    async def _look_at_mention(self, source: Source, draft: Draft) -> None:
        """It may have been edited or deleted a minute ago; then nobody has said yes to answering it as it is now."""
        if self._take is None or not source.can & Can.VERIFY:
            return
        try:
            found = await self._bridge.read(lambda store: replies.sought(self._context(store), draft))
            native_id = found.mention.native_id if found else ""
            async with asyncio.timeout(_LOOK_TIMEOUT):
                items = await source.verify((native_id,), self._budget_of(source)) if native_id else ()
            told = tuple(item for item in items if not isinstance(item, Broken) and item.native_id == native_id)
            if told:
                await self._take(source, Page(told, None, query=LOOK))
        except Exception as error:  # then what is known of it must do
            log.info("what reply %d answers cannot be looked at: %s", draft.id, type(error).__name__)

    async def _failed(self, source: Source, draft: Draft, error: Exception) -> None:
        log.warning("reply %d was not posted on %s: %s", draft.id, source.name, type(error).__name__)
        if isinstance(error, ReplyRefused | SignInFailed):
            await self._write(lambda ctx: replies.refused(ctx, draft, str(error)))
        elif isinstance(error, RateLimited):
            until = error.until
            await self._write(lambda ctx: replies.postpone(ctx, draft, str(error), until))
        elif isinstance(error, Transient) and not isinstance(error, Lost):
            await self._write(lambda ctx: replies.postpone(ctx, draft, str(error)))
        else:
            if not isinstance(error, SourceError | TimeoutError):
                log.error("source %s failed in an unexpected way", source.name, exc_info=error)
            look_at = self._now() + timedelta(seconds=source.settle)
            await self._write(lambda ctx: replies.lost(ctx, draft, _told(error), look_at))

    async def _look_for(self, source: Source, draft: Draft) -> None:
        attempt: Attempt | None = await self._bridge.read(lambda store: replies.sought(self._context(store), draft))
        if attempt is None:
            why = "What it answers was deleted meanwhile."
            await self._write(lambda ctx: replies.unseen(ctx, draft, why, is_final=True))
            return
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                found = await source.find_reply(attempt.mention, attempt.draft.text, attempt.key, attempt.since)
        except Exception as error:
            log.warning("reply %d cannot be looked for on %s: %s", draft.id, source.name, type(error).__name__)
            await self._not_seen(draft, error)
            return
        if found is None:
            log.info("reply %d is not there on %s", draft.id, source.name)
            await self._write(lambda ctx: replies.not_there(_only(ctx, source), draft))
        else:
            await self._stands(draft, found)

    async def _not_seen(self, draft: Draft, error: Exception) -> None:
        until = error.until if isinstance(error, RateLimited) else None
        never = isinstance(error, NotImplementedError | ReplyDoubtful)
        await self._write(lambda ctx: replies.unseen(ctx, draft, _told(error), until, is_final=never))

    async def _stands(self, draft: Draft, posted: Posted) -> None:
        await self._write(lambda ctx: replies.posted(ctx, draft, posted))

    async def _write(self, work: Callable[[Context], T]) -> T:
        def write(store: Store) -> T:
            with store.transaction():
                return work(self._context(store))

        return await self._bridge.write(write)


def _only(ctx: Context, source: Source) -> Context:
    """Asked which account posts, it is this source that says so: what is set up anew meanwhile may be another's."""
    return replace(ctx, ways=partial(way_of, {source.name: source}))


def _told(error: Exception) -> str:
    """What of an error is for people: the words of a source, and nobody else's."""
    if isinstance(error, SourceError):
        return str(error)
    return "The network did not answer in time." if isinstance(error, TimeoutError) else ""
