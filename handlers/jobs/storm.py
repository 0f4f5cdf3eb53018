"""Storms begin, go on and end, and their cards say so."""

from handlers import storms
from handlers.context import Context

EVERY = 60


def run(ctx: Context) -> int:
    """How many last."""
    return storms.watch(ctx)
