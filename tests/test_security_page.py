"""docs/security.md names a test for each promise; this sees that each is there. What is made of packages is pinned."""

import re
from pathlib import Path

import pytest

from tests.prove import packages

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
ROWS = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line)]
NAMED = sorted(set(re.findall(r"`(tests/\S+?\.py)::(test_\w+)`", PAGE.read_text())))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_is_there(path: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (PAGE.parents[1] / path).read_text(), re.MULTILINE)


def test_every_row_has_a_test_or_says_that_it_is_not_met() -> None:
    assert len(ROWS) > 50
    assert [row for row in ROWS if "`tests/" not in row and "not met" not in row] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_by_its_hash(name: str) -> None:
    assert [one.name for one in packages.read(name) if not one.hashes] == []
    assert packages.strange_words(name) == []
