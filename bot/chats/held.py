"""Private answers that their askers may still show to everybody."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.chats.desk import Desk
from handlers.answers import shareable
from handlers.cards import Notice, Screen
from handlers.requests import Reply

TOO_OLD = "This answer is too old to be shared. Give the command again."
NOT_HERS = "This was not shared: you have no role here any more that allows it."
_KEPT = 500  # answers


@dataclass(slots=True)
class Share:
    """An answer as everybody would see it. It belongs to the one who asked."""

    user: str
    drawing: Screen | Notice
    reply: Reply
    is_shared: bool = False


class Held:
    """The latest answers, in memory; after a restart they are too old to be shared."""

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now
        self._held: OrderedDict[str, Share] = OrderedDict()

    def hold(self, user: str, reply: Reply) -> str:
        """The id under which this answer can be shared, "" for one that cannot be."""
        drawing = shareable(reply, self._now(), ZoneInfo(self._desk.policy().timezone))
        if drawing is None:
            return ""
        answer_id = secrets.token_urlsafe(9)
        self._held[answer_id] = Share(user, drawing, reply)
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return answer_id

    def of(self, user: str, answer_id: str) -> Share | None:
        """What she may share; None when it is too old, or somebody else's."""
        held = self._held.get(answer_id)
        return held if held is not None and held.user == user else None
