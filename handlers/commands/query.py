from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from handlers.cards import Screen
from handlers.context import Context
from handlers.drawings import mention_row
from handlers.requests import Reply, Words, command
from handlers.rules.namesakes import namesakes_of
from handlers.rules.policy import Member, Policy
from handlers.rules.query import Query, Subject, parse
from storage.errors import InvalidInput
from storage.types import Mention, RawMention

_LOOKED_BACK = timedelta(days=7)
_MOST = 50_000  # mentions looked at, newest first


@command(is_read=True, example='query test "flat white" OR espresso -river', typed="test expression")
def query(ctx: Context, who: Member, words: Words) -> Reply:
    """Try an expression before it is saved: what it would have matched in the last 7 days."""
    act, _, expression = words.strip().partition(" ")
    if act != "test" or not expression.strip():
        raise InvalidInput(
            "Write `query test` and an expression.", 'For example: query test "flat white" OR espresso -river'
        )
    parsed = parse(expression.strip())
    found, looked_at = matching(ctx, parsed)
    by_source = ", ".join(
        f"{count} from {name}" for name, count in Counter(mention.source for mention in found).most_common(5)
    )
    title = f"{len(found)} of {looked_at} mentions of the last 7 days match"
    intro = (
        f"{by_source}. What no query has matched is not stored, so it cannot be counted here."
        if found
        else "None of them."
    )
    rows = tuple(mention_row(ctx, mention) for mention in found[:5])
    return Reply(screen=Screen(title, intro, rows, outro="\n".join(left_out(ctx.policy, parsed, found))))


def left_out(policy: Policy, parsed: Query, found: Sequence[Mention]) -> list[str]:
    """What `context` and `not_with` of each brand would make of the mentions that an expression finds."""
    lines = []
    for brand in policy.brands:
        namesakes = namesakes_of(brand)
        if namesakes is None or not found:
            continue
        subjects = [subject_of(mention) for mention in found]
        reasons = Counter(filter(None, (namesakes.objection_to(parsed, subject, brand.name) for subject in subjects)))
        told = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
        if told:
            lines.append(f"As a query of {brand.name}, {reasons.total()} of them would be left out: {told}.")
    return lines


def matching(ctx: Context, parsed: Query) -> tuple[list[Mention], int]:
    """The stored mentions of the last 7 days that match, newest first, and how many were looked at."""
    found, looked_at = [], 0
    for mention in ctx.store.mentions.recent(ctx.now - _LOOKED_BACK):
        if looked_at >= _MOST:
            break
        looked_at += 1
        if parsed.evaluate(subject_of(mention)) is not None:
            found.append(mention)
    return found, looked_at


def subject_of(mention: Mention) -> Subject:
    """A stored mention as the matcher sees it."""
    raw = RawMention(
        native_id=mention.native_id, text=mention.text, title=mention.title, url=mention.url, author=mention.author,
        author_name=mention.author_name, followers=mention.followers, lang=mention.lang,
    )  # fmt: skip
    return Subject.of(raw, mention.source)
