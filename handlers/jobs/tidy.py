"""Forget what is of no use any more: keys of clicks and deliveries that can no longer be repeated, and what was typed
into a form that nobody has come back to, codes of `link`, what buttons of old messages stand for, people of chats who
have not been seen for long, old second opinions, and notices of more than a year ago.
"""

from datetime import timedelta

from handlers.context import Context

EVERY = 3600
_KEPT = timedelta(days=7)
_TYPED = timedelta(days=14)
_CODES = timedelta(hours=1)
_SAID = timedelta(days=30)
_CARRIED = timedelta(days=90)
_NOT_SEEN = timedelta(days=180)
_NOTICES = timedelta(days=400)
_AT_ONCE = 500


def run(ctx: Context) -> int:
    """How many rows were dropped."""
    dropped = ctx.store.inbox.forget_before(ctx.now - _KEPT) + ctx.store.kept.forget_before(ctx.now - _TYPED)
    dropped += ctx.store.carried.forget_before(ctx.now - _CARRIED)
    dropped += ctx.store.acquaintances.forget_before(ctx.now - _NOT_SEEN)
    dropped += ctx.store.retention.forget_notices(ctx.now - _NOTICES, _AT_ONCE)
    dropped += ctx.store.links.forget_before(ctx.now - _CODES)
    return dropped + ctx.store.opinions.forget_before(ctx.now - _SAID)
