"""What our sentences tell people to type can be typed in Discord."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from discord import app_commands

from bot.chats.discord.commands import build, typed
from bot.chats.discord.render import push_text
from bot.chats.discord.spans import typed_line
from bot.chats.discord.wording import ours
from handlers.cards import Notice
from handlers.dispatch import load_commands
from tests.bot.chats.discord.test_commands import Heard

SPECS = load_commands()
_SPAN = re.compile(r"`([^`\n]+)`")
_OPTION = re.compile(r"\[?(\w+):.")
_HOLE = "7"  # what stands for a number, a name or a code in a sentence of the code


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("claim 3", "/earshot claim case:3"),
        ("/earshot claim #3", "/earshot claim case:3"),
        ("status retry", "/earshot more status act:retry"),
        ("/earshot status retry", "/earshot more status act:retry"),
        ("status", "/earshot more status"),
        ("queue", "/earshot queue"),
        ("assign 3 @ana", "/earshot assign case:3 to:@ana"),
        ("resolve 142 fixed", "/earshot resolve case:142 reason:fixed"),
        ("link remove", "/earshot more link words:remove"),
        ('mute add words:"free iphone" 7d', '/earshot mute words:add words:"free iphone" 7d'),
        ("claim 142", "/earshot claim case:142"),
        (SPECS["snooze"].usage, typed(SPECS["snooze"])),
        ("claim it", "claim it"),
        ("claim 3 now", "claim 3 now"),
        ("not_with", "not_with"),
        ("earshot export cases", "earshot export cases"),
    ],
)
def test_what_is_to_be_typed_is_told_as_discord_takes_it(line: str, there: str) -> None:
    assert typed_line(line) == there


def test_every_sentence_of_ours_tells_what_discord_has() -> None:
    has = dict(_built())
    told = sorted(set(_told()))
    assert len(told) > 50
    for where, line in told:
        there = typed_line(line)
        path = next((path for path in sorted(has, key=len, reverse=True) if f"{there} ".startswith(f"{path} ")), "")
        assert path, f"{where}: `{line}` is told as `{there}`, which is no command"
        options = there.removeprefix(path).strip()
        found = _OPTION.match(options)
        assert not options or (found and found[1] in has[path]), f"{where}: `{line}` is told as `{there}`"


def test_posts_and_private_answers_tell_it() -> None:
    words = "#3 is open. `claim 3` takes it, `status retry` tries it again, `not_with` stays."
    there = "`/earshot claim case:3` takes it, `/earshot more status act:retry` tries it again, `not_with` stays."
    assert there in ours(words, 500)
    assert there in push_text(Notice(words))
    assert ours("one ` `claim 3`", 500) == r"one \` \`claim 3\`"


def _built() -> Iterator[tuple[str, set[str]]]:
    """The commands that Discord is told of, and their options."""
    for root in build(tuple(SPECS.values()), Heard()):
        if isinstance(root, app_commands.Group):
            for one in root.walk_commands():
                if isinstance(one, app_commands.Command):
                    yield f"/{one.qualified_name}", {each.name for each in one.parameters}


def _told() -> Iterator[tuple[str, str]]:
    """What sentences in the code tell people to type."""
    for path in sorted(Path("handlers").rglob("*.py")):
        tree = ast.parse(path.read_text())
        about = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            for line in _SPAN.findall(_text(node)) if id(node) not in about else ():
                words = line.removeprefix("/earshot ").split()
                if words and words[0] in SPECS:
                    yield path.name, line


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) or _HOLE for each in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
