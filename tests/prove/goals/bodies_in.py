"""Spoilt answers, mails, deliveries and files: none stops a source or costs a good item.

Each source polls an answer from memory in which one item, or the whole, is spoilt in one of some hundred ways: fields
gone, renamed, of another kind; numbers of 5,000 digits, NaN, half characters, dates that no calendar has, HTML instead
of JSON, a body cut short. The items that were not touched are looked for by their ids in what the source gives. What is
given with changes is then weighed and stored in a real file, and looked for there.
"""

import random
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from handlers.ports import Broken, Item, Page, SourceError
from storage.errors import EarshotError
from storage.types import RawMention
from tests.bot.sources.test_form_presets import BODIES
from tests.prove.keeping import Keeper
from tests.prove.letters import Files, Hooks, Way, mail
from tests.prove.spoiling import Spoilt, spoilt_item, spoilt_markup, spoilt_value, spoilt_whole
from tests.prove.tapes import MARKUP, Flow, recorded
from tests.prove.trial import Trial

GOAL = "G8"
FAULTS = (38, 41, 42, 44, 45, 57)
MINUTES = (2, 60)

POLLED = {
    "x": ("x",),
    "bluesky": ("bluesky",),
    "mastodon": ("mastodon",),
    "hackernews": ("hackernews",),
    "github": ("github",),
    "stackoverflow": ("stackoverflow",),
    "news": ("news", "news", "news", "news google"),
    "feed": ("feed rss", "feed atom", "feed rdf", "feed json", "feed json"),
}


@dataclass
class Found:
    """What came of the bodies of all kinds."""

    bodies: int = 0
    spoilt_items: int = 0
    refused: int = 0
    crashes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    quarantined: int = 0
    slowest: float = 0.0


async def run(trial: Trial) -> None:
    found, store = Found(), Keeper(trial.folder / "bodies.db", trial.of(1, 24))
    before = _peak()
    count = trial.of(150, 20_000)
    for kind, shapes in POLLED.items():
        trial.tell(f"bodies of {kind}", await _poll_all(kind, shapes, count, trial, found, store))
    ways: dict[str, Way] = {"email": mail, "webhook": Hooks(BODIES), "file": Files(trial.folder)}
    for kind, way in ways.items():
        trial.tell(f"bodies of {kind}", await _read_all(kind, way, count, trial.chance, found, store))
    store.close()
    found.crashes += store.crashes
    for told, times in Counter((*found.crashes, *found.lost, *found.stuck)).most_common(40):
        print(times, told)
    trial.at_least("with one item spoilt", found.spoilt_items, found.bodies // 3)
    trial.at_least("refused in words", found.refused, found.bodies // 20)
    trial.at_least("unreadable items put aside", found.quarantined, found.bodies // 50)
    trial.none("crashes", len(found.crashes))
    trial.none("good items lost beside a bad one", len(found.lost))
    trial.none("cursors that did not move", len(found.stuck))
    trial.tell("changed items weighed and stored", store.given)
    trial.exactly("of them in the file", store.count("mentions"), store.given)
    trial.none("items that broke a rule", store.count("quarantine"))
    trial.at_most("s of processor for the slowest", found.slowest, 2)
    trial.at_most("MB of memory more at the peak", _peak() - before, 100)


async def _poll_all(kind: str, shapes: tuple[str, ...], count: int, trial: Trial, found: Found, store: Keeper) -> int:
    flows: list[tuple[str, Flow, Page]] = []
    done = 0
    each = count // len(shapes) + 1
    for shape in dict.fromkeys(shapes):
        folder = trial.folder / f"{kind}-{shape.replace(' ', '-')}"
        folder.mkdir()
        async with recorded(shape, folder) as told:
            flows = [(shape, flow, await _polled(flow)) for flow in told]
        for _ in range(each * shapes.count(shape)):
            shape_, flow, good = trial.chance.choice(flows)
            await _one_poll(shape_, flow, good, trial.chance, found, store)
            done += 1
    return done


async def _polled(flow: Flow) -> Page:
    source = flow.build(flow.tape, False)
    try:
        return await source.poll(None, 100, flow.query)
    finally:
        await source.close()


async def _one_poll(shape: str, flow: Flow, good: Page, chance: random.Random, found: Found, store: Keeper) -> None:
    flow.tape.rewind()
    place = chance.choice(flow.tape.places())
    if chance.random() < 0.6:  # mostly the page itself
        place = max(flow.tape.places(), key=lambda one: len(flow.tape.answers[one[0]][one[1]]))
    spoilt = _spoilt(flow.tape.answers[place[0]][place[1]], MARKUP.get(shape), chance)
    flow.tape.rewind(place, lambda _: spoilt.body)
    told = f"{flow.name} {flow.query[:20]} {place[0][-40:]}: {spoilt.how}"
    page = await _outcome(lambda: _polled(flow), told, found)
    flow.tape.rewind()
    if page is None:
        if spoilt.may_cost < 2:
            found.lost.append(f"the whole page of {told}")
        return
    _compare(good, page, spoilt, flow.in_one, told, found)
    store.take(item for item in page.items if item not in good.items)


def _spoilt(body: bytes, tag: str | None, chance: random.Random) -> Spoilt:
    way = chance.random()
    if way > 0.75:
        return spoilt_whole(body, chance)
    if tag:
        return spoilt_markup(body, chance, tag)
    one = spoilt_item(body, chance) if way < 0.6 else None
    return one or spoilt_value(body, chance)


def _compare(good: Page, page: Page, spoilt: Spoilt, in_one: int, told: str, found: Found) -> None:
    found.quarantined += sum(isinstance(item, Broken) for item in page.items)
    if spoilt.may_cost > 1:
        return
    found.spoilt_items += 1
    missing = _ids(good.items) - _ids(page.items)
    if len(missing) > spoilt.may_cost * in_one:
        found.lost.append(f"{len(missing)} of {told}")
    if page.cursor is None:
        found.stuck.append(told)


async def _outcome(poll: Callable[[], Awaitable[Page]], told: str, found: Found) -> Page | None:
    found.bodies += 1
    started = time.process_time()
    try:
        return await poll()
    except SourceError as error:
        found.refused += 1
        if not str(error).strip():
            found.crashes.append(f"no words: {told}")
    except Exception as error:
        found.crashes.append(f"{type(error).__name__} {str(error)[:80]}: {told}")
    finally:
        found.slowest = max(found.slowest, time.process_time() - started)
    return None


async def _read_all(kind: str, way: Way, count: int, chance: random.Random, found: Found, store: Keeper) -> int:
    for _ in range(count):
        spoilt, read, ids = way(chance)
        told = f"{kind}: {spoilt.how}"
        found.bodies += 1
        started = time.process_time()
        try:
            items = read()
        except EarshotError:  # a delivery refused with its status, a file of which no row makes sense
            found.refused += 1
            continue
        except Exception as error:
            found.crashes.append(f"{type(error).__name__} {str(error)[:80]}: {told}")
            continue
        finally:
            found.slowest = max(found.slowest, time.process_time() - started)
        found.quarantined += sum(isinstance(item, Broken) for item in items)
        if spoilt.may_cost < 2:
            found.spoilt_items += 1
            if len(ids - _ids(items)) > spoilt.may_cost:
                found.lost.append(f"{len(ids - _ids(items))} of {told}")
        store.take(items)
    return count


def _ids(items: Iterable[Item]) -> set[str]:
    return {item.native_id for item in items if isinstance(item, RawMention)}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
