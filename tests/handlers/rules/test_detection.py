"""Which language a text is in: who is believed, what is left undecided, and that nothing is loaded unasked."""

import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.context import think
from handlers.rules import detection
from handlers.rules.detection import REQUIREMENT, UNKNOWN, Guess, Languages, is_installed, stripped
from handlers.rules.policy import Brand, Policy
from storage.types import RawMention

ROOT = Path(__file__).parents[3]
LONG = "This text stands for any text that has letters enough"
needs_model = pytest.mark.skipif(not is_installed(), reason=f"judges words with {REQUIREMENT}, which is not installed")

# Sentences written for this test.
SAID = [
    ("en", "@heron I have been waiting for my suitcase since Tuesday https://x.example/1"),
    ("en", "RT @plover: lol gonna miss my connection again, thanks a bunch @heron"),
    ("de", "@heron Mein Koffer ist seit Dienstag verschwunden und niemand meldet sich bei mir"),
    ("fr", "Toujours aucune nouvelle de ma valise, le service est vraiment lamentable @heron"),
    ("es", "Llevo tres días esperando la maleta y nadie me contesta en el teléfono @heron"),
    ("it", "Sono tre giorni che aspetto la valigia e nessuno risponde al telefono @heron"),
    ("pt", "Já são três dias esperando a minha mala e ninguém atende o telefone @heron"),
    ("nl", "Ik wacht al drie dagen op mijn koffer en niemand neemt de telefoon op @heron"),
    ("pl", "Od trzech dni czekam na walizkę i nikt nie odbiera telefonu @heron"),
]


def judged(told: str, guess: Guess | None, *codes: str) -> str:
    """The code of a text of which the source tells one thing, and its words say another."""
    return Languages(codes, lambda _: guess).of(told, LONG).code


@pytest.mark.parametrize(
    ("told", "guess", "codes", "code"),
    [
        ("", Guess("fr", 0.5), ["en"], "fr"),  # nothing is told, so the words are asked
        ("und", Guess("fr", 0.5), ["en"], "fr"),
        ("", None, ["en", "fr"], ""),  # too short: not known, which is not foreign
        ("en", Guess("fr", 0.99), ["en"], "en"),  # of one language a source is taken at its word
        ("en", Guess("fr", 0.99), ["en", "fr"], "fr"),  # of several it is not, if the words are sure
        ("en", Guess("fr", 0.6), ["en", "fr"], "en"),
        ("en-GB", None, ["en", "fr"], "en"),
        ("tl", Guess("id", 0.99), ["en", "fr"], "tl"),  # what the words are not compared with stands
    ],
)
def test_the_source_is_believed_unless_the_words_know_better(
    told: str, guess: Guess | None, codes: list[str], code: str
) -> None:
    assert judged(told, guess, *codes) == code


def test_a_script_tells_the_language_that_the_team_reads_in_it() -> None:
    assert Languages().of("", "Γεια σας") == ("el", "Greek")
    assert Languages().of("", "очень плохо") == ("", "Cyrillic script")
    assert Languages(["uk", "en"], lambda _: None).of("", "дуже погано") == ("uk", "Ukrainian")
    assert Languages().of("en", "очень плохо") == ("", "Cyrillic script")
    assert Languages().of("", "terrible, очень") == UNKNOWN


def test_links_names_and_reposts_are_not_words() -> None:
    text = "RT @ana: schau mal https://x.example/en/the-best-of-all www.y.example @bo@tech.example PARTY!"
    assert stripped(text) == "schau mal PARTY!"


@needs_model
@pytest.mark.parametrize(("code", "text"), SAID)
def test_words_tell_their_language(code: str, text: str) -> None:
    assert Languages(["en", "de"]).of("", text).code == code


@needs_model
def test_words_outweigh_what_the_source_tells() -> None:
    languages, text = Languages(["en", "de"]), SAID[2][1]
    assert languages.of("en", text).code == "de"
    assert languages.of("en", "Das Heron-Personal war super").code == "en"  # too short to contradict


@needs_model
@pytest.mark.parametrize("text", ["Das ist schlecht", "@heron nie!", "https://x.example/" + "abc" * 50, "😡 " * 40, ""])
def test_little_is_not_judged(text: str) -> None:
    assert Languages(["en", "de"]).of("", text) == UNKNOWN


@needs_model
@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["", "en", "de-AT", "und", "x" * 9, "\n"]))
def test_no_text_is_too_strange(text: str, told: str) -> None:
    languages = Languages(["en", "de"])
    assert languages.of(told, text) == languages.of(told, text)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What judges words, as if the program had just begun."""
    monkeypatch.setattr(detection, "_model", lru_cache(detection._model.__wrapped__))
    return monkeypatch


def test_without_the_extra_sources_and_scripts_still_tell(package: pytest.MonkeyPatch) -> None:
    package.setattr(detection, "PACKAGE", "a_package_that_is_not_there")
    assert not is_installed()
    languages = Languages(["en", "de"])
    assert languages.of("", SAID[2][1]) == UNKNOWN
    assert languages.of("de", SAID[2][1]).code == "de"
    assert languages.of("", "очень плохо").name == "Cyrillic script"


def test_an_extra_that_cannot_be_loaded_is_as_good_as_none(tmp_path: Path, package: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn_package").mkdir()
    (tmp_path / "torn_package" / "__init__.py").write_text("")
    (tmp_path / "torn_package" / "langid.py").write_text("raise ImportError('built for another machine')")
    package.syspath_prepend(str(tmp_path))
    package.setattr(detection, "PACKAGE", "torn_package")
    assert is_installed()
    assert not detection.can_judge(["en", "de"])
    assert Languages(["en", "de"]).of("", SAID[2][1]) == UNKNOWN


@pytest.mark.usefixtures("package")
def test_nothing_is_loaded_before_a_text_needs_it() -> None:
    brands = (Brand("Heron Air", {"names": "heron"}),)
    think(Policy(brands, languages=("en", "de"))).scorer.score(RawMention("1", "Heron ist schlecht"))
    think(Policy(brands)).scorer.score(RawMention("1", SAID[2][1]))
    assert detection._model.cache_info().misses == 0


def test_what_is_told_to_install_is_the_extra_that_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extras["languages"] == [REQUIREMENT]
