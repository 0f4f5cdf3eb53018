"""A real Chromium on the real server over the fake desk. Without Chromium the tests are skipped, in CI they fail."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.bot.chats.local.site import Site, open_site

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Tabs:
    """Opens tabs, each in its own browser profile, and notes everything that their consoles complain about."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self.complaints: list[str] = []

    async def open(
        self, path: str = "/c/alerts", *, width: int = 1280, height: int = 800, dark: bool = False, script: bool = True
    ) -> Page:
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        await page.goto(path if path.startswith("http") else self._site.url + path)
        if script:
            await page.locator("body[data-ready]").wait_for()
            await page.locator(".live[data-state=live]").wait_for()
        return page

    def _note(self, kind: str, words: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(words)


@pytest.fixture
def chromium() -> Path:
    """The browser's program."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing; CI must install it")
        pytest.skip(f"{CHROMIUM} is not installed (apt-get install chromium)")
    return CHROMIUM


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as opened:
        yield opened


@pytest.fixture
async def tabs(site: Site, chromium: Path) -> AsyncIterator[Tabs]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = Tabs(browser, site)
        yield opened
        await browser.close()
    assert opened.complaints == []
