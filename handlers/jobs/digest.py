"""Digests whose time has come are posted, each once."""

from handlers.context import Context
from storage.types import Lane

EVERY = 10


def run(ctx: Context) -> int:
    """How many were asked for."""
    due = ctx.store.digests.due(ctx.now)
    for digest in due:
        subject = f"digest:{digest.id}"
        ctx.store.deliveries.post(
            subject, subject=subject, chat=digest.chat, channel=digest.channel, lane=Lane.DIGEST, now=ctx.now
        )
        ctx.store.digests.posted(digest.id, ctx.now)
    return len(due)
