"""What happens when mentions arrive.

    weigh a page   (handlers/weighing.py, pure)  for each item: clean > match > own voice? > score > reach
    take it in     (writing thread, one transaction)
        refuse a replayed delivery               inbox key
        sort out what is known                   unique (source, native id): repeats, edits, new numbers
        for each new one:                        copy of a case? > muted? > too old? > too low? > open a case
        store mentions, search index, counts, cases, events, deliveries, quarantine, and the cursor

Nothing here posts anything: a case writes deliveries, `bot/deliver.py` sends them.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from handlers import drafts
from handlers.authors import Authors
from handlers.cardkeys import card_key
from handlers.context import Context
from handlers.ports import Tombstone
from handlers.rules import folding
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.muting import find_mute
from handlers.rules.reach import GAINS, POSTS, RARE, SMALL, Counts, Usual, velocity
from handlers.rules.reasons import without_words
from handlers.rules.routing import Place, due_by, lane, places
from handlers.rules.scoring import FLOORS, UNKNOWN, Verdict, asks, language_of, prioritise
from handlers.rules.spikes import GATHERED
from handlers.rules.stories import begins_alike, compared, is_alike, is_copy, may_join, story_of
from handlers.rules.text import clean, shown
from handlers.rules.us import lowered
from handlers.rules.verifying import FIRST_LOOK
from handlers.unlearning import unlearn
from handlers.weighing import Weighed, WeighedPage
from storage.cases import NewCase
from storage.deliveries import NewPost
from storage.inbox import DELIVERY
from storage.mentions import Known, NewMention
from storage.speeds import bucket_of
from storage.stories import Lead
from storage.tombstones import AUTHOR, ITEM, Stone
from storage.types import Case, Mute, Priority, RawMention, Status, to_json, to_text

_LATE = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_REDRAW_PACE = timedelta(seconds=2)  # counters on a card move at most this often
_STORM_PACE = timedelta(seconds=60)  # and while a storm lasts: many move then, and a chat takes few redraws in a minute


@dataclass(slots=True)
class Taken:
    """What became of a page."""

    read: int = 0
    unmatched: int = 0
    stored: int = 0
    known: int = 0
    cases: int = 0
    joined: int = 0
    quarantined: int = 0
    kept_out: int = 0  # of people who were erased
    is_replay: bool = False
    reasons: list[str] = field(default_factory=list)  # of quarantined items


def take_in(
    ctx: Context,
    page: WeighedPage,
    *,
    inbox_keys: Sequence[str] = (),
    with_cases: bool | None = None,
    is_asked: bool = False,
    can_verify: bool = False,
) -> Taken:
    """Store a weighed page and all that follows from it in one transaction.

    `with_cases` true opens cases for old items too (an import that asks for it), false for none; None goes by their
    age. `is_asked`: a person wants a case for each, however low it is and whoever is muted; copies still join theirs.
    `can_verify`: the source can be asked again whether a mention is still there.
    """
    with ctx.store.transaction():
        keys = [f"hook:{page.entry.name}:{key}" for key in dict.fromkeys(inbox_keys)]
        is_new = [ctx.store.inbox.take(key, DELIVERY, ctx.now) for key in keys]
        if not all(is_new):
            return Taken(is_replay=True)
        return _Intake(ctx, page, with_cases, is_asked=is_asked, can_verify=can_verify).run()


def open_cases(ctx: Context, page: WeighedPage) -> None:
    """Cases for mentions that are stored without one, because a person wants it; whoever is muted."""
    with ctx.store.transaction():
        _Intake(ctx, page, True, is_asked=True).open_stored()


class _Intake:
    """The state of one transaction: what this page has stored so far, so that its own copies find each other."""

    def __init__(
        self, ctx: Context, page: WeighedPage, with_cases: bool | None, *, is_asked: bool, can_verify: bool = False
    ) -> None:
        self.ctx = ctx
        self.store = ctx.store
        self.page = page
        self.with_cases = with_cases
        self.is_asked = is_asked
        self.verifies = can_verify and bool(page.entry.verify_for)
        self.taken = Taken(read=page.read, unmatched=page.unmatched)
        self.case_from = ctx.policy.thresholds.case_from
        self.has_competitors = any(brand.is_competitor for brand in ctx.policy.brands)
        self.source_id = self.store.sources.id_of(page.entry.name, page.entry.kind, ctx.now)
        self.next_id = self.store.mentions.next_id()
        self.next_case = self.store.cases.next_id()
        self.unlearned: list[Known] = []  # what they were, whose words are gone or others now
        self.arrived: set[str] = set()  # native ids that this page has brought for the first time
        self.rows: list[NewMention] = []
        self.new_cases: dict[int, NewCase] = {}
        self.new_keys: list[tuple[str, int]] = []
        self.new_posts: list[NewPost] = []
        self.new_waiting: dict[Place, list[int]] = {}
        self.stories: dict[str, int] = {}
        self.leads: dict[int, Lead] = {}
        self.authors = Authors(self.store, self.source_id, page.entry.kind, ctx.now)
        self.mutes: list[Mute] = [] if is_asked else self.store.mutes.active(ctx.now)
        self.speeds: Counter[int] = Counter()  # of what was given again with other numbers, by bucket
        self.stormy = self.store.storms.grouped()  # brands whose single cards are gathered
        self.cards = Counter(self.store.storms.cards_since(ctx.now - _MINUTE))  # of single cases, by chat and channel

    def run(self) -> Taken:
        known = self.store.mentions.known(self.source_id, [item.raw.native_id for item in self.page.items])
        new = self._without_erased([item for item in self.page.items if item.raw.native_id not in known])
        wanted = {id(item) for item in new}
        self.stories = self._stories_of(new)
        if not self.is_asked:
            self.authors.look_up(new, self.case_from)
        for item in self.page.items:
            if item.raw.native_id in self.arrived:
                self._flush()
                known |= self.store.mentions.known(self.source_id, [item.raw.native_id])
            if (before := known.get(item.raw.native_id)) is not None:
                if self._again(item, before):
                    self._flush()
                    known |= self.store.mentions.known(self.source_id, [item.raw.native_id])
            elif id(item) in wanted:
                self._new(item)
        self._flush()
        for tombstone in self.page.tombstones:
            self._gone(tombstone)
        unlearn(self.ctx, self.unlearned)
        self._note_source()
        return self.taken

    def _without_erased(self, items: list[Weighed]) -> list[Weighed]:
        """What a person who was erased said, or says now, is not stored."""
        source = self.page.entry.name
        of = {
            id(item): (Stone(AUTHOR, source, item.raw.author.casefold()), Stone(ITEM, source, item.raw.native_id))
            for item in items
        }
        out = self.store.tombstones.kept_out([stone for stones in of.values() for stone in stones])
        kept = [item for item in items if out.isdisjoint(of[id(item)])]
        self.taken.kept_out = len(items) - len(kept)
        return kept

    def open_stored(self) -> None:
        """A case for each that has none yet; copies join the case that tells their story."""
        known = self.store.mentions.known(self.source_id, [item.raw.native_id for item in self.page.items])
        for item in self.page.items:
            before = known.get(item.raw.native_id)
            if before is not None and before.case_id is None and not before.is_gone:
                self._louder(item, before)
        self._flush()

    def _flush(self) -> None:
        """Write what was gathered so far, in bulk: one statement a kind of row costs a fraction of one a row."""
        self.store.mentions.add(self.source_id, self.rows, self.ctx.now)
        if self.verifies:
            asked = [(row.id, row.native_id, row.case_id is not None) for row in self.rows]
            self.store.verifications.ask(self.source_id, asked, self.ctx.now + FIRST_LOOK)
        self.store.cases.open_many(list(self.new_cases.values()), self.ctx.now)
        self.store.stories.add(self.new_keys)
        self.store.deliveries.post_many(self.new_posts, self.ctx.now)
        for place, waiting in self.new_waiting.items():
            due = place.due or self.ctx.now
            self.store.digests.hold(place.chat, place.channel, due, waiting, is_quiet=place.is_quiet)
        for gathered in (self.rows, self.new_cases, self.new_keys, self.new_posts, self.new_waiting):
            gathered.clear()

    def _note_source(self) -> None:
        broken = [(clean(item.where), clean(item.reason), clean(item.sample)) for item in self.page.broken]
        self.taken.quarantined = self.store.sources.quarantine(self.source_id, broken, self.ctx.now)
        self.taken.reasons = [f"{place}: {reason}" for place, reason, _ in broken]
        self.store.sources.read_up_to(
            self.source_id, self.page.cursor, self.taken.stored, self.taken.quarantined, self.ctx.now, self.page.query
        )
        if self.taken.stored and self.with_cases is None and not self.page.is_backlog:  # what it brings by itself
            self.store.alarms.heard(self.source_id, self.taken.stored, self.ctx.now)
        self.store.speeds.add(self.source_id, self.speeds, self.ctx.now)

    # A mention that is new

    def _new(self, item: Weighed) -> None:
        self.taken.stored += 1
        mention_id, self.next_id = self.next_id, self.next_id + 1
        case_id = self._case_alike(item)
        mute = None
        if case_id is not None:
            self._join(case_id, item)
        else:
            if self.mutes:
                mute = find_mute(self.mutes, item.raw, self.page.entry.name, (item.brand, item.query))
            if mute is None and self._is_alert(item):
                case_id = self._open(item, mention_id)
            elif mute is not None and self._is_alert(item):
                self.store.mutes.hid(mute.id, 1)
        self.arrived.add(item.raw.native_id)
        self.rows.append(_row(mention_id, item, case_id, mute, self.ctx.now, is_ours=self._is_ours(item)))

    def _is_alert(self, item: Weighed) -> bool:
        if self.is_asked:
            return True
        if item.verdict.priority < self.case_from or self.with_cases is False or not self._is_ours(item):
            return False
        if self.with_cases:
            return True
        if item.raw.published_at is None:
            return not self.page.is_backlog
        return self.ctx.now - item.raw.published_at <= self.page.entry.alert_max_age

    def _is_ours(self, item: Weighed) -> bool:
        return not self.has_competitors or self.ctx.policy.has_ours((item.brand, *item.also))

    def _open(self, item: Weighed, mention_id: int) -> int:
        case_id, self.next_case = self.next_case, self.next_case + 1
        verdict = item.verdict
        due_at = due_by(self.ctx.brain, verdict.priority, self.ctx.now)
        reasons = (*verdict.reasons, item.matched)
        folded = "" if self.is_asked else self.authors.folded(item)
        if folded:
            reasons = (*reasons, folded)
        self.new_cases[case_id] = NewCase(
            case_id, item.brand, verdict.priority, mention_id, item.reach, reasons, due_at, self.source_id,
            item.score.kind, asks(item.score), self._alert(case_id, item, item.brand, is_folded=folded != ""),
        )  # fmt: skip
        self.authors.opens(case_id, item)
        own = dict.fromkeys(item.story.own, case_id)
        self.new_keys += own.items()
        self.stories |= own
        self.leads[case_id] = Lead(item.story.words, self.source_id, item.raw.author.casefold(), item.raw.private)
        self.taken.cases += 1
        return case_id

    def _alert(self, case_id: int, item: Weighed, brand: str, *, is_folded: bool = False) -> bool:
        """Ask for a card wherever a route wants one; whether any does. `brand` is the case's own."""
        source, label, priority = self.page.entry.name, item.score.label, item.verdict.priority
        brands = (brand, item.brand, *item.also)
        wanted = places(
            self.ctx.brain, brands=brands, source=source, label=label, priority=priority, now=self.ctx.now,
            language=language_of(item.score),
        )  # fmt: skip
        for place in (self._gathered(place, brand, priority, is_folded=is_folded) for place in wanted):
            if place.due is not None:
                self.new_waiting.setdefault(place, []).append(case_id)
                continue
            key = card_key(*self._lead_of(case_id, item), place.chat, place.channel)
            self.new_posts.append(NewPost(key, f"case:{case_id}", place.chat, place.channel, lane(priority)))
            self.cards[place.chat, place.channel] += 1
        return bool(wanted)

    def _lead_of(self, case_id: int, item: Weighed) -> tuple[str, str]:
        """Source and native id of the mention that opened a case; the item itself opens one that is not there yet."""
        return self.store.mentions.lead_of(case_id) or (self.page.entry.name, item.raw.native_id)

    def _gathered(self, place: Place, brand: str, priority: Priority, *, is_folded: bool) -> Place:
        """Cases below urgent come together while a storm lasts, where a channel has had its cards of a minute, and
        when their author has had hers of the day."""
        if place.due is not None or priority is Priority.URGENT:
            return place
        if brand in self.stormy:
            return replace(place, due=self.ctx.now + GATHERED)
        if is_folded:
            return replace(place, due=self.ctx.now + folding.GATHERED)
        if self.cards[place.chat, place.channel] >= self.ctx.policy.storms.most_cards:
            return replace(place, due=self.ctx.now + _MINUTE)
        return place

    # A mention that tells the story of a case

    def _stories_of(self, items: Iterable[Weighed]) -> dict[str, int]:
        """The case of each key that they seek, in few queries for the whole page, and what those cases say."""
        keys: dict[str, None] = {}
        for item in items:
            keys |= dict.fromkeys((*item.story.whole, *item.story.parts))
            if item.story.beginning:
                keys[item.story.beginning] = None
        found = self.store.stories.find(list(keys), self.ctx.now - self.ctx.policy.same_story)
        leads = self.store.stories.leads(sorted({*found.values()} - self.leads.keys()))
        self.leads |= {case_id: lead._replace(words=compared(lead.words)) for case_id, lead in leads.items()}
        return found

    def _case_alike(self, item: Weighed) -> int | None:
        story = item.story
        for key in story.whole:
            if (case_id := self.stories.get(key)) is not None and self._may_join(case_id, item, is_same=is_copy(key)):
                return case_id
        nominated = {case_id for key in story.parts if (case_id := self.stories.get(key)) is not None}
        for case_id in sorted(nominated):
            if is_alike(story.words, self.leads[case_id].words) and self._may_join(case_id, item):
                return case_id
        begun = self.stories.get(story.beginning)
        if begun is None or not begins_alike(story.words, self.leads[begun].words):
            return None
        return begun if self._may_join(begun, item) else None

    def _may_join(self, case_id: int, item: Weighed, *, is_same: bool = False) -> bool:
        """Whether a case is open to it. Where the words are not truly the same, a closed case takes nothing worse."""
        raw = item.raw
        if not may_join(self.leads[case_id], self.source_id, raw.author.casefold(), is_private=raw.private):
            return False
        if is_same or case_id in self.new_cases:
            return True
        case = self.store.cases.get(case_id)
        if case is None or case.status is not Status.RESOLVED or item.verdict.priority <= case.priority:
            return True
        return self._was_lowered(case, item.verdict)

    def _join(self, case_id: int, item: Weighed) -> None:
        self.taken.joined += 1
        if case_id in self.new_cases:
            self._flush()
        self.store.cases.join(case_id, self.authors.joins(case_id, item), self.ctx.now)
        case = self.store.cases.get(case_id)
        if case is None:
            return
        if case.status is not Status.RESOLVED:
            self._raise(case, item)
        pace = _STORM_PACE if case.brand in self.stormy else _REDRAW_PACE
        self.store.deliveries.redraw(f"case:{case_id}", self.ctx.now, self.ctx.now + pace)

    def _raise(self, case: Case, item: Weighed, *, is_news: bool = False) -> None:
        """A case is as bad as its worst mention, and is promised an answer accordingly. `is_news`: it says other things
        now than when a person put it lower."""
        verdict, transition = item.verdict, TRANSITIONS["raise"]
        if verdict.priority <= case.priority or (not is_news and self._was_lowered(case, verdict)):
            return
        due_at = min(due_by(self.ctx.brain, verdict.priority, case.opened_at), case.due_at or self.ctx.now)
        changed = self.store.cases.change(
            case,
            transition.event,
            actor="earshot",
            allowed=transition.allowed,
            now=self.ctx.now,
            detail={"from": case.priority.word, "to": verdict.priority.word},
            priority=verdict.priority,
            reasons=(*verdict.reasons, item.matched),
            due_at=max(due_at, self.ctx.now),
            snoozed_until=None,  # it was put off when it was less
        )
        if changed is not None:
            if self._alert(case.id, item, case.brand):
                self.store.cases.alerted(case.id, self.ctx.now)
            self._flush()
            self.store.digests.take_out(case.id)
            if changed.priority is Priority.URGENT:
                self.store.deliveries.hasten(f"case:{case.id}", self.ctx.now, lane(changed.priority))
            drafts.show_in_threads(self.ctx, case.id)

    def _was_lowered(self, case: Case, verdict: Verdict) -> bool:
        """What a person put lower by hand stays there, whatever copies say, but for what is urgent; until the words
        that she judged are worse ones."""
        if verdict.priority is Priority.URGENT:
            return False
        last = self.store.cases.last_event(case.id, TRANSITIONS["correct"].event)
        raised = self.store.cases.last_event(case.id, TRANSITIONS["raise"].event)
        if last is None or (raised is not None and raised.version > last.version):
            return False
        words = [priority.word for priority in Priority]
        return words.index(last.detail["to"]) < words.index(last.detail["from"])

    # A mention that the source gives again

    def _again(self, item: Weighed, before: Known) -> bool:
        """Whether that changed anything."""
        self.taken.known += 1
        is_edited = not item.raw.is_final and (item.raw.text, item.raw.title) != (before.text, before.title)
        if before.is_gone or not (is_edited or _is_told_anew(_counts(item.raw), _counts(before))):
            return False
        verdict = self._verdict_now(item, before)
        if is_edited:
            self._edited(item, before, verdict)
            self._redraw_briefings(before)
        likes, shares, replies = _counts(item.raw)
        self.store.mentions.give_again(
            before.id,
            likes=likes,
            shares=shares,
            replies=replies,
            reach=item.reach,
            priority=verdict.priority if is_edited else max(verdict.priority, before.priority),
            reasons=(*verdict.reasons, item.matched),
            now=self.ctx.now,
        )
        self._follow_up(item._replace(verdict=verdict), before)
        return True

    def _verdict_now(self, item: Weighed, before: Known) -> Verdict:
        """How bad it is, knowing how fast its numbers grow."""
        hours = (self.ctx.now - before.changed_at).total_seconds() / 3600
        speed = velocity(Counts(*_counts(before)), Counts(*_counts(item.raw)), hours)
        usual = UNKNOWN
        if speed is not None:
            self.speeds[bucket_of(speed)] += 1
            if speed >= SMALL * self.ctx.policy.thresholds.takes_off:
                hers = self.store.speeds.of_author(item.raw.author.casefold(), before.id, POSTS)
                usual = Usual(hers, self.rare_speed)
        thresholds = self.ctx.policy.thresholds
        verdict = prioritise(
            item.score, reach=item.reach, velocity=speed, thresholds=thresholds, usual=usual, team=item.team
        )
        return lowered(verdict, item.score, item.doubt)

    @cached_property
    def rare_speed(self) -> float | None:
        """What a post gains that is rare in this source; looked up once a page at most."""
        return self.store.speeds.quantile(self.source_id, RARE, GAINS, self.ctx.now)

    def _edited(self, item: Weighed, before: Known, verdict: Verdict) -> None:
        self.unlearned.append(before)
        self.store.us.text_changed(before.id)
        self.store.mentions.edit(
            before.id,
            title=item.raw.title,
            text=item.raw.text,
            sentiment=item.score.sentiment,
            label=item.score.label,
            priority=verdict.priority,
            reasons=(*verdict.reasons, item.matched),
            reply_ref=item.raw.reply_ref,
            now=self.ctx.now,
        )

    def _follow_up(self, item: Weighed, before: Known) -> None:
        """Open a case that was not worth one before, or raise the one there is and redraw its card."""
        if before.case_id is None:
            if item.verdict.priority > before.priority and self._is_alert(item):
                self._louder(item, before)
            return
        case = self.store.cases.get(before.case_id)
        if case is not None:
            if item.reach is not None and item.reach != before.reach:
                self.store.cases.join(case.id, item.reach - (before.reach or 0), self.ctx.now, count=0)
            if case.status is not Status.RESOLVED:
                self._raise(case, item, is_news=self._says_worse(case, item, before))
            self._redraw_everywhere(case.id, self.ctx.now + _REDRAW_PACE)

    def _says_worse(self, case: Case, item: Weighed, before: Known) -> bool:
        """Whether the case's own mention was edited to words that weigh more, or that tell of something grave anew."""
        is_edited = (item.raw.text, item.raw.title) != (before.text, before.title)
        if not is_edited or item.raw.is_final or case.mention_id != before.id:
            return False
        was = self.ctx.brain.scorer.score(replace(item.raw, text=before.text, title=before.title))
        anew = {part.kind for part in item.score.parts} - {part.kind for part in was.parts}
        return item.verdict.priority > before.priority or not anew.isdisjoint(FLOORS)

    def _redraw_everywhere(self, case_id: int, moment: datetime) -> None:
        """Also where it stands in a digest: the author's words are not what they were."""
        self.store.deliveries.redraw(f"case:{case_id}", self.ctx.now, moment)
        for digest in self.store.digests.of_case(case_id):
            self.store.deliveries.redraw(f"digest:{digest.id}", self.ctx.now, moment)

    def _louder(self, item: Weighed, before: Known) -> None:
        """A mention that was not worth a case is now: the same questions are asked as of a new one."""
        item = item._replace(story=story_of(item.brand, item.raw, is_weighty=True))
        self.stories = self._stories_of([item]) | self.stories
        case_id = self._case_alike(item)
        if case_id is not None:
            self._join(case_id, item)
        elif mute := find_mute(self.mutes, item.raw, self.page.entry.name, (item.brand, item.query)):
            self.store.mutes.hid(mute.id, 1)
        else:
            case_id = self._open(item, before.id)
        if case_id is not None:
            self.store.mentions.put_in_case(before.id, case_id)
            self.store.verifications.has_case(before.id)

    def _gone(self, tombstone: Tombstone) -> None:
        before = self.store.mentions.gone(self.source_id, clean(tombstone.native_id, 300), self.ctx.now)
        if before is None:
            return
        self.unlearned.append(before)
        self.store.us.text_changed(before.id)
        self._unquote(before)
        self.store.verifications.end([before.id])
        if before.case_id is not None:
            self._redraw_everywhere(before.case_id, self.ctx.now)
            self._redraw_briefings(before)

    def _unquote(self, before: Known) -> None:
        """What its reasons, and those of its case, repeat of a deleted text goes too."""
        mention = self.store.mentions.get(before.id)
        if mention is None:
            return
        self.store.mentions.give_reasons(before.id, without_words(mention.reasons))
        case = self.store.cases.get(before.case_id) if before.case_id is not None else None
        if case is None:
            return
        lead = self.store.mentions.get(case.mention_id)
        its = set(lead.reasons) if lead is not None else set()  # the lead's own stay, whatever a copy said
        kept = without_words(case.reasons, of=None if case.mention_id == before.id else {*mention.reasons} - its)
        self.store.cases.give_reasons(case.id, kept)

    def _redraw_briefings(self, before: Known) -> None:
        """Those that may quote the words that are no longer the author's."""
        case = self.store.cases.get(before.case_id) if before.case_id is not None else None
        if case is not None and case.mention_id == before.id:
            for schedule_id, day in self.store.schedules.covering(case.opened_at):
                self.store.deliveries.redraw(f"briefing:{schedule_id}:{day.isoformat()}", self.ctx.now, self.ctx.now)


def _counts(told: RawMention | Known) -> tuple[int | None, int | None, int | None]:
    return told.likes, told.shares, told.replies


def _is_told_anew(told: tuple[int | None, ...], before: tuple[int | None, ...]) -> bool:
    return any(new is not None and new != old for new, old in zip(told, before, strict=True))


def _row(
    mention_id: int, item: Weighed, case_id: int | None, mute: Mute | None, now: datetime, *, is_ours: bool
) -> NewMention:
    raw, verdict, score = item.raw, item.verdict, item.score
    reasons = (*verdict.reasons, item.matched)
    if mute is not None:
        reasons = (*reasons, f"muted ({mute.what} {shown(mute.value, 60).words})")
    return NewMention(
        mention_id, raw.native_id, item.brand, to_json(item.also) if item.also else "", item.query,
        raw.author.casefold(), raw.author_name or raw.author, raw.followers, raw.text, raw.title, raw.url, raw.lang,
        to_text(raw.published_at) if raw.published_at else None, raw.likes, raw.shares, raw.replies, raw.stars,
        int(raw.private), item.reach, score.sentiment, score.label, int(verdict.priority), to_json(reasons), case_id,
        to_text(counted_at(raw.published_at, now)), int(is_ours),
        json.dumps(dict(raw.extra), ensure_ascii=False) if raw.extra else "", raw.reply_ref,
    )  # fmt: skip


def counted_at(published_at: datetime | None, now: datetime) -> datetime:
    """When reports count a mention: when it was seen; what came over a day late, as an import does, on its own day."""
    return published_at if published_at is not None and now - published_at > _LATE else now
