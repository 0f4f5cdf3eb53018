"""Pictures of Discord for screenshots.py: real cards, forms and answers in a simulated server, drawn by simcord's page.

That page needs more than the project does. It is not to be installed beside the project; make an environment for it:

    python -m venv ../pictures
    ../pictures/bin/pip install -r requirements-dev.txt
    ../pictures/bin/pip install 'simcord[screenshot]==3.2.1'
    PYTHONPATH=. ../pictures/bin/python docs/screenshots.py discord
"""

import importlib.util
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Browser

from tests.discord.simulation import Server, Shown, Somebody, server

NEEDED = ("av", "linkify_it", "markdown_it", "regex")  # of simcord's extra
MORNING = datetime(2026, 11, 16, 9, 12, tzinfo=ZoneInfo("Europe/Berlin"))
WIDTH, HEIGHT = 640, 1400


async def take_discord(browser: Browser, images: Path, said: tuple[tuple[str, str], ...], reply: str) -> None:
    """One case from its card to its small card, a draft and an answer. Raises SystemExit with what to install."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        told = (__doc__ or "").partition("\n\n")[2]
        raise SystemExit(f"The pictures of Discord are drawn by simcord's page; missing: {', '.join(missing)}.\n{told}")
    with tempfile.TemporaryDirectory() as folder:
        async with server(Path(folder)) as opened:
            _begin(opened)
            await _play(_Camera(opened, browser, images), said, reply)


# In two things simcord's page draws otherwise than Discord's client: there a code block breaks its lines, and small
# print below a quotation is no part of it.
AS_DISCORD = """
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  for (const code of document.querySelectorAll("pre, pre code")) {
    code.style.setProperty("white-space", "pre-wrap", "important");
    code.style.setProperty("min-width", "0", "important");
  }
  for (const small of document.querySelectorAll("blockquote .markdown-subtext")) {
    small.closest("blockquote").after(small);
  }
}).observe(document.body, { childList: true, subtree: true }));
"""


class _Browser:
    """The browser that is there, in the place of one that would have to be downloaded."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def __getattr__(self, name: str) -> Any:
        return getattr(self._browser, name)

    async def new_context(self, **told: Any) -> Any:
        context = await self._browser.new_context(**told | {"device_scale_factor": 1.5})
        await context.add_init_script(AS_DISCORD)
        return context


class _Camera:
    """Takes pictures of messages as people see them."""

    def __init__(self, opened: Server, browser: Browser, images: Path) -> None:
        self.server = opened
        self._browser, self._images = browser, images

    async def take(self, name: str, who: Somebody, what: Any, place: Any) -> None:
        """`what`: a message, or what came of an act, which may be a form."""
        async with self._page(who, place) as page:
            path = self._images / f"discord-{name}.png"
            await page.screenshot(path, target=what, viewport=(WIDTH, HEIGHT), viewer=who.actor)

    @asynccontextmanager
    async def _page(self, who: Somebody, place: Any) -> AsyncIterator[Any]:
        opened = self.server.env.preview(place, viewers=[who.actor], timezone="Europe/Berlin", locale="en-GB")
        async with opened as page:
            page._capture_manager._browser = _Browser(self._browser)
            try:
                yield page
            finally:
                page._capture_manager._browser = None  # or it would be closed


def _begin(opened: Server) -> None:
    """At the same moment here and in Discord, and under our own name."""
    opened.station.clock.moment = MORNING.astimezone(UTC)
    opened.env.backend.clock._epoch = MORNING.astimezone(UTC)
    opened.env.backend.bot_user.username = opened.env.backend.bot_user.global_name = "Earshot"


async def _play(camera: _Camera, said: tuple[tuple[str, str], ...], reply: str) -> None:
    team, alerts = camera.server, camera.server.guild.channels["alerts"]
    ana, bo = team.person("ana"), team.person("bo")
    for who, text in said:
        await team.station.open_case(text, author=who, url=f"https://birds.example/{who}/1")
    await team.deliver()
    card = await team.card(1)
    await camera.take("card", ana, card.message, alerts)

    await ana.click(card, "Claim")
    form = await ana.click(card, "Draft reply")
    await camera.take("form", ana, form.told, alerts)
    await ana.submit(form, text=reply)
    await team.deliver()
    [draft, *_] = team.replies(card)
    await bo.click(draft, "Approve")
    await team.deliver()
    await camera.take("approval", bo, _newest(team, card, "approved by Bo").message, team.place(card.message.id))

    queue = await ana.slash("earshot queue")
    await camera.take("queue", ana, queue.told, alerts)
    await team.station.say("ana", "resolve 1 fixed")
    await team.deliver()
    await camera.take("resolved", ana, (await team.card(1)).message, alerts)


def _newest(team: Server, card: Shown, words: str) -> Shown:
    return [one for one in team.replies(card) if words in one.words][-1]
