"""How X is read without losing a post or giving one twice: X tells the newest first, we give the oldest first.

A query is walked back from its newest post to the last one given, then given in pieces. When the money or the patience
of X ends on the way, what was read is given all the same, and the stretch below it stays in the cursor as a gap, to be
read later. The cursor speaks only of ids, so it is as good after a crash, and what is in memory only spares requests.

X finds a post up to a minute or so after it has its id, so a newer one may be found before it. Each reading begins a
little before the last post given, and leaves out what was given, until nothing late can come any more.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sources.x.authors import ids_of
from bot.sources.x.client import Refused, for_reading
from bot.sources.x.items import Post, id_at, is_of_a_moment, read_id, read_post, time_of
from bot.sources.x.money import Bill, Meter, spent_for_today
from handlers.ports import Broken, Budget, RateLimited, Transient

LONGEST = timedelta(days=7)  # X's search goes back no further
_MARGIN = timedelta(minutes=5)  # our clock and X's
_LARGEST_PAGE = 100
_MOST_GAPS = 50
_LATE = timedelta(minutes=2)  # how long X may take to find a post
_SETTLED = _LATE + _MARGIN
_MS = timedelta(milliseconds=1)
_SECOND = 1_000  # in milliseconds
_MOST_RECENT = 400  # posts given in `_LATE` that the cursor names; when there are more, some are given again

Asking = Callable[[dict[str, Any], str | None], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a query is read: all up to the post `after`, but for the gaps, each from an id to another."""

    after: int
    gaps: tuple[tuple[int, int], ...] = ()
    is_first: bool = False  # what was there before we began to listen is not all given yet
    floor: int = 0  # nothing that is new can have an id up to this one, but in the gaps
    recent: tuple[int, ...] = ()  # given, and found again when it is read from `floor` or the foot of a gap

    def told(self) -> str:
        """As a cursor."""
        told = {"after": self.after, "gaps": self.gaps, "first": self.is_first}
        return json.dumps(told | {"floor": self.floor, "recent": self.recent})


@dataclass(frozen=True, slots=True)
class Entry:
    """A post that was read, in its order: a broken one stands beside its neighbour."""

    order: int
    found: Post | Broken
    native_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between two ids, oldest first. `cut`: it was read down to this one only."""

    after: int
    before: int | None  # None: up to now
    entries: tuple[Entry, ...]
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A step's posts, and the place after it."""

    found: tuple[Post | Broken, ...]
    cursor: str
    more: bool
    is_backlog: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A native query as it is asked. `price` of a post, `smallest` page, whether X forgets after `LONGEST`."""

    name: str
    ask: Asking
    kind: str  # what its posts are billed as
    price: int
    smallest: int
    forgets: bool


class Pages:
    """Reads any query. `user_price` is kept back for the author of each post."""

    def __init__(
        self,
        meter: Meter,
        user_price: int,
        account: str,
        now: Callable[[], datetime],
        *,
        look_back: timedelta,
        most: int,
    ) -> None:
        self._meter = meter
        self._user_price = user_price
        self._account = account
        self._now = now
        self._look_back = look_back
        self._most = most
        self._held: dict[str, dict[str, Stretch]] = {}  # by query, then by cursor: read and not given yet

    async def step(self, cursor: str | None, limit: int, asked: Asked, budget: Budget) -> Given:
        """The next posts, at most `limit`. Raises the errors of a source."""
        first = self._moment(self._look_back)
        place = read_place(cursor) or Place(first, is_first=True, floor=first)
        stretch = self._held.get(asked.name, {}).get(cursor or "")
        is_settled = False
        if stretch is None:
            late = self._moment(_SETTLED)
            stretch = await self._walked(place, late, asked, budget)
            is_settled = _is_settled_by(stretch, place, late, limit)
        given, rest = stretch.entries[: max(1, limit)], stretch.entries[max(1, limit) :]
        after = _moved(place, stretch, given, rest, is_settled=is_settled)
        # An empty one is not kept: the same cursor is how the next poll asks for what has come since.
        self._held[asked.name] = {cursor or "": stretch} if given and after != place else {}
        if rest:
            self._held[asked.name][after.told()] = Stretch(given[-1].order, stretch.before, rest)
        more = bool(rest or after.gaps)
        return Given(tuple(entry.found for entry in given), after.told(), more, place.is_first)

    async def _walked(self, place: Place, late: int, asked: Asked, budget: Budget) -> Stretch:
        newest = await self._stretch(place, place.floor, None, asked, budget)
        settles = place.floor < place.after < late  # to be kept before the money may end
        if newest.entries or not place.gaps or settles:
            return newest
        after, before = max(place.gaps, key=lambda gap: gap[1])
        return await self._stretch(place, after, before, asked, budget)

    async def _stretch(self, place: Place, after: int, before: int | None, asked: Asked, budget: Budget) -> Stretch:
        start = max(after, self._moment(LONGEST - _MARGIN)) if asked.forgets else after
        entries: dict[str, Entry] = {}
        given, given_to = set(place.recent), place.after if before is None else after
        token: str | None = None
        tokens: set[str] = set()
        is_anew = False
        if before is not None and before <= start + 1:
            return Stretch(after, before, ())  # X has forgotten it
        while True:
            try:
                answer = await self._page(start, before, token, asked, budget, len(entries))
            except Refused as error:
                if before is not None and "until_id" in error.words:
                    return Stretch(after, before, ())
                if is_anew or not ("since_id" in error.words or "start_time" in error.words):
                    raise for_reading(error, asked.name) from None
                start, token, is_anew = self._moment(self._look_back), None, True
                continue
            except (RateLimited, Transient):
                if not entries:
                    raise
                return _stretched(after, before, entries, is_cut=True)
            for number, entry in enumerate(self._read(answer, start, before or start)):
                if not _is_given(entry, after, given_to, given):
                    entries.setdefault(f"{entry.native_id or (entry.order, number)}", entry)
            token = _next_token(answer)
            if token is None or token in tokens:
                return _stretched(after, before, entries, is_cut=False)
            tokens.add(token)
            if len(entries) >= self._most:
                return _stretched(after, before, entries, is_cut=True)

    async def _page(
        self, start: int, before: int | None, token: str | None, asked: Asked, budget: Budget, kept: int
    ) -> dict[str, Any]:
        question = (asked.name, start if before else "", before, token)
        size = await self._size(question, asked, budget, kept)
        page: dict[str, Any] = {"max_results": size}
        if is_of_a_moment(start):
            page["start_time"] = datetime.fromtimestamp(time_of(start) // 1000, UTC)
        else:
            page["since_id"] = start
        if before is not None:
            page["until_id"] = before

        def bill(answer: dict[str, Any]) -> Bill:
            return Bill(self._meter.cost(asked.kind, asked.price, ids_of(answer)), not _next_token(answer))

        return await self._meter.ask(budget, question, asked.price * size, lambda: asked.ask(page, token), bill)

    async def _size(self, question: object, asked: Asked, budget: Budget, kept: int) -> int:
        """How many posts may be asked for, so that their authors can still be paid."""
        room = await self._meter.room(budget, question)
        if room is None:
            return _LARGEST_PAGE
        size = (room - kept * self._user_price) // (asked.price + self._user_price)
        if size < asked.smallest:
            raise spent_for_today(self._now(), "another page of posts and their authors")
        return min(size, _LARGEST_PAGE)

    def _read(self, answer: dict[str, Any], start: int, beside: int) -> Iterator[Entry]:
        """A page. A post that cannot be read stands where the one before it does."""
        told, meta = answer.get("data"), answer.get("meta")
        beside = (read_id(meta.get("newest_id")) if isinstance(meta, dict) else None) or beside
        for one in told if isinstance(told, list) else []:
            found = read_post(one, self._account)
            if isinstance(found, Post):
                native_id: int | None = found.id
            else:
                native_id = read_id(one.get("id")) if isinstance(one, dict) else None
                native_id = native_id if native_id and native_id >= start else None
            beside = native_id or beside
            yield Entry(beside, found, native_id)

    def _moment(self, ago: timedelta) -> int:
        return id_at(int((self._now() - ago).timestamp()) * 1000)


def read_place(cursor: str | None) -> Place | None:
    """A cursor; one that is damaged counts as none, which repeats and loses nothing."""
    try:
        told = json.loads(cursor or "{}")
        after, gaps = told["after"], [(int(low), int(high)) for low, high in told["gaps"]]
        if isinstance(after, bool) or not isinstance(after, int) or not 0 < after < 10**19:
            return None
        recent = tuple(int(one) for one in told.get("recent", ()))
        return Place(after, tuple(gaps), bool(told["first"]), min(after, int(told.get("floor", after))), recent)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def before_late(after: int) -> int:
    """From where to read so that what X finds later than the post `after` is not missed."""
    return after if is_of_a_moment(after) else id_at(time_of(after) - _LATE // _MS)


def _is_given(entry: Entry, after: int, given_to: int, given: set[int]) -> bool:
    """X takes the second in which a stretch begins as a whole."""
    if entry.native_id is None:
        return entry.order <= given_to
    return entry.native_id <= after or entry.native_id in given


def _is_settled_by(stretch: Stretch, place: Place, late: int, limit: int) -> bool:
    """Whether this reading was all there is, and came long after the newest post."""
    if stretch.before is not None or stretch.cut is not None or len(stretch.entries) > max(1, limit):
        return False
    return max([place.after, *(entry.order for entry in stretch.entries)]) < late


def _moved(
    place: Place, stretch: Stretch, given: tuple[Entry, ...], rest: tuple[Entry, ...], *, is_settled: bool
) -> Place:
    gaps = [gap for gap in place.gaps if gap != (stretch.after, stretch.before)]
    if stretch.cut is not None:
        gaps.append((stretch.after, stretch.cut))
    if stretch.before is None:
        after = max([place.after, *(entry.order for entry in given)])
    else:
        after = place.after
        if rest:
            gaps.append((given[-1].order, stretch.before))
    is_first = place.is_first and bool(rest or gaps)
    gaps = sorted(gaps)[-_MOST_GAPS:]
    floor = place.floor
    if stretch.before is None:
        floor = after if is_settled else max(floor, before_late(after), stretch.cut or 0)
    ids = {*place.recent, *(entry.native_id for entry in given if entry.native_id)}
    newest = sorted(one for one in ids if one > floor)
    if len(newest) > _MOST_RECENT:  # what cannot be remembered is not asked for again
        floor, newest = newest[-_MOST_RECENT - 1], newest[-_MOST_RECENT:]
    refound = {one for one in ids if one <= floor and any(low < one <= _later(low) for low, _ in gaps)}
    return Place(after, tuple(gaps), is_first, floor, (*sorted(refound)[-_MOST_RECENT:], *newest))


def _later(low: int) -> int:
    return id_at(time_of(low) + _LATE // _MS + _SECOND)


def _stretched(after: int, before: int | None, entries: dict[str, Entry], *, is_cut: bool) -> Stretch:
    ordered = tuple(sorted(entries.values(), key=lambda entry: entry.order))
    return Stretch(after, before, ordered, ordered[0].order if is_cut and ordered else None)


def _next_token(answer: dict[str, Any]) -> str | None:
    meta = answer.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return token if isinstance(token, str) and token else None
