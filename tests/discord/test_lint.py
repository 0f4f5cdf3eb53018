"""The limits that the fake Discord holds: each is met at its edge and refused one beyond."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.discord.lint import lint_choices, lint_message, lint_modal
from tests.discord.lint_commands import lint_commands
from tests.discord.world import V2


def _button(custom_id: str = "b", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "Claim", "custom_id": custom_id, **more}


def _row(*inside: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(inside)}


def _menu(count: int, kind: int = 3) -> dict[str, Any]:
    options = [{"label": f"{one}", "value": f"{one}"} for one in range(count)]
    return {"type": kind, "custom_id": "m", "options": options}


def _text(length: int) -> dict[str, Any]:
    return {"type": 10, "content": "x" * length}


def _rows(count: int) -> list[dict[str, Any]]:
    return [_row(_button(f"b{place}")) for place in range(count)]


def _fields(count: int) -> list[dict[str, Any]]:
    return [{"type": 18, "label": f"{one}", "component": _input(f"i{one}")} for one in range(count)]


def _input(custom_id: str = "i", **more: Any) -> dict[str, Any]:
    return {"type": 4, "custom_id": custom_id, "style": 1, **more}


def _modal(components: Sequence[Mapping[str, Any]], title: str = "Reply") -> dict[str, Any]:
    return {"title": title, "custom_id": "form|reply", "components": list(components)}


def _labelled(one: Mapping[str, Any]) -> dict[str, Any]:
    return _modal([{"type": 18, "label": "Field", "component": one}])


def _message(told: Mapping[str, Any]) -> list[Any]:
    return lint_message(told, 0, ())


def _layout(*components: Mapping[str, Any], **more: Any) -> list[Any]:
    return lint_message({"components": list(components), **more}, V2, ["chart.png"])


def _embed(**more: Any) -> dict[str, Any]:
    return {"embeds": [more]}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"content": "x" * 2000}, {"content": "x" * 2001}),
        ({"nonce": "n" * 25}, {"nonce": "n" * 26}),
        (_embed(title="x" * 256), _embed(title="x" * 257)),
        (_embed(description="x" * 4096), _embed(description="x" * 4097)),
        (_embed(footer={"text": "x" * 2048}), _embed(footer={"text": "x" * 2049})),
        (_embed(author={"name": "x" * 256}), _embed(author={"name": "x" * 257})),
        (_embed(title="x", color=0xFFFFFF), _embed(title="x", color=0x1000000)),
        (_embed(title="x", url="https://heron.test/a"), _embed(title="x", url="heron.test")),
        (_embed(fields=[{"name": "a", "value": "b"}] * 25), _embed(fields=[{"name": "a", "value": "b"}] * 26)),
        (_embed(fields=[{"name": "a", "value": "x" * 1024}]), _embed(fields=[{"name": "a", "value": ""}])),
        ({"embeds": [{"description": "x" * 3000}] * 2}, {"embeds": [{"description": "x" * 3001}] * 2}),
        ({"components": _rows(5)}, {"components": _rows(6)}),
        ({"components": [_row(*(_button(str(one)) for one in range(5)))]}, {"components": [_row(_button(), _menu(2))]}),
        ({"components": [_row(_button("x" * 100))]}, {"components": [_row(_button("x" * 101))]}),
        ({"components": [_row(_button("a"), _button("b"))]}, {"components": [_row(_button("a"), _button("a"))]}),
        ({"components": [_row(_button(label="x" * 80))]}, {"components": [_row(_button(label="x" * 81))]}),
        ({"components": [_row(_menu(25))]}, {"components": [_row(_menu(26))]}),
        ({"components": _rows(1)}, {"components": [_text(1)]}),
        (
            {"allowed_mentions": {"parse": [], "users": ["1"]}},
            {"allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        ),
    ],
)
def test_messages(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert _message({"content": "x"} | good) == []
    assert _message({"content": "x"} | bad) != []


def test_layouts() -> None:
    beside = {"type": 9, "components": [_text(1)], "accessory": _button()}
    picture = {"type": 12, "items": [{"media": {"url": "attachment://chart.png"}}]}
    assert _layout({"type": 17, "components": [beside, picture, _text(3999)]}) == []
    assert _layout(*[_text(1)] * 40) == []
    for wrong in (
        _layout(*[_text(1)] * 41),
        _layout(_text(2000), {"type": 17, "components": [_text(2001)]}),
        _layout(_text(1), content="both"),
        _layout({"type": 9, "components": [_text(1)]}),
        _layout({"type": 9, "components": [_text(1)] * 4, "accessory": _button()}),
        _layout({"type": 12, "items": [{"media": {"url": "attachment://other.png"}}]}),
        _layout({"type": 17, "components": [{"type": 17, "components": [_text(1)]}]}),
        _layout(),
    ):
        assert wrong != []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (_modal(_fields(5)), _modal(_fields(6))),
        (_modal(_fields(1), "x" * 45), _modal(_fields(1), "x" * 46)),
        (_labelled(_input(value="xxx", max_length=3)), _labelled(_input(value="xxxx", max_length=3))),
        (_labelled(_input(max_length=4000)), _labelled(_input(max_length=4001))),
        (_labelled(_input(placeholder="x" * 100)), _labelled(_input(placeholder="x" * 101))),
        (_labelled(_menu(10, 21)), _labelled(_menu(1, 21))),
        (_labelled(_menu(1, 22)), _labelled(_menu(11, 22))),
        (_labelled(_menu(25)), _labelled(_button())),
    ],
)
def test_modals(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert lint_modal(good) == []
    assert lint_modal(bad) != []


def test_choices() -> None:
    assert lint_choices([{"name": "x" * 100, "value": "x" * 100}] * 25, 3) == []
    assert lint_choices([{"name": "x", "value": 3}], 4) == []
    assert lint_choices([{"name": "x", "value": "x"}] * 26, 3) != []
    assert lint_choices([{"name": "x" * 101, "value": "x"}], 3) != []
    assert lint_choices([{"name": "x", "value": "3"}], 4) != []


def _command(**more: Any) -> dict[str, Any]:
    return {"type": 1, "name": "earshot", "description": "Earshot", **more}


def _verbs(count: int, kind: int = 1) -> list[dict[str, Any]]:
    return [{"type": kind, "name": f"verb{one}", "description": "Does it"} for one in range(count)]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (_command(name="x" * 32), _command(name="x" * 33)),
        (_command(name="befehl-übersicht"), _command(name="Earshot")),
        (_command(description="x" * 100), _command(description="")),
        (_command(options=_verbs(25)), _command(options=_verbs(26))),
        (_command(options=_verbs(2, 3)), _command(options=[*_verbs(1), *_verbs(2, 3)[1:]])),
        (
            _command(options=[_verbs(1, 3)[0] | {"required": True}, *_verbs(2, 3)[1:]]),
            _command(options=[_verbs(1, 3)[0], _verbs(2, 3)[1] | {"required": True}]),
        ),
        (
            _command(options=[_verbs(1, 2)[0] | {"options": _verbs(2)}]),
            _command(options=[_verbs(1, 2)[0] | {"options": [_verbs(1, 2)[0] | {"options": _verbs(2)}]}]),
        ),
        (_command(name_localizations={"de": "gehör"}), _command(name_localizations={"de-DE": "gehör"})),
        ({"type": 3, "name": "Track as mention"}, {"type": 3, "name": "Track", "description": "It tracks"}),
    ],
)
def test_commands(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert list(lint_commands([good])) == []
    assert list(lint_commands([bad])) != []


def test_names_of_commands_are_there_once_and_not_too_many() -> None:
    assert list(lint_commands([_command(), {"type": 3, "name": "earshot"}])) == []
    assert list(lint_commands([_command(), _command()])) != []
    assert list(lint_commands([_command(name=f"c{one}") for one in range(101)])) != []
