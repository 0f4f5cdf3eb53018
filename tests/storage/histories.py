"""Random histories of a desk: pages, edits, deletions, what people do to cases, and a clock that goes on."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from handlers.ports import Tombstone
from handlers.rules.policy import Brand, Route
from storage.store import open_storage
from storage.types import Priority, Window
from tests.kit import POLICY, PRAISE, TROUBLES, Desk, raw

BEGIN = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)  # half an hour before a day begins whose clocks go back in Berlin
ROUTES = (  # what is less than high is shown to nobody, unless it comes from the web hook
    Route("local:#alerts", min_priority=Priority.HIGH),
    Route("local:#desk", sources=("desk",), digest=timedelta(minutes=30)),
)
RIVAL = Brand("Gull Air", {"names": "gull"}, is_competitor=True)
BOTH = "Heron and Plover Inn lost my booking together, awful, I am furious with both of you"
WORDS = [
    *TROUBLES, BOTH, PRAISE, "A plover and a heron walk into a bar", "Can Heron tell me when the gate opens?", "",
    "Gull lost my luggage, awful, I hate it", "After Gull I fly with Heron again", "Gull or Plover? Both awful",
]  # fmt: skip
LINES = (
    "claim {}", "release {}", "draft {} We are sorry.", "approve {}", "sent {} https://birds.example/reply",
    "note {} hm", "resolve {} replied", "resolve {} fixed", "resolve {} no action", "resolve {} spam",
    "irrelevant {}", "reopen {}", "snooze {} 2h", "assign {} @bo", "escalate {}",
)  # fmt: skip
_AUTHORS = {"a": "Ann", "b": "Ann", "f": ""}
_THINGS = (
    "suitcase", "refund", "breakfast", "gate", "voucher", "crew", "pram", "luggage", "queue", "telephone", "booking",
    "seat", "window", "meal", "card", "delay", "pool", "towel", "key", "lift", "invoice", "driver", "ferry",
    "ticket", "strike", "garden", "pilot", "blanket", "coffee", "website",
)  # fmt: skip
ITEMS = st.tuples(
    st.sampled_from("abcdef"),
    st.sampled_from(WORDS),
    st.sampled_from([None, 0, 9, 10, 400]),  # shares
    st.sampled_from([0, 0, 0, 30, 50]),  # hours ago
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("page"), st.sampled_from(["birds", "desk"]), st.lists(ITEMS, min_size=1, max_size=4)),
        st.tuples(st.just("gone"), st.sampled_from("abcdef")),
        st.tuples(st.just("later"), st.sampled_from([0.25, 7, 15, 50, 200, 1_500])),
        st.tuples(st.just("do"), st.sampled_from(["ana", "bo", "mia"]), st.sampled_from(LINES), st.integers(1, 4)),
        st.tuples(st.just("tick")),
    ),
    max_size=14,
)
WINDOWS = st.tuples(st.integers(-250, 120), st.integers(0, 400)).map(
    lambda told: Window(*(BEGIN + timedelta(minutes=15) * quarters for quarters in (told[0], told[0] + told[1])))
)


def a_day(seed: int) -> list[tuple[object, ...]]:
    """A long history in which everything happens: twelve cases of two brands live in parallel."""
    chance = random.Random(seed)
    lives = [_a_life(number, chance) for number in range(1, 13)]
    steps: list[tuple[object, ...]] = []
    while waiting := [life for life in lives if life]:
        steps.append(chance.choice(waiting[:5]).pop(0))
        steps.append(("later", chance.choice([1, 20, 90])))
        if chance.random() < 0.2:
            item = (chance.choice("abcdef"), chance.choice(WORDS), chance.choice([None, 3, 50, 900]), 0)
            steps.append(("page", chance.choice(["birds", "desk"]), [item]))
    return steps


def _a_life(number: int, chance: random.Random) -> list[tuple[object, ...]]:
    """Of one case, from its mention to its second end."""
    words = " ".join(chance.sample(_THINGS, 6))
    text = f"{chance.choice(['Heron', 'Plover', 'Heron and Plover', 'Gull'])} {words}, awful, I am furious"
    page = ("page", chance.choice(["birds", "desk"]), [(f"case{number}", text, chance.choice([None, 12, 200]), 0)])
    ends = ["resolve {} replied", "resolve {} fixed", "resolve {} no action", "irrelevant {}", "resolve {} not us"]
    lines = ["claim {}", "draft {} We are sorry.", "sent {} https://birds.example/reply", chance.choice(ends)]
    kept = [line for line in lines if chance.random() < 0.8]
    kept += ["reopen {}", "claim {}", chance.choice(ends)] if chance.random() < 0.4 else []
    told: list[tuple[object, ...]] = [("do", chance.choice(["ana", "mia"]), line, number) for line in kept]
    return [page, *[part for step in told for part in ([step, ("do", "bo", "approve {}", number)])]]


@contextmanager
def lived(template: Path, steps: list[tuple[object, ...]]) -> Iterator[Desk]:
    """A desk with that behind it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "earshot.db"
        path.write_bytes(template.read_bytes())
        store = open_storage(path)
        store.engine.run("pragma synchronous = off")
        desk = Desk(store, replace(POLICY, brands=(*POLICY.brands, RIVAL), routes=ROUTES), BEGIN)
        for step in steps:
            live(desk, *step)
        yield desk
        store.close()


def live(desk: Desk, kind: str, *told: object) -> None:  # type: ignore[misc]
    """One step."""
    if kind == "page" and isinstance(told[1], list):
        items = [
            raw(
                name,
                text,
                shares=shares,
                author=_AUTHORS.get(name, "ben"),
                published_at=desk.now - timedelta(hours=ago),
            )
            for name, text, shares, ago in told[1]
        ]
        desk.take(*items, source=str(told[0]))
    elif kind == "gone":
        desk.take(Tombstone(str(told[0]), "deleted"))
    elif kind == "later":
        desk.later(minutes=float(str(told[0])))
    elif kind == "do":
        desk.do(str(told[0]), str(told[1]).format(told[2]))
    else:
        desk.tick()
