"""When a message may be redrawn, so that many changes are few calls and old messages hold no fresh one.

One message is redrawn at most once a second. Of messages older than an hour Discord takes few changes (about three in
twenty seconds for a channel, as people report; it does not publish the number), so each of those gets a turn of its own
and the others pass it. A redraw through a click's interaction is under other limits, and works whatever the age.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import discord

AT_ONCE = 3  # changes of old messages of one channel …
WITHIN = 20.0  # … in so many seconds
OLD = timedelta(hours=1)
NEARLY_OLD = timedelta(minutes=5)  # our clock may be behind Discord's
GAP = 1.0  # seconds between two redraws of one message
TOKEN_HOLDS = 14 * 60.0  # seconds; Discord's are 15 minutes from the click
_REMEMBERED = 2_000  # messages
_ON_MESSAGE = (discord.InteractionResponseType.deferred_message_update, discord.InteractionResponseType.message_update)

Interaction = discord.Interaction[Any]


class Turns:
    """Messages are known by their channel's and their own id. `clock` counts seconds."""

    def __init__(self, now: Callable[[], datetime], clock: Callable[[], float]) -> None:
        self._now = now
        self._clock = clock
        self._drawn: OrderedDict[int, float] = OrderedDict()  # when a message was redrawn last
        self._given: dict[int, deque[float]] = {}  # the latest turns for old messages of a channel
        self._turns: OrderedDict[int, float] = OrderedDict()  # the turn of an old message

    def wait(self, channel: int, message: int) -> float:
        """Seconds until this message may be redrawn: 0 takes the turn, more keeps one for it."""
        now = self._clock()
        if (gap := self._drawn.get(message, now - GAP) + GAP - now) > 0:
            return gap
        if self._is_old(message) and (wait := self._turn(channel, message, now) - now) > 0:
            return wait
        self._turns.pop(message, None)
        self.was_drawn(message)
        return 0.0

    def was_drawn(self, message: int) -> None:
        """It was redrawn just now, or is about to be."""
        _note(self._drawn, message, self._clock())

    def hold(self, channel: int, seconds: float) -> None:
        """Discord takes no change of an old message there for so long: all of them get new turns after that."""
        start = self._clock() + seconds
        self._given[channel] = deque([start - WITHIN] * AT_ONCE, AT_ONCE)
        self._turns.clear()

    def _is_old(self, message: int) -> bool:
        return self._now() - snowflake_time(message) > OLD - NEARLY_OLD

    def _turn(self, channel: int, message: int, now: float) -> float:
        if (kept := self._turns.get(message)) is not None:
            return kept
        given = self._given.setdefault(channel, deque(maxlen=AT_ONCE))
        turn = max(now, given[0] + WITHIN) if len(given) == AT_ONCE else now
        given.append(turn)
        _note(self._turns, message, turn)
        return turn


class Clicks:
    """The latest click on each message, through which the message can be redrawn for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clicks: OrderedDict[str, tuple[Interaction, float]] = OrderedDict()

    def note(self, ref: str, interaction: Interaction) -> None:
        """Somebody clicked on it just now."""
        now = self._clock()
        _note(self._clicks, ref, (interaction, now))
        while now - next(iter(self._clicks.values()))[1] > TOKEN_HOLDS:  # an interaction holds its whole message
            self._clicks.popitem(last=False)

    def at(self, ref: str) -> Interaction | None:
        """The interaction whose own message is this one. An answer that was given in another way made another message
        its own.
        """
        interaction, clicked_at = self._clicks.get(ref, (None, 0.0))
        if interaction is None or self._clock() - clicked_at > TOKEN_HOLDS:
            self._clicks.pop(ref, None)
            return None
        return interaction if interaction.response.type in _ON_MESSAGE else None

    def forget(self, ref: str) -> None:
        """Its token does not work any more."""
        self._clicks.pop(ref, None)


def snowflake_time(snowflake: int) -> datetime:
    """When Discord gave an id (UTC)."""
    return datetime.fromtimestamp(((snowflake >> 22) + discord.utils.DISCORD_EPOCH) / 1000, UTC)


def _note(kept: "OrderedDict[Any, Any]", key: object, told: object) -> None:
    kept[key] = told
    kept.move_to_end(key)
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
