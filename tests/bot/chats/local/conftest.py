from collections.abc import AsyncIterator

import pytest

from tests.bot.chats.local.site import Site, open_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The demo, with its page opened once."""
    async with open_site() as opened:
        await opened.page()
        yield opened
