"""What our sentences tell people to type, as it is typed in Discord: `claim 3` is /earshot claim case:3 there."""

import re

from bot.chats.discord.commands import path_of, shown, typed
from handlers.dispatch import given, read_line
from handlers.requests import COMMANDS, LINES

_SPAN = re.compile(r"`([^`\n]+)`")


def in_discord(words: str) -> str:
    """A sentence of ours, with what is to be typed as Discord takes it. What is no verb stays as it is."""
    return _SPAN.sub(lambda found: f"`{typed_line(found[1])}`", words)


def typed_line(line: str) -> str:
    """A line with the options of its verb; the line itself where it is no verb's, or gives what nothing takes."""
    if line.split()[:1] in ([], ["earshot"]):  # nothing, or to be typed in a terminal
        return line
    verb, rest = read_line(line)
    found = COMMANDS.get(verb)
    if found is None:
        return line
    if f"{verb} {rest}".strip() == found.usage and rest:
        return typed(found)
    values, left = given(found, rest)
    names = [one.name for one in shown(found)]
    if left or any(name not in names for name in values):
        return line
    return " ".join((path_of(found), *(f"{name}:{value}" for name, value in values.items())))


LINES["discord"] = typed_line
