"""What a team may say of languages, and what is said where they cannot be told apart."""

import pytest

from bot.findings import Mark
from bot.language_checks import examine_languages
from bot.policy_checks import policy_warnings
from bot.policy_file import read_policy_text
from handlers.rules import detection
from handlers.rules.detection import is_installed
from handlers.rules.policy import Policy
from storage.errors import ConfigError
from storage.types import Priority

ALL = """
languages = ["en", "de"]
not_scored = "high"
[[brands]]
name = "Acme"
queries = { name = "acme" }
[[routes]]
channel = "local:#french"
languages = ["fr"]
labels = ["not scored"]
"""


def read(text: str) -> Policy:
    return read_policy_text(text, {})


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "PACKAGE", "a_package_that_is_not_there")


def test_what_a_team_says_of_languages_is_read_as_it_is_written() -> None:
    policy = read(ALL)
    assert (policy.languages, policy.not_scored) == (("en", "de"), Priority.HIGH)
    assert (policy.routes[0].languages, policy.routes[0].labels) == (("fr",), ("not scored",))
    assert read(ALL.replace('not_scored = "high"', "")).not_scored is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"de"]', '"german"]', 'languages[1]: "german" is no language; write "de".'),
        ('"de"]', '"qq"]', 'languages[1]: "qq" is no language; write its two letters, as "en", "de" or "fr".'),
        ('"de"]', '"de-AT"]', 'languages[1]: "de-AT" should be written "de".'),
        ('["fr"]', '["French"]', 'routes[0].languages[0]: "French" is no language; write "fr".'),
        ('"high"', '"urgent"', "not_scored: should be low, normal or high; urgent is for what is known to be."),
        ('"high"', '"medium"', 'not_scored: "medium" is none of low, normal, high, urgent.'),
        ('["en", "de"]', '"en"', 'languages: should be a list, written ["…"].'),
    ],
)
def test_each_mistake_says_what_would_be_right(old: str, new: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(ALL.replace(old, new))
    assert str(caught.value).splitlines() == [f"earshot.toml: {line}"]


@pytest.mark.usefixtures("without")
def test_a_missing_extra_is_told_in_a_sentence_and_stops_nothing() -> None:
    policy = read(ALL)
    told = [line for line in policy_warnings(policy) if line.startswith("languages:")]
    assert told == [
        "languages: English and German are told apart only where the source says which it is; for the rest install the"
        " extra: pip install 'py3langid>=0.4,<0.5'."
    ]
    assert examine_languages(policy).mark is Mark.OFF


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("codes", ["[]", '["en"]'])
def test_of_one_language_nothing_is_missed(codes: str) -> None:
    policy = read(ALL.replace('["en", "de"]', codes))
    assert not [line for line in policy_warnings(policy) if line.startswith("languages:")]
    assert not examine_languages(policy).is_broken


@pytest.mark.skipif(not is_installed(), reason="py3langid is not installed")
def test_the_doctor_says_what_is_told_apart() -> None:
    policy = read(ALL)
    found = examine_languages(policy)
    assert found.mark is Mark.WORKS
    assert found.words.startswith("English and German, told apart by their words.")
    assert not [line for line in policy_warnings(policy) if line.startswith("languages:")]


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(
    ("codes", "least", "words"),
    [
        ('["de"]', "", "German is not scored, and normal at least."),
        ('["en", "de", "fr"]', 'not_scored = "high"', "German and French are not scored, and high at least."),
    ],
)
def test_the_doctor_says_what_is_known_and_not_scored(codes: str, least: str, words: str) -> None:
    policy = read(ALL.replace('["en", "de"]', codes).replace('not_scored = "high"', least))
    assert examine_languages(policy).words.endswith(words)
    english = read(ALL.replace('["en", "de"]', '["en"]'))
    assert "not scored" not in examine_languages(english).words
