"""Buttons: what they say when they come back, also after a restart, and what may stand beside them."""

from dataclasses import dataclass, field, replace
from typing import Any

import discord
import pytest

from bot.chats.discord.codes import LONGEST, behind, kept_key, more, read_code
from bot.chats.discord.items import Act, act, acts, carried_by, leading, rows_of, view_of
from handlers.cards import Button

CLAIM = Button("Claim", "claim", 142, style="primary")
LONG = Button("Mute", "mute", None, (("words", "add " + "x" * 200),))


@dataclass
class Client:
    """Our client, as far as items know it."""

    pressed: list[str] = field(default_factory=list)

    async def acted(self, interaction: Any, custom_id: str) -> None:
        self.pressed.append(custom_id)


@dataclass
class Click:
    """An interaction, as far as items know it."""

    client: Client = field(default_factory=Client)


async def test_a_button_says_by_its_custom_id_what_it_does() -> None:
    item, click = act(CLAIM), Click()
    assert item is not None
    await item.callback(click)
    assert click.client.pressed == ["ear|claim|142"]


async def test_a_button_of_a_former_run_still_acts() -> None:
    click: Any = Click()
    custom_id = "ear|claim|142"
    match = Act.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None
    item = await Act.from_custom_id(click, discord.ui.Button(label="Claim", custom_id=custom_id), match)
    await item.callback(click)
    assert click.client.pressed == [custom_id]


def test_every_custom_id_of_ours_is_taken_by_one_of_them_and_no_other() -> None:
    for custom_id, takers in (
        ("ear|claim|142", [Act]),
        ("ear|=|0f", [Act]),
        ("form|x", []),
        ("x", []),
    ):
        found = [kind for kind in (Act,) if kind.__discord_ui_compiled_template__.fullmatch(custom_id)]
        assert found == takers


def test_buttons_that_do_the_same_have_custom_ids_of_their_own() -> None:
    made = acts((CLAIM, CLAIM, LONG, LONG), taken={"ear|claim|142"})
    ids = [item.custom_id for item in made]
    assert len({*ids, "ear|claim|142"}) == 5
    assert [read_code(each).case for each in ids[:2]] == [142, 142]
    assert all(len(each) <= LONGEST for each in ids)


def test_what_does_not_fit_into_a_custom_id_is_to_be_kept_in_the_store() -> None:
    made = acts((CLAIM, LONG))
    carried = carried_by([*made, leading("Open", "https://a.example/")])
    assert set(carried) == {kept_key(made[1].custom_id)}
    assert read_code(made[1].custom_id, next(iter(carried.values()))).values == dict(LONG.values)


def test_what_has_no_label_is_not_offered() -> None:
    assert act(Button(" \u200b", "claim", 1)) is None
    assert behind(read_code(act(more("More…", (Button("", "claim", 1), CLAIM))).custom_id)) == [
        replace(CLAIM, style="")
    ]


def test_behind_a_button_stands_each_other_once_and_at_most_25() -> None:
    asking = Button("Close | now & for ever", "irrelevant", 7, LONG.values, confirm="Sure = yes?")
    item = act(more("More…", (asking, asking, *(Button(f"Item {number}", "note", number) for number in range(40)))))
    shown = behind(read_code(item.custom_id, item.code.body))
    assert len(shown) == 25
    assert shown[:2] == [asking, Button("Item 0", "note", 0)]


def test_labels_are_cut_and_say_nothing_hidden() -> None:
    item = act(Button("Say\u202e\n" + "x" * 200, "claim", 1))
    assert item.item.label.startswith("Say xxx")
    assert len(item.item.label) == 80


def test_an_address_that_discord_refuses_gets_no_button() -> None:
    assert leading("Open", "https://a.example/" + "x" * 500) is None
    assert leading("Open", "") is None
    assert leading("", "https://a.example/").label == "Open"


def test_rows_have_five_buttons() -> None:
    many = acts(Button(f"B{number}", "show", number) for number in range(7))
    assert [len(row) for row in rows_of(many)] == [5, 2]


def test_a_view_never_ends_and_holds_our_items_and_links_alone() -> None:
    view = view_of([[*acts((CLAIM,)), leading("Open", "https://a.example/")], acts((CLAIM,))])
    assert view.timeout is None
    assert [len(row["components"]) for row in view.to_components()] == [2, 1]
    assert view_of([[], []]) is None
    with pytest.raises(TypeError, match="acts and links alone"):
        view_of([[*acts((CLAIM,)), discord.ui.Button(label="Plain", custom_id="plain")]])


async def test_our_items_outlive_every_view_that_shows_them() -> None:
    """discord.py forgets a dynamic item when a view ends in which it stood beside a plain one."""
    store = discord.ui.view.ViewStore(None)
    store.add_dynamic_items(Act)
    views = [view_of([[*acts((CLAIM,)), leading("Open", "https://a.example/")]]) for _ in range(2)]
    for place, view in enumerate(views):
        store.add_view(view, place)
        store.add_view(view, place)
    for view in views:
        view.stop()
        store.remove_view(view)
    assert set(store._dynamic_items.values()) == {Act}
    assert not store._synced_message_views
    assert not store._views
