"""Two weeks of work told to a desk, a clock change among them, and what happened counted the slow way."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from storage.types import Case, CaseEvent, Mention, Status, Window
from tests.kit import PRAISE, TROUBLES, Desk, answer, raw

BEGUN = datetime(2026, 10, 11, 22, 0, tzinfo=UTC)  # Monday 12 October 2026 begins in Berlin
TODAY = datetime(2026, 10, 26, 9, 7, tzinfo=UTC)  # the Monday after the night with the hour that comes twice
_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch",
    "marsh", "north", "ocean", "prairie",
)  # fmt: skip


def tell(desk: Desk, seed: int = 7) -> None:
    """Mentions of both brands from three sources, day and night; cases taken, given back, answered, opened again."""
    chance = random.Random(seed)
    for number in range(140):
        desk.now = BEGUN + timedelta(minutes=number * 147 + chance.randrange(60))
        about = chance.choice(("Heron", "Heron", "Heron", "Plover", "Heron and Plover"))
        text = chance.choice((*TROUBLES, PRAISE, "Does Heron fly to Oslo on Sundays?")).replace("Heron", about)
        text += " " + " ".join(chance.sample(_WORDS, 8))
        source = chance.choice(("birds", "birds", "reviews", "desk"))
        item = raw(str(number), text, author=f"author{number % 9}", published_at=desk.now, shares=chance.randrange(25))
        desk.take(item, source=source)
        _work(desk, chance)
        _work(desk, chance)
    desk.now = TODAY


def _work(desk: Desk, chance: random.Random) -> None:
    last = desk.store.engine.value("select coalesce(max(id), 0) from cases")
    if not last:
        return
    case, who = desk.case(chance.randint(max(1, last - 5), last)), chance.choice(("ana", "bo", "kim"))
    desk.later(minutes=chance.randrange(40))
    if case.status is Status.OPEN:
        desk.do(who, f"claim {case.id}")
    elif case.status is Status.CLAIMED and case.assignee:
        if chance.random() < 0.3:
            desk.do(case.assignee, f"release {case.id}")
        elif case.assignee != "bo":
            answer(desk, case.id, case.assignee)
    elif case.status is Status.ANSWERED:
        desk.do(who, f"resolve {case.id} {chance.choice(('replied', 'fixed', 'no action'))}")
    elif chance.random() < 0.5:
        desk.do("mia", f"reopen {case.id}")


class History:
    """All rows, read once."""

    def __init__(self, desk: Desk) -> None:
        self.mentions, self.cases = desk.mentions(), desk.cases()
        self.events = {case.id: desk.events(case.id) for case in self.cases}


class Slowly:
    """The numbers of a window, counted row by row from mentions, cases and diaries."""

    def __init__(self, history: History, window: Window, brand: str = "") -> None:
        self.history, self.window, self.brand = history, window, brand
        word = brand.partition(" ")[0].casefold()
        self.mentions = [
            one
            for one in history.mentions
            if self._is_in(one.seen_at) and (word in one.text.casefold() or _is_bound(one, brand))
        ]
        self.all_cases = [case for case in history.cases if brand in ("", case.brand)]

    def _is_in(self, moment: datetime | None) -> bool:
        return moment is not None and self.window.start <= moment < self.window.end

    @property
    def opened(self) -> list[Case]:
        return [case for case in self.all_cases if self._is_in(case.opened_at)]

    @property
    def alerted(self) -> list[Case]:
        return [case for case in self.all_cases if self._is_in(case.alerted_at)]

    def acts(self, kind: str) -> list[CaseEvent]:
        """The lines of the diaries."""
        return [
            event
            for case in self.all_cases
            for event in self.history.events[case.id]
            if event.kind == kind and self._is_in(event.at)
        ]

    def labels(self) -> Counter[str]:
        return Counter(mention.label for mention in self.mentions)

    def moved(self) -> Counter[str]:
        found = Counter[str]()
        for mention in self.mentions:
            if (mention.shares or 0) + (mention.replies or 0) >= 10:
                found[mention.author] += (mention.shares or 0) + (mention.replies or 0)
        return found

    def lengths(self, kind: str) -> list[float]:
        """Seconds from the opening, or the last one before, to each first answer or to each resolution."""
        return sorted(self._lengths(kind))

    def _lengths(self, kind: str) -> Iterator[float]:
        for case in self.all_cases:
            begun, is_answered = case.opened_at, False
            for event in self.history.events[case.id]:
                begun = event.at if event.kind == "reopened" else begun
                told = event.detail.get("resolution", "")
                is_answer = event.kind == "answered" or told in ("replied", "fixed")
                if kind == "response" and is_answer and not is_answered and self._is_in(event.at):
                    yield (event.at - begun).total_seconds()
                is_answered = is_answered or is_answer
                if kind == "resolution" and event.kind == "resolved" and self._is_in(event.at):
                    yield (event.at - begun).total_seconds()


def _is_bound(mention: Mention, brand: str) -> bool:
    """Whether its source belongs to the brand, whatever it says."""
    return mention.source == "desk" and brand == "Heron Air"
