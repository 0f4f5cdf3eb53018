"""Reasons after a deletion: what quotes an author's words goes with them, what counts or measures stays."""

from collections.abc import Collection, Sequence

GONE = "the author deleted the words that this went by"
_OURS = ("query ", "muted (")  # begin reasons that quote our own settings


def quotes(reason: str) -> bool:
    """Whether a reason repeats words of the text."""
    return '"' in reason and not reason.startswith(_OURS)


def without_words(reasons: Sequence[str], of: Collection[str] | None = None) -> tuple[str, ...]:
    """The reasons that repeat nothing of the text; that there were others is said. `of`: only these may go."""
    kept = tuple(reason for reason in reasons if not quotes(reason) or (of is not None and reason not in of))
    return kept if len(kept) == len(reasons) else (GONE, *kept)
