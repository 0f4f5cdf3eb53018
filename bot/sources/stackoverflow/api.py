"""How Stack Exchange is asked: its quota of a day, the pauses it asks for, and what its errors mean."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bot.fetch import USUAL_WAIT, Answer, Tools, retry_after
from bot.sources.fieldmap import read_count
from bot.sources.searching import answered, line
from handlers.ports import BadQuery, BadSource, RateLimited, SignInFailed, SourceError, Transient

_READ = (400, 401, 402, 403, 404, 405, 406, 429, 500, 502, 503)
_THROTTLED = 502
_TROUBLE = (500, 503)
_SIGN_IN = (401, 402, 403, 405, 406)
_SECONDS = re.compile(r"in (\d{1,6}) second")
_RESERVE = 20  # requests of a day that are kept for asking again what was stored
_LONGEST_TURN = timedelta(hours=6)


class Api:
    """One site. `asked` counts the requests; `in_words` says whether there is a key."""

    def __init__(self, tools: Tools, server: str, site: str, key: str, key_name: str, *, allow_private: bool) -> None:
        self.asked = 0
        self.in_words = f"with the key in {key_name}" if key else f"without a key; {key_name} in .env allows more"
        self._tools = tools
        self._server = server.rstrip("/")
        self._always = {"site": site, "filter": "withbody", **({"key": key} if key else {})}
        self._key_name = key_name
        self._allow_private = allow_private
        self._rest: datetime | None = None
        self._left: int | None = None

    def rests_until(self) -> datetime | None:
        """When it may be asked again; None: now."""
        return self._rest if self._rest is not None and self._rest > self._tools.now() else None

    def next_turn(self, queries: int) -> datetime | None:
        """When a query may be asked again so that what is left today is enough for all of them."""
        rest, now = self.rests_until(), self._tools.now()
        if self._left is None:
            return rest
        share = max(1, self._left - _RESERVE) / (2 * queries)  # a question may ask for its answers
        turn = now + min((_tomorrow(now) - now) / share, _LONGEST_TURN)
        return max(turn, rest) if rest else turn

    async def ask(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """A whole answer. Raises a SourceError; RateLimited before asking when it wants to be left alone."""
        if (until := self.rests_until()) and until >= _tomorrow(self._tools.now()):
            raise RateLimited("Stack Exchange takes no more requests today.", until)
        self.asked += 1
        answer = await self._tools.fetch.get(
            f"{self._server}{path}?{urlencode({**self._always, **parameters})}",
            allow_private=self._allow_private,
            take=_READ,
        )
        told = self._told(answer)
        self._note(told)
        return told

    def _told(self, answer: Answer) -> dict[str, Any]:
        try:
            told = answered(answer)
        except Transient:
            if answer.status == 200:
                raise
            told = {}
        if answer.status != 200 or "error_id" in told:
            raise self._refusal(answer, told)
        if not isinstance(told.get("items"), list):
            raise Transient("Stack Exchange gives an answer without items; it will be asked again.")
        return told

    def _note(self, told: Mapping[str, Any]) -> None:
        now = self._tools.now()
        self._left = read_count(told.get("quota_remaining"))
        if pause := read_count(told.get("backoff")):
            self._rest = now + timedelta(seconds=min(pause, 86_400))
        if self._left == 0:
            self._rest = _tomorrow(now)

    def _refusal(self, answer: Answer, told: Mapping[str, Any]) -> SourceError:
        number, words = told.get("error_id", answer.status), line(told.get("error_message"))
        if number == 429 or (number == _THROTTLED and told):
            self._rest = self._until(answer, words)
            return RateLimited("Stack Exchange asks to be left alone for a while.", self._rest)
        if number in _TROUBLE or number == _THROTTLED:
            return Transient(f"Stack Exchange has trouble of its own ({number}); it will be tried again.")
        if number in _SIGN_IN or "`key`" in words:
            why = f"Stack Exchange does not accept the key in {self._key_name} ({number})."
            return SignInFailed(why, "Correct it in .env, or take it out.")
        if number == 404 or "site" in words.lower():
            return BadSource(f"Stack Exchange does not know this site ({number}).", "Correct `site`.")
        return BadQuery(f"Stack Exchange does not take this search ({number}).", "Use fewer or simpler words.")

    def _until(self, answer: Answer, words: str) -> datetime:
        now = self._tools.now()
        told = _SECONDS.search(words)
        if told:
            return now + timedelta(seconds=min(max(1, int(told[1])), 86_400))
        return retry_after(answer.headers.get("Retry-After", ""), now) or now + USUAL_WAIT


def _tomorrow(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
