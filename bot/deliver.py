"""Sends what the outbox holds: at least once for alerts, doubled only when nobody can know better, and then it says so.

    due rows, by lane -> per channel, one after another:
        post:    commit "sending" > draw from the store > call the chat > commit "sent" with the message's ref
        update:  draw from the store > call the chat > commit "sent", unless it was asked for again meanwhile;
             one whose answer was lost may arrive late, over a newer one: it is done again, and once more after a while
    a row left in "sending" (crash, lost answer) waits until it must be visible, then is looked for by its key:
        found: sent        not found: pending again        cannot look: after a while posted again, marked as a repeat
    so begins after a restore whatever may have been posted in the time that was lost

Each channel has at most one task for posts and one for updates, so that a slow or dead one holds no other and no redraw
waits for the pace of posts; a chat that asks to wait is not called so until then, and a message that has to wait by
itself (ChatLater) holds no other. A closed channel is paused: what is due there waits, and a person is told. Retries of
the chat's own client are off; this file alone decides.

Nobody reads more than a message every two seconds: a channel gets at most 30 posts in any minute, whatever the pace of
its chat (redraws do not count). The last ten of them are kept from cards, for changes of state and for what is urgent,
so that these pass however much waits. A digest may have two of the ten, so that no stream of cards holds it for ever.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.bridge import Bridge
from bot.errands import REST, Errands
from handlers.cards import Card, DraftCard, Drawing, Notice
from handlers.ports import (
    Chat,
    ChatBusy,
    ChatClosed,
    ChatDoubtful,
    ChatError,
    ChatLater,
    ChatMessageGone,
    ChatRefused,
)
from storage.store import Store
from storage.types import Delivery, DeliveryState, Lane

log = logging.getLogger(__name__)

CALL_TIMEOUT = 10.0  # seconds
_LAST_CALLS = 3.0  # seconds that calls on their way get when the program stops
MOST_ATTEMPTS = 12  # of an update, or of a post that was clearly refused for now
GIVE_UP_LOOKING = timedelta(minutes=10)
MOST_POSTS = 30  # to one channel in a minute
_IDLE = 1.0  # seconds between looks when nothing rings
_BATCH = 200
_MINUTE = timedelta(minutes=1)
_TURN = 20  # deliveries of one channel before the outbox is looked at again: what is more urgent goes first then
_REPEAT = "may repeat: the chat's answer was lost and its history could not be read"
_REPEAT_NOTE = "This may be a repeat: the chat's answer to the first was lost."


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a delivery now. `act` is post, update, wait, drop, or dead."""

    act: str
    drawing: Drawing | None = None
    ref: str = ""  # of the message to update, or of the thread's parent
    why: str = ""
    key: str = ""  # that the message was, or will be, posted with


Draw = Callable[[Store, str, str, datetime], Drawing | None]
Pause = Callable[[Store, str, str, str, datetime], None]
Track = tuple[str, str, str]  # chat, channel and action: post (and looking for one) or update
_ANY = "*"  # every channel of a chat


class Deliverer(Errands[Track]):
    """Runs until cancelled. `draw(store, subject, body, now)` says what a message shows; `chats` is by name;
    `pause(store, chat, channel, why, now)` notes that a channel is closed, and tells somebody.
    """

    def __init__(
        self,
        bridge: Bridge,
        chats: Mapping[str, Chat],
        draw: Draw,
        pause: Pause,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_posts: int = MOST_POSTS,
    ) -> None:
        super().__init__("deliveries", now, idle=_IDLE, last_calls=_LAST_CALLS)
        self._bridge = bridge
        self._chats = chats
        self._draw = draw
        self._pause = pause
        self._sleep = sleep
        self._blind: dict[Track, datetime] = {}  # not searched before then
        self._blind_since: dict[Track, datetime] = {}  # the first time, since we run or since a search that worked
        self.most_posts = most_posts  # to one channel in a minute
        self._posts = _Posts(now)
        self._paused: set[tuple[str, str]] = set()  # channels that were closed when the outbox was last looked at

    async def start_due(self) -> bool:
        """Start a task for each channel with something due; whether there was any."""
        if self._posts.is_new:
            since = self._now() - _MINUTE
            self._posts.remember(await self._bridge.read(lambda store: store.deliveries.posted_since(since)))
        away = {*self._busy, *_still(self._resting, self._now())}
        away |= {(*channel, "post") for channel in self._full(Lane.STATE)}
        crowded = [(*channel, lane) for lane in (Lane.NORMAL, Lane.DIGEST) for channel in self._full(lane)]

        def look(store: Store) -> list[Delivery]:
            self._paused = {(pause.chat, pause.channel) for pause in store.pauses.all()}
            return store.deliveries.due(self._now(), _BATCH, away, crowded)

        by_track = _by_track(await self._bridge.read(look))
        for track, deliveries in by_track.items():
            self._begin(track, self._channel(track, deliveries), _named(track))
        return bool(by_track)

    async def _channel(self, track: Track, deliveries: Sequence[Delivery]) -> None:
        chat = self._chats.get(track[0])
        pace = chat.pace if chat and track[2] == "post" else 0.0
        for delivery in deliveries[: 1 if pace else _TURN]:
            if self._is_stopping or self._rests(track):
                return
            if track[2] == "post" and track[:2] in self._full(delivery.lane):
                return
            if chat is None:
                await self._dead(delivery, f"There is no chat called {track[0]} here.")
            elif await self._one(chat, delivery) and pace:
                await self._sleep(pace)

    def _full(self, lane: Lane) -> set[tuple[str, str]]:
        """The channels that may have no other post of this lane now."""
        most = self.most_posts
        return self._posts.full({Lane.NORMAL: most * 2 // 3, Lane.DIGEST: most * 3 // 4}.get(lane, most))

    def _rests(self, track: Track) -> bool:
        """Whether it was told to wait since its task began."""
        now = self._now()
        return any(self._resting.get(one, now) > now for one in (track, (track[0], _ANY, track[2])))

    async def _one(self, chat: Chat, delivery: Delivery) -> bool:
        """Do what can be done for a delivery now; whether the chat was called."""
        if delivery.action == "post" and not await self._bridge.write(
            lambda store: store.deliveries.sending(delivery, self._now())
        ):
            return False
        plan = await self._bridge.read(lambda store: self._plan(store, delivery))
        if plan.act == "wait":
            await self._later(delivery, timedelta(seconds=0.5), plan.why, counts=False)
        elif plan.act == "drop":
            await self._dropped(delivery, plan.why)
        elif plan.act == "dead":
            await self._dead(delivery, plan.why)
        else:
            await self._call(chat, delivery, plan)
            return True
        return False

    def _plan(self, store: Store, delivery: Delivery) -> Plan:
        if delivery.action == "update":
            return self._plan_update(store, delivery)
        ref = ""
        if delivery.parent:
            parent = store.deliveries.post_in(delivery.parent, delivery.chat, delivery.channel)
            if parent is None or parent.state is DeliveryState.DEAD:
                return Plan("dead", why="The card that it belongs to was not delivered.")
            if parent.state is DeliveryState.SUPERSEDED:
                return Plan("drop", why="the card that it belongs to is not there any more")
            if parent.state is not DeliveryState.SENT:
                return Plan("wait", why="its card is on the way")
            ref = parent.remote_ref
        drawing = self._draw(store, delivery.subject, delivery.body, self._now())
        if drawing is None:
            return Plan("drop", why="nothing to show")
        return Plan("post", _as_repeat(drawing) if delivery.error == _REPEAT else drawing, ref, key=delivery.key)

    def _plan_update(self, store: Store, delivery: Delivery) -> Plan:
        post = store.deliveries.post_in(delivery.subject, delivery.chat, delivery.channel)
        if post is None or post.state in (DeliveryState.DEAD, DeliveryState.SUPERSEDED, DeliveryState.PENDING):
            return Plan("drop", why="its message is not there, or will be drawn anew when it is posted")
        if post.state is DeliveryState.SENDING:
            return Plan("wait", why="its message is on the way")
        drawing = self._draw(store, delivery.subject, delivery.body, self._now())
        if drawing is None:
            return Plan("drop", why="nothing to show")
        return Plan("update", drawing, post.remote_ref, key=post.key)

    async def _call(self, chat: Chat, delivery: Delivery, plan: Plan) -> None:
        assert plan.drawing is not None  # noqa: S101 - a plan to call has a drawing
        ref = plan.ref
        was_paused = (delivery.chat, delivery.channel) in self._paused
        if plan.act == "post":
            self._posts.note(delivery)
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                if plan.act == "post":
                    ref = await chat.post(delivery.channel, plan.drawing, plan.key, plan.ref)
                else:
                    await chat.update(delivery.channel, plan.ref, plan.drawing, plan.key)
        except ChatBusy as error:
            wait = timedelta(seconds=max(0.0, error.retry_after))
            channel = _ANY if error.is_everywhere else delivery.channel
            self._resting[delivery.chat, channel, delivery.action] = self._now() + wait
            await self._later(delivery, wait, error.message, counts=False)
        except ChatLater as error:
            await self._later(delivery, timedelta(seconds=max(0.0, error.retry_after)), error.message, counts=False)
        except ChatClosed as error:
            await self._closed(delivery, str(error))
        except ChatMessageGone as error:
            await self._dropped(delivery, error.message)
        except ChatRefused as error:
            await self._dead(delivery, str(error))
        except (ChatDoubtful, TimeoutError, OSError) as error:
            await self._doubtful(delivery, error)
        except ChatError as error:
            await self._failed(delivery, str(error))
        except Exception as error:
            log.exception("the chat's adapter failed on delivery %d", delivery.id)
            await self._doubtful(delivery, error)
        else:
            await self._sent(delivery, ref, was_paused=was_paused, settle=timedelta(seconds=chat.settle))

    async def _sent(
        self, delivery: Delivery, ref: str, *, was_paused: bool = False, settle: timedelta = timedelta()
    ) -> None:
        """`was_paused`: the channel was closed before this was tried. It may let redraws through and no posts."""
        is_update = delivery.action == "update"
        late = delivery.attempted_at + settle if is_update and delivery.attempted_at else None

        def note(store: Store) -> bool:
            with store.transaction():
                if late is not None and self._now() < late:
                    store.deliveries.once_more(delivery, late)
                else:
                    store.deliveries.sent(delivery, ref)
                if not was_paused or (is_update and store.deliveries.has_posts(delivery.chat, delivery.channel)):
                    return False
                return store.pauses.end(delivery.chat, delivery.channel)

        if await self._bridge.write(note):
            self._paused.discard((delivery.chat, delivery.channel))
            log.info("%s:%s can be used again", delivery.chat, delivery.channel)

    async def _closed(self, delivery: Delivery, why: str) -> None:
        """It waits until the channel can be used again; everything else that is due there waits with it."""
        now = self._now()
        log.warning("%s:%s is paused: %s", delivery.chat, delivery.channel, why)

        def note(store: Store) -> None:
            with store.transaction():
                self._pause(store, delivery.chat, delivery.channel, why, now)
                store.deliveries.later(delivery, now, why, counts=False)

        await self._bridge.write(note)
        self._resting[_track(delivery)] = now + REST  # what stands behind it in this turn would meet the same

    async def _doubtful(self, delivery: Delivery, error: Exception) -> None:
        """A post may be there: its row stays in "sending" until it is looked for. An update is simply done again."""
        log.warning("delivery %d is doubtful: %s", delivery.id, type(error).__name__)
        if delivery.action == "update":  # it is never given up: the chat may be down for hours
            now, why = self._now(), f"no answer ({type(error).__name__})"
            moment = now + _wait_after(delivery)
            await self._bridge.write(lambda store: store.deliveries.lost(delivery, moment, why, now))

    async def _failed(self, delivery: Delivery, why: str) -> None:
        if delivery.attempts + 1 >= MOST_ATTEMPTS:
            await self._dead(delivery, why)
        else:
            await self._later(delivery, _wait_after(delivery), why)

    async def _later(self, delivery: Delivery, wait: timedelta, why: str, *, counts: bool = True) -> None:
        moment = self._now() + wait
        why = _REPEAT if delivery.error == _REPEAT else why  # once it may repeat, it does so at the next try too
        await self._bridge.write(lambda store: store.deliveries.later(delivery, moment, why, counts=counts))

    async def _dropped(self, delivery: Delivery, why: str) -> None:
        await self._bridge.write(lambda store: store.deliveries.dropped(delivery, why))

    async def _dead(self, delivery: Delivery, why: str) -> None:
        log.error("delivery %d (%s) is given up: %s", delivery.id, delivery.key, why)
        await self._bridge.write(lambda store: store.deliveries.dead(delivery, why))

    async def settle(self) -> None:
        """Start looking for the messages of rows that were left in "sending" long enough ago to be visible by now."""
        now = self._now()
        away = {*self._busy, *_still(self._resting, now), *_still(self._blind, now)}
        lost = await self._bridge.read(lambda store: store.deliveries.ambiguous(now))
        settled = _by_track(delivery for delivery in lost if self._is_settled(delivery, now))
        for track, deliveries in settled.items():
            if track not in away and track not in self._busy:
                self._begin(track, self._search(track, deliveries), _named(track))

    def _is_settled(self, delivery: Delivery, now: datetime) -> bool:
        chat = self._chats.get(delivery.chat)
        settle = timedelta(seconds=chat.settle) if chat else timedelta()
        return (delivery.attempted_at or delivery.created_at) <= now - settle

    async def _search(self, track: Track, deliveries: Sequence[Delivery]) -> None:
        chat = self._chats.get(track[0])
        for delivery in deliveries:
            if chat is None:
                await self._dead(delivery, f"There is no chat called {track[0]} here.")
            elif self._is_stopping or not await self._look_for(chat, delivery):
                return

    async def _look_for(self, chat: Chat, delivery: Delivery) -> bool:
        """Find out whether a message is there; whether the history could be read."""
        since = delivery.attempted_at or delivery.created_at
        try:
            parent_ref = await self._bridge.read(lambda store: _parent_ref(store, delivery))
            async with asyncio.timeout(CALL_TIMEOUT):
                ref = await chat.find(delivery.channel, delivery.key, since, parent_ref)
        except Exception as error:  # also what an adapter does wrong: a row must not hang on it for ever
            log.warning("delivery %d cannot be looked for: %s", delivery.id, type(error).__name__)
            # Not its attempt alone counts: after a long rest that is long ago, and the chat is only just being reached.
            tried_for = self._now() - max(since, self._blind_since.setdefault(_track(delivery), self._now()))
            if tried_for > GIVE_UP_LOOKING:
                await self._later(delivery, timedelta(), _REPEAT)
                return True
            self._blind[_track(delivery)] = self._now() + REST
            return False
        self._blind_since.pop(_track(delivery), None)
        if ref is None:
            wait = max(timedelta(), delivery.not_before - self._now())
            await self._later(delivery, wait, "was looked for, and was not there")
        else:
            await self._sent(delivery, ref)
            if not delivery.attempts:  # it stands since the time before a restore, and shows what was true then
                await self._redraw(delivery)
        return True

    async def _redraw(self, delivery: Delivery) -> None:
        now = self._now()

        def redraw(store: Store) -> None:
            with store.transaction():
                store.deliveries.redraw(delivery.subject, now, now)

        await self._bridge.write(redraw)


class _Posts:
    """How many messages each channel got in the last minute."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._when: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self.is_new = True  # and does not know what the program before us posted

    def remember(self, posts: Iterable[tuple[str, str, datetime]]) -> None:
        """What the program before us posted counts too; the oldest first."""
        for chat, channel, moment in posts:
            self._when[chat, channel].append(moment)
        self.is_new = False

    def note(self, delivery: Delivery) -> None:
        """It is called for now; whatever comes of it, the message may be there."""
        self._when[delivery.chat, delivery.channel].append(self._now())

    def full(self, most: int) -> set[tuple[str, str]]:
        """The channels that got so many, or more."""
        since = self._now() - _MINUTE
        for channel, when in list(self._when.items()):
            while when and when[0] <= since:
                when.popleft()
            if not when:
                del self._when[channel]
        return {channel for channel, when in self._when.items() if len(when) >= most}


def _track(delivery: Delivery) -> Track:
    return delivery.chat, delivery.channel, delivery.action


def _by_track(deliveries: Iterable[Delivery]) -> Mapping[Track, list[Delivery]]:
    by_track: dict[Track, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_track[_track(delivery)].append(delivery)
    return by_track


def _wait_after(delivery: Delivery) -> timedelta:
    """Longer after each attempt, up to a minute."""
    return timedelta(seconds=min(60, 2 ** min(delivery.attempts, 6)))


def _parent_ref(store: Store, delivery: Delivery) -> str:
    parent = store.deliveries.post_in(delivery.parent, delivery.chat, delivery.channel) if delivery.parent else None
    return parent.remote_ref if parent else ""


def _named(track: Track) -> str:
    return f"delivering ({track[2]}) to {track[0]}:{track[1]}"


def _still(until: dict[Track, datetime], now: datetime) -> list[Track]:
    """The tracks whose time has not come; the others are forgotten."""
    for track in [track for track, moment in until.items() if moment <= now]:
        del until[track]
    return list(until)


def _as_repeat(drawing: Drawing) -> Drawing:
    if isinstance(drawing, Card | DraftCard):
        return replace(drawing, note=f"{drawing.note} {_REPEAT_NOTE}".strip())
    if isinstance(drawing, Notice):
        return replace(drawing, words=f"{drawing.words} {_REPEAT_NOTE}")
    return drawing
