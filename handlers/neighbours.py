"""The cases that tell of the same experience as a case, and what its card says of them.

They are found when the card is drawn, from what is stored then: what brings no card costs nothing.
"""

from handlers.context import Context
from handlers.rules.neighbours import neighbours
from storage.types import Case, Mention


def similar(ctx: Context, case: Case, mention: Mention) -> list[int]:
    """The brand's cases of the 24 h before it that tell of the same, the newest first."""
    if not mention.text:
        return []
    return neighbours(f"{mention.title}\n{mention.text}", ctx.store.neighbours.before(case))


def similar_in_words(ctx: Context, case: Case, mention: Mention) -> tuple[str, ...]:
    """3 similar in the last 24 h; nothing when there are none."""
    found = len(similar(ctx, case, mention))
    return (f"{found} similar in the last 24 h",) if found else ()
