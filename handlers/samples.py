"""How good the bot is, as its own team judges it: which cards were right, and what of the quiet rest was missed.

Precision comes from the work itself: a card that was taken was right, one that was closed as irrelevant, not us or spam
was not. For what was missed, ten quiet mentions of each week are drawn by chance and judged by two clicks (`judge`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from handlers import intake
from handlers.context import Context
from handlers.ports import Page
from handlers.rules.deciding import MISSED, QUIET
from handlers.rules.locales import ENGLISH, Locale
from handlers.rules.policy import Member, SourceEntry
from handlers.rules.precision import wilson
from handlers.weighing import Weighed, weigh
from storage.errors import Conflict
from storage.samples import MOST, Outcome
from storage.types import Mention, Priority, RawMention, Window

SIZE = 10  # mentions of a week
_LOOKED_BACK = timedelta(weeks=12)  # whose verdicts are added up: ten a week are few
_TRIES = 2_000  # mentions of a week among which quiet ones are sought


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of the bot's own judgement in a stretch of time."""

    cards: Outcome
    missed: int  # of the judged quiet mentions of the last twelve weeks
    judged: int
    waiting: int  # quiet mentions that nobody has judged yet
    quiet: int  # about how many mentions the judged ones were drawn from
    taken: int  # cards that were right in those twelve weeks

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """The share of the decided cards that was right, and its interval; None while none is decided."""
        if not self.cards.decided:
            return None
        return self.cards.taken / self.cards.decided, *wilson(self.cards.taken, self.cards.decided)

    @property
    def recall(self) -> tuple[float, float] | None:
        """Between which shares of all that mattered became a card; None while nobody has judged, or none was right."""
        if not self.judged or not self.taken:
            return None
        few, many = (share * self.quiet for share in wilson(self.missed, self.judged))
        return self.taken / (self.taken + many), self.taken / (self.taken + few)

    def words(self, locale: Locale = ENGLISH) -> tuple[str, ...]:
        """A sentence for each thing that is known."""
        told = (self._of_cards(locale), self._of_quiet(locale), self._of_all(locale), self._of_waiting(locale))
        return tuple(sentence for sentence in told if sentence)

    def _of_cards(self, locale: Locale) -> str:
        if self.precision is None:
            return ""
        share, low, high = self.precision
        newest = "the newest " if self.cards.cards == MOST else ""
        counts = (locale.number(count) for count in (self.cards.cards, self.cards.taken, self.cards.irrelevant))
        cards, taken, irrelevant = counts
        return (
            f"Of {newest}{cards} card{'' if self.cards.cards == 1 else 's'}, {taken} {_were(self.cards.taken)} taken"
            f" and {irrelevant} irrelevant: {locale.percent(share)} right ({_between(locale, low, high)})."
        )

    def _of_quiet(self, locale: Locale) -> str:
        if not self.judged:
            return ""
        low, high = wilson(self.missed, self.judged)
        return (
            f"Of {locale.number(self.judged)} quiet mention{'' if self.judged == 1 else 's'} that you judged,"
            f" {locale.number(self.missed) if self.missed else 'none'} should have been a card"
            f" ({_between(locale, low, high)})."
        )

    def _of_all(self, locale: Locale) -> str:
        if self.recall is None:
            return ""
        return f"So the cards caught {_between(locale, *self.recall)} of what mattered."

    def _of_waiting(self, locale: Locale) -> str:
        if not self.waiting:
            return ""
        one = self.waiting == 1
        count = locale.number(self.waiting)
        return f"{count} quiet mention{' waits' if one else 's wait'} for your verdict: `judge` shows them."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _between(locale: Locale, low: float, high: float) -> str:
    return f"{locale.number(round(low * 100))} to {locale.percent(high)}"


def measured(ctx: Context, window: Window, brand: str = "") -> Measured | None:
    """What is known of the cards of a window, and of the samples of the twelve weeks up to its end.

    None while nothing is. The samples are of all brands.
    """
    weeks = Window(window.end - _LOOKED_BACK, window.end)
    verdicts = ctx.store.samples.verdicts(weeks)
    judged = verdicts.get(MISSED, 0) + verdicts.get(QUIET, 0)
    found = Measured(
        cards=ctx.store.samples.outcome(window, brand),
        missed=verdicts.get(MISSED, 0),
        judged=judged,
        waiting=_waiting(ctx),
        quiet=ctx.store.samples.population(weeks) if judged else 0,
        taken=ctx.store.samples.outcome(weeks).taken if judged else 0,
    )
    return found if found.words() else None


def _waiting(ctx: Context) -> int:
    """Of the newest sample; older ones are let go."""
    return sum(1 for sample in ctx.store.samples.newest() if not sample.verdict and _is_quiet(ctx, sample.mention_id))


def _is_quiet(ctx: Context, mention_id: int) -> bool:
    return bool(ctx.store.samples.quiet([mention_id]))


def draw_week(ctx: Context) -> int:
    """Draw the sample of the last whole week (Monday to Sunday, as the team lives it), once; how many are in it.

    The same file gives the same sample: chance begins with the week's name.
    """
    last = last_week(ctx)
    year, number, _ = last.start.astimezone(ctx.zone).isocalendar()
    week = f"{year}-W{number:02}"
    if ctx.store.samples.is_drawn(week):
        return 0
    seen = ctx.store.samples.ids(last.start, last.end)
    tried = _tried(seen, week)
    quiet = ctx.store.samples.quiet(tried)
    chosen = [mention_id for mention_id in tried if mention_id in quiet][:SIZE]
    about = round(len(quiet) * len(seen) / len(tried)) if tried else 0
    ctx.store.samples.draw(week, last.end, about, chosen, ctx.now)
    return len(chosen)


def last_week(ctx: Context) -> Window:
    """The last whole week, from Monday to Sunday as the team lives it."""
    today = ctx.now.astimezone(ctx.zone).date()
    monday = today - timedelta(days=today.weekday())
    start, end = (
        datetime.combine(day, time(), ctx.zone).astimezone(UTC) for day in (monday - timedelta(days=7), monday)
    )
    return Window(start, end)


def _tried(seen: range, week: str) -> Sequence[int]:
    """Mentions in the order of chance: all of a quiet week, enough of a loud one."""
    chance = random.Random(week)  # noqa: S311 - chooses what is judged, hides nothing
    return chance.sample(seen, min(len(seen), _TRIES))


def make_case(ctx: Context, who: Member, mention: Mention) -> int:
    """Open a case for a mention that should have been one, in the caller's transaction; its number.

    A copy of what has a case already joins it. Raises Conflict when that cannot be.
    """
    entry = ctx.policy.source(mention.source) or SourceEntry(mention.source, mention.kind)
    page = weigh(ctx.brain, replace(entry, brand=mention.brand), Page((_raw(mention),), None))
    intake.open_cases(ctx, replace(page, items=tuple(_wanted(who, item) for item in page.items)))
    after = ctx.store.mentions.get(mention.id)
    if after is None or after.case_id is None:
        raise Conflict("This can be no case any more.", "`track` makes one of its link and words.")
    return after.case_id


def _wanted(who: Member, item: Weighed) -> Weighed:
    verdict = item.verdict
    reasons = (f"{who.label} wants it to be a case", *verdict.reasons)
    return item._replace(verdict=verdict._replace(priority=max(verdict.priority, Priority.NORMAL), reasons=reasons))


def _raw(mention: Mention) -> RawMention:
    return RawMention(
        mention.native_id, mention.text, title=mention.title, url=mention.url, author=mention.author,
        author_name=mention.author_name, followers=mention.followers, published_at=mention.published_at,
        lang=mention.lang, likes=mention.likes, shares=mention.shares, replies=mention.replies, stars=mention.stars,
        private=mention.private,
    )  # fmt: skip
