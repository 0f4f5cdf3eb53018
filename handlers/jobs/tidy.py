"""Forget what is of no use any more: keys of clicks and deliveries that can no longer be repeated, and what was typed
into a form that nobody has come back to, and old second opinions.
"""

from datetime import timedelta

from handlers.context import Context

EVERY = 3600
_KEPT = timedelta(days=7)
_TYPED = timedelta(days=14)
_SAID = timedelta(days=30)


def run(ctx: Context) -> int:
    """How many keys, texts and opinions were dropped."""
    dropped = ctx.store.inbox.forget_before(ctx.now - _KEPT) + ctx.store.kept.forget_before(ctx.now - _TYPED)
    return dropped + ctx.store.opinions.forget_before(ctx.now - _SAID)
