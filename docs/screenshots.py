"""Take the pictures of the README: a fresh demo, one case played in it, docs/images. Run: python docs/screenshots.py

It needs Chromium at /usr/bin/chromium and nothing from the internet.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
STORY = "free of nuts"  # a mention of the sample that nobody would want to miss
REPLY = "We are very sorry. Please keep the bag. We stop that batch today, and our head of safety wants to call you."


@contextmanager
def demo() -> Iterator[str]:
    """A fresh demo on a free port, in a folder that is gone afterwards; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EARSHOT_DATA": folder, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "bot", "demo", "--fresh", "--port", "0", "--minutes", "1"]
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            line = started.stdout.readline() if started.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise SystemExit(f"The demo did not start: {line}")
            yield found[0]
        finally:
            started.terminate()
            started.wait()


async def opened(browser: Browser, url: str, *, width: int = 1180, height: int = 760, dark: bool = False) -> Page:
    """A tab of its own, on the channel of all cards."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = await context.new_page()
    await page.goto(f"{url}/c/alerts")
    await page.locator("body[data-ready]").wait_for()
    return page


async def be(page: Page, member: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"button.member[value={member}]").click()
    await page.locator("body[data-ready]").wait_for()


async def say(page: Page, line: str) -> None:
    """Type a command and wait for its answer."""
    answers = page.locator(".answer")
    before = await answers.count()
    await page.fill("#line", line)
    await page.press("#line", "Enter")
    await answers.nth(before).wait_for()


async def tidy(page: Page) -> None:
    """Without answers, and at rest."""
    while await page.locator("[data-dismiss]").count():
        await page.locator("[data-dismiss]").first.click()
    await rest(page)


async def rest(page: Page) -> None:
    """Nothing has the focus or the pointer, and nothing moves."""
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement.blur()")
    await page.wait_for_timeout(400)


async def take(browser: Browser, url: str) -> None:
    """One case from its card to its approved reply, with a picture at each station."""
    ana = await opened(browser, url)
    card = ana.locator(".message", has_text=STORY).filter(has=ana.locator(".c-red")).first
    await card.wait_for(timeout=120_000)
    await ana.wait_for_timeout(20_000)  # the rest of the sample's day
    await card.locator(".card").screenshot(path=IMAGES / "card.png")
    number = (await card.get_attribute("data-case")) or ""
    card = ana.locator(f'#messages .message[data-case="{number}"]')  # by its number: a claim changes its colour

    await say(ana, f"claim {number}")
    await tidy(ana)
    await card.scroll_into_view_if_needed()
    await card.get_by_role("button", name="Draft reply").click()
    await ana.locator("dialog.form textarea").fill(REPLY)
    await ana.wait_for_timeout(300)
    await ana.screenshot(path=IMAGES / "form.png")
    await ana.locator("dialog.form [type=submit]").click()
    await ana.locator("dialog.form").wait_for(state="detached")

    bo = await opened(browser, url)
    await be(bo, "bo")
    await say(bo, f"approve {number}")
    await tidy(ana)
    await ana.set_viewport_size({"width": 1240, "height": 800})
    await card.locator("a.number").click()
    await ana.locator("#thread .draft", has_text="approved by Bo").wait_for()
    await tidy(ana)
    await card.scroll_into_view_if_needed()
    await ana.screenshot(path=IMAGES / "thread.png")
    await ana.locator("[data-close-thread]").click()
    await ana.set_viewport_size({"width": 1180, "height": 760})

    await say(ana, "queue")
    await rest(ana)
    await ana.screenshot(path=IMAGES / "queue.png")

    phone = await opened(browser, url, width=375, height=740, dark=True)
    await tidy(phone)
    await phone.screenshot(path=IMAGES / "phone-dark.png")


async def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with demo() as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await take(browser, url)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
