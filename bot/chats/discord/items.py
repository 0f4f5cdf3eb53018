"""Buttons that outlive the program: each says by its custom id what it does.

discord.py forgets its dynamic items when a view ends that holds one of them beside a plain item. So a view of ours is
made of `Act` and links alone, never ends, and is made anew for each message. It has no menus: Discord sends a choice
once, and not again until the message changes, so whoever closes a form could not open it again.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, cast

import discord

from bot.chats.discord.codes import ACT, Code, code_of
from bot.chats.wording import measure, one_line
from handlers.cards import Button

LABEL = 80  # characters on a button
_ROWS, WIDTH = 5, 5
_URL = 512
_STYLES = {"primary": discord.ButtonStyle.primary, "danger": discord.ButtonStyle.danger}


class Acting(Protocol):
    """The client that our items come back to."""

    async def acted(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        """Somebody pressed a button. Raises nothing: it answers in words."""


class Act(discord.ui.DynamicItem[discord.ui.Button[Any]], template=re.compile(rf"{ACT}\|.+", re.DOTALL)):
    """A button that does a verb. `code` says what has to be kept in the store before it is sent."""

    def __init__(self, item: discord.ui.Button[Any], code: Code | None = None) -> None:
        super().__init__(item)
        self.code = code or Code(self.custom_id)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - what it says is in the custom id
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
        /,
    ) -> Self:
        return cls(cast("discord.ui.Button[Any]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await cast("Acting", interaction.client).acted(interaction, self.custom_id)


Item = Act | discord.ui.Button[Any]  # the last leads to an address, and is no act


def act(button: Button, taken: Collection[str] = ()) -> Act | None:
    """The item of a button, None where it has no label. `taken` are the custom ids that its message has already."""
    words = one_line(button.label, LABEL)
    if not words:
        return None
    code, place = code_of(button), 0
    while code.custom_id in taken:
        place += 1
        code = code_of(button, place)
    style = _STYLES.get(button.style, discord.ButtonStyle.secondary)
    return Act(discord.ui.Button(style=style, label=words, custom_id=code.custom_id), code)


def acts(buttons: Iterable[Button], taken: Iterable[str] = ()) -> list[Act]:
    """The items of these buttons, each with a custom id that is `taken` by no other of its message."""
    found: list[Act] = []
    known = set(taken)
    for button in buttons:
        if (item := act(button, known)) is not None:
            known.add(item.custom_id)
            found.append(item)
    return found


def leading(label: str, url: str) -> discord.ui.Button[Any] | None:
    """A button that opens an address in the browser; None where Discord would refuse it (512 characters)."""
    words = one_line(label, LABEL) or "Open"
    return discord.ui.Button(label=words, url=url) if url and measure(url) <= _URL else None


def rows_of(items: Sequence[Item]) -> list[list[Item]]:
    """Buttons in rows of five."""
    return [list(items[at : at + WIDTH]) for at in range(0, len(items), WIDTH)]


def view_of(rows: Iterable[Sequence[Item]]) -> discord.ui.View | None:
    """These rows, at most five, under a message with content and embeds; None where there are none.

    Raises TypeError for an item that is neither ours nor a link: it would take ours with it when the view ends.
    """
    view = discord.ui.View(timeout=None)
    for place, row in enumerate([row for row in rows if row][:_ROWS]):
        for item in row:
            if not isinstance(item, Act) and item.is_dispatchable():
                raise TypeError(f"A view of ours has acts and links alone, but not {item!r}.")
            item.row = place
            view.add_item(item)
    return view if view.children else None


def carried_by(items: Iterable[Item]) -> Mapping[str, str]:
    """What has to be kept in the store before these are sent, by key."""
    return {item.code.key: item.code.body for item in items if isinstance(item, Act) and item.code.key}
