"""What a payload does to its readers: whom it pings, where it leads, which emoji codes it turns into pictures.

Reads as Slack's clients do: every text object, every rich text element, every address, and the top-level `text`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ENTITY = re.compile(r"<([^<>]*)>")
_EMOJI = re.compile(r":([\w+'-]+)(?=:)")  # also those that no workspace has
_BARE_LINK = re.compile(r"(?:https?://|mailto:|www\.)[^\s<>|]+", re.IGNORECASE)
_BARE_NAME = re.compile(r"(?<!\w)[@#][\w.-]+")
_SUGGESTED = re.compile(r"(?<!\w)@(?:everyone|channel|here)\b", re.IGNORECASE)
_RICH = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range", "channel": "channel_id"}


@dataclass
class _Marks:
    pings: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    emoji: set[str] = field(default_factory=set)


def pings_and_links(payload: Mapping[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """Everything in a message's arguments, an answer's payload or a view: pings, links, emoji codes.

    Pings are ids, ranges ("channel") and names that a parser would look up; a link to a channel counts as one.
    """
    marks = _Marks()
    if "type" not in payload and isinstance(payload.get("text"), str):
        parse, names = payload.get("parse", "none"), bool(payload.get("link_names", False))
        _mrkdwn(payload["text"], marks, is_parsed=parse in ("full", "client"), has_names=names or parse == "full")
        payload = {name: value for name, value in payload.items() if name != "text"}
    _walk(payload, marks)
    return marks.pings, marks.links, marks.emoji


def _walk(thing: Any, marks: _Marks) -> None:
    if isinstance(thing, list):
        for one in thing:
            _walk(one, marks)
    if not isinstance(thing, Mapping):
        return
    kind = thing.get("type")
    if kind == "mrkdwn":
        is_parsed = not thing.get("verbatim", False)
        _mrkdwn(thing["text"], marks, is_parsed=is_parsed, has_names=is_parsed)
    elif kind == "plain_text":
        if thing.get("emoji", True):
            marks.emoji.update(_EMOJI.findall(thing["text"]))
    elif kind in _RICH:
        marks.pings.add(str(thing[_RICH[kind]]))
    elif kind == "emoji":
        marks.emoji.add(str(thing["name"]))
    elif kind == "markdown":
        _mrkdwn(thing["text"], marks, is_parsed=True, has_names=True)
    for name in ("url", "image_url"):
        if isinstance(thing.get(name), str):
            marks.links.add(thing[name])
    for one in thing.values():
        _walk(one, marks)


def _mrkdwn(text: str, marks: _Marks, *, is_parsed: bool, has_names: bool) -> None:
    """`is_parsed`: bare addresses become links. `has_names`: @names and #channels are looked up."""
    for inside in _ENTITY.findall(text):
        target = inside.partition("|")[0]
        if inside.startswith(("@", "#", "!")):
            if not target.startswith("!date"):
                marks.pings.add(target.lstrip("@#!").removeprefix("subteam^"))
            elif target.count("^") > 2:
                marks.links.add(target.split("^")[3])
        elif target:
            marks.links.add(target)
    rest = _ENTITY.sub(" ", text)
    marks.emoji.update(_EMOJI.findall(rest))
    if is_parsed:
        marks.links.update(_BARE_LINK.findall(rest))
        marks.pings.update(found.lstrip("@") for found in _SUGGESTED.findall(rest))
    if has_names:
        marks.pings.update(_BARE_NAME.findall(rest))
