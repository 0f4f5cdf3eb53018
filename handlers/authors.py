"""What the authors of a page have done before: whom they have reached, and how many alerts they brought today."""

from collections.abc import Iterable
from datetime import datetime

from handlers.rules import folding
from handlers.weighing import Weighed
from storage.store import Store
from storage.types import Priority


class Authors:
    """Of one transaction. It counts what the page itself brings, too."""

    def __init__(self, store: Store, source_id: int, kind: str, now: datetime) -> None:
        self._store = store
        self._source_id = source_id
        self._kind = kind
        self._since = now - folding.DAY
        self._reached: dict[tuple[int, str], int] = {}  # by case and author
        self._alerts: dict[str, int] = {}
        self._known: dict[str, bool] = {}  # whether a mention's author is somebody, by native id

    def look_up(self, items: Iterable[Weighed], least: Priority) -> None:
        """Ask for the alerts of those who may bring another, in one query; what is below `least` brings none."""
        authors = {_key(item) for item in items if item.verdict.priority >= least and self._is_known(item)}
        unknown = sorted(authors - self._alerts.keys())
        if unknown:
            found = self._store.authors.cases_since(self._source_id, unknown, self._since)
            self._alerts |= dict.fromkeys(unknown, 0) | found

    def folded(self, item: Weighed) -> str:
        """Count an alert; why it gets no card of its own, or "" when it does. Urgent ones always do."""
        if not self._is_known(item):
            return ""
        self.look_up([item], item.verdict.priority)
        earlier = self._alerts[_key(item)]
        self._alerts[_key(item)] = earlier + 1
        is_folded = folding.is_folded(earlier) and item.verdict.priority is not Priority.URGENT
        return folding.in_words(earlier) if is_folded else ""

    def opens(self, case_id: int, item: Weighed) -> None:
        """Her mention is a case's first."""
        if item.reach is not None and item.raw.author:
            self._reached[case_id, _key(item)] = item.reach

    def joins(self, case_id: int, item: Weighed) -> int | None:
        """What a mention adds to the reach of a case: whom its author has reached there before counts once."""
        if item.reach is None or not item.raw.author:
            return item.reach
        key = (case_id, _key(item))
        before = self._reached.get(key)
        if before is None:
            before = self._store.authors.reach_in(case_id, self._source_id, key[1])
        self._reached[key] = max(item.reach, before or 0)
        return item.reach if before is None else max(0, item.reach - before)

    def _is_known(self, item: Weighed) -> bool:
        known = self._known.get(item.raw.native_id)
        if known is None:
            known = self._known[item.raw.native_id] = folding.has_person(self._kind, item.raw)
        return known


def _key(item: Weighed) -> str:
    return item.raw.author.casefold()
