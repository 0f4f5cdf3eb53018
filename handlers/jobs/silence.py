"""Sources that are silent where they should not be, or that cannot be read, are told once, and taken back."""

from handlers import alarms
from handlers.context import Context

EVERY = 60


def run(ctx: Context) -> int:
    """How many alarms changed."""
    return alarms.watch(ctx)
