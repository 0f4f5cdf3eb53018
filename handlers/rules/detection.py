"""Which language a text is in: as its source tells, by its script, and by its words where the team asks for that.

Its words are judged by py3langid, which comes with the extra `languages` and is loaded when the first text needs it
(about a second and 100 MB). Short texts are not judged, and not to know a language is different from a foreign one.
"""

import importlib
import importlib.util
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from handlers.rules.languages import ENGLISH, code_of, name_of

PACKAGE = "py3langid"
REQUIREMENT = f"{PACKAGE}>=0.4,<0.5"  # its way of loading changed with 0.4
FEWEST = 25  # letters; of fewer one language in six is taken for another
SURE = 0.8  # how sure the words must be of a language, 0 to 1, to overrule what the source tells
_MOST = 300  # characters that are looked at, each costs a microsecond
# What is told apart from the team's own languages: few, since every one more is one more to be mistaken for.
COMMON = (
    "ar", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "nl", "no",
    "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
_TRIMMINGS = re.compile(r"(?:https?://|www\.)\S*|[@＠][\w.-]+(?:@[\w.-]+)?:?|\bRT\b:?")
_SPACES = re.compile(r"\s+")
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")
_NOT_LATIN = re.compile(r"[Ͱ-ᷣἀ-῿Ⲁ-ꜟꠀ-ꬮꯀ-퟿豈-﫿יִ-﷿ﹰ-ﻼｦ-ￜ]")
_SCRIPTS = {  # what is written in them
    "arabic": ("ar", "fa", "ur"), "cjk": ("zh", "ja"), "cyrillic": ("ru", "uk", "bg", "sr"),
    "devanagari": ("hi", "mr", "ne"), "greek": ("el",), "hangul": ("ko",), "hebrew": ("he",), "hiragana": ("ja",),
    "katakana": ("ja",), "thai": ("th",),
}  # fmt: skip
_IN_WORDS = {"cjk": "Chinese or Japanese"}


class Tongue(NamedTuple):
    """The language of a text."""

    code: str  # fr; "" where it is not known
    name: str  # French, or a script in words: Cyrillic script; "" where nothing is known


class Guess(NamedTuple):
    """What the words of a text say of its language."""

    code: str
    sure: float  # 0 to 1


UNKNOWN = Tongue("", "")
_ENGLISH = Tongue(ENGLISH, "English")

Detect = Callable[[str], Guess | None]  # None: too short to be judged, or there is nothing to judge it with


class Languages:
    """Knows the language of a mention for a team that reads these `codes`; () reads English, and nothing is detected.

    Where several are read, words are judged even if the source tells a language, since many tell their user's.
    """

    def __init__(self, codes: Iterable[str] = (), detect: Detect | None = None) -> None:
        self.codes = tuple(dict.fromkeys(map(code_of, codes)))
        self._detect = detect or (_detector(self.codes) if self.codes else None)
        self._doubted = {*self.codes, *COMMON} if len(self.codes) > 1 else ()

    def of(self, told: str, text: str) -> Tongue:
        """`told` is what the source says: en-GB, und, or nothing."""
        code = code_of(told) if told else ""
        if self._detect is not None and (not code or code in self._doubted):
            guess = self._detect(text)
            if guess is not None and (not code or guess.sure >= SURE):
                code = guess.code
        if code and code != ENGLISH:
            return Tongue(code, name_of(code))
        script = "" if text.isascii() else _script(text)
        if script:
            return self._written_in(script)
        return _ENGLISH if code else UNKNOWN

    def reads(self, tongue: Tongue) -> bool:
        """Whether the team reads it, as far as that is known."""
        return tongue.code in (self.codes or (ENGLISH,))

    def _written_in(self, script: str) -> Tongue:
        """The language of the team's that is written so, or the only one there is, or the script in words."""
        written = _SCRIPTS.get(script, ())
        code = next((code for code in written if code in self.codes), written[0] if len(written) == 1 else "")
        return Tongue(code, name_of(code) if code else _IN_WORDS.get(script) or f"{script.capitalize()} script")


def is_installed() -> bool:
    """Whether the extra is there, without loading it."""
    return importlib.util.find_spec(PACKAGE) is not None


def can_judge(codes: Iterable[str]) -> bool:
    """Whether words can be judged for a team that reads these; loads what that takes."""
    return _model(tuple(codes)) is not None


def stripped(text: str) -> str:
    """The words whose language is judged: no links, no @names, no RT."""
    return _SPACES.sub(" ", _TRIMMINGS.sub(" ", text)).strip()[:_MOST]


def _script(text: str) -> str:
    """The script of most letters, in lower case; "" where that is Latin."""
    first = _NOT_LATIN.search(text)
    if first is None or len(_NOT_LATIN.findall(text)) <= len(_LATIN.findall(text)):
        return ""
    return unicodedata.name(first[0], "another").split()[0].split("-")[0].lower()


def _detector(codes: tuple[str, ...]) -> Detect:
    """Judges words for a team that reads these; what is not installed, or cannot be loaded, judges nothing."""

    def detect(text: str) -> Guess | None:
        words = stripped(text)
        if len(_LETTERS.findall(words)) < FEWEST:
            return None
        model = _model(codes)
        return Guess(*model.classify(words)) if model is not None else None

    return detect


@lru_cache(maxsize=1)  # of the policy in force; a hundred megabytes each
def _model(codes: tuple[str, ...]) -> Any:
    """py3langid limited to these and the common languages; None where it cannot be had, which the doctor tells."""
    try:
        package = importlib.import_module(f"{PACKAGE}.langid")
        model = package.LanguageIdentifier.from_model_file(package.MODEL_FILE, norm_probs=True)
        model.set_languages({*codes, *COMMON}.intersection(model.labels))
    except (ImportError, AttributeError, OSError, ValueError):
        return None
    return model
