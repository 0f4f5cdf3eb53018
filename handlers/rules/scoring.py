"""How bad is it: a mention's score, and the priority that follows from it, both with reasons in words.

Contract of a scorer, the one replaceable piece:

1. `score` depends on the mention alone: no clock, no chance, no memory. The same mention always scores the same.
2. It raises nothing, whatever the text, and reads at most 2,000 characters of it.
3. `sentiment` is VADER's compound and `label` its three-way reading (+-0.05); where VADER cannot judge they are None
   and "not scored".
4. `odds` are the log-odds that it is a complaint, `evidence` what they are made of, weightiest first; None and () where
   nobody can judge.
5. A part says what was found, in words that may be shown to anybody, and for how many points, never less than none.

Rules of `prioritise`, the same for every scorer:

1. Points add up: below 1 low, from 1 on normal, from 3 on high, from 5 on urgent. The sum is told with the reasons.
2. Severity never averages: each kind in `FLOORS` has a lowest priority, whatever the tone of the rest. Safety with a
   point of anything else is urgent.
3. Reach adds only where there is something to act on, or where the text could not be judged. Unknown reach changes
   nothing.
4. A mention with nothing to act on is normal at most, however far it spreads: worth a thank-you, not an alarm.
5. Promotion ranks one lower and says so, never below a floor. A bare link is no evidence: complaints have links too.
   A text that is addressed to us and tells what went wrong is none.
6. Every verdict has at least one reason.
7. The words as a whole give a point where they are as likely a complaint as the team asks for, and 0.6 more or less
   for each unit of log-odds above or below, never less than none. By themselves they make it high at most. The phrases
   named with them claim no more than their own share.
8. A second opinion has a share of the words, told on its own; it may take points away, never more than the words gave.
9. What a team's own decisions teach adds to what the words say, or takes from the sum; floors stay, what would be
   urgent without it is, and by itself or with the words alone it makes nothing urgent.
10. What nobody can judge is at least what its score says, for that reason, which it tells.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from handlers.rules import severity
from handlers.rules.day_one import Evidence, Opinion, day_one_words, heard
from handlers.rules.detection import Languages, Tongue
from handlers.rules.features import BRAND
from handlers.rules.languages import ENGLISH, scored_codes
from handlers.rules.own_names import OwnNames
from handlers.rules.policy import Thresholds
from handlers.rules.reach import Usual, takes_off
from handlers.rules.severity import Hit, Kind
from handlers.rules.vader import scored_part
from storage.types import Priority, RawMention

# Read once: what hangs on an Enum class is looked up anew, through a descriptor, each time it is named.
_LOW, _NORMAL, _HIGH, _URGENT = Priority
_SAFETY, _FAILURE, _ASK, _SUGGESTION = Kind.SAFETY, Kind.FAILURE, Kind.ASK, Kind.SUGGESTION
_PRAISE, _PROMOTION = Kind.PRAISE, Kind.PROMOTION

ONE_STAR, TWO_STARS, DIRECT, NOT_SCORED, WORDS = "one star", "two stars", "direct", "not scored", "words"
OPINION, TEAM = "opinion", "team"
PER_ODDS = 0.6  # points for a unit of log-odds
_HARDLY = -2.5  # log-odds where nothing is known
_LEAST_COMPLAINT = 0.2  # the lowest that a team may ask for
_STILL_ASKS = 1.0  # log-odds of a complaint up to which a question is called one
_NAMED = 3  # phrases in a reason
_ROUNDED = 0.1  # log-odds that are rounded up to the next tenth of a point
_MAKES_URGENT = 5  # points
_WORTH_NAMING = 0.15  # points

FLOORS: dict[str, Priority] = {
    Kind.SAFETY: Priority.HIGH,
    Kind.FRAUD: Priority.HIGH,
    Kind.LEGAL: Priority.HIGH,
    Kind.PRIVACY: Priority.HIGH,
    ONE_STAR: Priority.HIGH,
    TWO_STARS: Priority.NORMAL,
    Kind.LEAVING: Priority.NORMAL,
    Kind.FAILURE: Priority.NORMAL,
    Kind.BUG: Priority.NORMAL,
}

_GRAVE = (_SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY, Kind.LEAVING, Kind.BUG)  # the gravest first
_CUSTOMERS = frozenset([_FAILURE, *_GRAVE])  # what only a customer tells
_COMPLAINTS = frozenset([_FAILURE, ONE_STAR, TWO_STARS])
_AS_A_WHOLE = frozenset([WORDS, OPINION, TEAM])

UNKNOWN = Usual()  # nothing is known of the author or of the source
ENGLISH_ALONE = Languages()

_QUESTION = re.compile(r"[?؟？]+(?=[\s\"'”’)!.]|$)")
_QUESTION_MARK = Hit("?", _ASK, severity.POINTS[_ASK], is_weak=True)


class Part(NamedTuple):
    """One thing found: what it is evidence of, why in words, and its points."""

    points: float
    reason: str
    kind: str


class Score(NamedTuple):
    """What a scorer makes of one mention."""

    sentiment: float | None
    label: str  # negative, neutral, positive, "not scored"
    parts: tuple[Part, ...]
    kind: str  # a `Kind` that it says, or else complaint, praise or other
    odds: float | None = None  # log-odds of a complaint
    words: float | None = None  # the same without what `parts` count already
    evidence: tuple[Evidence, ...] = ()  # what speaks for a complaint in `words`, weightiest first; () for next to none
    opinion: float = 0.0  # the share of a second opinion in `odds` and `words`
    language: str = ""  # of its words, as a code; "" where it is not known
    least: Priority = _LOW  # its priority at least, since nobody can judge it


class Lift(NamedTuple):
    """What a team's own decisions teach of a mention: points, more or fewer, and why in words."""

    points: float
    reason: str
    claims: tuple[tuple[str, float], ...] = ()  # words on the same side, as they are shown, each with its points


class Verdict(NamedTuple):
    """A priority with its reasons, weightiest first."""

    priority: Priority
    reasons: tuple[str, ...]
    points: float


class Scorer(Protocol):
    """See the contract above."""

    name: str

    def score(self, mention: RawMention) -> Score:
        """How bad it is, by its own words and stars."""

    def score_many(self, mentions: Sequence[RawMention]) -> list[Score]:
        """The same of each. Each step is taken for all before the next, which is faster: see `handlers/weighing.py`."""


class DayOneScorer:
    """The day-one words, the severity table and the stars: what is known before any staff decision.

    The words and VADER are left out where a mention is in a language that has no scorer, or most letters are not Latin.
    The severe phrases count all the same. Such a mention is at least what the team says (`not_scored`); where it says
    nothing it is normal if the team reads the language, if it asks something (a question needs an answer in every
    language, and its mark can be read) or was sent to us directly; otherwise low: to raise all that cannot be judged
    would bury a team whose brand is spoken of abroad.
    """

    def __init__(
        self,
        languages: Languages = ENGLISH_ALONE,
        not_scored: Priority | None = None,
        names: OwnNames | None = None,
        complaint: float = _LEAST_COMPLAINT,
    ) -> None:
        """`names` finds what is a brand's name and no opinion: see `own_names`. What speaks for a complaint is only
        worked out where it will be told: where the words alone are as likely one as the team asks for (`complaint`).
        """
        self._words = day_one_words()
        self._told_from = _odds(complaint) - _ROUNDED
        self.name = f"day one {self._words.version}{f' without {names.pattern}' if names else ''}"
        self._names = names
        self._scored = scored_codes()
        self._languages = languages
        self._not_scored = not_scored

    def score(self, mention: RawMention) -> Score:
        return self.score_many([mention])[0]

    def score_many(self, mentions: Sequence[RawMention]) -> list[Score]:
        texts = [scored_part(f"{one.title}\n{one.text}" if one.title else one.text) for one in mentions]
        if self._names is not None:
            texts = [self._names.sub(BRAND, text) for text in texts]
        tongues = [self._languages.of(one.lang, text) for one, text in zip(mentions, texts, strict=True)]
        hits = [severity.find(text) for text in texts]
        tones = [
            None if tongue.name and tongue.code not in self._scored else heard(text)
            for tongue, text in zip(tongues, texts, strict=True)
        ]
        opinions = [
            self._words.judge(text, some, heard) if heard is not None else None
            for text, some, heard in zip(texts, hits, tones, strict=True)
        ]
        return list(map(self._score, mentions, texts, tongues, hits, opinions))

    def _score(
        self, mention: RawMention, text: str, tongue: Tongue, hits: tuple[Hit, ...], opinion: Opinion | None
    ) -> Score:
        asked = (*hits, _QUESTION_MARK) if _asks(mention, text, is_foreign=opinion is None) else hits
        if opinion is None:
            least = self._least(tongue)
            parts = [*_phrases(asked, is_content=False), *_stars(mention.stars)]
            parts += _not_scored(tongue, least, mention.private)
            kind = _kind(NOT_SCORED, None, {part.kind for part in parts}, is_question=False)
            return Score(None, NOT_SCORED, tuple(parts), kind, language=tongue.code, least=least)
        label = _label(opinion.compound)
        parts = _phrases(asked, is_content=label == "positive" and opinion.odds < 0) if asked else []
        if not _CUSTOMERS.isdisjoint([part.kind for part in parts]) and _is_addressed(mention, text):
            parts = [part for part in parts if part.kind != _PROMOTION]  # as in "follow me for a DM, my parcel is lost"
        parts += _stars(mention.stars)
        words = opinion.odds - self._words.of_facts(opinion)
        evidence = self._words.telling(opinion) if words >= self._told_from else ()
        is_question = "?" in text and _QUESTION.search(text) is not None
        kind = _kind(label, opinion, {part.kind for part in parts}, is_question=is_question)
        return Score(
            opinion.compound, label, tuple(parts), kind, opinion.odds, words, evidence, language=tongue.code
        )  # fmt: skip

    def _least(self, tongue: Tongue) -> Priority:
        if self._not_scored is not None:
            return self._not_scored
        return _NORMAL if self._languages.reads(tongue) else _LOW


def prioritise(
    score: Score,
    *,
    reach: int | None,
    velocity: float | None,
    thresholds: Thresholds,
    usual: Usual = UNKNOWN,
    team: Lift | None = None,
) -> Verdict:
    """Points, floors and reasons. `reach` in people, `velocity` in acts per hour, None for unknown; `usual` is what the
    author's and the source's posts gain; `team` is what the team's own decisions teach of it."""
    parts = [part for part in score.parts if part.points] if score.parts else []
    parts += _words(score, thresholds)
    taught = _taught(score, thresholds, team) if team is not None else []
    needs_person = sum([part.points for part in parts]) + sum([max(0, part.points) for part in taught]) >= 1
    if velocity is not None and (words := takes_off(velocity, usual, thresholds.takes_off)):
        parts.append(Part(2, words, "velocity"))
    parts += _spread(score, needs_person, reach, thresholds)
    if not (parts or taught or score.parts) and score.least is _LOW:  # as most are
        return Verdict(_LOW, (_nothing(score.sentiment),), 0.0)
    untaught, floor = round(sum([part.points for part in parts]), 1), max(_floor(parts), score.least)
    parts += taught
    points = round(sum([part.points for part in parts]), 1)
    priority = _URGENT if untaught >= _MAKES_URGENT else _priority(points)
    if not needs_person and score.sentiment is not None:
        priority = min(priority, _NORMAL)
    elif all([part.kind in _AS_A_WHOLE for part in parts]):  # noqa: C419 (faster)
        priority = min(priority, _HIGH)
    promotion = next((part.reason for part in score.parts if part.kind == _PROMOTION), "") if score.parts else ""
    ranked = max(floor, Priority(priority - 1)) if promotion and priority else max(floor, priority)
    parts.sort(key=_weight)
    reasons = [part.reason for part in parts]
    silent = [part.reason for part in score.parts if not part.points and part.kind != _PROMOTION]
    reasons += [reason for reason in silent if reason not in reasons]
    if promotion:
        reasons.append(f"{promotion}, so ranked lower" if ranked < priority else promotion)
    if ranked > _priority(points) and parts:
        reasons.append(f"{ranked.word} at least, whatever the score: it is too grave for less")
    if not parts and score.least is _LOW:
        reasons.insert(0, _nothing(score.sentiment))
    elif len(parts) > 1:
        reasons.append(f"score {_added([part.points for part in parts])} = {points:g}")
    elif len(parts) == 1 and points < 1 and parts[0].kind == WORDS:
        reasons[0] = _nothing(score.sentiment)
    elif parts:
        reasons.append(f"score {points:g}")
    return Verdict(ranked, tuple(reasons), points)


def asks(score: Score) -> bool:
    """Whether the words ask for an answer."""
    return any(part.kind == _ASK for part in score.parts)


def language_of(score: Score) -> str:
    """As a code. What nobody knows to be foreign was scored as English and counts as that; "" for a mere script."""
    return score.language or ("" if score.label == NOT_SCORED else ENGLISH)


def _added(points: list[float]) -> str:
    """Numbers as a sum: 2 + 1.5 - 0.4."""
    first, *others = points
    return f"{first:g}" + "".join([f" {'+' if more >= 0 else '-'} {abs(more):g}" for more in others])


def _weight(part: Part) -> float:
    """Sorts the weightiest first."""
    return -part.points


def _priority(points: float) -> Priority:
    if points >= _MAKES_URGENT:
        return _URGENT
    if points >= 3:
        return _HIGH
    return _NORMAL if points >= 1 else _LOW


def _floor(parts: list[Part]) -> Priority:
    if not parts:
        return _LOW
    if len(parts) > 1 and any([part.kind == _SAFETY for part in parts]):  # noqa: C419 (faster)
        others = sum([part.points for part in parts if part.kind != _SAFETY])
        return _URGENT if others >= 1 else _HIGH
    return max([FLOORS.get(part.kind, _LOW) for part in parts])


def _words(score: Score, thresholds: Thresholds) -> list[Part]:
    """What the words as a whole say, with the phrases that say it."""
    if score.words is None:
        return []
    even = _odds(thresholds.complaint)
    points = _of_words(score.words - score.opinion - even)
    parts = _second(score, _of_words(score.words - even) - points) if score.opinion else []
    if points <= 0:
        return parts
    if points < 1:
        return [Part(points, "a little like a complaint", WORDS), *parts]
    how = "reads like a complaint" if points >= 2 else "may be a complaint"
    return [Part(points, f"{how}{_named(score.evidence, points)}", WORDS), *parts]


def _of_words(odds: float) -> float:
    """Points of the words as a whole, whose log-odds are so far from what the team asks for."""
    return max(0.0, round(1 + PER_ODDS * odds, 1))


def _second(score: Score, points: float) -> list[Part]:
    """The share of a second opinion, with what it says; none where it changes nothing."""
    points = round(points, 1)
    return [part._replace(points=points) for part in score.parts if part.kind == OPINION and points]


def _taught(score: Score, thresholds: Thresholds, team: Lift) -> list[Part]:
    """The team's part. What it adds makes up first for how far the words were from giving a point at all."""
    points = team.points
    if points > 0 and score.words is not None:
        points = max(0, points + min(0, 1 + PER_ODDS * (score.words - _odds(thresholds.complaint))))
    points = round(points, 1)
    return [Part(points, f"{team.reason}{_claimed(team.claims, points)}", TEAM)] if points else []


def _claimed(claims: tuple[tuple[str, float], ...], points: float) -> str:
    """What the team's words claim, each with its sign: together no more than the part's points."""
    left, whole = abs(points), abs(sum([claim for _, claim in claims]))
    named: list[str] = []
    for what, claim in claims:
        size = min(left, round(abs(claim) * min(1.0, abs(points) / whole), 1)) if whole else 0.0
        left = round(left - size, 1)
        if size:
            named.append(f"{what} {math.copysign(size, points):+.1f}")
    return f": {', '.join(named)}" if named else ""


def _named(evidence: tuple[Evidence, ...], points: float) -> str:
    """The weightiest phrases with their claims, in points, which never are more than the whole part's."""
    told = [one for one in evidence if one.what and one.odds * PER_ODDS >= _WORTH_NAMING][:_NAMED]
    claims = [one.odds * PER_ODDS for one in told]
    fit = min(1.0, points / sum(claims)) if claims else 1.0
    named = [f"{one.what} {claim * fit:.1f}" for one, claim in zip(told, claims, strict=True)]
    return f": {', '.join(named)}" if named else ", by many small signs"


@lru_cache(maxsize=16)  # one threshold is asked for again and again
def _odds(share: float) -> float:
    """Log-odds of a share between 0 and 1."""
    return math.log(share / (1 - share))


def _nothing(sentiment: float | None) -> str:
    if sentiment is None:
        return "nothing to act on: no severe phrase and no question"
    label = _label(sentiment)
    how = "slightly negative" if label == "negative" else label
    return f"nothing to act on: {how} words (VADER {sentiment:+.2f})"


def _spread(score: Score, needs_person: bool, reach: int | None, thresholds: Thresholds) -> list[Part]:
    parts: list[Part] = []
    if reach is None or reach < thresholds.high_reach:
        return parts
    is_huge, seen = reach >= thresholds.very_high_reach, f"seen by about {_rounded(reach):,}"
    if needs_person or score.sentiment is None:
        parts.append(Part(2 if is_huge else 1, seen, "reach"))
    elif is_huge and score.label == "positive":
        parts.append(Part(1, f"worth a thank-you: {seen}", "reach"))
    return parts


def _rounded(number: int) -> int:
    """Two digits that count: more would pretend to know."""
    return round(number, 2 - len(str(number)))


def _phrases(hits: tuple[Hit, ...], *, is_content: bool) -> list[Part]:
    """One part for each kind; a second service failure counts once more, a tenth does not.

    A single weak sign in a text of thanks or praise (`is_content`) is reported for no points: "thanks for the quick
    refund" needs nobody. Two signs, or one that is not weak, count in any company.
    """
    signs = [hit for hit in hits if hit.points]
    if len(signs) == 1:
        is_nothing = is_content and signs[0].is_weak and any(hit.kind is _PRAISE for hit in hits)
        sign = Part(0, _said(signs, ", among words of praise"), "sign") if is_nothing else _sign(signs[0].kind, signs)
        return [sign, *_promotion(hits)]
    by_kind: dict[Kind, list[Hit]] = {}
    for hit in signs:
        by_kind.setdefault(hit.kind, []).append(hit)
    return [*[_sign(kind, some) for kind, some in by_kind.items()], *_promotion(hits)]


def _sign(kind: Kind, hits: list[Hit]) -> Part:
    points = hits[0].points + (kind is _FAILURE and len(hits) > 1)
    return Part(points, _said(hits, f" ({kind})"), kind)


def _said(hits: list[Hit], ending: str) -> str:
    if hits[0].kind is _ASK:
        return "asks for an answer"
    return f"says {_quoted(hits)}{ending}"


def _promotion(hits: tuple[Hit, ...]) -> list[Part]:
    found = [hit for hit in hits if hit.kind is _PROMOTION]
    return [Part(0, f"looks like promotion ({_quoted(found)})", _PROMOTION)] if found else []


def _quoted(hits: list[Hit]) -> str:
    return f'"{hits[0].phrase}" and "{hits[1].phrase}"' if len(hits) > 1 else f'"{hits[0].phrase}"'


def _stars(stars: float | None) -> list[Part]:
    """Of a review, 1 to 5. Anything outside is no rating; many sites write 0 for none."""
    if stars is None or not 1 <= stars < 3:
        return []
    if stars < 2:
        return [Part(3, "1 star of 5" if stars == 1 else f"{stars:g} stars of 5", ONE_STAR)]
    return [Part(1, f"{stars:g} stars of 5", TWO_STARS)]


def _asks(mention: RawMention, text: str, *, is_foreign: bool) -> bool:
    """A question mark counts where the text is addressed to us (sent directly, begun with @name) or cannot be read."""
    if "?" not in text and text.isascii():
        return False
    return (is_foreign or _is_addressed(mention, text)) and _QUESTION.search(text) is not None


def _is_addressed(mention: RawMention, text: str) -> bool:
    """Sent to us directly, or begun with @name."""
    return mention.private or text.lstrip(" .\n").startswith("@")


def _not_scored(tongue: Tongue, least: Priority, is_private: bool) -> list[Part]:
    raised = f", so {least.word} at least" if least > _LOW else ""
    parts = [Part(0, f"{NOT_SCORED}: {tongue.name}{raised}", NOT_SCORED)]
    if is_private:
        parts.append(Part(1, "sent to us directly", DIRECT))
    return parts


def _label(sentiment: float | None) -> str:
    if sentiment is None:
        return NOT_SCORED
    if sentiment >= 0.05:
        return "positive"
    return "negative" if sentiment <= -0.05 else "neutral"


def _kind(label: str, opinion: Opinion | None, found: set[str], *, is_question: bool) -> str:
    """The one word for the whole mention: the gravest thing found, or else what the words as a whole are."""
    grave = next((kind for kind in _GRAVE if kind in found), None) if found else None
    if grave is not None:
        return str(grave)
    if not found.isdisjoint(_COMPLAINTS):
        return "complaint"
    if _PROMOTION in found:
        return str(_PROMOTION)
    if _SUGGESTION in found:
        return str(_SUGGESTION)
    odds, praised = (opinion.odds, opinion.praise > 0) if opinion else (_HARDLY, False)
    if (is_question or _ASK in found) and (odds < _STILL_ASKS or praised):
        return "question"
    if odds > 0:
        return "complaint"
    return "praise" if praised or (label == "positive" and opinion is not None and odds < -1) else "other"
