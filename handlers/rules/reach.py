"""How many people may see a mention, and how fast it spreads. Unknown is None, never zero."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from storage.types import RawMention

_SEEN_PER_ACT = 10  # people, for each like, share or reply
_SHORTEST = 1 / 6  # hours
_MOST = 10_000_000_000  # people; a source that claims more is mistaken
SMALL = 1 / 5  # of what takes off anywhere, where it is rare for its source
POSTS = 20  # of an author, the newest before this one, that tell what is usual for her
GAINS = 200  # of a source, before anything is called rare in it
RARE = 0.99  # share of a source's gains that are slower than a rare one
_KNOWN = 5  # posts of an author, before a fast one can be usual for her
_BEYOND_PEAK, _BEYOND_USUAL = 3, 10  # times


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


@dataclass(frozen=True, slots=True)
class Usual:
    """What posts gain in an hour as a rule. Nothing is known of an author, or of a source, that is new."""

    of_author: Sequence[float] = ()  # one for each of her earlier posts
    rare_in_source: float | None = None  # 99 of 100 gains there are slower

    @property
    def middle(self) -> float | None:
        """What the author's posts usually gain; None for an author without any."""
        return sorted(self.of_author)[len(self.of_author) // 2] if self.of_author else None

    @property
    def peak(self) -> float:
        """What nine of ten of her posts do not exceed: one that took off once does not make that usual. 0 until five
        of her posts are known.
        """
        if len(self.of_author) < _KNOWN:
            return 0.0
        return sorted(self.of_author)[math.ceil(0.9 * len(self.of_author)) - 1]


def takes_off(speed: float | None, usual: Usual, threshold: float) -> str:
    """Why a post that gains `speed` acts an hour spreads as it should not, in words; "" when it does not.

    Either it gains `threshold` or more, and three times the author's usual peak; or a fifth of that, ten times what is
    usual for the author, and more than 99 of 100 posts in its source. A star whose every post gains thousands is none.
    """
    if speed is None or not speed >= threshold * SMALL:
        return ""
    middle = usual.middle
    hers = f"; this author's posts usually gain {_told(middle)}" if middle is not None else ""
    if speed >= threshold:
        return f"gaining {_told(speed)} an hour{hers}" if speed >= _BEYOND_PEAK * usual.peak else ""
    if usual.rare_in_source is None or speed < usual.rare_in_source or speed < _BEYOND_USUAL * (middle or 0):
        return ""
    return f"gaining {_told(speed)} an hour, as few posts here do{hers}"


def _told(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 1 or not speed else "less than 1"
