"""How bad is it: a mention's score, and the priority that follows from it, both with reasons in words.

Contract of a scorer, the one replaceable piece:

1. `score` depends on the mention alone: no clock, no chance, no memory. The same mention always scores the same.
2. It raises nothing, whatever the text, and reads at most 2,000 characters of it.
3. `sentiment` is VADER's compound and `label` its three-way reading (+-0.05); where VADER cannot judge they are None
   and "not scored".
4. A part says what was found, in words that may be shown to anybody, and for how many points, never less than none.

Rules of `prioritise`, the same for every scorer:

1. Points add up: 0 low, 1 to 2 normal, 3 to 4 high, 5 and more urgent.
2. Severity never averages: each kind in `FLOORS` has a lowest priority, whatever the tone of the rest. Safety with
   anything else to act on is urgent.
3. Reach adds only where there is something to act on, or where the text could not be judged. Unknown reach changes
   nothing.
4. A mention with nothing to act on is normal at most, however far it spreads: worth a thank-you, not an alarm.
5. Promotion ranks one lower and says so, never below a floor. A bare link is no evidence: complaints have links too.
6. Every verdict has at least one reason.
"""

import re
import unicodedata
from typing import NamedTuple, Protocol

from handlers.rules import severity
from handlers.rules.policy import Thresholds
from handlers.rules.reach import Usual, takes_off
from handlers.rules.severity import Hit, Kind
from handlers.rules.vader import compound, scored_part
from storage.types import Priority, RawMention

# Read once: what hangs on an Enum class is looked up anew, through a descriptor, each time it is named.
_LOW, _NORMAL, _HIGH, _URGENT = Priority
_SAFETY, _FAILURE, _ASK, _SUGGESTION = Kind.SAFETY, Kind.FAILURE, Kind.ASK, Kind.SUGGESTION
_PRAISE, _PROMOTION = Kind.PRAISE, Kind.PROMOTION

ONE_STAR, TWO_STARS, DIRECT, NOT_SCORED = "one star", "two stars", "direct", "not scored"

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

LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "es": "Spanish", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_SCRIPTS = {"Cjk": "Chinese or Japanese", "Hiragana": "Japanese", "Katakana": "Japanese", "Hangul": "Korean"}
_UNTOLD = {"", "und", "zxx", "mul", "mis"}  # codes that say "no language"
_GRAVE = (_SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY, Kind.LEAVING, Kind.BUG)  # the gravest first
_COMPLAINTS = frozenset([_FAILURE, ONE_STAR, TWO_STARS])

UNKNOWN = Usual()  # nothing is known of the author or of the source

_LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")
_NOT_LATIN = re.compile(r"[Ͱ-ᷣἀ-῿Ⲁ-ꜟꠀ-ꬮꯀ-퟿豈-﫿יִ-﷿ﹰ-ﻼｦ-ￜ]")
_QUESTION = re.compile(r"[?؟？]+(?=[\s\"'”’)!.]|$)")
_QUESTION_MARK = Hit("?", _ASK, severity.POINTS[_ASK], is_weak=True)


class Part(NamedTuple):
    """One thing found: what it is evidence of, why in words, and its points."""

    points: int
    reason: str
    kind: str


class Score(NamedTuple):
    """What a scorer makes of one mention."""

    sentiment: float | None
    label: str  # negative, neutral, positive, "not scored"
    parts: tuple[Part, ...]
    kind: str  # safety, fraud, legal, privacy, threat to leave, bug, complaint, question, suggestion, praise, other


class Verdict(NamedTuple):
    """A priority with its reasons, weightiest first."""

    priority: Priority
    reasons: tuple[str, ...]
    points: int


class Scorer(Protocol):
    """See the contract above."""

    name: str

    def score(self, mention: RawMention) -> Score:
        """How bad it is, by its own words and stars."""


class DayOneScorer:
    """VADER, the severity table and the stars: what is known before any staff decision.

    VADER is left out where the source names a language other than English, or most letters are not Latin. The severe
    phrases count all the same. Such a mention without any is normal if it asks something (a question needs an answer in
    every language, and its mark can be read) or was sent to us directly; otherwise low: to raise all that cannot be
    judged would bury a team whose brand is spoken of abroad.
    """

    name = "day one"

    def score(self, mention: RawMention) -> Score:
        text = scored_part(f"{mention.title}\n{mention.text}" if mention.title else mention.text)
        language = _not_english(mention.lang, text)
        sentiment = None if language else compound(text)
        label = _label(sentiment)
        hits = severity.find(text)
        if _asks(mention, text, is_foreign=language != ""):
            hits = (*hits, _QUESTION_MARK)
        parts = _phrases(hits, label) if hits else []
        parts += _stars(mention.stars)
        if language:
            parts += _not_scored(language, mention.private)
        return Score(sentiment, label, tuple(parts), _kind(label, {part.kind for part in parts}))


def prioritise(
    score: Score, *, reach: int | None, velocity: float | None, thresholds: Thresholds, usual: Usual = UNKNOWN
) -> Verdict:
    """Points, floors and reasons. `reach` in people, `velocity` in acts per hour, None for unknown; `usual` is what the
    author's and the source's posts gain."""
    parts = [part for part in score.parts if part.points]
    parts += _words(score, thresholds)
    needs_person = bool(parts)
    if velocity is not None and (words := takes_off(velocity, usual, thresholds.takes_off)):
        parts.append(Part(2, words, "velocity"))
    parts += _spread(score, needs_person, reach, thresholds)
    points = sum([part.points for part in parts])
    priority, floor = _priority(points), _floor(parts)
    if not needs_person and score.sentiment is not None:
        priority = min(priority, _NORMAL)
    promotion = next((part.reason for part in score.parts if part.kind == _PROMOTION), "") if score.parts else ""
    ranked = max(floor, Priority(priority - 1)) if promotion and priority else max(floor, priority)
    parts.sort(key=_weight)
    reasons = [part.reason for part in parts]
    reasons += [part.reason for part in score.parts if not part.points and part.kind != _PROMOTION]
    if promotion:
        reasons.append(f"{promotion}, so ranked lower" if ranked < priority else promotion)
    if not parts:
        reasons.insert(0, f"nothing to act on: {_tone(score.sentiment)}")
    return Verdict(ranked, tuple(reasons), points)


def asks(score: Score) -> bool:
    """Whether the words ask for an answer."""
    return any(part.kind == _ASK for part in score.parts)


def _weight(part: Part) -> int:
    """Sorts the weightiest first."""
    return -part.points


def _priority(points: int) -> Priority:
    if points >= 5:
        return _URGENT
    if points >= 3:
        return _HIGH
    return _NORMAL if points >= 1 else _LOW


def _floor(parts: list[Part]) -> Priority:
    if not parts:
        return _LOW
    if len(parts) > 1 and any([part.kind == _SAFETY for part in parts]):  # noqa: C419 (faster)
        return _URGENT
    return max([FLOORS.get(part.kind, _LOW) for part in parts])


def _words(score: Score, thresholds: Thresholds) -> list[Part]:
    if score.sentiment is None or score.sentiment > thresholds.negative:
        return []
    if score.sentiment <= thresholds.very_negative:
        return [Part(2, f"very negative words (VADER {score.sentiment:+.2f})", "negative")]
    return [Part(1, f"negative words (VADER {score.sentiment:+.2f})", "negative")]


def _tone(sentiment: float | None) -> str:
    if sentiment is None:
        return "no severe phrase and no question"
    word = {"negative": "slightly negative"}.get(_label(sentiment), _label(sentiment))
    return f"{word} words (VADER {sentiment:+.2f})"


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


def _phrases(hits: tuple[Hit, ...], label: str) -> list[Part]:
    """One part for each kind; a second service failure counts once more, a tenth does not.

    A single weak sign in a text of thanks or praise is reported for no points: "thanks for the quick refund" needs
    nobody. Two signs, or one that is not weak, count in any company.
    """
    signs = [hit for hit in hits if hit.points]
    if len(signs) == 1:
        is_content = signs[0].is_weak and label == "positive" and any(hit.kind is _PRAISE for hit in hits)
        sign = Part(0, _said(signs, ", among words of praise"), "sign") if is_content else _sign(signs[0].kind, signs)
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
    is_addressed = mention.private or is_foreign or text.lstrip(" .\n").startswith("@")
    return is_addressed and _QUESTION.search(text) is not None


def _not_scored(language: str, is_private: bool) -> list[Part]:
    parts = [Part(0, f"not scored: {language}", NOT_SCORED)]
    if is_private:
        parts.append(Part(1, "sent to us directly", DIRECT))
    return parts


def _not_english(lang: str, text: str) -> str:
    """The language or script that VADER cannot judge, in words; "" where it can, or where nothing is known."""
    code = lang.strip().lower().replace("_", "-").split("-")[0] if lang else ""
    if code not in _UNTOLD and code not in ("en", "eng", "english"):
        return LANGUAGES.get(code) or f"language {code[:8]}"
    return "" if text.isascii() else _script(text)


def _script(text: str) -> str:
    first = _NOT_LATIN.search(text)
    if first is None or len(_NOT_LATIN.findall(text)) <= len(_LATIN.findall(text)):
        return ""
    script = unicodedata.name(first[0], "another").split()[0].split("-")[0].capitalize()
    return _SCRIPTS.get(script) or f"{script} script"


def _label(sentiment: float | None) -> str:
    if sentiment is None:
        return NOT_SCORED
    if sentiment >= 0.05:
        return "positive"
    return "negative" if sentiment <= -0.05 else "neutral"


def _kind(label: str, found: set[str]) -> str:
    """The one word for the whole mention: the gravest thing found."""
    grave = next((kind for kind in _GRAVE if kind in found), None) if found else None
    if grave is not None:
        return str(grave)
    if not found.isdisjoint(_COMPLAINTS) or (label == "negative" and _SUGGESTION not in found):
        return "complaint"
    if _ASK in found:
        return "question"
    if _SUGGESTION in found:
        return str(_SUGGESTION)
    return "praise" if label == "positive" else "other"
