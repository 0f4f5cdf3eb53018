"""How many people may see a mention, and how fast it spreads. Unknown is None, never zero."""

import math
from dataclasses import dataclass

from storage.types import RawMention

_SEEN_PER_ACT = 10  # people, for each like, share or reply
_SHORTEST = 1 / 6  # hours
_MOST = 10_000_000_000  # people; a source that claims more is mistaken


@dataclass(frozen=True, slots=True)
class Counts:
    """What people did with a mention, as the source counts it at one moment."""

    likes: int | None = None
    shares: int | None = None
    replies: int | None = None

    @classmethod
    def of(cls, raw: RawMention) -> "Counts":
        return cls(raw.likes, raw.shares, raw.replies)

    @property
    def acts(self) -> int | None:
        """Likes, shares and replies together; None while none of them is known."""
        known = [count for count in (self.likes, self.shares, self.replies) if count is not None]
        return sum(max(0, count) for count in known) if known else None


def estimate(raw: RawMention, weight: int | None) -> int | None:
    """How many people may see it; None when nobody knows.

    The larger of two signs: the author's followers, and ten people for each like, share or reply. Ten is a rule of
    thumb of ours, not a measurement: of the people who see a post only some act on it, and the rule is there so that a
    post that travels beyond its author's followers is not taken for small. Where both are silent (or the source tells
    only that nobody has acted yet) `weight` stands in, the reach that the team assumes for an item of this source.
    """
    followers = raw.followers if raw.followers is not None and raw.followers >= 0 else None
    acts = None if raw.likes is raw.shares is raw.replies is None else Counts.of(raw).acts
    signs = [followers] if followers is not None else []
    if acts:
        signs.append(acts * _SEEN_PER_ACT)
    if signs:
        return min(max(signs), _MOST)
    return weight


def velocity(before: Counts, after: Counts, hours: float) -> float | None:
    """Likes, shares and replies gained per hour; never negative; None when unknown or when no time has passed.

    Only what both counts know is compared, so that a number which a source starts to tell late is not taken for growth.
    Less than ten minutes count as ten: what was gained is certain, what an hour would bring of it is not.
    """
    if not (math.isfinite(hours) and hours > 0):
        return None
    pairs = zip((before.likes, before.shares, before.replies), (after.likes, after.shares, after.replies), strict=True)
    gains = [now - then for then, now in pairs if then is not None and now is not None]
    return max(0, sum(gains)) / max(hours, _SHORTEST) if gains else None
