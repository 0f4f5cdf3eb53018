"""Which mute, if any, silences a mention."""

from collections.abc import Sequence

from handlers.rules.policy import Policy
from handlers.rules.text import normalise
from storage.types import Mute, RawMention

KINDS = ("author", "source", "query", "words")


def find_mute(mutes: Sequence[Mute], raw: RawMention, source: str, matched: tuple[str, str]) -> Mute | None:
    """The first active mute that covers it. `matched` is (brand, query name)."""
    return next((mute for mute in mutes if covers(mute, raw, source, matched)), None)


def covers(mute: Mute, raw: RawMention, source: str, matched: tuple[str, str]) -> bool:
    """Whether a mute keeps this mention from becoming a case."""
    brand, query = matched
    if mute.brand and mute.brand != brand:
        return False
    if mute.what == "author":
        return raw.author.casefold() == mute.value.casefold()
    if mute.what == "source":
        return source == mute.value
    if mute.what == "query":
        return query == mute.value
    words = normalise(mute.value)
    return words != "" and f" {words} " in f" {normalise(raw.title)} {normalise(raw.text)} "


def known_values(policy: Policy, what: str) -> list[str]:
    """What may be named after source: or query:, for did-you-mean."""
    if what == "source":
        return [entry.name for entry in policy.sources]
    return sorted({name for brand in policy.brands for name in brand.queries})
