"""Take away words that are older than their source keeps them, a few at a time, and requests that nobody agreed to."""

from datetime import timedelta

from handlers import erasures
from handlers.context import Context
from handlers.rules.reasons import without_words
from handlers.unlearning import unlearn
from storage.erasures import EXPIRED
from storage.mentions import Known

EVERY = 60
_AT_ONCE = 500
_MESSAGES = timedelta(days=90)  # so long the words of notices and of what could not be read are kept


def run(ctx: Context) -> int:
    """How many mentions lost their words, and requests ended."""
    ended = erasures.end_old(ctx)
    ctx.store.retention.forget_before(ctx.now - _MESSAGES)
    kept = {entry.name: entry.keep_for or ctx.policy.keep_for for entry in ctx.policy.sources}
    found: list[int] = []
    for source, length in kept.items():
        if length is not None and len(found) < _AT_ONCE:
            found += ctx.store.retention.old(source, ctx.now - length, _AT_ONCE - len(found)).closed
    found += ctx.store.retention.resolved([source for source, length in kept.items() if length], _AT_ONCE)
    _blank(ctx, found)
    return len(found) + ended


def _blank(ctx: Context, mention_ids: list[int]) -> None:
    before = [(one, known) for one in mention_ids if (known := ctx.store.mentions.known_as(one)) is not None]
    unlearn(ctx, [known for _, known in before])
    ctx.store.erasures.blank(mention_ids, EXPIRED, ctx.now)
    for one, known in before:
        _unquote(ctx, one, known)


def _unquote(ctx: Context, mention_id: int, known: Known) -> None:
    ctx.store.us.text_changed(mention_id)
    mention = ctx.store.mentions.get(mention_id)
    if mention is not None:
        ctx.store.mentions.give_reasons(mention_id, without_words(mention.reasons))
    case = ctx.store.cases.get(known.case_id) if known.case_id is not None else None
    if case is not None and case.mention_id == mention_id:
        ctx.store.cases.give_reasons(case.id, without_words(case.reasons))
        ctx.store.deliveries.redraw(f"case:{case.id}", ctx.now, ctx.now)
