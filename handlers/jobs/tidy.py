"""Forget what is of no use any more: keys of clicks and deliveries that can no longer be repeated."""

from datetime import timedelta

from handlers.context import Context

EVERY = 3600
_KEPT = timedelta(days=7)


def run(ctx: Context) -> int:
    """How many keys were dropped."""
    return ctx.store.inbox.forget_before(ctx.now - _KEPT)
