"""What a stream called gone before we had it. A page that was read before a deletion may be stored after it."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

KEPT = timedelta(hours=1)
MOST = 20_000


class Graves:
    """Native ids, for an hour at most and not too many: a stream may carry the deletions of a whole network.

    What it forgets, or what comes after a restart, is found when the source is asked again after what is stored.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._buried: OrderedDict[str, datetime] = OrderedDict()

    def bury(self, native_ids: Iterable[str], now: datetime) -> None:
        """Remember these, and forget what is old."""
        for native_id in native_ids:
            self._buried[native_id] = now
            self._buried.move_to_end(native_id)
        while self._buried and (len(self._buried) > self._most or self._is_old(now)):
            self._buried.popitem(last=False)

    def holds(self, native_id: str) -> bool:
        return native_id in self._buried

    def _is_old(self, now: datetime) -> bool:
        return now - next(iter(self._buried.values())) > KEPT
