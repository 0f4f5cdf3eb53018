"""Numbers and dates as the readers of a language write them. The words around them stay English.

Babel's data are the languages' own patterns (CLDR). Spaces that some fonts lack become plain no-break spaces, and marks
of direction are left out, as the sentences that these stand in run from left to right.
"""

import difflib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale as Language
from babel import UnknownLocaleError, dates, localedata, numbers

from handlers.rules.when import length as length_in_words
from storage.errors import InvalidInput

NONE = "–"  # nothing to tell: no such number
_TIMES = 10  # grown so many times, it is told as a multiple
_MARKS = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "\u061c": None, "\u200e": None, "\u200f": None})
SPOKEN = (
    "cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sv",
    "tr", "uk", "zh",
)  # fmt: skip
_HOW = "Write a language as de, fr or pt-BR."


@dataclass(frozen=True, slots=True)
class Locale:
    """How numbers and dates are written; `code` as Babel knows it (en_GB). Make it by `read_locale`."""

    code: str = "en_GB"

    def number(self, value: float) -> str:
        """1,234; of a mean one decimal is kept below ten: 2.5."""
        rounded = round(value, 1) if abs(value) < 10 else round(value)
        return _told(numbers.format_decimal(rounded, locale=_language(self.code)))

    def percent(self, share: float) -> str:
        """0.484 as 48%, or 48 %: whole percents."""
        return _told(numbers.format_percent(_half_up(share * 100) / 100, locale=_language(self.code)))

    def change(self, now: float | None, before: float | None) -> str:
        """From `before` to `now`: +12%, -3%, ±0%, and ×14 from ten times on; – when either is unknown or was nought."""
        if now is None or not before:
            return NONE
        if now / before >= _TIMES:
            return f"×{self.number(round(now / before))}"
        share = _half_up((now - before) / before * 100) / 100
        sign = "+" if share > 0 else "-" if share < 0 else "±"
        return f"{sign}{self.percent(abs(share))}"

    def day(self, day: date) -> str:
        """Sun 22 Feb."""
        return self._date(day, "MMMEd")

    def short_day(self, day: date) -> str:
        """22 Feb."""
        return self._date(day, "MMMd")

    def month(self, day: date) -> str:
        """Feb 2015."""
        return self._date(day, "yMMM")

    def span(self, first: date, last: date, *, with_year: bool = False) -> str:
        """16–22 Feb, both days included; a year is told when they lie in two, or when it is asked for."""
        skeleton = "yMMMd" if with_year or first.year != last.year else "MMMd"
        if first == last:
            return self._date(first, skeleton)
        return _told(dates.format_interval(first, last, skeleton, locale=_language(self.code)))

    def time(self, moment: datetime) -> str:
        """17:30, or 5:30 PM: the time of day of a moment in its own zone."""
        return _told(dates.format_time(moment, "short", tzinfo=moment.tzinfo, locale=_language(self.code)))

    def length(self, seconds: float | None) -> str:
        """2 h 10 min, and for less than a minute just that; – for None."""
        if seconds is None:
            return NONE
        return length_in_words(timedelta(seconds=seconds)) if seconds >= 60 else "under 1 min"

    def _date(self, day: date, skeleton: str) -> str:
        return _told(dates.format_skeleton(skeleton, day, locale=_language(self.code)))


ENGLISH = Locale()


def read_locale(code: str) -> Locale:
    """The locale of a code: de, pt-BR, zh_Hant. Raises InvalidInput with did-you-mean."""
    typed = code.strip().replace("-", "_")
    if not typed or len(typed) > 20:
        raise InvalidInput(f'"{code[:20]}" is not a language.', _HOW)
    try:
        return Locale(str(Language.parse(typed)))
    except (UnknownLocaleError, ValueError, TypeError):
        raise InvalidInput(f'There is no language "{code.strip()[:20]}".', _guess(typed)) from None


def _guess(typed: str) -> str:
    """The code whose own or English name was typed, or one that looks like it."""
    if (named := _own_names().get(typed.casefold())) is not None:
        return f"Did you mean {named}?"
    codes = {name.casefold(): one for one, name in _language("en").languages.items() if one in _known()}
    if close := difflib.get_close_matches(typed.casefold(), codes, n=1, cutoff=0.8):
        return f"Did you mean {codes[close[0]]}?"
    close = difflib.get_close_matches(typed, _known(), n=1)
    return f"Did you mean {close[0].replace('_', '-')}? {_HOW}" if close else _HOW


@cache
def _own_names() -> dict[str, str]:
    """What some languages call themselves. To load them all would take seconds."""
    return {(_language(code).get_display_name() or code).casefold(): code for code in SPOKEN}


@cache
def _known() -> tuple[str, ...]:
    return tuple(localedata.locale_identifiers())


@cache
def _language(code: str) -> Language:
    return Language.parse(code)


def _told(text: str) -> str:
    return text.translate(_MARKS)


def _half_up(percents: float) -> int:
    return int(abs(percents) + 0.5) * (1 if percents > 0 else -1)
