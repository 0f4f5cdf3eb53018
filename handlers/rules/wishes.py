"""What somebody wants who asks for a briefing: daily 08:30 #leadership Europe/Berlin, in any order."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from handlers.rules.locales import read_locale
from handlers.rules.slots import EVERY, LAST
from storage.errors import InvalidInput

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOW = "For example: `briefing add daily 08:30 #leadership Europe/Berlin`."
_OF_MONTHS = ("monthly", "quarterly", "annual")
_RHYTHMS = {
    **{one: one for one in EVERY},
    "day": "daily", "everyday": "daily", "workdays": "working days", "weekdays": "working days",
    "working": "working days", "week": "weekly", "month": "monthly", "quarter": "quarterly", "yearly": "annual",
    "year": "annual", "annually": "annual",
}  # fmt: skip
_DAYS = {
    name: number
    for number, day in enumerate(WEEKDAYS)
    for name in (day.lower(), f"{day.lower()}s", day[:3].lower(), day[:4].lower())
}
_BESIDE = {"every", "each", "at", "to", "for", "in", "on", "the", "of", "a", "please", "and"}
_PHRASES = (  # of several words, and what they are in one
    (re.compile(r"\b(?:working|work|week)[ -]days?\b", re.IGNORECASE), "workdays"),
    (re.compile(r"\blast(?: day)?\b", re.IGNORECASE), str(LAST)),
    (re.compile(r"\bday (?=\d)", re.IGNORECASE), ""),
    (re.compile(r"(?<=\d) (?=[ap]m\b)", re.IGNORECASE), ""),
    (re.compile(r"\b(brand|language|lang|zone|on): +", re.IGNORECASE), r"\1:"),
)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(am|pm)?")
_DAY_OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4}){0,2}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said; "" or None for what was not."""

    every: str = ""
    weekday: int | None = None  # 0 is Monday
    day: int | None = None  # of the month; 31 for its last
    at: time | None = None
    place: str = ""  # #leadership, slack:#leadership, @ana, me, here
    zone: str = ""
    language: str = ""
    brand: str = ""

    @property
    def on(self) -> int:
        """The day as a schedule keeps it: Monday, or the first of the month, when none was said."""
        if self.every == "weekly":
            return self.weekday or 0
        return self.day or 1 if self.every in _OF_MONTHS else 0


def read_wish(text: str, brands: Sequence[str]) -> Wish:
    """Words in any order. Raises InvalidInput, with did-you-mean, for one that is not known and for two of a kind."""
    for phrase, word in _PHRASES:
        text = phrase.sub(word, text)
    wish = Wish()
    for token in text.split():
        for name, value in _read(token, brands).items():
            before = getattr(wish, name)
            if before not in ("", None, value):
                raise InvalidInput(f'"{token[:40]}" is one too many.', f"Each thing is said once. {HOW}")
            wish = replace(wish, **{name: value})
    return _settled(wish)


def read_fields(fields: Mapping[str, str], brands: Sequence[str]) -> Wish:
    """What was filled into the form: every, on, at, place, zone, language, brand. Raises InvalidInput for a field."""
    told = {name: value.strip() for name, value in fields.items() if value.strip()}
    wish = Wish(every=told.get("every", ""), place=told.get("place", ""))
    if "on" in told:
        wish = replace(wish, **_read_day(told["on"]))
    if "at" in told:
        wish = replace(wish, at=read_time(told["at"]))
    if "zone" in told:
        wish = replace(wish, zone=read_zone(told["zone"]))
    if "language" in told:
        wish = replace(wish, language=read_language(told["language"]))
    if "brand" in told:
        wish = replace(wish, brand=read_brand(told["brand"], brands))
    return _settled(wish)


def read_time(text: str) -> time:
    """08:30, 8.30, 8:30am, 8am. Raises InvalidInput."""
    found = _CLOCK.fullmatch(text.strip().lower().replace(" ", ""))
    if found is not None and (found[2] or found[3]):
        hour, minute = int(found[1]), int(found[2] or 0)
        if found[3] and 1 <= hour <= 12:
            hour = hour % 12 + (12 if found[3] == "pm" else 0)
        elif found[3]:
            hour = 24
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise InvalidInput(f'"{text[:20]}" is not a time of day.', "Write it as 08:30.", field="at")


def read_zone(text: str) -> str:
    """A time zone as it is spelt: europe/berlin, or Berlin alone. Raises InvalidInput with did-you-mean."""
    found = _zones().get(text.strip().casefold().replace(" ", "_"))
    if found:
        return found
    names = difflib.get_close_matches(text.strip().casefold().replace(" ", "_"), _zones(), n=1, cutoff=0.7)
    guess = f"Did you mean {_zones()[names[0]]}?" if names else "Time zones look like Europe/Berlin."
    raise InvalidInput(f'There is no time zone "{text[:40]}".', guess, field="zone")


def read_language(text: str) -> str:
    """A language's code. Raises InvalidInput with did-you-mean."""
    try:
        return read_locale(text).code
    except InvalidInput as error:
        raise InvalidInput(error.message, error.hint, field="language") from None


def read_brand(text: str, brands: Sequence[str]) -> str:
    """A brand as the policy spells it; spaces may be written as hyphens. Raises InvalidInput with did-you-mean."""
    known = {form: brand for brand in brands for form in (brand.casefold(), brand.casefold().replace(" ", "-"))}
    if (found := known.get(text.strip().casefold())) is not None:
        return found
    close = difflib.get_close_matches(text.strip().casefold(), known, n=1)
    guess = f"Did you mean {known[close[0]]}?" if close else f"Known: {', '.join(brands)}."
    raise InvalidInput(f'There is no brand "{text[:40]}".', guess, field="brand")


def _read(token: str, brands: Sequence[str]) -> dict[str, Any]:
    """What one word says."""
    word, (name, colon, value) = token.lower().strip(",;"), token.partition(":")
    if word in _BESIDE:
        return {}
    if word in _RHYTHMS:
        return {"every": _RHYTHMS[word]}
    if token[0] in "#@" or word in ("me", "here") or (colon and value[:1] in ("#", "@") and value):
        return {"place": token}
    if name.lower() in ("brand", "language", "lang", "zone", "on") and colon:
        return _named(name.lower(), value, brands)
    if word in _DAYS or _DAY_OF_MONTH.fullmatch(word):
        return _read_day(word)
    if _CLOCK.fullmatch(word):
        return {"at": read_time(word)}
    return _read_foreign(token)


def _named(name: str, value: str, brands: Sequence[str]) -> dict[str, Any]:
    if name == "brand":
        return {"brand": read_brand(value, brands)}
    if name == "zone":
        return {"zone": read_zone(value)}
    return _read_day(value) if name == "on" else {"language": read_language(value)}


def _read_day(text: str) -> dict[str, Any]:
    """A weekday, or a day of the month. Raises InvalidInput."""
    word = text.strip().lower().removeprefix("the ")
    for phrase, instead in _PHRASES[:2]:
        word = phrase.sub(instead, word)
    if word in _DAYS:
        return {"weekday": _DAYS[word]}
    found = _DAY_OF_MONTH.fullmatch(word)
    if found is None or not 1 <= int(found[1]) <= LAST:
        hint = "Write a weekday, or a day of the month from 1 to 31; 31 is its last."
        raise InvalidInput(f'"{text[:20]}" is not a day.', hint, field="on")
    return {"day": int(found[1])}


def _read_foreign(token: str) -> dict[str, Any]:
    """A time zone or a language, or nothing that is known."""
    if "/" in token or (token.isupper() and token.casefold() in _zones()):
        return {"zone": read_zone(token)}
    if _LANGUAGE.fullmatch(token):
        try:
            return {"language": read_language(token)}
        except InvalidInput:
            pass
    if token.casefold() in _zones():
        return {"zone": read_zone(token)}
    known = {**_RHYTHMS, **{day.lower(): day for day in WEEKDAYS}, **_zones()}
    close = difflib.get_close_matches(token.casefold(), known, n=1, cutoff=0.7)
    guess = f"Did you mean {known[close[0]]}? " if close else ""
    raise InvalidInput(f'I do not know what "{token[:40]}" means.', f"{guess}{HOW}")


def _settled(wish: Wish) -> Wish:
    """With its rhythm, when only a day was said. Raises InvalidInput for a day that the rhythm does not have."""
    every = wish.every or ("weekly" if wish.weekday is not None else "monthly" if wish.day is not None else "daily")
    if every not in EVERY:
        raise InvalidInput(f'"{every[:40]}" is not how often.', f"Known: {', '.join(EVERY)}.", field="every")
    if wish.weekday is not None and every != "weekly":
        raise InvalidInput(f"A weekday is for a weekly briefing, not for {every}.", HOW, field="on")
    if wish.day is not None and every not in _OF_MONTHS:
        raise InvalidInput(f"A day of the month is for monthly, quarterly or annual, not for {every}.", HOW, field="on")
    return replace(wish, every=every)


@cache
def _zones() -> dict[str, str]:
    """Time zones by their names in small letters, and by their cities' where only one has it."""
    known = available_timezones()
    cities: dict[str, list[str]] = {}
    for zone in sorted(known):
        if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/")):
            cities.setdefault(zone.rpartition("/")[2].casefold(), []).append(zone)
    alone = {city: zones[0] for city, zones in cities.items() if len(zones) == 1}
    return alone | {zone.casefold(): zone for zone in known}
