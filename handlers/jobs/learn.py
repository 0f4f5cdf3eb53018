"""What the team has decided since is learned. What is in force changes with it."""

from handlers import lessons, us
from handlers.context import Context

EVERY = 15
EFFECT = "lessons"


def run(ctx: Context) -> int:
    """How many decisions were read or learned, of what the team takes and of what is us; not 0 while there are more,
    nor where what is in force has changed without one."""
    version = ctx.store.lessons.status().version
    count = lessons.learn(ctx) + us.learn(ctx)
    return count or int(ctx.store.lessons.status().version != version)
