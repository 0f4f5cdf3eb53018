"""Replies on X: posted for those who have summoned our account, by a link for all others."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bot.sources.x.authors import Account, ids_of
from bot.sources.x.client import Refused, Trouble, XClient, for_reading
from bot.sources.x.items import answered, comparable, has_other_links, read_id, words_of
from bot.sources.x.length import LIMIT, has_address, weight
from bot.sources.x.money import Bill, Meter, Prices
from bot.sources.x.wire import LostAnswer
from handlers.ports import (
    BadSource,
    Budget,
    ByApi,
    ByLink,
    Posted,
    ReplyDoubtful,
    ReplyRefused,
    ReplyWay,
    SourceError,
    Transient,
)
from storage.types import Mention

_NOT_SUMMONED = "X lets a program answer only those who name its account or quote it."
_NO_KEYS = "There are no keys to post with on X."
_CLOCKS = timedelta(minutes=2)  # how far ours and X's may be apart
_LOOK_BACK = timedelta(days=2)  # for a text that X calls a repetition
_LONGEST = timedelta(days=7)
_PAGE = 50
_MOST_PAGES = 8


@dataclass(frozen=True, slots=True)
class Ref:
    """What a mention's `reply_ref` holds: the newest version of the post, and how it summoned us."""

    id: str
    asked: str


class Replies:
    """`can_post`: there are keys."""

    def __init__(
        self,
        client: XClient,
        meter: Meter,
        prices: Prices,
        account: str,
        own: Account,
        now: Callable[[], datetime],
        *,
        can_post: bool,
    ) -> None:
        self._client = client
        self._meter = meter
        self._prices = prices
        self._account = account
        self._own = own
        self._now = now
        self._can_post = can_post

    def way(self, mention: Mention) -> ReplyWay:
        ref = ref_of(mention)
        link = f"https://x.com/intent/post?in_reply_to={quote(ref.id, safe='')}"
        if not ref.asked:
            return ByLink(link, _NOT_SUMMONED)
        if not self._can_post:
            return ByLink(link, _NO_KEYS)
        return ByApi(f"@{self._account}", LIMIT)

    async def post(self, mention: Mention, text: str, budget: Budget) -> Posted:
        """One attempt. Raises as `Source.reply` does."""
        if (length := weight(text)) > LIMIT:
            over = length - LIMIT
            raise ReplyRefused(f"X counts {length} characters, which are {over} too many.", "Shorten the text.")
        await self._refuse_strangers_keys(budget)
        ref = ref_of(mention)
        price = self._prices.reply_with_url if has_address(text) else self._prices.reply
        try:
            answer = await self._meter.ask(
                budget,
                ("reply", ref.id, text, self._now()),
                price,
                lambda: self._sent(text, ref.id),
                lambda _: Bill(price),
            )
        except LostAnswer:
            raise ReplyDoubtful("X's answer was lost; it may have posted the reply.") from None
        except Refused as error:
            return await self._refused(error, mention, text, budget)
        except BadSource as error:
            raise ReplyRefused(str(error)) from None
        told = answer.get("data")
        native_id = read_id(told.get("id")) if isinstance(told, dict) else None
        if native_id is None:
            raise ReplyDoubtful("X answered something that cannot be read; it may have posted the reply.")
        return self._at(native_id)

    async def find(self, mention: Mention, text: str, since: datetime, budget: Budget) -> Posted | None:
        """Among what our account has posted since. Raises SourceError when it cannot be looked for."""
        own_id = await self._own.id(budget)
        start = max(since - _CLOCKS, self._now() - _LONGEST).replace(microsecond=0)
        ids, wanted = {ref_of(mention).id, mention.native_id}, comparable(text)
        token: str | None = None
        for _ in range(_MOST_PAGES):
            answer = await self._own_posts(own_id, start, token, budget)
            told, meta = answer.get("data"), answer.get("meta")
            if not isinstance(meta, dict):
                raise Transient("X does not say what the account has posted; it will be asked again.")
            for one in told if isinstance(told, list) else []:
                is_it = answered(one) in ids and comparable(words_of(one)) == wanted and not has_other_links(one, text)
                if is_it and (found := read_id(one.get("id"))):
                    return self._at(found)
            token = meta.get("next_token")
            if not isinstance(token, str) or not token:
                return None
        raise Transient(f"@{self._account} has posted too much since to find the reply among it.")

    async def _own_posts(self, own_id: str, start: datetime, token: str | None, budget: Budget) -> dict[str, Any]:
        price = self._prices.owned
        try:
            return await self._meter.ask(
                budget,
                ("own posts", start, token),
                price * _PAGE,
                lambda: self._client.own_posts(own_id, start, _PAGE, token),
                lambda told: Bill(self._meter.cost("owned", price, ids_of(told)), is_whole=False),
            )
        except Refused as error:
            raise for_reading(error) from None

    async def _refuse_strangers_keys(self, budget: Budget) -> None:
        """X posts as whoever the keys belong to, whatever the approver was shown."""
        try:
            own_id = await self._own.id(budget)
        except BadSource as error:
            raise ReplyRefused(str(error)) from None
        self._client.refuse_strangers_keys(own_id)

    async def _sent(self, text: str, in_reply_to: str) -> dict[str, Any]:
        try:
            return await self._client.post(text, in_reply_to)
        except Trouble as error:
            raise LostAnswer(str(error)) from None

    async def _refused(self, error: Refused, mention: Mention, text: str, budget: Budget) -> Posted:
        if "duplicate" in error.words:
            try:
                found = await self.find(mention, text, self._now() - _LOOK_BACK, budget)
            except SourceError:
                raise ReplyDoubtful("X says that this text was posted already, and it cannot be looked for.") from None
            if found is not None:
                return found
            raise ReplyRefused("X takes this text for a repetition.", "Put it into other words.")
        hint = f"Answer it by hand: https://x.com/intent/post?in_reply_to={ref_of(mention).id}"
        if error.status == 403:
            raise ReplyRefused(f"X does not allow this reply: {error.words[:200]}.", hint)
        raise ReplyRefused(f"X does not take this reply (HTTP {error.status}): {error.words[:200]}.", hint)

    def _at(self, native_id: int) -> Posted:
        return Posted(f"https://x.com/{self._account}/status/{native_id}", str(native_id))


def ref_of(mention: Mention) -> Ref:
    """What its reply needs; a mention without it has summoned nobody."""
    try:
        told = json.loads(mention.reply_ref)
        return Ref(str(int(told["id"])), str(told["asked"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Ref(mention.native_id, "")
