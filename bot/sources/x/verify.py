"""Whether posts are still there, and how they read now. X wants what is gone there gone here too."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.fetch import Tools
from bot.sources.x.authors import NOBODY, Authors, ids_of
from bot.sources.x.client import Refused, XClient, for_reading
from bot.sources.x.items import Post, read_id, read_post
from bot.sources.x.money import Bill, Meter, spent_for_today
from handlers.ports import Budget, BudgetSpent, Item, Tombstone, Transient

_AT_ONCE = 100
_GONE = "deleted on X"
_HIDDEN = "its account is protected or suspended"
_WITHHELD = "withheld by X"


class Verifier:
    """Asks for stored posts again, as far as the money goes."""

    def __init__(self, client: XClient, meter: Meter, price: int, authors: Authors, account: str, tools: Tools) -> None:
        self._client = client
        self._meter = meter
        self._price = price
        self._authors = authors
        self._account = account
        self._tools = tools

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        """A mention or a tombstone for each that X says something of.

        Raises SourceError; BudgetSpent when they cannot all be paid for, and then none is asked for.
        """
        ids = [one for one in dict.fromkeys(native_ids) if read_id(one) is not None][:_AT_ONCE]
        if not ids:
            return ()
        found, gone = await self._look(ids, budget)
        items: list[Item] = [Tombstone(one, reason) for one, reason in gone.items()]
        newer = {str(post.newest): one for one, post in found.items() if post.newest > post.id}
        if newer:
            found |= await self._newest(newer, budget)
        for one, post in found.items():
            if post.is_withheld:
                items.append(Tombstone(one, _WITHHELD))
            elif post.newest == post.id:
                with suppress(BudgetSpent):  # what is gone is told all the same
                    items.append(await self._mention(one, post, budget))
        return tuple(items)

    async def affordable(self, count: int, budget: Budget) -> int:
        """How many of so many can be paid for today. Raises BudgetSpent when it is none."""
        left = await budget.left()
        if left is None or not count or not self._price:
            return count
        if left < self._price:
            raise spent_for_today(self._tools.now(), "looking whether posts are still there")
        return min(count, left // self._price)

    async def _newest(self, newer: dict[str, str], budget: Budget) -> dict[str, Post]:
        """By the ids that we know them by: an id that was asked for may be answered with that old version."""
        try:
            ids = list(newer)[: await self.affordable(len(newer), budget)]
        except BudgetSpent:  # what is gone is told all the same
            return {}
        found, _ = await self._look(ids, budget)
        return {newer[one]: post for one, post in found.items()}

    async def _look(self, ids: Sequence[str], budget: Budget) -> tuple[dict[str, Post], dict[str, str]]:
        try:
            answer = await self._meter.ask(
                budget,
                ("posts", tuple(ids)),
                self._price * len(ids),
                lambda: self._client.posts(ids),
                lambda told: Bill(self._meter.cost("post", self._price, ids_of(told))),
            )
        except Refused as error:
            raise for_reading(error) from None
        return self._sorted(ids, answer)

    def _sorted(self, ids: Sequence[str], answer: dict[str, Any]) -> tuple[dict[str, Post], dict[str, str]]:
        """What was found, by the id that was asked for, and what is gone, with the reason."""
        told, errors = answer.get("data"), answer.get("errors")
        there, unreadable = {}, set()
        for one in told if isinstance(told, list) else []:
            native_id = read_id(one.get("id")) if isinstance(one, dict) else None
            post = read_post(one, self._account)
            if isinstance(post, Post):
                there[str(post.id)] = post
                there.setdefault(post.raw.native_id, post)
            elif native_id is not None:
                unreadable.add(str(native_id))
        reasons = _reasons(errors if isinstance(errors, list) else [])
        found = {one: there[one] for one in ids if one in there}
        if not found and not unreadable and not any(one in reasons for one in ids):
            raise Transient("X does not say whether posts are still there; it will be asked again.")
        gone = {one: reasons[one] for one in ids if one not in there and one not in unreadable and reasons.get(one)}
        return found, gone

    async def _mention(self, native_id: str, post: Post, budget: Budget) -> Item:
        """Its author is asked for where something may hang on who it is: after an edit it is weighed anew."""
        plain = post.by(self._authors.known(post.author_id) or NOBODY)
        if post.is_edited or not self._tools.concerns(plain):
            await self._authors.look_up([post.author_id], budget)
            plain = post.by(self._authors.known(post.author_id) or NOBODY)
        return replace(plain, native_id=native_id)


def _reasons(errors: Sequence[object]) -> dict[str, str]:
    """Why each post is not there, where X says so of that very post; "" for a trouble that will pass."""
    reasons: dict[str, str] = {}
    for error in errors:
        if not isinstance(error, dict) or error.get("resource_type", "tweet") not in ("tweet", "post"):
            continue
        native_id = str(error.get("resource_id") or error.get("value") or "")
        kind = f"{error.get('type', '')} {error.get('title', '')}".lower()
        if "field" in kind or "client-forbidden" in kind:  # what the app may see, not whether the post is there
            reasons[native_id] = ""
        elif "not-found" in kind or "not found" in kind:
            reasons[native_id] = _GONE
        elif "authoriz" in kind or "forbidden" in kind:
            reasons[native_id] = _HIDDEN
        elif "withheld" in kind:
            reasons[native_id] = _WITHHELD
        else:
            reasons[native_id] = ""
    return reasons
