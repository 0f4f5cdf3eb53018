"""Who wrote a post: looked up once a day for those that are given out, because an account costs twice a post."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bot.sessions import Sessions
from bot.sources.x.client import Refused, XClient, for_reading
from bot.sources.x.items import Author, Post, read_author
from bot.sources.x.money import Bill, Meter
from handlers.ports import BadSource, Broken, Budget, Item
from storage.types import RawMention

_KNOWN_FOR = timedelta(hours=24)
_MOST_KNOWN = 20_000
_AT_ONCE = 100
NOBODY = Author()


class Authors:
    """`concerns` is asked before anybody is looked up."""

    def __init__(
        self,
        client: XClient,
        meter: Meter,
        price: int,
        account: str,
        concerns: Callable[[RawMention], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._meter = meter
        self._price = price
        self._account = account.casefold()
        self._concerns = concerns
        self._now = now
        self._known: OrderedDict[str, tuple[Author, datetime]] = OrderedDict()

    async def items(self, found: Sequence[Post | Broken], budget: Budget, *, looks_first: bool = False) -> list[Item]:
        """Those that concern a brand, with their authors. Our own are left out.

        `looks_first`: whether a post concerns a brand may hang on who wrote it. Raises SourceError.
        """
        passed = [
            one
            for one in found
            if isinstance(one, Broken) or looks_first or self._concerns(one.by(self.known(one.author_id) or NOBODY))
        ]
        await self.look_up([one.author_id for one in passed if isinstance(one, Post)], budget)
        items: list[Item] = []
        for one in passed:
            if isinstance(one, Broken):
                items.append(one)
                continue
            mention = one.by(self.known(one.author_id) or NOBODY)
            if mention.author.casefold() != self._account and self._concerns(mention):
                items.append(mention)
        return items

    def known(self, author_id: str) -> Author | None:
        """Who it is, if that was asked within a day."""
        found = self._known.get(author_id)
        return found[0] if found and self._now() - found[1] < _KNOWN_FOR else None

    async def look_up(self, ids: Sequence[str], budget: Budget) -> None:
        """Ask for those that are not known. Who cannot be found is remembered as nobody."""
        unknown = [one for one in dict.fromkeys(ids) if one and self.known(one) is None]
        for start in range(0, len(unknown), _AT_ONCE):
            some = unknown[start : start + _AT_ONCE]
            answer = await self._ask(some, budget)
            told = answer.get("data")
            found = dict(filter(None, map(read_author, told if isinstance(told, list) else [])))
            for one in some:
                self._known[one] = (found.get(one, NOBODY), self._now())
                self._known.move_to_end(one)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    async def _ask(self, ids: Sequence[str], budget: Budget) -> dict[str, Any]:
        try:
            return await self._meter.ask(
                budget,
                ("users", tuple(ids)),
                self._price * len(ids),
                lambda: self._client.users(ids),
                lambda answer: Bill(self._meter.cost("user", self._price, ids_of(answer))),
            )
        except Refused as error:
            raise for_reading(error) from None


class Account:
    """The id of our own account, kept beside the cursor: to ask for it costs as much as any author."""

    def __init__(self, source: str, handle: str, client: XClient, meter: Meter, price: int, kept: Sessions) -> None:
        self._source = source
        self._handle = handle
        self._client = client
        self._meter = meter
        self._price = price
        self._kept = kept
        self._id = self._read()

    async def id(self, budget: Budget) -> str:
        """Raises BadSource when there is no such account, and other errors of a source."""
        if not self._id:
            answer = await self._ask(budget)
            found = read_author(answer.get("data"))
            if found is None:
                raise BadSource(f"X knows no account @{self._handle}.", "Correct the source's `account`.")
            self._id = found[0]
            with suppress(OSError):
                self._kept.put(self._source, json.dumps({"handle": self._handle, "id": self._id}))
        return self._id

    def known_id(self) -> str:
        """The id, if it was ever asked for; else ""."""
        return self._id

    async def _ask(self, budget: Budget) -> dict[str, Any]:
        try:
            return await self._meter.ask(
                budget,
                ("account", self._handle),
                self._price,
                lambda: self._client.user_called(self._handle),
                lambda answer: Bill(self._meter.cost("user", self._price, ids_of({"data": [answer.get("data")]}))),
            )
        except Refused as error:
            raise for_reading(error) from None

    def _read(self) -> str:
        try:
            told = json.loads(self._kept.get(self._source) or "null")
        except (ValueError, RecursionError):
            return ""
        is_ours = isinstance(told, dict) and str(told.get("handle", "")).casefold() == self._handle.casefold()
        return str(told.get("id", "")) if is_ours and str(told.get("id", "")).isdigit() else ""


def ids_of(answer: dict[str, Any]) -> list[str]:
    """What an answer returns, and is billed: each thing by its id, and a thing without one by itself."""
    told = answer.get("data")
    things = told if isinstance(told, list) else []
    return [
        str(one["id"]) if isinstance(one, dict) and one.get("id") else f"nameless {number}"
        for number, one in enumerate(things)
        if one is not None
    ]
