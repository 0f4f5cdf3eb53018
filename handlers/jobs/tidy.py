"""Forget what is of no use any more: keys of clicks and deliveries that can no longer be repeated, and what was typed
into a form that nobody has come back to.
"""

from datetime import timedelta

from handlers.context import Context

EVERY = 3600
_KEPT = timedelta(days=7)
_TYPED = timedelta(days=14)


def run(ctx: Context) -> int:
    """How many keys and texts were dropped."""
    return ctx.store.inbox.forget_before(ctx.now - _KEPT) + ctx.store.kept.forget_before(ctx.now - _TYPED)
