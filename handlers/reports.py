"""What a stretch of time brought, for one brand or all: numbers from the roll-ups, each with the cases behind it.

Summary, briefing and export show the same report. What is true now (who has what, what waits) stands in `standing` and
`load`; all else belongs to the window, to the same stretch before, and to the mean of the usual ones.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from handlers.cards import Button
from handlers.context import Context
from handlers.rules.languages import code_of, name_of, scored_codes
from handlers.rules.locales import Locale
from storage.behind import Load, Standing
from storage.cases import CAUSED
from storage.tallies import BUSINESS, RESOLUTION, RESPONSE, Act, Lengths, Mover, Sums
from storage.types import Priority, Window

QUARTER = 900  # seconds; moments travel in buttons as a count of them
MOVERS = 10
_LANGUAGES = 3  # that are named, of what could not be scored
_NOBODY = "earshot"  # the name that the diary gives to what no person did


@dataclass(frozen=True, slots=True)
class Pair:
    """A number of the window and of the stretch before."""

    now: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What one source brought."""

    name: str
    now: Sums
    before: Sums


@dataclass(frozen=True, slots=True)
class PersonLine:
    """What one person did in the window (`name` as in the policy, or as the diary has it), and what she has now."""

    name: str
    claimed: Pair  # what she took; not what others gave her
    answered: Pair
    resolved: Pair
    open: int = 0  # now
    overdue: int = 0  # now


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took that ended in the window: on the wall clock and on the business clock, now and before."""

    wall: Lengths
    business: Lengths
    wall_before: Lengths
    business_before: Lengths


@dataclass(frozen=True, slots=True)
class Voice:
    """How often a brand of the policy was mentioned; its share is its part of all of them together."""

    brand: str
    mentions: Pair
    share: float
    share_before: float | None  # None when none was mentioned


@dataclass(frozen=True, slots=True)
class Usual:
    """The mean of the usual stretches that Earshot was there for; there were `count` of them."""

    count: int
    mentions: float
    negative: float
    positive: float
    opened: float
    alerted: float
    answered: float
    resolved: float


@dataclass(frozen=True, slots=True)
class Report:
    """One stretch of time. `brand` is "" for all of them."""

    window: Window
    brand: str
    sums: Sums
    before: Sums
    has_before: bool  # False: the stretch before began before anything was counted, so nothing is compared with it
    since: datetime | None  # the first hour that anything is counted in
    usual: Usual | None  # None: there is no usual for such a window, or Earshot was not there for any
    sources: tuple[SourceLine, ...]  # most mentions first
    priorities: Mapping[str, Pair]  # cases opened, by priority in words, urgent first
    causes: Mapping[str, Pair]  # cases opened, by what they were about, the most first
    resolutions: Mapping[str, Pair]  # cases resolved, by reason, the most first
    people: tuple[PersonLine, ...]  # who has most first
    claimed: Pair  # acts in the window
    answered: Pair
    resolved: Pair
    response: Took
    resolution: Took
    standing: Standing  # now
    load: tuple[Load, ...]  # now
    movers: tuple[Mover, ...]  # who moved most people first
    share_of_voice: tuple[Voice, ...]  # of every brand of the policy, competitors too, whichever was asked for
    unscored: Mapping[str, int]  # mentions that nobody could judge, by language in words, the most first

    @property
    def is_empty(self) -> bool:
        """Whether nothing came in and nothing was done."""
        return self.sums == Sums() and not (self.claimed.now or self.answered.now or self.resolved.now)


def report(ctx: Context, window: Window, brand: str = "", *, before: Window, usual: Sequence[Window] = ()) -> Report:
    """All numbers of a window for a brand, or for all ("")."""
    tallies, behind = ctx.store.tallies, ctx.store.behind
    since = tallies.first_at()
    sources = _sources(ctx, window, before, brand)
    acts, acts_before = tallies.acts(window, brand), tallies.acts(before, brand)
    load = tuple(behind.load(ctx.now, brand))
    return Report(
        window=window,
        brand=brand,
        sums=sum((line.now for line in sources), Sums()),
        before=sum((line.before for line in sources), Sums()),
        has_before=_is_counted(before, since),
        since=since,
        usual=_usual(ctx, [one for one in usual if _is_counted(one, since)], brand),
        sources=sources,
        priorities=_priorities(acts, acts_before),
        causes=_details(CAUSED, acts, acts_before),
        resolutions=_details("resolved", acts, acts_before),
        people=_people(acts, acts_before, load),
        claimed=_pair("claimed", acts, acts_before),
        answered=_pair("answered", acts, acts_before),
        resolved=_pair("resolved", acts, acts_before),
        response=_took(ctx, RESPONSE, window, before, brand),
        resolution=_took(ctx, RESOLUTION, window, before, brand),
        standing=behind.standing(ctx.now, brand),
        load=load,
        movers=tuple(tallies.movers(window, brand, MOVERS)),
        share_of_voice=_voices(ctx, window, before),
        unscored=_unscored(ctx, window, brand) if any(line.now.unscored for line in sources) else {},
    )


def _unscored(ctx: Context, window: Window, brand: str) -> Mapping[str, int]:
    """Counts by language in words; where one was told that can be scored, it was the script that could not be read."""
    counts = Counter[str]()
    for lang, count in ctx.store.behind.unscored(window, brand).items():
        code = code_of(lang)
        counts[name_of(code) if code and code not in scored_codes() else ""] += count
    return dict(counts.most_common())


def _is_counted(window: Window, since: datetime | None) -> bool:
    """Whether we listened through all of a window but a tenth of it."""
    return since is not None and since <= window.start + window.length / 10


def unscored_in_words(report: Report, locale: Locale) -> str:
    """not scored: 9 French, 3 Polish, 2 others; "" where all could be scored."""
    told = report.unscored
    if not told:
        return ""
    named = [(name, count) for name, count in told.items() if name][:_LANGUAGES]
    parts = [f"{locale.number(count)} {name}" for name, count in named]
    if rest := sum(told.values()) - sum(count for _, count in named):
        parts.append(f"{locale.number(rest)} {'others' if parts else 'in unknown languages'}")
    return f"not scored: {', '.join(parts)}"


def open_button(label: str, what: str, /, window: Window | None, brand: str = "", **filters: str) -> Button:
    """Opens the cases or mentions behind a number (verb `summary`); those of now when the window is None.

    `what` is mentions, or one of `Behind.cases`; `filters` are the source, label, person or detail that it is of.
    """
    told = {"what": what, "brand": brand, **filters}
    if window is not None:
        told |= {"from": str(quarters(window.start)), "to": str(quarters(window.end))}
    carried = urlencode({name: value for name, value in told.items() if value})
    return Button(label, "summary", values=(("behind", carried),))


def quarters(moment: datetime) -> int:
    """A moment as the number of its quarter of an hour."""
    return int(moment.timestamp()) // QUARTER


def _sources(ctx: Context, window: Window, before: Window, brand: str) -> tuple[SourceLine, ...]:
    names = ctx.store.sources.names()
    now, then = ctx.store.tallies.by_source(window, brand), ctx.store.tallies.by_source(before, brand)
    lines = [
        SourceLine(names.get(number, "unknown"), now.get(number, Sums()), then.get(number, Sums()))
        for number in now.keys() | then.keys()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.now.mentions, -line.before.mentions, line.name)))


def _usual(ctx: Context, windows: Sequence[Window], brand: str) -> Usual | None:
    if not windows:
        return None
    total = sum(ctx.store.tallies.series(windows, brand), Sums())
    done = Counter[str]()
    for window in windows:
        done.update(ctx.store.tallies.kinds(window, brand))
    count = len(windows)
    return Usual(
        count,
        mentions=total.mentions / count,
        negative=total.negative / count,
        positive=total.positive / count,
        opened=total.opened / count,
        alerted=total.alerted / count,
        answered=done["answered"] / count,
        resolved=done["resolved"] / count,
    )


def _pair(kind: str, acts: Sequence[Act], before: Sequence[Act]) -> Pair:
    return Pair(*(sum(act.n for act in done if act.kind == kind) for done in (acts, before)))


def _by_person(acts: Iterable[Act]) -> Counter[tuple[str, str]]:
    """How often each person did each kind of act."""
    found = Counter[tuple[str, str]]()
    for act in acts:
        found[act.actor, act.kind] += act.n
    return found


def _details(kind: str, acts: Sequence[Act], before: Sequence[Act]) -> dict[str, Pair]:
    """What a kind of act was about, the most first."""
    now, then = Counter[str](), Counter[str]()
    for counter, done in ((now, acts), (then, before)):
        for act in done:
            if act.kind == kind and act.detail:
                counter[act.detail] += act.n
    names = sorted(now.keys() | then.keys(), key=lambda name: (-now[name], -then[name], name))
    return {name: Pair(now[name], then[name]) for name in names}


def _priorities(acts: Sequence[Act], before: Sequence[Act]) -> dict[str, Pair]:
    found = _details("opened", acts, before)
    return {one.word: found[one.word] for one in reversed(Priority) if one.word in found}


def _people(acts: Sequence[Act], before: Sequence[Act], load: Sequence[Load]) -> tuple[PersonLine, ...]:
    has = {one.person: one for one in load}
    now, then = _by_person(acts), _by_person(before)
    shown = ("claimed", "answered", "resolved")
    names = {actor for actor, kind in (*now, *then) if kind in shown and actor != _NOBODY} | has.keys()
    lines = []
    for name in names:
        claimed, answered, resolved = (Pair(now[name, kind], then[name, kind]) for kind in shown)
        open_now, overdue = (has[name].open, has[name].overdue) if name in has else (0, 0)
        lines.append(PersonLine(name, claimed, answered, resolved, open_now, overdue))
    return tuple(sorted(lines, key=lambda one: (-one.open, -one.resolved.now, -one.answered.now, one.name)))


def _took(ctx: Context, what: str, window: Window, before: Window, brand: str) -> Took:
    lengths = ctx.store.tallies.lengths
    return Took(
        *(lengths(one, brand, clock) for one in (window, before) for clock in (what, what + BUSINESS)),
    )


def _voices(ctx: Context, window: Window, before: Window) -> tuple[Voice, ...]:
    tallies = ctx.store.tallies
    pairs = {
        brand.name: Pair(tallies.sums(window, brand.name).mentions, tallies.sums(before, brand.name).mentions)
        for brand in ctx.policy.brands
    }
    total, then = sum(pair.now for pair in pairs.values()), sum(pair.before for pair in pairs.values())
    voices = [
        Voice(name, pair, pair.now / total if total else 0.0, pair.before / then if then else None)
        for name, pair in pairs.items()
    ]
    return tuple(sorted(voices, key=lambda one: -one.mentions.now))
