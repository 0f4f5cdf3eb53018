"""What the documents say of the core is what the core does."""

import inspect
import re
from pathlib import Path

import pytest

from handlers.rules.lifecycle import printed
from storage import types

DOCS = Path(__file__).parents[2] / "docs"


def test_the_printed_table_of_the_life_of_a_case_is_the_one_in_use() -> None:
    assert printed() in (DOCS / "lifecycle.md").read_text()


def classes() -> dict[str, str]:
    """The words of the store and what their docstrings say."""
    found = inspect.getmembers(types, inspect.isclass)
    return {name: inspect.getdoc(one) or "" for name, one in found if one.__module__ == types.__name__}


def test_every_word_of_the_store_is_in_the_glossary() -> None:
    bold = set(re.findall(r"\*\*([A-Za-z ]+)\*\*", (DOCS / "words.md").read_text()))
    assert {word for word in bold if word[0].isupper()} == classes().keys()
    assert all(len(doc) > 20 for doc in classes().values())


@pytest.mark.parametrize("name", ["Priority", "Status", "Resolution", "DraftState", "Role"])
def test_the_glossary_names_every_value(name: str) -> None:
    (line,) = [line for line in (DOCS / "words.md").read_text().splitlines() if f"**{name}**" in line]
    for member in getattr(types, name):
        word = member.word if name == "Priority" else member.value
        assert re.search(rf"\b{word}\b", line), word


def test_the_glossary_says_each_word_once() -> None:
    rows = [line.split("|")[1] for line in (DOCS / "words.md").read_text().splitlines() if line.startswith("| **")]
    words = [word for row in rows for word in re.findall(r"\*\*([a-z ]+)\*\*", row)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("document", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    for name in re.findall(r"`(\w[\w./]*/[\w./]*\w\.(?:py|md|toml))`", document.read_text()):
        found = [DOCS.parent / name, document.parent / name]
        assert any(path.exists() for path in found), name


def test_adding_names_a_file_for_each_thing() -> None:
    parts = (DOCS / "adding.md").read_text().split("\n## ")[1:]
    assert [part.splitlines()[0] for part in parts] == [
        "A source",
        "A command",
        "A job",
        "A chat",
        "A setting",
        "A language",
        "A migration",
    ]
    for part in parts:
        assert re.findall(r"`[\w./]+/\w+\.py`", part), part.splitlines()[0]


def test_each_decision_has_a_number_a_reason_and_a_price() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert "**Why.**" in text
        assert "**What it costs.**" in text
