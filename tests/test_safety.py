"""The product keeps the rules of tests/safety.py, and no rule is asleep."""

import re
from pathlib import Path

import pytest

from tests.safety import RULES, WRITERS, is_awake, violations
from tests.test_house import FILES

TEMPLATES = sorted(Path("bot/chats/local/templates").glob("*.html"))
SCRIPTS = sorted(Path("bot/chats/local/static").rglob("*.js"))
# What the policy of the page forbids, or what would let words through as markup.
FORBIDDEN = re.compile(
    r"\|\s*safe\b|autoescape\s+false|<script(?![^>]*\ssrc=)[^>]*>|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|<style",
    re.IGNORECASE,
)
MARKUP = re.compile(r"\b(eval|Function)\s*\(|\bdocument\.write\b|\bset(?:Timeout|Interval)\(\s*[\"'`]")


@pytest.mark.parametrize("name", RULES)
def test_the_product_keeps_the_rule(name: str) -> None:
    assert violations(name) == []


@pytest.mark.parametrize("name", RULES)
def test_the_rule_catches_its_bad_examples_and_no_good_one(name: str) -> None:
    assert is_awake(name)


def test_every_file_that_may_write_is_still_there() -> None:
    assert {path for path in WRITERS if path not in FILES} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_script_or_style_of_its_own_and_escapes_everything(path: Path) -> None:
    assert FORBIDDEN.findall(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_no_words(path: Path) -> None:
    assert MARKUP.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "text", ["{{ words|safe }}", "<script>x</script>", '<p style="x">', '<a onclick="x">', '<a href="javascript:x">']
)
def test_a_bad_template_is_caught(text: str) -> None:
    assert FORBIDDEN.search(text)
