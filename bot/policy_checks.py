"""Whether a team's decisions make sense together. Each mistake is one line: where, what is wrong, what would be right.

Every function takes the policy and gives lines; none stops at the first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from bot.chat_checks import SLACK_HANDLE, chat_warnings, check_channel, check_chats, may_be_a_role
from bot.clock_checks import check_clocks, check_zone
from bot.language_checks import check_codes, check_languages, language_warnings
from bot.spelling import did_you_mean
from handlers.rules.duty import is_roster
from handlers.rules.namesakes import MOST_WORDS, literal_of, site_of
from handlers.rules.policy import Escalation, Member, Policy, Storms, Thresholds
from handlers.rules.query import QueryError, parse
from handlers.rules.roles import may
from handlers.rules.roster import RESERVED, group_key
from handlers.rules.text import normalise
from handlers.tracking import STAFF
from storage.types import Role

LABELS = ("negative", "neutral", "positive", "not scored")
MEMBER_NAME = re.compile(r"[a-z0-9_.-]+")
LONGEST_REPLY = 3_000  # characters that a chat's form can take
# Keys of older files: they do nothing, and stop nothing. What took their place.
RETIRED: Mapping[str, str] = {
    "thresholds.negative": "`complaint` took its place.",
    "thresholds.very_negative": "`complaint` took its place.",
}
_YEAR = timedelta(days=366)
SHORTEST_KEPT = timedelta(days=1)
LONGEST_NAME = 75  # characters of an entry in a chat's list


def check_policy(policy: Policy) -> list[str]:
    """Every mistake that stops the program from starting; empty when there is none."""
    return [
        *_brands(policy),
        *_sources(policy),
        *_routes(policy),
        *_members(policy),
        *_templates(policy),
        *check_chats(policy),
        *check_zone(policy.timezone, "timezone"),
        *check_languages(policy),
        *(check_channel(policy.escalate_to, "escalate_to") if policy.escalate_to else ()),
        *(check_channel(policy.alarms_to, "alarms_to") if policy.alarms_to else ()),
        *_escalations(policy),
        *_roster(policy),
        *_storms(policy.storms),
        *check_clocks(policy),
        *_thresholds(policy.thresholds),
        *_kept(policy.keep_for, "keep_for"),
        *_lengths(policy),
    ]


def policy_warnings(policy: Policy) -> list[str]:
    """What is allowed and still deserves a look, in the same form."""
    warnings = [f"{at}: is not used any more; take it out. {RETIRED[at]}" for at in policy.retired_keys]
    if not any(Role.ADMIN in member.roles for member in policy.members):
        warnings.append('members: nobody has the role admin; give it to one: roles = ["agent", "admin"].')
    approvers = sum(may(member, "approve") for member in policy.members)
    if policy.four_eyes and approvers < 2:
        warnings.append(
            f"four_eyes: another person must approve each reply, and {approvers} of your members can;"
            ' give two of them the role "approver", or write four_eyes = false.'
        )
    warnings += [*chat_warnings(policy), *language_warnings(policy)]
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
        for place, site in enumerate(brand.own_sites):
            if not site_of(site):
                yield f'{at}.own_sites[{place}]: "{site}" is no web site; write for instance "heron.example".'
        for key in ("context", "not_with"):
            yield from _context(getattr(brand, key), f"{at}.{key}")
        both = {normalise(word) for word in brand.context}.intersection(map(normalise, brand.not_with))
        if both:
            yield f'{at}.not_with: "{min(both)}" is in context too; leave it out of one of them.'


def _context(words: Iterable[str], at: str) -> Iterator[str]:
    """Plain words and phrases, which are no queries."""
    for place, word in enumerate(words):
        found = literal_of(word)
        if found is None:
            yield f'{at}[{place}]: "{word}" has nothing to look for; write a word, a phrase, or riv* for a beginning.'
        elif len(found.pieces) > MOST_WORDS:
            yield f"{at}[{place}]: a phrase has at most {MOST_WORDS} words; keep the telling ones."
        elif word.lstrip().startswith("-") or " OR " in word or " AND " in word or '"' in word:
            yield f'{at}[{place}]: write each alone, without quotes, minus, OR and AND: ["river", "air force"].'


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
        if entry.name.strip().lower() == STAFF:
            yield f'{at}.name: "{STAFF}" is where tracked mentions come from; take another.'
        if entry.brand:
            yield from _named([entry.brand], brands, f"{at}.brand", "brand", is_list=False)
        if entry.weight is not None and entry.weight < 0:
            yield f"{at}.weight: should be a number of people, 0 or more."
        yield from _kept(entry.keep_for, f"{at}.keep_for")
        if not 1 <= entry.reply_limit <= LONGEST_REPLY:
            yield f"{at}.reply_limit: should be a number of characters from 1 to {LONGEST_REPLY:,}."


def _kept(length: timedelta | None, at: str) -> Iterator[str]:
    if length is not None and length < SHORTEST_KEPT:
        yield f"{at}: a mention needs its words for a day at least, so that it can be answered; write 1d or more."


def _routes(policy: Policy) -> Iterator[str]:
    brands = [brand.name for brand in policy.brands]
    sources = [entry.name for entry in policy.sources]
    for number, route in enumerate(policy.routes):
        at = f"routes[{number}]"
        yield from check_channel(route.channel, f"{at}.channel")
        yield from _named(route.brands, brands, f"{at}.brands", "brand")
        yield from _named(route.sources, sources, f"{at}.sources", "source")
        for place, label in enumerate(route.labels):
            if label not in LABELS:
                yield f'{at}.labels[{place}]: "{label}" is none of {", ".join(LABELS)}{did_you_mean(label, LABELS)}'
        yield from check_codes(route.languages, f"{at}.languages")


def _members(policy: Policy) -> Iterator[str]:
    yield from _unique("members", [member.name for member in policy.members])
    for number, member in enumerate(policy.members):
        yield from _member(member, f"members[{number}]")


def _member(member: Member, at: str) -> Iterator[str]:
    if member.name in RESERVED:
        yield f'{at}.name: "{member.name}" is a word of our own; take another.'
    elif member.name and not MEMBER_NAME.fullmatch(member.name):
        likely = re.sub(r"[^a-z0-9_.-]+", "", "-".join(member.name.lower().split()))
        hint = f'; write for instance "{likely}" and put the full name into title.' if likely else "."
        yield f'{at}.name: "{member.name}" may have only a-z, 0-9 and _ . -{hint}'
    if not member.roles:
        yield f"{at}.roles: there is none; write at least agent."


def _templates(policy: Policy) -> Iterator[str]:
    yield from _unique("templates", [template.name for template in policy.templates])
    brands = [brand.name for brand in policy.brands]
    for number, template in enumerate(policy.templates):
        at = f"templates[{number}]"
        if len(template.name) > LONGEST_NAME:
            yield f"{at}.name: should have at most {LONGEST_NAME} characters."
        if not template.text.strip():
            yield f"{at}.text: should not be empty."
        elif len(template.text) > LONGEST_REPLY:
            yield f"{at}.text: {len(template.text):,} characters are too many; at most {LONGEST_REPLY:,}."
        yield from _named(template.brands, brands, f"{at}.brands", "brand")


def _escalations(policy: Policy) -> Iterator[str]:
    brands = [brand.name for brand in policy.brands]
    told: list[tuple[object, ...]] = []
    for number, rule in enumerate(policy.escalations):
        at = f"escalations[{number}]"
        if not rule.channel and not rule.ping:
            yield f'{at}: nobody would be told; write a channel, or ping = ["on-duty"].'
        if rule.channel:
            yield from check_channel(rule.channel, f"{at}.channel")
        yield from _named(rule.brands, brands, f"{at}.brands", "brand")
        for place, name in enumerate(rule.ping):
            yield from _pinged(policy, rule, name, f"{at}.ping[{place}]")
        same = (rule.after, rule.channel, rule.min_priority, sorted(rule.brands))
        if same in told:
            yield f"{at}: the same as escalations[{told.index(same)}]; write all names into the ping of one."
        told.append(same)


def _pinged(policy: Policy, rule: Escalation, name: str, at: str) -> Iterator[str]:
    members = [member.name for member in policy.members]
    if is_roster(name):
        if not policy.duty.rota and not policy.duty.swaps:
            yield f"{at}: nobody is ever on duty; write a rota under [duty], or name a member."
        return
    groups = [*policy.slack.groups, *policy.discord.roles]
    if name in members or group_key(name) in map(group_key, groups):
        return
    what = "; write on-duty, a member's name, a Slack user group's handle or a role of Discord."
    guess = did_you_mean(name, [*members, "on-duty", *groups], what)
    channels = [rule.channel] if rule.channel else [route.channel for route in policy.routes]
    if guess != what or not any(_may_be_called(name, channel.partition(":")[0]) for channel in channels):
        yield f'{at}: "{name}" is no member of this file{guess}'


def _may_be_called(name: str, chat: str) -> bool:
    """Whether a chat may have a group of people of this name, which only that chat can tell."""
    if chat == "discord":
        return may_be_a_role(name)
    return chat == "slack" and bool(SLACK_HANDLE.fullmatch(group_key(name)))


def _roster(policy: Policy) -> Iterator[str]:
    members = [member.name for member in policy.members]
    yield from _named(policy.duty.rota, members, "duty.rota", "member")
    for number, swap in enumerate(policy.duty.swaps):
        yield from _named([swap.who], members, f"duty.swaps[{number}].who", "member", is_list=False)


def _storms(storms: Storms) -> Iterator[str]:
    if storms.false_alarms < 0:
        yield "storms.false_alarms: should be 0 or more."
    if storms.most_cards < 1:
        yield "storms.most_cards: should be 1 or more."


def _thresholds(thresholds: Thresholds) -> Iterator[str]:
    if not 0.2 <= thresholds.complaint <= 0.95:
        yield "thresholds.complaint: should lie between 0.2 and 0.95."
    for name in ("high_reach", "very_high_reach", "takes_off"):
        if getattr(thresholds, name) < 0:
            yield f"thresholds.{name}: should be 0 or more."
    if thresholds.very_high_reach < thresholds.high_reach:
        yield "thresholds.very_high_reach: should not lie below high_reach."


def _lengths(policy: Policy) -> Iterator[str]:
    promised = {f"sla.{name}": getattr(policy.sla, name) for name in ("urgent", "high", "normal", "low")}
    polled = {f"sources[{number}].every": entry.every for number, entry in enumerate(policy.sources)}
    waited = {f"escalations[{number}].after": rule.after for number, rule in enumerate(policy.escalations)}
    for at, length in {**promised, **polled, **waited}.items():
        if length <= timedelta(0):
            yield f"{at}: should be longer than nothing."
    for at, length in {**promised, **waited, "sla.remind_after": policy.sla.remind_after}.items():
        if length > _YEAR:
            yield f"{at}: should not be longer than a year."
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
