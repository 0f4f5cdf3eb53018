"""Forms, questions and screens as modals, App Home, and what a modal says when it comes back.

A modal's private metadata holds ids alone: the verb, the case, what travels along unseen, and where it was opened from.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chats.slack.blocks import Block, Quote, facts, ours, plain
from bot.chats.slack.codes import NOTHING, Pressed, Where, packed
from bot.chats.slack.fields import input_of, name_in
from bot.chats.slack.render import Look, prose, screen_blocks
from bot.chats.slack.wording import one_line
from bot.chats.wording import literal, measure
from handlers.cards import Screen
from handlers.forms import Form

FORM, CONFIRM, LOADING, WORDS, SCREEN, HOME = "form", "confirm", "loading", "words", "screen", "home"
_VIEWS = (FORM, CONFIRM, LOADING, WORDS, SCREEN, HOME)
_BLOCKS = 100
_ROOM = 30_000  # characters in all blocks of a view; a view may have 250,000 bytes
_TITLE = 24
_QUOTE = 3_000
_ERROR = 300
_USUAL = Look()


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a modal of ours says. `verb` is empty in one that asks nothing; `is_form`: `values` are a form's fields."""

    verb: str
    case: int | None
    values: dict[str, str]
    where: Where
    is_form: bool


def form_view(form: Form, where: Where, look: Look = _USUAL) -> dict[str, Any]:
    """A form as a modal, with its errors beside their fields."""
    names = {field.name for field in form.fields}
    blocks = prose([Quote(literal(form.quote, _QUOTE))], look)
    blocks += [block for name, sentence in form.errors if name not in names for block in _error(sentence)]
    for field in form.fields:
        for name, sentence in form.errors:
            blocks += _error(sentence) if name == field.name else []
        blocks.append(input_of(field))
    blocks = blocks or prose([ours(_short(form.title, "Submit it."), _TITLE)], look)
    told = _told(where, form.verb, form.case, dict(form.hidden))
    submit = plain(_short(form.submit, "Save"))
    return _modal(FORM, form.title, blocks, told) | {"submit": submit, "notify_on_close": True}


def confirm_view(pressed: Pressed, where: Where, look: Look = _USUAL) -> dict[str, Any]:
    """Asks before what was pressed is done; submitting it does the verb."""
    told = _told(where, pressed.verb, pressed.case, pressed.values)
    words = literal(pressed.confirm, 1_000) or "Are you sure?"
    return _modal(CONFIRM, "Are you sure?", prose([ours(words, 1_000)], look), told) | {"submit": plain("Yes")}


def loading_view(where: Where, look: Look = _USUAL) -> dict[str, Any]:
    """Stands there until there is something to show."""
    return _modal(LOADING, "One moment", prose([ours("Loading…", 20)], look), _told(where))


def words_view(title: str, words: str, where: Where, look: Look = _USUAL) -> dict[str, Any]:
    """A sentence in a modal."""
    blocks = prose([ours(words, 8_000)], look) or prose([ours("Done.", 20)], look)
    return _modal(WORDS, title, blocks, _told(where), close="Close")


def screen_view(screen: Screen, where: Where, look: Look) -> dict[str, Any]:
    """A screen in a modal; its buttons work."""
    is_told = _short(screen.title, "Earshot") == " ".join(screen.title.split())  # whole, above the modal
    blocks = screen_blocks(screen, look, most=_BLOCKS, room=_ROOM, has_title=not is_told)
    blocks = blocks or screen_blocks(screen, look, most=_BLOCKS, room=_ROOM)
    return _modal(SCREEN, screen.title, blocks, _told(where), close="Close")


def home_view(screen: Screen, look: Look) -> dict[str, Any]:
    """App Home: without a picture, as it has to be light."""
    screen = replace(screen, chart=None)
    return {"type": "home", "callback_id": HOME, "blocks": screen_blocks(screen, look, most=_BLOCKS, room=_ROOM)}


def read_view(view: Mapping[str, Any], member_of: Callable[[str], str] | None = None) -> Submitted | None:
    """What a modal or App Home says, submitted, closed, or while somebody works in it. None for what is not ours.

    `member_of` makes a member's name out of a Slack user id ("" for nobody); without it the id stays.
    """
    if view.get("callback_id") not in _VIEWS:
        return None
    try:
        told = json.loads(view.get("private_metadata") or "{}")
        where = Where(*map(str, told.get("w", ("", ""))))
        case = told.get("c")
        values = {str(name): str(one) for name, one in dict(told.get("a", {})).items()}
        verb, number = str(told.get("v", "")), None if case is None else int(case)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    is_form = view["callback_id"] == FORM
    if is_form:
        values |= {name: _value(state, member_of) for _, name, state in _inputs(view)}
    return Submitted(verb, number, values, where, is_form)


def errors_of(form: Form, view: Mapping[str, Any]) -> dict[str, str]:
    """The form's errors by block of the modal that was submitted, for Slack to show beside the fields.

    What belongs to no field of it stands beside the first. Empty when there is no error, and when the modal must be
    drawn anew because it asks something else now, or something else travels along.
    """
    blocks = {name: block_id for block_id, name, _ in _inputs(view)}
    if set(blocks) != {field.name for field in form.fields} or _travelled(view) != dict(form.hidden):
        return {}
    first = next(iter(blocks.values()), "")
    told: dict[str, str] = {}
    for name, sentence in form.errors:
        if block_id := blocks.get(name, first):
            told[block_id] = literal(f"{told.get(block_id, '')} {sentence}", _ERROR) or "Please look at this again."
    return told


def _modal(kind: str, title: str, blocks: list[Block], told: str, *, close: str = "Cancel") -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": kind,
        "title": plain(_short(title, "Earshot")),
        "close": plain(close),
        "private_metadata": told,
        "blocks": blocks,
    }


def _short(words: str, otherwise: str) -> str:
    """A title that Slack takes: as many of its parts as fit, or else of its words."""
    whole = " ".join(words.split())
    parts = whole.split(" · ")
    while len(parts) > 1 and measure(" · ".join(parts)) > _TITLE:
        parts.pop()
    title = literal(" · ".join(parts), _TITLE)
    is_cut_inside = title.endswith("…") and " " in title and not parts[0].endswith("…")
    return (f"{title.rpartition(' ')[0].rstrip(' ,:;')}…" if is_cut_inside else title) or otherwise


def _error(sentence: str) -> list[Block]:
    return facts(f"⚠️ {one_line(sentence, _ERROR)}")


def _told(where: Where, verb: str = "", case: int | None = None, values: Mapping[str, str] | None = None) -> str:
    told: dict[str, object] = {"w": [where.channel, where.thread, where.message]}
    if verb:
        told["v"] = verb
    if case is not None:
        told["c"] = case
    if values:
        told["a"] = dict(values)
    return packed(told)


def _travelled(view: Mapping[str, Any]) -> dict[str, str]:
    submitted = read_view({**view, "state": None})
    return submitted.values if submitted else {}


def _inputs(view: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(block id, field, what stands in it) of the fields of a modal, in its order."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    values = values if isinstance(values, Mapping) else {}
    blocks = view.get("blocks")
    drawn = [block.get("block_id") for block in blocks or () if isinstance(block, Mapping)]
    for block_id in dict.fromkeys([*(one for one in drawn if one in values), *values]):
        inside = values[block_id]
        name = name_in(str(block_id))
        if name and isinstance(inside, Mapping):
            yield str(block_id), name, next((one for one in inside.values() if isinstance(one, Mapping)), {})


def _value(state: Mapping[str, Any], member_of: Callable[[str], str] | None) -> str:
    if "selected_user" in state:
        user = str(state["selected_user"] or "")
        return member_of(user) if user and member_of else user
    option = state.get("selected_option")
    if isinstance(option, Mapping):
        value = str(option.get("value") or "")
        return "" if value == NOTHING else value
    return str(state.get("value") or "")
