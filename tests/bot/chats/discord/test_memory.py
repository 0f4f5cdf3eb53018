"""What stays in memory of messages that were sent: nothing for a card, and nothing of a screen. Every button is found
by its custom id, so that the library has no view to keep.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.chats.discord.items import Act
from handlers.requests import Reply
from tests.bot.chats.gallery import SCREEN, card
from tests.discord.simulation import Server, server
from tests.kit import TROUBLES

CARDS, SCREENS = 200, 50


def kept(team: Server) -> dict[str, int]:
    """What the library would look through for whoever clicks, and what waits for the end of a view."""
    store: Any = team.client._connection._view_store
    waiting = [one for one in asyncio.all_tasks() if "__timeout_task_impl" in repr(one.get_coro())]
    views = {"views": store._views, "synced": store._synced_message_views, "forms": store._modals}
    return {**{name: len(one) for name, one in views.items()}, "waiting": len(waiting)}


async def test_no_view_is_kept_of_cards_screens_and_forms(tmp_path: Path) -> None:
    async with server(tmp_path) as team:
        chat = team.station.chats["discord"]
        for number in range(1, CARDS + 1):
            await chat.post("#alerts", replace(card(), case=number), f"card:{number}", "")
        assert len(team.posted()) == CARDS
        await team.station.open_case(TROUBLES[0])
        team.desk.trouble.replies["queue"] = Reply(screen=SCREEN)
        ana = team.person("ana")
        for _ in range(SCREENS):
            told = await ana.slash("earshot queue")
            assert told.answer.buttons
        assert (await ana.slash("earshot note", case=1)).form
        assert kept(team) == {"views": 0, "synced": 0, "forms": 0, "waiting": 0}
        items: Any = team.client._connection._view_store._dynamic_items
        assert set(items.values()) == {Act}
