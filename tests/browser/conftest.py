"""A real Chromium on the real server over the fake desk. Without Chromium the tests are skipped, in CI they fail."""

import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

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
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def open(
        self, path: str = "/c/alerts", *, width: int = 1280, height: int = 800, dark: bool = False, script: bool = True
    ) -> Page:
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        self._contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        await page.goto(path if path.startswith("http") else self._site.url + path)
        if script:
            await page.locator("body[data-ready]").wait_for()
            await page.locator(".live[data-state=live]").wait_for()
        return page

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _note(self, kind: str, words: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(words)


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def browser_address(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One browser for all tests of a process, as starting one takes long. Each test has profiles of its own."""
    folder = tmp_path_factory.mktemp("chromium")
    command = [str(chromium), *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if line.startswith("DevTools listening on "))
        rest = threading.Thread(target=process.stderr.read, daemon=True)  # a full pipe would stop it
        rest.start()
        yield told.removeprefix("DevTools listening on ").strip()
        process.kill()
        process.wait()
        rest.join()


@pytest.fixture
async def tabs(site: Site, browser_address: str) -> AsyncIterator[Tabs]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(browser_address)
        opened = Tabs(browser, site)
        yield opened
        await opened.close()
        await browser.close()
    assert opened.complaints == []
