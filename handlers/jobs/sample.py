"""Once a week, some mentions that were not alerted are drawn for people to judge."""

from handlers import samples
from handlers.context import Context

EVERY = 3600


def run(ctx: Context) -> int:
    """How many were drawn."""
    return samples.draw_week(ctx)
