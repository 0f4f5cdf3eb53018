"""The languages that Earshot knows something of, one file each: `LANGUAGE`, found by walking this folder.

Its phrases count in every text, whatever language was told: grave things are called by their names across languages,
and what a network tells of a text's language is often wrong.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from babel import Locale

from handlers.rules.kinds import Kind

ENGLISH = "en"
_SAME = {"eng": ENGLISH, "english": ENGLISH, "nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi"}
_UNTOLD = frozenset(["", "und", "zxx", "mul", "mis"])  # codes that say "no language"


@dataclass(frozen=True, slots=True)
class Language:
    """What we know of a language. Phrases stand with commas between them, as severity's `find` reads them."""

    name: str  # in English, as cards show it
    code: str  # ISO 639, two letters
    phrases: Mapping[Kind, str]
    weak: Mapping[Kind, str] = field(default_factory=dict)  # phrases that are no evidence among words of praise
    has_scorer: bool = False  # VADER and the day-one words can judge it


@cache
def languages() -> tuple[Language, ...]:
    """All of them, by code."""
    names = [module.name for module in pkgutil.iter_modules(__path__, f"{__name__}.")]
    found: list[Language] = [importlib.import_module(name).LANGUAGE for name in names]
    return tuple(sorted(found, key=lambda one: one.code))


@cache
def scored_codes() -> frozenset[str]:
    """Codes of the languages that can be judged."""
    return frozenset(one.code for one in languages() if one.has_scorer)


@lru_cache(maxsize=256)
def code_of(lang: str) -> str:
    """A language as networks name it (en-GB, nb, und) as the code we use; "" for none."""
    code = lang.strip().lower().replace("_", "-").partition("-")[0]
    return "" if code in _UNTOLD else _SAME.get(code, code)


@cache
def names() -> Mapping[str, str]:
    """The English names of the world's languages, by code."""
    return {**Locale("en").languages, **{one.code: one.name for one in languages()}}


def name_of(code: str) -> str:
    """A language in words: French; `language xx` for a code that nobody knows."""
    return names().get(code) or f"language {code[:8]}"
