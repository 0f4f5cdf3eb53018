"""Whether a team's decisions make sense together. Each mistake is one line: where, what is wrong, what would be right.

Every function takes the policy and gives lines; none stops at the first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from bot.spelling import did_you_mean
from handlers.rules.policy import Member, Policy, Thresholds
from handlers.rules.query import QueryError, parse
from handlers.rules.roles import may
from storage.types import Role

CHATS = ("local",)
CHATS_TO_COME = {"slack": "Slack", "discord": "Discord"}
LABELS = ("negative", "neutral", "positive")
MEMBER_NAME = re.compile(r"[a-z0-9_.-]+")
RESERVED = ("earshot", "nobody")  # the diary's own words for itself and for no one
_CHANNEL = re.compile(r"([a-z]+):#([\w-]+)")


def check_policy(policy: Policy) -> list[str]:
    """Every mistake that stops the program from starting; empty when there is none."""
    return [
        *_brands(policy),
        *_sources(policy),
        *_routes(policy),
        *_members(policy),
        *_timezone(policy.timezone),
        *(_channel(policy.escalate_to, "escalate_to") if policy.escalate_to else ()),
        *_thresholds(policy.thresholds),
        *_lengths(policy),
    ]


def policy_warnings(policy: Policy) -> list[str]:
    """What is allowed and still deserves a look, in the same form."""
    warnings = []
    if not any(Role.ADMIN in member.roles for member in policy.members):
        warnings.append('members: nobody has the role admin; give it to one: roles = ["agent", "admin"].')
    approvers = sum(may(member, "approve") for member in policy.members)
    if policy.four_eyes and approvers < 2:
        warnings.append(
            f"four_eyes: another person must approve each reply, and {approvers} of your members can;"
            ' give two of them the role "approver", or write four_eyes = false.'
        )
    if not policy.routes:
        warnings.append("routes: there is none, so no case is posted anywhere; add a [[routes]] table.")
    if not any(entry.is_on for entry in policy.sources):
        warnings.append("sources: none is on, so nothing is read but what you import.")
    return warnings


def _brands(policy: Policy) -> Iterator[str]:
    if not policy.brands:
        yield "brands: there is none; write a [[brands]] table with name and queries."
    yield from _unique("brands", [brand.name for brand in policy.brands])
    for number, brand in enumerate(policy.brands):
        at = f"brands[{number}]"
        if not brand.queries:
            yield f'{at}.queries: there is none; write queries = {{ name = "{brand.name.strip() or "words"}" }}.'
        for name, expression in brand.queries.items():
            yield from _query(expression, f"{at}.queries.{name}")


def _query(expression: str, at: str) -> Iterator[str]:
    try:
        parse(expression)
    except QueryError as error:
        sentence = error.message.splitlines()[0].rstrip(".")
        yield f"{at}: {sentence} (column {error.column}; see it with `earshot query test`)."


def _sources(policy: Policy) -> Iterator[str]:
    yield from _unique("sources", [entry.name for entry in policy.sources])
    brands = [brand.name for brand in policy.brands]
    for number, entry in enumerate(policy.sources):
        at = f"sources[{number}]"
        if entry.brand:
            yield from _named([entry.brand], brands, f"{at}.brand", "brand", is_list=False)
        if entry.weight is not None and entry.weight < 0:
            yield f"{at}.weight: should be a number of people, 0 or more."


def _routes(policy: Policy) -> Iterator[str]:
    brands = [brand.name for brand in policy.brands]
    sources = [entry.name for entry in policy.sources]
    for number, route in enumerate(policy.routes):
        at = f"routes[{number}]"
        yield from _channel(route.channel, f"{at}.channel")
        yield from _named(route.brands, brands, f"{at}.brands", "brand")
        yield from _named(route.sources, sources, f"{at}.sources", "source")
        for place, label in enumerate(route.labels):
            if label not in LABELS:
                yield f'{at}.labels[{place}]: "{label}" is none of {", ".join(LABELS)}{did_you_mean(label, LABELS)}'


def _members(policy: Policy) -> Iterator[str]:
    yield from _unique("members", [member.name for member in policy.members])
    for number, member in enumerate(policy.members):
        yield from _member(member, f"members[{number}]")


def _member(member: Member, at: str) -> Iterator[str]:
    if member.name in RESERVED:
        yield f'{at}.name: "{member.name}" is a word of the diary; take another.'
    elif member.name and not MEMBER_NAME.fullmatch(member.name):
        likely = re.sub(r"[^a-z0-9_.-]+", "", "-".join(member.name.lower().split()))
        hint = f'; write for instance "{likely}" and put the full name into title.' if likely else "."
        yield f'{at}.name: "{member.name}" may have only a-z, 0-9 and _ . -{hint}'
    if not member.roles:
        yield f"{at}.roles: there is none; write at least agent."


def _channel(channel: str, at: str) -> Iterator[str]:
    found = _CHANNEL.fullmatch(channel)
    bare = re.sub(r"[^\w-]+", "-", channel.rpartition(":")[2].strip().lstrip("#"))
    likely = f"local:#{bare or 'alerts'}"
    if not found:
        yield f'{at}: "{channel}" is no channel; write "{likely}".'
    elif found[1] in CHATS_TO_COME:
        yield f'{at}: {CHATS_TO_COME[found[1]]} comes with a later version; for now write "{likely}".'
    elif found[1] not in CHATS:
        yield f'{at}: "{found[1]}" is no chat that there is; write "{likely}".'


def _timezone(name: str) -> Iterator[str]:
    known = available_timezones()
    if name not in known:
        yield f'timezone: "{name}" is no time zone{did_you_mean(name, known, "; write one like Europe/Berlin.")}'
    else:
        ZoneInfo(name)


def _thresholds(thresholds: Thresholds) -> Iterator[str]:
    outside = [name for name in ("negative", "very_negative") if not -1 <= getattr(thresholds, name) <= 1]
    yield from (f"thresholds.{name}: should lie between -1 and 1." for name in outside)
    if not outside and thresholds.very_negative > thresholds.negative:
        yield "thresholds.very_negative: should not lie above negative."
    for name in ("high_reach", "very_high_reach", "takes_off"):
        if getattr(thresholds, name) < 0:
            yield f"thresholds.{name}: should be 0 or more."
    if thresholds.very_high_reach < thresholds.high_reach:
        yield "thresholds.very_high_reach: should not lie below high_reach."


def _lengths(policy: Policy) -> Iterator[str]:
    promised = {f"sla.{name}": getattr(policy.sla, name) for name in ("urgent", "high", "normal", "low")}
    polled = {f"sources[{number}].every": entry.every for number, entry in enumerate(policy.sources)}
    for at, length in {**promised, **polled}.items():
        if length <= timedelta(0):
            yield f"{at}: should be longer than nothing."
    for sooner, later in zip(list(promised), list(promised)[1:], strict=False):
        if promised[sooner] > promised[later]:
            yield f"{sooner}: should not be longer than {later}."


def _unique(table: str, names: list[str]) -> Iterator[str]:
    seen = Counter[str]()
    for number, name in enumerate(names):
        if not name.strip():
            yield f"{table}[{number}].name: should not be empty."
        elif seen[name.lower()]:
            yield f'{table}[{number}].name: "{name}" is there twice; names must differ.'
        seen[name.lower()] += 1


def _named(names: Iterable[str], known: list[str], at: str, what: str, *, is_list: bool = True) -> Iterator[str]:
    there = f"; there is {', '.join(known)}." if known else "."
    for place, name in enumerate(names):
        if name not in known:
            where = f"{at}[{place}]" if is_list else at
            yield f'{where}: "{name}" is no {what} of this file{did_you_mean(name, known, there)}'
