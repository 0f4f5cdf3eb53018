"""Asks for a second opinion: what was said before is remembered, requests are counted before they are made, and whoever
is late or talks nonsense is left alone for a while. Nothing here ever fails the one who asks.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.bridge import Bridge
from handlers.ports import RateLimited, SignInFailed, SourceError
from storage.costs import day_of
from storage.errors import EarshotError
from storage.store import Store

log = logging.getLogger(__name__)

PATIENCE = 4.0  # seconds that intake waits, for all texts of a page
KEPT = timedelta(days=30)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)


class Adviser(Protocol):
    """Who gives the second opinion."""

    name: str  # another name, other opinions
    most: int  # texts at a time
    is_counted: bool  # whether its requests are counted against the day's number

    async def judge(self, texts: Sequence[str], seconds: float) -> list[float]:
        """Log-odds of a complaint for each of at most `most` texts. Raises SourceError."""


class SecondOpinion:
    """The `Opinions` of handlers/ports.py, around one adviser. `daily` are requests on a day (UTC)."""

    def __init__(
        self,
        adviser: Adviser,
        bridge: Bridge,
        now: Callable[[], datetime],
        *,
        daily: int,
        may_see_private: bool,
        patience: float = PATIENCE,
    ) -> None:
        self.may_see_private = may_see_private
        self._adviser = adviser
        self._bridge = bridge
        self._now = now
        self._daily = daily
        self._patience = patience
        self._turn = asyncio.Lock()  # one request at a time: a small server of one's own answers no faster
        self._rests_until: datetime | None = None
        self._pause = _FIRST_PAUSE
        self._spent_on = ""  # the day whose requests are used up

    async def recall(self, texts: Sequence[str]) -> Mapping[str, float]:
        keys = {self._key(text): text for text in texts}
        since = self._now() - KEPT
        try:
            known = await self._bridge.read(lambda store: store.opinions.known(list(keys), since)) if keys else {}
        except EarshotError as error:
            log.warning("the second opinions cannot be read: %s", error)
            return {}
        return {keys[key]: odds for key, odds in known.items()}

    async def ask(self, texts: Sequence[str]) -> Mapping[str, float]:
        said = dict(await self.recall(texts))
        fresh = [text for text in dict.fromkeys(texts) if text not in said]
        if fresh and self._is_willing():
            said |= await self._in_time(fresh)
        return said

    def _is_willing(self) -> bool:
        now = self._now()
        is_spent = self._adviser.is_counted and self._spent_on == day_of(now)
        return not is_spent and (self._rests_until is None or now >= self._rests_until)

    async def _in_time(self, texts: Sequence[str]) -> dict[str, float]:
        """What is answered within the patience; the rest is not waited for."""
        said: dict[str, float] = {}
        clock = asyncio.get_running_loop().time
        end = clock() + self._patience
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:  # others are before us: nobody's fault
            return said
        try:
            for start in range(0, len(texts), self._adviser.most):
                left = end - clock()
                if left <= 0 or not self._is_willing():
                    break
                if not await self._batch(texts[start : start + self._adviser.most], left, said):
                    break
        finally:
            self._turn.release()
        return said

    async def _batch(self, texts: Sequence[str], seconds: float, said: dict[str, float]) -> bool:
        """Ask about some texts and note what is said; whether to go on."""
        try:
            async with asyncio.timeout(seconds):
                if not await self._reserved():
                    return False
                odds = await self._adviser.judge(texts, seconds)
            if len(odds) != len(texts):
                raise SourceError(f"There are {len(odds)} answers about {len(texts)} texts.")
        except TimeoutError:
            if seconds > self._patience / 2:  # otherwise others took the time
                self._rest(f"no answer within {self._patience:g} seconds")
            return False
        except EarshotError as error:
            self._rest(str(error), error)
            return False
        except Exception as error:  # a fault of the adviser's must not stop intake; its words may hold a customer's
            self._rest(f"it failed with {type(error).__name__}")
            return False
        answers = dict(zip(texts, odds, strict=True))
        said |= answers
        self._pause, self._rests_until = _FIRST_PAUSE, None
        await self._keep(answers)
        return True

    async def _reserved(self) -> bool:
        """Count the request before it is made, so that the count holds whatever happens to this program."""
        if not self._adviser.is_counted:
            return True
        now = self._now()

        def reserve(store: Store) -> bool:
            with store.transaction():
                return store.opinions.reserve(self._daily, now)

        if await self._bridge.write(reserve, is_urgent=False):
            return True
        self._spent_on = day_of(now)
        log.info("the second opinion was asked %d times today; it goes on at midnight UTC", self._daily)
        return False

    async def _keep(self, said: Mapping[str, float]) -> None:
        by_key, now = {self._key(text): odds for text, odds in said.items()}, self._now()

        def keep(store: Store) -> None:
            with store.transaction():
                store.opinions.keep(by_key, now)

        try:
            await self._bridge.write(keep, is_urgent=False)
        except EarshotError as error:
            log.warning("second opinions cannot be kept: %s", error)

    def _rest(self, why: str, error: Exception | None = None) -> None:
        """Leave it alone: for a minute at first, then twice as long each time, an hour at most."""
        pause = _LONGEST_PAUSE if isinstance(error, SignInFailed) else self._pause
        until = self._now() + pause
        self._rests_until = max(until, error.until) if isinstance(error, RateLimited) else until
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        log.warning("there is no second opinion until %s: %s", self._rests_until.strftime("%H:%M UTC"), why)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._adviser.name}\0{text}".encode(errors="surrogatepass")).hexdigest()
