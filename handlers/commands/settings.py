from handlers.cards import Row, Screen
from handlers.context import Context
from handlers.requests import Reply, Words, command
from handlers.rules.languages import ENGLISH, name_of
from handlers.rules.policy import Brand, Member, Policy, Route, SourceEntry
from handlers.rules.roles import may, who_may
from handlers.rules.when import length
from storage.errors import InvalidInput, NotAllowed
from storage.lessons import OFF, ON, SHADOW
from storage.types import Priority

_OUTRO = "These stand in earshot.toml; learning is switched in `learning`."
_MODES = {OFF: "off", SHADOW: "in the shadow", ON: "on"}


@command(is_read=True, example="settings", typed="[reload]")
def settings(ctx: Context, who: Member, act: Words | None = None) -> Reply:
    """What is configured; with reload, earshot.toml is read again."""
    if act is not None:
        return _reload(who, act)
    policy = ctx.policy
    rows = [
        Row(
            f"Brand {brand.name}",
            None,
            _queries(brand),
        )
        for brand in policy.brands
    ]
    rows += [
        Row(
            f"Route to {route.channel}",
            None,
            (_from(route.min_priority), *route.brands, *route.sources, *route.labels, *_quiet(route)),
        )
        for route in policy.routes
    ]
    rows.append(Row("What is read", None, _understanding(ctx)))
    rows += [
        Row(f"Source {entry.name}", None, (entry.kind, "on" if entry.is_on else "off", _kept(policy, entry)))
        for entry in policy.sources
    ]
    sla = ", ".join(f"{name} {length(getattr(policy.sla, name))}" for name in ("urgent", "high", "normal", "low"))
    if policy.sla.business:
        sla += f"; {' and '.join(priority.word for priority in policy.sla.business)} in business hours"
    four_eyes = "on" if policy.four_eyes else "off"
    intro = f"First response promised within: {sla}. Four eyes: {four_eyes}. Times in {policy.timezone}."
    return Reply(screen=Screen(f"Settings of {policy.team}", intro, tuple(rows), _OUTRO))


def _understanding(ctx: Context) -> tuple[str, ...]:
    policy, least = ctx.policy, ctx.policy.not_scored
    languages = ", ".join(map(name_of, policy.languages or (ENGLISH,)))
    others = f"{least.word} at least" if least is not None else "normal at least if you read it, or low"
    return (
        f"a complaint if its words make it {policy.thresholds.complaint:.0%} likely",
        f"languages: {languages}",
        f"what cannot be scored: {others}",
        f"learning: {_MODES[ctx.store.lessons.status().mode]}",
    )


def _kept(policy: Policy, entry: SourceEntry) -> str:
    kept = entry.keep_for or policy.keep_for
    return f"words kept for {length(kept)}" if kept else "words kept for ever"


def _queries(brand: Brand) -> tuple[str, ...]:
    """Each on one line, however many the file has."""
    return tuple(f"{name}: {' '.join(text.split())}" for name, text in brand.queries.items())


def _quiet(route: Route) -> tuple[str, ...]:
    return (f"quiet {' '.join(route.quiet.lower().split())}",) if route.quiet.strip() else ()


def _from(priority: Priority) -> str:
    return f"{priority.word} only" if priority is max(Priority) else f"{priority.word} and up"


def _reload(who: Member, act: str) -> Reply:
    if act.strip().lower() != "reload":
        raise InvalidInput(f'"{act[:40]}" is not a part of settings.', "`settings reload` reads earshot.toml again.")
    if not may(who, "reload"):
        raise NotAllowed(f"That is for {who_may('reload')}.")
    return Reply("earshot.toml is read again.", effect="reload")
