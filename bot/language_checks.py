"""Whether what a team says of languages makes sense, and whether they can be told apart. As `bot/policy_checks.py`."""

from collections.abc import Iterable, Iterator

from bot.findings import Finding, Mark
from handlers.rules.detection import REQUIREMENT, can_judge, is_installed
from handlers.rules.languages import code_of, name_of, names, scored_codes
from handlers.rules.policy import Policy
from storage.types import Priority


def check_languages(policy: Policy) -> Iterator[str]:
    """Every mistake of the keys `languages` and `not_scored`."""
    yield from check_codes(policy.languages, "languages")
    if policy.not_scored is Priority.URGENT:
        yield "not_scored: should be low, normal or high; urgent is for what is known to be."


def check_codes(codes: Iterable[str], at: str) -> Iterator[str]:
    """Every mistake of a list of languages."""
    known = {name.lower(): code for code, name in names().items()}
    for place, lang in enumerate(codes):
        code = code_of(lang)
        if code not in names():
            likely = known.get(lang.strip().lower(), "")
            hint = f'; write "{likely}".' if likely else '; write its two letters, as "en", "de" or "fr".'
            yield f'{at}[{place}]: "{lang}" is no language{hint}'
        elif lang != code:
            yield f'{at}[{place}]: "{lang}" should be written "{code}".'


def language_warnings(policy: Policy) -> list[str]:
    """What is missing to tell the team's languages apart."""
    if len(policy.languages) < 2 or is_installed():
        return []
    return [
        f"languages: {_told(policy)} are told apart only where the source says which it is; for the rest install the"
        f" extra: pip install '{REQUIREMENT}'."
    ]


def examine_languages(policy: Policy) -> Finding:
    """What the doctor says. Loads what judges words, where the team uses it."""
    if not policy.languages:
        words = 'English; others are known where their source tells. Name what you read: languages = ["en", "de"].'
        return Finding(Mark.WORKS, "Languages", words)
    if not is_installed():
        words = f"{_told(policy)}, known where their source tells, or by their script.{_not_scored(policy)}"
        return Finding(Mark.OFF, "Languages", words)
    if not can_judge(policy.languages):
        words = (
            f"{_told(policy)}, but what judges words cannot be loaded; install it anew: pip install '{REQUIREMENT}'."
        )
        return Finding(Mark.BROKEN, "Languages", words)
    return Finding(Mark.WORKS, "Languages", f"{_told(policy)}, told apart by their words.{_not_scored(policy)}")


def _not_scored(policy: Policy) -> str:
    """Which of them are known and not understood, and what becomes of them."""
    missing = [code for code in policy.languages if code not in scored_codes()]
    if not missing:
        return ""
    least = policy.not_scored or Priority.NORMAL
    are = "is" if len(missing) == 1 else "are"
    return f" Only English can be scored so far: {_named(missing)} {are} not scored, and {least.word} at least."


def _told(policy: Policy) -> str:
    return _named(policy.languages)


def _named(codes: Iterable[str]) -> str:
    *others, last = map(name_of, codes)
    return f"{', '.join(others)} and {last}" if others else last
