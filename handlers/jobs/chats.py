"""A chat that cannot be reached is told in another one, and so is its return."""

from handlers import chat_alarms
from handlers.context import Context

EVERY = 15


def run(ctx: Context) -> int:
    """How many outages were told, or taken back."""
    return chat_alarms.watch(ctx)
