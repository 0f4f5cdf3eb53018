"""A language is one file: what each must say, and that a new one needs nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.rules import languages as folder
from handlers.rules import severity
from handlers.rules.kinds import Kind
from handlers.rules.languages import Language, code_of, languages, name_of, scored_codes
from handlers.rules.scoring import DayOneScorer
from handlers.rules.severity import find
from storage.types import RawMention

POLISH = """
from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(name="Polish", code="pl", phrases={Kind.SAFETY: "telefon wybuchł, porażenie prądem"})
"""


def test_each_has_a_name_and_a_code_of_its_own() -> None:
    codes = [one.code for one in languages()]
    assert codes == sorted(set(codes))
    assert {"de", "en", "es", "fr", "it", "nl", "pt"} <= set(codes)
    assert all(code_of(one.code) == one.code and name_of(one.code) == one.name for one in languages())
    assert scored_codes() == {"en"}


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.name)
def test_every_phrase_of_a_language_is_found_and_says_what_its_kind_says(language: Language) -> None:
    for lexicon in (language.phrases, language.weak):
        for kind, phrases in lexicon.items():
            for phrase in severity.spelled_out(phrases):
                found = [hit.kind for hit in find(f"Hm, {phrase.replace('#', '40')}!")]
                assert found == ([] if kind is Kind.INNOCENT else [kind]), phrase


@pytest.mark.parametrize("language", [one for one in languages() if not one.has_scorer], ids=lambda one: one.name)
def test_a_language_without_a_scorer_knows_the_grave_kinds_and_how_people_ask(language: Language) -> None:
    assert {Kind.SAFETY, Kind.FRAUD, Kind.LEGAL, Kind.PRIVACY, Kind.LEAVING, Kind.FAILURE, Kind.ASK} <= set(
        language.phrases
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("eng", "en"), ("pt-BR", "pt"), ("nb", "no"), ("iw", "he"),
        ("und", ""), ("zxx", ""), ("", ""), (" fr ", "fr"), ("tlh", "tlh"),
    ],
)  # fmt: skip
def test_what_networks_call_a_language_becomes_one_code(told: str, code: str) -> None:
    assert code_of(told) == code


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "polish.py").write_text(POLISH, "utf-8")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    caches = (languages, scored_codes, folder.names, severity._table)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    sys.modules.pop(f"{folder.__name__}.polish", None)
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("polish")
def test_a_new_language_is_one_file_in_the_folder() -> None:
    scored = DayOneScorer().score(RawMention("1", "Mój telefon wybuchł w nocy", lang="pl"))
    assert scored.kind == "safety"
    assert [part.reason for part in scored.parts] == ['says "telefon wybuchł" (safety)', "not scored: Polish"]


def test_which_the_folder_did_not_have_before() -> None:
    assert not find("Mój telefon wybuchł w nocy")
